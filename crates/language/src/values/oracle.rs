//! Ready-made expectations: `expect_success()`, `expect_error_within(ms)`, `expect_hang()`. Each is a function of what the
//! scenario returned: a response, or a list of them.

use crate::args::brief;
use crate::diagnostic::Violation;
use crate::values::response::Response;
use allocative::Allocative;
use starlark::any::ProvidesStaticType;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::{NoSerialize, StarlarkValue, UnpackValue, Value, starlark_value};
use std::fmt;

/// An expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) enum Oracle {
    /// Every answer came and says that all is well.
    Success,
    /// Every answer says that it failed, and came within so many milliseconds.
    ErrorWithin(i64),
    /// No answer came.
    Hang,
}

starlark_simple_value!(Oracle);

impl Oracle {
    fn judge(self, result: Value<'_>) -> Result<(), String> {
        if let Ok(Some(list)) = UnpackListOrTuple::<Value<'_>>::unpack_value(result) {
            return list.items.into_iter().try_for_each(|v| self.judge(v));
        }
        let response = Response::from_value(result);
        let failed = |r: &Response| !r.ok() || r.status >= 400;
        match (self, response) {
            (Oracle::Success, Some(r)) if failed(r) => Err(format!("expected success, got {r}")),
            (Oracle::Success, None) if result.is_none() => Err("expected success, got None".to_owned()),
            (Oracle::ErrorWithin(ms), Some(r)) if !failed(r) => {
                Err(format!("expected an error within {ms} ms, got {r}"))
            }
            (Oracle::ErrorWithin(ms), Some(r)) if r.duration_ms > ms => {
                Err(format!("expected an error within {ms} ms, got one after {} ms", r.duration_ms))
            }
            (Oracle::ErrorWithin(ms), None) => {
                Err(format!("expected an error within {ms} ms, got {}, which is no response", brief(result)))
            }
            (Oracle::Hang, Some(r)) if r.ok() => Err(format!("expected no answer, got {r}")),
            (Oracle::Hang, None) if !result.is_none() => Err(format!("expected no answer, got {}", brief(result))),
            _ => Ok(()),
        }
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for Oracle {
    fn invoke(
        &self,
        _: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let result = args.positional1(eval.heap())?;
        self.judge(result).map_err(Violation::new)?;
        Ok(Value::new_none())
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Oracle::Success => f.write_str("expect_success"),
            Oracle::ErrorWithin(ms) => write!(f, "expect_error_within(ms = {ms})"),
            Oracle::Hang => f.write_str("expect_hang"),
        }
    }
}
