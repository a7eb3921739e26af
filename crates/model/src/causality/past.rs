//! The past of an event, and what that says about two of them.

use super::{Causes, Moment, Order, Via};
use crate::ids::ThreadId;
use std::collections::BTreeMap;
use std::fmt;

/// Everything that an event can have known of: its vector clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past(BTreeMap<ThreadId, u64>);

impl Past {
    /// Whether an event is part of it.
    pub fn has(&self, event: Moment) -> bool {
        self.0.get(&event.thread).is_some_and(|known| event.index.0 < *known)
    }
    /// By thread: all its events in front of this place in the log are known.
    pub fn known(&self) -> impl Iterator<Item = (ThreadId, u64)> {
        self.0.iter().map(|(thread, known)| (*thread, *known))
    }
}

/// How two events lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They are the same.
    Same,
    /// The first can have led to the second.
    Before,
    /// The second can have led to the first.
    After,
    /// Neither can have known of the other.
    Concurrent,
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Relation::Same => "is the same event as",
            Relation::Before => "happens before",
            Relation::After => "happens after",
            Relation::Concurrent => "is concurrent with",
        })
    }
}

/// How much of a thread is known: its events in front of a place in the log, and what it had taken until an edge.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    events: u64,
    edges: usize,
}

impl Causes {
    /// The past of an event, itself not included.
    ///
    /// Edges lie in the order in which things were taken, and a turn knows of edges before its end alone. So one walk
    /// backwards meets each edge after everything that says whether it counts.
    pub fn past(&self, of: Moment, order: Order) -> Past {
        let mut past = BTreeMap::from([(of.thread, of.index.0)]);
        let Some(own) = self.places.get(&of.thread) else { return Past(past) };
        let mut known = vec![Known::default(); self.threads.len()];
        let edges = self.edges.partition_point(|edge| edge.at <= of.index.0);
        known[*own as usize] = Known { events: of.index.0, edges };
        for (at, edge) in self.edges[..edges].iter().enumerate().rev() {
            if at >= known[edge.to as usize].edges || (edge.via == Via::Memory && order == Order::Seen) {
                continue;
            }
            let turn = self.turns[edge.from as usize];
            let source = &mut known[turn.thread as usize];
            source.events = source.events.max(turn.end.events);
            source.edges = source.edges.max(turn.end.edges as usize);
        }
        past.extend(
            known.into_iter().zip(&self.threads).filter(|(k, _)| k.events > 0).map(|(k, thread)| (*thread, k.events)),
        );
        Past(past)
    }
    /// How two events lie to each other.
    pub fn relation(&self, a: Moment, b: Moment, order: Order) -> Relation {
        if a == b {
            Relation::Same
        } else if a.index < b.index && self.past(b, order).has(a) {
            Relation::Before
        } else if b.index < a.index && self.past(a, order).has(b) {
            Relation::After
        } else {
            Relation::Concurrent
        }
    }
}
