//! Descriptors: closing and duplicating them, what happens to them at fork, exec and exit, and the end of the
//! descriptions behind them.

use super::{Descriptor, FdTable, FileId, Object, OpenFile, Target};
use crate::abi::errno::{EBADF, EINVAL};
use crate::caller::Caller;
use crate::causality::Spot;
use crate::fs::InodeRef;
use crate::process::ProcessId;
use crate::syscall::{Sys, done};
use crate::world::Kernel;
use model::Errno;

impl Kernel {
    /// Closes a descriptor.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn close_fd(&mut self, process: ProcessId, fd: i32) -> Result<(), Errno> {
        let descriptor = self.process_mut(process).fds.remove(fd).ok_or(EBADF)?;
        self.drop_descriptor(process, descriptor);
        Ok(())
    }
    /// Makes this very number refer to a description, closing what it referred to.
    pub(crate) fn replace_fd(&mut self, process: ProcessId, fd: i32, descriptor: Descriptor) {
        self.open_file_mut(descriptor.file).references += 1;
        if let Some(old) = self.process_mut(process).fds.insert(fd, descriptor) {
            self.drop_descriptor(process, old);
        }
    }
    fn drop_descriptor(&mut self, process: ProcessId, descriptor: Descriptor) {
        self.unlock_process_file(process, descriptor.file);
        self.release_file(descriptor.file);
    }
    /// Drops one reference to a description; the last one closes it.
    pub fn release_file(&mut self, file: FileId) {
        if self.causes.is_on() {
            self.ends_for_others(file);
        }
        let open = self.open_file_mut(file);
        open.references = open.references.saturating_sub(1);
        if open.references == 0 {
            self.epoll_forget(file);
            let open = self.files.open.remove(&file).expect("it was there");
            self.closed(file, &open);
        }
    }
    /// A reference to a description is given up. Whoever finds the end of what comes from it learns of everybody who has
    /// closed it, not of the last one alone.
    fn ends_for_others(&mut self, file: FileId) {
        let open = self.open_file(file);
        let (object, writable) = (open.object(), open.writable());
        match object.and_then(|object| Some((object, self.files.objects.get(&object)?))) {
            Some((object, Object::Pipe(_))) if writable => self.causes.mark(Spot::Ending(object)),
            Some((object, Object::Socket(_))) => self.socket_ends_for_peer(object),
            _ => {}
        }
    }
    /// Tells who watches a file that a description of it is closed.
    fn notify_close(&mut self, inode: InodeRef, open: &OpenFile) {
        if !open.is_path() {
            let mask = if open.writable() { libc::IN_CLOSE_WRITE } else { libc::IN_CLOSE_NOWRITE };
            self.notify_by(inode, open.path.as_deref().unwrap_or_default(), mask);
        }
    }
    /// The last reference to a description is gone.
    fn closed(&mut self, file: FileId, open: &OpenFile) {
        self.unlock_description(file, open.target);
        let object = match open.target {
            Target::Inode(inode) => {
                self.notify_close(inode, open);
                return self.inode_closed(inode);
            }
            Target::Console { .. } => return,
            Target::Object(object) => object,
        };
        match self.files.objects.get(&object) {
            Some(Object::Socket(_)) => return self.socket_close(object),
            Some(Object::Pipe(_)) => {
                self.pipe_closed(object, open.flags);
                if let Some(named) = open.named {
                    self.notify_close(named.inode, open);
                    self.fifo_closed(named.inode, object);
                }
                return;
            }
            Some(Object::Terminal(_) | Object::Slave(_)) => {
                self.terminal_closed(object);
                if let Some(named) = open.named {
                    self.inode_closed(named.inode);
                }
                return;
            }
            // It was opened once more, by its path below /proc.
            _ if self.files.open.values().any(|other| other.object() == Some(object)) => return,
            Some(Object::Epoll(_)) => self.epoll_unwatch(object),
            Some(Object::Timer(_)) => self.timerfd_disarm(object),
            Some(Object::Inotify(_)) => self.inotify_closed(object),
            Some(Object::Signals(_)) => drop(self.files.signalfds.remove(&object)),
            Some(_) | None => {}
        }
        self.files.objects.remove(&object);
    }

    /// Closes all descriptors of a process that has ended, and ends its last lines.
    pub fn close_process_files(&mut self, process: ProcessId) {
        for descriptor in std::mem::take(&mut self.process_mut(process).fds).map.into_values() {
            self.drop_descriptor(process, descriptor);
        }
        self.flush_console(process);
    }
    /// Closes the descriptors of a process that do not survive exec.
    pub fn close_on_exec(&mut self, process: ProcessId) {
        let doomed = self.processes[&process].fds.map.iter().filter(|(_, d)| d.close_on_exec);
        for fd in doomed.map(|(fd, _)| *fd).collect::<Vec<_>>() {
            if let Some(descriptor) = self.process_mut(process).fds.remove(fd) {
                self.drop_descriptor(process, descriptor);
            }
        }
    }
    /// The descriptors of a forked child: the same numbers, the same descriptions.
    pub fn fork_files(&mut self, parent: &FdTable) -> FdTable {
        for descriptor in parent.map.values() {
            self.open_file_mut(descriptor.file).references += 1;
        }
        parent.clone()
    }
    /// Gives a service's first process its standard streams: an empty input, and outputs whose lines become events.
    pub fn standard_streams(&mut self, process: ProcessId) {
        for (fd, stderr, flags) in [(0, false, libc::O_RDONLY), (1, false, libc::O_WRONLY), (2, true, libc::O_WRONLY)] {
            let file = self.add_file(Target::Console { stderr }, flags as u32, None);
            self.replace_fd(process, fd, Descriptor { file, close_on_exec: false });
        }
    }
}

/// The number of descriptors that a process may have.
pub(crate) fn limit(c: &Caller<'_>) -> u64 {
    c.k.processes[&c.process_id()].limits[libc::RLIMIT_NOFILE as usize].0
}

/// `close(fd)`
pub(crate) fn close(c: &mut Caller<'_>) -> Sys {
    let process = c.process_id();
    c.k.close_fd(process, c.int(0))?;
    done(0)
}

/// `close_range(first, last, flags)`
pub(crate) fn close_range(c: &mut Caller<'_>) -> Sys {
    // Every process has a table of its own, so that "unshare" has nothing to do.
    const KNOWN: u32 = libc::CLOSE_RANGE_CLOEXEC | libc::CLOSE_RANGE_UNSHARE;
    let (first, last, flags) = (c.arg(0) as u32, c.arg(1) as u32, c.arg(2) as u32);
    if first > last || flags & !KNOWN != 0 {
        return Err(EINVAL);
    }
    let as_fd = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let process = c.process_id();
    let table = &mut c.k.process_mut(process).fds.map;
    if flags & libc::CLOSE_RANGE_CLOEXEC != 0 {
        for (_, descriptor) in table.range_mut(as_fd(first)..=as_fd(last)) {
            descriptor.close_on_exec = true;
        }
        return done(0);
    }
    let doomed: Vec<i32> = table.range(as_fd(first)..=as_fd(last)).map(|(fd, _)| *fd).collect();
    for fd in doomed {
        c.k.close_fd(process, fd)?;
    }
    done(0)
}

/// `dup(fd)`
pub(crate) fn dup(c: &mut Caller<'_>) -> Sys {
    let process = c.process_id();
    let file = c.k.file_of(process, c.int(0))?;
    done(c.k.install_fd(process, file, false, 0)?)
}
/// `dup2(old, new)`
pub(crate) fn dup2(c: &mut Caller<'_>) -> Sys {
    let (old, new) = (c.int(0), c.int(1));
    if old == new {
        c.k.file_of(c.process_id(), old)?;
        return done(new);
    }
    dup_onto(c, old, new, 0)
}
/// `dup3(old, new, flags)`
pub(crate) fn dup3(c: &mut Caller<'_>) -> Sys {
    let (old, new, flags) = (c.int(0), c.int(1), c.int(2));
    if old == new || flags & !libc::O_CLOEXEC != 0 {
        return Err(EINVAL);
    }
    dup_onto(c, old, new, flags)
}

fn dup_onto(c: &mut Caller<'_>, old: i32, new: i32, flags: i32) -> Sys {
    let process = c.process_id();
    if u64::from(new as u32) >= limit(c) {
        return Err(EBADF);
    }
    let file = c.k.file_of(process, old)?;
    c.k.replace_fd(process, new, Descriptor { file, close_on_exec: flags & libc::O_CLOEXEC != 0 });
    done(new)
}
