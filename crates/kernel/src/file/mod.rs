//! Descriptors, open file descriptions and the objects behind them.
//!
//! ```text
//!   FdTable (per process)     Files.open (per world)         what it is
//!   3 ─────────────┐
//!   4 (dup) ───────┴───────> OpenFile { flags, offset } ───> an inode of a service's file system
//!   5 ─────────────────────> OpenFile ─────────────────────> an Object: pipe, socket, eventfd, epoll, …
//! ```
//!
//! An [`OpenFile`] is counted by the descriptors (and messages in flight) that refer to it; at zero it is closed,
//! which drops its end of the object.
//!
//! Calls are sorted by what they do: [`io`] finds out what a descriptor is and hands over to the object's own module
//! ([`regular`], [`pipe`], [`eventfd`], …); [`readiness`] answers whether a call would park, for [`poll`], [`select`]
//! and [`epoll`]; [`descriptors`] opens and closes.

pub mod descriptors;
pub mod epoll;
pub mod eventfd;
pub mod fcntl;
pub mod inotify;
pub mod io;
pub mod ioctl;
pub mod lines;
pub mod locks;
pub mod memfd;
pub mod pidfd;
pub mod pipe;
pub mod poll;
pub mod ranges;
pub mod readiness;
pub mod regular;
pub mod select;
pub mod short;
pub mod signalfd;
pub mod splice;
pub mod timerfd;
pub mod transfer;

mod asynchronous;
mod label;

#[cfg(test)]
mod tests;

use crate::abi::errno::{EBADF, EINVAL, EMFILE};
use crate::dense::Dense;
use crate::fs::InodeRef;
use crate::process::ProcessId;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Errno, Label, ServiceId};
use std::collections::{BTreeMap, BTreeSet};

/// An open file description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// What an open file description refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file or directory.
    Inode(InodeRef),
    /// An object; for a pipe the description's access mode says which end.
    Object(ObjectId),
    /// A standard stream of a service: lines become events. Reading finds its end at once.
    Console {
        /// True for standard error.
        stderr: bool,
    },
}

/// An open file description (`struct file`).
#[derive(Clone, Debug)]
pub struct OpenFile {
    /// Descriptors and messages in flight that refer to it.
    pub references: u32,
    /// `O_*` flags: access mode and status flags.
    pub flags: u32,
    /// Position.
    pub offset: u64,
    /// What it refers to.
    pub target: Target,
    /// Absolute path it was opened by, if any.
    pub path: Option<Label>,
    /// Whom `F_SETOWN` named: a process, or with a minus a group.
    pub owner: i32,
    /// What `F_SETSIG` named; 0 stands for `SIGIO`.
    pub signal: i32,
    /// What it remembers of the named pipe it is an end of.
    pub named: Option<pipe::Named>,
}

impl OpenFile {
    /// Whether reads are allowed.
    pub fn readable(&self) -> bool {
        self.flags & libc::O_ACCMODE as u32 != libc::O_WRONLY as u32 && !self.is_path()
    }
    /// Whether writes are allowed.
    pub fn writable(&self) -> bool {
        self.flags & libc::O_ACCMODE as u32 != libc::O_RDONLY as u32 && !self.is_path()
    }
    /// Whether calls must not park.
    pub fn nonblocking(&self) -> bool {
        self.flags & libc::O_NONBLOCK as u32 != 0
    }
    /// Whether it was opened with `O_PATH`: it names a file and allows nothing else.
    pub fn is_path(&self) -> bool {
        self.flags & libc::O_PATH as u32 != 0
    }
    /// The object it refers to, if it is one.
    pub fn object(&self) -> Option<ObjectId> {
        match self.target {
            Target::Object(object) => Some(object),
            Target::Inode(_) | Target::Console { .. } => None,
        }
    }
}

/// A descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// The description it refers to.
    pub file: FileId,
    /// Closed by exec.
    pub close_on_exec: bool,
}

/// The descriptors of a process.
#[derive(Clone, Debug, Default)]
pub struct FdTable {
    /// By number. Changed through [`FdTable::insert`] and [`FdTable::remove`] alone.
    pub map: BTreeMap<i32, Descriptor>,
    /// No number below this one is free: a program with thousands of descriptors must not have them counted at each call.
    full: i32,
}

impl FdTable {
    /// Makes a number refer to a description; returns what it referred to.
    pub fn insert(&mut self, fd: i32, descriptor: Descriptor) -> Option<Descriptor> {
        if fd == self.full {
            self.full += 1;
        }
        self.map.insert(fd, descriptor)
    }
    /// Makes a number free; returns what it referred to.
    pub fn remove(&mut self, fd: i32) -> Option<Descriptor> {
        self.full = self.full.min(fd.max(0));
        self.map.remove(&fd)
    }
    /// The lowest free number from `from` on.
    pub fn lowest_free(&self, from: i32) -> i32 {
        let mut n = from.max(self.full);
        for (fd, _) in self.map.range(n..) {
            if *fd != n {
                break;
            }
            n += 1;
        }
        n
    }
}

/// All open file descriptions and objects of a world.
#[derive(Debug, Default)]
pub struct Files {
    /// Descriptions.
    pub open: Dense<FileId, OpenFile>,
    /// Objects.
    pub objects: Dense<ObjectId, Object>,
    next_file: u32,
    next_object: u32,
    /// Which epolls are interested in an object.
    watchers: Dense<ObjectId, Vec<epoll::Watch>>,
    /// Descriptions with `O_ASYNC`, by their objects.
    asynchronous: BTreeSet<(ObjectId, FileId)>,
    /// The signalfds among the objects, so that a signal finds them.
    signalfds: BTreeSet<ObjectId>,
    /// The masters of terminals that can be opened, by their numbers.
    pub(crate) terminals: BTreeMap<(ServiceId, u32), ObjectId>,
    /// The watches on each inode: (instance, watch).
    watches: BTreeMap<InodeRef, Vec<(ObjectId, i32)>>,
    /// What the halves of the last move had in common.
    cookie: u32,
    /// Locks on files.
    locks: locks::Locks,
    /// What was written to standard streams and observed files since the last newline.
    lines: lines::Lines,
    /// What bytes pass through on their way between guest memory and objects. Kept so that a call allocates nothing.
    buffer: Vec<u8>,
}

/// What stands behind a description that is not an inode.
#[derive(Debug)]
pub enum Object {
    /// A socket.
    Socket(Box<crate::net::Socket>),
    /// A pipe, for both its ends.
    Pipe(pipe::Pipe),
    /// An eventfd.
    Event(eventfd::EventFd),
    /// A timerfd.
    Timer(timerfd::TimerFd),
    /// A signalfd.
    Signals(signalfd::SignalFd),
    /// An epoll.
    Epoll(epoll::Epoll),
    /// An inotify instance.
    Inotify(inotify::Inotify),
    /// A pseudo-terminal: its master.
    Terminal(Box<crate::terminal::Terminal>),
    /// The slave of this master.
    Slave(ObjectId),
    /// A process descriptor.
    Process(pidfd::PidFd),
}

macro_rules! accessors {
    ($($name:ident $get:ident $variant:ident $type:ty, $what:literal;)*) => {
        impl Files {
            $(
                #[doc = concat!("The ", $what, " with this name; `EINVAL` if the object is something else.")]
                pub(crate) fn $name(&mut self, object: ObjectId) -> Result<&mut $type, Errno> {
                    match self.objects.get_mut(&object) {
                        Some(Object::$variant(it)) => Ok(it),
                        _ => Err(EINVAL),
                    }
                }
                #[doc = concat!("The ", $what, " with this name, to look at.")]
                #[allow(dead_code, reason = "not every kind of object is looked at from outside")]
                pub(crate) fn $get(&self, object: ObjectId) -> Option<&$type> {
                    match self.objects.get(&object) {
                        Some(Object::$variant(it)) => Some(it),
                        _ => None,
                    }
                }
            )*
        }
    };
}

accessors! {
    pipe get_pipe Pipe pipe::Pipe, "pipe";
    event get_event Event eventfd::EventFd, "eventfd";
    timer get_timer Timer timerfd::TimerFd, "timerfd";
    signals get_signals Signals signalfd::SignalFd, "signalfd";
    epoll get_epoll Epoll epoll::Epoll, "epoll";
    inotify get_inotify Inotify inotify::Inotify, "inotify instance";
}

impl Kernel {
    /// Adds an object.
    pub fn add_object(&mut self, object: Object) -> ObjectId {
        let id = ObjectId(self.files.next_object);
        self.files.next_object += 1;
        self.files.objects.insert(id, object);
        id
    }
    /// Adds an open file description with no reference yet; [`Kernel::install_fd`] makes the first.
    pub fn add_file(&mut self, target: Target, flags: u32, path: Option<Label>) -> FileId {
        let id = FileId(self.files.next_file);
        self.files.next_file += 1;
        if let Target::Object(object) = target {
            self.pipe_opened(object, flags);
        }
        let open = OpenFile { references: 0, flags, offset: 0, target, path, owner: 0, signal: 0, named: None };
        self.files.open.insert(id, open);
        id
    }
    /// Gives a process a descriptor for a description: the lowest free number from `from` on.
    ///
    /// # Errors
    /// `EMFILE` at the process's limit; the description is released if nothing else refers to it.
    pub fn install_fd(&mut self, process: ProcessId, file: FileId, cloexec: bool, from: i32) -> Result<i32, Errno> {
        let limit = self.processes[&process].limits[libc::RLIMIT_NOFILE as usize].0;
        let fds = &mut self.process_mut(process).fds;
        let fd = fds.lowest_free(from);
        if from <= fds.full {
            fds.full = fd;
        }
        self.open_file_mut(file).references += 1;
        if fd as u64 >= limit {
            self.release_file(file);
            return Err(EMFILE);
        }
        self.process_mut(process).fds.insert(fd, Descriptor { file, close_on_exec: cloexec });
        Ok(fd)
    }
    /// The description behind a descriptor.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn file_of(&self, process: ProcessId, fd: i32) -> Result<FileId, Errno> {
        self.processes[&process].fds.map.get(&fd).map(|d| d.file).ok_or(EBADF)
    }
    /// A description that exists.
    ///
    /// # Panics
    /// If it does not.
    pub fn open_file(&self, file: FileId) -> &OpenFile {
        &self.files.open[&file]
    }
    /// A description that exists.
    ///
    /// # Panics
    /// If it does not.
    pub fn open_file_mut(&mut self, file: FileId) -> &mut OpenFile {
        self.files.open.get_mut(&file).expect("the description exists")
    }
}
