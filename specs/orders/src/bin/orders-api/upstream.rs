//! What the api asks the other services, one connection per request.

use std::fmt;
use std::net::SocketAddr;

use orders::json::{self, Value};
use orders::line::{self, Lost};

use crate::order::{Order, Wish};

/// A request that was not answered, or answered with something else than the protocol says.
#[derive(Debug)]
pub(crate) enum AskError {
    /// The connection failed before the reply.
    Lost(Lost),
    /// The reply that came.
    Refused(String),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Lost(lost) => write!(f, "{lost}"),
            AskError::Refused(reply) => write!(f, "answered `{reply}`"),
        }
    }
}

impl std::error::Error for AskError {}

/// The inventory service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inventory {
    address: SocketAddr,
}

/// What the inventory says to a check or a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// So many are left.
    Left(i64),
    /// Too few are left to reserve.
    Insufficient,
    /// The item is not sold here.
    Unknown,
}

impl Inventory {
    /// The inventory at `address`.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Inventory { address }
    }

    /// How many of `item` there are.
    pub(crate) fn check(&self, item: &str) -> Result<Level, AskError> {
        self.ask(&format!("CHECK {item}"))
    }

    /// Takes the wish out of the stock.
    pub(crate) fn reserve(&self, wish: &Wish) -> Result<Level, AskError> {
        self.ask(&format!("RESERVE {} {}", wish.item, wish.qty))
    }

    /// Puts the wish back into the stock.
    pub(crate) fn release(&self, wish: &Wish) -> Result<Level, AskError> {
        self.ask(&format!("RELEASE {} {}", wish.item, wish.qty))
    }

    fn ask(&self, request: &str) -> Result<Level, AskError> {
        let reply = line::ask(self.address, request).map_err(AskError::Lost)?;
        parse_level(&reply).ok_or(AskError::Refused(reply))
    }
}

fn parse_level(reply: &str) -> Option<Level> {
    match reply.split_once(' ') {
        Some(("OK", left)) => left.parse().ok().map(Level::Left),
        Some(("INSUFFICIENT", _)) => Some(Level::Insufficient),
        None if reply == "UNKNOWN" => Some(Level::Unknown),
        _ => None,
    }
}

/// The database service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Database {
    address: SocketAddr,
}

impl Database {
    /// The database at `address`.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Database { address }
    }

    /// Stores an order; when this returns `Ok` the order is on disk.
    pub(crate) fn put(&self, order: &Order) -> Result<(), AskError> {
        let request = format!("PUT {} {}", order.id, order.row());
        let reply = line::ask(self.address, &request).map_err(AskError::Lost)?;
        match reply.as_str() {
            "OK" => Ok(()),
            _ => Err(AskError::Refused(reply)),
        }
    }

    /// The row stored under `id`.
    pub(crate) fn get(&self, id: &str) -> Result<Option<Value>, AskError> {
        let reply = line::ask(self.address, &format!("GET {id}")).map_err(AskError::Lost)?;
        parse_row(reply)
    }
}

fn parse_row(reply: String) -> Result<Option<Value>, AskError> {
    if reply == "NOTFOUND" {
        return Ok(None);
    }
    match reply.strip_prefix("OK ").map(json::parse) {
        Some(Ok(row)) => Ok(Some(row)),
        Some(Err(_)) | None => Err(AskError::Refused(reply)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_of_the_inventory_are_understood() {
        assert_eq!(parse_level("OK 15"), Some(Level::Left(15)));
        assert_eq!(parse_level("OK -10"), Some(Level::Left(-10)));
        assert_eq!(parse_level("INSUFFICIENT 15"), Some(Level::Insufficient));
        assert_eq!(parse_level("UNKNOWN"), Some(Level::Unknown));
        assert_eq!(parse_level("OK"), None);
        assert_eq!(parse_level("OK many"), None);
        assert_eq!(parse_level("ERR unknown command"), None);
    }

    #[test]
    fn replies_of_the_database_are_understood() {
        let parse = |reply: &str| parse_row(reply.to_owned()).map_err(|e| e.to_string());
        let row = json::object([("qty", 1_i64.into())]);
        assert_eq!(parse("OK {\"qty\":1}"), Ok(Some(row)));
        assert_eq!(parse("NOTFOUND"), Ok(None));
        assert_eq!(parse("OK {"), Err("answered `OK {`".to_owned()));
        assert_eq!(parse("ERR x"), Err("answered `ERR x`".to_owned()));
    }
}
