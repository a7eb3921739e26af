//! Signals: actions, masks, queues, delivery.

mod calls;
mod deliver;
mod frame;
mod send;

pub use calls::*;
pub use send::Target;

use std::collections::VecDeque;

/// Result value of a call that a signal interrupted and that may be restarted (`-ERESTARTSYS`); never seen by guests.
pub const RESTART: i64 = -512;

/// A set of signals: bit n is signal n + 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalMask(pub u64);

impl SignalMask {
    /// Whether a signal is in the set.
    pub fn has(self, signal: u8) -> bool {
        self.0 >> (signal - 1) & 1 == 1
    }
    /// Adds a signal.
    pub fn add(&mut self, signal: u8) {
        self.0 |= 1 << (signal - 1);
    }
    /// Without SIGKILL and SIGSTOP, which cannot be blocked.
    #[must_use]
    pub fn blockable(self) -> SignalMask {
        SignalMask(self.0 & !(1 << (libc::SIGKILL - 1) | 1 << (libc::SIGSTOP - 1)))
    }
}

/// What a process does on a signal (`struct sigaction`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// `SIG_DFL` (0), `SIG_IGN` (1) or the handler's address.
    pub handler: u64,
    /// `SA_*` flags.
    pub flags: u64,
    /// Address of the code that calls `rt_sigreturn`.
    pub restorer: u64,
    /// Signals blocked while the handler runs.
    pub mask: SignalMask,
}

/// An alternate signal stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AltStack {
    /// Lowest address.
    pub base: u64,
    /// Size; 0 means none.
    pub size: u64,
    /// `SS_AUTODISARM`.
    pub flags: u32,
}

/// What a handler learns about a signal (`siginfo_t`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// The signal.
    pub signal: u8,
    /// `si_code`.
    pub code: i32,
    /// `si_pid` for signals sent by processes, timer id for timers.
    pub pid: u32,
    /// `si_uid`.
    pub uid: u32,
    /// `si_value` or `si_status`.
    pub value: u64,
    /// `si_addr` for faults.
    pub address: u64,
}

/// Signals that are pending.
#[derive(Clone, Debug, Default)]
pub struct SignalQueue {
    queue: VecDeque<Info>,
}

impl SignalQueue {
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
        if info.signal >= 32 || !self.set().has(info.signal) {
            self.queue.push_back(info);
        }
    }
    /// Takes the pending signal with the lowest number among `wanted`; the oldest of its number first.
    pub fn take(&mut self, wanted: SignalMask) -> Option<Info> {
        let lowest = self.queue.iter().map(|i| i.signal).filter(|s| wanted.has(*s)).min()?;
        let at = self.queue.iter().position(|i| i.signal == lowest)?;
        self.queue.remove(at)
    }
    /// Drops every pending instance of the signals in a set.
    pub fn discard(&mut self, set: SignalMask) {
        self.queue.retain(|i| !set.has(i.signal));
    }
}

/// stub
#[derive(Clone, Copy, Debug)] pub struct HardwareFault { pub signal: u8, pub code: i32, pub address: u64, pub trap: u64, pub error: u64, pub cr2: u64 }
/// stub
pub fn name(_s: u8) -> &'static str { "SIG" }
impl crate::Kernel { pub fn hardware_fault(&mut self, _h: &mut dyn crate::Host, _f: HardwareFault) {} }
