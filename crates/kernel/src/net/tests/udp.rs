//! Datagrams.

use super::*;
use crate::abi::errno::*;
use libc::{EPOLLERR, EPOLLIN, EPOLLOUT};

fn send_to(w: &mut World, t: T, fd: i32, bytes: &[u8], to: &str) -> i64 {
    let (at, to) = (w.put(bytes), inet(to));
    let to_at = w.put(&to);
    w.now(t, "sendto", &[fd as u64, at, bytes.len() as u64, 0, to_at, to.len() as u64])
}
fn recv_from(w: &mut World, t: T, fd: i32, max: usize) -> (i64, Vec<u8>, Vec<u8>) {
    let (at, from, len) = (w.room(max), w.room(28), w.put(&28_u32.to_le_bytes()));
    let n = w.wait(t, "recvfrom", &[fd as u64, at, max as u64, 0, from, len]);
    let from_len = w.u32_at(len) as usize;
    (n, w.host.at(at, n.max(0) as usize).to_vec(), w.host.at(from, from_len).to_vec())
}

#[test]
fn datagrams_keep_their_bounds_and_their_sender() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let (s, c) = (w.socket(server, UDP), w.socket(client, UDP));
    assert_eq!(w.named(server, "bind", s, &inet("0.0.0.0:53")), Some(0));
    assert_eq!(send_to(&mut w, client, c, b"one", "10.0.0.2:53"), 3);
    assert_eq!(send_to(&mut w, client, c, b"", "10.0.0.2:53"), 0);
    assert_eq!(send_to(&mut w, client, c, b"three", "10.0.0.2:53"), 5);
    let client_name = inet("10.0.0.3:34816");
    assert_eq!(recv_from(&mut w, server, s, 100), (3, b"one".to_vec(), client_name.clone()));
    w.settle();
    let object = w.object(server, s);
    assert_eq!(w.ready(server, s), EPOLLIN | EPOLLOUT);
    assert_eq!(w.k.socket_available(object), 0, "the next one is empty");
    assert_eq!(recv_from(&mut w, server, s, 100).0, 0);
    assert_eq!(w.recv_with(server, s, 2, libc::MSG_PEEK), Ok(b"th".to_vec()));
    let n = w.now(server, "recvfrom", &[s as u64, BASE, 2, libc::MSG_TRUNC as u64, 0, 0]);
    assert_eq!(n, 5, "the true length");
    assert_eq!(w.recv(server, s, 10), Err(errno(EAGAIN)), "the rest of it is gone");
    assert_eq!(send_to(&mut w, server, s, b"back", "10.0.0.3:34816"), 4);
    assert_eq!(recv_from(&mut w, client, c, 100), (4, b"back".to_vec(), inet("10.0.0.2:53")));
}

#[test]
fn a_connected_socket_hears_only_its_peer_and_of_closed_ports() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let c = w.socket(client, UDP);
    assert_eq!(w.send(client, c, b"x"), Some(errno(EDESTADDRREQ)));
    assert_eq!(w.named(client, "connect", c, &inet("10.0.0.2:53")), Some(0));
    assert_eq!(w.name(client, "getsockname", c), Ok(inet("10.0.0.3:34816")));
    assert_eq!(w.send(client, c, b"x"), Some(1));
    w.settle();
    assert_eq!(w.ready(client, c), EPOLLOUT | EPOLLERR);
    assert_eq!(w.recv(client, c, 10), Err(errno(ECONNREFUSED)));
    assert_eq!(w.recv(client, c, 10), Err(errno(EAGAIN)));
    let (s, other) = (w.socket(server, UDP), w.socket(server, UDP));
    assert_eq!(w.named(server, "bind", s, &inet("0.0.0.0:53")), Some(0));
    assert_eq!(send_to(&mut w, server, other, b"stranger", "10.0.0.3:34816"), 8);
    assert_eq!(send_to(&mut w, server, s, b"peer", "10.0.0.3:34816"), 4);
    w.settle();
    assert_eq!(w.recv(client, c, 10), Ok(b"peer".to_vec()));
    assert_eq!(w.recv(client, c, 10), Err(errno(EAGAIN)));
    // Dissolving the association gives the address back.
    assert_eq!(w.named(client, "connect", c, &[0; 16]), Some(0));
    assert_eq!(w.name(client, "getsockname", c), Ok(inet("0.0.0.0:0")));
    assert_eq!(w.name(client, "getpeername", c), Err(errno(ENOTCONN)));
}

#[test]
fn a_full_queue_loses_datagrams() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let (s, c) = (w.socket(server, UDP), w.socket(client, UDP));
    assert_eq!(w.named(server, "bind", s, &inet("0.0.0.0:53")), Some(0));
    for _ in 0..10 {
        assert_eq!(send_to(&mut w, client, c, &[1; 60_000], "10.0.0.2:53"), 60_000);
    }
    w.settle();
    let mut received = 0;
    while w.recv(server, s, 60_000).is_ok() {
        received += 1;
    }
    assert_eq!(received, 3);
    assert_eq!(send_to(&mut w, client, c, &[1; 65_508], "10.0.0.2:53"), errno(EMSGSIZE));
    assert_eq!(send_to(&mut w, client, c, b"x", "255.255.255.255:1"), errno(EACCES));
    assert_eq!(send_to(&mut w, client, c, b"x", "1.2.3.4:1"), errno(ENETUNREACH));
}

#[test]
fn localhost_and_ipv6() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let s = w.socket(server, (libc::AF_INET6, UDP.1));
    assert_eq!(w.named(server, "bind", s, &inet("[::]:80")), Some(0));
    let c = w.socket(client, UDP);
    assert_eq!(send_to(&mut w, client, c, b"x", "127.0.0.1:80"), 1, "port 80 is declared by this service");
    assert_eq!(recv_from(&mut w, server, s, 10), (1, b"x".to_vec(), inet("[::ffff:127.0.0.1]:34816")));
    let local = w.socket(server, (libc::AF_INET6, UDP.1));
    assert_eq!(send_to(&mut w, server, local, b"y", "[::1]:80"), 1);
    assert_eq!(recv_from(&mut w, server, s, 10).2, inet("[::1]:33792"));
}

#[test]
fn the_loopback_has_a_name_server_unless_the_host_runs_one() {
    let mut w = World::new();
    let t = w.thread(2);
    let c = w.socket(t, UDP);
    let ask = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01";
    assert_eq!(send_to(&mut w, t, c, ask, "127.0.0.1:53"), ask.len() as i64);
    let (n, bytes, from) = recv_from(&mut w, t, c, 512);
    assert_eq!((n, &bytes[bytes.len() - 4..], from), (35, &[10, 0, 0, 2][..], inet("127.0.0.1:53")));
    // Nobody's host but the own has it, and a program that is bound there goes first.
    assert_eq!(send_to(&mut w, t, c, ask, "10.0.0.2:53"), ask.len() as i64);
    let s = w.socket(t, UDP);
    assert_eq!(w.named(t, "bind", s, &inet("127.0.0.1:53")), Some(0));
    assert_eq!(send_to(&mut w, t, c, ask, "127.0.0.1:53"), ask.len() as i64);
    w.settle();
    assert_eq!(recv_from(&mut w, t, s, 512).1, ask);
    assert_eq!(w.recv(t, c, 512), Err(errno(EAGAIN)));
}
