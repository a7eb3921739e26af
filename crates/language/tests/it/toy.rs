//! A machine without a kernel: services are functions, time is a counter, the log is a vector. What it does as the real
//! one does is what the language depends on: the body and the branches of `parallel()` are coroutines that are left in
//! the middle of a machine call, an event that is watched reaches `on_event` before anything else happens, and a world
//! that has ended answers `Stopped` to everything.

use corosensei::{ScopedCoroutine, Yielder};
use model::event::{Body, Call, Decision, Line, LineSource, Note};
use model::hash::EventHash;
use model::machine::Branch;
use model::plan::Plan;
use model::{
    Action, Connection, Errno, Event, EventIndex, Failure, FaultRule, Filter, Machine, RuleId, ServiceId, Stopped,
    ThreadId, VirtualDuration, VirtualTime,
};
use scoped_tls::{ScopedKey, scoped_thread_local};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// Why a task leaves its coroutine.
enum Ask {
    /// So that another one gets a turn.
    Turn,
    /// So that the supervisor looks at this event.
    Look(EventIndex),
}

type Task = Yielder<(), Ask>;

// A task finds its way out through a key of its own: a shared one would be restored in the wrong order.
scoped_thread_local!(static BODY: Task);
scoped_thread_local!(static BRANCH_1: Task);
scoped_thread_local!(static BRANCH_2: Task);
scoped_thread_local!(static BRANCH_3: Task);
const TASKS: [&ScopedKey<Task>; 4] = [&BODY, &BRANCH_1, &BRANCH_2, &BRANCH_3];

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
        self.append(
            self.id(service),
            Body::Line(Line {
                source,
                path,
                text: text.into(),
            }),
        );
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
        state
            .later
            .entry(at)
            .or_default()
            .push((service.into(), source, text.into()));
    }
    /// A system call of a service, subject to the rules in place.
    pub(crate) fn syscall(&self, service: &str, number: u16, path: &str) -> Result<(), Errno> {
        let id = self.id(service);
        let mut decision = Decision::Allow;
        {
            let mut state = self.state.borrow_mut();
            let State { rules, fires, .. } = &mut *state;
            for (_, rule, considered, fired) in rules {
                let on_path = rule.path.as_ref().is_none_or(|glob| glob.matches(path));
                if rule.service != id || !rule.calls.contains(&number) || !on_path {
                    continue;
                }
                *considered += 1;
                let spent = rule.max_fires > 0 && *fired >= u64::from(rule.max_fires);
                let always = rule.probability == FaultRule::ALWAYS;
                if spent || !(always || (!fires.is_empty() && fires.remove(0))) {
                    continue;
                }
                *fired += 1;
                decision = match rule.action {
                    Action::Allow => Decision::Allow,
                    Action::Deny(errno) => Decision::Deny(errno),
                    Action::Delay(by) => Decision::Delay(by),
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
        let denied = if let Decision::Deny(errno) = decision {
            Err(errno)
        } else {
            Ok(())
        };
        let call = Call {
            number,
            args: [0; 6],
            result,
            decision,
            path: Some(path.into()),
            op: None,
        };
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

impl Machine for Toy<'_> {
    fn drive(
        &self,
        body: &mut dyn FnMut(),
        on_event: &mut dyn FnMut(EventIndex) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let task = ScopedCoroutine::new(|yielder: &Task, ()| BODY.set(yielder, body));
        task.scope(|mut task| {
            self.current.set(0);
            while let Some(ask) = task.resume(()).as_yield() {
                if let Ask::Look(index) = ask
                    && let Err(failure) = on_event(index)
                {
                    self.state.borrow_mut().failure.get_or_insert(failure);
                }
                self.current.set(0);
            }
        });
        self.state.borrow_mut().failure.take().map_or(Ok(()), Err)
    }

    fn start(&self, service: ServiceId) -> Result<(), Stopped> {
        self.turn()?;
        self.state.borrow_mut().started.insert(service.0);
        Ok(())
    }
    fn enter_run(&self) {
        self.append(ServiceId::DRIVER, Body::Note(Note::new("run_entered", [])));
    }
    fn is_alive(&self, service: ServiceId) -> bool {
        let state = self.state.borrow();
        state.started.contains(&service.0) && !state.dead.contains(self.plan.name(service))
    }

    fn connect(&self, to: ServiceId, _: u16, _: VirtualTime) -> Result<Result<Connection, Errno>, Stopped> {
        self.turn()?;
        let mut state = self.state.borrow_mut();
        let ready = state.ready_at.get(self.plan.name(to)).copied().unwrap_or(0) * 1_000_000;
        if state.now < ready || state.dead.contains(self.plan.name(to)) {
            return Ok(Err(Errno(111)));
        }
        state.connections.push((to, String::new()));
        Ok(Ok(Connection(state.connections.len() as u32 - 1)))
    }
    fn send(&self, on: Connection, bytes: &[u8], _: VirtualTime) -> Result<Result<(), Errno>, Stopped> {
        self.turn()?;
        let (to, request) = {
            let mut state = self.state.borrow_mut();
            let (to, request) = &mut state.connections[on.0 as usize];
            request.push_str(&String::from_utf8_lossy(bytes));
            (*to, request.clone())
        };
        self.services.begin(self, self.plan.name(to), &request);
        Ok(Ok(()))
    }
    fn receive(&self, on: Connection, _: VirtualTime) -> Result<Result<Vec<u8>, Errno>, Stopped> {
        self.turn()?;
        let (to, request) = {
            let mut state = self.state.borrow_mut();
            let (to, request) = &mut state.connections[on.0 as usize];
            (*to, std::mem::take(request))
        };
        if request.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let answer = self.services.answer(self, self.plan.name(to), &request);
        // A monitor may have ended the world while the service was at it.
        if self.state.borrow().failure.is_some() {
            Err(Stopped)
        } else {
            Ok(Ok(answer.into_bytes()))
        }
    }
    fn close(&self, _: Connection) {}

    fn sleep(&self, time: VirtualDuration) -> Result<(), Stopped> {
        let end = self.state.borrow().now + time.0;
        self.turn()?;
        self.pass_until(end);
        let mut state = self.state.borrow_mut();
        state.now = state.now.max(end);
        if state.failure.is_some() { Err(Stopped) } else { Ok(()) }
    }
    fn settle(&self, deadline: VirtualTime) -> Result<bool, Stopped> {
        self.turn()?;
        self.pass_until(deadline.elapsed().0);
        let state = self.state.borrow();
        if state.failure.is_some() {
            Err(Stopped)
        } else {
            Ok(state.later.is_empty())
        }
    }
    fn parallel(&self, branches: Vec<Branch<'_>>) -> Result<(), Stopped> {
        self.turn()?;
        assert_eq!(self.current.get(), 0, "the toy does not nest");
        let count = branches.len();
        let tasks: Vec<_> = branches
            .into_iter()
            .enumerate()
            .map(|(i, branch)| {
                let key = TASKS[i + 1];
                ScopedCoroutine::new(move |yielder: &Task, ()| key.set(yielder, branch))
            })
            .collect();
        scoped(&mut tasks.into_iter(), 0, &mut |_| None, &mut |resume| {
            let mut waiting: Vec<usize> = (0..count).collect();
            while !waiting.is_empty() {
                let wanted = self.schedule.borrow_mut().pop();
                let at = wanted.and_then(|w| waiting.iter().position(|i| *i == w)).unwrap_or(0);
                let branch = waiting.remove(at);
                self.turns.borrow_mut().push(branch);
                self.current.set(branch + 1);
                let left = resume(branch);
                self.current.set(0);
                if let Some(Ask::Look(index)) = left {
                    self.leave(Ask::Look(index));
                    waiting.insert(0, branch);
                } else if left.is_some() {
                    waiting.push(branch);
                }
            }
        });
        self.current.set(0);
        if self.state.borrow().failure.is_some() {
            Err(Stopped)
        } else {
            Ok(())
        }
    }
    fn now(&self) -> VirtualTime {
        VirtualTime::EPOCH.after(VirtualDuration(self.state.borrow().now))
    }
    fn choose(&self, question: u32, alternatives: u32) -> u32 {
        let mut state = self.state.borrow_mut();
        state.questions.push((question, alternatives));
        if state.picks.is_empty() {
            0
        } else {
            state.picks.remove(0)
        }
    }

    fn events(&self) -> u64 {
        self.state.borrow().events.len() as u64
    }
    fn event(&self, index: EventIndex) -> Option<Event> {
        self.state.borrow().events.get(index.0 as usize).cloned()
    }
    fn each_event(&self, f: &mut dyn FnMut(&Event) -> bool) {
        // Held while `f` runs: if it called the machine, the test would fail.
        let state = self.state.borrow_mut();
        for event in &state.events {
            if !f(event) {
                return;
            }
        }
    }
    fn note(&self, note: Note) {
        self.append(ServiceId::DRIVER, Body::Note(note));
    }
    fn watch(&self, filters: &[Filter]) {
        self.state.borrow_mut().watched = filters.to_vec();
    }

    fn install(&self, rule: FaultRule) -> RuleId {
        let mut state = self.state.borrow_mut();
        state.rules_made += 1;
        let id = RuleId(state.rules_made);
        state.rules.push((id, rule, 0, 0));
        id
    }
    fn remove(&self, rule: RuleId) {
        self.state.borrow_mut().rules.retain(|(id, ..)| *id != rule);
    }
    fn hits(&self, rule: RuleId) -> (u64, u64) {
        let state = self.state.borrow();
        state
            .rules
            .iter()
            .find(|(id, ..)| *id == rule)
            .map_or((0, 0), |(_, _, considered, fired)| (*considered, *fired))
    }
}

/// What a branch asked for when it was last left; `None` once it has returned.
type Left = Option<Ask>;

/// Enters the scopes of all coroutines, one within the other, and hands over how to resume each.
fn scoped<'c>(
    tasks: &mut std::vec::IntoIter<ScopedCoroutine<'c, (), Ask, ()>>,
    entered: usize,
    resume_entered: &mut dyn FnMut(usize) -> Left,
    then: &mut dyn FnMut(&mut dyn FnMut(usize) -> Left),
) {
    match tasks.next() {
        None => then(resume_entered),
        Some(task) => task.scope(|mut task| {
            let mut resume = |i: usize| {
                if i == entered {
                    task.resume(()).as_yield()
                } else {
                    resume_entered(i)
                }
            };
            scoped(tasks, entered + 1, &mut resume, then);
        }),
    }
}
