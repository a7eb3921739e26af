//! Receiving: the common part of `read` and `recv*`. See [`super::transfer`] for how a transfer parks midway.

use crate::abi::errno::*;
use crate::caller::Caller;
use crate::file::FileId;
use crate::net::socket::Received;
use crate::net::transfer::{must_end, nonblocking, scatter, slice, socket_behind, total, wait_for};
use crate::syscall::{Sys, block, dispatch, done};
use crate::wait::{ObjectId, Wait};
use model::Errno;

/// Flags of `recv*` that are honoured, or ask for nothing that shows.
const RECEIVE_FLAGS: i32 = libc::MSG_DONTWAIT
    | libc::MSG_PEEK
    | libc::MSG_TRUNC
    | libc::MSG_WAITALL
    | libc::MSG_NOSIGNAL
    | libc::MSG_CMSG_CLOEXEC
    | libc::MSG_WAITFORONE
    | libc::MSG_CONFIRM;

/// What came of an attempt to receive.
#[derive(Debug)]
pub(super) enum Attempt {
    /// A message; its bytes are in guest memory.
    Got {
        /// What the call returns.
        count: usize,
        /// The message did not fit.
        cut: bool,
        /// What came along.
        received: Received,
    },
    /// Nothing yet.
    Wait(Wait),
}

/// `read`, `readv`, `recv*` of a socket into guest memory at these (address, length) ranges.
pub(crate) fn receive(c: &mut Caller<'_>, file: FileId, into: &[(u64, u64)], flags: i32) -> Sys {
    match receive_message(c, file, into, flags)? {
        Attempt::Wait(wait) => block(wait),
        Attempt::Got { count, received, .. } => {
            // Nobody asked for what came along.
            c.k.release_rights(received.rights);
            done(count as u64)
        }
    }
}

/// Receives a message, or says what to wait for.
pub(super) fn receive_message(
    c: &mut Caller<'_>,
    file: FileId,
    into: &[(u64, u64)],
    flags: i32,
) -> Result<Attempt, Errno> {
    let id = socket_behind(c, file)?;
    if flags & libc::MSG_ERRQUEUE != 0 {
        return Err(EAGAIN);
    }
    if flags & libc::MSG_OOB != 0 {
        return receive_out_of_band(c, id, into, flags);
    }
    if flags & !RECEIVE_FLAGS != 0 {
        let what = format!("receive with flags {:#x}", flags & !RECEIVE_FLAGS);
        return dispatch::refuse(c, EOPNOTSUPP, &what).map(|_| Attempt::Wait(Wait::default()));
    }
    let Some(socket) = c.k.socket(id) else {
        return Err(ENOTSOCK);
    };
    let (stream, timeout) = (socket.is_stream(), socket.options.receive_timeout);
    let (tcp, told) = (socket.tcp().is_some(), socket.told);
    let peek = flags & libc::MSG_PEEK != 0;
    let total = total(into);
    // A call that may wait does so until the low mark is reached, one with MSG_WAITALL until everything is there.
    let least = match stream && !peek {
        true if flags & libc::MSG_WAITALL != 0 => total,
        true => (socket.options.least_read() as u64).min(total),
        false => 0,
    };
    let waits = least > 1 || (least == 1 && flags & libc::MSG_WAITALL != 0);
    let all = waits && flags & libc::MSG_WAITALL != 0;
    loop {
        let progress = if waits { c.call().progress } else { 0 };
        let want = (total - progress) as usize;
        // Nothing is taken from the socket that guest memory cannot hold, unless it is only to be dropped.
        let dropped = tcp && flags & libc::MSG_TRUNC != 0;
        let room = if dropped { 0 } else { want.min(c.k.socket_available(id)) as u64 };
        for (at, len) in slice(into, progress, room) {
            c.check(at, len, libc::PROT_WRITE as u32)?;
        }
        let there = if stream && !all { want.min(c.k.socket_available(id)) } else { 0 };
        let promised = told.max(least.saturating_sub(progress) as usize).min(there);
        let part =
            if peek { there } else { c.k.part_of(c.id, there).max(if waits { promised } else { told.min(there) }) };
        let want = if part < there { part } else { want };
        let received = match c.k.socket_receive(id, want, peek) {
            Ok(received) => received,
            Err(EAGAIN) => {
                let nonblocking = nonblocking(c, file, flags);
                return match (progress, must_end(c, nonblocking)) {
                    (0, _) if nonblocking || c.call().timed_out => Err(EAGAIN),
                    (1.., true) => {
                        Ok(Attempt::Got { count: progress as usize, cut: false, received: Received::default() })
                    }
                    _ => Ok(Attempt::Wait(wait_for(c, id, timeout, "nothing has arrived"))),
                };
            }
            Err(error) if progress > 0 => {
                // The bytes count now, the error when it is asked for again.
                c.k.socket_mut(id).error = Some(error);
                return Ok(Attempt::Got { count: progress as usize, cut: false, received: Received::default() });
            }
            Err(error) => return Err(error),
        };
        let n = received.bytes.len();
        if !dropped {
            scatter(c, into, progress, &received.bytes)?;
        }
        if stream {
            c.k.socket_mut(id).told = if peek { told.max(n) } else { told.saturating_sub(n) };
        }
        if part < there {
            c.k.announce_rest(id, libc::EPOLLIN | libc::EPOLLRDNORM);
        }
        let cut = !stream && received.length > n;
        let sum = progress as usize + n;
        if !waits || n == 0 || sum as u64 >= least || !received.rights.is_empty() || c.k.is_at_mark(id) {
            let count = if !stream && flags & libc::MSG_TRUNC != 0 { received.length } else { sum };
            return Ok(Attempt::Got { count, cut, received });
        }
        c.call().progress = sum as u64;
    }
}

/// Receives the urgent byte of a TCP connection.
fn receive_out_of_band(c: &mut Caller<'_>, id: ObjectId, into: &[(u64, u64)], flags: i32) -> Result<Attempt, Errno> {
    let room = total(into).min(1);
    for (at, len) in slice(into, 0, room) {
        c.check(at, len, libc::PROT_WRITE as u32)?;
    }
    let received = c.k.receive_urgent(id, room as usize, flags & libc::MSG_PEEK != 0)?;
    if flags & libc::MSG_TRUNC == 0 {
        scatter(c, into, 0, &received.bytes)?;
    }
    Ok(Attempt::Got { count: room as usize, cut: room == 0, received })
}
