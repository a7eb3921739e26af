//! Waiting for children.

use crate::abi::errno::{EAGAIN, ECHILD, EINVAL, ESRCH};
use crate::caller::Caller;
use crate::causality::Spot;
use crate::process::{ExitStatus, Process, ProcessId};
use crate::signal::{SIGCHLD, SIGCONT};
use crate::syscall::{Sys, block, done};
use crate::wait::{Wait, WaitKey};
use model::Errno;

/// What became of a process besides ending: job control, and what its parent has not been told yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// The signal that stopped it, while it is stopped.
    stopped: Option<u8>,
    /// A stop or continuation that its parent has not waited for.
    change: Option<Change>,
    /// How its main thread ended, if others have outlived it: that is then the status of the process.
    pub leader_status: Option<ExitStatus>,
}

impl Job {
    /// A signal stopped the process.
    pub(crate) fn stop(&mut self, signal: u8) {
        self.stopped = Some(signal);
        self.change = Some(Change::Stopped(signal));
    }
    /// The process goes on; false if it was not stopped.
    pub(crate) fn resume(&mut self) -> bool {
        let was = self.stopped.take().is_some();
        if was {
            self.change = Some(Change::Continued);
        }
        was
    }
    /// The process has ended: nothing else about it is of interest.
    pub(crate) fn end(&mut self) {
        (self.stopped, self.change) = (None, None);
    }
    /// Whether a signal has stopped it.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }
}

/// Something about a child that can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Ended(ExitStatus),
    Stopped(u8),
    Continued,
}

impl Change {
    /// The `wstatus` word of `wait4`.
    fn word(self) -> u32 {
        match self {
            Change::Ended(status) => status.word(),
            Change::Stopped(signal) => u32::from(signal) << 8 | 0x7f,
            Change::Continued => 0xffff,
        }
    }
    /// `si_code` and `si_status` of `waitid`.
    fn code(self) -> (i32, u8) {
        match self {
            Change::Ended(ExitStatus::Exited(code)) => (libc::CLD_EXITED, code),
            Change::Ended(ExitStatus::Signaled(signal)) => (libc::CLD_KILLED, signal),
            Change::Stopped(signal) => (libc::CLD_STOPPED, signal),
            Change::Continued => (libc::CLD_CONTINUED, SIGCONT),
        }
    }
}

/// Which children a call is about.
#[derive(Clone, Copy, Debug)]
enum Who {
    Any,
    Pid(u32),
    Group(u32),
}

impl Who {
    fn includes(self, child: &Process) -> bool {
        match self {
            Who::Any => true,
            Who::Pid(pid) => child.id.pid == pid,
            Who::Group(pgid) => child.pgid == pgid,
        }
    }
}

/// Whether the `__WALL` and `__WCLONE` options let a call see a child: by default only those that announce their end
/// with `SIGCHLD`.
fn is_kind(child: &Process, options: i32) -> bool {
    let clone = child.exit_signal != SIGCHLD;
    options & libc::__WALL != 0 || clone == (options & libc::__WCLONE != 0)
}

/// The first child that has something to tell, or none yet.
fn find(c: &mut Caller<'_>, who: Who, options: i32) -> Result<Option<(ProcessId, Change)>, Errno> {
    let service = c.service();
    let mut any = false;
    for pid in c.process().children.clone() {
        let id = ProcessId { service, pid };
        let Some(child) = c.k.processes.get(&id).filter(|p| who.includes(p) && is_kind(p, options)) else { continue };
        any = true;
        let change = match (child.status, child.job.change) {
            (Some(status), _) => Some(Change::Ended(status)).filter(|_| options & libc::WEXITED != 0),
            (None, Some(Change::Continued)) => child.job.change.filter(|_| options & libc::WCONTINUED != 0),
            (None, change) => change.filter(|_| options & libc::WSTOPPED != 0),
        };
        if let Some(change) = change {
            return Ok(Some((id, change)));
        }
    }
    if any { Ok(None) } else { Err(ECHILD) }
}
/// The parent has been told.
fn consume(c: &mut Caller<'_>, child: ProcessId, change: Change) {
    match change {
        Change::Ended(_) => {
            let used = c.k.processes[&child].usage();
            c.process().children_usage += used;
            c.k.causes.see(Spot::Exit(child));
            c.k.reap(child);
        }
        _ => c.k.process_mut(child).job.change = None,
    }
}
fn wait(c: &Caller<'_>) -> Sys {
    block(Wait::on(WaitKey::Child(c.process_id()), "a child to change state"))
}
/// What the child and those it waited for have used.
fn write_rusage(c: &mut Caller<'_>, at: u64, child: Option<ProcessId>) -> Result<(), Errno> {
    if at == 0 {
        return Ok(());
    }
    let used = child.and_then(|id| c.k.processes.get(&id)).map(Process::usage).unwrap_or_default();
    c.write(at, &used.bytes())
}

/// `wait4(pid, status, options, rusage)`.
///
/// # Errors
/// `ECHILD` if there is no such child, `EINVAL`, `EFAULT`, `EINTR`.
pub fn wait4(c: &mut Caller<'_>) -> Sys {
    let known = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED | libc::__WALL | libc::__WCLONE | libc::__WNOTHREAD;
    let options = c.int(2);
    if options & !known != 0 {
        return Err(EINVAL);
    }
    let who = match c.int(0) {
        i32::MIN => return Err(ESRCH),
        -1 => Who::Any,
        0 => Who::Group(c.process().pgid),
        pid if pid > 0 => Who::Pid(pid as u32),
        group => Who::Group(group.unsigned_abs()),
    };
    let Some((child, change)) = find(c, who, options | libc::WEXITED)? else {
        return if options & libc::WNOHANG != 0 { done(0) } else { wait(c) };
    };
    if c.arg(1) != 0 {
        c.write_u32(c.arg(1), change.word())?;
    }
    write_rusage(c, c.arg(3), Some(child))?;
    consume(c, child, change);
    done(child.pid)
}

/// `waitid(kind, id, info, options, rusage)`.
///
/// # Errors
/// `ECHILD` if there is no such child, `EBADF`, `EAGAIN` for a descriptor that must not wait, `EINVAL`, `EFAULT`, `EINTR`.
pub fn waitid(c: &mut Caller<'_>) -> Sys {
    let events = libc::WEXITED | libc::WSTOPPED | libc::WCONTINUED;
    let known = events | libc::WNOHANG | libc::WNOWAIT | libc::__WALL | libc::__WCLONE | libc::__WNOTHREAD;
    let options = c.int(3);
    if options & !known != 0 || options & events == 0 {
        return Err(EINVAL);
    }
    let number = c.int(1);
    let mut nonblocking = false;
    let who = match c.arg(0) as u32 {
        libc::P_ALL => Who::Any,
        libc::P_PID if number > 0 => Who::Pid(number as u32),
        libc::P_PIDFD => {
            let (process, quick) = crate::file::pidfd::process_of(c, number)?;
            nonblocking = quick;
            Who::Pid(process.pid)
        }
        libc::P_PGID if number == 0 => Who::Group(c.process().pgid),
        libc::P_PGID if number > 0 => Who::Group(number as u32),
        _ => return Err(EINVAL),
    };
    let found = find(c, who, options)?;
    if found.is_none() && nonblocking {
        return Err(EAGAIN);
    }
    if found.is_none() && options & libc::WNOHANG == 0 {
        return wait(c);
    }
    write_info(c, c.arg(2), found)?;
    write_rusage(c, c.arg(4), found.map(|(child, _)| child))?;
    if let Some((child, change)) = found
        && options & libc::WNOWAIT == 0
    {
        consume(c, child, change);
    }
    done(0)
}
/// The fields of `siginfo_t` that `waitid` sets; all zero when no child has changed.
fn write_info(c: &mut Caller<'_>, at: u64, found: Option<(ProcessId, Change)>) -> Result<(), Errno> {
    if at == 0 {
        return Ok(());
    }
    let mut words = [0; 6];
    if let Some((child, change)) = found {
        let (code, status) = change.code();
        words = [u32::from(SIGCHLD), 0, code as u32, child.pid, c.owner().uid, u32::from(status)];
    }
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    c.write(at, &bytes[..12])?;
    c.write(at.wrapping_add(16), &bytes[12..])
}
