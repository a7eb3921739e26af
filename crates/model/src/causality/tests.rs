//! The walk over the edges against a model that draws every turn and every edge and follows all paths.

use super::{Causes, End, Moment, Order, Relation, Stamp, Via};
use crate::ids::{EventIndex, ServiceId, ThreadId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What a thread does in a turn.
#[derive(Clone, Debug)]
struct Doing {
    thread: u8,
    /// Which of the things that were left so far it takes, counted from the latest.
    takes: Vec<u8>,
    /// How many events it logs.
    events: u8,
    /// Whether it leaves something.
    leaves: bool,
    /// Whom it wakes.
    tells: Option<u8>,
    /// Whether it is a turn of the kernel's at all: else events that a thread logs between two turns.
    outside: bool,
    /// Whether it runs in memory that all threads share.
    shares: bool,
}

fn doing() -> impl Strategy<Value = Doing> {
    let taken = proptest::collection::vec(0_u8..6, 0..3);
    (0_u8..4, taken, 0_u8..3, any::<bool>(), proptest::option::of(0_u8..4), any::<(bool, bool)>()).prop_map(
        |(thread, takes, events, leaves, tells, (outside, shares))| Doing {
            thread,
            takes,
            events,
            leaves,
            tells,
            outside,
            shares,
        },
    )
}

fn thread(n: u8) -> ThreadId {
    ThreadId { service: ServiceId(u16::from(n % 2) + 1), tid: 100 + u32::from(n) }
}

/// The turns as a graph, with all paths followed.
#[derive(Default)]
struct Naive {
    /// By turn: the turns that it follows upon directly, and whether only shared memory says so.
    follows: Vec<Vec<(usize, bool)>>,
    /// By event: whose, and in which turn.
    events: Vec<(ThreadId, usize)>,
}

impl Naive {
    fn reaches(&self, from: usize, to: usize, order: Order) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![to]);
        while let Some(turn) = open.pop() {
            for (before, by_memory) in &self.follows[turn] {
                if (!by_memory || order == Order::Shared) && seen.insert(*before) {
                    open.push(*before);
                }
            }
        }
        seen.contains(&from)
    }
    fn relation(&self, a: usize, b: usize, order: Order) -> Relation {
        let ((_, in_a), (_, in_b)) = (self.events[a], self.events[b]);
        match (in_a == in_b, a.cmp(&b)) {
            (_, std::cmp::Ordering::Equal) => Relation::Same,
            (true, std::cmp::Ordering::Less) => Relation::Before,
            (true, std::cmp::Ordering::Greater) => Relation::After,
            _ if self.reaches(in_a, in_b, order) => Relation::Before,
            _ if self.reaches(in_b, in_a, order) => Relation::After,
            _ => Relation::Concurrent,
        }
    }
}

fn carry_out(life: &[Doing]) -> (Causes, Naive) {
    let (mut causes, mut naive) = (Causes::default(), Naive::default());
    let mut left: Vec<(Stamp, usize)> = Vec::new();
    let mut latest: BTreeMap<u8, usize> = BTreeMap::new();
    // Who was told something, by which turns.
    let mut told: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
    let mut in_memory: Option<(u8, usize, End)> = None;
    for step in life {
        let turn = naive.follows.len();
        let mut follows: Vec<(usize, bool)> = latest.get(&step.thread).map(|t| (*t, false)).into_iter().collect();
        follows.extend(told.remove(&step.thread).unwrap_or_default().into_iter().map(|t| (t, false)));
        let at = naive.events.len() as u64;
        let id = thread(step.thread);
        if !step.outside {
            if let Some((other, before, end)) = in_memory.filter(|m| step.shares && m.0 != step.thread) {
                let stamp = causes.open(thread(other));
                causes.close(stamp, end);
                causes.taken(stamp, id, at, Via::Memory);
                follows.push((before, true));
            }
            for back in &step.takes {
                let Some((stamp, from)) = left.len().checked_sub(1 + usize::from(*back)).map(|n| left[n]) else {
                    continue;
                };
                causes.taken(stamp, id, at, Via::Message);
                follows.push((from, false));
            }
        }
        naive.follows.push(follows);
        naive.events.extend((0..step.events).map(|_| (id, turn)));
        latest.insert(step.thread, turn);
        if step.outside {
            continue;
        }
        let stamp = causes.open(id);
        if let Some(whom) = step.tells.filter(|whom| *whom != step.thread) {
            causes.taken(stamp, thread(whom), at, Via::Wake);
            told.entry(whom).or_default().push(turn);
        }
        let end = causes.now(naive.events.len() as u64);
        causes.close(stamp, end);
        if step.leaves {
            left.push((stamp, turn));
        }
        if step.shares {
            in_memory = Some((step.thread, turn, end));
        }
    }
    (causes, naive)
}

fn moment(naive: &Naive, n: usize) -> Moment {
    Moment { thread: naive.events[n].0, index: EventIndex(n as u64) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn one_walk_finds_what_all_paths_find(life in proptest::collection::vec(doing(), 1..24)) {
        let (causes, naive) = carry_out(&life);
        for order in [Order::Shared, Order::Seen] {
            for a in 0..naive.events.len() {
                for b in 0..naive.events.len() {
                    let found = causes.relation(moment(&naive, a), moment(&naive, b), order);
                    prop_assert_eq!(found, naive.relation(a, b, order), "{} and {}, {:?}", a, b, order);
                }
            }
        }
    }

    #[test]
    fn what_is_direct_happens_before_and_chains_lead_there(life in proptest::collection::vec(doing(), 1..24)) {
        let (causes, naive) = carry_out(&life);
        for b in 0..naive.events.len() {
            let effect = moment(&naive, b);
            for a in 0..naive.events.len() {
                if causes.is_direct(moment(&naive, a), effect) {
                    prop_assert_eq!(naive.relation(a, b, Order::Seen), Relation::Before);
                }
            }
            let past = causes.past(effect, Order::Shared);
            let mut at = 0;
            for step in causes.chain(effect) {
                prop_assert!(step.taken >= at && step.taken <= effect.index.0, "the steps are in order");
                at = step.taken;
                let last = (0..step.left.min(naive.events.len() as u64)).rev();
                let last = last.map(|n| moment(&naive, n as usize)).find(|m| m.thread == step.from);
                prop_assert!(last.is_none_or(|m| past.has(m)), "{:?} leads to {:?}", step, effect);
            }
        }
    }
}

#[test]
fn a_message_tells_only_who_takes_it() {
    let [a, b, c] = [1, 2, 3].map(thread);
    let mut causes = Causes::default();
    // #0 of a is a write; b takes it in #1; c does #2 without.
    let stamp = causes.open(a);
    causes.close(stamp, causes.now(1));
    causes.taken(stamp, b, 1, Via::Message);
    let at = |thread, n| Moment { thread, index: EventIndex(n) };
    assert_eq!(causes.relation(at(a, 0), at(b, 1), Order::Seen), Relation::Before);
    assert_eq!(causes.relation(at(b, 1), at(a, 0), Order::Seen), Relation::After);
    assert_eq!(causes.relation(at(a, 0), at(c, 2), Order::Seen), Relation::Concurrent);
    assert!(causes.is_direct(at(a, 0), at(b, 1)) && !causes.is_direct(at(a, 0), at(c, 2)));
    assert_eq!(causes.past(at(b, 1), Order::Seen).known().collect::<Vec<_>>(), [(b, 1), (a, 1)]);
    assert_eq!(causes.chain(at(b, 1)).len(), 1);
    assert_eq!((causes.len(), causes.is_empty()), (1, false));
}
