//! Pipes.

use super::world::{B, BASE, NOWHERE, World, fails};
use crate::abi::errno::{EAGAIN, EBADF, EBUSY, EFAULT, EINVAL, EMFILE, EPERM, EPIPE, ESPIPE};
use crate::file::pipe::{CAPACITY, PIPE_BUF};

const BIG: u64 = BASE + 0x4_0000;

#[test]
fn bytes_come_out_as_they_went_in() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    assert_eq!(w.write(wr, b"hello "), Some(6));
    assert_eq!(w.write(wr, b"world"), Some(5));
    assert_eq!(w.ok("ioctl", [r, 0x541b, BASE]), 0);
    assert_eq!(w.half(BASE), 11);
    assert_eq!(w.read(r, 4), b"hell");
    assert_eq!(w.read(r, 100), b"o world");
    assert_eq!(w.call("read", [wr, BASE, 1]), fails(EBADF));
    assert_eq!(w.call("write", [r, BASE, 1]), fails(EBADF));
    assert_eq!(w.call("lseek", [r, 0, 0]), fails(ESPIPE));
    assert_eq!(w.call("pread64", [r, BASE, 1, 0]), fails(ESPIPE));
    assert_eq!(w.call("read", [r, BASE, 0]), Some(0), "reading nothing never parks");
}

#[test]
fn readers_park_until_there_is_something_or_nobody_writes() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    assert_eq!(w.call_by(B, "read", [r, BASE + 0x8000, 10]), None);
    w.write(wr, b"abc");
    assert_eq!(w.retry(B), Some(3));
    assert_eq!(w.peek(BASE + 0x8000, 3), b"abc");
    assert_eq!(w.call_by(B, "read", [r, BASE, 10]), None);
    w.ok("close", [wr]);
    assert_eq!(w.retry(B), Some(0));
    let (r, _wr) = w.pipe(libc::O_NONBLOCK);
    assert_eq!(w.call("read", [r, BASE, 10]), fails(EAGAIN));
}

#[test]
fn small_writes_are_whole_and_large_ones_come_in_pieces() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    assert_eq!(w.call("write", [wr, BIG, (CAPACITY - 10) as u64]), Some((CAPACITY - 10) as i64));
    assert_eq!(w.call_by(B, "write", [wr, BIG, 11]), None, "eleven bytes do not fit");
    assert_eq!(w.read(r, PIPE_BUF as u64 - 1).len(), PIPE_BUF - 1);
    assert_eq!(w.read(r, 1).len(), 1, "a page is free when it was read to its end");
    assert_eq!(w.retry(B), Some(11));
    // A large write fills what there is, parks, and counts what earlier attempts did.
    let len = CAPACITY as u64 + 100;
    for (n, byte) in w_bytes(len as usize).into_iter().enumerate() {
        w.poke(BIG + n as u64, &[byte]);
    }
    assert_eq!(w.read(r, CAPACITY as u64).len(), CAPACITY - PIPE_BUF + 1);
    assert_eq!(w.call_by(B, "write", [wr, BIG, len]), None);
    let first = w.read(r, PIPE_BUF as u64);
    assert_eq!(w.retry(B), Some(len as i64));
    let mut all = first;
    all.extend(w.read(r, CAPACITY as u64));
    assert_eq!(all, w_bytes(len as usize));
}

fn w_bytes(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 / 3) as u8).collect()
}

#[test]
fn a_full_pipe_refuses_writers_that_must_not_park() {
    let mut w = World::new();
    let (r, wr) = w.pipe(libc::O_NONBLOCK);
    let n = w.call("write", [wr, BIG, CAPACITY as u64 + 1]);
    assert_eq!(n, Some(CAPACITY as i64), "what fits is written");
    assert_eq!(w.call("write", [wr, BIG, 1]), fails(EAGAIN));
    w.read(r, PIPE_BUF as u64 - 1);
    assert_eq!(w.call("write", [wr, BIG, PIPE_BUF as u64]), fails(EAGAIN), "an atomic write needs all its room");
    assert_eq!(w.call("write", [wr, BIG, PIPE_BUF as u64 + 1]), fails(EAGAIN));
    w.read(r, 1);
    assert_eq!(w.call("write", [wr, BIG, PIPE_BUF as u64 + 1]), Some(PIPE_BUF as i64));
}

#[test]
fn small_writes_share_pages() {
    let mut w = World::new();
    let (r, wr) = w.pipe(libc::O_NONBLOCK);
    for n in 0..CAPACITY / 4000 {
        assert_eq!(w.call("write", [wr, BIG, 4000]), Some(4000), "{n}");
    }
    assert_eq!(w.call("write", [wr, BIG, 97]), fails(EAGAIN), "no page of its own, and it does not fit the last one");
    assert_eq!(w.call("write", [wr, BIG, 96]), Some(96));
    w.read(r, CAPACITY as u64);
    // The odd bytes of a long write go first, to fill a page up.
    assert_eq!(w.write(wr, b"x"), Some(1));
    assert_eq!(w.call("write", [wr, BIG, 70_000]), Some(70_000 % 4096 + 15 * 4096));
}

#[test]
fn packets_are_read_one_by_one() {
    let mut w = World::new();
    let (r, wr) = w.pipe(libc::O_DIRECT | libc::O_NONBLOCK);
    w.write(wr, b"first");
    w.write(wr, b"second");
    assert_eq!(w.read(r, 100), b"first");
    assert_eq!(w.read(r, 3), b"sec");
    assert_eq!(w.call("read", [r, BASE, 100]), fails(EAGAIN), "the rest of it was dropped");
    assert_eq!(w.call("write", [wr, BIG, 5000]), Some(5000));
    assert_eq!((w.read(r, 9000).len(), w.read(r, 9000).len()), (4096, 904), "a long write makes several");
}

#[test]
fn writing_to_nobody_fails() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    let dup = w.ok("dup", [r]);
    w.ok("close", [r]);
    assert_eq!(w.write(wr, b"x"), Some(1), "a duplicate keeps the end open");
    assert_eq!(w.call("write", [wr, BIG, CAPACITY as u64 - 1]), Some(CAPACITY as i64 - 1));
    assert_eq!(w.call_by(B, "write", [wr, BIG, 1]), None);
    w.ok("close", [dup]);
    assert_eq!(w.retry(B), fails(EPIPE));
    assert_eq!(w.write(wr, b"x"), fails(EPIPE));
    w.ok("close", [wr]);
    assert!(w.k.files.objects.is_empty() && w.k.files.open.is_empty());
}

#[test]
fn bad_pointers_lose_nothing() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    w.write(wr, b"abcdef");
    assert_eq!(w.call("read", [r, NOWHERE, 3]), fails(EFAULT));
    assert_eq!(w.call("write", [wr, NOWHERE, 3]), fails(EFAULT));
    let edge = NOWHERE - 0x1000 - 2;
    assert_eq!(w.call("read", [r, edge, 5]), Some(2), "as far as memory goes");
    assert_eq!(w.read(r, 10), b"cdef");
    assert_eq!(w.call("read", [r, BASE, u64::MAX]), fails(EFAULT));
}

#[test]
fn vectors_gather_and_scatter() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    w.poke(BASE + 0x1000, b"onetwothree");
    w.poke_words(BASE, [BASE + 0x1000, 3, BASE, 0, BASE + 0x1003, 8]);
    assert_eq!(w.call("writev", [wr, BASE, 3]), Some(11));
    w.poke_words(BASE, [BASE + 0x2000, 1, BASE + 0x2100, 99]);
    assert_eq!(w.call("readv", [r, BASE, 2]), Some(11));
    assert_eq!((w.peek(BASE + 0x2000, 2), w.peek(BASE + 0x2100, 10)), (b"o\0".to_vec(), b"netwothree".to_vec()));
    assert_eq!(w.call("readv", [r, BASE, 1025]), fails(EINVAL));
    w.poke_words(BASE, [BASE, u64::MAX]);
    assert_eq!(w.call("readv", [r, BASE, 1]), fails(EINVAL));
    assert_eq!(w.call("writev", [wr, BASE, 0]), Some(0));
}

#[test]
fn capacities_are_whole_pages_in_powers_of_two() {
    let mut w = World::new();
    let (r, wr) = w.pipe(libc::O_NONBLOCK);
    let set = |w: &mut World, n: u64| w.call("fcntl", [r, libc::F_SETPIPE_SZ as u64, n]);
    assert_eq!(w.ok("fcntl", [wr, libc::F_GETPIPE_SZ as u64, 0]), CAPACITY as u64);
    assert_eq!(set(&mut w, 5000), Some(8192));
    assert_eq!(w.call("write", [wr, BIG, 9000]), Some(8192));
    assert_eq!(set(&mut w, 0), fails(EBUSY));
    assert_eq!(set(&mut w, 1 << 21), fails(EPERM));
    assert_eq!(set(&mut w, 1 << 20), Some(1 << 20));
}

#[test]
fn pipes_need_two_descriptors() {
    let mut w = World::new();
    let last = loop {
        match w.call("eventfd", [0]) {
            Some(fd) if fd >= 0 => continue,
            other => break other,
        }
    };
    assert_eq!(last, fails(EMFILE));
    assert_eq!(w.call("pipe", [BASE]), fails(EMFILE));
    w.ok("close", [5]);
    assert_eq!(w.call("pipe", [BASE]), fails(EMFILE));
    assert_eq!(w.call("eventfd", [0]), Some(5), "the read end was given back");
    assert_eq!(w.call("pipe2", [BASE, libc::O_EXCL as u64]), fails(EINVAL));
    assert_eq!(w.call("pipe", [NOWHERE]), fails(EFAULT));
}
