//! The specification language: Starlark with builtins for services, scenarios, faults, monitors and assertions.
//!
//! [`load()`] turns text into a [`Spec`], which knows its [`model::plan::Plan`] and its tests; [`Spec::run`] takes one test
//! through its whole life on a [`model::Machine`] and answers a [`model::Verdict`].
//!
//! ```text
//!   text ──identity──> parser ──> evaluation ──> Program { plan, tests, loaded modules }
//!                                     │                       │ once per test
//!                                 builtins                    v
//!                                     │          evaluation again, drive(boot, body, expect)
//!                                     └─────────────────────> Machine
//! ```
//!
//! This is the only crate that names `starlark`, and nothing of it is in the public interface. It does no I/O: files,
//! programs and the world are reached through what the caller passes in.
//!
//! A body and the branches of `parallel()` are evaluated on the stacks that the machine provides for them; these must
//! have at least [`STACK_BYTES_MIN`].

mod args;
mod builtins;
mod causes;
mod diagnostic;
mod error;
mod evaluate;
mod fields;
mod filter;
mod growth;
mod guard;
mod identity;
mod load;
mod log;
mod outline;
mod plan;
mod reference;
mod run;
#[expect(unsafe_code, reason = "the derives of starlark implement its unsafe marker traits")]
mod session;
mod source;
mod spec;
mod store;
mod suggest;
mod unit;
mod values;

pub use builtins::machine::Build;
pub use error::{Code, SpecError};
pub use evaluate::STACK_BYTES_MIN;
pub use load::{LoadOptions, ResolveBinary, SpecSource, load};
pub use outline::{Edge, Finding, Outline};
pub use reference::{builtin_names, fault_names, markdown, stubs};
pub use spec::{Spec, TestInfo, TestKind};
