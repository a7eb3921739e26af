//! Processes and threads.
//!
//! ```text
//!                 clone, fork                         waited for by its parent
//!   (nothing) ───────────────> Alive ── last thread exits ──> Zombie ────────> (nothing)
//!
//!   thread:  Runnable <──> Running ──> Blocked(Wait) ──> Runnable …        Running ──> (nothing)
//! ```
//!
//! A thread is data: its registers, its extended state, the call it is in. A process owns its descriptors, its signal
//! actions and its place in the tree; memory belongs to the [address space](crate::memory), which a `vfork` child
//! shares with its parent until it execs or exits.

pub mod clone;
pub mod credentials;
pub mod exit;
pub mod extended;
pub mod limits;
pub mod misc;
pub mod peek;
pub mod policy;
pub mod wait;

pub use extended::Extended;

use crate::file::FdTable;
use crate::host::AddressSpaceId;
use crate::registers::Registers;
use crate::signal::{Action, AltStack, SignalMask, SignalQueue};
use crate::wait::{Restart, Wait};
use model::{Label, ServiceId, ThreadId, VirtualDuration, VirtualTime};
use std::collections::BTreeMap;

/// A process: the pid is that of its first thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId {
    /// The service whose pid namespace it lives in.
    pub service: ServiceId,
    /// Its number there.
    pub pid: u32,
}

impl ProcessId {
    /// The thread of this process with the given number.
    pub fn thread(self, tid: u32) -> ThreadId {
        ThreadId { service: self.service, tid }
    }
}

/// What a process left behind, in the layout of `wait(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// `exit(code)`.
    Exited(u8),
    /// Killed by a signal.
    Signaled(u8),
}

impl ExitStatus {
    /// The `wstatus` word of `wait4(2)`.
    pub fn word(self) -> u32 {
        match self {
            ExitStatus::Exited(code) => u32::from(code) << 8,
            ExitStatus::Signaled(signal) => u32::from(signal),
        }
    }
}

/// A process.
#[derive(Debug)]
pub struct Process {
    /// Who it is.
    pub id: ProcessId,
    /// The pid of its parent; 0 for a service's first process.
    pub parent: u32,
    /// Its process group.
    pub pgid: u32,
    /// Its session.
    pub sid: u32,
    /// Its controlling terminal: the object of the master.
    pub terminal: Option<crate::wait::ObjectId>,
    /// Its memory.
    pub space: AddressSpaceId,
    /// Its threads, in creation order.
    pub threads: Vec<u32>,
    /// Its children, alive or not yet waited for.
    pub children: Vec<u32>,
    /// Its descriptors.
    pub fds: FdTable,
    /// Absolute path of its working directory.
    pub cwd: String,
    /// File mode creation mask.
    pub umask: u32,
    /// What it does on each signal; index is the number - 1.
    pub actions: Vec<Action>,
    /// Signals sent to the process as a whole.
    pub pending: SignalQueue,
    /// Path of the program.
    pub exe: String,
    /// Its arguments.
    pub arguments: Vec<Vec<u8>>,
    /// Where they and the environment are in its memory.
    pub argument_area: crate::exec::ArgumentArea,
    /// Its arguments as other processes see them: as they were at exec, or when anybody last looked who could. A process
    /// may overwrite them to say what it does.
    pub command_line: Vec<u8>,
    /// Its environment at exec.
    pub environment: Vec<Vec<u8>>,
    /// Its auxiliary vector, as bytes.
    pub auxv: Vec<u8>,
    /// Resource limits: (soft, hard) by `RLIMIT_*` number.
    pub limits: [(u64, u64); 16],
    /// Set when it has ended and waits to be waited for.
    pub status: Option<ExitStatus>,
    /// The parent's thread that `vfork` keeps waiting.
    pub vfork_parent: Option<ThreadId>,
    /// Signal its parent gets when it ends (0: none).
    pub exit_signal: u8,
    /// Signal it gets when its parent ends (`PR_SET_PDEATHSIG`).
    pub parent_death_signal: u8,
    /// `PR_SET_CHILD_SUBREAPER`.
    pub subreaper: bool,
    /// Random stream for `getrandom` and friends, by phase.
    pub entropy: crate::process::misc::Entropy,
    /// Interval timers (`setitimer`): real, virtual, prof — deadline and interval.
    pub interval_timers: [IntervalTimer; 3],
    /// POSIX timers (`timer_create`), by id.
    pub posix_timers: BTreeMap<u32, crate::time::posix::PosixTimer>,
    /// How many calls it has made: what CPU clocks and `times` are rendered from.
    pub calls: u64,
    /// What the children it has waited for have used, and theirs.
    pub children_usage: limits::Usage,
    /// The most memory it has had mapped, in bytes, as far as anybody looked.
    pub peak: u64,
    /// True once it has executed a program since it was made by fork.
    pub has_execed: bool,
    /// Stops and continuations, and what its parent has not waited for. A forked child starts with the default.
    pub job: crate::process::wait::Job,
    /// What `prctl` and `personality` remember. A forked child inherits it.
    pub attributes: crate::process::misc::Attributes,
}

/// An armed or idle `setitimer` timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct IntervalTimer {
    /// When it fires next.
    pub next: Option<VirtualTime>,
    /// Its period in nanoseconds; 0 fires once.
    pub interval: u64,
    /// The kernel timer behind it.
    pub timer: Option<crate::time::TimerId>,
}

/// Where a thread is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// May be picked by the scheduler.
    Runnable,
    /// Parked.
    Blocked(Wait),
    /// Stopped by SIGSTOP and its kin, until SIGCONT.
    Stopped,
}

/// What has to be done before a thread can return to its program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pending {
    /// Nothing: its registers are complete.
    #[default]
    None,
    /// Its call has to be tried again.
    Call,
    /// It has to load a program into its (fresh) address space.
    Exec(Box<crate::exec::Program>),
    /// The driver's request behind this task has to be tried again.
    Driver,
}

/// The call a thread is in, kept while it is parked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InCall {
    /// Its number.
    pub number: u64,
    /// Its arguments.
    pub args: [u64; 6],
    /// When it gives up; set by the handler at its first attempt.
    pub deadline: Option<VirtualTime>,
    /// True when the deadline has passed (set before the next attempt).
    pub timed_out: bool,
    /// Set by a waker that has decided the call's result (futex wake-ups, hand-overs).
    pub granted: Option<i64>,
    /// Bytes or items done by earlier attempts.
    pub progress: u64,
    /// True from the second attempt on.
    pub again: bool,
    /// What fault rules decided; they are asked once per call.
    pub decision: Option<model::Decision>,
    /// The virtual instant before which a delayed call must not start.
    pub held_until: Option<VirtualTime>,
    /// The fault rule that holds it, and since when.
    pub held_by: Option<(model::RuleId, VirtualTime)>,
    /// Signal mask to restore when the call ends (`ppoll`, `sigsuspend`).
    pub saved_mask: Option<SignalMask>,
    /// Set while a signal has interrupted the call and its delivery has not yet decided what becomes of it.
    pub interrupted: Option<Restart>,
    /// A description that it will make a descriptor of, or give back (opening a named pipe).
    pub held: Option<crate::file::pipe::Held>,
    /// Path that the event of this call shows.
    pub path: Option<Label>,
    /// Chain over the bytes that went in and out.
    pub digest: model::EventHash,
}

impl InCall {
    /// Becomes a new call. In place: this is on the way of every call.
    #[inline]
    pub fn begin(&mut self, number: u64, args: [u64; 6]) {
        self.number = number;
        self.args = args;
        self.deadline = None;
        self.timed_out = false;
        self.granted = None;
        self.progress = 0;
        self.again = false;
        self.decision = None;
        self.held_until = None;
        self.held_by = None;
        self.saved_mask = None;
        self.interrupted = None;
        self.held = None;
        self.path = None;
        self.digest = model::EventHash::default();
    }
}

/// A thread.
#[derive(Debug)]
pub struct Thread {
    /// Who it is.
    pub id: ThreadId,
    /// Its process.
    pub process: ProcessId,
    /// Its memory (that of its process, except for `vfork` children before exec).
    pub space: AddressSpaceId,
    /// General registers; complete whenever the thread is not executing its program.
    pub registers: Registers,
    /// FS base.
    pub fs_base: u64,
    /// Extended state, unless the host has it ([`crate::Host::loaded`]).
    pub extended: Extended,
    /// True when `extended` must be loaded even if the thread never stopped running (`rt_sigreturn`).
    pub reload: bool,
    /// Where it is.
    pub state: ThreadState,
    /// What is left to do before it returns to its program.
    pub pending: Pending,
    /// The call it is in.
    pub call: InCall,
    /// Blocked signals.
    pub mask: SignalMask,
    /// Signals sent to this thread.
    pub signals: SignalQueue,
    /// Alternate signal stack.
    pub alt_stack: AltStack,
    /// Word to clear and wake at exit (`set_tid_address`, `CLONE_CHILD_CLEARTID`).
    pub clear_tid: u64,
    /// Head of the robust futex list.
    pub robust_list: u64,
    /// Name (`comm`).
    pub name: String,
    /// Processors it may run on, one bit each; 0 stands for all.
    pub affinity: u64,
    /// How nice it is: -20 to 19.
    pub nice: i8,
    /// `SCHED_*`, with `SCHED_RESET_ON_FORK`.
    pub policy: i32,
    /// Calls made since it last gave the processor away.
    pub slice: u32,
    /// How long counted loops have kept it from making a call.
    pub spun: VirtualDuration,
    /// The last processor exception it raised, for its signal frames.
    pub last_fault: crate::signal::HardwareFault,
}

impl Thread {
    /// A runnable thread in the initial processor state.
    pub fn new(id: ThreadId, process: ProcessId, space: AddressSpaceId, name: &str) -> Thread {
        Thread {
            id,
            process,
            space,
            registers: Registers::default(),
            fs_base: 0,
            extended: Extended::Initial,
            reload: false,
            state: ThreadState::Runnable,
            pending: Pending::None,
            call: InCall::default(),
            mask: SignalMask::default(),
            signals: SignalQueue::default(),
            alt_stack: AltStack::default(),
            clear_tid: 0,
            robust_list: 0,
            name: name.to_owned(),
            affinity: 0,
            nice: 0,
            policy: libc::SCHED_OTHER,
            slice: 0,
            spun: VirtualDuration::ZERO,
            last_fault: crate::signal::HardwareFault::default(),
        }
    }
}

impl Process {
    /// A process with nothing in it.
    pub fn new(id: ProcessId) -> Process {
        Process {
            id,
            parent: 0,
            pgid: id.pid,
            sid: id.pid,
            terminal: None,
            space: AddressSpaceId::default(),
            threads: Vec::new(),
            children: Vec::new(),
            fds: FdTable::default(),
            cwd: "/".to_owned(),
            umask: 0o022,
            actions: vec![Action::default(); 64],
            pending: SignalQueue::default(),
            exe: String::new(),
            arguments: Vec::new(),
            argument_area: crate::exec::ArgumentArea::default(),
            command_line: Vec::new(),
            environment: Vec::new(),
            auxv: Vec::new(),
            limits: [(u64::MAX, u64::MAX); 16],
            status: None,
            vfork_parent: None,
            exit_signal: libc::SIGCHLD as u8,
            parent_death_signal: 0,
            subreaper: false,
            entropy: misc::Entropy::default(),
            interval_timers: [IntervalTimer::default(); 3],
            posix_timers: BTreeMap::new(),
            calls: 0,
            children_usage: limits::Usage::default(),
            peak: 0,
            has_execed: false,
            job: wait::Job::default(),
            attributes: misc::Attributes::default(),
        }
    }
}
