//! The process the kernel runs in, as the kernel sees it: guest memory and the few things asked of the host.

use crate::arena;
use crate::entry::{self, LOCAL};
use crate::snapshot::{self, Cover, Replaced};
use crate::{image, patch, pool, process, raw};
use kernel::host::{Host, ImageEntry, ImageType};
use kernel::memory::{HOST_ZONE_SIZE, HOST_ZONES};
use kernel::process::Extended;
use kernel::{AddressSpaceId, abi};
use model::{Errno, ThreadId};

/// The current process.
#[derive(Debug)]
pub(crate) struct GuestHost {
    space: AddressSpaceId,
}

impl GuestHost {
    pub(crate) fn here() -> GuestHost {
        GuestHost { space: LOCAL.space.get() }
    }
}

fn check(result: i64) -> Result<(), Errno> {
    if (-4095..0).contains(&result) { Err(Errno(-result as i32)) } else { Ok(()) }
}

fn map(at: u64, len: u64, prot: u32, flags: i32, fd: i32, offset: u64) -> Result<(), Errno> {
    debug_assert!(at >= kernel::memory::LOWEST && at + len <= kernel::memory::HIGHEST, "only the guest's range");
    patch::forget(at, len);
    snapshot::changed(at, len, Replaced::Yes);
    let flags = (flags | libc::MAP_FIXED | libc::MAP_NORESERVE) as u64;
    // SAFETY: the kernel only maps in the guest's range, where nothing of fbsim lies.
    check(unsafe { raw::syscall(libc::SYS_mmap, [at, len, u64::from(prot), flags, fd as u64, offset]) })
}

/// Unmaps a range of the guest's, but nothing of the host's in between.
pub(crate) fn unmap(at: u64, len: u64) {
    let mut from = at;
    for zone in HOST_ZONES.into_iter().chain([u64::MAX]) {
        let to = (at + len).min(zone);
        if from < to {
            // SAFETY: the range is the guest's, and holds no zone of the host's.
            unsafe { raw::syscall3(libc::SYS_munmap, from, to - from, 0) };
        }
        from = from.max(zone.saturating_add(HOST_ZONE_SIZE));
    }
}

impl GuestHost {
    /// Does what `mremap` would do, for memory that is mapped from a snapshot: behind its end lies what is not the
    /// guest's.
    fn copy_over(&mut self, from: u64, from_len: u64, to: u64, to_len: u64, prot: u32) -> Result<(), Errno> {
        if from == to {
            return self.map_anonymous(from + from_len, to_len - from_len, prot);
        }
        let open = (libc::PROT_READ | libc::PROT_WRITE) as u32;
        self.map_anonymous(to, to_len, open)?;
        self.protect(from, from_len, open)?;
        // SAFETY: both ranges are mapped, and do not overlap: the target was free.
        unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to as *mut u8, from_len.min(to_len) as usize) };
        self.unmap(from, from_len);
        self.protect(to, to_len, prot)
    }
}

impl Host for GuestHost {
    fn address_space(&self) -> AddressSpaceId {
        self.space
    }
    fn loaded(&self) -> Option<ThreadId> {
        LOCAL.loaded.get()
    }
    fn read(&self, at: u64, into: &mut [u8]) {
        // SAFETY: the kernel has checked that the guest has this range mapped readable.
        unsafe { std::ptr::copy_nonoverlapping(at as *const u8, into.as_mut_ptr(), into.len()) };
    }
    fn write(&mut self, at: u64, bytes: &[u8]) {
        // SAFETY: the kernel has checked that the guest has this range mapped writable; guest memory is no Rust object.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at as *mut u8, bytes.len()) };
    }
    fn map_anonymous(&mut self, at: u64, len: u64, prot: u32) -> Result<(), Errno> {
        map(at, len, prot, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
    }
    fn map_pool(&mut self, at: u64, len: u64, prot: u32, offset: u64) -> Result<(), Errno> {
        patch::forget(at, len);
        snapshot::changed(at, len, Replaced::Yes);
        pool::show(at, len, prot, offset)
    }
    fn pool_read(&self, offset: u64, into: &mut [u8]) {
        pool::read(offset, into);
    }
    fn pool_write(&mut self, offset: u64, bytes: &[u8]) {
        pool::write(offset, bytes);
    }
    fn pool_zero(&mut self, offset: u64, len: u64) {
        pool::zero(offset, len);
    }
    fn map_image(&mut self, at: u64, len: u64, prot: u32, path: &str, offset: u64) -> Result<(), Errno> {
        let fd = arena::outside_arena(|| image::open(path)).ok_or(abi::errno::ENOENT)?;
        map(at, len, prot, libc::MAP_PRIVATE, fd, offset)
    }
    fn mapped_file(&mut self, at: u64, len: u64, prot: u32, path: &str, offset: u64) {
        patch::mapped(at, len, prot, path, offset);
    }
    fn unmap(&mut self, at: u64, len: u64) {
        patch::forget(at, len);
        snapshot::changed(at, len, Replaced::Yes);
        unmap(at, len);
    }
    fn protect(&mut self, at: u64, len: u64, prot: u32) -> Result<(), Errno> {
        if prot & libc::PROT_WRITE as u32 != 0 {
            patch::restore(at, len);
        }
        snapshot::changed(at, len, Replaced::No);
        // SAFETY: the range is the guest's.
        check(unsafe { raw::syscall3(libc::SYS_mprotect, at, len, u64::from(prot)) })
    }
    fn remap(&mut self, from: u64, from_len: u64, to: u64, to_len: u64, prot: u32) -> Result<(), Errno> {
        patch::restore(from, from_len);
        patch::forget(to, to_len);
        if snapshot::cover(from, from_len) == Cover::Some {
            return self.copy_over(from, from_len, to, to_len, prot);
        }
        snapshot::changed(from, from_len, Replaced::Yes);
        snapshot::changed(to, to_len, Replaced::Yes);
        let (flags, target) = if from == to { (0, 0) } else { (libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED, to) };
        // SAFETY: both ranges are the guest's, and the kernel has checked that the target is free.
        check(unsafe { raw::syscall(libc::SYS_mremap, [from, from_len, to_len, flags as u64, target, 0]) })
    }
    fn discard(&mut self, at: u64, len: u64, prot: u32, image: Option<(&str, u64)>) -> Result<(), Errno> {
        if snapshot::cover(at, len) == Cover::Some {
            return match image {
                Some((path, offset)) => self.map_image(at, len, prot, path, offset),
                None => self.map_anonymous(at, len, prot),
            };
        }
        patch::forget(at, len);
        // SAFETY: the range is the guest's.
        unsafe { raw::syscall3(libc::SYS_madvise, at, len, libc::MADV_DONTNEED as u64) };
        Ok(())
    }
    fn extended_state(&self, into: &mut Extended) {
        if self.space != AddressSpaceId::SUPERVISOR {
            entry::extended_state(into);
        }
    }
    fn fork(&mut self, child: AddressSpaceId) -> Result<(), Errno> {
        process::fork_guest(child)
    }
    fn image_entry(&mut self, path: &str) -> Option<ImageEntry> {
        image::entry(path)
    }
    fn image_list(&mut self, path: &str) -> Vec<(String, ImageType)> {
        image::list(path)
    }
    fn image_read(&mut self, path: &str, offset: u64, into: &mut [u8]) -> usize {
        arena::outside_arena(|| image::read(path, offset, into))
    }
}
