//! What happens to machines: crashes, pauses, clocks, full disks.
//!
//! ```text
//!            Crash                    restart_after, or the driver
//!   up ───────────────────> down ───────────────────────────────────> up, with what its disk has kept
//!    │ Pause  ▲ Resume, or its time is over
//!    └─> paused: its threads are not run; timers, packets and clocks go on
//! ```

use crate::process::{ExitStatus, ProcessId};
use crate::time::TimerAction;
use crate::world::Kernel;
use model::causality::Via;
use model::fault::{Condition, Crash, Strike};
use model::{Intervention, RuleId, ServiceId, ThreadId, Value, VirtualDuration, VirtualTime};
use std::collections::{BTreeMap, BTreeSet};

/// The state of the machines, where it is not the ordinary one.
#[derive(Debug, Default)]
pub struct Power {
    /// Without power: nothing reaches them.
    pub(crate) down: BTreeSet<ServiceId>,
    /// Their threads are not run, until then if it is known.
    pub(crate) paused: BTreeMap<ServiceId, VirtualTime>,
    /// Services that the supervisor has to start again.
    pub restarts: Vec<ServiceId>,
    /// By how many nanoseconds a machine's clock of the time of day has jumped.
    clocks: BTreeMap<ServiceId, i64>,
    /// How many bytes of a machine's disk may be in use, by the rule that says so.
    disks: BTreeMap<(ServiceId, RuleId), u64>,
}

impl Power {
    /// Whether a machine has no power.
    pub(crate) fn is_down(&self, service: ServiceId) -> bool {
        !self.down.is_empty() && self.down.contains(&service)
    }
}

impl Kernel {
    /// Does what the driver asks for.
    pub fn intervene(&mut self, what: &Intervention) -> u64 {
        match what {
            Intervention::Strike(service, strike) => self.strike(*service, *strike, None),
            Intervention::Resume(service) => u64::from(self.resume(*service)),
            Intervention::Reset(a, b) => self.reset_connections(*a, *b) as u64,
            Intervention::Release(rule) => self.release_calls(*rule),
            Intervention::Attend => self.driver_attend(),
        }
    }

    /// Strikes a machine. Answers how many threads or processes it concerned.
    pub(crate) fn strike(&mut self, service: ServiceId, strike: Strike, rule: Option<RuleId>) -> u64 {
        match strike {
            Strike::Crash(crash) => self.crash(service, crash, rule),
            Strike::Pause(span) => self.pause(service, span),
            Strike::Jump(by) => {
                let clock = self.power.clocks.entry(service).or_default();
                *clock = clock.saturating_add(by);
                self.tell(service, "clock_jumped", [("by_ms", Value::Int(by / 1_000_000))]);
                1
            }
        }
    }
    /// Appends a note about a machine that no thread of it writes.
    fn tell<const N: usize>(&mut self, service: ServiceId, kind: &str, fields: [(&str, Value); N]) {
        let machine = ThreadId { service, tid: 0 };
        self.causes.tell(machine, Via::Signal);
        self.note(machine, kind, fields);
    }

    fn crash(&mut self, service: ServiceId, crash: Crash, _: Option<RuleId>) -> u64 {
        let of_service = ProcessId { service, pid: 0 }..=ProcessId { service, pid: u32::MAX };
        let alive: Vec<ProcessId> =
            self.processes.range(of_service).filter(|(_, p)| p.status.is_none()).map(|(id, _)| id).collect();
        let how = if crash.disk.is_some() { "power" } else { "killed" };
        self.tell(service, "service_crashed", [("cause", Value::from("fault")), ("how", Value::from(how))]);
        if crash.disk.is_some() {
            self.power.down.insert(service);
            self.silence_sockets(service);
        }
        for process in &alive {
            self.kill_process(*process, ExitStatus::Signaled(libc::SIGKILL as u8));
        }
        self.resume(service);
        if let Some(loss) = crash.disk {
            self.disk_forgets(service, loss);
        }
        if let Some(after) = crash.restart_after {
            let at = self.clock.now().after(after);
            self.timers.arm(at, TimerAction::Restart(service));
        }
        alive.len() as u64
    }
    /// It is time to start a service again.
    pub(crate) fn restart_due(&mut self, service: ServiceId) {
        let of_service = ProcessId { service, pid: 0 }..=ProcessId { service, pid: u32::MAX };
        if self.processes.range(of_service).all(|(_, p)| p.status.is_some()) {
            self.power.restarts.push(service);
            self.tell(service, "service_restarted", [("cause", Value::from("fault"))]);
        }
    }
    /// A machine has power again: what is sent to it arrives.
    pub fn power_on(&mut self, service: ServiceId) {
        if !self.power.down.remove(&service) {
            return;
        }
        for other in (0..self.config.hosts.len() as u16).map(ServiceId).filter(|o| *o != service) {
            self.link_mended(other, service);
            self.link_mended(service, other);
        }
    }

    fn pause(&mut self, service: ServiceId, span: VirtualDuration) -> u64 {
        let until = self.clock.now().after(span);
        let known = self.power.paused.entry(service).or_insert(until);
        *known = until.max(*known);
        if span.0 != u64::MAX {
            self.timers.arm(until, TimerAction::Resume(service));
        }
        self.tell(service, "service_paused", []);
        self.threads.keys().filter(|t| t.service == service).count() as u64
    }
    /// A pause may be over.
    pub(crate) fn resume_due(&mut self, service: ServiceId) {
        if self.power.paused.get(&service).is_some_and(|until| *until <= self.clock.now()) {
            self.resume(service);
        }
    }
    fn resume(&mut self, service: ServiceId) -> bool {
        let was = self.power.paused.remove(&service).is_some();
        if was {
            self.tell(service, "service_resumed", []);
        }
        was
    }
    /// Whether a thread's machine is paused.
    pub(crate) fn is_paused(&self, thread: ThreadId) -> bool {
        !self.power.paused.is_empty() && self.power.paused.contains_key(&thread.service)
    }

    /// What a machine's clock of the time of day shows, in nanoseconds.
    pub(crate) fn time_of_day(&self, service: ServiceId) -> u64 {
        self.clock.now().0.saturating_add_signed(self.clock_offset(service))
    }
    /// When a machine's clock of the time of day shows so many nanoseconds, as it goes now.
    pub(crate) fn at_time_of_day(&self, service: ServiceId, nanos: u64) -> VirtualTime {
        VirtualTime(nanos.saturating_add_signed(self.clock_offset(service).saturating_neg()))
    }
    pub(crate) fn clock_offset(&self, service: ServiceId) -> i64 {
        let skews = self.faults.conditions(service).map(|(_, condition)| match condition {
            Condition::Skew(by) => by,
            _ => 0,
        });
        let jumped = self.power.clocks.get(&service).copied().unwrap_or_default();
        skews.fold(jumped, i64::saturating_add)
    }
    /// Whether a fault that counts its readings is on a machine's clock.
    pub(crate) fn is_skewed(&self, service: ServiceId) -> bool {
        self.faults.conditions(service).any(|(_, condition)| matches!(condition, Condition::Skew(_)))
    }
    /// A clock of the time of day was read: whoever skews it is told.
    pub(crate) fn clock_was_read(&mut self, service: ServiceId) {
        let skews = self.faults.conditions(service).filter(|(_, c)| matches!(c, Condition::Skew(_)));
        for id in skews.map(|(id, _)| id).collect::<Vec<_>>() {
            self.faults.felt(id);
        }
    }

    /// From now on a disk has room for so many more bytes.
    pub(super) fn disk_fills(&mut self, service: ServiceId, rule: RuleId, room: u64) {
        let limit = self.disk_usage(service).saturating_add(room);
        self.power.disks.insert((service, rule), limit);
    }
    /// One limit less.
    pub(super) fn disk_has_room(&mut self, service: ServiceId, rule: RuleId) {
        self.power.disks.remove(&(service, rule));
    }
    /// How many of the bytes by which a file is to grow have room on its disk.
    pub(crate) fn disk_room(&mut self, service: ServiceId, growth: u64) -> u64 {
        if self.power.disks.is_empty() || growth == 0 {
            return growth;
        }
        let limits = self.power.disks.range((service, RuleId(0))..=(service, RuleId(u32::MAX)));
        let Some((rule, limit)) = limits.map(|((_, rule), limit)| (*rule, *limit)).min_by_key(|(_, limit)| *limit)
        else {
            return growth;
        };
        let room = limit.saturating_sub(self.disk_usage(service)).min(growth);
        if room < growth {
            self.faults.felt(rule);
        }
        room
    }
}
