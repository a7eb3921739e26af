//! Everything that is not about scheduling, for all strategies alike: faults, delays, short transfers and what the
//! specification leaves open.
//!
//! One flat probability makes every run a little of everything, and that is the average run again and again. So there
//! are two levels of coins: some for the whole run (are there delays at all, how often; is this fault rule in force),
//! then one for each question. A run that has delays has many; a fault rule that is in force fires often.

use super::spec::Odds;
use super::streams::{Streams, surprise};
use model::rng::Random;
use model::{Hint, Kind, Point, Seed, Source, Stream};
use std::collections::BTreeMap;

/// All probabilities of specifications are in millionths.
const MILLION: u64 = 1_000_000;
/// A fault rule is in force in at least this share of runs.
const IN_FORCE_LEAST: u64 = MILLION / 4;
/// What a fault is asked with if the specification gives no probability.
const UNSAID: u64 = MILLION / 16;

/// Answers what is not about scheduling; the schedule itself stays the ordinary one.
#[derive(Debug)]
pub struct Chance {
    streams: Streams,
    delays: Option<Odds>,
    transfers: Option<Odds>,
    faults: Faults,
    /// Whether a link is slow in this run.
    links: BTreeMap<Stream, bool>,
}

/// How faults are placed in a run.
#[derive(Debug)]
enum Faults {
    /// By two coins: whether a rule is in force in this run, and whether it fires now.
    TwoCoins(BTreeMap<Stream, InForce>),
    /// Exactly one fires, at the first question after so many.
    Single { after: u64 },
}

/// The first coin of a fault rule.
#[derive(Clone, Copy, Debug)]
struct InForce {
    /// How it fell.
    yes: bool,
    /// In what share of runs it falls so, in millionths; the second coin makes up for it.
    share: u64,
}

impl Chance {
    /// Draws the run's own parameters.
    pub fn new(seed: Seed) -> Chance {
        let mut random = Random::of_purpose(seed, "strategy chance");
        let delays = random.ratio(1, 2).then(|| Odds::once_in(2 << random.below(6)));
        let transfers = random.ratio(1, 4).then(|| Odds::once_in(8 << random.below(6)));
        let faults = if random.ratio(1, 8) {
            // Log-uniform: most runs have few questions, some have thousands.
            let scale = 1 << random.below(11);
            Faults::Single { after: scale - 1 + random.below(scale) }
        } else {
            Faults::TwoCoins(BTreeMap::new())
        };
        Chance { streams: Streams::new(seed), delays, transfers, faults, links: BTreeMap::new() }
    }

    fn latency(&mut self, point: &Point<'_>) -> u32 {
        let Some(odds) = self.delays else { return 0 };
        let random = self.streams.of(point.kind, point.stream);
        let slow = *self.links.entry(point.stream).or_insert_with(|| random.ratio(1, 2));
        if slow && odds.draw(random) { surprise(random, point.alternatives) } else { 0 }
    }

    fn transfer(&mut self, point: &Point<'_>) -> u32 {
        let Some(odds) = self.transfers else { return 0 };
        let random = self.streams.of(point.kind, point.stream);
        if odds.draw(random) { surprise(random, point.alternatives) } else { 0 }
    }

    fn fault(&mut self, point: &Point<'_>) -> u32 {
        let asked_for = match point.hint {
            Hint::Probability(millionths) => u64::from(millionths).min(MILLION),
            Hint::None | Hint::Yield => UNSAID,
        };
        if asked_for == 0 {
            return 0;
        }
        let random = self.streams.of(point.kind, point.stream);
        let fires = match &mut self.faults {
            Faults::Single { after: u64::MAX } => false,
            Faults::Single { after } => {
                // Below zero: it has fired.
                *after = after.wrapping_sub(1);
                *after == u64::MAX
            }
            Faults::TwoCoins(rules) => {
                let InForce { yes, share } = *rules.entry(point.stream).or_insert_with(|| {
                    // The root splits the probability evenly between the coins, so that likely faults too have runs
                    // without them.
                    let share = (asked_for * MILLION).isqrt().max(IN_FORCE_LEAST);
                    InForce { yes: random.ratio(share, MILLION), share }
                });
                yes && random.ratio(asked_for.min(share), share)
            }
        };
        if fires { surprise(random, point.alternatives) } else { 0 }
    }

    fn specified(&mut self, point: &Point<'_>) -> u32 {
        let random = self.streams.of(point.kind, point.stream);
        match point.hint {
            Hint::Probability(millionths) if !random.ratio(u64::from(millionths), MILLION) => 0,
            Hint::Probability(_) => surprise(random, point.alternatives),
            Hint::None | Hint::Yield => random.below(u64::from(point.alternatives)) as u32,
        }
    }
}

impl Source for Chance {
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        match point.kind {
            Kind::Preempt | Kind::Next => 0,
            Kind::Latency => self.latency(point),
            Kind::Fault => self.fault(point),
            Kind::Transfer => self.transfer(point),
            Kind::Spec => self.specified(point),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of many runs with four rules of 32 questions each: how often a rule fired per million questions, and in how
    /// many runs no rule fired at all.
    fn rate(millionths: u32, runs: u64) -> (u64, u64) {
        let (mut fired, mut quiet) = (0, 0);
        for seed in 0..runs {
            let mut chance = Chance::new(Seed(seed));
            let before = fired;
            for (rule, index) in (0..4).flat_map(|rule| (0..32).map(move |index| (rule, index))) {
                let (kind, stream, hint) = (Kind::Fault, Stream::numbered(rule), Hint::Probability(millionths));
                let point = Point { kind, stream, index, alternatives: 2, candidates: &[], hint };
                fired += u64::from(chance.choose(&point));
            }
            quiet += u64::from(fired == before);
        }
        (fired * MILLION / (runs * 128), quiet)
    }

    #[track_caller]
    fn check(millionths: u32, runs: u64) {
        let (rate, quiet) = rate(millionths, runs);
        let asked_for = u64::from(millionths);
        assert!((asked_for * 3 / 4..=asked_for * 4 / 3).contains(&rate), "{rate} per million, {asked_for} asked for");
        assert!(quiet > runs / 25, "{quiet} of {runs} runs without a fault");
    }

    #[test]
    fn faults_fire_as_often_as_asked_for_but_in_some_runs_only() {
        check(10_000, 4_000);
        check(100_000, 2_000);
        check(500_000, 2_000);
        assert_eq!(rate(0, 100).0, 0);
    }

    #[test]
    fn some_runs_have_exactly_one_fault() {
        let single = |seed| matches!(Chance::new(Seed(seed)).faults, Faults::Single { .. });
        let seeds: Vec<u64> = (0..400).filter(|seed| single(*seed)).collect();
        assert!((25..=100).contains(&seeds.len()), "{}", seeds.len());
        for seed in seeds {
            let mut chance = Chance::new(Seed(seed));
            let (kind, stream, hint) = (Kind::Fault, Stream::numbered(1), Hint::Probability(1));
            let ask = |index| chance.choose(&Point { kind, stream, index, alternatives: 2, candidates: &[], hint });
            assert_eq!((0..2048).map(ask).sum::<u32>(), 1);
        }
    }
}
