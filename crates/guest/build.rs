//! Makes the seccomp filter that workers install.

#[path = "src/snapshot/ioctl.rs"]
mod ioctl;

use libseccomp::{ScmpAction, ScmpArgCompare, ScmpCompareOp, ScmpFilterContext, ScmpSyscall};
use std::error::Error;
use std::fs::File;
use std::path::PathBuf;

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

/// Those that are made to read files alone, and which of their arguments says so.
const OPEN: [(i64, u32); 2] = [(libc::SYS_open, 1), (libc::SYS_openat, 2)];
/// What must not be among the flags there.
const WRITING: u64 = (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND) as u64;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/snapshot/ioctl.rs");
    let mut filter = ScmpFilterContext::new(ScmpAction::Errno(libc::EPERM))?;
    // A tree instead of a list: the host tries every call there is when it takes the filter. A libseccomp that cannot
    // makes a list.
    let _ = filter.set_ctl_optimize(2);
    for number in ALLOWED {
        filter.add_rule(ScmpAction::Allow, ScmpSyscall::from(number as i32))?;
    }
    for (number, position) in OPEN {
        let reading = ScmpArgCompare::new(position, ScmpCompareOp::MaskedEqual(WRITING), 0);
        filter.add_rule_conditional(ScmpAction::Allow, ScmpSyscall::from(number as i32), &[reading])?;
    }
    // Asks which pages of the process's own memory are private copies: the one that is made.
    let scan = ScmpArgCompare::new(1, ScmpCompareOp::Equal, ioctl::PAGEMAP_SCAN);
    filter.add_rule_conditional(ScmpAction::Allow, ScmpSyscall::from(libc::SYS_ioctl as i32), &[scan])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    filter.export_bpf(File::create(out.join("filter.bpf"))?)?;
    Ok(())
}
