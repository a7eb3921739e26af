//! The toy world as a machine.

use super::Toy;
use super::task::{Ask, BODY, TASKS, Task, coroutine, scoped};
use model::event::{Body, Note};
use model::fault::{Intervention, Strike};
use model::machine::Branch;
use model::{
    Connection, Errno, Event, EventIndex, Failure, FaultRule, Filter, Machine, RuleId, ServiceId, Stopped,
    VirtualDuration, VirtualTime,
};

impl Machine for Toy<'_> {
    fn drive(
        &self,
        body: &mut dyn FnMut(),
        on_event: &mut dyn FnMut(EventIndex) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let task = coroutine(|yielder: &Task, ()| BODY.set(yielder, body));
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
    fn associate(&self, to: ServiceId, port: u16) -> Result<Result<Connection, Errno>, Stopped> {
        self.connect(to, port, VirtualTime::EPOCH)
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
        if self.state.borrow().failure.is_some() { Err(Stopped) } else { Ok(Ok(answer.into_bytes())) }
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
        if state.failure.is_some() { Err(Stopped) } else { Ok(state.later.is_empty()) }
    }
    fn linger(&self, _: VirtualTime) -> Result<bool, Stopped> {
        Ok(false)
    }
    fn dismiss(&self) {}
    fn parallel(&self, branches: Vec<Branch<'_>>) -> Result<(), Stopped> {
        self.turn()?;
        assert_eq!(self.current.get(), 0, "the toy does not nest");
        let count = branches.len();
        let tasks: Vec<_> = branches
            .into_iter()
            .enumerate()
            .map(|(i, branch)| {
                let key = TASKS[i + 1];
                coroutine(move |yielder: &Task, ()| key.set(yielder, branch))
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
        if self.state.borrow().failure.is_some() { Err(Stopped) } else { Ok(()) }
    }
    fn now(&self) -> VirtualTime {
        VirtualTime::EPOCH.after(VirtualDuration(self.state.borrow().now))
    }
    fn choose(&self, question: u32, alternatives: u32) -> u32 {
        let mut state = self.state.borrow_mut();
        state.questions.push((question, alternatives));
        if state.picks.is_empty() { 0 } else { state.picks.remove(0) }
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
    fn intervene(&self, what: &Intervention) -> Result<u64, Stopped> {
        self.turn()?;
        if let Intervention::Strike(service, Strike::Crash(_)) = what {
            self.kill(self.plan.name(*service));
        }
        self.append(ServiceId::DRIVER, Body::Note(Note::new("intervened", [("what", format!("{what:?}").into())])));
        Ok(1)
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
