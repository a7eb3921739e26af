//! What the driver of a run may do to a running world. Implemented by the hosting crate, used by the specification
//! language, and by toy implementations in tests.
//!
//! Every method that takes virtual time gives the processor away: other threads of the world run until the call can
//! be answered. A world that has ended (a monitor spoke, a deadlock, a limit) answers [`Stopped`] from then on, and
//! the driver is expected to return at once.

use crate::causality::Causes;
use crate::event::{Body, Call, Event, Note};
use crate::fault::{Errno, FaultRule, Intervention, RuleId};
use crate::glob::Glob;
use crate::ids::{EventIndex, ServiceId};
use crate::time::{VirtualDuration, VirtualTime};
use crate::verdict::{Failure, Waiting};

/// The run is over; the driver must return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// A stream connection of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection(pub u32);

/// Which events the driver wants to see as they happen. All conditions must hold; an absent one always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The event's type ([`Event::kind`]).
    pub kind: Option<Glob>,
    /// The service that did it.
    pub service: Option<ServiceId>,
    /// Only complete lines on the standard streams and observed files, and notes: never plain system calls.
    pub skip_calls: bool,
    /// Of system calls, only this one.
    pub call: Option<u16>,
    /// Of system calls, only those on a path that matches.
    pub path: Option<Glob>,
}

impl Filter {
    fn matches_call(&self, call: &Call) -> bool {
        !self.skip_calls
            && self.call.is_none_or(|number| number == call.number)
            && self.path.as_ref().is_none_or(|glob| call.path.as_deref().is_some_and(|path| glob.matches(path)))
    }
    /// Whether an event matches.
    pub fn matches(&self, event: &Event) -> bool {
        let matches_body = match &event.body {
            Body::Call(call) => self.matches_call(call),
            Body::Line(_) | Body::Note(_) => true,
        };
        matches_body
            && self.service.is_none_or(|s| s == event.thread.service)
            && self.kind.as_ref().is_none_or(|k| k.matches(event.kind()))
    }
}

/// One branch of [`Machine::parallel`].
pub type Branch<'a> = Box<dyn FnOnce() + 'a>;

/// A running world, seen by its driver.
pub trait Machine {
    /// Runs `body` as the driver's first task until it returns or the world ends. `on_event` is called for every
    /// event that matches a filter of [`Machine::watch`], before anything else in the world happens; an error from
    /// it ends the world there. Returns the failure that ended the world, if one did.
    fn drive(
        &self,
        body: &mut dyn FnMut(),
        on_event: &mut dyn FnMut(EventIndex) -> Result<(), Failure>,
    ) -> Result<(), Failure>;

    /// Starts a service's process, for the first time or again.
    fn start(&self, service: ServiceId) -> Result<(), Stopped>;
    /// True if the services are already up: the machine was brought back to the moment of an earlier call of
    /// [`Machine::enter_run`], and the driver is to go on from there. To be asked once, at the start of the body of
    /// [`Machine::drive`].
    fn is_booted(&self) -> bool {
        false
    }
    /// The services are up: from now on choices are asked of the source. What led here must not depend on the test.
    fn enter_run(&self);
    /// True while the first process of a service lives.
    fn is_alive(&self, service: ServiceId) -> bool;

    /// Connects from the host `test` to a port of a service.
    fn connect(&self, to: ServiceId, port: u16, deadline: VirtualTime) -> Result<Result<Connection, Errno>, Stopped>;
    /// A datagram socket on the host `test` that talks to a port of a service: what is sent on it is one datagram, what is
    /// received the next one.
    fn associate(&self, to: ServiceId, port: u16) -> Result<Result<Connection, Errno>, Stopped>;
    /// Sends all bytes.
    fn send(&self, on: Connection, bytes: &[u8], deadline: VirtualTime) -> Result<Result<(), Errno>, Stopped>;
    /// Receives at least one byte; an empty answer is the end of the stream.
    fn receive(&self, on: Connection, deadline: VirtualTime) -> Result<Result<Vec<u8>, Errno>, Stopped>;
    /// Closes a connection.
    fn close(&self, on: Connection);

    /// Lets virtual time pass.
    fn sleep(&self, time: VirtualDuration) -> Result<(), Stopped>;
    /// Lets the world run until nothing can happen any more before `deadline`: every thread waits, and no timer or
    /// packet is due. Periodic timers count as something that happens. True if that point was reached.
    fn settle(&self, deadline: VirtualTime) -> Result<bool, Stopped>;
    /// Waits until then without being a reason to: the world comes to rest meanwhile, and a deadlock is one. False if
    /// [`Machine::dismiss`] ended it.
    fn linger(&self, until: VirtualTime) -> Result<bool, Stopped>;
    /// Ends all [`Machine::linger`].
    fn dismiss(&self);
    /// Runs the branches as tasks, interleaved like any other threads; returns when all have returned.
    fn parallel(&self, branches: Vec<Branch<'_>>) -> Result<(), Stopped>;
    /// Who waits for what: the threads of the services, as a report shows them that says why nothing goes on.
    fn waiting(&self) -> Waiting {
        Waiting::default()
    }
    /// The current virtual time.
    fn now(&self) -> VirtualTime;
    /// Decides a question of the specification among `alternatives`.
    fn choose(&self, question: u32, alternatives: u32) -> u32;

    /// How many events there are.
    fn events(&self) -> u64;
    /// A copy of an event, if it exists.
    fn event(&self, index: EventIndex) -> Option<Event>;
    /// Calls `f` on every event in order until it returns false. Cheaper than copying; `f` must not call the machine.
    fn each_event(&self, f: &mut dyn FnMut(&Event) -> bool);
    /// Calls `f` with what passed between threads so far, unless no account is kept of it
    /// ([`Plan::causality`](crate::plan::Plan)). `f` must not call the machine.
    fn causes(&self, _: &mut dyn FnMut(&Causes)) {}
    /// Appends an event of the driver's own (`step_send`, `step_recv`, `fault_applied`, …).
    fn note(&self, note: Note);
    /// Replaces the set of filters whose events `on_event` is called for.
    fn watch(&self, filters: &[Filter]);

    /// Puts a fault in place; rules of a service are tried in the order of installation, the first that fires wins.
    fn install(&self, rule: FaultRule) -> RuleId;
    /// Takes a fault away.
    fn remove(&self, rule: RuleId);
    /// Does something to the world at once; answers how many threads, connections or calls it concerned.
    fn intervene(&self, what: &Intervention) -> Result<u64, Stopped>;
    /// How many calls or packets a rule was considered for, and how often it fired.
    fn hits(&self, rule: RuleId) -> (u64, u64);
}
