//! What the next call of a thread will look like, judged by what it did before in the same block. Writer and reader
//! learn the same from the same events, so only surprises need to be stored.
//!
//! A service repeats itself: after `epoll_wait` comes `read`, on the same descriptor, into the same buffer, from the
//! same peer. So a thread's call number is expected to follow as it followed last time, and a call's values to be those
//! of the thread's last call of that number.

use crate::bytes::{Cursor, put_number, put_text};
use crate::error::Malformed;
use model::{Call, Decision, ThreadId, VirtualTime};
use std::collections::BTreeMap;

/// What the events of a block so far have taught.
#[derive(Debug)]
pub(super) struct Expectation {
    /// The time of the previous event.
    pub(super) at: VirtualTime,
    /// The thread of the previous event, by number.
    pub(super) thread: u32,
    threads: Vec<ThreadId>,
    numbers: BTreeMap<ThreadId, u32>,
    habits: Vec<Habits>,
}

/// What one thread has done.
#[derive(Debug, Default)]
struct Habits {
    last: u16,
    calls: BTreeMap<u16, Habit>,
}

/// One call as a thread made it last, and how it went on from there.
#[derive(Clone, Debug)]
pub(super) struct Habit {
    pub(super) call: Call,
    /// Virtual time since the event before it.
    pub(super) step: u64,
    next: u16,
}

/// What is expected of a call that the thread has not made yet.
static UNTRIED: Habit = Habit {
    call: Call { number: 0, args: [0; 6], result: 0, decision: Decision::Allow, path: None, op: None },
    step: 0,
    next: 0,
};

impl Expectation {
    pub(super) fn new(start: VirtualTime) -> Expectation {
        Expectation { at: start, thread: 0, threads: Vec::new(), numbers: BTreeMap::new(), habits: Vec::new() }
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
        self.habits.push(Habits::default());
        self.numbers.insert(thread, number);
        number
    }
    /// The call number that a thread is expected to go on with.
    pub(super) fn next_call(&self, thread: u32) -> u16 {
        let habits = &self.habits[thread as usize];
        habits.calls.get(&habits.last).map_or(0, |habit| habit.next)
    }
    /// What a thread's call of this number is expected to look like, but for the number itself.
    pub(super) fn call(&self, thread: u32, number: u16) -> &Habit {
        self.habits[thread as usize].calls.get(&number).unwrap_or(&UNTRIED)
    }
    /// Takes note of a call that happened.
    pub(super) fn learn(&mut self, thread: u32, call: &Call, step: u64) {
        let habits = &mut self.habits[thread as usize];
        if let Some(previous) = habits.calls.get_mut(&habits.last) {
            previous.next = call.number;
        }
        habits.last = call.number;
        let habit = habits.calls.entry(call.number).or_insert_with(|| UNTRIED.clone());
        habit.step = step;
        if habit.call != *call {
            habit.call = call.clone();
        }
    }
}

/// The texts of a block. Each is stored once, where it first occurs.
#[derive(Debug, Default)]
pub(super) struct Texts {
    list: Vec<Box<str>>,
    numbers: BTreeMap<Box<str>, u64>,
}

impl Texts {
    pub(super) fn put(&mut self, out: &mut Vec<u8>, text: Option<&str>) {
        let Some(text) = text else { return put_number(out, 0) };
        if let Some(number) = self.numbers.get(text) {
            return put_number(out, number + 2);
        }
        self.numbers.insert(text.into(), self.numbers.len() as u64);
        put_number(out, 1);
        put_text(out, text);
    }
    pub(super) fn get(&mut self, from: &mut Cursor<'_>, what: &'static str) -> Result<Option<Box<str>>, Malformed> {
        match from.number(what)? {
            0 => Ok(None),
            1 => {
                self.list.push(from.text(what)?.into());
                Ok(self.list.last().cloned())
            }
            tag => match self.list.get((tag - 2) as usize) {
                Some(text) => Ok(Some(text.clone())),
                None => Err(Malformed::UnknownTag { what: "text of this block", tag }),
            },
        }
    }
    /// A text that cannot be absent.
    pub(super) fn need(&mut self, from: &mut Cursor<'_>, what: &'static str) -> Result<Box<str>, Malformed> {
        self.get(from, what)?.ok_or(Malformed::UnknownTag { what, tag: 0 })
    }
}
