//! The vocabulary of fbsim: who exists ([`ids`]), when ([`time`]), what was decided ([`choice`]), what happened
//! ([`event`]), what is made to go wrong ([`fault`]), what is to be run ([`plan`]) and how it ended ([`verdict`]).
//!
//! This crate knows nobody. It does no I/O and holds no unsafe code, so everything built on it can be tested in
//! microseconds. It is the only place that creates a random stream ([`rng`]).

pub mod arity;
pub mod causality;
pub mod choice;
pub mod event;
pub mod fault;
pub mod glob;
pub mod hash;
pub mod ids;
pub mod label;
pub mod loops;
pub mod machine;
pub mod plan;
pub mod rng;
pub mod seed;
pub mod time;
pub mod traffic;
pub mod verdict;

pub use arity::argument_count;
pub use choice::{Choice, Choices, Hint, Kind, Point, Source, Stream};
pub use event::{Body, Call, Decision, Event, Line, LineSource, Note, Value};
pub use fault::{Action, Errno, FaultRule, Intervention, RuleId};
pub use glob::Glob;
pub use hash::EventHash;
pub use ids::{EventIndex, ServiceId, ThreadId};
pub use label::Label;
pub use loops::LoopSite;
pub use machine::{Connection, Filter, Machine, Stopped};
pub use seed::{Phase, Seed};
pub use time::{VirtualDuration, VirtualTime};
pub use verdict::{Failure, Outcome, Parked, Verdict, Waiting};
