//! The stock of every item.

use std::collections::BTreeMap;
use std::sync::Mutex;

use orders::bugs::{Bug, Bugs};
use orders::log;
use orders::sync::lock;

use crate::SERVICE;

/// The stock, shared by all connections.
#[derive(Debug)]
pub(crate) struct Stock {
    bugs: Bugs,
    levels: Mutex<BTreeMap<String, i64>>,
}

/// Why the stock was not read or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// No such item is sold here.
    Unknown,
    /// Fewer than wanted are left.
    Insufficient {
        /// How many.
        left: i64,
    },
    /// The number would not fit.
    Overflow,
}

impl Stock {
    /// The stock at the start.
    pub(crate) fn new(levels: BTreeMap<String, i64>, bugs: Bugs) -> Self {
        Stock { bugs, levels: Mutex::new(levels) }
    }

    /// How many of `item` are left.
    pub(crate) fn level(&self, item: &str) -> Result<i64, Error> {
        lock(&self.levels).get(item).copied().ok_or(Error::Unknown)
    }

    /// Takes `qty` of `item` out of the stock; returns how many are left.
    pub(crate) fn reserve(&self, item: &str, qty: u32) -> Result<i64, Error> {
        let mut levels = lock(&self.levels);
        let level = levels.get_mut(item).ok_or(Error::Unknown)?;
        // Bug `oversell`: callers have just been told by CHECK that there is enough, so it is not looked at again.
        let checked_by_caller = self.bugs.has(Bug::Oversell);
        if !checked_by_caller && *level < i64::from(qty) {
            return Err(Error::Insufficient { left: *level });
        }
        change("reserve", item, level, -i64::from(qty))
    }

    /// Puts `qty` of `item` back into the stock; returns how many are left.
    pub(crate) fn release(&self, item: &str, qty: u32) -> Result<i64, Error> {
        let mut levels = lock(&self.levels);
        let level = levels.get_mut(item).ok_or(Error::Unknown)?;
        change("release", item, level, i64::from(qty))
    }
}

/// Changes one level and logs it; the caller holds the lock, so the log has the order of the changes.
fn change(action: &str, item: &str, level: &mut i64, by: i64) -> Result<i64, Error> {
    *level = level.checked_add(by).ok_or(Error::Overflow)?;
    log::Line::new(SERVICE)
        .with("action", action)
        .with("item", item)
        .with("qty", by.abs())
        .with("stock", *level)
        .write();
    Ok(*level)
}

/// Parses the stock at the start: `widget=40,gadget=10`.
pub(crate) fn parse_levels(list: &str) -> Result<BTreeMap<String, i64>, String> {
    let mut levels = BTreeMap::new();
    for entry in list.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        let level = entry.split_once('=').and_then(|(item, level)| {
            let level: u32 = level.parse().ok()?;
            let plain = !item.is_empty() && !item.contains(char::is_whitespace);
            plain.then(|| (item.to_owned(), i64::from(level)))
        });
        let Some((item, level)) = level else {
            return Err(format!("`{entry}` is not like `widget=40`"));
        };
        if levels.insert(item, level).is_some() {
            return Err(format!("`{entry}` names an item twice"));
        }
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stock(bugs: &str) -> Stock {
        Stock::new(parse_levels("widget=40").unwrap(), bugs.parse().unwrap())
    }

    #[test]
    fn a_reservation_needs_enough_stock() {
        let stock = stock("");
        assert_eq!(stock.reserve("widget", 25), Ok(15));
        assert_eq!(stock.reserve("widget", 25), Err(Error::Insufficient { left: 15 }));
        assert_eq!(stock.release("widget", 25), Ok(40));
        assert_eq!(stock.reserve("widget", 40), Ok(0));
        assert_eq!(stock.level("widget"), Ok(0));
    }

    #[test]
    fn an_item_that_is_not_sold_is_unknown() {
        let stock = stock("");
        assert_eq!(stock.level("gizmo"), Err(Error::Unknown));
        assert_eq!(stock.reserve("gizmo", 1), Err(Error::Unknown));
        assert_eq!(stock.release("gizmo", 1), Err(Error::Unknown));
    }

    #[test]
    fn the_oversell_bug_goes_below_zero() {
        let stock = stock("oversell");
        assert_eq!(stock.reserve("widget", 25), Ok(15));
        assert_eq!(stock.reserve("widget", 25), Ok(-10));
    }

    #[test]
    fn the_stock_at_the_start_is_a_list() {
        let levels = parse_levels("widget=40, gadget=0").unwrap();
        assert_eq!(levels.into_iter().collect::<Vec<_>>(), [("gadget".to_owned(), 0), ("widget".to_owned(), 40)]);
        for bad in ["widget", "widget=", "=3", "widget=-1", "a b=1", "a=1,a=2"] {
            assert!(parse_levels(bad).is_err(), "{bad}");
        }
    }
}
