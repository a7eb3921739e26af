//! The net under the net: a seccomp filter, installed once per worker, that refuses every host call that fbsim's own
//! runtime does not need. Guests never reach the host anyway; should one ever jump into the few exempt
//! instructions or into fbsim's code, there is no socket to open, no file to write and no program to execute.

use crate::requirements::Requirement;
use libseccomp::{ScmpAction, ScmpArgCompare, ScmpCompareOp, ScmpFilterContext, ScmpSyscall};

/// What the runtime, its allocator and the worker's own code need.
const ALLOWED: [i64; 50] = [
    libc::SYS_arch_prctl,
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_fork,
    libc::SYS_fstat,
    libc::SYS_ftruncate,
    libc::SYS_futex,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_kill,
    libc::SYS_lseek,
    libc::SYS_lstat,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_newfstatat,
    libc::SYS_poll,
    libc::SYS_prctl,
    libc::SYS_pwrite64,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readlink,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_sigaltstack,
    libc::SYS_stat,
    libc::SYS_statx,
    libc::SYS_tgkill,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Installs the filter in this process, for good; forked processes inherit it.
///
/// # Errors
/// What libseccomp or the host said.
pub fn install() -> Result<(), Requirement> {
    let fail = |e: libseccomp::error::SeccompError| Requirement::Seccomp(e.to_string());
    let mut filter = ScmpFilterContext::new(ScmpAction::Errno(libc::EPERM)).map_err(fail)?;
    for number in ALLOWED {
        filter.add_rule(ScmpAction::Allow, ScmpSyscall::from(number as i32)).map_err(fail)?;
    }
    // Files are opened for reading alone.
    let forbidden = (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND) as u64;
    for (number, position) in [(libc::SYS_open, 1), (libc::SYS_openat, 2)] {
        let read_only = ScmpArgCompare::new(position, ScmpCompareOp::MaskedEqual(forbidden), 0);
        filter.add_rule_conditional(ScmpAction::Allow, ScmpSyscall::from(number as i32), &[read_only]).map_err(fail)?;
    }
    // Asks which pages of the process's own memory are private copies.
    let scan = ScmpArgCompare::new(1, ScmpCompareOp::Equal, crate::snapshot::PAGEMAP_SCAN);
    filter.add_rule_conditional(ScmpAction::Allow, ScmpSyscall::from(libc::SYS_ioctl as i32), &[scan]).map_err(fail)?;
    filter.load().map_err(fail)
}
