//! Control messages (`struct cmsghdr`): descriptors, credentials and packet information beside a message's bytes.

use crate::abi::errno::*;
use crate::caller::Caller;
use crate::file::FileId;
use crate::net::netlink;
use crate::net::options::Options;
use crate::net::socket::Received;
use crate::net::transfer::{Outgoing, credentials};
use crate::net::udp::Class;
use crate::net::unix::Credentials;
use crate::syscall::dispatch;
use crate::wait::ObjectId;
use model::Errno;
use std::net::{IpAddr, SocketAddr};

/// Size of the header.
const HEADER: u64 = 16;
/// Most descriptors in one message (`SCM_MAX_FD`).
const RIGHTS_MAX: usize = 253;
/// Longest control data that is accepted (`net.core.optmem_max`).
const CONTROL_MAX: u64 = 20_480;

/// Reads the control messages of a message to send.
pub(super) fn read_control(c: &mut Caller<'_>, at: u64, len: u64, out: &mut Outgoing) -> Result<(), Errno> {
    if len > CONTROL_MAX {
        return Err(ENOBUFS);
    }
    let bytes = c.read_vec(at, len as usize)?;
    let mut rest = bytes.as_slice();
    while rest.len() >= HEADER as usize {
        let word = |at: usize| i32::from_le_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]]);
        let (length, level, kind) = (word(0) as u32 as usize, word(8), word(12));
        let data = rest.get(HEADER as usize..length).ok_or(EINVAL)?.to_vec();
        rest = rest.get(length.next_multiple_of(8)..).unwrap_or_default();
        let words = || data.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        match (level, kind) {
            (libc::SOL_SOCKET, libc::SCM_RIGHTS) => {
                for fd in words() {
                    out.rights.push(c.k.file_of(c.process_id(), fd)?);
                }
                if out.rights.len() > RIGHTS_MAX {
                    return Err(EINVAL);
                }
            }
            (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) => {
                let words: Vec<u32> = words().map(|w| w as u32).collect();
                let [pid, uid, gid] = words[..] else { return Err(EINVAL) };
                let said = Credentials { pid, uid, gid };
                if said != credentials(c) {
                    return Err(EPERM);
                }
                out.credentials = Some(said);
            }
            // The source address and interface of a reply: the route decides both here.
            (libc::IPPROTO_IP, libc::IP_PKTINFO) | (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {}
            (libc::IPPROTO_IP, libc::IP_TTL) => out.hops = Some(number(&data, 1)?),
            (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => out.hops = given(number(&data, -1)?),
            (libc::IPPROTO_IP, libc::IP_TOS) => {
                out.service = Some(if let [byte] = data[..] { byte.into() } else { number(&data, 0)? });
            }
            (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => out.service = given(number(&data, -1)?),
            _ => {
                let what = format!("control message {kind} at level {level}");
                return dispatch::refuse(c, EINVAL, &what).map(|_| ());
            }
        }
    }
    Ok(())
}

/// A number of a control message, from `low` to 255.
fn number(data: &[u8], low: i32) -> Result<i32, Errno> {
    let bytes: [u8; 4] = data.try_into().map_err(|_| EINVAL)?;
    Some(i32::from_le_bytes(bytes)).filter(|n| (low..=255).contains(n)).ok_or(EINVAL)
}
/// -1 asks for the default.
fn given(n: i32) -> Option<i32> {
    (n >= 0).then_some(n)
}

/// Writes what came along with a message into the control buffer; what does not fit is dropped. Returns how much of
/// the buffer is used and whether something was dropped.
pub(super) fn write_control(
    c: &mut Caller<'_>,
    id: ObjectId,
    received: &mut Received,
    at: u64,
    room: u64,
    cloexec: bool,
) -> Result<(u64, bool), Errno> {
    let options = &c.k.socket_mut(id).options;
    let (pass, (v4, v6)) = (options.flag(libc::SO_PASSCRED), options.packet_info());
    let class = Asked::of(options);
    let mut buffer = Buffer { at, room, used: 0, dropped: false };
    if pass && let Some(who) = received.credentials {
        let data: Vec<u8> = [who.pid, who.uid, who.gid].into_iter().flat_map(u32::to_le_bytes).collect();
        buffer.put(c, libc::SOL_SOCKET, libc::SCM_CREDENTIALS, &data)?;
    }
    if received.to.is_some() {
        class.put_time(c, &mut buffer, received.arrived.0)?;
    }
    if let Some(to) = received.to {
        if v4 && to.is_ipv4() {
            buffer.put(c, libc::IPPROTO_IP, libc::IP_PKTINFO, &packet_info_v4(to))?;
        }
        if v6 {
            buffer.put(c, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &packet_info_v6(to))?;
        }
        class.put_class(c, &mut buffer, to, received.class)?;
    }
    let rights = std::mem::take(&mut received.rights);
    if !rights.is_empty() {
        put_rights(c, &mut buffer, rights, cloexec)?;
    }
    Ok((buffer.used, buffer.dropped))
}

/// What a socket asked to be told about each datagram.
#[derive(Clone, Copy)]
struct Asked {
    micros: bool,
    nanos: bool,
    hops: (bool, bool),
    service: (bool, bool),
}

impl Asked {
    fn of(options: &Options) -> Asked {
        let v4 = |name| options.asks(libc::IPPROTO_IP, name);
        let v6 = |name| options.asks(libc::IPPROTO_IPV6, name);
        Asked {
            micros: options.flag(libc::SO_TIMESTAMP),
            nanos: options.flag(libc::SO_TIMESTAMPNS),
            hops: (v4(libc::IP_RECVTTL), v6(libc::IPV6_RECVHOPLIMIT)),
            service: (v4(libc::IP_RECVTOS), v6(libc::IPV6_RECVTCLASS)),
        }
    }
    fn put_time(self, c: &mut Caller<'_>, buffer: &mut Buffer, nanos: u64) -> Result<(), Errno> {
        let part = match (self.nanos, self.micros) {
            (true, _) => nanos % 1_000_000_000,
            (_, true) => nanos % 1_000_000_000 / 1_000,
            _ => return Ok(()),
        };
        let kind = if self.nanos { libc::SO_TIMESTAMPNS } else { libc::SO_TIMESTAMP };
        let data: Vec<u8> = [nanos / 1_000_000_000, part].into_iter().flat_map(u64::to_le_bytes).collect();
        buffer.put(c, libc::SOL_SOCKET, kind, &data)
    }
    fn put_class(self, c: &mut Caller<'_>, buffer: &mut Buffer, to: SocketAddr, class: Class) -> Result<(), Errno> {
        if to.is_ipv4() {
            if self.hops.0 {
                buffer.put(c, libc::IPPROTO_IP, libc::IP_TTL, &class.hops.to_le_bytes())?;
            }
            if self.service.0 {
                buffer.put(c, libc::IPPROTO_IP, libc::IP_TOS, &[class.service as u8])?;
            }
            return Ok(());
        }
        if self.hops.1 {
            buffer.put(c, libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, &class.hops.to_le_bytes())?;
        }
        if self.service.1 {
            buffer.put(c, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, &class.service.to_le_bytes())?;
        }
        Ok(())
    }
}

struct Buffer {
    at: u64,
    room: u64,
    used: u64,
    dropped: bool,
}

impl Buffer {
    fn put(&mut self, c: &mut Caller<'_>, level: i32, kind: i32, data: &[u8]) -> Result<(), Errno> {
        let left = self.room - self.used;
        if left < HEADER {
            self.dropped = true;
            return Ok(());
        }
        let length = (HEADER + data.len() as u64).min(left);
        self.dropped |= length < HEADER + data.len() as u64;
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(level.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(data);
        c.write(self.at + self.used, &bytes[..length as usize])?;
        self.used += length.next_multiple_of(8).min(left);
        Ok(())
    }
}

/// Makes descriptors of descriptions, as many as the buffer and the process have room for.
fn put_rights(c: &mut Caller<'_>, buffer: &mut Buffer, rights: Vec<FileId>, cloexec: bool) -> Result<(), Errno> {
    let process = c.process_id();
    let fit = ((buffer.room - buffer.used).saturating_sub(HEADER) / 4) as usize;
    let mut data = Vec::new();
    for file in rights {
        let installed = if data.len() / 4 < fit { c.k.install_fd(process, file, cloexec, 0).ok() } else { None };
        match installed {
            Some(fd) => data.extend(fd.to_le_bytes()),
            None => buffer.dropped = true,
        }
        // The message's own reference; the descriptor has one of its own.
        c.k.release_file(file);
    }
    if data.is_empty() { Ok(()) } else { buffer.put(c, libc::SOL_SOCKET, libc::SCM_RIGHTS, &data) }
}

/// `struct in_pktinfo`
fn packet_info_v4(to: SocketAddr) -> Vec<u8> {
    let IpAddr::V4(ip) = to.ip() else { return Vec::new() };
    let mut data = netlink::interface_of(to.ip()).to_le_bytes().to_vec();
    data.extend(ip.octets());
    data.extend(ip.octets());
    data
}

/// `struct in6_pktinfo`
fn packet_info_v6(to: SocketAddr) -> Vec<u8> {
    let ip = match to.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let mut data = ip.octets().to_vec();
    data.extend(netlink::interface_of(to.ip()).to_le_bytes());
    data
}
