//! `eventually(…)` and `always(…)`, and the trace that they are asked about.

use crate::args::{Call, Named};
use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::filter::FieldFilter;
use crate::log::{self, Query};
use crate::session::observer;
use crate::values::event::EventValue;
use crate::values::monitor::Matcher;
use crate::values::relations::chain_of;
use allocative::Allocative;
use model::VirtualDuration;
use starlark::any::ProvidesStaticType;
use starlark::coerce::Coerce;
use starlark::environment::{Methods, MethodsBuilder, MethodsStatic};
use starlark::eval::Evaluator;
use starlark::values::tuple::UnpackTuple;
use starlark::values::{
    Freeze, Heap, NoSerialize, StarlarkValue, Trace as TraceValues, Value, ValueLifetimeless, ValueLike, starlark_value,
};
use starlark::{starlark_complex_value, starlark_module, starlark_simple_value};
use std::fmt;

/// When a property is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Allocative)]
pub(crate) enum Kind {
    /// When the world has come to rest.
    Eventually,
    /// After every event.
    Always,
}

/// A property for `expect`.
#[derive(Debug, TraceValues, Coerce, Freeze, ProvidesStaticType, NoSerialize, Allocative)]
#[repr(C)]
pub(crate) struct PropertyGen<V: ValueLifetimeless> {
    #[freeze(identity)]
    #[trace(static)]
    pub(crate) kind: Kind,
    /// A function of the trace, or a matcher that some event has to satisfy.
    pub(crate) wanted: V,
    /// From an event that matches on; `None` from the beginning.
    pub(crate) start: V,
    /// Until one that matches; `None` to the end.
    pub(crate) end: V,
}

starlark_complex_value!(pub(crate) Property);

#[starlark_value(type = "property")]
impl<'v, V: ValueLike<'v>> StarlarkValue<'v> for PropertyGen<V> where Self: ProvidesStaticType<'v> {}

impl<V: ValueLifetimeless> fmt::Display for PropertyGen<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Eventually => "eventually(…)",
            Kind::Always => "always(…)",
        })
    }
}

/// All events so far.
#[derive(Clone, Copy, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Trace;

starlark_simple_value!(Trace);

#[starlark_value(type = "trace")]
impl<'v> StarlarkValue<'v> for Trace {
    fn get_methods() -> Option<&'static Methods> {
        static METHODS: MethodsStatic = MethodsStatic::new("trace", methods);
        Some(METHODS.methods())
    }
    fn dir_attr(&self) -> Vec<String> {
        Vec::new()
    }
    fn get_attr(&self, _: &str, _: Heap<'v>) -> Option<Value<'v>> {
        None
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("trace")
    }
}

#[starlark_module]
fn methods(builder: &mut MethodsBuilder) {
    /// The first event with such fields, or `None`.
    fn event<'v>(
        #[starlark(this)] _this: Value<'v>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        Ok(found("trace.event", kwargs, eval)?.first().copied().unwrap_or_else(Value::new_none))
    }
    /// The first event of all, or with such fields.
    fn first<'v>(
        #[starlark(this)] _this: Value<'v>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        Ok(found("trace.first", kwargs, eval)?.first().copied().unwrap_or_else(Value::new_none))
    }
    /// The latest event of all, or with such fields.
    fn last<'v>(
        #[starlark(this)] _this: Value<'v>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        Ok(found("trace.last", kwargs, eval)?.last().copied().unwrap_or_else(Value::new_none))
    }
    /// All events with such fields.
    fn events<'v>(
        #[starlark(this)] _this: Value<'v>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<Value<'v>>> {
        found("trace.events", kwargs, eval)
    }
    /// How many events have such fields.
    fn count<'v>(
        #[starlark(this)] _this: Value<'v>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<i32> {
        Ok(found("trace.count", kwargs, eval)?.len() as i32)
    }
    /// The events after one and before another.
    fn events_between<'v>(
        #[starlark(this)] _this: Value<'v>,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<Value<'v>>> {
        let mut call = Call::new("trace.events_between", args, kwargs);
        let (a, b) = (call.required("a")?, call.required("b")?);
        let (a, b) = (event_of(&call, "a", a)?, event_of(&call, "b", b)?);
        call.finish()?;
        let all = found("trace.events_between", Named::new(), eval)?;
        let within =
            |v: &Value<'v>| EventValue::from_value(*v).is_some_and(|e| (a + 1..b).contains(&e.event().index.0));
        Ok(all.into_iter().filter(within).collect())
    }
    /// The events that match and lie within so much time of another.
    fn events_within<'v>(
        #[starlark(this)] _this: Value<'v>,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<Value<'v>>> {
        let mut call = Call::new("trace.events_within", args, kwargs);
        let wanted = call.required("matcher")?;
        let wanted = Matcher::from_value(wanted).ok_or_else(|| call.not("matcher", "match.event(…)", wanted))?;
        let window = call.required("window")?;
        let VirtualDuration(window) = call.duration("window", window)?;
        let of = call.required("of")?;
        let at = EventValue::from_value(of).ok_or_else(|| call.not("of", "an event", of))?.event().at.0;
        call.finish()?;
        let all = found("trace.events_within", Named::new(), eval)?;
        let near = |v: &Value<'v>| {
            EventValue::from_value(*v).is_some_and(|e| e.event().at.0.abs_diff(at) <= window && wanted.matches(e))
        };
        Ok(all.into_iter().filter(near).collect())
    }
    /// What led to an event, the first first: the ends of each message on the way, and the event itself.
    fn causal_chain<'v>(
        #[starlark(this)] _this: Value<'v>,
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<Value<'v>>> {
        let live = observer(eval, "trace.causal_chain()")?;
        let mut call = Call::new("trace.causal_chain", args, kwargs);
        let event = call.required("event")?;
        let event = EventValue::from_value(event).ok_or_else(|| call.not("event", "an event", event))?;
        call.finish()?;
        chain_of(live, event, eval)
    }
}

fn found<'v>(
    builtin: &str,
    conditions: Named<'v>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<Vec<Value<'v>>> {
    let live = observer(eval, builtin)?;
    let filter = FieldFilter::new(builtin, conditions.into_iter().collect())?;
    filter.check(live.plan)?;
    log::all(eval, live, &Query { filter, wanted: None })
}

fn event_of<'v>(call: &Call<'v>, name: &str, value: Value<'v>) -> Result<u64, Diagnostic> {
    EventValue::from_value(value).map(|e| e.event().index.0).ok_or_else(|| call.not(name, "an event", value))
}
