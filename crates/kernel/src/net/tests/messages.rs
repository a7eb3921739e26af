//! Message calls, control messages, netlink.

use super::*;
use crate::abi::errno::*;

/// A `struct msghdr` with one buffer per length, room for a name and for control data.
struct Header {
    at: u64,
    vector: Vec<(u64, u64)>,
    name: u64,
    control: u64,
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_le_bytes()).collect()
}
fn header(w: &mut World, vector: &[(u64, u64)], name: &[u8], control: &[u8]) -> Header {
    let entries = vector.iter().flat_map(|(at, len)| [*at, *len]).collect::<Vec<_>>();
    let iov = w.put(&words(&entries));
    let name_at = if name.is_empty() { 0 } else { w.put(name) };
    let control_at = if control.is_empty() { 0 } else { w.put(control) };
    let fields = [name_at, name.len() as u64, iov, vector.len() as u64, control_at, control.len() as u64, 0];
    let at = w.put(&words(&fields));
    Header { at, vector: vector.to_vec(), name: name_at, control: control_at }
}
fn cmsg(kind: i32, data: &[u8]) -> Vec<u8> {
    let mut out = (16 + data.len() as u64).to_le_bytes().to_vec();
    out.extend(libc::SOL_SOCKET.to_le_bytes());
    out.extend(kind.to_le_bytes());
    out.extend(data);
    out.resize(out.len().next_multiple_of(8), 0);
    out
}
fn ints(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
/// What `recvmsg` wrote: bytes of the first buffer, control data, flags.
fn shown(w: &mut World, h: &Header, n: i64) -> (Vec<u8>, Vec<u8>, i32) {
    let bytes = w.host.at(h.vector[0].0, n.max(0) as usize).to_vec();
    let used = w.u32_at(h.at + 40) as usize;
    let control = w.host.at(h.control.max(BASE), used).to_vec();
    (bytes, control, w.u32_at(h.at + 48) as i32)
}
fn pair(w: &mut World, t: T, kind: i32) -> (i32, i32) {
    let at = w.room(8);
    assert_eq!(w.now(t, "socketpair", &[libc::AF_UNIX as u64, kind as u64, 0, at]), 0);
    (w.u32_at(at) as i32, w.u32_at(at + 4) as i32)
}
fn references(w: &World, t: T, fd: i32) -> u32 {
    w.k.open_file(w.k.file_of(w.k.threads[&t].process, fd).unwrap()).references
}

#[test]
fn buffers_are_gathered_and_scattered() {
    let mut w = World::new();
    let (client, c, server, s) = w.pair();
    let (one, two) = (w.put(b"one "), w.put(b"two"));
    let out = header(&mut w, &[(one, 4), (0, 0), (two, 3)], b"", b"");
    assert_eq!(w.now(client, "sendmsg", &[c as u64, out.at, 0]), 7);
    w.settle();
    let (a, b) = (w.room(5), w.room(10));
    let into = header(&mut w, &[(a, 5), (b, 10)], &[0; 16], b"");
    assert_eq!(w.now(server, "recvmsg", &[s as u64, into.at, 0]), 7);
    assert_eq!(w.host.at(a, 5), b"one t");
    assert_eq!(w.host.at(b, 2), b"wo");
    assert_eq!(w.u32_at(into.at + 8), 0, "streams name no sender");
}

#[test]
fn descriptors_travel_with_messages() {
    for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_SEQPACKET] {
        let mut w = World::new();
        let (t, other) = (w.thread(1), w.thread(1));
        let (a, b) = pair(&mut w, t, kind);
        let (passed, end) = pair(&mut w, t, libc::SOCK_STREAM);
        let file = w.k.file_of(w.k.threads[&t].process, b).unwrap();
        let process = w.k.threads[&other].process;
        let b = w.k.install_fd(process, file, false, 0).unwrap();

        let byte = w.put(b"x");
        let out = header(&mut w, &[(byte, 1)], b"", &cmsg(libc::SCM_RIGHTS, &ints(&[passed, passed])));
        assert_eq!(w.now(t, "sendmsg", &[a as u64, out.at, 0]), 1);
        assert_eq!(references(&w, t, passed), 3, "two references are in flight");
        let at = w.room(8);
        let into = header(&mut w, &[(at, 8)], b"", &[0; 64]);
        let n = w.now(other, "recvmsg", &[b as u64, into.at, libc::MSG_CMSG_CLOEXEC as u64]);
        let (bytes, control, flags) = shown(&mut w, &into, n);
        assert_eq!((bytes.as_slice(), flags), (b"x".as_slice(), libc::MSG_CMSG_CLOEXEC));
        assert_eq!(control, cmsg(libc::SCM_RIGHTS, &ints(&[1, 2])), "the lowest free numbers");
        assert_eq!(references(&w, t, passed), 3);
        assert!(w.k.processes[&process].fds.map[&1].close_on_exec);
        assert_eq!(w.send(t, end, b"through"), Some(7));
        assert_eq!(w.recv(other, 2, 10), Ok(b"through".to_vec()), "it is the same socket");

        // Without room for them, or with a plain read, they are dropped.
        assert_eq!(w.now(t, "sendmsg", &[a as u64, out.at, 0]), 1);
        let small = header(&mut w, &[(at, 8)], b"", &[0; 20]);
        let n = w.now(other, "recvmsg", &[b as u64, small.at, 0]);
        let (_, control, flags) = shown(&mut w, &small, n);
        assert_eq!(flags, libc::MSG_CTRUNC);
        assert_eq!(control[..20], cmsg(libc::SCM_RIGHTS, &ints(&[3]))[..20]);
        assert_eq!(references(&w, t, passed), 4);
        assert_eq!(w.now(t, "sendmsg", &[a as u64, out.at, 0]), 1);
        assert_eq!(w.recv(other, b, 8), Ok(b"x".to_vec()));
        assert_eq!(references(&w, t, passed), 4);
        // So are those in flight to a socket that closes.
        assert_eq!(w.now(t, "sendmsg", &[a as u64, out.at, 0]), 1);
        assert_eq!(references(&w, t, passed), 6);
        let object = w.object(other, b);
        w.k.socket_close(object);
        assert_eq!(references(&w, t, passed), 4);
    }
}

#[test]
fn descriptors_bound_what_a_stream_read_takes() {
    let mut w = World::new();
    let t = w.thread(1);
    let (a, b) = pair(&mut w, t, libc::SOCK_STREAM);
    let byte = w.put(b"x");
    let out = header(&mut w, &[(byte, 1)], b"", &cmsg(libc::SCM_RIGHTS, &ints(&[a])));
    w.send(t, a, b"before ");
    assert_eq!(w.now(t, "sendmsg", &[a as u64, out.at, 0]), 1);
    w.send(t, a, b" after");
    let at = w.room(32);
    let into = header(&mut w, &[(at, 32)], b"", &[0; 64]);
    let n = w.now(t, "recvmsg", &[b as u64, into.at, 0]);
    let (bytes, control, _) = shown(&mut w, &into, n);
    assert_eq!(bytes, b"before x");
    assert_eq!(control.len(), 24);
    assert_eq!(w.recv(t, b, 32), Ok(b" after".to_vec()));
}

#[test]
fn credentials_are_passed_when_asked_for() {
    let mut w = World::new();
    let t = w.thread(1);
    let (a, b) = pair(&mut w, t, libc::SOCK_DGRAM);
    assert_eq!(w.set(t, b, libc::SOL_SOCKET, libc::SO_PASSCRED, &[1, 0, 0, 0]), 0);
    w.send(t, a, b"x");
    let who = [t.tid, 1000, 1000].map(u32::to_le_bytes).concat();
    let at = w.room(8);
    let into = header(&mut w, &[(at, 8)], b"", &[0; 64]);
    let n = w.now(t, "recvmsg", &[b as u64, into.at, 0]);
    assert_eq!(shown(&mut w, &into, n).1, cmsg(libc::SCM_CREDENTIALS, &who));
    // One may only say what is true.
    let mut liar = who.clone();
    liar[4] = 0;
    for (said, result) in [(who, 1), (liar, errno(EPERM))] {
        let out = header(&mut w, &[(at, 1)], b"", &cmsg(libc::SCM_CREDENTIALS, &said));
        assert_eq!(w.now(t, "sendmsg", &[a as u64, out.at, 0]), result);
    }
    let out = header(&mut w, &[(at, 1)], b"", &cmsg(libc::SCM_RIGHTS, &ints(&[99])));
    assert_eq!(w.now(t, "sendmsg", &[a as u64, out.at, 0]), errno(EBADF));
    let out = header(&mut w, &[(at, 1)], b"", &cmsg(77, &[]));
    assert_eq!(w.now(t, "sendmsg", &[a as u64, out.at, 0]), errno(EINVAL));
    assert_eq!(w.now(t, "sendto", &[a as u64, at, 1, libc::MSG_OOB as u64, 0, 0]), errno(EOPNOTSUPP));
    assert_eq!(w.k.complaints.len(), 2, "both are reported: {:?}", w.k.complaints);
}

#[test]
fn several_messages_in_one_call() {
    let mut w = World::new();
    let (server, client) = (w.thread(1), w.thread(2));
    let (s, c) = (w.socket(server, UDP), w.socket(client, UDP));
    assert_eq!(w.named(server, "bind", s, &inet("0.0.0.0:53")), Some(0));
    assert_eq!(w.set(server, s, libc::IPPROTO_IP, libc::IP_PKTINFO, &[1, 0, 0, 0]), 0);
    let many = |w: &mut World, headers: &[Header]| {
        let at = w.room(64 * headers.len());
        for (n, h) in headers.iter().enumerate() {
            let bytes = w.host.at(h.at, 56).to_vec();
            w.host.at(at + 64 * n as u64, 56).copy_from_slice(&bytes);
        }
        at
    };
    let to = inet("10.0.0.2:53");
    let (one, two) = (w.put(b"one"), w.put(b"three"));
    let headers = [header(&mut w, &[(one, 3)], &to, b""), header(&mut w, &[(two, 5)], &to, b"")];
    let out = many(&mut w, &headers);
    let (a, b, d) = (w.room(8), w.room(8), w.room(8));
    let headers = [
        header(&mut w, &[(a, 8)], &[0; 16], &[0; 32]),
        header(&mut w, &[(b, 8)], &[0; 16], &[0; 32]),
        header(&mut w, &[(d, 8)], &[0; 16], &[0; 32]),
    ];
    let into = many(&mut w, &headers);
    w.parks(server, "recvmmsg", &[s as u64, into, 3, 0, 0]);
    assert_eq!(w.now(client, "sendmmsg", &[c as u64, out, 2, 0]), 2);
    assert_eq!((w.u32_at(out + 56), w.u32_at(out + 64 + 56)), (3, 5));
    w.settle();
    assert_eq!(w.result(server), None, "it waits for the third");
    assert_eq!(w.now(client, "sendmmsg", &[c as u64, out, 1, 0]), 1);
    assert_eq!(w.finish(server), 3);
    assert_eq!((w.u32_at(into + 56), w.u32_at(into + 64 + 56), w.u32_at(into + 128 + 56)), (3, 5, 3));
    assert_eq!(w.host.at(b, 5), b"three");
    assert_eq!(w.host.at(headers[1].name, 16).to_vec(), inet("10.0.0.3:34816"));
    let control = w.host.at(headers[0].control, 28).to_vec();
    assert_eq!(control[16..], [2, 0, 0, 0, 10, 0, 0, 2, 10, 0, 0, 2], "interface and address it was sent to");
    // With MSG_WAITFORONE it waits for the first alone, and takes what is there with it.
    w.parks(server, "recvmmsg", &[s as u64, into, 3, libc::MSG_WAITFORONE as u64, 0]);
    assert_eq!(w.now(client, "sendmmsg", &[c as u64, out, 2, 0]), 2);
    assert_eq!(w.finish(server), 2);
}

#[test]
fn netlink_lists_interfaces_and_addresses() {
    let mut w = World::new();
    let t = w.thread(2);
    let fd = w.socket(t, (libc::AF_NETLINK, libc::SOCK_RAW));
    let mut ask = |kind: u16, family: u8| {
        let mut request = 20_u32.to_le_bytes().to_vec();
        request.extend(kind.to_le_bytes());
        request.extend((libc::NLM_F_REQUEST as u16 | libc::NLM_F_DUMP as u16).to_le_bytes());
        request.extend(7_u32.to_le_bytes());
        request.extend([0; 4]);
        request.extend([family, 0, 0, 0]);
        assert_eq!(w.send(t, fd, &request), Some(20));
        let mut kinds = Vec::new();
        let mut all = Vec::new();
        while let Ok(bytes) = w.recv(t, fd, 4_096) {
            let mut rest = bytes.as_slice();
            while rest.len() >= 16 {
                let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
                kinds.push(u16::from_le_bytes(rest[4..6].try_into().unwrap()));
                assert_eq!(rest[8], 7, "the question's sequence number");
                rest = &rest[length.next_multiple_of(4)..];
            }
            all.extend(bytes);
        }
        (kinds, all)
    };
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
    let (kinds, bytes) = ask(libc::RTM_GETLINK, 0);
    assert_eq!(kinds, [libc::RTM_NEWLINK, libc::RTM_NEWLINK, libc::NLMSG_DONE as u16]);
    assert!(has(&bytes, b"lo\0") && has(&bytes, b"eth0\0"));
    let (kinds, bytes) = ask(libc::RTM_GETADDR, 0);
    assert_eq!(kinds, [libc::RTM_NEWADDR, libc::RTM_NEWADDR, libc::RTM_NEWADDR, libc::NLMSG_DONE as u16]);
    assert!(has(&bytes, &[127, 0, 0, 1]) && has(&bytes, &[10, 0, 0, 3]));
    let (kinds, _) = ask(libc::RTM_GETADDR, libc::AF_INET6 as u8);
    assert_eq!(kinds.len(), 2);
    let (kinds, _) = ask(libc::RTM_GETROUTE, 0);
    assert_eq!(kinds, [libc::NLMSG_DONE as u16]);
    let (kinds, bytes) = ask(999, 0);
    assert_eq!((kinds.as_slice(), bytes[16]), ([libc::NLMSG_ERROR as u16].as_slice(), 161), "-EOPNOTSUPP");
    let pid = t.tid.to_le_bytes();
    assert_eq!(w.name(t, "getsockname", fd), Ok([[16, 0, 0, 0], pid, [0; 4]].concat()));
}
