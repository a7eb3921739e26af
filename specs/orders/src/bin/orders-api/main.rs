//! `orders-api`: takes orders over HTTP.
//!
//! | request | answers |
//! |---|---|
//! | `POST /orders` with `{"item":"widget","qty":25}` | 200 confirmed, 409 rejected, 404 unknown item, 503 failed, 400 bad request |
//! | `GET /orders/ID` | 200 with the order's status, 404 |
//! | `GET /health` | 200 |
//!
//! The way of an order: `CHECK` the stock, `RESERVE` it, `PUT` the order at the database, and only then confirm it.
//! An order that cannot be stored gives its stock back. See [`desk`] for this path and [`retry`] for what
//! happens when the database's connection drops on the way.

mod book;
mod desk;
mod http;
mod order;
mod retry;
mod routes;
mod upstream;

use std::convert::Infallible;
use std::process::ExitCode;

use orders::server;
use orders::start::{self, StartError};

use crate::book::Book;
use crate::desk::Desk;
use crate::retry::RetryQueue;
use crate::routes::Api;
use crate::upstream::{Database, Inventory};

const SERVICE: &str = "api";

fn main() -> ExitCode {
    start::run("orders-api", run)
}

fn run() -> Result<Infallible, StartError> {
    let bugs = start::bugs()?;
    let inventory = Inventory::new(start::peer("INVENTORY_ADDR", "inventory:5001")?);
    let database = Database::new(start::peer("DB_ADDR", "db:5432")?);
    let retries =
        RetryQueue::start(database).map_err(|error| StartError::system("starting the retry thread", error))?;
    let desk = Desk::new(inventory, database, retries, bugs);
    let api = Api::new(Book::default(), desk, database);
    let listener = start::listen(SERVICE, "API_ADDR", "0.0.0.0:8080")?;
    server::serve(SERVICE, &listener, move |stream| api.converse(&stream))
}
