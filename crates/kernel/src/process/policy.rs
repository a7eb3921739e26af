//! Scheduling policies: remembered by thread, with the rules of an ordinary user. They have no effect: who runs next is
//! a choice.

use super::limits::{thread_exists, thread_named};
use crate::abi::errno::{EINVAL, EPERM};
use crate::caller::Caller;
use crate::syscall::{Sys, dispatch, done};
use model::ThreadId;

/// Takes a policy for a thread, as far as an ordinary user may.
///
/// # Errors
/// `EPERM` for a real-time policy, to leave `SCHED_IDLE` or to have children keep the policy again; `EINVAL`.
fn take_policy(c: &mut Caller<'_>, id: ThreadId, wanted: i32, priority: u32) -> Sys {
    const RESET: i32 = libc::SCHED_RESET_ON_FORK;
    let policy = wanted & !RESET;
    match policy {
        libc::SCHED_OTHER | libc::SCHED_BATCH | libc::SCHED_IDLE if priority == 0 => {}
        libc::SCHED_OTHER | libc::SCHED_BATCH | libc::SCHED_IDLE => return Err(EINVAL),
        libc::SCHED_FIFO | libc::SCHED_RR if !(1..=99).contains(&priority) => return Err(EINVAL),
        libc::SCHED_FIFO | libc::SCHED_RR | libc::SCHED_DEADLINE => return Err(EPERM),
        _ => return dispatch::refuse(c, EINVAL, "scheduling policy"),
    }
    let had = c.k.threads[&id].policy;
    let leaves_idle = had & !RESET == libc::SCHED_IDLE && policy != libc::SCHED_IDLE;
    if leaves_idle || had & RESET != 0 && wanted & RESET == 0 {
        return Err(EPERM);
    }
    c.k.thread_mut(id).policy = wanted;
    done(0)
}
/// `sched_setscheduler(tid, policy, parameters)`.
///
/// # Errors
/// `EPERM` for a real-time policy, `EINVAL`, `ESRCH`, `EFAULT`.
pub fn sched_setscheduler(c: &mut Caller<'_>) -> Sys {
    if c.int(0) < 0 || c.int(1) < 0 || c.arg(2) == 0 {
        return Err(EINVAL);
    }
    let id = thread_named(c)?;
    let priority = c.read_u32(c.arg(2))?;
    take_policy(c, id, c.int(1), priority)
}
/// `sched_getscheduler(tid)`.
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub fn sched_getscheduler(c: &mut Caller<'_>) -> Sys {
    thread_exists(c)?;
    let id = thread_named(c)?;
    done(c.k.threads[&id].policy)
}
/// `sched_setparam(tid, parameters)`.
///
/// # Errors
/// `EINVAL` for a priority, `ESRCH`, `EFAULT`.
pub fn sched_setparam(c: &mut Caller<'_>) -> Sys {
    thread_exists(c)?;
    let priority = c.read_u32(c.arg(1))?;
    let id = thread_named(c)?;
    take_policy(c, id, c.k.threads[&id].policy, priority)
}
/// `sched_getparam(tid, parameters)`.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EFAULT`.
pub fn sched_getparam(c: &mut Caller<'_>) -> Sys {
    thread_exists(c)?;
    c.write_u32(c.arg(1), 0)?;
    done(0)
}
/// `sched_get_priority_max(policy)`.
///
/// # Errors
/// `EINVAL`.
pub fn sched_get_priority_max(c: &mut Caller<'_>) -> Sys {
    priority_bound(c, 99)
}
/// `sched_get_priority_min(policy)`.
///
/// # Errors
/// `EINVAL`.
pub fn sched_get_priority_min(c: &mut Caller<'_>) -> Sys {
    priority_bound(c, 1)
}
fn priority_bound(c: &Caller<'_>, real_time: i32) -> Sys {
    match c.int(0) {
        libc::SCHED_FIFO | libc::SCHED_RR => done(real_time),
        libc::SCHED_OTHER | libc::SCHED_BATCH | libc::SCHED_IDLE | libc::SCHED_DEADLINE => done(0),
        _ => Err(EINVAL),
    }
}
/// `sched_rr_get_interval(tid, interval)`.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EFAULT`.
pub fn sched_rr_get_interval(c: &mut Caller<'_>) -> Sys {
    thread_exists(c)?;
    c.write_timespec(c.arg(1), 4_000_000)?;
    done(0)
}
/// `sched_setattr(tid, attributes, flags)`.
///
/// # Errors
/// `EPERM` for a real-time policy, `EINVAL`, `ESRCH`, `EFAULT`.
pub fn sched_setattr(c: &mut Caller<'_>) -> Sys {
    const RESET_FLAG: u32 = 1;
    thread_exists(c)?;
    let attributes: [u8; 24] = c.read_array(c.arg(1))?;
    let word = |at: usize| u32::from_le_bytes(attributes[at..at + 4].try_into().expect("four bytes"));
    let reset = if word(8) & RESET_FLAG != 0 { libc::SCHED_RESET_ON_FORK } else { 0 };
    let (id, nice) = (thread_named(c)?, (word(16) as i32).clamp(-20, 19) as i8);
    if nice < c.k.threads[&id].nice {
        return Err(EPERM);
    }
    let taken = take_policy(c, id, word(4) as i32 | reset, word(20))?;
    c.k.thread_mut(id).nice = nice;
    Ok(taken)
}
/// `sched_getattr(tid, attributes, size, flags)`.
///
/// # Errors
/// `EINVAL` for too small a buffer, `ESRCH`, `EFAULT`.
pub fn sched_getattr(c: &mut Caller<'_>) -> Sys {
    const SIZE: u32 = 48;
    thread_exists(c)?;
    if c.arg(2) < u64::from(SIZE) || c.arg(3) != 0 {
        return Err(EINVAL);
    }
    let mut attributes = [0; SIZE as usize];
    let id = thread_named(c)?;
    let thread = &c.k.threads[&id];
    let reset = u32::from(thread.policy & libc::SCHED_RESET_ON_FORK != 0);
    let policy = (thread.policy & !libc::SCHED_RESET_ON_FORK) as u32;
    for (at, word) in [(0, SIZE), (4, policy), (8, reset), (16, i32::from(thread.nice) as u32)] {
        attributes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    c.write(c.arg(1), &attributes)?;
    done(0)
}
