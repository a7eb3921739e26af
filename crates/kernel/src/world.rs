//! The state of a world, and the small operations that every part of the kernel uses: find a thread, park it, wake
//! it, end the run.

use crate::dense::Dense;
use crate::faults::Faults;
use crate::file::Files;
use crate::fs::FileSystems;
use crate::host::AddressSpaceId;
use crate::log::Log;
use crate::memory::{AddressSpace, Backing};
use crate::net::Network;
use crate::process::{Extended, Pending, Process, ProcessId, Thread, ThreadState};
use crate::time::{Clock, TimerAction, TimerId, Timers};
use crate::wait::{Wait, WaitKey, Waiters};
use model::causality::{Tracking, Via};
use model::plan::{Hardware, Op, User};
use model::traffic::Traffic;
use model::{
    Choices, EventIndex, Glob, LoopSite, Note, Parked, Phase, Seed, ServiceId, Source, Stream, ThreadId, Value,
    VirtualDuration,
};
use std::collections::{BTreeMap, VecDeque};

/// A simulated machine of the world: one per service, and one named `test` for the driver.
#[derive(Clone, Debug, Default)]
pub struct ServiceHost {
    /// Service name and host name.
    pub name: String,
    /// Ports that the plan declares for it: `localhost:PORT` elsewhere leads here when nothing listens locally.
    pub ports: Vec<u16>,
    /// Files whose lines become `wal` events.
    pub observe_wal: Vec<Glob>,
    /// Files whose lines become `topic` events.
    pub observe_topic: Vec<Glob>,
    /// Ports whose messages become `topic` events.
    pub observe_traffic: Vec<Traffic>,
    /// Named operations.
    pub ops: Vec<Op>,
    /// Host directories shown inside, as (path inside, path on the image).
    pub mounts: Vec<(String, String)>,
    /// Directories that are empty at first and belong to the user.
    pub disks: Vec<String>,
    /// Processors, memory and disk.
    pub hardware: Hardware,
    /// Who its programs run as.
    pub user: User,
}

/// Who owns what guests make, by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Owner {
    /// The superuser, as whom nobody runs: owner of the image and of what is simulated.
    pub const ROOT: Owner = Owner { uid: 0, gid: 0 };
}

/// What a world is made of.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Index 0 is the driver's host `test`.
    pub hosts: Vec<ServiceHost>,
    /// The run's seed.
    pub seed: Seed,
    /// End the run when a program is killed by a signal it did not handle.
    pub end_on_crash: bool,
    /// End the run, undecided, after so many calls; 0 is without limit.
    pub max_calls: u64,
    /// How long counted loops may keep a thread from making a call; 0 is without limit.
    pub patience: VirtualDuration,
    /// Pass what guests write to standard output and error on to the supervisor ([`Kernel::console`]).
    pub console: bool,
    /// What is kept of the events.
    pub retention: crate::log::Retention,
    /// Whether account is kept of what passes between threads.
    pub causality: Tracking,
}

/// Why a world can no longer go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The driver asked for it.
    Finished,
    /// No thread can run and no timer is armed.
    Deadlock(Vec<Parked>),
    /// A program was killed by a signal that it did not handle: its thread, and the whole sentence.
    Crash(ThreadId, String),
    /// A thread used the processor for long without a call.
    Spin {
        /// The thread.
        thread: ThreadId,
        /// Its instruction pointer when it was caught.
        pc: u64,
    },
    /// A loop was found that keeps others from going on: the run has to begin again with its turns counted.
    Loop(LoopSite),
    /// A bound of the configuration was reached: which, by whom and where, as the rest of "the limit of …".
    Limit(String),
    /// The run differs from the one it should repeat.
    Diverged(EventIndex),
    /// A defect of fbsim.
    Internal(String),
}

/// The simulated kernel of one world.
#[derive(Debug)]
pub struct Kernel {
    /// What the world is made of.
    pub config: Config,
    /// The one clock.
    pub clock: Clock,
    /// Everything armed on it.
    pub timers: Timers,
    /// Decisions.
    pub choices: Choices,
    /// Everything observable.
    pub log: Log,
    /// What passed between threads, if anybody asks.
    pub causes: crate::causality::Tracker,
    /// All threads, of all services; the driver's tasks are threads of service 0.
    pub threads: Dense<ThreadId, Thread>,
    /// All processes.
    pub processes: Dense<ProcessId, Process>,
    /// All address spaces.
    pub spaces: Dense<AddressSpaceId, AddressSpace>,
    /// Open file descriptions and the objects behind them.
    pub files: Files,
    /// A file system per service.
    pub fs: FileSystems,
    /// Hosts, links and protocols.
    pub net: Network,
    /// Faults in place.
    pub faults: Faults,
    /// Machines that are down, paused, or wrong about the time.
    pub power: crate::faults::Power,
    /// Parked threads by what they wait for.
    pub waiters: Waiters,
    /// The driver's tasks and their requests.
    pub driver: crate::driver::Driver,
    /// Runnable threads other than the current one, longest first.
    pub run_queue: VecDeque<ThreadId>,
    /// The thread that runs, or ran last.
    pub current: ThreadId,
    /// True when `current` was picked and has not been resumed yet: the baton is on its way.
    pub granted: bool,
    /// True when `current` was about to return to its program, and the supervisor looks first.
    pub returning: bool,
    /// Set when the running thread gives way by itself (`sched_yield`).
    pub yielding: bool,
    /// How many time slices have ended.
    pub expiries: u32,
    /// Next thread number by service.
    pub next_tid: BTreeMap<ServiceId, u32>,
    /// Next address space.
    pub next_space: u32,
    /// System V objects of each service.
    pub ipc: BTreeMap<ServiceId, crate::ipc::Ipc>,
    /// Which pages of the pool are in use.
    pub pool: crate::memory::Pool,
    /// Ranges in which a process's host mappings of shared files do not agree with the kernel's map yet: (start, length).
    pub stale: BTreeMap<AddressSpaceId, Vec<(u64, u64)>>,
    /// Bytes that guests wrote to their standard streams and the supervisor has not passed on: (is stderr, bytes).
    pub console: Vec<(bool, Vec<u8>)>,
    /// How processes ended that were the first of their service.
    pub exits: BTreeMap<ProcessId, crate::process::ExitStatus>,
    /// Programs that were killed by a signal they did not handle, as sentences.
    pub crashes: Vec<String>,
    /// Why the world ended.
    pub ending: Option<Ending>,
    /// Refused and partial calls seen, for the diagnostics at the end: (service, call number, what).
    pub complaints: BTreeMap<(ServiceId, u16, String), u64>,
    /// Buffer for candidates.
    pub(crate) candidates: Vec<Stream>,
    /// Timers of parked threads.
    pub(crate) wake_timers: BTreeMap<ThreadId, TimerId>,
}

impl Kernel {
    /// An empty world in its boot phase.
    pub fn new(config: Config, source: Box<dyn Source>) -> Kernel {
        let count = config.hosts.len();
        Kernel {
            clock: Clock::default(),
            timers: Timers::default(),
            choices: Choices::new(source),
            log: {
                let mut log = Log::default();
                log.retain(config.retention);
                log
            },
            threads: Dense::new(),
            processes: Dense::new(),
            spaces: Dense::new(),
            files: Files::default(),
            fs: FileSystems::new(&config),
            net: Network::new(&config),
            causes: crate::causality::Tracker::new(config.causality),
            faults: Faults::new(count),
            power: crate::faults::Power::default(),
            waiters: Waiters::default(),
            driver: crate::driver::Driver::default(),
            run_queue: VecDeque::new(),
            current: ThreadId::default(),
            granted: false,
            returning: false,
            yielding: false,
            expiries: 0,
            next_tid: BTreeMap::new(),
            next_space: 1,
            ipc: BTreeMap::new(),
            pool: crate::memory::Pool::default(),
            stale: BTreeMap::new(),
            console: Vec::new(),
            exits: BTreeMap::new(),
            crashes: Vec::new(),
            ending: None,
            complaints: BTreeMap::new(),
            candidates: Vec::new(),
            wake_timers: BTreeMap::new(),
            config,
        }
    }
    /// The seed that guest entropy is drawn from in the current phase.
    pub fn entropy_seed(&self) -> Seed {
        match self.choices.phase() {
            Phase::Boot => self.config.seed.boot(),
            Phase::Run => self.config.seed,
        }
    }
    /// The host of a service.
    pub fn service(&self, id: ServiceId) -> &ServiceHost {
        &self.config.hosts[id.index()]
    }
    /// Who the programs of a service run as.
    pub fn user(&self, id: ServiceId) -> &User {
        &self.service(id).user
    }
    /// Who the programs of a service run as, by numbers.
    pub fn owner(&self, id: ServiceId) -> Owner {
        let user = self.user(id);
        Owner { uid: user.uid, gid: user.gid }
    }
    /// A thread that exists.
    ///
    /// # Panics
    /// If it does not.
    pub fn thread_mut(&mut self, id: ThreadId) -> &mut Thread {
        self.threads.get_mut(&id).expect("the thread exists")
    }
    /// A process that exists.
    ///
    /// # Panics
    /// If it does not.
    pub fn process_mut(&mut self, id: ProcessId) -> &mut Process {
        self.processes.get_mut(&id).expect("the process exists")
    }
    /// An address space that exists.
    ///
    /// # Panics
    /// If it does not.
    pub fn memory(&self, id: AddressSpaceId) -> &AddressSpace {
        &self.spaces[&id]
    }
    /// An address space that exists.
    ///
    /// # Panics
    /// If it does not.
    pub fn memory_mut(&mut self, id: AddressSpaceId) -> &mut AddressSpace {
        self.spaces.get_mut(&id).expect("the address space exists")
    }
    /// The extended state of a thread, wherever it is now.
    pub fn extended_of(&self, host: &dyn crate::Host, id: ThreadId) -> Extended {
        let thread = &self.threads[&id];
        if host.loaded() != Some(id) || thread.reload {
            return thread.extended.clone();
        }
        let mut state = Extended::Initial;
        host.extended_state(&mut state);
        state
    }
    /// Hands out the next thread number of a service.
    pub fn new_tid(&mut self, service: ServiceId) -> u32 {
        let next = self.next_tid.entry(service).or_insert(100);
        *next += 1;
        *next - 1
    }
    /// Hands out the next address space.
    pub fn new_space(&mut self) -> AddressSpaceId {
        self.next_space += 1;
        AddressSpaceId(self.next_space - 1)
    }
    /// Adds a runnable thread.
    pub fn add_thread(&mut self, thread: Thread) {
        self.causes.tell(thread.id, Via::Start);
        self.run_queue.push_back(thread.id);
        self.threads.insert(thread.id, thread);
    }
    /// Parks a thread.
    pub fn park(&mut self, id: ThreadId, wait: Wait) {
        for key in &wait.keys {
            self.waiters.add(*key, id);
        }
        if let Some(deadline) = wait.deadline {
            let timer = self.timers.arm(deadline, TimerAction::Wake(id));
            self.wake_timers.insert(id, timer);
        }
        self.run_queue.retain(|t| *t != id);
        self.thread_mut(id).state = ThreadState::Blocked(wait);
    }
    /// Takes a thread off everything it is parked under, without making it runnable.
    pub fn unpark(&mut self, id: ThreadId) {
        let Some(thread) = self.threads.get_mut(&id) else { return };
        if let ThreadState::Blocked(wait) = std::mem::replace(&mut thread.state, ThreadState::Runnable) {
            for key in &wait.keys {
                self.waiters.remove(*key, id);
            }
        }
        if let Some(timer) = self.wake_timers.remove(&id) {
            self.timers.disarm(timer);
        }
    }
    /// Makes a parked thread runnable; it will try its call again.
    pub fn wake_thread(&mut self, id: ThreadId) {
        if !matches!(self.threads.get(&id).map(|t| &t.state), Some(ThreadState::Blocked(_))) {
            return;
        }
        self.unpark(id);
        let thread = self.thread_mut(id);
        if thread.pending == Pending::None {
            thread.pending = Pending::Call;
        }
        self.run_queue.push_back(id);
    }
    /// Wakes every thread parked under a key.
    pub fn wake(&mut self, key: WaitKey) {
        if !self.waiters.any(key) {
            return;
        }
        for id in self.waiters.under(key) {
            self.wake_thread(id);
        }
    }
    /// Decides; see [`model::Choices::choose`]. Every answer that is not 0 is an event, so that a reader of the log
    /// sees where the run departed from the ordinary one.
    pub fn choose(
        &mut self,
        kind: model::Kind,
        stream: Stream,
        n: u32,
        candidates: &[Stream],
        hint: model::Hint,
    ) -> u32 {
        let picked = self.choices.choose(kind, stream, n, candidates, hint);
        if picked != 0 {
            let taken = self.choices.taken().last().expect("an answer that is not 0 was remembered");
            let fields = [
                ("kind", Value::from(kind.to_string())),
                ("stream", Value::Int(stream.0 as i64)),
                ("index", Value::Int(i64::from(taken.index))),
                ("picked", Value::Int(i64::from(picked))),
                ("of", Value::Int(i64::from(n))),
                ("target", Value::Int(taken.target.0 as i64)),
            ];
            self.note(self.current, "choice", fields);
        }
        picked
    }
    /// Ends the world; the first reason stays.
    pub fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }
    /// Appends a note in the name of a thread.
    pub fn note<const N: usize>(&mut self, thread: ThreadId, kind: &str, fields: [(&str, Value); N]) {
        self.log.note(self.clock.now(), thread, Note::new(kind, fields));
    }
    /// Counts something that a guest asked for and the kernel does not do, for the diagnostics at the end.
    pub fn complain(&mut self, service: ServiceId, call: u64, what: &str) {
        *self.complaints.entry((service, call as u16, what.to_owned())).or_default() += 1;
    }
    /// An address of a thread's program, for people: the number, and `file+offset` where a file is mapped there.
    pub fn place(&self, thread: ThreadId, pc: u64) -> String {
        let space = self.threads.get(&thread).and_then(|t| self.spaces.get(&t.space));
        match space.and_then(|s| s.find(pc)) {
            Some((start, vma)) => match &vma.backing {
                Backing::File(path, offset) | Backing::Copied(_, path, offset) => {
                    format!("{pc:#x} ({path}+{:#x})", pc - start + offset)
                }
                _ => format!("{pc:#x}"),
            },
            None => format!("{pc:#x}"),
        }
    }
    /// Whether an address of a thread's program lies in code of a file.
    pub fn is_in_file(&self, thread: ThreadId, pc: u64) -> bool {
        let space = self.threads.get(&thread).and_then(|t| self.spaces.get(&t.space));
        let vma = space.and_then(|s| s.find(pc)).map(|(_, vma)| vma);
        vma.is_some_and(|vma| matches!(vma.backing, Backing::File(..) | Backing::Copied(..)))
    }
    /// Every parked thread with the call it is in and what it waits for.
    pub fn parked(&self) -> Vec<Parked> {
        let describe = |t: &Thread| {
            let call = crate::syscall::table::name(t.call.number);
            let at = self.place(t.id, t.registers.rip);
            match &t.state {
                ThreadState::Blocked(wait) if t.id.service.is_driver() => wait.why.to_owned(),
                ThreadState::Blocked(wait) => format!("{call}({:#x}): {}, at {at}", t.call.args[0], wait.why),
                ThreadState::Stopped => format!("{call}: stopped by a signal, at {at}"),
                ThreadState::Runnable if self.is_paused(t.id) => "nothing: its machine is paused by a fault".to_owned(),
                ThreadState::Runnable => "nothing".to_owned(),
            }
        };
        self.threads.values().map(|t| Parked { thread: t.id, waits_for: describe(t) }).collect()
    }
}
