//! File systems: one tree of inodes per service, over a read-only image of the host's files.
//!
//! ```text
//!   path ──> path::walk ──> Tree: directory ── known name ──> inode
//!                                 │ unknown name
//!                                 ├─ of the image ──> Host::image_entry, once ──> an inode that reads the image
//!                                 └─ virtual ───────> the tables of /proc, /sys, /dev and the kernel's own state
//!
//!   content ──> Data: blocks written in the world over the image's bytes
//! ```
//!
//! Everything is made in memory and belongs to the world: the image is asked, never changed. Names of the image are
//! shown as they are, owned by root, except where a service has something of its own (see `image.rs`).
//!
//! Invariant: what a guest sees depends on the image and on its own calls, in their order: inode numbers are handed
//! out as names are looked up, times are the world's, directories are listed in the order of their names.

mod access;
mod at;
mod attributes;
mod crash;
mod cwd;
mod data;
mod dated;
mod dev;
mod directory;
mod etc;
mod image;
mod inode;
mod link;
mod listing;
mod memory;
mod name;
mod notify;
mod open;
mod path;
mod proc;
mod rename;
mod size;
mod stat;
mod statfs;
mod sync;
mod sys;
mod tree;
mod virt;
mod xattr;

#[cfg(test)]
mod tests;

pub(crate) use open::watchable;
pub use proc::{RELEASE, VERSION};

/// The handlers, by the name of their call.
pub(crate) mod calls {
    pub(crate) use super::access::{access, faccessat, faccessat2};
    pub(crate) use super::attributes::*;
    pub(crate) use super::cwd::*;
    pub(crate) use super::link::{link, linkat, readlink, readlinkat, symlink, symlinkat};
    pub(crate) use super::listing::{getdents, getdents64};
    pub(crate) use super::name::*;
    pub(crate) use super::open::{creat, open, openat, openat2};
    pub(crate) use super::rename::{rename, renameat, renameat2};
    pub(crate) use super::size::{fallocate, ftruncate, truncate};
    pub(crate) use super::stat::{fstat, lstat, newfstatat, stat, statx};
    pub(crate) use super::statfs::{fstatfs, statfs};
    pub(crate) use super::sync::*;
    pub(crate) use super::xattr::xattr;
}

use crate::abi::errno::{EACCES, EFBIG, EINVAL, EISDIR, ENODEV, ENOSPC};
use crate::host::Host;
use crate::process::ProcessId;
use crate::world::{Config, Kernel};
use data::SIZE_MAX;
use directory::{Directory, Source};
use inode::{Inode, Node, Volume};
use model::{Errno, ServiceId, ThreadId};
use path::{Follow, Goal};
use std::collections::BTreeSet;
use tree::{ROOT, Tree};

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

/// Whether and how something can be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mappable {
    /// It has content.
    Content,
    /// It is nothing but zeros: a mapping of it is anonymous memory.
    Zeros,
}

/// All file systems.
#[derive(Debug, Default)]
pub struct FileSystems {
    pub(crate) trees: Vec<Tree>,
    pub(crate) modules: dated::Modules,
    /// Files of the image, by the host's paths, whose content somebody has opened, mapped or executed.
    pub(crate) used: BTreeSet<Box<str>>,
}

impl FileSystems {
    /// One for each host of the configuration.
    pub fn new(config: &Config) -> FileSystems {
        FileSystems {
            trees: config.hosts.iter().map(|_| Tree::default()).collect(),
            modules: dated::Modules::default(),
            used: BTreeSet::new(),
        }
    }
    /// The files of the image, as the host calls them, whose content the world has opened, mapped or executed; sorted.
    pub fn used(&self) -> impl Iterator<Item = &str> {
        self.used.iter().map(|path| &**path)
    }
}

impl Kernel {
    /// Resolves an absolute path to an inode, following symbolic links.
    ///
    /// # Errors
    /// As `open(2)`: `ENOENT`, `ENOTDIR`, `ELOOP`, `EACCES`, `ENAMETOOLONG`.
    pub fn resolve(&mut self, host: &mut dyn Host, service: ServiceId, path: &str) -> Result<InodeRef, Errno> {
        self.prepare(host, service);
        match self.reach(host, self.view(service), ROOT, path, Follow::Yes)? {
            Goal::Inode(ino) => Ok(InodeRef { service, ino }),
            Goal::File(_) => Err(EACCES),
        }
    }
    /// Whether an inode is a directory.
    pub(crate) fn is_directory(&self, inode: InodeRef) -> bool {
        self.tree(inode.service).get(inode.ino).is_dir()
    }
    /// Resolves a path of a process to an inode, following symbolic links.
    ///
    /// # Errors
    /// As [`Kernel::resolve`], and `EBADF`.
    pub fn resolve_for(
        &mut self,
        host: &mut dyn Host,
        process: ProcessId,
        dirfd: i32,
        path: &str,
    ) -> Result<InodeRef, Errno> {
        let service = process.service;
        let start = self.start(host, process, dirfd, path)?;
        match self.reach(host, self.view(service), start, path, Follow::Yes)? {
            Goal::Inode(ino) => Ok(InodeRef { service, ino }),
            Goal::File(_) => Err(EACCES),
        }
    }
    /// Whether a path of a thread's process is that of a symbolic link.
    ///
    /// # Errors
    /// As [`Kernel::resolve_for`].
    pub(crate) fn is_link(
        &mut self,
        host: &mut dyn Host,
        thread: ThreadId,
        dirfd: i32,
        path: &str,
    ) -> Result<bool, Errno> {
        let process = self.threads[&thread].process;
        let start = self.start(host, process, dirfd, path)?;
        let goal = self.reach(host, self.view(process.service), start, path, Follow::No)?;
        Ok(matches!(goal, Goal::Inode(ino) if self.tree(process.service).get(ino).is_link()))
    }
    /// Reads from a regular file or a device; short only at its end.
    ///
    /// # Errors
    /// `EISDIR`, `EINVAL`, `ESRCH` for a file about a process that is gone.
    pub fn inode_read(
        &mut self,
        host: &mut dyn Host,
        inode: InodeRef,
        offset: u64,
        into: &mut [u8],
    ) -> Result<usize, Errno> {
        let (text, rendered) = match &self.tree(inode.service).get(inode.ino).node {
            Node::File(data) => return Ok(data.read(host, offset, into)),
            Node::Directory(_) => return Err(EISDIR),
            Node::Device(device) => return self.device_read(*device, into),
            Node::Opened { text, bytes, .. } => (*text, bytes.is_some()),
            Node::Text(text) => (*text, false),
            Node::Symlink(_) | Node::Magic(_) | Node::Fifo(_) | Node::Socket => return Err(EINVAL),
        };
        // A reader that starts again sees the state of now, one that goes on sees what it began with.
        if offset == 0 || !rendered {
            let fresh = self.render(host, inode.service, text)?;
            if let Node::Opened { bytes, .. } = &mut self.tree_mut(inode.service).get_mut(inode.ino).node {
                *bytes = Some(fresh);
            }
        }
        let Node::Opened { bytes: Some(bytes), .. } = &self.tree(inode.service).get(inode.ino).node else {
            return Err(EINVAL);
        };
        let rest = bytes.get(offset as usize..).unwrap_or(&[]);
        let n = rest.len().min(into.len());
        into[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
    /// Writes to a regular file, growing it as needed; a hole before `offset` reads as zeros. Or writes to a device.
    ///
    /// # Errors
    /// `EISDIR`, `EINVAL`, `EFBIG`, `ENOSPC`.
    pub fn inode_write(
        &mut self,
        host: &mut dyn Host,
        inode: InodeRef,
        offset: u64,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        let now = self.clock.now();
        self.inode_unsealed(inode, offset.saturating_add(bytes.len() as u64))?;
        let room = self.room_for(inode, offset, bytes.len() as u64)?;
        let target = self.tree_mut(inode.service).get_mut(inode.ino);
        let text = match &mut target.node {
            Node::File(data) => {
                if offset >= SIZE_MAX {
                    return Err(EFBIG);
                }
                let n = (SIZE_MAX - offset).min(room) as usize;
                if n > 0 {
                    data.write(host, offset, &bytes[..n]);
                    target.modified(now);
                    target.mode &= !(libc::S_ISUID | libc::S_ISGID);
                    self.settle(host, inode)?;
                }
                return Ok(n);
            }
            Node::Directory(_) => return Err(EISDIR),
            Node::Device(device) => return Kernel::device_write(*device, bytes.len()),
            Node::Opened { text, .. } | Node::Text(text) => *text,
            Node::Symlink(_) | Node::Magic(_) | Node::Fifo(_) | Node::Socket => return Err(EINVAL),
        };
        self.write_virtual(inode.service, text, bytes)
    }
    /// How many bytes of a write have room on the disk.
    fn room_for(&mut self, inode: InodeRef, offset: u64, length: u64) -> Result<u64, Errno> {
        let size = match &self.tree(inode.service).get(inode.ino) {
            Inode { node: Node::File(data), volume: Volume::Root, .. } => data.size(),
            _ => return Ok(length),
        };
        let within = size.saturating_sub(offset).min(length);
        let growth = self.disk_room(inode.service, length - within);
        let room = within + self.disk_space(inode.service, growth);
        if room == 0 && length > 0 { Err(ENOSPC) } else { Ok(room) }
    }
    /// An open file description (or a mapping) now refers to this inode: it stays while it is unlinked.
    pub fn inode_opened(&mut self, inode: InodeRef) {
        self.tree_mut(inode.service).get_mut(inode.ino).opens += 1;
    }
    /// The content of this inode is about to be used: if it is the image's, the run depends on that file.
    pub(crate) fn inode_used(&mut self, inode: InodeRef) {
        if let Node::File(data) = &mut self.tree_mut(inode.service).get_mut(inode.ino).node
            && let Some(path) = data.note_use().map(Box::from)
        {
            self.fs.used.insert(path);
        }
    }
    /// An open file description (or a mapping) that referred to this inode is gone.
    pub fn inode_closed(&mut self, inode: InodeRef) {
        let tree = self.tree_mut(inode.service);
        if tree.find(inode.ino).is_none() {
            return;
        }
        let target = tree.get_mut(inode.ino);
        target.opens = target.opens.saturating_sub(1);
        if let (0, Node::Directory(d)) = (target.opens, &mut target.node) {
            d.listing = Vec::new();
        }
        tree.reap(inode.ino);
        self.notify_gone(inode);
    }
    /// Size and mode (`st_size`, `st_mode`) of an inode.
    pub fn inode_size_mode(&mut self, _host: &mut dyn Host, inode: InodeRef) -> (u64, u32) {
        let inode = self.tree(inode.service).get(inode.ino);
        (inode.size(), inode.kind() | inode.mode)
    }
    /// Fails unless guests have the permissions `wanted` (4 read, 2 write, 1 execute) on an inode.
    ///
    /// # Errors
    /// `EACCES`.
    pub fn inode_access(&self, inode: InodeRef, wanted: u32) -> Result<(), Errno> {
        access::check(self.owner(inode.service), self.tree(inode.service).get(inode.ino), wanted)
    }
    /// The process that a directory of `/proc` is about.
    pub(crate) fn process_directory(&self, inode: InodeRef) -> Option<u32> {
        match &self.tree(inode.service).get(inode.ino).node {
            Node::Directory(Directory { source: Source::Process(pid, None), .. }) => Some(*pid),
            _ => None,
        }
    }
    /// Whether an inode is still there.
    pub(crate) fn inode_exists(&self, inode: InodeRef) -> bool {
        self.tree(inode.service).find(inode.ino).is_some()
    }
    /// Whether an inode can be mapped.
    ///
    /// # Errors
    /// `ENODEV` for directories and most devices.
    pub(crate) fn mappable(&self, inode: InodeRef) -> Result<Mappable, Errno> {
        match &self.tree(inode.service).get(inode.ino).node {
            Node::File(_) => Ok(Mappable::Content),
            Node::Device(virt::Device::Zero) => Ok(Mappable::Zeros),
            _ => Err(ENODEV),
        }
    }
    /// How an inode's content can be mapped.
    pub fn inode_content(&self, inode: InodeRef) -> Content {
        match &self.tree(inode.service).get(inode.ino).node {
            Node::File(data) => data.pristine().map_or(Content::Bytes, |path| Content::Image(path.to_owned())),
            _ => Content::Bytes,
        }
    }
    /// The canonical absolute path of an inode (as `/proc/self/exe` shows it).
    pub fn inode_path(&self, inode: InodeRef) -> String {
        self.tree(inode.service).path(inode.ino)
    }
    /// The path of an inode as `/proc` shows it: with a mark if it has no name any more.
    pub(crate) fn inode_shown(&self, inode: InodeRef) -> String {
        let path = self.inode_path(inode);
        if self.tree(inode.service).get(inode.ino).links.is_empty() { path + " (deleted)" } else { path }
    }
    /// The first offset from `from` on that holds data, or with `hole` the first that lies in a hole (`SEEK_DATA`,
    /// `SEEK_HOLE`). `None` beyond the end.
    pub fn inode_seek(&self, inode: InodeRef, from: u64, hole: bool) -> Option<u64> {
        match &self.tree(inode.service).get(inode.ino).node {
            Node::File(data) => data.seek(from, hole),
            _ => None,
        }
    }
}
