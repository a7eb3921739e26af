//! What other parts of the kernel ask of the network about whole hosts: who is at the other end of a socket, and what
//! remains of the connections of a machine that loses its power.

use crate::caller::Caller;
use crate::file::Object;
use crate::net::address::read_address;
use crate::net::connection::ConnectionId;
use crate::net::name::Address;
use crate::net::socket::Body;
use crate::net::tcp::State;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Label, ServiceId};
use std::net::SocketAddr;

/// The host that a `connect` of the caller is for; its address is in this argument, the length in the next.
pub(crate) fn connect_target(c: &mut Caller<'_>, argument: usize) -> Option<ServiceId> {
    match read_address(c, c.arg(argument), c.int(argument + 1)).ok()? {
        Address::Inet { address, .. } => c.k.host_behind(c.service(), address),
        _ => None,
    }
}

/// Where a `connect` of the caller leads, as a host and a port; its address is in this argument, the length in the next.
pub(crate) fn connect_label(c: &mut Caller<'_>, argument: usize) -> Option<Label> {
    match read_address(c, c.arg(argument), c.int(argument + 1)).ok()? {
        Address::Inet { address, .. } => Some(match c.k.host_behind(c.service(), address) {
            Some(host) => Label::from(format!("{}:{}", c.k.service(host).name, address.port())),
            None => Label::from(address.to_string()),
        }),
        _ => None,
    }
}

impl Kernel {
    /// The host that an address leads to from another, through `localhost` of declared ports too.
    fn host_behind(&self, from: ServiceId, to: SocketAddr) -> Option<ServiceId> {
        let route = self.net.route(from, to.ip()).ok()?;
        let elsewhere = (route.to == from && route.address.is_loopback() && self.listener_at(from, to, 0).is_none())
            .then(|| self.net.declared(from, to.port()))
            .flatten();
        Some(elsewhere.unwrap_or(route.to))
    }
    /// The other end of a connected socket: its host and its address as this side sees it.
    fn peer_of(&self, id: ObjectId) -> Option<(ServiceId, SocketAddr)> {
        let socket = self.socket(id)?;
        match &socket.body {
            Body::Tcp(_) => {
                let (connection, side) = self.side_of(id)?;
                let connection = self.net.connections.get(&connection)?;
                Some((connection.sides[1 - side].service, connection.sides[side].peer))
            }
            Body::Udp(udp) => {
                let peer = udp.peer?;
                Some((self.host_behind(socket.service, peer)?, peer))
            }
            Body::Unix(_) | Body::Netlink(_) => None,
        }
    }
    /// The host at the other end of a socket.
    pub(crate) fn peer_host(&self, id: ObjectId) -> Option<ServiceId> {
        self.peer_of(id).map(|(host, _)| host)
    }
    /// How a socket is named in events: the other end as `service:port`.
    pub(crate) fn socket_label(&mut self, id: ObjectId) -> Option<Label> {
        let side = self.side_of(id);
        if let Some((connection, side)) = side
            && let Some(label) = &self.net.connections.get(&connection)?.sides[side].label
        {
            return Some(label.share());
        }
        let (host, address) = self.peer_of(id)?;
        let label = Label::from(format!("{}:{}", self.service(host).name, address.port()));
        // Every call on a connection asks.
        if let Some((connection, side)) = side
            && let Some(state) = self.net.side_mut(connection, side)
        {
            state.label = Some(label.share());
        }
        Some(label)
    }
    /// The connection of a TCP socket, and which side of it that is.
    fn side_of(&self, id: ObjectId) -> Option<(ConnectionId, usize)> {
        match &self.socket(id)?.tcp()?.state {
            State::Connected { connection, side, .. } => Some((*connection, *side)),
            State::Connecting(connection) => Some((*connection, 0)),
            State::Closed { .. } | State::Listening(_) => None,
        }
    }

    /// A machine loses its power: its sockets are gone without a word to anybody.
    pub(crate) fn silence_sockets(&mut self, service: ServiceId) {
        let of_service = |object: &Object| matches!(object, Object::Socket(s) if s.service == service);
        let sockets: Vec<ObjectId> =
            self.files.objects.iter().filter(|(_, o)| of_service(o)).map(|(id, _)| id).collect();
        for id in sockets {
            // One that waited to be accepted went with its listener.
            if self.socket(id).is_none() {
                continue;
            }
            let port = self.socket(id).and_then(|s| s.local).map_or(0, |l| l.port());
            let Some(tcp) = self.socket_mut(id).tcp_mut() else { continue };
            match std::mem::replace(&mut tcp.state, State::Closed { failed: false }) {
                State::Connected { connection, side, .. } => self.abandon(connection, side),
                State::Connecting(connection) => self.abandon(connection, 0),
                State::Listening(listening) => {
                    self.net.ports.remove_listener(service, port, id);
                    // They are sockets of this service too, which no descriptor refers to yet.
                    for child in listening.queue {
                        if let Some(State::Connected { connection, side, .. }) =
                            self.socket(child).and_then(|s| s.tcp()).map(|t| &t.state)
                        {
                            let (connection, side) = (*connection, *side);
                            self.abandon(connection, side);
                        }
                        if let Some(tcp) = self.socket_mut(child).tcp_mut() {
                            tcp.state = State::Closed { failed: false };
                        }
                        self.socket_close(child);
                    }
                }
                State::Closed { .. } => {}
            }
        }
    }
    /// One side of a connection is no longer there, and the other does not know.
    fn abandon(&mut self, connection: ConnectionId, side: usize) {
        if let Some(state) = self.net.side_mut(connection, side) {
            state.socket = None;
            state.received.clear();
        }
        self.settle_connection(connection);
    }
}
