//! The table of system calls: data, by family, with an explicit disposition for every number.

mod file;
mod ipc;
mod memory;
mod path;
mod poll;
mod process;
mod refused;
mod signal;
mod socket;
mod time;

use super::Handler;
use model::Errno;

/// The highest number with a row.
pub const LAST: usize = 511;

/// What is done about a call.
#[derive(Clone, Copy, Debug)]
pub enum Disposition {
    /// Simulated whole.
    Emulated(Handler),
    /// Simulated except for what the text says.
    Partial(Handler, &'static str),
    /// Fails with this errno, for this reason.
    Refused(Errno, &'static str),
}

/// Which path a call is about, for events and fault rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// None.
    None,
    /// That of the descriptor in this argument.
    Fd(usize),
    /// The path in this argument.
    Path(usize),
    /// The path in the second argument, relative to the directory descriptor in the first.
    PathAt(usize, usize),
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The x86-64 number.
    pub number: u16,
    /// The name.
    pub name: &'static str,
    /// What is done about it.
    pub disposition: Disposition,
    /// What it is about.
    pub subject: Subject,
}

impl Row {
    const fn about(mut self, subject: Subject) -> Row {
        self.subject = subject;
        self
    }
}

const fn emulated(number: u16, name: &'static str, handler: Handler) -> Row {
    Row { number, name, disposition: Disposition::Emulated(handler), subject: Subject::None }
}
const fn partial(number: u16, name: &'static str, handler: Handler, what: &'static str) -> Row {
    Row { number, name, disposition: Disposition::Partial(handler, what), subject: Subject::None }
}
const fn refused(number: u16, name: &'static str, errno: Errno, why: &'static str) -> Row {
    Row { number, name, disposition: Disposition::Refused(errno, why), subject: Subject::None }
}

/// Families in the order of the documentation.
pub const FAMILIES: [(&str, &[Row]); 10] = [
    ("Files and descriptors", file::ROWS),
    ("Paths", path::ROWS),
    ("Readiness", poll::ROWS),
    ("Sockets", socket::ROWS),
    ("Memory", memory::ROWS),
    ("System V objects", ipc::ROWS),
    ("Processes", process::ROWS),
    ("Signals", signal::ROWS),
    ("Time and futexes", time::ROWS),
    ("Refused", refused::ROWS),
];

static INDEX: [Option<Row>; LAST + 1] = index();

const fn index() -> [Option<Row>; LAST + 1] {
    let mut rows = [None; LAST + 1];
    let mut family = 0;
    while family < FAMILIES.len() {
        let list = FAMILIES[family].1;
        let mut i = 0;
        while i < list.len() {
            assert!(rows[list[i].number as usize].is_none(), "two rows for one call");
            rows[list[i].number as usize] = Some(list[i]);
            i += 1;
        }
        family += 1;
    }
    rows
}

/// The row of a call.
pub fn row(number: u64) -> Option<&'static Row> {
    INDEX.get(usize::try_from(number).ok()?)?.as_ref()
}
/// The name of a call, `?` for a number without a row.
pub fn name(number: u64) -> &'static str {
    row(number).map_or("?", |r| r.name)
}
/// The number of a call.
pub fn number(name: &str) -> Option<u16> {
    INDEX.iter().flatten().find(|r| r.name == name).map(|r| r.number)
}
