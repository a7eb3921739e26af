//! Binding and ports.

use super::*;
use crate::abi::errno::*;

const ON: [u8; 4] = [1, 0, 0, 0];

#[test]
fn who_may_share_a_port() {
    // (first, second, options of both, allowed)
    let reuse = Some(libc::SO_REUSEADDR);
    let group = Some(libc::SO_REUSEPORT);
    for (first, second, option, listening, allowed) in [
        ("0.0.0.0:80", "0.0.0.0:80", None, false, false),
        ("127.0.0.1:80", "0.0.0.0:80", None, false, false),
        ("127.0.0.1:80", "10.0.0.2:80", None, false, true),
        ("127.0.0.1:80", "127.0.0.1:81", None, false, true),
        ("0.0.0.0:80", "0.0.0.0:80", reuse, false, true),
        ("0.0.0.0:80", "0.0.0.0:80", reuse, true, false),
        ("0.0.0.0:80", "0.0.0.0:80", group, true, true),
        ("[::]:80", "0.0.0.0:80", None, false, false),
        ("[::]:80", "127.0.0.1:80", None, false, false),
        ("[::1]:80", "127.0.0.1:80", None, false, true),
        ("[::]:80", "[::1]:80", None, false, false),
    ] {
        let mut w = World::new();
        let t = w.thread(1);
        let mut bind = |address: &str| {
            let fd = w.socket(t, if address.starts_with('[') { (libc::AF_INET6, TCP.1) } else { TCP });
            if let Some(option) = option {
                assert_eq!(w.set(t, fd, libc::SOL_SOCKET, option, &ON), 0);
            }
            let result = w.named(t, "bind", fd, &inet(address)).unwrap();
            if listening && result == 0 {
                assert_eq!(w.now(t, "listen", &[fd as u64, 5]), 0);
            }
            result
        };
        assert_eq!(bind(first), 0);
        assert_eq!(bind(second), if allowed { 0 } else { errno(EADDRINUSE) }, "{first} and {second} with {option:?}");
    }
}

#[test]
fn two_bound_with_reuse_cannot_both_listen() {
    let mut w = World::new();
    let t = w.thread(1);
    let fds: Vec<i32> = (0..2)
        .map(|_| {
            let fd = w.socket(t, TCP);
            w.set(t, fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, &ON);
            assert_eq!(w.named(t, "bind", fd, &inet("0.0.0.0:80")), Some(0));
            fd
        })
        .collect();
    assert_eq!(w.now(t, "listen", &[fds[0] as u64, 5]), 0);
    assert_eq!(w.now(t, "listen", &[fds[1] as u64, 5]), errno(EADDRINUSE));
    assert_eq!(w.now(t, "listen", &[fds[0] as u64, 1]), 0, "the backlog can be changed");
    w.close(t, fds[0]);
    assert_eq!(w.now(t, "listen", &[fds[1] as u64, 5]), 0);
}

#[test]
fn ephemeral_ports_are_counted_per_host_and_skip_used_ones() {
    let mut w = World::new();
    let (driver, a) = (w.thread(0), w.thread(1));
    for (t, ports) in [(driver, [32_768, 32_770]), (a, [33_792, 33_793])] {
        if t == driver {
            let fd = w.socket(t, TCP);
            assert_eq!(w.named(t, "bind", fd, &inet("0.0.0.0:32769")), Some(0));
        }
        for port in ports {
            let fd = w.socket(t, TCP);
            assert_eq!(w.named(t, "bind", fd, &inet("0.0.0.0:0")), Some(0));
            assert_eq!(w.name(t, "getsockname", fd), Ok(inet(&format!("0.0.0.0:{port}"))));
        }
    }
}

#[test]
fn bind_says_what_is_wrong() {
    let mut w = World::new();
    let t = w.thread(1);
    let fd = w.socket(t, TCP);
    assert_eq!(w.named(t, "bind", fd, &inet("10.0.0.3:80")), Some(errno(EADDRNOTAVAIL)));
    assert_eq!(w.named(t, "bind", fd, &inet("[::]:80")), Some(errno(EAFNOSUPPORT)));
    assert_eq!(w.named(t, "bind", fd, &[2, 0]), Some(errno(EINVAL)));
    assert_eq!(w.name(t, "getsockname", fd), Ok(inet("0.0.0.0:0")));
    assert_eq!(w.named(t, "bind", fd, &inet("10.0.0.2:80")), Some(0));
    assert_eq!(w.named(t, "bind", fd, &inet("10.0.0.2:81")), Some(errno(EINVAL)));
    assert_eq!(w.named(t, "bind", 77, &inet("10.0.0.2:81")), Some(errno(EBADF)));
    for (domain, kind, expected) in [
        (libc::AF_PACKET, libc::SOCK_RAW, EAFNOSUPPORT),
        (libc::AF_INET, libc::SOCK_RAW, EPERM),
        (libc::AF_INET, libc::SOCK_SEQPACKET, ESOCKTNOSUPPORT),
        (libc::AF_INET, libc::SOCK_STREAM | 0x100, EINVAL),
    ] {
        assert_eq!(w.now(t, "socket", &[domain as u64, kind as u64, 0]), errno(expected));
    }
    assert_eq!(w.now(t, "socket", &[2, 1, 262]), errno(EPROTONOSUPPORT), "multipath TCP");
    assert_eq!(w.k.complaints.len(), 1, "the unknown family is reported: {:?}", w.k.complaints);
}

#[test]
fn a_failed_connect_leaves_the_socket_unbound() {
    let mut w = World::new();
    let t = w.thread(2);
    let fd = w.socket(t, TCP);
    assert_eq!(w.named(t, "connect", fd, &inet("127.0.0.1:9")), Some(errno(ECONNREFUSED)));
    assert_eq!(w.name(t, "getsockname", fd), Ok(inet("0.0.0.0:0")));
    let server = w.thread(1);
    w.server(server, "0.0.0.0:80", 5);
    w.named(t, "connect", fd, &inet("10.0.0.2:80"));
    assert_eq!(w.finish(t), 0, "the same socket can try again");
    assert_eq!(w.name(t, "getsockname", fd), Ok(inet("10.0.0.3:34817")));
}

#[test]
fn a_port_group_shares_its_connections() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let fds: Vec<i32> = (0..2)
        .map(|_| {
            let fd = w.socket(server, TCP);
            w.set(server, fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, &ON);
            assert_eq!(w.named(server, "bind", fd, &inet("0.0.0.0:80")), Some(0));
            assert_eq!(w.now(server, "listen", &[fd as u64, 5]), 0);
            fd
        })
        .collect();
    for _ in 0..4 {
        w.client(client, "10.0.0.2:80");
    }
    for fd in fds {
        w.accept(server, fd);
        w.accept(server, fd);
    }
}
