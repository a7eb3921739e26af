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
