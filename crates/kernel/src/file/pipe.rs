//! Pipes: a queue of bytes between two kinds of descriptions, counted by access mode.
//!
//! ```text
//!   write end ──> [ bytes … up to capacity ] ──> read end
//!   no reader left: EPIPE and SIGPIPE            no writer left: end of file, once the bytes are gone
//! ```
//!
//! As on Linux a pipe has room for a number of *buffers* of one page each. A write fills what is left of the last one if
//! its odd bytes fit there, and takes new ones for the rest; a buffer is free again when it was read to its end. Writes of
//! at most [`PIPE_BUF`] bytes go in whole or not at all; larger ones go in piece by piece, and `InCall::progress` says how
//! far one got while it was parked. In packet mode (`O_DIRECT`) every buffer is a packet, and one read takes one packet.

use super::io::{broken_pipe, park_or_again};
use super::ranges::{CHUNK, gather, scatter, total, with_buffer};
use super::{FileId, Object, Target};
use crate::abi::errno::{EAGAIN, EBUSY, EFAULT, EINVAL, ENXIO, EPERM, EPIPE};
use crate::abi::page_up;
use crate::caller::Caller;
use crate::causality::Spot;
use crate::fs::InodeRef;
use crate::syscall::block;
use crate::syscall::{Sys, dispatch, done};
use crate::wait::{ObjectId, Wait, WaitKey};
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

/// A buffer of a pipe: at most a page.
#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    /// How much of it was read.
    taken: usize,
    /// Later writes may fill it up.
    open: bool,
    /// It is a packet.
    packet: bool,
}

impl Buffer {
    fn unread(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }
}

/// A pipe.
#[derive(Debug)]
pub struct Pipe {
    buffers: VecDeque<Buffer>,
    /// Memory of a buffer that was read to its end, for the next one.
    spare: Vec<u8>,
    /// How many buffers there may be.
    slots: usize,
    readers: u32,
    writers: u32,
    /// How many descriptions that read and that write it there have ever been: what opening a named pipe waits for.
    opened: (u32, u32),
    /// How many of the oldest bytes a reader was told of (`FIONREAD`).
    told: usize,
}

impl Pipe {
    /// How many bytes wait to be read.
    pub fn len(&self) -> usize {
        self.buffers.iter().map(|b| b.unread().len()).sum()
    }
    /// Whether nothing waits to be read.
    pub fn is_empty(&self) -> bool {
        self.buffers.is_empty()
    }
    /// How many bytes it can hold.
    pub fn capacity(&self) -> usize {
        self.slots * PIPE_BUF
    }
    /// How many more bytes fit in new buffers.
    pub fn room(&self) -> usize {
        self.slots.saturating_sub(self.buffers.len()) * PIPE_BUF
    }
    /// Whether every buffer is in use, so that a write may have to wait.
    pub fn is_full(&self) -> bool {
        self.buffers.len() >= self.slots
    }
    /// Whether a description that reads from it is open.
    pub fn has_readers(&self) -> bool {
        self.readers != 0
    }
    /// Whether a description that writes to it is open.
    pub fn has_writers(&self) -> bool {
        self.writers != 0
    }
    /// Copies the oldest bytes without taking them, of one packet alone if it is one; returns how many.
    pub(crate) fn peek(&self, into: &mut [u8]) -> usize {
        let mut n = 0;
        for buffer in &self.buffers {
            let part = buffer.unread();
            let len = part.len().min(into.len() - n);
            into[n..n + len].copy_from_slice(&part[..len]);
            n += len;
            if n == into.len() || buffer.packet {
                break;
            }
        }
        n
    }
    /// Whether the oldest bytes are a packet.
    pub(crate) fn is_packet(&self) -> bool {
        self.buffers.front().is_some_and(|b| b.packet)
    }
    /// A reader is told how many bytes there are.
    pub(crate) fn tell(&mut self) -> usize {
        self.told = self.len();
        self.told
    }
    /// How many buffers a read of so many bytes reads to their end, if a part of them might be all that has come: not
    /// where nobody is left to write more, and a packet is whole.
    fn divisible(&self, wanted: u64) -> usize {
        if !self.has_writers() || self.is_packet() || self.buffers.len() < 2 {
            return 1;
        }
        let ends = self.buffers.iter().scan(0, |sum, buffer| {
            *sum += buffer.unread().len() as u64;
            Some(*sum)
        });
        ends.take_while(|end| *end <= wanted).count()
    }
    /// How many bytes so many of the oldest buffers hold, and no fewer than were told of.
    fn bytes_of(&self, buffers: usize) -> u64 {
        let bytes: usize = self.buffers.iter().take(buffers).map(|b| b.unread().len()).sum();
        bytes.max(self.told) as u64
    }
    /// Drops the oldest bytes; of a packet also what is left of it.
    fn consume(&mut self, mut n: usize) {
        self.told = self.told.saturating_sub(n);
        while let Some(buffer) = self.buffers.front_mut() {
            let len = buffer.unread().len().min(n);
            buffer.taken += len;
            n -= len;
            if buffer.taken < buffer.bytes.len() && !buffer.packet {
                break;
            }
            if let Some(mut done) = self.buffers.pop_front() {
                done.bytes.clear();
                self.spare = done.bytes;
            }
            if n == 0 {
                break;
            }
        }
    }
    /// How many bytes of a write that starts now would go into the last buffer: its odd bytes, if they fit there.
    fn merges(&self, len: usize) -> usize {
        let odd = len % PIPE_BUF;
        self.buffers.back().filter(|b| b.open && b.bytes.len() + odd <= PIPE_BUF).map_or(0, |_| odd)
    }
    /// Fills the last buffer up with bytes that [`Pipe::merges`] says fit there.
    fn merge(&mut self, bytes: &[u8]) {
        if let Some(last) = self.buffers.back_mut() {
            last.bytes.extend_from_slice(bytes);
        }
    }
    /// Adds bytes in new buffers, which must fit.
    ///
    /// # Panics
    /// If they do not.
    pub(crate) fn push(&mut self, bytes: &[u8], packet: bool) {
        assert!(bytes.len() <= self.room(), "a pipe never holds more than its capacity");
        for page in bytes.chunks(PIPE_BUF) {
            let mut bytes = std::mem::take(&mut self.spare);
            bytes.extend_from_slice(page);
            self.buffers.push_back(Buffer { bytes, taken: 0, open: !packet, packet });
        }
    }
    /// Readiness of one end as `EPOLL*` bits. Some readers of named pipes have not heard of any writer yet.
    pub(crate) fn readiness(&self, reads: bool, writes: bool, named: Option<Named>) -> u32 {
        let mut bits = 0;
        if reads {
            bits |= if self.is_empty() { 0 } else { READABLE };
            let silent = self.has_writers() || named.is_some_and(|n| !n.has_heard(self));
            bits |= if silent { 0 } else { libc::EPOLLHUP as u32 };
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
        self.opened.0 = self.opened.0.wrapping_add_signed(reads.max(0));
        self.opened.1 = self.opened.1.wrapping_add_signed(writes.max(0));
    }
}

impl Kernel {
    /// A new pipe without ends, for `pipe` and for named pipes of file systems; [`Kernel::add_file`] makes the ends.
    pub fn pipe_new(&mut self) -> ObjectId {
        let pipe = Pipe {
            buffers: VecDeque::new(),
            spare: Vec::new(),
            slots: CAPACITY / PIPE_BUF,
            readers: 0,
            writers: 0,
            opened: (0, 0),
            told: 0,
        };
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
        if was == Fullness::Full && self.files.get_pipe(object).is_some_and(|p| !p.is_full()) {
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
        c.k.causes.see(Spot::Ending(object));
        return done(0);
    }
    if pipe.is_empty() {
        return park_or_again(c, file, object, "the pipe is empty");
    }
    let (was, buffers) = (pipe.fullness(), pipe.divisible(wanted));
    let part = c.k.part_of(c.id, buffers);
    let wanted = if part < buffers { wanted.min(c.k.files.pipe(object)?.bytes_of(part)) } else { wanted };
    let moved = with_buffer(c, |c, buffer| {
        let mut moved = 0;
        loop {
            let n = buffer.len().min((wanted - moved) as usize);
            let pipe = c.k.files.pipe(object)?;
            let packet = pipe.is_packet();
            let n = pipe.peek(&mut buffer[..n]);
            if n == 0 || (packet && moved != 0) {
                return Ok(moved);
            }
            match scatter(c, into, moved, &buffer[..n]) {
                Ok(given) => {
                    take(c.k, object, given)?;
                    moved += given as u64;
                    if packet {
                        return Ok(moved);
                    }
                }
                Err(_) if moved != 0 => return Ok(moved),
                Err(errno) => return Err(errno),
            }
        }
    })?;
    c.k.pipe_drained(object, was);
    if part < buffers {
        c.k.pipe_filled(object);
    }
    done(moved)
}

/// Takes the oldest bytes of a pipe; of a packet also what is left of it.
pub(super) fn take(k: &mut Kernel, object: ObjectId, n: usize) -> Result<(), Errno> {
    let pipe = k.files.pipe(object)?;
    let before = pipe.len();
    pipe.consume(n);
    let taken = before - pipe.len();
    k.causes.take(Spot::Object(object), taken);
    Ok(())
}

/// `write` and `writev` of a pipe.
pub(crate) fn write(c: &mut Caller<'_>, file: FileId, object: ObjectId, from: &[(u64, u64)]) -> Sys {
    let wanted = total(from);
    if wanted == 0 {
        return done(0);
    }
    let before = c.call().progress;
    let packet = c.k.open_file(file).flags & libc::O_DIRECT as u32 != 0;
    let step = with_buffer(c, |c, buffer| fill(c, object, from, wanted, packet, buffer));
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
    packet: bool,
    buffer: &mut [u8],
) -> Result<(), Errno> {
    if c.call().progress == 0 {
        let pipe = c.k.files.pipe(object)?;
        let n = pipe.merges(usize::try_from(wanted).unwrap_or(0));
        if n != 0 && pipe.has_readers() {
            if gather(c, from, 0, &mut buffer[..n])? < n {
                return Err(EFAULT);
            }
            c.k.files.pipe(object)?.merge(&buffer[..n]);
            c.k.causes.put(Spot::Object(object), n);
            c.call().progress = n as u64;
        }
    }
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
        if pipe.is_full() {
            return Err(EAGAIN);
        }
        let n = left.min(pipe.room());
        if gather(c, from, progress, &mut buffer[..n])? < n {
            return Err(EFAULT);
        }
        c.k.files.pipe(object)?.push(&buffer[..n], packet);
        c.k.causes.put(Spot::Object(object), n);
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
    if flags & libc::O_EXCL != 0 {
        return dispatch::refuse(c, EINVAL, "FB0203: notification pipes");
    }
    if flags & !(libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_DIRECT) != 0 {
        return Err(EINVAL);
    }
    make(c, flags)
}

fn make(c: &mut Caller<'_>, flags: i32) -> Sys {
    let at = c.arg(0);
    c.check(at, 8, libc::PROT_WRITE as u32)?;
    let process = c.process_id();
    let cloexec = flags & libc::O_CLOEXEC != 0;
    let status = (flags & (libc::O_NONBLOCK | libc::O_DIRECT)) as u32;
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

/// What a description of a named pipe, or of another object with a name, remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The inode it was opened by.
    pub inode: InodeRef,
    /// It was opened for reading before there was a writer: until there has been one, nobody has hung up.
    unheard: Option<u32>,
}

impl Named {
    /// A description of something else than a pipe that was opened by a name.
    pub(crate) fn of(inode: InodeRef) -> Named {
        Named { inode, unheard: None }
    }
    /// Whether the end of writing means anything to this reader yet.
    pub(crate) fn has_heard(self, pipe: &Pipe) -> bool {
        self.unheard != Some(pipe.opened.1)
    }
}

/// A description that a call holds while it waits for the other end of a named pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    file: FileId,
    object: ObjectId,
    cloexec: bool,
    /// How often the other end had been opened.
    seen: u32,
}

/// Opens one end of a named pipe, as `fifo(7)` says: without `O_NONBLOCK` each side waits for the other. While it waits,
/// the call holds a description, which counts like any other; [`Kernel::drop_held`] gives it back if a signal ends the
/// wait.
pub(crate) fn open_named(
    c: &mut Caller<'_>,
    inode: InodeRef,
    object: ObjectId,
    (flags, cloexec): (u32, bool),
    path: String,
) -> Sys {
    let access = flags as i32 & libc::O_ACCMODE;
    let nonblocking = flags & libc::O_NONBLOCK as u32 != 0;
    let pipe = c.k.files.pipe(object)?;
    let alone = match access {
        libc::O_RDONLY => !pipe.has_writers(),
        libc::O_WRONLY => !pipe.has_readers(),
        _ => false,
    };
    if alone && nonblocking && access == libc::O_WRONLY {
        return Err(ENXIO);
    }
    let seen = others(pipe, access);
    let unheard = (alone && nonblocking).then_some(seen);
    let file = c.k.add_file(Target::Object(object), flags, Some(path.into()));
    let open = c.k.open_file_mut(file);
    (open.references, open.named) = (1, Some(Named { inode, unheard }));
    c.k.inode_opened(inode);
    let held = Held { file, object, cloexec, seen };
    if alone && !nonblocking {
        return wait_for_other_end(c, held);
    }
    install_named(c, held)
}
/// Goes on with an open that waits for the other end.
pub(crate) fn resume_named(c: &mut Caller<'_>, held: Held) -> Sys {
    let access = c.k.open_file(held.file).flags as i32 & libc::O_ACCMODE;
    if others(c.k.files.pipe(held.object)?, access) == held.seen {
        return wait_for_other_end(c, held);
    }
    install_named(c, held)
}
fn wait_for_other_end(c: &mut Caller<'_>, held: Held) -> Sys {
    c.call().held = Some(held);
    block(Wait::on(WaitKey::Object(held.object), "nobody has opened the other end of the named pipe"))
}
/// How often the other end was opened.
fn others(pipe: &Pipe, access: i32) -> u32 {
    if access == libc::O_RDONLY { pipe.opened.1 } else { pipe.opened.0 }
}
fn install_named(c: &mut Caller<'_>, held: Held) -> Sys {
    let process = c.process_id();
    c.call().held = None;
    if let Some(named) = c.k.open_file(held.file).named {
        c.k.notify(named.inode, libc::IN_OPEN);
    }
    let fd = c.k.install_fd(process, held.file, held.cloexec, 0);
    c.k.release_file(held.file);
    done(fd?)
}

impl Kernel {
    /// A call that held a description ends without having made a descriptor of it.
    pub(crate) fn drop_held(&mut self, thread: model::ThreadId) {
        let held = self.threads.get_mut(&thread).and_then(|t| t.call.held.take());
        if let Some(held) = held {
            self.release_file(held.file);
        }
    }
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
    let slots = size as usize / PIPE_BUF;
    if pipe.buffers.len() > slots {
        return Err(EBUSY);
    }
    pipe.slots = slots;
    c.k.object_event(object, WRITABLE);
    done(size)
}
