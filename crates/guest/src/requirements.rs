//! What a host must offer to run worlds, checked before anything else so that the message says what is missing.

use crate::raw;

/// Something a host lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Requirement {
    /// Syscall user dispatch.
    #[error("this kernel has no syscall user dispatch (Linux 5.11 or newer on x86-64 is needed; prctl said {0})")]
    SyscallUserDispatch(i32),
    /// FSGSBASE instructions.
    #[error("this kernel does not enable the FSGSBASE instructions (Linux 5.9 or newer on a processor that has them)")]
    FsGsBase,
    /// Trapping the time stamp counter.
    #[error("this kernel cannot trap rdtsc (prctl(PR_SET_TSC) said {0})")]
    Tsc(i32),
    /// The arena's address range.
    #[error("the address range of the arena is not free: {0}")]
    Arena(String),
    /// The net of seccomp.
    #[error("the seccomp filter could not be installed: {0}")]
    Seccomp(String),
}

/// Checks what can be checked without changing this process.
///
/// # Errors
/// The first thing that is missing.
pub fn check_host() -> Result<(), Requirement> {
    const AT_HWCAP2: u64 = 26;
    const HWCAP2_FSGSBASE: u64 = 2;
    // SAFETY: getauxval and these prctl calls have no preconditions; dispatch is switched off, the TSC's mode is read.
    unsafe {
        if libc::getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE == 0 {
            return Err(Requirement::FsGsBase);
        }
        const PR_SET_SYSCALL_USER_DISPATCH: u64 = 59;
        let off = raw::syscall(libc::SYS_prctl, [PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0, 0]);
        if off != 0 {
            return Err(Requirement::SyscallUserDispatch(off as i32));
        }
        let mut mode = 0i32;
        const PR_GET_TSC: u64 = 25;
        let tsc = raw::syscall3(libc::SYS_prctl, PR_GET_TSC, &raw mut mode as u64, 0);
        if tsc != 0 {
            return Err(Requirement::Tsc(tsc as i32));
        }
    }
    Ok(())
}
