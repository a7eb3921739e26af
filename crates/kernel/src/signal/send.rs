//! Sending signals.

use crate::signal::Info;
use crate::world::Kernel;

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A process as a whole.
    Process(crate::process::ProcessId),
    /// One thread.
    Thread(model::ThreadId),
}

impl Kernel {
    /// Sends a signal; nothing happens if the target is gone.
    pub fn send_signal(&mut self, _target: Target, _info: Info) {}
}
