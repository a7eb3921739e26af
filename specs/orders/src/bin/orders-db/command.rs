//! The requests of the line protocol.

use orders::json;

use crate::table::Table;

/// The reply to one request line.
pub(crate) fn answer(request: &str, table: &Table) -> String {
    match Command::parse(request) {
        Ok(Command::Ping) => "PONG".to_owned(),
        Ok(Command::Put { id, row }) => match table.put(id, &row) {
            Ok(()) => "OK".to_owned(),
            Err(error) => format!("ERR {error}"),
        },
        Ok(Command::Get { id }) => match table.get(id) {
            Some(row) => format!("OK {row}"),
            None => "NOTFOUND".to_owned(),
        },
        Err(reason) => format!("ERR {reason}"),
    }
}

#[derive(Debug, PartialEq)]
enum Command<'a> {
    Ping,
    Put { id: &'a str, row: json::Value },
    Get { id: &'a str },
}

impl<'a> Command<'a> {
    fn parse(request: &'a str) -> Result<Self, String> {
        let (name, rest) = request.split_once(' ').unwrap_or((request, ""));
        match name {
            "PING" if rest.is_empty() => Ok(Command::Ping),
            "GET" => Ok(Command::Get { id: parse_id(rest)? }),
            "PUT" => {
                let (id, row) = rest.split_once(' ').ok_or("expected PUT id json")?;
                let id = parse_id(id)?;
                match json::parse(row) {
                    Ok(row @ json::Value::Object(_)) => Ok(Command::Put { id, row }),
                    Ok(_) => Err("the row is not an object".to_owned()),
                    Err(error) => Err(format!("the row is not JSON: {error}")),
                }
            }
            _ => Err("unknown command".to_owned()),
        }
    }
}

fn parse_id(text: &str) -> Result<&str, String> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err("expected one id".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(request: &str, expected: &str) {
        assert_eq!(Command::parse(request), Err(expected.to_owned()));
    }

    #[test]
    fn requests_are_understood() {
        assert_eq!(Command::parse("PING"), Ok(Command::Ping));
        assert_eq!(Command::parse("GET o1"), Ok(Command::Get { id: "o1" }));
        let row = json::object([("qty", 1_i64.into())]);
        assert_eq!(Command::parse("PUT o1 {\"qty\": 1}"), Ok(Command::Put { id: "o1", row }));
    }

    #[test]
    fn bad_requests_get_a_reason() {
        check_error("", "unknown command");
        check_error("DELETE o1", "unknown command");
        check_error("GET", "expected one id");
        check_error("GET a b", "expected one id");
        check_error("PUT o1", "expected PUT id json");
        check_error("PUT o1 [1]", "the row is not an object");
        check_error("PUT o1 {", "the row is not JSON: expected a key at byte 1");
    }
}
