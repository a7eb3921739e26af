//! Names of the wider language that are known but not supported: to use one is an error that names the alternative.

use crate::diagnostic::Diagnostic;
use allocative::Allocative;
use starlark::any::ProvidesStaticType;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, StarlarkValue, Value, starlark_value};
use std::fmt;

/// A builtin that is not there.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Unsupported {
    pub(crate) name: String,
    pub(crate) instead: &'static str,
}

starlark_simple_value!(Unsupported);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} is not supported>", self.name)
    }
}

#[starlark_value(type = "unsupported")]
impl<'v> StarlarkValue<'v> for Unsupported {
    fn invoke(
        &self,
        _: Value<'v>,
        _: &Arguments<'v, '_>,
        _: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        Err(Diagnostic::unsupported(&format!("{}()", self.name), self.instead).into())
    }
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        let name = format!("{}.{attribute}", self.name);
        Some(heap.alloc(Unsupported { name, instead: self.instead }))
    }
}
