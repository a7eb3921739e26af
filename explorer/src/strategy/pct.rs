//! Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: ASPLOS 2010): every thread has a
//! random priority and the highest that can run does run; at `depth - 1` places drawn uniformly over the length of a
//! run, the running thread falls below all others. A bug that needs `d` ordering constraints among `n` threads and
//! `k` steps is found by a run of depth `d` with probability at least `1 / (n * k^(d-1))`.
//!
//! Strict priorities let a thread that waits by spinning wait for ever. So a thread that gives way, or is picked very
//! often in a row while others could run, falls below all others too.
//!
//! ```text
//!   drawn (random) ── change point ──> changed (below all drawn, in random order)
//!        └─────────── gives way, spins ──> given way (below all of these, the latest lowest)
//! ```

use super::chance::Chance;
use model::rng::Random;
use model::{Hint, Kind, Point, Seed, Source, Stream};
use std::collections::BTreeMap;

/// The length that is assumed for a run if none is known.
const STEPS_UNKNOWN: u64 = 1 << 10;
/// A thread picked so often in a row is taken to be spinning.
const PICKS_IN_A_ROW_MAX: u32 = 2_000;

/// Priorities with change points; what is not about scheduling as [`Chance`].
#[derive(Debug)]
pub struct Pct {
    seed: Seed,
    chance: Chance,
    priorities: BTreeMap<Stream, Priority>,
    /// Change points to come, the next one last: (step, the priority it gives).
    changes: Vec<(u64, u32)>,
    step: u64,
    given_way: u64,
    /// The thread picked last, and how often in a row.
    streak: (Stream, u32),
}

/// The later variant is the higher priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Priority {
    /// Gave way; the latest is the lowest, so this holds a falling number.
    GivenWay(u64),
    /// Met a change point.
    Changed(u32),
    /// As drawn when first seen; the thread itself tells equal draws apart.
    Drawn(u64, Stream),
}

impl Pct {
    /// Draws the change points over a run of `steps` choices.
    pub fn new(seed: Seed, depth: u32, steps: u64) -> Pct {
        let mut random = Random::of_purpose(seed, "strategy pct");
        let steps = if steps == 0 { STEPS_UNKNOWN } else { steps };
        let mut changes: Vec<(u64, u32)> = (1..depth).map(|n| (1 + random.below(steps), n)).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        let chance = Chance::new(seed);
        Pct { seed, chance, priorities: BTreeMap::new(), changes, step: 0, given_way: 0, streak: (Stream::NONE, 0) }
    }

    fn fall(&mut self, thread: Stream) {
        self.given_way += 1;
        self.priorities.insert(thread, Priority::GivenWay(u64::MAX - self.given_way));
    }

    fn schedule(&mut self, point: &Point<'_>) -> u32 {
        while let Some((_, priority)) = self.changes.pop_if(|(step, _)| *step <= self.step) {
            self.priorities.insert(point.stream, Priority::Changed(priority));
        }
        if point.hint == Hint::Yield {
            self.fall(point.stream);
        }
        let (spinner, picks) = self.streak;
        if picks >= PICKS_IN_A_ROW_MAX {
            self.fall(spinner);
        }
        let seed = self.seed;
        let mut best: Option<(Priority, u32)> = None;
        for (number, thread) in (0..).zip(point.candidates) {
            let priority = *self.priorities.entry(*thread).or_insert_with(|| {
                Priority::Drawn(Random::of_choice(seed, Kind::Preempt, *thread).next_u64(), *thread)
            });
            if best.is_none_or(|(highest, _)| priority > highest) {
                best = Some((priority, number));
            }
        }
        let picked = best.map_or(0, |(_, number)| number);
        let thread = point.candidates.get(picked as usize).copied().unwrap_or(Stream::NONE);
        let picks = if thread == self.streak.0 && picks < PICKS_IN_A_ROW_MAX { picks + 1 } else { 1 };
        self.streak = (thread, picks);
        picked
    }
}

impl Source for Pct {
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        self.step += 1;
        if point.kind.is_schedule() { self.schedule(point) } else { self.chance.choose(point) }
    }
}
