//! The content of a block of events. Blocks are independent, so that a reader may start at any of them.
//!
//! ```text
//!   events.rs       when a block is full; first index, count, hashes
//!    └ rows.rs      an event as the bytes that were not expected
//!       └ expectation.rs   what is expected, and the texts seen so far
//! ```

mod expectation;
mod rows;

use crate::block::BLOCK_MAX;
use crate::bytes::{Cursor, put_number};
use crate::error::Malformed;
use model::{Event, EventHash, EventIndex, VirtualTime};
use rows::{RowReader, RowWriter};

/// A block is closed before its content grows beyond this; an event that is longer by itself has one of its own.
pub(crate) const EVENTS_BLOCK: usize = 64 << 10;
/// Every so many events the event hash is stored.
pub const HASH_EVERY: u64 = 64;
/// What stands in [`Event::hash`] of an event that was read and whose hash is not stored.
pub const HASH_UNKNOWN: EventHash = EventHash(0);
/// The three numbers before the rows are not longer.
const PREFIX_MAX: usize = 30;

/// Whether the hash after this event is stored, given the index of the last event of its block.
fn hash_is_stored(index: u64, last_of_block: u64) -> bool {
    index.is_multiple_of(HASH_EVERY) || index == last_of_block
}

/// Whether an event of a replay is the recorded one. All of it is compared; the hash as far as it is stored.
pub fn same_event(recorded: &Event, replayed: &Event) -> bool {
    recorded.index == replayed.index
        && recorded.at == replayed.at
        && recorded.thread == replayed.thread
        && recorded.body == replayed.body
        && (recorded.hash == HASH_UNKNOWN || recorded.hash == replayed.hash)
}

/// Collects events until a block is full.
#[derive(Debug)]
pub(crate) struct EventsBlock {
    first: EventIndex,
    started: VirtualTime,
    count: u64,
    last_hash: EventHash,
    rows: RowWriter,
    hashes: Vec<u8>,
}

impl EventsBlock {
    /// A block whose first event is this one.
    pub(crate) fn starting_with(event: &Event) -> Result<EventsBlock, Malformed> {
        let mut block = EventsBlock {
            first: event.index,
            started: event.at,
            count: 0,
            last_hash: event.hash,
            rows: RowWriter::new(event.at),
            hashes: Vec::new(),
        };
        block.add(event);
        let length = block.length();
        if length > BLOCK_MAX {
            return Err(Malformed::TooLong { what: "an event", length: length as u64, limit: BLOCK_MAX as u64 });
        }
        Ok(block)
    }
    pub(crate) fn first(&self) -> EventIndex {
        self.first
    }
    fn length(&self) -> usize {
        PREFIX_MAX + self.rows.bytes().len() + self.hashes.len() + 8
    }
    fn add(&mut self, event: &Event) {
        self.rows.write(event);
        self.count += 1;
        self.last_hash = event.hash;
        if event.index.0.is_multiple_of(HASH_EVERY) {
            self.hashes.extend_from_slice(&event.hash.0.to_le_bytes());
        }
    }
    /// Takes the event if there is room. If not, the block can only be finished.
    pub(crate) fn add_if_it_fits(&mut self, event: &Event) -> bool {
        let before = (self.rows.bytes().len(), self.hashes.len(), self.last_hash);
        self.add(event);
        if self.length() <= EVENTS_BLOCK {
            return true;
        }
        self.count -= 1;
        self.rows.truncate(before.0);
        self.hashes.truncate(before.1);
        self.last_hash = before.2;
        false
    }
    /// The content of the finished block.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.length());
        put_number(&mut out, self.first.0);
        put_number(&mut out, self.count);
        put_number(&mut out, self.started.0);
        out.extend_from_slice(self.rows.bytes());
        out.extend_from_slice(&self.hashes);
        let last = self.first.0 + (self.count - 1);
        if !last.is_multiple_of(HASH_EVERY) {
            out.extend_from_slice(&self.last_hash.0.to_le_bytes());
        }
        out
    }
}

/// The first index and the count of a block, without reading its rows.
pub(crate) fn extent(content: &[u8]) -> Result<(u64, u64), Malformed> {
    let mut cursor = Cursor::new(content);
    let first = cursor.number("the first index")?;
    let count = cursor.number("the number of events")?;
    // Every row takes at least one byte.
    let limit = (cursor.len() as u64).min(u64::MAX - first);
    if count == 0 || count > limit {
        return Err(Malformed::TooLong { what: "the number of events", length: count, limit });
    }
    Ok((first, count))
}

/// The events of a block.
pub(crate) fn decode(content: &[u8]) -> Result<Vec<Event>, Malformed> {
    let (first, count) = extent(content)?;
    let mut cursor = Cursor::new(content);
    cursor.number("the first index")?;
    cursor.number("the number of events")?;
    let mut rows = RowReader::new(VirtualTime(cursor.number("the time of the first event")?));
    let mut events = Vec::new();
    for index in first..first + count {
        events.push(rows.read(&mut cursor, EventIndex(index))?);
    }
    let last = first + (count - 1);
    for event in events.iter_mut().filter(|event| hash_is_stored(event.index.0, last)) {
        event.hash = EventHash(u64::from_le_bytes(cursor.array("an event hash")?));
    }
    cursor.end("the events")?;
    Ok(events)
}
