//! Which `syscall` instructions can be replaced by a jump. Pure: bytes in, verdict out.
//!
//! A jump takes five bytes, the instruction has two. So a site qualifies in one of two ways:
//!
//! ```text
//!   Before:  mov $nr,%eax ; syscall          the jump replaces the mov; the syscall stays for whoever branches to it
//!   After:   syscall ; cmp $-4095,%rax ; …   the jump replaces both; nobody may branch into its middle
//! ```
//!
//! Whatever is doubtful is refused: the site then goes on entering by the signal.

use super::targets::Targets;
use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic};

/// How a site is patched. Offsets and lengths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The `mov` of this length in front of the instruction is replaced.
    Before(usize),
    /// The instruction and what follows it, this many bytes together, are replaced.
    After(usize),
}

/// Length of the jump that is put in place.
pub(crate) const JUMP: usize = 5;
const SYSCALL: usize = 2;
/// How far in front of a site decoding begins, and how many of the beginnings must agree.
const BACK: std::ops::Range<usize> = 24..64;
const AGREE: usize = 8;

/// Decides about the `syscall` at offset `at` of a code mapping, which was reached with `rax` = `number`. `targets` is
/// asked for only if the site is no [`Form::Before`]; as long as they are not known, the answer is no.
pub(crate) fn form<'a>(
    code: &[u8],
    at: usize,
    number: u64,
    targets: impl FnOnce() -> Option<&'a Targets>,
) -> Option<Form> {
    if code.get(at..at + SYSCALL)? != [0x0f, 0x05] {
        return None;
    }
    for (length, head) in [(5, &[0xb8u8][..]), (7, &[0x48, 0xc7, 0xc0])] {
        let Some(start) = at.checked_sub(length) else { continue };
        let (opcode, value) = code[start..at].split_at(head.len());
        let is_number = u64::from(u32::from_le_bytes(value.try_into().expect("four bytes"))) == number;
        if opcode == head && is_number && number < 1 << 31 && is_boundary(code, start, at) {
            return Some(Form::Before(length));
        }
    }
    let length = displaced(code, at)?;
    (!targets()?.any(code, at + 1..at + length)).then_some(Form::After(length))
}

/// Whether decoding from every plausible place before it meets instructions at exactly `start` and `at`. Instruction
/// streams fall into step with themselves after a few instructions, so a place that is no boundary shows.
fn is_boundary(code: &[u8], start: usize, at: usize) -> bool {
    let mut agree = 0;
    for from in BACK.filter_map(|n| start.checked_sub(n)) {
        let mut decoder = Decoder::with_ip(64, &code[from..at], from as u64, DecoderOptions::NONE);
        let mut met = false;
        let mut valid = true;
        while decoder.can_decode() && valid {
            met |= decoder.ip() == start as u64;
            valid = decoder.decode().code() != Code::INVALID;
        }
        if valid && decoder.ip() == at as u64 {
            if !met {
                return false;
            }
            agree += 1;
        }
    }
    agree >= AGREE
}

/// How many bytes from `at` on must move to make room for a jump; `None` if one of the instructions cannot move.
fn displaced(code: &[u8], at: usize) -> Option<usize> {
    let mut decoder = Decoder::with_ip(64, code.get(at + SYSCALL..)?, 0, DecoderOptions::NONE);
    while SYSCALL + decoder.position() < JUMP {
        if !can_move(&decoder.decode()) {
            return None;
        }
    }
    Some(SYSCALL + decoder.position())
}

/// Whether an instruction does the same at another address.
fn can_move(instruction: &Instruction) -> bool {
    instruction.code() != Code::INVALID
        && instruction.flow_control() == FlowControl::Next
        && !instruction.is_ip_rel_memory_operand()
        && !leaves(instruction)
}

/// Whether an instruction enters the kernel, or may trap for what it would tell of the processor.
pub(crate) fn leaves(instruction: &Instruction) -> bool {
    instruction.is_privileged()
        || matches!(
            instruction.mnemonic(),
            Mnemonic::Cpuid
                | Mnemonic::Rdtsc
                | Mnemonic::Rdtscp
                | Mnemonic::Syscall
                | Mnemonic::Rdrand
                | Mnemonic::Rdseed
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOPS: [u8; 80] = [0x90; 80];

    fn verdict(before: &[u8], after: &[u8], number: u64) -> Option<Form> {
        let mut code = NOPS.to_vec();
        code.extend_from_slice(before);
        let at = code.len();
        code.extend_from_slice(&[0x0f, 0x05]);
        code.extend_from_slice(after);
        code.extend_from_slice(&NOPS);
        let targets = Targets::of(&code);
        form(&code, at, number, || Some(&targets))
    }

    #[test]
    fn sites() {
        let cmp = [0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff];
        let mov = [0xb8, 0x27, 0, 0, 0];
        type Row<'a> = (&'a str, &'a [u8], &'a [u8], u64, Option<Form>);
        let table: &[Row<'_>] = &[
            ("mov eax; syscall", &mov, &[0xc3], 0x27, Some(Form::Before(5))),
            ("mov rax; syscall", &[0x48, 0xc7, 0xc0, 0x27, 0, 0, 0], &[0xc3], 0x27, Some(Form::Before(7))),
            ("mov eax of another number", &mov, &[0xc3, 0xc3, 0xc3], 0x28, None),
            ("mov r8d is no mov eax", &[0x41, 0xb8, 0x27, 0, 0, 0], &[0xc3, 0xc3, 0xc3], 0x27, None),
            ("the displacement of a store", &[0xc7, 0x44, 0x24, 0xb8, 0x27, 0, 0, 0], &[0xc3, 0xc3, 0xc3], 0x27, None),
            ("syscall; cmp", &[], &cmp, 1, Some(Form::After(8))),
            ("syscall; mov; mov", &[], &[0x89, 0xc1, 0x48, 0x89, 0xc2], 1, Some(Form::After(7))),
            ("syscall; ret", &[], &[0xc3], 1, None),
            ("syscall; jump", &[], &[0xeb, 0x10], 1, None),
            ("syscall; a load at the instruction pointer", &[], &[0x8b, 0x05, 0, 0, 0, 0], 1, None),
            ("syscall; syscall", &[], &[0x0f, 0x05, 0x0f, 0x05], 1, None),
            ("a short branch into the middle", &[], &[0x89, 0xc1, 0x48, 0x89, 0xc2, 0xeb, 0xf9], 1, None),
            ("a short branch to the start", &[], &[0x89, 0xc1, 0x48, 0x89, 0xc2, 0xeb, 0xf7], 1, Some(Form::After(7))),
            (
                "a long branch into the middle",
                &[],
                &[0x89, 0xc1, 0x48, 0x89, 0xc2, 0xe9, 0xf6, 0xff, 0xff, 0xff],
                1,
                None,
            ),
            (
                "a long conditional branch",
                &[],
                &[0x89, 0xc1, 0x48, 0x89, 0xc2, 0x0f, 0x84, 0xf5, 0xff, 0xff, 0xff],
                1,
                None,
            ),
        ];
        for (name, before, after, number, want) in table {
            assert_eq!(verdict(before, after, *number), *want, "{name}");
        }
    }
    #[test]
    fn no_code_around_is_no_evidence() {
        let code = [0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, 0xc3];
        let targets = Targets::of(&code);
        assert_eq!(form(&code, 5, 0x27, || Some(&targets)), None);
    }
}
