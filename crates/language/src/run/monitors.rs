//! Monitors at work: which are looking, what the machine has to tell them, and how an event is put to them.

use crate::args::function_name;
use crate::diagnostic::{Diagnostic, Violation};
use crate::evaluate::call;
use crate::fields::{Fields, View};
use crate::log::value_of;
use crate::session::Live;
use crate::store::{Active, Store};
use crate::values::monitor::Monitor;
use model::{EventIndex, Failure, Filter};
use starlark::environment::Module;
use starlark::eval::Evaluator;
use starlark::values::Value;

/// Lets monitors look from now on; answers what to give to [`deactivate`]. One that looks already goes on from the state
/// it has, and looks until the last of its registrations ends.
pub(crate) fn activate<'v>(module: &Module<'v>, live: &Live<'_>, monitors: &[Value<'v>]) -> Result<u32, Diagnostic> {
    let registration = live.registrations.get() + 1;
    live.registrations.set(registration);
    for &monitor in monitors {
        let of = Monitor::from_value(monitor).expect("checked when it was given");
        of.filter.check(live.plan)?;
        let mut active = Store::of(module).active.borrow_mut();
        let state = active.iter().find(|a| a.monitor.ptr_eq(monitor)).map_or(of.initial, |a| a.state);
        active.push(Active { registration, monitor, state });
    }
    watch(module, live);
    Ok(registration)
}

/// Ends what [`activate`] began.
pub(crate) fn deactivate(module: &Module<'_>, live: &Live<'_>, registration: u32) {
    Store::of(module).active.borrow_mut().retain(|a| a.registration != registration);
    watch(module, live);
}

/// Tells the machine which events to report.
fn watch(module: &Module<'_>, live: &Live<'_>) {
    let mut filters: Vec<Filter> = Vec::new();
    for active in Store::of(module).active.borrow().iter() {
        let monitor = Monitor::from_value(active.monitor).expect("only monitors are active");
        let guard = live.guards.get(&function_name(monitor.callback)).map(String::as_str);
        for filter in monitor.filter.watched(live.plan, guard) {
            if !filters.contains(&filter) {
                filters.push(filter);
            }
        }
    }
    live.machine.watch(&filters);
}

/// Puts an event to the monitors that it concerns, in the order in which they were registered.
///
/// # Errors
/// The first failure, as `failed` makes it from what a monitor raised.
pub(crate) fn deliver<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    live: &Live<'_>,
    index: EventIndex,
    failed: impl Fn(&starlark::Error, &str) -> Failure,
) -> Result<(), Failure> {
    let Some(event) = live.machine.event(index) else {
        return Ok(());
    };
    let module = eval.module();
    let store = Store::of(module);
    let mut concerned: Vec<Active<'v>> = Vec::new();
    {
        let view = View::new(&event, live.plan);
        for active in store.active.borrow().iter() {
            let matches = Monitor::from_value(active.monitor).is_some_and(|m| m.filter.matches(&view));
            if matches && !concerned.iter().any(|c| c.monitor.ptr_eq(active.monitor)) {
                concerned.push(*active);
            }
        }
    }
    for active in concerned {
        let value = value_of(module, live, &event);
        let monitor = Monitor::from_value(active.monitor).expect("only monitors are active");
        live.monitoring.set(true);
        let result = look(eval, monitor, value, active.state);
        live.monitoring.set(false);
        let state = result.map_err(|error| failed(&error, &monitor.name))?;
        for entry in store.active.borrow_mut().iter_mut().filter(|a| a.monitor.ptr_eq(active.monitor)) {
            entry.state = state;
        }
    }
    Ok(())
}

/// One monitor looks at one event; answers its next state.
fn look<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    monitor: &Monitor<'v>,
    event: Value<'v>,
    state: Value<'v>,
) -> starlark::Result<Value<'v>> {
    if !monitor.callback.is_none() {
        call(eval, monitor.callback, &[event])?;
        return Ok(state);
    }
    let next = if monitor.update.is_none() { state } else { call(eval, monitor.update, &[event, state])? };
    if !monitor.check.is_none() && !call(eval, monitor.check, &[event, next])?.to_bool() {
        let seen = crate::values::event::EventValue::from_value(event).map(Fields::describe).unwrap_or_default();
        return Err(Violation::new(format!("the check fails in state {} at {seen}", next.to_repr())).into());
    }
    Ok(next)
}
