//! `sendfile`, `splice`, `tee` and `copy_file_range`.

use super::world::{B, BASE, World, fails};
use crate::abi::errno::{EAGAIN, EBADF, EINVAL, ESPIPE};
use crate::file::pipe::{CAPACITY, PIPE_BUF};

fn memory(w: &mut World, bytes: &[u8]) -> u64 {
    let fd = w.ok("memfd_create", [BASE + 0x500, 0]);
    w.write(fd, bytes);
    w.ok("lseek", [fd, 0, 0]);
    fd
}

#[test]
fn sendfile_moves_a_file_and_its_position() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    let fd = memory(&mut w, b"0123456789");
    assert_eq!(w.call("sendfile", [wr, fd, 0, 4]), Some(4));
    assert_eq!(w.call("sendfile", [wr, fd, 0, 100]), Some(6));
    assert_eq!(w.call("sendfile", [wr, fd, 0, 100]), Some(0));
    w.poke_words(BASE, [8]);
    assert_eq!(w.call("sendfile", [wr, fd, BASE, 100]), Some(2));
    assert_eq!(w.word(BASE), 10);
    assert_eq!(w.read(r, 100), b"012345678989");
    assert_eq!(w.call("sendfile", [fd, r, 0, 1]), fails(EINVAL));
    assert_eq!(w.call("sendfile", [r, fd, 0, 1]), fails(EBADF));
}

#[test]
fn sendfile_parks_and_goes_on_where_it_was() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    let bytes: Vec<u8> = (0..CAPACITY + 5000).map(|n| (n / 3) as u8).collect();
    let fd = memory(&mut w, &bytes);
    w.poke_words(BASE + 0x800, [0]);
    for offset in [0, BASE + 0x800] {
        assert_eq!(w.call_by(B, "sendfile", [wr, fd, offset, 1 << 30]), None);
        let mut all = w.read(r, 2 * PIPE_BUF as u64);
        assert_eq!(w.retry(B), Some(bytes.len() as i64));
        all.extend(w.read(r, 1 << 20));
        assert!(all == bytes);
    }
    assert_eq!(w.word(BASE + 0x800), bytes.len() as u64);
    assert_eq!(w.ok("lseek", [fd, 0, 1]), bytes.len() as u64);
}

#[test]
fn splice_goes_through_pipes_both_ways() {
    let mut w = World::new();
    let (r, wr) = w.pipe(0);
    let (from, to) = (memory(&mut w, b"abcdef"), memory(&mut w, b""));
    w.poke_words(BASE, [2]);
    assert_eq!(w.call("splice", [from, BASE, wr, 0, 3, 0]), Some(3));
    assert_eq!(w.word(BASE), 5);
    assert_eq!(w.call("splice", [from, 0, wr, 0, 1, 0]), Some(1));
    assert_eq!(w.call("splice", [r, 0, to, 0, 100, 0]), Some(4));
    w.ok("lseek", [to, 0, 0]);
    assert_eq!(w.read(to, 10), b"cdea");
    assert_eq!(w.call("splice", [r, 0, to, 0, 1, u64::from(libc::SPLICE_F_NONBLOCK)]), fails(EAGAIN));
    assert_eq!(w.call_by(B, "splice", [r, 0, to, 0, 10, 0]), None);
    w.write(wr, b"xyz");
    assert_eq!(w.retry(B), Some(3));
    assert_eq!(w.call("splice", [r, BASE, to, 0, 1, 0]), fails(ESPIPE));
    assert_eq!(w.call("splice", [from, 0, to, 0, 1, 0]), fails(EINVAL));
    assert_eq!(w.call("splice", [r, 0, wr, 0, 1, 0]), fails(EINVAL), "a pipe into itself");
    w.ok("close", [wr]);
    assert_eq!(w.call("splice", [r, 0, to, 0, 1, 0]), Some(0));
}

#[test]
fn tee_leaves_the_source_as_it_is() {
    let mut w = World::new();
    let ((r1, w1), (r2, w2)) = (w.pipe(0), w.pipe(0));
    w.write(w1, b"hello");
    assert_eq!(w.call("tee", [r1, w2, 3, 0]), Some(3));
    assert_eq!(w.read(r2, 10), b"hel");
    assert_eq!(w.call("splice", [r1, 0, w2, 0, 10, 0]), Some(5));
    assert_eq!(w.read(r2, 10), b"hello");
}

#[test]
fn ranges_are_copied_between_files() {
    let mut w = World::new();
    let (from, to) = (memory(&mut w, b"0123456789"), memory(&mut w, b"........"));
    w.poke_words(BASE, [3, 1]);
    assert_eq!(w.call("copy_file_range", [from, BASE, to, BASE + 8, 4, 0]), Some(4));
    assert_eq!((w.word(BASE), w.word(BASE + 8)), (7, 5));
    assert_eq!(w.read(to, 20), b".3456...");
    assert_eq!(w.call("copy_file_range", [from, 0, to, 0, 100, 0]), Some(10), "from position to position");
    assert_eq!(w.call("copy_file_range", [from, 0, to, 0, 100, 0]), Some(0));
    w.poke_words(BASE, [0, 2]);
    assert_eq!(w.call("copy_file_range", [from, BASE, from, BASE + 8, 4, 0]), fails(EINVAL), "they overlap");
    assert_eq!(w.call("copy_file_range", [from, BASE, to, BASE + 8, 4, 1]), fails(EINVAL));
    let (r, _) = w.pipe(0);
    assert_eq!(w.call("copy_file_range", [r, 0, to, 0, 4, 0]), fails(EINVAL));
}
