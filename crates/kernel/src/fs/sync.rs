//! `fsync` and its kin. What they mean for a crash of the machine is in [`super::crash`].

use super::InodeRef;
use super::inode::Node;
use crate::abi::errno::{EBADF, EINVAL, ESPIPE};
use crate::caller::Caller;
use crate::file::Target;
use crate::syscall::{Sys, done};
use crate::world::Kernel;
use model::{Errno, ServiceId, ThreadId, Value};

impl Kernel {
    /// The size that a file would have after a crash of its machine; `None` if it was never synced.
    pub fn inode_durable(&self, inode: InodeRef) -> Option<u64> {
        match &self.tree(inode.service).get(inode.ino).node {
            Node::File(data) => data.synced(),
            _ => None,
        }
    }
    /// What was written to a file survives a crash from now on.
    pub(crate) fn inode_sync(&mut self, inode: InodeRef) {
        self.names_synced(inode.service);
        // What has been forgotten has nothing to keep.
        if self.tree(inode.service).find(inode.ino).is_none() {
            return;
        }
        if let Node::File(data) = &mut self.tree_mut(inode.service).get_mut(inode.ino).node {
            data.sync();
        }
    }
    /// A file that is observed as a write-ahead log is on the disk as it is: an event says so.
    fn wal_synced(&mut self, thread: ThreadId, inode: InodeRef) {
        if self.service(inode.service).observe_wal.is_empty() {
            return;
        }
        let path = self.inode_path(inode);
        if self.service(inode.service).observe_wal.iter().any(|glob| glob.matches(&path)) {
            let size = self.inode_durable(inode).unwrap_or_default();
            self.note(thread, "wal_sync", [("path", Value::from(path)), ("size", Value::Int(size as i64))]);
        }
    }
    fn sync_service(&mut self, service: ServiceId) {
        self.names_synced(service);
        for inode in self.tree_mut(service).all() {
            if let Node::File(data) = &mut inode.node {
                data.sync();
            }
        }
    }
}

/// What a descriptor refers to, if it is open for more than its path.
fn target(c: &Caller<'_>) -> Result<Target, Errno> {
    let file = c.k.file_of(c.process_id(), c.int(0))?;
    let open = c.k.open_file(file);
    if open.flags & libc::O_PATH as u32 != 0 { Err(EBADF) } else { Ok(open.target) }
}

/// `fsync(fd)`
pub(crate) fn fsync(c: &mut Caller<'_>) -> Sys {
    let Target::Inode(inode) = target(c)? else {
        return Err(EINVAL);
    };
    c.k.inode_sync(inode);
    c.k.wal_synced(c.id, inode);
    done(0)
}
/// `fdatasync(fd)`
pub(crate) fn fdatasync(c: &mut Caller<'_>) -> Sys {
    fsync(c)
}
/// `sync()`
pub(crate) fn sync(c: &mut Caller<'_>) -> Sys {
    c.k.sync_service(c.id.service);
    done(0)
}
/// `syncfs(fd)`
pub(crate) fn syncfs(c: &mut Caller<'_>) -> Sys {
    target(c)?;
    sync(c)
}
/// `sync_file_range(fd, offset, count, flags)`: starts writing back, which promises nothing about a crash.
pub(crate) fn sync_file_range(c: &mut Caller<'_>) -> Sys {
    let target = target(c)?;
    let (offset, count) = (c.arg(1) as i64, c.arg(2) as i64);
    if c.arg(3) & !7 != 0 || offset < 0 || count < 0 || offset.checked_add(count).is_none() {
        return Err(EINVAL);
    }
    match target {
        Target::Inode(_) => done(0),
        _ => Err(ESPIPE),
    }
}
/// `fadvise64(fd, offset, count, advice)`
pub(crate) fn fadvise64(c: &mut Caller<'_>) -> Sys {
    match target(c)? {
        Target::Inode(_) if (0..=5).contains(&c.int(3)) && c.arg(2) as i64 >= 0 => done(0),
        Target::Inode(_) => Err(EINVAL),
        _ => Err(ESPIPE),
    }
}
/// `readahead(fd, offset, count)`
pub(crate) fn readahead(c: &mut Caller<'_>) -> Sys {
    let file = c.k.file_of(c.process_id(), c.int(0))?;
    let open = c.k.open_file(file);
    if !open.readable() {
        return Err(EBADF);
    }
    match open.target {
        Target::Inode(_) => done(0),
        _ => Err(EINVAL),
    }
}
