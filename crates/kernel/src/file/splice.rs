//! `splice` and `tee`: transfers of which one side is a pipe.

use super::io::{self, park_or_again};
use super::ranges::{TRANSFER_MAX, iovec, total, with_buffer};
use super::transfer::{Cursor, has_positions, put};
use super::{FileId, Object, pipe, regular};
use crate::abi::errno::{EAGAIN, EBADF, EINVAL, EPIPE, ESPIPE};
use crate::caller::Caller;
use crate::causality::Spot;
use crate::syscall::{Sys, block, done};
use crate::wait::{ObjectId, Wait, WaitKey};
use model::Errno;

const KNOWN: u32 = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MORE | libc::SPLICE_F_GIFT;

fn pipe_of(c: &Caller<'_>, file: FileId) -> Option<ObjectId> {
    let object = c.k.open_file(file).object()?;
    c.k.files.get_pipe(object).map(|_| object)
}

/// Parks until the object changes; the flag of the call and that of the description both forbid it.
fn wait(c: &mut Caller<'_>, file: FileId, object: ObjectId, flags: u32, why: &'static str) -> Sys {
    if flags & libc::SPLICE_F_NONBLOCK != 0 { Err(EAGAIN) } else { park_or_again(c, file, object, why) }
}

/// `splice(in, offset_in, out, offset_out, len, flags)`
pub(crate) fn splice(c: &mut Caller<'_>) -> Sys {
    let (len, flags) = (c.arg(4).min(TRANSFER_MAX) as usize, c.arg(5) as u32);
    if len == 0 {
        return done(0);
    }
    if flags & !KNOWN != 0 {
        return Err(EINVAL);
    }
    let from = io::readable(c, c.int(0))?;
    let to = io::writable(c, c.int(2))?;
    let (source, sink) = (pipe_of(c, from), pipe_of(c, to));
    for (end, offset) in [(source, c.arg(1)), (sink, c.arg(3))] {
        if end.is_some() && offset != 0 {
            return Err(ESPIPE);
        }
    }
    match (source, sink) {
        (Some(source), Some(sink)) if source == sink => Err(EINVAL),
        (Some(source), sink) => drain(c, from, source, to, sink, len, flags),
        (None, Some(sink)) => fill(c, from, to, sink, len, flags),
        (None, None) => Err(EINVAL),
    }
}

/// From a pipe to anything.
fn drain(
    c: &mut Caller<'_>,
    from: FileId,
    source: ObjectId,
    to: FileId,
    sink: Option<ObjectId>,
    len: usize,
    flags: u32,
) -> Sys {
    let pipe = c.k.files.pipe(source)?;
    if pipe.is_empty() {
        return if pipe.has_writers() { wait(c, from, source, flags, "the pipe is empty") } else { done(0) };
    }
    let was = pipe.fullness();
    let cursor = match c.arg(3) {
        0 => None,
        _ if !has_positions(c, to) => return Err(ESPIPE),
        at => Some(Cursor::read(c, to, at)?),
    };
    let result = with_buffer(c, |c, buffer| {
        let n = len.min(buffer.len());
        let n = c.k.files.pipe(source)?.peek(&mut buffer[..n]);
        match cursor {
            Some(cursor) => regular::put(c, to, cursor.start(), &buffer[..n]),
            None => put(c, to, &buffer[..n]),
        }
    });
    match result {
        Ok(n) => {
            pipe::take(c.k, source, n)?;
            c.k.pipe_drained(source, was);
            if let Some(cursor) = cursor {
                cursor.advance(c, n as u64)?;
            }
            done(n as u64)
        }
        Err(EAGAIN) => {
            let Some(object) = sink.or_else(|| c.k.open_file(to).object()) else { return Err(EAGAIN) };
            // Between two pipes the flag governs both ends, towards a socket only the socket's own mode counts.
            let flags = if sink.is_some() { flags } else { 0 };
            wait(c, to, object, flags, "the receiver of splice is full")
        }
        Err(errno) => broken(c, errno),
    }
}

/// From a file or a socket to a pipe.
fn fill(c: &mut Caller<'_>, from: FileId, to: FileId, sink: ObjectId, len: usize, flags: u32) -> Sys {
    let pipe = c.k.files.pipe(sink)?;
    let room = pipe.room();
    if !pipe.has_readers() {
        return broken(c, EPIPE);
    }
    if room == 0 {
        return wait(c, to, sink, flags, "the pipe is full");
    }
    if has_positions(c, from) {
        let cursor = Cursor::read(c, from, c.arg(1))?;
        let n = with_buffer(c, |c, buffer| {
            let n = len.min(room).min(buffer.len());
            match regular::get(c, from, cursor.start(), &mut buffer[..n])? {
                0 => Ok(0),
                n => put(c, to, &buffer[..n]),
            }
        })?;
        cursor.advance(c, n as u64)?;
        return done(n as u64);
    }
    if c.arg(1) != 0 {
        return Err(ESPIPE);
    }
    let object = c.k.open_file(from).object().ok_or(EINVAL)?;
    if !matches!(c.k.files.objects.get(&object), Some(Object::Socket(_))) {
        return Err(EINVAL);
    }
    match c.k.stream_receive(object, len.min(room)) {
        Ok(bytes) if bytes.is_empty() => done(0),
        Ok(bytes) => done(put(c, to, &bytes)? as u64),
        Err(EAGAIN) if !c.k.open_file(from).nonblocking() => {
            block(Wait::on(WaitKey::Object(object), "nothing has arrived to splice"))
        }
        Err(errno) => Err(errno),
    }
}

fn broken(c: &mut Caller<'_>, errno: Errno) -> Sys {
    if errno == EPIPE {
        io::broken_pipe(c);
    }
    Err(errno)
}

/// `vmsplice(fd, iov, count, flags)`: the pages are copied, not lent, so that later stores do not show in the pipe.
pub(crate) fn vmsplice(c: &mut Caller<'_>) -> Sys {
    let flags = c.arg(3) as u32;
    if flags & !KNOWN != 0 {
        return Err(EINVAL);
    }
    let file = io::file(c, c.int(0))?;
    let ranges = iovec(c, c.arg(1), c.arg(2))?;
    let object = pipe_of(c, file).ok_or(EBADF)?;
    if total(&ranges) == 0 {
        return done(0);
    }
    let writes = c.k.open_file(file).writable();
    let pipe = c.k.files.pipe(object)?;
    let stuck = if writes { pipe.is_full() && pipe.has_readers() } else { pipe.is_empty() && pipe.has_writers() };
    if stuck && flags & libc::SPLICE_F_NONBLOCK != 0 {
        return Err(EAGAIN);
    }
    if writes { pipe::write(c, file, object, &ranges) } else { pipe::read(c, file, object, &ranges) }
}

/// `tee(in, out, len, flags)`
pub(crate) fn tee(c: &mut Caller<'_>) -> Sys {
    let (len, flags) = (c.arg(2).min(TRANSFER_MAX) as usize, c.arg(3) as u32);
    if flags & !KNOWN != 0 {
        return Err(EINVAL);
    }
    if len == 0 {
        return done(0);
    }
    let from = io::readable(c, c.int(0))?;
    let to = io::writable(c, c.int(1))?;
    let (Some(source), Some(sink)) = (pipe_of(c, from), pipe_of(c, to)) else { return Err(EINVAL) };
    if source == sink {
        return Err(EINVAL);
    }
    let pipe = c.k.files.pipe(source)?;
    if pipe.is_empty() {
        return if pipe.has_writers() { wait(c, from, source, flags, "the pipe is empty") } else { done(0) };
    }
    let copied = with_buffer(c, |c, buffer| {
        let n = len.min(buffer.len());
        let n = c.k.files.pipe(source)?.peek(&mut buffer[..n]);
        c.k.causes.peek(Spot::Object(source), n);
        put(c, to, &buffer[..n])
    });
    match copied {
        Ok(n) => done(n as u64),
        Err(EAGAIN) => wait(c, to, sink, flags, "the pipe is full"),
        Err(errno) => broken(c, errno),
    }
}
