//! One event as one line, readable like the output of strace(1).
//!
//! ```text
//! #412  12.301ms  api/103        sendto(5 <db:5432>, 0x…, 0x21) = 33
//! ```

use crate::Names;
use model::{Body, Call, Decision, Event, Line, LineSource, Note, ThreadId, Value};
use syscalls::Sysno;

/// `service/tid`.
pub fn thread_name(names: Names<'_>, thread: ThreadId) -> String {
    let service = names.get(thread.service.index()).map_or("?", String::as_str);
    format!("{service}/{}", thread.tid)
}

/// An event as one line.
pub fn event_line(names: Names<'_>, event: &Event) -> String {
    let who = thread_name(names, event.thread);
    let when = event.at.elapsed().to_string();
    let what = match &event.body {
        Body::Call(call) => call_text(call),
        Body::Line(line) => line_text(line),
        Body::Note(note) => note_text(note),
    };
    format!("{:<7} {when:>11}  {who:<16} {what}", event.index.to_string())
}

/// The name of a call.
pub(crate) fn call_name(number: u16) -> String {
    Sysno::new(usize::from(number)).map_or_else(|| format!("call_{number}"), |s| s.name().to_owned())
}

/// A call as strace shows it, without reading memory: numbers, the path, the result.
pub(crate) fn call_text(call: &Call) -> String {
    let name = call_name(call.number);
    let mut arguments: Vec<String> =
        call.args[..model::argument_count(call.number)].iter().map(|a| number(*a)).collect();
    if let Some(path) = &call.path {
        match arguments.first_mut() {
            Some(first) => *first = format!("{first} <{path}>"),
            None => arguments.push(format!("<{path}>")),
        }
    }
    let mut text = format!("{name}({}) = {}", arguments.join(", "), result(call.result));
    if call.decision != Decision::Allow {
        text.push_str(&format!("   [fault: {}]", call.decision.text()));
    }
    text
}

fn number(n: u64) -> String {
    match n {
        0..=4096 => n.to_string(),
        n if (n as i32) < 0 && (n as i32) > -4096 && n >> 32 == 0 => (n as i32).to_string(),
        n if (n as i64) < 0 && (n as i64) > -4096 => (n as i64).to_string(),
        n => format!("{n:#x}"),
    }
}

fn result(value: i64) -> String {
    match value {
        -4095..=-1 => {
            let errno = model::Errno(-value as i32);
            format!("-1 {} ({})", errno.name(), errno.message())
        }
        0..=65536 => value.to_string(),
        _ => format!("{value:#x}"),
    }
}

fn line_text(line: &Line) -> String {
    let source = match line.source {
        LineSource::Stdout => "stdout".to_owned(),
        LineSource::Stderr => "stderr".to_owned(),
        LineSource::Wal => format!("wal {}", line.path.as_deref().unwrap_or("?")),
        LineSource::Topic => format!("topic {}", line.path.as_deref().unwrap_or("?")),
    };
    format!("{source}: {}", line.text)
}

fn note_text(note: &Note) -> String {
    let fields: Vec<String> = note.fields.iter().map(|(k, v)| format!("{k}={}", value_text(v))).collect();
    format!("* {} {}", note.kind, fields.join(" "))
}

pub(crate) fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) if text.contains([' ', '\n', '"']) => format!("{text:?}"),
        Value::Text(text) => text.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
    }
}
