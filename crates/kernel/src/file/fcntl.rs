//! `fcntl`.

use super::{Descriptor, FileId, descriptors, locks, pipe};
use crate::abi::errno::{EAGAIN, EBADF, EINVAL, ENOTDIR, EPERM};
use crate::caller::Caller;
use crate::file::Target;
use crate::syscall::{Sys, dispatch, done};
use crate::wait::ObjectId;
use model::Errno;

/// Status flags that `F_SETFL` may change.
const CHANGEABLE: u32 = (libc::O_APPEND | libc::O_NONBLOCK | libc::O_DIRECT | libc::O_NOATIME | libc::O_ASYNC) as u32;
/// Flags of `open` that are not kept by a description.
const FORGOTTEN: u32 = (libc::O_CREAT | libc::O_EXCL | libc::O_NOCTTY | libc::O_TRUNC | libc::O_CLOEXEC) as u32;
/// Commands that the `libc` crate does not name for this target.
mod command {
    pub(super) const SETSIG: i32 = 10;
    pub(super) const GETSIG: i32 = 11;
    pub(super) const SETOWN_EX: i32 = 15;
    pub(super) const GETOWN_EX: i32 = 16;
    pub(super) const GET_RW_HINT: i32 = 1_035;
    pub(super) const SET_RW_HINT: i32 = 1_036;
    pub(super) const DN_MULTISHOT: u32 = 1 << 31;
    /// `RWH_WRITE_LIFE_EXTREME`
    pub(super) const RW_HINT_MAX: u64 = 5;
}

/// `fcntl(fd, command, argument)`
pub(crate) fn fcntl(c: &mut Caller<'_>) -> Sys {
    let (fd, command, argument) = (c.int(0), c.int(1), c.arg(2));
    let process = c.process_id();
    let file = c.k.file_of(process, fd)?;
    match command {
        libc::F_DUPFD => return duplicate(c, file, false),
        libc::F_DUPFD_CLOEXEC => return duplicate(c, file, true),
        libc::F_GETFD => {
            let cloexec = descriptor(c, fd)?.close_on_exec;
            return done(if cloexec { libc::FD_CLOEXEC } else { 0 });
        }
        libc::F_SETFD => {
            descriptor(c, fd)?.close_on_exec = argument as i32 & libc::FD_CLOEXEC != 0;
            return done(0);
        }
        libc::F_GETFL => return done(c.k.open_file(file).flags & !FORGOTTEN),
        _ if c.k.open_file(file).is_path() => return Err(EBADF),
        _ => {}
    }
    match command {
        libc::F_SETFL => {
            let open = c.k.open_file_mut(file);
            open.flags = open.flags & !CHANGEABLE | argument as u32 & CHANGEABLE;
            c.k.asynchronous_changed(file);
            done(0)
        }
        libc::F_GETLK | libc::F_SETLK | libc::F_SETLKW | libc::F_OFD_GETLK | libc::F_OFD_SETLK | libc::F_OFD_SETLKW => {
            locks::record(c, file, command, argument)
        }
        libc::F_GETPIPE_SZ => {
            let object = pipe_of(c, file)?;
            done(c.k.files.pipe(object)?.capacity() as u64)
        }
        libc::F_SETPIPE_SZ => {
            let object = pipe_of(c, file)?;
            pipe::resize(c, object, argument)
        }
        libc::F_ADD_SEALS => {
            let Target::Inode(inode) = c.k.open_file(file).target else { return Err(EINVAL) };
            c.k.inode_sealable(inode)?;
            if !c.k.open_file(file).writable() {
                return Err(EPERM);
            }
            c.k.inode_seal(inode, argument as u32)?;
            done(0)
        }
        libc::F_GET_SEALS => {
            let Target::Inode(inode) = c.k.open_file(file).target else { return Err(EINVAL) };
            done(c.k.inode_sealable(inode)?)
        }
        libc::F_SETOWN => {
            c.k.open_file_mut(file).owner = argument as i32;
            done(0)
        }
        libc::F_GETOWN => done(c.k.open_file(file).owner),
        command::SETOWN_EX => {
            // Type and number; a process group is shown as a negative number by `F_GETOWN`.
            let (kind, number) = (c.read_u32(argument)?, c.read_u32(argument.wrapping_add(4))? as i32);
            c.k.open_file_mut(file).owner = if kind == 2 { number.wrapping_neg() } else { number };
            done(0)
        }
        command::GETOWN_EX => {
            let owner = c.k.open_file(file).owner;
            c.write_u32(argument, if owner < 0 { 2 } else { 1 })?;
            c.write_u32(argument.wrapping_add(4), owner.unsigned_abs())?;
            done(0)
        }
        command::SETSIG => {
            if argument > 64 {
                return Err(EINVAL);
            }
            c.k.open_file_mut(file).signal = argument as i32;
            done(0)
        }
        command::GETSIG => done(c.k.open_file(file).signal),
        libc::F_GETLEASE => done(libc::F_UNLCK),
        // There is none to be given up.
        libc::F_SETLEASE if argument as i32 == libc::F_UNLCK => Err(EAGAIN),
        libc::F_SETLEASE => dispatch::refuse(c, EINVAL, "FB0225: leases are not simulated"),
        libc::F_NOTIFY => notify(c, file, argument),
        command::GET_RW_HINT => {
            let Target::Inode(inode) = c.k.open_file(file).target else { return Err(EINVAL) };
            let hint = c.k.tree(inode.service).get(inode.ino).write_hint;
            c.write_u64(argument, hint)?;
            done(0)
        }
        command::SET_RW_HINT => {
            let hint = c.read_u64(argument)?;
            let Target::Inode(inode) = c.k.open_file(file).target else { return Err(EINVAL) };
            if hint > command::RW_HINT_MAX {
                return Err(EINVAL);
            }
            c.k.tree_mut(inode.service).get_mut(inode.ino).write_hint = hint;
            done(0)
        }
        _ => dispatch::refuse(c, EINVAL, "FB0205: unknown command of fcntl"),
    }
}

fn duplicate(c: &mut Caller<'_>, file: FileId, cloexec: bool) -> Sys {
    let (process, from) = (c.process_id(), c.int(2));
    if u64::from(from as u32) >= descriptors::limit(c) {
        return Err(EINVAL);
    }
    done(c.k.install_fd(process, file, cloexec, from)?)
}

/// `F_NOTIFY`: no events mean that there is nothing to be told of any more.
fn notify(c: &mut Caller<'_>, file: FileId, events: u64) -> Sys {
    if events as u32 & !command::DN_MULTISHOT == 0 {
        return done(0);
    }
    match c.k.open_file(file).target {
        Target::Inode(inode) if c.k.tree(inode.service).get(inode.ino).is_dir() => {
            dispatch::refuse(c, EINVAL, "FB0226: F_NOTIFY is not simulated; inotify is")
        }
        _ => Err(ENOTDIR),
    }
}

/// A descriptor of the caller.
///
/// # Errors
/// `EBADF`.
pub(super) fn descriptor<'a>(c: &'a mut Caller<'_>, fd: i32) -> Result<&'a mut Descriptor, Errno> {
    c.process().fds.map.get_mut(&fd).ok_or(EBADF)
}

fn pipe_of(c: &Caller<'_>, file: FileId) -> Result<ObjectId, Errno> {
    let object = c.k.open_file(file).object().ok_or(EBADF)?;
    c.k.files.get_pipe(object).map(|_| object).ok_or(EBADF)
}
