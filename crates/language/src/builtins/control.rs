//! What a test does besides steps: `parallel`, `sleep`, `choose`, `nondet`.

use crate::args::{Call, Named};
use crate::diagnostic::{Diagnostic, interrupted};
use crate::evaluate;
use crate::session::{Live, Session, driver};
use crate::values::service::Service;
use model::machine::Branch;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;
use std::cell::RefCell;

#[starlark_module]
pub(super) fn control(builder: &mut GlobalsBuilder) {
    /// Runs functions at the same time, interleaved like any other threads; answers their results in order.
    fn parallel<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<Value<'v>>> {
        let live = driver(eval, "parallel()")?;
        let mut call = Call::new("parallel", args, kwargs);
        let functions = call.rest_positional();
        call.refuse("interleavings", "remove it: every run interleaves, and exploration searches the interleavings")?;
        if functions.len() < 2 {
            return Err(Diagnostic::argument("parallel() needs at least two functions").into());
        }
        let functions = functions.into_iter().map(|f| call.callable("fn", f)).collect::<Result<Vec<_>, _>>()?;
        call.finish()?;
        let module = eval.module();
        let session = Session::of(eval).expect("a running test has a session");
        let results = RefCell::new(functions.iter().map(|_| None).collect::<Vec<_>>());
        let branch = |(i, function): (usize, Value<'v>)| -> Branch<'_> {
            let results = &results;
            Box::new(move || {
                let mut eval = evaluate::evaluator(module, session);
                let result = evaluate::call(&mut eval, function, &[]);
                results.borrow_mut()[i] = Some(result);
            })
        };
        let stopped = live.machine.parallel(functions.into_iter().enumerate().map(branch).collect());
        stopped.map_err(interrupted)?;
        let results = results.into_inner().into_iter();
        let results: starlark::Result<Vec<Value<'v>>> =
            results.map(|r| r.unwrap_or_else(|| Err(interrupted(model::Stopped)))).collect();
        if results.is_err() {
            evaluate::leave(eval);
        }
        results
    }

    /// Lets virtual time pass.
    fn sleep<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = driver(eval, "sleep()")?;
        let mut call = Call::new("sleep", args, kwargs);
        let duration = call.required("duration")?;
        let duration = call.duration("duration", duration)?;
        call.refuse("clock", "remove it: there is one clock, the world's")?;
        call.finish()?;
        live.machine.sleep(duration).map_err(interrupted)?;
        Ok(NoneType)
    }

    /// True or False, as the run decides; True unless exploration tries the other.
    fn nondet<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        let live = driver(eval, "nondet()")?;
        let mut call = Call::new("nondet", args, kwargs);
        let axis = call.next("axis")?;
        if axis.is_some_and(|v| Service::from_value(v).is_some()) {
            return Err(Diagnostic::unsupported("nondet() of services", "every service is explored: remove it").into());
        }
        let axis = axis.map(|v| call.text("axis", v)).transpose()?;
        call.finish()?;
        let axis = axis.unwrap_or_else(|| place(eval, live));
        Ok(live.machine.choose(question(&axis), 2) == 0)
    }

    /// One of several values, as the run decides; the first unless exploration tries another. An axis of choice is
    /// named by its first argument, or else by where the call stands.
    fn choose<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let live = driver(eval, "choose()")?;
        let mut call = Call::new("choose", args, kwargs);
        let first = call.required("options")?;
        let (axis, options) = match first.unpack_str() {
            Some(axis) => (axis.to_owned(), call.required("options")?),
            None => (place(eval, live), first),
        };
        let options = call.list("options", options)?;
        call.finish()?;
        let alternatives = u32::try_from(options.len()).ok().filter(|n| *n > 0);
        let alternatives = alternatives.ok_or_else(|| Diagnostic::argument("choose() needs at least one option"))?;
        let picked = live.machine.choose(question(&axis), alternatives);
        Ok(options[(picked % alternatives) as usize])
    }
}

/// Where the call stands: the file's name without its directory, line and column.
fn place(eval: &Evaluator<'_, '_, '_>, live: &Live<'_>) -> String {
    let Some(at) = eval.call_stack_top_location() else { return String::new() };
    let (path, line, column) = live.sources.begin(&at);
    let file = path.rsplit('/').next().unwrap_or_default();
    format!("{file}:{}:{}", line + 1, column + 1)
}

/// The number of an axis: a 32-bit FNV-1a of its name, so that the number does not depend on the order in which a run
/// comes across its axes.
fn question(axis: &str) -> u32 {
    axis.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
