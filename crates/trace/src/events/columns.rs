//! The columns of a block: what is alike lies together, so that compression finds it.

use crate::bytes::{Cursor, put_number};
use crate::error::Malformed;
use std::collections::BTreeMap;

/// Columns that every block may have, by their number on disk. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// What each event is, and the numbers of calls.
    Heads,
    /// Who did it.
    Threads,
    /// When.
    Times,
    /// Which values of a call were not expected.
    Flags,
    /// Decisions and operations that were not expected.
    Rest,
    /// Paths of calls.
    Paths,
    /// Lines and notes, but for their texts.
    Notes,
    /// Each text where it first occurs, and the texts of lines.
    Texts,
    /// Event hashes.
    Hashes,
}

const FIXED: usize = 9;
/// Columns of values have numbers from here on, eight for each call.
const VALUES: u32 = 16;
/// The six arguments and the result.
pub(super) const SLOTS: usize = 7;

fn of_value(call: u16, slot: usize) -> u32 {
    VALUES + u32::from(call) * 8 + slot as u32
}

/// Collects columns.
#[derive(Debug, Default)]
pub(super) struct Columns {
    fixed: [Vec<u8>; FIXED],
    values: BTreeMap<u32, Vec<u8>>,
    /// Bytes in all columns of values, and what their places in the table may take.
    values_length: usize,
}

/// A number of a column and its length take no more in the table.
const ENTRY_MAX: usize = 8;

impl Columns {
    pub(super) fn of(&mut self, column: Column) -> &mut Vec<u8> {
        &mut self.fixed[column as usize]
    }
    /// Appends to the column of a call's argument or result.
    pub(super) fn value(&mut self, call: u16, slot: usize, put: impl FnOnce(&mut Vec<u8>)) {
        let column = self.values.entry(of_value(call, slot)).or_default();
        let before = column.len();
        if before == 0 {
            self.values_length += ENTRY_MAX;
        }
        put(column);
        self.values_length += column.len() - before;
    }
    /// How long all of it may become.
    pub(super) fn length_max(&self) -> usize {
        self.fixed.iter().map(Vec::len).sum::<usize>() + self.values_length + (FIXED + 1) * ENTRY_MAX
    }
    /// The table of columns, then their bytes.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let fixed = self.fixed.iter().enumerate().map(|(number, bytes)| (number as u32, bytes));
        let all = fixed.chain(self.values.iter().map(|(number, bytes)| (*number, bytes)));
        let all: Vec<_> = all.filter(|(_, bytes)| !bytes.is_empty()).collect();
        put_number(out, all.len() as u64);
        for (number, bytes) in &all {
            put_number(out, u64::from(*number));
            put_number(out, bytes.len() as u64);
        }
        all.iter().for_each(|(_, bytes)| out.extend_from_slice(bytes));
    }
}

/// Reads columns side by side.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    fixed: [Cursor<'a>; FIXED],
    values: BTreeMap<u32, Cursor<'a>>,
}

impl<'a> Sources<'a> {
    /// Takes all that is left.
    pub(super) fn open(mut from: Cursor<'a>) -> Result<Sources<'a>, Malformed> {
        let (length, limit) = (from.number("the number of columns")?, from.len() as u64);
        if length > limit {
            return Err(Malformed::TooLong { what: "the table of columns", length, limit });
        }
        let mut table = Vec::new();
        for _ in 0..length {
            table.push((from.narrow::<u32>("a column")?, from.number("the length of a column")?));
        }
        let mut sources = Sources { fixed: std::array::from_fn(|_| Cursor::new(&[])), values: BTreeMap::new() };
        let mut before = None;
        for (number, length) in table {
            if before.is_some_and(|before| before >= number) || (FIXED as u32..VALUES).contains(&number) {
                return Err(Malformed::UnknownTag { what: "next column", tag: u64::from(number) });
            }
            before = Some(number);
            let limit = from.len() as u64;
            if length > limit {
                return Err(Malformed::TooLong { what: "a column", length, limit });
            }
            let column = Cursor::new(from.take(length as usize, "a column")?);
            match sources.fixed.get_mut(number as usize) {
                Some(fixed) => *fixed = column,
                None => drop(sources.values.insert(number, column)),
            }
        }
        from.end("the columns")?;
        Ok(sources)
    }
    pub(super) fn of(&mut self, column: Column) -> &mut Cursor<'a> {
        &mut self.fixed[column as usize]
    }
    /// The column of a call's argument or result.
    pub(super) fn value(&mut self, call: u16, slot: usize) -> Result<&mut Cursor<'a>, Malformed> {
        self.values.get_mut(&of_value(call, slot)).ok_or(Malformed::Truncated { what: "a column of values" })
    }
    /// Nothing may be left in any of them.
    pub(super) fn end(self) -> Result<(), Malformed> {
        self.fixed.into_iter().chain(self.values.into_values()).try_for_each(|column| column.end("the events"))
    }
}
