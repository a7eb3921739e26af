//! Signals as something to read: `signalfd`.

use super::io::{file, park_or_again};
use super::ranges::{scatter, total};
use super::{FileId, Object, Target};
use crate::abi::errno::EINVAL;
use crate::caller::Caller;
use crate::process::ProcessId;
use crate::signal::{Info, SignalMask};
use crate::syscall::{Sys, done};
use crate::wait::ObjectId;
use crate::world::Kernel;

/// The size of `struct signalfd_siginfo`.
const RECORD: usize = 128;

/// Which signals can be read. Whose they are is a matter of who reads.
#[derive(Debug)]
pub struct SignalFd {
    mask: SignalMask,
}

impl Kernel {
    /// A signal was sent to a process or one of its threads: whoever may read it is woken.
    pub fn signal_arrived(&mut self, process: ProcessId) {
        if self.files.signalfds.is_empty() {
            return;
        }
        let Some(process) = self.processes.get(&process) else { return };
        let files = process.fds.map.values().filter_map(|d| self.files.open.get(&d.file)?.object());
        let mut found: Vec<ObjectId> = files.filter(|o| self.files.signalfds.contains(o)).collect();
        found.sort_unstable();
        found.dedup();
        for object in found {
            self.object_event(object, libc::EPOLLIN as u32);
        }
    }
    /// Readiness of a signalfd as `EPOLL*` bits, for the thread that runs if it belongs to the process.
    pub(crate) fn signalfd_readiness(&self, signals: &SignalFd, process: ProcessId) -> u32 {
        let shared = self.processes.get(&process).map_or(0, |p| p.pending.set().0);
        let own = self.threads.get(&self.current).filter(|t| t.process == process).map_or(0, |t| t.signals.set().0);
        if (shared | own) & signals.mask.0 != 0 { libc::EPOLLIN as u32 } else { 0 }
    }
}

/// `read` of a signalfd: as many pending signals as fit.
pub(crate) fn read(c: &mut Caller<'_>, file: FileId, object: ObjectId, into: &[(u64, u64)]) -> Sys {
    let room = total(into) as usize / RECORD;
    if room == 0 {
        return Err(EINVAL);
    }
    let mask = c.k.files.signals(object)?.mask;
    let mut n = 0;
    while n < room {
        let id = c.id;
        let Some(info) = c.k.take_signal(id, mask) else { break };
        scatter(c, into, (n * RECORD) as u64, &record(info))?;
        n += 1;
    }
    if n == 0 {
        return park_or_again(c, file, object, "no signal is pending");
    }
    done((n * RECORD) as u64)
}

/// A signal in the layout of `struct signalfd_siginfo`.
fn record(info: Info) -> [u8; RECORD] {
    let mut bytes = [0; RECORD];
    let mut set = |at: usize, value: u32| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    set(0, u32::from(info.signal));
    set(8, info.code as u32);
    if info.code == libc::SI_TIMER {
        set(24, info.pid);
    } else {
        set(12, info.pid);
        set(16, info.uid);
    }
    if i32::from(info.signal) == libc::SIGCHLD {
        set(40, info.value as u32);
    } else {
        set(44, info.value as u32);
        bytes[48..56].copy_from_slice(&info.value.to_le_bytes());
    }
    bytes[72..80].copy_from_slice(&info.address.to_le_bytes());
    bytes
}

/// `signalfd(fd, mask, size)`
pub(crate) fn signalfd(c: &mut Caller<'_>) -> Sys {
    make(c, 0)
}
/// `signalfd4(fd, mask, size, flags)`
pub(crate) fn signalfd4(c: &mut Caller<'_>) -> Sys {
    make(c, c.int(3))
}

fn make(c: &mut Caller<'_>, flags: i32) -> Sys {
    if c.arg(2) != 8 || flags & !(libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) != 0 {
        return Err(EINVAL);
    }
    let mask = SignalMask(c.read_u64(c.arg(1))?).blockable();
    if c.int(0) != -1 {
        let file = file(c, c.int(0))?;
        let object = c.k.open_file(file).object().ok_or(EINVAL)?;
        c.k.files.signals(object)?.mask = mask;
        c.k.object_event(object, libc::EPOLLIN as u32);
        return done(c.int(0));
    }
    let object = c.k.add_object(Object::Signals(SignalFd { mask }));
    c.k.files.signalfds.insert(object);
    let status = libc::O_RDWR | flags & libc::SFD_NONBLOCK;
    let file = c.k.add_file(Target::Object(object), status as u32, None);
    let process = c.process_id();
    done(c.k.install_fd(process, file, flags & libc::SFD_CLOEXEC != 0, 0)?)
}
