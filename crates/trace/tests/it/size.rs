//! What repeats is small.

use crate::sample::{event_loop, thread_pools, trace_of, write};
use model::Event;

#[track_caller]
fn check(name: &str, events: Vec<Event>, most: f64) {
    let count = events.len() as f64;
    let bytes = write(&trace_of(events, Vec::new())).len() as f64;
    println!("{name}: {:.2} bytes per event", bytes / count);
    assert!(bytes / count < most, "{name}: {:.2} bytes per event, at most {most} allowed", bytes / count);
}

#[test]
fn repetitive_services_cost_few_bytes_per_event() {
    check("one thread, sixteen connections", event_loop(10_000), 3.0);
    check("two services of six threads", thread_pools(30_000), 3.0);
}
