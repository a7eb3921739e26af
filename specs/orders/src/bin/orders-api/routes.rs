//! The HTTP requests and their answers.

use std::io::{self, BufReader};
use std::net::TcpStream;

use orders::json::{self, Value};
use orders::log;

use crate::SERVICE;
use crate::book::Book;
use crate::desk::Desk;
use crate::http::{self, ReadError, Request, Response};
use crate::order::{Order, Outcome, Status, Wish};
use crate::upstream::Database;

/// The api, shared by all connections.
#[derive(Debug)]
pub(crate) struct Api {
    book: Book,
    desk: Desk,
    database: Database,
}

impl Api {
    /// An api with its parts.
    pub(crate) fn new(book: Book, desk: Desk, database: Database) -> Self {
        Api { book, desk, database }
    }

    /// Answers the requests of one connection until either side closes it.
    ///
    /// # Errors
    /// When the connection fails.
    pub(crate) fn converse(&self, stream: &TcpStream) -> io::Result<()> {
        let mut input = BufReader::new(stream);
        loop {
            let (response, keep_alive) = match http::read_request(&mut input) {
                Ok(Some(request)) => (self.answer(&request), request.keep_alive),
                Ok(None) => return Ok(()),
                Err(ReadError::Bad(response)) => (response, false),
                Err(ReadError::Io(error)) => return Err(error),
            };
            response.write(stream, keep_alive)?;
            if !keep_alive {
                return Ok(());
            }
        }
    }

    fn answer(&self, request: &Request) -> Response {
        let path: Vec<&str> = request.path.split('/').skip(1).collect();
        match (request.method.as_str(), &path[..]) {
            ("GET", ["health"]) => Response::new(200, &json::object([("status", "ok".into())])),
            ("POST", ["orders"]) => self.post_order(&request.body),
            ("GET", ["orders", id]) => self.get_order(id),
            (_, ["health" | "orders"] | ["orders", _]) => Response::error(405, "method not allowed"),
            _ => Response::error(404, "no such path"),
        }
    }

    fn post_order(&self, body: &[u8]) -> Response {
        let wish = match Wish::parse(body) {
            Ok(wish) => wish,
            Err(problem) => return Response::error(400, &problem),
        };
        let order = self.book.open(wish);
        let outcome = self.desk.place(&order);
        self.book.settle(&order.id, outcome.status());
        let response = Response::new(http_status(&outcome), &answer_body(&order, &outcome));
        // In the log before the customer knows: the log never lags behind a promise.
        log_outcome(&order, &outcome, &response.body);
        response
    }

    /// The status of an order of this process, or of an earlier one if it was stored.
    fn get_order(&self, id: &str) -> Response {
        if let Some((order, status)) = self.book.find(id) {
            return Response::new(200, &describe(id, status, &order.row()));
        }
        if !is_id(id) {
            return Response::error(404, "no such order");
        }
        match self.database.get(id) {
            Ok(Some(row)) => Response::new(200, &describe(id, Status::Confirmed, &row)),
            Ok(None) => Response::error(404, "no such order"),
            Err(error) => Response::error(503, &format!("db: {error}")),
        }
    }
}

/// Whether `text` could be an order's id: `o` and a number.
fn is_id(text: &str) -> bool {
    let number = text.strip_prefix('o').unwrap_or("");
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

fn http_status(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Confirmed => 200,
        Outcome::Pending => 202,
        Outcome::UnknownItem => 404,
        Outcome::Insufficient => 409,
        Outcome::Failed(_) => 503,
    }
}

fn answer_body(order: &Order, outcome: &Outcome) -> Value {
    let mut fields =
        vec![("status".to_owned(), outcome.status().name().into()), ("order_id".to_owned(), order.id.as_str().into())];
    if let Some(reason) = outcome.reason() {
        fields.push(("reason".to_owned(), reason.into()));
    }
    Value::Object(fields)
}

fn describe(id: &str, status: Status, row: &Value) -> Value {
    json::object([("status", status.name().into()), ("order_id", id.into()), ("order", row.clone())])
}

fn log_outcome(order: &Order, outcome: &Outcome, body: &str) {
    log::Line::new(SERVICE)
        .with("status", outcome.status().name())
        .with("order_id", order.id.as_str())
        .with("item", order.wish.item.as_str())
        .with("qty", order.wish.qty)
        .with("body", body)
        .write();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_what_became_of_the_order() {
        let wish = Wish { item: "widget".to_owned(), qty: 25 };
        let id = "o1".to_owned();
        let order = Order { id, wish };
        for (outcome, status, body) in [
            (Outcome::Confirmed, 200, r#"{"status":"confirmed","order_id":"o1"}"#),
            (Outcome::Insufficient, 409, r#"{"status":"rejected","order_id":"o1","reason":"insufficient stock"}"#),
            (Outcome::Failed("db: gone".to_owned()), 503, r#"{"status":"failed","order_id":"o1","reason":"db: gone"}"#),
        ] {
            assert_eq!(http_status(&outcome), status);
            assert_eq!(answer_body(&order, &outcome).to_string(), body);
        }
    }

    #[test]
    fn ids_are_recognised() {
        assert!(is_id("o1"));
        assert!(!is_id("o"));
        assert!(!is_id("o1 x"));
        assert!(!is_id("1"));
    }
}
