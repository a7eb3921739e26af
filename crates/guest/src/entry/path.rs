//! The few instructions between a guest's code and fbsim's.
//!
//! ```text
//!   patched site ─> its trampoline: rcx = address after `syscall`, r11 = where to go on
//!        └─> fbsim_enter: registers into SAVE, stack, selector, FS base, XMM registers ─> on_patched_call
//!                                                                                              │
//!   guest <── fbsim_leave: extended state, FS base, selector, flags, registers from SAVE <─────┴── (or any handler)
//! ```
//!
//! A site that reads a clock has another way in front of that, for what [`kernel::time::reading`] says is no event:
//!
//! ```text
//!   its trampoline ─> fbsim_read_clock, fbsim_read_day ─┬─> the clock moves, the answer is written ─> the site
//!                                                       └─> fbsim_enter, as if nothing had been
//! ```
//!
//! The only host system call that syscall user dispatch lets pass while a guest's code runs is the `rt_sigreturn` of
//! the instructions between `fbsim_exempt_start` and `fbsim_exempt_end`.

use super::save::{SAVE, SaveArea};
use super::{SELECTOR, on_patched_call};
use crate::arena::KERNEL_AT;
use kernel::time::reading::{DAY_CLOCKS, QUIET_CLOCKS, READING_COST, layout};
use std::arch::global_asm;
use std::mem::offset_of;

global_asm!(
    ".pushsection .text.fbsim_exempt,\"ax\",@progbits",
    ".globl fbsim_exempt_start",
    ".globl fbsim_exempt_end",
    "fbsim_exempt_start:",
    // The restorer of every handler: the handler's `ret` lands here.
    "mov eax, 15",
    "syscall",
    "ud2",
    "fbsim_exempt_end:",
    "nop",
    ".popsection",
);

global_asm!(
    ".pushsection .text.fbsim_path,\"ax\",@progbits",
    ".globl fbsim_enter",
    ".globl fbsim_leave",
    ".globl fbsim_path_end",
    ".p2align 6",
    "fbsim_enter:",
    "mov [rip + {save} + {words} + 8*15], rsp",
    "mov rsp, [rip + {save} + {stack}]",
    "pushfq",
    "mov [rip + {save} + {words} + 8*16], rcx",
    "mov [rip + {save} + {words} + 8*14], rcx",
    "mov [rip + {save} + {resume}], r11",
    "mov [rip + {save} + {words} + 8*0], r8",
    "mov [rip + {save} + {words} + 8*1], r9",
    "mov [rip + {save} + {words} + 8*2], r10",
    "mov [rip + {save} + {words} + 8*4], r12",
    "mov [rip + {save} + {words} + 8*5], r13",
    "mov [rip + {save} + {words} + 8*6], r14",
    "mov [rip + {save} + {words} + 8*7], r15",
    "mov [rip + {save} + {words} + 8*8], rdi",
    "mov [rip + {save} + {words} + 8*9], rsi",
    "mov [rip + {save} + {words} + 8*10], rbp",
    "mov [rip + {save} + {words} + 8*11], rbx",
    "mov [rip + {save} + {words} + 8*12], rdx",
    "mov [rip + {save} + {words} + 8*13], rax",
    "mov byte ptr [rip + {selector}], 0",
    "pop rax",
    "mov [rip + {save} + {words} + 8*17], rax",
    "mov [rip + {save} + {words} + 8*3], rax",
    "cld",
    "mov rax, [rip + {save} + {host_fs}]",
    "wrfsbase rax",
    // What is in use besides x87 and SSE?
    "mov ecx, 1",
    "xgetbv",
    "and eax, [rip + {save} + {components}]",
    "test eax, 0xfffffffc",
    "jnz 2f",
    "movaps [rip + {save} + {area} + 160 + 16*0], xmm0",
    "movaps [rip + {save} + {area} + 160 + 16*1], xmm1",
    "movaps [rip + {save} + {area} + 160 + 16*2], xmm2",
    "movaps [rip + {save} + {area} + 160 + 16*3], xmm3",
    "movaps [rip + {save} + {area} + 160 + 16*4], xmm4",
    "movaps [rip + {save} + {area} + 160 + 16*5], xmm5",
    "movaps [rip + {save} + {area} + 160 + 16*6], xmm6",
    "movaps [rip + {save} + {area} + 160 + 16*7], xmm7",
    "movaps [rip + {save} + {area} + 160 + 16*8], xmm8",
    "movaps [rip + {save} + {area} + 160 + 16*9], xmm9",
    "movaps [rip + {save} + {area} + 160 + 16*10], xmm10",
    "movaps [rip + {save} + {area} + 160 + 16*11], xmm11",
    "movaps [rip + {save} + {area} + 160 + 16*12], xmm12",
    "movaps [rip + {save} + {area} + 160 + 16*13], xmm13",
    "movaps [rip + {save} + {area} + 160 + 16*14], xmm14",
    "movaps [rip + {save} + {area} + 160 + 16*15], xmm15",
    "stmxcsr [rip + {save} + {area} + 24]",
    "mov qword ptr [rip + {save} + {extended}], 0",
    "jmp 3f",
    "2:",
    "lea rcx, [rip + {save} + {area}]",
    "mov [rip + {save} + {extended}], rcx",
    "mov eax, [rip + {save} + {components}]",
    "xor edx, edx",
    "xsave64 [rcx]",
    "3:",
    // A guest may round, or trap, as it likes: fbsim's code does as it is used to.
    "mov eax, [rip + {save} + {area} + 24]",
    "and eax, 0xffc0",
    "cmp eax, 0x1f80",
    "jne 7f",
    "8:",
    "call {on_patched_call}",
    "fbsim_leave:",
    "mov rcx, [rip + {save} + {extended}]",
    "test rcx, rcx",
    "jnz 4f",
    // fbsim's own code may have used wider registers, which the guest had not: they become initial again.
    "mov ecx, 1",
    "xgetbv",
    "and eax, [rip + {save} + {components}]",
    "and eax, 0xfffffffc",
    "jz 6f",
    "xor edx, edx",
    "xrstor64 [rip + {save} + {initial}]",
    "6:",
    "ldmxcsr [rip + {save} + {area} + 24]",
    "movaps xmm0, [rip + {save} + {area} + 160 + 16*0]",
    "movaps xmm1, [rip + {save} + {area} + 160 + 16*1]",
    "movaps xmm2, [rip + {save} + {area} + 160 + 16*2]",
    "movaps xmm3, [rip + {save} + {area} + 160 + 16*3]",
    "movaps xmm4, [rip + {save} + {area} + 160 + 16*4]",
    "movaps xmm5, [rip + {save} + {area} + 160 + 16*5]",
    "movaps xmm6, [rip + {save} + {area} + 160 + 16*6]",
    "movaps xmm7, [rip + {save} + {area} + 160 + 16*7]",
    "movaps xmm8, [rip + {save} + {area} + 160 + 16*8]",
    "movaps xmm9, [rip + {save} + {area} + 160 + 16*9]",
    "movaps xmm10, [rip + {save} + {area} + 160 + 16*10]",
    "movaps xmm11, [rip + {save} + {area} + 160 + 16*11]",
    "movaps xmm12, [rip + {save} + {area} + 160 + 16*12]",
    "movaps xmm13, [rip + {save} + {area} + 160 + 16*13]",
    "movaps xmm14, [rip + {save} + {area} + 160 + 16*14]",
    "movaps xmm15, [rip + {save} + {area} + 160 + 16*15]",
    "jmp 5f",
    "4:",
    "mov eax, [rip + {save} + {components}]",
    "xor edx, edx",
    "xrstor64 [rcx]",
    "5:",
    "mov rax, [rip + {save} + {fs_base}]",
    "mov rsp, [rip + {save} + {stack}]",
    "wrfsbase rax",
    "mov byte ptr [rip + {selector}], 1",
    // Where only flags differ that calculations set, there is no need for popfq, which takes as long as ten loads.
    "mov rax, [rip + {save} + {words} + 8*17]",
    "pushfq",
    "pop rcx",
    "xor ecx, eax",
    "test ecx, 0xfffff72a",
    "jnz 18f",
    "mov ecx, eax",
    "shr ecx, 11",
    "and ecx, 1",
    "mov ah, al",
    "mov al, cl",
    "add al, 0x7f",
    "sahf",
    "19:",
    "mov r8, [rip + {save} + {words} + 8*0]",
    "mov r9, [rip + {save} + {words} + 8*1]",
    "mov r10, [rip + {save} + {words} + 8*2]",
    "mov r11, [rip + {save} + {words} + 8*3]",
    "mov r12, [rip + {save} + {words} + 8*4]",
    "mov r13, [rip + {save} + {words} + 8*5]",
    "mov r14, [rip + {save} + {words} + 8*6]",
    "mov r15, [rip + {save} + {words} + 8*7]",
    "mov rdi, [rip + {save} + {words} + 8*8]",
    "mov rsi, [rip + {save} + {words} + 8*9]",
    "mov rbp, [rip + {save} + {words} + 8*10]",
    "mov rbx, [rip + {save} + {words} + 8*11]",
    "mov rdx, [rip + {save} + {words} + 8*12]",
    "mov rax, [rip + {save} + {words} + 8*13]",
    "mov rcx, [rip + {save} + {words} + 8*14]",
    "mov rsp, [rip + {save} + {words} + 8*15]",
    "jmp qword ptr [rip + {save} + {resume}]",
    "7:",
    "ldmxcsr [rip + {save} + {initial} + 24]",
    "jmp 8b",
    "18:",
    "push rax",
    "popfq",
    "jmp 19b",
    // What a reading begins with: registers are put aside, there is a stack, the flags are on it.
    ".macro fbsim_begin_reading",
    "mov [rip + {save} + {reading} + 8*0], rdx",
    "mov [rip + {save} + {reading} + 8*1], r8",
    "mov [rip + {save} + {reading} + 8*2], r9",
    "mov [rip + {save} + {reading} + 8*3], rsp",
    "mov [rip + {save} + {reading} + 8*4], r11",
    "mov rsp, [rip + {save} + {stack}]",
    "pushfq",
    ".endm",
    // The moment of the next reading in r9, the kernel's clock in r8; elsewhere if something may come of it.
    ".macro fbsim_next_reading elsewhere",
    "movabs r8, {kernel}",
    "mov r8, [r8]",
    "cmp qword ptr [r8 + {left}], 0",
    "je \\elsewhere",
    "mov r9, [r8 + {now}]",
    "add r9, {cost}",
    "cmp r9, [r8 + {before}]",
    "jae \\elsewhere",
    ".endm",
    // clock_gettime(edi, rsi): a reading if it is one of the clocks, and both words lie on one page, so that both are
    // written or none.
    ".globl fbsim_read_clock",
    ".p2align 6",
    "fbsim_read_clock:",
    "fbsim_begin_reading",
    "cmp edi, 31",
    "ja 29f",
    "mov edx, {quiet_clocks}",
    "bt edx, edi",
    "jnc 29f",
    "mov eax, esi",
    "and eax, 0xfff",
    "cmp eax, 0xff0",
    "ja 29f",
    "fbsim_next_reading 29f",
    "mov edx, {day_clocks}",
    "bt edx, edi",
    "jc 21f",
    "movabs rax, {monotonic}",
    "jmp 22f",
    "21:",
    "mov rax, [r8 + {day}]",
    "22:",
    "add rax, r9",
    "xor edx, edx",
    "mov r8d, 1000000000",
    "div r8",
    "fbsim_write_clock:",
    "mov [rsi + 8], rdx",
    "mov [rsi], rax",
    "jmp 28f",
    "29:",
    "fbsim_call_clock:",
    "mov eax, {clock_gettime}",
    "jmp 27f",
    // gettimeofday(rdi, rsi): a reading if it asks for the time and not for the zone.
    ".globl fbsim_read_day",
    ".p2align 6",
    "fbsim_read_day:",
    "fbsim_begin_reading",
    "test rsi, rsi",
    "jnz 39f",
    "mov eax, edi",
    "and eax, 0xfff",
    "cmp eax, 0xff0",
    "ja 39f",
    "fbsim_next_reading 39f",
    "mov rax, [r8 + {day}]",
    "add rax, r9",
    "xor edx, edx",
    "mov r8d, 1000000000",
    "div r8",
    // Nanoseconds below 2^30, divided by 1000.
    "imul rdx, rdx, 274877907",
    "shr rdx, 38",
    "fbsim_write_day:",
    "mov [rdi + 8], rdx",
    "mov [rdi], rax",
    "28:",
    "movabs r8, {kernel}",
    "mov r8, [r8]",
    "mov [r8 + {now}], r9",
    "dec qword ptr [r8 + {left}]",
    "xor eax, eax",
    "mov rdx, [rip + {save} + {reading} + 8*0]",
    "mov r8, [rip + {save} + {reading} + 8*1]",
    "mov r9, [rip + {save} + {reading} + 8*2]",
    "mov r11, [rsp]",
    "popfq",
    "mov rsp, [rip + {save} + {reading} + 8*3]",
    "jmp qword ptr [rip + {save} + {reading} + 8*4]",
    "39:",
    "fbsim_call_day:",
    "mov eax, {gettimeofday}",
    "27:",
    "mov rdx, [rip + {save} + {reading} + 8*0]",
    "mov r8, [rip + {save} + {reading} + 8*1]",
    "mov r9, [rip + {save} + {reading} + 8*2]",
    "mov r11, [rip + {save} + {reading} + 8*4]",
    "popfq",
    "mov rsp, [rip + {save} + {reading} + 8*3]",
    "jmp fbsim_enter",
    "fbsim_path_end:",
    ".popsection",
    save = sym SAVE,
    selector = sym SELECTOR,
    on_patched_call = sym on_patched_call,
    initial = const offset_of!(SaveArea, initial),
    area = const offset_of!(SaveArea, area),
    words = const offset_of!(SaveArea, registers),
    extended = const offset_of!(SaveArea, extended),
    components = const offset_of!(SaveArea, components),
    resume = const offset_of!(SaveArea, resume),
    fs_base = const offset_of!(SaveArea, fs_base),
    host_fs = const offset_of!(SaveArea, host_fs),
    stack = const offset_of!(SaveArea, stack),
    reading = const offset_of!(SaveArea, reading),
    kernel = const KERNEL_AT,
    now = const layout::NOW,
    left = const layout::LEFT,
    before = const layout::BEFORE,
    day = const layout::DAY,
    cost = const READING_COST.0,
    quiet_clocks = const QUIET_CLOCKS,
    day_clocks = const DAY_CLOCKS,
    monotonic = const layout::MONOTONIC,
    clock_gettime = const libc::SYS_clock_gettime,
    gettimeofday = const libc::SYS_gettimeofday,
);

unsafe extern "C" {
    static fbsim_exempt_start: u8;
    static fbsim_exempt_end: u8;
    static fbsim_enter: u8;
    static fbsim_read_clock: u8;
    static fbsim_write_clock: u8;
    static fbsim_call_clock: u8;
    static fbsim_read_day: u8;
    static fbsim_write_day: u8;
    static fbsim_call_day: u8;
    static fbsim_leave: u8;
    static fbsim_path_end: u8;
}

/// The instructions whose system call is let pass: where they begin, and how many bytes there are.
pub(super) fn exempt() -> (u64, u64) {
    let start = &raw const fbsim_exempt_start as u64;
    (start, &raw const fbsim_exempt_end as u64 - start)
}

/// Where the trampoline of a patched site goes that always makes this call, or any if it is not known.
pub(crate) fn enter(call: Option<u64>) -> u64 {
    match call.map(|number| number as i64) {
        Some(libc::SYS_clock_gettime) => &raw const fbsim_read_clock as u64,
        Some(libc::SYS_gettimeofday) => &raw const fbsim_read_day as u64,
        _ => &raw const fbsim_enter as u64,
    }
}

/// Where a reading goes on that could not write its answer at this instruction: with the call.
pub(super) fn unwritten(pc: u64) -> Option<u64> {
    let (clock, day) = (&raw const fbsim_write_clock as u64, &raw const fbsim_write_day as u64);
    if pc == clock {
        Some(&raw const fbsim_call_clock as u64)
    } else {
        (pc == day).then_some(&raw const fbsim_call_day as u64)
    }
}

/// Whether an instruction pointer lies in the path itself: then the guest's code no longer, or not yet, runs.
pub(super) fn holds(pc: u64) -> bool {
    (&raw const fbsim_enter as u64..&raw const fbsim_path_end as u64).contains(&pc)
}

/// Goes on with the thread in the save area. The current stack is abandoned.
///
/// # Safety
/// The save area must hold a thread of this process, and nothing of fbsim's may be borrowed by the stack's frames.
pub(super) unsafe fn leave() -> ! {
    // SAFETY: the caller has filled the save area; the code there never returns.
    unsafe { std::arch::asm!("jmp {}", in(reg) &raw const fbsim_leave, options(noreturn)) }
}
