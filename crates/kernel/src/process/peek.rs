//! What processes may learn of one another besides what `/proc` says: memory, and what two of them share.

use crate::abi::errno::{EFAULT, EINVAL, EPERM, ESRCH};
use crate::caller::Caller;
use crate::file::ranges;
use crate::process::{Process, ProcessId};
use crate::syscall::{Sys, dispatch, done};
use model::{Errno, ThreadId};

/// Which way `process_vm_readv` and `process_vm_writev` copy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    FromThere,
    ToThere,
}

/// `process_vm_readv(pid, local, count, remote, count, flags)`
pub(crate) fn process_vm_readv(c: &mut Caller<'_>) -> Sys {
    copy(c, Way::FromThere)
}
/// `process_vm_writev(pid, local, count, remote, count, flags)`
pub(crate) fn process_vm_writev(c: &mut Caller<'_>) -> Sys {
    copy(c, Way::ToThere)
}

/// Copies between memory that is named twice: the caller's own, or that of whoever shares it.
fn copy(c: &mut Caller<'_>, way: Way) -> Sys {
    if c.arg(5) != 0 {
        return Err(EINVAL);
    }
    let local = ranges::iovec(c, c.arg(1), c.arg(2))?;
    if ranges::total(&local) == 0 {
        return done(0);
    }
    let remote = ranges::iovec(c, c.arg(3), c.arg(4))?;
    if ranges::total(&remote) == 0 {
        return done(0);
    }
    let process = process_of(c, c.int(0))?;
    if process.status.is_some() {
        return Err(ESRCH);
    }
    if process.space != c.space() {
        return dispatch::refuse(c, EPERM, "FB0227: memory of another process");
    }
    let (from, to) = match way {
        Way::FromThere => (&remote, &local),
        Way::ToThere => (&local, &remote),
    };
    ranges::with_buffer(c, |c, buffer| {
        let (mut moved, all) = (0, ranges::total(from).min(ranges::total(to)));
        while moved < all {
            let want = ((all - moved) as usize).min(buffer.len());
            // What comes after a hole, on either side, is not looked at.
            let got = ranges::gather(c, from, moved, &mut buffer[..want]).unwrap_or(0);
            let put = if got == 0 { 0 } else { ranges::scatter(c, to, moved, &buffer[..got]).unwrap_or(0) };
            moved += put as u64;
            if put < want {
                break;
            }
        }
        if moved == 0 { Err(EFAULT) } else { done(moved as i64) }
    })
}

/// The process that has a thread with this number.
fn process_of<'c>(c: &'c Caller<'_>, tid: i32) -> Result<&'c Process, Errno> {
    let service = c.service();
    let number = u32::try_from(tid).map_err(|_| ESRCH)?;
    let of_thread = c.k.threads.get(&ThreadId { service, tid: number }).map(|t| t.process);
    c.k.processes.get(&of_thread.unwrap_or(ProcessId { service, pid: number })).ok_or(ESRCH)
}

/// What `kcmp` answers about two things that are kept under ordered names.
fn compared<T: Ord>(a: T, b: T) -> Sys {
    done(match a.cmp(&b) {
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Greater => 2,
    })
}

/// `kcmp(pid, pid, type, index, index)`
pub(crate) fn kcmp(c: &mut Caller<'_>) -> Sys {
    /// Types: open files, memory, and what else the threads of a process share here.
    const FILE: i32 = 0;
    const VM: i32 = 1;
    const OF_PROCESS: std::ops::RangeInclusive<i32> = 2..=6;
    const EPOLL_TARGET: i32 = 7;
    let (a, b) = (process_of(c, c.int(0))?, process_of(c, c.int(1))?);
    match c.int(2) {
        FILE => compared(c.k.file_of(a.id, c.arg(3) as i32)?, c.k.file_of(b.id, c.arg(4) as i32)?),
        VM => compared(a.space, b.space),
        kind if OF_PROCESS.contains(&kind) => compared(a.id, b.id),
        EPOLL_TARGET => dispatch::refuse(c, EINVAL, "FB0228: kcmp of what an epoll watches"),
        _ => Err(EINVAL),
    }
}
