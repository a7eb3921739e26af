//! Monitors: properties that are checked at every event, and the matchers that say at which.

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::filter::FieldFilter;
use allocative::Allocative;
use model::Filter;
use model::plan::Plan;
use starlark::any::ProvidesStaticType;
use starlark::coerce::Coerce;
use starlark::values::{Freeze, NoSerialize, StarlarkValue, Trace, ValueLifetimeless, ValueLike, starlark_value};
use starlark::{starlark_complex_value, starlark_simple_value};
use std::fmt;

/// A monitor in either of its forms.
#[derive(Debug, Trace, Coerce, Freeze, ProvidesStaticType, NoSerialize, Allocative)]
#[repr(C)]
pub(crate) struct MonitorGen<V: ValueLifetimeless> {
    #[freeze(identity)]
    pub(crate) name: String,
    #[freeze(identity)]
    #[trace(static)]
    #[allocative(skip)]
    pub(crate) filter: Matcher,
    /// `monitor(callback, …)`: called with the event, fails by raising. `None` in the other form.
    pub(crate) callback: V,
    /// `monitor(name, on=…, state_init=…, update=…, check=…)`: the state it starts from.
    pub(crate) initial: V,
    /// From event and state to the next state; `None` keeps it.
    pub(crate) update: V,
    /// From event and state to whether the property holds; `None` for always.
    pub(crate) check: V,
}

starlark_complex_value!(pub(crate) Monitor);

#[starlark_value(type = "monitor")]
impl<'v, V: ValueLike<'v>> StarlarkValue<'v> for MonitorGen<V> where Self: ProvidesStaticType<'v> {}

impl<V: ValueLifetimeless> fmt::Display for MonitorGen<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "monitor({})", self.name)
    }
}

/// Which events are meant: `match.event(…)`, `match.any(…)`, `match.all(…)`, `match.never(…)`.
#[derive(Clone, Debug, PartialEq, Eq, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) enum Matcher {
    /// Those with such fields.
    Event(#[allocative(skip)] FieldFilter),
    /// Those that one of these means.
    Any(Vec<Matcher>),
    /// Those that each of these means.
    All(Vec<Matcher>),
    /// Those that this one does not mean.
    Never(Box<Matcher>),
}

impl Matcher {
    /// Whether an event is meant.
    pub(crate) fn matches(&self, event: &impl Fields) -> bool {
        match self {
            Matcher::Event(filter) => filter.matches(event),
            Matcher::Any(all) => all.iter().any(|m| m.matches(event)),
            Matcher::All(all) => all.iter().all(|m| m.matches(event)),
            Matcher::Never(not) => !not.matches(event),
        }
    }
    /// Refuses conditions that can never hold.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), Diagnostic> {
        match self {
            Matcher::Event(filter) => filter.check(plan),
            Matcher::Any(all) | Matcher::All(all) => all.iter().try_for_each(|m| m.check(plan)),
            Matcher::Never(not) => not.check(plan),
        }
    }
    /// What the machine has to report for every event that is meant to be seen; see [`FieldFilter::watched`].
    pub(crate) fn watched(&self, plan: &Plan, guard: Option<&str>) -> Vec<Filter> {
        match self {
            Matcher::Event(filter) => filter.watched(plan, guard),
            Matcher::Any(all) => all.iter().flat_map(|m| m.watched(plan, guard)).collect(),
            Matcher::All(all) => all.first().map_or_else(Vec::new, |m| m.watched(plan, guard)),
            Matcher::Never(_) => FieldFilter::default().watched(plan, guard),
        }
    }
}

starlark_simple_value!(Matcher);

#[starlark_value(type = "matcher")]
impl<'v> StarlarkValue<'v> for Matcher {}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Matcher::Event(_) => "match.event",
            Matcher::Any(_) => "match.any",
            Matcher::All(_) => "match.all",
            Matcher::Never(_) => "match.never",
        })
    }
}
