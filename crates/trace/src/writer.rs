//! Writing a trace as the run goes on. What was written stays readable if the run never ends.

use crate::block::{BlockKind, Packer};
use crate::error::{Malformed, WriteError};
use crate::events::EventsBlock;
use crate::header::{self, Header};
use crate::layout::{self, IndexEntry, Trailer};
use crate::version::FormatVersion;
use crate::wire;
use model::{Event, EventIndex, Outcome};
use std::fmt;
use std::io::{self, Write};

/// So many choices at most are in one block.
const CHOICES_PER_BLOCK: usize = 2048;

/// Writes one trace: a header, events in order, and then the outcome.
///
/// ```text
///   new ──> event* ──> finish      a complete trace
///                └───> (dropped)   an incomplete one: all blocks that were full, or flushed, can be recovered
/// ```
pub struct TraceWriter<W: Write> {
    out: W,
    at: u64,
    packer: Packer,
    block: Option<EventsBlock>,
    next: EventIndex,
    index: Vec<IndexEntry>,
}

impl<W: Write> TraceWriter<W> {
    /// Starts a trace. The output should be buffered neither much nor little: every write is a whole block.
    ///
    /// # Errors
    /// The output refuses, or the header is larger than a block may be (16 MiB).
    pub fn new(out: W, header: &Header) -> Result<Self, WriteError> {
        let packer = Packer::new().map_err(|source| WriteError::Io { at: 0, source })?;
        let mut writer = TraceWriter { out, at: 0, packer, block: None, next: EventIndex(0), index: Vec::new() };
        writer.raw(&layout::prologue(FormatVersion::CURRENT))?;
        writer.content(BlockKind::Header, 0, header::encode(header))?;
        Ok(writer)
    }

    /// Adds an event.
    ///
    /// # Errors
    /// The output refuses, the event is not the next one, or it is larger than a block may be (16 MiB).
    pub fn event(&mut self, event: &Event) -> Result<(), WriteError> {
        if event.index != self.next {
            return Err(WriteError::OutOfOrder { found: event.index, expected: self.next });
        }
        let taken = self.block.as_mut().is_some_and(|block| block.add_if_it_fits(event));
        if !taken {
            self.end_block()?;
            let place = BlockKind::Events;
            let block = EventsBlock::starting_with(event).map_err(|source| WriteError::Unfit { place, source })?;
            self.block = Some(block);
        }
        self.next.0 += 1;
        Ok(())
    }

    /// Writes out the events given so far, so that they can be recovered if the trace is never finished. Costs space.
    ///
    /// # Errors
    /// The output refuses.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.end_block()?;
        self.out.flush().map_err(|source| WriteError::Io { at: self.at, source })
    }

    /// Completes the trace and gives the output back.
    ///
    /// # Errors
    /// The output refuses, or the outcome counts other events than were given.
    pub fn finish(mut self, outcome: &Outcome) -> Result<W, WriteError> {
        let events = self.next.0;
        if outcome.events != events {
            return Err(WriteError::Miscounted { counted: outcome.events, written: events });
        }
        self.end_block()?;
        for choices in outcome.choices.chunks(CHOICES_PER_BLOCK) {
            self.content(BlockKind::Choices, 0, wire::encode_choices(choices))?;
        }
        self.content(BlockKind::Outcome, 0, wire::encode_ending(outcome))?;
        let index_at = self.at;
        let index = layout::encode_index(&self.index);
        self.content(BlockKind::Index, 0, index)?;
        self.raw(&Trailer { index_at, events }.encode())?;
        self.out.flush().map_err(|source| WriteError::Io { at: self.at, source })?;
        Ok(self.out)
    }

    fn end_block(&mut self) -> Result<(), WriteError> {
        let Some(block) = self.block.take() else { return Ok(()) };
        self.content(BlockKind::Events, block.first().0, Ok(block.finish()))
    }

    fn content(&mut self, kind: BlockKind, first: u64, content: Result<Vec<u8>, Malformed>) -> Result<(), WriteError> {
        let block = content.and_then(|content| self.packer.pack(kind, &content));
        let block = block.map_err(|source| WriteError::Unfit { place: kind, source })?;
        self.index.push(IndexEntry { kind, first, at: self.at });
        self.raw(&block)
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let written: io::Result<()> = self.out.write_all(bytes);
        written.map_err(|source| WriteError::Io { at: self.at, source })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

impl<W: Write> fmt::Debug for TraceWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceWriter").field("at", &self.at).field("next", &self.next).finish_non_exhaustive()
    }
}
