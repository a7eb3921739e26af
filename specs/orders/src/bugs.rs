//! The planted bugs and the switch that turns them on.
//!
//! Each bug is a mistake in one place of one service; the other services accept its name and ignore it, so that one
//! value of `ORDERS_BUGS` can be given to all of them.

use std::fmt;
use std::str::FromStr;

/// The environment variable that names the bugs to switch on, separated by commas.
pub const VARIABLE: &str = "ORDERS_BUGS";

/// A mistake that can be switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The inventory reserves without looking at the stock again.
    Oversell,
    /// The api confirms an order that the database refused.
    LostConfirmation,
    /// The api never retries an order whose connection dropped between request and reply.
    StuckOrder,
}

impl Bug {
    /// Every bug, in the order of the documentation.
    pub const ALL: [Bug; 3] = [Bug::Oversell, Bug::LostConfirmation, Bug::StuckOrder];

    /// The name used in `ORDERS_BUGS`.
    pub fn name(self) -> &'static str {
        match self {
            Bug::Oversell => "oversell",
            Bug::LostConfirmation => "lost-confirmation",
            Bug::StuckOrder => "stuck-order",
        }
    }
}

/// The set of bugs that are switched on; empty in a healthy system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bugs(Vec<Bug>);

impl Bugs {
    /// Whether `bug` is switched on.
    pub fn has(&self, bug: Bug) -> bool {
        self.0.contains(&bug)
    }
}

impl FromStr for Bugs {
    type Err = UnknownBug;

    fn from_str(list: &str) -> Result<Self, UnknownBug> {
        let mut bugs = Vec::new();
        for name in list.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            match Bug::ALL.into_iter().find(|bug| bug.name() == name) {
                Some(bug) => bugs.push(bug),
                None => return Err(UnknownBug(name.to_owned())),
            }
        }
        Ok(Bugs(bugs))
    }
}

/// A name in `ORDERS_BUGS` that is no bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBug(String);

impl fmt::Display for UnknownBug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Bug::ALL.map(Bug::name).join(", ");
        write!(f, "unknown bug `{}` (known: {known})", self.0)
    }
}

impl std::error::Error for UnknownBug {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_a_healthy_system() {
        assert_eq!("".parse(), Ok(Bugs::default()));
        assert_eq!(" , ".parse(), Ok(Bugs::default()));
    }

    #[test]
    fn listed_bugs_are_on_and_others_off() {
        let bugs: Bugs = "oversell, stuck-order".parse().unwrap();
        assert!(bugs.has(Bug::Oversell));
        assert!(bugs.has(Bug::StuckOrder));
        assert!(!bugs.has(Bug::LostConfirmation));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "oversel".parse::<Bugs>().unwrap_err().to_string();
        assert_eq!(error, "unknown bug `oversel` (known: oversell, lost-confirmation, stuck-order)");
    }
}
