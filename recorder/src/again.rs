//! Runs that begin again because a loop was found whose turns have to be counted.
//!
//! ```text
//!   run with the loops known ─┬─> ended ──────────────────────> that is the run
//!        ▲                    └─> Ending::Loop(one more) ─┐
//!        └────────────────────────────────────────────────┘
//! ```

use guest::world::Remains;
use guest::{Console, WorldOptions};
use kernel::Ending;
use std::cell::RefCell;
use std::rc::Rc;

/// How many loops of a run are counted. A run that needs more ends as one that spins.
const LOOPS_MAX: usize = 64;

/// Whether a run that ended like this has to begin again; the options are then those for it.
pub(crate) fn begins_again(options: &mut WorldOptions, remains: &Remains) -> bool {
    let Some(Ending::Loop(site)) = &remains.ending else { return false };
    options.loops.push(site.clone());
    options.loops.sort();
    options.loops.dedup();
    if options.loops.len() >= LOOPS_MAX {
        options.loop_limit_nanos = 0;
    }
    true
}

/// A console for a run and for those that begin again in its place: what was passed on before is not passed on again.
pub(crate) struct Shared(Rc<RefCell<State>>);

struct State {
    console: Console,
    /// Bytes passed on to standard output and to standard error, ever.
    passed: [u64; 2],
}

impl Shared {
    pub(crate) fn new(console: Console) -> Shared {
        Shared(Rc::new(RefCell::new(State { console, passed: [0; 2] })))
    }
    /// The console for the next attempt.
    pub(crate) fn attempt(&self) -> Console {
        let state = Rc::clone(&self.0);
        let mut said = [0; 2];
        Box::new(move |stderr, bytes| {
            let State { console, passed } = &mut *state.borrow_mut();
            let stream = usize::from(stderr);
            let before = said[stream];
            said[stream] += bytes.len() as u64;
            let known = passed[stream].saturating_sub(before).min(bytes.len() as u64);
            if known < bytes.len() as u64 {
                console(stderr, &bytes[known as usize..]);
                passed[stream] = said[stream];
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = Rc<RefCell<Vec<(bool, Vec<u8>)>>>;

    #[test]
    fn what_was_passed_on_is_not_passed_on_again() {
        let seen = Seen::default();
        let into = Rc::clone(&seen);
        let shared = Shared::new(Box::new(move |stderr, bytes| into.borrow_mut().push((stderr, bytes.to_vec()))));
        let mut first = shared.attempt();
        first(false, b"one ");
        first(true, b"oops");
        let mut second = shared.attempt();
        second(false, b"o");
        second(false, b"ne two");
        second(true, b"oops again");
        let want = [(false, &b"one "[..]), (true, b"oops"), (false, b"two"), (true, b" again")];
        assert_eq!(*seen.borrow(), want.map(|(stderr, bytes)| (stderr, bytes.to_vec())));
    }
}
