//! Where a piece of code may be branched to. Pure.
//!
//! Every byte that could begin a direct branch counts as one, whether or not an instruction begins there. So there are
//! more targets than branches, but no branch is missed, wherever data or padding lies between functions. (A branch
//! through a register or a table is not seen; what it leads to begins a function or a case, not an instruction that
//! tests the result of a system call.)

use std::ops::Range;

/// The places that long branches of a code mapping may lead to, by offset.
#[derive(Debug)]
pub(crate) struct Targets {
    bits: Vec<u64>,
}

impl Targets {
    /// Looks at a whole code mapping: one pass, about a nanosecond a byte.
    pub(crate) fn of(code: &[u8]) -> Targets {
        let mut bits = vec![0u64; code.len().div_ceil(64)];
        let mut before = 0;
        for (at, byte) in code.iter().copied().enumerate() {
            // call, jmp; jcc has a 0x0f in front.
            if (byte & 0xfe == 0xe8 || (byte & 0xf0 == 0x80 && before == 0x0f))
                && let Some(distance) = code.get(at + 1..at + 5)
            {
                let distance = i32::from_le_bytes(distance.try_into().expect("four bytes"));
                let target = (at + 5).wrapping_add_signed(distance as isize);
                if let Some(word) = bits.get_mut(target / 64) {
                    *word |= 1 << (target % 64);
                }
            }
            before = byte;
        }
        Targets { bits }
    }

    /// Whether anything may branch to one of these offsets.
    pub(crate) fn any(&self, code: &[u8], range: Range<usize>) -> bool {
        let long = range.clone().any(|at| self.bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0));
        long || short(code, range)
    }
}

/// Whether a short branch nearby (`jmp`, `jcc`, `loop`, `jrcxz`) may lead there.
fn short(code: &[u8], range: Range<usize>) -> bool {
    let nearby = range.start.saturating_sub(130)..(range.end + 130).min(code.len().saturating_sub(1));
    nearby.into_iter().any(|at| {
        let is_short = matches!(code[at], 0x70..=0x7f | 0xe0..=0xe3 | 0xeb);
        is_short && range.contains(&(at + 2).wrapping_add_signed(code[at + 1] as i8 as isize))
    })
}
