//! Links that are cut, slow or reset.

use super::*;
use crate::abi::errno::*;

const A: ServiceId = ServiceId(1);
const B: ServiceId = ServiceId(2);

#[test]
fn a_cut_link_holds_bytes_until_it_is_healed() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    w.send(client, c, b"before ");
    w.k.cut_link(B, A);
    w.send(client, c, b"after");
    w.close(client, c);
    assert_eq!(w.send(server, s, b"the other way"), Some(13));
    w.settle();
    assert_eq!(w.recv(server, s, 100), Ok(b"before ".to_vec()), "what was under way arrives");
    assert_eq!(w.recv(server, s, 100), Err(errno(EAGAIN)));
    w.k.heal_link(B, A);
    w.settle();
    assert_eq!(w.recv(server, s, 100), Ok(b"after".to_vec()));
    assert!(w.recv(server, s, 100).is_ok_and(|b| b.is_empty()), "the FIN waited too");
}

#[test]
fn connecting_over_a_cut_link_tries_again() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    w.server(server, "0.0.0.0:80", 5);
    w.k.cut_link(B, A);
    let c = w.socket(client, TCP);
    let before = w.k.clock.now();
    assert_eq!(w.named(client, "connect", c, &inet("10.0.0.2:80")), None);
    assert!(w.step() && w.step());
    w.k.heal_link(B, A);
    assert_eq!(w.finish(client), 0);
    let took = w.elapsed(before);
    assert!(took >= VirtualDuration::secs(7) && took < VirtualDuration::secs(8), "the third retry: {took:?}");
    // Cut the other way: the SYN-ACK is held, so the client waits.
    w.k.cut_link(A, B);
    let d = w.socket(client, TCP);
    assert_eq!(w.named(client, "connect", d, &inet("10.0.0.2:80")), None);
    w.settle();
    assert_eq!(w.result(client), None);
    w.k.heal_link(A, B);
    assert_eq!(w.finish(client), 0);
}

#[test]
fn a_slow_link_delays_what_is_sent() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    w.k.delay_link(B, A, VirtualDuration::secs(3));
    let before = w.k.clock.now();
    w.send(client, c, b"x");
    assert_eq!(w.recv_with(server, s, 1, 0), Ok(b"x".to_vec()));
    assert!(w.elapsed(before) >= VirtualDuration::secs(3));
}

#[test]
fn connections_can_be_reset() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    w.parks(client, "recvfrom", &[c as u64, BASE, 1, 0, 0, 0]);
    assert_eq!(w.k.reset_connections(A, ServiceId(3)), 0);
    assert_eq!(w.k.reset_connections(A, B), 1);
    assert_eq!(w.finish(client), errno(ECONNRESET));
    assert_eq!(w.recv(server, s, 1), Err(errno(ECONNRESET)));
    assert_eq!(w.send(server, s, b"x"), Some(errno(EPIPE)));
}

#[test]
fn a_datagram_over_a_cut_link_is_lost() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let (s, c) = (w.socket(server, UDP), w.socket(client, UDP));
    assert_eq!(w.named(server, "bind", s, &inet("0.0.0.0:53")), Some(0));
    assert_eq!(w.named(client, "connect", c, &inet("10.0.0.2:53")), Some(0));
    w.k.cut_link(B, A);
    assert_eq!(w.send(client, c, b"lost"), Some(4));
    w.settle();
    w.k.heal_link(B, A);
    assert_eq!(w.send(client, c, b"there"), Some(5));
    w.settle();
    assert_eq!(w.recv(server, s, 100), Ok(b"there".to_vec()));
}

#[test]
fn giving_up_a_connect_resets_what_was_accepted_of_it() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let listener = w.server(server, "0.0.0.0:80", 5);
    let c = w.socket(client, (TCP.0, TCP.1 | NONBLOCK));
    assert_eq!(w.named(client, "connect", c, &inet("10.0.0.2:80")), Some(errno(EINPROGRESS)));
    assert!(w.step(), "the SYN arrives, the answer is on the way");
    w.k.reset_connections(A, B);
    assert_eq!(w.ready(client, c), 0, "there is nothing to reset yet");
    assert_eq!(w.now(client, "shutdown", &[c as u64, libc::SHUT_RDWR as u64]), 0);
    let s = w.accept(server, listener);
    w.settle();
    assert_eq!(w.recv(server, s, 1), Err(errno(ECONNRESET)));
    w.close(server, s);
    assert!(w.k.net.connections.is_empty());
}
