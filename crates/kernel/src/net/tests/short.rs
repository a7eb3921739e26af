//! Short transfers: what may be cut, how far, and what is said about the rest.

use super::*;
use libc::{EPOLLET, EPOLLIN, EPOLLOUT};
use model::{Kind, Point, Stream};

/// Answers every question about a transfer with this alternative.
#[derive(Debug)]
struct Part(u32);

impl Source for Part {
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        if point.kind == Kind::Transfer { self.0 } else { 0 }
    }
}

/// The read and the write end of a pipe, or two ends of a socket pair.
fn pair(w: &mut World, t: T, kind: Option<i32>) -> (i32, i32) {
    let at = w.room(8);
    let made = match kind {
        Some(kind) => w.now(t, "socketpair", &[libc::AF_UNIX as u64, kind as u64, 0, at]),
        None => w.now(t, "pipe2", &[at, libc::O_NONBLOCK as u64]),
    };
    assert_eq!(made, 0);
    (w.u32_at(at) as i32, w.u32_at(at + 4) as i32)
}
fn moves(w: &mut World, t: T, call: &str, fd: i32, len: usize) -> i64 {
    let at = w.room(len);
    w.wait(t, call, &[fd as u64, at, len as u64])
}
fn asked(w: &World) -> u64 {
    w.k.choices.asked()
}

#[test]
fn a_read_of_a_stream_takes_the_part_that_is_chosen() {
    for (picked, part) in [(0, 100), (1, 50), (2, 25), (3, 1)] {
        let mut w = World::with(Box::new(Part(picked)));
        let (client, c, server, s) = w.pair();
        let bytes: Vec<u8> = (0..100).collect();
        assert_eq!(w.send(client, c, &bytes), Some(100), "a write that may park is never short");
        w.settle();
        assert_eq!(w.recv(server, s, 4096).unwrap(), bytes[..part], "of what has arrived");
        let taken = w.k.choices.taken().len();
        assert_eq!(taken, usize::from(picked != 0));
        assert!(w.k.choices.taken().iter().all(|c| (c.kind, c.stream) == (Kind::Transfer, Stream::thread(server))));
        let rest = w.recv_with(server, s, 100 - part.min(99), libc::MSG_WAITALL | libc::MSG_DONTWAIT);
        assert_eq!(rest.unwrap_or_default(), bytes[part..], "with MSG_WAITALL all that was asked for");
        assert_eq!(w.k.choices.taken().len(), taken, "and nothing is asked");
    }
}

#[test]
fn only_what_may_be_cut_is_asked_about() {
    let mut w = World::with(Box::new(Part(3)));
    let t = w.thread(1);
    for (kind, len) in [(libc::SOCK_DGRAM, 100), (libc::SOCK_SEQPACKET, 100), (libc::SOCK_STREAM, 1)] {
        let (a, b) = pair(&mut w, t, Some(kind | libc::SOCK_NONBLOCK));
        assert_eq!((moves(&mut w, t, "write", a, len), moves(&mut w, t, "read", b, 4096)), (len as i64, len as i64));
    }
    let (r, wr) = pair(&mut w, t, None);
    for len in [100, 200, 4096] {
        assert_eq!(moves(&mut w, t, "write", wr, len), len as i64, "a write to a pipe is as long as there is room");
    }
    assert_eq!(moves(&mut w, t, "read", r, 300), 300, "one buffer, however many writes");
    assert_eq!(asked(&w), 0);
    let (a, b) = pair(&mut w, t, Some(libc::SOCK_STREAM));
    assert_eq!((moves(&mut w, t, "write", a, 8), asked(&w)), (8, 0));
    assert_eq!((moves(&mut w, t, "read", b, 8), asked(&w)), (1, 1));
}

#[test]
fn a_pipe_is_cut_between_buffers() {
    for (picked, part) in [(0, 16_384), (1, 8192), (2, 4096), (3, 4096)] {
        let mut w = World::with(Box::new(Part(picked)));
        let t = w.thread(1);
        let (r, wr) = pair(&mut w, t, None);
        assert_eq!(moves(&mut w, t, "write", wr, 16_384), 16_384);
        assert_eq!(moves(&mut w, t, "read", r, 16_384), part);
        let left = 16_384 - part;
        w.close(t, wr);
        assert_eq!(moves(&mut w, t, "read", r, 65_536), left, "when nobody writes any more it is all there");
    }
}

#[test]
fn what_a_program_was_told_of_is_there() {
    let mut w = World::with(Box::new(Part(3)));
    let (client, c, server, s) = w.pair();
    let (_, at) = (w.send(client, c, &[7; 60]), w.room(4));
    w.settle();
    assert_eq!(w.now(server, "ioctl", &[s as u64, 0x541b, at]), 0);
    w.send(client, c, &[7; 40]);
    w.settle();
    assert_eq!((w.u32_at(at), w.recv(server, s, 4096).unwrap().len()), (60, 60), "FIONREAD");
    assert_eq!(w.recv_with(server, s, 30, libc::MSG_PEEK).unwrap().len(), 30, "a look is not cut");
    assert_eq!(w.recv(server, s, 20).unwrap().len(), 20);
    assert_eq!(w.recv(server, s, 20).unwrap().len(), 10, "what was seen, and no more");
    assert_eq!(w.recv(server, s, 20).unwrap().len(), 1);
}

#[test]
fn the_rest_is_an_edge() {
    for kind in [Some(libc::SOCK_STREAM | libc::SOCK_NONBLOCK), None] {
        let mut w = World::with(Box::new(Part(3)));
        let t = w.thread(1);
        let (a, b) = pair(&mut w, t, kind);
        let ep = w.now(t, "epoll_create1", &[0]) as u64;
        let bits = (EPOLLIN | EPOLLOUT | EPOLLET) as u32;
        for fd in [a, b] {
            let event = w.put(&[bits.to_le_bytes(), (fd as u32).to_le_bytes(), [0; 4]].concat());
            assert_eq!(w.now(t, "epoll_ctl", &[ep, 1, fd as u64, event]), 0);
        }
        let edges = |w: &mut World| {
            let at = w.room(24);
            let n = w.now(t, "epoll_wait", &[ep, at, 2, 0]);
            (0..n as u64).map(|i| (w.u32_at(at + 12 * i + 4) as i32, w.u32_at(at + 12 * i) as i32)).collect::<Vec<_>>()
        };
        edges(&mut w);
        if kind.is_some() {
            assert_eq!(moves(&mut w, t, "write", b, 9), 1);
            assert!(edges(&mut w).contains(&(b, EPOLLOUT)), "there is room again");
        }
        // Blocking or to a pipe: whole.
        assert_eq!(w.now(t, "fcntl", &[b as u64, libc::F_SETFL as u64, 0]), 0);
        assert_eq!(moves(&mut w, t, "write", b, 12_288), 12_288);
        edges(&mut w);
        assert_eq!(edges(&mut w), []);
        let part = moves(&mut w, t, "read", a, 65_536);
        assert_eq!(part, if kind.is_some() { 1 } else { 4096 });
        assert!(edges(&mut w).iter().any(|(fd, bits)| *fd == a && bits & EPOLLIN != 0), "the rest has come");
    }
}

#[test]
fn a_short_message_is_the_last_of_its_call() {
    let mut w = World::with(Box::new(Part(1)));
    let t = w.thread(1);
    let (a, b) = pair(&mut w, t, Some(libc::SOCK_STREAM | libc::SOCK_NONBLOCK));
    let (first, second) = (w.put(b"abcdef"), w.put(b"ghi"));
    let vectors = [(first, 6_u64), (second, 3)].map(|(at, len)| w.put(&[at.to_le_bytes(), len.to_le_bytes()].concat()));
    let mut headers = Vec::new();
    for vector in vectors {
        // struct mmsghdr: no name, one buffer, no control data.
        for word in [0, 0, vector, 1, 0, 0, 0, 0] {
            headers.extend(word.to_le_bytes());
        }
    }
    let at = w.put(&headers);
    assert_eq!(w.now(t, "sendmmsg", &[a as u64, at, 2, 0]), 1);
    assert_eq!((w.u32_at(at + 56), w.k.socket_available(w.object(t, b))), (3, 3));
}
