//! Blocks: the independent, checksummed, compressed pieces that a trace is made of. Nothing here knows what is in them.

use crate::bytes::Cursor;
use crate::error::Malformed;
use std::io;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// No block is longer than this once expanded.
pub(crate) const BLOCK_MAX: usize = 16 << 20;
/// Kind, two lengths and a checksum stand before the compressed content.
pub(crate) const BLOCK_HEAD: usize = 1 + 4 + 4 + 8;
/// A tenth of a microsecond for an event; levels above buy a few percent for ten times the time.
const LEVEL: i32 = 9;

/// What a block holds. The blocks of a file are in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockKind {
    /// What was run, and how to run it again; exactly one.
    Header,
    /// Some events.
    Events,
    /// Some choices.
    Choices,
    /// How it ended; exactly one.
    Outcome,
    /// Where the other blocks are; exactly one.
    Index,
}

impl BlockKind {
    const ALL: [BlockKind; 5] =
        [BlockKind::Header, BlockKind::Events, BlockKind::Choices, BlockKind::Outcome, BlockKind::Index];

    /// The number that stands for this kind on disk. Never reused.
    pub fn number(self) -> u8 {
        match self {
            BlockKind::Header => 1,
            BlockKind::Events => 2,
            BlockKind::Choices => 3,
            BlockKind::Outcome => 4,
            BlockKind::Index => 5,
        }
    }
    pub(crate) fn from_number(number: u8) -> Result<BlockKind, Malformed> {
        let unknown = Malformed::UnknownTag { what: "kind of block", tag: u64::from(number) };
        BlockKind::ALL.into_iter().find(|kind| kind.number() == number).ok_or(unknown)
    }
    /// What errors call it.
    pub fn name(self) -> &'static str {
        match self {
            BlockKind::Header => "header",
            BlockKind::Events => "block of events",
            BlockKind::Choices => "block of choices",
            BlockKind::Outcome => "outcome",
            BlockKind::Index => "index",
        }
    }
}

/// Packs blocks; keeps the compressor's tables from one to the next.
pub(crate) struct Packer(zstd::bulk::Compressor<'static>);

impl Packer {
    pub(crate) fn new() -> io::Result<Packer> {
        Ok(Packer(zstd::bulk::Compressor::new(LEVEL)?))
    }
    /// A whole block, ready to be written.
    pub(crate) fn pack(&mut self, kind: BlockKind, content: &[u8]) -> Result<Vec<u8>, Malformed> {
        check_length("an expanded block", content.len())?;
        let packed = self.0.compress(content).map_err(Malformed::Compression)?;
        let mut block = Vec::with_capacity(BLOCK_HEAD + packed.len());
        block.push(kind.number());
        block.extend_from_slice(&(content.len() as u32).to_le_bytes());
        block.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        block.extend_from_slice(&checksum(kind, content).to_le_bytes());
        block.extend_from_slice(&packed);
        Ok(block)
    }
}

/// A block that was read and found whole.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    pub(crate) content: Vec<u8>,
    /// How many bytes it takes in the file.
    pub(crate) length: usize,
}

impl Block {
    /// How many bytes the block that starts these bytes takes, judged by its first ones.
    pub(crate) fn length_of(bytes: &[u8]) -> Result<u64, Malformed> {
        let mut cursor = Cursor::new(bytes);
        let what = "a block";
        cursor.take(5, what)?;
        Ok(BLOCK_HEAD as u64 + u64::from(u32::from_le_bytes(cursor.array(what)?)))
    }
    /// The block that starts these bytes.
    pub(crate) fn unpack(bytes: &[u8]) -> Result<Block, Malformed> {
        let what = "a block";
        let mut cursor = Cursor::new(bytes);
        let kind = BlockKind::from_number(cursor.byte(what)?)?;
        let expanded = u32::from_le_bytes(cursor.array(what)?) as usize;
        let packed = u32::from_le_bytes(cursor.array(what)?) as usize;
        let written = u64::from_le_bytes(cursor.array(what)?);
        check_length("an expanded block", expanded)?;
        let content = zstd::bulk::decompress(cursor.take(packed, what)?, expanded).map_err(Malformed::Compression)?;
        if content.len() != expanded {
            let (found, expected) = (content.len() as u64, expanded as u64);
            return Err(Malformed::Contradiction { what: "the length of a block", found, expected });
        }
        let found = checksum(kind, &content);
        if found != written {
            return Err(Malformed::Checksum { found, written });
        }
        Ok(Block { kind, content, length: BLOCK_HEAD + packed })
    }
}

fn check_length(what: &'static str, length: usize) -> Result<(), Malformed> {
    if length > BLOCK_MAX {
        return Err(Malformed::TooLong { what, length: length as u64, limit: BLOCK_MAX as u64 });
    }
    Ok(())
}

/// Covers the kind too, as the seed.
fn checksum(kind: BlockKind, content: &[u8]) -> u64 {
    xxh3_64_with_seed(content, u64::from(kind.number()))
}
