//! `poll` and `ppoll`, and what all calls that wait for readiness have in common: how long, and with which signals
//! blocked.

use super::{FileId, descriptors, io};
use crate::abi::errno::EINVAL;
use crate::caller::Caller;
use crate::signal::SignalMask;
use crate::syscall::{Outcome, Sys, block, done};
use crate::wait::{Wait, WaitKey};
use model::{Errno, VirtualDuration, VirtualTime};

/// The size of `struct pollfd`.
const RECORD: usize = 8;
/// Bits that are reported whether asked for or not.
const ALWAYS: u32 = (libc::POLLERR | libc::POLLHUP) as u32;

/// How long a call waits for readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It only looks.
    None,
    /// Until this instant.
    Until(VirtualTime),
    /// Without limit.
    Forever,
}

impl Patience {
    /// So long from the first attempt on.
    pub(crate) fn of(c: &mut Caller<'_>, time: VirtualDuration) -> Patience {
        if time == VirtualDuration::ZERO { Patience::None } else { Patience::Until(c.deadline_in(time)) }
    }
    /// So many milliseconds; negative is without limit.
    pub(crate) fn millis(c: &mut Caller<'_>, millis: i32) -> Patience {
        match u64::try_from(millis) {
            Ok(millis) => Patience::of(c, VirtualDuration::millis(millis)),
            Err(_) => Patience::Forever,
        }
    }
    /// As a `struct timespec` in guest memory says; a null pointer is without limit.
    ///
    /// # Errors
    /// `EFAULT`, `EINVAL`.
    pub(crate) fn timespec(c: &mut Caller<'_>, at: u64) -> Result<Patience, Errno> {
        if at == 0 {
            return Ok(Patience::Forever);
        }
        // It may have been overwritten since the first attempt, which is the one that counts.
        if let Some(deadline) = c.call().deadline {
            return Ok(Patience::Until(deadline));
        }
        let time = c.read_timespec(at)?;
        Ok(Patience::of(c, time))
    }
    /// Whether the call must end now.
    pub(crate) fn is_over(self, c: &mut Caller<'_>) -> bool {
        match self {
            Patience::None => true,
            Patience::Until(at) => c.call().timed_out || c.now() >= at,
            Patience::Forever => false,
        }
    }
    /// What is left of it.
    pub(crate) fn left(self, c: &Caller<'_>) -> VirtualDuration {
        match self {
            Patience::Until(at) => at.since(c.now()),
            Patience::None | Patience::Forever => VirtualDuration::ZERO,
        }
    }
    /// The wait that ends with any of the keys or when patience does. A signal ends it whatever the handler's flags.
    pub(crate) fn wait(self, mut keys: Vec<WaitKey>, why: &'static str) -> Wait {
        keys.sort_unstable();
        keys.dedup();
        let deadline = match self {
            Patience::Until(at) => Some(at),
            Patience::None | Patience::Forever => None,
        };
        Wait { keys, deadline, why, ..Wait::default() }.never_restarted()
    }
}

/// Runs a handler with the thread's signal mask replaced by the one at this address (null: as it is). The old mask
/// comes back when the call ends; if a signal ends it, delivering the signal does that.
pub(crate) fn with_mask(c: &mut Caller<'_>, mask: u64, size: u64, handler: impl FnOnce(&mut Caller<'_>) -> Sys) -> Sys {
    if mask != 0 && c.call().saved_mask.is_none() {
        if size != 8 {
            return Err(EINVAL);
        }
        let mask = SignalMask(c.read_u64(mask)?);
        c.mask_during_call(mask);
    }
    let result = handler(c);
    if !matches!(result, Ok(Outcome::Block(_)))
        && let Some(saved) = c.call().saved_mask.take()
    {
        let id = c.id;
        c.k.set_signal_mask(id, saved);
    }
    result
}

/// The object that a description's readiness depends on, as something to park under.
pub(super) fn key(c: &Caller<'_>, file: FileId) -> Option<WaitKey> {
    c.k.open_file(file).object().map(WaitKey::Object)
}

/// `poll(fds, count, timeout_ms)`
pub(crate) fn poll(c: &mut Caller<'_>) -> Sys {
    let patience = Patience::millis(c, c.int(2));
    look(c, patience)
}

/// `ppoll(fds, count, timeout, mask, mask_size)`
pub(crate) fn ppoll(c: &mut Caller<'_>) -> Sys {
    with_mask(c, c.arg(3), c.arg(4), |c| {
        let patience = Patience::timespec(c, c.arg(2))?;
        let result = look(c, patience);
        write_back_timespec(c, c.arg(2), patience, &result);
        result
    })
}

/// Linux tells `ppoll` and `pselect6` what is left of their time, also when a signal ends them.
pub(super) fn write_back_timespec(c: &mut Caller<'_>, at: u64, patience: Patience, result: &Sys) {
    let interrupted = matches!(result, Ok(Outcome::Block(_))) && c.k.has_deliverable_signal(c.id);
    if at != 0 && (interrupted || matches!(result, Ok(Outcome::Done(_)))) {
        let left = patience.left(c);
        // A time that cannot be written is not worth an error to Linux either.
        let _ = c.write_timespec(at, left.0);
    }
}

fn look(c: &mut Caller<'_>, patience: Patience) -> Sys {
    let (at, count) = (c.arg(0), u64::from(c.arg(1) as u32));
    if count > descriptors::limit(c) {
        return Err(EINVAL);
    }
    let mut entries = c.read_vec(at, count as usize * RECORD)?;
    let process = c.process_id();
    let mut keys = Vec::new();
    let mut ready = 0_u64;
    for entry in entries.chunks_exact_mut(RECORD) {
        let fd = i32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
        let wanted = u32::from(u16::from_le_bytes([entry[4], entry[5]])) | ALWAYS;
        let bits = match io::file(c, fd) {
            _ if fd < 0 => 0,
            Err(_) => libc::POLLNVAL as u32,
            Ok(file) => {
                keys.extend(key(c, file));
                c.k.readiness(file, process) & wanted
            }
        };
        ready += u64::from(bits != 0);
        entry[6..].copy_from_slice(&(bits as u16).to_le_bytes());
    }
    // A signal that the temporary mask lets through comes before a time-out, also one of zero.
    let interrupted = ready == 0 && c.k.has_deliverable_signal(c.id);
    if ready == 0 && (interrupted || !patience.is_over(c)) {
        return block(patience.wait(keys, "no polled descriptor is ready"));
    }
    for (n, entry) in entries.chunks_exact(RECORD).enumerate() {
        c.write(at + (n * RECORD) as u64 + 6, &entry[6..])?;
    }
    done(ready)
}
