//! What the next call of a thread will look like, judged by the events before it in the same block. Writer and reader
//! learn the same from the same events, so only surprises need to be stored.
//!
//! Programs repeat themselves, and services are of few kinds of thread: what follows three calls followed them before,
//! with values that the call had in the same place; a descriptor belongs to the path it was opened with.

use super::columns::SLOTS;
use model::{Decision, ServiceId, ThreadId, VirtualTime};
use std::collections::BTreeMap;

/// The arguments of a call and its result.
pub(super) type Values = [u64; SLOTS];

/// A text of the block: 0 is none, n + 1 the n-th.
pub(super) type TextRef = u32;

/// Stands for the calls before a thread's first.
const NO_CALL: u16 = u16::MAX;
/// Calls whose result is a descriptor of their path: open, creat, openat, openat2.
const OPENING: [u16; 4] = [2, 85, 257, 437];

/// A call as it was last made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    pub(super) values: Values,
    /// Virtual time since the event before it.
    pub(super) step: u64,
    pub(super) decision: Decision,
    pub(super) op: TextRef,
}

static UNTRIED: Habit = Habit { values: [0; SLOTS], step: 0, decision: Decision::Allow, op: 0 };

/// What the events of a block so far have taught.
#[derive(Debug)]
pub(super) struct Expectation {
    /// The time of the previous event.
    pub(super) at: VirtualTime,
    /// The thread of the previous event, by number.
    pub(super) thread: u32,
    threads: Vec<ThreadId>,
    numbers: BTreeMap<ThreadId, u32>,
    /// The last three calls of each thread, the last one last.
    histories: Vec<[u16; 3]>,
    previous_paths: Vec<TextRef>,
    /// What follows three calls in a service, and what follows one.
    after_three: BTreeMap<(ServiceId, [u16; 3]), u16>,
    after_one: BTreeMap<(ServiceId, u16), u16>,
    /// A call's values after two others in a service.
    in_place: BTreeMap<(ServiceId, u16, [u16; 2]), Values>,
    /// A call as a service made it last, and as anybody did.
    by_service: BTreeMap<(ServiceId, u16), Habit>,
    by_anybody: BTreeMap<u16, Habit>,
    /// The path that a first argument went with, which mostly is a descriptor.
    paths: BTreeMap<(ServiceId, u64), TextRef>,
}

impl Expectation {
    pub(super) fn new(start: VirtualTime) -> Expectation {
        Expectation {
            at: start,
            thread: 0,
            threads: Vec::new(),
            numbers: BTreeMap::new(),
            histories: Vec::new(),
            previous_paths: Vec::new(),
            after_three: BTreeMap::new(),
            after_one: BTreeMap::new(),
            in_place: BTreeMap::new(),
            by_service: BTreeMap::new(),
            by_anybody: BTreeMap::new(),
            paths: BTreeMap::new(),
        }
    }
    /// The number of a thread, if it was seen in this block.
    pub(super) fn number_of(&self, thread: ThreadId) -> Option<u32> {
        self.numbers.get(&thread).copied()
    }
    pub(super) fn thread(&self, number: u32) -> Option<ThreadId> {
        self.threads.get(number as usize).copied()
    }
    /// Numbers a thread that is seen for the first time.
    pub(super) fn meet(&mut self, thread: ThreadId) -> u32 {
        let number = self.threads.len() as u32;
        self.threads.push(thread);
        self.histories.push([NO_CALL; 3]);
        self.previous_paths.push(0);
        self.numbers.insert(thread, number);
        number
    }
    fn service(&self) -> ServiceId {
        self.threads[self.thread as usize].service
    }
    fn history(&self) -> [u16; 3] {
        self.histories[self.thread as usize]
    }
    /// The call that the current thread is expected to go on with.
    pub(super) fn call(&self) -> u16 {
        let (service, history) = (self.service(), self.history());
        let after_three = self.after_three.get(&(service, history));
        after_three.or_else(|| self.after_one.get(&(service, history[2]))).copied().unwrap_or(0)
    }
    /// The call of this number as it was made last by the current thread's service, else by anybody.
    pub(super) fn last(&self, call: u16) -> &Habit {
        let by_service = self.by_service.get(&(self.service(), call));
        by_service.or_else(|| self.by_anybody.get(&call)).unwrap_or(&UNTRIED)
    }
    /// The values that a call has in the place where the current thread is; those of the last one, if it was not made
    /// there before.
    pub(super) fn values(&self, call: u16) -> Option<&Values> {
        let [_, second, last] = self.history();
        self.in_place.get(&(self.service(), call, [second, last]))
    }
    /// The path that goes with a first argument.
    pub(super) fn path(&self, argument: u64) -> TextRef {
        self.paths.get(&(self.service(), argument)).copied().unwrap_or(0)
    }
    /// The path that the current thread's last call was about which was about any.
    pub(super) fn previous_path(&self) -> TextRef {
        self.previous_paths[self.thread as usize]
    }
    /// Takes note of a call of the current thread.
    pub(super) fn learn(&mut self, call: u16, habit: Habit, path: TextRef) {
        let (service, history) = (self.service(), self.history());
        let [_, second, last] = history;
        self.after_three.insert((service, history), call);
        self.after_one.insert((service, last), call);
        self.in_place.insert((service, call, [second, last]), habit.values);
        self.by_service.insert((service, call), habit);
        self.by_anybody.insert(call, habit);
        let (first, result) = (habit.values[0], habit.values[SLOTS - 1]);
        if path != self.path(first) {
            self.paths.insert((service, first), path);
        }
        if OPENING.contains(&call) && (result as i64) >= 0 {
            self.paths.insert((service, result), path);
        }
        if path != 0 {
            self.previous_paths[self.thread as usize] = path;
        }
        self.histories[self.thread as usize] = [second, last, call];
    }
}
