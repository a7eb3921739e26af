//! Events as values. There is one kind, and it can be used in every way that specifications use events:
//! `e.type`, `e["type"]`, `e.get("type", "")`, `"type" in e`, `e.keys()`, `e.items()`, `e.data`, `e.fields`.
//!
//! A missing attribute is `""`, so that one lambda can be asked about all events; a missing index is an error. Fields
//! are text; `data` has the payload with its types.

use crate::fields::{Fields, INTRINSIC, decode};
use crate::values::alloc_json;
use crate::values::relations::relations;
use allocative::Allocative;
use model::event::{Body, LineSource};
use model::plan::Plan;
use model::{Event, Value as FieldValue};
use serde_json::{Map, Value as Json};
use starlark::any::ProvidesStaticType;
use starlark::collections::SmallMap;
use starlark::environment::{Methods, MethodsBuilder, MethodsStatic};
use starlark::values::dict::AllocDict;
use starlark::values::{Heap, NoSerialize, StarlarkValue, Value, ValueError, starlark_value};
use starlark::{starlark_module, starlark_simple_value};
use std::fmt;

/// An event.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct EventValue {
    #[allocative(skip)]
    event: Event,
    service: String,
    #[allocative(skip)]
    json: Option<Map<String, Json>>,
}

starlark_simple_value!(EventValue);

impl EventValue {
    pub(crate) fn new(event: Event, service: &str, plan: &Plan) -> EventValue {
        let json = decode(&event, plan);
        EventValue { event, service: service.to_owned(), json }
    }

    fn lookup<'v>(&self, name: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        match name {
            "seq" => Some(heap.alloc(self.event.index.0)),
            "timestamp" => Some(heap.alloc(self.event.at.elapsed().0)),
            _ => self.field(name).map(|text| heap.alloc(&*text)),
        }
    }

    fn keys(&self) -> Vec<String> {
        let intrinsic = ["type", "service", "seq"].map(str::to_owned);
        intrinsic.into_iter().chain(self.names().into_iter().map(Into::into)).collect()
    }

    fn fields_dict<'v>(&self, heap: Heap<'v>) -> Value<'v> {
        let fields = self.names().into_iter().filter_map(|name| Some((name.clone(), self.lookup(&name, heap)?)));
        heap.alloc(AllocDict(fields.map(|(name, value)| (heap.alloc(&*name), value)).collect::<Vec<_>>()))
    }

    /// The payload with its types; for an event without one, its fields.
    fn data<'v>(&self, heap: Heap<'v>) -> Value<'v> {
        match (&self.event.body, self.json()) {
            (Body::Line(line), Some(json)) => {
                let mut data: SmallMap<&str, Value<'v>> =
                    json.iter().map(|(k, v)| (k.as_str(), alloc_json(v, heap))).collect();
                if line.source == LineSource::Wal {
                    let (op, action) = (data.get("op").copied(), data.get("action").copied());
                    if let (Some(value), None) | (None, Some(value)) = (op, action) {
                        data.insert(if op.is_none() { "op" } else { "action" }, value);
                    }
                }
                heap.alloc(AllocDict(data))
            }
            (Body::Note(note), payload) => {
                let typed = |value: &FieldValue| match value {
                    FieldValue::Text(text) => heap.alloc(&**text),
                    FieldValue::Int(n) => heap.alloc(*n),
                    FieldValue::Bool(b) => Value::new_bool(*b),
                };
                let mut data: SmallMap<&str, Value<'v>> = note.fields.iter().map(|(k, v)| (&**k, typed(v))).collect();
                data.extend(payload.into_iter().flatten().map(|(k, v)| (k.as_str(), alloc_json(v, heap))));
                heap.alloc(AllocDict(data))
            }
            _ => self.fields_dict(heap),
        }
    }
}

impl Fields for EventValue {
    fn event(&self) -> &Event {
        &self.event
    }
    fn service(&self) -> &str {
        &self.service
    }
    fn json(&self) -> Option<&Map<String, Json>> {
        self.json.as_ref()
    }
}

#[starlark_value(type = "event")]
impl<'v> StarlarkValue<'v> for EventValue {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        Some(match attribute {
            "data" => self.data(heap),
            "fields" => self.fields_dict(heap),
            name => self.lookup(name, heap).unwrap_or_else(|| heap.alloc("")),
        })
    }
    fn dir_attr(&self) -> Vec<String> {
        let names = self.names();
        let names = names.iter().map(|n| &**n).chain(INTRINSIC).chain(["data", "fields"]);
        names.map(str::to_owned).collect()
    }
    fn at(&self, index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let missing = || starlark::Error::new_value(ValueError::KeyNotFound(index.to_repr()));
        let name = index.unpack_str().ok_or_else(missing)?;
        match name {
            "data" if self.field("data").is_none() => Ok(self.data(heap)),
            name => self.lookup(name, heap).ok_or_else(missing),
        }
    }
    fn is_in(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(other.unpack_str().is_some_and(|name| self.field(name).is_some()))
    }
    fn get_methods() -> Option<&'static Methods> {
        static METHODS: MethodsStatic = MethodsStatic::new("event", all_methods);
        Some(METHODS.methods())
    }
}

fn all_methods(builder: &mut MethodsBuilder) {
    methods(builder);
    relations(builder);
}

#[starlark_module]
fn methods(builder: &mut MethodsBuilder) {
    /// A field, or a default if the event does not have it.
    fn get<'v>(
        this: &EventValue,
        #[starlark(require = pos)] key: &str,
        #[starlark(require = pos)] default: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        Ok(this.lookup(key, heap).or(default).unwrap_or_else(Value::new_none))
    }
    /// The names of the event's fields.
    fn keys(this: &EventValue) -> starlark::Result<Vec<String>> {
        Ok(EventValue::keys(this))
    }
    /// The event's fields as pairs of name and value.
    fn items<'v>(this: &EventValue, heap: Heap<'v>) -> starlark::Result<Vec<(String, Value<'v>)>> {
        let keys = EventValue::keys(this);
        Ok(keys.into_iter().filter_map(|key| this.lookup(&key, heap).map(|value| (key, value))).collect())
    }
}

impl fmt::Display for EventValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event({})", self.describe())
    }
}
