//! What can be saved of a trace that is incomplete or damaged: its header and the events up to the first gap.

use crate::block::{Block, BlockKind};
use crate::error::{Malformed, ReadError};
use crate::events;
use crate::header::{self, Header};
use crate::layout::{self, PROLOGUE};
use crate::version::FormatVersion;
use model::Event;

/// The beginning of a run whose trace has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What was run, and how to run it again.
    pub header: Header,
    /// The events from the first one up to the first that is missing or damaged.
    pub events: Vec<Event>,
}

impl Recovered {
    /// Reads as much as is whole, whether or not the trace is complete.
    ///
    /// # Errors
    /// It is no trace, its version is not readable, or not even the header is whole.
    pub fn read(bytes: &[u8]) -> Result<Recovered, ReadError> {
        check_prologue(bytes)?;
        let fault =
            |source| ReadError::Damaged { at: PROLOGUE as u64, place: Some(BlockKind::Header), recoverable: 0, source };
        let (header, length) = read_header(bytes).map_err(fault)?;
        let mut events = Vec::new();
        follow_events(bytes, PROLOGUE + length, |block| events.extend(block));
        Ok(Recovered { header, events })
    }
}

/// Checks the magic and the version.
pub(crate) fn check_prologue(bytes: &[u8]) -> Result<(), ReadError> {
    let magic = &layout::MAGIC[..bytes.len().min(layout::MAGIC.len())];
    if !bytes.starts_with(magic) {
        return Err(ReadError::NotATrace);
    }
    let Some(prologue) = bytes.first_chunk() else {
        return Err(ReadError::Incomplete { length: bytes.len() as u64, recoverable: 0 });
    };
    let damaged = |source| ReadError::Damaged { at: 0, place: None, recoverable: 0, source };
    layout::version(prologue).map_err(damaged)?.check_readable_by(FormatVersion::CURRENT)?;
    Ok(())
}

/// How many events could be recovered from a file whose first bytes are right.
pub(crate) fn recoverable(bytes: &[u8]) -> u64 {
    let Ok((_, length)) = read_header(bytes) else { return 0 };
    let mut count = 0;
    follow_events(bytes, PROLOGUE + length, |block| count += block.len() as u64);
    count
}

fn read_header(bytes: &[u8]) -> Result<(Header, usize), Malformed> {
    let block = Block::unpack(&bytes[PROLOGUE..])?;
    if block.kind != BlockKind::Header {
        return Err(Malformed::UnknownTag { what: "first block", tag: u64::from(block.kind.number()) });
    }
    Ok((header::decode(&block.content)?, block.length))
}

/// Passes on the blocks of events from an offset to the first that is not whole or not due.
fn follow_events(bytes: &[u8], mut at: usize, mut each: impl FnMut(Vec<Event>)) {
    let mut due = 0;
    while let Ok(block) = Block::unpack(&bytes[at..]) {
        if block.kind != BlockKind::Events {
            return;
        }
        let Ok(events) = events::decode(&block.content) else {
            return;
        };
        if events.first().is_none_or(|event| event.index.0 != due) {
            return;
        }
        at += block.length;
        due += events.len() as u64;
        each(events);
    }
}
