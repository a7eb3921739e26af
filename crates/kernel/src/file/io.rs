//! `read`, `write` and their relatives: which buffers, at which place, of what kind of thing.

use super::ranges::{self, iovec, single};
use super::{FileId, Object, Target, eventfd, inotify, pipe, regular, signalfd, timerfd};
use crate::abi::errno::{EAGAIN, EBADF, EFAULT, EINVAL, EISDIR, ENXIO, EOPNOTSUPP, ESPIPE};
use crate::caller::Caller;
use crate::process::ProcessId;
use crate::signal::{Info, Target as Recipient};
use crate::syscall::{Sys, block, dispatch, done};
use crate::wait::{ObjectId, Wait, WaitKey};
use model::Errno;

/// Where in a file a transfer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the description's position, which moves along.
    Current,
    /// Here; the position stays.
    At(u64),
}

impl Place {
    /// The place that `pread64` and its relatives name.
    fn named(offset: u64) -> Result<Place, Errno> {
        if offset > i64::MAX as u64 { Err(EINVAL) } else { Ok(Place::At(offset)) }
    }
}

/// The description behind a descriptor, unless it only names a path.
///
/// # Errors
/// `EBADF`.
pub(crate) fn file(c: &Caller<'_>, fd: i32) -> Result<FileId, Errno> {
    let file = c.k.file_of(c.process_id(), fd)?;
    if c.k.open_file(file).is_path() { Err(EBADF) } else { Ok(file) }
}
/// The description behind a descriptor that may be read.
///
/// # Errors
/// `EBADF`.
pub(crate) fn readable(c: &Caller<'_>, fd: i32) -> Result<FileId, Errno> {
    let file = file(c, fd)?;
    if c.k.open_file(file).readable() { Ok(file) } else { Err(EBADF) }
}
/// The description behind a descriptor that may be written.
///
/// # Errors
/// `EBADF`.
pub(crate) fn writable(c: &Caller<'_>, fd: i32) -> Result<FileId, Errno> {
    let file = file(c, fd)?;
    if c.k.open_file(file).writable() { Ok(file) } else { Err(EBADF) }
}

/// A call that cannot go on before an object changes: it parks, or fails with `EAGAIN` if the description says so.
pub(crate) fn park_or_again(c: &mut Caller<'_>, file: FileId, object: ObjectId, why: &'static str) -> Sys {
    if c.k.open_file(file).nonblocking() {
        return Err(EAGAIN);
    }
    block(Wait::on(WaitKey::Object(object), why))
}

/// The caller wrote to something that nobody reads any more.
pub(crate) fn broken_pipe(c: &mut Caller<'_>) {
    let ProcessId { pid, .. } = c.process_id();
    let info = Info { signal: libc::SIGPIPE as u8, pid, uid: c.owner().uid, ..Info::default() };
    c.k.send_signal(Recipient::Thread(c.id), info);
}

/// The 8-byte number that reads of eventfds and timerfds give out.
///
/// # Errors
/// `EFAULT`.
pub(crate) fn give_number(c: &mut Caller<'_>, into: &[(u64, u64)], number: u64) -> Result<(), Errno> {
    match ranges::scatter(c, into, 0, &number.to_le_bytes())? {
        8 => Ok(()),
        _ => Err(EFAULT),
    }
}

fn read_into(c: &mut Caller<'_>, file: FileId, into: &[(u64, u64)], place: Place) -> Sys {
    let target = c.k.open_file(file).target;
    let object = match target {
        Target::Inode(_) => return regular::read(c, file, into, place),
        _ if place != Place::Current => return Err(ESPIPE),
        Target::Console { .. } => return done(0),
        Target::Object(object) => object,
    };
    match c.k.files.objects.get(&object) {
        // A read of nothing is no receive: it takes no message and waits for none.
        Some(Object::Socket(_)) if ranges::total(into) == 0 => done(0),
        Some(Object::Socket(_)) => crate::net::receive(c, file, into, 0),
        Some(Object::Pipe(_)) => pipe::read(c, file, object, into),
        Some(Object::Event(_)) => eventfd::read(c, file, object, into),
        Some(Object::Timer(_)) => timerfd::read(c, file, object, into),
        Some(Object::Signals(_)) => signalfd::read(c, file, object, into),
        Some(Object::Inotify(_)) => inotify::read(c, file, object, into),
        Some(Object::Terminal(_) | Object::Slave(_)) => crate::terminal::read(c, file, object, into),
        Some(Object::Epoll(_) | Object::Process(_)) | None => Err(EINVAL),
    }
}

fn write_from(c: &mut Caller<'_>, file: FileId, from: &[(u64, u64)], place: Place) -> Sys {
    let target = c.k.open_file(file).target;
    let object = match target {
        Target::Inode(_) => return regular::write(c, file, from, place),
        _ if place != Place::Current => return Err(ESPIPE),
        Target::Console { .. } => return regular::write(c, file, from, place),
        Target::Object(object) => object,
    };
    match c.k.files.objects.get(&object) {
        Some(Object::Socket(_)) => crate::net::transmit(c, file, from, 0),
        Some(Object::Pipe(_)) => pipe::write(c, file, object, from),
        Some(Object::Event(_)) => eventfd::write(c, file, object, from),
        Some(Object::Terminal(_) | Object::Slave(_)) => crate::terminal::write(c, file, object, from),
        _ => Err(EINVAL),
    }
}

/// What a descriptor reads from at a place: what has no positions is told before what cannot be read.
fn source(c: &mut Caller<'_>, fd: i32, place: Place) -> Result<FileId, Errno> {
    positioned(c, fd, place)?;
    readable(c, fd)
}
/// What a descriptor writes to at a place.
fn sink(c: &mut Caller<'_>, fd: i32, place: Place) -> Result<FileId, Errno> {
    positioned(c, fd, place)?;
    writable(c, fd)
}
fn positioned(c: &mut Caller<'_>, fd: i32, place: Place) -> Result<(), Errno> {
    let file = file(c, fd)?;
    let positions = matches!(c.k.open_file(file).target, Target::Inode(_));
    if place == Place::Current || positions { Ok(()) } else { Err(ESPIPE) }
}

/// `read(fd, buffer, count)`
pub(crate) fn read(c: &mut Caller<'_>) -> Sys {
    let file = readable(c, c.int(0))?;
    let into = single(c.arg(1), c.arg(2))?;
    read_into(c, file, &into, Place::Current)
}
/// `write(fd, buffer, count)`
pub(crate) fn write(c: &mut Caller<'_>) -> Sys {
    let file = writable(c, c.int(0))?;
    let from = single(c.arg(1), c.arg(2))?;
    write_from(c, file, &from, Place::Current)
}
/// `pread64(fd, buffer, count, offset)`
pub(crate) fn pread64(c: &mut Caller<'_>) -> Sys {
    let place = Place::named(c.arg(3))?;
    let file = source(c, c.int(0), place)?;
    let into = single(c.arg(1), c.arg(2))?;
    read_into(c, file, &into, place)
}
/// `pwrite64(fd, buffer, count, offset)`
pub(crate) fn pwrite64(c: &mut Caller<'_>) -> Sys {
    let place = Place::named(c.arg(3))?;
    let file = sink(c, c.int(0), place)?;
    let from = single(c.arg(1), c.arg(2))?;
    write_from(c, file, &from, place)
}

fn read_vector(c: &mut Caller<'_>, place: Place) -> Sys {
    let file = source(c, c.int(0), place)?;
    let into = iovec(c, c.arg(1), c.arg(2))?;
    if ranges::total(&into) == 0 {
        return if matches!(object(c, file), Some(Object::Epoll(_) | Object::Process(_))) {
            Err(EINVAL)
        } else {
            done(0)
        };
    }
    read_into(c, file, &into, place)
}
fn write_vector(c: &mut Caller<'_>, place: Place) -> Sys {
    let file = sink(c, c.int(0), place)?;
    let from = iovec(c, c.arg(1), c.arg(2))?;
    if ranges::total(&from) == 0 {
        let takes = matches!(
            object(c, file),
            None | Some(
                Object::Socket(_) | Object::Pipe(_) | Object::Event(_) | Object::Terminal(_) | Object::Slave(_)
            )
        );
        return if takes { done(0) } else { Err(EINVAL) };
    }
    write_from(c, file, &from, place)
}

/// `readv(fd, iov, count)`
pub(crate) fn readv(c: &mut Caller<'_>) -> Sys {
    read_vector(c, Place::Current)
}
/// `writev(fd, iov, count)`
pub(crate) fn writev(c: &mut Caller<'_>) -> Sys {
    write_vector(c, Place::Current)
}
/// `preadv(fd, iov, count, offset_low, offset_high)`; on x86-64 the low word holds the whole offset.
pub(crate) fn preadv(c: &mut Caller<'_>) -> Sys {
    let place = Place::named(c.arg(3))?;
    read_vector(c, place)
}
/// `pwritev(fd, iov, count, offset_low, offset_high)`
pub(crate) fn pwritev(c: &mut Caller<'_>) -> Sys {
    let place = Place::named(c.arg(3))?;
    write_vector(c, place)
}

/// The place and flags of `preadv2` and `pwritev2`: offset -1 is the current position. Flags that only hurry or
/// harden a transfer are accepted; those that change where it goes are not.
fn second_version(c: &mut Caller<'_>) -> Result<Place, Errno> {
    const SIMPLE: i32 = libc::RWF_HIPRI | libc::RWF_DSYNC | libc::RWF_SYNC | libc::RWF_NOWAIT;
    let flags = c.int(5);
    let file = file(c, c.int(0))?;
    let parks = !matches!(c.k.open_file(file).target, Target::Inode(_));
    if flags & !SIMPLE != 0 || (flags & libc::RWF_NOWAIT != 0 && parks) {
        dispatch::refuse(c, EOPNOTSUPP, "FB0202: flags of preadv2 or pwritev2")?;
    }
    if c.arg(3) == u64::MAX { Ok(Place::Current) } else { Place::named(c.arg(3)) }
}

/// `preadv2(fd, iov, count, offset_low, offset_high, flags)`
pub(crate) fn preadv2(c: &mut Caller<'_>) -> Sys {
    let place = second_version(c)?;
    read_vector(c, place)
}
/// `pwritev2(fd, iov, count, offset_low, offset_high, flags)`
pub(crate) fn pwritev2(c: &mut Caller<'_>) -> Sys {
    let place = second_version(c)?;
    write_vector(c, place)
}

/// `lseek(fd, offset, whence)`
pub(crate) fn lseek(c: &mut Caller<'_>) -> Sys {
    let file = file(c, c.int(0))?;
    if let Target::Inode(inode) = c.k.open_file(file).target
        && c.k.inode_size_mode(&mut *c.host, inode).1 & libc::S_IFMT == libc::S_IFCHR
    {
        // Devices have no positions, and say so without failing.
        return done(0);
    }
    let (by, whence) = (c.arg(1) as i64, c.int(2));
    if without_end(c, file) && (libc::SEEK_SET..=libc::SEEK_HOLE).contains(&whence) {
        return done(0);
    }
    let size = regular::size(c, file).ok_or(ESPIPE)?;
    let to = match whence {
        libc::SEEK_SET => Some(by),
        libc::SEEK_CUR => (c.k.open_file(file).offset as i64).checked_add(by),
        libc::SEEK_END => (size as i64).checked_add(by),
        libc::SEEK_DATA | libc::SEEK_HOLE if by < 0 || by as u64 >= size => return Err(ENXIO),
        libc::SEEK_DATA => Some(regular::next_data(c, file, by as u64).ok_or(ENXIO)? as i64),
        libc::SEEK_HOLE => Some(regular::next_hole(c, file, by as u64).unwrap_or(size) as i64),
        _ => return Err(EINVAL),
    };
    let to = to.and_then(|at| u64::try_from(at).ok()).ok_or(EINVAL)?;
    c.k.open_file_mut(file).offset = to;
    done(to as i64)
}

fn object<'a>(c: &'a Caller<'_>, file: FileId) -> Option<&'a Object> {
    c.k.open_file(file).object().and_then(|object| c.k.files.objects.get(&object))
}
/// Whether a description has positions that mean nothing: `lseek` succeeds and does not move.
fn without_end(c: &Caller<'_>, file: FileId) -> bool {
    matches!(
        object(c, file),
        Some(Object::Event(_) | Object::Timer(_) | Object::Signals(_) | Object::Epoll(_) | Object::Inotify(_))
    )
}

/// Fails with `EISDIR` on a directory.
///
/// # Errors
/// `EISDIR`.
pub(crate) fn not_a_directory(mode: u32) -> Result<(), Errno> {
    if mode & libc::S_IFMT == libc::S_IFDIR { Err(EISDIR) } else { Ok(()) }
}
