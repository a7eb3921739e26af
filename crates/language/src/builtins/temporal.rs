//! What must become true and stay true, and waiting for it: `eventually`, `always`, `await_event`, `await_stable`.

use super::domain::matcher;
use crate::args::{Call, Named, is_callable};
use crate::diagnostic::{Diagnostic, Violation, interrupted};
use crate::evaluate;
use crate::fields::{Fields, View};
use crate::log::value_of;
use crate::run::{SETTLE, monitors};
use crate::session::{Live, Rest, driver};
use crate::store::Store;
use crate::values::event::EventValue;
use crate::values::monitor::Matcher;
use crate::values::temporal::{Kind, Property, Trace};
use model::{EventIndex, Intervention, Stopped, VirtualDuration, VirtualTime};
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::tuple::UnpackTuple;

#[starlark_module]
pub(super) fn temporal(builder: &mut GlobalsBuilder) {
    /// A property for `expect`: a function of the trace, or a matcher, that must be true when the world has come to rest.
    fn eventually<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Property<'v>> {
        let mut call = Call::new("eventually", args, kwargs);
        let wanted = take_wanted(&mut call, "pred")?;
        let none = Value::new_none();
        let anchor = call.named("anchor").map(|v| matcher(&call, "anchor", v).map(|_| v)).transpose()?.unwrap_or(none);
        call.finish()?;
        Ok(Property { kind: Kind::Eventually, wanted, start: anchor, end: none })
    }

    /// A property for `expect`: a function of the trace that must be true after every event between two moments.
    fn always<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Property<'v>> {
        let mut call = Call::new("always", args, kwargs);
        let wanted = take_wanted(&mut call, "pred")?;
        let none = Value::new_none();
        let (mut start, mut end) = (none, none);
        if let Some(between) = call.named("between") {
            let pair = call.list("between", between)?;
            let [from, to] = pair.as_slice() else { return Err(call.not("between", "a pair", between).into()) };
            let bound = |value: Value<'v>, open: &str| match value.unpack_str() {
                Some(name) if name == open || name == "stable" => Ok(none),
                _ => matcher(&call, "between", value).map(|_| value),
            };
            (start, end) = (bound(*from, "body_start")?, bound(*to, "body_end")?);
        }
        call.finish()?;
        Ok(Property { kind: Kind::Always, wanted, start, end })
    }

    /// Lets the world run until an event matches; answers it. Events that have happened count.
    fn await_event<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let live = driver(eval, "await_event()")?;
        let mut call = Call::new("await_event", args, kwargs);
        let wanted = take_wanted(&mut call, "matcher")?;
        let within = call.named("within").map(|v| call.duration("within", v)).transpose()?.unwrap_or(SETTLE);
        call.refuse("clock", "remove it: there is one clock, the world's")?;
        call.finish()?;
        let module = eval.module();
        let deadline = live.machine.now().after(within);
        let mut next = 0;
        Store::of(module).awaited.borrow_mut().push(wanted);
        monitors::activate(module, live, &[])?;
        let mut rest = Rest::Not;
        let found = loop {
            match scan(eval, live, wanted, &mut next) {
                Ok(None) if live.machine.now() >= deadline => break Ok(None),
                Ok(None) => match live.machine.settle(deadline) {
                    Err(stopped) => break Err(interrupted(stopped)),
                    // It came to rest, or an event of this kind has happened.
                    Ok(settled) if next as u64 == live.machine.events() => {
                        rest = settled.into();
                        break Ok(None);
                    }
                    Ok(_) => {}
                },
                other => break other,
            }
        };
        Store::of(module).awaited.borrow_mut().retain(|v| !v.ptr_eq(wanted));
        monitors::activate(module, live, &[])?;
        found?.ok_or_else(|| {
            let events = live.machine.events();
            let message = format!("no event matches within {within}: none of {events}{}", live.at_rest(rest));
            Violation::new(message).into()
        })
    }

    /// Lets the world run until it comes to rest, or for so long; whether it came to rest. With a window of silence: or until
    /// nothing of note has happened for so long.
    fn await_stable<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        let live = driver(eval, "await_stable()")?;
        let mut call = Call::new("await_stable", args, kwargs);
        let within = call.named("within").map(|v| call.duration("within", v)).transpose()?.unwrap_or(SETTLE);
        let window = call.named("quiescence_window").map(|v| call.duration("quiescence_window", v)).transpose()?;
        let ignore = call.named("ignore").map(|v| matcher(&call, "ignore", v)).transpose()?;
        call.refuse("clock", "remove it: there is one clock, the world's")?;
        if ignore.is_some() && window.is_none() {
            return Err(call.bad("ignore", "says what may happen in a `quiescence_window`, and there is none").into());
        }
        call.finish()?;
        let end = live.machine.now().after(within);
        match window {
            None => Ok(live.machine.settle(end).map_err(interrupted)? && rests_for(live, within)),
            Some(window) => silence(live, window, ignore.as_ref(), end).map_err(interrupted),
        }
    }

    /// A duration in nanoseconds, as a number.
    fn duration<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<i64> {
        let mut call = Call::new("duration", args, kwargs);
        let text = call.required("text")?;
        let VirtualDuration(nanos) = call.duration("text", text)?;
        call.finish()?;
        Ok(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
}

/// Lets the world run until it comes to rest, or nothing of note has happened for a while; false if neither was so before
/// the end.
fn silence(
    live: &Live<'_>,
    window: VirtualDuration,
    ignore: Option<&Matcher>,
    end: VirtualTime,
) -> Result<bool, Stopped> {
    let machine = live.machine;
    let (mut next, mut last) = (machine.events(), machine.now());
    loop {
        let until = end.min(last.after(window));
        let nothing_comes = machine.settle(until)?;
        while let Some(event) = machine.event(EventIndex(next)) {
            next += 1;
            let view = View::new(&event, live.plan);
            if view.is_of_note() && !ignore.is_some_and(|m| m.matches(&view)) {
                last = event.at;
            }
        }
        let quiet_until = if nothing_comes { until } else { machine.now() };
        if quiet_until >= last.after(window) {
            return Ok(true);
        }
        if quiet_until >= end {
            return Ok(nothing_comes && rests_for(live, window));
        }
    }
}

/// Whether nothing happens for so long from now on, in a world that has come to rest before some deadline: a clock that
/// somebody looks at again and again is never further away than its period.
fn rests_for(live: &Live<'_>, span: VirtualDuration) -> bool {
    live.machine.waiting().until.is_none_or(|at| at >= live.machine.now().after(span))
}

/// A matcher, or a function.
fn take_wanted<'v>(call: &mut Call<'v>, name: &'static str) -> Result<Value<'v>, Diagnostic> {
    let value = call.required(name)?;
    if Matcher::from_value(value).is_some() || is_callable(value) {
        return Ok(value);
    }
    Err(call.not(name, "a function, or match.event(…)", value))
}

/// Whether an event is what is awaited.
pub(crate) fn is_awaited<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    live: &Live<'_>,
    wanted: Value<'v>,
    event: &model::Event,
) -> starlark::Result<bool> {
    match Matcher::from_value(wanted) {
        Some(matcher) => Ok(matcher.matches(&View::new(event, live.plan))),
        None => {
            let value = value_of(eval.module(), live, event);
            Ok(evaluate::call(eval, wanted, &[value])?.to_bool())
        }
    }
}

/// The first event from a place on that is wanted; moves the place on.
fn scan<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    live: &Live<'_>,
    wanted: Value<'v>,
    next: &mut usize,
) -> starlark::Result<Option<Value<'v>>> {
    while let Some(event) = live.machine.event(EventIndex(*next as u64)) {
        *next += 1;
        if is_awaited(eval, live, wanted, &event)? {
            return Ok(Some(value_of(eval.module(), live, &event)));
        }
    }
    Ok(None)
}

/// Something that is awaited has happened: whoever waits goes on.
pub(crate) fn wake(live: &Live<'_>) {
    // A world that has stopped has nobody who waits.
    let _ = live.machine.intervene(&Intervention::Attend);
}

/// Whether a property holds now.
pub(crate) fn holds<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    live: &Live<'_>,
    property: &Property<'v>,
) -> starlark::Result<bool> {
    if let Some(matcher) = Matcher::from_value(property.wanted) {
        let mut found = false;
        live.machine.each_event(&mut |event| {
            found = found || matcher.matches(&View::new(event, live.plan));
            !found
        });
        return Ok(found);
    }
    let trace = eval.heap().alloc(Trace);
    Ok(evaluate::call(eval, property.wanted, &[trace])?.to_bool())
}

/// A property as a message says it.
pub(crate) fn describe(property: &Property<'_>, event: Option<Value<'_>>) -> String {
    let at = event.and_then(EventValue::from_value).map(|e| format!(" at {}", e.describe())).unwrap_or_default();
    match property.kind {
        Kind::Eventually => "what must eventually be true is not when the world has come to rest".to_owned(),
        Kind::Always => format!("what must always be true is not{at}"),
    }
}
