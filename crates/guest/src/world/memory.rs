//! Hashing guests' memory now and then, so that runs can be compared in more than what they ask the kernel for.

use crate::snapshot;
use model::{EventHash, EventIndex};
use std::cell::Cell;

/// The moments at which memory is hashed, and what was found. They lie an eighth of the run so far apart, at least: long
/// runs of large programs would have too many.
#[derive(Debug)]
pub(super) struct Checkpoints {
    every: u64,
    begun: Cell<u64>,
    /// The count of events after which it is due; 0 before the run.
    due: Cell<u64>,
    /// `None` once the host could not tell.
    found: Cell<Option<(EventHash, u64)>>,
}

impl Checkpoints {
    /// After every so many events of the run; 0 is never.
    pub(super) fn every(events: u64) -> Checkpoints {
        Checkpoints { every: events, begun: Cell::new(0), due: Cell::new(0), found: Cell::new(None) }
    }
    /// The run begins, after so many events.
    pub(super) fn begin(&self, count: u64) {
        if self.every == 0 {
            return;
        }
        self.found.set(Some((EventHash::default(), 0)));
        self.begun.set(count);
        self.due.set(count.saturating_add(self.every));
    }
    /// Whether memory is to be hashed after so many events.
    pub(super) fn is_due(&self, count: u64) -> bool {
        self.due.get() > 0 && count >= self.due.get()
    }
    /// The event after which it is next.
    pub(super) fn next(&self, count: u64) -> Option<EventIndex> {
        if self.due.get() == 0 {
            return None;
        }
        while self.is_due(count) {
            let apart = self.every.max((self.due.get() - self.begun.get()) / 8);
            self.due.set(self.due.get().saturating_add(apart));
        }
        Some(EventIndex(self.due.get() - 1))
    }
    /// Hashes memory. The supervisor holds the baton.
    pub(super) fn look(&self) {
        let Some((mut hash, moments)) = self.found.get() else { return };
        self.found.set(snapshot::memory_hash().map(|memory| {
            hash.words([memory.0]);
            (hash, moments + 1)
        }));
    }
    /// The hash over all moments, and how many there were.
    pub(super) fn found(&self) -> Option<(EventHash, u64)> {
        self.found.get()
    }
}
