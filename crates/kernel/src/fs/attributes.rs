//! Attributes: mode, owner, times; and extended attributes, which no file has.

use super::access::{self, WRITE};
use super::at::{behind, inode_of, reach, reach_at};
use super::inode::Inode;
use super::path::{Follow, Goal};
use crate::abi::errno::{EBADF, EFAULT, EINVAL, EOPNOTSUPP, EPERM};
use crate::caller::Caller;
use crate::syscall::{Sys, done};
use model::{Errno, VirtualTime};

/// Changes an inode in place, and tells those who watch it so.
fn change(c: &mut Caller<'_>, goal: Goal, told: u32, with: impl FnOnce(&mut Inode) -> Result<(), Errno>) -> Sys {
    // Pipes and sockets have attributes too; nobody looks at them.
    let Ok(inode) = inode_of(c, goal) else { return done(0) };
    with(c.k.tree_mut(inode.service).get_mut(inode.ino))?;
    c.k.notify(inode, told);
    done(0)
}
/// What a descriptor refers to, if it is open for more than its path.
fn opened(c: &mut Caller<'_>) -> Result<Goal, Errno> {
    let file = c.k.file_of(c.process_id(), c.int(0))?;
    if c.k.open_file(file).flags & libc::O_PATH as u32 != 0 {
        return Err(EBADF);
    }
    Ok(c.k.goal_of(c.id.service, file))
}

fn set_mode(c: &mut Caller<'_>, goal: Goal, mode: u32) -> Sys {
    let (now, who) = (c.now(), c.owner());
    change(c, goal, libc::IN_ATTRIB, |inode| {
        access::owned(who, inode)?;
        if inode.is_link() {
            return Err(EOPNOTSUPP);
        }
        inode.mode = mode & 0o7777;
        inode.ctime = now;
        Ok(())
    })
}
/// `chmod(path, mode)`
pub(crate) fn chmod(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    let goal = reach(c, libc::AT_FDCWD, &path, Follow::Yes)?;
    set_mode(c, goal, c.arg(1) as u32)
}
/// `fchmod(fd, mode)`
pub(crate) fn fchmod(c: &mut Caller<'_>) -> Sys {
    let goal = opened(c)?;
    set_mode(c, goal, c.arg(1) as u32)
}
/// `fchmodat(dirfd, path, mode)`
pub(crate) fn fchmodat(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(1))?;
    let goal = reach(c, c.int(0), &path, Follow::Yes)?;
    set_mode(c, goal, c.arg(2) as u32)
}
/// `fchmodat2(dirfd, path, mode, flags)`
pub(crate) fn fchmodat2(c: &mut Caller<'_>) -> Sys {
    if c.int(3) & !(libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH) != 0 {
        return Err(EINVAL);
    }
    let path = c.read_path(c.arg(1))?;
    let goal = reach_at(c, c.int(0), &path, c.int(3))?;
    set_mode(c, goal, c.arg(2) as u32)
}

/// Only the superuser gives files away; saying what is already so is allowed to the owner.
fn set_owner(c: &mut Caller<'_>, goal: Goal, uid: u32, gid: u32) -> Sys {
    let (now, who) = (c.now(), c.owner());
    change(c, goal, libc::IN_ATTRIB, |inode| {
        let same_user = uid == u32::MAX || uid == inode.uid && inode.uid == who.uid;
        let same_group = gid == u32::MAX || inode.uid == who.uid && (gid == inode.gid || gid == who.gid);
        if !same_user || !same_group {
            return Err(EPERM);
        }
        if gid != u32::MAX {
            inode.gid = gid;
        }
        inode.ctime = now;
        Ok(())
    })
}
/// `chown(path, uid, gid)`
pub(crate) fn chown(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    let goal = reach(c, libc::AT_FDCWD, &path, Follow::Yes)?;
    set_owner(c, goal, c.arg(1) as u32, c.arg(2) as u32)
}
/// `lchown(path, uid, gid)`
pub(crate) fn lchown(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    let goal = reach(c, libc::AT_FDCWD, &path, Follow::No)?;
    set_owner(c, goal, c.arg(1) as u32, c.arg(2) as u32)
}
/// `fchown(fd, uid, gid)`
pub(crate) fn fchown(c: &mut Caller<'_>) -> Sys {
    let goal = opened(c)?;
    set_owner(c, goal, c.arg(1) as u32, c.arg(2) as u32)
}
/// `fchownat(dirfd, path, uid, gid, flags)`
pub(crate) fn fchownat(c: &mut Caller<'_>) -> Sys {
    if c.int(4) & !(libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH) != 0 {
        return Err(EINVAL);
    }
    let path = c.read_path(c.arg(1))?;
    let goal = reach_at(c, c.int(0), &path, c.int(4))?;
    set_owner(c, goal, c.arg(2) as u32, c.arg(3) as u32)
}

/// A time to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    /// As it is.
    Omit,
    /// The current time.
    Now,
    /// This one.
    At(VirtualTime),
}

impl Stamp {
    /// From seconds and nanoseconds; instants that virtual time cannot tell become the nearest one it can.
    fn at(seconds: i64, nanos: u64) -> Stamp {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        Stamp::At(VirtualTime(seconds.saturating_mul(1_000_000_000).saturating_add(nanos)))
    }
}

fn set_times(c: &mut Caller<'_>, goal: Goal, times: [Stamp; 2]) -> Sys {
    let (now, who) = (c.now(), c.owner());
    // Whoever sets but one looks as if it had read or written.
    let told = match times {
        [Stamp::Omit, Stamp::Omit] => return done(0),
        [_, Stamp::Omit] => libc::IN_ACCESS,
        [Stamp::Omit, _] => libc::IN_MODIFY,
        _ => libc::IN_ATTRIB,
    };
    change(c, goal, told, |inode| {
        match times {
            // "Now" may be set by whoever may write.
            [Stamp::Now, Stamp::Now] => access::owned(who, inode).or_else(|_| access::check(who, inode, WRITE))?,
            _ => access::owned(who, inode)?,
        }
        for (stamp, time) in times.into_iter().zip([&mut inode.atime, &mut inode.mtime]) {
            match stamp {
                Stamp::Omit => {}
                Stamp::Now => *time = now,
                Stamp::At(at) => *time = at,
            }
        }
        inode.ctime = now;
        Ok(())
    })
}
fn two(c: &mut Caller<'_>, at: u64, nanos_per_unit: u64) -> Result<[Stamp; 2], Errno> {
    if at == 0 {
        return Ok([Stamp::Now; 2]);
    }
    let mut stamps = [Stamp::Omit; 2];
    for (i, stamp) in stamps.iter_mut().enumerate() {
        let at = at.wrapping_add(16 * i as u64);
        let (seconds, fraction) = (c.read_u64(at)? as i64, c.read_u64(at.wrapping_add(8))?);
        *stamp = match fraction as i64 {
            libc::UTIME_NOW if nanos_per_unit == 1 => Stamp::Now,
            libc::UTIME_OMIT if nanos_per_unit == 1 => Stamp::Omit,
            _ if fraction >= 1_000_000_000 / nanos_per_unit => return Err(EINVAL),
            _ => Stamp::at(seconds, fraction * nanos_per_unit),
        };
    }
    Ok(stamps)
}
/// `utime(path, times)`
pub(crate) fn utime(c: &mut Caller<'_>) -> Sys {
    let stamps = match c.arg(1) {
        0 => [Stamp::Now; 2],
        at => [c.read_u64(at)?, c.read_u64(at.wrapping_add(8))?].map(|seconds| Stamp::at(seconds as i64, 0)),
    };
    let path = c.read_path(c.arg(0))?;
    let goal = reach(c, libc::AT_FDCWD, &path, Follow::Yes)?;
    set_times(c, goal, stamps)
}
/// `utimes(path, times)`
pub(crate) fn utimes(c: &mut Caller<'_>) -> Sys {
    let stamps = two(c, c.arg(1), 1_000)?;
    let path = c.read_path(c.arg(0))?;
    let goal = reach(c, libc::AT_FDCWD, &path, Follow::Yes)?;
    set_times(c, goal, stamps)
}
/// `futimesat(dirfd, path, times)`
pub(crate) fn futimesat(c: &mut Caller<'_>) -> Sys {
    let stamps = two(c, c.arg(2), 1_000)?;
    let goal = at_or_behind(c, 0)?;
    set_times(c, goal, stamps)
}
/// `utimensat(dirfd, path, times, flags)`
pub(crate) fn utimensat(c: &mut Caller<'_>) -> Sys {
    if c.int(3) & !(libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH) != 0 {
        return Err(EINVAL);
    }
    let stamps = two(c, c.arg(2), 1)?;
    if stamps == [Stamp::Omit; 2] {
        return done(0);
    }
    let goal = at_or_behind(c, c.int(3))?;
    set_times(c, goal, stamps)
}
/// The path in the second argument, or what the descriptor in the first refers to if there is none.
fn at_or_behind(c: &mut Caller<'_>, flags: i32) -> Result<Goal, Errno> {
    if c.arg(1) != 0 {
        let path = c.read_path(c.arg(1))?;
        return reach_at(c, c.int(0), &path, flags);
    }
    match c.int(0) {
        libc::AT_FDCWD => Err(EFAULT),
        fd => behind(c, fd),
    }
}
