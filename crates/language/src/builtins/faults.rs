//! Faults of calls: what they are (`deny`, `delay`, `hold`, `allow`) and how a test puts any fault in place (`fault`, `fault_all`,
//! `fault_start`, `fault_stop`).

use crate::args::{Call, Named, brief};
use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::evaluate;
use crate::run::{faults, monitors};
use crate::session::driver;
use crate::suggest;
use crate::values::domain::Assumption;
use crate::values::fault::{About, Fault, KINDS, Rule, probability};
use crate::values::link::Link;
use crate::values::service::{InterfaceRef, Service, ServiceDecl};
use model::fault::When;
use model::{Action, Errno, FaultRule, Glob, VirtualDuration};
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;
use std::sync::Arc;

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

    /// Holds a call back until `release()`, or the end of the fault.
    fn hold<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        let mut call = Call::new("hold", args, kwargs);
        let tag = call.next("tag")?.map(|v| call.text("tag", v)).transpose()?;
        let fault = finish(call, Action::Hold)?;
        Ok(Fault { label: tag.or(fault.label.clone()), ..fault })
    }

    /// Lets the calls go on that faults hold back: those of a service, those with a tag, or all. Answers how many.
    fn release<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<i32> {
        let live = driver(eval, "release()")?;
        let mut call = Call::new("release", args, kwargs);
        let which = call.next("target")?;
        let (service, tag) = match which.map(|v| (Service::from_value(v), v.unpack_str())) {
            None => (None, None),
            Some((Some(service), _)) => (Some(service.0.name.as_str()), None),
            Some((None, Some(tag))) => (None, Some(tag)),
            Some((None, None)) => return Err(call.bad("target", "must be a service or the tag of a hold()").into()),
        };
        call.finish()?;
        faults::release(live, service, tag)
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
        let target = target_of(&call, target)?;
        let rules = rules_of(&mut call, &[target])?;
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
        let services = targets.into_iter().map(|t| target_of(&call, t)).collect::<Result<Vec<_>, _>>()?;
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
        if let Some(assumption) = Assumption::from_value(target) {
            call.finish()?;
            faults::install(live, &assumption.spec.rules, Some(&assumption.spec.name), Some(&target.to_str()))?;
            monitors::activate(eval.module(), live, &assumption.monitors)?;
            return Ok(NoneType);
        }
        let at = target_of(&call, target)?;
        let rules = rules_of(&mut call, &[at])?;
        faults::install(live, &rules, None, Some(&target.to_str()))?;
        // A window may have to be watched for.
        monitors::activate(eval.module(), live, &[])?;
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
        if Assumption::from_value(target).is_none() {
            target_of(&call, target)?;
        }
        call.finish()?;
        faults::remove_started(live, &target.to_str());
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
pub(super) fn finish(mut call: Call<'_>, action: Action) -> Result<Fault, Diagnostic> {
    let probability = match call.named("probability") {
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
    let max_fires = count(&mut call, "max_fires")?;
    let (nth, after) = (count(&mut call, "nth")?, count(&mut call, "after")?);
    if nth > 0 && after > 0 {
        return Err(call.bad("nth", "and `after` exclude each other"));
    }
    let about = match action {
        Action::Packet(_) | Action::Condition(_) => About::default(),
        _ => take_about(&mut call)?,
    };
    let between = match call.named("between") {
        None => None,
        Some(value) => {
            let pair = call.list("between", value)?;
            let [start, end] = pair.as_slice() else {
                return Err(call.not("between", "a pair of match.event(…)", value));
            };
            let matcher = |v| super::domain::matcher(&call, "between", v);
            Some(Arc::new((matcher(*start)?, matcher(*end)?)))
        }
    };
    let label = call.named("label").map(|v| call.text("label", v)).transpose()?;
    call.refuse("mode", "remove it: whether a fault fires is a choice, and exploration tries both")?;
    for matcher in ["method", "query", "command", "key", "topic", "op"] {
        call.refuse(
            matcher,
            "faults are put on system calls; scope them with service(ops = {name: op([…], path = …)})",
        )?;
    }
    call.finish()?;
    Ok(Fault { action, when: When { probability, nth, after, max_fires }, about, between, label })
}

fn count(call: &mut Call<'_>, name: &'static str) -> Result<u32, Diagnostic> {
    let Some(value) = call.named(name) else { return Ok(0) };
    let n = u32::try_from(call.int(name, value)?).ok().filter(|n| *n > 0);
    n.ok_or_else(|| call.bad(name, "must be a number above 0"))
}

/// What the calls must be about.
fn take_about(call: &mut Call<'_>) -> Result<About, Diagnostic> {
    let path = call.named("path").map(|v| call.text("path", v)).transpose()?.map(|p| Glob::path(&p));
    let kind = match call.named("on") {
        None => None,
        Some(value) => {
            let name = call.text("on", value)?;
            let kind = KINDS.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind);
            let names = || KINDS.iter().map(|(n, _)| *n);
            Some(kind.ok_or_else(|| {
                let all = format!("there are: {}", names().collect::<Vec<_>>().join(", "));
                call.bad("on", &format!("is unknown: {name:?}")).help(all).help_if(suggest::hint(&name, names()))
            })?)
        }
    };
    let peer = call.named("peer").map(|v| host(call, "peer", v)).transpose()?;
    Ok(About { path, kind, peer })
}

/// A host of the world by name: a service's, or `test`.
pub(super) fn host<'v>(call: &Call<'v>, name: &str, value: Value<'v>) -> Result<String, Diagnostic> {
    match (Service::from_value(value), value.unpack_str()) {
        (Some(service), _) => Ok(service.0.name.clone()),
        (_, Some("test")) => Ok("test".to_owned()),
        _ => Err(call.not(name, "a service, or \"test\"", value)),
    }
}

/// What faults are put on.
pub(super) enum Target<'v> {
    /// A service's calls, or its machine.
    Service(&'v ServiceDecl),
    /// What hosts send each other.
    Link(&'v Link),
}

/// What faults are to be put on.
pub(super) fn target_of<'v>(call: &Call<'v>, target: Value<'v>) -> Result<Target<'v>, Diagnostic> {
    match Link::from_value(target) {
        Some(link) => Ok(Target::Link(link)),
        None => target_service(call, target).map(Target::Service),
    }
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

/// The rules that the arguments left in a call mean on some targets: faults of machines and links by position or in
/// `rules`, faults of calls by keyword.
pub(super) fn rules_of(call: &mut Call<'_>, targets: &[Target<'_>]) -> Result<Vec<Rule>, Diagnostic> {
    let mut plain = call.rest_positional();
    plain.extend(call.named("rules").map(|v| call.list("rules", v)).transpose()?.unwrap_or_default());
    let plain = plain.into_iter().map(|value| match Fault::from_value(value) {
        Some(fault) => Ok(fault.clone()),
        None => {
            let message = format!("{}() has no place for {}", call.builtin(), brief(value));
            Err(Diagnostic::argument(message).help("give faults such as crash() or drop(), or write = deny(\"EIO\")"))
        }
    });
    let plain = plain.collect::<Result<Vec<Fault>, _>>()?;
    let known: Vec<&str> = call.known().to_vec();
    let named = call.rest_named();
    if named.is_empty() && plain.is_empty() && call.builtin() != "fault_assumption" {
        let message = format!("{}() was given no fault", call.builtin());
        return Err(
            Diagnostic::argument(message).help("name the calls and what happens to them: write = deny(\"EIO\")")
        );
    }
    let mut rules = Vec::new();
    for target in targets {
        match target {
            Target::Service(service) => {
                for fault in &plain {
                    rules.push(Rule::on_machine(&service.name, fault.clone())?);
                }
                for (keyword, value) in &named {
                    rules.push(rule_of_call(call, &known, service, keyword, *value)?);
                }
            }
            Target::Link(link) => {
                if let Some((keyword, _)) = named.first() {
                    return Err(call
                        .unknown(keyword, known.iter().copied())
                        .help("faults of a link have no keyword: rules = [drop(probability = \"5%\")]"));
                }
                for (from, to) in &link.directions {
                    for fault in &plain {
                        rules.push(Rule::on_link(from, to, fault.clone())?);
                    }
                }
            }
        }
    }
    Ok(rules)
}

fn rule_of_call<'v>(
    call: &Call<'v>,
    known: &[&str],
    service: &ServiceDecl,
    keyword: &str,
    value: Value<'v>,
) -> Result<Rule, Diagnostic> {
    // The keyword comes first: a misspelt `run=` is a wrong keyword, not a wrong value.
    let fault = Fault::from_value(value);
    let probe = fault.cloned().unwrap_or(Fault::always(Action::Allow));
    let rule = Rule::new(call.builtin(), service, keyword, probe)
        .map_err(|error| error.help_if(suggest::hint(keyword, known.iter().copied())))?;
    match fault.map(|f| f.action) {
        None => Err(call.not(keyword, "deny(…), delay(…), hold() or allow()", value)),
        Some(Action::Packet(_) | Action::Condition(_)) => {
            let message = format!("{} is not a fault of a call", brief(value));
            Err(Diagnostic::argument(message).focus(keyword).help("give it without a keyword: rules = [disk_full()]"))
        }
        Some(_) => Ok(rule),
    }
}

fn take_run<'v>(call: &mut Call<'v>) -> Result<Value<'v>, Diagnostic> {
    let run = call.required_named("run")?;
    call.callable("run", run)
}

/// Calls `run` with rules and monitors in place, and takes them away whatever happens.
pub(super) fn window<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    rules: Vec<Rule>,
    assumption: Option<&str>,
    watching: &[Value<'v>],
    run: Value<'v>,
) -> starlark::Result<Value<'v>> {
    let live = driver(eval, "fault()")?;
    let installed = faults::install(live, &rules, assumption, None)?;
    let module = eval.module();
    let mark = monitors::activate(module, live, watching)?;
    let result = evaluate::call(eval, run, &[]);
    monitors::deactivate(module, live, mark);
    faults::remove(live, &installed);
    result
}
