//! Socket options: `getsockopt` and `setsockopt`.
//!
//! Most options are numbers that Linux stores and returns; they are rows of [`PLAIN`]. A few have a form or a meaning
//! of their own and are handled by name. What neither knows is refused and reported, never silently accepted.

use crate::abi::errno::*;
use crate::caller::Caller;
use crate::net::calls::socket_of;
use crate::net::socket::{Body, Socket};
use crate::net::tcp::State;
use crate::net::udp::Class;
use crate::syscall::{Sys, dispatch, done};
use crate::wait::ObjectId;
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};
use model::{Errno, VirtualDuration};
use std::collections::BTreeMap;

/// How a number is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// 0 or 1, whatever non-zero number is given.
    Flag,
    /// A number within these bounds.
    Number(i32, i32),
    /// A buffer size in bytes: doubled, as Linux does to account for its own overhead, with a least value.
    Buffer(i32),
}

/// An option that is a number.
struct Row {
    level: i32,
    name: i32,
    default: i32,
    form: Form,
}

const fn flag(level: i32, name: i32) -> Row {
    Row { level, name, default: 0, form: Form::Flag }
}
const fn number(level: i32, name: i32, default: i32, low: i32, high: i32) -> Row {
    Row { level, name, default, form: Form::Number(low, high) }
}

/// Default size of both buffers (`net.core.rmem_default`).
const BUFFER: i32 = 212_992;
/// Largest size that can be asked for (`net.core.rmem_max`).
const BUFFER_MAX: i32 = 212_992;
const MIN: i32 = i32::MIN;
const MAX: i32 = i32::MAX;
/// An option with names for other numbers: nothing is 1, and what is below that is as much as can be.
const LOW_MARK: (i32, i32) = (SOL_SOCKET, libc::SO_RCVLOWAT);
/// A number that the `libc` crate does not have.
const IPV6_AUTOFLOWLABEL: i32 = 70;
/// How much of a datagram its checksum covers; nothing is ever damaged here.
const UDPLITE_SEND_CSCOV: i32 = 10;
const UDPLITE_RECV_CSCOV: i32 = 11;

/// Options that are numbers, with the value a new socket has.
static PLAIN: [Row; 65] = [
    flag(SOL_SOCKET, libc::SO_DEBUG),
    flag(SOL_SOCKET, libc::SO_REUSEADDR),
    flag(SOL_SOCKET, libc::SO_REUSEPORT),
    flag(SOL_SOCKET, libc::SO_KEEPALIVE),
    flag(SOL_SOCKET, libc::SO_BROADCAST),
    flag(SOL_SOCKET, libc::SO_OOBINLINE),
    flag(SOL_SOCKET, libc::SO_PASSCRED),
    flag(SOL_SOCKET, libc::SO_DONTROUTE),
    flag(SOL_SOCKET, libc::SO_TIMESTAMP),
    flag(SOL_SOCKET, libc::SO_TIMESTAMPNS),
    flag(SOL_SOCKET, libc::SO_RXQ_OVFL),
    flag(SOL_SOCKET, libc::SO_NO_CHECK),
    number(SOL_SOCKET, libc::SO_PRIORITY, 0, 0, 6),
    number(SOL_SOCKET, libc::SO_INCOMING_CPU, 0, 0, MAX),
    number(SOL_SOCKET, libc::SO_RCVLOWAT, 1, MIN, MAX),
    Row { level: SOL_SOCKET, name: libc::SO_SNDBUF, default: BUFFER, form: Form::Buffer(4_608) },
    Row { level: SOL_SOCKET, name: libc::SO_RCVBUF, default: BUFFER, form: Form::Buffer(2_304) },
    flag(IPPROTO_TCP, libc::TCP_NODELAY),
    flag(IPPROTO_TCP, libc::TCP_CORK),
    number(IPPROTO_TCP, libc::TCP_MAXSEG, 1_448, 88, 65_535),
    number(IPPROTO_TCP, libc::TCP_KEEPIDLE, 7_200, 1, 32_767),
    number(IPPROTO_TCP, libc::TCP_KEEPINTVL, 75, 1, 32_767),
    number(IPPROTO_TCP, libc::TCP_KEEPCNT, 9, 1, 127),
    number(IPPROTO_TCP, libc::TCP_SYNCNT, 6, 1, 127),
    number(IPPROTO_TCP, libc::TCP_LINGER2, 60, -1, MAX),
    number(IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, 0, 0, MAX),
    number(IPPROTO_TCP, libc::TCP_WINDOW_CLAMP, 0, 0, MAX),
    Row { level: IPPROTO_TCP, name: libc::TCP_QUICKACK, default: 1, form: Form::Flag },
    number(IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 0, 0, MAX),
    number(IPPROTO_TCP, libc::TCP_FASTOPEN, 0, 0, MAX),
    number(IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, 0, MIN, MAX),
    flag(IPPROTO_TCP, libc::TCP_THIN_LINEAR_TIMEOUTS),
    flag(IPPROTO_TCP, libc::TCP_THIN_DUPACK),
    number(IPPROTO_IP, libc::IP_TOS, 0, 0, 255),
    number(IPPROTO_IP, libc::IP_TTL, 64, -1, 255),
    number(IPPROTO_IP, libc::IP_MTU_DISCOVER, 1, 0, 5),
    flag(IPPROTO_IP, libc::IP_RECVERR),
    flag(IPPROTO_IP, libc::IP_PKTINFO),
    flag(IPPROTO_IP, libc::IP_RECVTTL),
    flag(IPPROTO_IP, libc::IP_RECVTOS),
    flag(IPPROTO_IP, libc::IP_FREEBIND),
    flag(IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT),
    number(IPPROTO_IP, libc::IP_MULTICAST_TTL, 1, -1, 255),
    Row { level: IPPROTO_IP, name: libc::IP_MULTICAST_LOOP, default: 1, form: Form::Flag },
    Row { level: IPPROTO_IP, name: libc::IP_MULTICAST_ALL, default: 1, form: Form::Flag },
    flag(IPPROTO_IPV6, libc::IPV6_V6ONLY),
    number(IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS, 64, -1, 255),
    number(IPPROTO_IPV6, libc::IPV6_MULTICAST_HOPS, 1, -1, 255),
    Row { level: IPPROTO_IPV6, name: libc::IPV6_MULTICAST_LOOP, default: 1, form: Form::Flag },
    number(IPPROTO_IPV6, libc::IPV6_MULTICAST_IF, 0, 0, 2),
    number(IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, 1, 0, 5),
    flag(IPPROTO_IPV6, libc::IPV6_RECVERR),
    flag(IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    flag(IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT),
    flag(IPPROTO_IPV6, libc::IPV6_RECVTCLASS),
    number(IPPROTO_IPV6, libc::IPV6_TCLASS, 0, -1, 255),
    flag(IPPROTO_IPV6, libc::IPV6_DONTFRAG),
    number(IPPROTO_IPV6, libc::IPV6_MTU, 1_500, 1_280, 65_535),
    Row { level: IPPROTO_IPV6, name: IPV6_AUTOFLOWLABEL, default: 1, form: Form::Flag },
    number(IPPROTO_IPV6, libc::IPV6_ADDR_PREFERENCES, 0, 0, MAX),
    number(libc::SOL_UDP, libc::UDP_CORK, 0, 0, MAX),
    number(libc::IPPROTO_UDPLITE, libc::UDP_CORK, 0, 0, MAX),
    number(libc::IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV, 0, 0, 65_535),
    number(libc::IPPROTO_UDPLITE, UDPLITE_RECV_CSCOV, 0, 0, 65_535),
    flag(IPPROTO_IP, libc::IP_RECVORIGDSTADDR),
];

fn row(level: i32, name: i32) -> Option<&'static Row> {
    PLAIN.iter().find(|r| r.level == level && r.name == name)
}

/// What `setsockopt` changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    set: BTreeMap<(i32, i32), i32>,
    /// `SO_LINGER`: seconds, if it is on.
    pub linger: Option<u32>,
    /// `SO_RCVTIMEO`.
    pub receive_timeout: Option<VirtualDuration>,
    /// `SO_SNDTIMEO`.
    pub send_timeout: Option<VirtualDuration>,
}

impl Options {
    /// An option that is a number; 0 for one that is not in the table.
    fn number(&self, level: i32, name: i32) -> i32 {
        let default = || row(level, name).map_or(0, |r| r.default);
        self.set.get(&(level, name)).copied().unwrap_or_else(default)
    }
    /// A flag of `SOL_SOCKET`.
    pub(super) fn flag(&self, name: i32) -> bool {
        self.number(SOL_SOCKET, name) != 0
    }
    /// `IPV6_V6ONLY`.
    pub(super) fn v6only(&self) -> bool {
        self.number(IPPROTO_IPV6, libc::IPV6_V6ONLY) != 0
    }
    /// `IP_FREEBIND`.
    pub(super) fn freebind(&self) -> bool {
        self.number(IPPROTO_IP, libc::IP_FREEBIND) != 0
    }
    /// `IP_PKTINFO` and `IPV6_RECVPKTINFO`.
    pub(super) fn packet_info(&self) -> (bool, bool) {
        let v6 = self.number(IPPROTO_IPV6, libc::IPV6_RECVPKTINFO) != 0;
        (self.number(IPPROTO_IP, libc::IP_PKTINFO) != 0, v6)
    }
    /// What the headers of datagrams say unless a message says otherwise.
    pub(super) fn class(&self, v6: bool) -> Class {
        let (level, hops, service) = if v6 {
            (IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS, libc::IPV6_TCLASS)
        } else {
            (IPPROTO_IP, libc::IP_TTL, libc::IP_TOS)
        };
        Class { hops: self.number(level, hops), service: self.number(level, service).max(0) }
    }
    /// A flag of any level.
    pub(super) fn asks(&self, level: i32, name: i32) -> bool {
        self.number(level, name) != 0
    }
    /// With how many bytes a read of a stream is worth it (`SO_RCVLOWAT`).
    pub(super) fn least_read(&self) -> usize {
        (self.number(SOL_SOCKET, libc::SO_RCVLOWAT) as usize).min(self.receive_buffer() / 2)
    }
    /// How much may wait to be read, in bytes.
    pub(super) fn receive_buffer(&self) -> usize {
        self.number(SOL_SOCKET, libc::SO_RCVBUF) as usize
    }
    /// How much of what was sent may wait, in bytes.
    pub(super) fn send_buffer(&self) -> usize {
        self.number(SOL_SOCKET, libc::SO_SNDBUF) as usize
    }
    /// Sets `SO_PASSCRED`: accepted sockets have it from their listener.
    pub(super) fn pass_credentials(&mut self, on: bool) {
        self.set.insert((SOL_SOCKET, libc::SO_PASSCRED), i32::from(on));
    }
    fn store(&mut self, row: &Row, value: i32) -> Result<(), Errno> {
        let value = match row.form {
            Form::Flag => i32::from(value != 0),
            Form::Number(low, high) if (low..=high).contains(&value) => match value {
                // -1 asks for the default where it is allowed at all.
                0 if (row.level, row.name) == LOW_MARK => 1,
                MIN..0 if (row.level, row.name) == LOW_MARK => MAX,
                -1 if row.default > 0 && row.name != libc::TCP_LINGER2 => row.default,
                value => value,
            },
            Form::Number(..) => return Err(EINVAL),
            Form::Buffer(least) => value.clamp(0, BUFFER_MAX).saturating_mul(2).max(least),
        };
        self.set.insert((row.level, row.name), value);
        Ok(())
    }
}

/// Whether a socket has options of a level at all.
fn level_applies(socket: &Socket, level: i32) -> Result<(), Errno> {
    let inet = matches!(socket.body, Body::Tcp(_) | Body::Udp(_));
    match level {
        SOL_SOCKET => Ok(()),
        IPPROTO_TCP if socket.tcp().is_some() => Ok(()),
        libc::SOL_UDP if socket.udp().is_some() => Ok(()),
        libc::IPPROTO_UDPLITE if socket.protocol == libc::IPPROTO_UDPLITE => Ok(()),
        IPPROTO_IP if inet => Ok(()),
        IPPROTO_IPV6 if inet && socket.domain == libc::AF_INET6 => Ok(()),
        libc::SOL_NETLINK if matches!(socket.body, Body::Netlink(_)) => Ok(()),
        _ if socket.domain == libc::AF_UNIX => Err(EOPNOTSUPP),
        _ => Err(ENOPROTOOPT),
    }
}

/// `setsockopt`
pub(crate) fn setsockopt(c: &mut Caller<'_>) -> Sys {
    let (_, id) = socket_of(c, c.int(0))?;
    let (level, name, at, len) = (c.int(1), c.int(2), c.arg(3), c.int(4));
    if len < 0 {
        return Err(EINVAL);
    }
    level_applies(c.k.socket_mut(id), level)?;
    if let Some(row) = row(level, name) {
        let value = match len {
            1 if level == IPPROTO_IP => i32::from(c.read_array::<1>(at)?[0]),
            4.. => c.read_u32(at)? as i32,
            _ => return Err(EINVAL),
        };
        c.k.socket_mut(id).options.store(row, value)?;
        return done(0);
    }
    match (level, name) {
        (SOL_SOCKET, libc::SO_LINGER) => {
            if len < 8 {
                return Err(EINVAL);
            }
            let (on, seconds) = (c.read_u32(at)?, c.read_u32(at + 4)?);
            c.k.socket_mut(id).options.linger = (on != 0).then_some(seconds);
            done(0)
        }
        (SOL_SOCKET, libc::SO_RCVTIMEO | libc::SO_SNDTIMEO) => {
            if len < 16 {
                return Err(EINVAL);
            }
            let timeout = read_timeval(c, at)?;
            let options = &mut c.k.socket_mut(id).options;
            let which =
                if name == libc::SO_RCVTIMEO { &mut options.receive_timeout } else { &mut options.send_timeout };
            *which = (timeout.0 != 0).then_some(timeout);
            done(0)
        }
        (SOL_SOCKET, libc::SO_SNDBUFFORCE | libc::SO_RCVBUFFORCE | libc::SO_MARK) => Err(EPERM),
        (IPPROTO_TCP, libc::TCP_CONGESTION) => {
            let given = c.read_vec(at, (len as usize).min(16))?;
            let given = given.split(|b| *b == 0).next().unwrap_or_default();
            if given == CONGESTION { done(0) } else { Err(ENOENT) }
        }
        // Notifications of a network that never changes, and stricter checks of requests.
        (libc::SOL_NETLINK, _) => done(0),
        _ => dispatch::refuse(c, ENOPROTOOPT, &format!("setsockopt of option {name} at level {level}")),
    }
}

/// The only congestion control there is.
const CONGESTION: &[u8] = b"cubic";

fn read_timeval(c: &mut Caller<'_>, at: u64) -> Result<VirtualDuration, Errno> {
    let (seconds, micros) = (c.read_u64(at)? as i64, c.read_u64(at + 8)? as i64);
    if !(0..1_000_000).contains(&micros) {
        return Err(EDOM);
    }
    let seconds = u64::try_from(seconds).unwrap_or(0);
    Ok(VirtualDuration(seconds.saturating_mul(1_000_000_000).saturating_add(micros as u64 * 1_000)))
}

/// `getsockopt`
pub(crate) fn getsockopt(c: &mut Caller<'_>) -> Sys {
    let (_, id) = socket_of(c, c.int(0))?;
    let (level, name, at, len_at) = (c.int(1), c.int(2), c.arg(3), c.arg(4));
    let room = usize::try_from(c.read_u32(len_at)? as i32).map_err(|_| EINVAL)?;
    level_applies(c.k.socket_mut(id), level)?;
    let Some(value) = value(c, id, level, name)? else {
        return dispatch::refuse(c, ENOPROTOOPT, &format!("getsockopt of option {name} at level {level}"));
    };
    let n = room.min(value.len());
    c.write(at, &value[..n])?;
    c.write_u32(len_at, n as u32)?;
    done(0)
}

fn value(c: &mut Caller<'_>, id: ObjectId, level: i32, name: i32) -> Result<Option<Vec<u8>>, Errno> {
    if let (SOL_SOCKET, libc::SO_ERROR) = (level, name) {
        let error = c.k.take_error(id).map_or(0, |e| e.0);
        return Ok(Some(error.to_le_bytes().to_vec()));
    }
    let connected = c.k.tcp_peer(id).is_some();
    let socket = c.k.socket_mut(id);
    let int = |n: i32| Ok(Some(n.to_le_bytes().to_vec()));
    if row(level, name).is_some() {
        return int(socket.options.number(level, name));
    }
    match (level, name) {
        (SOL_SOCKET, libc::SO_TYPE) => int(socket.kind),
        (SOL_SOCKET, libc::SO_DOMAIN) => int(socket.domain),
        (SOL_SOCKET, libc::SO_PROTOCOL) => int(socket.protocol),
        (SOL_SOCKET, libc::SO_ACCEPTCONN) => int(i32::from(socket.is_listening())),
        (SOL_SOCKET, libc::SO_SNDLOWAT) => int(1),
        (SOL_SOCKET, libc::SO_LINGER) => {
            let mut out = i32::from(socket.options.linger.is_some()).to_le_bytes().to_vec();
            out.extend(socket.options.linger.unwrap_or(0).to_le_bytes());
            Ok(Some(out))
        }
        (SOL_SOCKET, libc::SO_RCVTIMEO | libc::SO_SNDTIMEO) => {
            let options = &socket.options;
            let nanos = if name == libc::SO_RCVTIMEO { options.receive_timeout } else { options.send_timeout };
            let nanos = nanos.unwrap_or_default().0;
            let mut out = (nanos / 1_000_000_000).to_le_bytes().to_vec();
            out.extend((nanos % 1_000_000_000 / 1_000).to_le_bytes());
            Ok(Some(out))
        }
        (SOL_SOCKET, libc::SO_PEERCRED) => {
            let nobody = [0, u32::MAX, u32::MAX];
            let peer = socket.unix().and_then(|u| u.peer_credentials);
            let words = peer.map_or(nobody, |p| [p.pid, p.uid, p.gid]);
            Ok(Some(words.into_iter().flat_map(u32::to_le_bytes).collect()))
        }
        (SOL_SOCKET, libc::SO_COOKIE) => Ok(Some((u64::from(id.0) + 1).to_le_bytes().to_vec())),
        (IPPROTO_TCP, libc::TCP_CONGESTION) => {
            let mut out = CONGESTION.to_vec();
            out.resize(16, 0);
            Ok(Some(out))
        }
        (IPPROTO_TCP, libc::TCP_INFO) => Ok(Some(tcp_info(c, id))),
        (IPPROTO_IP, libc::IP_MTU) if connected => int(1_500),
        (IPPROTO_IP, libc::IP_MTU) => Err(ENOTCONN),
        (libc::SOL_NETLINK, _) => int(0),
        _ => Ok(None),
    }
}

/// `struct tcp_info`: the state and constants that fit every link; counters are zero.
fn tcp_info(c: &mut Caller<'_>, id: ObjectId) -> Vec<u8> {
    let mut out = vec![0; 232];
    let state = match c.k.socket(id).and_then(|s| s.tcp()).map(|t| &t.state) {
        Some(State::Listening(_)) => 10,
        Some(State::Connecting(_)) => 2,
        Some(State::Connected { connection, side, .. }) => c.k.connection_state(*connection, *side),
        Some(State::Closed { .. }) | None => 7,
    };
    out[0] = state;
    let mut word = |at: usize, value: u32| out[at..at + 4].copy_from_slice(&value.to_le_bytes());
    word(8, 204_000); // tcpi_rto
    word(16, 1_448); // tcpi_snd_mss
    word(20, 1_448); // tcpi_rcv_mss
    word(60, 1_500); // tcpi_pmtu
    word(68, 100); // tcpi_rtt
    word(72, 50); // tcpi_rttvar
    word(80, 10); // tcpi_snd_cwnd
    word(84, 1_448); // tcpi_advmss
    out
}
