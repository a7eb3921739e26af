//! Futexes: waiting for a word of memory.
//!
//! The kernel keeps nothing about a futex but who is parked under its [`FutexKey`], in order of arrival: what a waiter
//! waits for (its bit set, whether it takes a lock) is in the arguments of the call it is in. A waker grants the call
//! its result, so a woken waiter returns without looking at the word again; a waiter that tries again for any other
//! reason starts over, as Linux restarts it.
//!
//! ```text
//!   FUTEX_WAIT ── word as expected? ── no ──> EAGAIN
//!                       │ yes
//!                       ▼
//!                    parked ── wake: granted ──> 0
//!                       ├───── deadline ───────> ETIMEDOUT
//!                       └───── signal ─────────> EINTR, or again
//! ```

mod lock;
mod requeue;
mod robust;

use crate::abi::errno::{EAGAIN, EFAULT, EINVAL, ENOSYS, ETIMEDOUT};
use crate::caller::Caller;
use crate::host::AddressSpaceId;
use crate::memory::Backing;
use crate::process::InCall;
use crate::syscall::{Sys, block, dispatch, done};
use crate::wait::{FutexKey, Wait, WaitKey};
use crate::world::Kernel;
use model::causality::Via;
use model::{Errno, ThreadId, VirtualTime};

/// The number of the call, by which waiters are recognised.
const CALL: u64 = libc::SYS_futex as u64;
/// `FUTEX_LOCK_PI2`, which the C library binding does not name.
const LOCK_PI2: i32 = 13;
/// The progress of a `FUTEX_WAIT_REQUEUE_PI` that was moved to its lock.
const MOVED: u64 = 1;
/// The bit set of waiters and wakers that do not use bit sets.
const ANY: u32 = u32::MAX;

/// Whether a word can only be waited for within one address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// `FUTEX_PRIVATE_FLAG`.
    Private,
    /// Wherever the memory is mapped.
    Shared,
}

/// The operation in a `futex` call's second argument.
#[derive(Clone, Copy, Debug)]
struct Operation {
    command: i32,
    reach: Reach,
    realtime: bool,
}

impl Operation {
    fn of(word: u64) -> Operation {
        let word = word as i32;
        Operation {
            command: word & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME),
            reach: if word & libc::FUTEX_PRIVATE_FLAG != 0 { Reach::Private } else { Reach::Shared },
            realtime: word & libc::FUTEX_CLOCK_REALTIME != 0,
        }
    }
    /// Whether it is about locks that are handed over, which the operations of plain words keep away from.
    fn is_of_locks(self) -> bool {
        matches!(self.command, libc::FUTEX_LOCK_PI | LOCK_PI2 | libc::FUTEX_WAIT_REQUEUE_PI)
    }
}

/// The address of the lock that a parked thread waits for, if it is one.
fn lock_of(call: &InCall) -> Option<u64> {
    match Operation::of(call.args[1]).command {
        libc::FUTEX_LOCK_PI | LOCK_PI2 => Some(call.args[0]),
        libc::FUTEX_WAIT_REQUEUE_PI => (call.progress == MOVED).then_some(call.args[4]),
        _ => None,
    }
}

/// `futex(word, operation, value, timeout or count, word2, value3)`.
///
/// # Errors
/// `EAGAIN` if the word is not as expected, `ETIMEDOUT`, `EINTR`, `EINVAL`, `EFAULT`, `ENOSYS` for operations that are
/// not simulated; of locks also `EDEADLK`, `EPERM`, `ESRCH`.
pub fn futex(c: &mut Caller<'_>) -> Sys {
    let op = Operation::of(c.arg(1));
    let with_clock =
        matches!(op.command, libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET | LOCK_PI2 | libc::FUTEX_WAIT_REQUEUE_PI);
    if op.realtime && !with_clock {
        return dispatch::refuse(c, ENOSYS, "FUTEX_CLOCK_REALTIME with this operation");
    }
    match op.command {
        libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => wait(c, op),
        libc::FUTEX_WAKE => wake(c, op, ANY),
        libc::FUTEX_WAKE_BITSET => wake(c, op, c.arg(5) as u32),
        libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE => requeue::requeue(c, op),
        libc::FUTEX_CMP_REQUEUE_PI => lock::requeue(c, op),
        libc::FUTEX_WAIT_REQUEUE_PI => lock::wait_requeue(c, op),
        libc::FUTEX_WAKE_OP => requeue::wake_op(c, op),
        libc::FUTEX_LOCK_PI | LOCK_PI2 => lock::lock(c, op),
        libc::FUTEX_TRYLOCK_PI => lock::try_lock(c, op),
        libc::FUTEX_UNLOCK_PI => lock::unlock(c, op),
        _ => dispatch::refuse(c, ENOSYS, "futex operation"),
    }
}

/// The identity of the word at an address of the caller.
fn key(c: &Caller<'_>, at: u64, reach: Reach) -> Result<FutexKey, Errno> {
    if !at.is_multiple_of(4) {
        return Err(EINVAL);
    }
    if reach == Reach::Shared {
        c.check(at, 4, libc::PROT_READ as u32).map_err(|_| EFAULT)?;
        return Ok(c.k.futex_key(c.space(), at));
    }
    Ok(FutexKey::Private(c.space(), at))
}

/// The bit set that a parked thread waits with.
fn bitset(call: &InCall) -> u32 {
    match Operation::of(call.args[1]).command {
        libc::FUTEX_WAIT_BITSET => call.args[5] as u32,
        _ => ANY,
    }
}

/// When a wait ends: relative to its first attempt for `FUTEX_WAIT`, an instant of a clock for the others.
fn deadline(c: &mut Caller<'_>, op: Operation) -> Result<Option<VirtualTime>, Errno> {
    let at = c.arg(3);
    if at == 0 {
        return Ok(None);
    }
    let time = c.read_timespec(at)?;
    Ok(Some(match op.command {
        libc::FUTEX_WAIT => c.deadline_in(time),
        _ if op.realtime || op.command == libc::FUTEX_LOCK_PI => c.k.at_time_of_day(c.service(), time.0),
        _ => c.k.clock.at_monotonic(time.0),
    }))
}

fn wait(c: &mut Caller<'_>, op: Operation) -> Sys {
    if bitset(c.call()) == 0 {
        return Err(EINVAL);
    }
    if let Some(result) = c.call().granted.take() {
        return done(result);
    }
    let deadline = deadline(c, op)?;
    let key = key(c, c.arg(0), op.reach)?;
    if c.call().timed_out {
        return Err(ETIMEDOUT);
    }
    if c.read_u32(c.arg(0))? != c.arg(2) as u32 {
        return Err(EAGAIN);
    }
    let wait = Wait::on(WaitKey::Futex(key), "a futex").with_deadline(deadline);
    block(if deadline.is_some() { wait.never_restarted() } else { wait })
}

fn wake(c: &mut Caller<'_>, op: Operation, bits: u32) -> Sys {
    if bits == 0 {
        return Err(EINVAL);
    }
    let key = key(c, c.arg(0), op.reach)?;
    if c.k.futex_is_of_locks(key) {
        return Err(EINVAL);
    }
    // Linux wakes one even when asked for none.
    let most = c.int(2).max(1) as usize;
    done(c.k.futex_wake(key, most, bits) as i64)
}

impl Kernel {
    /// The identity of a word: its place in a shared memory object if it lies in one, else its address.
    pub(crate) fn futex_key(&self, space: AddressSpaceId, at: u64) -> FutexKey {
        match self.memory(space).find(at) {
            Some((start, vma)) => match vma.backing {
                Backing::Shared(view) => FutexKey::Shared(view.inode, view.offset + (at - start)),
                _ => FutexKey::Private(space, at),
            },
            None => FutexKey::Private(space, at),
        }
    }
    /// Wakes at most so many waiters whose bits meet `bits`, longest first; returns how many.
    pub(crate) fn futex_wake(&mut self, key: FutexKey, most: usize, bits: u32) -> usize {
        let mut woken = 0;
        for id in self.waiters.under(WaitKey::Futex(key)) {
            if woken == most {
                break;
            }
            if bitset(&self.threads[&id].call) & bits != 0 {
                self.futex_grant(id);
                woken += 1;
            }
        }
        woken
    }
    /// Ends a parked thread's wait with success.
    fn futex_grant(&mut self, id: ThreadId) {
        self.thread_mut(id).call.granted = Some(0);
        self.causes.tell(id, Via::Wake);
        self.wake_thread(id);
    }
    /// The thread that has waited longest to lock a word.
    fn futex_locker(&self, key: FutexKey) -> Option<ThreadId> {
        let locks = |id: &ThreadId| lock_of(&self.threads[id].call).is_some();
        self.waiters.under(WaitKey::Futex(key)).into_iter().find(locks)
    }
    /// Whether somebody who waits for a word will want a lock.
    fn futex_is_of_locks(&self, key: FutexKey) -> bool {
        let locks = |id: &ThreadId| Operation::of(self.threads[id].call.args[1]).is_of_locks();
        self.waiters.under(WaitKey::Futex(key)).iter().any(locks)
    }
}
