//! The host's signal frame as the place where a guest thread enters and leaves the kernel.
//!
//! The frame holds the general registers (`uc_mcontext.gregs`, in the order of [`Registers`]) and, behind
//! `fpregs`, the extended state in XSAVE format with the software-reserved bytes at offset 464 that tell its size.

use kernel::Registers;

/// Offset of the software-reserved bytes in the FXSAVE area: magic, extended size, features, XSAVE size.
const SW_RESERVED: usize = 464;
const MAGIC1: u32 = 0x4650_5853;
const FXSAVE_SIZE: usize = 512;
/// `XSTATE_BV` of the XSAVE header.
const XSTATE_BV: usize = 512;
/// Room for `FP_XSTATE_MAGIC2` behind the state.
const MAGIC2_SIZE: usize = 4;

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
    fn extended_area(self) -> (*mut u8, usize) {
        // SAFETY: the kernel puts a valid FXSAVE or XSAVE area behind fpregs of every frame.
        unsafe {
            let at = (*self.0).uc_mcontext.fpregs.cast::<u8>();
            let magic = at.add(SW_RESERVED).cast::<u32>().read_unaligned();
            let size = at.add(SW_RESERVED + 16).cast::<u32>().read_unaligned() as usize;
            if magic == MAGIC1 && size >= FXSAVE_SIZE + 64 { (at, size + MAGIC2_SIZE) } else { (at, FXSAVE_SIZE) }
        }
    }
    /// Copies the extended state out.
    pub(crate) fn extended(self, into: &mut Vec<u8>) {
        let (at, len) = self.extended_area();
        into.clear();
        // SAFETY: `extended_area` gives a valid range of this frame.
        into.extend_from_slice(unsafe { std::slice::from_raw_parts(at, len) });
    }
    /// Loads an extended state; an empty one stands for the initial state.
    pub(crate) fn set_extended(self, from: &[u8]) {
        let (at, len) = self.extended_area();
        // SAFETY: `extended_area` gives a valid range of this frame.
        let area = unsafe { std::slice::from_raw_parts_mut(at, len) };
        if from.len() == area.len() {
            area.copy_from_slice(from);
            return;
        }
        // Initial state, or only what FXSAVE holds: the rest is initialised by an XSTATE_BV that leaves it out.
        let mut features: u64 = 0;
        if from.len() >= FXSAVE_SIZE {
            area[..SW_RESERVED].copy_from_slice(&from[..SW_RESERVED]);
            features = 3;
        } else {
            area[..SW_RESERVED].fill(0);
            area[0..2].copy_from_slice(&0x37fu16.to_le_bytes());
            area[24..28].copy_from_slice(&0x1f80u32.to_le_bytes());
        }
        if area.len() > FXSAVE_SIZE {
            area[XSTATE_BV..XSTATE_BV + 8].copy_from_slice(&features.to_le_bytes());
        }
    }
}
