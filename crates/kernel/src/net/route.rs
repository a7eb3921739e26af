//! Routes: which host an address belongs to, seen from a host.
//!
//! ```text
//!   127.0.0.0/8, ::1, the own address, unspecified ──> the own host
//!   127.0.0.0/8, ::1 at a port where nothing of the own host listens ──> the service that declares the port
//!   10.0.0.(1+n) ──> host n
//!   anything else ──> ENETUNREACH
//! ```

use crate::abi::errno::ENETUNREACH;
use crate::net::Network;
use model::{Errno, ServiceId};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The IPv4 loopback address.
pub(super) const LOOPBACK_V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The IPv6 loopback address.
pub(super) const LOOPBACK_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The host.
    pub to: ServiceId,
    /// The address that was meant: unspecified addresses mean the loopback.
    pub address: IpAddr,
    /// The sender's address on this route.
    pub source: IpAddr,
    /// Arrive like a client on the receiving host itself, through its loopback. This is how `localhost:PORT` of
    /// another service looks there, and the driver, which stands for the users in front of the machine: programs
    /// that only listen on or only trust their loopback (redis and postgres by default) serve both.
    pub localhost: bool,
}

impl Network {
    /// A host's address as the standard library has it.
    pub(super) fn ip(&self, service: ServiceId) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(self.address(service)))
    }
    /// The host with an address.
    pub(super) fn host_at(&self, ip: IpAddr) -> Option<ServiceId> {
        let IpAddr::V4(ip) = ip else { return None };
        let n = u32::from(ip).checked_sub(self.address(ServiceId(0)))?;
        (n < u32::from(self.hosts)).then_some(ServiceId(n as u16))
    }
    /// Whether a host may bind to an address.
    pub(super) fn is_own(&self, service: ServiceId, ip: IpAddr) -> bool {
        ip.is_unspecified() || ip.is_loopback() || self.host_at(ip) == Some(service)
    }
    /// Where an address leads from a host.
    pub(super) fn route(&self, from: ServiceId, ip: IpAddr) -> Result<Route, Errno> {
        let address = match ip {
            IpAddr::V4(v4) if v4.is_unspecified() => LOOPBACK_V4,
            IpAddr::V6(v6) if v6.is_unspecified() => LOOPBACK_V6,
            _ => ip,
        };
        if address.is_loopback() {
            let source = if address.is_ipv4() { LOOPBACK_V4 } else { LOOPBACK_V6 };
            return Ok(Route { to: from, address, source, localhost: false });
        }
        let to = self.host_at(address).ok_or(ENETUNREACH)?;
        Ok(Route { to, address, source: self.ip(from), localhost: from.is_driver() && to != from })
    }
    /// The service that another service's `localhost:PORT` leads to.
    pub(super) fn declared(&self, from: ServiceId, port: u16) -> Option<ServiceId> {
        self.declared.iter().find(|(p, service)| *p == port && *service != from).map(|(_, service)| *service)
    }
    /// The addresses under which a segment looks for a socket on the host it reached, best first.
    pub(super) fn destinations(&self, to: ServiceId, address: IpAddr, localhost: bool) -> Vec<IpAddr> {
        match (localhost, address.is_ipv6()) {
            (false, _) => vec![address],
            (true, false) => vec![LOOPBACK_V4, LOOPBACK_V6, self.ip(to)],
            (true, true) => vec![LOOPBACK_V6, LOOPBACK_V4, self.ip(to)],
        }
    }
    /// The sender's address as the receiving host sees it, for what was found under `destination`.
    pub(super) fn seen_source(&self, from: ServiceId, source: IpAddr, destination: IpAddr, localhost: bool) -> IpAddr {
        match (localhost, destination.is_loopback()) {
            (true, true) => destination,
            (true, false) => self.ip(from),
            (false, _) => source,
        }
    }
}
