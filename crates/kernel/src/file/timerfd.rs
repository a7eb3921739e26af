//! Timers as descriptors: `timerfd`.
//!
//! As on Linux a periodic timer fires once and stays quiet until somebody looks; how often it *would* have fired is
//! computed then. So an unread timer does not keep the world busy.

use super::io::{file, give_number, park_or_again};
use super::ranges::total;
use super::{FileId, Object, Target};
use crate::abi::errno::{EINVAL, EPERM};
use crate::caller::Caller;
use crate::syscall::{Sys, done};
use crate::time::{TimerAction, TimerId};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Errno, VirtualDuration, VirtualTime};

/// A timer.
#[derive(Debug)]
pub struct TimerFd {
    clock: i32,
    /// When it is due, or was due last.
    at: VirtualTime,
    /// Its period; zero fires once.
    interval: VirtualDuration,
    /// How often it fired and nobody read it.
    ticks: u64,
    /// Armed on the world's clock.
    timer: Option<TimerId>,
    /// It fired and, if periodic, has to be set going again by whoever looks.
    expired: bool,
}

impl TimerFd {
    /// Readiness as `EPOLL*` bits.
    pub(crate) fn readiness(&self) -> u32 {
        if self.ticks > 0 { libc::EPOLLIN as u32 } else { 0 }
    }
}

impl Kernel {
    /// A timerfd is due.
    pub fn timerfd_expired(&mut self, object: ObjectId) {
        let Ok(timer) = self.files.timer(object) else { return };
        timer.timer = None;
        timer.expired = true;
        timer.ticks += 1;
        self.object_event(object, libc::EPOLLIN as u32);
    }
    /// Catches up with the periods that passed since it fired, and arms it again.
    fn timerfd_forward(&mut self, object: ObjectId) -> Result<(), Errno> {
        let now = self.clock.now();
        let timer = self.files.timer(object)?;
        if !timer.expired || timer.interval == VirtualDuration::ZERO {
            return Ok(());
        }
        let passed = now.since(timer.at).0 / timer.interval.0;
        timer.ticks += passed;
        let ahead = timer.interval.0.saturating_mul(passed + 1);
        timer.at = timer.at.after(VirtualDuration(ahead));
        timer.expired = false;
        let at = timer.at;
        self.timerfd_arm(object, at)
    }
    fn timerfd_arm(&mut self, object: ObjectId, at: VirtualTime) -> Result<(), Errno> {
        let id = self.timers.arm(at, TimerAction::TimerFd(object));
        self.files.timer(object)?.timer = Some(id);
        Ok(())
    }
    /// Stops a timer; true if it was going.
    pub(crate) fn timerfd_disarm(&mut self, object: ObjectId) {
        if let Ok(timer) = self.files.timer(object)
            && let Some(id) = timer.timer.take()
        {
            self.timers.disarm(id);
        }
    }
    /// Time to the next expiry, zero if there is none, and the period.
    fn timerfd_setting(&mut self, object: ObjectId) -> Result<(VirtualDuration, VirtualDuration), Errno> {
        self.timerfd_forward(object)?;
        let now = self.clock.now();
        let timer = self.files.timer(object)?;
        // A timer that is going never reads as stopped, even at the very instant it is due.
        let left = if timer.timer.is_some() { timer.at.since(now).0.max(1) } else { 0 };
        Ok((VirtualDuration(left), timer.interval))
    }
}

fn timer_of(c: &Caller<'_>, fd: i32) -> Result<ObjectId, Errno> {
    let file = file(c, fd)?;
    let object = c.k.open_file(file).object().ok_or(EINVAL)?;
    c.k.files.get_timer(object).map(|_| object).ok_or(EINVAL)
}

/// `read` of a timerfd.
pub(crate) fn read(c: &mut Caller<'_>, file: FileId, object: ObjectId, into: &[(u64, u64)]) -> Sys {
    if total(into) < 8 {
        return Err(EINVAL);
    }
    if c.k.files.timer(object)?.ticks == 0 {
        return park_or_again(c, file, object, "the timer has not expired");
    }
    c.k.timerfd_forward(object)?;
    let ticks = std::mem::take(&mut c.k.files.timer(object)?.ticks);
    give_number(c, into, ticks)?;
    done(8)
}

/// `timerfd_create(clock, flags)`
pub(crate) fn timerfd_create(c: &mut Caller<'_>) -> Sys {
    let (clock, flags) = (c.int(0), c.int(1));
    if flags & !(libc::TFD_CLOEXEC | libc::TFD_NONBLOCK) != 0 {
        return Err(EINVAL);
    }
    match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_MONOTONIC | libc::CLOCK_BOOTTIME => {}
        libc::CLOCK_REALTIME_ALARM | libc::CLOCK_BOOTTIME_ALARM => return Err(EPERM),
        _ => return Err(EINVAL),
    }
    let timer = TimerFd {
        clock,
        at: VirtualTime::NEVER,
        interval: VirtualDuration::ZERO,
        ticks: 0,
        timer: None,
        expired: false,
    };
    let object = c.k.add_object(Object::Timer(timer));
    let status = libc::O_RDWR | flags & libc::TFD_NONBLOCK;
    let file = c.k.add_file(Target::Object(object), status as u32, None);
    let process = c.process_id();
    done(c.k.install_fd(process, file, flags & libc::TFD_CLOEXEC != 0, 0)?)
}

/// `timerfd_settime(fd, flags, new, old)`
pub(crate) fn timerfd_settime(c: &mut Caller<'_>) -> Sys {
    let (fd, flags, new, old) = (c.int(0), c.int(1), c.arg(2), c.arg(3));
    let interval = c.read_timespec(new)?;
    let value = c.read_timespec(new.wrapping_add(16))?;
    // The clock is never set, so that cancelling on a change of it never happens.
    if flags & !(libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET) != 0 {
        return Err(EINVAL);
    }
    let object = timer_of(c, fd)?;
    let before = c.k.timerfd_setting(object)?;
    c.k.timerfd_disarm(object);
    let at = match flags & libc::TFD_TIMER_ABSTIME {
        0 => c.now().after(value),
        _ if c.k.files.timer(object)?.clock == libc::CLOCK_REALTIME => c.k.at_time_of_day(c.service(), value.0),
        _ => c.k.clock.at_monotonic(value.0),
    };
    let timer = c.k.files.timer(object)?;
    (timer.at, timer.interval, timer.ticks, timer.expired) = (at, interval, 0, false);
    if value != VirtualDuration::ZERO {
        c.k.timerfd_arm(object, at)?;
    }
    if old != 0 {
        write_setting(c, old, before)?;
    }
    done(0)
}

/// `timerfd_gettime(fd, current)`
pub(crate) fn timerfd_gettime(c: &mut Caller<'_>) -> Sys {
    let object = timer_of(c, c.int(0))?;
    let setting = c.k.timerfd_setting(object)?;
    write_setting(c, c.arg(1), setting)?;
    done(0)
}

fn write_setting(c: &mut Caller<'_>, at: u64, setting: (VirtualDuration, VirtualDuration)) -> Result<(), Errno> {
    let (left, interval) = setting;
    c.write_timespec(at, interval.0)?;
    c.write_timespec(at.wrapping_add(16), left.0)
}
