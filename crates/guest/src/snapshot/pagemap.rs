//! Which pages of this process are private copies: `/proc/self/pagemap`, see
//! <https://docs.kernel.org/admin-guide/mm/pagemap.html>. A process may read its own without privileges.
//!
//! From Linux 6.7 on the kernel can be asked for the pages of a kind (`PAGEMAP_SCAN`), which costs in proportion to the
//! pages that are there; before, an entry is read for every page of a mapping.

use super::ioctl::PAGEMAP_SCAN;
use crate::raw;
use kernel::abi::PAGE;

const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const FILE_OR_SHARED: u64 = 1 << 61;
/// Entries read at once.
const BATCH: usize = 512;
const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;

/// `struct pm_scan_arg`
#[repr(C)]
#[derive(Default)]
struct ScanArgument {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// `struct page_region`
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// This process's page map.
#[derive(Debug)]
pub(super) struct PageMap {
    fd: i32,
    can_scan: bool,
}

impl PageMap {
    /// Opens it, once per process. `None` if the host has none.
    pub(super) fn open() -> Option<PageMap> {
        let path = c"/proc/self/pagemap".as_ptr();
        let flags = (libc::O_RDONLY | libc::O_CLOEXEC) as u64;
        // SAFETY: a valid path; nothing is created or changed.
        let fd = unsafe { raw::syscall3(libc::SYS_open, path as u64, flags, 0) };
        let mut map = (fd >= 0).then_some(PageMap { fd: fd as i32, can_scan: true })?;
        map.can_scan = map.scan(PAGE, PAGE, &mut |_, _| {}).is_some();
        Some(map)
    }
    /// Calls `f` for every run of private pages in `start..end`. `None` if the map could not be read.
    pub(super) fn private(&self, start: u64, end: u64, mut f: impl FnMut(u64, u64)) -> Option<()> {
        if self.can_scan { self.scan(start, end, &mut f) } else { self.read(start, end, &mut f) }
    }
    fn scan(&self, start: u64, end: u64, f: &mut impl FnMut(u64, u64)) -> Option<()> {
        let mut regions = [Region::default(); 64];
        let mut at = start;
        loop {
            let mut argument = ScanArgument {
                size: size_of::<ScanArgument>() as u64,
                start: at,
                end,
                vec: regions.as_mut_ptr() as u64,
                vec_len: regions.len() as u64,
                // Not of a file, and there: in memory or swapped out.
                category_inverted: PAGE_IS_FILE,
                category_mask: PAGE_IS_FILE,
                category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
                return_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
                ..ScanArgument::default()
            };
            // SAFETY: the argument is what the call expects, with room for as many regions as it says.
            let found =
                unsafe { raw::syscall3(libc::SYS_ioctl, self.fd as u64, PAGEMAP_SCAN, &raw mut argument as u64) };
            let found = usize::try_from(found).ok()?;
            regions[..found].iter().for_each(|r| f(r.start, r.end));
            if argument.walk_end >= end {
                return Some(());
            }
            at = argument.walk_end;
        }
    }
    fn read(&self, start: u64, end: u64, f: &mut impl FnMut(u64, u64)) -> Option<()> {
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
