//! Epoll.

use super::world::{A, B, BASE, NOWHERE, PROCESS, World, fails};
use crate::abi::errno::{EBADF, EEXIST, EFAULT, EINVAL, ELOOP, ENOENT, EPERM};
use libc::{EPOLL_CTL_ADD as ADD, EPOLL_CTL_DEL as DEL, EPOLL_CTL_MOD as MOD};
use libc::{EPOLLERR, EPOLLET, EPOLLEXCLUSIVE, EPOLLHUP, EPOLLIN, EPOLLONESHOT, EPOLLOUT};

const IN: u32 = EPOLLIN as u32;

#[test]
fn level_triggered_interests_are_reported_while_they_last_in_turn() {
    let mut w = World::new();
    let ep = w.ok("epoll_create1", [0]);
    let fds: Vec<u64> = (0..3).map(|_| w.ok("eventfd", [0])).collect();
    for fd in &fds {
        assert_eq!(w.ctl(ep, ADD, *fd, EPOLLIN, *fd), Some(0));
    }
    assert_eq!(w.ready(ep, 10), []);
    for fd in [fds[2], fds[0], fds[1]] {
        w.write(fd, &1_u64.to_le_bytes());
    }
    assert_eq!(w.ready(ep, 2), [(IN, fds[2]), (IN, fds[0])], "in the order of what happened");
    assert_eq!(w.ready(ep, 2), [(IN, fds[1]), (IN, fds[2])], "whoever was not reported is first");
    w.read(fds[0], 8);
    assert_eq!(w.ready(ep, 10), [(IN, fds[1]), (IN, fds[2])]);
}

#[test]
fn edges_are_reported_once() {
    let mut w = World::new();
    let ep = w.ok("epoll_create1", [0]);
    let (r, wr) = w.pipe(libc::O_NONBLOCK);
    w.write(wr, b"x");
    assert_eq!(w.ctl(ep, ADD, r, EPOLLIN | EPOLLET, 1), Some(0));
    assert_eq!(w.ctl(ep, ADD, wr, EPOLLOUT | EPOLLET, 2), Some(0));
    assert_eq!(w.ready(ep, 10), [(IN, 1), (EPOLLOUT as u32, 2)], "what is ready at first is an edge");
    assert_eq!(w.ready(ep, 10), []);
    w.write(wr, b"y");
    assert_eq!(w.ready(ep, 10), [(IN, 1)], "every write is an edge for the reader, none for the writer");
    w.read(r, 1);
    assert_eq!(w.ready(ep, 10), []);
    w.write(wr, b"z");
    w.read(r, 10);
    assert_eq!(w.ready(ep, 10), [], "an edge that is over is not reported");
    while w.write(wr, &[0; 4096]) == Some(4096) {}
    assert_eq!(w.ready(ep, 10), [(IN, 1)]);
    w.read(r, 8192);
    assert_eq!(w.ready(ep, 10), [(EPOLLOUT as u32, 2)], "room after fullness is an edge");
    w.ok("close", [wr]);
    assert_eq!(w.ready(ep, 10), [(IN | EPOLLHUP as u32, 1)]);
}

#[test]
fn one_shots_are_off_until_modified() {
    let mut w = World::new();
    let ep = w.ok("epoll_create1", [0]);
    let fd = w.ok("eventfd", [1]);
    w.ctl(ep, ADD, fd, EPOLLIN | EPOLLONESHOT, 1);
    assert_eq!(w.ready(ep, 10), [(IN, 1)]);
    w.write(fd, &1_u64.to_le_bytes());
    assert_eq!(w.ready(ep, 10), []);
    assert_eq!(w.ctl(ep, MOD, fd, EPOLLIN | EPOLLONESHOT, 2), Some(0));
    assert_eq!(w.ready(ep, 10), [(IN, 2)]);
}

#[test]
fn errors_are_those_of_linux() {
    let mut w = World::new();
    let ep = w.ok("epoll_create", [1]);
    let fd = w.ok("eventfd", [1]);
    let memory = w.ok("memfd_create", [BASE, 0]);
    assert_eq!(w.call("epoll_create", [0]), fails(EINVAL));
    assert_eq!(w.ctl(ep, MOD, fd, EPOLLIN, 0), fails(ENOENT));
    assert_eq!(w.ctl(ep, DEL, fd, 0, 0), fails(ENOENT));
    assert_eq!(w.ctl(ep, ADD, fd, EPOLLIN, 0), Some(0));
    assert_eq!(w.ctl(ep, ADD, fd, EPOLLIN, 0), fails(EEXIST));
    assert_eq!(w.ctl(ep, ADD, 60, EPOLLIN, 0), fails(EBADF));
    assert_eq!(w.ctl(fd, ADD, ep, EPOLLIN, 0), fails(EINVAL));
    assert_eq!(w.ctl(ep, ADD, ep, EPOLLIN, 0), fails(EINVAL));
    assert_eq!(w.ctl(ep, ADD, memory, EPOLLIN, 0), fails(EPERM));
    assert_eq!(w.ctl(ep, 9, fd, EPOLLIN, 0), fails(EINVAL));
    assert_eq!(w.call("epoll_ctl", [ep, ADD as u64, fd, NOWHERE]), fails(EFAULT));
    assert_eq!(w.ctl(ep, MOD, fd, EPOLLIN | EPOLLEXCLUSIVE, 0), fails(EINVAL));
    let other = w.ok("eventfd", [0]);
    assert_eq!(w.ctl(ep, ADD, other, EPOLLIN | EPOLLEXCLUSIVE, 0), Some(0));
    assert_eq!(w.ctl(ep, MOD, other, EPOLLIN, 0), fails(EINVAL));
    assert_eq!(w.call("epoll_wait", [ep, BASE, 0, 0]), fails(EINVAL));
    assert_eq!(w.call("epoll_wait", [fd, BASE, 1, 0]), fails(EINVAL));
    assert_eq!(w.call("epoll_wait", [ep, NOWHERE, 1, 0]), fails(EFAULT));
    assert_eq!(w.ready(ep, 1).len(), 1, "what could not be told is not lost");
    assert_eq!(w.ctl(ep, DEL, fd, 0, 0), Some(0));
    assert_eq!(w.ready(ep, 1), []);
}

#[test]
fn interests_last_as_long_as_the_description() {
    let mut w = World::new();
    let ep = w.ok("epoll_create1", [0]);
    let (r, wr) = w.pipe(0);
    w.ctl(ep, ADD, r, EPOLLIN, 5);
    let dup = w.ok("dup", [r]);
    assert_eq!(w.ctl(ep, ADD, dup, EPOLLIN, 6), Some(0), "another descriptor is another interest");
    w.ok("close", [r]);
    w.write(wr, b"x");
    assert_eq!(w.ready(ep, 10), [(IN, 5), (IN, 6)], "a duplicate keeps both");
    w.ok("close", [dup]);
    assert_eq!(w.ready(ep, 10), []);
    w.ctl(ep, ADD, wr, 0, 7);
    assert_eq!(w.ready(ep, 10), [(EPOLLERR as u32, 7)], "errors are always of interest");
    w.ok("close", [ep]);
    assert!(w.k.files.watchers.is_empty());
}

#[test]
fn waits_end_with_an_event_or_with_patience() {
    let mut w = World::new();
    let ep = w.ok("epoll_create1", [0]);
    let fd = w.ok("eventfd", [0]);
    w.ctl(ep, ADD, fd, EPOLLIN, 9);
    assert_eq!(w.call_by(B, "epoll_wait", [ep, BASE + 0x8000, 4, u64::MAX]), None);
    w.write(fd, &1_u64.to_le_bytes());
    assert_eq!(w.retry(B), Some(1));
    assert_eq!((w.half(BASE + 0x8000), w.word(BASE + 0x8004)), (IN, 9));
    w.read(fd, 8);
    let start = w.k.clock.now();
    assert_eq!(w.call("epoll_wait", [ep, BASE, 4, 250]), None);
    assert_eq!(w.run(), (A, 0));
    assert_eq!(w.k.clock.now().since(start).0 / 1_000_000, 250);
    w.poke_words(BASE, [1, 500_000_000]);
    assert_eq!(w.call("epoll_pwait2", [ep, BASE + 0x100, 4, BASE, 0, 8]), None);
    assert_eq!(w.run(), (A, 0));
    assert_eq!(w.k.clock.now().since(start).0 / 1_000_000, 1750);
}

#[test]
fn waiters_are_left_alone_by_what_is_of_no_interest() {
    let mut w = World::new();
    let ep = w.ok("epoll_create1", [0]);
    let fd = w.ok("eventfd", [1]);
    w.ctl(ep, ADD, fd, EPOLLOUT | EPOLLET, 1);
    assert_eq!(w.ready(ep, 1).len(), 1);
    assert_eq!(w.call_by(B, "epoll_wait", [ep, BASE + 0x8000, 4, u64::MAX]), None);
    w.write(fd, &1_u64.to_le_bytes());
    assert!(w.is_parked(B), "only what can be read changed");
    w.ctl(ep, MOD, fd, EPOLLHUP, 1);
    let object = w.k.open_file(w.k.file_of(PROCESS, fd as i32).unwrap()).object().unwrap();
    w.k.object_changed(object);
    assert!(w.is_parked(B), "nothing that is ready now is of interest");
    w.ctl(ep, MOD, fd, EPOLLIN | EPOLLET, 1);
    assert_eq!(w.retry(B), Some(1));
    assert_eq!(w.call_by(B, "epoll_wait", [ep, BASE + 0x8000, 4, u64::MAX]), None);
    w.k.object_changed(object);
    assert_eq!(w.retry(B), Some(1));
}

#[test]
fn an_interest_added_while_somebody_waits_wakes_them() {
    let mut w = World::new();
    let ep = w.ok("epoll_create1", [0]);
    let fd = w.ok("eventfd", [1]);
    assert_eq!(w.call_by(B, "epoll_wait", [ep, BASE + 0x8000, 4, u64::MAX]), None);
    w.ctl(ep, ADD, fd, 0, 1);
    assert!(w.is_parked(B));
    w.ctl(ep, MOD, fd, EPOLLIN, 1);
    assert_eq!(w.retry(B), Some(1));
}

#[test]
fn temporary_masks_come_and_go() {
    let mut w = World::new();
    let ep = w.ok("epoll_create1", [0]);
    let fd = w.ok("eventfd", [0]);
    w.ctl(ep, ADD, fd, EPOLLIN, 1);
    let mask = |w: &World| w.k.threads[&PROCESS.thread(B)].mask.0;
    w.k.thread_mut(PROCESS.thread(B)).mask.0 = 2;
    w.poke_words(BASE + 0x9000, [5]);
    assert_eq!(w.call_by(B, "epoll_pwait", [ep, BASE + 0x8000, 4, u64::MAX, BASE + 0x9000, 4]), fails(EINVAL));
    assert_eq!(w.call_by(B, "epoll_pwait", [ep, BASE + 0x8000, 4, u64::MAX, BASE + 0x9000, 8]), None);
    assert_eq!(mask(&w), 5);
    w.write(fd, &1_u64.to_le_bytes());
    assert_eq!(w.retry(B), Some(1));
    assert_eq!(mask(&w), 2);
}

#[test]
fn epolls_watch_epolls_but_not_in_circles() {
    let mut w = World::new();
    let ep: Vec<u64> = (0..7).map(|_| w.ok("epoll_create1", [0])).collect();
    let fd = w.ok("eventfd", [0]);
    w.ctl(ep[0], ADD, fd, EPOLLIN, 1);
    assert_eq!(w.ctl(ep[1], ADD, ep[0], EPOLLIN, 2), Some(0));
    assert_eq!(w.ctl(ep[0], ADD, ep[1], EPOLLIN, 3), fails(ELOOP));
    assert_eq!(w.call_by(B, "epoll_wait", [ep[1], BASE + 0x8000, 4, u64::MAX]), None);
    w.write(fd, &1_u64.to_le_bytes());
    assert_eq!(w.retry(B), Some(1));
    assert_eq!((w.half(BASE + 0x8000), w.word(BASE + 0x8004)), (IN, 2));
    w.read(fd, 8);
    assert_eq!(w.ready(ep[1], 10), [], "what is over inside is over outside");
    for n in 1..4 {
        assert_eq!(w.ctl(ep[n + 1], ADD, ep[n], EPOLLIN, 0), Some(0), "{n}");
    }
    assert_eq!(w.ctl(ep[5], ADD, ep[4], EPOLLIN, 0), fails(ELOOP), "five deep is enough");
    assert_eq!(w.ctl(ep[6], ADD, ep[5], EPOLLIN, 0), Some(0));
    assert_eq!(w.ctl(ep[0], ADD, ep[6], EPOLLIN, 0), fails(ELOOP));
}

#[test]
fn standard_streams_can_be_watched() {
    let mut w = World::new();
    w.k.standard_streams(PROCESS);
    let ep = w.ok("epoll_create1", [0]);
    w.ctl(ep, ADD, 1, EPOLLIN | EPOLLOUT, 1);
    w.ctl(ep, ADD, 0, EPOLLIN | EPOLLOUT, 0);
    assert_eq!(w.ready(ep, 10), [(EPOLLOUT as u32, 1), (IN, 0)]);
    w.ok("close", [1]);
    assert_eq!(w.ready(ep, 10), [(IN, 0)]);
}
