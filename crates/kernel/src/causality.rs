//! Who can have known of what, as far as the kernel sees it: see [`model::causality`].
//!
//! A *turn* is one try of a call, from [`Tracker::begin`] to [`Tracker::end`]. What a thread leaves in its turn lies at a
//! [`Spot`]; whoever takes it from there in a turn of its own learns of the turn in which it was left. Nobody learns of
//! something by being told that it is there (`poll`, `epoll_wait`): the read that takes it does.
//!
//! | what passes | left by | taken by |
//! |---|---|---|
//! | bytes of a pipe or a TCP connection, by the piece | write, send | the read that gets them |
//! | messages: unix, UDP, System V; signals | send, `kill` | receive, delivery, `sigwait`, signalfd |
//! | the end of a stream | close, shutdown, exit | the read that gets it |
//! | a connection | listen; connect | connect; accept |
//! | what an event counter, a terminal, an inotify instance holds | write, a change | read |
//! | a wake-up | futex wake, unlock; System V semaphore | the wait's return |
//! | a lock on a file | unlock, close, exit | lock |
//! | the content of a file | write | read |
//! | a thread, a process, a branch of the test | clone, fork; its end | its first call; wait, join |
//! | memory | a thread's turn | the next turn of another thread in the same address space |
//!
//! If nobody asks, every function returns at once, and nothing is kept.

use crate::fs::InodeRef;
use crate::host::AddressSpaceId;
use crate::net::ConnectionId;
use crate::process::ProcessId;
use crate::wait::ObjectId;
use model::causality::{Causes, End, Stamp, Tracking, Via};
use model::{ServiceId, ThreadId};
use std::collections::{BTreeMap, VecDeque};

/// Where something lies that one thread has left and another may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spot {
    /// What an object holds: the bytes of a pipe, the count of an event counter, the records of an inotify instance.
    Object(ObjectId),
    /// The same of an object with two sides: what was typed, or shown, at a terminal.
    Side(ObjectId, u8),
    /// That nothing more will come from an object, or for a socket.
    Ending(ObjectId),
    /// The bytes that are on the way to one side of a connection, or have arrived there.
    Towards(ConnectionId, usize),
    /// That nothing more will come for one side of a connection.
    Closing(ConnectionId, usize),
    /// A connection that somebody wants.
    Wanted(ConnectionId),
    /// A connection of a unix socket that somebody wants.
    Queued(ObjectId),
    /// A socket that listens.
    Listener(ObjectId),
    /// A connection that was accepted by a socket that listened.
    Granted(ConnectionId),
    /// The end of a process.
    Exit(ProcessId),
    /// The end of a task of the driver.
    Task(u32),
    /// What the locks on a file protect.
    Lock(u16, u64),
    /// The content of a file.
    File(InodeRef),
    /// A set of semaphores of a service.
    Semaphores(ServiceId, i32),
}

impl Spot {
    fn via(self) -> Via {
        match self {
            Spot::Object(_) | Spot::Side(..) | Spot::Ending(_) | Spot::Towards(..) | Spot::Closing(..) => Via::Message,
            Spot::Wanted(_) | Spot::Queued(_) | Spot::Listener(_) | Spot::Granted(_) => Via::Connection,
            Spot::Exit(_) | Spot::Task(_) => Via::End,
            Spot::Lock(..) => Via::Lock,
            Spot::File(_) => Via::File,
            Spot::Semaphores(..) => Via::Wake,
        }
    }
}

/// A turn that has not ended.
#[derive(Clone, Copy, Debug)]
struct Turn {
    thread: ThreadId,
    space: AddressSpaceId,
    /// How many events there were when it began.
    at: u64,
    /// Its stamp, once it has left something.
    stamp: Stamp,
}

/// Keeps account of what passes between threads.
#[derive(Debug, Default)]
pub struct Tracker {
    tracking: Tracking,
    causes: Causes,
    turn: Option<Turn>,
    /// Bytes that were left, in the order in which they are taken: how many, and in which turn.
    bytes: BTreeMap<Spot, VecDeque<(usize, Stamp)>>,
    /// What else was left: the latest of each thread.
    marks: BTreeMap<Spot, BTreeMap<ThreadId, Stamp>>,
    /// The last turn in each address space.
    memory: BTreeMap<AddressSpaceId, (ThreadId, End)>,
    /// What a thread knows of another's files already.
    read: BTreeMap<(ThreadId, ThreadId), Stamp>,
}

impl Tracker {
    /// Keeps account, or does not.
    pub fn new(tracking: Tracking) -> Tracker {
        Tracker { tracking, ..Tracker::default() }
    }
    /// What has passed so far; `None` if no account is kept.
    pub fn causes(&self) -> Option<&Causes> {
        (!self.is_off()).then_some(&self.causes)
    }
    /// Whether account is kept.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.tracking == Tracking::On
    }
    #[inline]
    fn is_off(&self) -> bool {
        !self.is_on()
    }

    /// A thread's turn begins, when there are so many events.
    #[inline]
    pub(crate) fn begin(&mut self, thread: ThreadId, space: AddressSpaceId, events: u64) {
        if !self.is_off() {
            self.begin_turn(thread, space, events);
        }
    }
    fn begin_turn(&mut self, thread: ThreadId, space: AddressSpaceId, at: u64) {
        self.turn = Some(Turn { thread, space, at, stamp: Stamp::NONE });
        if space == AddressSpaceId::SUPERVISOR {
            return;
        }
        if let Some((other, end)) = self.memory.get(&space).filter(|(other, _)| *other != thread) {
            let stamp = self.causes.open(*other);
            self.causes.close(stamp, *end);
            self.causes.taken(stamp, thread, at, Via::Memory);
        }
    }
    /// The turn ends, when there are so many events.
    #[inline]
    pub(crate) fn end(&mut self, events: u64) {
        if self.is_on()
            && let Some(turn) = self.turn.take()
        {
            let end = self.causes.now(events);
            self.causes.close(turn.stamp, end);
            self.memory.insert(turn.space, (turn.thread, end));
        }
    }

    /// The stamp of the turn, for something that is left in it.
    #[inline]
    pub(crate) fn stamp(&mut self) -> Stamp {
        let Some(turn) = &mut self.turn else { return Stamp::NONE };
        if turn.stamp == Stamp::NONE {
            turn.stamp = self.causes.open(turn.thread);
        }
        turn.stamp
    }
    /// What was left in a turn is taken.
    #[inline]
    pub(crate) fn learn(&mut self, stamp: Stamp, via: Via) {
        if let Some(turn) = &self.turn {
            self.causes.taken(stamp, turn.thread, turn.at, via);
        }
    }
    /// Another thread gets to know of the turn, whatever it does next.
    #[inline]
    pub(crate) fn tell(&mut self, thread: ThreadId, via: Via) {
        if let Some(Turn { at, .. }) = self.turn {
            let stamp = self.stamp();
            self.causes.taken(stamp, thread, at, via);
        }
    }

    /// So many bytes are left at a place, behind those that are there.
    #[inline]
    pub(crate) fn put(&mut self, place: Spot, bytes: usize) {
        if self.turn.is_some() && bytes != 0 {
            let stamp = self.stamp();
            self.bytes.entry(place).or_default().push_back((bytes, stamp));
        }
    }
    /// So many of the oldest bytes at a place are taken.
    #[inline]
    pub(crate) fn take(&mut self, place: Spot, bytes: usize) {
        if !self.is_off() {
            self.take_bytes(place, bytes, Taking::Away);
        }
    }
    /// So many of the oldest bytes at a place are looked at.
    #[inline]
    pub(crate) fn peek(&mut self, place: Spot, bytes: usize) {
        if !self.is_off() {
            self.take_bytes(place, bytes, Taking::Copy);
        }
    }
    fn take_bytes(&mut self, place: Spot, mut bytes: usize, taking: Taking) {
        let Some(mut queue) = self.bytes.remove(&place) else { return };
        let mut at = 0;
        while let Some((left, stamp)) = queue.get_mut(at).filter(|_| bytes != 0) {
            let n = bytes.min(*left);
            let (stamp, whole) = (*stamp, n == *left);
            bytes -= n;
            match taking {
                Taking::Away if whole => drop(queue.pop_front()),
                Taking::Away => *left -= n,
                Taking::Copy => at += 1,
            }
            self.learn(stamp, place.via());
        }
        if !queue.is_empty() {
            self.bytes.insert(place, queue);
        }
    }

    /// Something is left at a place, besides what is there.
    #[inline]
    pub(crate) fn mark(&mut self, place: Spot) {
        if let Some(Turn { thread, .. }) = self.turn {
            let stamp = self.stamp();
            self.marks.entry(place).or_default().insert(thread, stamp);
        }
    }
    /// Everything at a place is seen, and stays.
    #[inline]
    pub(crate) fn see(&mut self, place: Spot) {
        if self.turn.is_some() {
            self.see_marks(place);
        }
    }
    fn see_marks(&mut self, place: Spot) {
        let Some(marks) = self.marks.remove(&place) else { return };
        for (of, stamp) in &marks {
            if matches!(place, Spot::File(_)) && self.has_read(*of, *stamp) {
                continue;
            }
            self.learn(*stamp, place.via());
        }
        self.marks.insert(place, marks);
    }
    /// Whether the thread knows of this turn of another already, by a file; it does from now on.
    fn has_read(&mut self, of: ThreadId, stamp: Stamp) -> bool {
        let Some(turn) = &self.turn else { return true };
        let known = self.read.entry((turn.thread, of)).or_default();
        let has = *known >= stamp;
        *known = stamp.max(*known);
        has
    }
    /// Everything at a place is taken.
    #[inline]
    pub(crate) fn drain(&mut self, place: Spot) {
        if !self.is_off() {
            self.see(place);
            self.marks.remove(&place);
        }
    }
    /// What lies at one place lies at another too.
    pub(crate) fn copy(&mut self, from: Spot, to: Spot) {
        if let Some(marks) = self.marks.get(&from).cloned() {
            self.marks.insert(to, marks);
        }
    }
}

/// Whether what is taken is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    Away,
    Copy,
}
