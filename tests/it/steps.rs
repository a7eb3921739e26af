//! Steps against real servers, and what their traffic is seen as: each protocol with a healthy and with a broken system.

use crate::support::{Ran, Scratch, command, finish, fixture, skipped};
use std::path::Path;

/// What a specification of the fixture needs; `None` if it is not installed.
fn prepared(files: &[&str], program: &str) -> Option<Scratch> {
    if !Path::new(program).exists() {
        skipped(&format!("{program} is not installed"));
        return None;
    }
    let scratch = Scratch::new("steps");
    for file in files {
        scratch.copy(&fixture(&format!("steps/{file}")));
    }
    Some(scratch)
}

fn run(scratch: &Scratch, verb: &str, spec: &str, more: &[&str]) -> Ran {
    let (spec, output) = (scratch.at(spec), scratch.at("found"));
    finish(command(&[&[verb, &spec, "--output", &output], more].concat()))
}

/// The same specification with something else in the place of something that it says.
fn altered(scratch: &Scratch, from: &str, before: &str, after: &str) -> &'static str {
    let text = std::fs::read_to_string(scratch.at(from)).expect("the specification");
    assert!(text.contains(before), "{from} does not say {before:?}");
    scratch.file("altered.star", text.replace(before, after));
    "altered.star"
}

#[test]
fn steps_speak_udp() {
    let Some(scratch) = prepared(&["udp.star", "echo.py"], "/usr/bin/python3") else { return };
    run(&scratch, "test", "udp.star", &[]).exits(0).says(&["5 passed, 0 failed"]);
    run(&scratch, "explore", "udp.star", &["--test", "both_at_once", "--seeds", "40", "--twice"]).exits(0);
    let broken = run(&scratch, "test", "udp.star", &["--env", "ECHO_BUG=forgets"]).exits(1);
    broken.says(&[
        "FAIL test_both_at_once",
        "[\"you said one\", \"you said one\"] != [\"you said one\", \"you said two\"]",
    ]);
}

#[test]
fn steps_speak_redis() {
    let Some(scratch) = prepared(&["redis.star"], "/usr/bin/redis-server") else { return };
    run(&scratch, "test", "redis.star", &[]).exits(0).says(&["5 passed, 0 failed"]);
    let forgetful = altered(&scratch, "redis.star", "\"--appendonly\", \"yes\"", "\"--appendonly\", \"no\"");
    let broken = run(&scratch, "test", forgetful, &[]).exits(1);
    broken.says(&["FAIL test_kept_through_a_power_failure", "what was set is there", "4 passed, 1 failed"]);
}

/// What is published through redis is seen, of channels and streams: an event that is published for an order that was
/// not stored is found, and so is one that is published too early.
#[test]
fn messages_through_redis_are_events() {
    let Some(scratch) = prepared(&["topics.star", "orders.py"], "/usr/bin/redis-server") else { return };
    run(&scratch, "test", "topics.star", &[]).exits(0).says(&["4 passed, 0 failed"]);
    run(&scratch, "explore", "topics.star", &["--seeds", "10", "--twice"]).exits(0);
    for (bug, test) in [("publishes-anyway", "matrix_order_cannot_write"), ("publishes-first", "no_orphans")] {
        let more = ["--test", test, "--env", &format!("ORDERS_BUG={bug}")];
        let ran = run(&scratch, "test", "topics.star", &more).exits(1);
        ran.says(&["monitor: no_orphan_events: event published without DB insert"]);
    }
}

#[test]
fn polls_are_events_and_no_reason_to_go_on() {
    let Some(scratch) = prepared(&["polls.star", "queue.py"], "/usr/bin/python3") else { return };
    run(&scratch, "test", "polls.star", &[]).exits(0).says(&["4 passed, 0 failed"]);
    run(&scratch, "explore", "polls.star", &["--test", "worked_off", "--seeds", "10", "--twice"]).exits(0);
    let broken = run(&scratch, "test", "polls.star", &["--env", "QUEUE_BUG=stuck"]).exits(1);
    broken.says(&["FAIL test_worked_off", "all jobs are done: none of"]);
}
