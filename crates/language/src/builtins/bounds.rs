//! Operations of Starlark that can make something of any size in one step, and so pass by the evaluation's bounds, which
//! are looked at only every so many steps: `[0] * n`, `text + text`, `"%s" % text` and `range(n)`. Here they look before
//! they make it. What the parser read as an operator is a call of the function that does it.

use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::evaluate::{HEAP_BYTES_MAX, STEPS_MAX};
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::syntax::AstModule;
use starlark::values::list::ListRef;
use starlark::values::range::Range;
use starlark::values::tuple::TupleRef;
use starlark::values::{UnpackValue, Value};
use std::num::NonZeroI32;

/// The operators, and the names of what does them.
const OPERATORS: [(&str, &str); 3] = [("*", "times__"), ("+", "plus__"), ("%", "percent__")];
/// Numbers that a range may have: more than any loop may take.
const RANGE_MAX: u64 = 5 * STEPS_MAX;
/// What an element of a list or tuple takes.
const ELEMENT_BYTES: usize = 8;

/// Makes the operators of a file calls.
pub(crate) fn bound(ast: &mut AstModule) {
    #[expect(clippy::disallowed_types, reason = "the parser asks for it, and looks names up in it")]
    let calls: std::collections::HashMap<String, String> =
        OPERATORS.iter().map(|(operator, name)| ((*operator).to_owned(), (*name).to_owned())).collect();
    ast.replace_binary_operators(&calls);
}

#[starlark_module]
pub(super) fn bounds(builder: &mut GlobalsBuilder) {
    /// The whole numbers from one on to before another.
    #[starlark(as_type = Range)]
    fn range<'v>(
        #[starlark(require = pos)] a1: i32,
        #[starlark(require = pos)] a2: Option<i32>,
        #[starlark(require = pos, default = 1)] step: i32,
    ) -> starlark::Result<Range> {
        let (start, stop) = a2.map_or((0, a1), |stop| (a1, stop));
        let step = NonZeroI32::new(step).ok_or_else(|| Diagnostic::argument("range(): `step` cannot be 0"))?;
        let count = i64::from(stop).abs_diff(i64::from(start)) / u64::from(step.get().unsigned_abs());
        let is_upwards = (step.get() > 0) == (stop > start);
        if is_upwards && count > RANGE_MAX {
            let message = format!("a range of {count} numbers, more than {RANGE_MAX}");
            return Err(Diagnostic::new(Code::Limit, message).help("no loop may take that many steps").into());
        }
        Ok(Range::new(start, stop, step))
    }
    /// `a * b`
    fn times__<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let times = |repeated: Option<usize>, n: Value<'v>| {
            Some(repeated?.saturating_mul(usize::try_from(i64::unpack_value(n).ok()??).ok()?))
        };
        if let Some(bytes) = times(bytes_of(a), b).or_else(|| times(bytes_of(b), a)) {
            check(bytes, eval)?;
        }
        a.mul(b, eval.heap())
    }
    /// `a + b`
    fn plus__<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        if let (Some(a), Some(b)) = (bytes_of(a), bytes_of(b)) {
            check(a + b, eval)?;
        }
        a.add(b, eval.heap())
    }
    /// `a % b`
    fn percent__<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        if let Some(text) = a.unpack_str() {
            let words = TupleRef::from_value(b).map_or_else(|| vec![b], |tuple| tuple.content().to_vec());
            let words = words.iter().filter_map(|word| word.unpack_str());
            check(text.len() + words.map(str::len).sum::<usize>(), eval)?;
        }
        a.percent(b, eval.heap())
    }
}

/// What the content of a text, a list or a tuple takes.
fn bytes_of(value: Value<'_>) -> Option<usize> {
    let elements = |n: usize| n.saturating_mul(ELEMENT_BYTES);
    value
        .unpack_str()
        .map(str::len)
        .or_else(|| ListRef::from_value(value).map(|list| elements(list.len())))
        .or_else(|| TupleRef::from_value(value).map(|tuple| elements(tuple.len())))
}

/// Whether there is room for so many bytes more. What is small is not looked at.
fn check(bytes: usize, eval: &Evaluator<'_, '_, '_>) -> Result<(), Diagnostic> {
    const SMALL: usize = 1 << 16;
    if bytes <= SMALL || eval.heap().allocated_bytes().saturating_add(bytes) <= HEAP_BYTES_MAX {
        return Ok(());
    }
    let message = format!("the specification uses more than {} MiB of values", HEAP_BYTES_MAX >> 20);
    Err(Diagnostic::new(Code::Limit, message).help(format!("this alone would take {bytes} bytes")))
}
