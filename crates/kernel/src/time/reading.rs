//! Readings of a clock that are no events: those that a Linux machine answers from its vDSO, without a system call.
//!
//! ```text
//!   clock_gettime, gettimeofday, time
//!     └─> before every timer? nothing decides about it? it can be written? readings left?
//!            │ all of it                          │ no
//!            ▼                                    ▼
//!     the clock moves, the answer is written,   a call like any other: an event, a choice;
//!     the same thread goes on                   from then on there are READINGS left again
//! ```
//!
//! Whether a reading is an event depends on the state of the world alone. The entry code of a host may answer one by
//! itself, by the numbers at [`layout`]: it must do exactly what [`Kernel::read_quietly`] does, which it may always
//! ask instead.

use super::{CALL_COST, Clock, READ_COST, Timers};
use crate::caller::Caller;
use crate::host::Host;
use crate::syscall::table;
use crate::world::Kernel;
use model::{ServiceId, ThreadId, VirtualDuration, VirtualTime};

/// How many readings in a row are no events. What only reads the clock shows in the log all the same, and others get
/// their turn.
pub const READINGS: u64 = 32;

/// What a reading costs on the virtual clock: as much as if it were a call.
pub const READING_COST: VirtualDuration = VirtualDuration(CALL_COST.0 + READ_COST.0);

/// Where an entry code finds what a reading needs: bytes from the beginning of a [`Kernel`], eight of them each.
pub mod layout {
    use super::{Clock, Kernel, Timers};
    use std::mem::offset_of;

    /// The current instant, in nanoseconds since the Unix epoch.
    pub const NOW: usize = offset_of!(Kernel, clock) + offset_of!(Clock, now);
    /// How many readings are left.
    pub const LEFT: usize = offset_of!(Kernel, clock) + offset_of!(Clock, readings_left);
    /// What is added to the instant for the time of day, on the machine whose thread runs.
    pub const DAY: usize = offset_of!(Kernel, clock) + offset_of!(Clock, day_offset);
    /// What is added to the instant for the time since the machines were started, with wrapping.
    pub const MONOTONIC: u64 = Clock::UPTIME.0.wrapping_sub(model::VirtualTime::EPOCH.0);
    /// A reading has to end before this instant; 0 if that is not known.
    pub const BEFORE: usize = offset_of!(Kernel, timers) + offset_of!(Timers, quiet_before);
}

/// The call is one of those that may be a reading.
pub(crate) fn is_reading(number: u16) -> bool {
    matches!(i64::from(number), libc::SYS_clock_gettime | libc::SYS_gettimeofday | libc::SYS_time)
}

/// The clocks that are read without a call: bits by their number.
pub const QUIET_CLOCKS: u32 = DAY_CLOCKS
    | 1 << libc::CLOCK_MONOTONIC
    | 1 << libc::CLOCK_MONOTONIC_RAW
    | 1 << libc::CLOCK_MONOTONIC_COARSE
    | 1 << libc::CLOCK_BOOTTIME;

/// Those of them that show the time of day.
pub const DAY_CLOCKS: u32 = 1 << libc::CLOCK_REALTIME | 1 << libc::CLOCK_REALTIME_COARSE;

impl Clock {
    /// Readings are no events again. Returns how many there were since the last time.
    pub(crate) fn refill_readings(&mut self) -> u64 {
        READINGS - std::mem::replace(&mut self.readings_left, READINGS)
    }
}

impl Timers {
    /// Other threads, the driver or a fault may act: what was known about readings is no longer true.
    pub(crate) fn forget_quiet(&mut self) {
        self.quiet_before = VirtualTime(0);
    }
}

impl Kernel {
    /// Answers the call of the current thread if it is a reading that is no event. False if it has to be made.
    pub(crate) fn read_quietly(&mut self, host: &mut dyn Host, id: ThreadId) -> bool {
        let registers = &self.threads[&id].registers;
        let (number, args) = (registers.rax, registers.arguments());
        let at = self.clock.now.after(READING_COST);
        if self.clock.readings_left == 0 || !self.is_quiet(id.service, at) {
            return false;
        }
        let day = at.0.saturating_add_signed(self.clock.day_offset);
        let mut c = Caller { k: self, host, id, args };
        let value = match number as i64 {
            libc::SYS_clock_gettime => {
                let clock = c.int(0);
                if !(0..32).contains(&clock) || QUIET_CLOCKS & 1 << clock == 0 {
                    return false;
                }
                let nanos = if DAY_CLOCKS & 1 << clock != 0 { day } else { Clock::monotonic_at(at) };
                c.write_timespec(c.arg(1), nanos).map(|()| 0)
            }
            libc::SYS_gettimeofday => {
                if c.arg(1) != 0 || c.arg(0) == 0 {
                    return false;
                }
                let (seconds, micros) = (day / 1_000_000_000, day % 1_000_000_000 / 1_000);
                let bytes = [seconds.to_le_bytes(), micros.to_le_bytes()].concat();
                c.write(c.arg(0), &bytes).map(|()| 0)
            }
            _ => {
                let seconds = day / 1_000_000_000;
                let written = if c.arg(0) == 0 { Ok(()) } else { c.write_u64(c.arg(0), seconds) };
                written.map(|()| seconds)
            }
        };
        // What cannot be written is a call, which says so.
        let Ok(value) = value else { return false };
        self.clock.now = at;
        self.clock.readings_left -= 1;
        self.thread_mut(id).registers.returned(value);
        true
    }

    /// Whether nothing happens until this instant, and nobody looks at such calls.
    fn is_quiet(&mut self, service: ServiceId, at: VirtualTime) -> bool {
        if at < self.timers.quiet_before {
            return true;
        }
        let named = |calls: &[String]| calls.iter().any(|name| table::number(name).is_some_and(is_reading));
        let looked_at = self.config.hosts[service.index()].ops.iter().any(|op| named(&op.calls))
            || self.log.watches(|filter| filter.call.is_some_and(is_reading))
            || self.has_call_faults_on(service, is_reading)
            || self.is_skewed(service);
        if looked_at {
            return false;
        }
        let next = self.timers.next().unwrap_or(VirtualTime::NEVER);
        self.clock.day_offset = self.clock_offset(service);
        // A clock that was set to where nanoseconds since 1970 end would have to be cut off there.
        let odd = self.clock.day_offset.unsigned_abs() >= VirtualTime::EPOCH.0;
        if odd || at >= next {
            return false;
        }
        self.timers.quiet_before = next;
        true
    }
}
