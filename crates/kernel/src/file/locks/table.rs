//! Byte ranges of one file and who has locked them.

use super::FileId;
use crate::process::ProcessId;

/// Whom a lock belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A process (`F_SETLK`).
    Process(ProcessId),
    /// An open file description (`F_OFD_SETLK`, `flock`).
    Description(FileId),
}

/// Whether others may hold a lock of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Others may (`F_RDLCK`, `LOCK_SH`).
    Shared,
    /// Nobody may (`F_WRLCK`, `LOCK_EX`).
    Exclusive,
}

/// A range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first byte.
    pub(crate) first: u64,
    /// Its last byte; `i64::MAX` reaches to the end of the file, wherever that comes to be.
    pub(crate) last: u64,
}

impl Span {
    /// All bytes of a file.
    pub(crate) const WHOLE: Span = Span { first: 0, last: i64::MAX as u64 };

    fn meets(self, other: Span) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// A lock that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    /// Whose.
    pub(crate) owner: Owner,
    /// How.
    pub(crate) mode: Mode,
    /// On what.
    pub(crate) span: Span,
}

/// The locks that are held on one file, of one family.
#[derive(Debug, Default)]
pub(crate) struct Table {
    locks: Vec<Lock>,
}

impl Table {
    /// Whether nothing is locked.
    pub(crate) fn is_empty(&self) -> bool {
        self.locks.is_empty()
    }
    /// The lowest lock of somebody else that stands in the way of this one.
    pub(crate) fn conflict(&self, wanted: Lock) -> Option<Lock> {
        let stands = |held: &&Lock| {
            held.owner != wanted.owner
                && held.span.meets(wanted.span)
                && (held.mode == Mode::Exclusive || wanted.mode == Mode::Exclusive)
        };
        self.locks.iter().filter(stands).min_by_key(|l| l.span.first).copied()
    }
    /// Sets a range of an owner to a mode, or to nothing. What the owner has around the range stays. True if anything
    /// that somebody may wait for was given up.
    pub(crate) fn set(&mut self, owner: Owner, span: Span, mode: Option<Mode>) -> bool {
        let mut gave_up = false;
        let mut locks = Vec::with_capacity(self.locks.len() + 2);
        for lock in self.locks.drain(..) {
            if lock.owner != owner || !lock.span.meets(span) {
                locks.push(lock);
                continue;
            }
            gave_up |= mode.is_none_or(|mode| mode != lock.mode);
            if lock.span.first < span.first {
                locks.push(Lock { span: Span { first: lock.span.first, last: span.first - 1 }, ..lock });
            }
            if lock.span.last > span.last {
                locks.push(Lock { span: Span { first: span.last + 1, last: lock.span.last }, ..lock });
            }
        }
        self.locks = locks;
        if let Some(mode) = mode {
            self.add(Lock { owner, mode, span });
        }
        gave_up
    }
    /// Adds a lock, joined with what continues it, so that the table stays as small as what it says.
    fn add(&mut self, mut new: Lock) {
        self.locks.retain(|lock| {
            let touches = lock.span.first <= new.span.last.saturating_add(1)
                && new.span.first <= lock.span.last.saturating_add(1);
            let joins = lock.owner == new.owner && lock.mode == new.mode && touches;
            if joins {
                new.span.first = new.span.first.min(lock.span.first);
                new.span.last = new.span.last.max(lock.span.last);
            }
            !joins
        });
        self.locks.push(new);
    }
    /// Gives up everything of an owner. True if there was anything.
    pub(crate) fn drop_owner(&mut self, owner: Owner) -> bool {
        let before = self.locks.len();
        self.locks.retain(|l| l.owner != owner);
        self.locks.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Owner = Owner::Description(FileId(1));
    const B: Owner = Owner::Description(FileId(2));

    fn span(first: u64, last: u64) -> Span {
        Span { first, last }
    }

    #[test]
    fn ranges_split_join_and_conflict() {
        let mut t = Table::default();
        assert!(!t.set(A, span(0, 9), Some(Mode::Exclusive)));
        assert!(!t.set(A, span(10, 19), Some(Mode::Exclusive)));
        assert_eq!(t.locks.len(), 1, "neighbours join");
        assert!(t.set(A, span(5, 7), None), "a hole opens");
        assert_eq!(t.locks.len(), 2);
        let wanted = |first, last, mode| Lock { owner: B, mode, span: span(first, last) };
        assert_eq!(t.conflict(wanted(5, 7, Mode::Exclusive)), None);
        assert_eq!(t.conflict(wanted(5, 8, Mode::Shared)).map(|l| l.span), Some(span(8, 19)));
        assert_eq!(t.conflict(wanted(0, 99, Mode::Shared)).map(|l| l.span), Some(span(0, 4)));
        assert!(t.set(A, Span::WHOLE, Some(Mode::Shared)), "a weaker lock lets others in");
        assert_eq!(t.conflict(wanted(0, 99, Mode::Shared)), None);
        assert!(t.drop_owner(A) && t.is_empty());
    }
}
