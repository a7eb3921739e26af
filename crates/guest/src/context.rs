//! The host's signal frame as a place where a guest thread enters the kernel.
//!
//! It holds the general registers (`uc_mcontext.gregs`, in the order of [`Registers`]) and, behind `fpregs`, the
//! extended state.

use kernel::Registers;

/// The frame of the signal that is being handled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame(pub(crate) *mut libc::ucontext_t);

impl Frame {
    fn gregs(self) -> *mut [i64; 23] {
        // SAFETY: the frame is that of the handler that runs, so it is valid until the handler returns.
        unsafe { &raw mut (*self.0).uc_mcontext.gregs }
    }
    pub(crate) fn registers(self) -> Registers {
        // SAFETY: as above; the first 18 words are the registers.
        let words = unsafe { *self.gregs() };
        let mut out = [0; Registers::WORDS];
        for (out, word) in out.iter_mut().zip(words) {
            *out = word as u64;
        }
        Registers::from_words(out)
    }
    pub(crate) fn set_registers(self, registers: &Registers) {
        for (i, word) in registers.words().into_iter().enumerate() {
            // SAFETY: as above; i < 18.
            unsafe { (*self.gregs())[i] = word as i64 };
        }
    }
    /// Error code, trap number and fault address of a hardware fault.
    pub(crate) fn fault(self) -> (u64, u64, u64) {
        // SAFETY: as above.
        let words = unsafe { *self.gregs() };
        (
            words[libc::REG_ERR as usize] as u64,
            words[libc::REG_TRAPNO as usize] as u64,
            words[libc::REG_CR2 as usize] as u64,
        )
    }
    /// The extended state behind the frame: an `XSAVE` area of all the components that the host saves.
    pub(crate) fn extended(self) -> *mut u8 {
        // SAFETY: the kernel puts a valid area behind fpregs of every frame; with XSAVE it is aligned to 64.
        unsafe { (*self.0).uc_mcontext.fpregs.cast::<u8>() }
    }
}
