//! TCP: the states of a socket and of a connection.
//!
//! ```text
//!                listen                    shutdown(RD)
//!   Closed ─────────────────> Listening ─────────────────> Closed
//!     │  ▲                        │ SYN arrives, queue not full
//!     │  │ RST: ECONNREFUSED      ▼
//!     │  │ silence: ETIMEDOUT   a new socket in the queue, Connected (accept gives it a descriptor)
//!     │  │                        │ SYN-ACK
//!     │ connect                   ▼
//!     └──────> Connecting ──────────────> Connected ── both FINs ──> readers see the end, writers EPIPE
//!               (SYN lost: again after       │
//!                1, 2, 4, 8, 16, 32 s)       └── RST ──> ECONNRESET once, then the end and EPIPE
//! ```
//!
//! A connection has two sides, 0 the one that connected. What a side sends is in flight towards the other, then in
//! its receive queue; a sender may have as much on the way and unread as the receiver's buffer holds. FIN and RST
//! travel in the same order as data, so nothing is overtaken. A side whose socket was closed answers data with RST.
//! A connection is forgotten when both sockets are closed.

use crate::abi::errno::{EALREADY, ECONNABORTED, ECONNREFUSED, ECONNRESET, EISCONN, EPIPE, ETIMEDOUT};
use crate::causality::Spot;
use crate::faults::Fate;
use crate::net::NetTimer;
use crate::net::connection::{Connection, ConnectionId, Segment, Side};
use crate::net::listen::Listening;
use crate::net::options::Options;
use crate::net::socket::{HUP, IN, OUT, PRI, RDHUP, roomy};
use crate::time::TimerAction;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::{Errno, VirtualDuration};
use std::net::SocketAddr;

/// A TCP socket.
#[derive(Debug)]
pub(crate) struct Tcp {
    /// Where it is.
    pub state: State,
}

/// Where a TCP socket is.
#[derive(Debug)]
pub(crate) enum State {
    /// Neither connected nor listening.
    Closed {
        /// A connect failed and the next one has to say so.
        failed: bool,
    },
    /// Takes connections.
    Listening(Listening),
    /// Its SYN is on the way.
    Connecting(ConnectionId),
    /// One side of a connection.
    Connected {
        /// Which connection.
        connection: ConnectionId,
        /// Which side.
        side: usize,
        /// A connect has returned success.
        reported: bool,
    },
}

/// How often a SYN is sent again before a connect fails.
const SYN_RETRIES: u32 = 6;
/// How long it takes until a segment that was lost is sent again.
const RETRANSMIT: VirtualDuration = VirtualDuration::millis(200);

impl Kernel {
    /// Starts or continues a connect without parking. `Ok(false)` means that it is under way.
    pub(super) fn tcp_connect_to(&mut self, id: ObjectId, to: SocketAddr) -> Result<bool, Errno> {
        let Some(tcp) = self.socket_mut(id).tcp_mut() else {
            return Err(EISCONN);
        };
        match &mut tcp.state {
            State::Listening(_) => return Err(EISCONN),
            State::Connecting(_) => return Err(EALREADY),
            State::Connected { reported: true, .. } => return Err(EISCONN),
            State::Connected { reported, connection, .. } => {
                *reported = true;
                let granted = Spot::Granted(*connection);
                self.causes.see(granted);
                return Ok(true);
            }
            State::Closed { failed: true } => {
                tcp.state = State::Closed { failed: false };
                return Err(self.take_error(id).unwrap_or(ECONNABORTED));
            }
            State::Closed { failed: false } => {}
        }
        self.tcp_start(id, to)?;
        Ok(false)
    }

    /// Sends the first SYN.
    fn tcp_start(&mut self, id: ObjectId, to: SocketAddr) -> Result<(), Errno> {
        let service = self.socket_mut(id).service;
        let mut route = self.net.route(service, to.ip())?;
        let target = SocketAddr::new(route.address, to.port());
        if route.to == service
            && route.address.is_loopback()
            && self.listener_at(service, target, 0).is_none()
            && let Some(other) = self.net.declared(service, to.port())
        {
            (route.to, route.localhost) = (other, true);
        }
        let local = self.fix_local(id, route.source)?;
        let connection = ConnectionId(self.net.next_connection);
        self.net.next_connection += 1;
        self.causes.mark(Spot::Wanted(connection));
        let sides = [Side::new(service, Some(id), local, target), Side::new(route.to, None, target, local)];
        let syn_sent = self.clock.now();
        let state = Connection { sides, localhost: route.localhost, syn_sent, retries: 0, overheard: None };
        self.net.connections.insert(connection, state);
        self.socket_mut(id).tcp_mut().expect("a TCP socket").state = State::Connecting(connection);
        self.send_syn(connection);
        Ok(())
    }
    fn send_syn(&mut self, id: ConnectionId) {
        let now = self.clock.now();
        let Some(connection) = self.net.connections.get_mut(&id) else {
            return;
        };
        connection.syn_sent = now;
        let (from, to) = (connection.sides[0].service, connection.sides[1].service);
        let fate = if from == to { Fate::default() } else { self.fate(from, to) };
        if fate.reset {
            return self.connect_failed(id, ECONNREFUSED);
        }
        if fate.cut || fate.lost {
            return self.syn_dropped(id);
        }
        let latency = self.latency(from, to);
        let latency = VirtualDuration(latency.0.saturating_add(fate.late.0));
        if latency == VirtualDuration::ZERO {
            return self.syn_arrived(id);
        }
        self.timers.arm(now.after(latency), TimerAction::Net(NetTimer::Syn(id)));
    }
    /// A SYN got no answer: the next one follows after 1, 2, 4, … seconds.
    pub(super) fn syn_dropped(&mut self, id: ConnectionId) {
        let Some(connection) = self.net.connections.get(&id) else {
            return;
        };
        let at = connection.syn_sent.after(VirtualDuration::secs(1 << connection.retries)).max(self.clock.now());
        self.timers.arm(at, TimerAction::Net(NetTimer::SynRetry(id)));
    }
    /// A connect that heard nothing tries again, or gives up.
    pub(super) fn syn_retry(&mut self, id: ConnectionId) {
        let Some(connection) = self.net.connections.get_mut(&id) else {
            return;
        };
        connection.retries += 1;
        if connection.retries > SYN_RETRIES {
            return self.connect_failed(id, ETIMEDOUT);
        }
        self.send_syn(id);
    }
    fn connect_failed(&mut self, id: ConnectionId, error: Errno) {
        let Some(connection) = self.net.connections.remove(&id) else {
            return;
        };
        let Some(socket) = connection.sides[0].socket else {
            return;
        };
        let socket_state = self.socket_mut(socket);
        socket_state.error = Some(error);
        socket_state.tcp_mut().expect("a TCP socket").state = State::Closed { failed: true };
        self.unfix_local(socket);
        self.object_changed(socket);
    }

    /// Sends something to one side of a connection.
    pub(super) fn send_segment(&mut self, id: ConnectionId, to: usize, segment: Segment) {
        let Some(connection) = self.net.connections.get(&id) else {
            return;
        };
        let (from, at) = (connection.sides[1 - to].service, connection.sides[to].service);
        if from == at {
            return self.segment_arrived(id, to, segment);
        }
        let fate = self.fate(from, at);
        if fate.reset && !matches!(segment, Segment::Established | Segment::Reset) {
            return self.break_connection(id);
        }
        let cut = fate.cut;
        let latency = if cut { VirtualDuration::ZERO } else { self.latency(from, at) };
        let again = if fate.lost { RETRANSMIT } else { VirtualDuration::ZERO };
        let arrival = self.clock.now().after(latency).after(fate.late).after(again);
        let Some(side) = self.net.side_mut(id, to) else { return };
        side.flight_bytes += segment.len();
        side.flight.push_back(segment);
        if cut {
            side.held += 1;
            return;
        }
        side.last_arrival = arrival.max(side.last_arrival);
        let arrival = side.last_arrival;
        self.timers.arm(arrival, TimerAction::Net(NetTimer::Segment(id, to)));
    }
    /// The oldest segment in flight towards a side arrives.
    pub(super) fn segment_due(&mut self, id: ConnectionId, side: usize) {
        let Some(state) = self.net.side_mut(id, side) else {
            return;
        };
        let at = state.service;
        if self.power.is_down(at) {
            // Whoever sent it goes on trying until somebody answers.
            state.held += 1;
            return;
        }
        let Some(segment) = state.flight.pop_front() else {
            return;
        };
        state.flight_bytes -= segment.len();
        self.segment_arrived(id, side, segment);
    }
    fn segment_arrived(&mut self, id: ConnectionId, side: usize, segment: Segment) {
        let Some(state) = self.net.side_mut(id, side) else {
            return;
        };
        let Some(socket) = state.socket else {
            // Nobody is there any more: whoever goes on talking is told so.
            if matches!(segment, Segment::Data(_) | Segment::Urgent(_) | Segment::Established)
                && !std::mem::replace(&mut state.dead, true)
            {
                self.send_segment(id, 1 - side, Segment::Reset);
            }
            return;
        };
        if state.dead {
            return;
        }
        match segment {
            Segment::Data(bytes) => state.received.extend(bytes),
            Segment::Urgent(bytes) => {
                state.received.extend(bytes);
                let inline = self.reads_inline(socket);
                if let Some(state) = self.net.side_mut(id, side) {
                    let lost = state.urgent_arrived(inline);
                    self.causes.take(Spot::Towards(id, side), lost);
                }
                self.signal_urgent(socket);
            }
            Segment::Fin => state.fin_received = true,
            Segment::Established => {
                let connected = State::Connected { connection: id, side, reported: false };
                self.socket_mut(socket).tcp_mut().expect("a TCP socket").state = connected;
            }
            Segment::Reset => return self.reset_arrived(id, side, socket),
        }
        self.object_changed(socket);
    }
    /// An RST has reached the socket of one side.
    pub(super) fn reset_arrived(&mut self, id: ConnectionId, side: usize, socket: ObjectId) {
        if self.is_connecting(socket) {
            return self.connect_failed(id, ECONNREFUSED);
        }
        let Some(state) = self.net.side_mut(id, side) else {
            return;
        };
        state.dead = true;
        let error = match (state.fin_received, state.fin_sent) {
            (true, true) => None,
            (true, false) => Some(EPIPE),
            (false, _) => Some(ECONNRESET),
        };
        let pending = &mut self.socket_mut(socket).error;
        *pending = pending.or(error);
        self.object_changed(socket);
    }
    /// Readiness of a TCP socket, without its pending error.
    pub(super) fn tcp_readiness(&self, tcp: &Tcp, options: &Options) -> u32 {
        match &tcp.state {
            State::Closed { failed: true } => IN | OUT | RDHUP | HUP,
            State::Closed { failed: false } => OUT | HUP,
            State::Connecting(_) => 0,
            State::Listening(listening) if listening.queue.is_empty() => 0,
            State::Listening(_) => IN,
            State::Connected { connection, side, .. } => {
                let Some(state) = self.net.connections.get(connection).map(|c| &c.sides[*side]) else {
                    return HUP;
                };
                let ended = state.fin_received || state.read_shut || state.dead;
                let mut bits = 0;
                if ended || state.countable(options.flag(libc::SO_OOBINLINE)) >= options.least_read() {
                    bits |= IN;
                }
                if state.has_urgent() {
                    bits |= PRI;
                }
                if ended {
                    bits |= RDHUP;
                }
                if state.dead || (state.fin_sent && (state.fin_received || state.read_shut)) {
                    bits |= HUP;
                }
                let (free, capacity) = self.tcp_free(*connection, 1 - *side);
                if state.fin_sent || state.dead || roomy(free, capacity) {
                    bits |= OUT;
                }
                bits
            }
        }
    }
}
