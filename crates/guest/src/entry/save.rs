//! The guest thread that this process is at work for, as the processor had it when it entered: what the assembly of
//! [`super::path`] writes and reads.
//!
//! There is one, private to the process, at one address in all processes of a world. A thread that is not at work is in
//! the kernel's own state alone ([`kernel::process::Thread`]).

use kernel::Registers;
use std::cell::UnsafeCell;

/// Room for an extended state: x87, SSE, AVX and AVX-512. More (AMX tiles) needs a permission that guests do not get.
const EXTENDED_MAX: usize = 4096;

/// What the processor held, and how to go on.
#[repr(C, align(64))]
pub(super) struct SaveArea {
    /// An `XSAVE` area with nothing in it: loading from it makes components initial.
    pub(super) initial: [u8; 576],
    /// Extended state in the standard format of `XSAVE`. Meaningful if `extended` points here or is null.
    pub(super) area: [u8; EXTENDED_MAX],
    /// General registers: `repr(C)`, in the order that the assembly knows.
    pub(super) registers: Registers,
    /// Where the extended state is: null for "the sixteen XMM registers and `MXCSR` alone are in `area`, x87 is still in
    /// the processor, anything else is initial", else a whole `XSAVE` area: `area` or that of a signal frame.
    pub(super) extended: *mut u8,
    /// Components of the extended state that are saved and loaded.
    pub(super) components: u64,
    /// The bits of `MXCSR` that this processor has.
    pub(super) mxcsr_mask: [u8; 4],
    /// Ends of the AVX-512 components (opmask, upper halves, upper registers) in the area.
    pub(super) sizes: [u32; 3],
    /// Where the thread goes on: its instruction pointer, or the copy of the instructions there that a patch displaced.
    pub(super) resume: u64,
    /// The thread's FS base.
    pub(super) fs_base: u64,
    /// The FS base that fbsim's own code needs.
    pub(super) host_fs: u64,
    /// Where the stack of fbsim's code begins in a guest's process.
    pub(super) stack: u64,
    /// What a reading of the clock uses meanwhile: `rdx`, `r8`, `r9`, `rsp`, and where it goes on.
    pub(super) reading: [u64; 5],
}

pub(super) struct Save(UnsafeCell<SaveArea>);

// SAFETY: a process that hosts a world has a single thread.
unsafe impl Sync for Save {}

pub(super) static SAVE: Save = Save(UnsafeCell::new(SaveArea {
    initial: [0; 576],
    area: [0; EXTENDED_MAX],
    registers: Registers::ZERO,
    extended: std::ptr::null_mut(),
    components: 0,
    mxcsr_mask: [0; 4],
    sizes: [0; 3],
    resume: 0,
    fs_base: 0,
    host_fs: 0,
    stack: 0,
    reading: [0; 5],
}));

impl Save {
    /// The area. Nobody else may hold it: callers are the entry and exit code, one after the other.
    #[allow(clippy::mut_from_ref, reason = "a cell of a process with one thread; uses do not nest")]
    pub(super) fn get(&self) -> &mut SaveArea {
        // SAFETY: one thread, and no use nests in another.
        unsafe { &mut *self.0.get() }
    }
}
