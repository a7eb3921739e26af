//! POSIX timers: `timer_create` and its kin.

use super::calls::{Kind, clock_kind};
use super::interval::forward;
use crate::abi::errno::{EAGAIN, EINVAL};
use crate::caller::Caller;
use crate::process::ProcessId;
use crate::process::limits::processor_time;
use crate::signal::{Info, SIGALRM, Target, is_signal};
use crate::syscall::{Sys, dispatch, done};
use crate::time::{TimerAction, TimerId};
use crate::world::Kernel;
use model::{Errno, ThreadId, VirtualDuration, VirtualTime};

/// A timer of a process.
#[derive(Debug)]
pub struct PosixTimer {
    kind: Kind,
    /// Whom it signals with what, and the value that goes along; nothing for `SIGEV_NONE`.
    notify: Option<(Target, u8, u64)>,
    /// When it is due, or was due last.
    next: Option<VirtualTime>,
    /// Its period in nanoseconds; 0 fires once.
    interval: u64,
    /// The kernel timer behind it, while it runs.
    armed: Option<TimerId>,
    /// It has fired, and its signal has not been taken yet.
    fired: bool,
    /// Periods that ended between the last firing and the taking of its signal.
    overrun: u32,
}

/// Most timers of a process.
const TIMERS_MAX: u32 = 4096;

impl Kernel {
    /// A POSIX timer of a process is due.
    pub(crate) fn posix_timer_fired(&mut self, process: ProcessId, id: u32) {
        let Some(timer) = self.processes.get_mut(&process).and_then(|p| p.posix_timers.get_mut(&id)) else { return };
        timer.armed = None;
        timer.fired = true;
        // One that counts processor time, and only fires once, is idle from now on.
        if timer.interval == 0 && matches!(timer.kind, Kind::Processor(_)) {
            timer.next = None;
        }
        let Some((target, signal, value)) = timer.notify else { return };
        let info = Info { code: Info::TIMER, pid: id, value, signal, ..Info::default() };
        self.send_signal(target, info);
    }
    /// A signal was taken: the timers of its process that sent it start their next period. Returns how many periods the
    /// last of them has missed.
    pub(crate) fn rearm_timers(&mut self, process: ProcessId, signal: u8) -> u32 {
        if signal == SIGALRM {
            self.rearm_interval(process);
        }
        let world = self.clock.now();
        let Some(entry) = self.processes.get_mut(&process) else { return 0 };
        let used = VirtualTime(processor_time(entry));
        let mut overrun = 0;
        for (id, timer) in &mut entry.posix_timers {
            if timer.notify.is_none_or(|(_, s, _)| s != signal) || !std::mem::take(&mut timer.fired) {
                continue;
            }
            timer.overrun = 0;
            if let (Some(last), true) = (timer.next, timer.interval != 0) {
                let counts_use = matches!(timer.kind, Kind::Processor(_));
                let (ended, next) = forward(last, timer.interval, if counts_use { used } else { world });
                timer.overrun = u32::try_from(ended.saturating_sub(1)).unwrap_or(u32::MAX).min(i32::MAX as u32);
                timer.next = Some(next);
                timer.armed = (!counts_use).then(|| self.timers.arm(next, TimerAction::Posix(process, *id)));
            }
            overrun = timer.overrun;
        }
        overrun
    }
    /// A process has used processor time: its timers that count it may be due.
    pub(super) fn posix_timers_used(&mut self, process: ProcessId) {
        let entry = &self.processes[&process];
        let used = VirtualTime(processor_time(entry));
        let is_due = |t: &PosixTimer| {
            matches!(t.kind, Kind::Processor(_)) && !t.fired && t.next.is_some_and(|next| next <= used)
        };
        let due: Vec<u32> = entry.posix_timers.iter().filter(|(_, t)| is_due(t)).map(|(id, _)| *id).collect();
        for id in due {
            self.posix_timer_fired(process, id);
        }
    }
    /// Forgets the POSIX timers of a process.
    pub(crate) fn disarm_posix_timers(&mut self, process: ProcessId) {
        for timer in std::mem::take(&mut self.process_mut(process).posix_timers).into_values() {
            if let Some(armed) = timer.armed {
                self.timers.disarm(armed);
            }
        }
    }
    /// Disarms every timer of a process that ends.
    pub(crate) fn disarm_timers(&mut self, process: ProcessId) {
        self.disarm_posix_timers(process);
        for timer in std::mem::take(&mut self.process_mut(process).interval_timers) {
            if let Some(armed) = timer.timer {
                self.timers.disarm(armed);
            }
        }
    }
}

/// Whom a `struct sigevent` asks to be told.
fn notification(c: &mut Caller<'_>, at: u64, id: u32) -> Result<Option<(Target, u8, u64)>, Errno> {
    let process = Target::Process(c.process_id());
    if at == 0 {
        return Ok(Some((process, SIGALRM, u64::from(id))));
    }
    let (value, signal) = (c.read_u64(at)?, c.read_u32(at.wrapping_add(8))?);
    let (how, tid) = (c.read_u32(at.wrapping_add(12))? as i32, c.read_u32(at.wrapping_add(16))?);
    let target = match how {
        libc::SIGEV_NONE => return Ok(None),
        // What the C library does on SIGEV_THREAD it asks the kernel for as a signal to its helper thread.
        libc::SIGEV_SIGNAL | libc::SIGEV_THREAD => process,
        libc::SIGEV_THREAD_ID => {
            let thread = ThreadId { service: c.service(), tid };
            let own = c.process_id();
            c.k.threads.get(&thread).filter(|t| t.process == own).ok_or(EINVAL)?;
            Target::Thread(thread)
        }
        _ => return Err(EINVAL),
    };
    if is_signal(u64::from(signal)) { Ok(Some((target, signal as u8, value))) } else { Err(EINVAL) }
}

/// `timer_create(clock, event, id)`.
///
/// # Errors
/// `EINVAL` for an unknown clock or a bad event, `EAGAIN` when there are too many, `EFAULT`.
pub fn timer_create(c: &mut Caller<'_>) -> Sys {
    let kind = clock_kind(c, c.int(0)).ok_or(EINVAL)?;
    if matches!(kind, Kind::Processor(process) if process != c.process_id()) {
        return dispatch::refuse(c, EINVAL, "FB0224: a timer of another process's processor time");
    }
    let free = |id: &u32| !c.k.processes[&c.process_id()].posix_timers.contains_key(id);
    let id = (0..TIMERS_MAX).find(free).ok_or(EAGAIN)?;
    let notify = notification(c, c.arg(1), id)?;
    c.write_u32(c.arg(2), id)?;
    let timer = PosixTimer { kind, notify, next: None, interval: 0, armed: None, fired: false, overrun: 0 };
    c.process().posix_timers.insert(id, timer);
    done(0)
}

fn timer<'a>(c: &'a mut Caller<'_>) -> Result<&'a mut PosixTimer, Errno> {
    let id = c.arg(0) as u32;
    c.process().posix_timers.get_mut(&id).ok_or(EINVAL)
}
/// What a timer counts, as it is now.
fn now_of(c: &mut Caller<'_>, kind: Kind) -> VirtualTime {
    match kind {
        Kind::Processor(_) => VirtualTime(processor_time(c.process())),
        Kind::Real | Kind::Monotonic => c.now(),
    }
}
/// Time left and period, in nanoseconds.
fn present(c: &mut Caller<'_>) -> Result<(u64, u64), Errno> {
    let kind = timer(c)?.kind;
    let now = now_of(c, kind);
    let timer = timer(c)?;
    let left = match timer.next {
        Some(at) if at > now => at.since(now).0,
        // The next period runs already, even if nobody has been told of the last one.
        Some(at) if timer.interval != 0 => forward(at, timer.interval, now).1.since(now).0,
        _ => 0,
    };
    Ok((left, timer.interval))
}
fn show(c: &mut Caller<'_>, at: u64, (left, interval): (u64, u64)) -> Result<(), Errno> {
    c.write_timespec(at, interval)?;
    c.write_timespec(at.wrapping_add(16), left)
}

/// `timer_settime(id, flags, new, old)`.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn timer_settime(c: &mut Caller<'_>) -> Sys {
    let (id, process) = (c.arg(0) as u32, c.process_id());
    let kind = timer(c)?.kind;
    if c.arg(2) == 0 {
        return Err(EINVAL);
    }
    let interval = c.read_timespec(c.arg(2))?;
    let value = c.read_timespec(c.arg(2).wrapping_add(16))?;
    if c.arg(3) != 0 {
        let present = present(c)?;
        show(c, c.arg(3), present)?;
    }
    let now = now_of(c, kind);
    let at = match kind.instant(c, value.0) {
        _ if value == VirtualDuration::ZERO => None,
        Some(at) if c.int(1) & libc::TIMER_ABSTIME != 0 => Some(at),
        None if c.int(1) & libc::TIMER_ABSTIME != 0 => Some(VirtualTime(value.0)),
        _ => Some(now.after(value)),
    };
    if let Some(armed) = timer(c)?.armed.take() {
        c.k.timers.disarm(armed);
    }
    let fires = !matches!(kind, Kind::Processor(_)) && timer(c)?.notify.is_some();
    let armed = at.filter(|_| fires).map(|at| c.k.timers.arm(at, TimerAction::Posix(process, id)));
    let timer = timer(c)?;
    (timer.next, timer.interval, timer.armed) = (at, interval.0, armed);
    (timer.fired, timer.overrun) = (false, 0);
    done(0)
}
/// `timer_gettime(id, value)`.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn timer_gettime(c: &mut Caller<'_>) -> Sys {
    let present = present(c)?;
    show(c, c.arg(1), present)?;
    done(0)
}
/// `timer_getoverrun(id)`.
///
/// # Errors
/// `EINVAL`.
pub fn timer_getoverrun(c: &mut Caller<'_>) -> Sys {
    done(timer(c)?.overrun)
}
/// `timer_delete(id)`.
///
/// # Errors
/// `EINVAL`.
pub fn timer_delete(c: &mut Caller<'_>) -> Sys {
    let id = c.arg(0) as u32;
    let timer = c.process().posix_timers.remove(&id).ok_or(EINVAL)?;
    if let Some(armed) = timer.armed {
        c.k.timers.disarm(armed);
    }
    done(0)
}
