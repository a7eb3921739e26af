//! One run with many ends: at chosen events it is branched, and each branch goes on to its end with choices of its own.

use crate::{Finished, judged};
use guest::world::{Pauses, Side};
use guest::{World, WorldOptions};
use model::{EventIndex, Outcome, Source, Verdict};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A run that was branched.
#[derive(Debug)]
pub struct Branched {
    /// How the run itself ended.
    pub finished: Finished,
    /// What came of its branches, in the order of the events. Events that the run did not reach are not here, and of events
    /// that came together only the last is.
    pub tails: Vec<Tails>,
}

/// What came of the branches at one event.
#[derive(Clone, Debug)]
pub struct Tails {
    /// The last event that they share with the run.
    pub after: EventIndex,
    /// Their outcomes, in order. A branch that was lost is not among them.
    pub outcomes: Vec<Outcome>,
}

/// Runs a world as [`crate::run`] does, and after each of the events (ascending) lets `tails` branches go on from there,
/// one after the other. `tail(n)` answers the choices of the n-th branch; it is called in the arena, as `source` is.
/// `driver` is called once, but returns once for the run and once in every branch.
pub fn branched(
    mut options: WorldOptions,
    source: impl FnOnce() -> Box<dyn Source>,
    events: &[EventIndex],
    tails: u32,
    tail: impl Fn(u32) -> Box<dyn Source> + 'static,
    driver: impl FnOnce(&World) -> Verdict,
) -> Branched {
    // A branch cannot begin again with one more loop counted: one that spins ends as such.
    options.loop_limit_nanos = 0;
    let loops = options.loops.clone();
    let found: Rc<RefCell<Vec<Tails>>> = Rc::default();
    let in_branch: Rc<Cell<bool>> = Rc::default();
    let world = World::new(options, None, source);
    let then = {
        let (found, in_branch) = (found.clone(), in_branch.clone());
        move |world: &World, after: EventIndex| {
            let mut outcomes = Vec::new();
            for number in 0..tails {
                match world.branch(|| tail(number)) {
                    Side::Twin => {
                        in_branch.set(true);
                        return;
                    }
                    Side::Origin(left) => {
                        outcomes.extend(left.and_then(|bytes| trace::wire::decode_outcome(&bytes).ok()));
                    }
                }
            }
            found.borrow_mut().push(Tails { after, outcomes });
        }
    };
    world.pause(Pauses { after: events.iter().copied().collect(), then: Rc::new(then) });
    let verdict = driver(&world);
    if in_branch.get() {
        let outcome = judged(world.remains(), verdict, Vec::new()).outcome;
        // An outcome that cannot be encoded is a branch that was lost.
        world.deliver(&trace::wire::encode_outcome(&outcome).unwrap_or_default());
    }
    let finished = judged(world.finish(), verdict, loops);
    Branched { finished, tails: found.take() }
}
