//! The general registers of a guest thread, in the order of the kernel's `struct sigcontext`, so that a host signal
//! frame and a guest signal frame are both plain copies.

/// General registers, instruction pointer and flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
#[allow(missing_docs, reason = "these are the processor's own names")]
pub struct Registers {
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub rdx: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rsp: u64,
    pub rip: u64,
    pub eflags: u64,
}

impl Registers {
    /// How many 64-bit words there are.
    pub const WORDS: usize = 18;
    /// All of them 0.
    pub const ZERO: Registers = Registers {
        r8: 0,
        r9: 0,
        r10: 0,
        r11: 0,
        r12: 0,
        r13: 0,
        r14: 0,
        r15: 0,
        rdi: 0,
        rsi: 0,
        rbp: 0,
        rbx: 0,
        rdx: 0,
        rax: 0,
        rcx: 0,
        rsp: 0,
        rip: 0,
        eflags: 0,
    };

    /// As the instruction for a system call leaves them.
    pub fn returned(&mut self, value: u64) {
        self.rax = value;
        self.rcx = self.rip;
        self.r11 = self.eflags;
    }
    /// The six arguments of a system call.
    pub fn arguments(&self) -> [u64; 6] {
        [self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9]
    }
    /// As words, in the order of the fields.
    #[inline(always)]
    pub fn words(&self) -> [u64; Self::WORDS] {
        [
            self.r8,
            self.r9,
            self.r10,
            self.r11,
            self.r12,
            self.r13,
            self.r14,
            self.r15,
            self.rdi,
            self.rsi,
            self.rbp,
            self.rbx,
            self.rdx,
            self.rax,
            self.rcx,
            self.rsp,
            self.rip,
            self.eflags,
        ]
    }
    /// From words, in the order of the fields.
    pub fn from_words(w: [u64; Self::WORDS]) -> Registers {
        let [r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags] = w;
        Registers { r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags }
    }
}
