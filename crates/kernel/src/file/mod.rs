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

mod label;

use crate::abi::errno::{EBADF, EMFILE};
use crate::fs::InodeRef;
use crate::process::ProcessId;
use crate::wait::{ObjectId, WaitKey};
use crate::world::Kernel;
use model::Errno;
use std::collections::BTreeMap;

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
    /// A standard stream of a service: lines become events.
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
    pub path: Option<String>,
}

impl OpenFile {
    /// Whether reads are allowed.
    pub fn readable(&self) -> bool {
        self.flags & libc::O_ACCMODE as u32 != libc::O_WRONLY as u32 && self.flags & libc::O_PATH as u32 == 0
    }
    /// Whether writes are allowed.
    pub fn writable(&self) -> bool {
        self.flags & libc::O_ACCMODE as u32 != libc::O_RDONLY as u32 && self.flags & libc::O_PATH as u32 == 0
    }
    /// Whether calls must not park.
    pub fn nonblocking(&self) -> bool {
        self.flags & libc::O_NONBLOCK as u32 != 0
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
    /// By number.
    pub map: BTreeMap<i32, Descriptor>,
}

impl FdTable {
    /// The lowest free number from `from` on.
    pub fn lowest_free(&self, from: i32) -> i32 {
        let mut n = from;
        for (fd, _) in self.map.range(from..) {
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
    pub open: BTreeMap<FileId, OpenFile>,
    /// Objects.
    pub objects: BTreeMap<ObjectId, Object>,
    next_file: u32,
    next_object: u32,
}

/// What stands behind a description that is not an inode.
#[derive(Debug)]
pub enum Object {
    /// A socket.
    Socket(Box<crate::net::Socket>),
    // Owned by this module's siblings: Pipe(pipe::Pipe), Event(eventfd::EventFd), Epoll(epoll::Epoll), …
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
    pub fn add_file(&mut self, target: Target, flags: u32, path: Option<String>) -> FileId {
        let id = FileId(self.files.next_file);
        self.files.next_file += 1;
        self.files.open.insert(id, OpenFile { references: 0, flags, offset: 0, target, path });
        id
    }
    /// Gives a process a descriptor for a description: the lowest free number from `from` on.
    ///
    /// # Errors
    /// `EMFILE` at the process's limit; the description is released if nothing else refers to it.
    pub fn install_fd(&mut self, process: ProcessId, file: FileId, cloexec: bool, from: i32) -> Result<i32, Errno> {
        let limit = self.processes[&process].limits[libc::RLIMIT_NOFILE as usize].0;
        let fd = self.processes[&process].fds.lowest_free(from);
        self.files.open.get_mut(&file).expect("the description exists").references += 1;
        if fd as u64 >= limit {
            self.release_file(file);
            return Err(EMFILE);
        }
        self.process_mut(process).fds.map.insert(fd, Descriptor { file, close_on_exec: cloexec });
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
    /// Closes a descriptor.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn close_fd(&mut self, process: ProcessId, fd: i32) -> Result<(), Errno> {
        let descriptor = self.process_mut(process).fds.map.remove(&fd).ok_or(EBADF)?;
        self.release_file(descriptor.file);
        Ok(())
    }
    /// Drops one reference to a description; the last one closes it.
    pub fn release_file(&mut self, file: FileId) {
        let open = self.open_file_mut(file);
        open.references = open.references.saturating_sub(1);
        if open.references == 0 {
            let open = self.files.open.remove(&file).expect("it was there");
            self.closed(file, &open);
        }
    }
    /// Something about an object's readiness may have changed: wakes who waits for it.
    pub fn object_changed(&mut self, object: ObjectId) {
        self.wake(WaitKey::Object(object));
    }
    /// The last reference to a description is gone.
    fn closed(&mut self, _file: FileId, _open: &OpenFile) {}
}

impl Kernel {
    /// Readiness of a description as `EPOLL*` bits, for `poll`, `select` and `epoll`.
    pub fn readiness(&self, _file: FileId, _process: ProcessId) -> u32 {
        0
    }
}
impl Kernel {
    /// stub
    pub fn fork_files(&mut self, t: &FdTable) -> FdTable { t.clone() }
    /// stub
    pub fn close_on_exec(&mut self, _p: ProcessId) {}
    /// stub
    pub fn standard_streams(&mut self, _p: ProcessId) {}
}
