//! The parts of a file that are not blocks of the run: the first bytes, the index and the trailer.

use crate::block::BlockKind;
use crate::bytes::Cursor;
use crate::codec;
use crate::error::Malformed;
use crate::version::{FormatVersion, Major, Minor};
use xxhash_rust::xxh3::xxh3_64;

/// Every trace of every version starts with this.
pub const MAGIC: [u8; 8] = *b"FBSIMTRC";
/// Every complete trace ends with this.
pub const END_MAGIC: [u8; 8] = *b"FBSIMEND";
/// Length of the first bytes: magic, version, checksum.
pub(crate) const PROLOGUE: usize = 16;
/// Length of the last bytes: offset of the index, number of events, checksum, magic.
pub(crate) const TRAILER: usize = 32;

/// The first bytes of a file of this version.
pub(crate) fn prologue(version: FormatVersion) -> [u8; PROLOGUE] {
    let mut out = [0; PROLOGUE];
    out[..8].copy_from_slice(&MAGIC);
    out[8..10].copy_from_slice(&version.major.0.to_le_bytes());
    out[10..12].copy_from_slice(&version.minor.0.to_le_bytes());
    let checksum = xxh3_64(&out[..12]) as u32;
    out[12..].copy_from_slice(&checksum.to_le_bytes());
    out
}

/// The version that the first bytes tell, after their magic was checked.
pub(crate) fn version(prologue: &[u8; PROLOGUE]) -> Result<FormatVersion, Malformed> {
    let mut cursor = Cursor::new(&prologue[8..]);
    let what = "the version";
    let major = Major(u16::from_le_bytes(cursor.array(what)?));
    let minor = Minor(u16::from_le_bytes(cursor.array(what)?));
    let written = u64::from(u32::from_le_bytes(cursor.array(what)?));
    let found = u64::from(xxh3_64(&prologue[..12]) as u32);
    if found != written {
        return Err(Malformed::Checksum { found, written });
    }
    Ok(FormatVersion { major, minor })
}

/// The last bytes of a complete file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// Where the index block starts.
    pub(crate) index_at: u64,
    /// How many events there are.
    pub(crate) events: u64,
}

impl Trailer {
    pub(crate) fn encode(self) -> [u8; TRAILER] {
        let mut out = [0; TRAILER];
        out[..8].copy_from_slice(&self.index_at.to_le_bytes());
        out[8..16].copy_from_slice(&self.events.to_le_bytes());
        let checksum = xxh3_64(&out[..16]);
        out[16..24].copy_from_slice(&checksum.to_le_bytes());
        out[24..].copy_from_slice(&END_MAGIC);
        out
    }
    /// `None` if these bytes are not a trailer.
    pub(crate) fn decode(bytes: &[u8; TRAILER]) -> Result<Option<Trailer>, Malformed> {
        if bytes[24..] != END_MAGIC {
            return Ok(None);
        }
        let mut cursor = Cursor::new(bytes);
        let what = "the trailer";
        let index_at = u64::from_le_bytes(cursor.array(what)?);
        let events = u64::from_le_bytes(cursor.array(what)?);
        let written = u64::from_le_bytes(cursor.array(what)?);
        let found = xxh3_64(&bytes[..16]);
        if found != written {
            return Err(Malformed::Checksum { found, written });
        }
        Ok(Some(Trailer { index_at, events }))
    }
}

/// Where a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    pub(crate) kind: BlockKind,
    /// The index of its first event; 0 for other blocks.
    pub(crate) first: u64,
    /// Its offset in the file.
    pub(crate) at: u64,
}

/// The content of the index block: triples of kind, first event and offset.
pub(crate) fn encode_index(entries: &[IndexEntry]) -> Result<Vec<u8>, Malformed> {
    let wire: Vec<(u8, u64, u64)> = entries.iter().map(|e| (e.kind.number(), e.first, e.at)).collect();
    codec::encode(&wire, "the index")
}

pub(crate) fn decode_index(content: &[u8]) -> Result<Vec<IndexEntry>, Malformed> {
    let wire: Vec<(u8, u64, u64)> = codec::decode(content, "the index")?;
    wire.into_iter()
        .map(|(kind, first, at)| Ok(IndexEntry { kind: BlockKind::from_number(kind)?, first, at }))
        .collect()
}
