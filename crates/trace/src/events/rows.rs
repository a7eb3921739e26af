//! One event as what is in the columns for it, by the grammar of the crate's documentation. What is as expected (see
//! [`Expectation`]) costs a zero in a column of zeros.

use super::columns::{Column, Columns, SLOTS, Sources};
use super::expectation::{Expectation, Habit, TextRef, Values};
use super::{EXPANDED_MAX, HASH_UNKNOWN};
use crate::bytes::{put_number, put_signed, put_step, put_text};
use crate::error::Malformed;
use model::{
    Body, Call, Decision, Errno, Event, EventIndex, Label, Line, LineSource, Note, ServiceId, ThreadId, Value,
};
use model::{VirtualDuration, VirtualTime};
use std::collections::BTreeMap;

/// Heads: an expected call, a line, a note, and from here on the number of a call.
const EXPECTED: u32 = 0;
const LINE: u32 = 1;
const NOTE: u32 = 2;
const CALL: u32 = 3;
/// The bit in the flags of a call for its decision and operation; the bits below are its values.
const REST: u8 = 1 << SLOTS;

fn values_of(call: &Call) -> Values {
    let [a, b, c, d, e, f] = call.args;
    [a, b, c, d, e, f, call.result as u64]
}

/// Turns events into columns.
#[derive(Debug)]
pub(super) struct RowWriter {
    pub(super) columns: Columns,
    expected: Expectation,
    texts: Vec<Box<str>>,
    numbers: BTreeMap<Box<str>, TextRef>,
}

impl RowWriter {
    pub(super) fn new(start: VirtualTime) -> RowWriter {
        RowWriter {
            columns: Columns::default(),
            expected: Expectation::new(start),
            texts: Vec::new(),
            numbers: BTreeMap::new(),
        }
    }
    pub(super) fn write(&mut self, event: &Event) {
        self.write_thread(event.thread);
        let step = event.at.0.wrapping_sub(self.expected.at.0);
        self.expected.at = event.at;
        match &event.body {
            Body::Call(call) => self.write_call(call, step),
            Body::Line(line) => {
                put_signed(self.columns.of(Column::Times), step as i64);
                put_number(self.columns.of(Column::Heads), LINE.into());
                self.write_line(line);
            }
            Body::Note(note) => {
                put_signed(self.columns.of(Column::Times), step as i64);
                put_number(self.columns.of(Column::Heads), NOTE.into());
                self.write_note(note);
            }
        }
    }
    fn write_thread(&mut self, thread: ThreadId) {
        let out = self.columns.of(Column::Threads);
        match self.expected.number_of(thread) {
            Some(number) if number == self.expected.thread => out.push(0),
            Some(number) => {
                put_number(out, u64::from(number) + 2);
                self.expected.thread = number;
            }
            None => {
                out.push(1);
                put_number(out, u64::from(thread.service.0));
                put_number(out, u64::from(thread.tid));
                self.expected.thread = self.expected.meet(thread);
            }
        }
    }
    fn write_call(&mut self, call: &Call, step: u64) {
        let head = if call.number == self.expected.call() { EXPECTED } else { CALL + u32::from(call.number) };
        put_number(self.columns.of(Column::Heads), head.into());
        let last = *self.expected.last(call.number);
        put_step(self.columns.of(Column::Times), step, last.step);
        let values = values_of(call);
        let expected = *self.expected.values(call.number).unwrap_or(&last.values);
        let mut flags = 0;
        for slot in 0..SLOTS {
            if values[slot] != expected[slot] {
                flags |= 1 << slot;
                self.columns.value(call.number, slot, |out| put_step(out, values[slot], last.values[slot]));
            }
        }
        let op = self.known(call.op.as_deref());
        if call.decision != last.decision || op != Some(last.op) {
            flags |= REST;
            let out = self.columns.of(Column::Rest);
            match &call.decision {
                Decision::Allow => out.push(0),
                Decision::Deny(errno) => {
                    out.push(1);
                    put_signed(out, i64::from(errno.0));
                }
                Decision::Delay(by) => {
                    out.push(2);
                    put_number(out, by.0);
                }
            }
            self.put_text(Column::Rest, call.op.as_deref());
        }
        self.columns.of(Column::Flags).push(flags);
        let path = self.write_path(call.path.as_deref(), values[0]);
        let op = self.known(call.op.as_deref()).unwrap_or(0);
        self.expected.learn(call.number, Habit { values, step, decision: call.decision, op }, path);
    }
    fn write_path(&mut self, path: Option<&str>, argument: u64) -> TextRef {
        let expected = [self.expected.path(argument), self.expected.previous_path()];
        for (tag, expected) in [0, 2].into_iter().zip(expected) {
            if path == (expected as usize).checked_sub(1).map(|number| &*self.texts[number]) {
                self.columns.of(Column::Paths).push(tag);
                return expected;
            }
        }
        self.columns.of(Column::Paths).push(1);
        self.put_text(Column::Paths, path)
    }
    fn write_line(&mut self, line: &Line) {
        self.columns.of(Column::Notes).push(match line.source {
            LineSource::Stdout => 0,
            LineSource::Stderr => 1,
            LineSource::Wal => 2,
            LineSource::Topic => 3,
        });
        self.put_text(Column::Notes, line.path.as_deref());
        put_text(self.columns.of(Column::Texts), &line.text);
    }
    fn write_note(&mut self, note: &Note) {
        self.put_text(Column::Notes, Some(&note.kind));
        put_number(self.columns.of(Column::Notes), note.fields.len() as u64);
        for (name, value) in &note.fields {
            self.put_text(Column::Notes, Some(name));
            match value {
                Value::Text(text) => {
                    self.columns.of(Column::Notes).push(0);
                    self.put_text(Column::Notes, Some(text));
                }
                Value::Int(n) => {
                    self.columns.of(Column::Notes).push(1);
                    put_signed(self.columns.of(Column::Notes), *n);
                }
                Value::Bool(b) => self.columns.of(Column::Notes).push(2 + u8::from(*b)),
            }
        }
    }
    /// What stands for a text, unless it is new.
    fn known(&self, text: Option<&str>) -> Option<TextRef> {
        text.map_or(Some(0), |text| self.numbers.get(text).copied())
    }
    /// Appends what stands for a text to a column; a new text goes to its own.
    fn put_text(&mut self, column: Column, text: Option<&str>) -> TextRef {
        let Some(text) = text else {
            self.columns.of(column).push(0);
            return 0;
        };
        if let Some(number) = self.numbers.get(text) {
            put_number(self.columns.of(column), u64::from(*number) + 1);
            return *number;
        }
        self.columns.of(column).push(1);
        put_text(self.columns.of(Column::Texts), text);
        self.texts.push(text.into());
        let number = self.texts.len() as TextRef;
        self.numbers.insert(text.into(), number);
        number
    }
}

/// Turns columns into events.
#[derive(Debug)]
pub(super) struct RowReader<'a> {
    pub(super) columns: Sources<'a>,
    expected: Expectation,
    texts: Vec<Box<str>>,
    /// Bytes of text in the events so far.
    expanded: usize,
}

impl<'a> RowReader<'a> {
    pub(super) fn new(columns: Sources<'a>, start: VirtualTime) -> RowReader<'a> {
        RowReader { columns, expected: Expectation::new(start), texts: Vec::new(), expanded: 0 }
    }
    pub(super) fn read(&mut self, index: EventIndex) -> Result<Event, Malformed> {
        let thread = self.read_thread()?;
        let step = self.columns.of(Column::Times).signed("a time")? as u64;
        let head = self.columns.of(Column::Heads).narrow::<u32>("an event")?;
        let (step, body) = match head {
            LINE => (step, Body::Line(self.read_line()?)),
            NOTE => (step, Body::Note(self.read_note()?)),
            EXPECTED => self.read_call(self.expected.call(), step)?,
            head => {
                let unknown = Malformed::UnknownTag { what: "event", tag: head.into() };
                self.read_call((head - CALL).try_into().map_err(|_| unknown)?, step)?
            }
        };
        self.expected.at = VirtualTime(self.expected.at.0.wrapping_add(step));
        Ok(Event { index, at: self.expected.at, thread, hash: HASH_UNKNOWN, body })
    }
    fn read_thread(&mut self) -> Result<ThreadId, Malformed> {
        let from = self.columns.of(Column::Threads);
        match from.narrow::<u32>("a thread")? {
            0 => {}
            1 => {
                let service = ServiceId(from.narrow("a service")?);
                let thread = ThreadId { service, tid: from.narrow("a thread")? };
                self.expected.thread = self.expected.meet(thread);
            }
            number => self.expected.thread = number - 2,
        }
        let number = self.expected.thread;
        let unknown = Malformed::UnknownTag { what: "thread of this block", tag: u64::from(number) };
        self.expected.thread(number).ok_or(unknown)
    }
    /// A call, and the time since the event before it.
    fn read_call(&mut self, number: u16, step: u64) -> Result<(u64, Body), Malformed> {
        let last = *self.expected.last(number);
        let step = last.step.wrapping_add(step);
        let mut values = *self.expected.values(number).unwrap_or(&last.values);
        let flags = self.columns.of(Column::Flags).byte("the flags of a call")?;
        for (slot, value) in values.iter_mut().enumerate().filter(|(slot, _)| flags & 1 << slot != 0) {
            *value = self.columns.value(number, slot)?.step(last.values[slot], "a value")?;
        }
        let (mut decision, mut op) = (last.decision, last.op);
        if flags & REST != 0 {
            let from = self.columns.of(Column::Rest);
            decision = match from.byte("a decision")? {
                0 => Decision::Allow,
                1 => Decision::Deny(Errno(from.narrow_signed("an errno")?)),
                2 => Decision::Delay(VirtualDuration(from.number("a delay")?)),
                tag => return Err(Malformed::UnknownTag { what: "decision", tag: u64::from(tag) }),
            };
            op = self.read_text(Column::Rest, "an operation")?;
        }
        let path = match self.columns.of(Column::Paths).byte("a path")? {
            0 => self.expected.path(values[0]),
            1 => self.read_text(Column::Paths, "a path")?,
            2 => self.expected.previous_path(),
            tag => return Err(Malformed::UnknownTag { what: "path", tag: u64::from(tag) }),
        };
        self.expected.learn(number, Habit { values, step, decision, op }, path);
        let [a, b, c, d, e, f, result] = values;
        let (path, op) = (self.text(path)?.map(Label::from), self.text(op)?);
        Ok((step, Body::Call(Call { number, args: [a, b, c, d, e, f], result: result as i64, decision, path, op })))
    }
    fn read_line(&mut self) -> Result<Line, Malformed> {
        let source = match self.columns.of(Column::Notes).byte("a line")? {
            0 => LineSource::Stdout,
            1 => LineSource::Stderr,
            2 => LineSource::Wal,
            3 => LineSource::Topic,
            tag => return Err(Malformed::UnknownTag { what: "source of lines", tag: u64::from(tag) }),
        };
        let path = self.read_text(Column::Notes, "a line's path")?;
        let text = self.columns.of(Column::Texts).text("a line")?.into();
        Ok(Line { source, path: self.text(path)?, text })
    }
    fn read_note(&mut self) -> Result<Note, Malformed> {
        let kind = self.need_text("a note")?;
        let from = self.columns.of(Column::Notes);
        let (length, limit) = (from.number("a note")?, from.len() as u64);
        if length > limit {
            return Err(Malformed::TooLong { what: "a note", length, limit });
        }
        let mut fields = Vec::new();
        for _ in 0..length {
            let name = self.need_text("a field")?;
            let from = self.columns.of(Column::Notes);
            let value = match from.byte("a field's value")? {
                0 => Value::Text(self.need_text("a field's value")?),
                1 => Value::Int(from.signed("a field's value")?),
                2 => Value::Bool(false),
                3 => Value::Bool(true),
                tag => return Err(Malformed::UnknownTag { what: "field's value", tag: u64::from(tag) }),
            };
            fields.push((name, value));
        }
        Ok(Note { kind, fields })
    }
    /// What stands for a text, which may be new.
    fn read_text(&mut self, column: Column, what: &'static str) -> Result<TextRef, Malformed> {
        match self.columns.of(column).narrow::<u32>(what)? {
            0 => Ok(0),
            1 => {
                self.texts.push(self.columns.of(Column::Texts).text(what)?.into());
                Ok(self.texts.len() as TextRef)
            }
            tag if (tag - 1) as usize <= self.texts.len() => Ok(tag - 1),
            tag => Err(Malformed::UnknownTag { what: "text of this block", tag: tag.into() }),
        }
    }
    fn text(&mut self, number: TextRef) -> Result<Option<Box<str>>, Malformed> {
        let Some(number) = (number as usize).checked_sub(1) else { return Ok(None) };
        let text = &self.texts[number];
        self.expanded += text.len();
        if self.expanded > EXPANDED_MAX {
            let (length, limit) = (self.expanded as u64, EXPANDED_MAX as u64);
            return Err(Malformed::TooLong { what: "all text of a block", length, limit });
        }
        Ok(Some(text.clone()))
    }
    /// A text that cannot be absent.
    fn need_text(&mut self, what: &'static str) -> Result<Box<str>, Malformed> {
        let number = self.read_text(Column::Notes, what)?;
        self.text(number)?.ok_or(Malformed::UnknownTag { what, tag: 0 })
    }
}
