//! Unix sockets.

use super::*;
use crate::abi::errno::*;
use libc::{EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP};

const STREAM: (i32, i32) = (libc::AF_UNIX, libc::SOCK_STREAM);
const DGRAM: (i32, i32) = (libc::AF_UNIX, libc::SOCK_DGRAM);
const SEQ: (i32, i32) = (libc::AF_UNIX, libc::SOCK_SEQPACKET);

fn pair(w: &mut World, t: T, kind: (i32, i32)) -> (i32, i32) {
    let at = w.room(8);
    assert_eq!(w.now(t, "socketpair", &[kind.0 as u64, kind.1 as u64, 0, at]), 0);
    (w.u32_at(at) as i32, w.u32_at(at + 4) as i32)
}
fn listener(w: &mut World, t: T, kind: (i32, i32), name: &str, backlog: u64) -> i32 {
    let fd = w.socket(t, kind);
    assert_eq!(w.named(t, "bind", fd, &unix_name(name)), Some(0));
    assert_eq!(w.now(t, "listen", &[fd as u64, backlog]), 0);
    fd
}

#[test]
fn connecting_by_path_and_by_abstract_name() {
    for name in ["/run/db.sock", "@db"] {
        let mut w = World::new();
        let (server, client, stranger) = (w.thread(1), w.thread(1), w.thread(2));
        let l = listener(&mut w, server, STREAM, name, 5);
        let c = w.socket(client, STREAM);
        assert_eq!(w.named(client, "connect", c, &unix_name(name)), Some(0));
        assert_eq!(w.named(client, "connect", c, &unix_name(name)), Some(errno(EISCONN)));
        let s = w.accept(server, l);
        assert_eq!(w.name(server, "getsockname", s), Ok(unix_name(name)));
        assert_eq!(w.name(client, "getpeername", c), Ok(unix_name(name)));
        assert_eq!(w.name(client, "getsockname", c), Ok(vec![1, 0]));
        assert_eq!(w.send(client, c, b"hello"), Some(5));
        assert_eq!(w.recv(server, s, 10), Ok(b"hello".to_vec()), "at once");
        // (pid, uid, gid) of the other end.
        let who = |t: T| [t.tid, 1000, 1000].map(u32::to_le_bytes).concat();
        assert_eq!(w.get(client, c, libc::SOL_SOCKET, libc::SO_PEERCRED, 12), Ok(who(server)));
        assert_eq!(w.get(server, s, libc::SOL_SOCKET, libc::SO_PEERCRED, 12), Ok(who(client)));
        // The name is this host's, and taken, until the socket is closed.
        let other = w.socket(stranger, STREAM);
        let missing = if name.starts_with('@') { ECONNREFUSED } else { ENOENT };
        assert_eq!(w.named(stranger, "connect", other, &unix_name(name)), Some(errno(missing)));
        let again = w.socket(server, STREAM);
        assert_eq!(w.named(server, "bind", again, &unix_name(name)), Some(errno(EADDRINUSE)));
        let seq = w.socket(client, SEQ);
        assert_eq!(w.named(client, "connect", seq, &unix_name(name)), Some(errno(EPROTOTYPE)));
        w.close(server, l);
        // An abstract name is free again; a path stays until it is unlinked.
        if !name.starts_with('@') {
            assert_eq!(w.named(server, "bind", again, &unix_name(name)), Some(errno(EADDRINUSE)));
            w.unlink(server, name);
        }
        assert_eq!(w.named(server, "bind", again, &unix_name(name)), Some(0));
        assert_eq!(w.named(client, "connect", seq, &unix_name("@nobody")), Some(errno(ECONNREFUSED)));
    }
}

#[test]
fn unlinking_a_path_frees_the_name() {
    let mut w = World::new();
    let t = w.thread(1);
    let l = listener(&mut w, t, STREAM, "/run/a.sock", 5);
    let c = w.socket(t, STREAM);
    w.unlink(t, "/run/a.sock");
    assert_eq!(w.named(t, "connect", c, &unix_name("/run/a.sock")), Some(errno(ENOENT)));
    assert_eq!(w.name(t, "getsockname", l), Ok(unix_name("/run/a.sock")));
    let second = listener(&mut w, t, STREAM, "/run/a.sock", 5);
    w.close(t, l);
    assert_eq!(w.named(t, "connect", c, &unix_name("/run/a.sock")), Some(0), "the name belongs to the second one now");
    w.close(t, second);
    let c = w.socket(t, STREAM);
    assert_eq!(w.named(t, "connect", c, &unix_name("/run/a.sock")), Some(errno(ECONNREFUSED)), "nobody is behind it");
    // Binding without a name makes one up.
    let auto = w.socket(t, STREAM);
    assert_eq!(w.named(t, "bind", auto, &[1, 0]), Some(0));
    assert_eq!(w.name(t, "getsockname", auto), Ok(unix_name("@00000")));
}

#[test]
fn a_full_queue_makes_clients_wait() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(1));
    let l = listener(&mut w, server, STREAM, "@l", 0);
    let first = w.socket(client, STREAM);
    assert_eq!(w.named(client, "connect", first, &unix_name("@l")), Some(0), "before it is accepted");
    let second = w.socket(client, (STREAM.0, STREAM.1 | NONBLOCK));
    assert_eq!(w.named(client, "connect", second, &unix_name("@l")), Some(errno(EAGAIN)));
    let third = w.socket(client, STREAM);
    assert_eq!(w.named(client, "connect", third, &unix_name("@l")), None);
    w.accept(server, l);
    assert_eq!(w.finish(client), 0);
    // Closing the listener tells who was not accepted.
    w.close(server, l);
    assert_eq!(w.recv(client, third, 1), Err(errno(ECONNRESET)));
}

#[test]
fn closing_and_half_closing() {
    let mut w = World::new();
    let t = w.thread(1);
    let (a, b) = pair(&mut w, t, STREAM);
    assert_eq!(w.ready(t, a), EPOLLOUT);
    w.send(t, a, b"last");
    assert_eq!(w.now(t, "shutdown", &[a as u64, libc::SHUT_WR as u64]), 0);
    assert_eq!(w.send(t, a, b"x"), Some(errno(EPIPE)));
    assert_eq!(w.ready(t, b), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    assert_eq!(w.recv(t, b, 10), Ok(b"last".to_vec()));
    assert_eq!(w.recv(t, b, 10), Ok(vec![]));
    w.send(t, b, b"unread by a");
    w.close(t, a);
    assert_eq!(w.ready(t, b), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    assert_eq!(w.recv(t, b, 10), Err(errno(ECONNRESET)));
    assert_eq!(w.recv(t, b, 10), Ok(vec![]));
    assert_eq!(w.send(t, b, b"x"), Some(errno(EPIPE)));
    let lone = w.socket(t, STREAM);
    assert_eq!(w.ready(t, lone), EPOLLOUT | EPOLLHUP);
    assert_eq!(w.send(t, lone, b"x"), Some(errno(ENOTCONN)));
    assert_eq!(w.recv(t, lone, 1), Err(errno(EINVAL)));
    assert_eq!(w.now(t, "shutdown", &[lone as u64, 0]), errno(ENOTCONN));
}

#[test]
fn a_blocked_sender_goes_on_when_its_peer_reads() {
    let mut w = World::new();
    let (t, reader) = (w.thread(1), w.thread(1));
    let (a, b) = pair(&mut w, t, STREAM);
    let file = w.k.file_of(w.k.threads[&t].process, b).unwrap();
    let process = w.k.threads[&reader].process;
    let b = w.k.install_fd(process, file, false, 0).unwrap();
    let sent: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
    assert_eq!(w.send(t, a, &sent), None);
    assert_eq!(w.ready(t, a), 0);
    let mut got = Vec::new();
    while got.len() < sent.len() {
        got.extend(w.recv_with(reader, b, 50_000, 0).unwrap());
        w.turn();
    }
    assert!(got == sent);
    assert_eq!(w.finish(t), 1_000_000);
}

#[test]
fn packets_keep_their_bounds() {
    for kind in [DGRAM, SEQ] {
        let mut w = World::new();
        let t = w.thread(1);
        let (a, b) = pair(&mut w, t, kind);
        w.send(t, a, b"one");
        w.send(t, a, b"");
        w.send(t, a, b"three");
        assert_eq!(w.recv(t, b, 10), Ok(b"one".to_vec()));
        assert_eq!(w.recv(t, b, 10), Ok(vec![]));
        assert_eq!(w.recv(t, b, 2), Ok(b"th".to_vec()));
        assert_eq!(w.recv(t, b, 10), Err(errno(EAGAIN)));
        w.close(t, a);
        let (read, write) = match kind {
            SEQ => (Ok(vec![]), EPIPE),
            _ => (Err(errno(EAGAIN)), ECONNREFUSED),
        };
        assert_eq!(w.recv(t, b, 10), read);
        assert_eq!(w.send(t, b, b"x"), Some(errno(write)));
    }
}

#[test]
fn a_large_packet_waits_for_its_room() {
    let mut w = World::new();
    let (t, reader) = (w.thread(1), w.thread(1));
    let (a, b) = pair(&mut w, t, SEQ);
    let file = w.k.file_of(w.k.threads[&t].process, b).unwrap();
    let process = w.k.threads[&reader].process;
    let b = w.k.install_fd(process, file, false, 0).unwrap();
    assert_eq!(w.send(t, a, &[1; 100_000]), Some(100_000));
    assert_eq!(w.send(t, a, &[2; 150_000]), None);
    assert_eq!(w.recv(reader, b, 150_000).map(|p| p.len()), Ok(100_000));
    assert_eq!(w.finish(t), 150_000);
    assert_eq!(w.send(t, a, &[2; 250_000]), Some(errno(EMSGSIZE)));
}

#[test]
fn datagrams_by_name_wait_for_room() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(1));
    let (s, c) = (w.socket(server, DGRAM), w.socket(client, DGRAM));
    assert_eq!(w.named(server, "bind", s, &unix_name("/run/log")), Some(0));
    assert_eq!(w.named(client, "bind", c, &unix_name("@client")), Some(0));
    let name = unix_name("/run/log");
    let (at, to) = (w.put(b"line"), w.put(&name));
    let args = [c as u64, at, 4, 0, to, name.len() as u64];
    for _ in 0..11 {
        assert_eq!(w.now(client, "sendto", &args), 4);
    }
    w.parks(client, "sendto", &args);
    let (from, len) = (w.room(110), w.put(&110_u32.to_le_bytes()));
    assert_eq!(w.now(server, "recvfrom", &[s as u64, BASE, 10, 0, from, len]), 4);
    let n = w.u32_at(len) as usize;
    assert_eq!(w.host.at(from, n).to_vec(), unix_name("@client"));
    assert_eq!(w.finish(client), 4);
    assert_eq!(w.named(client, "connect", c, &name), Some(0));
    assert_eq!(w.ready(client, c), 0, "the receiver's queue is full");
    w.close(server, s);
    assert_eq!(w.send(client, c, b"x"), Some(errno(ECONNREFUSED)));
    // A socket that is connected elsewhere takes nothing from strangers.
    let (a, b) = pair(&mut w, client, DGRAM);
    assert_eq!(w.named(client, "bind", b, &unix_name("@b")), Some(0));
    let d = w.socket(client, DGRAM);
    assert_eq!(w.named(client, "connect", d, &unix_name("@b")), Some(0));
    assert_eq!(w.send(client, d, b"x"), Some(errno(EPERM)));
    assert_eq!(w.send(client, a, b"x"), Some(1));
}
