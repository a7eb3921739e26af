//! Who can have known of what: which events happened before which, by the messages, wake-ups and starts that passed
//! between threads, and not by when they happened.
//!
//! ```text
//!   api    ──#3 write──┐            ┌──#9 read──          #3 happens before #5, #6 and #9
//!                      ▼            │                     #9 happens after all of them
//!   db     ─────────#5 read──#6 write──────────
//!   other  ──#4──────────────────────────#8────           #4 and #8 are concurrent with all of them
//! ```
//!
//! A thread works in *turns*: one try of a system call, from its begin to its end, or to the point where it parks. What
//! it leaves in a turn (bytes in a pipe, a signal, a released lock) carries the turn's [`Stamp`]; when another thread
//! takes it, that is an [`Edge`]. The events of a turn and of all turns of its thread before it are then in the past of
//! all later events of the thread that took it.
//!
//! Nothing but edges is kept while a world runs. The past of an event ([`Causes::past`]) is found by one walk backwards
//! over the edges: it is the event's vector clock, the position up to which it knows each thread's events, and a thread
//! of which it knows nothing is missing.
//!
//! Threads of one process share memory, and no kernel sees what they read there. So there are two orders: in
//! [`Order::Shared`] a thread knows what the threads that ran before it in the same memory knew, which is never too
//! little; in [`Order::Seen`] it knows only what passed through the kernel, which is never too much.

mod past;
#[cfg(test)]
mod tests;

pub use past::{Past, Relation};

use crate::event::Event;
use crate::ids::{EventIndex, ThreadId};
use std::collections::BTreeMap;

/// The turn in which something was left that another thread may take. [`Stamp::NONE`] where nobody keeps account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(u32);

impl Stamp {
    /// No turn: what carries it tells nobody anything.
    pub const NONE: Stamp = Stamp(0);

    fn turn(self) -> Option<usize> {
        (self.0 as usize).checked_sub(1)
    }
}

/// What passed between two threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Bytes or a message: of a connection, a pipe, a terminal, an event counter, a queue.
    Message,
    /// A connection: a listener that was there, or somebody who connected.
    Connection,
    /// A wake-up: a futex, a semaphore.
    Wake,
    /// A lock on a file that one released and the other got.
    Lock,
    /// The content of a file.
    File,
    /// A signal.
    Signal,
    /// The begin of a thread, a process or a branch of the test.
    Start,
    /// The end of one.
    End,
    /// Nothing that was seen: both ran in the same memory, one after the other.
    Memory,
}

/// Whether account is kept of what passes between threads. It changes no event, no choice and no time of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracking {
    /// No: nobody is going to ask.
    #[default]
    Off,
    /// Yes.
    On,
}

/// Which of the ways between threads count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// All, and memory that threads share: whoever runs later in a process may have read what was left there before.
    Shared,
    /// Only what passed through the kernel.
    Seen,
}

/// When a turn ended: how many events there were in the log, and how many edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    events: u64,
    edges: u32,
}

/// A turn in which something was left.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// Whose, as a place in [`Causes::threads`].
    thread: u32,
    end: End,
}

/// A thread took what another had left.
#[derive(Clone, Copy, Debug)]
struct Edge {
    /// The turn in which it was left.
    from: u32,
    /// Who took it.
    to: u32,
    /// How many events there were: the later ones of the taker come after.
    at: u64,
    via: Via,
}

/// What passed between the threads of a world, in the order in which it was taken.
#[derive(Clone, Debug, Default)]
pub struct Causes {
    threads: Vec<ThreadId>,
    places: BTreeMap<ThreadId, u32>,
    turns: Vec<Turn>,
    edges: Vec<Edge>,
}

/// Where in a thread's life something is: an event of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The thread.
    pub thread: ThreadId,
    /// The event.
    pub index: EventIndex,
}

impl From<&Event> for Moment {
    fn from(event: &Event) -> Moment {
        Moment { thread: event.thread, index: event.index }
    }
}

/// One step of a chain of causes: what was left by one thread and taken by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who left it.
    pub from: ThreadId,
    /// It was left at or before the last event of that thread in front of this place in the log.
    pub left: u64,
    /// Who took it.
    pub to: ThreadId,
    /// It was taken at or before the first event of that thread from this place in the log on.
    pub taken: u64,
    /// What passed.
    pub via: Via,
}

impl Causes {
    /// A turn of a thread in which it leaves something; to be closed by [`Causes::close`] before anybody takes it.
    pub fn open(&mut self, thread: ThreadId) -> Stamp {
        let thread = self.place(thread);
        self.turns.push(Turn { thread, end: End { events: u64::MAX, edges: u32::MAX } });
        Stamp(self.turns.len() as u32)
    }
    /// Now, when there are so many events.
    pub fn now(&self, events: u64) -> End {
        End { events, edges: self.edges.len() as u32 }
    }
    /// The turn has ended.
    pub fn close(&mut self, stamp: Stamp, end: End) {
        if let Some(turn) = stamp.turn().and_then(|turn| self.turns.get_mut(turn)) {
            turn.end = end;
        }
    }
    /// Whose turn it was.
    pub fn owner(&self, stamp: Stamp) -> Option<ThreadId> {
        let turn = self.turns.get(stamp.turn()?)?;
        Some(self.threads[turn.thread as usize])
    }
    /// A thread has taken what was left in a turn, when there were so many events. To be told in the order of `at`.
    pub fn taken(&mut self, stamp: Stamp, to: ThreadId, at: u64, via: Via) {
        let Some(turn) = stamp.turn() else { return };
        let to = self.place(to);
        if self.turns[turn].thread != to {
            self.edges.push(Edge { from: turn as u32, to, at, via });
        }
    }
    /// How often a thread has taken what another had left.
    pub fn len(&self) -> usize {
        self.edges.len()
    }
    /// Whether nothing has passed between threads.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }
    /// Whether one thing that the first thread left, at or after its event, was taken by the second before its own; of
    /// the same thread, whether the first event is the earlier one. Shared memory does not count.
    pub fn is_direct(&self, cause: Moment, effect: Moment) -> bool {
        if cause.thread == effect.thread {
            return cause.index < effect.index;
        }
        let (Some(from), Some(to)) = (self.places.get(&cause.thread), self.places.get(&effect.thread)) else {
            return false;
        };
        self.edges.iter().take_while(|edge| edge.at <= effect.index.0).any(|edge| {
            let turn = self.turns[edge.from as usize];
            edge.via != Via::Memory && edge.to == *to && turn.thread == *from && turn.end.events > cause.index.0
        })
    }
    /// What led to an event, the first step first: the last thing its thread had taken, the last thing that whoever left
    /// that had taken before, and so on. A thread that has taken nothing itself goes on from the one that ran before it
    /// in the same memory.
    pub fn chain(&self, effect: Moment) -> Vec<Step> {
        let mut steps = Vec::new();
        let Some(mut thread) = self.places.get(&effect.thread).copied() else { return steps };
        let mut before = self.edges.partition_point(|edge| edge.at <= effect.index.0);
        loop {
            let latest = |wanted: &dyn Fn(&Edge) -> bool| {
                self.edges[..before].iter().rposition(|edge| edge.to == thread && wanted(edge))
            };
            let Some(at) = latest(&|e| e.via != Via::Memory).or_else(|| latest(&|_| true)) else { break };
            let edge = self.edges[at];
            let turn = self.turns[edge.from as usize];
            steps.push(Step {
                from: self.threads[turn.thread as usize],
                left: turn.end.events,
                to: self.threads[edge.to as usize],
                taken: edge.at,
                via: edge.via,
            });
            (thread, before) = (turn.thread, (turn.end.edges as usize).min(at));
        }
        steps.reverse();
        steps
    }

    fn place(&mut self, thread: ThreadId) -> u32 {
        let next = self.threads.len() as u32;
        let place = *self.places.entry(thread).or_insert(next);
        if place == next {
            self.threads.push(thread);
        }
        place
    }
}
