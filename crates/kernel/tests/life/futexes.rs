//! Futexes.

use crate::harness::*;
use libc::{EAGAIN, EDEADLK, EFAULT, EINTR, EINVAL, ENOSYS, EPERM, ETIMEDOUT, SYS_futex, SYS_pause, SYS_sched_yield};

const WORD: u64 = DATA;
const OTHER: u64 = DATA + 64;
const WAIT: u64 = libc::FUTEX_WAIT as u64;
const WAKE: u64 = libc::FUTEX_WAKE as u64;
const PRIVATE: u64 = libc::FUTEX_PRIVATE_FLAG as u64;

/// Threads that all wait for [`WORD`], and one more that runs.
fn waiting(n: u32) -> World {
    let mut w = World::new(n as usize + 1);
    for waiter in 0..n {
        assert_eq!(w.call(SYS_futex, &[WORD, WAIT, 0, 0]), Some(tid(101 + waiter)));
    }
    w
}

#[test]
fn waiters_are_woken_first_come_first_served() {
    let mut w = waiting(3);
    assert_eq!(w.result(SYS_futex, &[WORD, WAKE, 2]), 2);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!(w.rax(), 0);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)));
    assert_eq!(w.rax(), 0);
    assert_eq!(w.result(SYS_futex, &[WORD, WAKE, 100]), 1);
    assert_eq!(w.result(SYS_futex, &[WORD, WAKE, 100]), 0);
}

#[test]
fn a_woken_waiter_does_not_look_at_the_word_again() {
    let mut w = waiting(1);
    w.put32(WORD, 5);
    assert_eq!(w.result(SYS_futex, &[WORD, WAKE, 1]), 1);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!(w.rax(), 0);
}

#[test]
fn bad_calls_are_refused() {
    let mut w = World::new(1);
    w.put32(WORD, 1);
    assert_eq!(w.result(SYS_futex, &[WORD, WAIT, 0, 0]), error(EAGAIN));
    assert_eq!(w.result(SYS_futex, &[WORD + 1, WAIT, 0, 0]), error(EINVAL));
    assert_eq!(w.result(SYS_futex, &[8, WAIT, 0, 0]), error(EFAULT));
    assert_eq!(w.result(SYS_futex, &[8, WAIT | PRIVATE, 0, 0]), error(EFAULT));
    assert_eq!(w.result(SYS_futex, &[WORD, libc::FUTEX_WAIT_BITSET as u64, 1, 0, 0, 0]), error(EINVAL));
    assert_eq!(w.result(SYS_futex, &[WORD, libc::FUTEX_FD as u64, 1]), error(ENOSYS));
    assert_eq!(w.result(SYS_futex, &[WORD, WAKE | libc::FUTEX_CLOCK_REALTIME as u64, 1]), error(ENOSYS));
}

#[test]
fn timeouts_are_relative_or_absolute() {
    let mut w = World::new(1);
    let start = w.now();
    w.put64(OTHER, &[2, 500]);
    assert_eq!(w.result(SYS_futex, &[WORD, WAIT, 0, OTHER]), error(ETIMEDOUT));
    assert!((2_000_000_500..2_000_010_000).contains(&w.now().since(start).0));

    let bitset = libc::FUTEX_WAIT_BITSET as u64 | PRIVATE;
    let until = w.k.clock.monotonic() / 1_000_000_000 + 7;
    w.put64(OTHER, &[until, 0]);
    assert_eq!(w.result(SYS_futex, &[WORD, bitset, 0, OTHER, 0, 1]), error(ETIMEDOUT));
    assert_eq!(w.k.clock.monotonic(), until * 1_000_000_000);

    let until = w.now().0 / 1_000_000_000 + 7;
    w.put64(OTHER, &[until, 0]);
    let realtime = bitset | libc::FUTEX_CLOCK_REALTIME as u64;
    assert_eq!(w.result(SYS_futex, &[WORD, realtime, 0, OTHER, 0, 1]), error(ETIMEDOUT));
    assert_eq!(w.now().0, until * 1_000_000_000);
    w.put64(OTHER, &[1, 2_000_000_000]);
    assert_eq!(w.result(SYS_futex, &[WORD, WAIT, 0, OTHER]), error(EINVAL));
}

#[test]
fn bit_sets_select_waiters() {
    let mut w = World::new(3);
    let wait = libc::FUTEX_WAIT_BITSET as u64;
    let wake = libc::FUTEX_WAKE_BITSET as u64;
    assert_eq!(w.call(SYS_futex, &[WORD, wait, 0, 0, 0, 1]), Some(tid(101)));
    assert_eq!(w.call(SYS_futex, &[WORD, wait, 0, 0, 0, 2]), Some(tid(102)));
    assert_eq!(w.result(SYS_futex, &[WORD, wake, 9, 0, 0, 4]), 0);
    assert_eq!(w.result(SYS_futex, &[WORD, wake, 9, 0, 0, 2]), 1);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)));
    assert_eq!(w.result(SYS_futex, &[WORD, wake, 9, 0, 0, 0]), error(EINVAL));
    assert_eq!(w.result(SYS_futex, &[WORD, WAKE, 9]), 1);
}

#[test]
fn requeueing_moves_waiters_behind_others() {
    let mut w = waiting(3);
    let requeue = libc::FUTEX_CMP_REQUEUE as u64;
    assert_eq!(w.result(SYS_futex, &[WORD, requeue, 1, 1, OTHER, 1]), error(EAGAIN));
    assert_eq!(w.result(SYS_futex, &[WORD, requeue, 1, 1, OTHER, 0]), 2);
    assert_eq!(w.result(SYS_futex, &[OTHER, WAKE, 9]), 1);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)), "woken on the first word");
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)), "moved, then woken on the second");
    assert_eq!(w.rax(), 0);
    assert_eq!(w.result(SYS_futex, &[WORD, WAKE, 9]), 1, "the third stayed");
}

#[test]
fn wake_op_changes_one_word_and_wakes_on_both() {
    let mut w = World::new(3);
    assert_eq!(w.call(SYS_futex, &[WORD, WAIT, 0, 0]), Some(tid(101)));
    assert_eq!(w.call(SYS_futex, &[OTHER, WAIT, 0, 0]), Some(tid(102)));
    w.put32(OTHER, 4);
    // OTHER += -1; wake on OTHER too if it was > 3.
    let code = (libc::FUTEX_OP_ADD as u64) << 28 | (libc::FUTEX_OP_CMP_GT as u64) << 24 | 0xfff << 12 | 3;
    assert_eq!(w.result(SYS_futex, &[WORD, libc::FUTEX_WAKE_OP as u64, 1, 1, OTHER, code]), 2);
    assert_eq!(w.u32(OTHER), 3);
    assert_eq!(w.result(SYS_futex, &[WORD, libc::FUTEX_WAKE_OP as u64, 1, 1, OTHER, code]), 0);
}

#[test]
fn a_signal_interrupts_or_restarts_a_wait() {
    for (flags, result) in [(0, error(EINTR)), (libc::SA_RESTART, SYS_futex)] {
        let mut w = World::new(2);
        w.handle(libc::SIGUSR1, flags);
        assert_eq!(w.call(SYS_futex, &[WORD, WAIT, 0, 0]), Some(tid(101)));
        assert_eq!(w.result(libc::SYS_tgkill, &[100, 100, libc::SIGUSR1 as u64]), 0);
        assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
        assert_eq!(w.regs().rip, HANDLER);
        assert_eq!(w.sigreturn(), Some(tid(100)));
        assert_eq!(w.rax(), result);
        let rewound = if flags == 0 { 0 } else { 2 };
        assert_eq!(w.regs().rip, CODE - rewound);
        let seen: &[i64] = if flags == 0 { &[error(EINTR)] } else { &[] };
        assert_eq!(w.results(SYS_futex), seen, "a restarted call has not ended");
    }
}

#[test]
fn shared_words_are_the_same_in_two_processes() {
    let mut w = World::new(1);
    let child = w.process(100, 1);
    assert_eq!(w.call(SYS_futex, &[SHARED + 8, WAIT, 0, 0]), Some(tid(101)));
    assert_eq!(w.result(SYS_futex, &[SHARED + 8, WAKE | PRIVATE, 1]), 0);
    assert_eq!(w.result(SYS_futex, &[WORD, WAKE, 1]), 0);
    assert_eq!(w.result(SYS_futex, &[SHARED + 8, WAKE, 1]), 1);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!((w.rax(), child.pid), (0, 101));
}

#[test]
fn locks_are_handed_over() {
    const LOCK: u64 = libc::FUTEX_LOCK_PI as u64;
    const UNLOCK: u64 = libc::FUTEX_UNLOCK_PI as u64;
    let mut w = World::new(3);
    assert_eq!(w.result(SYS_futex, &[WORD, LOCK, 0, 0]), 0);
    assert_eq!(w.u32(WORD), 100);
    assert_eq!(w.result(SYS_futex, &[WORD, LOCK, 0, 0]), error(EDEADLK));
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
    assert_eq!(w.result(SYS_futex, &[WORD, UNLOCK]), error(EPERM));
    assert_eq!(w.result(SYS_futex, &[WORD, libc::FUTEX_TRYLOCK_PI as u64]), error(EAGAIN));
    assert_eq!(w.call(SYS_futex, &[WORD, LOCK, 0, 0]), Some(tid(102)));
    assert_eq!(w.u32(WORD), 100 | libc::FUTEX_WAITERS);
    assert_eq!(w.call(SYS_futex, &[WORD, LOCK, 0, 0]), Some(tid(100)));
    assert_eq!(w.result(SYS_futex, &[WORD, UNLOCK]), 0);
    assert_eq!(w.u32(WORD), 101 | libc::FUTEX_WAITERS);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)));
    assert_eq!(w.rax(), 0);
    // Its owner ends: the next one learns of it from the word.
    assert_eq!(w.call(libc::SYS_exit, &[0]), Some(tid(102)));
    assert_eq!((w.rax(), w.u32(WORD)), (0, 102 | libc::FUTEX_OWNER_DIED));
    assert_eq!(w.result(SYS_futex, &[WORD, UNLOCK]), 0);
    assert_eq!(w.u32(WORD), 0);
    // An owner that does not exist.
    w.put32(WORD, 999);
    assert_eq!(w.result(SYS_futex, &[WORD, LOCK, 0, 0]), error(libc::ESRCH));
}

#[test]
fn robust_locks_of_a_dead_thread_are_marked() {
    let mut w = World::new(2);
    let (head, entry) = (DATA + 0x200, DATA + 0x240);
    // A list of one lock, whose word is 16 bytes into its entry.
    w.put64(head, &[entry, 16, 0]);
    w.put64(entry, &[head]);
    w.put32(entry + 16, 100 | libc::FUTEX_WAITERS);
    assert_eq!(w.result(libc::SYS_set_robust_list, &[head, 24]), 0);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
    let held = u64::from(100 | libc::FUTEX_WAITERS);
    assert_eq!(w.call(SYS_futex, &[entry + 16, WAIT | PRIVATE, held, 0]), Some(tid(100)));
    assert_eq!(w.call(libc::SYS_exit, &[0]), Some(tid(101)));
    assert_eq!(w.rax(), 0);
    assert_eq!(w.u32(entry + 16), libc::FUTEX_OWNER_DIED | libc::FUTEX_WAITERS);
}
