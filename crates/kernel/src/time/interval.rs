//! Interval timers: `setitimer`, `getitimer`, `alarm`.
//!
//! A timer that has fired starts its next period when its signal is taken, not before, as in Linux. So a periodic timer
//! whose signal nobody takes does not keep time moving in a world where nothing else happens.

use super::calls::read_timeval;
use crate::abi::errno::EINVAL;
use crate::caller::Caller;
use crate::process::limits::processor_time;
use crate::process::{IntervalTimer, ProcessId};
use crate::signal::{Info, SIGALRM, Target};
use crate::syscall::{Sys, done};
use crate::time::TimerAction;
use crate::world::Kernel;
use model::{Errno, VirtualDuration, VirtualTime};

/// The one that counts the world's time; the others count processor time, which is what calls cost.
const REAL: usize = libc::ITIMER_REAL as usize;

/// How many periods after `from` end by `now`, and when the one after them ends.
pub(super) fn forward(from: VirtualTime, period: u64, now: VirtualTime) -> (u64, VirtualTime) {
    let missed = if now < from { 0 } else { now.since(from).0 / period + 1 };
    (missed, from.after(VirtualDuration(period.saturating_mul(missed))))
}

impl Kernel {
    /// An interval timer of a process is due.
    pub(crate) fn interval_fired(&mut self, process: ProcessId, which: usize) {
        if let Some(entry) = self.processes.get_mut(&process) {
            entry.interval_timers[which].timer = None;
            self.send_signal(Target::Process(process), Info::kernel(SIGALRM));
        }
    }
    /// The signal of the real-time timer was taken: the next period runs.
    pub(super) fn rearm_interval(&mut self, process: ProcessId) {
        let now = self.clock.now();
        let Some(entry) = self.processes.get_mut(&process) else { return };
        let timer = &mut entry.interval_timers[REAL];
        let (Some(last), None) = (timer.next, timer.timer) else { return };
        if timer.interval == 0 {
            timer.next = None;
            return;
        }
        let (_, next) = forward(last, timer.interval, now);
        timer.next = Some(next);
        timer.timer = Some(self.timers.arm(next, TimerAction::Interval(process, REAL)));
    }
    /// The clock that an interval timer counts.
    fn interval_now(&self, process: ProcessId, which: usize) -> VirtualTime {
        match which {
            REAL => self.clock.now(),
            _ => VirtualTime(processor_time(&self.processes[&process])),
        }
    }
    /// A process has used processor time: its timers that count it may be due.
    pub(crate) fn processor_used(&mut self, process: ProcessId) {
        let entry = &self.processes[&process];
        let armed = entry.interval_timers.iter().any(|timer| timer.next.is_some());
        if !entry.posix_timers.is_empty() {
            self.posix_timers_used(process);
        }
        // Every call comes here, and few processes have such timers.
        if !armed {
            return;
        }
        for (which, signal) in [(libc::ITIMER_VIRTUAL, libc::SIGVTALRM), (libc::ITIMER_PROF, libc::SIGPROF)] {
            let timer = self.processes[&process].interval_timers[which as usize];
            let now = self.interval_now(process, which as usize);
            let Some(next) = timer.next.filter(|next| *next <= now) else { continue };
            let again = (timer.interval != 0).then(|| forward(next, timer.interval, now).1);
            self.process_mut(process).interval_timers[which as usize].next = again;
            self.send_signal(Target::Process(process), Info::kernel(signal as u8));
        }
    }
    fn set_interval(&mut self, process: ProcessId, which: usize, value: u64, interval: u64) {
        if let Some(timer) = self.process_mut(process).interval_timers[which].timer.take() {
            self.timers.disarm(timer);
        }
        let now = self.interval_now(process, which);
        let next = (value != 0).then(|| now.after(VirtualDuration(value)));
        let armed = next.filter(|_| which == REAL);
        let timer = armed.map(|at| self.timers.arm(at, TimerAction::Interval(process, which)));
        self.process_mut(process).interval_timers[which] = IntervalTimer { next, interval, timer };
    }
}

fn timer_argument(c: &mut Caller<'_>) -> Result<usize, Errno> {
    let which = c.arg(0) as u32 as usize;
    if which > libc::ITIMER_PROF as usize {
        return Err(EINVAL);
    }
    Ok(which)
}
/// Time left and period, in nanoseconds. One that has fired has a moment left until its signal is taken.
fn present(c: &mut Caller<'_>, which: usize) -> (u64, u64) {
    let now = c.k.interval_now(c.process_id(), which);
    let timer = c.process().interval_timers[which];
    let left = match timer.next {
        Some(_) if which == REAL && timer.timer.is_none() && timer.interval == 0 => 0,
        Some(at) => at.since(now).0.max(1_000),
        None => 0,
    };
    (left, timer.interval)
}
fn show(c: &mut Caller<'_>, at: u64, (left, interval): (u64, u64)) -> Result<(), Errno> {
    for (n, value) in [interval / 1_000_000_000, interval % 1_000_000_000 / 1_000].into_iter().enumerate() {
        c.write_u64(at.wrapping_add(n as u64 * 8), value)?;
    }
    for (n, value) in [left / 1_000_000_000, left % 1_000_000_000 / 1_000].into_iter().enumerate() {
        c.write_u64(at.wrapping_add(16 + n as u64 * 8), value)?;
    }
    Ok(())
}

/// `getitimer(which, value)`.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn getitimer(c: &mut Caller<'_>) -> Sys {
    let which = timer_argument(c)?;
    let present = present(c, which);
    show(c, c.arg(1), present)?;
    done(0)
}
/// `setitimer(which, new, old)`.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn setitimer(c: &mut Caller<'_>) -> Sys {
    let which = timer_argument(c)?;
    let (interval, value) = match c.arg(1) {
        0 => (0, 0),
        at => (read_timeval(c, at)?, read_timeval(c, at.wrapping_add(16))?),
    };
    if c.arg(2) != 0 {
        let present = present(c, which);
        show(c, c.arg(2), present)?;
    }
    let process = c.process_id();
    c.k.set_interval(process, which, value, interval);
    done(0)
}
/// `alarm(seconds)`: returns what was left of the previous one, in seconds, rounded up.
///
/// # Errors
/// None.
pub fn alarm(c: &mut Caller<'_>) -> Sys {
    let (left, _) = present(c, REAL);
    let process = c.process_id();
    c.k.set_interval(process, REAL, u64::from(c.arg(0) as u32) * 1_000_000_000, 0);
    done(left.div_ceil(1_000_000_000))
}
