//! Locks with priority inheritance. There are no priorities here; what remains is that the kernel hands the lock over:
//! the word always holds the owner's thread number, and a bit that says whether others wait.

use super::{Operation, deadline, key};
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
fn take(c: &mut Caller<'_>) -> Result<Option<()>, model::Errno> {
    let at = c.arg(0);
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
    let key = key(c, c.arg(0), op.reach)?;
    if let Some(result) = c.call().granted.take() {
        return done(result);
    }
    let deadline = deadline(c, op)?;
    if take(c)?.is_some() {
        return done(0);
    }
    let word = c.read_u32(c.arg(0))?;
    let owner = ThreadId { service: c.service(), tid: word & OWNER };
    if !c.k.threads.contains_key(&owner) {
        return Err(ESRCH);
    }
    if c.call().timed_out {
        return Err(ETIMEDOUT);
    }
    c.write_u32(c.arg(0), word | WAITERS)?;
    let wait = Wait { restart: Restart::Always, ..Wait::on(WaitKey::Futex(key), "a futex lock") };
    let space = c.space();
    c.k.memory_mut(space).has_inherited_locks = true;
    block(wait.with_deadline(deadline))
}

/// `FUTEX_TRYLOCK_PI`.
pub(super) fn try_lock(c: &mut Caller<'_>, op: Operation) -> Sys {
    key(c, c.arg(0), op.reach)?;
    match take(c)? {
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

impl Kernel {
    /// Makes a waiter the owner of a lock and lets it go on; returns the lock's new word.
    pub(super) fn futex_hand_over(&mut self, key: FutexKey, next: Option<ThreadId>) -> u32 {
        let Some(next) = next else { return 0 };
        self.futex_grant(next);
        let more = if self.futex_locker(key).is_some() { WAITERS } else { 0 };
        next.tid | more
    }
}
