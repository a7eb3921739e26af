//! Clocks and sleeping.

use crate::abi::errno::{EINVAL, EOPNOTSUPP, EPERM};
use crate::caller::Caller;
use crate::process::ProcessId;
use crate::process::limits::processor_time;
use crate::syscall::{Sys, block, dispatch, done};
use crate::wait::Wait;
use model::{Errno, VirtualTime};

/// What a clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Since the Unix epoch.
    Real,
    /// Since the machine was started.
    Monotonic,
    /// Time a process has spent on the processor.
    Processor(ProcessId),
}

/// What the clock of this number counts. Negative numbers name the processor time of a process or thread.
pub(super) fn clock_kind(c: &Caller<'_>, number: i32) -> Option<Kind> {
    match number {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_REALTIME_ALARM | libc::CLOCK_TAI => {
            Some(Kind::Real)
        }
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME
        | libc::CLOCK_BOOTTIME_ALARM => Some(Kind::Monotonic),
        libc::CLOCK_PROCESS_CPUTIME_ID | libc::CLOCK_THREAD_CPUTIME_ID => Some(Kind::Processor(c.process_id())),
        // The three lowest bits say which of its times; 3 would be a device's.
        n if n < 0 && n & 3 != 3 => match !(n >> 3) {
            0 => Some(Kind::Processor(c.process_id())),
            pid => c.process_named(pid).map(Kind::Processor),
        },
        _ => None,
    }
}

impl Kind {
    /// The clock's value in nanoseconds. Reading a clock moves it.
    fn read(self, c: &mut Caller<'_>) -> u64 {
        c.k.clock.tick_read();
        if self == Kind::Real {
            let service = c.service();
            c.k.clock_was_read(service);
        }
        self.value(c)
    }
    fn value(self, c: &Caller<'_>) -> u64 {
        match self {
            Kind::Real => c.k.time_of_day(c.service()),
            Kind::Monotonic => c.k.clock.monotonic(),
            Kind::Processor(process) => c.k.processes.get(&process).map_or(0, processor_time),
        }
    }
    /// The instant at which the clock has a value; `None` for one that does not run with the world's.
    pub(super) fn instant(self, c: &Caller<'_>, nanos: u64) -> Option<VirtualTime> {
        match self {
            Kind::Real => Some(c.k.at_time_of_day(c.service(), nanos)),
            Kind::Monotonic => Some(c.k.clock.at_monotonic(nanos)),
            Kind::Processor(_) => None,
        }
    }
}

/// `clock_gettime(clock, time)`.
///
/// # Errors
/// `EINVAL` for an unknown clock, `EFAULT`.
pub fn clock_gettime(c: &mut Caller<'_>) -> Sys {
    let nanos = clock_kind(c, c.int(0)).ok_or(EINVAL)?.read(c);
    c.write_timespec(c.arg(1), nanos)?;
    done(0)
}
/// `clock_getres(clock, resolution)`: one nanosecond, four milliseconds for the coarse clocks.
///
/// # Errors
/// `EINVAL` for an unknown clock, `EFAULT`.
pub fn clock_getres(c: &mut Caller<'_>) -> Sys {
    clock_kind(c, c.int(0)).ok_or(EINVAL)?;
    let coarse = matches!(c.int(0), libc::CLOCK_REALTIME_COARSE | libc::CLOCK_MONOTONIC_COARSE);
    if c.arg(1) != 0 {
        c.write_timespec(c.arg(1), if coarse { 4_000_000 } else { 1 })?;
    }
    done(0)
}
/// `gettimeofday(time, zone)`: the zone is UTC.
///
/// # Errors
/// `EFAULT`.
pub fn gettimeofday(c: &mut Caller<'_>) -> Sys {
    let nanos = Kind::Real.read(c);
    if c.arg(0) != 0 {
        c.write_u64(c.arg(0), nanos / 1_000_000_000)?;
        c.write_u64(c.arg(0).wrapping_add(8), nanos % 1_000_000_000 / 1_000)?;
    }
    if c.arg(1) != 0 {
        c.write_u64(c.arg(1), 0)?;
    }
    done(0)
}
/// `time(seconds)`.
///
/// # Errors
/// `EFAULT`.
pub fn time(c: &mut Caller<'_>) -> Sys {
    let seconds = Kind::Real.read(c) / 1_000_000_000;
    if c.arg(0) != 0 {
        c.write_u64(c.arg(0), seconds)?;
    }
    done(seconds)
}

/// Sleeps until the deadline; `left` is where the remaining time goes if a signal ends the sleep.
fn sleep(c: &mut Caller<'_>, deadline: VirtualTime, left: u64) -> Sys {
    let now = c.now();
    if deadline <= now {
        return done(0);
    }
    // The call does not see its own interruption, so it writes this whenever one may be about to happen.
    if left != 0 && c.k.has_deliverable_signal(c.id) {
        c.write_timespec(left, deadline.since(now).0)?;
    }
    block(Wait::until(deadline, "sleeping"))
}
/// `nanosleep(time, left)`.
///
/// # Errors
/// `EINTR` with the time that was left, `EINVAL`, `EFAULT`.
pub fn nanosleep(c: &mut Caller<'_>) -> Sys {
    let time = c.read_timespec(c.arg(0))?;
    let deadline = c.deadline_in(time);
    sleep(c, deadline, c.arg(1))
}
/// `clock_nanosleep(clock, flags, time, left)`.
///
/// # Errors
/// `EINTR` with the time that was left of a relative sleep, `EINVAL`, `EOPNOTSUPP` for clocks one cannot sleep on,
/// `EFAULT`.
pub fn clock_nanosleep(c: &mut Caller<'_>) -> Sys {
    let kind = match c.int(0) {
        libc::CLOCK_THREAD_CPUTIME_ID => return Err(EINVAL),
        libc::CLOCK_MONOTONIC_RAW | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_MONOTONIC_COARSE => {
            return Err(EOPNOTSUPP);
        }
        number => clock_kind(c, number).ok_or(EINVAL)?,
    };
    let time = c.read_timespec(c.arg(2))?;
    if let Kind::Processor(_) = kind {
        return dispatch::refuse(c, EOPNOTSUPP, "sleeping on a clock of processor time");
    }
    if c.int(1) & libc::TIMER_ABSTIME == 0 {
        let deadline = c.deadline_in(time);
        return sleep(c, deadline, c.arg(3));
    }
    let deadline = kind.instant(c, time.0).ok_or(EOPNOTSUPP)?;
    sleep(c, deadline, 0)
}
/// `sched_yield()`: another thread runs next, if there is one.
///
/// # Errors
/// None.
pub fn sched_yield(c: &mut Caller<'_>) -> Sys {
    c.k.yielding = true;
    done(0)
}

/// `adjtimex(state)`: the clock is exact and cannot be tuned.
///
/// # Errors
/// `EPERM` to change anything, `EFAULT`.
pub fn adjtimex(c: &mut Caller<'_>) -> Sys {
    adjust(c, 0)
}
/// `clock_adjtime(clock, state)`.
///
/// # Errors
/// `EINVAL` for another clock than the real-time one, `EPERM` to change anything, `EFAULT`.
pub fn clock_adjtime(c: &mut Caller<'_>) -> Sys {
    if c.int(0) == libc::CLOCK_REALTIME { adjust(c, 1) } else { Err(EINVAL) }
}
fn adjust(c: &mut Caller<'_>, n: usize) -> Sys {
    const SIZE: usize = 208;
    let at = c.arg(n);
    if c.read_u32(at)? != 0 {
        return Err(EPERM);
    }
    let nanos = Kind::Real.read(c);
    let mut state = [0; SIZE];
    // Precision, time in seconds and microseconds, length of a tick in microseconds.
    for (at, value) in [(56, 1), (72, nanos / 1_000_000_000), (80, nanos % 1_000_000_000 / 1_000), (88, 10_000)] {
        state[at..at + 8].copy_from_slice(&u64::to_le_bytes(value));
    }
    c.write(at, &state)?;
    done(0)
}

/// Reads a `struct timeval` as nanoseconds.
pub(super) fn read_timeval(c: &mut Caller<'_>, at: u64) -> Result<u64, Errno> {
    let (seconds, micros) = (c.read_u64(at)? as i64, c.read_u64(at.wrapping_add(8))? as i64);
    if seconds < 0 || !(0..1_000_000).contains(&micros) {
        return Err(EINVAL);
    }
    Ok((seconds as u64).saturating_mul(1_000_000_000).saturating_add(micros as u64 * 1_000))
}
