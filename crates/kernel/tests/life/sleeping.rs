//! Clocks, sleeping and timers.

use crate::harness::*;
use kernel::time::reading::READINGS;
use libc::{EINTR, EINVAL, EOPNOTSUPP, EPERM, SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_pause};

const SECOND: u64 = 1_000_000_000;
const SPEC: u64 = DATA;
const OLD: u64 = DATA + 64;

fn clock(w: &mut World, number: i32) -> u64 {
    assert_eq!(w.result(SYS_clock_gettime, &[number as u64, OLD]), 0);
    w.u64(OLD) * SECOND + w.u64(OLD + 8)
}

#[test]
fn clocks_agree_with_the_world() {
    let mut w = World::new(1);
    for number in [libc::CLOCK_REALTIME, libc::CLOCK_REALTIME_COARSE, libc::CLOCK_TAI] {
        assert_eq!(clock(&mut w, number), w.now().0);
    }
    for number in [libc::CLOCK_MONOTONIC, libc::CLOCK_MONOTONIC_RAW, libc::CLOCK_BOOTTIME] {
        assert_eq!(clock(&mut w, number), w.k.clock.monotonic());
    }
    assert_eq!(w.result(libc::SYS_getpid, &[]), 100);
    let calls = w.k.processes[&pid(100)].calls;
    assert_eq!(calls, 7, "readings count as calls do");
    assert_eq!(clock(&mut w, libc::CLOCK_PROCESS_CPUTIME_ID), (calls + 1) * 1_000);
    // The clock of process 100 by its number.
    assert_eq!(clock(&mut w, !100 << 3 | 2), (calls + 2) * 1_000);
    for bad in [99, !555 << 3 | 2] {
        assert_eq!(w.result(SYS_clock_gettime, &[bad as u64, OLD]), error(EINVAL), "{bad}");
    }
    let before = w.now();
    w.result(libc::SYS_gettimeofday, &[OLD, 0]);
    assert_eq!(w.now().since(before).0, 1_010, "a call and a reading");
    assert_eq!(w.result(libc::SYS_time, &[0]) as u64, w.now().0 / SECOND);
    assert_eq!(w.result(libc::SYS_clock_getres, &[0, OLD]), 0);
    assert_eq!(w.u64(OLD + 8), 1);
    assert_eq!(w.result(libc::SYS_clock_settime, &[0, OLD]), error(EPERM));
    w.put32(OLD, 0);
    assert_eq!(w.result(libc::SYS_adjtimex, &[OLD]), 0);
    assert_eq!(w.u64(OLD + 72), w.now().0 / SECOND);
}

/// How many events a call is.
fn events(w: &mut World, number: i64, args: &[u64]) -> u64 {
    let before = w.k.log.count();
    w.result(number, args);
    w.k.log.count() - before
}

#[test]
fn what_a_machine_answers_without_a_call_is_no_event() {
    use libc::{SYS_gettimeofday, SYS_time};
    let mut w = World::new(1);
    // The number of events, the call, its arguments.
    let rows: &[(u64, i64, &[u64])] = &[
        (0, SYS_clock_gettime, &[libc::CLOCK_REALTIME as u64, OLD]),
        (0, SYS_clock_gettime, &[libc::CLOCK_BOOTTIME as u64, OLD]),
        (0, SYS_clock_gettime, &[libc::CLOCK_MONOTONIC_RAW as u64 | 7 << 32, OLD]),
        (0, SYS_gettimeofday, &[OLD, 0]),
        (0, SYS_time, &[0]),
        (0, SYS_time, &[OLD]),
        (1, SYS_clock_gettime, &[libc::CLOCK_TAI as u64, OLD]),
        (1, SYS_clock_gettime, &[libc::CLOCK_THREAD_CPUTIME_ID as u64, OLD]),
        (1, SYS_clock_gettime, &[libc::CLOCK_MONOTONIC as u64, 8]),
        (1, SYS_clock_gettime, &[32, OLD]),
        (1, SYS_clock_gettime, &[-1i64 as u64, OLD]),
        (1, SYS_gettimeofday, &[OLD, OLD]),
        (1, SYS_gettimeofday, &[8, 0]),
        (1, SYS_time, &[8]),
    ];
    for (expected, number, args) in rows {
        let before = w.now();
        assert_eq!(events(&mut w, *number, args), *expected, "call {number} of {args:?}");
        if w.rax() >= 0 && *expected == 0 {
            assert_eq!(w.now().since(before).0, 1_010, "call {number} of {args:?}");
        }
    }
    // What only reads the clock is seen all the same, and a timer is not read past.
    assert_eq!(events(&mut w, libc::SYS_getpid, &[]), 1);
    let read = |w: &mut World| events(w, SYS_clock_gettime, &[1, OLD]);
    assert_eq!((0..READINGS).map(|_| read(&mut w)).sum::<u64>(), 0);
    assert_eq!((read(&mut w), read(&mut w)), (1, 0));
    // An alarm in ten microseconds.
    w.put64(SPEC, &[0, 0, 0, 10]);
    let action = ignore(&mut w);
    assert_eq!(w.result(libc::SYS_rt_sigaction, &[14, action, 0, 8]), 0);
    assert_eq!(w.result(libc::SYS_setitimer, &[0, SPEC, 0]), 0);
    let quiet = (0..20).take_while(|_| read(&mut w) == 0).count();
    assert_eq!(quiet, 9, "the tenth reading would end behind the alarm");
}

/// A `struct sigaction` that ignores its signal.
fn ignore(w: &mut World) -> u64 {
    w.put64(OLD + 64, &[1, 0, 0, 0]);
    OLD + 64
}

#[test]
fn sleeping_takes_virtual_time_alone() {
    let mut w = World::new(1);
    let start = w.now();
    w.put64(SPEC, &[30, 0]);
    assert_eq!(w.result(SYS_nanosleep, &[SPEC, 0]), 0);
    assert_eq!(w.now().since(start).0, 30 * SECOND + 1_000);
    let until = w.k.clock.monotonic() / SECOND + 5;
    w.put64(SPEC, &[until, 0]);
    assert_eq!(w.result(SYS_clock_nanosleep, &[1, 1, SPEC, 0]), 0);
    assert_eq!(w.k.clock.monotonic(), until * SECOND);
    assert_eq!(w.result(SYS_clock_nanosleep, &[1, 1, SPEC, 0]), 0, "an instant that is past");
    assert_eq!(w.result(SYS_clock_nanosleep, &[3, 0, SPEC, 0]), error(EINVAL));
    assert_eq!(w.result(SYS_clock_nanosleep, &[4, 0, SPEC, 0]), error(EOPNOTSUPP));
    w.put64(SPEC, &[0, SECOND]);
    assert_eq!(w.result(SYS_nanosleep, &[SPEC, 0]), error(EINVAL));
}

#[test]
fn an_interrupted_sleep_says_what_was_left() {
    let mut w = World::new(1);
    w.handle(libc::SIGALRM, libc::SA_RESTART);
    assert_eq!(w.result(libc::SYS_alarm, &[3]), 0);
    w.put64(SPEC, &[10, 0]);
    assert_eq!(w.call(SYS_nanosleep, &[SPEC, OLD]), Some(tid(100)));
    assert_eq!(w.regs().rip, HANDLER);
    assert_eq!(w.info().1, 0x80);
    w.sigreturn();
    assert_eq!(w.rax(), error(EINTR), "sleeps are never restarted");
    let left = w.u64(OLD) * SECOND + w.u64(OLD + 8);
    assert!((6_999_900_000..=7_000_100_000).contains(&left), "{left}");
    assert_eq!(w.result(libc::SYS_alarm, &[9]), 0);
    assert_eq!(w.result(libc::SYS_alarm, &[0]), 9);
}

#[test]
fn a_sleep_goes_on_after_a_stop() {
    let mut w = World::new(1);
    let child = w.process(100, 1);
    let start = w.now();
    w.put64(SPEC, &[10, 0]);
    assert_eq!(w.call(SYS_nanosleep, &[SPEC, OLD]), Some(tid(101)));
    for signal in [libc::SIGSTOP, libc::SIGCONT] {
        assert_eq!(w.result(libc::SYS_kill, &[100, signal as u64]), 0);
    }
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!((w.rax(), child.pid), (0, 101));
    assert!((10 * SECOND..10 * SECOND + 5_000).contains(&w.now().since(start).0));
}

#[test]
fn interval_timers_repeat_as_their_signal_is_taken() {
    let mut w = World::new(1);
    w.handle(libc::SIGALRM, 0);
    w.put64(SPEC, &[2, 0, 1, 500_000]);
    assert_eq!(w.result(libc::SYS_setitimer, &[0, SPEC, OLD]), 0);
    assert_eq!(w.u64(OLD + 16), 0);
    let start = w.now();
    for n in 0..3 {
        w.call(SYS_pause, &[]);
        assert_eq!(w.regs().rip, HANDLER);
        assert!(w.now().since(start).0.abs_diff(1_500_000_000 + n * 2 * SECOND) < 10_000);
        w.sigreturn();
        assert_eq!(w.rax(), error(EINTR));
    }
    assert_eq!(w.result(libc::SYS_getitimer, &[0, OLD]), 0);
    assert_eq!((w.u64(OLD), w.u64(OLD + 16)), (2, 1));
    w.put64(SPEC, &[0, 0, 0, 0]);
    assert_eq!(w.result(libc::SYS_setitimer, &[0, SPEC, 0]), 0);
    assert_eq!(w.k.timers.next(), None);
    assert_eq!(w.result(libc::SYS_setitimer, &[3, SPEC, 0]), error(EINVAL));
}

#[test]
fn a_timer_that_nobody_hears_does_not_keep_the_world_alive() {
    let mut w = World::new(1);
    w.action(libc::SIGALRM, 1, 0);
    w.put64(SPEC, &[0, 10, 0, 10]);
    assert_eq!(w.result(libc::SYS_setitimer, &[0, SPEC, 0]), 0);
    assert_eq!(w.call(SYS_pause, &[]), None);
    assert!(matches!(w.k.ending, Some(kernel::Ending::Deadlock(_))));
}

#[test]
fn posix_timers_signal_and_count_what_they_missed() {
    let mut w = World::new(1);
    w.handle(libc::SIGUSR2, libc::SA_SIGINFO);
    // sigev_value, sigev_signo, sigev_notify
    w.put64(SPEC, &[0xfeed, libc::SIGUSR2 as u64]);
    assert_eq!(w.result(libc::SYS_timer_create, &[1, SPEC, OLD]), 0);
    let id = u64::from(w.u32(OLD));
    w.put64(SPEC, &[1, 0, 2, 0]);
    assert_eq!(w.result(libc::SYS_timer_settime, &[id, 0, SPEC, 0]), 0);
    w.call(SYS_pause, &[]);
    assert_eq!(w.info(), (libc::SIGUSR2, -2, id as u32, 0xfeed));
    assert_eq!(w.result(libc::SYS_timer_getoverrun, &[id]), 0);
    // Its signal is blocked while the handler runs: three more periods end, one signal tells.
    w.put64(SPEC, &[3, 500_000_000]);
    assert_eq!(w.result(SYS_nanosleep, &[SPEC, 0]), 0);
    assert_eq!(w.sigreturn(), Some(tid(100)));
    assert_eq!(w.regs().rip, HANDLER);
    assert_eq!(w.u32(w.regs().rsi + 20), 2, "si_overrun");
    assert_eq!(w.result(libc::SYS_timer_getoverrun, &[id]), 2);
    assert_eq!(w.result(libc::SYS_timer_gettime, &[id, OLD]), 0);
    assert_eq!(w.u64(OLD), 1);
    assert!((499_900_000..=500_000_000).contains(&w.u64(OLD + 24)), "{}", w.u64(OLD + 24));
    assert_eq!(w.result(libc::SYS_timer_delete, &[id]), 0);
    assert_eq!(w.result(libc::SYS_timer_delete, &[id]), error(EINVAL));
    assert_eq!(w.k.timers.next(), None);
}

#[test]
fn a_silent_timer_only_counts_down() {
    let mut w = World::new(1);
    w.put64(SPEC, &[0, (libc::SIGEV_NONE as u64) << 32]);
    assert_eq!(w.result(libc::SYS_timer_create, &[0, SPEC, OLD]), 0);
    w.put64(SPEC, &[0, 0, 2, 0]);
    assert_eq!(w.result(libc::SYS_timer_settime, &[0, 0, SPEC, 0]), 0);
    assert_eq!(w.result(libc::SYS_timer_gettime, &[0, OLD]), 0);
    assert_eq!(w.u64(OLD + 16), 1);
    assert_eq!(w.k.timers.next(), None);
    w.put64(SPEC, &[0, 65]);
    assert_eq!(w.result(libc::SYS_timer_create, &[0, SPEC, OLD]), error(EINVAL));
}
