//! How the machine is run, which no result depends on: for comparing, and for finding out which part is at fault.

use clap::{Args, ValueEnum};

/// The same runs, by other ways.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Engine {
    /// How programs enter the simulated kernel; the result is the same
    #[arg(long, value_enum, default_value_t, help_heading = "Engine")]
    pub(crate) entry: Entry,
    /// Whether runs share a boot where they can; the result is the same
    #[arg(long, value_enum, default_value_t, help_heading = "Engine")]
    pub(crate) boot: Boot,
    /// Hash all memory that programs can write, too, after every so many events (more, the longer a run is) and at the end;
    /// 0 is never
    #[arg(long, value_name = "EVENTS", default_value_t = 0, help_heading = "Engine")]
    pub(crate) memory_every: u64,
}

impl Engine {
    /// The end of a run is a moment at which memory is hashed, at least.
    pub(crate) fn with_memory(self) -> Engine {
        Engine { memory_every: if self.memory_every == 0 { u64::MAX } else { self.memory_every }, ..self }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Entry {
    /// Hot call sites by a jump
    #[default]
    Patched,
    /// Every call by a signal
    Signal,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Boot {
    /// Services start once for a batch of seeds
    #[default]
    Shared,
    /// Services start anew for every run
    Fresh,
}
