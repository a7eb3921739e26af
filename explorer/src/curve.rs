//! How likely a failure is from each moment of a run on: where it was decided.
//!
//! ```text
//!   fails  1.0 |                    .-------   all that goes on from here fails
//!              |                    |
//!          0.0 |--------------------'          hardly any does
//!              +--------------------+------->  events
//!                                   decided here: asked again, between the two points where it rises most
//! ```
//!
//! The points of a round are spread over an interval; the next round's are spread over the steepest part of what is
//! known. After the last round the steepest part is a single event, or the failure was not decided in one place.

use model::{EventIndex, Outcome, Verdict};
use std::collections::BTreeMap;

/// What came of going on from one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Continuations that failed.
    pub failed: u32,
    /// All of them.
    pub of: u32,
}

impl Tally {
    /// Counts outcomes; those that are inconclusive do not count.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Tally {
        let mut tally = Tally::default();
        for outcome in outcomes {
            match outcome.verdict {
                Verdict::Failed(_) => tally = Tally { failed: tally.failed + 1, of: tally.of + 1 },
                Verdict::Held => tally.of += 1,
                Verdict::Inconclusive(_) => {}
            }
        }
        tally
    }
    /// In millionths; `None` if nothing is known.
    fn rate(self) -> Option<u64> {
        (self.of > 0).then(|| u64::from(self.failed) * 1_000_000 / u64::from(self.of))
    }
}

/// What is known so far.
#[derive(Clone, Debug)]
pub struct Curve {
    first: EventIndex,
    last: EventIndex,
    known: BTreeMap<EventIndex, Tally>,
}

/// Two events between which the odds rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rise {
    /// The event before, and what came of going on from there.
    pub from: (EventIndex, Tally),
    /// The event after.
    pub to: (EventIndex, Tally),
}

impl Curve {
    /// Nothing is known yet about the events from `first` to `last`.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(first: EventIndex, last: EventIndex) -> Curve {
        assert!(first <= last, "a curve has a point");
        Curve { first, last, known: BTreeMap::new() }
    }
    /// The events to go on from next, ascending, at most so many; none when another round would tell nothing.
    pub fn next_round(&self, points: usize) -> Vec<EventIndex> {
        let points = points as u64;
        match self.steepest() {
            None if self.known.is_empty() => spread(self.first.0, self.last.0, points).map(EventIndex).collect(),
            None => Vec::new(),
            Some(rise) => inside(rise.from.0.0, rise.to.0.0, points).map(EventIndex).collect(),
        }
    }
    /// Takes note of what came of going on from an event.
    pub fn add(&mut self, after: EventIndex, tally: Tally) {
        self.known.insert(after, tally);
    }
    /// All that is known, by event.
    pub fn points(&self) -> impl Iterator<Item = (EventIndex, Tally)> {
        self.known.iter().map(|(event, tally)| (*event, *tally))
    }
    /// The neighbours between which the odds rise most, the first of them if there are several.
    pub fn steepest(&self) -> Option<Rise> {
        let rated: Vec<(EventIndex, Tally, u64)> =
            self.points().filter_map(|(event, tally)| Some((event, tally, tally.rate()?))).collect();
        let rises = rated.windows(2).filter(|w| w[1].2 > w[0].2);
        let best = rises.reduce(|best, w| if w[1].2 - w[0].2 > best[1].2 - best[0].2 { w } else { best })?;
        Some(Rise { from: (best[0].0, best[0].1), to: (best[1].0, best[1].1) })
    }
}

/// At most so many numbers from `from` to `to`, evenly, with both ends.
fn spread(from: u64, to: u64, points: u64) -> impl Iterator<Item = u64> {
    let len = (to + 1).saturating_sub(from);
    let n = points.min(len);
    let steps = n.saturating_sub(1).max(1);
    (0..n).map(move |i| from + (u128::from(i) * u128::from(len - 1) / u128::from(steps)) as u64)
}

/// At most so many numbers between `from` and `to`, evenly, without the ends.
fn inside(from: u64, to: u64, points: u64) -> impl Iterator<Item = u64> {
    let n = points.min((to - from).saturating_sub(1));
    (1..=n).map(move |i| from + (u128::from(i) * u128::from(to - from) / u128::from(n + 1)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn points_are_spread_evenly() {
        type Case = (u64, u64, u64, &'static [u64], &'static [u64]);
        let cases: [Case; 5] = [
            (0, 9, 4, &[0, 3, 6, 9], &[1, 3, 5, 7]),
            (5, 5, 4, &[5], &[]),
            (5, 6, 4, &[5, 6], &[]),
            (5, 7, 4, &[5, 6, 7], &[6]),
            (0, 100, 1, &[0], &[50]),
        ];
        for (from, to, points, with_ends, without) in cases {
            assert_eq!(spread(from, to, points).collect::<Vec<_>>(), with_ends, "{from}..={to} by {points}");
            assert_eq!(inside(from, to, points).collect::<Vec<_>>(), without, "{from}..{to} by {points}");
        }
    }

    proptest! {
        #[test]
        fn a_step_is_found(last in 1u64..5_000, at in 1u64..5_000, points in 2usize..40) {
            let at = at.min(last);
            let mut curve = Curve::new(EventIndex(0), EventIndex(last));
            let mut rounds = 0;
            loop {
                let round = curve.next_round(points);
                if round.is_empty() {
                    break;
                }
                prop_assert!(round.len() <= points && round.is_sorted());
                for event in round {
                    curve.add(event, Tally { failed: if event.0 >= at { 10 } else { 0 }, of: 10 });
                }
                rounds += 1;
                prop_assert!(rounds <= 14);
            }
            let rise = curve.steepest().expect("there is a step");
            prop_assert_eq!((rise.from.0.0, rise.to.0.0), (at - 1, at));
        }
    }

    #[test]
    fn a_flat_curve_has_no_second_round() {
        let mut curve = Curve::new(EventIndex(0), EventIndex(99));
        for event in curve.next_round(5) {
            curve.add(event, Tally { failed: 3, of: 4 });
        }
        assert_eq!(curve.steepest(), None);
        assert!(curve.next_round(5).is_empty());
    }
}
