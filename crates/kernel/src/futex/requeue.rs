//! Moving waiters from one word to another, and waking on two words at once: what condition variables use.

use super::{ANY, Operation, key};
use crate::abi::errno::{EAGAIN, EINVAL, ENOSYS};
use crate::caller::Caller;
use crate::process::ThreadState;
use crate::syscall::{Sys, dispatch, done};
use crate::wait::{FutexKey, WaitKey};
use crate::world::Kernel;
use model::ThreadId;

/// Wakes some waiters of a word and lets others wait for a second word; returns how many of both.
pub(super) fn requeue(c: &mut Caller<'_>, op: Operation) -> Sys {
    let (wake, most) = (c.int(2), c.int(3));
    if wake < 0 || most < 0 {
        return Err(EINVAL);
    }
    let (from, to) = (key(c, c.arg(0), op.reach)?, key(c, c.arg(4), op.reach)?);
    if op.command == libc::FUTEX_CMP_REQUEUE && c.read_u32(c.arg(0))? != c.arg(5) as u32 {
        return Err(EAGAIN);
    }
    if c.k.futex_is_of_locks(from) {
        return Err(EINVAL);
    }
    let woken = if wake == 0 { 0 } else { c.k.futex_wake(from, wake as usize, ANY) };
    done((woken + c.k.futex_move(from, to, most as usize)) as i64)
}

impl Kernel {
    /// Moves at most so many waiters to another word, behind those who already wait there.
    fn futex_move(&mut self, from: FutexKey, to: FutexKey, most: usize) -> usize {
        let waiters = self.waiters.under(WaitKey::Futex(from));
        let moved = waiters.len().min(most);
        if from != to {
            waiters[..moved].iter().for_each(|id| self.futex_move_one(*id, from, to));
        }
        moved
    }
    /// Moves a waiter to another word, behind those who already wait there.
    pub(super) fn futex_move_one(&mut self, id: ThreadId, from: FutexKey, to: FutexKey) {
        let (from, to) = (WaitKey::Futex(from), WaitKey::Futex(to));
        self.waiters.remove(from, id);
        self.waiters.add(to, id);
        if let ThreadState::Blocked(wait) = &mut self.thread_mut(id).state {
            wait.keys = vec![to];
        }
    }
}

/// `FUTEX_WAKE_OP`: changes the second word, wakes on the first, and on the second if its old value was as described.
pub(super) fn wake_op(c: &mut Caller<'_>, op: Operation) -> Sys {
    let (first, second) = (key(c, c.arg(0), op.reach)?, key(c, c.arg(4), op.reach)?);
    let code = c.arg(5) as u32;
    // Both operands are twelve bits with a sign.
    let operand = ((code << 8) as i32 >> 20) as u32;
    let compared = (code << 20) as i32 >> 20;
    let operand = if code >> 31 == 1 { 1 << (operand & 31) } else { operand };
    let old = c.read_u32(c.arg(4))?;
    let new = match (code >> 28 & 7) as i32 {
        libc::FUTEX_OP_SET => operand,
        libc::FUTEX_OP_ADD => old.wrapping_add(operand),
        libc::FUTEX_OP_OR => old | operand,
        libc::FUTEX_OP_ANDN => old & !operand,
        libc::FUTEX_OP_XOR => old ^ operand,
        _ => return dispatch::refuse(c, ENOSYS, "FUTEX_WAKE_OP operation"),
    };
    let signed = old as i32;
    let holds = match (code >> 24 & 15) as i32 {
        libc::FUTEX_OP_CMP_EQ => signed == compared,
        libc::FUTEX_OP_CMP_NE => signed != compared,
        libc::FUTEX_OP_CMP_LT => signed < compared,
        libc::FUTEX_OP_CMP_LE => signed <= compared,
        libc::FUTEX_OP_CMP_GT => signed > compared,
        libc::FUTEX_OP_CMP_GE => signed >= compared,
        _ => return dispatch::refuse(c, ENOSYS, "FUTEX_WAKE_OP comparison"),
    };
    c.write_u32(c.arg(4), new)?;
    let mut woken = c.k.futex_wake(first, c.int(2).max(1) as usize, ANY);
    if holds {
        woken += c.k.futex_wake(second, c.int(3).max(1) as usize, ANY);
    }
    done(woken as i64)
}
