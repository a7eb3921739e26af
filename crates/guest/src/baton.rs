//! The baton: exactly one process of a world runs. Passing it on is one futex wake and one futex wait on the same CPU.

use crate::arena::baton;
use crate::raw;
use kernel::AddressSpaceId;
use std::sync::atomic::Ordering;

/// Hands the baton to another process.
pub(crate) fn pass(to: AddressSpaceId) {
    let word = baton(to);
    word.store(1, Ordering::Release);
    // More than one may wait: a process that was killed is not gone at once.
    // SAFETY: the word is mapped in every process of the world.
    unsafe { raw::syscall3(libc::SYS_futex, word.as_ptr() as u64, libc::FUTEX_WAKE as u64, i32::MAX as u64) };
}

/// Waits for the baton, at most `seconds`. False on timeout.
pub(crate) fn wait(me: AddressSpaceId, nanos: u64) -> bool {
    let word = baton(me);
    let timeout = libc::timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 };
    while word.swap(0, Ordering::Acquire) == 0 {
        let args = [word.as_ptr() as u64, libc::FUTEX_WAIT as u64, 0, &raw const timeout as u64, 0, 0];
        // SAFETY: the word and the timeout are valid for the whole call.
        let result = unsafe { raw::syscall(libc::SYS_futex, args) };
        if result == -i64::from(libc::ETIMEDOUT) {
            return word.swap(0, Ordering::Acquire) != 0;
        }
    }
    true
}
