//! Urgent data of TCP (`MSG_OOB`): one byte of the stream that is announced ahead of what comes before it, and that may
//! be read out of its turn. See `tcp(7)`, `socket(7)`, `sockatmark(3)`.
//!
//! The byte lies in the receive queue like any other; what is known of it is how many bytes lie before it, its *mark*.
//! A read never goes across the mark, and one that starts there leaves the byte out, unless `SO_OOBINLINE` is set. A
//! later urgent byte replaces an earlier one, which is an ordinary byte from then on.

use crate::abi::errno::{EAGAIN, EINVAL, ENOTCONN};
use crate::file::{FileId, Target};
use crate::net::connection::Side;
use crate::net::socket::Received;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;

/// The latest urgent byte of one direction, until it is read past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Urgent {
    /// How many bytes are read before it.
    ahead: usize,
    /// Whether it has been read out of its turn.
    taken: bool,
}

/// Where the bytes of a read come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// How many of the first in the queue are left out.
    pub(super) skip: usize,
    /// How many after that can be had at once.
    pub(super) len: usize,
}

impl Side {
    /// The last byte that has arrived is urgent. Returns how many bytes nobody can read any more by that.
    pub(super) fn urgent_arrived(&mut self, inline: bool) -> usize {
        let at = self.received.len().saturating_sub(1);
        // The byte that the reader stands before was to be left out, and still is.
        let lost = usize::from(self.urgent.is_some_and(|u| u.ahead == 0) && !inline && at > 0);
        self.received.drain(..lost);
        self.urgent = Some(Urgent { ahead: self.received.len().saturating_sub(1), taken: false });
        lost
    }
    /// What a read can have now.
    pub(super) fn reach(&self, inline: bool) -> Reach {
        match self.urgent {
            Some(u) if u.ahead > 0 => Reach { skip: 0, len: u.ahead },
            Some(_) if !inline => Reach { skip: 1, len: self.received.len().saturating_sub(1) },
            _ => Reach { skip: 0, len: self.received.len() },
        }
    }
    /// So many bytes have been read or left out.
    pub(super) fn read_on(&mut self, count: usize) {
        self.urgent = self.urgent.and_then(|u| Some(Urgent { ahead: u.ahead.checked_sub(count)?, ..u }));
    }
    /// Whether the next byte to be read is the urgent one.
    fn is_at_mark(&self) -> bool {
        self.urgent.is_some_and(|u| u.ahead == 0)
    }
    /// Whether an urgent byte has come that nobody has read out of its turn.
    pub(super) fn has_urgent(&self) -> bool {
        self.urgent.is_some_and(|u| !u.taken)
    }
    /// How many bytes have arrived and count for a reader: at the mark one more has to be there for a read to find any.
    pub(super) fn countable(&self, inline: bool) -> usize {
        self.received.len() - usize::from(self.is_at_mark() && !inline).min(self.received.len())
    }
}

impl Kernel {
    fn own_side(&self, id: ObjectId) -> Option<&Side> {
        let (connection, side) = self.connection_of(id)?;
        self.net.connections.get(&connection).map(|c| &c.sides[side])
    }
    /// `SO_OOBINLINE`
    pub(super) fn reads_inline(&self, id: ObjectId) -> bool {
        self.socket(id).is_some_and(|s| s.options.flag(libc::SO_OOBINLINE))
    }
    /// What a program is told of bytes that wait: all of them, or those before the mark.
    pub(super) fn tcp_unread(&self, id: ObjectId) -> Option<usize> {
        let side = self.own_side(id)?;
        Some(side.urgent.filter(|_| !self.reads_inline(id)).map_or(side.received.len(), |u| u.ahead))
    }
    /// `SIOCATMARK`; of a socket that is no TCP connection nothing is.
    pub(crate) fn is_at_mark(&self, id: ObjectId) -> bool {
        self.own_side(id).is_some_and(Side::is_at_mark)
    }
    /// `recv` with `MSG_OOB`: the urgent byte alone.
    ///
    /// # Errors
    /// `EINVAL` if there is none to be read this way, `EAGAIN` if it is announced only, `ENOTCONN`.
    pub(super) fn receive_urgent(&mut self, id: ObjectId, room: usize, peek: bool) -> Result<Received, Errno> {
        let inline = self.reads_inline(id);
        let Some((connection, side)) = self.connection_of(id) else {
            return Err(if self.socket(id).is_some_and(|s| s.tcp().is_some()) { ENOTCONN } else { EINVAL });
        };
        let state = self.net.side_mut(connection, side).ok_or(ENOTCONN)?;
        let urgent = state.urgent.as_mut().filter(|u| !inline && !u.taken).ok_or(EINVAL)?;
        let byte = state.received.get(urgent.ahead).copied().ok_or(EAGAIN)?;
        urgent.taken |= !peek;
        let bytes = vec![byte; room.min(1)];
        Ok(Received { length: 1, bytes, urgent: true, ..Received::default() })
    }
    /// Tells the owners of a socket (`F_SETOWN`) that an urgent byte has come.
    pub(super) fn signal_urgent(&mut self, id: ObjectId) {
        let owned = |(file, open): (FileId, &crate::file::OpenFile)| {
            (open.target == Target::Object(id) && open.owner != 0).then_some(file)
        };
        for file in self.files.open.iter().filter_map(owned).collect::<Vec<FileId>>() {
            self.signal_owner(file, libc::SIGURG as u8);
        }
    }
}
