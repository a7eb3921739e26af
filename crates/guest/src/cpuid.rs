//! Instructions that read the processor: `rdtsc` and `rdtscp` always trap in a guest; `cpuid` traps where the
//! processor and the host's kernel offer it (`ARCH_SET_CPUID`).
//!
//! Guests see the host's `cpuid` with everything removed that differs from one CPU of the host to the next, or that
//! would let a program draw entropy (RDRAND, RDSEED), read its CPU number (RDPID), abort transactions (TSX) or widen
//! its state (AVX-512, AMX). The caches of an Intel processor are the same on every host.

use crate::arena::with_kernel;
use crate::context::Frame;
use crate::{patch, raw};
use std::arch::x86_64::__cpuid_count;
use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

const ARCH_SET_CPUID: u64 = 0x1012;

/// What `cpuid` says: eax, ebx, ecx, edx.
type Answer = [u32; 4];

/// The host's answers that are known, by leaf and subleaf. Private to the process, and copied by a fork.
struct Known {
    entries: [((u32, u32), Answer); KNOWN_MAX],
    count: usize,
}

/// Each question costs a virtual machine a way to its host and back, six microseconds: a worker asks what every start of
/// a dynamically linked program asks, and a process whatever else it is asked when it is.
const ASKED_BY_ALL: [(u32, u32); 15] = [
    (0, 0),
    (1, 0),
    (7, 0),
    (7, 1),
    (0xd, 0),
    (0xd, 1),
    (0xd, 2),
    (0xd, 3),
    (0xd, 5),
    (0xd, 6),
    (0xd, 7),
    (EXTENDED, 0),
    (EXTENDED + 1, 0),
    (EXTENDED + 7, 0),
    (EXTENDED + 8, 0),
];
const KNOWN_MAX: usize = 64;
/// The last of the basic leaves that guests are told of: how wide states are saved. Those after it are about tracing,
/// keys, topology, frequencies and states that guests do not have.
const BASIC_LAST: u32 = 0xd;
/// The first of the extended leaves.
const EXTENDED: u32 = 0x8000_0000;
/// Most subleaves that are asked for.
const SUBLEAVES_MAX: u32 = 20;

struct Table(RefCell<Known>);

// SAFETY: a process that hosts a world has a single thread.
unsafe impl Sync for Table {}

static TABLE: Table = Table(RefCell::new(Known { entries: [((0, 0), [0; 4]); KNOWN_MAX], count: 0 }));

impl Known {
    fn get(&self, key: (u32, u32)) -> Option<Answer> {
        self.entries[..self.count].iter().find(|(k, _)| *k == key).map(|(_, answer)| *answer)
    }
    /// Asks the processor, which must not trap meanwhile.
    fn ask(&mut self, key: (u32, u32)) -> Answer {
        let r = __cpuid_count(key.0, key.1);
        let answer = [r.eax, r.ebx, r.ecx, r.edx];
        if self.count < KNOWN_MAX {
            self.entries[self.count] = (key, answer);
            self.count += 1;
        }
        answer
    }
}

/// Reads the host's table once per worker, before anything is forked or traps.
pub(crate) fn read_table() {
    let mut known = TABLE.0.borrow_mut();
    for key in ASKED_BY_ALL {
        known.ask(key);
    }
}

/// What the processor says.
pub(crate) fn host(leaf: u32, subleaf: u32) -> Answer {
    let mut known = TABLE.0.borrow_mut();
    if let Some(answer) = known.get((leaf, subleaf)) {
        return answer;
    }
    set_trapping(Trapping::No);
    let answer = known.ask((leaf, subleaf));
    set_trapping(Trapping::Yes);
    answer
}

/// The leaves that have subleaves.
fn has_subleaves(leaf: u32) -> bool {
    matches!(leaf, 4 | 7 | 0xb | 0xd | 0x8000_001d)
}

/// "Genu", as an Intel processor begins its name in leaf 0.
const INTEL: u32 = 0x756e_6547;

/// Caches as Intel describes them in leaf 2: 32 KiB of data and of instructions, 2 MiB, 12 MiB, lines of 64 bytes. The C
/// library asks a descriptor that refers to leaf 4 (which real ones do) four times as often.
const DESCRIPTORS: Answer = [0x7d30_2c01, 0xea, 0, 0];

/// The same caches in leaf 4: type and level, ways and line, sets.
fn cache(subleaf: u32) -> Answer {
    let (kind, ways, sets) = match subleaf {
        0 => (0x121, 8, 64),
        1 => (0x122, 8, 64),
        2 => (0x143, 8, 4096),
        3 => (0x163, 24, 8192),
        _ => return [0; 4],
    };
    [kind, (ways - 1) << 22 | 63, sets - 1, 0]
}

fn mask(leaf: u32, subleaf: u32, [mut a, mut b, mut c, mut d]: [u32; 4]) -> [u32; 4] {
    let clear = |word: &mut u32, bits: &[u32]| bits.iter().for_each(|bit| *word &= !(1 << bit));
    match (leaf, subleaf) {
        (1, _) => {
            // Initial APIC id; processors per package.
            b = b & 0x0000_ffff | 2 << 16;
            // MONITOR, x2APIC, TSC-deadline, RDRAND, hypervisor.
            clear(&mut c, &[3, 21, 24, 30, 31]);
        }
        (4 | 0x8000_001d, _) => a &= 0x3fff,
        (7, 0) => {
            // FSGSBASE, HLE, RTM, AVX512 F DQ, RDSEED, AVX512 IFMA PF ER CD BW VL.
            clear(&mut b, &[0, 4, 11, 16, 17, 18, 21, 26, 27, 28, 30, 31]);
            // AVX512 VBMI, PKU, OSPKE, WAITPKG, AVX512 VBMI2 VNNI BITALG VPOPCNTDQ, RDPID.
            clear(&mut c, &[1, 3, 4, 5, 6, 11, 12, 14, 22]);
            // AVX512 4VNNIW 4FMAPS VP2INTERSECT, UINTR, AMX, AVX512 FP16.
            clear(&mut d, &[2, 3, 5, 8, 22, 23, 24, 25]);
        }
        (7, 1) => clear(&mut a, &[5, 21]),
        // Topology names the CPU that asks.
        (0xb, _) => (a, b, c, d) = (0, 0, subleaf & 0xff, 0),
        (0x8000_001e, _) => (a, b, c) = (0, 0, 0),
        _ => {}
    }
    [a, b, c, d]
}

/// Makes `cpuid` trap in this process and in those it forks. False where the host cannot.
///
/// The supervisor traps too, though it has nothing to hide from itself: where the setting differs between two processes,
/// the host writes a register of the processor at every switch between them, which in a virtual machine takes longer than
/// the switch.
pub(crate) fn trap() -> bool {
    let able = set_trapping(Trapping::Yes);
    *ABLE.get_or_init(|| able)
}

/// Whether `cpuid` can be made to trap on this host.
pub fn can_trap() -> bool {
    *ABLE.get_or_init(|| set_trapping(Trapping::Yes) && set_trapping(Trapping::No))
}

static ABLE: OnceLock<bool> = OnceLock::new();

/// Emulates the trapped instruction at the frame's instruction pointer. False if it is something else.
pub(crate) fn emulate(frame: Frame) -> bool {
    let mut registers = frame.registers();
    if patch::asks(registers.rip) {
        tell(&mut registers);
        frame.set_registers(&registers);
        return true;
    }
    // SAFETY: a general protection fault happened at an instruction that was fetched, so its first bytes are mapped;
    // the three bytes of the longest one looked for are compared one after the other.
    let byte = |n: u64| unsafe { *((registers.rip + n) as *const u8) };
    if byte(0) != 0x0f {
        return false;
    }
    match byte(1) {
        0x31 => {
            read_clock(&mut registers);
            registers.rip += 2;
        }
        0x01 if byte(2) == 0xf9 => {
            read_clock(&mut registers);
            registers.rcx = 0;
            registers.rip += 3;
        }
        0xa2 => {
            if LATEST.swap(registers.rip, Ordering::Relaxed) == registers.rip {
                patch::asked_again(registers.rip);
            }
            tell(&mut registers);
        }
        _ => return false,
    }
    frame.set_registers(&registers);
    true
}

/// Where `cpuid` trapped last.
static LATEST: AtomicU64 = AtomicU64::new(0);

fn tell(registers: &mut kernel::Registers) {
    let [a, b, c, d] = answer(registers.rax as u32, registers.rcx as u32);
    (registers.rax, registers.rbx) = (u64::from(a), u64::from(b));
    (registers.rcx, registers.rdx) = (u64::from(c), u64::from(d));
    registers.rip += 2;
}

/// The time stamp counter runs at 1 GHz from the machine's start.
fn read_clock(registers: &mut kernel::Registers) {
    let now = with_kernel(|k| {
        k.clock.tick_read();
        k.clock.monotonic()
    });
    registers.rax = now & 0xffff_ffff;
    registers.rdx = now >> 32;
}

/// What a guest is told.
fn answer(leaf: u32, subleaf: u32) -> Answer {
    let base = leaf & EXTENDED;
    let last = host(base, 0)[0].min(if base == 0 { BASIC_LAST } else { base + 0x40 });
    if leaf > last || leaf & !(EXTENDED | 0xffff) != 0 {
        return [0; 4];
    }
    let subleaf = if has_subleaves(leaf) { subleaf } else { 0 };
    let intel = host(0, 0)[1] == INTEL;
    match leaf {
        0 => [last, host(0, 0)[1], host(0, 0)[2], host(0, 0)[3]],
        2 if intel => DESCRIPTORS,
        4 if intel => cache(subleaf),
        // Of topology the same is told for every subleaf.
        0xb => mask(leaf, subleaf, [0; 4]),
        _ if subleaf >= SUBLEAVES_MAX => [0; 4],
        _ => mask(leaf, subleaf, host(leaf, subleaf)),
    }
}

/// Whether the instruction traps in this process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trapping {
    No,
    Yes,
}

/// False where the host cannot.
fn set_trapping(trapping: Trapping) -> bool {
    let enabled = u64::from(trapping == Trapping::No);
    // SAFETY: changes this process alone, whose handler of SIGSEGV answers for the instruction.
    unsafe { raw::syscall3(libc::SYS_arch_prctl, ARCH_SET_CPUID, enabled, 0) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_described_as_they_are_in_both_leaves() {
        // KiB, by the C library's table of descriptors.
        let sizes = [(0x2c, 32), (0x30, 32), (0x7d, 2048), (0xea, 12 << 10)];
        let bytes: Vec<u8> =
            DESCRIPTORS.iter().flat_map(|word| word.to_le_bytes()).skip(1).filter(|b| *b != 0).collect();
        assert_eq!(bytes, sizes.map(|(descriptor, _)| descriptor));
        for (subleaf, (_, size)) in (0..).zip(sizes) {
            let [kind, shape, sets, _] = cache(subleaf);
            let (ways, line) = ((shape >> 22) + 1, (shape & 0xfff) + 1);
            assert_eq!(ways * line * (sets + 1), size << 10, "cache {subleaf} of kind {kind:x}");
        }
        assert_eq!(cache(4), [0; 4]);
    }
}
