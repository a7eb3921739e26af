//! File systems: stub.
use crate::host::Host;
use crate::process::ProcessId;
use crate::world::{Config, Kernel};
use model::{Errno, ServiceId};

/// An inode of a service's file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeRef {
    /// Whose file system.
    pub service: ServiceId,
    /// Which inode.
    pub ino: u64,
}

/// How a file's content can be mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// It is this file of the image, unmodified.
    Image(String),
    /// It is made of bytes in the kernel: read it with [`Kernel::inode_read`].
    Bytes,
}

/// All file systems.
#[derive(Debug, Default)]
pub struct FileSystems {}

impl FileSystems {
    /// One for each host of the configuration.
    pub fn new(_config: &Config) -> FileSystems {
        FileSystems {}
    }
}

impl Kernel {
    /// Makes a path absolute against a process's working directory, without resolving symbolic links; `.` and `..`
    /// and double slashes are removed textually. For labels and messages.
    pub fn absolute(&self, _process: ProcessId, path: &str) -> String {
        path.to_owned()
    }
    /// The same, relative to a directory descriptor (`AT_FDCWD` for the working directory).
    pub fn absolute_at(&self, process: ProcessId, _dirfd: i32, path: &str) -> String {
        self.absolute(process, path)
    }
    /// Resolves a path to an inode, following symbolic links.
    ///
    /// # Errors
    /// As `open(2)`: `ENOENT`, `ENOTDIR`, `ELOOP`, `EACCES`, `ENAMETOOLONG`.
    pub fn resolve(&mut self, _host: &mut dyn Host, _service: ServiceId, _path: &str) -> Result<InodeRef, Errno> {
        Err(crate::abi::errno::ENOENT)
    }
    /// Reads from a regular file; short only at its end.
    ///
    /// # Errors
    /// `EISDIR`, `EINVAL`.
    pub fn inode_read(&mut self, _host: &mut dyn Host, _inode: InodeRef, _offset: u64, _into: &mut [u8]) -> Result<usize, Errno> {
        Err(crate::abi::errno::EINVAL)
    }
    /// Size and mode (`st_size`, `st_mode`) of an inode.
    pub fn inode_size_mode(&mut self, _host: &mut dyn Host, _inode: InodeRef) -> (u64, u32) {
        (0, 0)
    }
    /// How an inode's content can be mapped.
    pub fn inode_content(&self, _inode: InodeRef) -> Content {
        Content::Bytes
    }
    /// The canonical absolute path of an inode (as `/proc/self/exe` shows it).
    pub fn inode_path(&self, _inode: InodeRef) -> String {
        String::new()
    }
}

impl Kernel {
    /// Writes to a regular file, growing it as needed; a hole before `offset` reads as zeros.
    ///
    /// # Errors
    /// `EISDIR`, `EINVAL`, `EFBIG`, `ENOSPC`.
    pub fn inode_write(&mut self, _host: &mut dyn Host, _inode: InodeRef, _offset: u64, _bytes: &[u8]) -> Result<usize, Errno> {
        Err(crate::abi::errno::EINVAL)
    }
    /// An open file description now refers to this inode (keeps an unlinked file alive).
    pub fn inode_opened(&mut self, _inode: InodeRef) {}
    /// An open file description that referred to this inode is gone.
    pub fn inode_closed(&mut self, _inode: InodeRef) {}
}
