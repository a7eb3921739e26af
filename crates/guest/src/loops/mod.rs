//! Loops without a call, counted so that they cannot keep others from going on.
//!
//! ```text
//!   watchdog: a thread has used the processor for long, and somebody waits
//!      └─> step: the processor stops behind every instruction for a while ─> find: the loop, a place in it
//!            └─> Ending::Loop ─> the run begins again ─> mapped: the place is patched as soon as its file is mapped
//!
//!   turn of a counted loop ─> code: one less ─┬─ some are left ──> what was displaced, back
//!                                             └─ none ─> int3 ─> the thread enters: Kernel::looped
//!   where there is no room for a jump ─> int3 at every turn, as if it were so many
//! ```
//!
//! So the clock of the host decides whether a loop is counted at all, and never where a run is switched: that is a
//! function of the places counted, which are part of the run ([`model::LoopSite`]).

pub(crate) mod code;
mod find;
pub(crate) mod step;

pub(crate) use find::{Code, Place, find};
