//! Events: everything observable that happened in a world, in one total order.
//!
//! The kernel appends them; monitors and assertions read them; a trace stores them and a replay compares every one.

use crate::hash::EventHash;
use crate::ids::{EventIndex, ThreadId};
use crate::label::Label;
use crate::time::VirtualTime;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Position in the log.
    pub index: EventIndex,
    /// When, on the world's clock.
    pub at: VirtualTime,
    /// Who did it.
    pub thread: ThreadId,
    /// The event hash after this event.
    pub hash: EventHash,
    /// What.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A system call ended (or, for one that never returns, began).
    Call(Call),
    /// A complete line was written to standard output, standard error or an observed file.
    Line(Line),
    /// Anything else: life cycle, steps, faults, signals. Named by its type.
    Note(Note),
}

/// A system call as the program sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The x86-64 system call number.
    pub number: u16,
    /// Its six argument registers.
    pub args: [u64; 6],
    /// What it returned; a negative errno on failure.
    pub result: i64,
    /// What a fault rule decided about it.
    pub decision: Decision,
    /// The path it named, or the path or peer of the descriptor it worked on.
    pub path: Option<Label>,
    /// The named operation of the service that it belongs to, if any.
    pub op: Option<Box<str>>,
}

/// What was done about a call at its entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    /// Executed as it is.
    #[default]
    Allow,
    /// Not executed; failed with this errno.
    Deny(crate::fault::Errno),
    /// Executed after this much virtual time.
    Delay(crate::time::VirtualDuration),
}

impl Decision {
    /// The text specifications match on: `allow`, `deny(connection refused)`, `delay(500ms)`.
    pub fn text(&self) -> String {
        match self {
            Decision::Allow => "allow".into(),
            Decision::Deny(errno) => format!("deny({})", errno.message()),
            Decision::Delay(by) => format!("delay({by})"),
        }
    }
}

/// Where a [`Line`] was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineSource {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file that the specification observes as a write-ahead log.
    Wal,
    /// A file in which a broker keeps a topic.
    Topic,
}

/// A complete line of text, without its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it was written.
    pub source: LineSource,
    /// The file, for [`LineSource::Wal`].
    pub path: Option<Box<str>>,
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: Box<str>,
}

/// An event made of named fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The event's type, e.g. `step_send`, `service_ready`, `fault_applied`, `signal`.
    pub kind: Box<str>,
    /// Its fields in order.
    pub fields: Vec<(Box<str>, Value)>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(Box<str>),
    /// A number.
    Int(i64),
    /// A truth value.
    Bool(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text.into())
    }
}
impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::Bool(b)
    }
}

impl Event {
    /// The type specifications match on: `syscall`, `stdout`, `stderr`, `wal`, or the note's own.
    pub fn kind(&self) -> &str {
        match &self.body {
            Body::Call(_) => "syscall",
            Body::Line(line) => match line.source {
                LineSource::Stdout => "stdout",
                LineSource::Stderr => "stderr",
                LineSource::Wal => "wal",
                LineSource::Topic => "topic",
            },
            Body::Note(note) => &note.kind,
        }
    }
}

impl Call {
    /// Adds to the chain what a call says besides its numbers.
    #[inline]
    pub fn add_rest_to(&self, hash: &mut EventHash) {
        match &self.decision {
            Decision::Allow => {}
            Decision::Deny(errno) => hash.words([1, errno.0 as u64]),
            Decision::Delay(by) => hash.words([2, by.0]),
        }
        if let Some(path) = &self.path {
            hash.bytes(path.as_bytes());
        }
    }
}

impl Note {
    /// A note with fields.
    pub fn new<const N: usize>(kind: &str, fields: [(&str, Value); N]) -> Note {
        Note { kind: kind.into(), fields: fields.into_iter().map(|(k, v)| (k.into(), v)).collect() }
    }
    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(k, _)| &**k == name).map(|(_, v)| v)
    }
}

impl Body {
    /// Adds to the chain what is to be said before the body, and everything that the body says.
    pub fn add_to(&self, hash: &mut EventHash, before: &[u64]) {
        let Body::Call(call) = self else {
            hash.block(before);
            return self.add_rest_to(hash);
        };
        let [a, b, c, d, e, f] = call.args;
        let own = [u64::from(call.number), a, b, c, d, e, f, call.result as u64];
        hash.block(&[before, &own].concat());
        self.add_rest_to(hash);
    }
    fn add_rest_to(&self, hash: &mut EventHash) {
        match self {
            Body::Call(call) => call.add_rest_to(hash),
            Body::Line(line) => {
                hash.words([line.source as u64 + 0x100]);
                hash.bytes(line.text.as_bytes());
            }
            Body::Note(note) => {
                hash.bytes(note.kind.as_bytes());
                for (name, value) in &note.fields {
                    hash.bytes(name.as_bytes());
                    match value {
                        Value::Text(text) => hash.bytes(text.as_bytes()),
                        Value::Int(n) => hash.words([*n as u64]),
                        Value::Bool(b) => hash.words([u64::from(*b)]),
                    }
                }
            }
        }
    }
}
