//! How a run ended.

use crate::hash::EventHash;
use crate::ids::{EventIndex, ThreadId};
use crate::time::VirtualTime;
use std::fmt;

/// The judgement on one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every property held.
    Held,
    /// A property failed, or the system did what no system may (deadlock, spin, crash).
    Failed(Failure),
    /// Neither: a bound was reached before an answer.
    Inconclusive(String),
}

impl Verdict {
    /// True if a property failed.
    pub fn is_failure(&self) -> bool {
        matches!(self, Verdict::Failed(_))
    }
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A stable word for the sort of failure: `assertion`, `monitor`, `deadlock`, `spin`, `livelock`, `crash`, `error`.
    pub kind: String,
    /// The invariant or check that broke, by name.
    pub property: String,
    /// What was seen, for people.
    pub message: String,
    /// The event at which it was certain.
    pub at: Option<EventIndex>,
    /// Where in the specification: `file:line:column`.
    pub location: Option<String>,
}

impl Failure {
    /// Two failures with the same signature are the same bug as far as shrinking and deduplication go.
    pub fn signature(&self) -> (&str, &str) {
        (&self.kind, &self.property)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, more) = self.message.split_once('\n').unwrap_or((&self.message, ""));
        write!(f, "{}: {first}", self.property)?;
        if let Some(location) = &self.location {
            write!(f, " ({location})")?;
        }
        if more.is_empty() { Ok(()) } else { write!(f, "\n{more}") }
    }
}

/// A thread that cannot go on, as a deadlock report shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Which thread.
    pub thread: ThreadId,
    /// The call it is in and what it waits for, e.g. `read(5): pipe is empty`.
    pub waits_for: String,
}

/// Who waits for what in a world that has come to rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The threads of the services.
    pub threads: Vec<Parked>,
    /// When the next timer or packet is due; `None` if nothing can run any more.
    pub until: Option<VirtualTime>,
}

/// Everything a run leaves behind besides its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The judgement.
    pub verdict: Verdict,
    /// The chain over all events.
    pub hash: EventHash,
    /// How many events there were.
    pub events: u64,
    /// How many of them are system calls.
    pub calls: u64,
    /// Every choice that was not 0.
    pub choices: Vec<crate::choice::Choice>,
    /// How many questions had alternatives.
    pub asked: u64,
    /// When it ended.
    pub ended: VirtualTime,
}
