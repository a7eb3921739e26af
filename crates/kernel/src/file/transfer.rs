//! Transfers between two descriptions: what they have in common, `sendfile` and `copy_file_range`. Bytes pass
//! through the kernel's transfer buffer.

use super::io::{self, broken_pipe};
use super::ranges::{TRANSFER_MAX, with_buffer};
use super::{FileId, Object, Target, regular};
use crate::abi::errno::{EAGAIN, EBADF, EINVAL, EOVERFLOW, EPIPE};
use crate::caller::Caller;
use crate::causality::Spot;
use crate::syscall::{Sys, block, done};
use crate::wait::{Wait, WaitKey};
use model::Errno;

/// Whether a description's content has positions: an inode or a memory file.
pub(super) fn has_positions(c: &Caller<'_>, file: FileId) -> bool {
    matches!(c.k.open_file(file).target, Target::Inode(_))
}

/// Writes without parking: at its position, which moves along, if it has one.
///
/// # Errors
/// `EAGAIN` when nothing fits, `EPIPE` when nobody reads, `EINVAL` for what cannot be written.
pub(super) fn put(c: &mut Caller<'_>, file: FileId, bytes: &[u8]) -> Result<usize, Errno> {
    let Target::Object(object) = c.k.open_file(file).target else { return put_positioned(c, file, bytes) };
    match c.k.files.objects.get(&object) {
        Some(Object::Socket(_)) => c.k.stream_send(object, bytes),
        Some(Object::Pipe(pipe)) => {
            if !pipe.has_readers() {
                return Err(EPIPE);
            }
            let n = pipe.room().min(bytes.len());
            if n == 0 {
                return Err(EAGAIN);
            }
            c.k.files.pipe(object)?.push(&bytes[..n], false);
            c.k.causes.put(Spot::Object(object), n);
            c.k.pipe_filled(object);
            Ok(n)
        }
        _ => Err(EINVAL),
    }
}

fn put_positioned(c: &mut Caller<'_>, file: FileId, bytes: &[u8]) -> Result<usize, Errno> {
    let at = regular::write_position(c, file, io::Place::Current);
    let n = regular::put(c, file, at, bytes)?;
    c.k.open_file_mut(file).offset = at + n as u64;
    Ok(n)
}

/// A position that a call takes from guest memory and gives back moved, or the description's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    file: FileId,
    /// Where in guest memory the position is; 0 means the description's own.
    at: u64,
    start: u64,
}

impl Cursor {
    /// Reads the position.
    ///
    /// # Errors
    /// `EFAULT`, `EINVAL` if it is negative.
    pub(super) fn read(c: &mut Caller<'_>, file: FileId, at: u64) -> Result<Cursor, Errno> {
        let start = if at == 0 { c.k.open_file(file).offset } else { c.read_u64(at)? };
        if start > i64::MAX as u64 { Err(EINVAL) } else { Ok(Cursor { file, at, start }) }
    }
    /// The position.
    pub(super) fn start(self) -> u64 {
        self.start
    }
    /// Moves it.
    ///
    /// # Errors
    /// `EFAULT`.
    pub(super) fn advance(self, c: &mut Caller<'_>, by: u64) -> Result<(), Errno> {
        let to = self.start + by;
        if self.at != 0 {
            return c.write_u64(self.at, to);
        }
        c.k.open_file_mut(self.file).offset = to;
        Ok(())
    }
}

/// How a transfer that stopped ends. What was moved by now and by earlier attempts counts; without any of it the
/// error does, and `EAGAIN` parks unless the description forbids it.
pub(super) fn ended(c: &mut Caller<'_>, on: FileId, why: Option<Errno>, parks: &'static str) -> Sys {
    let moved = c.call().progress;
    if why == Some(EPIPE) {
        broken_pipe(c);
    }
    if why == Some(EAGAIN) && !c.k.open_file(on).nonblocking() {
        let interrupted = moved != 0 && c.k.has_deliverable_signal(c.id);
        if let (Some(object), false) = (c.k.open_file(on).object(), interrupted) {
            return block(Wait::on(WaitKey::Object(object), parks));
        }
    }
    match why {
        Some(errno) if moved == 0 => Err(errno),
        _ => done(moved),
    }
}

/// `sendfile(out, in, offset, count)`
pub(crate) fn sendfile(c: &mut Caller<'_>) -> Sys {
    let (offset, count) = (c.arg(2), c.arg(3).min(TRANSFER_MAX));
    let from = io::readable(c, c.int(1))?;
    let to = io::writable(c, c.int(0))?;
    if !has_positions(c, from) || c.k.open_file(to).flags & libc::O_APPEND as u32 != 0 {
        return Err(EINVAL);
    }
    let cursor = Cursor::read(c, from, offset)?;
    let before = c.call().progress;
    let why = with_buffer(c, |c, buffer| {
        while c.call().progress < count {
            let moved = c.call().progress;
            let n = buffer.len().min((count - moved) as usize);
            // The position was moved by what earlier attempts did, so that only this attempt's part is added.
            let got = regular::get(c, from, cursor.start() + (moved - before), &mut buffer[..n])?;
            if got == 0 {
                break;
            }
            let taken = put(c, to, &buffer[..got])?;
            c.call().progress += taken as u64;
        }
        Ok(())
    });
    let moved = c.call().progress - before;
    cursor.advance(c, moved)?;
    ended(c, to, why.err(), "the receiver of sendfile is full")
}

/// `copy_file_range(in, offset_in, out, offset_out, count, flags)`
pub(crate) fn copy_file_range(c: &mut Caller<'_>) -> Sys {
    let count = c.arg(4).min(TRANSFER_MAX);
    let from = io::readable(c, c.int(0))?;
    let to = io::writable(c, c.int(2))?;
    if c.k.open_file(to).flags & libc::O_APPEND as u32 != 0 {
        return Err(EBADF);
    }
    if c.arg(5) != 0 {
        return Err(EINVAL);
    }
    for file in [from, to] {
        must_be_regular(c, file)?;
    }
    let source = Cursor::read(c, from, c.arg(1))?;
    let sink = Cursor::read(c, to, c.arg(3))?;
    let distance = source.start().abs_diff(sink.start());
    if c.k.open_file(from).target == c.k.open_file(to).target && distance < count {
        return Err(EINVAL);
    }
    if sink.start().checked_add(count).is_none_or(|end| end > i64::MAX as u64) {
        return Err(EOVERFLOW);
    }
    let result = with_buffer(c, |c, buffer| {
        let mut moved = 0;
        while moved < count {
            let n = buffer.len().min((count - moved) as usize);
            let step = regular::get(c, from, source.start() + moved, &mut buffer[..n])
                .and_then(|got| regular::put(c, to, sink.start() + moved, &buffer[..got]));
            match step {
                Ok(0) => break,
                Ok(taken) => moved += taken as u64,
                Err(_) if moved != 0 => break,
                Err(errno) => return Err(errno),
            }
        }
        Ok(moved)
    });
    let moved = result?;
    source.advance(c, moved)?;
    sink.advance(c, moved)?;
    done(moved)
}

fn must_be_regular(c: &mut Caller<'_>, file: FileId) -> Result<(), Errno> {
    let Target::Inode(inode) = c.k.open_file(file).target else {
        return if has_positions(c, file) { Ok(()) } else { Err(EINVAL) };
    };
    let (_, mode) = c.k.inode_size_mode(&mut *c.host, inode);
    io::not_a_directory(mode)?;
    if mode & libc::S_IFMT == libc::S_IFREG { Ok(()) } else { Err(EINVAL) }
}
