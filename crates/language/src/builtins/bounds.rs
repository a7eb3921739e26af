//! Operations of Starlark that can make something of any size in one step, and so pass by the evaluation's bounds, which
//! are looked at only every so many steps: `[0] * n`, `text + text`, `"%s" % text`, `range(n)`, and the calls that
//! [`crate::growth`] watches. Here they look before they make it. What the parser read as an operator is a call of the
//! function that does it.

use crate::args::Named;
use crate::builtins::weights::{ASSIGNMENTS, FUNCTIONS, METHODS, Operator, check_digits, has_parts, text_bytes};
use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::evaluate::{STEPS_MAX, call_named, leave};
use crate::session::Session;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::syntax::AstModule;
use starlark::values::Value;
use starlark::values::list::ListRef;
use starlark::values::range::Range;
use starlark::values::tuple::UnpackTuple;
use std::num::NonZeroI32;

/// The operators, and the names of what does them.
const OPERATORS: [(&str, &str); 6] =
    [("*", "times__"), ("+", "plus__"), ("%", "percent__"), ("<<", "shift__"), ("in", "in__"), ("not in", "not_in__")];
/// Numbers that a range may have: more than any loop may take.
const RANGE_MAX: u64 = 5 * STEPS_MAX;

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
        room(Operator::Times.weight(a, b, eval.heap())?, eval)?;
        a.mul(b, eval.heap())
    }
    /// `a + b`
    fn plus__<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        room(Operator::Plus.weight(a, b, eval.heap())?, eval)?;
        a.add(b, eval.heap())
    }
    /// `a % b`
    fn percent__<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        room(Operator::Percent.weight(a, b, eval.heap())?, eval)?;
        a.percent(b, eval.heap())
    }
    /// `a << b`
    fn shift__<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        room(Operator::Shift.weight(a, b, eval.heap())?, eval)?;
        a.left_shift(b, eval.heap())
    }
    /// `a in b`
    fn in__<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        searched(b, eval)?;
        b.is_in(a)
    }
    /// `a not in b`
    fn not_in__<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        searched(b, eval)?;
        Ok(!b.is_in(a)?)
    }
    /// The left side of a comparison, if it is not so large that the comparison would not end.
    fn compared__<'v>(
        #[starlark(require = pos)] value: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        if has_parts(value) {
            let bytes = text_bytes(value, eval.heap())?;
            spend(bytes, eval)?;
        }
        Ok(value)
    }
    /// `this.method`, which is called elsewhere; or another attribute of this name.
    fn attribute__<'v>(
        #[starlark(require = pos)] method: usize,
        #[starlark(require = pos)] partial: Value<'v>,
        #[starlark(require = pos)] caller: Value<'v>,
        #[starlark(require = pos)] this: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let attribute = this.get_attr_error(METHODS[method].0, eval.heap())?;
        if this.unpack_str().is_none() && !matches!(this.get_type(), "list" | "dict" | "set") {
            return Ok(attribute);
        }
        let index = eval.heap().alloc(method);
        call_named(eval, partial, &[caller, index, this], &Named::new())
    }
    /// What is put to a variable by `+=` and its like: the second, if there is room for what becomes of the two.
    fn grown__<'v>(
        #[starlark(require = pos)] operator: usize,
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        room(ASSIGNMENTS[operator].1.weight(a, b, eval.heap())?, eval)?;
        Ok(b)
    }
    /// `this.method(…)`
    fn method__<'v>(
        #[starlark(require = pos)] method: usize,
        #[starlark(require = pos)] this: Value<'v>,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let (name, weight) = METHODS[method];
        let function = this.get_attr_error(name, eval.heap())?;
        let arguments: Vec<Value<'v>> = std::iter::once(this).chain(args.items).collect();
        let named: Vec<Value<'v>> = kwargs.values().copied().collect();
        room(weight.of(&arguments, &named, eval.heap())?, eval)?;
        let made = call_named(eval, function, &arguments[1..], &kwargs)?;
        room((0, 0), eval)?;
        Ok(made)
    }
    /// `function(…)`
    fn function__<'v>(
        #[starlark(require = pos)] watched: usize,
        #[starlark(require = pos)] function: Value<'v>,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let (name, weight) = FUNCTIONS[watched];
        let named: Vec<Value<'v>> = kwargs.values().copied().collect();
        check_digits(name, &args.items)?;
        room(weight.of(&args.items, &named, eval.heap())?, eval)?;
        let made = call_named(eval, function, &args.items, &kwargs)?;
        room((0, 0), eval)?;
        Ok(made)
    }
    /// A value, if there is still room after it was made.
    fn looked__<'v>(
        #[starlark(require = pos)] value: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        room((0, 0), eval)?;
        Ok(value)
    }
    /// A value, if there is room for it as text.
    fn said__<'v>(
        #[starlark(require = pos)] value: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        room((text_bytes(value, eval.heap())?, 0), eval)?;
        Ok(value)
    }
}

/// A list is about to be searched.
fn searched(value: Value<'_>, eval: &mut Evaluator<'_, '_, '_>) -> Result<(), Diagnostic> {
    const SHORT: usize = 1000;
    const STEP: usize = 16;
    let elements = ListRef::from_value(value).map_or(0, |list| list.len());
    if elements > SHORT { spend(elements * STEP, eval) } else { Ok(()) }
}

/// Takes the steps that stand for looking at so many bytes.
fn spend(bytes: usize, eval: &mut Evaluator<'_, '_, '_>) -> Result<(), Diagnostic> {
    let Some(session) = Session::of(eval) else { return Ok(()) };
    session.budget.spend(bytes).map_err(|why| {
        leave(eval);
        Diagnostic::new(Code::Limit, why)
    })
}

/// Takes room for so many bytes more, of which some are not on the evaluation's heap.
fn room((bytes, elsewhere): (usize, usize), eval: &mut Evaluator<'_, '_, '_>) -> Result<(), Diagnostic> {
    let Some(session) = Session::of(eval) else { return Ok(()) };
    let taken = session.budget.take(eval.heap().allocated_bytes(), bytes, elsewhere);
    taken.map_err(|why| {
        leave(eval);
        let diagnostic = Diagnostic::new(Code::Limit, why);
        if bytes > 0 { diagnostic.help(format!("this alone would take {bytes} bytes")) } else { diagnostic }
    })
}
