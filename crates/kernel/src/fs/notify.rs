//! What happens to files, for those who watch them (`inotify`): which watches an operation concerns.
//!
//! An operation on a file is told to the watches of the directory that its name is in, with the name, and to those of
//! the file itself; one on a name to those of the directory alone.

use super::InodeRef;
use crate::file::inotify::Happened;
use crate::file::{FileId, Target};
use crate::world::Kernel;
use model::Label;

impl Kernel {
    /// Something was done to a file or directory: `IN_*` bits.
    pub(crate) fn notify(&mut self, inode: InodeRef, mask: u32) {
        self.notify_by(inode, "", mask);
    }
    /// The same, through a description that was opened by this path: of several names it is that.
    pub(crate) fn notify_by(&mut self, inode: InodeRef, path: &str, mask: u32) {
        if self.files.nobody_watches() {
            return;
        }
        let Some(entry) = self.tree(inode.service).find(inode.ino) else { return };
        let mask = if entry.is_dir() { mask | libc::IN_ISDIR } else { mask };
        let unlinked = entry.links.is_empty();
        let name = path.rsplit('/').next().unwrap_or_default();
        let opened = entry.links.iter().find(|link| &*link.name == name).or(entry.links.first());
        let gone = entry.gone.as_ref().filter(|_| unlinked);
        if let Some(link) = opened.or(gone) {
            let dir = InodeRef { ino: link.dir, ..inode };
            let name = link.name.clone();
            self.tell_watches(dir, Happened { mask, cookie: 0, name: &name, unlinked });
        }
        self.tell_watches(inode, Happened { mask, cookie: 0, name: "", unlinked: false });
    }
    /// The same, through this description.
    pub(crate) fn notify_file(&mut self, file: FileId, mask: u32) {
        if self.files.nobody_watches() {
            return;
        }
        let open = self.open_file(file);
        if let Target::Inode(inode) = open.target {
            let path = open.path.as_ref().map(Label::share);
            self.notify_by(inode, path.as_deref().unwrap_or_default(), mask);
        }
    }
    /// Something was done to a file itself, which its directory does not hear of.
    pub(crate) fn notify_self(&mut self, inode: InodeRef, mask: u32) {
        if !self.files.nobody_watches() {
            let is_dir = self.tree(inode.service).find(inode.ino).is_some_and(super::inode::Inode::is_dir);
            let quiet = mask & (libc::IN_MOVE_SELF | libc::IN_DELETE_SELF) != 0;
            let mask = if is_dir && !quiet { mask | libc::IN_ISDIR } else { mask };
            self.tell_watches(inode, Happened { mask, cookie: 0, name: "", unlinked: false });
        }
    }
    /// Something was done to a name in a directory; the inode is what it leads or led to. Halves of a move have a
    /// cookie in common.
    pub(crate) fn notify_name(&mut self, inode: InodeRef, (dir, name): (u64, &str), mask: u32, cookie: u32) {
        if !self.files.nobody_watches() {
            let is_dir = self.tree(inode.service).find(inode.ino).is_some_and(super::inode::Inode::is_dir);
            let mask = if is_dir { mask | libc::IN_ISDIR } else { mask };
            self.tell_watches(InodeRef { ino: dir, ..inode }, Happened { mask, cookie, name, unlinked: false });
        }
    }
    /// A name or a description of a file is gone: perhaps it was the last.
    pub(crate) fn notify_gone(&mut self, inode: InodeRef) {
        if self.files.nobody_watches() {
            return;
        }
        let there = self.tree(inode.service).find(inode.ino);
        if there.is_none_or(|i| i.links.is_empty() && i.opens == 0) {
            self.tell_watches(inode, Happened { mask: libc::IN_DELETE_SELF, cookie: 0, name: "", unlinked: false });
            self.forget_watches(inode);
        }
    }
    /// A file is renamed, or two change places.
    pub(crate) fn notify_move(&mut self, inode: InodeRef, old: (u64, &str), new: (u64, &str), replaced: Option<u64>) {
        if self.files.nobody_watches() {
            return;
        }
        let cookie = self.files.next_cookie();
        self.notify_name(inode, old, libc::IN_MOVED_FROM, cookie);
        self.notify_name(inode, new, libc::IN_MOVED_TO, cookie);
        if let Some(ino) = replaced {
            self.notify_self(InodeRef { ino, ..inode }, libc::IN_ATTRIB);
        }
        self.notify_self(inode, libc::IN_MOVE_SELF);
        if let Some(ino) = replaced {
            self.notify_gone(InodeRef { ino, ..inode });
        }
    }
}
