//! Permission: mode bits against the one user that a service's programs run as, and the calls that ask about it.

use super::at::reach_at;
use super::inode::Inode;
use super::path::Goal;
use super::tree::ROOT;
use crate::abi::errno::{EACCES, EINVAL, ENOENT, EPERM};
use crate::caller::Caller;
use crate::syscall::{Sys, done};
use crate::world::{Kernel, Owner};
use model::{Errno, ServiceId};

/// Permission to read.
pub(crate) const READ: u32 = 4;
/// Permission to write.
pub(crate) const WRITE: u32 = 2;
/// Permission to execute, or to look names up in a directory.
pub(crate) const EXECUTE: u32 = 1;

const STICKY: u32 = libc::S_ISVTX;

/// Fails unless guests have these permissions on an inode.
///
/// # Errors
/// `EACCES`.
pub(crate) fn check(who: Owner, inode: &Inode, wanted: u32) -> Result<(), Errno> {
    let bits = match () {
        () if inode.uid == who.uid => inode.mode >> 6,
        () if inode.gid == who.gid => inode.mode >> 3,
        () => inode.mode,
    };
    if bits & wanted == wanted { Ok(()) } else { Err(EACCES) }
}

/// Fails unless the inode belongs to the guests' user.
///
/// # Errors
/// `EPERM`.
pub(crate) fn owned(who: Owner, inode: &Inode) -> Result<(), Errno> {
    if inode.uid == who.uid { Ok(()) } else { Err(EPERM) }
}

impl Kernel {
    /// Fails unless a name can be added to a directory.
    ///
    /// # Errors
    /// `ENOENT` for a removed directory, `EACCES`.
    pub(crate) fn may_create(&self, service: ServiceId, dir: u64) -> Result<(), Errno> {
        let tree = self.tree(service);
        if tree.is_dead(dir) {
            return Err(ENOENT);
        }
        check(self.owner(service), tree.get(dir), WRITE | EXECUTE)
    }
    /// Fails unless a name can be taken out of a directory.
    ///
    /// # Errors
    /// `EACCES`, or `EPERM` in a sticky directory.
    pub(crate) fn may_delete(&self, service: ServiceId, dir: u64, ino: u64) -> Result<(), Errno> {
        let tree = self.tree(service);
        let parent = tree.get(dir);
        let who = self.owner(service);
        check(who, parent, WRITE | EXECUTE)?;
        let sticky = parent.mode & STICKY != 0 && parent.uid != who.uid;
        if sticky && tree.get(ino).uid != who.uid || ino == ROOT { Err(EPERM) } else { Ok(()) }
    }
}

fn access_at(c: &mut Caller<'_>, dirfd: i32, path: u64, mode: i32, flags: i32) -> Sys {
    let known = libc::AT_EACCESS | libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH;
    if mode & !7 != 0 || flags & !known != 0 {
        return Err(EINVAL);
    }
    let path = c.read_path(path)?;
    match reach_at(c, dirfd, &path, flags)? {
        Goal::Inode(ino) => check(c.owner(), c.k.tree(c.id.service).get(ino), mode as u32)?,
        // Pipes and sockets can be read and written.
        Goal::File(_) if mode as u32 & EXECUTE != 0 => return Err(EACCES),
        Goal::File(_) => {}
    }
    done(0)
}

/// `access(path, mode)`
pub(crate) fn access(c: &mut Caller<'_>) -> Sys {
    access_at(c, libc::AT_FDCWD, c.arg(0), c.int(1), 0)
}
/// `faccessat(dirfd, path, mode)`
pub(crate) fn faccessat(c: &mut Caller<'_>) -> Sys {
    access_at(c, c.int(0), c.arg(1), c.int(2), 0)
}
/// `faccessat2(dirfd, path, mode, flags)`
pub(crate) fn faccessat2(c: &mut Caller<'_>) -> Sys {
    access_at(c, c.int(0), c.arg(1), c.int(2), c.int(3))
}
