//! A machine without a kernel: services are functions, time is a counter, the log is a vector. What it does as the real
//! one does is what the language depends on: the body and the branches of `parallel()` are coroutines that are left in
//! the middle of a machine call, an event that is watched reaches `on_event` before anything else happens, and a world
//! that has ended answers `Stopped` to everything.

mod machine;
mod task;

use model::event::{Body, Call, Decision, Line, LineSource};
use model::fault::Place;
use model::hash::EventHash;
use model::plan::Plan;
use model::{
    Action, Errno, Event, EventIndex, Failure, FaultRule, Filter, RuleId, ServiceId, Stopped, ThreadId,
    VirtualDuration, VirtualTime,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use task::{Ask, TASKS};

/// What the services of a toy world do.
pub(crate) trait Services {
    /// A request has arrived; nothing is answered yet. Other branches may run before [`Services::answer`].
    fn begin(&self, toy: &Toy<'_>, service: &str, request: &str) {
        let _ = (toy, service, request);
    }
    /// The bytes that answer a request.
    fn answer(&self, toy: &Toy<'_>, service: &str, request: &str) -> String;
}

/// A toy world.
pub(crate) struct Toy<'a> {
    plan: &'a Plan,
    services: &'a dyn Services,
    state: RefCell<State>,
    current: Cell<usize>,
    /// Which branch runs next, last first; round robin when it is empty.
    pub(crate) schedule: RefCell<Vec<usize>>,
    /// The order in which branches got turns.
    pub(crate) turns: RefCell<Vec<usize>>,
}

#[derive(Default)]
struct State {
    now: u64,
    events: Vec<Event>,
    watched: Vec<Filter>,
    failure: Option<Failure>,
    started: BTreeSet<u16>,
    connections: Vec<(ServiceId, String)>,
    rules: Vec<(RuleId, FaultRule, u64, u64)>,
    rules_made: u32,
    /// Lines that will be written, by time.
    later: BTreeMap<u64, Vec<(String, LineSource, String)>>,
    /// When a service starts to accept connections, in ms after the start of the world.
    ready_at: BTreeMap<String, u64>,
    dead: BTreeSet<String>,
    /// The machine call after which the world ends, counted down.
    ends_in: Option<u32>,
    picks: Vec<u32>,
    pub(crate) questions: Vec<(u32, u32)>,
    fires: Vec<bool>,
}

impl<'a> Toy<'a> {
    pub(crate) fn new(plan: &'a Plan, services: &'a dyn Services) -> Toy<'a> {
        Toy {
            plan,
            services,
            state: RefCell::default(),
            current: Cell::new(0),
            schedule: RefCell::default(),
            turns: RefCell::default(),
        }
    }
    pub(crate) fn ready_after(self, service: &str, ms: u64) -> Self {
        self.state.borrow_mut().ready_at.insert(service.into(), ms);
        self
    }
    pub(crate) fn dead(self, service: &str) -> Self {
        self.state.borrow_mut().dead.insert(service.into());
        self
    }
    /// Ends the world in a deadlock at the n-th call that takes time.
    pub(crate) fn ends_in(self, calls: u32) -> Self {
        self.state.borrow_mut().ends_in = Some(calls);
        self
    }
    /// The answers to `choose`, in order; 0 afterwards.
    pub(crate) fn picks(self, picks: &[u32]) -> Self {
        self.state.borrow_mut().picks = picks.to_vec();
        self
    }
    pub(crate) fn questions(&self) -> Vec<(u32, u32)> {
        self.state.borrow().questions.clone()
    }
    pub(crate) fn log(&self) -> Vec<Event> {
        self.state.borrow().events.clone()
    }
    /// Whether rules with a probability fire, in order; they do not afterwards.
    pub(crate) fn fires(self, fires: &[bool]) -> Self {
        self.state.borrow_mut().fires = fires.to_vec();
        self
    }

    /// A service dies: nobody can connect to it any more.
    pub(crate) fn kill(&self, service: &str) {
        self.state.borrow_mut().dead.insert(service.into());
    }

    fn id(&self, service: &str) -> ServiceId {
        self.plan.id(service).unwrap_or_else(|| panic!("no service {service}"))
    }

    /// Appends an event and lets the supervisor look at it if it wants to.
    fn append(&self, service: ServiceId, body: Body) {
        let (index, watched) = {
            let mut state = self.state.borrow_mut();
            state.now += 1_000;
            let event = Event {
                index: EventIndex(state.events.len() as u64),
                at: VirtualTime::EPOCH.after(VirtualDuration(state.now)),
                thread: ThreadId { service, tid: 1 },
                hash: EventHash::default(),
                body,
            };
            let watched = state.watched.iter().any(|f| f.matches(&event)) && state.failure.is_none();
            state.events.push(event);
            (EventIndex(state.events.len() as u64 - 1), watched)
        };
        if watched {
            self.leave(Ask::Look(index));
        }
    }

    fn leave(&self, ask: Ask) {
        let task = self.current.get();
        TASKS[task].with(|yielder| yielder.suspend(ask));
        self.current.set(task);
    }

    /// A call that takes time: others get a turn, and the world may have ended.
    fn turn(&self) -> Result<(), Stopped> {
        self.leave(Ask::Turn);
        let mut state = self.state.borrow_mut();
        match &mut state.ends_in {
            Some(0) => {
                state.failure.get_or_insert_with(|| Failure {
                    kind: "deadlock".into(),
                    property: "deadlock".into(),
                    message: "nothing can run".into(),
                    at: None,
                    location: None,
                });
            }
            Some(n) => *n -= 1,
            None => {}
        }
        if state.failure.is_some() { Err(Stopped) } else { Ok(()) }
    }

    pub(crate) fn line(&self, service: &str, source: LineSource, text: &str) {
        let path = (source == LineSource::Wal).then(|| format!("/data/{service}.wal").into());
        self.append(self.id(service), Body::Line(Line { source, path, text: text.into() }));
    }
    pub(crate) fn stdout(&self, service: &str, text: &str) {
        self.line(service, LineSource::Stdout, text);
    }
    pub(crate) fn wal(&self, service: &str, text: &str) {
        self.line(service, LineSource::Wal, text);
    }
    /// A line that is written when the world has run for this long from now.
    pub(crate) fn later(&self, ms: u64, service: &str, source: LineSource, text: &str) {
        let mut state = self.state.borrow_mut();
        let at = state.now + ms * 1_000_000;
        state.later.entry(at).or_default().push((service.into(), source, text.into()));
    }
    /// A system call of a service, subject to the rules in place.
    pub(crate) fn syscall(&self, service: &str, number: u16, path: &str) -> Result<(), Errno> {
        let id = self.id(service);
        let mut decision = Decision::Allow;
        {
            let mut state = self.state.borrow_mut();
            let State { rules, fires, .. } = &mut *state;
            for (_, rule, considered, fired) in rules {
                let Place::Calls { service, calls, scope } = &rule.place else { continue };
                let on_path = scope.path.as_ref().is_none_or(|glob| glob.matches(path));
                if *service != id || !(calls.is_empty() || calls.contains(&number)) || !on_path {
                    continue;
                }
                *considered += 1;
                let may = rule.when.may_fire(*considered, *fired);
                let always = rule.when.probability == FaultRule::ALWAYS;
                if !may || !(always || (!fires.is_empty() && fires.remove(0))) {
                    continue;
                }
                *fired += 1;
                decision = match rule.action {
                    Action::Allow => Decision::Allow,
                    Action::Deny(errno) => Decision::Deny(errno),
                    Action::Delay(by) => Decision::Delay(by),
                    _ => Decision::Allow,
                };
                break;
            }
        }
        let result = match decision {
            Decision::Deny(errno) => -i64::from(errno.0),
            _ => 0,
        };
        if let Decision::Delay(by) = decision {
            self.state.borrow_mut().now += by.0;
        }
        let denied = if let Decision::Deny(errno) = decision { Err(errno) } else { Ok(()) };
        let call = Call { number, args: [0; 6], result, decision, path: Some(path.into()), op: None };
        self.append(id, Body::Call(call));
        denied
    }

    fn pass_until(&self, end: u64) {
        loop {
            let due = {
                let mut state = self.state.borrow_mut();
                let first = state.later.first_key_value().map(|(at, _)| *at).filter(|at| *at <= end);
                first.and_then(|at| {
                    state.now = state.now.max(at);
                    state.later.remove(&at)
                })
            };
            let Some(lines) = due else { return };
            for (service, source, text) in lines {
                self.line(&service, source, &text);
            }
        }
    }
}
