//! What can be wrong: with some bytes ([`Malformed`]), with a file ([`ReadError`]), with writing one ([`WriteError`]).
//!
//! A [`ReadError`] says where and what to do about it, and has the [`Malformed`] that says what as its source.

use crate::block::BlockKind;
use crate::version::VersionError;
use model::EventIndex;
use std::io;
use thiserror::Error;

/// What is wrong with some encoded bytes.
#[derive(Debug, Error)]
pub enum Malformed {
    /// They end too early.
    #[error("the bytes end in the middle of {what}")]
    Truncated {
        /// What was being read.
        what: &'static str,
    },
    /// There is more than was announced.
    #[error("{count} bytes are left over after {what}")]
    LeftOver {
        /// What was read.
        what: &'static str,
        /// How many bytes follow it.
        count: u64,
    },
    /// A length above the limit of the format; refused before anything is allocated.
    #[error("{what} is said to be {length} long; the limit is {limit}")]
    TooLong {
        /// Whose length.
        what: &'static str,
        /// The length that was announced.
        length: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// A number that stands for nothing in this version of the format.
    #[error("{tag} is not a known {what}")]
    UnknownTag {
        /// What it should stand for.
        what: &'static str,
        /// The number.
        tag: u64,
    },
    /// Text that is not UTF-8.
    #[error("{what} is not UTF-8 text")]
    NotText {
        /// Which text.
        what: &'static str,
    },
    /// The content is not what was written.
    #[error("the checksum is {found:016x}, it was written as {written:016x}")]
    Checksum {
        /// Computed from the content.
        found: u64,
        /// Stored with it.
        written: u64,
    },
    /// The compressed content cannot be expanded.
    #[error("the compressed content cannot be expanded")]
    Compression(#[source] io::Error),
    /// A structure cannot be decoded.
    #[error("{what} cannot be decoded: {why}")]
    Structure {
        /// Which structure.
        what: &'static str,
        /// The decoder's reason.
        why: String,
    },
    /// Parts that are whole by themselves contradict one another.
    #[error("{what} is {found}, expected {expected}")]
    Contradiction {
        /// What is told twice.
        what: &'static str,
        /// As found.
        found: u64,
        /// As it follows from the rest.
        expected: u64,
    },
}

/// Why a trace cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Something else altogether.
    #[error("not a trace: the file does not start with `FBSIMTRC`; give a .fbt file written by fbsim")]
    NotATrace,
    /// A trace of another version of the format.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The recording was interrupted, or the file was cut off.
    #[error(
        "the trace is incomplete: it stops at byte {length} without its end mark, because the recording or a copy was \
         interrupted; {recoverable} events can be recovered, or record the run again from its seed"
    )]
    Incomplete {
        /// The length of the file.
        length: u64,
        /// How many events from the start are whole.
        recoverable: u64,
    },
    /// The file was altered after it was written.
    #[error(
        "the trace is damaged: {} at byte {at}; {recoverable} events can be recovered, or copy the file again, or \
         record the run again from its seed",
        .place.map_or("the frame", BlockKind::name)
    )]
    Damaged {
        /// Where the damaged part starts.
        at: u64,
        /// Which block it is; `None` for the first bytes, the trailer, or a block that cannot be told.
        place: Option<BlockKind>,
        /// How many events from the start are whole.
        recoverable: u64,
        /// What is wrong.
        source: Malformed,
    },
}

/// Why a trace cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The output refused.
    #[error("the trace cannot be written after byte {at}: check the space and the permissions there")]
    Io {
        /// How many bytes were written before.
        at: u64,
        /// The output's reason.
        source: io::Error,
    },
    /// Something is beyond the limits of the format.
    #[error("the {} cannot be stored in a trace", .place.name())]
    Unfit {
        /// Where it was to be stored.
        place: BlockKind,
        /// What is beyond which limit.
        source: Malformed,
    },
    /// An event is missing or repeated: a bug of the recording side.
    #[error("event {found} was given to the trace where {expected} was due")]
    OutOfOrder {
        /// The event given.
        found: EventIndex,
        /// The event that was due.
        expected: EventIndex,
    },
    /// The outcome speaks of another number of events: a bug of the recording side.
    #[error("the outcome counts {counted} events but {written} were given to the trace")]
    Miscounted {
        /// [`model::Outcome::events`].
        counted: u64,
        /// How many were given.
        written: u64,
    },
}
