//! Sockets: what all protocols have in common, and where the protocols part.

use crate::abi::errno::{EAGAIN, ENOTCONN, EOPNOTSUPP};
use crate::causality::Spot;
use crate::file::{FileId, Object};
use crate::net::listen::Listening;
use crate::net::name::Address;
use crate::net::netlink::Netlink;
use crate::net::options::Options;
use crate::net::port::Transport;
use crate::net::tcp::{State, Tcp};
use crate::net::udp::{Class, Udp};
use crate::net::unix::{Credentials, Unix};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::causality::Stamp;
use model::{Errno, ServiceId, VirtualTime};
use std::net::SocketAddr;

/// A socket.
#[derive(Debug)]
pub struct Socket {
    /// The host it is on.
    pub(super) service: ServiceId,
    /// `AF_*`.
    pub(super) domain: i32,
    /// `SOCK_*`.
    pub(super) kind: i32,
    /// `IPPROTO_*`.
    pub(super) protocol: i32,
    /// What `setsockopt` changes.
    pub(super) options: Options,
    /// What `SO_ERROR` shows; reported once.
    pub(super) error: Option<Errno>,
    /// Where an internet socket is bound.
    pub(super) local: Option<SocketAddr>,
    /// How it was bound before a connect fixed its address.
    pub(super) unconnected: Option<Option<SocketAddr>>,
    /// How many of the oldest bytes of a stream its reader was told of.
    pub(super) told: usize,
    /// What its protocol keeps.
    pub(super) body: Body,
}

/// What a protocol keeps for a socket.
#[derive(Debug)]
pub(crate) enum Body {
    /// A TCP socket.
    Tcp(Tcp),
    /// A UDP socket.
    Udp(Udp),
    /// A unix socket of any type.
    Unix(Unix),
    /// A route netlink socket.
    Netlink(Netlink),
}

/// What one receive brought.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// It is urgent data.
    pub urgent: bool,
    /// How long the whole message was; more than the bytes if they were cut.
    pub length: usize,
    /// Who sent it, for protocols that say so.
    pub from: Option<Address>,
    /// Where it was sent to, for `IP_PKTINFO`.
    pub to: Option<SocketAddr>,
    /// What its header said.
    pub class: Class,
    /// When it arrived.
    pub arrived: VirtualTime,
    /// Descriptions passed along; each holds a reference that is now the receiver's.
    pub rights: Vec<FileId>,
    /// Who sent it, for `SO_PASSCRED`.
    pub credentials: Option<Credentials>,
    /// The turns in which it was sent, of unix sockets.
    pub causes: Vec<Stamp>,
}

/// `EPOLL*` bits of a socket that can be read.
pub(super) const IN: u32 = (libc::EPOLLIN | libc::EPOLLRDNORM) as u32;
/// `EPOLL*` bits of a socket that can be written.
pub(super) const OUT: u32 = (libc::EPOLLOUT | libc::EPOLLWRNORM) as u32;
/// `EPOLL*` bit of a socket whose peer sends no more.
pub(super) const RDHUP: u32 = libc::EPOLLRDHUP as u32;
/// `EPOLL*` bit of a socket that is done in both directions.
pub(super) const HUP: u32 = libc::EPOLLHUP as u32;
/// `EPOLL*` bit of a socket with urgent data.
pub(super) const PRI: u32 = libc::EPOLLPRI as u32;
/// `EPOLL*` bit of a socket with a pending error.
pub(super) const ERR: u32 = libc::EPOLLERR as u32;

/// Whether a buffer counts as writable: a third of it is free, so that a sender is not woken for every few bytes.
pub(super) fn roomy(free: usize, capacity: usize) -> bool {
    free * 3 >= capacity && free > 0
}

impl Socket {
    /// A socket in its first state.
    pub(super) fn new(service: ServiceId, domain: i32, kind: i32, protocol: i32, body: Body) -> Socket {
        let options = Options::default();
        Socket { service, domain, kind, protocol, options, error: None, local: None, unconnected: None, told: 0, body }
    }
    /// Its TCP state, if it is a TCP socket.
    pub(super) fn tcp(&self) -> Option<&Tcp> {
        if let Body::Tcp(tcp) = &self.body { Some(tcp) } else { None }
    }
    /// The same, to be changed.
    pub(super) fn tcp_mut(&mut self) -> Option<&mut Tcp> {
        if let Body::Tcp(tcp) = &mut self.body { Some(tcp) } else { None }
    }
    /// Its UDP state, if it is a UDP socket.
    pub(super) fn udp(&self) -> Option<&Udp> {
        if let Body::Udp(udp) = &self.body { Some(udp) } else { None }
    }
    /// The same, to be changed.
    pub(super) fn udp_mut(&mut self) -> Option<&mut Udp> {
        if let Body::Udp(udp) = &mut self.body { Some(udp) } else { None }
    }
    /// Its unix state, if it is a unix socket.
    pub(super) fn unix(&self) -> Option<&Unix> {
        if let Body::Unix(unix) = &self.body { Some(unix) } else { None }
    }
    /// The same, to be changed.
    pub(super) fn unix_mut(&mut self) -> Option<&mut Unix> {
        if let Body::Unix(unix) = &mut self.body { Some(unix) } else { None }
    }
    /// The port space it lives in.
    pub(super) fn transport(&self) -> Option<Transport> {
        match self.body {
            Body::Tcp(_) => Some(Transport::Tcp),
            Body::Udp(_) if self.protocol == libc::IPPROTO_UDPLITE => Some(Transport::UdpLite),
            Body::Udp(_) => Some(Transport::Udp),
            Body::Unix(_) | Body::Netlink(_) => None,
        }
    }
    /// What it listens with, if it does.
    pub(super) fn listening_mut(&mut self) -> Option<&mut Listening> {
        match &mut self.body {
            Body::Tcp(Tcp { state: State::Listening(listening) }) => Some(listening),
            Body::Unix(unix) => unix.listening.as_mut(),
            _ => None,
        }
    }
    /// The same, to look at.
    pub(super) fn listening(&self) -> Option<&Listening> {
        match &self.body {
            Body::Tcp(Tcp { state: State::Listening(listening) }) => Some(listening),
            Body::Unix(unix) => unix.listening.as_ref(),
            _ => None,
        }
    }
    /// Whether it listens.
    pub(super) fn is_listening(&self) -> bool {
        self.listening().is_some()
    }
    /// Whether its bytes form a stream without message boundaries.
    pub(super) fn is_stream(&self) -> bool {
        self.kind == libc::SOCK_STREAM
    }
}

impl Kernel {
    /// A socket, if the object still exists.
    pub(super) fn socket(&self, id: ObjectId) -> Option<&Socket> {
        match self.files.objects.get(&id) {
            Some(Object::Socket(socket)) => Some(socket),
            #[allow(unreachable_patterns, reason = "objects of other kinds are not the network's")]
            _ => None,
        }
    }
    /// A socket that exists.
    ///
    /// # Panics
    /// If it does not.
    pub(super) fn socket_mut(&mut self, id: ObjectId) -> &mut Socket {
        match self.files.objects.get_mut(&id) {
            Some(Object::Socket(socket)) => socket,
            #[allow(unreachable_patterns, reason = "objects of other kinds are not the network's")]
            _ => panic!("the object is a socket"),
        }
    }
    /// Adds a socket.
    pub(super) fn add_socket(&mut self, socket: Socket) -> ObjectId {
        self.add_object(Object::Socket(Box::new(socket)))
    }
    /// Takes a socket's pending error.
    pub(super) fn take_error(&mut self, id: ObjectId) -> Option<Errno> {
        self.socket_mut(id).error.take()
    }
    /// Receives without parking: at most `max` bytes, left in place if `peek`. `EAGAIN` when nothing has arrived.
    pub(super) fn socket_receive(&mut self, id: ObjectId, max: usize, peek: bool) -> Result<Received, Errno> {
        let Some(socket) = self.socket(id) else {
            return Err(ENOTCONN);
        };
        match &socket.body {
            Body::Tcp(_) => {
                let bytes = self.tcp_receive(id, max, peek)?;
                Ok(Received { length: bytes.len(), bytes, ..Received::default() })
            }
            Body::Udp(_) => self.udp_receive(id, max, peek),
            Body::Unix(_) => self.unix_receive(id, max, peek),
            Body::Netlink(_) => self.netlink_receive(id, max, peek),
        }
    }
    /// Bytes that could be read now (`FIONREAD`): of a stream all, else those of the next message.
    pub(crate) fn socket_available(&self, id: ObjectId) -> usize {
        let Some(socket) = self.socket(id) else { return 0 };
        match &socket.body {
            Body::Tcp(_) => self.tcp_available(id),
            Body::Udp(udp) => udp.available(),
            Body::Unix(unix) => unix.available(socket.is_stream()),
            Body::Netlink(netlink) => netlink.available(),
        }
    }
    /// The same, for a program that is told of them (`FIONREAD`, `MSG_PEEK`) and may count on them.
    pub(crate) fn socket_tell(&mut self, id: ObjectId) -> usize {
        let available = match self.tcp_unread(id) {
            Some(unread) => unread,
            None => self.socket_available(id),
        };
        self.socket_mut(id).told = available;
        available
    }
    /// Readiness of a socket as `EPOLL*` bits.
    pub(crate) fn socket_readiness(&self, id: ObjectId) -> u32 {
        let Some(socket) = self.socket(id) else { return HUP };
        let error = if socket.error.is_some() { ERR } else { 0 };
        error
            | match &socket.body {
                Body::Tcp(tcp) => self.tcp_readiness(tcp, &socket.options),
                Body::Udp(udp) => udp.readiness(),
                Body::Unix(unix) => self.unix_readiness(socket, unix),
                Body::Netlink(netlink) => netlink.readiness(),
            }
    }
    /// Somebody gives a socket up: whoever finds at its other end that nothing more comes learns of that.
    pub(crate) fn socket_ends_for_peer(&mut self, id: ObjectId) {
        if let Some((connection, side)) = self.connection_of(id) {
            self.causes.mark(Spot::Closing(connection, 1 - side));
        } else if let Some(peer) = self.socket(id).and_then(|s| s.unix()).and_then(|u| u.peer) {
            self.causes.mark(Spot::Ending(peer));
        }
    }
    /// Closes a socket that no descriptor refers to; nothing happens if it is gone.
    pub(crate) fn socket_close(&mut self, id: ObjectId) {
        self.socket_ends_for_peer(id);
        let Some(socket) = self.socket(id) else { return };
        match &socket.body {
            Body::Tcp(_) => self.tcp_close(id),
            Body::Udp(_) => {}
            Body::Unix(_) => self.unix_close(id),
            Body::Netlink(_) => {}
        }
        let Some(socket) = self.socket(id) else { return };
        let bound = (socket.service, socket.transport(), socket.local);
        if let (service, Some(transport), Some(local)) = bound {
            self.net.ports.remove(service, transport, local.port(), id);
        }
        self.files.objects.remove(&id);
        self.object_changed(id);
    }
    /// Stops one or both directions: `SHUT_RD`, `SHUT_WR` or `SHUT_RDWR`.
    pub(super) fn socket_shutdown(&mut self, id: ObjectId, read: bool, write: bool) -> Result<(), Errno> {
        let Some(socket) = self.socket(id) else {
            return Err(ENOTCONN);
        };
        match &socket.body {
            Body::Tcp(_) => self.tcp_shutdown(id, read, write),
            Body::Udp(udp) if udp.peer.is_none() => Err(ENOTCONN),
            Body::Udp(_) => {
                let udp = self.socket_mut(id).udp_mut().expect("seen above");
                udp.read_shut |= read;
                udp.write_shut |= write;
                self.object_changed(id);
                Ok(())
            }
            Body::Unix(_) => self.unix_shutdown(id, read, write),
            Body::Netlink(_) => Err(EOPNOTSUPP),
        }
    }
    /// Room in a stream for more bytes without parking; 0 when it is full.
    pub(super) fn stream_room(&mut self, id: ObjectId) -> Result<usize, Errno> {
        match self.socket(id).map(|s| &s.body) {
            Some(Body::Tcp(_)) => self.tcp_room(id),
            Some(Body::Unix(_)) => self.unix_room(id),
            _ => Err(EAGAIN),
        }
    }
}
