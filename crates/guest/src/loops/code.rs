//! The code that a counted loop jumps to, and instructions at another address. Pure: it is only made here.
//!
//! ```text
//!           mov %rax,scratch ; mov turns,%rax ; lea -1(%rax),%rax ; mov %rax,turns
//!           xchg %rax,%rcx ; jrcxz none ; xchg %rax,%rcx ; mov scratch,%rax
//!   copy:   what was displaced
//!           jmp onward
//!   none:   xchg %rax,%rcx ; mov scratch,%rax
//!   trap:   int3
//! ```
//!
//! Neither flags nor the guest's stack are touched.

use crate::patch::{JUMP, jump, leaves};
use iced_x86::{Code, Decoder, DecoderOptions, Encoder, FlowControl, Instruction, Mnemonic};

/// Bytes set aside for one.
pub(crate) const ROOM: usize = 256;
/// The instruction that traps.
pub(crate) const TRAP: u8 = 0xcc;

/// Code for a counted loop.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// All of it.
    pub(crate) code: Vec<u8>,
    /// Where in it the copies of the displaced instructions begin, with how far into what was displaced each is.
    pub(crate) copies: Vec<(usize, usize)>,
    /// Where in it the copies end.
    pub(crate) copies_end: usize,
    /// Where in it the trap is, if turns are counted by it.
    pub(crate) trap: Option<usize>,
}

/// Words in memory that the code uses, by address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// Turns that are left.
    pub(crate) turns: u64,
    /// Room for a register.
    pub(crate) scratch: u64,
}

/// Makes the code at `place` for the instructions `original` at `site`. With room for a jump the turns are counted here,
/// else by whoever handles the trap. `None` if an instruction cannot move, or something is out of reach.
pub(crate) fn make(original: &[u8], site: u64, place: u64, words: Words) -> Option<Made> {
    let counts = original.len() >= JUMP;
    let mut out = Vec::with_capacity(ROOM);
    let mut to_none = 0;
    if counts {
        absolute(&mut out, STORE, words.scratch);
        absolute(&mut out, LOAD, words.turns);
        out.extend([0x48, 0x8d, 0x40, 0xff]);
        absolute(&mut out, STORE, words.turns);
        out.extend(XCHG);
        out.extend([0xe3, 0]);
        to_none = out.len();
        out.extend(XCHG);
        absolute(&mut out, LOAD, words.scratch);
    }
    let mut copies = Vec::new();
    let mut decoder = Decoder::with_ip(64, original, site, DecoderOptions::NONE);
    while decoder.can_decode() {
        let at = decoder.position();
        let instruction = decoder.decode();
        copies.push((out.len(), at));
        let moved = moved(&instruction, original.get(at..decoder.position())?, place + out.len() as u64)?;
        out.extend(moved);
    }
    let copies_end = out.len();
    out.extend(jump(place + out.len() as u64, site + original.len() as u64)?);
    let mut trap = None;
    if counts {
        out[to_none - 1] = u8::try_from(out.len() - to_none).ok().filter(|n| *n < 128)?;
        out.extend(XCHG);
        absolute(&mut out, LOAD, words.scratch);
        trap = Some(out.len());
        out.push(TRAP);
    }
    (out.len() <= ROOM).then_some(Made { code: out, copies, copies_end, trap })
}

const LOAD: u8 = 0xa1;
const STORE: u8 = 0xa3;
const XCHG: [u8; 2] = [0x48, 0x91];

/// `mov` between RAX and a word anywhere.
fn absolute(out: &mut Vec<u8>, what: u8, word: u64) {
    out.extend([0x48, what]);
    out.extend(word.to_le_bytes());
}

/// Whether an instruction may be executed elsewhere: it does not enter the kernel, trap, or tell anybody where it is.
pub(crate) fn can_move(instruction: &Instruction) -> bool {
    let direct =
        matches!(instruction.flow_control(), FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch);
    let flow = match instruction.flow_control() {
        FlowControl::Next | FlowControl::IndirectBranch => true,
        _ => direct && (instruction.is_jmp_short_or_near() || instruction.is_jcc_short_or_near()),
    };
    instruction.code() != Code::INVALID
        && flow
        && !leaves(instruction)
        && !matches!(instruction.mnemonic(), Mnemonic::Pushfq | Mnemonic::Popfq | Mnemonic::Int3)
}

/// The bytes with which an instruction does at `to` what it does where it is.
fn moved(instruction: &Instruction, bytes: &[u8], to: u64) -> Option<Vec<u8>> {
    if !can_move(instruction) {
        return None;
    }
    let branches = instruction.is_jmp_short_or_near() || instruction.is_jcc_short_or_near();
    if !branches && !instruction.is_ip_rel_memory_operand() {
        return Some(bytes.to_vec());
    }
    let mut instruction = *instruction;
    if branches {
        instruction.as_near_branch();
    }
    let mut encoder = Encoder::new(64);
    encoder.encode(&instruction, to).ok()?;
    Some(encoder.take_buffer())
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Formatter, NasmFormatter};

    const WORDS: Words = Words { turns: 0x6000_0000_1000, scratch: 0x6000_0000_1008 };

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
    fn a_load_gives_way_to_a_jump() {
        // mov eax,[rip+0x100]
        let made = make(&[0x8b, 5, 0, 1, 0, 0], 0x40_1000, 0x7ff0_0000, WORDS).expect("it can move");
        let trap = made.trap.expect("it counts");
        assert_eq!(
            text(&made.code[..made.copies_end], 0x7ff0_0000),
            "mov [qword 600000001008h],rax; mov rax,[qword 600000001000h]; lea rax,[rax-1]; \
             mov [qword 600000001000h],rax; xchg rcx,rax; jrcxz 000000007FF0003Dh; xchg rcx,rax; \
             mov rax,[qword 600000001008h]; mov eax,[rel 401106h]; "
        );
        assert_eq!(
            text(&made.code[made.copies_end..], 0x7ff0_0000 + made.copies_end as u64),
            "jmp 0000000000401006h; xchg rcx,rax; mov rax,[qword 600000001008h]; int3; "
        );
        assert_eq!((made.copies, trap), (vec![(made.copies_end - 6, 0)], made.code.len() - 1));
    }
    #[test]
    fn branches_reach_where_they_reached() {
        type Row<'a> = (&'a str, &'a [u8], Option<&'a str>);
        let table: &[Row<'_>] = &[
            ("a loop of itself", &[0xeb, 0xfe], Some("jmp 0000000000401000h; jmp 0000000000401002h; ")),
            ("a condition", &[0x75, 0xf0], Some("jne near 0000000000400FF2h; jmp 0000000000401002h; ")),
            ("through a register", &[0xff, 0xe0], Some("jmp rax; jmp 0000000000401002h; ")),
            ("a call", &[0xff, 0xd0], None),
            ("a counting branch", &[0xe2, 0xf0], None),
            ("a system call", &[0x0f, 0x05], None),
            ("a return", &[0xc3], None),
            ("the time stamp", &[0x0f, 0x31], None),
        ];
        for (name, code, want) in table {
            let made = make(code, 0x40_1000, 0x7ff0_0000, WORDS).map(|m| text(&m.code, 0x7ff0_0000));
            assert_eq!(made.as_deref(), *want, "{name}");
        }
    }
    #[test]
    fn several_instructions_move_one_by_one() {
        // pause; mov eax,[rdi]; test eax,eax; je to the first
        let code = [0xf3, 0x90, 0x8b, 7, 0x85, 0xc0, 0x74, 0xf8];
        let made = make(&code, 0x40_1000, 0x7ff0_0000, WORDS).expect("it can move");
        let first = made.copies[0].0;
        assert_eq!(
            text(&made.code[first..made.copies_end], 0x7ff0_0000 + first as u64),
            "pause; mov eax,[rdi]; test eax,eax; je near 0000000000401000h; "
        );
        let offsets: Vec<usize> = made.copies.iter().map(|(_, from)| *from).collect();
        assert_eq!(offsets, [0, 2, 4, 6]);
    }
    #[test]
    fn out_of_reach() {
        assert_eq!(make(&[0x75, 0xf0], 0x1_0000_0000_0000, 0x7ff0_0000, WORDS), None);
        assert_eq!(make(&[0x8b, 5, 0, 1, 0, 0], 0x1_0000_0000_0000, 0x7ff0_0000, WORDS), None);
    }
}
