//! Sets and queues of signals.

use super::{FIRST_REAL_TIME, Info, SIGCONT, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
use std::collections::VecDeque;

/// A set of signals: bit n is signal n + 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalMask(pub u64);

impl SignalMask {
    /// The set of one signal.
    pub const fn of(signal: u8) -> SignalMask {
        SignalMask(1 << (signal - 1))
    }
    /// `SIGCONT`.
    pub const CONTINUE: SignalMask = SignalMask::of(SIGCONT);
    /// Everything that stops a process by default.
    pub const STOPS: SignalMask = SignalMask(
        SignalMask::of(SIGSTOP).0 | SignalMask::of(SIGTSTP).0 | SignalMask::of(SIGTTIN).0 | SignalMask::of(SIGTTOU).0,
    );

    /// Whether a signal is in the set.
    pub fn has(self, signal: u8) -> bool {
        self.0 >> (signal - 1) & 1 == 1
    }
    /// Adds a signal.
    pub fn add(&mut self, signal: u8) {
        self.0 |= Self::of(signal).0;
    }
    /// Takes a signal out.
    pub fn remove(&mut self, signal: u8) {
        self.0 &= !Self::of(signal).0;
    }
    /// Everything that is in either.
    #[must_use]
    pub fn union(self, other: SignalMask) -> SignalMask {
        SignalMask(self.0 | other.0)
    }
    /// Everything that is not in the set.
    #[must_use]
    pub fn complement(self) -> SignalMask {
        SignalMask(!self.0)
    }
    /// Without SIGKILL and SIGSTOP, which cannot be blocked.
    #[must_use]
    pub fn blockable(self) -> SignalMask {
        SignalMask(self.0 & !(Self::of(SIGKILL).0 | Self::of(SIGSTOP).0))
    }
    /// The signals in the set, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        // Each call asks, and nearly always there are none.
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let lowest = rest.trailing_zeros();
            rest &= rest.checked_sub(1)?;
            Some(lowest as u8 + 1)
        })
    }
}

/// Signals that are pending.
#[derive(Clone, Debug, Default)]
pub struct SignalQueue {
    queue: VecDeque<Info>,
}

impl SignalQueue {
    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
    /// The set of pending signals.
    pub fn set(&self) -> SignalMask {
        let mut set = SignalMask::default();
        for info in &self.queue {
            set.add(info.signal);
        }
        set
    }
    /// Adds a signal; a standard signal that is already pending is dropped, real-time signals queue.
    pub fn push(&mut self, info: Info) {
        if info.signal >= FIRST_REAL_TIME || !self.set().has(info.signal) {
            self.queue.push_back(info);
        }
    }
    /// Takes the pending signal with the lowest number among `wanted`; the oldest of its number first.
    pub fn take(&mut self, wanted: SignalMask) -> Option<Info> {
        let lowest = self.queue.iter().map(|i| i.signal).filter(|s| wanted.has(*s)).min()?;
        let at = self.queue.iter().position(|i| i.signal == lowest)?;
        self.queue.remove(at)
    }
    /// Takes a pending signal that the processor raised.
    pub fn take_synchronous(&mut self) -> Option<Info> {
        let at = self.queue.iter().position(|i| i.code > 0 && super::is_synchronous(i.signal))?;
        self.queue.remove(at)
    }
    /// Drops every pending instance of the signals in a set.
    pub fn discard(&mut self, set: SignalMask) {
        self.queue.retain(|i| !set.has(i.signal));
    }
}
