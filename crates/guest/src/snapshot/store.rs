//! The store: a memory file that holds what guests' memory was at the snapshot. One per worker, opened before the net
//! is in place, shared by all its processes; each takes a section of its own.

use crate::arena::shared;
use crate::raw;
use kernel::abi::PAGE;
use std::sync::atomic::Ordering;

/// The descriptor that the store has in every process of a worker.
pub(crate) const KEPT_FD: i32 = 950;

/// Opens the store. Once per worker. False if the host does not let it; there are no snapshots then.
pub(crate) fn open() -> bool {
    // SAFETY: makes a new descriptor, moves it to a number that nothing else uses, and closes the first one.
    unsafe {
        let fd = libc::memfd_create(c"fbsim".as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 {
            return false;
        }
        let kept = libc::dup3(fd, KEPT_FD, libc::O_CLOEXEC);
        libc::close(fd);
        kept == KEPT_FD
    }
}

/// Empties the store.
pub(super) fn clear() -> Option<()> {
    shared().stored.store(0, Ordering::Relaxed);
    // SAFETY: no process of a living world maps the store any more.
    (unsafe { raw::syscall3(libc::SYS_ftruncate, KEPT_FD as u64, 0, 0) } == 0).then_some(())
}

/// Takes a section of this length; returns where it begins.
pub(super) fn section(len: u64) -> Option<u64> {
    let at = shared().stored.fetch_add(len, Ordering::Relaxed);
    // SAFETY: makes the file longer.
    (unsafe { raw::syscall3(libc::SYS_ftruncate, KEPT_FD as u64, at + len, 0) } == 0).then_some(at)
}

/// Copies memory of this process into the store.
pub(super) fn write(offset: u64, at: u64, len: u64) -> Option<()> {
    let mut done = 0;
    while done < len {
        let args = [KEPT_FD as u64, at + done, len - done, offset + done, 0, 0];
        // SAFETY: only reads this process's memory; what is not readable is an error.
        let n = unsafe { raw::syscall(libc::SYS_pwrite64, args) };
        if n <= 0 {
            return None;
        }
        done += n as u64;
    }
    Some(())
}

/// Maps a part of the store privately over guest memory.
pub(super) fn map_over(at: u64, len: u64, prot: u32, offset: u64) -> Option<()> {
    let flags = (libc::MAP_PRIVATE | libc::MAP_FIXED | libc::MAP_NORESERVE) as u64;
    // SAFETY: the range is the guest's.
    let result = unsafe { raw::syscall(libc::SYS_mmap, [at, len, u64::from(prot), flags, KEPT_FD as u64, offset]) };
    (result == at as i64).then_some(())
}

/// Maps a section for reading, wherever there is room.
pub(super) fn view(offset: u64, len: u64) -> Option<u64> {
    let flags = (libc::MAP_SHARED | libc::MAP_NORESERVE) as u64;
    let prot = libc::PROT_READ as u64;
    // SAFETY: a fresh mapping outside of what guests get: their ranges are below all that the host hands out.
    let at = unsafe { raw::syscall(libc::SYS_mmap, [0, len.max(PAGE), prot, flags, KEPT_FD as u64, offset]) };
    (at > 0).then_some(at as u64)
}
