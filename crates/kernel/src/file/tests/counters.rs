//! Event counters, timers and signals as descriptors.

use super::world::{A, B, BASE, PROCESS, World, fails};
use crate::abi::errno::{EAGAIN, EINVAL, EPERM};
use crate::signal::Info;

const SECOND: u64 = 1_000_000_000;

#[test]
fn counters_add_up_and_are_taken_whole_or_one_by_one() {
    let mut w = World::new();
    let fd = w.ok("eventfd2", [3, libc::EFD_NONBLOCK as u64]);
    w.write(fd, &4_u64.to_le_bytes());
    assert_eq!(w.read(fd, 8), 7_u64.to_le_bytes());
    assert_eq!(w.call("read", [fd, BASE, 8]), fails(EAGAIN));
    assert_eq!(w.call("read", [fd, BASE, 7]), fails(EINVAL));
    assert_eq!(w.write(fd, &u64::MAX.to_le_bytes()), fails(EINVAL));
    let fd = w.ok("eventfd2", [2, libc::EFD_SEMAPHORE as u64]);
    assert_eq!(w.read(fd, 8), 1_u64.to_le_bytes());
    assert_eq!(w.read(fd, 8), 1_u64.to_le_bytes());
    assert_eq!(w.call_by(B, "read", [fd, BASE + 0x8000, 8]), None);
    w.write(fd, &5_u64.to_le_bytes());
    assert_eq!(w.retry(B), Some(8));
    assert_eq!(w.word(BASE + 0x8000), 1);
    assert_eq!(w.call("eventfd2", [0, 4]), fails(EINVAL));
}

#[test]
fn a_counter_at_its_end_parks_writers() {
    let mut w = World::new();
    let fd = w.ok("eventfd", [1]);
    w.poke_words(BASE + 0x8000, [u64::MAX - 1]);
    assert_eq!(w.call_by(B, "write", [fd, BASE + 0x8000, 8]), None);
    assert_eq!(w.read(fd, 8), 1_u64.to_le_bytes());
    assert_eq!(w.retry(B), Some(8));
    assert_eq!(w.read(fd, 8), (u64::MAX - 1).to_le_bytes());
}

fn arm(w: &mut World, fd: u64, flags: i32, interval: u64, value: u64) {
    w.poke_words(BASE, [interval / SECOND, interval % SECOND, value / SECOND, value % SECOND]);
    w.ok("timerfd_settime", [fd, flags as u64, BASE, 0]);
}

#[test]
fn timers_wake_readers_when_they_are_due() {
    let mut w = World::new();
    let fd = w.ok("timerfd_create", [libc::CLOCK_MONOTONIC as u64, 0]);
    arm(&mut w, fd, 0, 0, 30 * SECOND);
    let start = w.k.clock.now();
    assert_eq!(w.call("read", [fd, BASE, 8]), None);
    assert_eq!(w.run(), (A, 8));
    assert_eq!(w.word(BASE), 1);
    assert!(w.k.clock.now().since(start).0 >= 30 * SECOND - 10_000 && w.k.clock.now().since(start).0 < 31 * SECOND);
    w.ok("timerfd_gettime", [fd, BASE]);
    assert_eq!([0, 8, 16, 24].map(|n| w.word(BASE + n)), [0; 4], "it fires once");
}

#[test]
fn periods_that_nobody_saw_are_counted() {
    let mut w = World::new();
    let fd = w.ok("timerfd_create", [libc::CLOCK_MONOTONIC as u64, libc::TFD_NONBLOCK as u64]);
    assert_eq!(w.call("read", [fd, BASE, 8]), fails(EAGAIN));
    arm(&mut w, fd, 0, SECOND, SECOND);
    w.pass(5 * SECOND + SECOND / 2);
    assert_eq!(w.k.timers.next(), None, "an unread timer is quiet");
    assert_eq!(w.call("read", [fd, BASE, 8]), Some(8));
    assert_eq!(w.word(BASE), 5);
    w.ok("timerfd_gettime", [fd, BASE]);
    assert_eq!(w.word(BASE), 1);
    assert!(w.word(BASE + 24) < SECOND / 2 && w.word(BASE + 16) == 0, "the next period goes on from the last");
    w.pass(SECOND);
    w.ok("timerfd_gettime", [fd, BASE]);
    assert_eq!(w.read(fd, 8), 1_u64.to_le_bytes(), "looking loses nothing");
}

#[test]
fn absolute_times_are_those_of_the_clock() {
    let mut w = World::new();
    for (clock, now) in [(libc::CLOCK_MONOTONIC, w.k.clock.monotonic()), (libc::CLOCK_REALTIME, w.k.clock.now().0)] {
        let fd = w.ok("timerfd_create", [clock as u64, libc::TFD_NONBLOCK as u64]);
        arm(&mut w, fd, libc::TFD_TIMER_ABSTIME, 0, now + 10 * SECOND);
        w.poke_words(BASE, [0, 0, 0, 0]);
        w.ok("timerfd_settime", [fd, 0, BASE, BASE + 0x100]);
        let left = w.word(BASE + 0x110) * SECOND + w.word(BASE + 0x118);
        assert!((9 * SECOND..=10 * SECOND).contains(&left), "{left}");
        assert_eq!(w.k.timers.next(), None, "zero stops it");
        arm(&mut w, fd, libc::TFD_TIMER_ABSTIME, 0, 1);
        w.pass(1);
        assert_eq!(w.read(fd, 8), 1_u64.to_le_bytes(), "the past is now");
        w.ok("close", [fd]);
    }
    assert_eq!(w.call("timerfd_create", [99, 0]), fails(EINVAL));
    assert_eq!(w.call("timerfd_create", [libc::CLOCK_REALTIME_ALARM as u64, 0]), fails(EPERM));
    w.poke_words(BASE, [0, SECOND, 0, 0]);
    assert_eq!(w.call("timerfd_settime", [0, 0, BASE, 0]), fails(EINVAL));
}

#[test]
fn signals_are_read_by_number_and_wake_readers() {
    let mut w = World::new();
    w.poke_words(BASE, [1 << (libc::SIGTERM - 1) | 1 << (libc::SIGCHLD - 1)]);
    let fd = w.ok("signalfd4", [u64::MAX, BASE, 8, 0]);
    assert_eq!(w.call_by(B, "read", [fd, BASE + 0x8000, 400]), None);
    for tid in [A, B] {
        w.k.thread_mut(PROCESS.thread(tid)).mask.0 = u64::MAX;
    }
    let signal = |signal, value| Info { signal: signal as u8, pid: 7, uid: 1000, value, ..Info::default() };
    w.k.process_mut(PROCESS).pending.push(signal(libc::SIGUSR1, 0));
    w.k.process_mut(PROCESS).pending.push(signal(libc::SIGCHLD, 3));
    w.k.thread_mut(PROCESS.thread(B)).signals.push(signal(libc::SIGTERM, 0));
    w.k.signal_arrived(PROCESS);
    assert_eq!(w.retry(B), Some(256));
    let record = |n: u64, at: u64| w.half(BASE + 0x8000 + n * 128 + at);
    assert_eq!([record(0, 0), record(0, 12), record(0, 16)], [15, 7, 1000], "the thread's own come first");
    assert_eq!([record(1, 0), record(1, 40)], [17, 3]);
    assert_eq!(w.call_by(B, "read", [fd, BASE, 127]), fails(EINVAL));
    w.poke_words(BASE, [1 << (libc::SIGUSR1 - 1)]);
    assert_eq!(w.call("signalfd", [fd, BASE, 8]), Some(fd as i64), "the mask changes");
    assert_eq!(w.call("read", [fd, BASE + 0x8000, 128]), Some(128));
    assert_eq!(w.half(BASE + 0x8000), 10);
    assert_eq!(w.call("signalfd4", [u64::MAX, BASE, 4, 0]), fails(EINVAL));
}
