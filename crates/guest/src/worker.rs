//! A process that hosts worlds is a fork of the one that wants their results.
//!
//! ```text
//!   command ──fork──> worker: a process group of its own, standard input and output are pipes, nothing else is open,
//!                             no signal is handled, dies with the command
//! ```
//!
//! Starting the program once more would cost it and its libraries' preparation again: as much as a small world takes to
//! boot, run and end.

use crate::process::{self, Forked};
use crate::raw;
use std::ffi::CStr;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;

/// How jemalloc works in this program: it neither looks at the clock, which traps in a guest's process, nor gives memory
/// back that the next run takes again; and no thread has an arena of its own.
#[unsafe(export_name = "_rjem_malloc_conf")]
static CONFIGURATION: Text = Text(c"dirty_decay_ms:-1,muzzy_decay_ms:-1,narenas:1".as_ptr());

/// As C would write `const char *`.
#[repr(transparent)]
struct Text(*const libc::c_char);

// SAFETY: it points to a constant.
unsafe impl Sync for Text {}

/// Forks a worker: a process that serves, reading from `jobs` as its standard input and writing to `answers` as its
/// standard output, and ends with the code that `serve` returns. Returns its number.
///
/// # Errors
/// The host's reason; or that this process has several threads, of which a fork would be one, with whatever the others
/// hold locked for ever.
pub fn fork(jobs: BorrowedFd<'_>, answers: BorrowedFd<'_>, serve: impl FnOnce() -> u8) -> io::Result<i32> {
    // `.`, `..`, and one for each thread.
    if std::fs::metadata("/proc/self/task")?.nlink() > 3 {
        return Err(io::Error::other("a process with several threads cannot become a worker"));
    }
    io::stdout().flush()?;
    // SAFETY: plain queries.
    let command = unsafe { libc::getpid() };
    // Without the C library, whose fork has jemalloc take and give back all its locks: each is on a page of its own, which
    // both sides then have to copy. With a single thread none is held.
    match process::fork().map_err(|errno| io::Error::from_raw_os_error(errno.0))? {
        Forked::Parent(worker) => Ok(worker),
        Forked::Child => {
            if !settle_in(command, jobs, answers) {
                raw::exit(0);
            }
            let code = serve();
            // Nothing is left to be done at an exit: what was said was written at once.
            raw::exit(i32::from(code))
        }
    }
}

/// Leaves behind what belongs to the command. False if that is gone, or the pipes cannot be had.
fn settle_in(command: i32, jobs: BorrowedFd<'_>, answers: BorrowedFd<'_>) -> bool {
    // SAFETY: all calls are about this process alone; the descriptors that are closed are the command's, whose objects
    // are never dropped here.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"fbsim-worker".as_ptr());
        libc::setpgid(0, 0);
        // What the command does about signals is not for its workers. The run time's own handlers, for a stack that
        // overflows, stay, and so does what a pipe that nobody reads does not do.
        for signal in 1..=libc::SIGRTMAX() {
            if ![libc::SIGSEGV, libc::SIGBUS, libc::SIGPIPE, libc::SIGKILL, libc::SIGSTOP].contains(&signal) {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        let piped = libc::dup2(jobs.as_raw_fd(), 0) == 0 && libc::dup2(answers.as_raw_fd(), 1) == 1;
        raw::syscall3(libc::SYS_close_range, 3, u64::from(u32::MAX), 0);
        piped && libc::getppid() == command
    }
}

/// Has the host forget where this thread keeps its restartable sequences (rseq(2)), if the C library has told it: it
/// would write there at every hand-off, and nobody uses them. If that fails, hand-offs take a little longer.
pub(crate) fn unregister_rseq() {
    const RSEQ_FLAG_UNREGISTER: u64 = 1;
    const SIGNATURE: u64 = 0x5305_3053;
    /// The length that C libraries register; the kernel's first version of the area, aligned.
    const LEN: u64 = 32;
    let number = |name: &CStr| {
        // SAFETY: a valid name; a C library that has no such variable says so.
        let at = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        // SAFETY: `__rseq_offset` is a ptrdiff_t.
        (!at.is_null()).then(|| unsafe { *at.cast::<isize>() })
    };
    let Some(offset) = number(c"__rseq_offset") else { return };
    let area = raw::fs_base().wrapping_add_signed(offset as i64);
    // SAFETY: names an area of this thread; the kernel refuses one that is not registered.
    unsafe { raw::syscall(libc::SYS_rseq, [area, LEN, RSEQ_FLAG_UNREGISTER, SIGNATURE, 0, 0]) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd as _;

    #[test]
    fn a_process_with_several_threads_is_not_forked() {
        let (ours, theirs) = io::pipe().expect("a pipe");
        let serve = || unreachable!("nobody is forked");
        let other = std::thread::spawn(std::thread::park);
        let refused = fork(ours.as_fd(), theirs.as_fd(), serve);
        other.thread().unpark();
        assert!(refused.is_err_and(|e| e.to_string().contains("several threads")));
        other.join().expect("it ends");
    }
}
