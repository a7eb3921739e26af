//! `link(a, b)`: what lies between two hosts.

use allocative::Allocative;
use starlark::any::ProvidesStaticType;
use starlark::starlark_simple_value;
use starlark::values::{NoSerialize, StarlarkValue, starlark_value};
use std::fmt;

/// The directions between two hosts that are meant, each as (from, to).
#[derive(Clone, Debug, PartialEq, Eq, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Link {
    pub(crate) directions: Vec<(String, String)>,
}

starlark_simple_value!(Link);

#[starlark_value(type = "link")]
impl<'v> StarlarkValue<'v> for Link {}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<String> = self.directions.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
        write!(f, "link({})", said.join(", "))
    }
}

/// `lose_unsynced()` and `torn_write()`: what a disk loses in a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Loss(#[allocative(skip)] pub(crate) model::fault::DiskLoss);

starlark_simple_value!(Loss);

#[starlark_value(type = "disk_loss")]
impl<'v> StarlarkValue<'v> for Loss {}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            model::fault::DiskLoss::Unsynced => "lose_unsynced()",
            model::fault::DiskLoss::Torn => "torn_write()",
        })
    }
}
