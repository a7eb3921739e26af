//! What ends the processes of a worker when the worker does, however that ends and whoever forked them.
//!
//! The host's own means, `PR_SET_PDEATHSIG`, is about the parent, and the parent of a process that a guest forked is a
//! guest: it may end long before its child is to. So there is a pipe whose writing end only supervisors have, and whose
//! reading end asks the host to signal the worker's process group when its other end is closed for good
//! (`F_SETOWN` and `F_SETSIG` of fcntl(2)). Nobody waits or looks for that, and a zombie has closed its files.

use crate::{raw, twin};

/// The descriptor of the reading end, in every process of a worker.
pub(crate) const FD: i32 = twin::LAST_FD + 1;

/// Makes the pipe. Once per worker. False if the host does not let it, or if this process shares its group with others:
/// then processes have to look for themselves.
pub(crate) fn open() -> bool {
    let mut ends = [0; 2];
    // SAFETY: the array has room for both ends; the other calls change descriptors of this process alone.
    unsafe {
        let own = libc::getpid();
        if libc::getpgrp() != own || libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return false;
        }
        // The writing end stays open, unnamed, until this process ends.
        libc::dup3(ends[0], FD, libc::O_CLOEXEC) == FD
            && libc::close(ends[0]) == 0
            && libc::fcntl(FD, libc::F_SETOWN, -own) == 0
            && libc::fcntl(FD, F_SETSIG, libc::SIGKILL) == 0
            && libc::fcntl(FD, libc::F_SETFL, libc::O_ASYNC) == 0
    }
}

/// `F_SETSIG` of fcntl(2), which the libc crate does not name.
const F_SETSIG: i32 = 10;

/// Has the host end this process with its parent, which is to be the process of this number.
///
/// Ends it at once if the parent has gone before that: nobody else would.
pub(crate) fn follow(parent: i32) {
    // SAFETY: both calls are about this process alone.
    let now = unsafe {
        raw::syscall3(libc::SYS_prctl, libc::PR_SET_PDEATHSIG as u64, libc::SIGKILL as u64, 0);
        raw::syscall3(libc::SYS_getppid, 0, 0, 0)
    };
    if now != i64::from(parent) {
        raw::exit(0);
    }
}
