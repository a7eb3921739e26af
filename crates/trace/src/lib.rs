//! The on-disk format of one recorded run (`.fbt`), and the wire form of choices and outcomes ([`wire`]).
//!
//! Owns every encoding decision: model types are never serialised themselves, they are converted to wire structs with
//! explicit numeric tags. Takes `Write` and byte slices; opens no files.
//!
//! ```
//! use trace::{Header, Trace, TraceWriter};
//! # let event = model::Event {
//! #     index: model::EventIndex(0), at: model::VirtualTime::EPOCH, thread: model::ThreadId::default(),
//! #     hash: model::EventHash::default(), body: model::Body::Note(model::Note::new("step", [])),
//! # };
//! # let outcome = model::Outcome {
//! #     verdict: model::Verdict::Held, hash: event.hash, events: 1, calls: 0, choices: vec![], asked: 0,
//! #     ended: event.at,
//! # };
//! let mut writer = TraceWriter::new(Vec::new(), &Header::default())?;
//! writer.event(&event)?;
//! let bytes = writer.finish(&outcome)?;
//! assert_eq!(Trace::read(&bytes)?.events, [event]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The file
//!
//! ```text
//!   prologue   block(header)   block(events) *   block(choices) *   block(outcome)   block(index)   trailer
//! ```
//!
//! All fixed-size integers are little endian. Offsets count from the start of the file.
//!
//! | prologue | bytes | |
//! |---|---|---|
//! | magic | 8 | `FBSIMTRC` |
//! | major, minor | 2 + 2 | see [`FormatVersion`] |
//! | checksum | 4 | low half of XXH3-64 over the 12 bytes before |
//!
//! | block | bytes | |
//! |---|---|---|
//! | kind | 1 | 1 header, 2 events, 3 choices, 4 outcome, 5 index |
//! | expanded length | 4 | at most 16 MiB; of events at most 128 KiB, unless it is a single event |
//! | compressed length | 4 | |
//! | checksum | 8 | XXH3-64 over the expanded content, seeded with the kind |
//! | content | … | one zstd frame of its own |
//!
//! | trailer | bytes | |
//! |---|---|---|
//! | offset of the index block | 8 | |
//! | number of events | 8 | |
//! | checksum | 8 | XXH3-64 over the 16 bytes before |
//! | magic | 8 | `FBSIMEND` |
//!
//! The prologue is the same in every version, so that any reader can tell any file's version. A file that does not end
//! with a trailer is *incomplete*: [`Trace::read`] refuses it, [`Recovered`] reads its complete blocks.
//!
//! # The contents
//!
//! *Events* have a coding of their own, see below. The other contents are structures in the encoding of bincode 2
//! with its standard configuration: integers of variable length (one byte below 251; else 251, 252, 253 and two,
//! four, eight bytes), a sequence or text as its length and its elements, an optional value as 0, or 1 and the value,
//! the fields of a structure in order.
//!
//! | content | fields |
//! |---|---|
//! | header | fbsim version, seed, test, spec path, sources (path, text)\*, rerun command\*, services (name, binary, fingerprint of the binary, args\*, environment (name, value)\*)\*, strategy, steps, facts (name, value)\* |
//! | choices | (kind, stream, index, alternatives, picked, target)\*; kind as [`model::Kind::number`] |
//! | outcome | verdict (0 held, 1 failed, 2 inconclusive), failure (kind, property, message, event?, location?)?, reason?, event hash, events, calls, asked, virtual time of the end |
//! | index | (kind, first event or 0, offset)\*, for every block before it |
//!
//! # Events
//!
//! A run that repeats itself costs little, since only what was not expected is stored, and what is alike lies together.
//! What is expected follows from the events before it in the same block: a call follows the three calls of its thread
//! before it as it did last time in the same service, with the values that it had after the same two calls.
//!
//! ```text
//!   content := first index, count, time of the first event, number of columns, (column, length) × n, bytes × n
//!              columns in rising order; those that are empty are left out
//!   column  := 0 heads, 1 threads, 2 times, 3 flags, 4 rest, 5 paths, 6 notes, 7 texts, 8 hashes;
//!              16 + 8 × call + i the i-th argument of a call, from 0, its result as the sixth
//! ```
//!
//! For each event, in the columns of their names:
//!
//! ```text
//!   thread  := 0 the thread of the previous event | 1, service, thread number | n + 2 the n-th thread of the block, from 0
//!   time    := signed difference to the expected time since the previous event
//!              expected: for a call as at the last call of this number (of the service, else of anybody); else 0
//!   head    := 0 the expected call | 1 a line | 2 a note | 3 + number a call
//!              expected: the call that followed the thread's last three last time in the service; else the one that
//!              followed the last one; else 0
//!   flags   := only for a call, 1 byte: bits 0–5 an argument, bit 6 the result, bit 7 the rest was not expected
//!              expected: the values after the thread's last two calls last time in the service; else those of the last
//!              call of this number (of the service, else of anybody); else 0
//!   value   := in the column of the call and the argument: signed difference to the last call of this number (of the
//!              service, else of anybody; else 0)
//!   rest    := decision (0 allowed | 1, signed errno | 2, nanoseconds of delay), operation: text
//!              expected: as at the last call of this number (of the service, else of anybody); else allowed, none
//!   path    := only for a call: 0 the expected one | 1, text | 2 the path of the thread's last call that had one
//!              expected: the path that went with this first argument last time in the service; a descriptor from
//!              open, creat, openat or openat2 goes with the path that was opened; else none
//!   note    := of a line: 0 standard output | 1 standard error | 2 observed file | 3 file of a topic (from 2.1 on); path: text;
//!              then the line itself in the column of texts
//!              of a note: kind: text, number of fields, (name: text, value) for each
//!              value: 0, text | 1, signed number | 2 false | 3 true
//!   text    := 0 none | 1 a new one, in the column of texts | n + 2 the n-th text of the block, from 0
//!              in the column of texts: length, UTF-8
//!   hash    := 8 bytes; at each event whose index is a multiple of 64, and at the last of the block
//! ```
//!
//! Numbers are LEB128: seven bits a byte, the lowest first, the high bit set on all but the last. Signed numbers and
//! differences, which are modulo 2^64, are zigzag-coded before. The texts in the events of a block are at most 32 MiB, each
//! counted wherever it occurs.
//!
//! The event hash is stored so seldom because no compression shortens it; a replay computes all of them again and
//! compares these.

mod block;
mod bytes;
mod codec;
mod error;
mod events;
mod frame;
mod header;
mod layout;
mod reader;
mod recover;
mod version;
pub mod wire;
mod writer;

pub use block::BlockKind;
pub use error::{Malformed, ReadError, WriteError};
pub use events::{HASH_EVERY, HASH_UNKNOWN, same_event};
pub use header::{Fingerprint, Header, ServiceFacts, SourceText};
pub use layout::{END_MAGIC, MAGIC};
pub use reader::{Events, Trace, TraceReader};
pub use recover::Recovered;
pub use version::{FormatVersion, Major, Minor, VersionError};
pub use writer::TraceWriter;
