//! Making and removing names: `mkdir`, `rmdir`, `unlink`, `mknod`.

use super::InodeRef;
use super::access;
use super::at::{reach, walk};
use super::data::Data;
use super::inode::Node;
use super::open::new_directory;
use super::path::{Follow, Goal, Last, Spot};
use super::tree::ROOT;
use crate::abi::errno::{EADDRINUSE, EBUSY, ECONNREFUSED, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM};
use crate::caller::Caller;
use crate::host::Host;
use crate::syscall::{Sys, done};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Errno, ServiceId};

/// The place for a new name.
///
/// # Errors
/// `EEXIST`, or `ENOENT` when a slash says that a directory is meant and it is not to be one.
pub(super) fn vacant(c: &mut Caller<'_>, dirfd: i32, path: &str, directory: bool) -> Result<Spot, Errno> {
    let spot = walk(c, dirfd, path, Follow::Name)?;
    if spot.last != Last::Name || spot.goal.is_some() {
        return Err(EEXIST);
    }
    if spot.slash && !directory {
        return Err(ENOENT);
    }
    Ok(spot)
}

fn make_directory(c: &mut Caller<'_>, dirfd: i32, path: u64, mode: u32) -> Sys {
    let path = c.read_path(path)?;
    let spot = vacant(c, dirfd, &path, true)?;
    let mode = mode & 0o1777 & !c.process().umask;
    c.k.make_inode(c.id.service, spot.dir, &spot.name, new_directory(), mode)?;
    done(0)
}
/// `mkdir(path, mode)`
pub(crate) fn mkdir(c: &mut Caller<'_>) -> Sys {
    make_directory(c, libc::AT_FDCWD, c.arg(0), c.arg(1) as u32)
}
/// `mkdirat(dirfd, path, mode)`
pub(crate) fn mkdirat(c: &mut Caller<'_>) -> Sys {
    make_directory(c, c.int(0), c.arg(1), c.arg(2) as u32)
}

fn make_node(c: &mut Caller<'_>, dirfd: i32, path: u64, mode: u32) -> Sys {
    let node = match mode & libc::S_IFMT {
        0 | libc::S_IFREG => Node::File(Data::default()),
        libc::S_IFIFO => Node::Fifo(None),
        libc::S_IFSOCK => Node::Socket,
        libc::S_IFCHR | libc::S_IFBLK | libc::S_IFDIR => return Err(EPERM),
        _ => return Err(EINVAL),
    };
    let path = c.read_path(path)?;
    let spot = vacant(c, dirfd, &path, false)?;
    let mode = mode & 0o7777 & !c.process().umask;
    c.k.make_inode(c.id.service, spot.dir, &spot.name, node, mode)?;
    done(0)
}
/// `mknod(path, mode, dev)`
pub(crate) fn mknod(c: &mut Caller<'_>) -> Sys {
    make_node(c, libc::AT_FDCWD, c.arg(0), c.arg(1) as u32)
}
/// `mknodat(dirfd, path, mode, dev)`
pub(crate) fn mknodat(c: &mut Caller<'_>) -> Sys {
    make_node(c, c.int(0), c.arg(1), c.arg(2) as u32)
}

fn remove_directory(c: &mut Caller<'_>, dirfd: i32, path: u64) -> Sys {
    let path = c.read_path(path)?;
    let service = c.service();
    let spot = walk(c, dirfd, &path, Follow::Name)?;
    match spot.last {
        Last::Name => {}
        Last::Dot => return Err(EINVAL),
        Last::DotDot => return Err(ENOTEMPTY),
        Last::Root => return Err(EBUSY),
    }
    let Goal::Inode(ino) = spot.goal.ok_or(ENOENT)? else {
        return Err(ENOTDIR);
    };
    c.k.may_delete(service, spot.dir, ino)?;
    c.k.tree(service).dir(ino)?;
    // The mounted file systems stay.
    if c.k.tree(service).get(ino).volume != c.k.tree(service).get(spot.dir).volume {
        return Err(EBUSY);
    }
    if !c.k.is_empty(c.host, service, ino)? {
        return Err(ENOTEMPTY);
    }
    c.k.remove_name(service, spot.dir, &spot.name, ino);
    let inode = InodeRef { service, ino };
    c.k.notify_gone(inode);
    c.k.notify_name(inode, (spot.dir, &spot.name), libc::IN_DELETE | libc::IN_ISDIR, 0);
    done(0)
}
/// `rmdir(path)`
pub(crate) fn rmdir(c: &mut Caller<'_>) -> Sys {
    remove_directory(c, libc::AT_FDCWD, c.arg(0))
}

fn remove_file(c: &mut Caller<'_>, dirfd: i32, path: u64) -> Sys {
    let path = c.read_path(path)?;
    let service = c.service();
    let spot = walk(c, dirfd, &path, Follow::Name)?;
    if spot.last != Last::Name {
        return Err(EISDIR);
    }
    let Goal::Inode(ino) = spot.goal.ok_or(ENOENT)? else {
        return Err(EPERM);
    };
    let is_dir = c.k.tree(service).get(ino).is_dir();
    if spot.slash {
        return Err(if is_dir { EISDIR } else { ENOTDIR });
    }
    c.k.may_delete(service, spot.dir, ino)?;
    if is_dir {
        return Err(EISDIR);
    }
    c.k.remove_name(service, spot.dir, &spot.name, ino);
    let inode = InodeRef { service, ino };
    c.k.notify_self(inode, libc::IN_ATTRIB);
    c.k.notify_gone(inode);
    c.k.notify_name(inode, (spot.dir, &spot.name), libc::IN_DELETE, 0);
    done(0)
}
/// `unlink(path)`
pub(crate) fn unlink(c: &mut Caller<'_>) -> Sys {
    remove_file(c, libc::AT_FDCWD, c.arg(0))
}
/// `unlinkat(dirfd, path, flags)`
pub(crate) fn unlinkat(c: &mut Caller<'_>) -> Sys {
    match c.int(2) {
        0 => remove_file(c, c.int(0), c.arg(1)),
        libc::AT_REMOVEDIR => remove_directory(c, c.int(0), c.arg(1)),
        _ => Err(EINVAL),
    }
}

impl Kernel {
    /// Makes the inode of a unix socket's name.
    ///
    /// # Errors
    /// `EADDRINUSE` if something has the name; else as `mknod(2)`.
    pub(crate) fn socket_node(c: &mut Caller<'_>, path: &str) -> Result<u64, Errno> {
        let spot = vacant(c, libc::AT_FDCWD, path, false).map_err(|e| if e == EEXIST { EADDRINUSE } else { e })?;
        let mode = 0o777 & !c.process().umask;
        c.k.make_inode(c.id.service, spot.dir, &spot.name, Node::Socket, mode)
    }
    /// The inode of the unix socket with this name.
    ///
    /// # Errors
    /// `ECONNREFUSED` if it is something else, `EACCES` if the caller may not write there; else as `stat(2)`.
    pub(crate) fn socket_node_at(c: &mut Caller<'_>, path: &str) -> Result<u64, Errno> {
        let Goal::Inode(ino) = reach(c, libc::AT_FDCWD, path, Follow::Yes)? else { return Err(ECONNREFUSED) };
        let inode = c.k.tree(c.id.service).get(ino);
        access::check(c.owner(), inode, access::WRITE)?;
        if matches!(inode.node, Node::Socket) { Ok(ino) } else { Err(ECONNREFUSED) }
    }
    /// A description of a named pipe is gone, and perhaps with it the pipe.
    pub(crate) fn fifo_closed(&mut self, inode: InodeRef, object: ObjectId) {
        if self.files.get_pipe(object).is_none()
            && let Node::Fifo(pipe) = &mut self.tree_mut(inode.service).get_mut(inode.ino).node
        {
            *pipe = None;
        }
        self.inode_closed(inode);
    }
    /// Whether a directory has no names.
    ///
    /// # Errors
    /// `ENOTDIR`.
    pub(super) fn is_empty(&mut self, host: &mut dyn Host, service: ServiceId, dir: u64) -> Result<bool, Errno> {
        let tree = self.tree_mut(service);
        tree.complete(host, dir)?;
        let d = tree.dir(dir)?;
        Ok(!d.source.is_virtual() && d.names().is_empty())
    }
    /// Takes a name away and stamps what that changes.
    pub(super) fn remove_name(&mut self, service: ServiceId, dir: u64, name: &str, ino: u64) {
        let now = self.clock.now();
        if ino != ROOT && self.tree(service).get(ino).is_dir() {
            let path = self.tree(service).path(ino);
            // Whoever is in there is nowhere from now on.
            for process in self.processes.values_mut().filter(|p| p.id.service == service && p.cwd == path) {
                process.cwd.push_str(" (deleted)");
            }
        }
        let tree = self.tree_mut(service);
        tree.get_mut(ino).ctime = now;
        tree.leave(dir, name);
        tree.get_mut(dir).modified(now);
    }
}
