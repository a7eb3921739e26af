//! The log: one JSON object per line on standard output.

use std::io::Write;

use crate::json::Value;

/// One line of the log, built field by field.
///
/// ```
/// orders::log::Line::new("db").with("action", "stored").with("order_id", "o1").write();
/// ```
#[derive(Debug)]
#[must_use = "a line appears in the log when `write` is called"]
pub struct Line(Vec<(String, Value)>);

impl Line {
    /// Starts a line of the service called `service`.
    pub fn new(service: &str) -> Self {
        Line(Vec::new()).with("service", service)
    }

    /// Adds a field.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.push((key.to_owned(), value.into()));
        self
    }

    /// Writes the line with one write call, so that lines of several threads never mix.
    ///
    /// A log that cannot be written is no reason to refuse an order: errors are ignored.
    pub fn write(self) {
        let text = format!("{}\n", Value::Object(self.0));
        let mut stdout = std::io::stdout().lock();
        // Standard output is line buffered: a text that ends its line goes straight through.
        let _ = stdout.write_all(text.as_bytes());
        let _ = stdout.flush();
    }
}
