//! System calls that make, name and connect sockets.

use crate::abi::errno::*;
use crate::abi::text;
use crate::caller::Caller;
use crate::file::{FileId, Target};
use crate::net::address::{read_address, write_address};
use crate::net::listen::backlog;
use crate::net::name::{Address, UnixKey, UnixName};
use crate::net::netlink::Netlink;
use crate::net::socket::{Body, Socket};
use crate::net::tcp::{State, Tcp};
use crate::net::transfer::{credentials, socket_behind, wait_for};
use crate::net::udp::Udp;
use crate::net::unix::Unix;
use crate::syscall::{Sys, block, dispatch, done};
use crate::wait::ObjectId;
use libc::{AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM};
use model::Errno;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The description and socket behind a descriptor.
pub(super) fn socket_of(c: &Caller<'_>, fd: i32) -> Result<(FileId, ObjectId), Errno> {
    let file = c.k.file_of(c.process_id(), fd)?;
    Ok((file, socket_behind(c, file)?))
}

/// The internet address that was meant for a socket of this family.
pub(super) fn internet(socket: &Socket, address: Option<&Address>) -> Result<Option<SocketAddr>, Errno> {
    match (address, socket.domain) {
        (None, _) => Ok(None),
        (Some(Address::Inet { address, v6: false }), AF_INET) => Ok(Some(*address)),
        // Linux lets datagrams of IPv6 sockets go to plain IPv4 addresses.
        (Some(Address::Inet { address, v6: false }), AF_INET6) if socket.kind == SOCK_DGRAM => Ok(Some(*address)),
        (Some(Address::Inet { address, v6: true }), AF_INET6) => {
            if address.is_ipv4() && socket.options.v6only() {
                return Err(ENETUNREACH);
            }
            Ok(Some(*address))
        }
        _ => Err(EAFNOSUPPORT),
    }
}

/// What a unix name stands for; none for the empty name.
///
/// # Errors
/// As [`Kernel::socket_node_at`](crate::Kernel).
pub(super) fn unix_key(c: &mut Caller<'_>, name: &UnixName) -> Result<Option<UnixKey>, Errno> {
    Ok(match name {
        UnixName::Unnamed => None,
        UnixName::Abstract(name) => Some(UnixKey::Abstract(name.clone())),
        UnixName::Path(path) => {
            let path = text::to_text(path.clone());
            Some(UnixKey::Inode(crate::Kernel::socket_node_at(c, &path)?))
        }
    })
}
/// What a unix name stands for that is to become the name of a socket; for a path an inode is made.
fn new_unix_key(c: &mut Caller<'_>, name: &UnixName) -> Result<Option<UnixKey>, Errno> {
    match name {
        UnixName::Path(path) => {
            let path = text::to_text(path.clone());
            Ok(Some(UnixKey::Inode(crate::Kernel::socket_node(c, &path)?)))
        }
        _ => unix_key(c, name),
    }
}

/// Splits a `type` argument into the type and the flags of the description.
fn kind_and_flags(kind: i32) -> Result<(i32, u32, bool), Errno> {
    let flags = kind & !0xf;
    if flags & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) != 0 {
        return Err(EINVAL);
    }
    let status = (libc::O_RDWR | flags & libc::SOCK_NONBLOCK) as u32;
    Ok((kind & 0xf, status, flags & libc::SOCK_CLOEXEC != 0))
}

/// A socket of this family, type and protocol.
fn make(c: &mut Caller<'_>, domain: i32, kind: i32, protocol: i32) -> Result<Socket, Errno> {
    let (kind, protocol, body) = match (domain, kind, protocol) {
        (AF_INET | AF_INET6, SOCK_STREAM, 0 | libc::IPPROTO_TCP) => {
            (kind, libc::IPPROTO_TCP, Body::Tcp(Tcp { state: State::Closed { failed: false } }))
        }
        (AF_INET | AF_INET6, SOCK_DGRAM, 0 | libc::IPPROTO_UDP) => (kind, libc::IPPROTO_UDP, Body::Udp(Udp::default())),
        (AF_INET | AF_INET6, SOCK_DGRAM, libc::IPPROTO_UDPLITE) => (kind, protocol, Body::Udp(Udp::default())),
        (AF_INET | AF_INET6, SOCK_RAW, _) => return Err(EPERM),
        (AF_INET | AF_INET6, SOCK_STREAM | SOCK_DGRAM, _) => return Err(EPROTONOSUPPORT),
        (AF_UNIX, SOCK_STREAM | SOCK_DGRAM | SOCK_SEQPACKET, 0 | 1) => (kind, 0, Body::Unix(Unix::default())),
        (AF_UNIX, SOCK_RAW, 0 | 1) => (SOCK_DGRAM, 0, Body::Unix(Unix::default())),
        (AF_UNIX, SOCK_STREAM | SOCK_DGRAM | SOCK_SEQPACKET, _) => return Err(EPROTONOSUPPORT),
        (AF_NETLINK, SOCK_RAW | SOCK_DGRAM, libc::NETLINK_ROUTE) => (kind, protocol, Body::Netlink(Netlink::default())),
        (AF_NETLINK, SOCK_RAW | SOCK_DGRAM, _) => return Err(EPROTONOSUPPORT),
        (AF_INET | AF_INET6 | AF_UNIX | AF_NETLINK, ..) => return Err(ESOCKTNOSUPPORT),
        _ => {
            let what = format!("socket of address family {domain}");
            return dispatch::refuse(c, EAFNOSUPPORT, &what).and(Err(EAFNOSUPPORT));
        }
    };
    Ok(Socket::new(c.service(), domain, kind, protocol, body))
}

fn install(c: &mut Caller<'_>, id: ObjectId, status: u32, cloexec: bool) -> Result<i32, Errno> {
    let process = c.process_id();
    let file = c.k.add_file(Target::Object(id), status, None);
    c.k.install_fd(process, file, cloexec, 0)
}

/// `socket`
pub(crate) fn socket(c: &mut Caller<'_>) -> Sys {
    let (kind, status, cloexec) = kind_and_flags(c.int(1))?;
    let socket = make(c, c.int(0), kind, c.int(2))?;
    let id = c.k.add_socket(socket);
    done(install(c, id, status, cloexec)?)
}

/// `socketpair`
pub(crate) fn socketpair(c: &mut Caller<'_>) -> Sys {
    let (kind, status, cloexec) = kind_and_flags(c.int(1))?;
    let (a, b) = (make(c, c.int(0), kind, c.int(2))?, make(c, c.int(0), kind, c.int(2))?);
    if c.int(0) != AF_UNIX {
        return Err(EOPNOTSUPP);
    }
    c.check(c.arg(3), 8, libc::PROT_WRITE as u32)?;
    let who = credentials(c);
    let (a, b) = (c.k.add_socket(a), c.k.add_socket(b));
    c.k.unix_pair(a, b, who);
    let first = install(c, a, status, cloexec)?;
    let second = match install(c, b, status, cloexec) {
        Ok(fd) => fd,
        Err(error) => {
            c.k.close_fd(c.process_id(), first)?;
            return Err(error);
        }
    };
    c.write_u32(c.arg(3), first as u32)?;
    c.write_u32(c.arg(3) + 4, second as u32)?;
    done(0)
}

/// `bind`
pub(crate) fn bind(c: &mut Caller<'_>) -> Sys {
    let (_, id) = socket_of(c, c.int(0))?;
    let address = read_address(c, c.arg(1), c.int(2))?;
    let socket = c.k.socket_mut(id);
    match (&socket.body, &address) {
        (Body::Tcp(_) | Body::Udp(_), _) => {
            if let Address::Inet { v6: false, .. } = address
                && socket.domain == AF_INET6
            {
                return Err(EINVAL);
            }
            let to = internet(socket, Some(&address)).map_err(|e| if e == ENETUNREACH { EINVAL } else { e })?;
            c.k.bind_inet(id, to.ok_or(EINVAL)?)?;
        }
        (Body::Unix(_), Address::Unix(name)) => {
            c.k.unix_nameless(id)?;
            let key = new_unix_key(c, name)?;
            c.k.unix_bind(id, name.clone(), key)?;
        }
        (Body::Netlink(_), Address::Netlink(port, _)) => {
            let pid = c.process_id().pid;
            c.k.netlink_bind(id, *port, pid)?;
        }
        _ => return Err(EINVAL),
    }
    done(0)
}

/// `listen`
pub(crate) fn listen(c: &mut Caller<'_>) -> Sys {
    let (_, id) = socket_of(c, c.int(0))?;
    let backlog = backlog(c.int(1));
    match c.k.socket_mut(id).body {
        Body::Tcp(_) => c.k.tcp_listen(id, backlog)?,
        Body::Unix(_) => {
            let who = credentials(c);
            c.k.unix_listen(id, backlog, who)?;
        }
        Body::Udp(_) | Body::Netlink(_) => return Err(EOPNOTSUPP),
    }
    done(0)
}

/// `connect`
pub(crate) fn connect(c: &mut Caller<'_>) -> Sys {
    let (file, id) = socket_of(c, c.int(0))?;
    let address = read_address(c, c.arg(1), c.int(2))?;
    let nonblocking = c.k.open_file(file).nonblocking();
    let socket = c.k.socket_mut(id);
    let timeout = socket.options.send_timeout;
    match (&socket.body, &address) {
        (Body::Tcp(_), Address::Unspecified) => {
            c.k.tcp_leave(id, true);
            c.k.socket_mut(id).tcp_mut().expect("seen above").state = State::Closed { failed: false };
            c.k.unfix_local(id);
            done(0)
        }
        (Body::Tcp(_), _) => {
            let to = internet(socket, Some(&address))?.ok_or(EINVAL)?;
            // Without waiting a connect is never over at once, not even on the loopback: the outcome is for poll.
            let result = match nonblocking {
                true => c.k.tcp_connect_to(id, to).and_then(|over| if over { Ok(()) } else { Err(EINPROGRESS) }),
                false => c.k.tcp_connect_now(id, to),
            };
            match result {
                Err(EINPROGRESS | EALREADY) if !nonblocking => {
                    if c.call().timed_out {
                        return Err(EINPROGRESS);
                    }
                    block(wait_for(c, id, timeout, "connecting"))
                }
                other => other.and_then(|()| done(0)),
            }
        }
        (Body::Udp(_), Address::Unspecified) => c.k.udp_connect(id, None).and_then(|()| done(0)),
        (Body::Udp(_), _) => {
            let to = internet(socket, Some(&address))?;
            c.k.udp_connect(id, to).and_then(|()| done(0))
        }
        (Body::Unix(_), Address::Unspecified) if socket.kind == SOCK_DGRAM => {
            let unix = c.k.socket_mut(id).unix_mut().expect("seen above");
            (unix.peer, unix.connected, unix.peer_name) = (None, false, UnixName::Unnamed);
            done(0)
        }
        (Body::Unix(_), Address::Unix(name)) => {
            let key = unix_key(c, name)?.ok_or(EINVAL)?;
            let target = c.k.unix_find(id, &key)?;
            let who = credentials(c);
            match c.k.unix_connect(id, target, who) {
                Err(EAGAIN) if !nonblocking && !c.call().timed_out => {
                    block(wait_for(c, target, timeout, "the listener's queue is full"))
                }
                other => other.and_then(|()| done(0)),
            }
        }
        (Body::Netlink(_), _) => done(0),
        (Body::Unix(_), _) => Err(EINVAL),
    }
}

/// `accept`
pub(crate) fn accept(c: &mut Caller<'_>) -> Sys {
    accept_with(c, 0)
}
/// `accept4`
pub(crate) fn accept4(c: &mut Caller<'_>) -> Sys {
    accept_with(c, c.int(3))
}

fn accept_with(c: &mut Caller<'_>, flags: i32) -> Sys {
    if flags & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) != 0 {
        return Err(EINVAL);
    }
    let (file, id) = socket_of(c, c.int(0))?;
    // A process without a free descriptor leaves the connection in the queue.
    let limit = c.process().limits[libc::RLIMIT_NOFILE as usize].0;
    if c.process().fds.lowest_free(0) as u64 >= limit {
        return Err(EMFILE);
    }
    let child = match c.k.accept_next(id) {
        Err(EAGAIN) if !c.k.open_file(file).nonblocking() && !c.call().timed_out => {
            let timeout = c.k.socket_mut(id).options.receive_timeout;
            return block(wait_for(c, id, timeout, "no connection to accept"));
        }
        other => other?,
    };
    let (_, status, cloexec) = kind_and_flags(flags)?;
    let fd = install(c, child, status, cloexec)?;
    if let Some(address) = peer_address(c, child)
        && let Err(error) = write_address(c, c.arg(1), c.arg(2), &address)
    {
        c.k.close_fd(c.process_id(), fd)?;
        return Err(error);
    }
    done(fd)
}

/// `shutdown`
pub(crate) fn shutdown(c: &mut Caller<'_>) -> Sys {
    let (_, id) = socket_of(c, c.int(0))?;
    let (read, write) = match c.int(1) {
        libc::SHUT_RD => (true, false),
        libc::SHUT_WR => (false, true),
        libc::SHUT_RDWR => (true, true),
        _ => return Err(EINVAL),
    };
    c.k.socket_shutdown(id, read, write)?;
    done(0)
}

/// `getsockname`
pub(crate) fn getsockname(c: &mut Caller<'_>) -> Sys {
    let (_, id) = socket_of(c, c.int(0))?;
    let socket = c.k.socket_mut(id);
    let v6 = socket.domain == AF_INET6;
    let nowhere: IpAddr = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let address = match &socket.body {
        Body::Unix(unix) => Address::Unix(unix.name.clone()),
        Body::Netlink(netlink) => Address::Netlink(netlink.port, 0),
        _ => Address::Inet { address: socket.local.unwrap_or(SocketAddr::new(nowhere, 0)), v6 },
    };
    write_address(c, c.arg(1), c.arg(2), &address)?;
    done(0)
}

/// `getpeername`
pub(crate) fn getpeername(c: &mut Caller<'_>) -> Sys {
    let (_, id) = socket_of(c, c.int(0))?;
    let address = peer_address(c, id).ok_or(ENOTCONN)?;
    write_address(c, c.arg(1), c.arg(2), &address)?;
    done(0)
}

fn peer_address(c: &Caller<'_>, id: ObjectId) -> Option<Address> {
    let socket = c.k.socket(id)?;
    let v6 = socket.domain == AF_INET6;
    match &socket.body {
        Body::Tcp(_) => c.k.tcp_peer(id).map(|address| Address::Inet { address, v6 }),
        Body::Udp(udp) => udp.peer.map(|address| Address::Inet { address, v6 }),
        Body::Unix(unix) if unix.connected => Some(Address::Unix(unix.peer_name.clone())),
        Body::Unix(_) => None,
        Body::Netlink(_) => Some(Address::Netlink(0, 0)),
    }
}
