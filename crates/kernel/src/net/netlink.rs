//! Route netlink: the questions that `getaddrinfo`, Go's and Java's network interfaces ask at start. A host has `lo` and
//! `eth0`, and nothing ever changes, so no notification is sent.

use crate::abi::errno::{EAGAIN, EINVAL, EOPNOTSUPP};
use crate::net::Network;
use crate::net::name::Address;
use crate::net::socket::{Body, IN, OUT, Received};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Errno, ServiceId};
use std::collections::VecDeque;

/// A route netlink socket.
#[derive(Debug, Default)]
pub(crate) struct Netlink {
    /// Its port, which answers are addressed to.
    pub port: u32,
    answers: VecDeque<Vec<u8>>,
}

/// The interfaces of every host: name, index, flags (`IFF_*`), hardware type, MTU.
pub(super) const INTERFACES: [(&str, u32, u32, u16, u32); 2] =
    [("lo", 1, 0x1_0049, 772, 65_536), ("eth0", 2, 0x1_1043, 1, 1_500)];

impl Netlink {
    /// Bytes of the next answer.
    pub(super) fn available(&self) -> usize {
        self.answers.front().map_or(0, Vec::len)
    }
    /// Readiness.
    pub(super) fn readiness(&self) -> u32 {
        if self.answers.is_empty() { OUT } else { IN | OUT }
    }
}

/// A netlink message: header, body, attributes.
struct Message(Vec<u8>);

impl Message {
    fn new(kind: u16, flags: u16, sequence: u32, port: u32, body: &[u8]) -> Message {
        let mut out = vec![0; 4];
        out.extend(kind.to_le_bytes());
        out.extend(flags.to_le_bytes());
        out.extend(sequence.to_le_bytes());
        out.extend(port.to_le_bytes());
        out.extend(body);
        Message(out)
    }
    fn attribute(mut self, kind: u16, value: &[u8]) -> Message {
        self.0.extend((value.len() as u16 + 4).to_le_bytes());
        self.0.extend(kind.to_le_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }
    fn finish(mut self, into: &mut Vec<u8>) {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        into.extend(self.0);
    }
}

/// A question: its header, and its family.
struct Question {
    kind: u16,
    flags: u16,
    sequence: u32,
    family: u8,
}

fn parse(bytes: &[u8]) -> Option<(Question, &[u8])> {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let length = word(0)? as usize;
    let kinds = word(4)?;
    let body = bytes.get(16..length)?;
    let question = Question {
        kind: kinds as u16,
        flags: (kinds >> 16) as u16,
        sequence: word(8)?,
        family: body.first().copied().unwrap_or(0),
    };
    Some((question, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

impl Network {
    fn links_answer(&self, service: ServiceId, q: &Question, port: u32) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, index, flags, hardware, mtu) in INTERFACES {
            let mut body = vec![0; 2];
            body.extend(hardware.to_le_bytes());
            body.extend(index.to_le_bytes());
            body.extend(flags.to_le_bytes());
            body.extend([0; 4]);
            let mac = if index == 1 { [0; 6] } else { mac(self.address(service)) };
            Message::new(libc::RTM_NEWLINK, libc::NLM_F_MULTI as u16, q.sequence, port, &body)
                .attribute(libc::IFLA_IFNAME, format!("{name}\0").as_bytes())
                .attribute(libc::IFLA_TXQLEN, &1_000_u32.to_le_bytes())
                .attribute(libc::IFLA_OPERSTATE, &[if index == 1 { 0 } else { 6 }])
                .attribute(libc::IFLA_MTU, &mtu.to_le_bytes())
                .attribute(libc::IFLA_ADDRESS, &mac)
                .attribute(libc::IFLA_BROADCAST, &if index == 1 { [0; 6] } else { [0xff; 6] })
                .finish(&mut out);
        }
        out
    }
    fn addresses_answer(&self, service: ServiceId, q: &Question, port: u32) -> Vec<u8> {
        let own = self.address(service).to_be_bytes().to_vec();
        let mut loopback_v6 = vec![0; 16];
        loopback_v6[15] = 1;
        let (v4, v6) = (libc::AF_INET as u8, libc::AF_INET6 as u8);
        // Family, prefix, scope, interface, address, label.
        let all = [
            (v4, 8, 254, 1, vec![127, 0, 0, 1], "lo"),
            (v4, 24, 0, 2, own, "eth0"),
            (v6, 128, 254, 1, loopback_v6, ""),
        ];
        let mut out = Vec::new();
        for (family, prefix, scope, index, address, label) in all {
            if q.family != 0 && q.family != family {
                continue;
            }
            let permanent = 0x80;
            let mut body = vec![family, prefix, permanent, scope];
            body.extend(u32::to_le_bytes(index));
            let mut message = Message::new(libc::RTM_NEWADDR, libc::NLM_F_MULTI as u16, q.sequence, port, &body);
            message = message.attribute(libc::IFA_ADDRESS, &address);
            if family == v4 {
                message = message.attribute(libc::IFA_LOCAL, &address);
                message = message.attribute(libc::IFA_LABEL, format!("{label}\0").as_bytes());
            }
            message.attribute(libc::IFA_FLAGS, &u32::to_le_bytes(permanent.into())).finish(&mut out);
        }
        out
    }
}

/// The interface that an address belongs to.
pub(super) fn interface_of(ip: std::net::IpAddr) -> u32 {
    if ip.is_loopback() { 1 } else { 2 }
}

/// A hardware address made from the IPv4 address, as container networks do.
pub(super) fn mac(address: u32) -> [u8; 6] {
    let [a, b, c, d] = address.to_be_bytes();
    [0x02, 0x42, a, b, c, d]
}

impl Kernel {
    /// Gives a netlink socket its port.
    pub(super) fn netlink_bind(&mut self, id: ObjectId, asked: u32, pid: u32) -> Result<(), Errno> {
        let Body::Netlink(netlink) = &mut self.socket_mut(id).body else {
            return Err(EINVAL);
        };
        if netlink.port == 0 {
            // The first socket of a process has its pid; the numbers of others do not matter to anyone.
            netlink.port = if asked == 0 { pid } else { asked };
        }
        Ok(())
    }
    /// Answers the questions in a message.
    pub(super) fn netlink_send(&mut self, id: ObjectId, bytes: &[u8], pid: u32) -> Result<usize, Errno> {
        self.netlink_bind(id, 0, pid)?;
        let service = self.socket_mut(id).service;
        let Body::Netlink(netlink) = &self.socket_mut(id).body else {
            return Err(EINVAL);
        };
        let port = netlink.port;
        let mut answers = Vec::new();
        let mut rest = bytes;
        while let Some((question, more)) = parse(rest) {
            rest = more;
            let dump = question.flags & libc::NLM_F_DUMP as u16 != 0;
            match question.kind {
                libc::RTM_GETLINK => answers.push(self.net.links_answer(service, &question, port)),
                libc::RTM_GETADDR => answers.push(self.net.addresses_answer(service, &question, port)),
                // The only routes are those that the addresses imply.
                libc::RTM_GETROUTE | libc::RTM_GETNEIGH | libc::RTM_GETRULE if dump => {}
                _ => {
                    let what = "netlink request other than a dump of links or addresses";
                    self.complain(service, libc::SYS_sendto as u64, what);
                    answers.push(verdict(&question, port, -EOPNOTSUPP.0));
                    continue;
                }
            }
            if dump {
                let mut done = Vec::new();
                let (kind, flags) = (libc::NLMSG_DONE as u16, libc::NLM_F_MULTI as u16);
                Message::new(kind, flags, question.sequence, port, &[0; 4]).finish(&mut done);
                answers.push(done);
            } else if question.flags & libc::NLM_F_ACK as u16 != 0 {
                answers.push(verdict(&question, port, 0));
            }
        }
        if let Body::Netlink(netlink) = &mut self.socket_mut(id).body {
            netlink.answers.extend(answers.into_iter().filter(|a| !a.is_empty()));
        }
        self.object_changed(id);
        Ok(bytes.len())
    }
    /// Takes (or peeks at) the next answer.
    pub(super) fn netlink_receive(&mut self, id: ObjectId, max: usize, peek: bool) -> Result<Received, Errno> {
        let Body::Netlink(netlink) = &mut self.socket_mut(id).body else {
            return Err(EINVAL);
        };
        let next = netlink.answers.front().ok_or(EAGAIN)?;
        let received = Received {
            bytes: next[..next.len().min(max)].to_vec(),
            length: next.len(),
            from: Some(Address::Netlink(0, 0)),
            ..Received::default()
        };
        if !peek {
            netlink.answers.pop_front();
        }
        Ok(received)
    }
}

/// `NLMSG_ERROR`: an errno, or 0 for an acknowledgement.
fn verdict(q: &Question, port: u32, errno: i32) -> Vec<u8> {
    let mut body = errno.to_le_bytes().to_vec();
    Message::new(q.kind, q.flags, q.sequence, port, &[]).finish(&mut body);
    let mut out = Vec::new();
    Message::new(libc::NLMSG_ERROR as u16, 0, q.sequence, port, &body).finish(&mut out);
    out
}
