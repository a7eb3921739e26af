//! Transfers that have a position and never park: inodes, memory files, and the standard streams, which have no
//! position but never park either.

use super::io::Place;
use super::ranges::{self, gather, scatter, with_buffer};
use super::{FileId, Target};
use crate::abi::errno::{EINVAL, ESPIPE};
use crate::caller::Caller;
use crate::causality::Spot;
use crate::syscall::{Sys, done};
use model::{Errno, LineSource};

/// The size of what has one; `None` for what cannot be positioned.
pub(crate) fn size(c: &mut Caller<'_>, file: FileId) -> Option<u64> {
    match c.k.open_file(file).target {
        Target::Inode(inode) => Some(c.k.inode_size_mode(&mut *c.host, inode).0),
        Target::Object(_) | Target::Console { .. } => None,
    }
}

/// The first offset from here on that holds data (`SEEK_DATA`). No file has holes that show.
#[allow(clippy::unnecessary_wraps, reason = "a file may end in a hole")]
pub(crate) fn next_data(_: &Caller<'_>, _: FileId, from: u64) -> Option<u64> {
    Some(from)
}

/// The first offset from here on that lies in a hole (`SEEK_HOLE`); `None` if that is only the end.
pub(crate) fn next_hole(_: &Caller<'_>, _: FileId, _: u64) -> Option<u64> {
    None
}

/// Reads at an offset, whatever the position. Short only at the end.
///
/// # Errors
/// As `inode_read`; `ESPIPE` for what has no positions.
pub(crate) fn get(c: &mut Caller<'_>, file: FileId, at: u64, into: &mut [u8]) -> Result<usize, Errno> {
    match c.k.open_file(file).target {
        Target::Inode(inode) => {
            let n = c.k.inode_read(&mut *c.host, inode, at, into)?;
            c.k.causes.see(Spot::File(inode));
            if n != 0 {
                c.k.notify_file(file, libc::IN_ACCESS);
            }
            Ok(n)
        }
        Target::Object(_) => Err(ESPIPE),
        Target::Console { .. } => Ok(0),
    }
}

/// Writes at an offset, whatever the position. Complete lines become events where they are observed.
///
/// # Errors
/// As `inode_write`; `EPERM` for a sealed memory file; `ESPIPE` for what has no positions.
pub(crate) fn put(c: &mut Caller<'_>, file: FileId, at: u64, bytes: &[u8]) -> Result<usize, Errno> {
    match c.k.open_file(file).target {
        Target::Inode(inode) => {
            let n = c.k.inode_write(&mut *c.host, inode, at, bytes)?;
            c.k.wal_write(c.id, file, at, &bytes[..n]);
            c.k.causes.mark(Spot::File(inode));
            if n != 0 {
                c.k.notify_file(file, libc::IN_MODIFY);
            }
            if c.k.open_file(file).flags & libc::O_DSYNC as u32 != 0 {
                c.k.inode_sync(inode);
            }
            Ok(n)
        }
        Target::Object(_) => Err(ESPIPE),
        Target::Console { stderr } => {
            let source = if stderr { LineSource::Stderr } else { LineSource::Stdout };
            c.k.console_write(c.id, source, bytes);
            Ok(bytes.len())
        }
    }
}

/// Where a write of this description starts.
pub(crate) fn write_position(c: &mut Caller<'_>, file: FileId, place: Place) -> u64 {
    let open = c.k.open_file(file);
    // With O_APPEND even pwrite appends: the documented difference of Linux from POSIX.
    if open.flags & libc::O_APPEND as u32 != 0 {
        return size(c, file).unwrap_or(0);
    }
    match place {
        Place::Current => open.offset,
        Place::At(at) => at,
    }
}

/// `read` and its relatives.
pub(crate) fn read(c: &mut Caller<'_>, file: FileId, into: &[(u64, u64)], place: Place) -> Sys {
    let start = match place {
        Place::Current => c.k.open_file(file).offset,
        Place::At(at) => at,
    };
    let wanted = ranges::total(into);
    let moved = with_buffer(c, |c, buffer| {
        let mut moved = 0;
        loop {
            let n = buffer.len().min((wanted - moved) as usize);
            let step = get(c, file, start + moved, &mut buffer[..n]).and_then(|got| {
                let given = scatter(c, into, moved, &buffer[..got])?;
                Ok((given, given < n))
            });
            match step {
                Ok((given, last)) => {
                    moved += given as u64;
                    if last || moved == wanted {
                        return Ok(moved);
                    }
                }
                Err(_) if moved != 0 => return Ok(moved),
                Err(errno) => return Err(errno),
            }
        }
    })?;
    if place == Place::Current {
        c.k.open_file_mut(file).offset = start + moved;
    }
    done(moved)
}

/// How many bytes a write may have by the limit on the size of files (`RLIMIT_FSIZE`).
///
/// # Errors
/// `EFBIG` if not a single one.
fn allowed(c: &mut Caller<'_>, file: FileId, start: u64, wanted: u64) -> Result<u64, Errno> {
    let limit = c.process().limits[libc::RLIMIT_FSIZE as usize].0;
    if limit == u64::MAX || wanted == 0 || !is_file(c, file) {
        return Ok(wanted);
    }
    match limit.saturating_sub(start) {
        0 => Err(too_long(c)),
        room => Ok(room),
    }
}
fn is_file(c: &mut Caller<'_>, file: FileId) -> bool {
    match c.k.open_file(file).target {
        Target::Inode(inode) => c.k.inode_size_mode(&mut *c.host, inode).1 & libc::S_IFMT == libc::S_IFREG,
        Target::Object(_) | Target::Console { .. } => false,
    }
}
/// The program wanted to make a file longer than its limit allows: it is told by a signal too.
pub(crate) fn too_long(c: &mut Caller<'_>) -> Errno {
    let info = crate::signal::Info::kernel(libc::SIGXFSZ as u8);
    c.k.send_signal(crate::signal::Target::Thread(c.id), info);
    crate::abi::errno::EFBIG
}

/// `write` and its relatives.
pub(crate) fn write(c: &mut Caller<'_>, file: FileId, from: &[(u64, u64)], place: Place) -> Sys {
    let start = write_position(c, file, place);
    let wanted = ranges::total(from);
    if start.checked_add(wanted).is_none_or(|end| end > i64::MAX as u64) {
        return Err(EINVAL);
    }
    let wanted = wanted.min(allowed(c, file, start, wanted)?);
    let moved = with_buffer(c, |c, buffer| {
        let mut moved = 0;
        while moved != wanted {
            let n = buffer.len().min((wanted - moved) as usize);
            let step = gather(c, from, moved, &mut buffer[..n]).and_then(|got| {
                let taken = put(c, file, start + moved, &buffer[..got])?;
                Ok((taken, taken < n))
            });
            match step {
                Ok((taken, last)) => {
                    moved += taken as u64;
                    if last {
                        break;
                    }
                }
                Err(_) if moved != 0 => break,
                Err(errno) => return Err(errno),
            }
        }
        Ok(moved)
    })?;
    if place == Place::Current {
        c.k.open_file_mut(file).offset = start + moved;
    }
    done(moved)
}
