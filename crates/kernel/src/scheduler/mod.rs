//! Who runs next.
//!
//! ```text
//!   advance: timers due? ──> attention? ──> pick ──> in this address space? ── no ──> Pass
//!      ▲                                     │ nobody                 │ yes
//!      │                                     ▼                        ▼
//!      │                           jump to the next timer      finish its pending call
//!      │                           or end: deadlock                   │ parked again
//!      └─────────────────────────────────────┴────────────────────────┤
//!                                                                     ▼ ready: signals ──> attention? ──> Run
//! ```
//!
//! The supervisor looks before a thread returns, if its call was something to look at: what is looked at is the world
//! right after that event. Whether it looks changes nothing of the run: no timer fires and no choice is asked for it.
//!
//! The scheduler itself has no policy: it names the candidates in a fixed order, and [`model::Choices`] decides.

mod loops;

pub use loops::{TURN_COST, TURNS};

use crate::host::{AddressSpaceId, Host};
use crate::process::{Pending, ThreadState};
use crate::time::TimerAction;
use crate::world::{Ending, Kernel};
use model::{Hint, Kind, Stream, ThreadId};

/// A thread that makes so many calls in a row while others could run has to give way once: it is the ordinary run's
/// time slice, and what ends a loop of calls that waits for another thread.
pub const SLICE: u32 = 5_000;
/// By so many calls at most a slice is longer than that. Were all of one length, a loop could come to the same of its
/// calls each time: to the one that it makes with a lock in its hands, which the others would never get.
const SLICE_VARIES: u32 = 16;

/// What the process that holds the baton has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Return to this thread's program; it lives in the asking address space.
    Run(ThreadId),
    /// Hand the baton to another address space.
    Pass(AddressSpaceId),
    /// The supervisor has to look: events were watched for, or the world has ended.
    Attention,
}

impl Kernel {
    /// Moves the world on until a thread of the asking address space can return to its program, or another one has
    /// to be asked.
    pub fn advance(&mut self, host: &mut dyn Host) -> Switch {
        let switch = self.next_switch(host);
        if !matches!(switch, Switch::Run(_)) {
            self.timers.forget_quiet();
        }
        switch
    }

    fn next_switch(&mut self, host: &mut dyn Host) -> Switch {
        let here = host.address_space();
        loop {
            // A run that is branched here has the choices before it alone: a timer may ask for some.
            let paused = self.log.is_paused();
            if !paused && !self.returning {
                self.fire_timers();
            }
            let speaks =
                paused || self.log.wants_attention() || !self.console.is_empty() || !self.power.restarts.is_empty();
            if self.ending.is_some() || speaks || self.log.diverged().is_some() {
                if let Some(at) = self.log.diverged() {
                    self.end(Ending::Diverged(at));
                }
                let supervised = here == AddressSpaceId::SUPERVISOR;
                return if supervised { Switch::Attention } else { Switch::Pass(AddressSpaceId::SUPERVISOR) };
            }
            if std::mem::take(&mut self.returning) {
                if let Some(switch) = self.go_on(host) {
                    return switch;
                }
                continue;
            }
            if !self.granted {
                let Some(next) = self.pick() else {
                    self.idle();
                    continue;
                };
                self.current = next;
                self.granted = true;
            }
            let id = self.current;
            let Some(thread) = self.threads.get(&id) else {
                self.granted = false;
                continue;
            };
            if thread.space != here {
                return Switch::Pass(thread.space);
            }
            self.granted = false;
            self.refresh(host);
            if self.ready(host, id) {
                if self.log.wants_attention() || self.log.is_paused() {
                    self.returning = true;
                    continue;
                }
                return Switch::Run(id);
            }
        }
    }

    /// A thread that was about to return when the supervisor had to look. `None` if that has ended or stopped it.
    fn go_on(&mut self, host: &mut dyn Host) -> Option<Switch> {
        let id = self.current;
        let thread =
            self.threads.get(&id).filter(|t| t.state == ThreadState::Runnable && t.pending == Pending::None)?;
        if self.is_paused(id) {
            self.requeue(id);
            return None;
        }
        let space = thread.space;
        if space == host.address_space() {
            self.refresh(host);
            return Some(Switch::Run(id));
        }
        self.returning = true;
        Some(Switch::Pass(space))
    }

    /// Finishes what a picked thread has left to do. True if it can return to its program now.
    fn ready(&mut self, host: &mut dyn Host, id: ThreadId) -> bool {
        match std::mem::take(&mut self.thread_mut(id).pending) {
            Pending::None => {}
            Pending::Call => {
                let call = &mut self.thread_mut(id).call;
                call.again = true;
                self.attempt(host, id);
            }
            Pending::Exec(program) => {
                self.causes.begin(id, self.threads[&id].space, self.log.count());
                crate::exec::load(self, host, id, *program);
                self.causes.end(self.log.count());
            }
            Pending::Driver => return self.driver_attempt(id),
        }
        if id.service.is_driver() || self.is_untroubled(id) {
            return true;
        }
        let runnable = |k: &Kernel| {
            k.threads.get(&id).is_some_and(|t| t.state == ThreadState::Runnable && t.pending == Pending::None)
        };
        if !runnable(self) {
            // A thread that has something left to do and was not parked is asked again later.
            self.requeue(id);
            return false;
        }
        self.deliver_signals(host, id);
        if runnable(self) {
            return true;
        }
        self.requeue(id);
        false
    }
    /// A thread to which nothing has to be done before it returns, as after nearly every call.
    fn is_untroubled(&self, id: ThreadId) -> bool {
        self.threads.get(&id).is_some_and(|thread| {
            thread.state == ThreadState::Runnable
                && thread.pending == Pending::None
                && thread.signals.is_empty()
                && thread.call.interrupted.is_none()
                && thread.call.saved_mask.is_none()
                && self.processes.get(&thread.process).is_some_and(|process| process.pending.is_empty())
        })
    }
    fn requeue(&mut self, id: ThreadId) {
        if self.threads.get(&id).is_some_and(|t| t.state == ThreadState::Runnable) && !self.run_queue.contains(&id) {
            self.run_queue.push_back(id);
        }
    }

    /// Chooses among the runnable threads.
    fn pick(&mut self) -> Option<ThreadId> {
        let current = self.current;
        let alive = self
            .threads
            .get(&current)
            .is_some_and(|t| t.state == ThreadState::Runnable && !self.run_queue.contains(&current));
        if alive && self.is_paused(current) {
            self.run_queue.push_back(current);
            return self.pick();
        }
        let yielding = std::mem::take(&mut self.yielding);
        let expired = alive && self.threads[&current].slice >= SLICE + self.expiries % SLICE_VARIES;
        self.expiries = self.expiries.wrapping_add(u32::from(expired));
        if alive && !yielding && !expired {
            let mut candidates = std::mem::take(&mut self.candidates);
            candidates.clear();
            candidates.push(Stream::thread(current));
            candidates.extend(self.queued());
            let n = candidates.len() as u32;
            let picked = self.choose(Kind::Preempt, Stream::thread(current), n, &candidates, Hint::None);
            let target = candidates[picked as usize];
            self.candidates = candidates;
            if picked == 0 {
                return Some(current);
            }
            self.run_queue.push_back(current);
            return self.take(target);
        }
        if alive {
            self.run_queue.push_back(current);
        }
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        candidates.extend(self.queued());
        if candidates.is_empty() {
            self.candidates = candidates;
            return None;
        }
        let hint = if yielding || expired { Hint::Yield } else { Hint::None };
        let n = candidates.len() as u32;
        let picked = self.choose(Kind::Next, Stream::thread(current), n, &candidates, hint);
        let target = candidates[picked as usize];
        self.candidates = candidates;
        self.take(target)
    }
    /// The threads in the queue that may run: those of a paused machine wait there.
    fn queued(&self) -> impl Iterator<Item = Stream> {
        self.run_queue.iter().filter(|t| !self.is_paused(**t)).map(|t| Stream::thread(*t))
    }
    fn take(&mut self, target: Stream) -> Option<ThreadId> {
        let position = self.run_queue.iter().position(|t| Stream::thread(*t) == target)?;
        let id = self.run_queue.remove(position)?;
        self.thread_mut(id).slice = 0;
        Some(id)
    }

    /// Nobody can run: time jumps to the next timer, or the world has come to an end.
    fn idle(&mut self) {
        let next = self.timers.next();
        if self.driver.settled(next) {
            let task = self.driver.settling_task();
            self.wake_thread(task);
            return;
        }
        match next {
            Some(at) => self.clock.jump(self.driver.lingers_until().map_or(at, |until| until.min(at))),
            None => {
                let parked = self.parked();
                self.end(Ending::Deadlock(parked));
            }
        }
    }

    /// Does what the clock has reached.
    fn fire_timers(&mut self) {
        if self.driver.lingers_until().is_some_and(|until| until <= self.clock.now()) {
            self.driver_rouse(self.clock.now());
        }
        while let Some(action) = self.timers.due(self.clock.now()) {
            match action {
                TimerAction::Wake(id) => {
                    self.wake_timers.remove(&id);
                    if let Some(thread) = self.threads.get_mut(&id) {
                        thread.call.timed_out = true;
                    }
                    self.wake_thread(id);
                }
                TimerAction::Net(timer) => self.net_timer(timer),
                TimerAction::TimerFd(object) => self.timerfd_expired(object),
                TimerAction::Interval(process, which) => self.interval_fired(process, which),
                TimerAction::Posix(process, id) => self.posix_timer_fired(process, id),
                TimerAction::Restart(service) => self.restart_due(service),
                TimerAction::Resume(service) => self.resume_due(service),
            }
        }
    }
}
