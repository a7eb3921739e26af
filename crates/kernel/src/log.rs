//! The event log: everything observable, in order, chained into the event hash.

use model::machine::Filter;
use model::{Body, Call, Event, EventHash, EventIndex, Note, ThreadId, VirtualTime, argument_count};

/// What is kept of the events once they are chained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// All of them: monitors, assertions and traces read them.
    #[default]
    All,
    /// Nothing but the count and the hash: a program that is only run.
    Hash,
}

/// Events live in chunks, so that a long log is never copied while it grows. A chunk fills 64 KiB: an allocator of
/// powers of two loses nothing by it.
const CHUNK: usize = (64 << 10) / size_of::<Event>();

/// The log of a world.
#[derive(Debug, Default)]
pub struct Log {
    retention: Retention,
    chunks: Vec<Vec<Event>>,
    count: u64,
    hash: EventHash,
    calls: u64,
    filters: Vec<Filter>,
    attention: Vec<EventIndex>,
    /// The driver wants to look when there are so many events; 0 if never.
    pause: u64,
    expected: Option<Expected>,
}

/// Stands for a hash that was not recorded; any hash will do there.
const UNKNOWN: EventHash = EventHash(0);

/// The hashes of an earlier run that this one must repeat.
#[derive(Debug)]
struct Expected {
    hashes: Vec<EventHash>,
    diverged: Option<EventIndex>,
}

/// When and who, as numbers.
fn who(at: VirtualTime, thread: ThreadId) -> [u64; 2] {
    [at.0, u64::from(thread.service.0) << 32 | u64::from(thread.tid)]
}

impl Log {
    /// Sets what is kept from now on.
    pub fn retain(&mut self, retention: Retention) {
        self.retention = retention;
    }
    /// Appends an event.
    pub fn append(&mut self, at: VirtualTime, thread: ThreadId, body: Body) -> EventIndex {
        body.add_to(&mut self.hash, &who(at, thread));
        self.add(at, thread, || body)
    }
    /// Appends a call. The thread's registers and the digest of the bytes that went in and out are chained in besides
    /// what the event itself says; what the call finds in registers beyond its arguments is not part of the event.
    #[inline]
    pub fn call(&mut self, at: VirtualTime, thread: ThreadId, mut call: Call, registers: &[u64; 18], digest: u64) {
        self.calls += 1;
        call.args[argument_count(call.number)..].fill(0);
        let number = u64::from(call.number);
        self.hash.call(who(at, thread), registers, [digest, number], call.args, call.result as u64);
        call.add_rest_to(&mut self.hash);
        self.add(at, thread, || Body::Call(call));
    }
    #[inline]
    fn add(&mut self, at: VirtualTime, thread: ThreadId, body: impl FnOnce() -> Body) -> EventIndex {
        let index = EventIndex(self.count);
        self.count += 1;
        self.compare(index);
        if self.retention == Retention::All || !self.filters.is_empty() {
            self.keep(Event { index, at, thread, hash: self.hash, body: body() });
        }
        index
    }
    /// Shows an event to the filters and keeps it, if events are kept.
    fn keep(&mut self, event: Event) {
        if self.filters.iter().any(|f| f.matches(&event)) {
            self.attention.push(event.index);
        }
        if self.retention != Retention::All {
            return;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            // Reading first has a process map what others wrote around it, instead of one page at a time.
            assert!(chunk.last().is_none_or(|before| before.index < event.index), "events are in order");
            chunk.push(event);
        }
    }
    fn compare(&mut self, index: EventIndex) {
        if let Some(expected) = &mut self.expected
            && expected.diverged.is_none()
            && expected.hashes.get(index.0 as usize).is_none_or(|h| *h != self.hash && *h != UNKNOWN)
        {
            expected.diverged = Some(index);
        }
    }
    /// Appends a note.
    pub fn note(&mut self, at: VirtualTime, thread: ThreadId, note: Note) -> EventIndex {
        self.append(at, thread, Body::Note(note))
    }
    /// All events that were kept, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.chunks.iter().flatten()
    }
    /// An event that was kept.
    pub fn get(&self, index: EventIndex) -> Option<&Event> {
        let index = usize::try_from(index.0).ok()?;
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }
    /// How many events there were.
    pub fn count(&self) -> u64 {
        self.count
    }
    /// How many events are system calls.
    pub fn calls(&self) -> u64 {
        self.calls
    }
    /// The chain so far.
    pub fn hash(&self) -> EventHash {
        self.hash
    }
    /// Chains memory or other state into the hash without an event.
    pub fn mix(&mut self, bytes: &[u8]) {
        self.hash.bytes(bytes);
    }
    /// Replaces the filters whose events the driver wants to see at once.
    pub fn watch(&mut self, filters: &[Filter]) {
        self.filters = filters.to_vec();
    }
    /// Whether the driver waits for events by a filter like this.
    pub(crate) fn watches(&self, like: impl Fn(&Filter) -> bool) -> bool {
        self.filters.iter().any(like)
    }
    /// True if the driver has events to look at.
    pub fn wants_attention(&self) -> bool {
        !self.attention.is_empty()
    }
    /// The driver has to look once, as soon as this event has happened.
    pub fn pause_after(&mut self, event: EventIndex) {
        self.pause = event.0 + 1;
    }
    /// Whether it has happened, and the driver has not looked yet.
    pub fn is_paused(&self) -> bool {
        self.pause != 0 && self.count >= self.pause
    }
    /// True, once, if the event of [`Log::pause_after`] has happened.
    pub fn take_pause(&mut self) -> bool {
        let paused = self.is_paused();
        if paused {
            self.pause = 0;
        }
        paused
    }
    /// Takes the events that the driver has to look at.
    pub fn take_attention(&mut self) -> Vec<EventIndex> {
        std::mem::take(&mut self.attention)
    }
    /// From the first event on, each must have the hash that an earlier run had there.
    pub fn expect(&mut self, hashes: Vec<EventHash>) {
        self.expected = Some(Expected { hashes, diverged: None });
    }
    /// The first event that differed from what was expected.
    pub fn diverged(&self) -> Option<EventIndex> {
        self.expected.as_ref()?.diverged
    }
}
