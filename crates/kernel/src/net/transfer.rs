//! Moving bytes between guest memory and sockets, with all the ways to wait: what sending and [receiving](super::receive)
//! share, and sending: the common part of `write` and `send*`.
//!
//! A transfer that parks midway remembers in `InCall::progress` what it has moved, and goes on there when its handler
//! is run again. One that a signal interrupts midway ends with that number, as a second try would move bytes twice.

use crate::abi::errno::*;
use crate::caller::Caller;
use crate::file::{FileId, Target};
use crate::net::connection::Segment;
use crate::net::name::Address;
use crate::net::packet::Packet;
use crate::net::socket::Body;
use crate::net::udp::Class;
use crate::net::unix::Credentials;
use crate::signal::{self, Info};
use crate::syscall::{Sys, block, dispatch, done};
use crate::wait::{ObjectId, Wait, WaitKey};
use model::{Errno, VirtualDuration};

/// Most bytes that one call moves (`MAX_RW_COUNT`).
const TRANSFER_MAX: u64 = 0x7fff_f000;
/// Most bytes that travel as one segment.
pub(super) const SEGMENT_MAX: usize = 65_536;
/// Flags of `send*` that are honoured, or ask for nothing that shows.
const SEND_FLAGS: i32 = libc::MSG_DONTWAIT
    | libc::MSG_NOSIGNAL
    | libc::MSG_MORE
    | libc::MSG_EOR
    | libc::MSG_CONFIRM
    | libc::MSG_DONTROUTE
    | libc::MSG_OOB
    | libc::MSG_ZEROCOPY;
/// A message to send.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Where its bytes are: (address, length).
    pub from: Vec<(u64, u64)>,
    /// `MSG_*`.
    pub flags: i32,
    /// To whom; none for a connected socket.
    pub to: Option<Address>,
    /// Descriptions to pass along; their references are taken when the message is on its way.
    pub rights: Vec<FileId>,
    /// What the sender says it is.
    pub credentials: Option<Credentials>,
    /// What the header is to say in place of the socket's options.
    pub hops: Option<i32>,
    /// The same for the type of service or traffic class.
    pub service: Option<i32>,
}

/// How many bytes the ranges hold, at most what one call moves.
pub(super) fn total(ranges: &[(u64, u64)]) -> u64 {
    ranges.iter().fold(0_u64, |sum, (_, len)| sum.saturating_add(*len)).min(TRANSFER_MAX)
}

/// The parts of the ranges that hold bytes `skip..skip + n` of a transfer.
pub(super) fn slice(ranges: &[(u64, u64)], skip: u64, n: u64) -> Vec<(u64, u64)> {
    let (mut skip, mut left) = (skip, n);
    let mut out = Vec::new();
    for (at, len) in ranges {
        let begin = skip.min(*len);
        skip -= begin;
        let take = (len - begin).min(left);
        left -= take;
        if take > 0 {
            out.push((at.wrapping_add(begin), take));
        }
    }
    out
}

/// Reads bytes `skip..skip + n` of a transfer from guest memory.
fn gather(c: &mut Caller<'_>, ranges: &[(u64, u64)], skip: u64, n: u64) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::with_capacity(n as usize);
    for (at, len) in slice(ranges, skip, n) {
        bytes.extend(c.read_vec(at, len as usize)?);
    }
    Ok(bytes)
}

/// Writes a transfer's bytes from `skip` on to guest memory.
pub(super) fn scatter(c: &mut Caller<'_>, ranges: &[(u64, u64)], skip: u64, bytes: &[u8]) -> Result<(), Errno> {
    let mut rest = bytes;
    for (at, len) in slice(ranges, skip, bytes.len() as u64) {
        let (now, later) = rest.split_at(len as usize);
        c.write(at, now)?;
        rest = later;
    }
    Ok(())
}

/// The socket behind a description.
pub(super) fn socket_behind(c: &Caller<'_>, file: FileId) -> Result<ObjectId, Errno> {
    match c.k.open_file(file).target {
        Target::Object(id) if c.k.socket(id).is_some() => Ok(id),
        _ => Err(ENOTSOCK),
    }
}

/// Whether a call on a socket must not park.
pub(super) fn nonblocking(c: &Caller<'_>, file: FileId, flags: i32) -> bool {
    flags & libc::MSG_DONTWAIT != 0 || c.k.open_file(file).nonblocking()
}

/// Waits for a socket, for as long as its timeout allows.
pub(super) fn wait_for(c: &mut Caller<'_>, on: ObjectId, timeout: Option<VirtualDuration>, why: &'static str) -> Wait {
    let wait = Wait::on(WaitKey::Object(on), why);
    match timeout {
        Some(timeout) => wait.with_deadline(Some(c.deadline_in(timeout))).never_restarted(),
        None => wait,
    }
}

/// Whether a call that has moved some bytes ends with them now rather than park.
pub(super) fn must_end(c: &mut Caller<'_>, nonblocking: bool) -> bool {
    nonblocking || c.call().timed_out || c.k.has_deliverable_signal(c.id)
}

/// `write`, `writev`, `send*` of a socket from guest memory at these (address, length) ranges.
pub(crate) fn transmit(c: &mut Caller<'_>, file: FileId, from: &[(u64, u64)], flags: i32) -> Sys {
    send(c, file, &Outgoing { from: from.to_vec(), flags, ..Outgoing::default() })
}

/// Sends a message.
pub(super) fn send(c: &mut Caller<'_>, file: FileId, out: &Outgoing) -> Sys {
    let id = socket_behind(c, file)?;
    let Some(socket) = c.k.socket(id) else {
        return Err(ENOTSOCK);
    };
    let stream = socket.is_stream();
    // Datagrams of the internet have no urgent data. Unix sockets have some, but not here.
    let known = if socket.unix().is_some() { SEND_FLAGS & !libc::MSG_OOB } else { SEND_FLAGS };
    let urgent = out.flags & libc::MSG_OOB != 0 && socket.tcp().is_none();
    if out.flags & !known != 0 {
        let what = format!("send with flags {:#x}", out.flags & !known);
        return dispatch::refuse(c, EOPNOTSUPP, &what);
    }
    if urgent {
        return Err(EOPNOTSUPP);
    }
    let result = if stream { send_stream(c, file, id, out) } else { send_message(c, file, id, out) };
    if stream && result == Err(EPIPE) && out.flags & libc::MSG_NOSIGNAL == 0 {
        let (pid, uid) = (c.process_id().pid, c.owner().uid);
        let info = Info { signal: libc::SIGPIPE as u8, pid, uid, ..Info::default() };
        c.k.send_signal(signal::Target::Thread(c.id), info);
    }
    result
}

fn send_stream(c: &mut Caller<'_>, file: FileId, id: ObjectId, out: &Outgoing) -> Sys {
    let Some(socket) = c.k.socket(id) else {
        return Err(ENOTSOCK);
    };
    let (timeout, unix) = (socket.options.send_timeout, socket.unix());
    if let (Some(unix), Some(_)) = (unix, &out.to) {
        return Err(if unix.connected { EISCONN } else { EOPNOTSUPP });
    }
    let (unix, total) = (unix.is_some(), total(&out.from));
    loop {
        let progress = c.call().progress;
        let room = match c.k.stream_room(id) {
            Ok(room) => room as u64,
            Err(_) if progress > 0 => return done(progress),
            Err(error) => return Err(error),
        };
        let n = room.min(total - progress).min(SEGMENT_MAX as u64);
        let part = match progress {
            0 if nonblocking(c, file, out.flags) => c.k.part_of(c.id, n as usize) as u64,
            _ => n,
        };
        let (short, n) = (part < n, part);
        if n > 0 {
            let bytes = match gather(c, &out.from, progress, n) {
                Err(_) if progress > 0 => return done(progress),
                bytes => bytes?,
            };
            if unix {
                send_to_peer(c, id, out, bytes, progress == 0);
            } else {
                let last = out.flags & libc::MSG_OOB != 0 && progress + n == total;
                c.k.tcp_send(id, if last { Segment::Urgent(bytes) } else { Segment::Data(bytes) });
            }
            c.call().progress += n;
        }
        let progress = progress + n;
        if short {
            c.k.announce_rest(id, libc::EPOLLOUT | libc::EPOLLWRNORM);
        }
        if short || progress == total {
            return done(progress);
        }
        if n == 0 {
            let nonblocking = nonblocking(c, file, out.flags);
            return match (progress, must_end(c, nonblocking)) {
                (0, _) if nonblocking || c.call().timed_out => Err(EAGAIN),
                (1.., true) => done(progress),
                _ => block(wait_for(c, id, timeout, "the connection is full")),
            };
        }
    }
}

/// Puts bytes, and with the first of them what goes along, into the peer's inbox.
fn send_to_peer(c: &mut Caller<'_>, id: ObjectId, out: &Outgoing, bytes: Vec<u8>, first: bool) {
    let Some(peer) = c.k.socket(id).and_then(|s| s.unix()).and_then(|u| u.peer) else {
        return;
    };
    let rights = if first { hold(c, &out.rights) } else { Vec::new() };
    let credentials = Some(out.credentials.unwrap_or_else(|| credentials(c)));
    c.k.unix_deliver(id, peer, Packet { bytes, rights, credentials, ..Packet::default() });
}

/// Takes a reference to each description for the message they go with.
fn hold(c: &mut Caller<'_>, rights: &[FileId]) -> Vec<FileId> {
    for file in rights {
        c.k.open_file_mut(*file).references += 1;
    }
    rights.to_vec()
}

/// Who the caller is.
pub(super) fn credentials(c: &Caller<'_>) -> Credentials {
    let crate::Owner { uid, gid } = c.owner();
    Credentials { pid: c.process_id().pid, uid, gid }
}

fn send_message(c: &mut Caller<'_>, file: FileId, id: ObjectId, out: &Outgoing) -> Sys {
    let total = total(&out.from);
    if total > u64::from(u32::MAX) >> 8 {
        return Err(EMSGSIZE);
    }
    let Some(socket) = c.k.socket(id) else {
        return Err(ENOTSOCK);
    };
    let (timeout, seqpacket) = (socket.options.send_timeout, socket.kind == libc::SOCK_SEQPACKET);
    match &socket.body {
        Body::Udp(_) => {
            let to = super::calls::internet(socket, out.to.as_ref())?;
            let to = c.k.udp_target(id, to)?;
            if total as usize > super::udp::DATAGRAM_MAX {
                return Err(EMSGSIZE);
            }
            let bytes = gather(c, &out.from, 0, total)?;
            let class = c.k.socket_mut(id).options.class(to.is_ipv6());
            let class = Class { hops: out.hops.unwrap_or(class.hops), service: out.service.unwrap_or(class.service) };
            done(c.k.udp_send(id, bytes, to, class)? as u64)
        }
        Body::Netlink(_) => {
            let bytes = gather(c, &out.from, 0, total)?;
            let pid = c.process_id().pid;
            done(c.k.netlink_send(id, &bytes, pid)? as u64)
        }
        Body::Unix(_) | Body::Tcp(_) => {
            let to = match &out.to {
                Some(Address::Unix(name)) if !seqpacket => {
                    let key = super::calls::unix_key(c, name)?.ok_or(EINVAL)?;
                    Some(c.k.unix_find(id, &key)?)
                }
                Some(_) if !seqpacket => return Err(EINVAL),
                _ => None,
            };
            let target = match c.k.unix_message_target(id, to, total as usize) {
                Ok(target) => target,
                Err((EAGAIN, _)) if nonblocking(c, file, out.flags) || c.call().timed_out => return Err(EAGAIN),
                Err((EAGAIN, on)) => return block(wait_for(c, on, timeout, "the receiver's queue is full")),
                Err((error, _)) => return Err(error),
            };
            let bytes = gather(c, &out.from, 0, total)?;
            let rights = hold(c, &out.rights);
            let credentials = Some(out.credentials.unwrap_or_else(|| credentials(c)));
            c.k.unix_deliver(id, target, Packet { bytes, rights, credentials, ..Packet::default() });
            done(total)
        }
    }
}
