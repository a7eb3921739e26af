//! One event as a row, by the grammar of the crate's documentation. What is as expected (see [`Expectation`]) is left out.

use super::HASH_UNKNOWN;
use super::expectation::{Expectation, Texts};
use crate::bytes::{Cursor, put_number, put_signed, put_step, put_text};
use crate::error::Malformed;
use model::{Body, Call, Decision, Errno, Event, EventIndex, Line, LineSource, Note, ServiceId, ThreadId, Value};
use model::{VirtualDuration, VirtualTime};

const CALL: u8 = 0;
const LINE: u8 = 1;
const NOTE: u8 = 2;
const BODY: u8 = 0b11;
const THREAD: u8 = 1 << 2;
const TIME: u8 = 1 << 3;
const NUMBER: u8 = 1 << 4;
const VALUES: u8 = 1 << 5;
const REST: u8 = 1 << 6;
const CALL_ONLY: u8 = NUMBER | VALUES | REST;
const RESULT: u8 = 1 << 6;

/// Turns events into rows.
#[derive(Debug)]
pub(super) struct RowWriter {
    out: Vec<u8>,
    expected: Expectation,
    texts: Texts,
}

impl RowWriter {
    pub(super) fn new(start: VirtualTime) -> RowWriter {
        RowWriter { out: Vec::new(), expected: Expectation::new(start), texts: Texts::default() }
    }
    pub(super) fn bytes(&self) -> &[u8] {
        &self.out
    }
    /// Drops what was written last. What was learned from it stays, so nothing more may be written.
    pub(super) fn truncate(&mut self, length: usize) {
        self.out.truncate(length);
    }
    pub(super) fn write(&mut self, event: &Event) {
        let head_at = self.out.len();
        self.out.push(0);
        let mut head = self.write_thread(event.thread);
        let step = event.at.0.wrapping_sub(self.expected.at.0);
        let expected_step = match &event.body {
            Body::Call(call) => self.expected.call(self.expected.thread, call.number).step,
            Body::Line(_) | Body::Note(_) => 0,
        };
        if step != expected_step {
            head |= TIME;
            put_signed(&mut self.out, step as i64);
        }
        self.expected.at = event.at;
        head |= match &event.body {
            Body::Call(call) => CALL | self.write_call(call, step),
            Body::Line(line) => {
                self.write_line(line);
                LINE
            }
            Body::Note(note) => {
                self.write_note(note);
                NOTE
            }
        };
        self.out[head_at] = head;
    }
    fn write_thread(&mut self, thread: ThreadId) -> u8 {
        match self.expected.number_of(thread) {
            Some(number) if number == self.expected.thread => return 0,
            Some(number) => {
                put_number(&mut self.out, u64::from(number) + 1);
                self.expected.thread = number;
            }
            None => {
                self.out.push(0);
                put_number(&mut self.out, u64::from(thread.service.0));
                put_number(&mut self.out, u64::from(thread.tid));
                self.expected.thread = self.expected.meet(thread);
            }
        }
        THREAD
    }
    fn write_call(&mut self, call: &Call, step: u64) -> u8 {
        let thread = self.expected.thread;
        let mut head = 0;
        if call.number != self.expected.next_call(thread) {
            head |= NUMBER;
            put_number(&mut self.out, u64::from(call.number));
        }
        let expected = &self.expected.call(thread, call.number).call;
        let mut flags = 0;
        for (i, (now, then)) in call.args.iter().zip(&expected.args).enumerate() {
            flags |= u8::from(now != then) << i;
        }
        if call.result != expected.result {
            flags |= RESULT;
        }
        if flags != 0 {
            head |= VALUES;
            self.out.push(flags);
            for (now, then) in call.args.iter().zip(&expected.args).filter(|(now, then)| now != then) {
                put_step(&mut self.out, *now, *then);
            }
            if flags & RESULT != 0 {
                put_step(&mut self.out, call.result as u64, expected.result as u64);
            }
        }
        if call.decision != expected.decision || call.path != expected.path || call.op != expected.op {
            head |= REST;
            match &call.decision {
                Decision::Allow => self.out.push(0),
                Decision::Deny(errno) => {
                    self.out.push(1);
                    put_signed(&mut self.out, i64::from(errno.0));
                }
                Decision::Delay(by) => {
                    self.out.push(2);
                    put_number(&mut self.out, by.0);
                }
            }
            self.texts.put(&mut self.out, call.path.as_deref());
            self.texts.put(&mut self.out, call.op.as_deref());
        }
        self.expected.learn(thread, call, step);
        head
    }
    fn write_line(&mut self, line: &Line) {
        self.out.push(match line.source {
            LineSource::Stdout => 0,
            LineSource::Stderr => 1,
            LineSource::Wal => 2,
        });
        self.texts.put(&mut self.out, line.path.as_deref());
        put_text(&mut self.out, &line.text);
    }
    fn write_note(&mut self, note: &Note) {
        self.texts.put(&mut self.out, Some(&note.kind));
        put_number(&mut self.out, note.fields.len() as u64);
        for (name, value) in &note.fields {
            self.texts.put(&mut self.out, Some(name));
            match value {
                Value::Text(text) => {
                    self.out.push(0);
                    self.texts.put(&mut self.out, Some(text));
                }
                Value::Int(n) => {
                    self.out.push(1);
                    put_signed(&mut self.out, *n);
                }
                Value::Bool(b) => self.out.push(2 + u8::from(*b)),
            }
        }
    }
}

/// Turns rows into events.
#[derive(Debug)]
pub(super) struct RowReader {
    expected: Expectation,
    texts: Texts,
}

impl RowReader {
    pub(super) fn new(start: VirtualTime) -> RowReader {
        RowReader { expected: Expectation::new(start), texts: Texts::default() }
    }
    pub(super) fn read(&mut self, from: &mut Cursor<'_>, index: EventIndex) -> Result<Event, Malformed> {
        let head = from.byte("a row")?;
        let body = head & BODY;
        let known = if body == CALL { CALL_ONLY } else { 0 } | BODY | THREAD | TIME;
        if body > NOTE || head & !known != 0 {
            return Err(Malformed::UnknownTag { what: "row of events", tag: u64::from(head) });
        }
        let thread = self.read_thread(from, head)?;
        let step = if head & TIME == 0 { None } else { Some(from.signed("a time")? as u64) };
        let body = match body {
            CALL => Body::Call(self.read_call(from, head, step)?),
            LINE => Body::Line(self.read_line(from)?),
            _ => Body::Note(self.read_note(from)?),
        };
        let step = match &body {
            Body::Call(call) => self.expected.call(self.expected.thread, call.number).step,
            Body::Line(_) | Body::Note(_) => step.unwrap_or(0),
        };
        self.expected.at = VirtualTime(self.expected.at.0.wrapping_add(step));
        Ok(Event { index, at: self.expected.at, thread, hash: HASH_UNKNOWN, body })
    }
    fn read_thread(&mut self, from: &mut Cursor<'_>, head: u8) -> Result<ThreadId, Malformed> {
        if head & THREAD != 0 {
            self.expected.thread = match from.narrow::<u32>("a thread")? {
                0 => {
                    let service = ServiceId(from.narrow("a service")?);
                    let thread = ThreadId { service, tid: from.narrow("a thread")? };
                    self.expected.meet(thread)
                }
                number => number - 1,
            };
        }
        let number = self.expected.thread;
        let unknown = Malformed::UnknownTag { what: "thread of this block", tag: u64::from(number) };
        self.expected.thread(number).ok_or(unknown)
    }
    fn read_call(&mut self, from: &mut Cursor<'_>, head: u8, step: Option<u64>) -> Result<Call, Malformed> {
        let thread = self.expected.thread;
        let number = match head & NUMBER {
            0 => self.expected.next_call(thread),
            _ => from.narrow("a call's number")?,
        };
        let habit = self.expected.call(thread, number);
        let step = step.unwrap_or(habit.step);
        let mut call = Call { number, ..habit.call.clone() };
        if head & VALUES != 0 {
            let flags = from.byte("a call's values")?;
            if flags & 0x80 != 0 {
                return Err(Malformed::UnknownTag { what: "set of values", tag: u64::from(flags) });
            }
            for (i, arg) in call.args.iter_mut().enumerate() {
                if flags & 1 << i != 0 {
                    *arg = from.step(*arg, "an argument")?;
                }
            }
            if flags & RESULT != 0 {
                call.result = from.step(call.result as u64, "a result")? as i64;
            }
        }
        if head & REST != 0 {
            call.decision = match from.byte("a decision")? {
                0 => Decision::Allow,
                1 => Decision::Deny(Errno(from.narrow_signed("an errno")?)),
                2 => Decision::Delay(VirtualDuration(from.number("a delay")?)),
                tag => {
                    return Err(Malformed::UnknownTag { what: "decision", tag: u64::from(tag) });
                }
            };
            call.path = self.texts.get(from, "a path")?;
            call.op = self.texts.get(from, "an operation")?;
        }
        self.expected.learn(thread, &call, step);
        Ok(call)
    }
    fn read_line(&mut self, from: &mut Cursor<'_>) -> Result<Line, Malformed> {
        let source = match from.byte("a line")? {
            0 => LineSource::Stdout,
            1 => LineSource::Stderr,
            2 => LineSource::Wal,
            tag => {
                return Err(Malformed::UnknownTag { what: "source of lines", tag: u64::from(tag) });
            }
        };
        let path = self.texts.get(from, "a line's path")?;
        Ok(Line { source, path, text: from.text("a line")?.into() })
    }
    fn read_note(&mut self, from: &mut Cursor<'_>) -> Result<Note, Malformed> {
        let kind = self.texts.need(from, "note")?;
        let (length, limit) = (from.number("a note")?, from.len() as u64);
        if length > limit {
            return Err(Malformed::TooLong { what: "a note", length, limit });
        }
        let mut fields = Vec::new();
        for _ in 0..length {
            let name = self.texts.need(from, "field")?;
            let value = match from.byte("a field")? {
                0 => Value::Text(self.texts.need(from, "field text")?),
                1 => Value::Int(from.signed("a field")?),
                2 => Value::Bool(false),
                3 => Value::Bool(true),
                tag => {
                    return Err(Malformed::UnknownTag { what: "value of a field", tag: u64::from(tag) });
                }
            };
            fields.push((name, value));
        }
        Ok(Note { kind, fields })
    }
}
