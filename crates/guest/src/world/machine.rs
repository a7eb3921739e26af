//! The world as its driver sees it.

use super::{Boots, Moment, Next, World};
use crate::arena::{peek, shared, with_kernel};
use crate::host::GuestHost;
use crate::process;
use crate::snapshot::Snapshot;
use kernel::driver::{Answer, Request};
use kernel::exec::Spawn;
use kernel::wait::ObjectId;
use kernel::{Ending, Kernel};
use model::causality::Causes;
use model::machine::{Branch, Connection, Filter, Machine, Stopped};
use model::{
    Errno, Event, EventIndex, Failure, FaultRule, Hint, Intervention, Kind, Note, Phase, RuleId, ServiceId, Stream,
    VirtualDuration, VirtualTime, Waiting,
};
use std::sync::atomic::Ordering;

impl Machine for World {
    fn drive(
        &self,
        body: &mut dyn FnMut(),
        on_event: &mut dyn FnMut(EventIndex) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.stopped.get() {
            return Ok(());
        }
        let resumed = self.resumed.get();
        let root = resumed.unwrap_or_else(|| with_kernel(Kernel::driver_spawn));
        // SAFETY: every way out of the loop below has ended the task: it returned, or `stop` ended it.
        let added = unsafe { self.tasks.add(root, Box::new(body)) };
        added.map_err(|e| Failure {
            kind: "internal".to_owned(),
            property: "fbsim".to_owned(),
            message: format!("no stack for a task: {e}"),
            at: None,
            location: None,
        })?;
        let mut next = resumed.map(Next::Task);
        let result = loop {
            match next.take().unwrap_or_else(|| self.step()) {
                Next::Task(task) => {
                    if self.tasks.resume(task) {
                        with_kernel(|k| k.driver_exit(task));
                        if task == root {
                            break Ok(());
                        }
                    }
                }
                Next::Events(events) => {
                    if let Err(failure) = events.into_iter().try_for_each(&mut *on_event) {
                        break Err(failure);
                    }
                }
                Next::Ended(Ending::Finished) => break Ok(()),
                Next::Ended(ending) => break Err(self.failure(&ending)),
            }
        };
        if result.is_err() || !self.tasks.open().is_empty() {
            self.stop();
        }
        self.memory.look();
        match self.start_error.take() {
            Some(failure) => Err(failure),
            None => result,
        }
    }

    fn start(&self, service: ServiceId) -> Result<(), Stopped> {
        if self.stopped.get() {
            return Err(Stopped);
        }
        let spec = self.plan.service(service).ok_or(Stopped)?;
        let task = self.driver_thread();
        let spawned = with_kernel(|k| {
            let spawn = spawn_of(spec, &self.directory);
            k.power_on(service);
            k.driver_acts(task, |k| k.spawn(&mut GuestHost::here(), service, spawn))
        });
        let fail = |message: String| {
            *self.start_error.borrow_mut() = Some(Failure {
                kind: "boot".to_owned(),
                property: format!("{} starts", spec.name),
                message,
                at: None,
                location: None,
            });
            with_kernel(|k| k.end(Ending::Finished));
            Err(Stopped)
        };
        match spawned {
            Err(why) => fail(format!("{} {why}", spec.binary)),
            Ok((process, space)) => {
                self.first.borrow_mut()[service.index()] = Some(process);
                match process::fork_first(space, self.entry, self.boots, &self.loops) {
                    Ok(()) => Ok(()),
                    Err(errno) => fail(format!("fork: {}", errno.message())),
                }
            }
        }
    }
    fn is_booted(&self) -> bool {
        self.resumed.take().is_some()
    }
    fn enter_run(&self) {
        if self.boots == Boots::Shared && self.moment.borrow().is_none() {
            let moment = Snapshot::take().zip(self.tasks.running()).map(|(snapshot, task)| {
                let first = self.first.borrow().clone();
                Moment { snapshot, first, task }
            });
            *self.moment.borrow_mut() = moment;
        }
        // The same from a fresh boot and from a shared one.
        shared().turns.store(i64::from(kernel::scheduler::TURNS), Ordering::Relaxed);
        with_kernel(|k| k.choices.enter(Phase::Run));
        self.memory.begin(peek(|k| k.log.count()));
        self.next_pause();
    }
    fn is_alive(&self, service: ServiceId) -> bool {
        let Some(first) = self.first.borrow().get(service.index()).copied().flatten() else { return false };
        peek(|k| k.processes.get(&first).is_some_and(|p| p.status.is_none()))
    }

    fn connect(&self, to: ServiceId, port: u16, deadline: VirtualTime) -> Result<Result<Connection, Errno>, Stopped> {
        match self.request(&Request::Connect { to, port, deadline })? {
            Answer::Connected(result) => Ok(result.map(|object| Connection(object.0))),
            _ => Err(Stopped),
        }
    }
    fn associate(&self, to: ServiceId, port: u16) -> Result<Result<Connection, Errno>, Stopped> {
        match self.request(&Request::Associate { to, port })? {
            Answer::Connected(result) => Ok(result.map(|object| Connection(object.0))),
            _ => Err(Stopped),
        }
    }
    fn send(&self, on: Connection, bytes: &[u8], deadline: VirtualTime) -> Result<Result<(), Errno>, Stopped> {
        match self.request(&Request::Send { on: ObjectId(on.0), bytes: bytes.to_vec(), deadline })? {
            Answer::Sent(result) => Ok(result),
            _ => Err(Stopped),
        }
    }
    fn receive(&self, on: Connection, deadline: VirtualTime) -> Result<Result<Vec<u8>, Errno>, Stopped> {
        match self.request(&Request::Receive { on: ObjectId(on.0), deadline })? {
            Answer::Received(result) => Ok(result),
            _ => Err(Stopped),
        }
    }
    fn close(&self, on: Connection) {
        let task = self.driver_thread();
        with_kernel(|k| k.driver_acts(task, |k| k.driver_close(ObjectId(on.0))));
    }

    fn sleep(&self, time: VirtualDuration) -> Result<(), Stopped> {
        self.request(&Request::Sleep(self.now().after(time))).map(|_| ())
    }
    fn settle(&self, deadline: VirtualTime) -> Result<bool, Stopped> {
        Ok(self.request(&Request::Settle(deadline))? == Answer::Settled(true))
    }
    fn linger(&self, until: VirtualTime) -> Result<bool, Stopped> {
        Ok(self.request(&Request::Linger(until))? == Answer::Settled(true))
    }
    fn dismiss(&self) {
        with_kernel(Kernel::driver_dismiss);
    }
    fn parallel(&self, branches: Vec<Branch<'_>>) -> Result<(), Stopped> {
        if self.stopped.get() {
            return Err(Stopped);
        }
        let mut tasks = Vec::new();
        let parent = self.driver_thread();
        for branch in branches {
            let task = with_kernel(|k| k.driver_acts(parent, Kernel::driver_spawn));
            // SAFETY: the join below returns when the branches have ended, or when the world was stopped, in which
            // case `stop` ended them first: they come after this task in the order of numbers.
            if unsafe { self.tasks.add(task, branch) }.is_err() {
                with_kernel(|k| k.end(Ending::Internal("no stack for a task".to_owned())));
            }
            tasks.push(task);
        }
        self.request(&Request::Join(tasks)).map(|_| ())
    }
    fn waiting(&self) -> Waiting {
        let threads = |k: &Kernel| k.parked().into_iter().filter(|p| !p.thread.service.is_driver()).collect();
        peek(|k| Waiting { threads: threads(k), until: k.timers.next_of_services() })
    }
    fn now(&self) -> VirtualTime {
        peek(|k| k.clock.now())
    }
    fn choose(&self, question: u32, alternatives: u32) -> u32 {
        with_kernel(|k| k.choose(Kind::Spec, Stream::numbered(question), alternatives, &[], Hint::None))
    }

    fn events(&self) -> u64 {
        peek(|k| k.log.count())
    }
    fn event(&self, index: EventIndex) -> Option<Event> {
        peek(|k| k.log.get(index).cloned())
    }
    fn each_event(&self, f: &mut dyn FnMut(&Event) -> bool) {
        peek(|k| k.log.iter().all(f));
    }
    fn causes(&self, f: &mut dyn FnMut(&Causes)) {
        peek(|k| k.causes.causes().into_iter().for_each(f));
    }
    fn note(&self, note: Note) {
        let thread = self.driver_thread();
        with_kernel(|k| k.log.note(k.clock.now(), thread, note.clone()));
    }
    fn watch(&self, filters: &[Filter]) {
        with_kernel(|k| k.log.watch(filters));
    }

    fn install(&self, rule: FaultRule) -> RuleId {
        with_kernel(|k| k.install_fault(rule.clone()))
    }
    fn remove(&self, rule: RuleId) {
        with_kernel(|k| k.remove_fault(rule));
    }
    fn intervene(&self, what: &Intervention) -> Result<u64, Stopped> {
        if self.stopped.get() {
            return Err(Stopped);
        }
        let task = self.driver_thread();
        Ok(with_kernel(|k| k.driver_acts(task, |k| k.intervene(what))))
    }
    fn hits(&self, rule: RuleId) -> (u64, u64) {
        peek(|k| k.faults.hits(rule))
    }
}

fn spawn_of(service: &model::plan::Service, directory: &str) -> Spawn {
    let mut arguments = vec![service.binary.clone().into_bytes()];
    arguments.extend(service.args.iter().map(|a| a.clone().into_bytes()));
    let defaults =
        [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", &*service.user.home), ("USER", &*service.user.name)];
    let mut environment: Vec<Vec<u8>> = Vec::new();
    for (name, value) in defaults {
        if !service.env.iter().any(|(n, _)| n == name) {
            environment.push(format!("{name}={value}").into_bytes());
        }
    }
    environment.extend(service.env.iter().map(|(n, v)| format!("{n}={v}").into_bytes()));
    let directory = if directory.is_empty() { "/" } else { directory };
    Spawn { path: service.binary.clone(), arguments, environment, directory: directory.to_owned() }
}
