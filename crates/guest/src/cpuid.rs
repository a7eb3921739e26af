//! Instructions that read the processor: `rdtsc` and `rdtscp` always trap in a guest; `cpuid` traps where the
//! processor and the host's kernel offer it (`ARCH_SET_CPUID`).
//!
//! Guests see the host's `cpuid` with everything removed that differs from one CPU of the host to the next, or that
//! would let a program draw entropy (RDRAND, RDSEED), read its CPU number (RDPID), abort transactions (TSX) or widen
//! its state (AVX-512, AMX).

use crate::arena::with_kernel;
use crate::context::Frame;
use crate::raw;
use std::arch::x86_64::{__cpuid, __cpuid_count};
use std::sync::OnceLock;

/// (leaf, subleaf) → eax, ebx, ecx, edx.
type Table = Vec<((u32, u32), [u32; 4])>;

static TABLE: OnceLock<Table> = OnceLock::new();

const ARCH_SET_CPUID: u64 = 0x1012;

/// Reads the host's table once per worker, before anything is forked.
pub(crate) fn read_table() {
    TABLE.get_or_init(|| {
        let mut table = Table::new();
        for base in [0, 0x8000_0000u32] {
            let last = __cpuid(base).eax.min(base + 0x40);
            for leaf in base..=last {
                let ask = |subleaf: u32| {
                    let r = __cpuid_count(leaf, subleaf);
                    [r.eax, r.ebx, r.ecx, r.edx]
                };
                let first = ask(0);
                let mut values = first;
                for subleaf in 0..SUBLEAVES_MAX {
                    table.push(((leaf, subleaf), mask(leaf, subleaf, values)));
                    if !goes_on(leaf, subleaf, first, values) {
                        break;
                    }
                    values = ask(subleaf + 1);
                }
            }
        }
        table
    });
}

/// Most subleaves that are asked for.
const SUBLEAVES_MAX: u32 = 20;

/// The leaves that have subleaves.
fn has_subleaves(leaf: u32) -> bool {
    matches!(leaf, 4 | 7 | 0xb | 0xd | 0x14 | 0x17 | 0x18 | 0x1d | 0x1f | 0x8000_001d)
}

/// Whether the subleaf behind one may say something, the first one having said `first`. Each question costs a virtual
/// machine a way to its host and back, and twenty for every leaf would be a millisecond.
fn goes_on(leaf: u32, subleaf: u32, first: [u32; 4], values: [u32; 4]) -> bool {
    match leaf {
        // Caches, until one is of no type.
        4 | 0x8000_001d => values[0] & 0x1f != 0,
        // The first subleaf names the last one.
        7 | 0x14 | 0x17 | 0x18 | 0x1d => subleaf < first[0],
        // Components of the extended state; some are missing in between.
        0xd => true,
        // Of topology the same is told for every subleaf.
        _ => false,
    }
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
        (4 | 0x8000_001d, _) => a &= 0x03ff_ffff & !0x03ff_c000,
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
        (0xb | 0x1f, _) => (a, b, c, d) = (0, 0, subleaf & 0xff, 0),
        // Frequencies.
        (0x15 | 0x16, _) => (a, b, c, d) = (0, 0, 0, 0),
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
    // SAFETY: changes this process alone, whose handler of SIGSEGV answers for the instruction.
    let able = unsafe { raw::syscall3(libc::SYS_arch_prctl, ARCH_SET_CPUID, 0, 0) == 0 };
    *ABLE.get_or_init(|| able)
}

/// Whether `cpuid` can be made to trap on this host.
pub fn can_trap() -> bool {
    *ABLE.get_or_init(|| {
        // SAFETY: changes this process alone, and back.
        unsafe {
            raw::syscall3(libc::SYS_arch_prctl, ARCH_SET_CPUID, 0, 0) == 0
                && raw::syscall3(libc::SYS_arch_prctl, ARCH_SET_CPUID, 1, 0) == 0
        }
    })
}

static ABLE: OnceLock<bool> = OnceLock::new();

/// Emulates the trapped instruction at the frame's instruction pointer. False if it is something else.
pub(crate) fn emulate(frame: Frame) -> bool {
    let mut registers = frame.registers();
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
            let [a, b, c, d] = answer(registers.rax as u32, registers.rcx as u32);
            (registers.rax, registers.rbx) = (u64::from(a), u64::from(b));
            (registers.rcx, registers.rdx) = (u64::from(c), u64::from(d));
            registers.rip += 2;
        }
        _ => return false,
    }
    frame.set_registers(&registers);
    true
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

fn answer(leaf: u32, subleaf: u32) -> [u32; 4] {
    let Some(table) = TABLE.get() else { return [0; 4] };
    let exact = table.iter().find(|(key, _)| *key == (leaf, subleaf));
    let first = || table.iter().find(|((l, s), _)| *l == leaf && *s == 0);
    match (exact.or_else(first), leaf) {
        (Some((_, values)), _) if exact.is_some() || !has_subleaves(leaf) => *values,
        (Some(_), 0xb | 0x1f) => mask(leaf, subleaf, [0; 4]),
        _ => [0; 4],
    }
}
