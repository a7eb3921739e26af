//! The content of a block of events. Blocks are independent, so that a reader may start at any of them.
//!
//! ```text
//!   events.rs       when a block is full; first index, count
//!    └ rows.rs      an event as what was not expected of it
//!       ├ expectation.rs   what is expected
//!       └ columns.rs       where it is put: what is alike lies together
//! ```

mod columns;
mod expectation;
mod rows;

use crate::block::BLOCK_MAX;
use crate::bytes::{Cursor, put_number};
use crate::error::Malformed;
use columns::{Column, Sources};
use model::{Body, Event, EventHash, EventIndex, Value, VirtualTime};
use rows::{RowReader, RowWriter};

/// A block is closed before its content would grow beyond this; a longer event has one of its own.
pub(crate) const EVENTS_BLOCK: usize = 128 << 10;
/// A block is closed, too, before the texts in its events, each counted wherever it occurs, would be longer than this.
const EXPANDED: usize = 16 << 20;
/// A reader refuses to make more text than this of a block.
const EXPANDED_MAX: usize = EXPANDED + BLOCK_MAX;
/// Every so many events the event hash is stored.
pub const HASH_EVERY: u64 = 64;
/// What stands in [`Event::hash`] of an event that was read and whose hash is not stored.
pub const HASH_UNKNOWN: EventHash = EventHash(0);
/// The three numbers before the columns are not longer.
const PREFIX_MAX: usize = 30;
/// What an event takes besides its texts and the fields of a note, at most.
const EVENT_MAX: usize = 256;
/// What a field of a note takes besides its texts, at most.
const FIELD_MAX: usize = 32;

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
    /// Bytes of text in the events.
    expanded: usize,
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
            expanded: 0,
        };
        block.add(event);
        let length = block.length_max().max(block.expanded);
        if length > BLOCK_MAX {
            return Err(Malformed::TooLong { what: "an event", length: length as u64, limit: BLOCK_MAX as u64 });
        }
        Ok(block)
    }
    pub(crate) fn first(&self) -> EventIndex {
        self.first
    }
    fn length_max(&self) -> usize {
        PREFIX_MAX + self.rows.columns.length_max() + 8
    }
    fn add(&mut self, event: &Event) {
        self.rows.write(event);
        self.expanded += text_of(event).0;
        self.count += 1;
        self.last_hash = event.hash;
        if event.index.0.is_multiple_of(HASH_EVERY) {
            self.rows.columns.of(Column::Hashes).extend_from_slice(&event.hash.0.to_le_bytes());
        }
    }
    /// Takes the event if there is certainly room.
    pub(crate) fn add_if_it_fits(&mut self, event: &Event) -> bool {
        let (text, fields) = text_of(event);
        let longest = text + fields * FIELD_MAX + EVENT_MAX;
        let fits = self.length_max() + longest <= EVENTS_BLOCK && self.expanded + text <= EXPANDED;
        if fits {
            self.add(event);
        }
        fits
    }
    /// The content of the finished block.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let last = self.first.0 + (self.count - 1);
        if !last.is_multiple_of(HASH_EVERY) {
            self.rows.columns.of(Column::Hashes).extend_from_slice(&self.last_hash.0.to_le_bytes());
        }
        let mut out = Vec::with_capacity(self.length_max());
        put_number(&mut out, self.first.0);
        put_number(&mut out, self.count);
        put_number(&mut out, self.started.0);
        self.rows.columns.write(&mut out);
        out
    }
}

/// How much text an event holds, and how many fields.
fn text_of(event: &Event) -> (usize, usize) {
    let length = |text: Option<&str>| text.map_or(0, str::len);
    match &event.body {
        Body::Call(call) => (length(call.path.as_deref()) + length(call.op.as_deref()), 0),
        Body::Line(line) => (length(line.path.as_deref()) + line.text.len(), 0),
        Body::Note(note) => {
            let of_field = |(name, value): &(Box<str>, Value)| {
                name.len() + if let Value::Text(text) = value { text.len() } else { 0 }
            };
            (note.kind.len() + note.fields.iter().map(of_field).sum::<usize>(), note.fields.len())
        }
    }
}

/// The first index and the count of a block, without reading its rows.
pub(crate) fn extent(content: &[u8]) -> Result<(u64, u64), Malformed> {
    let mut cursor = Cursor::new(content);
    let first = cursor.number("the first index")?;
    let count = cursor.number("the number of events")?;
    // Every event takes at least one byte.
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
    let started = VirtualTime(cursor.number("the time of the first event")?);
    let mut rows = RowReader::new(Sources::open(cursor)?, started);
    let mut events = Vec::new();
    for index in first..first + count {
        events.push(rows.read(EventIndex(index))?);
    }
    let last = first + (count - 1);
    for event in events.iter_mut().filter(|event| hash_is_stored(event.index.0, last)) {
        let hash = rows.columns.of(Column::Hashes).array("an event hash")?;
        event.hash = EventHash(u64::from_le_bytes(hash));
    }
    rows.columns.end()?;
    Ok(events)
}
