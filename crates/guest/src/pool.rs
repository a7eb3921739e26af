//! The pool: memory that the processes of a world map at places of their own choosing as well. It lies at one address
//! in all of them; `mremap` with an old size of 0 makes a further mapping of the same pages, so no descriptor is
//! needed. The kernel decides which page holds what (`kernel::memory::Pool`).

use crate::raw;
use crate::region::Behind;
use kernel::abi;
use model::Errno;

/// Where the pool lies, in every process.
pub const BASE: usize = 0x6800_0000_0000;
/// How much address space it may use. Memory is taken as it is touched.
pub const LEN: usize = 1 << 36;
/// From this length on zeroing gives the memory back to the host.
const PUNCH: u64 = 1 << 16;

/// Maps the pool. Once per worker process, before any world.
///
/// # Errors
/// The host's reason.
pub fn map() -> Result<(), nix::Error> {
    crate::region::map(BASE, LEN, Behind::Fresh)
}

fn address(offset: u64, len: u64) -> u64 {
    assert!(offset.checked_add(len).is_some_and(|end| end <= LEN as u64), "the kernel stays inside the pool");
    BASE as u64 + offset
}

/// Shows a part of the pool at a place of the guest's, replacing what is there.
///
/// # Errors
/// The host's reason.
pub(crate) fn show(at: u64, len: u64, prot: u32, offset: u64) -> Result<(), Errno> {
    debug_assert!(at >= kernel::memory::LOWEST && at + len <= kernel::memory::HIGHEST, "only the guest's range");
    let from = address(offset, len);
    let flags = (libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED) as u64;
    // SAFETY: with an old size of 0 the pool stays as it is; the target is the guest's.
    let result = unsafe { raw::syscall(libc::SYS_mremap, [from, 0, len, flags, at, 0]) };
    if result != at as i64 {
        return Err(if (-4095..0).contains(&result) { Errno(-result as i32) } else { abi::errno::ENOMEM });
    }
    if prot != (libc::PROT_READ | libc::PROT_WRITE) as u32 {
        // SAFETY: the range was mapped above.
        let result = unsafe { raw::syscall3(libc::SYS_mprotect, at, len, u64::from(prot)) };
        return if result == 0 { Ok(()) } else { Err(Errno(-result as i32)) };
    }
    Ok(())
}

/// Reads from the pool.
pub(crate) fn read(offset: u64, into: &mut [u8]) {
    let from = address(offset, into.len() as u64);
    // SAFETY: the pool is mapped for the life of the process; `address` has checked the range.
    unsafe { std::ptr::copy_nonoverlapping(from as *const u8, into.as_mut_ptr(), into.len()) };
}

/// Writes to the pool.
pub(crate) fn write(offset: u64, bytes: &[u8]) {
    let to = address(offset, bytes.len() as u64);
    // SAFETY: as in `read`; what guests see of the pool is no Rust object.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to as *mut u8, bytes.len()) };
}

/// Writes the first so many bytes of the pool to a file, from an offset on. False if the host does not let it.
pub(crate) fn write_to(file: i32, offset: u64, len: u64) -> bool {
    // SAFETY: as in `read`; nobody runs who might write meanwhile.
    let bytes = unsafe { std::slice::from_raw_parts(address(0, len) as *const u8, len as usize) };
    raw::write_all(file, bytes, offset)
}

/// Makes a range of the pool read as zeros.
pub(crate) fn zero(offset: u64, len: u64) {
    let at = address(offset, len);
    let whole = at.is_multiple_of(abi::PAGE) && len.is_multiple_of(abi::PAGE);
    // SAFETY: the range lies in the pool; removing its pages makes them read as zeros wherever they are mapped.
    if whole && len >= PUNCH && unsafe { raw::syscall3(libc::SYS_madvise, at, len, libc::MADV_REMOVE as u64) } == 0 {
        return;
    }
    // SAFETY: as in `write`.
    unsafe { std::ptr::write_bytes(at as *mut u8, 0, len as usize) };
}
