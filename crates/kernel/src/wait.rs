//! Waiting: what a parked thread waits for, and who is parked under what.

use crate::fs::InodeRef;
use crate::host::AddressSpaceId;
use crate::process::ProcessId;
use model::{ServiceId, ThreadId, VirtualTime};
use std::collections::{BTreeMap, VecDeque};

/// An object with readiness: pipe, socket, eventfd, timerfd, signalfd, epoll, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

/// Identity of a futex word: private to an address space, or a place in a shared memory object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FutexKey {
    /// Address in one address space.
    Private(AddressSpaceId, u64),
    /// Offset in a file that is mapped shared.
    Shared(InodeRef, u64),
}

/// Something a thread can be parked under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitKey {
    /// The readiness of an object changed.
    Object(ObjectId),
    /// A futex word was woken.
    Futex(FutexKey),
    /// A child of this process changed state.
    Child(ProcessId),
    /// A signal was queued for this process, whether blocked or not.
    Signal(ProcessId),
    /// This `vfork` child execs or exits.
    Vfork(ProcessId),
    /// The values of a set of semaphores of a service changed: (service, identifier).
    Semaphores(ServiceId, i32),
    /// A message queue of a service changed: (service, identifier).
    Messages(ServiceId, i32),
    /// This process ends.
    Exit(ProcessId),
    /// A lock on an inode of a service was released: (service, inode).
    FileLock(u16, u64),
    /// A task of the driver ended.
    Task(u32),
    /// The calls that a fault rule holds are released.
    Fault(u32),
}

/// What happens to a call that a signal interrupts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// It fails with `EINTR` whatever the handler's flags (`poll`, `epoll_wait`, `nanosleep`, timeouts on sockets).
    Never,
    /// It is restarted after a handler with `SA_RESTART` (`read`, `write`, `wait4`, `futex` without timeout, …).
    #[default]
    IfAsked,
    /// Signals do not end the wait (`vfork`, calls held back by a fault).
    Uninterruptible,
    /// It is restarted after any handler (locks of priority-inheritance futexes).
    Always,
}

/// What a parked thread waits for: any of the keys, or the deadline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wait {
    /// Any of these.
    pub keys: Vec<WaitKey>,
    /// Or this instant.
    pub deadline: Option<VirtualTime>,
    /// What a signal does.
    pub restart: Restart,
    /// For the deadlock report, e.g. `pipe is empty`.
    pub why: &'static str,
}

impl Wait {
    /// Waits for one key.
    pub fn on(key: WaitKey, why: &'static str) -> Wait {
        Wait { keys: vec![key], deadline: None, restart: Restart::IfAsked, why }
    }
    /// Waits for an instant alone.
    pub fn until(deadline: VirtualTime, why: &'static str) -> Wait {
        Wait { keys: Vec::new(), deadline: Some(deadline), restart: Restart::Never, why }
    }
    /// The same, with a deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Option<VirtualTime>) -> Wait {
        self.deadline = deadline;
        self
    }
    /// The same, not ended by signals.
    #[must_use]
    pub fn uninterruptible(mut self) -> Wait {
        self.restart = Restart::Uninterruptible;
        self
    }
    /// The same, failing with `EINTR` on any handled signal.
    #[must_use]
    pub fn never_restarted(mut self) -> Wait {
        self.restart = Restart::Never;
        self
    }
}

/// Who is parked under which key, in order of arrival.
#[derive(Debug, Default)]
pub struct Waiters {
    queues: BTreeMap<WaitKey, VecDeque<ThreadId>>,
}

impl Waiters {
    /// Parks a thread under a key.
    pub fn add(&mut self, key: WaitKey, thread: ThreadId) {
        self.queues.entry(key).or_default().push_back(thread);
    }
    /// Takes a thread off a key.
    pub fn remove(&mut self, key: WaitKey, thread: ThreadId) {
        if let Some(queue) = self.queues.get_mut(&key) {
            queue.retain(|t| *t != thread);
            if queue.is_empty() {
                self.queues.remove(&key);
            }
        }
    }
    /// Threads parked under a key, longest first.
    pub fn under(&self, key: WaitKey) -> Vec<ThreadId> {
        self.queues.get(&key).map(|q| q.iter().copied().collect()).unwrap_or_default()
    }
    /// The thread parked longest under a key.
    pub fn first(&self, key: WaitKey) -> Option<ThreadId> {
        self.queues.get(&key)?.front().copied()
    }
    /// True if any thread is parked under the key.
    pub fn any(&self, key: WaitKey) -> bool {
        self.queues.contains_key(&key)
    }
}
