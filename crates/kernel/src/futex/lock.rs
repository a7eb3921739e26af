//! Locks with priority inheritance. There are no priorities here; what remains is that the kernel hands the lock over:
//! the word always holds the owner's thread number, and a bit that says whether others wait.

use super::{MOVED, Operation, Reach, deadline, key};
use crate::abi::errno::{EAGAIN, EDEADLK, EINVAL, EPERM, ESRCH, ETIMEDOUT};
use crate::caller::Caller;
use crate::syscall::{Sys, block, done};
use crate::wait::{FutexKey, Restart, Wait, WaitKey};
use crate::world::Kernel;
use model::ThreadId;

/// The thread number in a lock's word.
pub(super) const OWNER: u32 = libc::FUTEX_TID_MASK;
/// Others wait for the lock.
pub(super) const WAITERS: u32 = libc::FUTEX_WAITERS;
/// The last owner ended without unlocking.
pub(super) const OWNER_DIED: u32 = libc::FUTEX_OWNER_DIED;

/// Takes the lock if it is free: nobody's, or left behind by a thread that ended. `None` if somebody else holds it.
fn take(c: &mut Caller<'_>, at: u64) -> Result<Option<()>, model::Errno> {
    let word = c.read_u32(at)?;
    let own = c.id.tid;
    match word & OWNER {
        0 => {
            c.write_u32(at, word & (OWNER_DIED | WAITERS) | own)?;
            Ok(Some(()))
        }
        owner if owner == own => Err(EDEADLK),
        _ => Ok(None),
    }
}

/// `FUTEX_LOCK_PI`.
pub(super) fn lock(c: &mut Caller<'_>, op: Operation) -> Sys {
    lock_at(c, op, c.arg(0))
}

fn lock_at(c: &mut Caller<'_>, op: Operation, at: u64) -> Sys {
    let key = key(c, at, op.reach)?;
    if let Some(result) = c.call().granted.take() {
        return done(result);
    }
    let deadline = deadline(c, op)?;
    if take(c, at)?.is_some() {
        return done(0);
    }
    let word = c.read_u32(at)?;
    let owner = ThreadId { service: c.service(), tid: word & OWNER };
    if !c.k.threads.contains_key(&owner) {
        return Err(ESRCH);
    }
    if c.call().timed_out {
        return Err(ETIMEDOUT);
    }
    c.write_u32(at, word | WAITERS)?;
    let wait = Wait { restart: Restart::Always, ..Wait::on(WaitKey::Futex(key), "a futex lock") };
    let space = c.space();
    c.k.memory_mut(space).has_inherited_locks = true;
    block(wait.with_deadline(deadline))
}

/// `FUTEX_TRYLOCK_PI`.
pub(super) fn try_lock(c: &mut Caller<'_>, op: Operation) -> Sys {
    key(c, c.arg(0), op.reach)?;
    match take(c, c.arg(0))? {
        Some(()) => done(0),
        None => Err(EAGAIN),
    }
}

/// `FUTEX_UNLOCK_PI`: hands the lock to whoever has waited longest.
pub(super) fn unlock(c: &mut Caller<'_>, op: Operation) -> Sys {
    let key = key(c, c.arg(0), op.reach)?;
    if c.read_u32(c.arg(0))? & OWNER != c.id.tid {
        return Err(EPERM);
    }
    let next = c.k.futex_locker(key);
    if next.is_none() && c.k.waiters.any(WaitKey::Futex(key)) {
        // Somebody waits for the word without wanting the lock.
        return Err(EINVAL);
    }
    let word = c.k.futex_hand_over(key, next);
    c.write_u32(c.arg(0), word)?;
    done(0)
}

/// `FUTEX_WAIT_REQUEUE_PI`: waits until moved to a lock, and then for that; returns with the lock.
pub(super) fn wait_requeue(c: &mut Caller<'_>, op: Operation) -> Sys {
    let (from, to) = (key(c, c.arg(0), op.reach)?, key(c, c.arg(4), op.reach)?);
    if from == to {
        return Err(EINVAL);
    }
    if c.call().progress == MOVED {
        return lock_at(c, op, c.arg(4));
    }
    if let Some(result) = c.call().granted.take() {
        return done(result);
    }
    let deadline = deadline(c, op)?;
    if c.call().timed_out {
        return Err(ETIMEDOUT);
    }
    if c.read_u32(c.arg(0))? != c.arg(2) as u32 {
        return Err(EAGAIN);
    }
    let wait = Wait { restart: Restart::Always, ..Wait::on(WaitKey::Futex(from), "a futex, to be moved to a lock") };
    block(wait.with_deadline(deadline))
}

/// `FUTEX_CMP_REQUEUE_PI`: makes the first waiter of a word owner of a lock if that is free, and lets it and so many
/// others wait for the lock if it is not; returns how many of both.
pub(super) fn requeue(c: &mut Caller<'_>, op: Operation) -> Sys {
    let (wake, most, at) = (c.int(2), c.int(3), c.arg(4));
    let (from, to) = (key(c, c.arg(0), op.reach)?, key(c, at, op.reach)?);
    if wake != 1 || most < 0 || from == to {
        return Err(EINVAL);
    }
    if c.read_u32(c.arg(0))? != c.arg(5) as u32 {
        return Err(EAGAIN);
    }
    let mut count = 0;
    for id in c.k.waiters.under(WaitKey::Futex(from)) {
        if count > i64::from(most) {
            break;
        }
        if c.k.futex_lock_to_come(id) != Some(to) {
            return Err(EINVAL);
        }
        let word = c.read_u32(at)?;
        if word & OWNER == 0 {
            let more = if most > 0 { WAITERS } else { word & WAITERS };
            c.write_u32(at, id.tid | word & OWNER_DIED | more)?;
            c.k.futex_grant(id);
        } else if word & OWNER == id.tid {
            return Err(EDEADLK);
        } else if !c.k.threads.contains_key(&ThreadId { service: id.service, tid: word & OWNER }) {
            return Err(ESRCH);
        } else {
            c.write_u32(at, word | WAITERS)?;
            c.k.futex_move_one(id, from, to);
            let thread = c.k.thread_mut(id);
            thread.call.progress = MOVED;
            let space = thread.space;
            c.k.memory_mut(space).has_inherited_locks = true;
        }
        count += 1;
    }
    done(count)
}

impl Kernel {
    /// The lock that a parked thread of `FUTEX_WAIT_REQUEUE_PI` expects to be moved to; `None` of any other.
    fn futex_lock_to_come(&self, id: ThreadId) -> Option<FutexKey> {
        let thread = &self.threads[&id];
        let op = Operation::of(thread.call.args[1]);
        let (expects, at) =
            (op.command == libc::FUTEX_WAIT_REQUEUE_PI && thread.call.progress != MOVED, thread.call.args[4]);
        expects.then(|| match op.reach {
            Reach::Private => FutexKey::Private(thread.space, at),
            Reach::Shared => self.futex_key(thread.space, at),
        })
    }
    /// Makes a waiter the owner of a lock and lets it go on; returns the lock's new word.
    pub(super) fn futex_hand_over(&mut self, key: FutexKey, next: Option<ThreadId>) -> u32 {
        let Some(next) = next else { return 0 };
        self.futex_grant(next);
        let more = if self.futex_locker(key).is_some() { WAITERS } else { 0 };
        next.tid | more
    }
}
