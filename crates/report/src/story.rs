//! A counterexample as a story: the few choices in which a run departed from the ordinary one, each with the call it
//! happened at.

use crate::Names;
use crate::events::{call_name, call_text, thread_name};
use model::{Body, Call, Decision, Event, Note, Stream, ThreadId, Value};

/// One line for each choice that was not the ordinary one.
pub fn story(names: Names<'_>, events: &[Event]) -> Vec<String> {
    let mut lines = Vec::new();
    for (position, event) in events.iter().enumerate() {
        let Body::Note(note) = &event.body else { continue };
        if &*note.kind == "choice" {
            let when = event.at.elapsed();
            lines.push(format!("at {when}, {}", sentence(names, events, position, note)));
        }
    }
    lines
}

fn int(note: &Note, name: &str) -> u64 {
    match note.get(name) {
        Some(Value::Int(n)) => *n as u64,
        _ => 0,
    }
}

fn sentence(names: Names<'_>, events: &[Event], position: usize, note: &Note) -> String {
    let stream = Stream(int(note, "stream"));
    let target = thread_name(names, Stream(int(note, "target")).as_thread());
    let kind = match note.get("kind") {
        Some(Value::Text(kind)) => &**kind,
        _ => "",
    };
    match kind {
        "preempt" => {
            let thread = stream.as_thread();
            let who = thread_name(names, thread);
            let after = last_call(events, position, thread).map_or_else(|| "starting".to_owned(), brief);
            format!("{target} ran in place of {who}, which had just done {after}")
        }
        "next" => {
            let thread = stream.as_thread();
            let who = thread_name(names, thread);
            let after = last_call(events, position, thread).map_or_else(|| "starting".to_owned(), brief);
            format!("when {who} gave way (after {after}), {target} ran before those that had waited longer")
        }
        "latency" => {
            let (from, to) = stream.as_link();
            let name = |id: model::ServiceId| names.get(id.index()).map_or("?", String::as_str);
            let times = 1u64 << (2 * int(note, "picked").min(31));
            format!("a packet from {} to {} took {times} times as long as usual", name(from), name(to))
        }
        "fault" => {
            let denied = events[position..].iter().find_map(|e| match &e.body {
                Body::Call(call) if call.decision != Decision::Allow => Some((e.thread, call)),
                _ => None,
            });
            match denied {
                Some((thread, call)) if is_about_calls(events, stream) => {
                    format!("{}: {}", thread_name(names, thread), call_text(call))
                }
                _ => match rule_of(events, stream) {
                    Some(rule) => format!("a fault: {rule}"),
                    None if stream.0 >= DISKS => "a disk kept more than it had to, or tore a block".to_owned(),
                    None => format!("fault rule {} fired", stream.0),
                },
            }
        }
        "transfer" => {
            let thread = stream.as_thread();
            let who = thread_name(names, thread);
            let cut = events[position..].iter().filter(|e| e.thread == thread).find_map(|e| match &e.body {
                Body::Call(call) => Some(call),
                _ => None,
            });
            match cut {
                Some(call) => short(&who, call),
                None => format!("{who} moved only a part of what it could"),
            }
        }
        _ => format!("question {} of the specification was answered {}", stream.0, int(note, "picked")),
    }
}

/// A call that moved less than it could.
fn short(who: &str, call: &Call) -> String {
    let name = call_name(call.number);
    let moved = call.result;
    if ["write", "send"].iter().any(|prefix| name.starts_with(prefix)) {
        format!("a short write: {name} of {who} took only {moved} bytes although there was room for more")
    } else {
        format!("a short read: {name} of {who} returned {moved} bytes although more had been sent")
    }
}

/// Streams of faults that are disks rather than rules are numbered from here on.
const DISKS: u64 = 1 << 31;

/// What the specification says about the rule of a stream.
fn rule_of(events: &[Event], stream: Stream) -> Option<&str> {
    events.iter().find_map(|event| {
        let Body::Note(note) = &event.body else { return None };
        let is_it = &*note.kind == "fault_applied" && note.get("id") == Some(&Value::Int(stream.0 as i64));
        match note.get("rule") {
            Some(Value::Text(rule)) if is_it => Some(&**rule),
            _ => None,
        }
    })
}

/// Whether a rule decides about the call that it fires at, so that the call shows it.
fn is_about_calls(events: &[Event], stream: Stream) -> bool {
    rule_of(events, stream)
        .is_none_or(|rule| ["deny(", "delay("].iter().any(|a| rule.starts_with(a)) && rule.contains(" on "))
}

fn last_call(events: &[Event], position: usize, thread: ThreadId) -> Option<&Call> {
    events[..position].iter().rev().filter(|e| e.thread == thread).find_map(|e| match &e.body {
        Body::Call(call) => Some(call),
        _ => None,
    })
}

fn brief(call: &Call) -> String {
    match &call.path {
        Some(path) => format!("{}({path})", call_name(call.number)),
        None => call_name(call.number),
    }
}
