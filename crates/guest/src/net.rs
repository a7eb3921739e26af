//! The net under the net: a seccomp filter, installed once per worker, that refuses every host call that fbsim's own
//! runtime does not need. Guests never reach the host anyway; should one ever jump into the few exempt
//! instructions or into fbsim's code, there is no socket to open, no file to write and no program to execute.
//!
//! libseccomp makes the filter when fbsim is built (`build.rs` has the list): it takes as long for that as a small world
//! for its boot.

use crate::raw;
use crate::requirements::Requirement;

/// The filter: `struct sock_filter`s, eight bytes each.
static FILTER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/filter.bpf"));

/// Installs the filter in this process, for good; forked processes inherit it.
///
/// # Errors
/// What the host said.
pub fn install() -> Result<(), Requirement> {
    const SECCOMP_SET_MODE_FILTER: u64 = 1;
    let program = libc::sock_fprog { len: (FILTER.len() / 8) as u16, filter: FILTER.as_ptr().cast_mut().cast() };
    // SAFETY: both calls are about this process; the host reads as many instructions as there are.
    let result = unsafe {
        raw::syscall(libc::SYS_prctl, [libc::PR_SET_NO_NEW_PRIVS as u64, 1, 0, 0, 0, 0]);
        raw::syscall3(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &raw const program as u64)
    };
    if result == 0 { Ok(()) } else { Err(Requirement::Seccomp(nix::Error::from_raw(-result as i32).to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Forked, fork};

    /// What must be refused, and what must not, by a child that makes nothing but calls.
    fn first_mistake() -> i32 {
        const REFUSED: i64 = -(libc::EPERM as i64);
        let path = c"/proc/self/exe".as_ptr() as u64;
        let here = libc::AT_FDCWD as u64;
        let table: [(bool, i64, [u64; 3]); 9] = [
            (true, libc::SYS_socket, [libc::AF_INET as u64, libc::SOCK_STREAM as u64, 0]),
            (true, libc::SYS_execve, [path, 0, 0]),
            (true, libc::SYS_unlink, [path, 0, 0]),
            (true, libc::SYS_ptrace, [u64::MAX, 0, 0]),
            (true, libc::SYS_ioctl, [0, libc::TIOCGWINSZ, 0]),
            (true, libc::SYS_open, [path, libc::O_WRONLY as u64, 0]),
            (true, libc::SYS_openat, [here, path, (libc::O_RDONLY | libc::O_CREAT) as u64]),
            (false, libc::SYS_openat, [here, path, libc::O_RDONLY as u64]),
            (false, libc::SYS_getppid, [0, 0, 0]),
        ];
        for (row, (refused, number, [a, b, c])) in (1..).zip(table) {
            // SAFETY: none of them does anything that this process does not outlive.
            if (unsafe { raw::syscall3(number, a, b, c) } == REFUSED) != refused {
                return row;
            }
        }
        0
    }

    #[test]
    fn what_the_runtime_does_not_need_is_refused() {
        match fork().expect("a child") {
            Forked::Child => raw::exit(if install().is_ok() { first_mistake() } else { 99 }),
            Forked::Parent(child) => {
                let mut status = 0;
                // SAFETY: room for the answer.
                unsafe { libc::waitpid(child, &raw mut status, 0) };
                assert_eq!(status, 0, "the row that went wrong, or 99, is the upper byte");
            }
        }
    }
}
