//! Inodes: what a name leads to.

use super::data::Data;
use super::directory::Directory;
use super::virt::{Device, Magic, Text};
use crate::abi::text;
use crate::wait::ObjectId;
use crate::world::Owner;
use model::VirtualTime;
use std::collections::BTreeMap;

/// An inode of one service's file system.
#[derive(Debug)]
pub(crate) struct Inode {
    /// What it is.
    pub(crate) node: Node,
    /// Permission bits (`0o7777`).
    pub(crate) mode: u32,
    /// Owner.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Last access. Reading does not move it (`noatime`).
    pub(crate) atime: VirtualTime,
    /// Last change of the content.
    pub(crate) mtime: VirtualTime,
    /// Last change of anything.
    pub(crate) ctime: VirtualTime,
    /// When it was made.
    pub(crate) btime: VirtualTime,
    /// The names that lead to it, oldest first. Empty for the root and for what has been unlinked.
    pub(crate) links: Vec<Link>,
    /// Its last name, once it has none.
    pub(crate) gone: Option<Link>,
    /// Made by `O_TMPFILE` and not named yet: unlike what has been unlinked it can still get a name.
    pub(crate) nameless: bool,
    /// Open file descriptions that refer to it.
    pub(crate) opens: u32,
    /// Changes of names that a crash may undo and that need it.
    pub(crate) pinned: u32,
    /// While it is mapped shared, the number of pages it had when mappings of it were last settled.
    pub(crate) mapped: Option<u64>,
    /// `F_SEAL_*` bits; `None` for what cannot be sealed.
    pub(crate) seals: Option<u32>,
    /// Extended attributes.
    pub(crate) attributes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// How long its content is said to live (`F_SET_RW_HINT`); only remembered.
    pub(crate) write_hint: u64,
    /// Which file system it belongs to.
    pub(crate) volume: Volume,
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The directory.
    pub(crate) dir: u64,
    /// The name.
    pub(crate) name: Box<str>,
}

/// What an inode is.
#[derive(Debug)]
pub(crate) enum Node {
    /// A regular file.
    File(Data),
    /// A directory.
    Directory(Directory),
    /// A symbolic link.
    Symlink(Box<str>),
    /// A link of `/proc` that leads to an object rather than to a name.
    Magic(Magic),
    /// A character device.
    Device(Device),
    /// A named pipe, and the pipe behind it while it is open.
    Fifo(Option<ObjectId>),
    /// A unix socket's name.
    Socket,
    /// A file of `/proc` or `/sys`.
    Text(Text),
    /// Such a file, opened: its content is rendered when it is read from the start.
    Opened {
        /// What is rendered.
        text: Text,
        /// What the reader sees.
        bytes: Option<Vec<u8>>,
        /// The inode that was opened.
        of: u64,
    },
}

/// The file systems that a service sees mounted. Names cannot be moved from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volume {
    /// The image and its overlay.
    Root,
    /// `/proc`
    Proc,
    /// `/sys`
    Sys,
    /// `/dev`
    Dev,
    /// `/dev/shm`
    Shm,
}

impl Volume {
    /// Its device number.
    pub(crate) fn device(self) -> u64 {
        match self {
            Volume::Root => makedev(8, 1),
            Volume::Proc => makedev(0, 20),
            Volume::Sys => makedev(0, 21),
            Volume::Dev => makedev(0, 5),
            Volume::Shm => makedev(0, 22),
        }
    }
}

/// A device number as the kernel encodes it.
pub(crate) const fn makedev(major: u64, minor: u64) -> u64 {
    (major & 0xfff) << 8 | minor & 0xff | (minor & !0xff) << 12
}

impl Inode {
    /// An inode without a name yet.
    pub(crate) fn new(node: Node, mode: u32, owner: Owner, at: VirtualTime, volume: Volume) -> Inode {
        Inode {
            node,
            mode,
            uid: owner.uid,
            gid: owner.gid,
            atime: at,
            mtime: at,
            ctime: at,
            btime: at,
            links: Vec::new(),
            gone: None,
            nameless: false,
            opens: 0,
            pinned: 0,
            mapped: None,
            seals: None,
            attributes: BTreeMap::new(),
            write_hint: 0,
            volume,
        }
    }
    /// The type bits of `st_mode`.
    pub(crate) fn kind(&self) -> u32 {
        match &self.node {
            Node::File(_) | Node::Text(_) | Node::Opened { .. } => libc::S_IFREG,
            Node::Directory(_) => libc::S_IFDIR,
            Node::Symlink(_) | Node::Magic(_) => libc::S_IFLNK,
            Node::Device(_) => libc::S_IFCHR,
            Node::Fifo(_) => libc::S_IFIFO,
            Node::Socket => libc::S_IFSOCK,
        }
    }
    /// Whether it is a directory.
    pub(crate) fn is_dir(&self) -> bool {
        matches!(self.node, Node::Directory(_))
    }
    /// Whether it is a symbolic link of any sort.
    pub(crate) fn is_link(&self) -> bool {
        matches!(self.node, Node::Symlink(_) | Node::Magic(_))
    }
    /// Its size in bytes as `stat(2)` shows it.
    pub(crate) fn size(&self) -> u64 {
        match &self.node {
            Node::File(data) => data.size(),
            Node::Directory(_) if self.volume == Volume::Root => 4096,
            Node::Symlink(target) => text::length(target) as u64,
            Node::Magic(_) => 64,
            Node::Text(_) | Node::Opened { .. } if self.volume == Volume::Sys => 4096,
            _ => 0,
        }
    }
    /// Its link count. Directories of the image show 1, which readers take for "not counted".
    pub(crate) fn nlink(&self) -> u64 {
        match &self.node {
            Node::Directory(_) if self.gone.is_some() => 0,
            Node::Directory(d) => d.nlink(),
            Node::Opened { .. } => 1,
            _ => self.links.len() as u64,
        }
    }
    /// Records a change of the content.
    pub(crate) fn modified(&mut self, at: VirtualTime) {
        self.mtime = at;
        self.ctime = at;
    }
}
