//! Short transfers: a read or write of a stream that moves less than it could.
//!
//! A stream has no boundaries: the rest of what was sent may arrive a moment later, and a buffer may have room for a
//! part only. So whoever moves more than one byte of a stream asks how much of it, with [`Kind::Transfer`]:
//!
//! | choice   | 0   | 1    | 2         | 3        |
//! |----------|-----|------|-----------|----------|
//! | transfer | all | half | a quarter | one unit |
//!
//! A unit is a byte of a socket and a buffer of a pipe, so that no atomic write to a pipe comes apart. What is cut off
//! counts as having come (or got room) just *after* the call: it is announced again, as those who wait for edges take a
//! short transfer for the end of what there was (`epoll(7)`, question 9). What a program was told is there, by
//! `MSG_PEEK` or `FIONREAD`, is not cut off.

use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Hint, Kind, Stream, ThreadId};

/// How many parts there are to choose from.
const PARTS: u32 = 4;

/// The units that a choice leaves of so many, at least one.
fn part(units: usize, picked: u32) -> usize {
    match picked {
        0 => units,
        1 => units / 2,
        2 => units / 4,
        _ => 1,
    }
    .max(1)
}

impl Kernel {
    /// How many of so many units a thread's transfer moves. With fewer than two there is nothing to ask.
    pub(crate) fn part_of(&mut self, thread: ThreadId, units: usize) -> usize {
        if units < 2 {
            return units;
        }
        part(units, self.choose(Kind::Transfer, Stream::thread(thread), PARTS, &[], Hint::None))
    }
    /// What a transfer left in a pipe or socket comes as if new, or room as if made.
    pub(crate) fn announce_rest(&mut self, object: ObjectId, events: i32) {
        self.object_event(object, events as u32);
    }
}
