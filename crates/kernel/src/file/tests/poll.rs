//! `poll` and `select`.

use super::world::{A, B, BASE, NOWHERE, PROCESS, World, fails};
use crate::abi::errno::{EBADF, EFAULT, EINVAL};

/// Writes an array of `struct pollfd`.
fn pollfds(w: &mut World, at: u64, list: &[(i32, i16)]) {
    for (n, (fd, events)) in list.iter().enumerate() {
        let at = at + 8 * n as u64;
        w.poke(at, &fd.to_le_bytes());
        w.poke(at + 4, &events.to_le_bytes());
        w.poke(at + 6, &[0xff, 0xff]);
    }
}
fn revents(w: &World, at: u64, count: u64) -> Vec<i16> {
    (0..count).map(|n| (w.half(at + 8 * n + 4) >> 16) as i16).collect()
}

#[test]
fn poll_tells_what_is_ready_at_once() {
    let mut w = World::new();
    w.k.standard_streams(PROCESS);
    let (r, wr) = w.pipe(0);
    let gone = w.ok("eventfd", [0]);
    w.ok("close", [gone]);
    let both = libc::POLLIN | libc::POLLOUT;
    let list = [(r as i32, both), (wr as i32, both), (gone as i32, both), (-1, both), (1, both), (0, both)];
    pollfds(&mut w, BASE + 0x100, &list);
    assert_eq!(w.call("poll", [BASE + 0x100, 6, 0]), Some(4));
    let expected = [0, libc::POLLOUT, libc::POLLNVAL, 0, libc::POLLOUT, libc::POLLIN];
    assert_eq!(revents(&w, BASE + 0x100, 6), expected);
    w.ok("close", [wr]);
    assert_eq!(w.call("poll", [BASE + 0x100, 1, 0]), Some(1));
    assert_eq!(revents(&w, BASE + 0x100, 1), [libc::POLLHUP]);
    assert_eq!(w.call("poll", [BASE, 65, 0]), fails(EINVAL), "more than descriptors can be open");
    assert_eq!(w.call("poll", [NOWHERE, 1, 0]), fails(EFAULT));
}

#[test]
fn poll_parks_on_all_and_gives_up_in_time() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    let event = w.ok("eventfd", [0]);
    let list = [(r as i32, libc::POLLIN), (event as i32, libc::POLLIN), (r as i32, libc::POLLIN)];
    pollfds(&mut w, BASE + 0x8000, &list);
    assert_eq!(w.call_by(B, "poll", [BASE + 0x8000, 3, u64::MAX]), None);
    w.write(wr, b"x");
    assert_eq!(w.retry(B), Some(2));
    assert_eq!(revents(&w, BASE + 0x8000, 3), [libc::POLLIN, 0, libc::POLLIN]);
    w.read(r, 1);
    let start = w.k.clock.now();
    assert_eq!(w.call("poll", [BASE + 0x8000, 3, 40]), None);
    assert_eq!(w.run(), (A, 0));
    assert_eq!(w.k.clock.now().since(start).0 / 1_000_000, 40);
    assert_eq!(revents(&w, BASE + 0x8000, 3), [0; 3]);
    assert_eq!(w.call("poll", [0, 0, 40]), None, "nothing is a way to sleep");
    assert_eq!(w.run(), (A, 0));
}

#[test]
fn ppoll_tells_how_much_time_is_left() {
    let mut w = World::new();
    let event = w.ok("eventfd", [0]);
    pollfds(&mut w, BASE + 0x8000, &[(event as i32, libc::POLLIN)]);
    w.poke_words(BASE + 0x9000, [2, 0]);
    assert_eq!(w.call("ppoll", [BASE + 0x8000, 1, BASE + 0x9000, 0, 8]), None);
    w.pass(500_000_000);
    w.k.clock.tick_call();
    let object = w.k.open_file(w.k.file_of(PROCESS, event as i32).unwrap()).object().unwrap();
    w.k.object_changed(object);
    assert_eq!(w.retry(A), None, "woken for nothing, it parks again, with the same deadline");
    assert_eq!(w.call_by(B, "write", [event, BASE + 0x8000, 8]), Some(8));
    assert_eq!(w.retry(A), Some(1));
    assert_eq!(w.word(BASE + 0x9000), 1);
    assert_eq!(w.word(BASE + 0x9008) / 1_000_000, 499);
    w.poke_words(BASE + 0x9000, [0, 1_000_000_000]);
    assert_eq!(w.call("ppoll", [BASE + 0x8000, 1, BASE + 0x9000, 0, 8]), fails(EINVAL));
}

#[test]
fn select_marks_bits() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    let (reads, writes, time) = (BASE + 0x100, BASE + 0x200, BASE + 0x300);
    let both = 1 << r | 1 << wr;
    let ask = |w: &mut World, count: u64, set: u64, timeout: [u64; 2]| {
        w.poke_words(reads, [set]);
        w.poke_words(writes, [set]);
        w.poke_words(time, timeout);
        w.call("select", [count, reads, writes, 0, time])
    };
    assert_eq!(ask(&mut w, 64, both, [0, 0]), Some(1));
    assert_eq!((w.word(reads), w.word(writes)), (0, 1 << wr));
    w.write(wr, b"x");
    assert_eq!(ask(&mut w, 64, both, [3, 0]), Some(2));
    assert_eq!((w.word(reads), w.word(writes)), (1 << r, 1 << wr));
    assert_eq!((w.word(time), w.word(time + 8)), (3, 0));
    assert_eq!(ask(&mut w, r + 1, both, [0, 0]), Some(1), "descriptors beyond the count are ignored");
    assert_eq!(ask(&mut w, 64, 1 << 40, [0, 0]), fails(EBADF));
    assert_eq!(ask(&mut w, u64::MAX, 0, [0, 0]), fails(EINVAL));
    assert_eq!(ask(&mut w, 64, 0, [0, u64::MAX]), fails(EINVAL));
    w.read(r, 1);
    let start = w.k.clock.now();
    assert_eq!(ask(&mut w, 64, 1 << r, [1, 500_000]), None);
    assert_eq!(w.run(), (A, 0));
    assert_eq!(w.k.clock.now().since(start).0 / 1_000_000, 1500);
    assert_eq!((w.word(reads), w.word(time), w.word(time + 8)), (0, 0, 0));
    w.poke_words(reads, [1 << r]);
    assert_eq!(w.call_by(B, "pselect6", [64, reads, 0, 0, 0, 0]), None);
    w.write(wr, b"x");
    assert_eq!(w.retry(B), Some(1));
    assert_eq!(w.word(reads), 1 << r);
}
