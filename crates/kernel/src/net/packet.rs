//! What unix sockets carry: bytes, open file descriptions and credentials.
//!
//! A description in flight is held by a reference of its own, so it outlives the sender's descriptor. It becomes a
//! descriptor of the receiver in `recvmsg`; a plain read of its packet drops it, as does closing the receiver.

use crate::abi::errno::*;
use crate::causality::Spot;
use crate::file::FileId;
use crate::net::name::{Address, UnixName};
use crate::net::socket::{Received, roomy};
use crate::net::unix::{Credentials, Unix};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;
use model::causality::{Stamp, Via};
use std::collections::VecDeque;

/// How many datagrams may wait (`net.unix.max_dgram_qlen`), and one more.
const DATAGRAMS_MAX: usize = 10;

/// What is sent with one call.
#[derive(Debug, Default)]
pub(crate) struct Packet {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many bytes were received already.
    pub taken: usize,
    /// Descriptions passed along.
    pub rights: Vec<FileId>,
    /// Who sent it.
    pub credentials: Option<Credentials>,
    /// The sender's name.
    pub from: UnixName,
    /// The sending socket.
    pub sender: Option<ObjectId>,
    /// The turn in which it was sent.
    pub cause: Stamp,
}

impl Unix {
    /// Whether a datagram sender has to wait.
    pub(super) fn is_crowded(&self) -> bool {
        self.inbox.len() > DATAGRAMS_MAX
    }
    /// Bytes that could be read: of a stream all, else those of the next packet.
    pub(super) fn available(&self, stream: bool) -> usize {
        if stream { self.queued } else { self.inbox.front().map_or(0, |p| p.bytes.len()) }
    }
}

impl Kernel {
    /// Drops references to descriptions that came with a message.
    pub(super) fn release_rights(&mut self, rights: Vec<FileId>) {
        for file in rights {
            self.release_file(file);
        }
    }
    /// Room in a connected unix socket's peer for more bytes; 0 when it is full.
    pub(super) fn unix_room(&mut self, id: ObjectId) -> Result<usize, Errno> {
        let socket = self.socket_mut(id);
        let capacity = socket.options.send_buffer();
        let unix = socket.unix().ok_or(ENOTCONN)?;
        if !unix.connected {
            return Err(ENOTCONN);
        }
        let peer = unix.peer.filter(|_| !unix.write_shut).ok_or(EPIPE)?;
        let queued = self.socket(peer).and_then(|s| s.unix()).ok_or(EPIPE)?.queued;
        // That the peer is gone is said first; why, is left to a read.
        if let Some(error) = self.take_error(id) {
            return Err(error);
        }
        Ok(capacity.saturating_sub(queued))
    }
    /// Puts a packet into the inbox of a socket that has room for it.
    pub(super) fn unix_deliver(&mut self, from: ObjectId, to: ObjectId, mut packet: Packet) {
        packet.sender = Some(from);
        packet.cause = self.causes.stamp();
        packet.from = self.socket(from).and_then(|s| s.unix()).map(|u| u.name.clone()).unwrap_or_default();
        if let Some(unix) = self.socket_mut(to).unix_mut() {
            unix.queued += packet.bytes.len();
            unix.inbox.push_back(packet);
        }
        self.object_changed(to);
    }
    /// Sends bytes for which there is room to a stream socket's peer.
    pub(super) fn unix_send_stream(&mut self, id: ObjectId, bytes: Vec<u8>) {
        if let Some(peer) = self.socket(id).and_then(|s| s.unix()).and_then(|u| u.peer) {
            self.unix_deliver(id, peer, Packet { bytes, ..Packet::default() });
        }
    }
    /// Whether a message of this length can be sent now, and to whom: `to` or the peer. With `EAGAIN` comes the object
    /// whose change may make room.
    pub(super) fn unix_message_target(
        &mut self,
        id: ObjectId,
        to: Option<ObjectId>,
        length: usize,
    ) -> Result<ObjectId, (Errno, ObjectId)> {
        let fail = |errno| (errno, id);
        if self.socket_mut(id).kind == libc::SOCK_SEQPACKET {
            if length > self.socket_mut(id).options.send_buffer() {
                return Err(fail(EMSGSIZE));
            }
            let room = self.unix_room(id).map_err(fail)?;
            let peer = self.socket(id).and_then(|s| s.unix()).and_then(|u| u.peer).ok_or(fail(EPIPE))?;
            let empty = self.socket(peer).and_then(|s| s.unix()).is_some_and(|u| u.inbox.is_empty());
            return if room >= length && (room > 0 || empty) { Ok(peer) } else { Err(fail(EAGAIN)) };
        }
        if let Some(error) = self.take_error(id) {
            return Err(fail(error));
        }
        let socket = self.socket_mut(id);
        if length > socket.options.send_buffer() {
            return Err(fail(EMSGSIZE));
        }
        let unix = socket.unix().ok_or(fail(ENOTCONN))?;
        if unix.write_shut {
            return Err(fail(EPIPE));
        }
        let target = to.or(unix.peer).ok_or(fail(ENOTCONN))?;
        let Some(other) = self.socket(target).and_then(|s| s.unix()) else {
            // The peer is gone, and is forgotten.
            if let Some(unix) = self.socket_mut(id).unix_mut().filter(|u| u.peer == Some(target)) {
                (unix.peer, unix.connected) = (None, false);
            }
            return Err(fail(ECONNREFUSED));
        };
        if other.peer.is_some_and(|p| p != id) {
            return Err(fail(EPERM));
        }
        if other.read_shut {
            return Err(fail(EPIPE));
        }
        if other.is_crowded() { Err((EAGAIN, target)) } else { Ok(target) }
    }
    /// Takes (or peeks at) what has arrived.
    pub(super) fn unix_receive(&mut self, id: ObjectId, max: usize, peek: bool) -> Result<Received, Errno> {
        let socket = self.socket_mut(id);
        let (stream, datagram) = (socket.is_stream(), socket.kind == libc::SOCK_DGRAM);
        let by_sender = socket.options.flag(libc::SO_PASSCRED);
        let unix = socket.unix().ok_or(ENOTCONN)?;
        if unix.inbox.is_empty() {
            let (ended, connected) = (unix.read_shut, unix.connected || datagram);
            if ended {
                self.causes.see(Spot::Ending(id));
            }
            if let Some(error) = self.take_error(id) {
                return Err(error);
            }
            return match (ended, connected) {
                (true, _) => Ok(Received::default()),
                (false, true) => Err(EAGAIN),
                (false, false) => Err(if stream { EINVAL } else { ENOTCONN }),
            };
        }
        if max == 0 && stream {
            return Ok(Received::default());
        }
        let was_crowded = unix.is_crowded();
        let sender = unix.inbox.front().and_then(|p| p.sender);
        let unix = self.socket_mut(id).unix_mut().expect("seen above");
        let received = if stream { take_stream(unix, max, peek, by_sender) } else { take_packet(unix, max, peek) };
        received.causes.iter().for_each(|cause| self.causes.learn(*cause, Via::Message));
        if peek {
            for file in &received.rights {
                self.open_file_mut(*file).references += 1;
            }
        } else if datagram {
            if was_crowded {
                self.object_changed(id);
                sender.into_iter().for_each(|s| self.object_changed(s));
            }
        } else {
            self.unix_drained(id, received.length);
        }
        Ok(received)
    }
    /// Wakes the peer when what was read made it writable again.
    fn unix_drained(&mut self, id: ObjectId, n: usize) {
        let Some(unix) = self.socket(id).and_then(|s| s.unix()) else {
            return;
        };
        let (queued, Some(peer)) = (unix.queued, unix.peer) else {
            return;
        };
        let Some(capacity) = self.socket(peer).map(|s| s.options.send_buffer()) else {
            return;
        };
        let free = |queued: usize| capacity.saturating_sub(queued);
        // A packet may need more room than what counts as writable.
        let packets = self.socket(id).is_some_and(|s| !s.is_stream());
        if packets || (!roomy(free(queued + n), capacity) && roomy(free(queued), capacity)) {
            self.object_changed(peer);
        }
    }
}

/// The turn in which something was sent, if account is kept of that.
fn known(cause: Stamp) -> Vec<Stamp> {
    if cause == Stamp::NONE { Vec::new() } else { vec![cause] }
}

fn sender_name(packet: &Packet) -> Option<Address> {
    (packet.from != UnixName::Unnamed).then(|| Address::Unix(packet.from.clone()))
}

/// One packet, cut to `max`; the rest of it is lost.
fn take_packet(unix: &mut Unix, max: usize, peek: bool) -> Received {
    let Some(next) = unix.inbox.front() else {
        return Received::default();
    };
    let received = Received {
        bytes: next.bytes[..next.bytes.len().min(max)].to_vec(),
        length: next.bytes.len(),
        from: sender_name(next),
        rights: next.rights.clone(),
        credentials: next.credentials,
        causes: known(next.cause),
        ..Received::default()
    };
    if !peek {
        unix.queued -= received.length;
        unix.inbox.pop_front();
    }
    received
}

/// Bytes of as many packets as fit: up to and including one with descriptions, and of one sender if that matters.
fn take_stream(unix: &mut Unix, max: usize, peek: bool, by_sender: bool) -> Received {
    let mut received = Received::default();
    let mut done = VecDeque::new();
    while let Some(next) = unix.inbox.front_mut() {
        let first = received.bytes.is_empty();
        if by_sender && !first && next.credentials != received.credentials {
            break;
        }
        let n = (next.bytes.len() - next.taken).min(max - received.bytes.len());
        if n == 0 && !next.bytes.is_empty() {
            break;
        }
        if first {
            (received.credentials, received.from) = (next.credentials, sender_name(next));
        }
        received.bytes.extend_from_slice(&next.bytes[next.taken..next.taken + n]);
        received.rights = next.rights.clone();
        received.causes.extend(known(next.cause));
        if !peek {
            next.taken += n;
            next.rights.clear();
            unix.queued -= n;
        }
        let whole = peek || next.taken == next.bytes.len();
        if whole {
            done.extend(unix.inbox.pop_front());
        }
        if !received.rights.is_empty() || !whole {
            break;
        }
    }
    received.length = received.bytes.len();
    if peek {
        for packet in done.into_iter().rev() {
            unix.inbox.push_front(packet);
        }
    }
    received
}
