//! What the kernel needs of the process it is running in. Implemented by the hosting crate; tests implement it over a
//! map of pages.

use crate::process::Extended;
use model::{Errno, ThreadId};

/// An address space, and with it the host process that has it. 0 is the supervisor, which hosts the driver's tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressSpaceId(pub u32);

impl AddressSpaceId {
    /// The supervisor's.
    pub const SUPERVISOR: AddressSpaceId = AddressSpaceId(0);
}

/// What a file of the read-only image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// A regular file of this size in bytes.
    File(u64),
    /// A directory.
    Directory,
    /// A symbolic link to this target.
    Symlink(String),
}

/// What a name in a directory of the read-only image is, before anybody looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageType {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
}

/// An entry of the read-only image: the part of the host's files that guests may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageEntry {
    /// What it is.
    pub kind: ImageKind,
    /// Permission bits (`mode & 0o7777`).
    pub mode: u32,
}

/// The process that runs the kernel right now.
///
/// Memory accesses are only made to ranges that the kernel's own map of the address space allows, so they cannot
/// fault on a bad guest pointer.
pub trait Host {
    /// Whose address space this is.
    fn address_space(&self) -> AddressSpaceId;
    /// Reads guest memory.
    fn read(&self, at: u64, into: &mut [u8]);
    /// Writes guest memory.
    fn write(&mut self, at: u64, bytes: &[u8]);

    /// Maps fresh zeroed private memory, replacing what is there. `prot` holds `PROT_*` bits.
    ///
    /// # Errors
    /// The host's errno; it is passed to the guest.
    fn map_anonymous(&mut self, at: u64, len: u64, prot: u32) -> Result<(), Errno>;
    /// Maps memory of the pool, which all processes of a world share, from this offset on, replacing what is there.
    ///
    /// # Errors
    /// The host's errno.
    fn map_pool(&mut self, at: u64, len: u64, prot: u32, offset: u64) -> Result<(), Errno>;
    /// Reads from the pool.
    fn pool_read(&self, offset: u64, into: &mut [u8]);
    /// Writes to the pool.
    fn pool_write(&mut self, offset: u64, bytes: &[u8]);
    /// Makes a range of the pool read as zeros.
    fn pool_zero(&mut self, offset: u64, len: u64);
    /// Maps a file of the image privately.
    ///
    /// # Errors
    /// The host's errno.
    fn map_image(&mut self, at: u64, len: u64, prot: u32, path: &str, offset: u64) -> Result<(), Errno>;
    /// The bytes of a file, as the guest calls it, from an offset on are mapped privately here.
    fn mapped_file(&mut self, _at: u64, _len: u64, _prot: u32, _path: &str, _offset: u64) {}
    /// Unmaps; holes are fine.
    fn unmap(&mut self, at: u64, len: u64);
    /// Changes protection of a fully mapped range.
    ///
    /// # Errors
    /// The host's errno.
    fn protect(&mut self, at: u64, len: u64, prot: u32) -> Result<(), Errno>;
    /// Moves or resizes a mapping (`mremap` with `MREMAP_FIXED`) of private memory with this protection; `to` is free.
    ///
    /// # Errors
    /// The host's errno.
    fn remap(&mut self, from: u64, from_len: u64, to: u64, to_len: u64, prot: u32) -> Result<(), Errno>;
    /// Drops the content of private pages (`MADV_DONTNEED`), which are mapped with this protection: they read as zeros
    /// again, or as this file of the image from this offset on.
    ///
    /// # Errors
    /// The host's errno.
    fn discard(&mut self, at: u64, len: u64, prot: u32, image: Option<(&str, u64)>) -> Result<(), Errno>;

    /// The thread whose extended state the processor (or the frame of its entry) holds, if any.
    fn loaded(&self) -> Option<ThreadId>;
    /// Copies the extended processor state (x87, SSE, AVX) of the loaded thread.
    fn extended_state(&self, into: &mut Extended);
    /// Makes a host process with a copy of this address space, to serve as `child`. Returns in the parent alone.
    ///
    /// # Errors
    /// The host's errno.
    fn fork(&mut self, child: AddressSpaceId) -> Result<(), Errno>;

    /// Looks a path up in the image, not following a final symbolic link.
    fn image_entry(&mut self, path: &str) -> Option<ImageEntry>;
    /// Names in a directory of the image, sorted, and what they are. Others than these are left out.
    fn image_list(&mut self, path: &str) -> Vec<(String, ImageType)>;
    /// Reads from a file of the image; returns how much was read.
    fn image_read(&mut self, path: &str, offset: u64, into: &mut [u8]) -> usize;
}
