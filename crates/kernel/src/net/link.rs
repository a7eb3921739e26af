//! Links: what lies between two hosts, in one direction.
//!
//! Each segment, SYN and datagram that goes from one host to another asks how long it travels:
//!
//! | choice  | 0     | 1      | 2      | 3      | 4       | 5       |
//! |---------|-------|--------|--------|--------|---------|---------|
//! | latency | 50 µs | 200 µs | 800 µs | 3.2 ms | 12.8 ms | 51.2 ms |
//!
//! Within one direction of a connection segments keep their order: none arrives before the one sent before it.
//! Datagrams keep their order per link. Different connections overtake each other freely. On a host's own loopback
//! nothing travels: it arrives within the call that sent it, and nothing is asked.
//!
//! Faults change a link through the functions below; what an ordinary link does is decided here and nowhere else.

use crate::net::{NetTimer, Network};
use crate::time::TimerAction;
use crate::world::Kernel;
use model::{Hint, Kind, ServiceId, Stream, VirtualDuration, VirtualTime};

/// The least latency between two hosts.
pub const BASE_LATENCY: VirtualDuration = VirtualDuration::micros(50);
/// How many latencies there are; each is four times the one before.
pub const LATENCIES: u32 = 6;

/// One direction between two hosts, where it differs from the ordinary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    /// Nothing that is sent now arrives: SYNs and datagrams are lost, segments of connections wait until the link is
    /// whole again, as if retransmitted then. What was under way before the cut still arrives.
    pub cut: bool,
    /// The same, until then.
    pub cut_until: VirtualTime,
    /// Added to every latency.
    pub delay: VirtualDuration,
    /// When the latest datagram arrives; later ones arrive no earlier.
    pub(super) last_datagram: VirtualTime,
}

impl Network {
    /// The link from one host to another.
    pub fn link(&self, from: ServiceId, to: ServiceId) -> Link {
        self.links.get(&(from, to)).copied().unwrap_or_default()
    }
    /// The same, to be changed.
    pub(super) fn link_mut(&mut self, from: ServiceId, to: ServiceId) -> &mut Link {
        self.links.entry((from, to)).or_default()
    }
}

impl Kernel {
    /// How long the next thing sent from one host to another travels.
    pub(super) fn latency(&mut self, from: ServiceId, to: ServiceId) -> VirtualDuration {
        if from == to {
            return VirtualDuration::ZERO;
        }
        let picked = self.choose(Kind::Latency, Stream::link(from, to), LATENCIES, &[], Hint::None);
        let extra = self.net.link(from, to).delay;
        VirtualDuration((BASE_LATENCY.0 << (2 * picked)).saturating_add(extra.0))
    }
    /// Cuts one direction between two hosts.
    pub fn cut_link(&mut self, from: ServiceId, to: ServiceId) {
        self.net.link_mut(from, to).cut = true;
    }
    /// Makes a link whole again; what connections sent in the meantime sets off now.
    pub fn heal_link(&mut self, from: ServiceId, to: ServiceId) {
        self.net.link_mut(from, to).cut = false;
        self.link_mended(from, to);
    }
    /// Cuts one direction between two hosts for a while.
    pub(crate) fn cut_for(&mut self, from: ServiceId, to: ServiceId, span: VirtualDuration) {
        let until = self.clock.now().after(span);
        let link = self.net.link_mut(from, to);
        link.cut_until = until.max(link.cut_until);
        self.timers.arm(until, TimerAction::Net(NetTimer::Mended(from, to)));
    }
    /// Whether a link is cut, or leads from or to a machine without power.
    pub(crate) fn is_cut(&self, from: ServiceId, to: ServiceId) -> bool {
        let link = self.net.link(from, to);
        link.cut || self.clock.now() < link.cut_until || self.power.is_down(from) || self.power.is_down(to)
    }
    /// Adds to the latency of everything sent over a link from now on.
    pub fn delay_link(&mut self, from: ServiceId, to: ServiceId, by: VirtualDuration) {
        self.net.link_mut(from, to).delay = by;
    }
    /// Breaks every established connection between two hosts: both ends see a reset at once. Returns how many.
    pub fn reset_connections(&mut self, a: ServiceId, b: ServiceId) -> usize {
        let ids = self.net.connections_between(a, b);
        for id in &ids {
            self.break_connection(*id);
        }
        ids.len()
    }
}
