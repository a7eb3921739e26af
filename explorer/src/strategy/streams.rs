//! One random stream per (kind, stream) of choices, created when it is first asked.

use model::rng::Random;
use model::{Kind, Seed, Stream};
use std::collections::BTreeMap;

/// The random streams of a run.
#[derive(Debug)]
pub(crate) struct Streams {
    seed: Seed,
    open: BTreeMap<(Kind, Stream), Random>,
}

impl Streams {
    pub(crate) fn new(seed: Seed) -> Streams {
        Streams { seed, open: BTreeMap::new() }
    }
    pub(crate) fn of(&mut self, kind: Kind, stream: Stream) -> &mut Random {
        let seed = self.seed;
        self.open.entry((kind, stream)).or_insert_with(|| Random::of_choice(seed, kind, stream))
    }
}

/// One of the alternatives other than 0.
pub(crate) fn surprise(random: &mut Random, alternatives: u32) -> u32 {
    1 + random.below(u64::from(alternatives) - 1) as u32
}
