//! Reading a complete trace: all of it ([`Trace`]), or from any event on ([`TraceReader`]).
//!
//! Opening checks the frame: that the blocks follow one another from the first bytes to the trailer without a gap, in
//! their order, as the index says. A block's content is checked when it is expanded. So reading a whole trace leaves no
//! byte unchecked.

use crate::block::BlockKind;
use crate::error::{Malformed, ReadError};
use crate::events;
use crate::frame::{self, Fault, expect};
use crate::header::{self, Header};
use crate::layout::{IndexEntry, TRAILER, Trailer};
use crate::recover::{check_prologue, recoverable};
use crate::wire;
use model::{Choice, Event, EventIndex, Outcome};

/// A whole recorded run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What was run, and how to run it again.
    pub header: Header,
    /// Everything that happened, or its beginning ([`Trace::read_until`]). The hash of most events is [`crate::HASH_UNKNOWN`].
    pub events: Vec<Event>,
    /// How it ended, with the choices that made it so.
    pub outcome: Outcome,
}

impl Trace {
    /// Reads a complete trace.
    ///
    /// # Errors
    /// It is no trace, its version is not readable, it is incomplete or damaged.
    pub fn read(bytes: &[u8]) -> Result<Trace, ReadError> {
        let reader = TraceReader::open(bytes)?;
        let events = reader.events_from(EventIndex(0)).collect::<Result<_, _>>()?;
        Ok(Trace { header: reader.header, events, outcome: reader.outcome })
    }
    /// Reads a complete trace, but of its events only those up to this one. Later blocks are not touched.
    ///
    /// # Errors
    /// As [`Trace::read`], but for damage among later events.
    pub fn read_until(bytes: &[u8], last: EventIndex) -> Result<Trace, ReadError> {
        let reader = TraceReader::open(bytes)?;
        let count = usize::try_from(last.0).unwrap_or(usize::MAX).saturating_add(1);
        let events = reader.events_from(EventIndex(0)).take(count).collect::<Result<_, _>>()?;
        Ok(Trace { header: reader.header, events, outcome: reader.outcome })
    }
    /// Every choice that was not 0.
    pub fn choices(&self) -> &[Choice] {
        &self.outcome.choices
    }
}

/// A complete trace whose events are read where they are wanted.
#[derive(Clone, Debug)]
pub struct TraceReader<'a> {
    bytes: &'a [u8],
    header: Header,
    outcome: Outcome,
    blocks: Vec<IndexEntry>,
}

impl<'a> TraceReader<'a> {
    /// Reads everything but the events.
    ///
    /// # Errors
    /// As [`Trace::read`], but for damage among the events.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ReadError> {
        check_prologue(bytes)?;
        let trailer_at = bytes.len().saturating_sub(TRAILER) as u64;
        let trailer = match bytes.last_chunk().map(Trailer::decode) {
            Some(Ok(Some(trailer))) => trailer,
            Some(Err(source)) => {
                return Err(Fault::of(bytes, Fault { at: trailer_at, place: None, source }));
            }
            None | Some(Ok(None)) => {
                return Err(ReadError::Incomplete { length: bytes.len() as u64, recoverable: recoverable(bytes) });
            }
        };
        Self::open_complete(bytes, trailer, trailer_at).map_err(|fault| Fault::of(bytes, fault))
    }

    fn open_complete(bytes: &'a [u8], trailer: Trailer, trailer_at: u64) -> Result<Self, Fault> {
        let entries = frame::read_index(bytes, trailer, trailer_at)?;
        let of = |kind| entries.iter().filter(move |entry| entry.kind == kind).copied();
        let mut header = Header::default();
        for entry in of(BlockKind::Header) {
            header = header::decode(&frame::unpack(bytes, entry)?).map_err(entry.fault())?;
        }
        let mut choices = Vec::new();
        for entry in of(BlockKind::Choices) {
            choices.extend(wire::decode_choices(&frame::unpack(bytes, entry)?).map_err(entry.fault())?);
        }
        let Some(entry) = of(BlockKind::Outcome).next() else {
            let source = Malformed::Truncated { what: "the blocks" };
            return Err(Fault { at: trailer.index_at, place: Some(BlockKind::Index), source });
        };
        let outcome = wire::decode_ending(&frame::unpack(bytes, entry)?, choices).map_err(entry.fault())?;
        expect("the number of events", outcome.events, trailer.events).map_err(entry.fault())?;
        Ok(TraceReader { bytes, header, outcome, blocks: of(BlockKind::Events).collect() })
    }

    /// What was run, and how to run it again.
    pub fn header(&self) -> &Header {
        &self.header
    }
    /// How it ended, with the choices that made it so.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
    /// The events from this one to the last. Blocks before it are not touched.
    pub fn events_from(&self, index: EventIndex) -> Events<'_, 'a> {
        let next = self.blocks.partition_point(|entry| entry.first <= index.0).saturating_sub(1);
        Events { reader: self, next, skip_below: index, block: Vec::new().into_iter() }
    }

    fn read_block(&self, number: usize) -> Result<Vec<Event>, Fault> {
        let entry = self.blocks[number];
        let end = self.blocks.get(number + 1).map_or(self.outcome.events, |next| next.first);
        let content = frame::unpack(self.bytes, entry)?;
        let (first, count) = events::extent(&content).map_err(entry.fault())?;
        expect("the first event of a block", first, entry.first).map_err(entry.fault())?;
        expect("the end of a block", first + count, end).map_err(entry.fault())?;
        events::decode(&content).map_err(entry.fault())
    }
}

/// Events of a trace, in order. Ends after the first error.
#[derive(Debug)]
pub struct Events<'r, 'a> {
    reader: &'r TraceReader<'a>,
    next: usize,
    skip_below: EventIndex,
    block: std::vec::IntoIter<Event>,
}

impl Iterator for Events<'_, '_> {
    type Item = Result<Event, ReadError>;
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.block.find(|event| event.index >= self.skip_below) {
                return Some(Ok(event));
            }
            if self.next >= self.reader.blocks.len() {
                return None;
            }
            match self.reader.read_block(self.next) {
                Ok(block) => self.block = block.into_iter(),
                Err(fault) => {
                    self.next = usize::MAX;
                    return Some(Err(Fault::of(self.reader.bytes, fault)));
                }
            }
            self.next += 1;
        }
    }
}
