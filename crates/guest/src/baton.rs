//! The baton: exactly one process of a world runs. Passing it on is at most one futex wake and one futex wait on the
//! same CPU.
//!
//! ```text
//!   EMPTY ── wait ──> ASLEEP          pass: HERE, and a wake if it was ASLEEP
//!     ▲                 │
//!     └── taken ── HERE ┘             a process that was woken often runs before its waker sleeps: nobody wakes that
//! ```

use crate::arena::{baton, shared};
use crate::raw;
use kernel::AddressSpaceId;
use std::sync::atomic::Ordering;

const EMPTY: u32 = 0;
const HERE: u32 = 1;
const ASLEEP: u32 = 2;

/// How long to wait for the baton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// For ever: the host ends this process with its supervisor.
    Endless,
    /// So many nanoseconds. Arming the host's timer costs a tenth of a hand-off.
    Nanos(u64),
}

/// Hands the baton to another process.
pub(crate) fn pass(to: AddressSpaceId) {
    let word = baton(to);
    shared().holder.store(to.0, Ordering::Relaxed);
    if word.swap(HERE, Ordering::AcqRel) == ASLEEP {
        // More than one may wait: a process that was killed is not gone at once.
        // SAFETY: the word is mapped in every process of the world.
        unsafe { raw::syscall3(libc::SYS_futex, word.as_ptr() as u64, libc::FUTEX_WAKE as u64, i32::MAX as u64) };
    }
}

/// Waits for the baton. False if it did not come in time.
pub(crate) fn wait(me: AddressSpaceId, patience: Patience) -> bool {
    let word = baton(me);
    let take = || word.compare_exchange(HERE, EMPTY, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    let timeout = match patience {
        Patience::Endless => None,
        Patience::Nanos(nanos) => {
            Some(libc::timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 })
        }
    };
    while !take() {
        if word.compare_exchange(EMPTY, ASLEEP, Ordering::AcqRel, Ordering::Relaxed) == Err(HERE) {
            continue;
        }
        let until = timeout.as_ref().map_or(0, |t| &raw const *t as u64);
        let args = [word.as_ptr() as u64, libc::FUTEX_WAIT as u64, u64::from(ASLEEP), until, 0, 0];
        // SAFETY: the word and the timeout are valid for the whole call.
        let result = unsafe { raw::syscall(libc::SYS_futex, args) };
        if result == -i64::from(libc::ETIMEDOUT) {
            return take();
        }
    }
    true
}
