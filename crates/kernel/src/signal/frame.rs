//! The frame that a handler runs on, in the layout of Linux x86-64, and the way back from it.
//!
//! ```text
//!   rsp at the signal ─> ┌──────────────────┐
//!                        │ red zone, 128    │  (not when an alternate stack is entered: its top is the start)
//!             64-aligned ├──────────────────┤
//!                        │ extended state   │  struct _fpstate and what follows
//!                        ├──────────────────┤
//!        frame + 312     │ siginfo, 128     │
//!        frame + 8       │ ucontext, 304    │
//!        frame + 0 = rsp │ restorer         │  (rsp + 8) % 16 == 0, as after a call
//!                        └──────────────────┘
//! ```

use super::{Action, AltStack, Info, SIGSEGV, SignalMask};
use crate::abi::errno::{EFAULT, EINVAL, ENOMEM, EPERM};
use crate::caller::Caller;
use crate::host::Host;
use crate::process::extended::{LEGACY, MAGIC1, MAGIC2, MXCSR, SW_RESERVED};
use crate::process::{Extended, Thread};
use crate::registers::Registers;
use crate::syscall::{Outcome, Sys};
use crate::world::Kernel;
use model::{Errno, ThreadId};

/// The restorer's address comes first; then `ucontext`, then `siginfo`.
const UCONTEXT: usize = 8;
const UC_STACK: usize = UCONTEXT + 16;
const UC_REGISTERS: usize = UCONTEXT + 40;
const UC_SEGMENTS: usize = UC_REGISTERS + Registers::WORDS * 8;
const UC_ERROR: usize = UC_SEGMENTS + 8;
const UC_FPSTATE: usize = UC_ERROR + 32;
const UC_SIGMASK: usize = UCONTEXT + 296;
const SIGINFO: usize = UCONTEXT + 304;
const FRAME_SIZE: usize = SIGINFO + Info::SIZE;

/// `UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS`.
const UC_FLAGS: u64 = 7;
/// `SA_RESTORER`.
const SA_RESTORER: i32 = 0x0400_0000;
/// Selectors of 64-bit user code and data.
const USER_CS: u64 = 0x33;
const USER_SS: u64 = 0x2b;

const FLAG_TRAP: u64 = 1 << 8;
const FLAG_DIRECTION: u64 = 1 << 10;
const FLAG_RESUME: u64 = 1 << 16;
/// Flags that `rt_sigreturn` takes from the frame: AC OF DF SF ZF AF PF CF. The trap flag is not among them: stepping
/// is not simulated.
const FLAGS_RESTORED: u64 = 0x4_0cd5;
/// Interrupts enabled, and the bit that is always set.
const FLAGS_FIXED: u64 = 0x202;

/// More than any processor's state; a frame that claims more is not believed.
const STATE_MAX: u32 = 1 << 16;

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

/// The extended state a program starts in, as `FXSAVE` stores it.
fn initial_state() -> Vec<u8> {
    let mut state = vec![0; LEGACY];
    state[..2].copy_from_slice(&0x37f_u16.to_le_bytes());
    state[MXCSR..MXCSR + 4].copy_from_slice(&0x1f80_u32.to_le_bytes());
    state
}
/// Makes a state self-describing to the end, as programs that unwind through frames expect it: the size in its header
/// covers the end mark, and the end mark is there.
fn complete(mut state: Vec<u8>) -> Vec<u8> {
    if state.len() < LEGACY {
        return initial_state();
    }
    if u32_at(&state, SW_RESERVED) == MAGIC1 {
        let size = u32_at(&state, SW_RESERVED + 16) as usize;
        state.resize(size + 4, 0);
        state[size..].copy_from_slice(&MAGIC2.to_le_bytes());
        state[SW_RESERVED + 4..SW_RESERVED + 8].copy_from_slice(&(size as u32 + 4).to_le_bytes());
    }
    state
}

impl Kernel {
    /// Puts a frame on a thread's stack and sends the thread to the handler.
    ///
    /// # Errors
    /// `EFAULT` if the stack cannot hold it or the action has no restorer.
    pub(crate) fn push_frame(
        &mut self,
        host: &mut dyn Host,
        id: ThreadId,
        action: &Action,
        info: &Info,
    ) -> Result<(), Errno> {
        if !action.has(SA_RESTORER) {
            return Err(EFAULT);
        }
        let state = complete(self.extended_of(host, id).into_frame());
        let thread = self.thread_mut(id);
        let (frame_at, state_at) = place(thread, action, state.len() as u64)?;
        let space = self.memory(self.threads[&id].space);
        let write = libc::PROT_WRITE as u32;
        if !space.allows(frame_at, FRAME_SIZE as u64, write) || !space.allows(state_at, state.len() as u64, write) {
            return Err(EFAULT);
        }
        let thread = self.thread_mut(id);
        let saved_mask = thread.call.saved_mask.take().unwrap_or(thread.mask);
        host.write(state_at, &state);
        host.write(frame_at, &render(thread, action, info, saved_mask, state_at));

        if thread.alt_stack.flags & AltStack::AUTODISARM != 0 {
            thread.alt_stack = AltStack::default();
        }
        let mut mask = thread.mask.union(action.mask);
        if !action.has(libc::SA_NODEFER) {
            mask.add(info.signal);
        }
        // As in Linux, a handler starts with the processor's initial state.
        thread.extended = Extended::Initial;
        thread.reload = true;
        let r = &mut thread.registers;
        r.rdi = u64::from(info.signal);
        r.rsi = frame_at + SIGINFO as u64;
        r.rdx = frame_at + UCONTEXT as u64;
        r.rax = 0;
        r.rsp = frame_at;
        r.rip = action.handler;
        r.eflags &= !(FLAG_DIRECTION | FLAG_TRAP | FLAG_RESUME);
        self.set_signal_mask(id, mask);
        Ok(())
    }
}

/// Where the frame and the extended state go.
fn place(thread: &Thread, action: &Action, state: u64) -> Result<(u64, u64), Errno> {
    let alt = thread.alt_stack;
    let nested = alt.holds(thread.registers.rsp);
    let mut top = thread.registers.rsp.wrapping_sub(128);
    let entering = action.has(libc::SA_ONSTACK) && alt.size != 0 && !alt.holds(top);
    if entering {
        top = alt.base.wrapping_add(alt.size);
    }
    let state_at = top.wrapping_sub(state) & !63;
    let frame_at = (state_at.wrapping_sub(FRAME_SIZE as u64) & !15).wrapping_sub(8);
    if (entering || nested) && !alt.spans(frame_at) { Err(EFAULT) } else { Ok((frame_at, state_at)) }
}

fn render(thread: &Thread, action: &Action, info: &Info, mask: SignalMask, state_at: u64) -> [u8; FRAME_SIZE] {
    let mut out = [0; FRAME_SIZE];
    put(&mut out, 0, action.restorer);
    put(&mut out, UCONTEXT, UC_FLAGS);
    let alt = thread.alt_stack;
    put(&mut out, UC_STACK, alt.base);
    put(&mut out, UC_STACK + 8, u64::from(if alt.size == 0 { libc::SS_DISABLE as u32 } else { alt.flags }));
    put(&mut out, UC_STACK + 16, alt.size);
    for (n, word) in thread.registers.words().into_iter().enumerate() {
        put(&mut out, UC_REGISTERS + n * 8, word);
    }
    put(&mut out, UC_SEGMENTS, USER_CS | USER_SS << 48);
    let fault = thread.last_fault;
    put(&mut out, UC_ERROR, fault.error);
    put(&mut out, UC_ERROR + 8, fault.trap);
    put(&mut out, UC_ERROR + 16, mask.0);
    put(&mut out, UC_ERROR + 24, fault.address);
    put(&mut out, UC_FPSTATE, state_at);
    put(&mut out, UC_SIGMASK, mask.0);
    out[SIGINFO..].copy_from_slice(&info.bytes());
    out
}

/// `rt_sigreturn`: everything as the frame says. A frame that cannot be believed is a memory fault of the program.
///
/// # Errors
/// None: it never returns a value.
pub fn rt_sigreturn(c: &mut Caller<'_>) -> Sys {
    if restore(c).is_err() {
        let id = c.id;
        c.k.force_signal(id, Info::kernel(SIGSEGV));
    }
    Ok(Outcome::NoReturn)
}

fn restore(c: &mut Caller<'_>) -> Result<(), Errno> {
    // The handler's return took the restorer's address off the stack.
    let at = c.thread().registers.rsp.wrapping_sub(8);
    let frame: [u8; SIGINFO] = c.read_array(at)?;
    let mut words = [0; Registers::WORDS];
    for (n, word) in words.iter_mut().enumerate() {
        *word = u64_at(&frame, UC_REGISTERS + n * 8);
    }
    let mut registers = Registers::from_words(words);
    registers.eflags = registers.eflags & FLAGS_RESTORED | FLAGS_FIXED;
    if registers.rip >> 47 != 0 {
        return Err(EFAULT);
    }
    let state = match u64_at(&frame, UC_FPSTATE) {
        0 => Extended::Initial,
        at => Extended::Frame(read_state(c, at)?),
    };
    let thread = c.thread();
    thread.registers = registers;
    thread.extended = state;
    thread.reload = true;
    // As in Linux, a stack that would not be accepted is no error here.
    let (base, size) = (u64_at(&frame, UC_STACK), u64_at(&frame, UC_STACK + 16));
    let _ = set_alt_stack(thread, base, u32_at(&frame, UC_STACK + 8), size);
    let id = c.id;
    c.k.set_signal_mask(id, SignalMask(u64_at(&frame, UC_SIGMASK)));
    Ok(())
}

/// Reads an extended state that the processor will accept: loading one must not fault in the hosting code.
fn read_state(c: &mut Caller<'_>, at: u64) -> Result<Vec<u8>, Errno> {
    let mut state = c.read_vec(at, LEGACY)?;
    let size = u32_at(&state, SW_RESERVED + 16);
    let features = u64_at(&state, SW_RESERVED + 8);
    let described = u32_at(&state, SW_RESERVED) == MAGIC1 && (576..=STATE_MAX).contains(&size);
    let whole = if described { c.read_vec(at, size as usize + 4).ok() } else { None };
    match whole.filter(|w| u32_at(w, size as usize) == MAGIC2) {
        Some(whole) => {
            let header = &whole[LEGACY..LEGACY + 64];
            if u64_at(header, 0) & !features != 0 || header[8..].iter().any(|b| *b != 0) {
                return Err(EFAULT);
            }
            state = whole;
        }
        // Only the legacy part counts; what goes beyond it returns to its initial state.
        None => state[SW_RESERVED..LEGACY].fill(0),
    }
    state[MXCSR + 2..MXCSR + 4].fill(0);
    Ok(state)
}

/// Smallest alternate stack (`MINSIGSTKSZ`).
const ALT_STACK_MIN: u64 = 2048;

/// Gives a thread an alternate stack, or none, as `sigaltstack` does.
///
/// # Errors
/// `EPERM` while the thread runs on the one it has, `EINVAL` for unknown flags, `ENOMEM` if it is too small.
pub(super) fn set_alt_stack(thread: &mut Thread, base: u64, flags: u32, size: u64) -> Result<(), Errno> {
    if thread.alt_stack.holds(thread.registers.rsp) {
        return Err(EPERM);
    }
    let mode = flags & !AltStack::AUTODISARM;
    thread.alt_stack = match mode as i32 {
        libc::SS_DISABLE => AltStack::default(),
        0 | libc::SS_ONSTACK if size < ALT_STACK_MIN => return Err(ENOMEM),
        0 | libc::SS_ONSTACK => AltStack { base, size, flags: flags & AltStack::AUTODISARM },
        _ => return Err(EINVAL),
    };
    Ok(())
}
