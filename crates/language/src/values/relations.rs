//! How one event lies to others: by cause, by order and time, by who did it.

use crate::args::{Call, Named};
use crate::causes;
use crate::diagnostic::Diagnostic;
use crate::fields::{Fields, View};
use crate::log::value_of;
use crate::session::{Live, observer};
use crate::values::event::EventValue;
use crate::values::monitor::Matcher;
use model::VirtualDuration;
use model::causality::{Order, Relation};
use starlark::environment::MethodsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::tuple::UnpackTuple;

#[starlark_module]
pub(super) fn relations(builder: &mut MethodsBuilder) {
    /// Whether this event can have led to another. `memory = False`: by what passed through the kernel alone.
    fn happens_before<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        Ok(related(this, "happens_before", args, kwargs, eval)? == Relation::Before)
    }
    /// Whether another event can have led to this one.
    fn happens_after<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        Ok(related(this, "happens_after", args, kwargs, eval)? == Relation::After)
    }
    /// Whether neither event can have known of the other.
    fn concurrent_with<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        Ok(related(this, "concurrent_with", args, kwargs, eval)? == Relation::Concurrent)
    }
    /// Whether one message, wake-up or start is enough to get from another event to this one.
    fn directly_caused_by<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        let live = observer(eval, "directly_caused_by()")?;
        let mut call = Call::new("directly_caused_by", args, kwargs);
        let other = other_event(&mut call)?;
        call.finish()?;
        let direct = causes::is_direct(live, other.event(), this.event())?;
        let found = if direct { "is directly caused by" } else { "is not directly caused by" };
        causes::remember(live, (this, other), found);
        Ok(direct)
    }
    /// What led to this event, the first first: the ends of each message on the way, and the event itself.
    fn causal_chain<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<Value<'v>>> {
        let live = observer(eval, "causal_chain()")?;
        Call::new("causal_chain", args, kwargs).finish()?;
        chain_of(live, this, eval)
    }
    /// Whether the same service did both.
    fn same_service_as<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<bool> {
        let mut call = Call::new("same_service_as", args, kwargs);
        let other = other_event(&mut call)?;
        call.finish()?;
        Ok(this.service() == other.service())
    }
    /// Whether both have a field `correlation_id`, and the same one.
    fn same_correlation_as<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<bool> {
        let mut call = Call::new("same_correlation_as", args, kwargs);
        let other = other_event(&mut call)?;
        call.finish()?;
        let own = this.field("correlation_id");
        Ok(own.is_some() && own == other.field("correlation_id"))
    }
    /// How many nanoseconds of virtual time lie between another event and this one; negative if this one is earlier.
    fn duration_since<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<i64> {
        let mut call = Call::new("duration_since", args, kwargs);
        let other = other_event(&mut call)?;
        call.finish()?;
        Ok(this.event().at.0 as i64 - other.event().at.0 as i64)
    }
    /// Whether an earlier event matches.
    fn preceded_by<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        neighbour(this, "preceded_by", (args, kwargs), Side::Earlier, eval)
    }
    /// Whether a later event matches.
    fn followed_by<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        neighbour(this, "followed_by", (args, kwargs), Side::Later, eval)
    }
    /// Whether an earlier event matches that is no further away than this.
    fn preceded_by_within<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        neighbour(this, "preceded_by_within", (args, kwargs), Side::Earlier, eval)
    }
    /// Whether a later event matches that is no further away than this.
    fn followed_by_within<'v>(
        this: &EventValue,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        neighbour(this, "followed_by_within", (args, kwargs), Side::Later, eval)
    }
}

/// What led to an event, as values.
pub(crate) fn chain_of<'v>(
    live: &Live<'_>,
    event: &EventValue,
    eval: &Evaluator<'v, '_, '_>,
) -> starlark::Result<Vec<Value<'v>>> {
    let chain = causes::chain(live, event.event())?;
    let events = chain.into_iter().filter_map(|index| live.machine.event(index));
    Ok(events.map(|event| value_of(eval.module(), live, &event)).collect())
}

fn other_event<'v>(call: &mut Call<'v>) -> Result<&'v EventValue, Diagnostic> {
    let other = call.required("event")?;
    EventValue::from_value(other).ok_or_else(|| call.not("event", "an event", other))
}

fn related<'v>(
    this: &EventValue,
    name: &str,
    args: UnpackTuple<Value<'v>>,
    kwargs: Named<'v>,
    eval: &Evaluator<'v, '_, '_>,
) -> starlark::Result<Relation> {
    let live = observer(eval, &format!("{name}()"))?;
    let mut call = Call::new(name, args, kwargs);
    let other = other_event(&mut call)?;
    let order = match call.named("memory").map(|v| call.flag("memory", v)).transpose()? {
        Some(false) => Order::Seen,
        Some(true) | None => Order::Shared,
    };
    call.finish()?;
    let relation = causes::relation(live, name, (this.event(), other.event()), order)?;
    causes::remember(live, (this, other), &relation.to_string());
    Ok(relation)
}

/// On which side of an event others are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Earlier,
    Later,
}

/// Whether an event on one side of this one matches, and lies within a window if the builtin has one.
fn neighbour<'v>(
    this: &EventValue,
    name: &str,
    (args, kwargs): (UnpackTuple<Value<'v>>, Named<'v>),
    side: Side,
    eval: &Evaluator<'v, '_, '_>,
) -> starlark::Result<bool> {
    let live = observer(eval, &format!("{name}()"))?;
    let mut call = Call::new(name, args, kwargs);
    let wanted = call.required("matcher")?;
    let wanted = Matcher::from_value(wanted).ok_or_else(|| call.not("matcher", "match.event(…)", wanted))?;
    wanted.check(live.plan)?;
    let mut window = u64::MAX;
    if name.ends_with("_within") {
        let text = call.required("window")?;
        VirtualDuration(window) = call.duration("window", text)?;
    }
    call.finish()?;
    let own = this.event();
    let mut found = false;
    live.machine.each_event(&mut |event| {
        let on_side = match side {
            Side::Earlier => event.index < own.index,
            Side::Later => event.index > own.index,
        };
        let near = event.at.0.abs_diff(own.at.0) <= window;
        found = found || (on_side && near && wanted.matches(&View::new(event, live.plan)));
        !found
    });
    Ok(found)
}
