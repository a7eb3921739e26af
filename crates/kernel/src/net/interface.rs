//! `ioctl` requests about network interfaces (`netdevice(7)`), as `if_nametoindex` and older programs make them.

use crate::abi::errno::{ENODEV, ENOTTY, EPERM};
use crate::caller::Caller;
use crate::net::netlink::{INTERFACES, mac};
use crate::syscall::{Sys, done};
use model::{Errno, ServiceId};

const SIOCGIFNAME: u32 = 0x8910;
const SIOCGIFCONF: u32 = 0x8912;
const SIOCGIFFLAGS: u32 = 0x8913;
const SIOCGIFADDR: u32 = 0x8915;
const SIOCGIFBRDADDR: u32 = 0x8919;
const SIOCGIFNETMASK: u32 = 0x891b;
const SIOCGIFMTU: u32 = 0x8921;
const SIOCGIFHWADDR: u32 = 0x8927;
const SIOCGIFINDEX: u32 = 0x8933;
const SIOCGIFTXQLEN: u32 = 0x8942;
/// Requests that change an interface, which only root may.
const CHANGES: [u32; 8] = [0x8914, 0x8916, 0x891a, 0x891c, 0x8922, 0x8924, 0x8923, 0x8943];
/// Size of `struct ifreq`, and of the name it begins with.
const IFREQ: usize = 40;
const NAME: usize = 16;

/// A request about an interface.
///
/// # Errors
/// `ENODEV` for an interface that is not there, `EPERM` for a change, `ENOTTY` for what is no such request.
pub(crate) fn interface(c: &mut Caller<'_>, request: u32, at: u64) -> Sys {
    let service = c.id.service;
    match request {
        SIOCGIFCONF => return list(c, service, at),
        SIOCGIFNAME => {
            let index = c.read_u32(at.wrapping_add(NAME as u64))?;
            let (name, ..) = INTERFACES.iter().find(|i| i.1 == index).ok_or(ENODEV)?;
            let mut bytes = [0; NAME];
            bytes[..name.len()].copy_from_slice(name.as_bytes());
            c.write(at, &bytes)?;
            return done(0);
        }
        _ if CHANGES.contains(&request) => return Err(EPERM),
        _ => {}
    }
    let given: [u8; NAME] = c.read_array(at)?;
    let given = given.split(|b| *b == 0).next().unwrap_or_default();
    let (_, index, flags, hardware, mtu) = *INTERFACES.iter().find(|i| i.0.as_bytes() == given).ok_or(ENODEV)?;
    let own = c.k.net.address(service);
    let value: Vec<u8> = match request {
        SIOCGIFINDEX => index.to_le_bytes().to_vec(),
        SIOCGIFFLAGS => (flags as u16).to_le_bytes().to_vec(),
        SIOCGIFMTU => mtu.to_le_bytes().to_vec(),
        SIOCGIFTXQLEN => 1_000_u32.to_le_bytes().to_vec(),
        SIOCGIFADDR => address(if index == 1 { 0x7f00_0001 } else { own }),
        SIOCGIFNETMASK => address(if index == 1 { 0xff00_0000 } else { 0xffff_ff00 }),
        SIOCGIFBRDADDR => address(if index == 1 { 0 } else { own | 0xff }),
        SIOCGIFHWADDR => {
            let mut out = hardware.to_le_bytes().to_vec();
            out.extend(if index == 1 { [0; 6] } else { mac(own) });
            out
        }
        _ => return Err(ENOTTY),
    };
    c.write(at.wrapping_add(NAME as u64), &value)?;
    done(0)
}

/// `struct sockaddr_in` without a port.
fn address(ip: u32) -> Vec<u8> {
    let mut out = (libc::AF_INET as u16).to_le_bytes().to_vec();
    out.extend([0; 2]);
    out.extend(ip.to_be_bytes());
    out.extend([0; 8]);
    out
}

/// `SIOCGIFCONF`: the interfaces that have an IPv4 address.
fn list(c: &mut Caller<'_>, service: ServiceId, at: u64) -> Result<crate::syscall::Outcome, Errno> {
    let (room, to) = (c.read_u32(at)? as usize, c.read_u64(at.wrapping_add(8))?);
    let own = c.k.net.address(service);
    let mut out = Vec::new();
    for (name, index, ..) in INTERFACES {
        let mut entry = name.as_bytes().to_vec();
        entry.resize(NAME, 0);
        entry.extend(address(if index == 1 { 0x7f00_0001 } else { own }));
        entry.resize(IFREQ, 0);
        if to == 0 || out.len() + IFREQ <= room {
            out.extend(entry);
        }
    }
    if to != 0 {
        c.write(to, &out)?;
    }
    c.write_u32(at, out.len() as u32)?;
    done(0)
}
