//! An order and what can become of it.

use orders::json::{self, Value};

/// The longest item name, in bytes.
const ITEM_BYTES_MAX: usize = 64;

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The item: letters, digits, `-` and `_` only, because it travels in a line protocol.
    pub item: String,
    /// How many, at least one.
    pub qty: u32,
}

impl Wish {
    /// Parses the body of `POST /orders`; the error is for the customer.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
        let body = json::parse(text).map_err(|error| format!("the body is not JSON: {error}"))?;
        let item = body.get("item").and_then(Value::as_str);
        let item = item.filter(|item| is_item(item));
        let item = item.ok_or("`item` must be a name of letters, digits, `-` and `_`")?;
        let qty = body.get("qty").and_then(Value::as_i64);
        let qty = qty.and_then(|qty| u32::try_from(qty).ok());
        let qty = qty.filter(|qty| *qty > 0);
        Ok(Wish { item: item.to_owned(), qty: qty.ok_or("`qty` must be a positive integer")? })
    }
}

fn is_item(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=ITEM_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// A wish with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// `o1`, `o2` … in the order of arrival; also the key that makes a repeated `PUT` harmless.
    pub id: String,
    /// What is ordered.
    pub wish: Wish,
}

impl Order {
    /// The row that the database stores.
    pub(crate) fn row(&self) -> Value {
        json::object([("item", self.wish.item.as_str().into()), ("qty", self.wish.qty.into())])
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not decided yet.
    Pending,
    /// Stored; the customer gets it.
    Confirmed,
    /// Refused for a reason that lies in the order.
    Rejected,
    /// Not stored for a reason that lies in the system.
    Failed,
}

impl Status {
    /// The name in answers and in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Confirmed => "confirmed",
            Status::Rejected => "rejected",
            Status::Failed => "failed",
        }
    }
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is stored.
    Confirmed,
    /// It waits for the database; the customer may ask later.
    Pending,
    /// There is not enough stock.
    Insufficient,
    /// The item is not sold here.
    UnknownItem,
    /// The system could not take it; the text says why.
    Failed(String),
}

impl Outcome {
    /// The status it gives the order.
    pub(crate) fn status(&self) -> Status {
        match self {
            Outcome::Confirmed => Status::Confirmed,
            Outcome::Pending => Status::Pending,
            Outcome::Insufficient | Outcome::UnknownItem => Status::Rejected,
            Outcome::Failed(_) => Status::Failed,
        }
    }

    /// Why the order was not confirmed.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Outcome::Confirmed | Outcome::Pending => None,
            Outcome::Insufficient => Some("insufficient stock"),
            Outcome::UnknownItem => Some("unknown item"),
            Outcome::Failed(reason) => Some(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_an_item_and_a_quantity() {
        let wish = Wish::parse(br#"{"item":"widget","qty":25,"note":"x"}"#);
        let item = "widget".to_owned();
        assert_eq!(wish, Ok(Wish { item, qty: 25 }));
    }

    #[test]
    fn other_bodies_are_refused() {
        let item = "`item` must be a name of letters, digits, `-` and `_`";
        let qty = "`qty` must be a positive integer";
        for (body, expected) in [
            (&b"\xff"[..], "the body is not UTF-8"),
            (b"", "the body is not JSON: unexpected end at byte 0"),
            (b"[]", item),
            (br#"{"qty":1}"#, item),
            (br#"{"item":"","qty":1}"#, item),
            (br#"{"item":"widget\nRELEASE widget 9","qty":1}"#, item),
            (br#"{"item":"widget"}"#, qty),
            (br#"{"item":"widget","qty":0}"#, qty),
            (br#"{"item":"widget","qty":-3}"#, qty),
            (br#"{"item":"widget","qty":1.5}"#, qty),
            (br#"{"item":"widget","qty":4294967296}"#, qty),
        ] {
            assert_eq!(Wish::parse(body), Err(expected.to_owned()));
        }
    }
}
