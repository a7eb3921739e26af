//! `sendto`, `recvfrom`, `sendmsg`, `recvmsg` and their plural forms: reading and writing `struct msghdr`.

use crate::abi::errno::*;
use crate::caller::Caller;
use crate::file::FileId;
use crate::net::address::{read_address, write_address};
use crate::net::calls::socket_of;
use crate::net::control::{read_control, write_control};
use crate::net::receive::{Attempt, receive_message};
use crate::net::transfer::{Outgoing, send, socket_behind, total};
use crate::syscall::{Outcome, Sys, block, done};
use model::Errno;

/// Size of `struct msghdr`.
const MSGHDR: u64 = 56;
/// Size of `struct mmsghdr`: a `msghdr` and the number of bytes moved.
const MMSGHDR: u64 = 64;
/// Most buffers in one message (`UIO_MAXIOV`), and most messages in one call.
const VECTOR_MAX: u64 = 1_024;

/// `struct msghdr`
struct Header {
    at: u64,
    name: u64,
    name_len: i32,
    vector: Vec<(u64, u64)>,
    control: u64,
    control_len: u64,
}

fn read_header(c: &mut Caller<'_>, at: u64) -> Result<Header, Errno> {
    let bytes: [u8; MSGHDR as usize] = c.read_array(at)?;
    let word = |n: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[n + i]));
    let count = word(24);
    if count > VECTOR_MAX {
        return Err(EMSGSIZE);
    }
    let mut vector = Vec::with_capacity(count as usize);
    for n in 0..count {
        let entry: [u8; 16] = c.read_array(word(16).wrapping_add(16 * n))?;
        let half = |n: usize| u64::from_le_bytes(std::array::from_fn(|i| entry[n + i]));
        let (base, length) = (half(0), half(8));
        if length > i64::MAX as u64 {
            return Err(EINVAL);
        }
        vector.push((base, length));
    }
    let name_len = word(8) as i32;
    Ok(Header { at, name: word(0), name_len, vector, control: word(32), control_len: word(40) })
}

fn send_header(c: &mut Caller<'_>, file: FileId, header: Header, flags: i32) -> Sys {
    let mut out = Outgoing { from: header.vector, flags, ..Outgoing::default() };
    if header.name != 0 && header.name_len != 0 {
        out.to = Some(read_address(c, header.name, header.name_len)?);
    }
    if header.control != 0 && header.control_len != 0 {
        read_control(c, header.control, header.control_len, &mut out)?;
    }
    send(c, file, &out)
}

/// Receives one message and fills in its header.
fn receive_header(c: &mut Caller<'_>, file: FileId, header: &Header, flags: i32) -> Sys {
    let id = socket_behind(c, file)?;
    let (count, cut, mut received) = match receive_message(c, file, &header.vector, flags)? {
        Attempt::Wait(wait) => return block(wait),
        Attempt::Got { count, cut, received } => (count, cut, received),
    };
    let mut shown = flags & libc::MSG_CMSG_CLOEXEC;
    if cut {
        shown |= libc::MSG_TRUNC;
    }
    if received.urgent {
        shown |= libc::MSG_OOB;
    }
    let room = if header.control == 0 { 0 } else { header.control_len };
    let cloexec = flags & libc::MSG_CMSG_CLOEXEC != 0;
    let written = write_control(c, id, &mut received, header.control, room, cloexec);
    let (used, dropped) = match written {
        Ok(written) => written,
        Err(error) => {
            c.k.release_rights(received.rights);
            return Err(error);
        }
    };
    if dropped {
        shown |= libc::MSG_CTRUNC;
    }
    if header.name != 0 {
        match &received.from {
            Some(from) => write_address(c, header.name, header.at + 8, from)?,
            None => c.write_u32(header.at + 8, 0)?,
        }
    }
    c.write_u64(header.at + 40, used)?;
    c.write_u32(header.at + 48, shown as u32)?;
    done(count as u64)
}

/// `sendto`
pub(crate) fn sendto(c: &mut Caller<'_>) -> Sys {
    let (file, _) = socket_of(c, c.int(0))?;
    let to = if c.arg(4) == 0 { None } else { Some(read_address(c, c.arg(4), c.int(5))?) };
    let out = Outgoing { from: vec![(c.arg(1), c.arg(2))], flags: c.int(3), to, ..Outgoing::default() };
    send(c, file, &out)
}

/// `recvfrom`
pub(crate) fn recvfrom(c: &mut Caller<'_>) -> Sys {
    let (file, _) = socket_of(c, c.int(0))?;
    match receive_message(c, file, &[(c.arg(1), c.arg(2))], c.int(3))? {
        Attempt::Wait(wait) => block(wait),
        Attempt::Got { count, received, .. } => {
            c.k.release_rights(received.rights);
            match &received.from {
                Some(from) => write_address(c, c.arg(4), c.arg(5), from)?,
                None if c.arg(4) != 0 => c.write_u32(c.arg(5), 0)?,
                None => {}
            }
            done(count as u64)
        }
    }
}

/// `sendmsg`
pub(crate) fn sendmsg(c: &mut Caller<'_>) -> Sys {
    let (file, _) = socket_of(c, c.int(0))?;
    let header = read_header(c, c.arg(1))?;
    send_header(c, file, header, c.int(2))
}

/// `recvmsg`
pub(crate) fn recvmsg(c: &mut Caller<'_>) -> Sys {
    let (file, _) = socket_of(c, c.int(0))?;
    let header = read_header(c, c.arg(1))?;
    receive_header(c, file, &header, c.int(2))
}

/// What a call that sends several messages has done when it parks: so many messages, and part of the next.
const SENT: u32 = 40;

/// `sendmmsg`: parks for each message as `sendmsg` does. What goes wrong after the first is left to the next call.
pub(crate) fn sendmmsg(c: &mut Caller<'_>) -> Sys {
    let (file, _) = socket_of(c, c.int(0))?;
    let (at, flags) = (c.arg(1), c.int(3));
    let count = u64::from(c.arg(2) as u32).min(VECTOR_MAX);
    let first = c.call().progress >> SENT;
    c.call().progress &= (1 << SENT) - 1;
    for n in first..count {
        let header_at = at + n * MMSGHDR;
        let header = match read_header(c, header_at) {
            Err(_) if n > 0 => return done(n),
            header => header?,
        };
        let whole = total(&header.vector);
        let moved = match send_header(c, file, header, flags) {
            Err(_) | Ok(Outcome::NoReturn) if n > 0 => return done(n),
            Ok(Outcome::Done(moved)) => moved,
            Ok(Outcome::Block(_)) if n > 0 && c.k.has_deliverable_signal(c.id) => match c.call().progress {
                0 => return done(n),
                // Part of a stream message is out: that is how long it was.
                part => {
                    c.write_u32(header_at + MSGHDR, part as u32)?;
                    return done(n + 1);
                }
            },
            Ok(Outcome::Block(wait)) => {
                c.call().progress |= n << SENT;
                return Ok(Outcome::Block(wait));
            }
            other => return other,
        };
        c.call().progress = 0;
        c.write_u32(header_at + MSGHDR, moved as u32)?;
        if (moved as u64) < whole {
            return done(n + 1);
        }
    }
    done(count)
}

/// `recvmmsg`: parks until there is a message for every header, or with `MSG_WAITFORONE` for the first alone. The
/// timeout is looked at after each message, as on Linux, so it never ends a wait for one that does not come.
pub(crate) fn recvmmsg(c: &mut Caller<'_>) -> Sys {
    let (file, _) = socket_of(c, c.int(0))?;
    let (at, flags) = (c.arg(1), c.int(3));
    let count = u64::from(c.arg(2) as u32).min(VECTOR_MAX);
    let timeout = if c.arg(4) == 0 { None } else { Some(c.read_timespec(c.arg(4))?) };
    let started = c.now();
    while c.call().progress < count {
        let n = c.call().progress;
        let header_at = at + n * MMSGHDR;
        let header = match read_header(c, header_at) {
            Err(_) if n > 0 => return done(n),
            header => header?,
        };
        // Progress counts messages here, so a message may not use it for its bytes.
        let mut each = flags & !(libc::MSG_WAITFORONE | libc::MSG_WAITALL);
        if n > 0 && flags & libc::MSG_WAITFORONE != 0 {
            each |= libc::MSG_DONTWAIT;
        }
        match receive_header(c, file, &header, each) {
            Ok(Outcome::Done(moved)) => c.write_u32(header_at + MSGHDR, moved as u32)?,
            Ok(Outcome::Block(_)) if n > 0 && c.k.has_deliverable_signal(c.id) => return done(n),
            Err(_) if n > 0 => return done(n),
            other => return other,
        }
        c.call().progress = n + 1;
        if timeout.is_some_and(|t| c.now().since(started) >= t) {
            break;
        }
    }
    done(c.call().progress)
}
