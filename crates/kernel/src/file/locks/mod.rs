//! Locks on files: whole-file locks (`flock`) and byte ranges (`fcntl`).
//!
//! | call | owner | ends with |
//! |---|---|---|
//! | `flock` | the description | its last descriptor |
//! | `F_SETLK` | the process | *any* descriptor of the file that the process closes |
//! | `F_OFD_SETLK` | the description | its last descriptor |
//!
//! The two families do not see each other. Whoever has to wait parks under [`WaitKey::FileLock`].

mod calls;
mod table;

pub(crate) use calls::{flock, record};

use super::{FileId, Target};
use crate::causality::Spot;
use crate::process::{ProcessId, ThreadState};
use crate::wait::WaitKey;
use crate::world::Kernel;
use model::ThreadId;
use std::collections::BTreeMap;
use table::{Lock, Mode, Owner, Span, Table};

/// Names a locked file, as [`WaitKey::FileLock`] does: (service, inode). Objects have a service of their own.
type Place = (u16, u64);

/// Which calls see a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    /// `fcntl`.
    Record,
    /// `flock`.
    Whole,
}

/// All locks of a world.
#[derive(Debug, Default)]
pub(super) struct Locks {
    tables: BTreeMap<(Place, Family), Table>,
    /// Which process each thread that waits for a record lock of another process waits for.
    waits: BTreeMap<ThreadId, ProcessId>,
}

fn place(target: Target) -> Place {
    match target {
        Target::Inode(inode) => (inode.service.0, inode.ino),
        Target::Object(object) => (u16::MAX, u64::from(object.0)),
        Target::Console { .. } => (u16::MAX, u64::MAX),
    }
}

fn key(place: Place) -> WaitKey {
    WaitKey::FileLock(place.0, place.1)
}

impl Kernel {
    fn lock_conflict(&self, place: Place, family: Family, wanted: Lock) -> Option<Lock> {
        self.files.locks.tables.get(&(place, family))?.conflict(wanted)
    }
    fn lock_set(&mut self, place: Place, family: Family, owner: Owner, span: Span, mode: Option<Mode>) {
        if mode.is_some() {
            self.causes.see(Spot::Lock(place.0, place.1));
        }
        let table = self.files.locks.tables.entry((place, family)).or_default();
        let gave_up = table.set(owner, span, mode);
        self.lock_settle(place, family, gave_up);
    }
    /// After a change: forgets an empty table, and wakes who may have waited for what was given up.
    fn lock_settle(&mut self, place: Place, family: Family, gave_up: bool) {
        if self.files.locks.tables.get(&(place, family)).is_some_and(Table::is_empty) {
            self.files.locks.tables.remove(&(place, family));
        }
        if gave_up {
            self.causes.mark(Spot::Lock(place.0, place.1));
            self.wake(key(place));
        }
    }
    fn unlock_owner(&mut self, place: Place, owner: Owner) {
        for family in [Family::Record, Family::Whole] {
            let Some(table) = self.files.locks.tables.get_mut(&(place, family)) else { continue };
            let gave_up = table.drop_owner(owner);
            self.lock_settle(place, family, gave_up);
        }
    }
    /// A process closes a descriptor: its record locks on that file are gone, whichever descriptor took them.
    pub(super) fn unlock_process_file(&mut self, process: ProcessId, file: FileId) {
        if !self.files.locks.tables.is_empty() {
            let place = place(self.open_file(file).target);
            self.unlock_owner(place, Owner::Process(process));
        }
    }
    /// A description is closed: its locks are gone.
    pub(super) fn unlock_description(&mut self, file: FileId, target: Target) {
        if !self.files.locks.tables.is_empty() {
            self.unlock_owner(place(target), Owner::Description(file));
        }
    }
    /// Whether a process would wait for itself if it waited for another: each of the threads on the way is parked for
    /// a lock of the next process.
    fn lock_deadlock(&self, process: ProcessId, holder: ProcessId) -> bool {
        let mut seen = vec![holder];
        let mut at = 0;
        while let Some(next) = seen.get(at).copied() {
            at += 1;
            if next == process {
                return true;
            }
            for (thread, on) in &self.files.locks.waits {
                let waits = self.threads.get(thread).is_some_and(|t| {
                    let parked = matches!(&t.state, ThreadState::Blocked(w)
                        if w.keys.iter().any(|k| matches!(k, WaitKey::FileLock(..))));
                    t.process == next && parked
                });
                if waits && !seen.contains(on) {
                    seen.push(*on);
                }
            }
        }
        false
    }
}
