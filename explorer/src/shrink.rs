//! Shrinking: from a failing run with hundreds of surprises to one with the few that matter.
//!
//! A run is described by its choices that were not 0, so a smaller description is a simpler run. Smaller means, in
//! this order: fewer choices, fewer faults, smaller delays and parts. Every candidate is carried out; it is taken if
//! it fails with the same signature. What such a run actually chose replaces the candidate, since choices that were
//! never asked, or whose thread could not run, fall away by themselves.
//!
//! ```text
//!   verify ──> drop by kind ──> drop by stream ──> straighten ──> drop one by one ──> lower ──┐
//!                  ^                                  the schedule        delays and parts   │
//!                  └──────────────────────────── something changed ──────────────────────────┘
//! ```
//! It ends when a whole round changes nothing, and then no single choice can be left out; or when the budget is spent.

mod passes;
mod search;
mod size;

use crate::runner::RunnerError;
use crate::session::Signature;
use model::{Choice, Outcome, Verdict};
use search::{Search, Stop};
use thiserror::Error;

/// What shrinking came to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest list found that fails in the same way.
    pub choices: Vec<Choice>,
    /// What its run left behind.
    pub outcome: Outcome,
    /// How many runs it took.
    pub runs: u32,
    /// Why it ended.
    pub end: End,
}

/// Why shrinking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// No single choice can be left out.
    Minimal,
    /// The budget of runs is spent; more may be possible.
    Budget,
    /// A run had no outcome; more may be possible.
    Broken(RunnerError),
}

/// Where shrinking is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs so far.
    pub runs: u32,
    /// Choices left.
    pub choices: usize,
    /// What is being tried, for people.
    pub pass: &'static str,
}

/// Why there is nothing to shrink.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShrinkError {
    /// The run to start from did not fail.
    #[error("the run did not fail, so there is nothing to shrink")]
    NotAFailure,
    /// The choices of the run do not lead to the same failure again.
    #[error("the choices of the run do not reproduce {expected}: {got}")]
    NotReproduced {
        /// The failure to shrink.
        expected: String,
        /// What the replay came to instead.
        got: String,
    },
    /// The first run had no outcome.
    #[error("the first replay has no outcome")]
    Broken(#[source] RunnerError),
}

/// Shrinks the choices of a failing run. `run` replays a list on the same test and seed; at most `budget` times.
///
/// # Errors
/// There is no failure to start from, or its choices do not reproduce it.
pub fn shrink(
    failing: &Outcome,
    run: &mut dyn FnMut(&[Choice]) -> Result<Outcome, RunnerError>,
    budget: u32,
    progress: &mut dyn FnMut(Progress),
) -> Result<Shrunk, ShrinkError> {
    let Verdict::Failed(failure) = &failing.verdict else {
        return Err(ShrinkError::NotAFailure);
    };
    let mut search = Search::start(Signature::from(failure), &failing.choices, run, budget, progress)?;
    let end = match passes::until_nothing_changes(&mut search) {
        Ok(()) => End::Minimal,
        Err(Stop::Budget) => End::Budget,
        Err(Stop::Broken(error)) => End::Broken(error),
    };
    Ok(search.finish(end))
}
