//! Raw system calls and register access, usable while a guest's state is in the processor: no libc, no thread-local
//! storage, no allocation.

use std::arch::asm;

/// A system call of the host. Returns the kernel's value: a negative errno on failure.
///
/// # Safety
/// As for the call that is made.
#[inline(always)]
pub(crate) unsafe fn syscall(number: i64, args: [u64; 6]) -> i64 {
    let result;
    // SAFETY: the caller answers for the call; the registers are those that the Linux ABI reads and clobbers.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") args[0], in("rsi") args[1], in("rdx") args[2],
            in("r10") args[3], in("r8") args[4], in("r9") args[5],
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    result
}

/// A system call with up to three arguments.
///
/// # Safety
/// As for the call that is made.
#[inline(always)]
pub(crate) unsafe fn syscall3(number: i64, a: u64, b: u64, c: u64) -> i64 {
    // SAFETY: passed on to the caller.
    unsafe { syscall(number, [a, b, c, 0, 0, 0]) }
}

/// Reads the FS base.
#[inline(always)]
pub(crate) fn fs_base() -> u64 {
    let base;
    // SAFETY: FSGSBASE is enabled; requirements::check_host refuses other hosts.
    unsafe { asm!("rdfsbase {}", out(reg) base, options(nomem, nostack, preserves_flags)) };
    base
}

/// Sets the FS base.
///
/// # Safety
/// Code that uses thread-local storage runs only under the FS base of its own C library.
#[inline(always)]
pub(crate) unsafe fn set_fs_base(base: u64) {
    // SAFETY: FSGSBASE is enabled; the caller answers for who runs next.
    unsafe { asm!("wrfsbase {}", in(reg) base, options(nomem, nostack, preserves_flags)) };
}

/// Writes a message to standard error without any library.
pub(crate) fn complain(parts: &[&str]) {
    for part in parts {
        // SAFETY: writes a valid byte range to descriptor 2.
        unsafe { syscall3(libc::SYS_write, 2, part.as_ptr() as u64, part.len() as u64) };
    }
}

/// Writes bytes to a file at an offset. False if the host does not let it.
pub(crate) fn write_all(file: i32, bytes: &[u8], offset: u64) -> bool {
    let mut done = 0;
    while done < bytes.len() {
        let rest = &bytes[done..];
        let args = [file as u64, rest.as_ptr() as u64, rest.len() as u64, offset + done as u64, 0, 0];
        // SAFETY: the call reads from the slice alone.
        let n = unsafe { syscall(libc::SYS_pwrite64, args) };
        if n <= 0 {
            return false;
        }
        done += n as usize;
    }
    true
}

/// Reads bytes of a file from an offset on, as many as there are. `None` if the host does not let it.
pub(crate) fn read_all(file: i32, into: &mut [u8], offset: u64) -> Option<usize> {
    let mut done = 0;
    while done < into.len() {
        let rest = &mut into[done..];
        let args = [file as u64, rest.as_mut_ptr() as u64, rest.len() as u64, offset + done as u64, 0, 0];
        // SAFETY: the call writes into the slice alone.
        match unsafe { syscall(libc::SYS_pread64, args) } {
            0 => break,
            n if n < 0 => return None,
            n => done += n as usize,
        }
    }
    Some(done)
}

/// Ends this process at once.
pub(crate) fn exit(code: i32) -> ! {
    loop {
        // SAFETY: exit_group has no preconditions.
        unsafe { syscall3(libc::SYS_exit_group, code as u64, 0, 0) };
    }
}
