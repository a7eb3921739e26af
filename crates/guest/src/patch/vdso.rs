//! The library of functions that every program is given by its kernel (vdso(7)): those that read clocks, without the
//! signal that a system call of a place that is not patched costs. Pure: the page is only made here.
//!
//! ```text
//!   ELF header, two program headers: all of it is code; the dynamic section
//!   DT_HASH, DT_SYMTAB, DT_VERSYM, DT_VERDEF, DT_STRTAB, dynamic section
//!   for each function:  mov $nr,%eax
//!                       movabs $after,%rcx ; lea after(%rip),%r11 ; jmp *enter(%rip)    where sites are patched,
//!                       jmp syscall                                                     where they are not
//!              syscall: syscall
//!                after: ret
//! ```
//!
//! What a function does is what its system call does, by the same way as from a patched site.

use kernel::abi::PAGE;
use kernel::memory::VDSO;

/// The functions and their system calls.
const FUNCTIONS: [(&str, i64); 5] = [
    ("__vdso_clock_gettime", libc::SYS_clock_gettime),
    ("__vdso_gettimeofday", libc::SYS_gettimeofday),
    ("__vdso_time", libc::SYS_time),
    ("__vdso_clock_getres", libc::SYS_clock_getres),
    ("__vdso_getcpu", libc::SYS_getcpu),
];
const NAME: &str = "linux-vdso.so.1";
/// The version that C libraries and run times ask for on x86-64.
const VERSION: &str = "LINUX_2.6";

/// Bytes set aside for one function.
const SLOT: usize = 48;
const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const SYMBOL: usize = 24;

/// The page, filled from its beginning. Not on the heap, of which a process that was just forked copies what it touches.
struct Out {
    page: [u8; PAGE as usize],
    len: usize,
}

impl Out {
    /// Begins with so many zeros.
    fn after(len: usize) -> Out {
        Out { page: [0; PAGE as usize], len }
    }
    fn at(&self) -> u64 {
        self.len as u64
    }
    fn align(&mut self, to: usize) -> u64 {
        self.len = self.len.next_multiple_of(to);
        self.at()
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.page[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
    /// Goes on there; what is between would trap.
    fn go_to(&mut self, at: usize) {
        assert!(at >= self.len, "what comes before has found its place");
        self.page[self.len..at].fill(0xcc);
        self.len = at;
    }
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0]);
    }
    fn u16s(&mut self, words: &[u16]) {
        words.iter().for_each(|w| self.bytes(&w.to_le_bytes()));
    }
    fn u32s(&mut self, words: &[u32]) {
        words.iter().for_each(|w| self.bytes(&w.to_le_bytes()));
    }
    fn u64s(&mut self, words: &[u64]) {
        words.iter().for_each(|w| self.bytes(&w.to_le_bytes()));
    }
}

/// The hash of a name as the System V ABI has it.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0, |h: u32, byte| {
        let h = (h << 4).wrapping_add(u32::from(byte));
        let high = h & 0xf000_0000;
        (h ^ (high >> 24)) & !high
    })
}

/// The page, to lie at [`VDSO`]. `enter` says where the functions go for a call, if not by the instruction for it.
pub(super) fn page(enter: impl Fn(u64) -> Option<u64>) -> [u8; PAGE as usize] {
    // Where each string will begin: behind a zero, and behind those before it.
    let mut strings_len = 1;
    let mut string = |text: &str| {
        let at = strings_len;
        strings_len += text.len() as u32 + 1;
        at
    };
    let names = FUNCTIONS.map(|(name, _)| string(name));
    let (own, version) = (string(NAME), string(VERSION));

    let mut out = Out::after(HEADER + 2 * PROGRAM_HEADER);
    // One bucket, in which all symbols follow each other.
    let hash_at = out.align(8);
    let count = FUNCTIONS.len() as u32 + 1;
    out.u32s(&[1, count, 1, 0]);
    (2..count).chain([0]).for_each(|next| out.u32s(&[next]));
    let symbols_at = out.align(8);
    let code_at = (out.len + SYMBOL * count as usize + 512).next_multiple_of(SLOT * 2);
    out.len += SYMBOL;
    for (index, name) in names.into_iter().enumerate() {
        // Global functions of the first section there is: anything but undefined.
        out.u32s(&[name, 1 << 16 | 0x12]);
        out.u64s(&[(code_at + index * SLOT) as u64, SLOT as u64]);
    }
    let versions_at = out.align(2);
    out.u16s(&[0]);
    out.u16s(&[2; FUNCTIONS.len()]);
    let definitions_at = out.align(8);
    // vd_version, vd_flags (the file itself), vd_ndx, vd_cnt; vd_hash, vd_aux, vd_next; then vda_name, vda_next.
    for (flags, index, name, text, next) in [(1, 1, own, NAME, 28), (0, 2, version, VERSION, 0)] {
        out.u16s(&[1, flags, index, 1]);
        out.u32s(&[hash(text), 20, next, name, 0]);
    }
    let strings_at = out.at();
    out.bytes(&[0]);
    FUNCTIONS.iter().for_each(|(name, _)| out.text(name));
    out.text(NAME);
    out.text(VERSION);
    assert_eq!(out.at() - strings_at, u64::from(strings_len), "all strings are where they were said to be");
    let dynamic_at = out.align(8);
    const DT_NULL: u64 = 0;
    const DT_HASH: u64 = 4;
    const DT_STRTAB: u64 = 5;
    const DT_SYMTAB: u64 = 6;
    const DT_STRSZ: u64 = 10;
    const DT_SYMENT: u64 = 11;
    const DT_SONAME: u64 = 14;
    const DT_VERSYM: u64 = 0x6fff_fff0;
    const DT_VERDEF: u64 = 0x6fff_fffc;
    const DT_VERDEFNUM: u64 = 0x6fff_fffd;
    let dynamic = [
        (DT_SONAME, u64::from(own)),
        (DT_HASH, hash_at),
        (DT_STRTAB, strings_at),
        (DT_SYMTAB, symbols_at),
        (DT_STRSZ, u64::from(strings_len)),
        (DT_SYMENT, SYMBOL as u64),
        (DT_VERSYM, versions_at),
        (DT_VERDEF, definitions_at),
        (DT_VERDEFNUM, 2),
        (DT_NULL, 0),
    ];
    for (tag, value) in dynamic {
        out.u64s(&[tag, value]);
    }
    let dynamic_len = out.at() - dynamic_at;
    out.go_to(code_at);
    for (_, number) in FUNCTIONS {
        let start = out.len;
        out.bytes(&[0xb8]);
        out.u32s(&[number as u32]);
        // movabs (10), lea (7), jmp (6), the address (8); then the instruction, which has one place whatever is in front.
        let call = start + 5 + 10 + 7 + 6 + 8;
        if let Some(enter) = enter(number as u64) {
            let after = VDSO + call as u64 + 2;
            out.bytes(&[0x48, 0xb9]);
            out.u64s(&[after]);
            out.bytes(&[0x4c, 0x8d, 0x1d]);
            out.u32s(&[6 + 8 + 2]);
            out.bytes(&[0xff, 0x25, 0, 0, 0, 0]);
            out.u64s(&[enter]);
        } else {
            out.bytes(&[0xeb, (call - start - 5 - 2) as u8]);
            out.go_to(call);
        }
        out.bytes(&[0x0f, 0x05, 0xc3]);
        out.go_to(start + SLOT);
    }
    let len = out.at();

    let mut head = Out { page: out.page, len: 0 };
    head.bytes(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // ET_DYN, x86-64, version; no entry; program headers; no sections.
    head.u16s(&[3, 62]);
    head.u32s(&[1]);
    head.u64s(&[0, HEADER as u64, 0]);
    head.u32s(&[0]);
    head.u16s(&[HEADER as u16, PROGRAM_HEADER as u16, 2, 0, 0, 0]);
    // PT_LOAD, read and execute; PT_DYNAMIC, read: offset, addresses, sizes, alignment.
    head.u32s(&[1, 5]);
    head.u64s(&[0, 0, 0, len, len, PAGE]);
    head.u32s(&[2, 4]);
    head.u64s(&[dynamic_at, dynamic_at, dynamic_at, dynamic_len, dynamic_len, 8]);
    head.page
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};
    use object::elf::{FileHeader64, PT_DYNAMIC};
    use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _, Sym as _};
    use object::{LittleEndian, read::elf::ElfFile64};

    fn code(page: &[u8], function: usize) -> String {
        let at = page.iter().position(|b| *b == 0xcc).expect("what is between tables and code");
        let at = (at..).find(|at| page[*at] == 0xb8).expect("the first function") + function * SLOT;
        let mut formatter = NasmFormatter::new();
        let mut text = String::new();
        for instruction in Decoder::with_ip(64, &page[at..], VDSO + at as u64, DecoderOptions::NONE).iter().take(4) {
            formatter.format(&instruction, &mut text);
            text.push_str("; ");
        }
        text
    }

    #[test]
    fn its_tables_are_those_of_a_library() {
        let page = page(|_| Some(0x1234));
        let file: ElfFile64<'_, LittleEndian> = ElfFile64::parse(&page[..]).expect("an ELF file");
        let header: &FileHeader64<LittleEndian> = file.elf_header();
        let endian = LittleEndian;
        let segments = header.program_headers(endian, &page[..]).expect("program headers");
        let dynamic = segments.iter().find(|s| s.p_type(endian) == PT_DYNAMIC).expect("a dynamic section");
        let entries = dynamic.dynamic(endian, &page[..]).expect("readable").expect("there");
        let value = |tag: object::elf::DynamicTag| {
            let entry = entries.iter().find(|d| d.tag(endian) == tag).unwrap_or_else(|| panic!("tag {tag:?}"));
            entry.d_val(endian) as usize
        };
        let strings = &page[value(object::elf::DT_STRTAB)..][..value(object::elf::DT_STRSZ)];
        let text = |at: usize| strings[at..].split(|b| *b == 0).next().map(String::from_utf8_lossy).expect("text");
        assert_eq!(text(value(object::elf::DT_SONAME)), NAME);
        let (symbols, _) = object::slice_from_bytes::<object::elf::Sym64<LittleEndian>>(
            &page[value(object::elf::DT_SYMTAB)..],
            FUNCTIONS.len() + 1,
        )
        .expect("symbols");
        // Through the hash table, as a loader goes.
        let word = |at: usize| u32::from_le_bytes(page[at..at + 4].try_into().expect("four bytes"));
        let table = value(object::elf::DT_HASH);
        assert_eq!((word(table), word(table + 4) as usize), (1, symbols.len()));
        let mut found = Vec::new();
        let mut at = word(table + 8) as usize;
        while at != 0 {
            let symbol = &symbols[at];
            assert_eq!(page[symbol.st_value(endian) as usize], 0xb8, "a function begins there");
            found.push(text(symbol.st_name(endian) as usize).into_owned());
            at = word(table + 12 + 4 * at) as usize;
        }
        assert_eq!(found, FUNCTIONS.map(|(name, _)| name));
        let definition = value(object::elf::DT_VERDEF);
        let second = definition + word(definition + 16) as usize;
        assert_eq!(word(second + 8), 0x3ae_75f6, "the hash that run times look for");
        assert_eq!(text(word(second + word(second + 12) as usize) as usize), VERSION);
    }
    #[test]
    fn functions_go_the_way_of_patched_sites_or_trap() {
        let plain = page(|_| None);
        assert!(code(&plain, 0).starts_with("mov eax,0E4h; jmp short "), "{}", code(&plain, 0));
        let patched = page(|number| Some(number + 0x7000));
        let last = code(&patched, 4);
        let after = last.split("mov rcx,").nth(1).and_then(|t| t.split("h;").next()).expect("an address");
        let after = u64::from_str_radix(after, 16).expect("hexadecimal");
        assert!(last.starts_with("mov eax,135h; "), "{last}");
        assert!(last.contains(&format!("lea r11,[rel {after:X}h]; jmp qword [rel {:X}h]; ", after - 10)), "{last}");
        let end = (after - VDSO) as usize;
        assert_eq!(
            (&patched[end - 2..=end], &plain[end - 2..=end]),
            (&[0x0f, 0x05, 0xc3][..], &[0x0f, 0x05, 0xc3][..])
        );
        let jump = plain[..end - 2].iter().rposition(|b| *b == 0xeb).expect("a jump");
        assert_eq!(jump + 2 + usize::from(plain[jump + 1]), end - 2, "it leads to the instruction");
        assert_eq!(patched[end - 10..end - 2], 0x7135u64.to_le_bytes());
    }
}
