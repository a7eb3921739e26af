//! What the command and its workers say to each other: frames on pipes.
//!
//! A frame is a length (u32, little endian), a kind byte and a payload. Control messages are JSON; outcomes, choices
//! and traces travel in the trace crate's own encoding.

use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Most bytes of one frame.
const FRAME_MAX: usize = 1 << 30;

/// What a worker is to run: it has it from the command that it is a fork of.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) system: System,
    /// Environment for every service; wins over the specification.
    pub(crate) env: Vec<(String, String)>,
    /// Directories in which programs without a slash are looked up.
    pub(crate) search: Vec<String>,
    pub(crate) max_calls: u64,
    pub(crate) spin_limit_nanos: u64,
    pub(crate) directory: String,
    pub(crate) engine: crate::cli::Engine,
}

/// The system under test.
#[derive(Clone, Debug)]
pub(crate) enum System {
    /// A specification: its path and the texts of it and of what it loads (missing ones are read from disk).
    Spec { path: String, sources: Vec<(String, String)> },
    /// A single program, on a machine of its own.
    Program { path: String, args: Vec<String>, machine: crate::cli::Machine },
}

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobFrame {
    pub(crate) id: u64,
    pub(crate) test: String,
    pub(crate) seed: u64,
    /// Who decides, if no choices are given.
    pub(crate) strategy: String,
    pub(crate) steps: u64,
    /// The choices to repeat, in the trace crate's encoding.
    pub(crate) choices: Option<Vec<u8>>,
    /// Loops whose turns are counted, as text.
    pub(crate) loops: Vec<String>,
    pub(crate) what: What,
}

/// What is wanted of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// Its outcome.
    Outcome,
    /// Its outcome and a trace with this command line to rerun it.
    Record { rerun: Vec<String> },
    /// A comparison with this trace, up to an event.
    Compare { trace: Vec<u8>, until: Option<u64> },
    /// What comes of going on, after each of these events, so many times with choices of this strategy.
    Tails { after: Vec<u64>, tails: u32, strategy: String, steps: u64 },
    /// Its outcome, with everything the guests write passed on; and a trace with this command line to rerun it.
    Console { kept: Option<Vec<String>> },
}

impl What {
    /// Whether the outcome is followed by a trace.
    pub(crate) fn wants_trace(&self) -> bool {
        matches!(self, What::Record { .. } | What::Console { kept: Some(_) })
    }
}

/// What a worker says first, unless it runs a single program and can.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Ready {
    /// It is ready; these are the tests, and which cells of a matrix they are, as (scenario, fault assumption).
    Tests(Vec<(String, Option<(String, String)>)>),
    /// The specification is wrong; the text says where.
    Spec(String),
    /// The host lacks something.
    Host(String),
}

/// What came of a comparison.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Comparison {
    pub(crate) compared: u64,
    pub(crate) hash: u64,
    /// What differed, with both sides, if anything did.
    pub(crate) divergence: Option<String>,
}

/// What came of the continuations of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tails {
    /// The event hash of the run itself.
    pub(crate) hash: u64,
    /// For each event that the run came to, the outcomes of its continuations in the trace crate's encoding.
    pub(crate) after: Vec<(u64, Vec<Vec<u8>>)>,
}

/// What a run leaves besides its outcome.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Extras {
    /// (service, call, what, how often) that was asked for and not done.
    pub(crate) complaints: Vec<(String, String, String, u64)>,
    /// Programs that were killed by a signal they did not handle.
    pub(crate) crashes: Vec<String>,
    /// `wait(2)` statuses of the services' first processes.
    pub(crate) statuses: Vec<Option<u32>>,
    /// The hash over guests' memory, if asked for, and of how many moments.
    pub(crate) memory: Option<(u64, u64)>,
    /// What the specification printed, and warnings about the test.
    pub(crate) said: Vec<String>,
    /// Loops whose turns were counted, as text.
    pub(crate) loops: Vec<String>,
}

/// A frame to or from a worker.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    Job(JobFrame),
    Ready(Ready),
    /// Job id, extras, outcome in the trace crate's encoding.
    Outcome(u64, Extras, Vec<u8>),
    /// Job id and trace bytes; follows the outcome.
    Trace(u64, Vec<u8>),
    Comparison(u64, Comparison),
    /// Job id, and what came of its continuations.
    Tails(u64, Tails),
    /// Whether it is standard error, and the bytes.
    Console(bool, Vec<u8>),
    /// The job could not be run; the text says why.
    Refused(u64, String),
}

impl Frame {
    /// Writes a frame.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let json = |value: serde_json::Result<Vec<u8>>| value.map_err(io::Error::other);
        let (kind, payload) = match self {
            Frame::Job(job) => (b'J', json(serde_json::to_vec(job))?),
            Frame::Ready(ready) => (b'R', json(serde_json::to_vec(ready))?),
            Frame::Outcome(id, extras, bytes) => (b'O', json(serde_json::to_vec(&(id, extras, bytes)))?),
            Frame::Trace(id, bytes) => (b'T', [&id.to_le_bytes()[..], bytes].concat()),
            Frame::Comparison(id, comparison) => (b'C', json(serde_json::to_vec(&(id, comparison)))?),
            Frame::Tails(id, tails) => (b'A', json(serde_json::to_vec(&(id, tails)))?),
            Frame::Console(stderr, bytes) => (b'P', [&[u8::from(*stderr)][..], bytes].concat()),
            Frame::Refused(id, why) => (b'X', json(serde_json::to_vec(&(id, why)))?),
        };
        let mut frame = Vec::with_capacity(payload.len() + 5);
        frame.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        frame.push(kind);
        frame.extend_from_slice(&payload);
        out.write_all(&frame)?;
        out.flush()
    }
    /// Reads a frame; `None` at the end of the stream.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Frame>> {
        let mut head = [0; 5];
        match from.read_exact(&mut head) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(e),
        }
        let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if len > FRAME_MAX {
            return Err(io::Error::other("a frame is too long"));
        }
        let mut payload = vec![0; len];
        from.read_exact(&mut payload)?;
        Frame::decode(head[4], payload).map(Some)
    }
    fn decode(kind: u8, payload: Vec<u8>) -> io::Result<Frame> {
        fn json<T: for<'a> Deserialize<'a>>(payload: &[u8]) -> io::Result<T> {
            serde_json::from_slice(payload).map_err(io::Error::other)
        }
        Ok(match kind {
            b'J' => Frame::Job(json(&payload)?),
            b'R' => Frame::Ready(json(&payload)?),
            b'O' => {
                let (id, extras, bytes) = json(&payload)?;
                Frame::Outcome(id, extras, bytes)
            }
            b'T' if payload.len() >= 8 => {
                let (id, bytes) = payload.split_at(8);
                Frame::Trace(u64::from_le_bytes(id.try_into().map_err(io::Error::other)?), bytes.to_vec())
            }
            b'C' => {
                let (id, comparison) = json(&payload)?;
                Frame::Comparison(id, comparison)
            }
            b'A' => {
                let (id, tails) = json(&payload)?;
                Frame::Tails(id, tails)
            }
            b'P' if !payload.is_empty() => Frame::Console(payload[0] != 0, payload[1..].to_vec()),
            b'X' => {
                let (id, why) = json(&payload)?;
                Frame::Refused(id, why)
            }
            other => return Err(io::Error::other(format!("unknown frame {other:#x}"))),
        })
    }
}
