//! Pipes: a queue of bytes between two kinds of descriptions, counted by access mode.
//!
//! ```text
//!   write end ──> [ bytes … up to capacity ] ──> read end
//!   no reader left: EPIPE and SIGPIPE            no writer left: end of file, once the bytes are gone
//! ```
//!
//! Capacity is counted in bytes; that Linux counts partly filled pages is not modelled. Writes of at most
//! [`PIPE_BUF`] bytes go in whole or not at all; larger ones go in piece by piece, and `InCall::progress` says how
//! far one got while it was parked.

use super::io::{broken_pipe, park_or_again};
use super::ranges::{CHUNK, gather, scatter, total, with_buffer};
use super::{FileId, Object, Target};
use crate::abi::errno::{EAGAIN, EBUSY, EFAULT, EINVAL, EPERM, EPIPE};
use crate::abi::page_up;
use crate::caller::Caller;
use crate::syscall::{Sys, dispatch, done};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;
use std::collections::VecDeque;

/// The size up to which writes are atomic, and the room that makes a pipe writable.
pub const PIPE_BUF: usize = 4096;
/// The capacity of a new pipe.
pub const CAPACITY: usize = 1 << 16;
/// The largest capacity that `F_SETPIPE_SZ` grants (`fs.pipe-max-size`).
pub const CAPACITY_MAX: u64 = 1 << 20;

const READABLE: u32 = (libc::EPOLLIN | libc::EPOLLRDNORM) as u32;
const WRITABLE: u32 = (libc::EPOLLOUT | libc::EPOLLWRNORM) as u32;

/// A pipe.
#[derive(Debug)]
pub struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    readers: u32,
    writers: u32,
}

impl Pipe {
    /// How many bytes wait to be read.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
    /// Whether nothing waits to be read.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
    /// How many bytes it can hold.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
    /// How many more bytes fit.
    pub fn room(&self) -> usize {
        self.capacity - self.bytes.len()
    }
    /// Whether a write of [`PIPE_BUF`] bytes would have to wait.
    pub fn is_full(&self) -> bool {
        self.room() < PIPE_BUF
    }
    /// Whether a description that reads from it is open.
    pub fn has_readers(&self) -> bool {
        self.readers != 0
    }
    /// Whether a description that writes to it is open.
    pub fn has_writers(&self) -> bool {
        self.writers != 0
    }
    /// Copies the oldest bytes without taking them; returns how many.
    pub(crate) fn peek(&self, into: &mut [u8]) -> usize {
        let n = into.len().min(self.bytes.len());
        let (front, back) = self.bytes.as_slices();
        let k = n.min(front.len());
        into[..k].copy_from_slice(&front[..k]);
        into[k..n].copy_from_slice(&back[..n - k]);
        n
    }
    /// Drops the oldest bytes.
    pub(crate) fn consume(&mut self, n: usize) {
        self.bytes.drain(..n);
    }
    /// Adds bytes, which must fit.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.room(), "a pipe never holds more than its capacity");
        self.bytes.extend(bytes);
    }
    /// Readiness of one end as `EPOLL*` bits.
    pub(crate) fn readiness(&self, reads: bool, writes: bool) -> u32 {
        let mut bits = 0;
        if reads {
            bits |= if self.is_empty() { 0 } else { READABLE };
            bits |= if self.has_writers() { 0 } else { libc::EPOLLHUP as u32 };
        }
        if writes {
            bits |= if self.is_full() { 0 } else { WRITABLE };
            bits |= if self.has_readers() { 0 } else { libc::EPOLLERR as u32 };
        }
        bits
    }
    fn count(&mut self, flags: u32, by: i32) {
        let (mut reads, mut writes) = (0, 0);
        match flags as i32 & libc::O_ACCMODE {
            libc::O_RDONLY => reads = by,
            libc::O_WRONLY => writes = by,
            _ => (reads, writes) = (by, by),
        }
        self.readers = self.readers.saturating_add_signed(reads);
        self.writers = self.writers.saturating_add_signed(writes);
    }
}

impl Kernel {
    /// A new pipe without ends, for `pipe` and for named pipes of file systems; [`Kernel::add_file`] makes the ends.
    pub fn pipe_new(&mut self) -> ObjectId {
        let pipe = Pipe { bytes: VecDeque::new(), capacity: CAPACITY, readers: 0, writers: 0 };
        self.add_object(Object::Pipe(pipe))
    }
    /// There is a new description of an object: if that is a pipe, its access mode says which end it holds.
    pub(super) fn pipe_opened(&mut self, object: ObjectId, flags: u32) {
        if let Ok(pipe) = self.files.pipe(object) {
            pipe.count(flags, 1);
            self.object_changed(object);
        }
    }
    /// Bytes were added.
    pub(crate) fn pipe_filled(&mut self, object: ObjectId) {
        self.object_event(object, READABLE);
    }
    /// Bytes were taken. Only writers of a full pipe can have waited for that.
    pub(crate) fn pipe_drained(&mut self, object: ObjectId, was: Fullness) {
        if was == Fullness::Full {
            self.object_event(object, WRITABLE);
        }
    }
    /// A description of a pipe is gone.
    pub(crate) fn pipe_closed(&mut self, object: ObjectId, flags: u32) {
        let Ok(pipe) = self.files.pipe(object) else { return };
        pipe.count(flags, -1);
        if pipe.has_readers() || pipe.has_writers() {
            self.object_event(object, READABLE | WRITABLE | (libc::EPOLLERR | libc::EPOLLHUP) as u32);
        } else {
            self.files.objects.remove(&object);
        }
    }
}

/// Whether a pipe was full before bytes were taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fullness {
    /// Writers may wait.
    Full,
    /// There was room for any atomic write.
    Roomy,
}

impl Pipe {
    /// See [`Fullness`].
    pub(crate) fn fullness(&self) -> Fullness {
        if self.is_full() { Fullness::Full } else { Fullness::Roomy }
    }
}

/// `read` and `readv` of a pipe.
pub(crate) fn read(c: &mut Caller<'_>, file: FileId, object: ObjectId, into: &[(u64, u64)]) -> Sys {
    let wanted = total(into);
    let pipe = c.k.files.pipe(object)?;
    if wanted == 0 || (pipe.is_empty() && !pipe.has_writers()) {
        return done(0);
    }
    if pipe.is_empty() {
        return park_or_again(c, file, object, "the pipe is empty");
    }
    let was = pipe.fullness();
    let moved = with_buffer(c, |c, buffer| {
        let mut moved = 0;
        loop {
            let n = buffer.len().min((wanted - moved) as usize);
            let n = c.k.files.pipe(object)?.peek(&mut buffer[..n]);
            if n == 0 {
                return Ok(moved);
            }
            match scatter(c, into, moved, &buffer[..n]) {
                Ok(given) => {
                    c.k.files.pipe(object)?.consume(given);
                    moved += given as u64;
                }
                Err(_) if moved != 0 => return Ok(moved),
                Err(errno) => return Err(errno),
            }
        }
    })?;
    c.k.pipe_drained(object, was);
    done(moved)
}

/// `write` and `writev` of a pipe.
pub(crate) fn write(c: &mut Caller<'_>, file: FileId, object: ObjectId, from: &[(u64, u64)]) -> Sys {
    let wanted = total(from);
    if wanted == 0 {
        return done(0);
    }
    let before = c.call().progress;
    let step = with_buffer(c, |c, buffer| fill(c, object, from, wanted, buffer));
    let progress = c.call().progress;
    if progress != before {
        c.k.pipe_filled(object);
    }
    match step {
        Err(EPIPE) => {
            broken_pipe(c);
            if progress == 0 { Err(EPIPE) } else { done(progress) }
        }
        Err(EAGAIN) => {
            let stops = c.k.open_file(file).nonblocking() || c.k.has_deliverable_signal(c.id);
            if progress != 0 && stops { done(progress) } else { park_or_again(c, file, object, "the pipe is full") }
        }
        Err(errno) if progress == 0 => Err(errno),
        _ => done(progress),
    }
}

/// Moves what fits; `InCall::progress` counts.
fn fill(
    c: &mut Caller<'_>,
    object: ObjectId,
    from: &[(u64, u64)],
    wanted: u64,
    buffer: &mut [u8],
) -> Result<(), Errno> {
    loop {
        let progress = c.call().progress;
        let left = (wanted - progress).min(CHUNK as u64) as usize;
        if left == 0 {
            return Ok(());
        }
        let pipe = c.k.files.pipe(object)?;
        if !pipe.has_readers() {
            return Err(EPIPE);
        }
        let needed = if wanted <= PIPE_BUF as u64 { left } else { 1 };
        if pipe.room() < needed {
            return Err(EAGAIN);
        }
        let n = left.min(pipe.room());
        if gather(c, from, progress, &mut buffer[..n])? < n {
            return Err(EFAULT);
        }
        c.k.files.pipe(object)?.push(&buffer[..n]);
        c.call().progress += n as u64;
    }
}

/// `pipe(fds)`
pub(crate) fn pipe(c: &mut Caller<'_>) -> Sys {
    make(c, 0)
}
/// `pipe2(fds, flags)`
pub(crate) fn pipe2(c: &mut Caller<'_>) -> Sys {
    let flags = c.int(1);
    if flags & !(libc::O_CLOEXEC | libc::O_NONBLOCK) != 0 {
        return dispatch::refuse(c, EINVAL, "FB0103: packet or notification pipes");
    }
    make(c, flags)
}

fn make(c: &mut Caller<'_>, flags: i32) -> Sys {
    let at = c.arg(0);
    c.check(at, 8, libc::PROT_WRITE as u32)?;
    let process = c.process_id();
    let cloexec = flags & libc::O_CLOEXEC != 0;
    let status = (flags & libc::O_NONBLOCK) as u32;
    let object = c.k.pipe_new();
    let reader = c.k.add_file(Target::Object(object), status | libc::O_RDONLY as u32, None);
    let writer = c.k.add_file(Target::Object(object), status | libc::O_WRONLY as u32, None);
    let from = match c.k.install_fd(process, reader, cloexec, 0) {
        Ok(fd) => fd,
        Err(errno) => {
            c.k.open_file_mut(writer).references += 1;
            c.k.release_file(writer);
            return Err(errno);
        }
    };
    let to = match c.k.install_fd(process, writer, cloexec, 0) {
        Ok(fd) => fd,
        Err(errno) => {
            c.k.close_fd(process, from)?;
            return Err(errno);
        }
    };
    c.write_u32(at, from as u32)?;
    c.write_u32(at + 4, to as u32)?;
    done(0)
}

/// `fcntl(F_SETPIPE_SZ)`
pub(crate) fn resize(c: &mut Caller<'_>, object: ObjectId, asked: u64) -> Sys {
    let asked = asked & 0xffff_ffff;
    if asked > 1 << 31 {
        return Err(EINVAL);
    }
    let size = page_up(asked.max(1)).next_power_of_two();
    if size > CAPACITY_MAX {
        return Err(EPERM);
    }
    let pipe = c.k.files.pipe(object)?;
    if pipe.len() > size as usize {
        return Err(EBUSY);
    }
    pipe.capacity = size as usize;
    c.k.object_event(object, WRITABLE);
    done(size)
}
