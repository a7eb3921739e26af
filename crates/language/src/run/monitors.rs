//! Monitors at work: which are looking, what the machine has to tell them, and how an event is put to them.

use crate::args::function_name;
use crate::builtins::temporal;
use crate::diagnostic::{Diagnostic, Violation};
use crate::evaluate::call;
use crate::fields::{Fields, View};
use crate::filter::FieldFilter;
use crate::log::value_of;
use crate::run::faults;
use crate::session::Live;
use crate::store::{Active, Store};
use crate::values::monitor::{Matcher, Monitor};
use crate::values::temporal::Property;
use model::{Event, EventIndex, Failure, Filter};
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
        let known = active.iter().find(|a| a.monitor.ptr_eq(monitor));
        let (state, looks) = known.map_or((of.initial, 0), |a| (a.state, a.looks));
        active.push(Active { registration, monitor, state, looks });
    }
    watch(module, live);
    Ok(registration)
}

/// Ends what [`activate`] began.
pub(crate) fn deactivate(module: &Module<'_>, live: &Live<'_>, registration: u32) {
    let mut active = Store::of(module).active.borrow_mut();
    active.iter().filter(|a| a.registration == registration && a.looks == 0).for_each(|a| unseen(live, a.monitor));
    active.retain(|a| a.registration != registration);
    drop(active);
    watch(module, live);
}

/// A monitor that has seen nothing has proved nothing.
fn unseen(live: &Live<'_>, monitor: Value<'_>) {
    let name = Monitor::from_value(monitor).map_or("", |m| m.name.as_str());
    live.warn("FB0302", &format!("the monitor {name} saw none of {} events", live.machine.events()));
}

/// Says which monitors have seen nothing.
pub(crate) fn tell_unseen(module: &Module<'_>, live: &Live<'_>) {
    Store::of(module).active.borrow().iter().filter(|a| a.looks == 0).for_each(|a| unseen(live, a.monitor));
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
    let store = Store::of(module);
    for awaited in store.awaited.borrow().iter() {
        let everything = Matcher::Event(FieldFilter::default());
        filters.extend(Matcher::from_value(*awaited).unwrap_or(&everything).watched(live.plan, None));
    }
    if !store.properties.borrow().is_empty() {
        filters.push(Filter::default());
    }
    for filter in faults::watched(live) {
        if !filters.contains(&filter) {
            filters.push(filter);
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
    faults::at_event(live, &View::new(&event, live.plan));
    awaited(eval, live, &event).map_err(|error| failed(&error, "await_event"))?;
    properties(eval, live, &event).map_err(|error| failed(&error, "always"))?;
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
        live.known.settled();
        let result = look(eval, monitor, value, active.state);
        live.monitoring.set(false);
        let state = result.map_err(|error| failed(&error, &monitor.name))?;
        for entry in store.active.borrow_mut().iter_mut().filter(|a| a.monitor.ptr_eq(active.monitor)) {
            entry.state = state;
            entry.looks += 1;
        }
    }
    Ok(())
}

/// Whoever waits for an event of this kind goes on.
fn awaited<'v>(eval: &mut Evaluator<'v, '_, '_>, live: &Live<'_>, event: &Event) -> starlark::Result<()> {
    let wanted = Store::of(eval.module()).awaited.borrow().clone();
    for wanted in wanted {
        if temporal::is_awaited(eval, live, wanted, event)? {
            temporal::wake(live);
        }
    }
    Ok(())
}

/// Asks the properties that must be true after every event.
fn properties<'v>(eval: &mut Evaluator<'v, '_, '_>, live: &Live<'_>, event: &Event) -> starlark::Result<()> {
    let module = eval.module();
    let store = Store::of(module);
    let count = store.properties.borrow().len();
    for i in 0..count {
        let (value, open) = store.properties.borrow()[i];
        let property = Property::from_value(value).expect("only properties are kept");
        let view = View::new(event, live.plan);
        let meant = |bound: Value<'v>| Matcher::from_value(bound).is_some_and(|m| m.matches(&view));
        let open = open || meant(property.start);
        let over = !property.end.is_none() && meant(property.end);
        store.properties.borrow_mut()[i].1 = open && !over;
        if !open {
            continue;
        }
        live.monitoring.set(true);
        live.known.settled();
        let holds = temporal::holds(eval, live, property);
        live.monitoring.set(false);
        if !holds? {
            let message = temporal::describe(property, Some(value_of(module, live, event)));
            return Err(Violation::new(message).at(Some(event.index)).into());
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
