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
    keep_file(KEPT_FD)
}

/// Makes a memory file with a descriptor of a fixed number. False if the host does not let it.
pub(crate) fn keep_file(number: i32) -> bool {
    // SAFETY: makes a new descriptor, moves it to a number that nothing else uses, and closes the first one.
    unsafe {
        let fd = libc::memfd_create(c"fbsim".as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 {
            return false;
        }
        let kept = libc::dup3(fd, number, libc::O_CLOEXEC);
        libc::close(fd);
        kept == number
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
    // SAFETY: the host alone reads through this; what is not readable is an error of the call.
    let bytes = unsafe { std::slice::from_raw_parts(at as *const u8, len as usize) };
    raw::write_all(KEPT_FD, bytes, offset).then_some(())
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
