//! The values of the language that Starlark does not have by itself.

#![expect(unsafe_code, reason = "the derives of starlark implement its unsafe marker traits")]

pub(crate) mod domain;
pub(crate) mod event;
pub(crate) mod fault;
pub(crate) mod health;
pub(crate) mod link;
pub(crate) mod monitor;
pub(crate) mod oracle;
pub(crate) mod relations;
pub(crate) mod response;
pub(crate) mod service;
pub(crate) mod temporal;
pub(crate) mod unsupported;

use serde_json::Value as Json;
use starlark::values::dict::AllocDict;
use starlark::values::list::AllocList;
use starlark::values::{Heap, Value};

/// A JSON value as a value of the language. Whole numbers become ints even if they were written with a fraction.
pub(crate) fn alloc_json<'v>(json: &Json, heap: Heap<'v>) -> Value<'v> {
    match json {
        Json::Null => Value::new_none(),
        Json::Bool(b) => Value::new_bool(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
            (Some(n), ..) => heap.alloc(n),
            (_, Some(n), _) => heap.alloc(n),
            (.., Some(f)) if f.fract() == 0.0 && f.abs() < 2f64.powi(53) => heap.alloc(f as i64),
            (.., f) => heap.alloc(f.unwrap_or(0.0)),
        },
        Json::String(s) => heap.alloc(s.as_str()),
        Json::Array(items) => heap.alloc(AllocList(items.iter().map(|v| alloc_json(v, heap)))),
        Json::Object(map) => heap.alloc(AllocDict(map.iter().map(|(k, v)| (k.as_str(), alloc_json(v, heap))))),
    }
}
