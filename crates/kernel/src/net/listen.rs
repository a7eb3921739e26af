//! Listening: the queue of connections that wait to be accepted.

use crate::abi::errno::{EADDRINUSE, EAGAIN, EINVAL, EOPNOTSUPP};
use crate::causality::Spot;
use crate::net::connection::{ConnectionId, Segment};
use crate::net::socket::{Body, Socket};
use crate::net::tcp::{State, Tcp};
use crate::net::unix::Credentials;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The largest backlog (`net.core.somaxconn`).
const SOMAXCONN: i32 = 4096;

/// What a listening socket keeps.
#[derive(Debug, Default)]
pub(crate) struct Listening {
    /// As many connections and one more may wait.
    pub backlog: usize,
    /// Established connections that nobody has accepted, longest first.
    pub queue: VecDeque<ObjectId>,
    /// Who listens, for `SO_PEERCRED` of unix sockets.
    pub credentials: Credentials,
}

impl Listening {
    /// Whether another connection has to wait.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() > self.backlog
    }
}

/// A backlog as `listen` understands it: negative numbers are very large ones.
pub(super) fn backlog(asked: i32) -> usize {
    if asked < 0 { SOMAXCONN as usize } else { asked.min(SOMAXCONN) as usize }
}

impl Kernel {
    /// Makes a TCP socket listen, or changes its backlog.
    pub(super) fn tcp_listen(&mut self, id: ObjectId, backlog: usize) -> Result<(), Errno> {
        let wildcard = self.wildcard(id);
        let socket = self.socket_mut(id);
        if let Some(listening) = socket.listening_mut() {
            listening.backlog = backlog;
            return Ok(());
        }
        match socket.tcp().map(|t| &t.state) {
            Some(State::Closed { .. }) => {}
            Some(_) => return Err(EINVAL),
            None => return Err(EOPNOTSUPP),
        }
        if socket.local.is_none() {
            self.bind_ephemeral(id, wildcard)?;
        }
        if self.listen_conflict(id) {
            return Err(EADDRINUSE);
        }
        let socket = self.socket_mut(id);
        let (service, port) = (socket.service, socket.local.map_or(0, |l| l.port()));
        let listening = Listening { backlog, ..Listening::default() };
        socket.tcp_mut().expect("seen above").state = State::Listening(listening);
        self.net.ports.add_listener(service, port, id);
        self.causes.mark(Spot::Listener(id));
        Ok(())
    }
    /// Stops listening; connections in the queue are reset.
    pub(super) fn stop_listening(&mut self, id: ObjectId) {
        let socket = self.socket_mut(id);
        let (service, port) = (socket.service, socket.local.map_or(0, |l| l.port()));
        let Some(tcp) = socket.tcp_mut() else { return };
        let old = std::mem::replace(&mut tcp.state, State::Closed { failed: false });
        self.net.ports.remove_listener(service, port, id);
        if let State::Listening(listening) = old {
            for child in listening.queue {
                self.tcp_leave(child, true);
                self.socket_close(child);
            }
        }
    }
    /// The SYN of a connection has reached the host it is for.
    pub(super) fn syn_arrived(&mut self, id: ConnectionId) {
        let Some(connection) = self.net.connections.get(&id) else {
            return;
        };
        let (client, server) = (&connection.sides[0], &connection.sides[1]);
        let (from, to, localhost) = (client.service, server.service, connection.localhost);
        let (source, target) = (client.local, client.peer);
        if self.power.is_down(to) {
            return self.syn_dropped(id);
        }
        let found = self.net.destinations(to, target.ip(), localhost).into_iter().find_map(|ip| {
            let listener = self.listener_at(to, SocketAddr::new(ip, target.port()), source.port())?;
            Some((ip, listener))
        });
        let Some((ip, listener)) = found else {
            return self.send_segment(id, 0, Segment::Reset);
        };
        if self.socket(listener).and_then(|s| s.listening()).is_none_or(Listening::is_full) {
            return self.syn_dropped(id);
        }
        let local = SocketAddr::new(ip, target.port());
        let peer = SocketAddr::new(self.net.seen_source(from, source.ip(), ip, localhost), source.port());
        let parent = self.socket_mut(listener);
        let state = State::Connected { connection: id, side: 1, reported: true };
        let (domain, kind, protocol) = (parent.domain, parent.kind, parent.protocol);
        let options = parent.options.clone();
        let mut child = Socket::new(to, domain, kind, protocol, Body::Tcp(Tcp { state }));
        child.options = options;
        child.local = Some(local);
        let child = self.add_socket(child);
        self.net.ports.add(to, super::port::Transport::Tcp, local.port(), child);
        if let Some(side) = self.net.side_mut(id, 1) {
            side.socket = Some(child);
            (side.local, side.peer) = (local, peer);
        }
        self.socket_mut(listener).listening_mut().expect("seen above").queue.push_back(child);
        self.causes.copy(Spot::Listener(listener), Spot::Granted(id));
        self.object_changed(listener);
        self.send_segment(id, 0, Segment::Established);
    }
    /// Takes the connection that has waited longest: `EAGAIN` if there is none, `EINVAL` if the socket does not
    /// listen.
    pub(super) fn accept_next(&mut self, id: ObjectId) -> Result<ObjectId, Errno> {
        let socket = self.socket_mut(id);
        if !socket.is_stream() && socket.kind != libc::SOCK_SEQPACKET {
            return Err(EOPNOTSUPP);
        }
        let listening = socket.listening_mut().ok_or(EINVAL)?;
        let was_full = listening.is_full();
        let child = listening.queue.pop_front().ok_or(EAGAIN)?;
        match self.connection_of(child) {
            Some((connection, _)) => self.causes.drain(Spot::Wanted(connection)),
            None => self.causes.drain(Spot::Queued(child)),
        }
        if was_full {
            // Unix clients wait for a place in the queue.
            self.object_changed(id);
        }
        Ok(child)
    }
}
