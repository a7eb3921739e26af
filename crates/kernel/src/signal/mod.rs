//! Signals: actions, masks, queues, sending and delivery.
//!
//! ```text
//!   kill, timers, exits ──> send_signal ──> queue of the process or of a thread ──> its thread is woken
//!                                                                                         │
//!   return to the program <── deliver_signals: ignore | end | stop | frame on the stack <─┘
//!                                                                     │
//!                                 handler ── rt_sigreturn ────────────┘ registers, mask, stack as before
//! ```
//!
//! A signal is only ever delivered where a thread is about to return to its program, so a delivery is part of what
//! the scheduler decided, never of what the host did. A call that a signal interrupts is settled there too: see
//! [`Kernel::deliver_signals`](crate::Kernel::deliver_signals).

mod calls;
mod deliver;
mod frame;
mod info;
mod kill;
mod number;
mod queue;
mod send;

pub use calls::*;
pub use frame::rt_sigreturn;
pub use info::Info;
pub use kill::*;
pub use number::*;
pub use queue::{SignalMask, SignalQueue};
pub use send::Target;

use crate::process::Process;

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

impl Action {
    /// Whether a `SA_*` flag is set.
    pub fn has(&self, flag: i32) -> bool {
        self.flags & u64::from(flag as u32) != 0
    }
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

impl AltStack {
    /// `SS_AUTODISARM`: the stack is given up while a handler runs on it.
    pub const AUTODISARM: u32 = 1 << 31;

    /// Whether a stack pointer lies in its range.
    pub fn spans(&self, sp: u64) -> bool {
        sp > self.base && sp - self.base <= self.size
    }
    /// Whether a thread with this stack pointer runs on it.
    pub fn holds(&self, sp: u64) -> bool {
        self.flags & Self::AUTODISARM == 0 && self.spans(sp)
    }
}

/// A processor exception that a program raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardwareFault {
    /// The signal it becomes.
    pub signal: u8,
    /// Its `si_code`, e.g. `SEGV_MAPERR`.
    pub code: i32,
    /// The address concerned: that of the access, or of the instruction.
    pub address: u64,
    /// Number of the exception.
    pub trap: u64,
    /// Its error code.
    pub error: u64,
}

/// What a signal does to a process once it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing. `SIGCONT` has had its effect when it was sent.
    Ignore,
    /// Ends it.
    Terminate,
    /// Stops it until `SIGCONT`.
    Stop,
    /// Runs a handler.
    Handle(Action),
}

impl Process {
    /// What it does on a signal.
    pub fn action(&self, signal: u8) -> Action {
        self.actions.get(usize::from(signal) - 1).copied().unwrap_or_default()
    }
    /// Sets what it does on a signal.
    pub fn set_action(&mut self, signal: u8, action: Action) {
        self.actions.resize(self.actions.len().max(usize::from(SIGNALS)), Action::default());
        self.actions[usize::from(signal) - 1] = action;
    }
    /// What a signal does to it.
    pub fn reaction(&self, signal: u8) -> Reaction {
        let action = self.action(signal);
        match action.handler {
            SIG_DFL => default_reaction(signal),
            SIG_IGN => Reaction::Ignore,
            _ => Reaction::Handle(action),
        }
    }
}
