//! What a step answers.

use crate::values::alloc_json;
use allocative::Allocative;
use starlark::any::ProvidesStaticType;
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, StarlarkValue, Value, starlark_value};
use std::fmt;

/// An answer; true in a condition if there was one at all.
#[derive(Clone, Debug, Default, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Response {
    /// 0 if there was no answer.
    pub(crate) status: u16,
    /// Without surrounding white space.
    pub(crate) body: String,
    /// Why there was no answer; empty if there was one.
    pub(crate) error: String,
    pub(crate) duration_ms: i64,
}

starlark_simple_value!(Response);

const ATTRIBUTES: [&str; 6] = ["body", "data", "duration_ms", "error", "ok", "status"];

impl Response {
    pub(crate) fn ok(&self) -> bool {
        self.error.is_empty()
    }
}

#[starlark_value(type = "response")]
impl<'v> StarlarkValue<'v> for Response {
    fn to_bool(&self) -> bool {
        self.ok()
    }
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        Some(match attribute {
            "status" => heap.alloc(i32::from(self.status)),
            "body" => heap.alloc(self.body.as_str()),
            "data" => match serde_json::from_str(&self.body) {
                Ok(json) => alloc_json(&json, heap),
                Err(_) => heap.alloc(self.body.as_str()),
            },
            "ok" => Value::new_bool(self.ok()),
            "error" => heap.alloc(self.error.as_str()),
            "duration_ms" => heap.alloc(self.duration_ms),
            _ => return None,
        })
    }
    fn dir_attr(&self) -> Vec<String> {
        ATTRIBUTES.map(str::to_owned).to_vec()
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ok() {
            true => write!(f, "response(status={}, body={:?})", self.status, self.body),
            false => write!(f, "response(error={:?})", self.error),
        }
    }
}
