//! The system that the fixtures test: `api` takes orders, `db` keeps them in a write-ahead log, `inventory` counts
//! stock. It is healthy unless told to have a bug.

use crate::toy::{Services, Toy};
use model::LineSource;
use std::cell::Cell;

const WRITE: u16 = 1;
const CONNECT: u16 = 42;

/// What is wrong with the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    /// The api answers 200 although it cannot reach the database.
    IgnoresDbDown,
    /// The api says "confirmed" before the database has the order.
    ConfirmsFirst,
    /// The api answers before the database writes.
    AnswersFirst,
    /// The database never writes.
    NeverWrites,
    /// Stock is checked when a request arrives and taken when it is answered.
    Oversells,
    /// A failed order is not tried again.
    NeverRetries,
    /// The shop answers 400 to everything.
    RefusesAll,
}

/// A shop with stock for one order of 25.
pub(crate) struct Shop {
    bug: Bug,
    stock: Cell<i64>,
    /// Requests that were promised stock when they arrived.
    promised: Cell<u32>,
}

impl Shop {
    pub(crate) fn new(bug: Bug) -> Shop {
        Shop { bug, stock: Cell::new(30), promised: Cell::new(0) }
    }

    fn quantity(request: &str) -> i64 {
        let after = request.split("\"qty\":").nth(1).unwrap_or("1");
        after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(1)
    }

    fn order(&self, toy: &Toy<'_>, request: &str) -> (u16, &'static str) {
        const CONFIRMED: &str = r#"{"status":"confirmed","order_id":1}"#;
        let quantity = Self::quantity(request);
        if self.bug == Bug::RefusesAll {
            return (400, "no");
        }
        let promised = self.bug == Bug::Oversells && self.promised.get() > 0;
        self.promised.set(self.promised.get().saturating_sub(1));
        if !promised && self.stock.get() < quantity {
            return (409, "insufficient");
        }
        if toy.syscall("api", CONNECT, "db:5432").is_err() {
            if self.bug != Bug::NeverRetries {
                toy.later(5_000, "api", LineSource::Stdout, r#"{"action":"retry"}"#);
            }
            return if self.bug == Bug::IgnoresDbDown { (200, "ok") } else { (503, "db unreachable") };
        }
        self.stock.set(self.stock.get() - quantity);
        toy.stdout("inventory", &format!(r#"{{"stock":{}}}"#, self.stock.get()));
        if self.bug == Bug::ConfirmsFirst {
            toy.stdout("api", CONFIRMED);
        }
        if self.bug == Bug::AnswersFirst {
            toy.later(10, "db", LineSource::Wal, r#"{"op":"INSERT","table":"orders"}"#);
            return (200, CONFIRMED);
        }
        if self.bug != Bug::NeverWrites {
            if toy.syscall("db", WRITE, "/data/db.wal").is_err() {
                return (500, "not persisted");
            }
            toy.wal("db", r#"{"op":"INSERT","table":"orders"}"#);
        }
        if self.bug != Bug::ConfirmsFirst {
            toy.stdout("api", CONFIRMED);
        }
        (200, CONFIRMED)
    }
}

impl Services for Shop {
    fn begin(&self, _: &Toy<'_>, service: &str, request: &str) {
        if service == "api" && request.starts_with("POST") && self.stock.get() >= Self::quantity(request) {
            self.promised.set(self.promised.get() + 1);
        }
    }
    fn answer(&self, toy: &Toy<'_>, service: &str, request: &str) -> String {
        if service == "db" {
            let line = request.trim_end();
            return if line == "PING" { "PONG\n".to_owned() } else { format!("ERR {line}\n") };
        }
        let (status, body) = if request.starts_with("POST /orders") { self.order(toy, request) } else { (200, "{}") };
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }
}
