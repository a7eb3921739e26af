//! A world, from the supervisor's side: built, driven, judged and taken down.

mod branch;
mod machine;
mod memory;

pub use crate::twin::Side;
pub use branch::{Pause, Pauses};

use crate::arena::{self, peek, shared, with_kernel};
use crate::baton::Patience;
use crate::entry::LOCAL;
use crate::host::GuestHost;
use crate::patch::Entry;
use crate::requirements::{Requirement, check_host};
use crate::snapshot::{self, Snapshot};
use crate::tasks::Tasks;
use crate::watchdog::{Limits, Look, Watchdog};
use crate::{baton, cpuid, entry, leash, net, pool, twin};
use kernel::driver::{Answer, Request};
use kernel::log::Retention;
use kernel::{AddressSpaceId, Config, Ending, Kernel, ProcessId, ServiceHost, Switch};
use memory::Checkpoints;
use model::machine::{Machine as _, Stopped};
use model::plan::Plan;
use model::{
    Choice, Event, EventHash, EventIndex, Failure, LoopSite, Seed, ServiceId, Source, ThreadId, VirtualDuration,
    VirtualTime,
};
use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;

/// How much longer, in simulated time, a thread may go round in counted loops than it may use the processor uncounted.
const PATIENCE: u64 = 10;

/// What guests write to their standard streams, as it is to be passed on: (is standard error, bytes).
pub type Console = Box<dyn FnMut(bool, &[u8])>;

/// How a world is to be run.
#[derive(Clone, Debug, Default)]
pub struct WorldOptions {
    /// The services.
    pub plan: Plan,
    /// The run's seed.
    pub seed: Seed,
    /// End the run, undecided, after so many calls; 0 is without limit.
    pub max_calls: u64,
    /// A program that dies of an unhandled signal fails the run.
    pub end_on_crash: bool,
    /// Hashes of the events of an earlier run that this one must repeat.
    pub expected: Option<Vec<EventHash>>,
    /// Processor time a guest may use without a call before it counts as spinning, in nanoseconds. In counted loops it may
    /// spend ten times as long, in simulated time.
    pub spin_limit_nanos: u64,
    /// Processor time without a call after which the loop is looked for that a guest is in, if anybody waits: the run
    /// then ends, to begin again with one more of `loops`. In nanoseconds; 0 is never.
    pub loop_limit_nanos: u64,
    /// Loops whose turns are counted.
    pub loops: Vec<LoopSite>,
    /// What is kept of the events.
    pub retention: Retention,
    /// Working directory of the services' first processes.
    pub directory: String,
    /// How guests enter the kernel.
    pub entry: Entry,
    /// Whether to go back to the end of the boot afterwards ([`World::rewind`]).
    pub boots: Boots,
    /// Hash all memory that guests can write after every so many events, and at the end; 0 is never.
    pub memory_every: u64,
}

/// How many runs a boot is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Boots {
    /// One.
    #[default]
    Fresh,
    /// As many as have the same boot seed: a snapshot is taken when the boot is over.
    Shared,
}

/// Why a world could not be built or a service not be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// The host lacks something.
    #[error("{0}")]
    Requirement(#[from] Requirement),
}

/// What is left of a world when it has ended.
#[derive(Clone, Debug)]
pub struct Remains {
    /// Why it could not go on, if that is how it ended.
    pub ending: Option<Ending>,
    /// The chain over all events.
    pub hash: EventHash,
    /// How many events there were.
    pub events: u64,
    /// How many of them were system calls.
    pub calls: u64,
    /// Every choice that was not 0.
    pub choices: Vec<Choice>,
    /// How many questions had alternatives.
    pub asked: u64,
    /// When it ended.
    pub ended: VirtualTime,
    /// What guests asked for and did not get: (service, call, what, how often).
    pub complaints: Vec<(String, String, String, u64)>,
    /// Programs that were killed by a signal they did not handle, as sentences.
    pub crashes: Vec<String>,
    /// How the first process of each service ended, as a `wait(2)` status; `None` while it lives.
    pub statuses: Vec<Option<u32>>,
    /// The hash over guests' memory, if it was asked for, and of how many moments.
    pub memory: Option<(EventHash, u64)>,
}

/// Makes this process a worker: maps the arena, installs the handlers and the net. Once, before any world, while the
/// process has a single thread.
///
/// # Errors
/// What the host lacks.
pub fn prepare_worker() -> Result<(), Requirement> {
    check_host()?;
    crate::worker::unregister_rseq();
    arena::map().map_err(|e| Requirement::Arena(e.to_string()))?;
    pool::map().map_err(|e| Requirement::Arena(e.to_string()))?;
    cpuid::read_table();
    entry::install().map_err(|e| Requirement::Arena(e.to_string()))?;
    cpuid::trap();
    // SAFETY: only changes a flag of this process.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    if large_pages_come_unasked() {
        // SAFETY: as above.
        unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
    }
    // Without the one every run has a boot of its own, without the other there are no branches.
    let _ = snapshot::open();
    let _ = twin::open();
    // Without it, what a guest has forked notices some time later that the worker is gone.
    let _ = leash::open();
    net::install()
}

/// Whether the host gives large pages to whoever touches memory: a guest that begins to use a stack would wait until two
/// megabytes are cleared. The arena asks for its own, which such a host then does not give.
fn large_pages_come_unasked() -> bool {
    let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    setting.is_ok_and(|text| text.contains("[always]"))
}

/// A running world.
pub struct World {
    plan: Plan,
    directory: String,
    entry: Entry,
    loops: Vec<LoopSite>,
    tasks: Tasks,
    stopped: Cell<bool>,
    first: RefCell<Vec<Option<ProcessId>>>,
    watchdog: RefCell<Watchdog>,
    console: RefCell<Option<Console>>,
    start_error: RefCell<Option<Failure>>,
    boots: Boots,
    moment: RefCell<Option<Moment>>,
    /// The driver's first task, while it is still to go on from a snapshot.
    resumed: Cell<Option<u32>>,
    pauses: RefCell<Option<Pauses>>,
    memory: Checkpoints,
}

/// The end of the boot.
struct Moment {
    snapshot: Snapshot,
    first: Vec<Option<ProcessId>>,
    task: u32,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("stopped", &self.stopped.get()).finish_non_exhaustive()
    }
}

/// What the supervisor has to do next.
enum Next {
    Task(u32),
    Events(Vec<EventIndex>),
    Ended(Ending),
}

impl World {
    /// Builds a world in its boot phase, with no process yet. `source` is called in kernel mode, so that what it
    /// makes lives in the arena.
    pub fn new(options: WorldOptions, console: Option<Console>, source: impl FnOnce() -> Box<dyn Source>) -> World {
        // SAFETY: getpid has no preconditions.
        let pid = unsafe { libc::getpid() };
        LOCAL.space.set(AddressSpaceId::SUPERVISOR);
        let has_console = console.is_some();
        arena::build(|| {
            let config = config_of(&options, has_console);
            let mut kernel = Kernel::new(config, source());
            if let Some(hashes) = &options.expected {
                kernel.log.expect(hashes.clone());
            }
            kernel
        });
        shared().pids[0].store(pid, Ordering::Relaxed);
        arena::baton(AddressSpaceId::SUPERVISOR).store(0, Ordering::Relaxed);
        let services = options.plan.services.len();
        World {
            plan: options.plan,
            directory: options.directory,
            entry: options.entry,
            tasks: Tasks::default(),
            stopped: Cell::new(false),
            first: RefCell::new(vec![None; services + 1]),
            watchdog: RefCell::new(Watchdog::new(Limits {
                look: if options.loop_limit_nanos == 0 { u64::MAX } else { options.loop_limit_nanos },
                end: options.spin_limit_nanos,
            })),
            loops: options.loops,
            console: RefCell::new(console),
            start_error: RefCell::new(None),
            boots: options.boots,
            moment: RefCell::new(None),
            resumed: Cell::new(None),
            pauses: RefCell::new(None),
            memory: Checkpoints::every(options.memory_every),
        }
    }

    /// Brings the world back to the end of its boot, for a run with another seed of the same boot. False if it cannot:
    /// there was no boot to the end, the boot's seed is another, or a process is lost. Such a world is of no use.
    pub fn rewind(&mut self, seed: Seed, source: impl FnOnce() -> Box<dyn Source>) -> bool {
        let Some(moment) = &*self.moment.borrow() else { return false };
        if peek(|k| k.config.seed.boot()) != seed.boot() || moment.snapshot.rewind().is_none() {
            return false;
        }
        with_kernel(|k| {
            k.config.seed = seed;
            k.choices.set_source(source());
        });
        self.first.borrow_mut().clone_from(&moment.first);
        self.stopped.set(false);
        *self.start_error.borrow_mut() = None;
        self.resumed.set(Some(moment.task));
        true
    }

    /// Takes the world down and says what is left of it.
    pub fn finish(self) -> Remains {
        self.take_down();
        self.remains()
    }

    /// Whether [`World::rewind`] may succeed.
    pub fn can_rewind(&self) -> bool {
        self.moment.borrow().is_some()
    }

    /// What a run has left.
    pub fn remains(&self) -> Remains {
        peek(|k| Remains {
            ending: k.ending.clone(),
            hash: k.log.hash(),
            events: k.log.count(),
            calls: k.log.calls(),
            choices: k.choices.taken().to_vec(),
            asked: k.choices.asked(),
            ended: k.clock.now(),
            complaints: complaints(k),
            crashes: k.crashes.clone(),
            statuses: self.first.borrow()[1..].iter().map(|first| status_of(k, *first)).collect(),
            memory: self.memory.found(),
        })
    }

    /// Every thread with what it waits for.
    pub fn parked(&self) -> Vec<String> {
        let describe = |p: &model::Parked| {
            format!("{}/{} waits in {}", self.plan.name(p.thread.service), p.thread.tid, p.waits_for)
        };
        peek(|k| k.parked().iter().filter(|p| !p.thread.service.is_driver()).map(describe).collect())
    }

    /// Waits until the first process of a service has ended.
    ///
    /// # Errors
    /// [`Stopped`] once the world has ended.
    pub fn wait_for_exit(&self, service: ServiceId) -> Result<(), Stopped> {
        let first = self.first.borrow().get(service.index()).copied().flatten();
        first.map_or(Ok(()), |first| self.request(&Request::Exit(first)).map(|_| ()))
    }

    /// The host's files that the run depends on: those whose content was opened, mapped or executed. Sorted.
    pub fn files(&self) -> Vec<String> {
        peek(|k| k.fs.used().map(str::to_owned).collect())
    }

    /// Calls `f` for every event, in order.
    pub fn each(&self, mut f: impl FnMut(&Event)) {
        peek(|k| k.log.iter().for_each(&mut f));
    }

    fn take_down(&self) {
        self.flush_console();
        let spaces = peek(|k| k.next_space);
        for pid in shared().pids[1..spaces as usize].iter() {
            let pid = pid.swap(0, Ordering::Relaxed);
            if pid > 0 {
                // SAFETY: the process is one of this world's, not yet waited for.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
        }
        loop {
            // SAFETY: waits for any child; no status is asked for.
            let pid = unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) };
            if pid < 0 {
                break;
            }
        }
    }

    fn flush_console(&self) {
        let written = with_kernel(|k| std::mem::take(&mut k.console));
        if let Some(console) = self.console.borrow_mut().as_mut() {
            for (stderr, bytes) in &written {
                console(*stderr, bytes);
            }
        }
    }

    /// Lets the world go on until the supervisor has something to do.
    fn step(&self) -> Next {
        loop {
            let switch = with_kernel(|k| k.advance(&mut GuestHost::here()));
            match switch {
                Switch::Run(id) => return Next::Task(id.tid),
                Switch::Pass(to) => {
                    baton::pass(to);
                    self.wait_for_baton();
                }
                Switch::Attention => {
                    self.flush_console();
                    let events = with_kernel(|k| k.log.take_attention());
                    if !events.is_empty() {
                        return Next::Events(events.to_vec());
                    }
                    for service in with_kernel(|k| std::mem::take(&mut k.power.restarts)) {
                        // What went wrong is kept, and ends the world.
                        let _ = self.start(service);
                    }
                    if let Some(ending) = peek(|k| k.ending.clone()) {
                        return Next::Ended(ending);
                    }
                    self.look_at_pause();
                }
            }
        }
    }

    fn wait_for_baton(&self) {
        const LOOK_EVERY: Patience = Patience::Nanos(100_000_000);
        /// Looks at a world whose baton is on its way here and does not come, before it is given up.
        const LOOKS_MAX: u32 = 50;
        let mut looks = 0;
        while !baton::wait(AddressSpaceId::SUPERVISOR, LOOK_EVERY) {
            // Whoever has it is at work on the kernel's state, which must not be looked at.
            let space = AddressSpaceId(shared().holder.load(Ordering::Relaxed));
            if space == AddressSpaceId::SUPERVISOR {
                looks += 1;
                if looks < LOOKS_MAX {
                    continue;
                }
                with_kernel(|k| k.end(Ending::Internal("the baton was lost".to_owned())));
                return;
            }
            let pid = shared().pids[space.0 as usize].load(Ordering::Relaxed);
            let what = match self.watchdog.borrow_mut().look(pid) {
                Look::Fine => continue,
                Look::Died => "a guest's host process died",
                Look::Stuck => "the kernel did not come back from a call",
            };
            with_kernel(|k| k.end(Ending::Internal(format!("{what} (space {})", space.0))));
            return;
        }
        if shared().broken.load(Ordering::Relaxed) != 0 {
            with_kernel(|k| k.end(Ending::Internal("fbsim failed in a guest's process".to_owned())));
        }
    }

    fn stop(&self) {
        self.stopped.set(true);
        for task in self.tasks.open() {
            let ended = self.tasks.resume(task);
            assert!(ended, "a stopped task returns at once");
        }
    }

    fn request(&self, request: &Request) -> Result<Answer, Stopped> {
        if self.stopped.get() {
            return Err(Stopped);
        }
        let task = self.tasks.running().ok_or(Stopped)?;
        with_kernel(|k| k.driver_request(task, request.clone()));
        self.tasks.suspend();
        if self.stopped.get() {
            return Err(Stopped);
        }
        let answer = with_kernel(|k| k.driver_answer(task)).ok_or(Stopped)?;
        // What the driver keeps must not live in the arena.
        Ok(answer.clone())
    }

    fn driver_thread(&self) -> ThreadId {
        ThreadId { service: ServiceId::DRIVER, tid: self.tasks.running().unwrap_or(0) }
    }

    /// A failure for an ending that the specification did not ask for.
    fn failure(&self, ending: &Ending) -> Failure {
        let name = |thread: ThreadId| format!("{}/{}", self.plan.name(thread.service), thread.tid);
        let place = |thread: ThreadId, pc: u64| peek(|k| k.place(thread, pc));
        let (kind, property, message) = match ending {
            Ending::Finished => ("finished", "finished".to_owned(), "the world was ended".to_owned()),
            Ending::Deadlock(parked) => {
                let lines: Vec<String> =
                    parked.iter().map(|p| format!("  {} waits in {}", name(p.thread), p.waits_for)).collect();
                let message = format!("nothing can run any more and no timer is armed\n{}", lines.join("\n"));
                ("deadlock", "no_deadlock".to_owned(), message)
            }
            Ending::Crash(thread, sentence) => {
                ("crash", format!("{} survives", self.plan.name(thread.service)), sentence.clone())
            }
            Ending::Spin { thread, pc } => {
                let counted = peek(|k| k.is_in_file(*thread, *pc));
                let message = format!(
                    "{} used the processor for too long without a call, at {}{}",
                    name(*thread),
                    place(*thread, *pc),
                    if counted { "" } else { ", in code made at run time, whose loops are not counted" }
                );
                ("spin", format!("{} makes progress", self.plan.name(thread.service)), message)
            }
            Ending::Loop(site) => ("spin", "fbsim".to_owned(), format!("a loop keeps others from going on, at {site}")),
            Ending::Limit(what) => ("limit", "limit".to_owned(), format!("the limit of {what}")),
            Ending::Diverged(at) => {
                ("diverged", "replay".to_owned(), format!("event {at} differs from the recorded one"))
            }
            Ending::Internal(what) => ("internal", "fbsim".to_owned(), what.clone()),
        };
        Failure { kind: kind.to_owned(), property, message, at: None, location: None }
    }
}

fn status_of(k: &Kernel, first: Option<ProcessId>) -> Option<u32> {
    k.exits.get(&first?).map(|status| status.word())
}

fn complaints(k: &Kernel) -> Vec<(String, String, String, u64)> {
    let row = |((service, call, what), count): (&(ServiceId, u16, String), &u64)| {
        let name = kernel::syscall::table::name(u64::from(*call));
        let name = if name == "?" { format!("system call {call}") } else { name.to_owned() };
        (k.service(*service).name.clone(), name, what.clone(), *count)
    };
    k.complaints.iter().map(row).collect()
}

fn config_of(options: &WorldOptions, console: bool) -> Config {
    let mut hosts = vec![ServiceHost { name: "test".to_owned(), ..ServiceHost::default() }];
    for service in &options.plan.services {
        hosts.push(ServiceHost {
            name: service.name.clone(),
            ports: service.interfaces.iter().map(|i| i.port).collect(),
            observe_wal: service.observe_wal.clone(),
            observe_topic: service.observe_topic.clone(),
            observe_traffic: service.observe_traffic.clone(),
            ops: service.ops.clone(),
            mounts: service.mounts.iter().map(|(host, inside)| (inside.clone(), host.clone())).collect(),
            disks: service.disks.clone(),
            hardware: service.hardware,
            user: service.user.clone(),
        });
    }
    Config {
        hosts,
        seed: options.seed,
        end_on_crash: options.end_on_crash,
        max_calls: options.max_calls,
        patience: VirtualDuration(options.spin_limit_nanos.saturating_mul(PATIENCE)),
        console,
        retention: options.retention,
        causality: options.plan.causality,
    }
}
