//! Time: the world's clock and everything armed on it.

mod calls;
mod interval;
pub mod posix;
pub mod reading;

pub use calls::*;
pub use interval::{alarm, getitimer, setitimer};
pub use posix::{timer_create, timer_delete, timer_getoverrun, timer_gettime, timer_settime};

use crate::process::ProcessId;
use crate::wait::ObjectId;
use model::{ServiceId, ThreadId, VirtualDuration, VirtualTime};
use std::collections::BTreeMap;

/// What one system call costs on the virtual clock. Makes loops that wait for the clock end.
pub const CALL_COST: VirtualDuration = VirtualDuration(1_000);
/// What one reading of the clock costs.
pub const READ_COST: VirtualDuration = VirtualDuration(10);

/// Where the clock ends, in the year 2262: Linux counts nanoseconds in 63 bits, and a timer beyond never fires.
pub const NEVER: VirtualTime = VirtualTime(i64::MAX as u64);

/// The one clock of a world.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    now: VirtualTime,
    /// How many readings of it in a row will be no events.
    readings_left: u64,
    /// What the machine at work adds for the time of day, while its readings are no events.
    day_offset: i64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { now: VirtualTime::EPOCH, readings_left: reading::READINGS, day_offset: 0 }
    }
}

impl Clock {
    /// How long the machines have been up when a world starts: `CLOCK_MONOTONIC` is this plus the elapsed time.
    pub const UPTIME: VirtualDuration = VirtualDuration::secs(1_000);

    /// The current instant.
    pub fn now(&self) -> VirtualTime {
        self.now
    }
    /// The current value of `CLOCK_MONOTONIC`, in nanoseconds.
    pub fn monotonic(&self) -> u64 {
        Self::monotonic_at(self.now)
    }
    fn monotonic_at(at: VirtualTime) -> u64 {
        at.elapsed().0.saturating_add(Self::UPTIME.0)
    }
    /// The instant at which `CLOCK_MONOTONIC` has this value.
    pub fn at_monotonic(&self, nanos: u64) -> VirtualTime {
        VirtualTime::EPOCH.after(VirtualDuration(nanos.saturating_sub(Self::UPTIME.0)))
    }
    /// A call was made.
    pub fn tick_call(&mut self) {
        self.now = self.now.after(CALL_COST);
    }
    /// The clock was read.
    pub fn tick_read(&mut self) {
        self.now = self.now.after(READ_COST);
    }
    /// Nothing can run before this instant.
    pub fn jump(&mut self, to: VirtualTime) {
        self.now = self.now.max(to);
    }
}

/// Names an armed timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(VirtualTime, u64);

/// What happens when a timer is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerAction {
    /// A parked thread gives up waiting.
    Wake(ThreadId),
    /// Something of the network.
    Net(crate::net::NetTimer),
    /// A timerfd expires.
    TimerFd(ObjectId),
    /// An interval timer of a process expires: 0 real, 1 virtual, 2 profiling.
    Interval(ProcessId, usize),
    /// A POSIX timer of a process expires.
    Posix(ProcessId, u32),
    /// A service that crashed is to be started again.
    Restart(ServiceId),
    /// A pause of a service may be over.
    Resume(ServiceId),
}

/// Everything armed, by instant; ties in the order of arming.
#[derive(Debug, Default)]
pub struct Timers {
    armed: BTreeMap<TimerId, TimerAction>,
    next: u64,
    /// Until then no timer is due and nobody looks at readings of the clock; 0 if that has to be found out.
    quiet_before: VirtualTime,
}

impl Timers {
    /// Arms a timer.
    pub fn arm(&mut self, at: VirtualTime, action: TimerAction) -> TimerId {
        let id = TimerId(at, self.next);
        self.next += 1;
        self.quiet_before = self.quiet_before.min(at);
        self.armed.insert(id, action);
        id
    }
    /// Disarms it; nothing happens if it is gone.
    pub fn disarm(&mut self, id: TimerId) {
        self.armed.remove(&id);
    }
    /// When the next timer is due that will ever be.
    pub fn next(&self) -> Option<VirtualTime> {
        self.armed.first_key_value().map(|(id, _)| id.0).filter(|at| *at < NEVER)
    }
    /// When the next timer is due that is not the driver's own waiting.
    pub fn next_of_services(&self) -> Option<VirtualTime> {
        let own = |action: &TimerAction| matches!(action, TimerAction::Wake(id) if id.service.is_driver());
        self.armed.iter().find(|(_, action)| !own(action)).map(|(id, _)| id.0).filter(|at| *at < NEVER)
    }
    /// Takes the next timer that is due.
    pub fn due(&mut self, now: VirtualTime) -> Option<TimerAction> {
        let (id, _) = self.armed.first_key_value()?;
        if id.0 > now {
            return None;
        }
        self.armed.pop_first().map(|(_, action)| action)
    }
}
