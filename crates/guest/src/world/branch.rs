//! Stopping a run at chosen events, and branching it there.

use super::World;
use crate::arena::{peek, with_kernel};
use crate::twin::{self, Side};
use model::{EventIndex, Source};
use std::collections::VecDeque;
use std::rc::Rc;

/// What is done where a run stops.
pub type Pause = Rc<dyn Fn(&World, EventIndex)>;

/// Where a run stops, and what is done there.
#[derive(Clone)]
pub struct Pauses {
    /// After these events, in ascending order.
    pub after: VecDeque<EventIndex>,
    /// Is called at each of them with the last event so far, which is that one or, if it came together with others, the
    /// last of those. All tasks of the test are suspended. It may [`World::branch`].
    pub then: Pause,
}

impl std::fmt::Debug for Pauses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pauses").field("after", &self.after).finish_non_exhaustive()
    }
}

impl World {
    /// Sets where the run stops. Events that have happened already are passed over.
    pub fn pause(&self, pauses: Pauses) {
        *self.pauses.borrow_mut() = Some(pauses);
        self.next_pause();
    }

    /// Makes a second world that goes on from here with other choices, while this one waits for its end. Returns in both;
    /// the new one must be driven to its end and then [`World::deliver`] what this one is to know. It has the choices taken
    /// so far, the same seed, and no pauses. A branch of a branch, or a host that does not let it, gives
    /// `Side::Origin(None)`.
    pub fn branch(&self, source: impl FnOnce() -> Box<dyn Source>) -> Side {
        let side = twin::branch();
        if matches!(side, Side::Twin) {
            *self.moment.borrow_mut() = None;
            *self.pauses.borrow_mut() = None;
            with_kernel(|k| k.choices.set_source(source()));
        }
        side
    }

    /// Takes a branch down, leaves this for the world it came from, and ends the process.
    pub fn deliver(self, bytes: &[u8]) -> ! {
        self.take_down();
        twin::report(bytes)
    }

    /// Does what is to be done if the run has come to a pause.
    pub(super) fn look_at_pause(&self) {
        if !with_kernel(|k| k.log.take_pause()) {
            return;
        }
        let then = self.pauses.borrow().as_ref().map(|pauses| pauses.then.clone());
        if let Some(then) = then {
            then(self, EventIndex(peek(|k| k.log.count()).saturating_sub(1)));
        }
        self.next_pause();
    }

    fn next_pause(&self) {
        let count = peek(|k| k.log.count());
        if let Some(pauses) = self.pauses.borrow_mut().as_mut() {
            while pauses.after.front().is_some_and(|event| event.0 < count) {
                pauses.after.pop_front();
            }
            if let Some(event) = pauses.after.front() {
                with_kernel(|k| k.log.pause_after(*event));
            }
        }
    }
}
