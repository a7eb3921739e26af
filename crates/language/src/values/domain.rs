//! What a specification is made of besides services: scenarios, fault assumptions, and the pairing of the two.

use crate::values::fault::Rule;
use allocative::Allocative;
use model::VirtualDuration;
use starlark::any::ProvidesStaticType;
use starlark::coerce::Coerce;
use starlark::collections::StarlarkHasher;
use starlark::starlark_complex_value;
use starlark::values::{
    Freeze, NoSerialize, StarlarkValue, Trace, Value, ValueLifetimeless, ValueLike, starlark_value,
};
use std::fmt;
use std::hash::Hash as _;
use std::sync::Arc;

/// `scenario(f)`.
#[derive(Debug, Trace, Coerce, Freeze, ProvidesStaticType, NoSerialize, Allocative)]
#[repr(C)]
pub(crate) struct ScenarioGen<V: ValueLifetimeless> {
    #[freeze(identity)]
    pub(crate) name: String,
    pub(crate) function: V,
}

/// `fault_assumption(name, …)`: what can go wrong, and the monitors that must stay silent when it does.
#[derive(Debug, Trace, Coerce, Freeze, ProvidesStaticType, NoSerialize, Allocative)]
#[repr(C)]
pub(crate) struct AssumptionGen<V: ValueLifetimeless> {
    #[freeze(identity)]
    #[trace(static)]
    #[allocative(skip)]
    pub(crate) spec: Arc<AssumptionSpec>,
    pub(crate) monitors: Vec<V>,
}

/// The part of an assumption that is not values.
#[derive(Debug)]
pub(crate) struct AssumptionSpec {
    pub(crate) name: String,
    pub(crate) description: String,
    /// Its own rules first, then those of the assumptions it is composed of: the first that fires wins.
    pub(crate) rules: Vec<Rule>,
}

/// `fault_scenario(name, …)`, or one cell of `fault_matrix(…)`.
#[derive(Debug, Trace, Coerce, Freeze, ProvidesStaticType, NoSerialize, Allocative)]
#[repr(C)]
pub(crate) struct FaultScenarioGen<V: ValueLifetimeless> {
    #[freeze(identity)]
    #[trace(static)]
    #[allocative(skip)]
    pub(crate) spec: Arc<FaultScenarioSpec>,
    /// What is done before the scenario; `None` if nothing is.
    pub(crate) setup: V,
    pub(crate) scenario: V,
    pub(crate) faults: Vec<V>,
    /// Judges what the scenario returned; `None` if nothing does.
    pub(crate) expect: V,
    pub(crate) monitors: Vec<V>,
}

/// The part of a fault scenario that is not values.
#[derive(Debug)]
pub(crate) struct FaultScenarioSpec {
    pub(crate) name: String,
    /// The names of scenario and assumption, if this is a cell of a matrix.
    pub(crate) cell: Option<(String, String)>,
    /// How much virtual time the scenario may take.
    pub(crate) timeout: Option<VirtualDuration>,
    /// A fault that never fires is a failure.
    pub(crate) require_faults_fire: bool,
}

starlark_complex_value!(pub(crate) Scenario);
starlark_complex_value!(pub(crate) Assumption);
starlark_complex_value!(pub(crate) FaultScenario);

#[starlark_value(type = "scenario")]
impl<'v, V: ValueLike<'v>> StarlarkValue<'v> for ScenarioGen<V> where Self: ProvidesStaticType<'v> {}

#[starlark_value(type = "fault_assumption")]
impl<'v, V: ValueLike<'v>> StarlarkValue<'v> for AssumptionGen<V>
where
    Self: ProvidesStaticType<'v>,
{
    fn get_attr(&self, attribute: &str, heap: starlark::values::Heap<'v>) -> Option<Value<'v>> {
        match attribute {
            "name" => Some(heap.alloc(self.spec.name.as_str())),
            "description" => Some(heap.alloc(self.spec.description.as_str())),
            _ => None,
        }
    }
    fn write_hash(&self, hasher: &mut StarlarkHasher) -> starlark::Result<()> {
        self.spec.name.hash(hasher);
        Ok(())
    }
    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(Assumption::from_value(other).is_some_and(|o| o.spec.name == self.spec.name))
    }
}

#[starlark_value(type = "fault_scenario")]
impl<'v, V: ValueLike<'v>> StarlarkValue<'v> for FaultScenarioGen<V> where Self: ProvidesStaticType<'v> {}

impl<V: ValueLifetimeless> fmt::Display for ScenarioGen<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scenario({})", self.name)
    }
}

impl<V: ValueLifetimeless> fmt::Display for AssumptionGen<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault_assumption({:?})", self.spec.name)
    }
}

impl<V: ValueLifetimeless> fmt::Display for FaultScenarioGen<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault_scenario({:?})", self.spec.name)
    }
}
