//! Unix sockets: names, connecting, listening, closing. What they carry is in [`super::packet`].
//!
//! ```text
//!   stream, seqpacket:   bind ── listen ──> queue <── connect        socketpair: two that are each other's peer
//!                                             └─ accept ──> peer <──> peer
//!   datagram:            bind <── sendto, or connect (which fixes where send goes)
//! ```
//!
//! Everything happens within one host and one call: there is no latency and no choice. A path is
//! an inode of the file system; [`super::name::Names`] knows which socket is behind it.

use crate::abi::errno::*;
use crate::causality::Spot;
use crate::net::listen::Listening;
use crate::net::name::{UnixKey, UnixName};
use crate::net::packet::Packet;
use crate::net::socket::{Body, HUP, IN, OUT, RDHUP, Socket, roomy};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;
use std::collections::VecDeque;

/// Who a process is, as the other end learns it (`struct ucred`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// Its pid.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// A unix socket of any type.
#[derive(Debug, Default)]
pub(crate) struct Unix {
    /// Its name as it was given.
    pub name: UnixName,
    /// What it is registered under.
    pub key: Option<UnixKey>,
    /// What it listens with.
    pub listening: Option<Listening>,
    /// The other end; for datagram sockets, where `send` goes.
    pub peer: Option<ObjectId>,
    /// It is or was connected.
    pub connected: bool,
    /// The other end's name.
    pub peer_name: UnixName,
    /// Who the other end is.
    pub peer_credentials: Option<Credentials>,
    /// Arrived and not yet received.
    pub inbox: VecDeque<Packet>,
    /// Bytes in the inbox.
    pub queued: usize,
    /// Nothing more can be received than what is in the inbox.
    pub read_shut: bool,
    /// Nothing more can be sent.
    pub write_shut: bool,
}

impl Kernel {
    /// Fails unless a unix socket can still be given a name.
    pub(super) fn unix_nameless(&self, id: ObjectId) -> Result<(), Errno> {
        let unix = self.socket(id).and_then(|s| s.unix());
        let free = unix.is_some_and(|u| u.key.is_none() && u.name == UnixName::Unnamed);
        if free { Ok(()) } else { Err(EINVAL) }
    }
    /// Binds a unix socket to a name; without one, to an abstract name that is free.
    pub(super) fn unix_bind(&mut self, id: ObjectId, name: UnixName, key: Option<UnixKey>) -> Result<(), Errno> {
        self.unix_nameless(id)?;
        let service = self.socket_mut(id).service;
        let (name, key) = match key {
            Some(key) => (name, key),
            None => {
                let name = self.net.names.unused(service);
                (UnixName::Abstract(name.clone()), UnixKey::Abstract(name))
            }
        };
        if !self.net.names.insert(service, key.clone(), id) {
            return Err(EADDRINUSE);
        }
        let unix = self.socket_mut(id).unix_mut().ok_or(EINVAL)?;
        (unix.name, unix.key) = (name, Some(key));
        Ok(())
    }
    /// Makes a unix socket listen, or changes its backlog.
    pub(super) fn unix_listen(&mut self, id: ObjectId, backlog: usize, who: Credentials) -> Result<(), Errno> {
        let socket = self.socket_mut(id);
        if socket.kind == libc::SOCK_DGRAM {
            return Err(EOPNOTSUPP);
        }
        let unix = socket.unix_mut().ok_or(EOPNOTSUPP)?;
        if unix.connected || unix.name == UnixName::Unnamed {
            return Err(EINVAL);
        }
        let listening = unix.listening.get_or_insert_default();
        (listening.backlog, listening.credentials) = (backlog, who);
        self.causes.mark(Spot::Listener(id));
        self.object_changed(id);
        Ok(())
    }
    /// The socket of a name, of the same type as `id`.
    pub(super) fn unix_find(&self, id: ObjectId, key: &UnixKey) -> Result<ObjectId, Errno> {
        let Some(socket) = self.socket(id) else {
            return Err(ENOTSOCK);
        };
        let found = self.net.names.find(socket.service, key).ok_or(ECONNREFUSED)?;
        let kind = self.socket(found).map(|s| s.kind);
        if kind == Some(socket.kind) { Ok(found) } else { Err(EPROTOTYPE) }
    }
    /// Connects to a listener or, for datagram sockets, fixes where `send` goes. `EAGAIN` when the listener's queue is
    /// full: the caller may wait for the listener.
    pub(super) fn unix_connect(&mut self, id: ObjectId, target: ObjectId, who: Credentials) -> Result<(), Errno> {
        let target_name = self.socket(target).and_then(|s| s.unix()).map(|u| u.name.clone()).unwrap_or_default();
        let socket = self.socket_mut(id);
        let (service, kind) = (socket.service, socket.kind);
        let unix = socket.unix_mut().ok_or(EINVAL)?;
        if kind == libc::SOCK_DGRAM {
            (unix.peer, unix.peer_name, unix.connected) = (Some(target), target_name, true);
            return Ok(());
        }
        if unix.connected {
            return Err(EISCONN);
        }
        if unix.listening.is_some() {
            return Err(EINVAL);
        }
        let own_name = unix.name.clone();
        let listening = self.socket(target).and_then(|s| s.listening()).ok_or(ECONNREFUSED)?;
        if listening.is_full() {
            return Err(EAGAIN);
        }
        let server = listening.credentials;
        let body = Unix {
            name: target_name.clone(),
            peer: Some(id),
            connected: true,
            peer_name: own_name,
            peer_credentials: Some(who),
            ..Unix::default()
        };
        let mut child = Socket::new(service, libc::AF_UNIX, kind, 0, Body::Unix(body));
        child.options.pass_credentials(self.socket(target).is_some_and(|s| s.options.flag(libc::SO_PASSCRED)));
        let child = self.add_socket(child);
        let unix = self.socket_mut(id).unix_mut().expect("seen above");
        (unix.peer, unix.peer_name, unix.connected) = (Some(child), target_name, true);
        unix.peer_credentials = Some(server);
        self.socket_mut(target).listening_mut().expect("seen above").queue.push_back(child);
        self.causes.mark(Spot::Queued(child));
        self.causes.see(Spot::Listener(target));
        self.object_changed(target);
        self.object_changed(id);
        Ok(())
    }
    /// Makes two new sockets each other's peer.
    pub(super) fn unix_pair(&mut self, a: ObjectId, b: ObjectId, who: Credentials) {
        for (id, other) in [(a, b), (b, a)] {
            if let Some(unix) = self.socket_mut(id).unix_mut() {
                (unix.peer, unix.connected, unix.peer_credentials) = (Some(other), true, Some(who));
            }
        }
    }
    /// Stops one or both directions; the other end of a connection sees the opposite one stopped.
    pub(super) fn unix_shutdown(&mut self, id: ObjectId, read: bool, write: bool) -> Result<(), Errno> {
        let socket = self.socket_mut(id);
        let connection = socket.kind != libc::SOCK_DGRAM;
        let unix = socket.unix_mut().ok_or(ENOTCONN)?;
        if !unix.connected && unix.listening.is_none() {
            return Err(ENOTCONN);
        }
        unix.read_shut |= read;
        unix.write_shut |= write;
        let peer = unix.peer.filter(|_| connection);
        if let Some(peer) = peer
            && self.socket(peer).is_some()
        {
            let unix = self.socket_mut(peer).unix_mut().expect("peers are unix sockets");
            unix.read_shut |= write;
            unix.write_shut |= read;
            self.causes.mark(Spot::Ending(peer));
            self.object_changed(peer);
        }
        self.object_changed(id);
        Ok(())
    }
    /// Frees a closing socket's name and tells its peer.
    pub(super) fn unix_close(&mut self, id: ObjectId) {
        let socket = self.socket_mut(id);
        let (service, kind) = (socket.service, socket.kind);
        let Some(unix) = socket.unix_mut() else { return };
        let inbox = std::mem::take(&mut unix.inbox);
        let queue = unix.listening.take().map(|l| l.queue).unwrap_or_default();
        let (key, peer) = (unix.key.take(), unix.peer.take());
        if let Some(key) = key {
            self.net.names.remove(service, &key);
        }
        if kind != libc::SOCK_DGRAM
            && let Some(peer) = peer
        {
            self.unix_peer_closed(peer, !inbox.is_empty());
        }
        for child in queue {
            // Nobody has ever read from it: its client is told as if there were unread bytes.
            let client = self.socket(child).and_then(|s| s.unix()).and_then(|u| u.peer);
            self.socket_close(child);
            if let Some(client) = client {
                self.unix_peer_closed(client, true);
            }
        }
        for packet in inbox {
            if kind == libc::SOCK_DGRAM
                && let Some(sender) = packet.sender
            {
                self.object_changed(sender);
            }
            self.release_rights(packet.rights);
        }
    }
    fn unix_peer_closed(&mut self, id: ObjectId, unread: bool) {
        if self.socket(id).is_none() {
            return;
        }
        let socket = self.socket_mut(id);
        if unread {
            socket.error = Some(ECONNRESET);
        }
        if let Some(unix) = socket.unix_mut() {
            unix.peer = None;
            (unix.read_shut, unix.write_shut) = (true, true);
        }
        self.object_changed(id);
    }
    /// Readiness of a unix socket, without its pending error.
    pub(super) fn unix_readiness(&self, socket: &Socket, unix: &Unix) -> u32 {
        if let Some(listening) = &unix.listening {
            return if listening.queue.is_empty() { 0 } else { IN };
        }
        let datagram = socket.kind == libc::SOCK_DGRAM;
        let mut bits = 0;
        if !unix.inbox.is_empty() || unix.read_shut {
            bits |= IN;
        }
        if unix.read_shut {
            bits |= RDHUP;
        }
        if (unix.read_shut && unix.write_shut) || (!datagram && !unix.connected) {
            bits |= HUP;
        }
        let peer = unix.peer.and_then(|p| self.socket(p)).and_then(|s| s.unix());
        let writable = peer.is_none_or(|p| match datagram {
            true => !p.is_crowded(),
            false => roomy(socket.options.send_buffer().saturating_sub(p.queued), socket.options.send_buffer()),
        });
        if writable { bits | OUT } else { bits }
    }
}
