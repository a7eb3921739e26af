//! Detects a guest that uses the processor for long without a call.
//!
//! The watchdog never decides *where* anything happens in a run: it turns a hang into a verdict, or has the run begin
//! again with a loop counted from the start ([`crate::loops`]). It measures the processor time of the process that
//! holds the baton, so a loaded host does not trip it.

use crate::arena::shared;
use std::sync::atomic::Ordering;

/// The signal that asks a process where it is.
pub(crate) const SIGNAL: i32 = libc::SIGPROF;

/// Processor time after which a process that does not say where it is never will: fbsim's own code is at work, for ever.
const STUCK_NANOS: u64 = 2_000_000_000;

/// What the supervisor remembers between two looks.
#[derive(Debug)]
pub(crate) struct Watchdog {
    limits: Limits,
    entries: u64,
    pid: i32,
    used_at_entry: u64,
}

/// Processor time without an entry, in nanoseconds, after which something is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The loop is looked for that the thread is in.
    pub(crate) look: u64,
    /// The run ends.
    pub(crate) end: u64,
}

/// What a process is to do that is asked where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Ask {
    /// Find the loop it is in, if that holds anybody up.
    Loop = 1,
    /// End the run.
    End = 2,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing unusual.
    Fine,
    /// The process that holds the baton is gone.
    Died,
    /// The kernel itself has been at work for too long.
    Stuck,
}

impl Watchdog {
    pub(crate) fn new(limits: Limits) -> Watchdog {
        Watchdog { limits, entries: 0, pid: 0, used_at_entry: 0 }
    }
    /// Looks at the process that holds the baton; asks it where it is when it has run for too long.
    pub(crate) fn look(&mut self, pid: i32) -> Look {
        let entries = shared().entries.load(Ordering::Relaxed);
        let Some(used) = cpu_time(pid).filter(|_| !has_ended(pid)) else { return Look::Died };
        if pid != self.pid || entries != self.entries {
            *self = Watchdog { entries, pid, used_at_entry: used, ..Watchdog::new(self.limits) };
            return Look::Fine;
        }
        let used = used.saturating_sub(self.used_at_entry);
        if used > self.limits.end {
            if used > self.limits.end.saturating_add(STUCK_NANOS) {
                return Look::Stuck;
            }
            ask(pid, Ask::End);
        } else if used > self.limits.look {
            ask(pid, Ask::Loop);
        }
        Look::Fine
    }
}

fn ask(pid: i32, what: Ask) {
    shared().ask.store(what as u32, Ordering::Relaxed);
    // SAFETY: the process is one of this world's.
    unsafe { libc::kill(pid, SIGNAL) };
}

/// Whether a child has ended and is not yet waited for. (Of a child's child the host's clock tells when it is gone.)
fn has_ended(pid: i32) -> bool {
    let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: room for the answer, which stays zero if the child lives.
    unsafe {
        libc::waitid(libc::P_PID, pid as u32, info.as_mut_ptr(), options) == 0 && info.assume_init().si_pid() == pid
    }
}

/// Whether a process is gone or has ended.
pub(crate) fn is_gone(pid: i32) -> bool {
    cpu_time(pid).is_none() || has_ended(pid)
}

/// Processor time a process has used, in nanoseconds; `None` if it is gone.
fn cpu_time(pid: i32) -> Option<u64> {
    // The clock id of a process's scheduled time, as clock_getcpuclockid(3) makes it.
    const CPUCLOCK_SCHED: i32 = 2;
    let clock = (!pid) << 3 | CPUCLOCK_SCHED;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for the answer.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return None;
    }
    Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}
