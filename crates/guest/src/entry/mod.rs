//! Entering the kernel from a guest and returning to one.
//!
//! ```text
//!   guest: syscall ──> SIGSYS (syscall user dispatch, selector BLOCK)     patched site ──> fbsim_enter
//!            on the alternate stack: selector ALLOW, host FS base                            │
//!            registers ─> kernel ─> Kernel::syscall ─> advance ─┬─ Run(thread)               │
//!                                            ▲                  ├─ Pass(space): the baton, wait
//!                                            └──────────────────┼────────────────────────────┘
//!            the thread's context into the save area <──────────┘
//!            fbsim_leave: guest FS base, selector BLOCK, registers, jump
//! ```
//!
//! A handler of a signal is left like a patched call, by loading the context of whichever thread runs next: the
//! signal mask is the same everywhere, and "on the alternate stack" is a matter of the stack pointer alone.

mod extended;
mod path;
mod save;

pub(crate) use path::enter;

use crate::arena::{self, entered, peek, shared, with_kernel};
use crate::context::Frame;
use crate::host::GuestHost;
use crate::loops::step::{self, Step};
use crate::watchdog::Ask;
use crate::{baton, cpuid, patch, process, raw};
use kernel::memory::HIGHEST;
use kernel::process::Extended;
use kernel::signal::HardwareFault;
use kernel::syscall::dispatch::Made;
use kernel::{AddressSpaceId, Kernel, Registers, Switch};
use model::ThreadId;
use save::SAVE;
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

const ALLOW: u8 = 0;
const BLOCK: u8 = 1;

/// The selector byte of syscall user dispatch.
static SELECTOR: AtomicU8 = AtomicU8::new(ALLOW);

/// What this process is, private to it.
pub(crate) struct Local {
    pub(crate) space: Cell<AddressSpaceId>,
    /// The thread whose extended state is that of the save area.
    pub(crate) loaded: Cell<Option<ThreadId>>,
}

// SAFETY: a process that hosts a world has a single thread.
unsafe impl Sync for Local {}

pub(crate) static LOCAL: Local = Local { space: Cell::new(AddressSpaceId(0)), loaded: Cell::new(None) };

/// `struct sigaction` as the kernel takes it.
#[repr(C)]
struct KernelAction {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

/// Size of the stack on which the kernel runs in a guest's process.
const STACK: usize = 1 << 20;

/// Installs the handlers. Once per worker; forked processes inherit them.
///
/// # Errors
/// The host's reason.
pub(crate) fn install() -> Result<(), nix::Error> {
    let save = SAVE.get();
    save.host_fs = raw::fs_base();
    if !extended::prepare() {
        return Err(nix::Error::ENOTSUP);
    }
    // SAFETY: a fresh mapping that lives as long as the process becomes the alternate stack.
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let stack = libc::mmap(std::ptr::null_mut(), STACK, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
        if stack == libc::MAP_FAILED {
            return Err(nix::Error::last());
        }
        let alt = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: STACK };
        if libc::sigaltstack(&raw const alt, std::ptr::null_mut()) != 0 {
            return Err(nix::Error::last());
        }
        save.stack = stack as u64 + STACK as u64;
    }
    let faults = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];
    install_one(libc::SIGSYS, on_sigsys as *const () as usize)?;
    for signal in faults {
        install_one(signal, on_fault as *const () as usize)?;
    }
    install_one(crate::watchdog::SIGNAL, on_watchdog as *const () as usize)
}

fn install_one(signal: i32, handler: usize) -> Result<(), nix::Error> {
    const SA_RESTORER: u64 = 0x0400_0000;
    let flags = (libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER) as u64 | SA_RESTORER;
    let action = KernelAction { handler, flags, restorer: path::exempt().0 as usize, mask: 0 };
    // SAFETY: the structure is what the call expects, the handler and the restorer are code of this program.
    let result = unsafe { raw::syscall(libc::SYS_rt_sigaction, [signal as u64, &raw const action as u64, 0, 8, 0, 0]) };
    if result == 0 { Ok(()) } else { Err(nix::Error::from_raw(-result as i32)) }
}

/// Arms syscall user dispatch for this process; cleared by every fork. False if the host refuses.
pub(crate) fn arm() -> bool {
    const PR_SET_SYSCALL_USER_DISPATCH: u64 = 59;
    let (start, len) = path::exempt();
    let selector = SELECTOR.as_ptr() as u64;
    // SAFETY: the range is that of the exempt instructions and the selector lives as long as the process.
    let armed = unsafe { raw::syscall(libc::SYS_prctl, [PR_SET_SYSCALL_USER_DISPATCH, 1, start, len, selector, 0]) };
    armed == 0
}

unsafe extern "C" fn on_sigsys(_: i32, _: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    SELECTOR.store(ALLOW, Ordering::Relaxed);
    // SAFETY: from here on only fbsim's own code runs, until `leave`.
    unsafe { raw::set_fs_base(SAVE.get().host_fs) };
    let frame = Frame(context);
    extended::in_frame(frame.extended());
    if step::is_active() {
        concluded(frame);
    }
    let registers = frame.registers();
    patch::trapped(registers.rip, registers.rax);
    match call(&registers) {
        Made::Call => go_on(),
        // SAFETY: the save area holds the thread, as it does after `switch`.
        Made::Reading => unsafe { path::leave() },
    }
}

/// A patched site was reached: the registers are in the save area. Returns to where the next thread is loaded.
extern "C" fn on_patched_call() {
    if call(&SAVE.get().registers) == Made::Call {
        switch();
    }
}

/// The current thread made a system call. If it goes on at once, it is in the save area.
fn call(registers: &Registers) -> Made {
    entered();
    with_kernel(|k| {
        let current = k.current;
        k.thread_mut(current).registers = *registers;
        let made = k.syscall(&mut GuestHost::here());
        if made == Made::Reading {
            load(k, current);
        }
        made
    })
}

/// Goes on with whatever thread of this process is to run. The current stack is abandoned.
fn go_on() -> ! {
    switch();
    // SAFETY: `switch` has filled the save area; what the stack's frames held has no destructor that matters: they are
    // handlers of signals and the kernel's way to a fork.
    unsafe { path::leave() }
}

/// Runs the scheduler until a thread of this process is to run; its context is then in the save area.
fn switch() {
    loop {
        let step = with_kernel(|k| {
            let mut host = GuestHost::here();
            match k.advance(&mut host) {
                Switch::Run(id) => {
                    load(k, id);
                    Ok(())
                }
                Switch::Pass(to) => Err((to, !k.spaces.contains_key(&LOCAL.space.get()))),
                Switch::Attention => Err((AddressSpaceId::SUPERVISOR, false)),
            }
        });
        match step {
            Ok(()) => return,
            Err((to, gone)) => {
                let ends = gone && process::leave_world();
                baton::pass(to);
                // From here on the arena may be another world's, or gone.
                if ends {
                    raw::exit(0);
                }
                process::wait_for_baton();
            }
        }
    }
}

/// Puts a thread's context into the save area.
fn load(k: &mut Kernel, id: ThreadId) {
    let loaded = LOCAL.loaded.get();
    let thread = k.thread_mut(id);
    if loaded != Some(id) || thread.reload {
        thread.reload = false;
        if let Some(before) = loaded.filter(|b| *b != id)
            && let Some(thread) = k.threads.get_mut(&before)
            && thread.space == LOCAL.space.get()
            && !thread.reload
        {
            extended::copy_out(&mut thread.extended);
        }
        extended::load(&k.threads[&id].extended);
        LOCAL.loaded.set(Some(id));
    }
    let thread = &k.threads[&id];
    let save = SAVE.get();
    // A thread that goes on right behind its patched call does so where the call came from.
    if thread.registers.rip != save.registers.rip || save.resume == 0 {
        save.resume = patch::resume(thread.registers.rip);
    }
    save.registers = thread.registers;
    save.fs_base = thread.fs_base;
}

/// Code was patched or restored: where a thread goes on has to be looked up again.
pub(crate) fn forget_resume() {
    SAVE.get().resume = 0;
}

/// Copies the extended state of the loaded thread out.
pub(crate) fn extended_state(into: &mut Extended) {
    extended::copy_out(into);
}

/// Serves as the host process of an address space: the baton, then a thread, then its code. The current stack is
/// abandoned.
pub(crate) fn serve() -> ! {
    process::wait_for_baton();
    go_on()
}

unsafe extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    let from_guest = SELECTOR.swap(ALLOW, Ordering::Relaxed) == BLOCK;
    let guest_fs = raw::fs_base();
    // SAFETY: as in `on_sigsys`.
    unsafe { raw::set_fs_base(SAVE.get().host_fs) };
    let frame = Frame(context);
    let (error, trap, _) = frame.fault();
    const GENERAL_PROTECTION: u64 = 13;
    let protection = signal == libc::SIGSEGV && trap == GENERAL_PROTECTION;
    if from_guest && let Some(call) = path::unwritten(frame.registers().rip) {
        frame.set_registers(&Registers { rip: call, ..frame.registers() });
        SELECTOR.store(BLOCK, Ordering::Relaxed);
        // SAFETY: nothing of fbsim runs after this but the handler's epilogue and the restorer.
        unsafe { raw::set_fs_base(guest_fs) };
        return;
    }
    if !from_guest {
        // The supervisor's own libraries ask what the processor can do.
        if protection && LOCAL.space.get() == AddressSpaceId::SUPERVISOR && cpuid::emulate(frame) {
            return;
        }
        internal_fault(signal, frame);
    }
    // SAFETY: the kernel passes a valid siginfo.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as u64) };
    if protection && cpuid::emulate(frame) {
        SELECTOR.store(BLOCK, Ordering::Relaxed);
        // SAFETY: nothing of fbsim runs after this but the handler's epilogue and the restorer.
        unsafe { raw::set_fs_base(guest_fs) };
        return;
    }
    if signal == libc::SIGTRAP && loop_trapped(frame, code) == GoesOn::There {
        SELECTOR.store(BLOCK, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { raw::set_fs_base(guest_fs) };
        return;
    }
    if step::is_active() {
        concluded(frame);
    }
    extended::in_frame(frame.extended());
    entered();
    with_kernel(|k| {
        let current = k.current;
        let mut registers = frame.registers();
        registers.rip = patch::original(registers.rip);
        k.thread_mut(current).registers = registers;
        let mut host = GuestHost::here();
        let fault = HardwareFault { signal: signal as u8, code, address, trap, error };
        k.hardware_fault(&mut host, fault);
    });
    go_on()
}

/// Whether a guest goes on where its signal met it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GoesOn {
    /// There, or where its frame now says.
    There,
    /// It raised an exception of its own.
    No,
}

/// A trap in a guest's code: of a counted loop, or of the watch for one.
fn loop_trapped(frame: Frame, code: i32) -> GoesOn {
    let mut registers = frame.registers();
    if step::is_active() && code == step::TRAP_TRACE {
        if !path::holds(registers.rip) && matches!(step::stepped(frame), Step::Next) {
            return GoesOn::There;
        }
        concluded(frame);
        return GoesOn::There;
    }
    let Some(at) = patch::trapped_loop(registers.rip) else { return GoesOn::No };
    if step::is_active() {
        concluded(frame);
    }
    registers.rip = at;
    registers.eflags &= !step::TRAP_FLAG;
    extended::in_frame(frame.extended());
    entered();
    with_kernel(|k| {
        k.thread_mut(k.current).registers = registers;
        k.looped();
    });
    go_on()
}

/// A guest that was watched is watched no longer. Returns if that has found nothing; else the run ends, to begin again.
fn concluded(frame: Frame) {
    step::unwatch(frame);
    if let Some(found) = step::conclude() {
        with_kernel(|k| k.end(kernel::Ending::Loop(found.clone())));
        give_up()
    }
}

unsafe extern "C" fn on_watchdog(_: i32, _: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    let frame = Frame(context);
    let pc = frame.registers().rip;
    if SELECTOR.load(Ordering::Relaxed) != BLOCK || path::holds(pc) || pc >= HIGHEST {
        // The kernel is at work, or on its way back; the supervisor will ask again.
        return;
    }
    SELECTOR.store(ALLOW, Ordering::Relaxed);
    let guest_fs = raw::fs_base();
    // SAFETY: as in `on_sigsys`.
    unsafe { raw::set_fs_base(SAVE.get().host_fs) };
    if shared().ask.load(Ordering::Relaxed) == Ask::Loop as u32 {
        if peek(Kernel::is_held_up) {
            step::begin(frame);
        }
        SELECTOR.store(BLOCK, Ordering::Relaxed);
        // SAFETY: as in `on_fault`.
        unsafe { raw::set_fs_base(guest_fs) };
        return;
    }
    with_kernel(|k| {
        let thread = k.current;
        k.end(kernel::Ending::Spin { thread, pc: patch::original(pc) });
    });
    give_up()
}

/// The world has ended while a guest runs. Only a process that was brought back to a snapshot gets the baton again.
fn give_up() -> ! {
    baton::pass(AddressSpaceId::SUPERVISOR);
    process::wait_for_baton();
    go_on()
}

/// A fault of fbsim's own code: a defect. Says where and ends.
fn internal_fault(signal: i32, frame: Frame) -> ! {
    let registers = frame.registers();
    let (_, _, address) = frame.fault();
    // Formatting into a fixed buffer: the heap may be what is broken.
    let mut line = [0u8; 160];
    let text = {
        use std::io::Write as _;
        let mut cursor = std::io::Cursor::new(&mut line[..]);
        let base = arena::text_base();
        let _ = writeln!(
            cursor,
            "fbsim: internal: signal {signal} in the kernel at +{:#x} (address {address:#x}), space {}",
            registers.rip.wrapping_sub(base),
            LOCAL.space.get().0
        );
        let n = cursor.position() as usize;
        String::from_utf8_lossy(&line[..n]).into_owned()
    };
    raw::complain(&[&text]);
    shared().broken.store(1, Ordering::Relaxed);
    baton::pass(AddressSpaceId::SUPERVISOR);
    raw::exit(70)
}
