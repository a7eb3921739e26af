//! Which event led to which: asks [`model::causality`] and keeps what it has answered, so that a failure can say it.
//!
//! The kernel keeps account of causes only for specifications that ask: those in whose text one of [`NAMES`] stands.

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::identity;
use crate::session::Live;
use model::causality::{Causes, Moment, Order, Past, Relation, Step, Tracking};
use model::{Event, EventIndex, ThreadId};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What asks for causes.
const NAMES: [&str; 6] =
    ["happens_before", "happens_after", "concurrent_with", "directly_caused_by", "causal_chain", "assert_before"];

/// Whether a specification asks for causes, by the texts of its files.
pub(crate) fn asked_for<'a>(mut texts: impl Iterator<Item = &'a str>) -> Tracking {
    let asks = |text: &str| identity::words(text).any(|word| NAMES.contains(&word));
    if texts.any(asks) { Tracking::On } else { Tracking::Off }
}

/// What was found out in a run.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pasts: RefCell<BTreeMap<(EventIndex, Order), Past>>,
    /// The latest question and its answer, as a sentence; forgotten when an assertion holds.
    latest: RefCell<Option<String>>,
}

impl Known {
    /// An assertion held: what was asked for it explains no later failure.
    pub(crate) fn settled(&self) {
        self.latest.borrow_mut().take();
    }
    /// A message of a failure, with the two events that were asked about last and how they lie to each other.
    pub(crate) fn explain(&self, message: String) -> String {
        match self.latest.borrow().as_ref() {
            Some(sentence) => format!("{message} ({sentence})"),
            None => message,
        }
    }
}

/// Asks what passed between threads.
///
/// # Errors
/// If no account of it is kept.
fn ask<T>(live: &Live<'_>, what: &str, mut f: impl FnMut(&Causes) -> T) -> Result<T, Diagnostic> {
    let mut answer = None;
    live.machine.causes(&mut |causes| answer = Some(f(causes)));
    answer.ok_or_else(|| {
        Diagnostic::unsupported(
            &format!("to reach {what} by a name that is made at run time"),
            &format!("write {what} somewhere in the specification: only then is it kept which event led to which"),
        )
    })
}

/// How two events lie to each other.
pub(crate) fn relation(
    live: &Live<'_>,
    what: &str,
    (a, b): (&Event, &Event),
    order: Order,
) -> Result<Relation, Diagnostic> {
    let (a, b) = (Moment::from(a), Moment::from(b));
    Ok(match a.index.cmp(&b.index) {
        std::cmp::Ordering::Equal => Relation::Same,
        std::cmp::Ordering::Less if knows(live, what, a, b, order)? => Relation::Before,
        std::cmp::Ordering::Greater if knows(live, what, b, a, order)? => Relation::After,
        _ => Relation::Concurrent,
    })
}

/// Whether one event can have known of an earlier one.
fn knows(live: &Live<'_>, what: &str, earlier: Moment, later: Moment, order: Order) -> Result<bool, Diagnostic> {
    let key = (later.index, order);
    if let Some(past) = live.known.pasts.borrow().get(&key) {
        return Ok(past.has(earlier));
    }
    let past = ask(live, what, |causes| causes.past(later, order))?;
    let has = past.has(earlier);
    live.known.pasts.borrow_mut().insert(key, past);
    Ok(has)
}

/// Remembers how two events were found to lie to each other, for a failure that follows from it.
pub(crate) fn remember(live: &Live<'_>, (a, b): (&impl Fields, &impl Fields), found: &str) {
    *live.known.latest.borrow_mut() = Some(format!("{} {found} {}", a.describe(), b.describe()));
}

/// Whether one thing that was left at the first event or later was taken before the second.
pub(crate) fn is_direct(live: &Live<'_>, cause: &Event, effect: &Event) -> Result<bool, Diagnostic> {
    ask(live, "directly_caused_by", |causes| causes.is_direct(cause.into(), effect.into()))
}

/// What led to an event, the first first: for each thing that passed, the event that left it and the one that took it;
/// then the event itself.
pub(crate) fn chain(live: &Live<'_>, effect: &Event) -> Result<Vec<EventIndex>, Diagnostic> {
    let steps = ask(live, "causal_chain", |causes| causes.chain(effect.into()))?;
    let mut by_thread: BTreeMap<ThreadId, Vec<u64>> = BTreeMap::new();
    live.machine.each_event(&mut |event| {
        // A choice is noted in the name of a thread that knows nothing of it.
        if event.kind() != "choice" {
            by_thread.entry(event.thread).or_default().push(event.index.0);
        }
        event.index < effect.index
    });
    let ends = |Step { from, left, to, taken, .. }: Step| {
        let before = |list: &Vec<u64>| list.partition_point(|n| *n < left).checked_sub(1).map(|at| list[at]);
        let after = |list: &Vec<u64>| list.get(list.partition_point(|n| *n < taken)).copied();
        [by_thread.get(&from).and_then(before), by_thread.get(&to).and_then(after)]
    };
    let mut chain: Vec<u64> = steps.into_iter().flat_map(ends).flatten().chain([effect.index.0]).collect();
    chain.sort_unstable();
    chain.dedup();
    Ok(chain.into_iter().map(EventIndex).collect())
}

/// How the events that two indices name lie to each other.
pub(crate) fn between(live: &Live<'_>, a: EventIndex, b: EventIndex) -> Result<Relation, Diagnostic> {
    match (live.machine.event(a), live.machine.event(b)) {
        (Some(a), Some(b)) => relation(live, "assert_before", (&a, &b), Order::Shared),
        _ => Err(Diagnostic::argument("the event is not in the log")),
    }
}
