//! `orders-inventory`: how many of each item are left, in memory, over a line protocol.
//!
//! | request | replies |
//! |---|---|
//! | `PING` | `PONG` |
//! | `CHECK item` | `OK n`, `UNKNOWN` |
//! | `STOCK item` | `OK n`, `UNKNOWN` |
//! | `RESERVE item qty` | `OK left`, `INSUFFICIENT left`, `UNKNOWN` |
//! | `RELEASE item qty` | `OK left`, `UNKNOWN` |
//! | anything else | `ERR reason` |
//!
//! Every change is one line of the log with the stock after it, in the order of the changes.

mod command;
mod stock;

use std::convert::Infallible;
use std::process::ExitCode;

use orders::start::{self, StartError};
use orders::{line, server};

use crate::stock::Stock;

const SERVICE: &str = "inventory";

fn main() -> ExitCode {
    start::run("orders-inventory", run)
}

fn run() -> Result<Infallible, StartError> {
    let bugs = start::bugs()?;
    let levels = start::variable("STOCK", "widget=40,gadget=10")?;
    let levels = stock::parse_levels(&levels).map_err(|problem| StartError::variable("STOCK", problem))?;
    let stock = Stock::new(levels, bugs);
    let listener = start::listen(SERVICE, "INVENTORY_LISTEN", "0.0.0.0:5001")?;
    server::serve(SERVICE, &listener, move |stream| {
        line::answer_lines(&stream, |request| command::answer(request, &stock))
    })
}
