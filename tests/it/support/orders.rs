//! The demo system, its bugs, and searches in it.

use super::{Ran, Scratch, build, command, finish};
use std::path::PathBuf;
use trace::Trace;

/// The specification, from the root of the checkout.
pub(crate) const SPEC: &str = "specs/orders";

/// A planted bug and the test that must find it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) test: &'static str,
}

pub(crate) const OVERSELL: Bug = Bug { name: "oversell", test: "no_overselling" };

/// Every planted bug.
pub(crate) const BUGS: [Bug; 3] = [
    OVERSELL,
    Bug { name: "lost-confirmation", test: "matrix_create_order_db_write_fail" },
    Bug { name: "stuck-order", test: "retry_happens" },
];

impl Bug {
    /// The setting that switches on this bug and no other.
    pub(crate) fn env(self) -> String {
        format!("ORDERS_BUGS={}", self.name)
    }
    /// Searches for it alone, with everything that is found in `scratch`.
    #[track_caller]
    pub(crate) fn explore(self, scratch: &Scratch, more: &[&str]) -> Ran {
        build::services();
        let (env, output) = (self.env(), scratch.at("found"));
        let fixed = ["explore", SPEC, "--test", self.test, "--env", &env, "--output", &output];
        finish(command(&[&fixed[..], more].concat()))
    }
    /// Finds it, and returns the saved case.
    #[track_caller]
    pub(crate) fn find(self, scratch: &Scratch) -> Case {
        Case::of(self.explore(scratch, &["--seeds", "10000"]).exits(1))
    }
}

/// A failing case that a search saved.
#[derive(Debug)]
pub(crate) struct Case {
    /// What the search printed.
    pub(crate) ran: Ran,
    /// The shrunk case: what the replay line names.
    pub(crate) shrunk: PathBuf,
    /// The case as it was found: what the shrink line names.
    pub(crate) found: PathBuf,
}

impl Case {
    /// The case that a search reported.
    #[track_caller]
    pub(crate) fn of(ran: Ran) -> Case {
        let named = |what: &str| {
            let line = ran.rest_of(&format!("{what}:"));
            let (_, file) =
                line.split_once(&format!(" {what} ")).unwrap_or_else(|| panic!("no file in {line:?}\n{ran}"));
            PathBuf::from(file)
        };
        let (shrunk, found) = (named("replay"), named("shrink"));
        Case { ran, shrunk, found }
    }
    /// The shrunk case, as text.
    pub(crate) fn file(&self) -> &str {
        self.shrunk.to_str().expect("scratch paths are text")
    }
    /// The shrunk case, read.
    #[track_caller]
    pub(crate) fn trace(&self) -> Trace {
        read(&self.shrunk)
    }
}

/// Reads a saved case.
#[track_caller]
pub(crate) fn read(path: &std::path::Path) -> Trace {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Trace::read(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
