//! The network: stub.
use crate::world::{Config, Kernel};

/// Hosts, links and protocols of a world.
#[derive(Debug, Default)]
pub struct Network {}

impl Network {
    /// A network with the hosts of the configuration.
    pub fn new(_config: &Config) -> Network {
        Network {}
    }
}

/// A socket.
#[derive(Debug, Default)]
pub struct Socket {}

/// Something armed on the clock by the network, e.g. the arrival of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetTimer {
    /// Placeholder.
    Arrival,
}

impl Kernel {
    /// A network timer is due.
    pub(crate) fn net_timer(&mut self, _timer: NetTimer) {}
}

impl Network {
    /// The IPv4 address of a service's host.
    pub fn address(&self, service: model::ServiceId) -> u32 {
        0x0a00_0001 + u32::from(service.0)
    }
}

impl Kernel {
    /// A new stream socket on a service's host.
    pub(crate) fn tcp_open(&mut self, _service: model::ServiceId) -> crate::wait::ObjectId {
        unreachable!()
    }
    /// Starts or continues a connect without parking: `EINPROGRESS` or `EALREADY` while it is under way.
    pub(crate) fn tcp_connect(&mut self, _socket: crate::wait::ObjectId, _address: u32, _port: u16) -> Result<(), model::Errno> {
        Err(crate::abi::errno::ENOSYS)
    }
    /// Sends without parking: `EAGAIN` when the connection is full.
    pub(crate) fn stream_send(&mut self, _socket: crate::wait::ObjectId, _bytes: &[u8]) -> Result<usize, model::Errno> {
        Err(crate::abi::errno::ENOSYS)
    }
    /// Receives without parking: `EAGAIN` when nothing has arrived, empty at the end of the stream.
    pub(crate) fn stream_receive(&mut self, _socket: crate::wait::ObjectId, _max: usize) -> Result<Vec<u8>, model::Errno> {
        Err(crate::abi::errno::ENOSYS)
    }
    /// Closes a socket that no descriptor refers to.
    pub(crate) fn socket_close(&mut self, _socket: crate::wait::ObjectId) {}
}

/// `read`, `readv`, `recv*` of a socket into guest memory at these (address, length) ranges.
pub(crate) fn receive(_c: &mut crate::Caller<'_>, _file: crate::file::FileId, _into: &[(u64, u64)], _flags: i32) -> crate::Sys {
    Err(crate::abi::errno::ENOSYS)
}
/// `write`, `writev`, `send*` of a socket from guest memory at these (address, length) ranges.
pub(crate) fn transmit(_c: &mut crate::Caller<'_>, _file: crate::file::FileId, _from: &[(u64, u64)], _flags: i32) -> crate::Sys {
    Err(crate::abi::errno::ENOSYS)
}
impl Kernel {
    /// Readiness of a socket as `EPOLL*` bits.
    pub(crate) fn socket_readiness(&self, _socket: crate::wait::ObjectId) -> u32 {
        0
    }
}
