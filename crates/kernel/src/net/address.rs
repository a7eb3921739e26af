//! `struct sockaddr` in guest memory.

use crate::abi::errno::{EAFNOSUPPORT, EINVAL};
use crate::caller::Caller;
use crate::net::name::{Address, UnixName};
use model::Errno;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Length of the longest address.
const SOCKADDR_MAX: usize = 128;
/// Longest name of a unix socket (`sun_path`).
const SUN_PATH: usize = 108;

impl Address {
    /// From the bytes of a `struct sockaddr`.
    pub(super) fn decode(bytes: &[u8]) -> Result<Address, Errno> {
        let Some((family, rest)) = bytes.split_first_chunk() else {
            return Err(EINVAL);
        };
        let port = |at: &[u8]| at.first_chunk().map_or(0, |b| u16::from_be_bytes(*b));
        match i32::from(u16::from_le_bytes(*family)) {
            libc::AF_UNSPEC => Ok(Address::Unspecified),
            libc::AF_INET => {
                let ip: [u8; 4] = rest.get(2..6).and_then(|b| b.try_into().ok()).ok_or(EINVAL)?;
                Ok(Address::Inet { address: SocketAddr::new(IpAddr::from(ip), port(rest)), v6: false })
            }
            libc::AF_INET6 => {
                let ip: [u8; 16] = rest.get(6..22).and_then(|b| b.try_into().ok()).ok_or(EINVAL)?;
                let ip = Ipv6Addr::from(ip);
                let ip = ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4);
                Ok(Address::Inet { address: SocketAddr::new(ip, port(rest)), v6: true })
            }
            libc::AF_UNIX => {
                if rest.len() > SUN_PATH {
                    return Err(EINVAL);
                }
                Ok(Address::Unix(match rest.split_first() {
                    None => UnixName::Unnamed,
                    Some((0, name)) => UnixName::Abstract(name.to_vec()),
                    Some(_) => UnixName::Path(rest.split(|b| *b == 0).next().unwrap_or_default().to_vec()),
                }))
            }
            libc::AF_NETLINK => {
                let word = |at: usize| rest.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
                Ok(Address::Netlink(word(2).ok_or(EINVAL)?, word(6).ok_or(EINVAL)?))
            }
            _ => Err(EAFNOSUPPORT),
        }
    }
    /// As the bytes of a `struct sockaddr`.
    pub(super) fn encode(&self) -> Vec<u8> {
        let family = |family: i32| (family as u16).to_le_bytes().to_vec();
        match self {
            Address::Unspecified => family(libc::AF_UNSPEC),
            Address::Inet { address, v6: false } => {
                let mut out = family(libc::AF_INET);
                out.extend(address.port().to_be_bytes());
                match address.ip() {
                    IpAddr::V4(ip) => out.extend(ip.octets()),
                    IpAddr::V6(_) => out.extend([0; 4]),
                }
                out.resize(16, 0);
                out
            }
            Address::Inet { address, v6: true } => {
                let ip = match address.ip() {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    IpAddr::V6(ip) => ip,
                };
                let mut out = family(libc::AF_INET6);
                out.extend(address.port().to_be_bytes());
                out.extend([0; 4]);
                out.extend(ip.octets());
                out.extend([0; 4]);
                out
            }
            Address::Unix(name) => {
                let mut out = family(libc::AF_UNIX);
                match name {
                    UnixName::Unnamed => {}
                    UnixName::Path(path) => {
                        out.extend(path);
                        out.push(0);
                    }
                    UnixName::Abstract(name) => {
                        out.push(0);
                        out.extend(name);
                    }
                }
                out
            }
            Address::Netlink(port, groups) => {
                let mut out = family(libc::AF_NETLINK);
                out.extend([0; 2]);
                out.extend(port.to_le_bytes());
                out.extend(groups.to_le_bytes());
                out
            }
        }
    }
}

/// Reads an address argument.
pub(super) fn read_address(c: &mut Caller<'_>, at: u64, len: i32) -> Result<Address, Errno> {
    match usize::try_from(len) {
        Ok(len) if len <= SOCKADDR_MAX => Address::decode(&c.read_vec(at, len)?),
        _ => Err(EINVAL),
    }
}

/// Writes an address result: as much as there is room for, and its true length. A null pointer asks for nothing.
pub(super) fn write_address(c: &mut Caller<'_>, at: u64, len_at: u64, address: &Address) -> Result<(), Errno> {
    if at == 0 {
        return Ok(());
    }
    let room = usize::try_from(c.read_u32(len_at)? as i32).map_err(|_| EINVAL)?;
    let bytes = address.encode();
    c.write(at, &bytes[..bytes.len().min(room)])?;
    c.write_u32(len_at, bytes.len() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_family() {
        for address in [
            Address::Inet { address: "10.0.0.2:80".parse().unwrap(), v6: false },
            Address::Inet { address: "10.0.0.2:80".parse().unwrap(), v6: true },
            Address::Inet { address: "[::1]:6379".parse().unwrap(), v6: true },
            Address::Unix(UnixName::Path(b"/run/db.sock".to_vec())),
            Address::Unix(UnixName::Abstract(b"name\0with zero".to_vec())),
            Address::Unix(UnixName::Unnamed),
            Address::Netlink(7, 1),
        ] {
            assert_eq!(Address::decode(&address.encode()), Ok(address));
        }
        assert_eq!(Address::decode(&[2, 0, 0, 80, 127]), Err(EINVAL));
        assert_eq!(Address::decode(&[40, 0]), Err(EAFNOSUPPORT));
    }
}
