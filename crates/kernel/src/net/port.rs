//! Ports: which socket is bound where, ephemeral ports, and who gets what arrives.

use crate::abi::errno::{EADDRINUSE, EADDRNOTAVAIL, EINVAL};
use crate::net::socket::Socket;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Errno, ServiceId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// First ephemeral port.
pub(super) const EPHEMERAL_FIRST: u16 = 32_768;
/// How many ephemeral ports a host has.
const EPHEMERAL_COUNT: u16 = 28_232;
/// Hosts start so far apart, so that clients of different hosts seldom have the same port: a server that sees them
/// all as `127.0.0.1` can tell them apart.
const EPHEMERAL_STRIDE: u16 = 1_024;

/// A protocol with ports of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// UDP-Lite.
    UdpLite,
}

/// Who is bound and who listens.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    bound: BTreeMap<(ServiceId, Transport, u16), BTreeSet<ObjectId>>,
    listening: BTreeMap<(ServiceId, u16), Vec<ObjectId>>,
    cursor: BTreeMap<ServiceId, u16>,
}

impl Ports {
    pub(super) fn add(&mut self, service: ServiceId, transport: Transport, port: u16, socket: ObjectId) {
        self.bound.entry((service, transport, port)).or_default().insert(socket);
    }
    pub(super) fn remove(&mut self, service: ServiceId, transport: Transport, port: u16, socket: ObjectId) {
        if let Some(set) = self.bound.get_mut(&(service, transport, port)) {
            set.remove(&socket);
            if set.is_empty() {
                self.bound.remove(&(service, transport, port));
            }
        }
    }
    pub(super) fn add_listener(&mut self, service: ServiceId, port: u16, socket: ObjectId) {
        self.listening.entry((service, port)).or_default().push(socket);
    }
    pub(super) fn remove_listener(&mut self, service: ServiceId, port: u16, socket: ObjectId) {
        if let Some(list) = self.listening.get_mut(&(service, port)) {
            list.retain(|s| *s != socket);
            if list.is_empty() {
                self.listening.remove(&(service, port));
            }
        }
    }
    pub(super) fn at(&self, service: ServiceId, transport: Transport, port: u16) -> impl Iterator<Item = ObjectId> {
        self.bound.get(&(service, transport, port)).into_iter().flatten().copied()
    }
    /// The next ephemeral port that nobody uses.
    fn ephemeral(&mut self, service: ServiceId, transport: Transport) -> Option<u16> {
        let start = (u32::from(service.0) * u32::from(EPHEMERAL_STRIDE) % u32::from(EPHEMERAL_COUNT)) as u16;
        let cursor = self.cursor.entry(service).or_insert(start);
        for _ in 0..EPHEMERAL_COUNT {
            let port = EPHEMERAL_FIRST + *cursor;
            *cursor = (*cursor + 1) % EPHEMERAL_COUNT;
            if !self.bound.contains_key(&(service, transport, port)) {
                return Some(port);
            }
        }
        None
    }
}

/// How well a bound address fits a destination: 0 not at all, else the more specific the higher.
fn fit(local: SocketAddr, v6only: bool, destination: IpAddr) -> u32 {
    match (local.ip(), destination) {
        (bound, wanted) if bound == wanted => 3,
        (IpAddr::V4(bound), IpAddr::V4(_)) if bound.is_unspecified() => 2,
        (IpAddr::V6(bound), IpAddr::V6(_)) if bound.is_unspecified() => 2,
        (IpAddr::V6(bound), IpAddr::V4(_)) if bound.is_unspecified() && !v6only => 1,
        _ => 0,
    }
}

fn overlap(a: &Socket, b: &Socket) -> bool {
    let (Some(at), Some(bt)) = (a.local, b.local) else {
        return false;
    };
    if at.ip().is_unspecified() && at.is_ipv4() == bt.is_ipv4() {
        return true;
    }
    fit(at, a.options.v6only(), bt.ip()) > 0 || fit(bt, b.options.v6only(), at.ip()) > 0
}

impl Kernel {
    /// Binds an internet socket.
    pub(super) fn bind_inet(&mut self, id: ObjectId, to: SocketAddr) -> Result<(), Errno> {
        let Some(socket) = self.socket(id) else {
            return Err(EINVAL);
        };
        let Some(transport) = socket.transport() else {
            return Err(EINVAL);
        };
        if socket.local.is_some() {
            return Err(EINVAL);
        }
        let service = socket.service;
        if !self.net.is_own(service, to.ip()) && !socket.options.freebind() {
            return Err(EADDRNOTAVAIL);
        }
        let port = match to.port() {
            0 => self.net.ports.ephemeral(service, transport).ok_or(EADDRINUSE)?,
            port => port,
        };
        self.socket_mut(id).local = Some(SocketAddr::new(to.ip(), port));
        if to.port() != 0 && self.bind_conflict(id, transport, service, port) {
            self.socket_mut(id).local = None;
            return Err(EADDRINUSE);
        }
        self.net.ports.add(service, transport, port, id);
        Ok(())
    }
    /// Binds an unbound socket to an ephemeral port of this address.
    pub(super) fn bind_ephemeral(&mut self, id: ObjectId, ip: IpAddr) -> Result<(), Errno> {
        let Some(socket) = self.socket(id) else {
            return Err(EINVAL);
        };
        let (service, Some(transport)) = (socket.service, socket.transport()) else {
            return Err(EINVAL);
        };
        let port = self.net.ports.ephemeral(service, transport).ok_or(EADDRNOTAVAIL)?;
        self.socket_mut(id).local = Some(SocketAddr::new(ip, port));
        self.net.ports.add(service, transport, port, id);
        Ok(())
    }
    /// A connect fixes a socket's own address: its port if it has none, its address if it has no particular one.
    pub(super) fn fix_local(&mut self, id: ObjectId, source: IpAddr) -> Result<SocketAddr, Errno> {
        let local = self.socket_mut(id).local;
        let fixed = match local {
            None => {
                self.bind_ephemeral(id, source)?;
                self.socket_mut(id).local.expect("just bound")
            }
            Some(local) if local.ip().is_unspecified() => SocketAddr::new(source, local.port()),
            Some(local) => return Ok(local),
        };
        let socket = self.socket_mut(id);
        (socket.local, socket.unconnected) = (Some(fixed), Some(local));
        Ok(fixed)
    }
    /// The connect has failed or was dissolved: the socket is bound again as it was before.
    pub(super) fn unfix_local(&mut self, id: ObjectId) {
        let socket = self.socket_mut(id);
        let Some(before) = socket.unconnected.take() else {
            return;
        };
        let fixed = std::mem::replace(&mut socket.local, before);
        if let (None, Some(fixed), Some(transport)) = (before, fixed, socket.transport()) {
            let service = socket.service;
            self.net.ports.remove(service, transport, fixed.port(), id);
        }
    }
    /// The address a socket is bound to before it is told where.
    pub(super) fn wildcard(&self, id: ObjectId) -> IpAddr {
        match self.socket(id).map(|s| s.domain) {
            Some(libc::AF_INET6) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
            _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }
    }
    fn bind_conflict(&self, id: ObjectId, transport: Transport, service: ServiceId, port: u16) -> bool {
        let Some(new) = self.socket(id) else { return false };
        self.net.ports.at(service, transport, port).filter_map(|other| self.socket(other)).any(|old| {
            let both = |name| new.options.flag(name) && old.options.flag(name);
            let shared = both(libc::SO_REUSEADDR) && (transport != Transport::Tcp || !old.is_listening());
            overlap(new, old) && !shared && !both(libc::SO_REUSEPORT)
        })
    }
    /// Whether another socket already listens where this one is bound.
    pub(super) fn listen_conflict(&self, id: ObjectId) -> bool {
        let Some(new) = self.socket(id) else { return false };
        let Some(local) = new.local else { return false };
        let list = self.net.ports.listening.get(&(new.service, local.port()));
        list.into_iter().flatten().filter(|other| **other != id).filter_map(|other| self.socket(*other)).any(|old| {
            let shared = new.options.flag(libc::SO_REUSEPORT) && old.options.flag(libc::SO_REUSEPORT);
            overlap(new, old) && !shared
        })
    }
    /// The listener for a destination. Several that share a port take turns by the client's port.
    pub(super) fn listener_at(&self, service: ServiceId, to: SocketAddr, client_port: u16) -> Option<ObjectId> {
        let list = self.net.ports.listening.get(&(service, to.port()))?;
        let fits = |id: &ObjectId| {
            self.socket(*id).and_then(|s| Some(fit(s.local?, s.options.v6only(), to.ip()))).unwrap_or(0)
        };
        let best = list.iter().map(fits).max().filter(|fit| *fit > 0)?;
        let group: Vec<ObjectId> = list.iter().filter(|id| fits(id) == best).copied().collect();
        Some(group[usize::from(client_port) % group.len()])
    }
    /// The datagram socket for a destination: one connected to the sender before others, then the most specific, then
    /// the oldest.
    pub(super) fn datagram_socket_at(
        &self,
        transport: Transport,
        service: ServiceId,
        to: SocketAddr,
        from: SocketAddr,
    ) -> Option<ObjectId> {
        let mut best: Option<(u32, ObjectId)> = None;
        for id in self.net.ports.at(service, transport, to.port()) {
            let Some(socket) = self.socket(id) else { continue };
            let Some(local) = socket.local else { continue };
            let fit = fit(local, socket.options.v6only(), to.ip());
            let score = match socket.udp().and_then(|u| u.peer) {
                _ if fit == 0 => continue,
                Some(peer) if peer == from => fit + 10,
                Some(_) => continue,
                None => fit,
            };
            if best.is_none_or(|(s, _)| score > s) {
                best = Some((score, id));
            }
        }
        best.map(|(_, id)| id)
    }
}
