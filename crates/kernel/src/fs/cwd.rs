//! The working directory, the mask for new files, and the calls that only a superuser may make.

use super::access::{self, EXECUTE};
use super::at::{behind, reach};
use super::path::{Follow, Goal};
use crate::abi::errno::{EINVAL, ENOENT, ENOTDIR, EPERM, ERANGE};
use crate::abi::text;
use crate::caller::Caller;
use crate::syscall::{Sys, done};

/// `getcwd(into, size)`; returns the length with its terminating zero.
pub(crate) fn getcwd(c: &mut Caller<'_>) -> Sys {
    if let Goal::Inode(ino) = behind(c, libc::AT_FDCWD)?
        && c.k.tree(c.id.service).is_dead(ino)
    {
        return Err(ENOENT);
    }
    let mut path = text::to_bytes(&c.process().cwd).into_owned();
    path.push(0);
    if path.len() as u64 > c.arg(1) {
        return Err(ERANGE);
    }
    c.write(c.arg(0), &path)?;
    done(path.len() as i64)
}

fn change(c: &mut Caller<'_>, goal: Goal) -> Sys {
    let Goal::Inode(ino) = goal else { return Err(ENOTDIR) };
    let tree = c.k.tree(c.id.service);
    tree.dir(ino)?;
    access::check(c.owner(), tree.get(ino), EXECUTE)?;
    if tree.is_dead(ino) {
        return Err(ENOENT);
    }
    let path = tree.path(ino);
    c.process().cwd = path;
    done(0)
}
/// `chdir(path)`
pub(crate) fn chdir(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    let goal = reach(c, libc::AT_FDCWD, &path, Follow::Yes)?;
    change(c, goal)
}
/// `fchdir(fd)`
pub(crate) fn fchdir(c: &mut Caller<'_>) -> Sys {
    let process = c.process_id();
    let file = c.k.file_of(process, c.int(0))?;
    let goal = c.k.goal_of(c.id.service, file);
    change(c, goal)
}
/// `umask(mask)`; returns the old one.
pub(crate) fn umask(c: &mut Caller<'_>) -> Sys {
    let mask = c.arg(0) as u32 & 0o777;
    done(std::mem::replace(&mut c.process().umask, mask))
}

/// `chroot(path)`
pub(crate) fn chroot(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    match reach(c, libc::AT_FDCWD, &path, Follow::Yes)? {
        Goal::Inode(ino) => c.k.tree(c.id.service).dir(ino).map(|_| ())?,
        Goal::File(_) => return Err(ENOTDIR),
    }
    Err(EPERM)
}
/// `mount(source, target, type, flags, data)`
pub(crate) fn mount(_: &mut Caller<'_>) -> Sys {
    Err(EPERM)
}
/// `umount2(target, flags)`
pub(crate) fn umount2(c: &mut Caller<'_>) -> Sys {
    if c.int(1) & !(libc::MNT_FORCE | libc::MNT_DETACH | libc::MNT_EXPIRE | libc::UMOUNT_NOFOLLOW) != 0 {
        return Err(EINVAL);
    }
    Err(EPERM)
}
