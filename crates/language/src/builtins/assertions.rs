//! Assertions and queries. They look at the log of events as it is when they are called; `assert_eventually` lets the
//! world run on until it comes to rest before it gives up.

use crate::args::{Call, Named, is_callable};
use crate::causes;
use crate::diagnostic::{Diagnostic, Violation, interrupted};
use crate::fields::View;
use crate::filter::FieldFilter;
use crate::log::{self, Query};
use crate::session::{Live, Rest, Session, Stage, observer};
use model::VirtualDuration;
use model::causality::Relation;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::dict::DictRef;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;

#[starlark_module]
pub(super) fn assertions(builder: &mut GlobalsBuilder) {
    /// The condition must be true.
    fn assert_true<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        counted(eval);
        let mut call = Call::new("assert_true", args, kwargs);
        let condition = raw(&mut call, "cond")?;
        let msg = take_text(&mut call, "msg")?;
        call.finish()?;
        if condition.to_bool() {
            return Ok(held(eval));
        }
        Err(Violation::new(msg.unwrap_or_else(|| "assertion failed".to_owned())).into())
    }

    /// The two values must be equal.
    fn assert_eq<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        counted(eval);
        let mut call = Call::new("assert_eq", args, kwargs);
        let a = raw(&mut call, "a")?;
        let b = raw(&mut call, "b")?;
        let msg = take_text(&mut call, "msg")?;
        call.finish()?;
        if a.equals(b)? {
            return Ok(held(eval));
        }
        let suffix = msg.map(|m| format!(" ({m})")).unwrap_or_default();
        Err(Violation::new(format!("assert_eq failed: {} != {}{suffix}", a.to_repr(), b.to_repr())).into())
    }

    /// No event may match.
    fn assert_never<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = observer(eval, "assert_never()")?;
        live.assertions.set(live.assertions.get() + 1);
        let mut call = Call::new("assert_never", args, kwargs);
        let msg = call.named("msg").map(|v| call.text("msg", v)).transpose()?;
        let query = take_query(call, live)?;
        let Some(found) = log::first(eval, live, &query)? else {
            warn_of_nothing(live, &query);
            return Ok(NoneType);
        };
        let what = msg.unwrap_or_else(|| "an event that must never happen did".to_owned());
        Err(Violation::new(format!("{what}: {}", found.description)).at(Some(found.index)).into())
    }

    /// Some event must match, at the latest when the world has come to rest.
    fn assert_eventually<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = observer(eval, "assert_eventually()")?;
        live.assertions.set(live.assertions.get() + 1);
        let mut call = Call::new("assert_eventually", args, kwargs);
        let msg = call.named("msg").map(|v| call.text("msg", v)).transpose()?;
        let within = call.named("within").map(|v| call.duration("within", v)).transpose()?;
        let query = take_query(call, live)?;
        if log::first(eval, live, &query)?.is_some() {
            return Ok(NoneType);
        }
        // The world stands still for a monitor; before an expect it has come to rest already.
        let mut rest = live.rest.get();
        let may_wait = !live.monitoring.get() && (live.stage.get() == Stage::Body || within.is_some());
        if may_wait {
            let within = within.unwrap_or(crate::run::SETTLE);
            rest = Some(Rest::from(live.machine.settle(live.machine.now().after(within)).map_err(interrupted)?));
            if log::first(eval, live, &query)?.is_some() {
                return Ok(NoneType);
            }
        }
        let what = msg.unwrap_or_else(|| "an event that must eventually happen did not".to_owned());
        let waited = if may_wait { within.unwrap_or(crate::run::SETTLE) } else { VirtualDuration::ZERO };
        let waited = if waited == VirtualDuration::ZERO { String::new() } else { format!(" within {waited}") };
        let rest = rest.map(|rest| live.at_rest(rest)).unwrap_or_default();
        Err(Violation::new(format!("{what}{waited}: none of {} events matches{rest}", live.machine.events())).into())
    }

    /// The first event that matches `first` must come before the first that matches `then`.
    fn assert_before<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = observer(eval, "assert_before()")?;
        live.assertions.set(live.assertions.get() + 1);
        let mut call = Call::new("assert_before", args, kwargs);
        let (first, then) = (call.required("first")?, call.required("then")?);
        let msg = take_text(&mut call, "msg")?;
        let causally = call.named("causally").map(|v| call.flag("causally", v)).transpose()?.unwrap_or(false);
        let first_query = take_side(&call, "first", first, live)?;
        let then_query = take_side(&call, "then", then, live)?;
        call.finish()?;
        let prefix = msg.map(|m| format!("{m}: ")).unwrap_or_default();
        let found = |eval: &mut Evaluator<'v, '_, '_>, side: &str, query: &Query<'v>| {
            log::first(eval, live, query)?.ok_or_else(|| {
                let message = format!("{prefix}no event matches `{side}` among {}", live.machine.events());
                starlark::Error::from(Violation::new(message))
            })
        };
        let first = found(eval, "first", &first_query)?;
        let then = found(eval, "then", &then_query)?;
        if first.index < then.index && !causally {
            return Ok(held(eval));
        }
        let relation = causes::between(live, first.index, then.index);
        if causally && relation.as_ref().is_ok_and(|r| *r == Relation::Before) {
            return Ok(held(eval));
        }
        let (a, b) = (first.description, then.description);
        let message = match relation {
            Err(error) if causally => return Err(error.into()),
            Ok(relation) if causally => format!("{prefix}the first did not lead to the second: {a} {relation} {b}"),
            Ok(relation) => format!("{prefix}the wrong order: {a} does not come before {b}: it {relation} that"),
            Err(_) => format!("{prefix}the wrong order: {a} does not come before {b}"),
        };
        Err(Violation::new(message).at(Some(then.index.max(first.index))).into())
    }

    /// All events that match, in order.
    fn events<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<Value<'v>>> {
        let live = observer(eval, "events()")?;
        let query = take_query(Call::new("events", args, kwargs), live)?;
        log::all(eval, live, &query)
    }
}

/// An assertion holds.
fn held(eval: &Evaluator<'_, '_, '_>) -> NoneType {
    if let Some(live) = Session::of(eval).and_then(Session::live) {
        live.known.settled();
    }
    NoneType
}

/// Warns if an assertion that holds because nothing was found could not have found anything: nobody is asked to report
/// such events, or the function was given none.
fn warn_of_nothing(live: &Live<'_>, query: &Query<'_>) {
    if let Some((kind, how)) = query.filter.unobserved(live.plan) {
        live.warn("FB0307", &format!("assert_never() cannot fail: no service reports {kind} events ({how})"));
    }
    if query.wanted.is_none() || query.filter.is_empty() {
        return;
    }
    let mut any = false;
    live.machine.each_event(&mut |event| {
        any = any || query.filter.matches(&View::new(event, live.plan));
        !any
    });
    if !any {
        let of = live.machine.events();
        live.warn(
            "FB0307",
            &format!("assert_never() asked its function about none of {of} events: its conditions match nothing"),
        );
    }
}

/// Counts an assertion.
fn counted(eval: &Evaluator<'_, '_, '_>) {
    if let Some(live) = Session::of(eval).and_then(Session::live) {
        live.assertions.set(live.assertions.get() + 1);
    }
}

/// An argument that may well be `None`.
fn raw<'v>(call: &mut Call<'v>, name: &'static str) -> Result<Value<'v>, Diagnostic> {
    call.next_raw(name)?.ok_or_else(|| call.missing(name))
}

fn take_text(call: &mut Call<'_>, name: &'static str) -> Result<Option<String>, Diagnostic> {
    call.next(name)?.map(|v| call.text(name, v)).transpose()
}

/// `where=` (or a function given first) and conditions by keyword; both must hold.
fn take_query<'v>(mut call: Call<'v>, live: &Live<'_>) -> Result<Query<'v>, Diagnostic> {
    let wanted = call.next("where")?.map(|v| call.callable("where", v)).transpose()?;
    let conditions = call.rest_named();
    let filter = FieldFilter::new(call.builtin(), conditions)?;
    if wanted.is_none() && filter.is_empty() && call.builtin() != "events" {
        let message = format!("{}() was given nothing to look for", call.builtin());
        return Err(
            Diagnostic::argument(message).help("pass where = lambda e: …, or conditions such as type = \"stdout\"")
        );
    }
    filter.check(live.plan)?;
    call.finish()?;
    Ok(Query { filter, wanted })
}

/// One side of `assert_before`: a dict of conditions, or a function.
fn take_side<'v>(call: &Call<'v>, name: &str, side: Value<'v>, live: &Live<'_>) -> Result<Query<'v>, Diagnostic> {
    if is_callable(side) {
        return Ok(Query { filter: FieldFilter::default(), wanted: Some(side) });
    }
    let dict = DictRef::from_value(side).filter(|d| d.iter().next().is_some());
    let dict = dict.ok_or_else(|| call.not(name, "a dict of conditions, or a function", side))?;
    let conditions = dict.iter().map(|(k, v)| Ok((call.text(name, k)?, v))).collect::<Result<_, Diagnostic>>()?;
    let filter = FieldFilter::new("assert_before", conditions)?;
    filter.check(live.plan)?;
    Ok(Query { filter, wanted: None })
}
