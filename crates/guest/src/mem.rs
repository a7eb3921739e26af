//! memcpy(3) and its kin, for this program instead of the C library's.
//!
//! The simulated kernel runs between two instructions of a guest, and what it leaves alone of the processor's registers
//! need not be saved. The C library picks functions that use the widest registers there are; then every call of every
//! guest would save and load 2.5 KiB. These use nothing wider than XMM. (The C library can be told so only before a
//! program starts, in words that change with its version.)
//!
//! The linker takes the first definition it meets: all Rust and C of this program gets these, shared libraries keep
//! their own.
//!
//! All take what they read into registers before they write what may lie over it, and read no byte outside of what they
//! are given; [`strlen`](https://man7.org/linux/man-pages/man3/strlen.3.html) and `memchr` read whole aligned blocks of
//! 16 bytes, which never reach into another page.

use std::arch::global_asm;

/// From this length on the processor's own way of copying and filling is the fastest: all processors that have
/// `FSGSBASE`, which [`crate::requirements`] asks for, are good at it.
const STRING: usize = 2048;

// memcpy and memmove. Up to 128 bytes everything is in registers before anything is written. Beyond, the loops leave the
// first or last 64 bytes, taken before, to be written after; one more block makes the target aligned.
global_asm!(
    ".text",
    ".p2align 6",
    ".globl memcpy, memmove",
    ".hidden memcpy, memmove",
    ".type memcpy, @function",
    ".type memmove, @function",
    "memcpy:",
    "memmove:",
    "mov rax, rdi",
    "cmp rdx, 16",
    "jb 10f",
    "cmp rdx, 32",
    "ja 20f",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + rdx - 16]",
    "movups [rdi], xmm0",
    "movups [rdi + rdx - 16], xmm1",
    "ret",
    // Below 16.
    "10:",
    "cmp edx, 8",
    "jae 11f",
    "cmp edx, 4",
    "jae 12f",
    "cmp edx, 1",
    "ja 13f",
    "jb 14f",
    "movzx ecx, byte ptr [rsi]",
    "mov [rdi], cl",
    "14:",
    "ret",
    "11:",
    "mov rcx, [rsi]",
    "mov rsi, [rsi + rdx - 8]",
    "mov [rdi], rcx",
    "mov [rdi + rdx - 8], rsi",
    "ret",
    "12:",
    "mov ecx, [rsi]",
    "mov esi, [rsi + rdx - 4]",
    "mov [rdi], ecx",
    "mov [rdi + rdx - 4], esi",
    "ret",
    "13:",
    "movzx ecx, word ptr [rsi]",
    "movzx esi, word ptr [rsi + rdx - 2]",
    "mov [rdi], cx",
    "mov [rdi + rdx - 2], si",
    "ret",
    // 33 to 64.
    "20:",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + 16]",
    "movups xmm2, [rsi + rdx - 32]",
    "movups xmm3, [rsi + rdx - 16]",
    "cmp rdx, 64",
    "ja 30f",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "movups [rdi + rdx - 32], xmm2",
    "movups [rdi + rdx - 16], xmm3",
    "ret",
    // 65 to 128.
    "30:",
    "movups xmm4, [rsi + 32]",
    "movups xmm5, [rsi + 48]",
    "movups xmm6, [rsi + rdx - 64]",
    "movups xmm7, [rsi + rdx - 48]",
    "cmp rdx, 128",
    "ja 40f",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "movups [rdi + 32], xmm4",
    "movups [rdi + 48], xmm5",
    "movups [rdi + rdx - 64], xmm6",
    "movups [rdi + rdx - 48], xmm7",
    "movups [rdi + rdx - 32], xmm2",
    "movups [rdi + rdx - 16], xmm3",
    "ret",
    // More: first and last 64 bytes are in xmm0, 1, 4, 5 and xmm6, 7, 2, 3.
    "40:",
    "mov rcx, rdi",
    "sub rcx, rsi",
    "lea r8, [rdi + rdx]",
    "cmp rcx, rdx",
    "jb 60f",
    "cmp rdx, {string}",
    "jae 50f",
    // Forwards, from the first aligned block of the target on; the first 16 bytes are written at the end.
    "45:",
    "mov rcx, rdi",
    "or rcx, 15",
    "inc rcx",
    "sub rcx, rdi",
    "add rsi, rcx",
    "add rdi, rcx",
    "sub rdx, rcx",
    "46:",
    "movups xmm8, [rsi]",
    "movups xmm9, [rsi + 16]",
    "movups xmm10, [rsi + 32]",
    "movups xmm11, [rsi + 48]",
    "add rsi, 64",
    "movaps [rdi], xmm8",
    "movaps [rdi + 16], xmm9",
    "movaps [rdi + 32], xmm10",
    "movaps [rdi + 48], xmm11",
    "add rdi, 64",
    "sub rdx, 64",
    "cmp rdx, 64",
    "ja 46b",
    "movups [rax], xmm0",
    "movups [r8 - 64], xmm6",
    "movups [r8 - 48], xmm7",
    "movups [r8 - 32], xmm2",
    "movups [r8 - 16], xmm3",
    "ret",
    // The processor's own way is slow where the target lies just in front of the source.
    "50:",
    "neg rcx",
    "cmp rcx, 64",
    "jb 45b",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
    // Backwards: the target begins inside of the source.
    "60:",
    "lea r9, [rsi + rdx]",
    "mov r10, r8",
    "mov rcx, r8",
    "dec rcx",
    "and rcx, 15",
    "inc rcx",
    "sub r8, rcx",
    "sub r9, rcx",
    "sub rdx, rcx",
    "61:",
    "movups xmm8, [r9 - 16]",
    "movups xmm9, [r9 - 32]",
    "movups xmm10, [r9 - 48]",
    "movups xmm11, [r9 - 64]",
    "sub r9, 64",
    "movaps [r8 - 16], xmm8",
    "movaps [r8 - 32], xmm9",
    "movaps [r8 - 48], xmm10",
    "movaps [r8 - 64], xmm11",
    "sub r8, 64",
    "sub rdx, 64",
    "cmp rdx, 64",
    "ja 61b",
    "movups [rax], xmm0",
    "movups [rax + 16], xmm1",
    "movups [rax + 32], xmm4",
    "movups [rax + 48], xmm5",
    "movups [r10 - 16], xmm3",
    "ret",
    ".size memcpy, . - memcpy",
    ".size memmove, . - memmove",
    string = const STRING,
);

// memset.
global_asm!(
    ".p2align 6",
    ".globl memset",
    ".hidden memset",
    ".type memset, @function",
    "memset:",
    "mov rax, rdi",
    "movzx esi, sil",
    "mov r8, 0x0101010101010101",
    "imul rsi, r8",
    "movq xmm0, rsi",
    "punpcklqdq xmm0, xmm0",
    "cmp rdx, 16",
    "jb 10f",
    "movups [rdi], xmm0",
    "movups [rdi + rdx - 16], xmm0",
    "cmp rdx, 32",
    "jbe 15f",
    "movups [rdi + 16], xmm0",
    "movups [rdi + rdx - 32], xmm0",
    "cmp rdx, 64",
    "jbe 15f",
    "movups [rdi + 32], xmm0",
    "movups [rdi + 48], xmm0",
    "movups [rdi + rdx - 64], xmm0",
    "movups [rdi + rdx - 48], xmm0",
    "cmp rdx, 128",
    "jbe 15f",
    "cmp rdx, {string}",
    "jae 50f",
    // The first and the last 64 bytes are there already.
    "lea rcx, [rdi + rdx - 64]",
    "add rdi, 64",
    "and rdi, -16",
    "45:",
    "movaps [rdi], xmm0",
    "movaps [rdi + 16], xmm0",
    "movaps [rdi + 32], xmm0",
    "movaps [rdi + 48], xmm0",
    "add rdi, 64",
    "cmp rdi, rcx",
    "jb 45b",
    "15:",
    "ret",
    "50:",
    "mov r8, rax",
    "mov eax, esi",
    "mov rcx, rdx",
    "rep stosb",
    "mov rax, r8",
    "ret",
    // Below 16.
    "10:",
    "cmp edx, 8",
    "jae 11f",
    "cmp edx, 4",
    "jae 12f",
    "cmp edx, 1",
    "ja 13f",
    "jb 15b",
    "mov [rdi], sil",
    "ret",
    "11:",
    "mov [rdi], rsi",
    "mov [rdi + rdx - 8], rsi",
    "ret",
    "12:",
    "mov [rdi], esi",
    "mov [rdi + rdx - 4], esi",
    "ret",
    "13:",
    "mov [rdi], si",
    "mov [rdi + rdx - 2], si",
    "ret",
    ".size memset, . - memset",
    string = const STRING,
);

// memcmp and bcmp.
global_asm!(
    ".p2align 6",
    ".globl memcmp, bcmp",
    ".hidden memcmp, bcmp",
    ".type memcmp, @function",
    ".type bcmp, @function",
    "memcmp:",
    "bcmp:",
    "cmp rdx, 16",
    "jb 10f",
    // Where the last block begins, which may lie over the one before.
    "lea r8, [rdi + rdx - 16]",
    "lea r9, [rsi + rdx - 16]",
    "20:",
    "cmp rdi, r8",
    "jae 21f",
    "movups xmm0, [rdi]",
    "movups xmm1, [rsi]",
    "pcmpeqb xmm0, xmm1",
    "pmovmskb ecx, xmm0",
    "xor ecx, 0xffff",
    "jnz 30f",
    "add rdi, 16",
    "add rsi, 16",
    "jmp 20b",
    "21:",
    "mov rdi, r8",
    "mov rsi, r9",
    "movups xmm0, [rdi]",
    "movups xmm1, [rsi]",
    "pcmpeqb xmm0, xmm1",
    "pmovmskb ecx, xmm0",
    "xor ecx, 0xffff",
    "jnz 30f",
    "xor eax, eax",
    "ret",
    "30:",
    "bsf ecx, ecx",
    "movzx eax, byte ptr [rdi + rcx]",
    "movzx edx, byte ptr [rsi + rcx]",
    "sub eax, edx",
    "ret",
    // Below 16: two words that may lie over each other, compared as numbers with the first byte in front.
    "10:",
    "cmp edx, 8",
    "jae 11f",
    "cmp edx, 4",
    "jae 12f",
    "test edx, edx",
    "jz 14f",
    // One to three: the first, the middle and the last byte.
    "mov ecx, edx",
    "shr ecx",
    "movzx eax, byte ptr [rdi]",
    "movzx r8d, byte ptr [rsi]",
    "sub eax, r8d",
    "jnz 15f",
    "movzx eax, byte ptr [rdi + rcx]",
    "movzx r8d, byte ptr [rsi + rcx]",
    "sub eax, r8d",
    "jnz 15f",
    "movzx eax, byte ptr [rdi + rdx - 1]",
    "movzx r8d, byte ptr [rsi + rdx - 1]",
    "sub eax, r8d",
    "15:",
    "ret",
    "14:",
    "xor eax, eax",
    "ret",
    "11:",
    "mov rax, [rdi]",
    "mov rcx, [rsi]",
    "cmp rax, rcx",
    "jne 16f",
    "mov rax, [rdi + rdx - 8]",
    "mov rcx, [rsi + rdx - 8]",
    "cmp rax, rcx",
    "je 14b",
    "16:",
    "bswap rax",
    "bswap rcx",
    "cmp rax, rcx",
    "sbb eax, eax",
    "or eax, 1",
    "ret",
    "12:",
    "mov eax, [rdi]",
    "mov ecx, [rsi]",
    "cmp eax, ecx",
    "jne 17f",
    "mov eax, [rdi + rdx - 4]",
    "mov ecx, [rsi + rdx - 4]",
    "cmp eax, ecx",
    "je 14b",
    "17:",
    "bswap eax",
    "bswap ecx",
    "cmp eax, ecx",
    "sbb eax, eax",
    "or eax, 1",
    "ret",
    ".size memcmp, . - memcmp",
    ".size bcmp, . - bcmp",
);

// strlen.
global_asm!(
    ".p2align 5",
    ".globl strlen",
    ".hidden strlen",
    ".type strlen, @function",
    "strlen:",
    "pxor xmm0, xmm0",
    "mov rax, rdi",
    "and rax, -16",
    "mov ecx, edi",
    "and ecx, 15",
    "pcmpeqb xmm0, [rax]",
    "pmovmskb edx, xmm0",
    "shr edx, cl",
    "test edx, edx",
    "jnz 20f",
    "19:",
    "add rax, 16",
    "pxor xmm0, xmm0",
    "pcmpeqb xmm0, [rax]",
    "pmovmskb edx, xmm0",
    "test edx, edx",
    "jz 19b",
    "bsf edx, edx",
    "add rax, rdx",
    "sub rax, rdi",
    "ret",
    "20:",
    "bsf eax, edx",
    "ret",
    ".size strlen, . - strlen",
);

// memchr.
global_asm!(
    ".p2align 5",
    ".globl memchr",
    ".hidden memchr",
    ".type memchr, @function",
    "memchr:",
    "test rdx, rdx",
    "jz 30f",
    "movzx esi, sil",
    "imul esi, esi, 0x01010101",
    "movd xmm1, esi",
    "pshufd xmm1, xmm1, 0",
    // How many bytes are left from the aligned block on.
    "mov rax, rdi",
    "and rax, -16",
    "mov ecx, edi",
    "and ecx, 15",
    "add rdx, rcx",
    "jnc 5f",
    "mov rdx, -1",
    "5:",
    "movaps xmm0, [rax]",
    "pcmpeqb xmm0, xmm1",
    "pmovmskb r8d, xmm0",
    "shr r8d, cl",
    "shl r8d, cl",
    "19:",
    "test r8d, r8d",
    "jnz 20f",
    "sub rdx, 16",
    "jbe 30f",
    "add rax, 16",
    "movaps xmm0, [rax]",
    "pcmpeqb xmm0, xmm1",
    "pmovmskb r8d, xmm0",
    "jmp 19b",
    "20:",
    "bsf r8d, r8d",
    "cmp r8, rdx",
    "jae 30f",
    "add rax, r8",
    "ret",
    "30:",
    "xor eax, eax",
    "ret",
    ".size memchr, . - memchr",
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::ffi::{c_int, c_void};

    // Under the compiler's own names: what it makes of slices goes to the same functions.
    unsafe extern "C" {
        fn memmove(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void;
        fn memcpy(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void;
        fn memset(to: *mut c_void, byte: c_int, len: usize) -> *mut c_void;
        fn memcmp(a: *const c_void, b: *const c_void, len: usize) -> c_int;
        fn bcmp(a: *const c_void, b: *const c_void, len: usize) -> c_int;
        fn strlen(text: *const c_void) -> usize;
        fn memchr(bytes: *const c_void, byte: c_int, len: usize) -> *const c_void;
    }

    /// Bytes that all differ from their neighbours, and from those a block further on.
    fn pattern(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 37 + i / 251) as u8).collect()
    }

    /// Every length up to some blocks, and around the powers of two beyond.
    fn lengths() -> impl Iterator<Item = usize> {
        (0..300).chain([511, 512, 513, 1023, 1025, 2047, 2048, 2049, 4096, 4097, 9001])
    }

    fn moved(bytes: &[u8], from: usize, to: usize, len: usize) -> Vec<u8> {
        let mut all = bytes.to_vec();
        for (i, byte) in bytes[from..from + len].iter().enumerate() {
            all[to + i] = *byte;
        }
        all
    }
    fn check_move(from: usize, to: usize, len: usize) {
        let bytes = pattern(from.max(to) + len + 32);
        let mut here = bytes.clone();
        let at = here.as_mut_ptr();
        // SAFETY: both ranges lie in the vector.
        let back = unsafe { memmove(at.add(to).cast(), at.add(from).cast(), len) };
        // SAFETY: as above.
        assert_eq!(back, unsafe { at.add(to) }.cast());
        assert!(here == moved(&bytes, from, to, len), "{len} bytes from {from} to {to}");
    }

    #[test]
    fn moves_of_every_length() {
        for len in lengths() {
            for (from, to) in [(0, len + 7), (len + 7, 0), (0, 1), (1, 0), (3, 20), (20, 3), (0, 16), (65, 0), (5, 5)] {
                check_move(from, to, len);
            }
        }
    }
    #[test]
    fn sets_of_every_length() {
        for len in lengths() {
            for at in [0, 1, 15, 16, 31] {
                let mut bytes = vec![0x55u8; at + len + 40];
                // SAFETY: the range lies in the vector.
                let back = unsafe { memset(bytes.as_mut_ptr().add(at).cast(), 0x1ab, len) };
                // SAFETY: as above.
                assert_eq!(back, unsafe { bytes.as_mut_ptr().add(at) }.cast());
                let inside = |i: &usize| (at..at + len).contains(i);
                let right = bytes.iter().enumerate().all(|(i, b)| *b == if inside(&i) { 0xab } else { 0x55 });
                assert!(right, "{len} bytes at {at}");
            }
        }
    }
    #[test]
    fn comparisons_of_every_length() {
        for len in lengths().filter(|len| *len > 0) {
            let a = pattern(len);
            for at in (0..len).step_by(1 + len / 40).chain([len - 1]) {
                for change in [1u8, 0x80, 0xff] {
                    let mut b = a.clone();
                    b[at] = b[at].wrapping_add(change);
                    // Later differences do not count.
                    if at + 1 < len {
                        b[len - 1] ^= 0xff;
                    }
                    let want = a[at].cmp(&b[at]);
                    // SAFETY: both are as long as that.
                    let found = unsafe { memcmp(a.as_ptr().cast(), b.as_ptr().cast(), len) };
                    assert_eq!(found.cmp(&0), want, "{len} bytes, the one at {at} differs by {change}");
                    // SAFETY: as above.
                    assert_ne!(unsafe { bcmp(a.as_ptr().cast(), b.as_ptr().cast(), len) }, 0);
                }
            }
            // SAFETY: as above.
            assert_eq!(unsafe { memcmp(a.as_ptr().cast(), a.clone().as_ptr().cast(), len) }, 0);
        }
        // SAFETY: nothing is read.
        assert_eq!(unsafe { memcmp([0u8; 1].as_ptr().cast(), [1u8; 1].as_ptr().cast(), 0) }, 0);
    }
    #[test]
    fn texts_up_to_the_end_of_a_page() {
        // A page with nothing behind it: reading on would end the test.
        // SAFETY: a new mapping, of which the second half is taken away again.
        let page = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let at = libc::mmap(std::ptr::null_mut(), 8192, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            libc::mprotect(at.add(4096), 4096, libc::PROT_NONE);
            at.cast::<u8>()
        };
        for len in 0..100 {
            // SAFETY: the page is ours, and what is written ends where it does.
            unsafe {
                let at = page.add(4096 - len - 1);
                std::ptr::write_bytes(at, b'x', len);
                *at.add(len) = 0;
                assert_eq!(strlen(at.cast()), len);
                assert_eq!(memchr(at.cast(), 0, len + 1), at.add(len).cast());
                assert_eq!(memchr(at.cast(), 0, usize::MAX), at.add(len).cast());
                assert!(memchr(at.cast(), 0, len).is_null());
                assert!(memchr(at.cast(), i32::from(b'y'), len + 1).is_null());
                assert_eq!(memchr(at.cast(), 0x100 + i32::from(b'x'), len).is_null(), len == 0);
            }
        }
    }

    proptest! {
        #[test]
        fn moves(from in 0usize..300, to in 0usize..300, len in 0usize..5000) {
            check_move(from, to, len);
        }
        #[test]
        fn copies(a in any::<Vec<u8>>()) {
            let mut b = vec![0; a.len()];
            // SAFETY: both are as long as that.
            unsafe { memcpy(b.as_mut_ptr().cast(), a.as_ptr().cast(), a.len()) };
            prop_assert!(a.iter().zip(&b).all(|(a, b)| a == b));
        }
        #[test]
        fn first_bytes(bytes in proptest::collection::vec(0u8..6, 0..200), byte in 0u8..6, skip in 0usize..20) {
            let bytes = &bytes[skip.min(bytes.len())..];
            // SAFETY: the slice is as long as that.
            let found = unsafe { memchr(bytes.as_ptr().cast(), byte.into(), bytes.len()) };
            let found = (!found.is_null()).then(|| found as usize - bytes.as_ptr() as usize);
            prop_assert_eq!(found, bytes.iter().position(|b| *b == byte));
        }
    }
}
