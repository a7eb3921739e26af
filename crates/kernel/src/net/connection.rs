//! Connections: the two sides of a TCP connection, what is between them, and what links do to it. How they come about
//! and end is in [`super::tcp`].

use crate::dense::Key;
use crate::net::tcp::State;
use crate::net::urgent::Urgent;
use crate::net::{NetTimer, Network};
use crate::time::TimerAction;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::traffic::Overhear;
use model::{Label, ServiceId, VirtualTime};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Names a connection; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub(super) u32);

impl Key for ConnectionId {
    fn place(self) -> (usize, usize) {
        (0, self.0 as usize)
    }
    fn at(_: usize, column: usize) -> ConnectionId {
        ConnectionId(column as u32)
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The two ends; 0 connected, 1 accepted.
    pub sides: [Side; 2],
    /// It came through `localhost` of another host; see [`super::route::Route::localhost`].
    pub localhost: bool,
    /// When the latest SYN was sent.
    pub syn_sent: VirtualTime,
    /// How many SYNs were sent again.
    pub retries: u32,
    /// Who listens to it, once it has been asked whether anybody does.
    pub overheard: Option<Option<Box<dyn Overhear>>>,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Side {
    /// The host.
    pub service: ServiceId,
    /// The socket; none before it is accepted into the queue and after it is closed.
    pub socket: Option<ObjectId>,
    /// Its own address, as it sees it.
    pub local: SocketAddr,
    /// The other's address, as it sees it.
    pub peer: SocketAddr,
    /// How its calls name the other, once one has.
    pub label: Option<Label>,
    /// On the way to it, in order of arrival.
    pub flight: VecDeque<Segment>,
    /// How many of the youngest in flight wait for a cut link to be healed.
    pub held: usize,
    /// Bytes of data in flight.
    pub flight_bytes: usize,
    /// When the youngest in flight arrives.
    pub last_arrival: VirtualTime,
    /// Arrived and not yet read.
    pub received: VecDeque<u8>,
    /// Which of it is urgent.
    pub urgent: Option<Urgent>,
    /// The other side's FIN has arrived.
    pub fin_received: bool,
    /// It has sent its FIN.
    pub fin_sent: bool,
    /// `shutdown(SHUT_RD)`.
    pub read_shut: bool,
    /// An RST has arrived or was sent.
    pub dead: bool,
}

/// What travels on a connection.
#[derive(Debug)]
pub(crate) enum Segment {
    /// SYN-ACK.
    Established,
    /// Bytes.
    Data(Vec<u8>),
    /// Bytes of which the last is urgent.
    Urgent(Vec<u8>),
    /// The end of the stream.
    Fin,
    /// The end of the connection.
    Reset,
}

impl Segment {
    /// How many bytes of data it carries.
    pub(super) fn len(&self) -> usize {
        match self {
            Segment::Data(bytes) | Segment::Urgent(bytes) => bytes.len(),
            Segment::Established | Segment::Fin | Segment::Reset => 0,
        }
    }
}

impl Side {
    pub(super) fn new(service: ServiceId, socket: Option<ObjectId>, local: SocketAddr, peer: SocketAddr) -> Side {
        Side {
            service,
            socket,
            local,
            peer,
            label: None,
            flight: VecDeque::new(),
            held: 0,
            flight_bytes: 0,
            last_arrival: VirtualTime::default(),
            received: VecDeque::new(),
            urgent: None,
            fin_received: false,
            fin_sent: false,
            read_shut: false,
            dead: false,
        }
    }
}

impl Network {
    /// Established or pending connections between two hosts.
    pub(super) fn connections_between(&self, a: ServiceId, b: ServiceId) -> Vec<ConnectionId> {
        let joins = |c: &Connection| {
            let ends = [c.sides[0].service, c.sides[1].service];
            ends == [a, b] || ends == [b, a]
        };
        self.connections.iter().filter(|(_, c)| joins(c)).map(|(id, _)| id).collect()
    }
    /// One side of a connection that exists.
    pub(super) fn side_mut(&mut self, id: ConnectionId, side: usize) -> Option<&mut Side> {
        self.connections.get_mut(&id).map(|c| &mut c.sides[side])
    }
}

impl Kernel {
    /// A link is whole again: what connections hold for it sets off.
    pub(crate) fn release_held(&mut self, from: ServiceId, to: ServiceId) {
        for id in self.net.connections_between(from, to) {
            for side in 0..2 {
                let Some(state) = self.net.side_mut(id, side) else {
                    continue;
                };
                if state.service != to {
                    continue;
                }
                for _ in 0..std::mem::take(&mut state.held) {
                    let at = self.clock.now().after(self.latency(from, to));
                    let Some(state) = self.net.side_mut(id, side) else {
                        continue;
                    };
                    state.last_arrival = at.max(state.last_arrival);
                    let at = state.last_arrival;
                    self.timers.arm(at, TimerAction::Net(NetTimer::Segment(id, side)));
                }
            }
        }
    }
    /// Both ends of a connection see a reset now.
    pub(super) fn break_connection(&mut self, id: ConnectionId) {
        // One that is being set up has no state yet that could break.
        let client = self.net.connections.get(&id).and_then(|c| c.sides[0].socket);
        if client.is_some_and(|c| self.is_connecting(c)) {
            return;
        }
        for side in 0..2 {
            let Some(state) = self.net.side_mut(id, side) else {
                return;
            };
            if !state.dead
                && let Some(socket) = state.socket
            {
                self.reset_arrived(id, side, socket);
            }
        }
    }
    /// Forgets a connection that nobody can observe any more.
    pub(super) fn settle_connection(&mut self, id: ConnectionId) {
        if self.net.connections.get(&id).is_some_and(|c| c.sides.iter().all(|s| s.socket.is_none())) {
            self.net.connections.remove(&id);
        }
    }

    /// Whether a socket's connect is under way.
    pub(super) fn is_connecting(&self, id: ObjectId) -> bool {
        matches!(self.socket(id).and_then(|s| s.tcp()).map(|t| &t.state), Some(State::Connecting(_)))
    }
    /// The state of one side as `TCP_INFO` numbers it.
    pub(super) fn connection_state(&self, id: ConnectionId, side: usize) -> u8 {
        let Some(state) = self.net.connections.get(&id).map(|c| &c.sides[side]) else {
            return 7;
        };
        match (state.dead, state.fin_sent, state.fin_received) {
            (true, ..) => 7,
            (false, false, false) => 1,
            (false, true, false) => 5,
            (false, false, true) => 8,
            (false, true, true) => 6,
        }
    }
}
