//! The snippets that the language was made for, each in a system that is healthy and in one with the bug that the
//! snippet is there to find.

use crate::shop::{Bug, Shop};
use crate::toy::Toy;
use crate::{failure, fixture, good};
use model::Verdict;

/// Runs a fixture's test against a shop; `expected` is kind, property, part of the message and place of the failure.
#[track_caller]
fn check(name: &str, test: &str, bug: Bug, expected: Option<(&str, &str, &str, &str)>) {
    let spec = good(&fixture(&format!("{name}.star")).expect("a fixture"));
    let shop = Shop::new(bug);
    let toy = Toy::new(spec.plan(), &shop);
    let verdict = spec.run(test, &toy);
    match expected {
        None => assert_eq!(verdict, Verdict::Held, "{name} {test} {bug:?}"),
        Some((kind, property, message, location)) => {
            let failure = failure(verdict);
            assert_eq!((failure.kind.as_str(), failure.property.as_str()), (kind, property), "{failure}");
            assert!(failure.message.contains(message), "{failure}");
            assert_eq!(failure.location.as_deref(), Some(location), "{failure}");
        }
    }
}

#[test]
fn s01_a_matrix_with_an_override() {
    let cell = "test_matrix_order_flow_db_down";
    check("s01_matrix", "test_order_flow", Bug::None, None);
    check("s01_matrix", cell, Bug::None, None);
    let expected = ("assertion", "matrix_order_flow_db_down", "assert_eq failed: 200 != 503", "spec.star:17:42");
    check("s01_matrix", cell, Bug::IgnoresDbDown, Some(expected));
}

#[test]
fn s02_a_monitor_on_an_assumption() {
    let test = "test_order_persisted_when_down";
    check("s02_monitor", test, Bug::None, None);
    let expected = ("monitor", "order_persisted", "order confirmed but not persisted!", "spec.star:11:13");
    check("s02_monitor", test, Bug::ConfirmsFirst, Some(expected));
    check("s02_monitor", test, Bug::NeverWrites, Some(expected));
}

#[test]
fn s03_s08_safety_with_is_not_none() {
    let test = "test_stock_never_negative";
    check("s03_safety", test, Bug::None, None);
    let expected = ("assertion", "stock_never_negative", r#"stdout of inventory at"#, "spec.star:11:5");
    check("s03_safety", test, Bug::Oversells, Some(expected));
}

#[test]
fn s04_liveness_is_judged_at_rest() {
    let expected = |property, place| Some(("assertion", property, "must eventually happen did not", place));
    check("s04_liveness", "test_failed_order_is_retried", Bug::None, None);
    let broken = expected("failed_order_is_retried", "spec.star:10:5");
    check("s04_liveness", "test_failed_order_is_retried", Bug::NeverRetries, broken);
    check("s04_liveness", "test_retry_in_a_body", Bug::None, None);
    check("s04_liveness", "test_retry_in_a_body", Bug::NeverRetries, expected("retry_in_a_body", "spec.star:10:5"));
}

#[test]
fn s07_s08_parallel_orders() {
    check("s07_parallel", "test_concurrent_orders", Bug::Oversells, None);
    check("s07_parallel", "test_no_overselling", Bug::None, None);
    let expected = ("assertion", "no_overselling", "oversold: both orders succeeded", "spec.star:15:30");
    check("s07_parallel", "test_no_overselling", Bug::Oversells, Some(expected));
}

#[test]
fn s09_s15_a_denied_call() {
    check("s09_denied", "test_matrix_order_flow_db_slow", Bug::None, None);
    let expected = (
        "assertion",
        "matrix_order_flow_db_down",
        "API received denied syscall — check error handling: #",
        "spec.star:8:5",
    );
    check("s09_denied", "test_matrix_order_flow_db_down", Bug::None, Some(expected));
}

#[test]
fn s10_a_call_before_a_step() {
    check("s10_order", "test_wal_before_response", Bug::None, None);
    let expected = ("assertion", "wal_before_response", "no event matches `first`", "spec.star:8:5");
    check("s10_order", "test_wal_before_response", Bug::NeverWrites, Some(expected));
}

#[test]
fn s11_s12_a_tuple_of_assertions() {
    let test = "test_order_durability";
    check("s12_oracle", "test_create_order", Bug::RefusesAll, None);
    check("s12_oracle", test, Bug::None, None);
    let expected = |message, place| Some(("assertion", "order_durability", message, place));
    check("s12_oracle", test, Bug::RefusesAll, expected("assert_eq failed: 400 != 200", "spec.star:11:9"));
    check("s12_oracle", test, Bug::NeverWrites, expected("must eventually happen did not", "spec.star:13:9"));
    check("s12_oracle", test, Bug::AnswersFirst, expected("the wrong order: #", "spec.star:16:9"));
}

#[test]
fn s13_s14_a_filtered_monitor_on_two_assumptions() {
    let (slow, fail) = ("test_matrix_create_order_db_slow", "test_matrix_create_order_db_write_fail");
    check("s13_assumptions", slow, Bug::None, None);
    check("s13_assumptions", fail, Bug::None, None);
    let expected = ("monitor", "order_persisted_check", "order confirmed but not persisted!", "spec.star:13:13");
    check("s13_assumptions", slow, Bug::ConfirmsFirst, Some(expected));
    check("s13_assumptions", fail, Bug::ConfirmsFirst, Some(expected));
    let expected = ("assertion", "matrix_create_order_db_write_fail", "assertion failed", "spec.star:39:13");
    check("s13_assumptions", fail, Bug::AnswersFirst, Some(expected));
}
