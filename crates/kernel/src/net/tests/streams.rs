//! Flow control and the ways to receive from a stream.

use super::*;
use crate::abi::errno::*;
use libc::{EPOLLIN, EPOLLOUT};

const MEGABYTE: usize = 1 << 20;

fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 31 + i / 257) as u8).collect()
}

#[test]
fn a_blocking_sender_is_held_back_by_its_reader() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    let sent = pattern(MEGABYTE);
    assert_eq!(w.send(client, c, &sent), None, "a megabyte does not fit");
    w.settle();
    let object = w.object(server, s);
    assert_eq!(w.k.socket_available(object), 212_992, "the receive buffer is full");
    assert_eq!(w.ready(client, c), 0);
    let mut got = Vec::new();
    while got.len() < MEGABYTE {
        let part = w.recv_with(server, s, 100_000, 0).unwrap();
        assert!(!part.is_empty());
        got.extend(part);
    }
    assert!(got == sent, "every byte in order");
    assert_eq!(w.finish(client), MEGABYTE as i64);
    assert_eq!(w.ready(client, c), EPOLLOUT);
}

#[test]
fn a_nonblocking_sender_is_told_when_there_is_room() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    let sent = pattern(MEGABYTE);
    let at = w.put(&sent);
    let flags = libc::MSG_DONTWAIT as u64;
    let send = |w: &mut World, from: usize| {
        w.now(client, "sendto", &[c as u64, at + from as u64, (MEGABYTE - from) as u64, flags, 0, 0])
    };
    let mut out = send(&mut w, 0) as usize;
    assert_eq!(out, 212_992);
    let mut got = Vec::new();
    while got.len() < MEGABYTE {
        if out < MEGABYTE {
            match send(&mut w, out) {
                n if n == errno(EAGAIN) => assert_eq!(w.ready(client, c), 0),
                n => out += n as usize,
            }
        }
        w.settle();
        got.extend(w.recv(server, s, 30_000).unwrap());
    }
    assert!(got == sent, "every byte in order");
}

#[test]
fn a_small_receive_buffer_is_respected() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    assert_eq!(w.set(server, s, libc::SOL_SOCKET, libc::SO_RCVBUF, &4_096_u32.to_le_bytes()), 0);
    let sent = pattern(50_000);
    assert_eq!(w.send(client, c, &sent), None);
    let mut got = Vec::new();
    while got.len() < sent.len() {
        let part = w.recv_with(server, s, 100_000, 0).unwrap();
        assert!(part.len() <= 8_192);
        got.extend(part);
    }
    assert!(got == sent);
}

#[test]
fn peek_waitall_and_trunc() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    w.send(client, c, b"abcdef");
    w.settle();
    assert_eq!(w.recv_with(server, s, 3, libc::MSG_PEEK), Ok(b"abc".to_vec()));
    assert_eq!(w.recv(server, s, 3), Ok(b"abc".to_vec()));
    let at = w.put(b"......");
    let (len, flags) = (6_u64, libc::MSG_WAITALL as u64);
    w.parks(server, "recvfrom", &[s as u64, at, len, flags, 0, 0]);
    w.settle();
    assert_eq!(w.result(server), None, "three of six bytes are there");
    w.send(client, c, b"ghi");
    assert_eq!(w.finish(server), 6);
    assert_eq!(w.host.at(at, 6), b"defghi");
    // The end of the stream ends it early.
    w.send(client, c, b"jk");
    w.parks(server, "recvfrom", &[s as u64, at, len, flags, 0, 0]);
    w.close(client, c);
    assert_eq!(w.finish(server), 2);
    // MSG_TRUNC throws bytes away.
    let (client, c, server, s) = {
        let listener = w.server(server, "0.0.0.0:81", 5);
        let c = w.client(client, "10.0.0.2:81");
        (client, c, server, w.accept(server, listener))
    };
    w.send(client, c, b"abcdef");
    w.settle();
    assert_eq!(w.now(server, "recvfrom", &[s as u64, at, 4, libc::MSG_TRUNC as u64, 0, 0]), 4);
    assert_eq!(w.host.at(at, 2), b"jk");
    assert_eq!(w.recv(server, s, 4), Ok(b"ef".to_vec()));
}

#[test]
fn waitall_takes_more_than_a_buffer_holds() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    let sent = pattern(600_000);
    assert_eq!(w.send(client, c, &sent), None);
    let got = w.recv_with(server, s, 600_000, libc::MSG_WAITALL).unwrap();
    assert!(got == sent);
    assert_eq!(w.finish(client), 600_000);
}

#[test]
fn bad_memory_moves_nothing() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    assert_eq!(w.now(client, "sendto", &[c as u64, 0x10, 5, 0, 0, 0]), errno(EFAULT));
    w.send(client, c, b"abc");
    w.settle();
    assert_eq!(w.now(server, "recvfrom", &[s as u64, 0x10, 5, 0, 0, 0]), errno(EFAULT));
    // A buffer may reach beyond what is mapped as long as the bytes fit.
    let end = BASE + SIZE as u64 - 4;
    assert_eq!(w.now(server, "recvfrom", &[s as u64, end, 100, 0, 0, 0]), 3);
}

#[test]
fn readers_of_one_socket_take_turns() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    let sibling = w.sibling(server);
    let (a, b) = (w.room(1), w.room(1));
    w.parks(server, "recvfrom", &[s as u64, a, 1, 0, 0, 0]);
    w.parks(sibling, "recvfrom", &[s as u64, b, 1, 0, 0, 0]);
    w.send(client, c, b"1");
    w.settle();
    assert_eq!((w.result(server), w.result(sibling)), (Some(1), None), "who came first is served");
    w.send(client, c, b"2");
    assert_eq!(w.finish(sibling), 1);
    assert_eq!(w.host.at(b, 1), b"2");
    assert_eq!(w.ready(server, s) & EPOLLIN, 0);
}

#[test]
fn file_calls_reach_sockets() {
    // read and write of a descriptor end in these two functions.
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    let (out, into) = (w.put(b"one two"), w.room(16));
    let call = |w: &mut World, t: T, fd: i32, ranges: &[(u64, u64)], write: bool| {
        let file = w.k.file_of(w.k.threads[&t].process, fd).unwrap();
        let mut c = crate::Caller { k: &mut w.k, host: &mut w.host, id: t, args: [0; 6] };
        if write {
            super::super::transmit(&mut c, file, ranges, 0)
        } else {
            super::super::receive(&mut c, file, ranges, 0)
        }
    };
    assert_eq!(call(&mut w, client, c, &[(out, 3), (out + 3, 0), (out + 3, 4)], true), crate::syscall::done(7));
    w.settle();
    assert_eq!(call(&mut w, server, s, &[(into, 2), (into + 8, 8)], false), crate::syscall::done(7));
    assert_eq!(w.host.at(into, 2), b"on");
    assert_eq!(w.host.at(into + 8, 5), b"e two");
}
