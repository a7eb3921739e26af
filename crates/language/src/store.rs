//! The values that outlive a statement: what a module declared, which monitors are active, and one value per event that
//! was looked at. Kept in the module's extra slot, so that the values belong to the module's heap.

#![expect(unsafe_code, reason = "the derives of starlark implement its unsafe marker traits")]

use allocative::Allocative;
use starlark::any::ProvidesStaticType;
use starlark::environment::{FrozenModule, Module};
use starlark::starlark_complex_values;
use starlark::values::{
    Freeze, FreezeResult, Freezer, FrozenValue, NoSerialize, StarlarkValue, Trace, Value, ValueLike, starlark_value,
};
use std::cell::RefCell;
use std::fmt;

/// See the module's documentation.
#[derive(Debug, Default, Trace, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Store<'v> {
    /// Services, scenarios, fault scenarios and monitors in the order of their declaration.
    pub(crate) declared: RefCell<Vec<Value<'v>>>,
    /// The monitors that are looking.
    pub(crate) active: RefCell<Vec<Active<'v>>>,
    /// What is awaited: matchers, and functions of an event.
    pub(crate) awaited: RefCell<Vec<Value<'v>>>,
    /// Properties that must be true after every event, and whether their time has come.
    pub(crate) properties: RefCell<Vec<(Value<'v>, bool)>>,
    /// By event index: the event's value, once something asked for it.
    pub(crate) events: RefCell<Vec<Option<Value<'v>>>>,
}

/// A monitor that is looking, with the state it has arrived at.
#[derive(Clone, Copy, Debug, Trace, Allocative)]
pub(crate) struct Active<'v> {
    /// What it was registered under.
    pub(crate) registration: u32,
    pub(crate) monitor: Value<'v>,
    pub(crate) state: Value<'v>,
    /// How many events it has looked at.
    pub(crate) looks: u64,
}

/// What is left of a loaded module's store: its declarations.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct FrozenStore {
    declared: Vec<FrozenValue>,
}

starlark_complex_values!(Store);

#[starlark_value(type = "store")]
impl<'v> StarlarkValue<'v> for Store<'v> {
    type Canonical = FrozenStore;
}

#[starlark_value(type = "store")]
impl<'v> StarlarkValue<'v> for FrozenStore {
    type Canonical = FrozenStore;
}

impl Freeze for Store<'_> {
    type Frozen = FrozenStore;
    fn freeze(self, freezer: &Freezer) -> FreezeResult<FrozenStore> {
        Ok(FrozenStore { declared: self.declared.into_inner().freeze(freezer)? })
    }
}

impl fmt::Display for Store<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("store")
    }
}

impl fmt::Display for FrozenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("store")
    }
}

impl<'v> Store<'v> {
    /// Gives a new module its store.
    pub(crate) fn create(module: &Module<'v>) {
        module.set_extra_value(module.heap().alloc(Store::default()));
    }
    /// The store of a module.
    ///
    /// # Panics
    /// If it was never given one.
    pub(crate) fn of(module: &Module<'v>) -> &'v Store<'v> {
        let value = module.extra_value().expect("every module is given a store before it is evaluated");
        value.downcast_ref::<Store<'v>>().expect("the extra slot holds the store")
    }
    /// Remembers a declaration.
    pub(crate) fn declare(&self, value: Value<'v>) {
        self.declared.borrow_mut().push(value);
    }
    /// What the loaded modules and then this one declared.
    pub(crate) fn all_declared(module: &Module<'v>, loaded: &[(String, FrozenModule)]) -> Vec<Value<'v>> {
        let mut all = Vec::new();
        for (_, loaded) in loaded {
            if let Some(extra) = loaded.owned_extra_value() {
                let value = module.heap().access_owned_frozen_value(&extra);
                let store = value.downcast_ref::<FrozenStore>();
                all.extend(store.into_iter().flat_map(|s| s.declared.iter().map(|v| v.to_value())));
            }
        }
        all.extend(Store::of(module).declared.borrow().iter().copied());
        all
    }
}
