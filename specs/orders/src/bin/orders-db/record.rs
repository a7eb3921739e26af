//! One record of the write-ahead file: a line of JSON.
//!
//! ```text
//! {"action":"INSERT","table":"orders","key":"o1","row":{"item":"widget","qty":25}}
//! ```

use orders::json::{self, Value};

const ACTION: &str = "INSERT";
const TABLE: &str = "orders";

/// The line, without its end, that inserts `row` under `key`.
pub(crate) fn insert(key: &str, row: &Value) -> String {
    let record =
        json::object([("action", ACTION.into()), ("table", TABLE.into()), ("key", key.into()), ("row", row.clone())]);
    record.to_string()
}

/// The key and the row of a line that [`insert`] made.
pub(crate) fn parse(line: &str) -> Option<(String, Value)> {
    let record = json::parse(line).ok()?;
    let is = |field: &str, value: &str| record.get(field).and_then(Value::as_str) == Some(value);
    if !is("action", ACTION) || !is("table", TABLE) {
        return None;
    }
    let key = record.get("key")?.as_str()?.to_owned();
    Some((key, record.get("row")?.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_a_round_trip() {
        let row = json::object([("item", "widget".into()), ("qty", 25_i64.into())]);
        let line = insert("o1", &row);
        assert_eq!(line, r#"{"action":"INSERT","table":"orders","key":"o1","row":{"item":"widget","qty":25}}"#);
        assert_eq!(parse(&line), Some(("o1".to_owned(), row)));
    }

    #[test]
    fn other_lines_are_no_records() {
        assert_eq!(parse(""), None);
        assert_eq!(parse(r#"{"action":"DELETE","table":"orders","key":"o1","row":{}}"#), None);
        assert_eq!(parse(r#"{"action":"INSERT","table":"orders","key":"o1"}"#), None);
    }
}
