//! Sending signals from programs: `kill` and its kin. Everybody in a service is the same user, so there is no
//! `EPERM`; other services live in other pid namespaces and cannot be named at all.

use super::send::Target;
use super::{Info, is_signal};
use crate::abi::errno::{EINVAL, EPERM, ESRCH};
use crate::caller::Caller;
use crate::process::ProcessId;
use crate::syscall::{Sys, done};
use model::{Errno, ThreadId};

/// A signal number as an argument; 0 only asks whether the target exists.
fn signal_argument(c: &Caller<'_>, n: usize) -> Result<Option<u8>, Errno> {
    match u64::from(c.int(n) as u32) {
        0 => Ok(None),
        number if is_signal(number) => Ok(Some(number as u8)),
        _ => Err(EINVAL),
    }
}

impl Caller<'_> {
    /// The process in the caller's pid namespace that has this number, or a thread of this number.
    pub(crate) fn process_named(&self, number: i32) -> Option<ProcessId> {
        let service = self.service();
        let process = ProcessId { service, pid: number as u32 };
        if self.k.processes.contains_key(&process) {
            return Some(process);
        }
        self.k.threads.get(&ThreadId { service, tid: number as u32 }).map(|t| t.process)
    }
    /// The processes of the caller's pid namespace, in order.
    pub(crate) fn processes(&self) -> Vec<ProcessId> {
        let service = self.service();
        self.k.processes.keys().filter(|p| p.service == service).collect()
    }
}

/// `kill(pid, signal)`.
///
/// # Errors
/// `EINVAL` for a bad signal, `ESRCH` if there is no such process or group.
pub fn kill(c: &mut Caller<'_>) -> Sys {
    let signal = signal_argument(c, 1)?;
    let own = c.process_id();
    let group = |c: &Caller<'_>, pgid: u32| -> Vec<ProcessId> {
        c.processes().into_iter().filter(|p| c.k.processes[p].pgid == pgid).collect()
    };
    let targets = match c.int(0) {
        pid if pid > 0 => c.process_named(pid).into_iter().collect(),
        0 => group(c, c.k.processes[&own].pgid),
        -1 => c.processes().into_iter().filter(|p| *p != own).collect(),
        i32::MIN => Vec::new(),
        pid => group(c, pid.unsigned_abs()),
    };
    if targets.is_empty() {
        return Err(ESRCH);
    }
    if let Some(signal) = signal {
        for target in targets {
            c.k.send_signal(Target::Process(target), Info::sent(signal, Info::USER, own.pid, c.owner().uid));
        }
    }
    done(0)
}

/// `tkill(tid, signal)`.
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub fn tkill(c: &mut Caller<'_>) -> Sys {
    let signal = signal_argument(c, 1)?;
    let tid = c.int(0);
    if tid <= 0 {
        return Err(EINVAL);
    }
    send_to_thread(c, None, tid, signal, Info::TKILL)
}

/// `tgkill(pid, tid, signal)`.
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub fn tgkill(c: &mut Caller<'_>) -> Sys {
    let signal = signal_argument(c, 2)?;
    let (pid, tid) = (c.int(0), c.int(1));
    if pid <= 0 || tid <= 0 {
        return Err(EINVAL);
    }
    send_to_thread(c, Some(pid), tid, signal, Info::TKILL)
}

fn send_to_thread(c: &mut Caller<'_>, pid: Option<i32>, tid: i32, signal: Option<u8>, code: i32) -> Sys {
    let own = c.process_id().pid;
    let target = thread_named(c, pid, tid)?;
    if let Some(signal) = signal {
        c.k.send_signal(Target::Thread(target), Info::sent(signal, code, own, c.owner().uid));
    }
    done(0)
}
fn thread_named(c: &Caller<'_>, pid: Option<i32>, tid: i32) -> Result<ThreadId, Errno> {
    let id = ThreadId { service: c.service(), tid: tid as u32 };
    let thread = c.k.threads.get(&id).ok_or(ESRCH)?;
    if pid.is_some_and(|pid| thread.process.pid != pid as u32) { Err(ESRCH) } else { Ok(id) }
}

/// What `rt_sigqueueinfo` and `rt_tgsigqueueinfo` send; only a process itself may pretend to be the kernel.
fn queued_info(c: &mut Caller<'_>, signal: u8, at: u64, target: ProcessId) -> Result<Info, Errno> {
    let info = Info::from_bytes(signal, &c.read_array(at)?);
    let pretends = info.code >= 0 || info.code == Info::TKILL;
    if pretends && target != c.process_id() { Err(EPERM) } else { Ok(info) }
}

/// `rt_sigqueueinfo(pid, signal, info)`.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EPERM` for a code that is the kernel's, `EFAULT`.
pub fn rt_sigqueueinfo(c: &mut Caller<'_>) -> Sys {
    let signal = signal_argument(c, 1)?;
    let target = c.process_named(c.int(0)).ok_or(ESRCH)?;
    let info = queued_info(c, signal.unwrap_or_default(), c.arg(2), target)?;
    if signal.is_some() {
        c.k.send_signal(Target::Process(target), info);
    }
    done(0)
}

/// `rt_tgsigqueueinfo(pid, tid, signal, info)`.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EPERM` for a code that is the kernel's, `EFAULT`.
pub fn rt_tgsigqueueinfo(c: &mut Caller<'_>) -> Sys {
    let signal = signal_argument(c, 2)?;
    let (pid, tid) = (c.int(0), c.int(1));
    if pid <= 0 || tid <= 0 {
        return Err(EINVAL);
    }
    let target = thread_named(c, Some(pid), tid)?;
    let process = c.k.threads[&target].process;
    let info = queued_info(c, signal.unwrap_or_default(), c.arg(3), process)?;
    if signal.is_some() {
        c.k.send_signal(Target::Thread(target), info);
    }
    done(0)
}
