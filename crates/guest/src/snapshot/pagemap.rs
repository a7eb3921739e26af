//! Which pages of this process are private copies: `/proc/self/pagemap`, see
//! <https://docs.kernel.org/admin-guide/mm/pagemap.html>. A process may read its own without privileges.

use crate::raw;
use kernel::abi::PAGE;

const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const FILE_OR_SHARED: u64 = 1 << 61;
/// Entries read at once.
const BATCH: usize = 512;

/// This process's page map.
#[derive(Debug)]
pub(super) struct PageMap {
    fd: i32,
}

impl PageMap {
    /// Opens it, once per process. `None` if the host has none.
    pub(super) fn open() -> Option<PageMap> {
        let path = c"/proc/self/pagemap".as_ptr();
        let flags = (libc::O_RDONLY | libc::O_CLOEXEC) as u64;
        // SAFETY: a valid path; nothing is created or changed.
        let fd = unsafe { raw::syscall3(libc::SYS_open, path as u64, flags, 0) };
        (fd >= 0).then_some(PageMap { fd: fd as i32 })
    }
    /// Calls `f` for every run of private pages in `start..end`. `None` if the map could not be read.
    pub(super) fn private(&self, start: u64, end: u64, mut f: impl FnMut(u64, u64)) -> Option<()> {
        let mut entries = [0u64; BATCH];
        let mut run: Option<(u64, u64)> = None;
        let mut at = start;
        while at < end {
            let count = ((end - at) / PAGE).min(BATCH as u64) as usize;
            let args = [self.fd as u64, entries.as_mut_ptr() as u64, count as u64 * 8, at / PAGE * 8, 0, 0];
            // SAFETY: the buffer has room for as many entries as are asked for.
            if unsafe { raw::syscall(libc::SYS_pread64, args) } != count as i64 * 8 {
                return None;
            }
            for entry in &entries[..count] {
                let private = (entry & PRESENT != 0 && entry & FILE_OR_SHARED == 0) || entry & SWAPPED != 0;
                run = match (run, private) {
                    (None, true) => Some((at, at + PAGE)),
                    (Some((from, _)), true) => Some((from, at + PAGE)),
                    (Some((from, to)), false) => {
                        f(from, to);
                        None
                    }
                    (None, false) => None,
                };
                at += PAGE;
            }
        }
        if let Some((from, to)) = run {
            f(from, to);
        }
        Some(())
    }
}

impl Drop for PageMap {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's own.
        unsafe { raw::syscall3(libc::SYS_close, self.fd as u64, 0, 0) };
    }
}
