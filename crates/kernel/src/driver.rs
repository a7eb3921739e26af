//! The driver's tasks: threads of the host `test` that run in the supervisor and talk to the kernel in requests
//! instead of system calls. They are scheduled like any other thread.

use crate::abi::errno::{EAGAIN, EALREADY, EINPROGRESS, ETIMEDOUT};
use crate::causality::Spot;
use crate::host::AddressSpaceId;
use crate::process::{Pending, ProcessId, Thread};
use crate::wait::{ObjectId, Wait, WaitKey};
use crate::world::Kernel;
use model::{Errno, ServiceId, ThreadId, VirtualTime};
use std::collections::BTreeMap;

/// What a task asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Connect a new socket to a port of a service.
    Connect {
        /// The service.
        to: ServiceId,
        /// The port.
        port: u16,
        /// When to give up.
        deadline: VirtualTime,
    },
    /// Make a datagram socket that talks to a port of a service.
    Associate {
        /// The service.
        to: ServiceId,
        /// The port.
        port: u16,
    },
    /// Send all of these bytes.
    Send {
        /// The socket.
        on: ObjectId,
        /// What is left to send.
        bytes: Vec<u8>,
        /// When to give up.
        deadline: VirtualTime,
    },
    /// Receive at least one byte.
    Receive {
        /// The socket.
        on: ObjectId,
        /// When to give up.
        deadline: VirtualTime,
    },
    /// Sleep until this instant.
    Sleep(VirtualTime),
    /// Wait until nothing can happen before this instant.
    Settle(VirtualTime),
    /// Wait until this instant, if the world gets there for another reason, or until dismissed.
    Linger(VirtualTime),
    /// Wait until a process has ended.
    Exit(ProcessId),
    /// Wait until these tasks have ended.
    Join(Vec<u32>),
    /// Only give others the chance to run.
    Yield,
}

/// What a task is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `Connect` and `Associate`.
    Connected(Result<ObjectId, Errno>),
    /// To `Send`.
    Sent(Result<(), Errno>),
    /// To `Receive`.
    Received(Result<Vec<u8>, Errno>),
    /// To `Settle` and `Linger`: whether that point was reached.
    Settled(bool),
    /// To everything else.
    Done,
}

#[derive(Debug)]
struct Task {
    request: Option<Request>,
    answer: Option<Answer>,
    /// The socket of a `Connect` under way.
    socket: Option<ObjectId>,
}

/// The driver's tasks.
#[derive(Debug, Default)]
pub struct Driver {
    tasks: BTreeMap<u32, Task>,
    /// Tasks that wait for quiet, and until when.
    settling: BTreeMap<u32, VirtualTime>,
    /// Tasks that linger, and until when.
    lingering: BTreeMap<u32, VirtualTime>,
}

fn thread_id(task: u32) -> ThreadId {
    ThreadId { service: ServiceId::DRIVER, tid: task }
}

impl Driver {
    /// True if a task waits for quiet and the next timer is beyond its deadline.
    pub(crate) fn settled(&self, next: Option<VirtualTime>) -> bool {
        self.settling.values().any(|deadline| next.is_none_or(|at| at > *deadline))
    }
    /// The next instant at which a task that lingers goes on.
    pub(crate) fn lingers_until(&self) -> Option<VirtualTime> {
        self.lingering.values().min().copied()
    }
    /// The task that waits for quiet and would give up first.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn settling_task(&self) -> ThreadId {
        let first = self.settling.iter().min_by_key(|(_, deadline)| **deadline);
        thread_id(*first.expect("a task is settling").0)
    }
}

impl Kernel {
    /// Adds a task; it is a thread of the host `test`.
    pub fn driver_spawn(&mut self) -> u32 {
        let tid = self.new_tid(ServiceId::DRIVER);
        let process = ProcessId { service: ServiceId::DRIVER, pid: 0 };
        self.driver.tasks.insert(tid, Task { request: None, answer: None, socket: None });
        self.add_thread(Thread::new(thread_id(tid), process, AddressSpaceId::SUPERVISOR, "task"));
        tid
    }
    /// A task has ended.
    pub fn driver_exit(&mut self, task: u32) {
        let id = thread_id(task);
        self.driver_acts(id, |k| k.causes.mark(Spot::Task(task)));
        self.unpark(id);
        self.run_queue.retain(|t| *t != id);
        self.threads.remove(&id);
        self.driver.tasks.remove(&task);
        self.driver.settling.remove(&task);
        self.driver.lingering.remove(&task);
        self.wake(WaitKey::Task(task));
    }
    /// The running task asks for something; the answer is there when the scheduler runs it again.
    pub fn driver_request(&mut self, task: u32, request: Request) {
        self.clock.tick_call();
        let entry = self.driver.tasks.get_mut(&task).expect("the task exists");
        entry.request = Some(request);
        entry.answer = None;
        let thread = self.thread_mut(thread_id(task));
        thread.pending = Pending::Driver;
        thread.call = crate::process::InCall::default();
        thread.slice += 1;
    }
    /// Takes the answer to a task's last request.
    pub fn driver_answer(&mut self, task: u32) -> Option<Answer> {
        self.driver.tasks.get_mut(&task)?.answer.take()
    }

    /// Tasks that wait for quiet look again. Answers how many.
    pub(crate) fn driver_attend(&mut self) -> u64 {
        let waiting: Vec<u32> = self.driver.settling.keys().copied().collect();
        waiting.iter().for_each(|task| self.wake_thread(thread_id(*task)));
        waiting.len() as u64
    }
    /// Tasks that linger go on: those whose instant has come, or all.
    pub(crate) fn driver_rouse(&mut self, until: VirtualTime) {
        let due = self.driver.lingering.iter().filter(|(_, at)| **at <= until);
        let due: Vec<u32> = due.map(|(task, _)| *task).collect();
        due.iter().for_each(|task| self.wake_thread(thread_id(*task)));
    }
    /// Tasks that linger go on at once.
    pub fn driver_dismiss(&mut self) {
        self.driver_rouse(VirtualTime(u64::MAX));
    }
    /// Closes a connection of the driver.
    pub fn driver_close(&mut self, socket: ObjectId) {
        self.socket_close(socket);
    }

    /// Tries a task's request. True if it is answered; else the task is parked.
    pub(crate) fn driver_attempt(&mut self, id: ThreadId) -> bool {
        self.causes.begin(id, AddressSpaceId::SUPERVISOR, self.log.count());
        let answered = self.driver_asks(id);
        self.causes.end(self.log.count());
        answered
    }
    /// A task does something that takes no time: what is left by it is left by the task.
    pub fn driver_acts<T>(&mut self, task: ThreadId, act: impl FnOnce(&mut Kernel) -> T) -> T {
        self.causes.begin(task, AddressSpaceId::SUPERVISOR, self.log.count());
        let done = act(self);
        self.causes.end(self.log.count());
        done
    }
    fn driver_asks(&mut self, id: ThreadId) -> bool {
        let task = id.tid;
        let Some(request) = self.driver.tasks.get_mut(&task).and_then(|t| t.request.take()) else { return true };
        let timed_out = self.thread_mut(id).call.timed_out;
        let answer = match self.driver_try(task, request, timed_out) {
            Ok(answer) => answer,
            Err((request, wait)) => {
                self.driver.tasks.get_mut(&task).expect("the task exists").request = Some(request);
                self.park(id, wait);
                self.thread_mut(id).pending = Pending::Driver;
                return false;
            }
        };
        self.driver.tasks.get_mut(&task).expect("the task exists").answer = Some(answer);
        true
    }

    fn driver_try(&mut self, task: u32, request: Request, timed_out: bool) -> Result<Answer, (Request, Wait)> {
        let object_wait = |on, deadline, why| Wait::on(WaitKey::Object(on), why).with_deadline(Some(deadline));
        match request {
            Request::Connect { to, port, deadline } => {
                let underway = self.driver.tasks[&task].socket;
                let socket = underway.unwrap_or_else(|| self.tcp_open(ServiceId::DRIVER));
                self.driver.tasks.get_mut(&task).expect("the task exists").socket = Some(socket);
                let address = self.net.address(to);
                let result = match self.tcp_connect(socket, address, port) {
                    Err(e) if (e == EINPROGRESS || e == EALREADY) && !timed_out => {
                        let wait = object_wait(socket, deadline, "connecting");
                        return Err((Request::Connect { to, port, deadline }, wait));
                    }
                    Err(e) if e == EINPROGRESS || e == EALREADY => Err(ETIMEDOUT),
                    other => other,
                };
                self.driver.tasks.get_mut(&task).expect("the task exists").socket = None;
                if result.is_err() {
                    self.socket_close(socket);
                }
                Ok(Answer::Connected(result.map(|()| socket)))
            }
            Request::Associate { to, port } => Ok(Answer::Connected(self.udp_to(to, port))),
            Request::Send { on, bytes, .. } if self.is_datagram(on) => Ok(Answer::Sent(self.datagram_send(on, bytes))),
            Request::Send { on, mut bytes, deadline } => loop {
                if bytes.is_empty() {
                    return Ok(Answer::Sent(Ok(())));
                }
                match self.stream_send(on, &bytes) {
                    Ok(n) => drop(bytes.drain(..n)),
                    Err(e) if e == EAGAIN && !timed_out => {
                        let wait = object_wait(on, deadline, "sending");
                        return Err((Request::Send { on, bytes, deadline }, wait));
                    }
                    Err(e) => return Ok(Answer::Sent(Err(if e == EAGAIN { ETIMEDOUT } else { e }))),
                }
            },
            Request::Receive { on, deadline } => match self.stream_receive(on, 1 << 16) {
                Err(e) if e == EAGAIN && !timed_out => {
                    Err((Request::Receive { on, deadline }, object_wait(on, deadline, "waiting for an answer")))
                }
                Err(e) => Ok(Answer::Received(Err(if e == EAGAIN { ETIMEDOUT } else { e }))),
                Ok(bytes) => Ok(Answer::Received(Ok(bytes))),
            },
            Request::Sleep(until) if self.clock.now() < until => {
                Err((Request::Sleep(until), Wait::until(until, "sleeping")))
            }
            Request::Settle(deadline) => {
                if self.driver.settling.remove(&task).is_some() {
                    return Ok(Answer::Settled(!timed_out));
                }
                self.driver.settling.insert(task, deadline);
                let give_up = VirtualTime(deadline.0.saturating_add(1));
                Err((Request::Settle(deadline), Wait::until(give_up, "waiting for quiet")))
            }
            Request::Linger(until) => {
                if self.driver.lingering.remove(&task).is_some() {
                    return Ok(Answer::Settled(self.clock.now() >= until));
                }
                self.driver.lingering.insert(task, until);
                Err((Request::Linger(until), Wait::on(WaitKey::Task(task), "waiting for the next poll")))
            }
            Request::Exit(id) if self.processes.get(&id).is_some_and(|p| p.status.is_none()) => {
                Err((Request::Exit(id), Wait::on(WaitKey::Exit(id), "waiting for the program to end")))
            }
            Request::Join(tasks) => {
                let open: Vec<WaitKey> =
                    tasks.iter().filter(|t| self.driver.tasks.contains_key(t)).map(|t| WaitKey::Task(*t)).collect();
                if open.is_empty() {
                    tasks.iter().for_each(|t| self.causes.drain(Spot::Task(*t)));
                    return Ok(Answer::Done);
                }
                let wait = Wait { keys: open, why: "waiting for parallel branches", ..Wait::default() };
                Err((Request::Join(tasks), wait))
            }
            Request::Exit(id) => {
                self.causes.see(Spot::Exit(id));
                Ok(Answer::Done)
            }
            Request::Sleep(_) | Request::Yield => Ok(Answer::Done),
        }
    }
}
