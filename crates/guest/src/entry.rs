//! Entering the kernel from a guest and returning to one.
//!
//! ```text
//!   guest: syscall ──> SIGSYS (syscall user dispatch, selector BLOCK)
//!            on the alternate stack: selector ALLOW, host FS base
//!            registers ─> kernel ─> Kernel::syscall ─> advance ─┬─ Run(thread): its context into this very frame
//!                                                               ├─ Pass(space): hand the baton over and wait
//!            guest FS base, selector BLOCK                      │
//!            ret ─> restorer: rt_sigreturn  <───────────────────┘
//! ```
//!
//! The only host system call that syscall user dispatch lets pass while a guest's code runs is the `rt_sigreturn` of
//! the few instructions between `fbsim_exempt_start` and `fbsim_exempt_end`.

use crate::arena::{self, shared, with_kernel};
use crate::context::Frame;
use crate::host::GuestHost;
use crate::{baton, cpuid, process, raw};
use kernel::signal::HardwareFault;
use kernel::{AddressSpaceId, Kernel, Switch};
use model::ThreadId;
use std::arch::global_asm;
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

const ALLOW: u8 = 0;
const BLOCK: u8 = 1;

/// The selector byte of syscall user dispatch.
static SELECTOR: AtomicU8 = AtomicU8::new(ALLOW);
/// The FS base that fbsim's own code needs.
static HOST_FS: AtomicU64 = AtomicU64::new(0);

/// What this process is, private to it.
pub(crate) struct Local {
    pub(crate) space: Cell<AddressSpaceId>,
    /// The thread whose extended state is in the current frame.
    pub(crate) loaded: Cell<Option<ThreadId>>,
    pub(crate) frame: Cell<*mut libc::ucontext_t>,
    /// True until the first trap of a fresh host process, which only serves to get a frame.
    pub(crate) starting: Cell<bool>,
}

// SAFETY: a process that hosts a world has a single thread.
unsafe impl Sync for Local {}

pub(crate) static LOCAL: Local = Local {
    space: Cell::new(AddressSpaceId(0)),
    loaded: Cell::new(None),
    frame: Cell::new(std::ptr::null_mut()),
    starting: Cell::new(false),
};

global_asm!(
    ".pushsection .text.fbsim_exempt,\"ax\",@progbits",
    ".globl fbsim_exempt_start",
    ".globl fbsim_exempt_end",
    ".globl fbsim_leave",
    "fbsim_exempt_start:",
    // The restorer of every handler: the handler's `ret` lands here.
    "mov eax, 15",
    "syscall",
    "ud2",
    // fbsim_leave(frame): abandons the current stack and returns through a frame.
    "fbsim_leave:",
    "mov rsp, rdi",
    "mov eax, 15",
    "syscall",
    "ud2",
    "fbsim_exempt_end:",
    "nop",
    ".popsection",
);

unsafe extern "C" {
    static fbsim_exempt_start: u8;
    static fbsim_exempt_end: u8;
    fn fbsim_leave(frame: *mut libc::ucontext_t) -> !;
}

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
    HOST_FS.store(raw::fs_base(), Ordering::Relaxed);
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
    let action = KernelAction { handler, flags, restorer: &raw const fbsim_exempt_start as usize, mask: 0 };
    // SAFETY: the structure is what the call expects, the handler and the restorer are code of this program.
    let result = unsafe { raw::syscall(libc::SYS_rt_sigaction, [signal as u64, &raw const action as u64, 0, 8, 0, 0]) };
    if result == 0 { Ok(()) } else { Err(nix::Error::from_raw(-result as i32)) }
}

/// Arms syscall user dispatch for this process; cleared by every fork. False if the host refuses.
pub(crate) fn arm() -> bool {
    const PR_SET_SYSCALL_USER_DISPATCH: u64 = 59;
    let start = &raw const fbsim_exempt_start as u64;
    let len = &raw const fbsim_exempt_end as u64 - start;
    let selector = SELECTOR.as_ptr() as u64;
    // SAFETY: the range is that of the exempt instructions and the selector lives as long as the process.
    let armed = unsafe { raw::syscall(libc::SYS_prctl, [PR_SET_SYSCALL_USER_DISPATCH, 1, start, len, selector, 0]) };
    armed == 0
}

/// Traps into the handler once, so that a frame exists, and never returns: the handler leaves to a guest thread.
pub(crate) fn trap_to_start() -> ! {
    LOCAL.starting.set(true);
    SELECTOR.store(BLOCK, Ordering::Relaxed);
    // SAFETY: the call is never executed: the dispatch turns it into SIGSYS, whose handler leaves to a guest.
    unsafe { raw::syscall3(libc::SYS_getpid, 0, 0, 0) };
    raw::complain(&["fbsim: internal: syscall user dispatch did not trap\n"]);
    raw::exit(70)
}

unsafe extern "C" fn on_sigsys(_: i32, _: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    SELECTOR.store(ALLOW, Ordering::Relaxed);
    // SAFETY: from here on only fbsim's own code runs, until `return_to`.
    unsafe { raw::set_fs_base(HOST_FS.load(Ordering::Relaxed)) };
    let frame = Frame(context);
    LOCAL.frame.set(context);
    if LOCAL.starting.replace(false) {
        process::wait_for_baton();
        return_to(switch(frame));
        return;
    }
    shared().entries.fetch_add(1, Ordering::Relaxed);
    with_kernel(|k| {
        let current = k.current;
        k.thread_mut(current).registers = frame.registers();
        let mut host = GuestHost::here();
        k.syscall(&mut host);
    });
    return_to(switch(frame));
}

/// Sets the guest's state that a frame does not hold. The last thing before leaving.
#[inline(always)]
fn return_to(fs_base: u64) {
    SELECTOR.store(BLOCK, Ordering::Relaxed);
    // SAFETY: nothing of fbsim runs after this but the handler's epilogue and the restorer.
    unsafe { raw::set_fs_base(fs_base) };
}

/// Runs the scheduler until a thread of this process is to run; its context is then in the frame. Returns its FS base.
pub(crate) fn switch(frame: Frame) -> u64 {
    loop {
        let step = with_kernel(|k| {
            let mut host = GuestHost::here();
            match k.advance(&mut host) {
                Switch::Run(id) => Ok(load(k, frame, id)),
                Switch::Pass(to) => Err((to, !k.spaces.contains_key(&LOCAL.space.get()))),
                Switch::Attention => Err((AddressSpaceId::SUPERVISOR, false)),
            }
        });
        match step {
            Ok(fs_base) => return fs_base,
            Err((to, gone)) => {
                baton::pass(to);
                if gone {
                    raw::exit(0);
                }
                process::wait_for_baton();
            }
        }
    }
}

/// Puts a thread's context into the frame.
fn load(k: &mut Kernel, frame: Frame, id: ThreadId) -> u64 {
    let loaded = LOCAL.loaded.get();
    let reload = std::mem::take(&mut k.thread_mut(id).reload);
    if loaded != Some(id) || reload {
        if let Some(before) = loaded.filter(|b| *b != id)
            && let Some(thread) = k.threads.get_mut(&before)
            && thread.space == LOCAL.space.get()
            && !thread.reload
        {
            frame.extended(&mut thread.extended);
        }
        frame.set_extended(&k.threads[&id].extended);
        LOCAL.loaded.set(Some(id));
    }
    let thread = &k.threads[&id];
    frame.set_registers(&thread.registers);
    thread.fs_base
}

/// Continues as the host process of a forked address space: the baton, then a thread, then its code. The stack below
/// the frame is abandoned.
pub(crate) fn serve_forked() -> ! {
    process::wait_for_baton();
    let context = LOCAL.frame.get();
    let fs_base = switch(Frame(context));
    SELECTOR.store(BLOCK, Ordering::Relaxed);
    // SAFETY: the frame is that of the handler this process was forked in, copied with its stack; nothing below it is
    // used again. After the FS base is the guest's, only the exempt instructions run.
    unsafe {
        raw::set_fs_base(fs_base);
        fbsim_leave(context)
    }
}

unsafe extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    let from_guest = SELECTOR.swap(ALLOW, Ordering::Relaxed) == BLOCK;
    let guest_fs = raw::fs_base();
    // SAFETY: as in `on_sigsys`.
    unsafe { raw::set_fs_base(HOST_FS.load(Ordering::Relaxed)) };
    let frame = Frame(context);
    if !from_guest {
        internal_fault(signal, frame);
    }
    LOCAL.frame.set(context);
    // SAFETY: the kernel passes a valid siginfo.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as u64) };
    let (error, trap, _) = frame.fault();
    const GENERAL_PROTECTION: u64 = 13;
    if signal == libc::SIGSEGV && trap == GENERAL_PROTECTION && cpuid::emulate(frame) {
        return_to(guest_fs);
        return;
    }
    shared().entries.fetch_add(1, Ordering::Relaxed);
    with_kernel(|k| {
        let current = k.current;
        k.thread_mut(current).registers = frame.registers();
        let mut host = GuestHost::here();
        let fault = HardwareFault { signal: signal as u8, code, address, trap, error };
        k.hardware_fault(&mut host, fault);
    });
    return_to(switch(frame));
}

unsafe extern "C" fn on_watchdog(_: i32, _: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    if SELECTOR.swap(ALLOW, Ordering::Relaxed) != BLOCK {
        // The kernel is at work; the supervisor will ask again.
        return;
    }
    // SAFETY: as in `on_sigsys`.
    unsafe { raw::set_fs_base(HOST_FS.load(Ordering::Relaxed)) };
    let pc = Frame(context).registers().rip;
    with_kernel(|k| {
        let thread = k.current;
        k.end(kernel::Ending::Spin { thread, pc });
    });
    baton::pass(AddressSpaceId::SUPERVISOR);
    process::wait_for_baton();
    raw::exit(0)
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
    raw::exit(70)
}
