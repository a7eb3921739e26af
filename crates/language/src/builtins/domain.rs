//! The layers of a specification: `scenario` (what the system does), `fault_assumption` (what can go wrong),
//! `fault_scenario` (one with the other), `monitor` (what must never happen meanwhile).

use super::faults::{rules_of, target_of};
use crate::args::{Call, Named, brief, function_name, is_callable};
use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::filter::FieldFilter;
use crate::run::monitors;
use crate::session::{Session, Stage};
use crate::store::Store;
use crate::values::domain::{Assumption, AssumptionSpec, FaultScenario, FaultScenarioSpec, Scenario};
use crate::values::monitor::{Matcher, Monitor};
use crate::values::temporal::Property;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;
use std::sync::Arc;

#[starlark_module]
pub(super) fn domain(builder: &mut GlobalsBuilder) {
    /// Registers a function as a scenario: a test called `test_<function>`.
    fn scenario<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        at_top_level(eval, "scenario()")?;
        let mut call = Call::new("scenario", args, kwargs);
        let function = call.required("fn")?;
        let function = call.callable("fn", function)?;
        let name = function_name(function);
        if name == "lambda" {
            let why = call.bad("fn", "must have a name, which becomes the test's");
            return Err(why.help("write it as def name(): …").into());
        }
        call.finish()?;
        let store = Store::of(eval.module());
        if store.declared.borrow().iter().any(|v| Scenario::from_value(*v).is_some_and(|s| s.name == name)) {
            return Err(Diagnostic::new(Code::Duplicate, format!("there already is a scenario {name}")).into());
        }
        store.declare(eval.heap().alloc(Scenario { name, function }));
        Ok(NoneType)
    }

    /// Something that can go wrong: faults on a service's system calls, and monitors that must stay silent under them.
    fn fault_assumption<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut call = Call::new("fault_assumption", args, kwargs);
        let name = call.required("name")?;
        let name = test_word(&call, name)?;
        if let Some(extra) = call.rest_positional().first() {
            let help = "after the name, write target = …, and faults by keyword or in rules = […]";
            let message = format!("fault_assumption() has no place for {}", brief(*extra));
            return Err(Diagnostic::argument(message).help(help).into());
        }
        let target = call.named("target");
        let description = call.named("description").map(|v| call.text("description", v)).transpose()?;
        let mut watching = take_monitors(&mut call)?;
        let children = take_assumptions(&mut call, "faults")?;
        let mut rules = match target {
            Some(target) => {
                let target = target_of(&call, target)?;
                rules_of(&mut call, &[target])?
            }
            None if children.is_empty() => return Err(call.missing("target").into()),
            None => Vec::new(),
        };
        call.finish()?;
        for child in &children {
            let child = assumption(*child);
            rules.extend(child.spec.rules.iter().cloned());
            for monitor in &child.monitors {
                if !watching.iter().any(|w| w.ptr_eq(*monitor)) {
                    watching.push(*monitor);
                }
            }
        }
        if rules.is_empty() && watching.is_empty() {
            let message = format!("the fault assumption {name:?} has no faults and no monitors");
            return Err(Diagnostic::argument(message)
                .help("name the calls and what happens to them: write = deny(\"EIO\")")
                .into());
        }
        let spec = AssumptionSpec { name, description: description.unwrap_or_default(), rules };
        let value = eval.heap().alloc(Assumption { spec: Arc::new(spec), monitors: watching });
        Store::of(eval.module()).declare(value);
        Ok(value)
    }

    /// A scenario under faults, and what is expected of it: a test called `test_<name>`.
    fn fault_scenario<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        at_top_level(eval, "fault_scenario()")?;
        let mut call = Call::new("fault_scenario", args, kwargs);
        let name = call.required("name")?;
        let name = test_word(&call, name)?;
        let scenario = call.required_named("scenario")?;
        let scenario = call.callable("scenario", scenario)?;
        let faults = take_assumptions(&mut call, "faults")?;
        let expect = call.named("expect").map(|v| expectation(&call, "expect", v)).transpose()?;
        let monitors = take_monitors(&mut call)?;
        let timeout = call.named("timeout").map(|v| call.duration("timeout", v)).transpose()?;
        let require = call.named("require_faults_fire").map(|v| call.flag("require_faults_fire", v)).transpose()?;
        call.finish()?;
        let require_faults_fire = require.unwrap_or(false);
        let spec = Arc::new(FaultScenarioSpec { name, cell: None, timeout, require_faults_fire });
        let expect = expect.unwrap_or_else(Value::new_none);
        let setup = Value::new_none();
        declare_fault_scenario(eval, FaultScenario { spec, setup, scenario, faults, expect, monitors })?;
        Ok(NoneType)
    }

    /// A test with a body of its own: `test_<name>`.
    fn test<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        at_top_level(eval, "test()")?;
        let mut call = Call::new("test", args, kwargs);
        let name = call.required("name")?;
        let name = test_word(&call, name)?;
        let scenario = call.required_named("body")?;
        let scenario = call.callable("body", scenario)?;
        let setup = call.named("setup").map(|v| call.callable("setup", v)).transpose()?;
        let expect = call.named("expect").map(|v| expectation(&call, "expect", v)).transpose()?;
        let timeout = call.named("timeout").map(|v| call.duration("timeout", v)).transpose()?;
        call.refuse("terminate_when", "wait for it in the body: await_event(…)")?;
        call.refuse("assume", "call assume(…) in the body")?;
        call.refuse("clock", "remove it: there is one clock, the world's")?;
        call.finish()?;
        let spec = Arc::new(FaultScenarioSpec { name, cell: None, timeout, require_faults_fire: false });
        let none = Value::new_none();
        let (setup, expect) = (setup.unwrap_or(none), expect.unwrap_or(none));
        let (faults, monitors) = (Vec::new(), Vec::new());
        declare_fault_scenario(eval, FaultScenario { spec, setup, scenario, faults, expect, monitors })?;
        Ok(NoneType)
    }

    /// A property that is checked at every event that matches. `monitor(callback, **conditions)` fails when the
    /// callback raises; `monitor(name, on=, state_init=, update=, check=)` fails when the check is not true.
    fn monitor<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut call = Call::new("monitor", args, kwargs);
        let first = call.required("name")?;
        let monitor = match first.unpack_str() {
            Some(name) => stateful_monitor(call, name)?,
            None if is_callable(first) => callback_monitor(call, first)?,
            None => return Err(call.not("name", "a function, or a name followed by on =", first).into()),
        };
        let stateful = monitor.callback.is_none();
        let value = eval.heap().alloc(monitor);
        match Session::of(eval).and_then(Session::live).filter(|live| live.stage.get() != Stage::Module) {
            // Within a test it starts to look at once, for the rest of the test.
            Some(live) => {
                crate::session::driver(eval, "monitor()")?;
                monitors::activate(eval.module(), live, &[value])?;
            }
            None if stateful => Store::of(eval.module()).declare(value),
            None => {}
        }
        Ok(value)
    }
}

#[starlark_module]
pub(super) fn matchers(builder: &mut GlobalsBuilder) {
    /// Conditions on the fields of an event.
    fn event<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Matcher> {
        let mut call = Call::new("match.event", args, kwargs);
        let conditions = call.rest_named();
        call.finish()?;
        Ok(Matcher::Event(FieldFilter::new("match.event", conditions)?))
    }
    /// Events that one of several matchers means.
    fn any<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Matcher> {
        Ok(Matcher::Any(take_matchers(Call::new("match.any", args, kwargs))?))
    }
    /// Events that each of several matchers means.
    fn all<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Matcher> {
        Ok(Matcher::All(take_matchers(Call::new("match.all", args, kwargs))?))
    }
    /// Events that a matcher does not mean.
    fn never<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Matcher> {
        let mut call = Call::new("match.never", args, kwargs);
        let not = call.required("matcher")?;
        let not = matcher(&call, "matcher", not)?;
        call.finish()?;
        Ok(Matcher::Never(Box::new(not)))
    }
}

fn take_matchers(mut call: Call<'_>) -> Result<Vec<Matcher>, Diagnostic> {
    let given = call.rest_positional();
    let matchers = given.into_iter().map(|v| matcher(&call, "matchers", v)).collect::<Result<Vec<_>, _>>()?;
    if matchers.is_empty() {
        return Err(Diagnostic::argument(format!("{}() was given nothing to look for", call.builtin())));
    }
    call.finish()?;
    Ok(matchers)
}

/// An argument that says which events are meant.
pub(super) fn matcher<'v>(call: &Call<'v>, name: &str, value: Value<'v>) -> Result<Matcher, Diagnostic> {
    Matcher::from_value(value).cloned().ok_or_else(|| call.not(name, "match.event(…)", value))
}

fn callback_monitor<'v>(mut call: Call<'v>, callback: Value<'v>) -> Result<Monitor<'v>, Diagnostic> {
    let conditions = call.rest_named();
    call.finish()?;
    let none = Value::new_none();
    let filter = Matcher::Event(FieldFilter::new("monitor", conditions)?);
    Ok(Monitor { name: function_name(callback), filter, callback, initial: none, update: none, check: none })
}

fn stateful_monitor<'v>(mut call: Call<'v>, name: &str) -> Result<Monitor<'v>, Diagnostic> {
    let on = call.required_named("on")?;
    let filter = matcher(&call, "on", on)?;
    let none = Value::new_none();
    let initial = call.named("state_init").unwrap_or(none);
    let update = call.named("update").map(|v| call.callable("update", v)).transpose()?.unwrap_or(none);
    let check = call.named("check").map(|v| call.callable("check", v)).transpose()?.unwrap_or(none);
    if update.is_none() && check.is_none() {
        return Err(call.bad("check", "is missing, and so is `update`: the monitor could never fail"));
    }
    call.finish()?;
    Ok(Monitor { name: name.to_owned(), filter, callback: none, initial, update, check })
}

/// What is expected: a function of what the scenario returned, or properties of the trace.
pub(super) fn expectation<'v>(call: &Call<'v>, name: &str, value: Value<'v>) -> Result<Value<'v>, Diagnostic> {
    let is_property = |v: &Value<'v>| Property::from_value(*v).is_some();
    if is_callable(value) || is_property(&value) {
        return Ok(value);
    }
    let list = call.list(name, value).ok().filter(|l| !l.is_empty() && l.iter().all(is_property));
    list.map(|_| value).ok_or_else(|| call.not(name, "a function, eventually(…) or always(…)", value))
}

/// A name that becomes part of a test's name.
fn test_word(call: &Call<'_>, value: Value<'_>) -> Result<String, Diagnostic> {
    let name = value.unpack_str().ok_or_else(|| call.not("name", "a string", value))?;
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
        return Err(call.bad("name", &format!("cannot be {name:?}: it becomes part of a test's name")).focus(name));
    }
    Ok(name.to_owned())
}

pub(super) fn assumption(value: Value<'_>) -> &Assumption<'_> {
    Assumption::from_value(value).expect("checked when it was taken")
}

/// A list of assumptions, or a single one.
pub(super) fn take_assumptions<'v>(call: &mut Call<'v>, name: &'static str) -> Result<Vec<Value<'v>>, Diagnostic> {
    let Some(value) = call.named(name) else {
        return Ok(Vec::new());
    };
    if Assumption::from_value(value).is_some() {
        return Ok(vec![value]);
    }
    let list = call.list(name, value)?;
    match list.iter().find(|v| Assumption::from_value(**v).is_none()) {
        Some(other) => Err(call.not(name, "a list of fault_assumption(…)", *other)),
        None => Ok(list),
    }
}

pub(super) fn take_monitors<'v>(call: &mut Call<'v>) -> Result<Vec<Value<'v>>, Diagnostic> {
    let Some(value) = call.named("monitors") else {
        return Ok(Vec::new());
    };
    let list = call.list("monitors", value)?;
    match list.iter().find(|v| Monitor::from_value(**v).is_none()) {
        Some(other) => Err(call.not("monitors", "a list of monitor(…)", *other)),
        None => Ok(list),
    }
}

/// Tests are declared while the specification is loaded, so that their list is the same for everyone.
pub(super) fn at_top_level(eval: &Evaluator<'_, '_, '_>, builtin: &str) -> Result<(), Diagnostic> {
    match Session::of(eval).and_then(Session::live) {
        Some(live) if live.stage.get() != Stage::Module => {
            let message = format!("{builtin} declares a test, which a test cannot do");
            Err(Diagnostic::new(Code::OutsideTest, message).help("move it to the top level of the specification"))
        }
        _ => Ok(()),
    }
}

pub(super) fn declare_fault_scenario<'v>(
    eval: &Evaluator<'v, '_, '_>,
    scenario: FaultScenario<'v>,
) -> Result<(), Diagnostic> {
    let store = Store::of(eval.module());
    let name = &scenario.spec.name;
    let taken = |v: &Value<'v>| FaultScenario::from_value(*v).is_some_and(|s| s.spec.name == *name);
    if store.declared.borrow().iter().any(taken) {
        let message = format!("there already is a fault scenario {name:?}");
        return Err(Diagnostic::new(Code::Duplicate, message).focus(name));
    }
    store.declare(eval.heap().alloc(scenario));
    Ok(())
}
