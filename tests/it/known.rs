//! Known defects: what a test demands and fbsim does not do yet, each with the reason. The demand stays as it is; the
//! table says that it is not met. When it is met the test fails until the entry is gone, so the table only shrinks.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Demands that are not met: their names, and what happens instead.
const DEFECTS: &[(&str, &str)] = &[];

/// Checks a demand that may be in the table.
#[track_caller]
pub(crate) fn demand(name: &str, check: impl FnOnce()) {
    let known = DEFECTS.iter().find(|(n, _)| *n == name);
    match (known, catch_unwind(AssertUnwindSafe(check))) {
        (None, Ok(())) => {}
        (None, Err(failure)) => std::panic::resume_unwind(failure),
        (Some((_, instead)), Err(_)) => {
            let _ = writeln!(std::io::stderr(), "  KNOWN DEFECT: {name}: {instead}");
        }
        (Some(_), Ok(())) => panic!("{name} is no defect any more: remove it from the table in tests/it/known.rs"),
    }
}
