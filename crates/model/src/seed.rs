//! Seeds: one number from which everything random in a run is drawn.

use std::fmt;
use std::str::FromStr;

/// The number a run is made from. Printed as `0x` and sixteen hexadecimal digits; decimal is accepted too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

/// Which part of a run is being decided. The boot has a seed of its own, derived from the run's, so that a later
/// version may share one boot among a batch of seeds while `--seed` alone still means one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Services start and become healthy; every choice takes its least surprising alternative.
    #[default]
    Boot,
    /// The scenario runs; choices are asked of the source.
    Run,
}

impl Seed {
    /// How many consecutive seeds share a boot.
    pub const BOOT_BATCH: u64 = 1 << 16;
    /// The seed that the boot phase of this run draws guest entropy from.
    pub fn boot(self) -> Seed {
        Seed((self.0 / Self::BOOT_BATCH).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x626f_6f74)
    }
    /// The seed that the choices of the n-th continuation of this run are drawn from. The same wherever the continuation
    /// begins, so that continuations from two events differ by where they begin alone.
    #[must_use]
    pub fn tail(self, number: u32) -> Seed {
        Seed(self.0.wrapping_add(u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

impl FromStr for Seed {
    type Err = String;
    fn from_str(text: &str) -> Result<Seed, String> {
        let parsed = match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => text.parse(),
        };
        parsed.map(Seed).map_err(|_| format!("bad seed {text:?}: expected a decimal or 0x… number of 64 bits"))
    }
}
