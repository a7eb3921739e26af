//! `orders-db`: a table of orders, kept by a write-ahead file, over a line protocol.
//!
//! | request | replies |
//! |---|---|
//! | `PING` | `PONG` |
//! | `PUT id json` | `OK`, `ERR reason` |
//! | `GET id` | `OK json`, `NOTFOUND` |
//! | anything else | `ERR reason` |
//!
//! `OK` means that the order is on disk. A `PUT` of an order that is already stored is answered `OK` and changes
//! nothing, so that a client whose connection dropped can simply ask again; another row under the same id is refused.

mod command;
mod record;
mod table;
mod wal;

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::ExitCode;

use orders::start::{self, StartError};
use orders::{line, log, server};

use crate::table::Table;
use crate::wal::Wal;

const SERVICE: &str = "db";

fn main() -> ExitCode {
    start::run("orders-db", run)
}

fn run() -> Result<Infallible, StartError> {
    // None of the bugs is the database's, but a misspelt name must not pass for a healthy system.
    start::bugs()?;
    let table = open_table()?;
    let listener = start::listen(SERVICE, "DB_LISTEN", "0.0.0.0:5432")?;
    server::serve(SERVICE, &listener, move |stream| {
        line::answer_lines(&stream, |request| command::answer(request, &table))
    })
}

fn open_table() -> Result<Table, StartError> {
    let path = PathBuf::from(start::variable("DB_WAL", "/data/orders.wal")?);
    let failed = |error| StartError::system(format!("opening {}", path.display()), error);
    let (wal, records) = Wal::open(&path).map_err(failed)?;
    let table = Table::replay(wal, &records).map_err(failed)?;
    log::Line::new(SERVICE).with("action", "replayed").with("orders", table.count()).write();
    Ok(table)
}
