//! Which loop a thread is in, and where its turns are counted. Pure: the addresses of executed instructions in, a place
//! out.
//!
//! The place must not depend on where in the loop the thread was met. So it is taken from what repeats: the branch back
//! that is taken most often is that of the innermost loop at work; of the instructions between where it leads and itself
//! that are executed at every turn, the lowest that can be replaced is chosen:
//!
//! 1. a single instruction of at least five bytes: nothing can branch into its middle;
//! 2. a few in a row, if no branch leads to any but the first; not in what may be an interpreter, whose branches go
//!    where tables say;
//! 3. else the branch itself, or any other, by a trap.

use super::code::can_move;
use crate::patch::JUMP;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The program's code, as far as loops in it can be counted.
pub(crate) trait Code {
    /// The bytes from an address on; none where the code is not that of a file.
    fn bytes(&self, at: u64) -> &[u8];
    /// Whether a direct branch may lead to one of these addresses.
    fn entered(&mut self, range: Range<u64>) -> bool;
}

/// Where a loop's turns are counted: so many bytes from an address on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The first instruction.
    pub(crate) at: u64,
    /// Length of the whole instructions there.
    pub(crate) len: usize,
}

/// A branch back that is taken so often is a loop.
const LOOP: usize = 3;
/// How many turns are compared.
const TURNS: usize = 200;

/// Finds the place for the loop in which instructions at these addresses were executed, one after the other.
pub(crate) fn find(executed: &[u64], code: &mut impl Code) -> Option<Place> {
    let (branch, head) = innermost(executed, code)?;
    let always = at_every_turn(executed, branch, head);
    let instruction = |at: u64, code: &dyn Code| decode(at, code.bytes(at));
    let length = |at: u64, code: &dyn Code| instruction(at, code).filter(can_move).map(|i| i.len());
    let alone = always.iter().find_map(|at| {
        let len = length(*at, code).filter(|len| *len >= JUMP)?;
        Some(Place { at: *at, len })
    });
    if alone.is_some() {
        return alone;
    }
    let jumps = |at: &u64| instruction(*at, code).is_some_and(|i| i.flow_control() == FlowControl::IndirectBranch);
    if !always.iter().any(jumps) {
        let in_a_row = always.iter().find_map(|at| row(*at, &always, code).map(|len| Place { at: *at, len }));
        if in_a_row.is_some() {
            return in_a_row;
        }
    }
    let any = std::iter::once(branch).chain(always.iter().copied());
    any.into_iter().find_map(|at| length(at, code).map(|len| Place { at, len }))
}

fn decode(at: u64, bytes: &[u8]) -> Option<Instruction> {
    let mut decoder = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE);
    decoder.can_decode().then(|| decoder.decode()).filter(|i| !i.is_invalid())
}

/// The branch back that is taken most often, and the lowest place it leads to. Of those that are taken about equally
/// often, which belong to one turn, the lowest.
fn innermost(executed: &[u64], code: &impl Code) -> Option<(u64, u64)> {
    let mut back: BTreeMap<u64, (usize, u64)> = BTreeMap::new();
    for pair in executed.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if to <= from {
            let (count, head) = back.entry(from).or_insert((0, to));
            *count += 1;
            *head = (*head).min(to);
        }
    }
    // Calls and returns lead back as well, but only where a loop is made of nothing else are they its branches.
    let jumps = |at: &u64| {
        use FlowControl::{ConditionalBranch, IndirectBranch, UnconditionalBranch};
        let flow = decode(*at, code.bytes(*at)).map(|i| i.flow_control());
        matches!(flow, Some(UnconditionalBranch | ConditionalBranch | IndirectBranch))
    };
    if back.iter().any(|(at, (count, _))| *count >= LOOP && jumps(at)) {
        back.retain(|at, _| jumps(at));
    }
    let most = back.values().map(|(count, _)| *count).max().filter(|n| *n >= LOOP)?;
    // A loop that was met in its middle has been round once more or less.
    back.into_iter().find(|(_, (count, _))| (count + 1) * 8 >= most * 7).map(|(at, (_, head))| (at, head))
}

/// The instructions between the head and the branch that are executed between any two of its executions.
fn at_every_turn(executed: &[u64], branch: u64, head: u64) -> BTreeSet<u64> {
    let ends: Vec<usize> = (0..executed.len()).filter(|n| executed[*n] == branch).collect();
    let turns = ends.windows(2).map(|pair| &executed[pair[0] + 1..=pair[1]]);
    let turn = |part: &[u64]| part.iter().copied().filter(|at| (head..=branch).contains(at)).collect::<BTreeSet<_>>();
    turns.take(TURNS).map(turn).reduce(|a, b| &a & &b).unwrap_or_else(|| BTreeSet::from([branch]))
}

/// How many bytes whole instructions from here on take that are executed in a row and make room for a jump.
fn row(from: u64, always: &BTreeSet<u64>, code: &mut impl Code) -> Option<usize> {
    let mut len = 0;
    while len < JUMP {
        let at = from + len as u64;
        let instruction = decode(at, code.bytes(at)).filter(can_move).filter(|_| always.contains(&at))?;
        len += instruction.len();
        if instruction.flow_control() != FlowControl::Next && len < JUMP {
            return None;
        }
    }
    (!code.entered(from + 1..from + len as u64)).then_some(len)
}

#[cfg(test)]
mod tests;
