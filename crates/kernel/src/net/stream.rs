//! The data path of TCP: sending, receiving, half-closing, closing.

use crate::abi::errno::{EAGAIN, ENOTCONN, EPIPE};
use crate::causality::Spot;
use crate::net::connection::{ConnectionId, Segment};
use crate::net::socket::roomy;
use crate::net::tcp::State;
use crate::net::urgent::Reach;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;
use std::net::SocketAddr;

impl Kernel {
    pub(super) fn connection_of(&self, id: ObjectId) -> Option<(ConnectionId, usize)> {
        match self.socket(id)?.tcp()?.state {
            State::Connected { connection, side, .. } => Some((connection, side)),
            _ => None,
        }
    }
    /// How much more may be on the way to a side or unread there, and the size of its buffer.
    pub(super) fn tcp_free(&self, id: ConnectionId, side: usize) -> (usize, usize) {
        let Some(state) = self.net.connections.get(&id).map(|c| &c.sides[side]) else {
            return (0, 0);
        };
        let buffer = |socket| self.socket(socket).map(|s| s.options.receive_buffer());
        // A closed socket swallows anything, and answers it with RST.
        let capacity = state.socket.and_then(buffer).unwrap_or(usize::MAX / 4);
        (capacity.saturating_sub(state.flight_bytes + state.received.len()), capacity)
    }
    /// Bytes of a TCP socket that could be read now.
    pub(super) fn tcp_available(&self, id: ObjectId) -> usize {
        let Some((connection, side)) = self.connection_of(id) else { return 0 };
        let inline = self.reads_inline(id);
        self.net.connections.get(&connection).map_or(0, |c| c.sides[side].reach(inline).len)
    }
    /// The other end's address.
    pub(super) fn tcp_peer(&self, id: ObjectId) -> Option<SocketAddr> {
        let (connection, side) = self.connection_of(id)?;
        let side = &self.net.connections.get(&connection)?.sides[side];
        (!side.dead).then_some(side.peer)
    }
    /// Room for more bytes without parking; 0 while connecting or full.
    pub(super) fn tcp_room(&mut self, id: ObjectId) -> Result<usize, Errno> {
        if let Some(error) = self.take_error(id) {
            return Err(error);
        }
        if self.is_connecting(id) {
            return Ok(0);
        }
        let (connection, side) = self.connection_of(id).ok_or(EPIPE)?;
        let Some(state) = self.net.side_mut(connection, side) else {
            return Err(EPIPE);
        };
        if state.fin_sent || state.dead {
            return Err(EPIPE);
        }
        Ok(self.tcp_free(connection, 1 - side).0)
    }
    /// Sends bytes for which there is room.
    pub(super) fn tcp_send(&mut self, id: ObjectId, segment: Segment) {
        if let Some((connection, side)) = self.connection_of(id)
            && segment.len() > 0
        {
            self.causes.put(Spot::Towards(connection, 1 - side), segment.len());
            if let Segment::Data(bytes) | Segment::Urgent(bytes) = &segment {
                self.overhear_sent(connection, side, bytes);
            }
            self.send_segment(connection, 1 - side, segment);
        }
    }
    /// How many bytes have been sent and have not arrived (`SIOCOUTQ`).
    pub(crate) fn tcp_unsent(&self, id: ObjectId) -> usize {
        let Some((connection, side)) = self.connection_of(id) else { return 0 };
        self.net.connections.get(&connection).map_or(0, |c| c.sides[1 - side].flight_bytes)
    }
    /// Takes (or peeks at) what has arrived.
    pub(super) fn tcp_receive(&mut self, id: ObjectId, max: usize, peek: bool) -> Result<Vec<u8>, Errno> {
        let Some((connection, side)) = self.connection_of(id) else {
            let failed = match self.socket(id).and_then(|s| s.tcp()).map(|t| &t.state) {
                Some(State::Connecting(_)) => return Err(EAGAIN),
                Some(State::Closed { failed }) => *failed,
                _ => false,
            };
            return match self.take_error(id) {
                Some(error) => Err(error),
                None if failed => Ok(Vec::new()),
                None => Err(ENOTCONN),
            };
        };
        let (free, capacity) = self.tcp_free(connection, side);
        let inline = self.reads_inline(id);
        let Some(state) = self.net.side_mut(connection, side) else {
            return Err(ENOTCONN);
        };
        let Reach { skip, len } = state.reach(inline);
        let n = max.min(len);
        if skip > 0 && max > 0 && !peek {
            state.received.pop_front();
            state.read_on(skip);
            self.causes.take(Spot::Towards(connection, side), skip);
        }
        if n == 0 {
            let ended = state.fin_received || state.read_shut || state.dead;
            if ended && max != 0 {
                self.causes.see(Spot::Closing(connection, side));
            }
            // After a FIN the stream has ended properly, whatever came later.
            let clean = state.fin_received;
            if !clean && let Some(error) = self.take_error(id) {
                return Err(error);
            }
            return if ended || max == 0 { Ok(Vec::new()) } else { Err(EAGAIN) };
        }
        if peek {
            self.causes.peek(Spot::Towards(connection, side), skip + n);
            return Ok(state.received.range(skip..skip + n).copied().collect());
        }
        self.causes.take(Spot::Towards(connection, side), n);
        let bytes: Vec<u8> = state.received.drain(..n).collect();
        state.read_on(n);
        self.overhear_received(connection, side, &bytes);
        let sender = self.net.connections.get(&connection).and_then(|c| c.sides[1 - side].socket);
        if let Some(sender) = sender
            && !roomy(free, capacity)
            && roomy(free + n, capacity)
        {
            self.object_changed(sender);
        }
        Ok(bytes)
    }
    /// Stops one or both directions.
    pub(super) fn tcp_shutdown(&mut self, id: ObjectId, read: bool, write: bool) -> Result<(), Errno> {
        let Some((connection, side)) = self.connection_of(id) else {
            let Some(tcp) = self.socket(id).and_then(|s| s.tcp()) else {
                return Err(ENOTCONN);
            };
            match tcp.state {
                State::Connecting(_) => {
                    self.tcp_leave(id, true);
                    self.socket_mut(id).tcp_mut().expect("seen above").state = State::Closed { failed: false };
                    self.object_changed(id);
                    return Ok(());
                }
                State::Listening(_) if read => {
                    self.stop_listening(id);
                    self.object_changed(id);
                    return Ok(());
                }
                State::Listening(_) => return Ok(()),
                _ => return Err(ENOTCONN),
            }
        };
        let Some(state) = self.net.side_mut(connection, side) else {
            return Err(ENOTCONN);
        };
        if state.dead {
            return Err(ENOTCONN);
        }
        state.read_shut |= read;
        if write && !std::mem::replace(&mut state.fin_sent, true) {
            self.causes.mark(Spot::Closing(connection, 1 - side));
            self.send_segment(connection, 1 - side, Segment::Fin);
        }
        self.object_changed(id);
        Ok(())
    }
    /// Closes a TCP socket: FIN after everything it sent, or RST if it leaves bytes unread or was told to.
    pub(super) fn tcp_close(&mut self, id: ObjectId) {
        let abort = self.socket(id).is_some_and(|s| s.options.linger == Some(0));
        self.tcp_leave(id, abort);
    }
    /// Ends a socket's part in its connection, its handshake or its queue.
    pub(super) fn tcp_leave(&mut self, id: ObjectId, abort: bool) {
        match self.socket(id).and_then(|s| s.tcp()).map(|t| &t.state) {
            Some(State::Listening(_)) => return self.stop_listening(id),
            Some(State::Connecting(connection)) => {
                let connection = *connection;
                if let Some(side) = self.net.side_mut(connection, 0) {
                    side.socket = None;
                }
                return self.settle_connection(connection);
            }
            _ => {}
        }
        let Some((connection, side)) = self.connection_of(id) else {
            return;
        };
        let Some(state) = self.net.side_mut(connection, side) else {
            return;
        };
        let unread = !std::mem::take(&mut state.received).is_empty();
        let dead = state.dead;
        let fin_sent = std::mem::replace(&mut state.fin_sent, true);
        state.socket = None;
        if !dead && (abort || unread) {
            state.dead = true;
            self.send_segment(connection, 1 - side, Segment::Reset);
        } else if !dead && !fin_sent {
            self.send_segment(connection, 1 - side, Segment::Fin);
        }
        self.settle_connection(connection);
    }
}
