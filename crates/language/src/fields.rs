//! An event seen as named fields, the way specifications see it. One view serves filters, which read fields of events
//! in the log without copying them, and the event values of the language.
//!
//! | event | fields besides `type`, `service`, `seq` |
//! |---|---|
//! | system call | `syscall` `pid` `decision` `result`, and if there are any `path` `dest` `bytes` `op` `errno` `latency_ms` |
//! | line | `raw` `body`, the file's `path`, the top-level keys of a JSON object; a wal line has `op` and `action` both |
//! | note | its own, and of a message or a poll the top-level keys of its body |

use model::event::{Body, Decision, LineSource};
use model::plan::{LineDecoder, Plan};
use model::{Errno, Event, Value};
use regex::Regex;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use syscalls::Sysno;

/// Fields that every event has, whatever its payload says.
pub(crate) const INTRINSIC: [&str; 5] = ["type", "service", "seq", "event_type", "timestamp"];

/// Something that is an event.
pub(crate) trait Fields {
    fn event(&self) -> &Event;
    /// Who did it: a service's name, or `test`.
    fn service(&self) -> &str;
    /// The payload of a line that is a JSON object.
    fn json(&self) -> Option<&Map<String, Json>>;

    /// A field as text; `None` if the event does not have it.
    fn field<'a>(&'a self, name: &str) -> Option<Cow<'a, str>> {
        let event = self.event();
        match name {
            "type" => return Some(event.kind().into()),
            "service" => return Some(self.service().into()),
            "seq" => return Some(event.index.0.to_string().into()),
            "timestamp" => return Some(event.at.elapsed().0.to_string().into()),
            "event_type" => return Some(self.event_type().into()),
            _ => {}
        }
        match &event.body {
            Body::Call(_) => call_field(event, name),
            Body::Line(line) => match name {
                "raw" => Some((&*line.text).into()),
                "path" if line.path.is_some() => line.path.as_deref().map(Into::into),
                "body" => Some(self.json_text("body").unwrap_or_else(|| (&*line.text).into())),
                "op" if line.source == LineSource::Wal => self.json_text("op").or_else(|| self.json_text("action")),
                "action" if line.source == LineSource::Wal => self.json_text("action").or_else(|| self.json_text("op")),
                "topic" if line.source == LineSource::Topic => {
                    let stem = || line.path.as_deref().map(|p| stem(p).into());
                    self.json_text("topic").or_else(stem)
                }
                _ => self.json_text(name),
            },
            Body::Note(note) => note.get(name).map(value_text).or_else(|| self.json_text(name)),
        }
    }

    /// A top-level key of the payload, as text.
    fn json_text<'a>(&'a self, name: &str) -> Option<Cow<'a, str>> {
        self.json()?.get(name).map(json_text)
    }

    /// The type, with what distinguishes events of it: `syscall.write`, `lifecycle.ready`, `step_send.api`.
    fn event_type(&self) -> String {
        let event = self.event();
        let kind = event.kind();
        let detail = |name| self.field(name).unwrap_or_default();
        match kind {
            "syscall" => format!("syscall.{}", detail("syscall")),
            "service_started" => "lifecycle.started".to_owned(),
            "service_ready" => "lifecycle.ready".to_owned(),
            _ if kind.starts_with("step_") => format!("{kind}.{}", detail("target")),
            _ => kind.to_owned(),
        }
    }

    /// The names of the fields that this event has, without the intrinsic ones.
    fn names(&self) -> Vec<Cow<'_, str>> {
        let event = self.event();
        let mut names: Vec<Cow<'_, str>> = Vec::new();
        match &event.body {
            Body::Call(_) => {
                let all =
                    ["syscall", "pid", "decision", "result", "path", "dest", "bytes", "op", "errno", "latency_ms"];
                names.extend(all.into_iter().filter(|n| call_field(event, n).is_some()).map(Cow::from));
            }
            Body::Line(line) => {
                names.extend(["raw", "body"].map(Cow::from));
                names.extend(line.path.is_some().then(|| Cow::from("path")));
                names.extend((line.source == LineSource::Topic).then(|| Cow::from("topic")));
                let wal = if line.source == LineSource::Wal { ["op", "action"].as_slice() } else { &[] };
                names.extend(wal.iter().filter(|n| self.field(n).is_some()).map(|n| Cow::from(*n)));
                let keys = self.json().into_iter().flat_map(Map::keys);
                let keys: Vec<Cow<'_, str>> = keys.map(|k| Cow::from(k.as_str())).collect();
                for key in keys {
                    if !names.contains(&key) && !INTRINSIC.contains(&&*key) {
                        names.push(key);
                    }
                }
            }
            Body::Note(note) => {
                let own = note.fields.iter().map(|(k, _)| Cow::from(&**k));
                let payload = self.json().into_iter().flat_map(Map::keys).map(|k| Cow::from(k.as_str()));
                for name in own.chain(payload).filter(|k| !INTRINSIC.contains(&&**k)).collect::<Vec<_>>() {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
        names
    }

    /// Whether the event is more than a thread that wakes and looks: something was written, sent or read, said or done.
    fn is_of_note(&self) -> bool {
        match &self.event().body {
            Body::Line(_) => true,
            Body::Note(note) => !matches!(&*note.kind, "choice" | "signal"),
            Body::Call(call) => {
                let moved = call.result > 0 && TRANSFERS.contains(&&*call_name(call.number));
                moved && (self.field("dest").is_some() || call.path.as_deref().is_some_and(|p| p.starts_with('/')))
            }
        }
    }

    /// The event in a line, for messages.
    fn describe(&self) -> String {
        const SHOWN: usize = 120;
        let event = self.event();
        let field = |name| self.field(name).unwrap_or_default();
        let what = match &event.body {
            Body::Call(_) => format!("{} {} {}", field("syscall"), field("path"), field("decision")),
            Body::Line(line) => line.text.to_string(),
            Body::Note(note) => {
                let fields = note.fields.iter().map(|(k, v)| format!("{k}={}", value_text(v)));
                fields.collect::<Vec<_>>().join(" ")
            }
        };
        let what: String = what.chars().take(SHOWN).collect();
        format!("{} {} of {} at {}: {what}", event.index, event.kind(), self.service(), event.at.elapsed())
    }
}

fn call_field<'a>(event: &'a Event, name: &str) -> Option<Cow<'a, str>> {
    let Body::Call(call) = &event.body else { return None };
    match name {
        "syscall" => Some(call_name(call.number)),
        "pid" => Some(event.thread.tid.to_string().into()),
        "decision" => Some(call.decision.text().into()),
        "result" => Some(call.result.to_string().into()),
        "path" => call.path.as_deref().map(Into::into),
        "dest" => call.path.as_deref().filter(|path| !path.starts_with('/') && path.contains(':')).map(Into::into),
        "bytes" if call.result >= 0 && TRANSFERS.contains(&&*call_name(call.number)) => {
            Some(call.result.to_string().into())
        }
        "op" => call.op.as_deref().map(Into::into),
        "errno" => match call.decision {
            Decision::Deny(errno) => Some(errno.name().into()),
            _ => i32::try_from(-call.result).ok().filter(|e| (1..4096).contains(e)).map(|e| Errno(e).name().into()),
        },
        "latency_ms" => match call.decision {
            Decision::Delay(by) => Some((by.0 / 1_000_000).to_string().into()),
            _ => None,
        },
        _ => None,
    }
}

/// Calls whose result is how many bytes they moved.
const TRANSFERS: [&str; 12] = [
    "read", "readv", "pread64", "write", "writev", "pwrite64", "sendto", "sendmsg", "recvfrom", "recvmsg", "sendfile",
    "splice",
];

/// The name of a system call.
pub(crate) fn call_name(number: u16) -> Cow<'static, str> {
    match Sysno::new(usize::from(number)) {
        Some(call) => call.name().into(),
        None => format!("syscall_{number}").into(),
    }
}

fn value_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => (&**text).into(),
        Value::Int(n) => n.to_string().into(),
        Value::Bool(b) => b.to_string().into(),
    }
}

fn json_text(json: &Json) -> Cow<'_, str> {
    match json {
        Json::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// The payload of a line, a message or a poll's answer, if it is a JSON object or its service has a decoder for it.
pub(crate) fn decode(event: &Event, plan: &Plan) -> Option<Map<String, Json>> {
    let (text, source) = match &event.body {
        Body::Line(line) => (&*line.text, line.source),
        Body::Note(note) if matches!(&*note.kind, "topic" | "poll") => match note.get("body")? {
            Value::Text(body) => (&**body, LineSource::Topic),
            _ => return None,
        },
        _ => return None,
    };
    if text.trim_start().starts_with('{')
        && let Ok(json) = serde_json::from_str(text)
    {
        return Some(json);
    }
    let service = plan.service(event.thread.service)?;
    let (_, decoder) = service.decoders.iter().find(|(of, _)| *of == source)?;
    let pairs = match decoder {
        LineDecoder::Logfmt => protocol::logfmt::parse(text),
        LineDecoder::Regex(pattern) => with_regex(pattern, |regex| {
            let groups = regex.captures(text)?;
            let named = regex.capture_names().flatten();
            Some(named.filter_map(|n| Some((n.to_owned(), groups.name(n)?.as_str().to_owned()))).collect())
        })?,
    };
    Some(pairs.into_iter().map(|(key, value)| (key, Json::String(value))).collect())
}

/// Looks with a regular expression, which is compiled once.
fn with_regex<T>(pattern: &str, look: impl FnOnce(&Regex) -> Option<T>) -> Option<T> {
    thread_local! {
        static COMPILED: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
    }
    COMPILED.with_borrow_mut(|compiled| {
        if !compiled.contains_key(pattern) {
            compiled.insert(pattern.to_owned(), Regex::new(pattern).ok()?);
        }
        look(compiled.get(pattern)?)
    })
}

/// A file's name without its ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Who an event is about: what the driver notes about a service counts as that service's.
pub(crate) fn service_of<'a>(event: &'a Event, plan: &'a Plan) -> &'a str {
    match &event.body {
        Body::Note(note) if event.thread.service.is_driver() => match note.get("service") {
            Some(Value::Text(service)) => service,
            _ => plan.name(event.thread.service),
        },
        _ => plan.name(event.thread.service),
    }
}

/// An event of the log, seen without copying it.
pub(crate) struct View<'a> {
    event: &'a Event,
    plan: &'a Plan,
    json: OnceCell<Option<Map<String, Json>>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(event: &'a Event, plan: &'a Plan) -> View<'a> {
        View { event, plan, json: OnceCell::new() }
    }
}

impl Fields for View<'_> {
    fn event(&self) -> &Event {
        self.event
    }
    fn service(&self) -> &str {
        service_of(self.event, self.plan)
    }
    fn json(&self) -> Option<&Map<String, Json>> {
        self.json.get_or_init(|| decode(self.event, self.plan)).as_ref()
    }
}
