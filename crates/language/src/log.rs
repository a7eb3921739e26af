//! Queries over the log of events. Conditions are checked on the log itself; a value of the language is made only for an
//! event that satisfies them, and only once.

use crate::evaluate;
use crate::fields::{Fields, View, service_of};
use crate::filter::FieldFilter;
use crate::session::Live;
use crate::store::Store;
use crate::values::event::EventValue;
use model::{Event, EventIndex};
use starlark::environment::Module;
use starlark::eval::Evaluator;
use starlark::values::Value;

/// What is looked for: events that satisfy the conditions and, if there is one, the function.
pub(crate) struct Query<'v> {
    pub(crate) filter: FieldFilter,
    pub(crate) wanted: Option<Value<'v>>,
}

/// An event that was found.
pub(crate) struct Found {
    pub(crate) index: EventIndex,
    pub(crate) description: String,
}

/// The first event that matches.
pub(crate) fn first<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    live: &Live<'_>,
    query: &Query<'v>,
) -> starlark::Result<Option<Found>> {
    let Some(wanted) = query.wanted else {
        let mut found = None;
        live.machine.each_event(&mut |event| {
            let view = View::new(event, live.plan);
            if query.filter.matches(&view) {
                found = Some(Found { index: event.index, description: view.describe() });
            }
            found.is_none()
        });
        return Ok(found);
    };
    for value in candidates(eval.module(), live, &query.filter) {
        if evaluate::call(eval, wanted, &[value])?.to_bool() {
            let event = EventValue::from_value(value).expect("candidates are events");
            return Ok(Some(Found { index: event.event().index, description: event.describe() }));
        }
    }
    Ok(None)
}

/// All events that match, in order.
pub(crate) fn all<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    live: &Live<'_>,
    query: &Query<'v>,
) -> starlark::Result<Vec<Value<'v>>> {
    let candidates = candidates(eval.module(), live, &query.filter);
    let Some(wanted) = query.wanted else {
        return Ok(candidates);
    };
    let mut matching = Vec::new();
    for value in candidates {
        if evaluate::call(eval, wanted, &[value])?.to_bool() {
            matching.push(value);
        }
    }
    Ok(matching)
}

/// The values of the events in the log that satisfy some conditions.
fn candidates<'v>(module: &Module<'v>, live: &Live<'_>, filter: &FieldFilter) -> Vec<Value<'v>> {
    let mut values = Vec::new();
    live.machine.each_event(&mut |event| {
        if filter.is_empty() || filter.matches(&View::new(event, live.plan)) {
            values.push(value_of(module, live, event));
        }
        true
    });
    values
}

/// The value of an event.
pub(crate) fn value_of<'v>(module: &Module<'v>, live: &Live<'_>, event: &Event) -> Value<'v> {
    let mut known = Store::of(module).events.borrow_mut();
    let index = event.index.0 as usize;
    if known.len() <= index {
        known.resize(index + 1, None);
    }
    *known[index].get_or_insert_with(|| {
        module.heap().alloc(EventValue::new(event.clone(), service_of(event, live.plan), live.plan))
    })
}
