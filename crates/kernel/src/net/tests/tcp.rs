//! The TCP state machine.

use super::*;
use crate::abi::errno::*;
use libc::{EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP};

#[test]
fn connect_accept_and_echo_take_their_latencies() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let listener = w.server(server, "0.0.0.0:80", 5);
    w.parks(server, "accept", &[listener as u64, 0, 0]);
    let before = w.k.clock.now();
    let c = w.client(client, "10.0.0.2:80");
    let took = w.elapsed(before);
    assert!(took >= micros(100) && took < micros(110), "a round trip, not {took:?}");
    let s = w.finish(server) as i32;
    assert_eq!(w.name(client, "getsockname", c), Ok(inet("10.0.0.3:34816")));
    assert_eq!(w.name(client, "getpeername", c), Ok(inet("10.0.0.2:80")));
    assert_eq!(w.name(server, "getsockname", s), Ok(inet("10.0.0.2:80")));
    assert_eq!(w.name(server, "getpeername", s), Ok(inet("10.0.0.3:34816")));

    assert_eq!(w.send(client, c, b"ping"), Some(4));
    assert_eq!(w.recv(server, s, 10), Err(errno(EAGAIN)), "it is on the way");
    assert_eq!(w.recv_with(server, s, 10, 0), Ok(b"ping".to_vec()));
    assert_eq!(w.send(server, s, b"pong"), Some(4));
    assert_eq!(w.recv_with(client, c, 2, 0), Ok(b"po".to_vec()));
    assert_eq!(w.recv(client, c, 10), Ok(b"ng".to_vec()));
    assert_eq!(w.ready(client, c), EPOLLOUT);
}

#[test]
fn the_own_loopback_is_immediate_and_private() {
    let mut w = World::new();
    let (t, other) = (w.thread(2), w.thread(3));
    let listener = w.server(t, "127.0.0.1:81", 5);
    let c = w.socket(t, TCP);
    assert_eq!(w.named(t, "connect", c, &inet("127.0.0.1:81")), Some(0));
    let s = w.accept(t, listener);
    assert_eq!(w.send(t, c, b"hi"), Some(2));
    assert_eq!(w.recv(t, s, 10), Ok(b"hi".to_vec()));
    assert_eq!(w.name(t, "getsockname", c), Ok(inet("127.0.0.1:34816")));

    let c = w.socket(other, TCP);
    w.named(other, "connect", c, &inet("10.0.0.3:81"));
    assert_eq!(w.finish(other), errno(ECONNREFUSED), "the loopback listener is not for others");
    assert_eq!(w.named(other, "connect", c, &inet("127.0.0.1:81")), Some(errno(ECONNREFUSED)), "nobody declares it");
    w.named(other, "connect", c, &inet("8.8.8.8:53"));
    assert_eq!(w.finish(other), errno(ENETUNREACH));
    assert_eq!(w.named(other, "connect", c, &inet("10.0.0.77:53")), Some(errno(ENETUNREACH)));
}

#[test]
fn localhost_leads_to_the_service_that_declares_the_port() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let listener = w.server(server, "127.0.0.1:80", 5);
    let c = w.client(client, "127.0.0.1:80");
    let s = w.accept(server, listener);
    assert_eq!(w.name(client, "getpeername", c), Ok(inet("127.0.0.1:80")));
    assert_eq!(w.name(server, "getpeername", s), Ok(inet("127.0.0.1:34816")), "it looks like a local client");
    // The own listener comes first.
    let own = w.server(client, "0.0.0.0:80", 5);
    let c = w.client(client, "127.0.0.1:80");
    let s = w.accept(client, own);
    assert_eq!(w.send(client, c, b"x"), Some(1));
    assert_eq!(w.recv(client, s, 1), Ok(b"x".to_vec()));
}

#[test]
fn a_refused_connect_is_told_once() {
    let mut w = World::new();
    let t = w.thread(2);
    let c = w.socket(t, TCP);
    let before = w.k.clock.now();
    w.named(t, "connect", c, &inet("10.0.0.2:9"));
    assert_eq!(w.finish(t), errno(ECONNREFUSED));
    assert!(w.elapsed(before) >= micros(100), "there and back");
    // Without waiting: in progress, then everything is ready, then the error.
    let c = w.socket(t, (TCP.0, TCP.1 | NONBLOCK));
    assert_eq!(w.named(t, "connect", c, &inet("10.0.0.2:9")), Some(errno(EINPROGRESS)));
    assert_eq!(w.named(t, "connect", c, &inet("10.0.0.2:9")), Some(errno(EALREADY)));
    assert_eq!(w.ready(t, c), 0);
    w.settle();
    assert_eq!(w.ready(t, c), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    assert_eq!(w.so_error(t, c), libc::ECONNREFUSED);
    assert_eq!(w.so_error(t, c), 0);
    assert_eq!(w.named(t, "connect", c, &inet("10.0.0.2:9")), Some(errno(ECONNABORTED)));
    assert_eq!(w.named(t, "connect", c, &inet("10.0.0.2:9")), Some(errno(EINPROGRESS)), "and then it starts again");
}

#[test]
fn a_nonblocking_connect_is_writable_when_it_is_over() {
    let mut w = World::new();
    let (server, t) = (w.thread(1), w.thread(2));
    w.server(server, "0.0.0.0:80", 5);
    for address in ["10.0.0.2:80", "127.0.0.1:80"] {
        let c = w.socket(t, (TCP.0, TCP.1 | NONBLOCK));
        assert_eq!(w.named(t, "connect", c, &inet(address)), Some(errno(EINPROGRESS)));
        assert_eq!(w.send(t, c, b"early"), Some(errno(EAGAIN)));
        assert_eq!(w.recv(t, c, 1), Err(errno(EAGAIN)));
        assert_eq!(w.name(t, "getpeername", c), Err(errno(ENOTCONN)));
        w.settle();
        assert_eq!(w.ready(t, c), EPOLLOUT);
        assert_eq!(w.so_error(t, c), 0);
        assert_eq!(w.named(t, "connect", c, &inet(address)), Some(0));
        assert_eq!(w.named(t, "connect", c, &inet(address)), Some(errno(EISCONN)));
    }
    // On the own loopback too.
    w.server(t, "0.0.0.0:90", 5);
    let c = w.socket(t, (TCP.0, TCP.1 | NONBLOCK));
    assert_eq!(w.named(t, "connect", c, &inet("127.0.0.1:90")), Some(errno(EINPROGRESS)));
    assert_eq!(w.ready(t, c), EPOLLOUT);
}

#[test]
fn half_close_ends_one_direction() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    assert_eq!(w.send(client, c, b"last"), Some(4));
    assert_eq!(w.now(client, "shutdown", &[c as u64, libc::SHUT_WR as u64]), 0);
    assert_eq!(w.send(client, c, b"x"), Some(errno(EPIPE)));
    w.settle();
    assert_eq!(w.ready(server, s), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    assert_eq!(w.recv(server, s, 10), Ok(b"last".to_vec()));
    assert_eq!(w.recv(server, s, 10), Ok(vec![]));
    assert_eq!(w.send(server, s, b"answer"), Some(6), "the other direction is open");
    assert_eq!(w.recv_with(client, c, 10, 0), Ok(b"answer".to_vec()));
    assert_eq!(w.now(server, "shutdown", &[s as u64, libc::SHUT_WR as u64]), 0);
    w.settle();
    assert_eq!(w.ready(server, s), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    assert_eq!(w.recv(client, c, 10), Ok(vec![]));
}

#[test]
fn close_with_unread_bytes_or_without_linger_resets() {
    for linger in [false, true] {
        let mut w = World::new();
        let (client, c, server, s) = w.pair();
        if linger {
            assert_eq!(w.set(server, s, libc::SOL_SOCKET, libc::SO_LINGER, &[1, 0, 0, 0, 0, 0, 0, 0]), 0);
        } else {
            w.send(client, c, b"unread");
        }
        w.settle();
        w.parks(client, "recvfrom", &[c as u64, BASE, 1, 0, 0, 0]);
        w.close(server, s);
        assert_eq!(w.finish(client), errno(ECONNRESET));
        assert_eq!(w.recv(client, c, 1), Ok(vec![]), "told once");
        assert_eq!(w.send(client, c, b"x"), Some(errno(EPIPE)));
        assert_eq!(w.ready(client, c), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
        assert_eq!(w.name(client, "getpeername", c), Err(errno(ENOTCONN)));
    }
}

#[test]
fn bytes_that_came_before_a_reset_can_be_read() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    w.send(client, c, b"unread");
    w.send(server, s, b"served");
    w.settle();
    w.close(server, s);
    w.settle();
    assert_eq!(w.ready(client, c) & EPOLLERR, EPOLLERR);
    assert_eq!(w.recv(client, c, 10), Ok(b"served".to_vec()));
    assert_eq!(w.recv(client, c, 10), Err(errno(ECONNRESET)));
}

#[test]
fn bytes_for_a_closed_socket_are_answered_with_reset() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    w.close(server, s);
    w.settle();
    assert_eq!(w.ready(client, c), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    assert_eq!(w.send(client, c, b"first"), Some(5), "the client cannot know yet");
    w.settle();
    assert_eq!(w.ready(client, c) & (EPOLLERR | EPOLLHUP), EPOLLERR | EPOLLHUP);
    assert_eq!(w.recv(client, c, 1), Ok(vec![]), "the stream ended properly");
    assert_eq!(w.send(client, c, b"second"), Some(errno(EPIPE)));
    w.close(client, c);
    assert!(w.k.net.connections.is_empty(), "nothing is left behind");
}

#[test]
fn a_full_backlog_drops_syns_until_there_is_room() {
    let mut w = World::new();
    let (server, first, second, third) = (w.thread(1), w.thread(2), w.thread(3), w.thread(3));
    let listener = w.server(server, "0.0.0.0:80", 0);
    w.client(first, "10.0.0.2:80");
    let before = w.k.clock.now();
    let c = w.socket(second, TCP);
    assert_eq!(w.named(second, "connect", c, &inet("10.0.0.2:80")), None);
    let d = w.socket(third, TCP);
    assert_eq!(w.named(third, "connect", d, &inet("10.0.0.2:80")), None);
    assert!(w.step() && w.step() && w.result(second).is_none(), "both SYNs were dropped");
    w.accept(server, listener);
    assert_eq!(w.finish(second), 0);
    let took = w.elapsed(before);
    assert!(took >= VirtualDuration::secs(1) && took < VirtualDuration::millis(1_100), "{took:?}");
    assert_eq!(w.finish(third), errno(ETIMEDOUT), "nobody accepts the second one");
    let took = w.elapsed(before);
    assert!(took >= VirtualDuration::secs(127) && took < VirtualDuration::secs(128), "{took:?}");
}

#[test]
fn closing_a_listener_resets_what_it_has_not_accepted() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let listener = w.server(server, "0.0.0.0:80", 5);
    let c = w.client(client, "10.0.0.2:80");
    w.parks(client, "recvfrom", &[c as u64, BASE, 1, 0, 0, 0]);
    w.close(server, listener);
    assert_eq!(w.finish(client), errno(ECONNRESET));
    let c = w.socket(client, TCP);
    w.named(client, "connect", c, &inet("10.0.0.2:80"));
    assert_eq!(w.finish(client), errno(ECONNREFUSED));
}

#[test]
fn accept_says_what_is_wrong() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let plain = w.socket(server, TCP);
    assert_eq!(w.now(server, "accept", &[plain as u64, 0, 0]), errno(EINVAL));
    let udp = w.socket(server, UDP);
    assert_eq!(w.now(server, "accept", &[udp as u64, 0, 0]), errno(EOPNOTSUPP));
    let listener = w.server(server, "0.0.0.0:80", 5);
    assert_eq!(w.now(server, "accept4", &[listener as u64, 0, 0, 1]), errno(EINVAL));
    w.client(client, "10.0.0.2:80");
    let (at, len) = (w.room(16), w.put(&16_u32.to_le_bytes()));
    let flags = (libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) as u64;
    let s = w.now(server, "accept4", &[listener as u64, at, len, flags]);
    assert_eq!(w.host.at(at, 16).to_vec(), inet("10.0.0.3:34816"));
    assert_eq!(w.now(server, "recvfrom", &[s as u64, BASE, 1, 0, 0, 0]), errno(EAGAIN), "it is nonblocking");
    let process = w.k.threads[&server].process;
    assert!(w.k.processes[&process].fds.map[&(s as i32)].close_on_exec);
    // Shutting a listener down wakes who waits in accept.
    let sibling = w.sibling(server);
    w.parks(sibling, "accept", &[listener as u64, 0, 0]);
    assert_eq!(w.now(server, "shutdown", &[listener as u64, libc::SHUT_RD as u64]), 0);
    assert_eq!(w.finish(sibling), errno(EINVAL));
}

#[test]
fn timeouts_end_waiting() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    let two_seconds = [2_u64.to_le_bytes(), 0_u64.to_le_bytes()].concat();
    assert_eq!(w.set(client, c, libc::SOL_SOCKET, libc::SO_RCVTIMEO, &two_seconds), 0);
    assert_eq!(w.set(client, c, libc::SOL_SOCKET, libc::SO_SNDTIMEO, &two_seconds), 0);
    let before = w.k.clock.now();
    assert_eq!(w.recv_with(client, c, 1, 0), Err(errno(EAGAIN)));
    assert!(w.elapsed(before) >= VirtualDuration::secs(2));
    assert_eq!(w.wait(client, "sendto", &[c as u64, BASE, 300_000, 0, 0, 0]), 212_992, "what fitted counts");
    assert_eq!(w.wait(client, "sendto", &[c as u64, BASE, 1, 0, 0, 0]), errno(EAGAIN));
    assert_eq!(w.recv(server, s, 300_000).map(|b| b.len()), Ok(212_992));
}

#[test]
fn a_reset_during_the_queue_shows_after_accept() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let listener = w.server(server, "0.0.0.0:80", 5);
    let c = w.client(client, "10.0.0.2:80");
    assert_eq!(w.set(client, c, libc::SOL_SOCKET, libc::SO_LINGER, &[1, 0, 0, 0, 0, 0, 0, 0]), 0);
    w.close(client, c);
    w.settle();
    let s = w.accept(server, listener);
    assert_eq!(w.recv(server, s, 1), Err(errno(ECONNRESET)));
}

#[test]
fn ipv6_sockets_reach_both_families() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let listener = w.server(server, "[::]:80", 5);
    let c = w.client(client, "10.0.0.2:80");
    let s = w.accept(server, listener);
    assert_eq!(w.name(server, "getpeername", s), Ok(inet("[::ffff:10.0.0.3]:34816")));
    let d = w.client(client, "[::ffff:10.0.0.2]:80");
    assert_eq!(w.name(client, "getpeername", d), Ok(inet("[::ffff:10.0.0.2]:80")));
    let local = w.client(server, "[::1]:80");
    assert_eq!(w.name(server, "getsockname", local), Ok(inet("[::1]:33792")));
    let other = w.socket(client, (libc::AF_INET6, TCP.1));
    assert_eq!(w.named(client, "connect", other, &inet("[2001:db8::1]:80")), Some(errno(ENETUNREACH)));
    // With V6ONLY the IPv4 side is not served.
    let fd = w.socket(server, (libc::AF_INET6, TCP.1));
    assert_eq!(w.set(server, fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, &1_u32.to_le_bytes()), 0);
    assert_eq!(w.named(server, "bind", fd, &inet("[::]:90")), Some(0));
    assert_eq!(w.now(server, "listen", &[fd as u64, 5]), 0);
    w.server(server, "0.0.0.0:90", 5);
    let _ = c;
}
