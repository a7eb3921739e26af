//! What to run next: search strategies, the session that hands out seeds, the shrinker, and the curve of a failure's odds.
//!
//! Everything here is a pure state machine over [`Runner`]: a job goes in, an outcome comes back. No process, no clock,
//! no I/O; so every strategy and the shrinker are tested against toy runners in microseconds.
//!
//! ```text
//!   Session ── next ──> Job ── Runner::run ──> Outcome ── report ──> Session
//!                        │ Job::source                        │ a failure
//!                        └─> strategy::build, or a list       └─> shrink::shrink ──> the few choices that matter
//! ```

pub mod curve;
pub mod job;
pub mod runner;
pub mod session;
pub mod shrink;
pub mod strategy;

pub use curve::{Curve, Rise, Tally};
pub use job::{How, Job};
pub use runner::{Runner, RunnerError};
pub use session::{Config, Finding, Next, Reaction, Session, Signature, Statistics};
pub use shrink::{End, Progress, ShrinkError, Shrunk, shrink};
pub use strategy::{Odds, StrategySpec};
