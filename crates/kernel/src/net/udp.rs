//! UDP: datagrams that travel one latency and are lost only when the receiver's buffer is full or a link is cut.

use crate::abi::errno::*;
use crate::net::NetTimer;
use crate::net::name::Address;
use crate::net::port::Transport;
use crate::net::resolver;
use crate::net::socket::{HUP, IN, OUT, RDHUP, Received};
use crate::time::TimerAction;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::causality::{Stamp, Via};
use model::{Errno, ServiceId, VirtualDuration, VirtualTime};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The longest datagram.
pub(super) const DATAGRAM_MAX: usize = 65_507;
/// What a queued datagram costs besides its bytes, so that empty ones fill a buffer too.
const OVERHEAD: usize = 256;

/// A UDP socket.
#[derive(Debug, Default)]
pub(crate) struct Udp {
    /// The only peer it talks to, if it is connected.
    pub peer: Option<SocketAddr>,
    /// `shutdown(SHUT_RD)`.
    pub read_shut: bool,
    /// `shutdown(SHUT_WR)`.
    pub write_shut: bool,
    received: VecDeque<Queued>,
    queued: usize,
}

/// What the header of a datagram says besides addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Class {
    /// How many routers it may pass.
    pub hops: i32,
    /// Type of service, or traffic class.
    pub service: i32,
}

#[derive(Debug)]
struct Queued {
    bytes: Vec<u8>,
    cause: Stamp,
    class: Class,
    arrived: VirtualTime,
    from: SocketAddr,
    to: SocketAddr,
}

/// A datagram under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    pub(super) bytes: Vec<u8>,
    cause: Stamp,
    class: Class,
    pub(super) transport: Transport,
    sender: ObjectId,
    pub(super) from: (ServiceId, SocketAddr),
    pub(super) to: (ServiceId, SocketAddr),
    localhost: bool,
}

impl Udp {
    /// Bytes of the next datagram.
    pub(super) fn available(&self) -> usize {
        self.received.front().map_or(0, |d| d.bytes.len())
    }
    /// Readiness, without the pending error.
    pub(super) fn readiness(&self) -> u32 {
        let readable = if self.received.is_empty() && !self.read_shut { 0 } else { IN };
        let ended = if self.read_shut { RDHUP } else { 0 };
        let hung_up = if self.read_shut && self.write_shut { HUP } else { 0 };
        OUT | readable | ended | hung_up
    }
}

impl Kernel {
    /// Fixes a datagram socket's peer, or dissolves the association.
    pub(super) fn udp_connect(&mut self, id: ObjectId, to: Option<SocketAddr>) -> Result<(), Errno> {
        let Some(to) = to else {
            self.socket_mut(id).udp_mut().ok_or(EINVAL)?.peer = None;
            self.unfix_local(id);
            return Ok(());
        };
        let service = self.socket_mut(id).service;
        let route = self.net.route(service, to.ip())?;
        self.fix_local(id, route.source)?;
        self.socket_mut(id).udp_mut().ok_or(EINVAL)?.peer = Some(SocketAddr::new(route.address, to.port()));
        Ok(())
    }
    /// Whether a datagram to this address may be sent at all, and the address it goes to.
    pub(super) fn udp_target(&mut self, id: ObjectId, to: Option<SocketAddr>) -> Result<SocketAddr, Errno> {
        if let Some(error) = self.take_error(id) {
            return Err(error);
        }
        let socket = self.socket_mut(id);
        let broadcast = socket.options.flag(libc::SO_BROADCAST);
        let udp = socket.udp_mut().ok_or(EINVAL)?;
        if udp.write_shut {
            return Err(EPIPE);
        }
        let to = to.or(udp.peer).ok_or(EDESTADDRREQ)?;
        if to.port() == 0 {
            return Err(EINVAL);
        }
        if to.ip() == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return Err(if broadcast { ENETUNREACH } else { EACCES });
        }
        Ok(to)
    }
    /// Sends a datagram.
    pub(super) fn udp_send(
        &mut self,
        id: ObjectId,
        bytes: Vec<u8>,
        to: SocketAddr,
        class: Class,
    ) -> Result<usize, Errno> {
        if bytes.len() > DATAGRAM_MAX {
            return Err(EMSGSIZE);
        }
        let service = self.socket_mut(id).service;
        let transport = self.socket_mut(id).transport().ok_or(EINVAL)?;
        let mut route = self.net.route(service, to.ip())?;
        if self.socket_mut(id).local.is_none() {
            let wildcard = self.wildcard(id);
            self.bind_ephemeral(id, wildcard)?;
        }
        let mut from = self.socket_mut(id).local.expect("bound above");
        if from.ip().is_unspecified() {
            from.set_ip(route.source);
        }
        let to = SocketAddr::new(route.address, to.port());
        let nobodys = route.to == service
            && route.address.is_loopback()
            && self.datagram_socket_at(transport, service, to, from).is_none();
        let other = if nobodys { self.who_asked(transport, service, to.port()) } else { None };
        if let Some(other) = other {
            (route.to, route.localhost) = (other, true);
        }
        let length = bytes.len();
        let localhost = route.localhost;
        let (from, to) = ((service, from), (route.to, to));
        let cause = self.causes.stamp();
        let datagram = Datagram { bytes, cause, class, transport, sender: id, from, to, localhost };
        if nobodys && other.is_none() && to.1.port() == resolver::PORT {
            self.ask_resolver(datagram);
        } else {
            self.send_datagram(datagram);
        }
        Ok(length)
    }
    /// Whom a host reaches at its loopback although nothing of its own is there: the driver, whose datagrams come from
    /// there, or the service that declares the port.
    fn who_asked(&self, transport: Transport, service: ServiceId, port: u16) -> Option<ServiceId> {
        let driver = ServiceId::DRIVER;
        let mut asked = self.net.ports.at(driver, transport, port).filter_map(|id| self.socket(id)?.udp()?.peer);
        let is_asked = asked.any(|peer| peer.ip() == self.net.ip(service));
        if is_asked { Some(driver) } else { self.net.declared(service, port) }
    }
    fn send_datagram(&mut self, datagram: Datagram) {
        let (from, to) = (datagram.from.0, datagram.to.0);
        if from == to {
            return self.datagram_arrived(datagram);
        }
        let fate = self.fate(from, to);
        if fate.cut || fate.lost || fate.reset {
            return;
        }
        let mut at = self.clock.now().after(self.latency(from, to)).after(fate.late);
        if !fate.overtaken {
            let link = self.net.link_mut(from, to);
            link.last_datagram = at.max(link.last_datagram);
            at = link.last_datagram;
        }
        if fate.twice {
            self.timers.arm(at, TimerAction::Net(NetTimer::Datagram(Box::new(datagram.clone()))));
        }
        self.timers.arm(at, TimerAction::Net(NetTimer::Datagram(Box::new(datagram))));
    }
    /// A datagram has reached the host it is for.
    pub(super) fn datagram_arrived(&mut self, datagram: Datagram) {
        let Datagram { bytes, cause, class, transport, sender, from, to, localhost } = datagram;
        let ((from, source), (to, target)) = (from, to);
        if self.power.is_down(to) {
            return;
        }
        let found = self.net.destinations(to, target.ip(), localhost).into_iter().find_map(|ip| {
            let seen = SocketAddr::new(self.net.seen_source(from, source.ip(), ip, localhost), source.port());
            let target = SocketAddr::new(ip, target.port());
            Some((self.datagram_socket_at(transport, to, target, seen)?, target, seen))
        });
        let Some((id, to_address, from_address)) = found else {
            return self.bounce(sender, from, to);
        };
        let arrived = self.clock.now();
        let socket = self.socket_mut(id);
        let room = socket.options.receive_buffer();
        let Some(udp) = socket.udp_mut() else { return };
        if udp.read_shut || udp.queued + bytes.len() + OVERHEAD > room {
            return;
        }
        udp.queued += bytes.len() + OVERHEAD;
        udp.received.push_back(Queued { bytes, cause, class, arrived, from: from_address, to: to_address });
        self.object_changed(id);
    }
    /// Nobody listens: a sender that is connected hears about it.
    fn bounce(&mut self, sender: ObjectId, from: ServiceId, to: ServiceId) {
        if self.socket(sender).and_then(|s| s.udp()).is_none_or(|u| u.peer.is_none()) || self.is_parted(to, from) {
            return;
        }
        let latency = self.latency(to, from);
        if latency == VirtualDuration::ZERO {
            return self.datagram_refused(sender);
        }
        let at = self.clock.now().after(latency);
        self.timers.arm(at, TimerAction::Net(NetTimer::Unreachable(sender)));
    }
    /// A connected datagram socket learns that nobody listens at its peer's port.
    pub(super) fn datagram_refused(&mut self, id: ObjectId) {
        if self.socket(id).and_then(|s| s.udp()).is_some_and(|u| u.peer.is_some()) {
            self.socket_mut(id).error = Some(ECONNREFUSED);
            self.object_changed(id);
        }
    }
    /// Takes (or peeks at) the next datagram.
    pub(super) fn udp_receive(&mut self, id: ObjectId, max: usize, peek: bool) -> Result<Received, Errno> {
        if let Some(error) = self.take_error(id) {
            return Err(error);
        }
        let socket = self.socket_mut(id);
        let v6 = socket.domain == libc::AF_INET6;
        let Some(udp) = socket.udp_mut() else {
            return Err(EINVAL);
        };
        let Some(next) = udp.received.front() else {
            return if udp.read_shut { Ok(Received::default()) } else { Err(EAGAIN) };
        };
        let received = Received {
            bytes: next.bytes[..next.bytes.len().min(max)].to_vec(),
            length: next.bytes.len(),
            from: Some(Address::Inet { address: next.from, v6 }),
            to: Some(next.to),
            class: next.class,
            arrived: next.arrived,
            ..Received::default()
        };
        let cause = next.cause;
        if !peek {
            udp.queued -= received.length + OVERHEAD;
            udp.received.pop_front();
        }
        self.causes.learn(cause, Via::Message);
        Ok(received)
    }
}
