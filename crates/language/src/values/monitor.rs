//! Monitors: properties that are checked at every event, and the matchers that say at which.

use crate::filter::FieldFilter;
use allocative::Allocative;
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
    pub(crate) filter: FieldFilter,
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

/// `match.event(…)`.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Matcher(#[allocative(skip)] pub(crate) FieldFilter);

starlark_simple_value!(Matcher);

#[starlark_value(type = "matcher")]
impl<'v> StarlarkValue<'v> for Matcher {}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("match.event")
    }
}
