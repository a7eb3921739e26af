//! The way of an order through the system.
//!
//! ```text
//!   CHECK ──▶ RESERVE ──▶ PUT ──────────────────────────▶ confirmed
//!     │          │         │                     stored      ▲
//!     ▼          ▼         ├── connection lost ──▶ retry ────┘
//!   rejected  rejected     │ refused                │ given up
//!                          ▼                        │
//!                       RELEASE ◀───────────────────┘
//!                          │
//!                          ▼
//!                       failed
//! ```
//!
//! Whatever fails, the errors are on the safe side: a reservation whose reply was lost is not given back, because it may
//! never have been made, and giving back what was not taken would sell stock that is not there.

use orders::bugs::{Bug, Bugs};
use orders::line::Moment;
use orders::log;

use crate::SERVICE;
use crate::order::{Order, Outcome};
use crate::retry::RetryQueue;
use crate::upstream::{AskError, Database, Inventory, Level};

/// Where orders are placed.
#[derive(Debug)]
pub(crate) struct Desk {
    inventory: Inventory,
    database: Database,
    retries: RetryQueue,
    bugs: Bugs,
}

impl Desk {
    /// A desk in front of the two services.
    pub(crate) fn new(inventory: Inventory, database: Database, retries: RetryQueue, bugs: Bugs) -> Self {
        Desk { inventory, database, retries, bugs }
    }

    /// Takes an order through the system and says what became of it.
    pub(crate) fn place(&self, order: &Order) -> Outcome {
        match self.reserve(order) {
            Ok(()) => self.store(order),
            Err(outcome) => outcome,
        }
    }

    /// Takes the stock for an order, or says why not.
    fn reserve(&self, order: &Order) -> Result<(), Outcome> {
        let unreachable = |error: AskError| Outcome::Failed(format!("inventory: {error}"));
        let wish = &order.wish;
        match self.inventory.check(&wish.item).map_err(unreachable)? {
            Level::Left(left) if left >= i64::from(wish.qty) => {}
            Level::Left(_) | Level::Insufficient => return Err(Outcome::Insufficient),
            Level::Unknown => return Err(Outcome::UnknownItem),
        }
        match self.inventory.reserve(wish).map_err(unreachable)? {
            Level::Left(_) => Ok(()),
            Level::Insufficient => Err(Outcome::Insufficient),
            Level::Unknown => Err(Outcome::UnknownItem),
        }
    }

    /// Stores an order whose stock is reserved.
    fn store(&self, order: &Order) -> Outcome {
        match self.database.put(order) {
            Ok(()) => Outcome::Confirmed,
            Err(AskError::Refused(reply)) => self.refused(order, &reply),
            Err(AskError::Lost(lost)) => {
                if self.bugs.has(Bug::StuckOrder) && lost.moment == Moment::Receive {
                    // Bug `stuck-order`: the database may well have stored the order, so the customer is not kept
                    // waiting for the retry; but nothing ever hands a pending order to the retry queue.
                    return Outcome::Pending;
                }
                match self.retries.put_again(order, lost) {
                    Ok(()) => Outcome::Confirmed,
                    Err(Some(error)) => self.give_up(order, format!("db: {error}")),
                    Err(None) => self.give_up(order, "db: no retry".to_owned()),
                }
            }
        }
    }

    /// The database answered, but not that it stored the order.
    fn refused(&self, order: &Order, reply: &str) -> Outcome {
        log::Line::new(SERVICE)
            .with("action", "refused")
            .with("order_id", order.id.as_str())
            .with("reply", reply)
            .write();
        if self.bugs.has(Bug::LostConfirmation) {
            // Bug `lost-confirmation`: the refusal is logged and then dropped; the order goes on as if it were stored.
            return Outcome::Confirmed;
        }
        self.give_up(order, format!("db: {reply}"))
    }

    /// Gives the stock of an order back that could not be stored.
    fn give_up(&self, order: &Order, reason: String) -> Outcome {
        let problem = match self.inventory.release(&order.wish) {
            Ok(Level::Left(_)) => return Outcome::Failed(reason),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        };
        // Asking again could give the stock back twice: rather sell too little than too much.
        log::Line::new(SERVICE)
            .with("action", "release_failed")
            .with("order_id", order.id.as_str())
            .with("error", problem)
            .write();
        Outcome::Failed(reason)
    }
}
