//! Ready-made expectations, runs that count for nothing (`assume`, `halt`), `nondet`, and builtins of the wider language
//! that ask for what is so in any case (`trace`, `watch`, `determinism`).

use crate::args::{Call, Named};
use crate::diagnostic::{Diagnostic, Halted};
use crate::evaluate;
use crate::session::{Session, Stage, driver};
use crate::values::oracle::Oracle;
use crate::values::service::Service;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;

#[starlark_module]
pub(super) fn oracle(builder: &mut GlobalsBuilder) {
    /// For `expect`: every answer came, with a status below 400.
    fn expect_success<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Oracle> {
        Call::new("expect_success", args, kwargs).finish()?;
        Ok(Oracle::Success)
    }
    /// For `expect`: every answer is an error and came within so many milliseconds of virtual time.
    fn expect_error_within<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Oracle> {
        let mut call = Call::new("expect_error_within", args, kwargs);
        let ms = call.required("ms")?;
        let ms = call.int("ms", ms)?;
        call.finish()?;
        Ok(Oracle::ErrorWithin(ms))
    }
    /// For `expect`: no answer came.
    fn expect_hang<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Oracle> {
        Call::new("expect_hang", args, kwargs).finish()?;
        Ok(Oracle::Hang)
    }

    /// A run in which this is not so counts for nothing: it ends here and holds.
    fn assume<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let mut call = Call::new("assume", args, kwargs);
        let condition = call.next_raw("cond")?.ok_or_else(|| call.missing("cond"))?;
        let reason = call.next("reason")?.map(|v| call.text("reason", v)).transpose()?;
        call.finish()?;
        driver(eval, "assume()")?;
        let so = if crate::args::is_callable(condition) {
            evaluate::call(eval, condition, &[])?.to_bool()
        } else {
            condition.to_bool()
        };
        if so {
            return Ok(NoneType);
        }
        Err(Halted(reason.unwrap_or_else(|| "an assumption does not hold".to_owned())).into())
    }
    /// Ends a run that counts for nothing: it holds.
    fn halt<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        driver(eval, "halt()")?;
        let mut call = Call::new("halt", args, kwargs);
        let reason = call.next("reason")?.map(|v| call.text("reason", v)).transpose()?;
        call.finish()?;
        Err(Halted(reason.unwrap_or_else(|| "halted".to_owned())).into())
    }

    /// System calls are events in any case; runs `run`, if there is one.
    fn trace<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        observed(Call::new("trace", args, kwargs), eval)
    }
    /// System calls are events in any case.
    fn trace_start<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        observed(Call::new("trace_start", args, kwargs), eval)
    }
    /// System calls are events in any case.
    fn trace_stop<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        observed(Call::new("trace_stop", args, kwargs), eval)
    }
    /// What is done to files is events in any case; runs `run`, if there is one.
    fn watch<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        observed(Call::new("watch", args, kwargs), eval)
    }
    /// What is done to files is events in any case.
    fn watch_start<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        observed(Call::new("watch_start", args, kwargs), eval)
    }
    /// What is done to files is events in any case.
    fn watch_stop<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        observed(Call::new("watch_stop", args, kwargs), eval)
    }

    /// Every run is deterministic; the arguments are checked and mean nothing more.
    fn determinism<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let mut call = Call::new("determinism", args, kwargs);
        for name in ["level", "runtime"] {
            call.named(name).map(|v| call.text(name, v)).transpose()?;
        }
        call.named("strict").map(|v| call.flag("strict", v)).transpose()?;
        call.named("allow").map(|v| call.texts("allow", v)).transpose()?;
        call.finish()?;
        match Session::of(eval).and_then(Session::live) {
            Some(live) if live.stage.get() != Stage::Module => {
                let message = "determinism() is about the whole specification";
                Err(Diagnostic::new(crate::error::Code::OutsideTest, message).help("move it to the top level").into())
            }
            _ => Ok(NoneType),
        }
    }
}

/// The arguments of `trace` and `watch`, and what they run.
fn observed<'v>(mut call: Call<'v>, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
    driver(eval, &format!("{}()", call.builtin()))?;
    let service = call.required("service")?;
    if Service::from_value(service).is_none() {
        return Err(call.not("service", "a service", service).into());
    }
    let calls = call.named("syscalls").map(|v| call.texts("syscalls", v)).transpose()?.unwrap_or_default();
    for name in &calls {
        crate::values::fault::calls_named(name).map_err(|help| {
            Diagnostic::new(crate::error::Code::UnknownSyscall, format!("unknown system call {name:?}"))
                .help(help)
                .focus(name)
        })?;
    }
    for name in ["files", "ops"] {
        call.named(name).map(|v| call.texts(name, v)).transpose()?;
    }
    let run = call.named("run").map(|v| call.callable("run", v)).transpose()?;
    call.finish()?;
    run.map_or_else(|| Ok(Value::new_none()), |run| evaluate::call(eval, run, &[]))
}
