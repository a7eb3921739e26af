//! The random walk: at each call a coin decides whether another thread runs. How the coin is weighted is drawn anew for
//! each run, since no weight is right for all bugs: one in two finds races of neighbours, one in two hundred leaves a
//! thread alone for long enough to be late.

use super::chance::Chance;
use super::spec::Odds;
use super::streams::{Streams, surprise};
use model::rng::Random;
use model::{Hint, Kind, Point, Seed, Source};

/// Preempts at random; everything else as [`Chance`].
#[derive(Debug)]
pub struct RandomWalk {
    streams: Streams,
    chance: Chance,
    preempt: Odds,
    /// Who follows a thread that cannot go on: anyone, or the one that has waited longest.
    any_next: bool,
}

impl RandomWalk {
    /// Draws the run's own parameters, but for the probability of a preemption if it is given.
    pub fn new(seed: Seed, preempt: Option<Odds>) -> RandomWalk {
        let mut random = Random::of_purpose(seed, "strategy random");
        let drawn = Odds::once_in(2 << random.below(8));
        let any_next = random.ratio(1, 2);
        let (streams, chance) = (Streams::new(seed), Chance::new(seed));
        RandomWalk { streams, chance, preempt: preempt.unwrap_or(drawn), any_next }
    }
}

impl Source for RandomWalk {
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        match point.kind {
            Kind::Preempt => {
                let random = self.streams.of(point.kind, point.stream);
                let gives_way = point.hint == Hint::Yield && random.ratio(1, 2);
                if gives_way || self.preempt.draw(random) { surprise(random, point.alternatives) } else { 0 }
            }
            Kind::Next if self.any_next => {
                self.streams.of(point.kind, point.stream).below(u64::from(point.alternatives)) as u32
            }
            _ => self.chance.choose(point),
        }
    }
}
