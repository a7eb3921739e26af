//! The extended state of a thread (x87, SSE, AVX, and AVX-512 where a guest insists) in the forms that the rest of
//! fbsim sees: SSE alone ([`kernel::process::extended::Sse`]) if nothing else is in use, else that of a signal frame,
//! `struct _fpstate` with its software-reserved bytes, the `XSAVE` header and AVX.
//!
//! What a guest or an event sees is canonical: in a frame every component is spelt out and marked as present, whether or
//! not the processor had remembered that it is in its initial state, so the same values are always the same bytes.
//!
//! ```text
//!   0    FXSAVE: x87 and SSE          464  software-reserved: magic, sizes, components
//!   512  XSAVE header: XSTATE_BV      576  upper halves of the sixteen YMM registers      832  magic
//! ```

use super::save::{SAVE, SaveArea};
use crate::cpuid;
use kernel::process::Extended;
use kernel::process::extended::{LEGACY, MXCSR, ORDINARY, ORDINARY_COMPONENTS, Sse, XMM, describe};
use std::arch::asm;

const XSTATE_BV: usize = 512;
const AVX: usize = 576;
const X87_COMPONENT: u64 = 1;
const SSE_COMPONENT: u64 = 2;
/// Opmask registers and both parts of the ZMM registers.
const AVX512: u64 = 0b1110_0000;
/// x87 and SSE registers after a reset.
const FCW_INITIAL: u16 = 0x37f;
const MXCSR_INITIAL: u32 = 0x1f80;

/// Finds out what the processor has. Once per worker. False if it lacks what entering needs: `XSAVE` with AVX at its
/// usual place, and `XGETBV` that tells what is in use.
pub(super) fn prepare() -> bool {
    let [low, _, _, high] = cpuid::host(0xd, 0);
    let [extensions, ..] = cpuid::host(0xd, 1);
    let enabled = u64::from(low) | u64::from(high) << 32;
    let [_, avx_at, ..] = cpuid::host(0xd, 2);
    let area = SAVE.get();
    area.initial[MXCSR..MXCSR + 4].copy_from_slice(&MXCSR_INITIAL.to_le_bytes());
    area.mxcsr_mask = legacy().0[MXCSR + 4..MXCSR + 8].try_into().expect("four bytes");
    area.components = enabled & (ORDINARY_COMPONENTS | AVX512);
    area.sizes = [ORDINARY as u32; 3];
    for (n, size) in area.sizes.iter_mut().enumerate() {
        let [len, at, ..] = cpuid::host(0xd, 5 + n as u32);
        *size = (len + at).max(ORDINARY as u32);
    }
    area.components & ORDINARY_COMPONENTS == ORDINARY_COMPONENTS && extensions & 4 != 0 && avx_at as usize == AVX
}

/// How many bytes the components of a mask take in the standard format.
fn size_of_components(save: &SaveArea, components: u64) -> usize {
    let wide = (0..3).filter(|n| components >> (5 + n) & 1 != 0).map(|n| save.sizes[n] as usize);
    wide.max().unwrap_or(ORDINARY)
}

/// The components that are not in their initial state, as far as the processor has noticed.
fn in_use() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: `prepare` has seen that the processor has this register.
    unsafe { asm!("xgetbv", in("ecx") 1, out("eax") low, out("edx") high, options(nomem, nostack, preserves_flags)) };
    u64::from(low) | u64::from(high) << 32
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Copies the state of the thread at work out.
pub(super) fn copy_out(into: &mut Extended) {
    let save = SAVE.get();
    // Where nothing wider was saved the guest had nothing wider in use.
    let in_processor = save.extended.is_null();
    let used = if in_processor {
        in_use() & X87_COMPONENT | SSE_COMPONENT
    } else {
        // SAFETY: `extended` points to a whole XSAVE area.
        word(unsafe { std::slice::from_raw_parts(save.extended, AVX) }, XSTATE_BV) & save.components
    };
    if used & !SSE_COMPONENT == 0 {
        let area = if in_processor { save.area.as_ptr() } else { save.extended };
        // SAFETY: either is this long.
        let area = unsafe { std::slice::from_raw_parts(area, LEGACY) };
        if !matches!(into, Extended::Sse(_)) {
            *into = Extended::Sse(Sse { control: [0; 8], xmm: [0; 256] });
        }
        if let Extended::Sse(sse) = into {
            sse.control[..4].copy_from_slice(&area[MXCSR..MXCSR + 4]);
            sse.control[4..].copy_from_slice(&save.mxcsr_mask);
            match used {
                0 => sse.xmm.fill(0),
                _ => sse.xmm.copy_from_slice(&area[XMM..XMM + 256]),
            }
        }
        return;
    }
    if in_processor {
        complete(save);
    }
    *into = Extended::Frame(frame(save));
}

/// The saved area in canonical form.
fn frame(save: &SaveArea) -> Vec<u8> {
    // SAFETY: `extended` points to a whole XSAVE area, which is at least this long.
    let area = unsafe { std::slice::from_raw_parts(save.extended, ORDINARY) };
    let present = word(area, XSTATE_BV);
    let wide = present & AVX512 & save.components;
    let size = if wide == 0 { ORDINARY } else { size_of_components(save, wide) };
    // SAFETY: components that are present lie within the area.
    let mut out = unsafe { std::slice::from_raw_parts(save.extended, size) }.to_vec();
    if present & X87_COMPONENT == 0 {
        out[..24].fill(0);
        out[..2].copy_from_slice(&FCW_INITIAL.to_le_bytes());
        out[32..XMM].fill(0);
    }
    if present & SSE_COMPONENT == 0 {
        out[XMM..XMM + 256].fill(0);
    }
    if present & 4 == 0 {
        out[AVX..ORDINARY].fill(0);
    }
    out[XMM + 256..AVX].fill(0);
    describe(&mut out, ORDINARY_COMPONENTS | wide);
    out
}

#[repr(align(16))]
struct Legacy([u8; LEGACY]);

/// x87 and SSE as the processor has them now.
fn legacy() -> Legacy {
    let mut fx = Legacy([0; LEGACY]);
    // SAFETY: FXSAVE writes 512 bytes to an aligned place.
    unsafe { asm!("fxsave64 [{}]", in(reg) &raw mut fx.0, options(nostack, preserves_flags)) };
    fx
}

/// Only SSE was saved: fetches x87 from the processor, where nothing of fbsim has touched it.
fn complete(save: &mut SaveArea) {
    let fx = legacy();
    save.area[..MXCSR].copy_from_slice(&fx.0[..MXCSR]);
    save.area[MXCSR + 4..XMM].copy_from_slice(&fx.0[MXCSR + 4..XMM]);
    save.area[LEGACY..AVX].fill(0);
    save.area[XSTATE_BV] = 3;
    save.extended = save.area.as_mut_ptr();
}

/// Makes a state that of the thread at work.
pub(super) fn load(from: &Extended) {
    let save = SAVE.get();
    match from {
        Extended::Initial => load_sse(save, MXCSR_INITIAL.to_le_bytes(), &[0; 256]),
        Extended::Sse(sse) => {
            let [a, b, c, d, ..] = sse.control;
            load_sse(save, [a, b, c, d], &sse.xmm);
        }
        Extended::Frame(bytes) => load_frame(save, bytes),
    }
}

fn load_sse(save: &mut SaveArea, mxcsr: [u8; 4], xmm: &[u8]) {
    let others = save.components & !SSE_COMPONENT;
    if in_use() & others != 0 {
        let initial = save.initial.as_ptr();
        // SAFETY: an area that says that every component is initial; fbsim's own code keeps nothing in these.
        unsafe {
            asm!("xrstor64 [{}]", in(reg) initial, in("eax") others as u32, in("edx") 0,
                options(readonly, nostack, preserves_flags));
        }
    }
    save.area[MXCSR..MXCSR + 4].copy_from_slice(&mxcsr);
    save.area[XMM..XMM + 256].copy_from_slice(xmm);
    save.extended = std::ptr::null_mut();
}

/// A state that is not whole stands for what it lacks: the initial state.
fn load_frame(save: &mut SaveArea, from: &[u8]) {
    const ZERO: [u8; ORDINARY] = [0; ORDINARY];
    let mut present = if from.len() >= AVX { word(from, XSTATE_BV) & save.components } else { 3 };
    if from.len() < ORDINARY {
        present &= 3;
    } else if from.len() < size_of_components(save, present) {
        present &= ORDINARY_COMPONENTS;
    }
    let Some(mxcsr) = from.get(MXCSR..MXCSR + 4).filter(|_| from.len() >= LEGACY) else {
        return load_sse(save, MXCSR_INITIAL.to_le_bytes(), &ZERO[..256]);
    };
    let zero = |at: usize, to: usize| from[at..to] == ZERO[at..to];
    // What is present in its initial state would count as in use from now on, and be saved at every call.
    if from[..2] == FCW_INITIAL.to_le_bytes() && zero(2, MXCSR) && zero(32, XMM) {
        present &= !X87_COMPONENT;
    }
    if present & 4 != 0 && zero(AVX, ORDINARY) {
        present &= !4;
    }
    if present & !SSE_COMPONENT == 0 {
        let xmm = if present == 0 { &ZERO[..256] } else { &from[XMM..XMM + 256] };
        return load_sse(save, mxcsr.try_into().expect("four bytes"), xmm);
    }
    let len = from.len().min(save.area.len());
    save.area[..len].copy_from_slice(&from[..len]);
    save.area[LEGACY..AVX].fill(0);
    save.area[XSTATE_BV..XSTATE_BV + 8].copy_from_slice(&present.to_le_bytes());
    save.extended = save.area.as_mut_ptr();
}

/// A signal frame holds the state of the thread at work.
pub(super) fn in_frame(area: *mut u8) {
    SAVE.get().extended = area;
}
