//! Event counters: `eventfd`.

use super::io::{give_number, park_or_again};
use super::ranges::{gather, total};
use super::{FileId, Object, Target};
use crate::abi::errno::{EFAULT, EINVAL};
use crate::caller::Caller;
use crate::causality::Spot;
use crate::syscall::{Sys, done};
use crate::wait::ObjectId;

/// The highest value a counter takes.
const COUNT_MAX: u64 = u64::MAX - 1;

/// A counter.
#[derive(Debug)]
pub struct EventFd {
    count: u64,
    /// Reads take one instead of all.
    semaphore: bool,
}

impl EventFd {
    /// Readiness as `EPOLL*` bits.
    pub(crate) fn readiness(&self) -> u32 {
        let readable = if self.count > 0 { libc::EPOLLIN } else { 0 };
        let writable = if self.count < COUNT_MAX { libc::EPOLLOUT } else { 0 };
        (readable | writable) as u32
    }
}

/// `eventfd(initial)`
pub(crate) fn eventfd(c: &mut Caller<'_>) -> Sys {
    make(c, 0)
}
/// `eventfd2(initial, flags)`
pub(crate) fn eventfd2(c: &mut Caller<'_>) -> Sys {
    make(c, c.int(1))
}

fn make(c: &mut Caller<'_>, flags: i32) -> Sys {
    if flags & !(libc::EFD_SEMAPHORE | libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) != 0 {
        return Err(EINVAL);
    }
    let count = u64::from(c.arg(0) as u32);
    let event = EventFd { count, semaphore: flags & libc::EFD_SEMAPHORE != 0 };
    let object = c.k.add_object(Object::Event(event));
    let status = libc::O_RDWR | flags & libc::EFD_NONBLOCK;
    let file = c.k.add_file(Target::Object(object), status as u32, None);
    let process = c.process_id();
    done(c.k.install_fd(process, file, flags & libc::EFD_CLOEXEC != 0, 0)?)
}

/// `read` of an eventfd.
pub(crate) fn read(c: &mut Caller<'_>, file: FileId, object: ObjectId, into: &[(u64, u64)]) -> Sys {
    if total(into) < 8 {
        return Err(EINVAL);
    }
    let event = c.k.files.event(object)?;
    if event.count == 0 {
        return park_or_again(c, file, object, "the event counter is zero");
    }
    let taken = if event.semaphore { 1 } else { event.count };
    event.count -= taken;
    match event.count {
        0 => c.k.causes.drain(Spot::Object(object)),
        _ => c.k.causes.see(Spot::Object(object)),
    }
    c.k.object_event(object, libc::EPOLLOUT as u32);
    give_number(c, into, taken)?;
    done(8)
}

/// `write` of an eventfd.
pub(crate) fn write(c: &mut Caller<'_>, file: FileId, object: ObjectId, from: &[(u64, u64)]) -> Sys {
    if total(from) < 8 {
        return Err(EINVAL);
    }
    let mut bytes = [0; 8];
    if gather(c, from, 0, &mut bytes)? < 8 {
        return Err(EFAULT);
    }
    let value = u64::from_le_bytes(bytes);
    if value == u64::MAX {
        return Err(EINVAL);
    }
    let event = c.k.files.event(object)?;
    if value > COUNT_MAX - event.count {
        return park_or_again(c, file, object, "the event counter would overflow");
    }
    event.count += value;
    c.k.causes.mark(Spot::Object(object));
    c.k.object_event(object, libc::EPOLLIN as u32);
    done(8)
}
