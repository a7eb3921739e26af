//! Which loop a thread is in, and where its turns are counted. Pure: the addresses of executed instructions in, a place
//! out.
//!
//! The place must not depend on where in the loop the thread was met. So it is taken from what repeats: the branch back
//! that is taken most often is that of the innermost loop at work; of the instructions between where it leads and itself
//! that are executed at every turn, the lowest that can be replaced is chosen:
//!
//! 1. a single instruction of at least five bytes: nothing can branch into its middle;
//! 2. in small loops, a few in a row, if no branch leads to any but the first;
//! 3. else the branch itself, by a trap.

use super::code::can_move;
use crate::patch::JUMP;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The program's code, as far as loops in it can be counted.
pub(crate) trait Code {
    /// The bytes from an address on; empty where the code is not that of a file.
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
/// A loop of so few instructions is small.
const SMALL: usize = 16;
/// How many turns are compared.
const TURNS: usize = 200;

/// Finds the place for the loop in which instructions at these addresses were executed, one after the other.
pub(crate) fn find(executed: &[u64], code: &mut impl Code) -> Option<Place> {
    let (branch, head) = innermost(executed, code)?;
    let always = at_every_turn(executed, branch, head);
    let length = |at: u64, code: &dyn Code| decode(at, code.bytes(at)).filter(can_move).map(|i| i.len());
    for at in &always {
        if let Some(len) = length(*at, code).filter(|len| *len >= JUMP) {
            return Some(Place { at: *at, len });
        }
    }
    if always.len() <= SMALL {
        for at in &always {
            if let Some(len) = row(*at, &always, code) {
                return Some(Place { at: *at, len });
            }
        }
    }
    length(branch, code).map(|len| Place { at: branch, len })
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
    back.retain(|at, _| {
        decode(*at, code.bytes(*at)).is_some_and(|i| {
            matches!(
                i.flow_control(),
                FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch | FlowControl::IndirectBranch
            ) && can_move(&i)
        })
    });
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
