//! The network of a world: hosts, the links between them, and the protocols that sockets speak.
//!
//! ```text
//!   calls, message, options        what guests ask for (system calls)
//!        │            driver       what the driver's tasks ask for (requests)
//!        ▼              ▼
//!   socket ─── tcp + listen + stream │ udp │ unix │ netlink      one module per protocol
//!        │
//!        ▼
//!   port (who is bound where) ── route (which host has this address) ── link (how long a segment travels)
//! ```
//!
//! * Every service is a host with the address [`Network::address`], alone behind its own loopback. Hosts reach each
//!   other and nothing else: any other address is `ENETUNREACH` at once, because the world is closed.
//! * What crosses from host to host takes one latency of the [link](link), which is a choice. What stays on a host
//!   arrives within the call that sent it.
//! * A protocol never wakes a thread by itself: it changes its state and calls [`Kernel::object_changed`].

mod address;
mod calls;
mod connection;
mod control;
mod driver;
mod interface;
mod link;
mod listen;
mod message;
mod name;
mod netlink;
mod options;
mod overhear;
mod packet;
mod port;
mod power;
mod receive;
mod resolver;
mod route;
mod socket;
mod stream;
mod tcp;
mod transfer;
mod udp;
mod unix;
mod urgent;

#[cfg(test)]
mod tests;

pub(crate) use calls::*;
pub use connection::ConnectionId;
pub(crate) use interface::interface;
pub use link::{BASE_LATENCY, LATENCIES, Link};
pub(crate) use message::{recvfrom, recvmmsg, recvmsg, sendmmsg, sendmsg, sendto};
pub(crate) use options::{getsockopt, setsockopt};
pub(crate) use power::{connect_label, connect_target};
pub(crate) use receive::receive;
pub use socket::Socket;
pub(crate) use transfer::transmit;

use crate::dense::Dense;
use crate::wait::ObjectId;
use crate::world::{Config, Kernel};
use connection::Connection;
use model::ServiceId;
use name::Names;
use port::Ports;
use std::collections::BTreeMap;
use udp::Datagram;

/// Hosts, links and protocols of a world.
#[derive(Debug, Default)]
pub struct Network {
    /// How many hosts there are.
    hosts: u16,
    /// Ports that services declare, in the order of the services: `localhost:PORT` elsewhere leads there.
    declared: Vec<(u16, ServiceId)>,
    /// Links that differ from the ordinary, by (from, to).
    links: BTreeMap<(ServiceId, ServiceId), Link>,
    /// Who is bound and who listens.
    ports: Ports,
    /// TCP connections, from the first SYN until both ends are closed.
    connections: Dense<ConnectionId, Connection>,
    next_connection: u32,
    /// Names of unix sockets.
    names: Names,
}

/// Something armed on the clock by the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetTimer {
    /// The first segment of a connection reaches the host it is for.
    Syn(ConnectionId),
    /// A connect that heard nothing tries again, or gives up.
    SynRetry(ConnectionId),
    /// The oldest segment in flight towards one side of a connection arrives.
    Segment(ConnectionId, usize),
    /// A datagram arrives.
    Datagram(Box<Datagram>),
    /// A connected datagram socket learns that nobody listens at its peer's port.
    Unreachable(ObjectId),
    /// A link that was cut for a while may be whole again.
    Mended(ServiceId, ServiceId),
}

impl Network {
    /// A network with the hosts of the configuration.
    pub fn new(config: &Config) -> Network {
        let declared = config.hosts.iter().zip(0..);
        let declared = declared.flat_map(|(host, n)| host.ports.iter().map(move |port| (*port, ServiceId(n))));
        Network { hosts: config.hosts.len() as u16, declared: declared.collect(), ..Network::default() }
    }
    /// The IPv4 address of a service's host.
    pub fn address(&self, service: ServiceId) -> u32 {
        0x0a00_0001 + u32::from(service.0)
    }
}

impl Kernel {
    /// A network timer is due.
    pub(crate) fn net_timer(&mut self, timer: NetTimer) {
        match timer {
            NetTimer::Syn(connection) => self.syn_arrived(connection),
            NetTimer::SynRetry(connection) => self.syn_retry(connection),
            NetTimer::Segment(connection, side) => self.segment_due(connection, side),
            NetTimer::Datagram(datagram) => self.datagram_arrived(*datagram),
            NetTimer::Unreachable(socket) => self.datagram_refused(socket),
            NetTimer::Mended(from, to) => self.link_mended(from, to),
        }
    }
}
