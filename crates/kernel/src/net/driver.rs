//! Sockets without system calls: for the driver's tasks, and for calls that move bytes between descriptors.

use crate::abi::errno::{EAGAIN, EINPROGRESS, ENOTSOCK};
use crate::net::connection::Segment;
use crate::net::socket::{Body, Socket};
use crate::net::tcp::{State, Tcp};
use crate::net::transfer::SEGMENT_MAX;
use crate::net::udp::Udp;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Errno, ServiceId};
use std::net::{Ipv4Addr, SocketAddr};

impl Kernel {
    /// A new stream socket on a service's host.
    pub(crate) fn tcp_open(&mut self, service: ServiceId) -> ObjectId {
        let body = Body::Tcp(Tcp { state: State::Closed { failed: false } });
        self.add_socket(Socket::new(service, libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_TCP, body))
    }
    /// A datagram socket on the host `test` that talks to a port of a service.
    pub(crate) fn udp_to(&mut self, to: ServiceId, port: u16) -> Result<ObjectId, Errno> {
        let body = Body::Udp(Udp::default());
        let test = ServiceId::DRIVER;
        let socket = self.add_socket(Socket::new(test, libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_UDP, body));
        let address = SocketAddr::from((Ipv4Addr::from(self.net.address(to)), port));
        let result = self.udp_connect(socket, Some(address));
        if result.is_err() {
            self.socket_close(socket);
        }
        result.map(|()| socket)
    }
    /// Whether a socket sends and receives datagrams.
    pub(crate) fn is_datagram(&self, socket: ObjectId) -> bool {
        self.socket(socket).is_some_and(|s| matches!(s.body, Body::Udp(_)))
    }
    /// Sends one datagram to the socket's peer.
    pub(crate) fn datagram_send(&mut self, socket: ObjectId, bytes: Vec<u8>) -> Result<(), Errno> {
        let to = self.udp_target(socket, None)?;
        let class = self.socket(socket).ok_or(ENOTSOCK)?.options.class(false);
        self.udp_send(socket, bytes, to, class).map(drop)
    }
    /// Starts or continues a connect without parking: `EINPROGRESS` or `EALREADY` while it is under way.
    pub(crate) fn tcp_connect(&mut self, socket: ObjectId, address: u32, port: u16) -> Result<(), Errno> {
        self.tcp_connect_now(socket, SocketAddr::from((Ipv4Addr::from(address), port)))
    }
    /// The same for any address. On a host's own loopback a connect is over when it returns.
    pub(super) fn tcp_connect_now(&mut self, socket: ObjectId, to: SocketAddr) -> Result<(), Errno> {
        if self.tcp_connect_to(socket, to)? {
            return Ok(());
        }
        match self.socket(socket).and_then(|s| s.tcp()).map(|t| &t.state) {
            Some(State::Connecting(_)) => Err(EINPROGRESS),
            // Ask again for the outcome, so that it counts as told.
            _ => self.tcp_connect_to(socket, to).map(|_| ()),
        }
    }
    /// Sends without parking: `EAGAIN` when the connection is full.
    pub(crate) fn stream_send(&mut self, socket: ObjectId, bytes: &[u8]) -> Result<usize, Errno> {
        let room = self.stream_room(socket)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        let n = room.min(bytes.len()).min(SEGMENT_MAX);
        if n == 0 {
            return Err(EAGAIN);
        }
        match self.socket(socket).map(|s| &s.body) {
            Some(Body::Tcp(_)) => self.tcp_send(socket, Segment::Data(bytes[..n].to_vec())),
            Some(Body::Unix(_)) => self.unix_send_stream(socket, bytes[..n].to_vec()),
            _ => return Err(ENOTSOCK),
        }
        Ok(n)
    }
    /// Receives without parking: `EAGAIN` when nothing has arrived, empty at the end of the stream.
    pub(crate) fn stream_receive(&mut self, socket: ObjectId, max: usize) -> Result<Vec<u8>, Errno> {
        let received = self.socket_receive(socket, max, false)?;
        self.release_rights(received.rights);
        Ok(received.bytes)
    }
}
