//! Faults: what they are (`deny`, `delay`, `allow`) and how a test puts them in place (`fault`, `fault_all`,
//! `fault_start`, `fault_stop`).

use crate::args::{Call, Named, brief};
use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::evaluate;
use crate::run::{faults, monitors};
use crate::session::driver;
use crate::suggest;
use crate::values::domain::Assumption;
use crate::values::fault::{Fault, Rule, probability};
use crate::values::service::{InterfaceRef, Service, ServiceDecl};
use model::{Action, Errno, FaultRule, VirtualDuration};
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;

#[starlark_module]
pub(super) fn faults(builder: &mut GlobalsBuilder) {
    /// Fails a call with an errno, without executing it.
    fn deny<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        let mut call = Call::new("deny", args, kwargs);
        let errno = call.required("errno")?;
        let errno = errno_named(&call.text("errno", errno)?)?;
        Ok(finish(call, Action::Deny(errno))?)
    }

    /// Executes a call after some virtual time.
    fn delay<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        let mut call = Call::new("delay", args, kwargs);
        call.refuse("delay", "faults are put on system calls: give the duration first, delay(\"2s\")")?;
        let by = call.required("duration")?;
        let by = call.duration("duration", by)?;
        if by == VirtualDuration::ZERO {
            return Err(call.bad("duration", "must be longer than nothing").into());
        }
        Ok(finish(call, Action::Delay(by))?)
    }

    /// Executes a call as it is, and keeps later rules from seeing it.
    fn allow<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        Ok(finish(Call::new("allow", args, kwargs), Action::Allow)?)
    }

    /// Runs a function while faults are in place on one service; answers what it returned.
    fn fault<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        driver(eval, "fault()")?;
        let mut call = Call::new("fault", args, kwargs);
        let target = call.required("target")?;
        let run = take_run(&mut call)?;
        call.refuse("source", "faults act on the target's own system calls")?;
        if let Some(assumption) = Assumption::from_value(target) {
            call.finish()?;
            let rules = assumption.spec.rules.clone();
            return window(eval, rules, Some(&assumption.spec.name), &assumption.monitors, run);
        }
        let service = target_service(&call, target)?;
        let rules = rules_of(&mut call, &[service])?;
        window(eval, rules, None, &[], run)
    }

    /// Runs a function while the same faults are in place on several services.
    fn fault_all<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        driver(eval, "fault_all()")?;
        let mut call = Call::new("fault_all", args, kwargs);
        let targets = call.required("targets")?;
        let targets = call.list("targets", targets)?;
        let services = targets.into_iter().map(|t| target_service(&call, t)).collect::<Result<Vec<_>, _>>()?;
        let run = take_run(&mut call)?;
        let rules = rules_of(&mut call, &services)?;
        window(eval, rules, None, &[], run)
    }

    /// Puts faults in place until `fault_stop`, or the end of the test.
    fn fault_start<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = driver(eval, "fault_start()")?;
        let mut call = Call::new("fault_start", args, kwargs);
        let target = call.required("target")?;
        let service = target_service(&call, target)?;
        let rules = rules_of(&mut call, &[service])?;
        faults::install(live, &rules, None, true)?;
        Ok(NoneType)
    }

    /// Takes away what `fault_start` put on a service.
    fn fault_stop<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = driver(eval, "fault_stop()")?;
        let mut call = Call::new("fault_stop", args, kwargs);
        let target = call.required("target")?;
        let service = target_service(&call, target)?;
        call.finish()?;
        faults::remove_started(live, &service.name);
        Ok(NoneType)
    }
}

fn errno_named(name: &str) -> Result<Errno, Diagnostic> {
    Errno::named(name).map_err(|why| {
        let (_, known) = why.split_once("known: ").unwrap_or_default();
        Diagnostic::new(Code::UnknownErrno, format!("unknown errno {name:?}"))
            .help(match suggest::hint(name, known.split(' ')) {
                Some(hint) => format!("{hint} There are: {known}"),
                None => format!("there are: {known}"),
            })
            .focus(name)
    })
}

/// The arguments that all faults have.
fn finish(mut call: Call<'_>, action: Action) -> Result<Fault, Diagnostic> {
    let share = match call.named("probability") {
        None => FaultRule::ALWAYS,
        Some(value) => {
            let text = value.unpack_str().map_or_else(|| value.to_str(), str::to_owned);
            let bad = || {
                let why = format!("cannot be {}", brief(value));
                call.bad("probability", &why).help("write \"20%\", \"0.2\", 0.2 or 20; it is above 0 and at most 100%")
            };
            if value.unpack_bool().is_some() {
                return Err(bad());
            }
            probability(&text).ok_or_else(bad)?
        }
    };
    let max_fires = match call.named("max_fires") {
        None => 0,
        Some(value) => {
            let n = u32::try_from(call.int("max_fires", value)?).ok().filter(|n| *n > 0);
            n.ok_or_else(|| call.bad("max_fires", "must be a number above 0"))?
        }
    };
    let label = call.named("label").map(|v| call.text("label", v)).transpose()?;
    call.refuse("mode", "remove it: whether a fault fires is a choice, and exploration tries both")?;
    for matcher in ["method", "path", "query", "command", "key", "topic", "op"] {
        call.refuse(
            matcher,
            "faults are put on system calls; scope them with service(ops = {name: op([…], path = …)})",
        )?;
    }
    call.finish()?;
    Ok(Fault { action, probability: share, max_fires, label })
}

/// The service that faults are to be put on.
pub(super) fn target_service<'v>(call: &Call<'v>, target: Value<'v>) -> Result<&'v ServiceDecl, Diagnostic> {
    if let Some(service) = Service::from_value(target) {
        return Ok(&service.0);
    }
    if InterfaceRef::from_value(target).is_some() {
        let what = format!("a fault on an interface ({}())", call.builtin());
        return Err(Diagnostic::unsupported(&what, "give the service: faults act on its own system calls"));
    }
    Err(call.not("target", "a service", target))
}

/// The rules that the named arguments left in a call mean on some services.
pub(super) fn rules_of(call: &mut Call<'_>, services: &[&ServiceDecl]) -> Result<Vec<Rule>, Diagnostic> {
    if let Some(extra) = call.rest_positional().first() {
        let what = format!("{}() with {} as a protocol fault", call.builtin(), brief(*extra));
        return Err(Diagnostic::unsupported(&what, "put faults on system calls by keyword, as in connect = deny(…)"));
    }
    call.refuse("rules", "put faults on system calls by keyword, as in connect = deny(…)")?;
    let known: Vec<&str> = call.known().to_vec();
    let named = call.rest_named();
    if named.is_empty() && call.builtin() != "fault_assumption" {
        let message = format!("{}() was given no fault", call.builtin());
        return Err(
            Diagnostic::argument(message).help("name the calls and what happens to them: write = deny(\"EIO\")")
        );
    }
    let mut rules = Vec::new();
    for service in services {
        for (keyword, value) in &named {
            // The keyword comes first: a misspelt `run=` is a wrong keyword, not a wrong value.
            let fault = Fault::from_value(*value);
            let probe = fault.cloned().unwrap_or(Fault {
                action: Action::Allow,
                probability: FaultRule::ALWAYS,
                max_fires: 0,
                label: None,
            });
            let rule = Rule::new(call.builtin(), service, keyword, probe)
                .map_err(|error| error.help_if(suggest::hint(keyword, known.iter().copied())))?;
            if fault.is_none() {
                return Err(call.not(keyword, "deny(…), delay(…) or allow()", *value));
            }
            rules.push(rule);
        }
    }
    Ok(rules)
}

fn take_run<'v>(call: &mut Call<'v>) -> Result<Value<'v>, Diagnostic> {
    let run = call.required_named("run")?;
    call.callable("run", run)
}

/// Calls `run` with rules and monitors in place, and takes them away whatever happens.
fn window<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    rules: Vec<Rule>,
    assumption: Option<&str>,
    watching: &[Value<'v>],
    run: Value<'v>,
) -> starlark::Result<Value<'v>> {
    let live = driver(eval, "fault()")?;
    let installed = faults::install(live, &rules, assumption, false)?;
    let module = eval.module();
    let mark = monitors::activate(module, live, watching)?;
    let result = evaluate::call(eval, run, &[]);
    monitors::deactivate(module, live, mark);
    faults::remove(live, &installed);
    result
}
