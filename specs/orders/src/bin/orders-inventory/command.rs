//! The requests of the line protocol.

use crate::stock::{Error, Stock};

/// The reply to one request line.
pub(crate) fn answer(request: &str, stock: &Stock) -> String {
    let command = match Command::parse(request) {
        Ok(command) => command,
        Err(reason) => return format!("ERR {reason}"),
    };
    let left = match command {
        Command::Ping => return "PONG".to_owned(),
        Command::Level { item } => stock.level(item),
        Command::Reserve { item, qty } => stock.reserve(item, qty),
        Command::Release { item, qty } => stock.release(item, qty),
    };
    match left {
        Ok(left) => format!("OK {left}"),
        Err(Error::Unknown) => "UNKNOWN".to_owned(),
        Err(Error::Insufficient { left }) => format!("INSUFFICIENT {left}"),
        Err(Error::Overflow) => "ERR stock out of range".to_owned(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Command<'a> {
    Ping,
    /// `CHECK` and `STOCK`: the first is asked by the api on the way to an order, the second by people and tests.
    Level {
        item: &'a str,
    },
    Reserve {
        item: &'a str,
        qty: u32,
    },
    Release {
        item: &'a str,
        qty: u32,
    },
}

impl<'a> Command<'a> {
    fn parse(request: &'a str) -> Result<Self, &'static str> {
        let words: Vec<&str> = request.split_ascii_whitespace().collect();
        match words[..] {
            ["PING"] => Ok(Command::Ping),
            ["CHECK" | "STOCK", item] => Ok(Command::Level { item }),
            ["RESERVE", item, qty] => Ok(Command::Reserve { item, qty: parse_qty(qty)? }),
            ["RELEASE", item, qty] => Ok(Command::Release { item, qty: parse_qty(qty)? }),
            ["PING" | "CHECK" | "STOCK" | "RESERVE" | "RELEASE", ..] => Err("wrong number of arguments"),
            _ => Err("unknown command"),
        }
    }
}

fn parse_qty(text: &str) -> Result<u32, &'static str> {
    match text.parse() {
        Ok(0) | Err(_) => Err("the quantity must be a positive number"),
        Ok(qty) => Ok(qty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_understood() {
        let item = "widget";
        assert_eq!(Command::parse("PING"), Ok(Command::Ping));
        assert_eq!(Command::parse("CHECK widget"), Ok(Command::Level { item }));
        assert_eq!(Command::parse("STOCK  widget "), Ok(Command::Level { item }));
        assert_eq!(Command::parse("RESERVE widget 25"), Ok(Command::Reserve { item, qty: 25 }));
        assert_eq!(Command::parse("RELEASE widget 25"), Ok(Command::Release { item, qty: 25 }));
    }

    #[test]
    fn bad_requests_get_a_reason() {
        let quantity = Err("the quantity must be a positive number");
        assert_eq!(Command::parse(""), Err("unknown command"));
        assert_eq!(Command::parse("ping"), Err("unknown command"));
        assert_eq!(Command::parse("CHECK"), Err("wrong number of arguments"));
        assert_eq!(Command::parse("PING x"), Err("wrong number of arguments"));
        assert_eq!(Command::parse("RESERVE widget 0"), quantity);
        assert_eq!(Command::parse("RESERVE widget -1"), quantity);
        assert_eq!(Command::parse("RELEASE widget 4294967296"), quantity);
    }
}
