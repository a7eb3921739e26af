//! The frame of a complete trace: where its blocks are, and that they follow one another without a gap.

use crate::block::{Block, BlockKind};
use crate::error::{Malformed, ReadError};
use crate::layout::{self, IndexEntry, PROLOGUE, Trailer};
use crate::recover::recoverable;

/// What is wrong, and where.
pub(crate) struct Fault {
    pub(crate) at: u64,
    pub(crate) place: Option<BlockKind>,
    pub(crate) source: Malformed,
}

impl Fault {
    /// As told to the reader of this file.
    pub(crate) fn of(bytes: &[u8], fault: Fault) -> ReadError {
        let Fault { at, place, source } = fault;
        ReadError::Damaged { at, place, recoverable: recoverable(bytes), source }
    }
}

impl IndexEntry {
    /// Something is wrong at this block.
    pub(crate) fn fault(self) -> impl Fn(Malformed) -> Fault {
        move |source| Fault { at: self.at, place: Some(self.kind), source }
    }
}

/// Two tellings of one number must agree.
pub(crate) fn expect(what: &'static str, found: u64, expected: u64) -> Result<(), Malformed> {
    if found == expected { Ok(()) } else { Err(Malformed::Contradiction { what, found, expected }) }
}

/// The bytes from an offset on.
fn from(bytes: &[u8], at: u64) -> Result<&[u8], Malformed> {
    let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
    rest.ok_or(Malformed::Truncated { what: "the file" })
}

/// The content of the block that an entry of the index announces.
pub(crate) fn unpack(bytes: &[u8], entry: IndexEntry) -> Result<Vec<u8>, Fault> {
    let block = from(bytes, entry.at).and_then(Block::unpack).map_err(entry.fault())?;
    let (found, expected) = (u64::from(block.kind.number()), u64::from(entry.kind.number()));
    expect("the kind of a block", found, expected).map_err(entry.fault())?;
    Ok(block.content)
}

/// The entries of the index, after checking that they describe the whole file.
pub(crate) fn read_index(bytes: &[u8], trailer: Trailer, trailer_at: u64) -> Result<Vec<IndexEntry>, Fault> {
    let index = IndexEntry { kind: BlockKind::Index, first: 0, at: trailer.index_at };
    let entries = layout::decode_index(&unpack(bytes, index)?).map_err(index.fault())?;
    let mut at = PROLOGUE as u64;
    let mut before = None;
    for entry in entries.iter().chain([&index]) {
        expect("the place of a block", entry.at, at).map_err(index.fault())?;
        check_order(before, *entry).map_err(index.fault())?;
        at += from(bytes, at).and_then(Block::length_of).map_err(entry.fault())?;
        before = Some(*entry);
    }
    expect("the end of the blocks", at, trailer_at).map_err(index.fault())?;
    if entries.iter().all(|entry| entry.kind != BlockKind::Events) {
        expect("the number of events without blocks", trailer.events, 0).map_err(index.fault())?;
    }
    Ok(entries)
}

/// A header, events, choices, an outcome, the index; events and choices in any number of blocks, events from 0 on.
fn check_order(before: Option<IndexEntry>, entry: IndexEntry) -> Result<(), Malformed> {
    let repeated = before.filter(|before| before.kind == entry.kind);
    let follows = match (before, repeated) {
        (None, _) => entry.kind == BlockKind::Header,
        (Some(_), Some(before)) => match entry.kind {
            BlockKind::Events => before.first < entry.first,
            kind => kind == BlockKind::Choices,
        },
        (Some(before), None) => before.kind < entry.kind && entry.first == 0,
    };
    let unexpected = Malformed::UnknownTag { what: "next block", tag: u64::from(entry.kind.number()) };
    if follows { Ok(()) } else { Err(unexpected) }
}
