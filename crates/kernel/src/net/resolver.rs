//! The name server that every host has at its own loopback (`nameserver 127.0.0.1`): it knows what `/etc/hosts` knows.
//!
//! It is part of the host, as a stub resolver is: what it is asked and what it answers travels nowhere, and a program
//! of the host that is bound to port 53 is asked instead. UDP alone, as every answer is short.

use crate::net::udp::Datagram;
use crate::world::Kernel;
use model::ServiceId;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where name servers listen.
pub(super) const PORT: u16 = 53;
/// Length of the header of a message.
const HEADER: usize = 12;
/// Seconds for which an answer holds.
const HOLDS: u32 = 60;

/// Types of records that there are.
const A: u16 = 1;
const PTR: u16 = 12;
const AAAA: u16 = 28;
const ANY: u16 = 255;
/// The class of the Internet.
const INTERNET: u16 = 1;

/// Outcomes, as the header has them.
const FORMAT_ERROR: u8 = 1;
const NO_SUCH_NAME: u8 = 3;
const NOT_IMPLEMENTED: u8 = 4;

/// What a message asks: one name, in lower case and without a dot at its end, and the type of records.
#[derive(Debug, PartialEq, Eq)]
struct Question<'m> {
    name: String,
    kind: u16,
    class: u16,
    /// The question as it stands in the message, to be repeated.
    bytes: &'m [u8],
}

impl Kernel {
    /// A datagram for the name server of its sender's host: answers it.
    pub(super) fn ask_resolver(&mut self, mut datagram: Datagram) {
        std::mem::swap(&mut datagram.from, &mut datagram.to);
        let (from, to) = (datagram.from.1, datagram.to);
        let heard = self.datagram_socket_at(datagram.transport, to.0, to.1, from).is_some();
        if let Some(bytes) = answer(&datagram.bytes, |name, kind| self.records(name, kind)).filter(|_| heard) {
            datagram.bytes = bytes;
            self.datagram_arrived(datagram);
        }
    }
    /// The records of a type that a name has, as they are sent; `None` if there is no such name.
    fn records(&self, name: &str, kind: u16) -> Option<Vec<(u16, Vec<u8>)>> {
        let mut records = Vec::new();
        if let Some(ip) = asked_backwards(name) {
            let found = match self.net.host_at(ip) {
                _ if ip.is_loopback() => "localhost",
                found => &self.config.hosts.get(found?.index())?.name,
            };
            records.push((PTR, labels(found)));
        } else if name == "localhost" || name.ends_with(".localhost") {
            records.push((A, Ipv4Addr::LOCALHOST.octets().to_vec()));
            records.push((AAAA, Ipv6Addr::LOCALHOST.octets().to_vec()));
        } else {
            let named = |h: &crate::world::ServiceHost| h.name.eq_ignore_ascii_case(name);
            let index = self.config.hosts.iter().position(named)?;
            records.push((A, self.net.address(ServiceId(index as u16)).to_be_bytes().to_vec()));
        }
        records.retain(|(has, _)| kind == *has || kind == ANY);
        Some(records)
    }
}

/// The answer to a message; `None` if it is none that anybody answers.
fn answer(message: &[u8], records: impl Fn(&str, u16) -> Option<Vec<(u16, Vec<u8>)>>) -> Option<Vec<u8>> {
    let header = message.get(..HEADER)?;
    // An answer is not answered.
    if header[2] & 0x80 != 0 {
        return None;
    }
    let (outcome, question, found) = match question(message) {
        _ if header[2] & 0x78 != 0 => (NOT_IMPLEMENTED, None, Vec::new()),
        None => (FORMAT_ERROR, None, Vec::new()),
        Some(asked) if asked.class != INTERNET && asked.class != ANY => (NO_SUCH_NAME, Some(asked), Vec::new()),
        Some(asked) => match records(&asked.name, asked.kind) {
            None => (NO_SUCH_NAME, Some(asked), Vec::new()),
            Some(found) => (0, Some(asked), found),
        },
    };
    let mut out = header[..2].to_vec();
    // An answer, with authority, recursion as it was asked for and as there would be.
    out.extend([0x84 | header[2] & 0x79, 0x80 | outcome]);
    for count in [usize::from(question.is_some()), found.len(), 0, 0] {
        out.extend((count as u16).to_be_bytes());
    }
    out.extend(question.map_or(&[][..], |q| q.bytes));
    for (kind, data) in found {
        // The name is that of the question, which follows the header.
        out.extend([0xc0, HEADER as u8]);
        out.extend([kind.to_be_bytes(), INTERNET.to_be_bytes()].concat());
        out.extend(HOLDS.to_be_bytes());
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(data);
    }
    Some(out)
}

/// The one question of a message.
fn question(message: &[u8]) -> Option<Question<'_>> {
    if message.get(4..6)? != [0, 1] {
        return None;
    }
    let mut name: Vec<String> = Vec::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*message.get(at)?);
        if length > 63 {
            return None;
        }
        at += 1;
        if length == 0 {
            break;
        }
        let label = message.get(at..at + length)?;
        name.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
    let rest = message.get(at..at + 4)?;
    Some(Question {
        name: name.join("."),
        kind: u16::from_be_bytes([rest[0], rest[1]]),
        class: u16::from_be_bytes([rest[2], rest[3]]),
        bytes: &message[HEADER..at + 4],
    })
}

/// The address that a name of `in-addr.arpa` or `ip6.arpa` stands for.
fn asked_backwards(name: &str) -> Option<IpAddr> {
    if let Some(reversed) = name.strip_suffix(".in-addr.arpa") {
        let octets: Vec<&str> = reversed.rsplit('.').collect();
        return octets.join(".").parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    }
    let digits: String = name.strip_suffix(".ip6.arpa")?.rsplit('.').collect();
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32)?;
    Some(IpAddr::V6(Ipv6Addr::from(number)))
}

/// A name as messages have it.
fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        out.push(label.len() as u8);
        out.extend(label);
    }
    out.push(0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message that asks for records of a type.
    fn ask(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        message.extend(labels(name));
        message.extend([kind.to_be_bytes(), INTERNET.to_be_bytes()].concat());
        // An OPT record, which is not looked at.
        message.extend([0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0]);
        message
    }
    fn known(name: &str, kind: u16) -> Option<Vec<(u16, Vec<u8>)>> {
        let all = vec![(A, vec![10, 0, 0, 2])];
        (name == "db").then(|| all.into_iter().filter(|(has, _)| *has == kind || kind == ANY).collect())
    }

    #[test]
    fn answers_repeat_the_question_and_say_what_there_is() {
        for (name, kind, outcome, count) in
            [("db", A, 0, 1), ("DB", ANY, 0, 1), ("db", AAAA, 0, 0), ("db", 15, 0, 0), ("nobody", A, NO_SUCH_NAME, 0)]
        {
            let out = answer(&ask(name, kind), known).expect("an answer");
            let question = [labels(name), kind.to_be_bytes().to_vec(), vec![0, 1]].concat();
            assert_eq!(out[..HEADER], [0x12, 0x34, 0x85, 0x80 | outcome, 0, 1, 0, count, 0, 0, 0, 0], "{name} {kind}");
            assert_eq!(out[HEADER..HEADER + question.len()], question, "{name} {kind}");
            let record = &out[HEADER + question.len()..];
            let wanted: &[u8] = &[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 2];
            assert_eq!(record, if count == 1 { wanted } else { &[] }, "{name} {kind}");
        }
    }

    #[test]
    fn what_is_no_question_is_refused_or_left() {
        let good = ask("db", A);
        for cut in HEADER..good.len() - 11 {
            let out = answer(&good[..cut], known).expect("an answer");
            assert_eq!((out[3] & 0xf, out.len()), (FORMAT_ERROR, HEADER), "{cut} bytes");
        }
        assert_eq!(answer(&good[..HEADER - 1], known), None, "no header");
        let with = |at: usize, byte: u8| [&good[..at], &[byte], &good[at + 1..]].concat();
        assert_eq!(answer(&with(2, 0x81), known), None, "an answer");
        assert_eq!(answer(&with(2, 0x29), known).map(|m| m[3] & 0xf), Some(NOT_IMPLEMENTED), "an update");
        assert_eq!(answer(&with(5, 2), known).map(|m| m[3] & 0xf), Some(FORMAT_ERROR), "two questions");
        assert_eq!(answer(&with(HEADER, 0xc0), known).map(|m| m[3] & 0xf), Some(FORMAT_ERROR), "a name by reference");
    }

    #[test]
    fn addresses_are_read_backwards() {
        let loopback = format!("1.{}ip6.arpa", "0.".repeat(31));
        for (name, wanted) in [
            ("2.0.0.10.in-addr.arpa", Some(IpAddr::from([10, 0, 0, 2]))),
            ("0.0.10.in-addr.arpa", None),
            (&loopback, Some(IpAddr::V6(Ipv6Addr::LOCALHOST))),
            ("1.0.ip6.arpa", None),
            ("db", None),
        ] {
            assert_eq!(asked_backwards(name), wanted, "{name}");
        }
    }
}
