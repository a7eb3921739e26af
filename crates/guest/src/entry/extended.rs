//! The extended state of a thread (x87, SSE, AVX, and AVX-512 where a guest insists) in the one form that the rest of
//! fbsim sees: that of a signal frame, `struct _fpstate` with its software-reserved bytes, the `XSAVE` header and AVX.
//!
//! The form is canonical: every component is spelt out and marked as present, whether or not the processor had
//! remembered that it is in its initial state, so the same values are always the same bytes.
//!
//! ```text
//!   0    FXSAVE: x87 and SSE          464  software-reserved: magic, sizes, components
//!   512  XSAVE header: XSTATE_BV      576  upper halves of the sixteen YMM registers      832  magic
//! ```

use super::save::{SAVE, SaveArea};
use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

const LEGACY: usize = 512;
const SW_RESERVED: usize = 464;
const MAGIC1: u32 = 0x4650_5853;
const MAGIC2: u32 = 0x4650_5845;
const XSTATE_BV: usize = 512;
const AVX: usize = 576;
/// Size of a state without AVX-512.
const ORDINARY: usize = AVX + 256;
const XMM: usize = 160;
/// x87, SSE, AVX: the components of an ordinary state.
const ORDINARY_COMPONENTS: u64 = 7;
/// Opmask registers and both parts of the ZMM registers.
const AVX512: u64 = 0b1110_0000;

/// Finds out what the processor has. Once per worker. False if it lacks what entering needs: `XSAVE` with AVX at its
/// usual place, and `XGETBV` that tells what is in use.
pub(super) fn prepare() -> bool {
    let enabled = __cpuid_count(0xd, 0);
    let extensions = __cpuid_count(0xd, 1);
    let enabled = u64::from(enabled.eax) | u64::from(enabled.edx) << 32;
    let avx_at = __cpuid_count(0xd, 2).ebx as usize;
    let area = SAVE.get();
    area.components = enabled & (ORDINARY_COMPONENTS | AVX512);
    area.sizes = [ORDINARY as u32; 3];
    for (n, size) in area.sizes.iter_mut().enumerate() {
        let component = __cpuid_count(0xd, 5 + n as u32);
        *size = (component.eax + component.ebx).max(ORDINARY as u32);
    }
    area.components & ORDINARY_COMPONENTS == ORDINARY_COMPONENTS && extensions.eax & 4 != 0 && avx_at == AVX
}

/// How many bytes the components of a mask take in the standard format.
fn size_of_components(save: &SaveArea, components: u64) -> usize {
    let wide = (0..3).filter(|n| components >> (5 + n) & 1 != 0).map(|n| save.sizes[n] as usize);
    wide.max().unwrap_or(ORDINARY)
}

/// Copies the state of the thread at work out, in canonical form.
pub(super) fn copy_out(into: &mut Vec<u8>) {
    let save = SAVE.get();
    if save.extended.is_null() {
        complete(save);
    }
    into.clear();
    // SAFETY: `extended` points to a whole XSAVE area, which is at least this long.
    let area = unsafe { std::slice::from_raw_parts(save.extended, ORDINARY) };
    let present = u64::from_le_bytes(area[XSTATE_BV..XSTATE_BV + 8].try_into().expect("eight bytes"));
    let wide = present & AVX512 & save.components;
    if wide == 0 {
        into.extend_from_slice(area);
    } else {
        let size = size_of_components(save, wide);
        // SAFETY: as above; components that are present lie within the area.
        into.extend_from_slice(unsafe { std::slice::from_raw_parts(save.extended, size) });
    }
    let size = into.len();
    if present & 1 == 0 {
        into[..24].fill(0);
        into[..2].copy_from_slice(&0x37fu16.to_le_bytes());
        into[32..XMM].fill(0);
    }
    if present & 2 == 0 {
        into[XMM..XMM + 256].fill(0);
    }
    if present & 4 == 0 {
        into[AVX..ORDINARY].fill(0);
    }
    into[XMM + 256..LEGACY].fill(0);
    into[LEGACY..AVX].fill(0);
    let components = ORDINARY_COMPONENTS | wide;
    into[XSTATE_BV..XSTATE_BV + 8].copy_from_slice(&components.to_le_bytes());
    into[SW_RESERVED..SW_RESERVED + 4].copy_from_slice(&MAGIC1.to_le_bytes());
    into[SW_RESERVED + 4..SW_RESERVED + 8].copy_from_slice(&(size as u32 + 4).to_le_bytes());
    into[SW_RESERVED + 8..SW_RESERVED + 16].copy_from_slice(&components.to_le_bytes());
    into[SW_RESERVED + 16..SW_RESERVED + 20].copy_from_slice(&(size as u32).to_le_bytes());
    into.extend_from_slice(&MAGIC2.to_le_bytes());
}

/// Only the XMM registers were saved: fetches the rest from the processor, where nothing of fbsim has touched it.
fn complete(save: &mut SaveArea) {
    #[repr(align(16))]
    struct Fx([u8; LEGACY]);
    let mut fx = Fx([0; LEGACY]);
    // SAFETY: FXSAVE writes 512 bytes to an aligned place.
    unsafe { asm!("fxsave64 [{}]", in(reg) &raw mut fx.0, options(nostack, preserves_flags)) };
    save.area[..XMM].copy_from_slice(&fx.0[..XMM]);
    save.area[LEGACY..AVX].fill(0);
    save.area[XSTATE_BV] = 3;
    save.extended = save.area.as_mut_ptr();
}

/// Makes a state that of the thread at work; an empty one, or one that is not whole, stands for what it lacks: the
/// initial state.
pub(super) fn load(from: &[u8]) {
    let save = SAVE.get();
    let mut present = 0;
    if from.len() >= AVX {
        let len = from.len().min(save.area.len());
        save.area[..len].copy_from_slice(&from[..len]);
        present = u64::from_le_bytes(from[XSTATE_BV..XSTATE_BV + 8].try_into().expect("eight bytes"));
        present &= save.components;
        if from.len() < ORDINARY {
            present &= 3;
        } else if from.len() < size_of_components(save, present) {
            present &= ORDINARY_COMPONENTS;
        }
    } else if from.len() >= LEGACY {
        save.area[..LEGACY].copy_from_slice(&from[..LEGACY]);
        present = 3;
    } else {
        // MXCSR is loaded even where SSE is not present.
        save.area[24..28].copy_from_slice(&0x1f80u32.to_le_bytes());
    }
    save.area[LEGACY..AVX].fill(0);
    save.area[XSTATE_BV..XSTATE_BV + 8].copy_from_slice(&present.to_le_bytes());
    save.extended = save.area.as_mut_ptr();
}

/// A signal frame holds the state of the thread at work.
pub(super) fn in_frame(area: *mut u8) {
    SAVE.get().extended = area;
}
