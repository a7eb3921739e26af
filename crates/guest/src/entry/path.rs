//! The few instructions between a guest's code and fbsim's.
//!
//! ```text
//!   patched site ─> its trampoline: rcx = address after `syscall`, r11 = where to go on
//!        └─> fbsim_enter: registers into SAVE, stack, selector, FS base, XMM registers ─> on_patched_call
//!                                                                                              │
//!   guest <── fbsim_leave: extended state, FS base, selector, flags, registers from SAVE <─────┴── (or any handler)
//! ```
//!
//! The only host system call that syscall user dispatch lets pass while a guest's code runs is the `rt_sigreturn` of
//! the instructions between `fbsim_exempt_start` and `fbsim_exempt_end`.

use super::save::{SAVE, SaveArea};
use super::{SELECTOR, on_patched_call};
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
    "push qword ptr [rip + {save} + {words} + 8*17]",
    "popfq",
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
);

unsafe extern "C" {
    static fbsim_exempt_start: u8;
    static fbsim_exempt_end: u8;
    static fbsim_enter: u8;
    static fbsim_leave: u8;
    static fbsim_path_end: u8;
}

/// The instructions whose system call is let pass: where they begin, and how many bytes there are.
pub(super) fn exempt() -> (u64, u64) {
    let start = &raw const fbsim_exempt_start as u64;
    (start, &raw const fbsim_exempt_end as u64 - start)
}

/// Where trampolines of patched sites go.
pub(crate) fn enter() -> u64 {
    &raw const fbsim_enter as u64
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
