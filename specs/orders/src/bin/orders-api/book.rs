//! The orders of this process and where they stand.

use std::collections::BTreeMap;
use std::sync::Mutex;

use orders::sync::lock;

use crate::order::{Order, Status, Wish};

/// The book, shared by all connections. Numbers start at `o1` in every process.
#[derive(Debug, Default)]
pub(crate) struct Book {
    orders: Mutex<BTreeMap<String, (Order, Status)>>,
}

impl Book {
    /// Gives a wish the next number and enters it as pending.
    pub(crate) fn open(&self, wish: Wish) -> Order {
        let mut orders = lock(&self.orders);
        let id = format!("o{}", orders.len() + 1);
        let order = Order { id, wish };
        orders.insert(order.id.clone(), (order.clone(), Status::Pending));
        order
    }

    /// Enters where an order stands now.
    pub(crate) fn settle(&self, id: &str, status: Status) {
        if let Some(entry) = lock(&self.orders).get_mut(id) {
            entry.1 = status;
        }
    }

    /// The order `id` and where it stands.
    pub(crate) fn find(&self, id: &str) -> Option<(Order, Status)> {
        lock(&self.orders).get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_numbered_and_start_pending() {
        let book = Book::default();
        let wish = Wish { item: "widget".to_owned(), qty: 1 };
        let first = book.open(wish.clone());
        let second = book.open(wish);
        assert_eq!((first.id.as_str(), second.id.as_str()), ("o1", "o2"));
        book.settle("o2", Status::Confirmed);
        assert_eq!(book.find("o1"), Some((first, Status::Pending)));
        assert_eq!(book.find("o2"), Some((second, Status::Confirmed)));
        assert_eq!(book.find("o3"), None);
    }
}
