//! Socket options.

use super::*;
use crate::abi::errno::*;
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

#[test]
fn numbers_round_trip_as_linux_shows_them() {
    for (level, name, initial, given, shown) in [
        (SOL_SOCKET, libc::SO_REUSEADDR, 0, 7, Ok(1)),
        (SOL_SOCKET, libc::SO_KEEPALIVE, 0, 1, Ok(1)),
        (SOL_SOCKET, libc::SO_RCVBUF, 212_992, 100_000, Ok(200_000)),
        (SOL_SOCKET, libc::SO_RCVBUF, 212_992, 1, Ok(2_304)),
        (SOL_SOCKET, libc::SO_SNDBUF, 212_992, 10_000_000, Ok(425_984)),
        (SOL_SOCKET, libc::SO_PRIORITY, 0, 7, Err(EINVAL)),
        (SOL_SOCKET, libc::SO_INCOMING_CPU, 0, 0, Ok(0)),
        (IPPROTO_TCP, libc::TCP_NODELAY, 0, 1, Ok(1)),
        (IPPROTO_TCP, libc::TCP_KEEPIDLE, 7_200, 15, Ok(15)),
        (IPPROTO_TCP, libc::TCP_KEEPCNT, 9, 0, Err(EINVAL)),
        (IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 0, 30_000, Ok(30_000)),
        (IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, 0, 1, Ok(1)),
        (IPPROTO_IP, libc::IP_TOS, 0, 16, Ok(16)),
        (IPPROTO_IP, libc::IP_TTL, 64, -1, Ok(64)),
        (IPPROTO_IPV6, libc::IPV6_V6ONLY, 0, 1, Ok(1)),
        (IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS, 64, 12, Ok(12)),
    ] {
        let mut w = World::new();
        let t = w.thread(1);
        let fd = w.socket(t, (libc::AF_INET6, libc::SOCK_STREAM));
        assert_eq!(w.get_int(t, fd, level, name), initial, "{level}/{name} at first");
        let given = i32::to_le_bytes(given);
        match shown {
            Ok(shown) => {
                assert_eq!(w.set(t, fd, level, name, &given), 0, "{level}/{name}");
                assert_eq!(w.get_int(t, fd, level, name), shown, "{level}/{name}");
            }
            Err(error) => assert_eq!(w.set(t, fd, level, name, &given), errno(error), "{level}/{name}"),
        }
    }
}

#[test]
fn structures_round_trip() {
    let mut w = World::new();
    let t = w.thread(1);
    let fd = w.socket(t, TCP);
    let linger = [1_i32, 30].map(i32::to_le_bytes).concat();
    assert_eq!(w.get(t, fd, SOL_SOCKET, libc::SO_LINGER, 8), Ok(vec![0; 8]));
    assert_eq!(w.set(t, fd, SOL_SOCKET, libc::SO_LINGER, &linger), 0);
    assert_eq!(w.get(t, fd, SOL_SOCKET, libc::SO_LINGER, 8), Ok(linger));
    let time = [5_u64, 250_000].map(u64::to_le_bytes).concat();
    assert_eq!(w.set(t, fd, SOL_SOCKET, libc::SO_RCVTIMEO, &time), 0);
    assert_eq!(w.get(t, fd, SOL_SOCKET, libc::SO_RCVTIMEO, 16), Ok(time));
    assert_eq!(w.get(t, fd, SOL_SOCKET, libc::SO_SNDTIMEO, 16), Ok(vec![0; 16]));
    let late = [0_u64, 1_000_000].map(u64::to_le_bytes).concat();
    assert_eq!(w.set(t, fd, SOL_SOCKET, libc::SO_RCVTIMEO, &late), errno(EDOM));
    assert_eq!(w.get(t, fd, IPPROTO_TCP, libc::TCP_CONGESTION, 16).unwrap()[..6], *b"cubic\0");
    assert_eq!(w.set(t, fd, IPPROTO_TCP, libc::TCP_CONGESTION, b"bbr"), errno(ENOENT));
    assert_eq!(w.get(t, fd, SOL_SOCKET, libc::SO_TYPE, 2), Ok(vec![1, 0]), "cut to what was asked for");
}

#[test]
fn what_a_socket_is() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    for (name, value) in [(libc::SO_TYPE, 1), (libc::SO_DOMAIN, 2), (libc::SO_PROTOCOL, 6), (libc::SO_ACCEPTCONN, 0)] {
        assert_eq!(w.get_int(client, c, SOL_SOCKET, name), value);
    }
    assert_eq!(w.get_int(server, 0, SOL_SOCKET, libc::SO_ACCEPTCONN), 1);
    let state = |w: &mut World, t: T, fd: i32| w.get(t, fd, IPPROTO_TCP, libc::TCP_INFO, 104).unwrap()[0];
    assert_eq!((state(&mut w, server, 0), state(&mut w, server, s)), (10, 1));
    w.close(client, c);
    w.settle();
    assert_eq!(state(&mut w, server, s), 8, "CLOSE_WAIT");
}

#[test]
fn accepted_sockets_have_their_listeners_options() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let l = w.server(server, "0.0.0.0:80", 5);
    assert_eq!(w.set(server, l, IPPROTO_TCP, libc::TCP_NODELAY, &[1, 0, 0, 0]), 0);
    assert_eq!(w.set(server, l, SOL_SOCKET, libc::SO_RCVBUF, &8_192_u32.to_le_bytes()), 0);
    w.client(client, "10.0.0.2:80");
    let s = w.accept(server, l);
    assert_eq!(w.get_int(server, s, IPPROTO_TCP, libc::TCP_NODELAY), 1);
    assert_eq!(w.get_int(server, s, SOL_SOCKET, libc::SO_RCVBUF), 16_384);
}

#[test]
fn what_is_not_known_is_refused_and_reported() {
    let mut w = World::new();
    let t = w.thread(1);
    let (tcp, udp, unix) = (w.socket(t, TCP), w.socket(t, UDP), w.socket(t, (libc::AF_UNIX, libc::SOCK_STREAM)));
    assert_eq!(w.set(t, tcp, SOL_SOCKET, 9_999, &[0; 4]), errno(ENOPROTOOPT));
    assert_eq!(w.get(t, tcp, IPPROTO_TCP, 9_999, 4), Err(errno(ENOPROTOOPT)));
    assert_eq!(w.k.complaints.len(), 2, "{:?}", w.k.complaints);
    assert_eq!(w.set(t, udp, IPPROTO_TCP, libc::TCP_NODELAY, &[1, 0, 0, 0]), errno(ENOPROTOOPT));
    assert_eq!(w.set(t, unix, IPPROTO_TCP, libc::TCP_NODELAY, &[1, 0, 0, 0]), errno(EOPNOTSUPP));
    assert_eq!(w.set(t, tcp, IPPROTO_IPV6, libc::IPV6_V6ONLY, &[1, 0, 0, 0]), errno(ENOPROTOOPT));
    assert_eq!(w.set(t, tcp, SOL_SOCKET, libc::SO_REUSEADDR, &[1]), errno(EINVAL));
    assert_eq!(w.now(t, "setsockopt", &[77, 1, 2, BASE, 4]), errno(EBADF));
}
