//! The code that a patched site jumps to. Pure: it is only made here.
//!
//! ```text
//!           mov $nr,%eax                  what a jump in front of the instruction displaced
//!           movabs $after,%rcx            as `syscall` leaves it; rcx and r11 are the caller's to lose
//!           lea tail(%rip),%r11
//!           jmp *enter(%rip)
//!   enter:  .quad fbsim_enter
//!   tail:   what a jump over the instruction displaced
//!           jmp onward
//! ```

use super::decode::{Form, JUMP};

/// Bytes set aside for one.
pub(crate) const SLOT: usize = 64;

/// A trampoline and how its site uses it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trampoline {
    /// Its code.
    pub(crate) code: Vec<u8>,
    /// Offset of its tail.
    pub(crate) tail: usize,
    /// Where the jump goes, and how many bytes it replaces.
    pub(crate) patch: (u64, usize),
}

/// A relative jump from one place to another, if it reaches.
pub(crate) fn jump(from: u64, to: u64) -> Option<[u8; JUMP]> {
    let distance = i32::try_from(to.wrapping_sub(from + JUMP as u64) as i64).ok()?;
    let [a, b, c, d] = distance.to_le_bytes();
    Some([0xe9, a, b, c, d])
}

/// Makes the trampoline at `place` for the `syscall` at `site`, around which `code` gives bytes by address.
pub(crate) fn make(
    form: Form,
    site: u64,
    place: u64,
    enter: u64,
    code: impl Fn(u64, usize) -> Vec<u8>,
) -> Option<Trampoline> {
    let after = site + 2;
    let mut out = Vec::with_capacity(SLOT);
    let (patch, tail, onward) = match form {
        Form::Before(length) => {
            let at = site - length as u64;
            out.extend(code(at, length));
            ((at, length), Vec::new(), after)
        }
        Form::After(length) => {
            let end = site + length as u64;
            ((site, length), code(after, length - 2), end)
        }
    };
    out.extend([0x48, 0xb9]);
    out.extend(after.to_le_bytes());
    // The tail begins behind the jump through memory and its eight bytes of address.
    out.extend([0x4c, 0x8d, 0x1d]);
    out.extend(14u32.to_le_bytes());
    out.extend([0xff, 0x25, 0, 0, 0, 0]);
    out.extend(enter.to_le_bytes());
    let tail_at = out.len();
    out.extend(tail);
    out.extend(jump(place + out.len() as u64, onward)?);
    (out.len() <= SLOT).then_some(Trampoline { code: out, tail: tail_at, patch })
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};

    fn text(code: &[u8], at: u64) -> String {
        let mut out = String::new();
        let mut formatter = NasmFormatter::new();
        for instruction in Decoder::with_ip(64, code, at, DecoderOptions::NONE).iter() {
            formatter.format(&instruction, &mut out);
            out.push_str("; ");
        }
        out
    }

    #[test]
    fn a_trampoline_in_front() {
        let made =
            make(Form::Before(5), 0x1005, 0x20_0000, 0x7777, |_, _| vec![0xb8, 0x27, 0, 0, 0]).expect("it reaches");
        assert_eq!(
            text(&made.code[..28], 0x20_0000),
            "mov eax,27h; mov rcx,1007h; lea r11,[rel 200024h]; jmp qword [rel 20001Ch]; "
        );
        assert_eq!(made.code[28..36], 0x7777u64.to_le_bytes());
        assert_eq!((made.tail, made.patch), (36, (0x1000, 5)));
        assert_eq!(text(&made.code[36..], 0x20_0024), "jmp 0000000000001007h; ");
    }
    #[test]
    fn a_trampoline_over() {
        let cmp = vec![0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff];
        let made = make(Form::After(8), 0x1005, 0x20_0000, 0x7777, |_, _| cmp.clone()).expect("it reaches");
        assert_eq!(made.patch, (0x1005, 8));
        assert_eq!(
            text(&made.code[made.tail..], 0x20_0000 + made.tail as u64),
            "cmp rax,0FFFFFFFFFFFFF001h; jmp 000000000000100Dh; "
        );
    }
    #[test]
    fn out_of_reach() {
        assert_eq!(make(Form::After(5), 0x1005, 0x1_0000_0000, 0, |_, n| vec![0x90; n]), None);
    }
}
