//! The table of orders: in memory, behind the write-ahead file.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Mutex;

use orders::json::Value;
use orders::log;
use orders::sync::lock;

use crate::SERVICE;
use crate::record;
use crate::wal::Wal;

/// The table, shared by all connections.
#[derive(Debug)]
pub(crate) struct Table {
    state: Mutex<State>,
}

/// One lock for file and rows: an order is looked up, written and remembered in one piece.
#[derive(Debug)]
struct State {
    wal: Wal,
    rows: BTreeMap<String, Value>,
}

/// Why an order was not stored.
#[derive(Debug)]
pub(crate) enum PutError {
    /// Another row is stored under the same id.
    Conflict,
    /// The write-ahead file did not take the record.
    Write(io::Error),
}

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Conflict => f.write_str("another row is stored under this id"),
            PutError::Write(error) => write!(f, "write failed: {error}"),
        }
    }
}

impl std::error::Error for PutError {}

impl Table {
    /// The table that the records of `wal` describe.
    ///
    /// # Errors
    /// `InvalidData` when a line is no record: what follows it cannot be trusted.
    pub(crate) fn replay(wal: Wal, records: &[String]) -> io::Result<Self> {
        let mut rows = BTreeMap::new();
        for (index, line) in records.iter().enumerate() {
            let Some((key, row)) = record::parse(line) else {
                let problem = format!("line {} is not a record", index + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            };
            rows.insert(key, row);
        }
        let state = Mutex::new(State { wal, rows });
        Ok(Table { state })
    }

    /// How many orders are stored.
    pub(crate) fn count(&self) -> usize {
        lock(&self.state).rows.len()
    }

    /// Stores `row` under `id`: on disk first, then in memory.
    pub(crate) fn put(&self, id: &str, row: &Value) -> Result<(), PutError> {
        let result = lock(&self.state).put(id, row);
        let line = match &result {
            Ok(action) => log::Line::new(SERVICE).with("action", *action),
            Err(error) => log::Line::new(SERVICE).with("action", "refused").with("error", error.to_string()),
        };
        line.with("order_id", id).write();
        result.map(|_| ())
    }

    /// The row under `id`.
    pub(crate) fn get(&self, id: &str) -> Option<Value> {
        lock(&self.state).rows.get(id).cloned()
    }
}

impl State {
    /// Stores a row; returns what was done, for the log.
    fn put(&mut self, id: &str, row: &Value) -> Result<&'static str, PutError> {
        match self.rows.get(id) {
            Some(stored) if stored == row => return Ok("repeated"),
            Some(_) => return Err(PutError::Conflict),
            None => {}
        }
        let record = record::insert(id, row);
        self.wal.append(&record).map_err(PutError::Write)?;
        self.rows.insert(id.to_owned(), row.clone());
        Ok("stored")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wal::tests::TempDir;
    use orders::json;

    #[test]
    fn a_stored_order_is_there_after_a_restart() {
        let dir = TempDir::new("restart");
        let row = json::object([("qty", 1_i64.into())]);

        let (wal, records) = Wal::open(&dir.file()).unwrap();
        let table = Table::replay(wal, &records).unwrap();
        table.put("o1", &row).unwrap();
        drop(table);

        let (wal, records) = Wal::open(&dir.file()).unwrap();
        let table = Table::replay(wal, &records).unwrap();
        assert_eq!(table.get("o1"), Some(row));
        assert_eq!(table.get("o2"), None);
    }

    #[test]
    fn a_repeated_put_is_stored_once_and_a_different_one_refused() {
        let dir = TempDir::new("repeated");
        let row = json::object([("qty", 1_i64.into())]);
        let other = json::object([("qty", 2_i64.into())]);

        let (wal, records) = Wal::open(&dir.file()).unwrap();
        let table = Table::replay(wal, &records).unwrap();
        table.put("o1", &row).unwrap();
        table.put("o1", &row).unwrap();
        assert!(matches!(table.put("o1", &other), Err(PutError::Conflict)));
        drop(table);

        let (_, records) = Wal::open(&dir.file()).unwrap();
        assert_eq!(records, [record::insert("o1", &row)]);
    }

    #[test]
    fn a_line_that_is_no_record_stops_the_start() {
        let dir = TempDir::new("damaged");
        std::fs::write(dir.file(), "nonsense\n").unwrap();
        let (wal, records) = Wal::open(&dir.file()).unwrap();
        let error = Table::replay(wal, &records).unwrap_err();
        assert_eq!(error.to_string(), "line 1 is not a record");
    }
}
