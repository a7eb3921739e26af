//! Actions, masks, alternate stacks, and waiting for signals.

use super::frame::set_alt_stack;
use super::{Action, AltStack, Info, Reaction, SIGKILL, SIGSTOP, SignalMask, is_signal};
use crate::abi::errno::{EAGAIN, EFAULT, EINTR, EINVAL};
use crate::caller::Caller;
use crate::syscall::{Sys, block, done};
use crate::wait::{Restart, Wait, WaitKey};
use model::Errno;

/// Size of a signal set in bytes, which calls pass along.
const SET_SIZE: u64 = 8;
/// The flags that `rt_sigaction` keeps; programs probe for unknown ones by setting them and reading back.
const KNOWN_FLAGS: u64 = (libc::SA_NOCLDSTOP
    | libc::SA_NOCLDWAIT
    | libc::SA_SIGINFO
    | libc::SA_ONSTACK
    | libc::SA_RESTART
    | libc::SA_NODEFER) as u64
    | 0x8000_0000 // SA_RESETHAND
    | 0x0400_0000; // SA_RESTORER

impl Caller<'_> {
    /// Reads a signal set whose size the guest passes in argument `size`.
    ///
    /// # Errors
    /// `EINVAL` for another size, `EFAULT`.
    pub fn read_mask(&mut self, at: u64, size: usize) -> Result<SignalMask, Errno> {
        if self.arg(size) != SET_SIZE {
            return Err(EINVAL);
        }
        Ok(SignalMask(self.read_u64(at)?).blockable())
    }
    /// Replaces the signal mask until the call ends (`ppoll`, `epoll_pwait`, `pselect6`, `rt_sigsuspend`). May be called
    /// at every attempt; the mask comes back by itself.
    pub fn mask_during_call(&mut self, mask: SignalMask) {
        let thread = self.thread();
        if thread.call.saved_mask.is_none() {
            thread.call.saved_mask = Some(thread.mask);
            self.k.set_signal_mask(self.id, mask);
        }
    }
}

/// `rt_sigaction(signal, new, old, size)`.
///
/// # Errors
/// `EINVAL` for a number that is no signal's or whose action cannot be changed, `EFAULT`.
pub fn rt_sigaction(c: &mut Caller<'_>) -> Sys {
    let [number, new, old, size, ..] = c.args;
    if size != SET_SIZE || !is_signal(number) {
        return Err(EINVAL);
    }
    let signal = number as u8;
    if new != 0 && (signal == SIGKILL || signal == SIGSTOP) {
        return Err(EINVAL);
    }
    let previous = c.process().action(signal);
    let mut action = None;
    if new != 0 {
        let (handler, flags) = (c.read_u64(new)?, c.read_u64(new.wrapping_add(8))?);
        let (restorer, mask) = (c.read_u64(new.wrapping_add(16))?, c.read_u64(new.wrapping_add(24))?);
        let mask = SignalMask(mask).blockable();
        action = Some(Action { handler, flags: flags & KNOWN_FLAGS, restorer, mask });
    }
    if old != 0 {
        let mut bytes = [0; 32];
        let words = [previous.handler, previous.flags, previous.restorer, previous.mask.0];
        for (to, word) in bytes.chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        c.write(old, &bytes)?;
    }
    if let Some(action) = action {
        c.process().set_action(signal, action);
        let process = c.process_id();
        if c.process().reaction(signal) == Reaction::Ignore {
            c.k.discard_signals(process, SignalMask::of(signal));
        } else {
            // A timer whose signal was ignored until now has not started another period.
            c.k.rearm_timers(process, signal);
        }
    }
    done(0)
}

/// `rt_sigprocmask(how, new, old, size)`.
///
/// # Errors
/// `EINVAL` for an unknown operation or size, `EFAULT`.
pub fn rt_sigprocmask(c: &mut Caller<'_>) -> Sys {
    let [_, new, old, size, ..] = c.args;
    if size != SET_SIZE {
        return Err(EINVAL);
    }
    let previous = c.thread().mask;
    let mut mask = previous;
    if new != 0 {
        let set = SignalMask(c.read_u64(new)?);
        mask = match c.int(0) {
            libc::SIG_BLOCK => previous.union(set),
            libc::SIG_UNBLOCK => SignalMask(previous.0 & !set.0),
            libc::SIG_SETMASK => set,
            _ => return Err(EINVAL),
        };
    }
    if old != 0 {
        c.write_u64(old, previous.0)?;
    }
    let id = c.id;
    c.k.set_signal_mask(id, mask);
    done(0)
}

/// `rt_sigpending(set, size)`: blocked signals that are pending.
///
/// # Errors
/// `EINVAL` for too large a size, `EFAULT`.
pub fn rt_sigpending(c: &mut Caller<'_>) -> Sys {
    let size = c.arg(1);
    if size > SET_SIZE {
        return Err(EINVAL);
    }
    let pending = c.thread().signals.set().union(c.process().pending.set());
    let blocked = SignalMask(pending.0 & c.thread().mask.0);
    c.write(c.arg(0), &blocked.0.to_le_bytes()[..size as usize])?;
    done(0)
}

/// `rt_sigsuspend(mask, size)`: waits for a handler to run, with another mask.
///
/// # Errors
/// Always `EINTR` in the end; `EINVAL` for a wrong size, `EFAULT`.
pub fn rt_sigsuspend(c: &mut Caller<'_>) -> Sys {
    let mask = c.read_mask(c.arg(0), 1)?;
    c.mask_during_call(mask);
    block(any_signal())
}

/// `pause()`: waits for a handler to run.
///
/// # Errors
/// Always `EINTR` in the end.
pub fn pause(_: &mut Caller<'_>) -> Sys {
    block(any_signal())
}

fn any_signal() -> Wait {
    Wait { keys: Vec::new(), deadline: None, restart: Restart::Never, why: "waiting for a signal" }
}

/// `rt_sigtimedwait(set, info, timeout, size)`: takes a pending signal without running its handler.
///
/// # Errors
/// `EAGAIN` when the time is over, `EINTR` if another signal's handler ran, `EINVAL`, `EFAULT`.
pub fn rt_sigtimedwait(c: &mut Caller<'_>) -> Sys {
    let [_, info_at, timeout, ..] = c.args;
    let set = c.read_mask(c.arg(0), 3)?;
    let deadline = match timeout {
        0 => None,
        at => {
            let timeout = c.read_timespec(at)?;
            Some(c.deadline_in(timeout))
        }
    };
    // A bad address must not cost the program the signal.
    if info_at != 0 {
        c.check(info_at, Info::SIZE as u64, libc::PROT_WRITE as u32)?;
    }
    let id = c.id;
    if let Some(info) = c.k.take_signal(id, set) {
        if info_at != 0 {
            c.write(info_at, &info.bytes())?;
        }
        return done(info.signal);
    }
    let now = c.now();
    if deadline.is_some_and(|at| at <= now) {
        return Err(EAGAIN);
    }
    let key = WaitKey::Signal(c.process_id());
    block(Wait::on(key, "waiting for a signal").with_deadline(deadline).never_restarted())
}

/// `sigaltstack(new, old)`.
///
/// # Errors
/// `EPERM` while running on the present one, `ENOMEM` if the new one is too small, `EINVAL`, `EFAULT`.
pub fn sigaltstack(c: &mut Caller<'_>) -> Sys {
    let [new, old, ..] = c.args;
    let thread = c.thread();
    let (present, sp) = (thread.alt_stack, thread.registers.rsp);
    if new != 0 {
        let base = c.read_u64(new)?;
        let flags = c.read_u32(new.wrapping_add(8))?;
        let size = c.read_u64(new.wrapping_add(16))?;
        set_alt_stack(c.thread(), base, flags, size)?;
    }
    if old != 0 {
        let state = match present {
            AltStack { size: 0, .. } => libc::SS_DISABLE,
            stack if stack.holds(sp) => libc::SS_ONSTACK,
            _ => 0,
        };
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&present.base.to_le_bytes());
        bytes[8..12].copy_from_slice(&(state as u32 | present.flags).to_le_bytes());
        bytes[16..].copy_from_slice(&present.size.to_le_bytes());
        if c.write(old, &bytes).is_err() {
            return Err(EFAULT);
        }
    }
    done(0)
}

/// `restart_syscall()`: never needed, since interrupted calls go on by themselves.
///
/// # Errors
/// Always `EINTR`.
pub fn restart_syscall(_: &mut Caller<'_>) -> Sys {
    Err(EINTR)
}
