//! Strategies: who answers the choices of a run that is searched rather than replayed.
//!
//! One file each. All draw from one random stream per (kind, stream) of the run's seed, so what one thread does never
//! shifts what another is given; and all answer the kinds that are not about scheduling in the same way ([`Chance`]).
//!
//! A strategy lives in the arena of a world and is asked by whichever process runs the kernel. So it is plain owned
//! data: nothing global, nothing per host thread, nothing shared.

mod chance;
mod pct;
mod portfolio;
mod random;
mod spec;
mod streams;

pub use chance::Chance;
pub use pct::Pct;
pub use random::RandomWalk;
pub use spec::{Odds, StrategySpec};

use model::choice::Ordinary;
use model::{Seed, Source};

/// The strategy that this text stands for, for one run. `steps` is how many choices the ordinary run of the test asks.
pub fn build(spec: &StrategySpec, seed: Seed, steps: u64) -> Box<dyn Source> {
    match spec {
        StrategySpec::Ordinary => Box::new(Ordinary),
        StrategySpec::Faults => Box::new(Chance::new(seed)),
        StrategySpec::Random { preempt } => Box::new(RandomWalk::new(seed, *preempt)),
        StrategySpec::Pct { depth } => Box::new(Pct::new(seed, *depth, steps)),
        StrategySpec::Portfolio => build(&portfolio::arm(seed), seed, steps),
    }
}
