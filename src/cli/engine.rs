//! How the machine is run, which no result depends on: for comparing, and for finding out which part is at fault.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// The same runs, by other ways.
#[derive(Clone, Copy, Debug, Default, Args, Serialize, Deserialize)]
pub(crate) struct Engine {
    /// How programs enter the simulated kernel; the result is the same
    #[arg(long, value_enum, default_value_t, help_heading = "Engine")]
    pub(crate) entry: Entry,
    /// Whether runs share a boot where they can; the result is the same
    #[arg(long, value_enum, default_value_t, help_heading = "Engine")]
    pub(crate) boot: Boot,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// Hot call sites by a jump
    #[default]
    Patched,
    /// Every call by a signal
    Signal,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Boot {
    /// Services start once for a batch of seeds
    #[default]
    Shared,
    /// Services start anew for every run
    Fresh,
}
