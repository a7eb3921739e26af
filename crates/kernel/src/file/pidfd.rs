//! Processes as descriptors: `pidfd`. One names a process for ever, as no number is used twice in a world.

use super::{FileId, Object, Target};
use crate::abi::errno::{EBADF, EINVAL, ESRCH};
use crate::caller::Caller;
use crate::process::ProcessId;
use crate::signal::{Info, SIGNALS, Target as Recipient};
use crate::syscall::{Sys, dispatch, done};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;

/// A process descriptor.
#[derive(Debug)]
pub struct PidFd {
    /// Which process.
    pub(crate) process: ProcessId,
}

impl Kernel {
    /// A process has ended: its descriptors are ready.
    pub(crate) fn pidfd_ended(&mut self, process: ProcessId) {
        let of = |(id, object): (ObjectId, &Object)| match object {
            Object::Process(it) if it.process == process => Some(id),
            _ => None,
        };
        for object in self.files.objects.iter().filter_map(of).collect::<Vec<_>>() {
            self.object_event(object, libc::EPOLLIN as u32);
        }
    }
    /// Readiness of a process descriptor as `EPOLL*` bits: the process has ended.
    pub(crate) fn pidfd_readiness(&self, it: &PidFd) -> u32 {
        match self.processes.get(&it.process) {
            Some(process) if process.status.is_none() => 0,
            Some(_) => (libc::EPOLLIN | libc::EPOLLRDNORM) as u32,
            None => (libc::EPOLLIN | libc::EPOLLRDNORM | libc::EPOLLHUP) as u32,
        }
    }
    /// A process descriptor's description.
    pub(crate) fn pidfd_new(&mut self, process: ProcessId, nonblocking: bool) -> FileId {
        let object = self.add_object(Object::Process(PidFd { process }));
        let status = libc::O_RDWR | if nonblocking { libc::O_NONBLOCK } else { 0 };
        self.add_file(Target::Object(object), status as u32, None)
    }
}

/// The process behind a descriptor, and whether waiting for it must not park.
///
/// # Errors
/// `EBADF`.
pub(crate) fn process_of(c: &Caller<'_>, fd: i32) -> Result<(ProcessId, bool), Errno> {
    let file = c.k.file_of(c.process_id(), fd)?;
    let open = c.k.open_file(file);
    match open.object().and_then(|o| c.k.files.objects.get(&o)) {
        Some(Object::Process(it)) => Ok((it.process, open.nonblocking())),
        _ => Err(EBADF),
    }
}

/// `pidfd_open(pid, flags)`
pub(crate) fn pidfd_open(c: &mut Caller<'_>) -> Sys {
    let (pid, flags) = (c.int(0), c.arg(1) as u32);
    if flags & !(libc::O_NONBLOCK as u32) != 0 || pid <= 0 {
        return Err(EINVAL);
    }
    let process = ProcessId { service: c.service(), pid: pid as u32 };
    if !c.k.processes.contains_key(&process) {
        let thread = process.thread(pid as u32);
        // The number of a thread that is not the first of its process.
        return Err(if c.k.threads.contains_key(&thread) { EINVAL } else { ESRCH });
    }
    let file = c.k.pidfd_new(process, flags != 0);
    let caller = c.process_id();
    done(c.k.install_fd(caller, file, true, 0)?)
}

/// `pidfd_send_signal(fd, signal, info, flags)`
pub(crate) fn pidfd_send_signal(c: &mut Caller<'_>) -> Sys {
    let (signal, flags) = (c.int(1), c.arg(3));
    if flags != 0 {
        return dispatch::refuse(c, EINVAL, "FB0209: flags of pidfd_send_signal");
    }
    let process = match process_of(c, c.int(0)) {
        Ok((process, _)) => process,
        // A directory of /proc will do too.
        Err(errno) => {
            let file = c.k.file_of(c.process_id(), c.int(0))?;
            let Target::Inode(inode) = c.k.open_file(file).target else { return Err(errno) };
            let pid = c.k.process_directory(inode).ok_or(errno)?;
            ProcessId { service: inode.service, pid }
        }
    };
    if !(0..=i32::from(SIGNALS)).contains(&signal) {
        return Err(EINVAL);
    }
    let alive = c.k.processes.contains_key(&process);
    if !alive {
        return Err(ESRCH);
    }
    if signal != 0 {
        let pid = c.process_id().pid;
        let info = Info { signal: signal as u8, pid, uid: c.owner().uid, ..Info::default() };
        c.k.send_signal(Recipient::Process(process), info);
    }
    done(0)
}

/// `pidfd_getfd(pidfd, fd, flags)`
pub(crate) fn pidfd_getfd(c: &mut Caller<'_>) -> Sys {
    if c.arg(2) as u32 != 0 {
        return Err(EINVAL);
    }
    let (process, _) = process_of(c, c.int(0))?;
    if c.k.processes.get(&process).is_none_or(|p| p.status.is_some()) {
        return Err(ESRCH);
    }
    let file = c.k.file_of(process, c.int(1))?;
    let caller = c.process_id();
    done(c.k.install_fd(caller, file, true, 0)?)
}
