//! A different strategy for each seed. Which strategy finds a bug depends on the bug, and mixing costs at most the
//! number of arms, while the wrong strategy may cost everything.

use super::spec::{Odds, StrategySpec};
use model::Seed;
use model::rng::Random;

/// The arms: coarse and fine random walks, priorities of several depths, and faults without any reordering.
fn arms() -> [StrategySpec; 7] {
    let random = |of| StrategySpec::Random { preempt: Some(Odds::once_in(of)) };
    [
        StrategySpec::Random { preempt: None },
        StrategySpec::Pct { depth: 2 },
        random(4),
        StrategySpec::Pct { depth: 3 },
        random(32),
        StrategySpec::Pct { depth: 5 },
        StrategySpec::Faults,
    ]
}

/// The arm of a seed. Each group of consecutive seeds has every arm once, from a random one on, so that taking every
/// n-th seed, as one of several machines does, still gives all arms.
pub(crate) fn arm(seed: Seed) -> StrategySpec {
    let arms = arms();
    let count = arms.len() as u64;
    let (group, number) = (seed.0 / count, seed.0 % count);
    let first = Random::of_purpose(Seed(group), "strategy portfolio").below(count);
    arms[((first + number) % count) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_stride_gives_every_arm() {
        for stride in 1..30 {
            let mut counts = BTreeMap::<String, u32>::new();
            for n in 0..700 {
                *counts.entry(arm(Seed(n * stride)).to_string()).or_default() += 1;
            }
            assert_eq!(counts.len(), arms().len());
            assert!(counts.values().all(|count| (60..=140).contains(count)), "stride {stride}: {counts:?}");
        }
    }
}
