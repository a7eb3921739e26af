//! Anonymous files in memory: `memfd_create`.

use super::{Object, Target};
use crate::abi::errno::{EFAULT, EFBIG, EINVAL, EPERM};
use crate::caller::Caller;
use crate::syscall::{Sys, dispatch, done};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;

/// Longest name (`NAME_MAX` less the prefix `memfd:`).
const NAME_MAX: usize = 249;
/// The most bytes that may really be written; a larger *size* is fine, as what was never written takes no room.
const CONTENT_MAX: u64 = 1 << 30;
const SEALS: u32 =
    (libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_FUTURE_WRITE)
        as u32;

/// A file without a name in any file system.
#[derive(Debug)]
pub struct Memory {
    /// What was written; from there to `size` it reads as zeros.
    bytes: Vec<u8>,
    size: u64,
    seals: u32,
}

impl Memory {
    /// Its size.
    pub fn size(&self) -> u64 {
        self.size
    }
    /// How many bytes of it take room.
    pub fn allocated(&self) -> u64 {
        self.bytes.len() as u64
    }
    /// Its `F_SEAL_*` bits.
    pub fn seals(&self) -> u32 {
        self.seals
    }
    /// Reads at an offset; short only at the end.
    pub fn read(&self, at: u64, into: &mut [u8]) -> usize {
        let n = self.size.saturating_sub(at).min(into.len() as u64) as usize;
        let start = usize::try_from(at).unwrap_or(usize::MAX).min(self.bytes.len());
        let end = start.saturating_add(n).min(self.bytes.len());
        into[..end - start].copy_from_slice(&self.bytes[start..end]);
        into[end - start..n].fill(0);
        n
    }
    /// Writes at an offset, growing the file as needed.
    ///
    /// # Errors
    /// `EPERM` if a seal forbids it, `EFBIG` beyond what is kept in memory.
    pub fn write(&mut self, at: u64, bytes: &[u8]) -> Result<usize, Errno> {
        let end = at.saturating_add(bytes.len() as u64);
        let sealed = libc::F_SEAL_WRITE | libc::F_SEAL_FUTURE_WRITE;
        if self.seals & sealed as u32 != 0 || (end > self.size && self.seals & libc::F_SEAL_GROW as u32 != 0) {
            return Err(EPERM);
        }
        if end > CONTENT_MAX {
            return Err(EFBIG);
        }
        let (at, end) = (at as usize, end as usize);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[at..end].copy_from_slice(bytes);
        self.size = self.size.max(end as u64);
        Ok(bytes.len())
    }
    /// Sets the size.
    ///
    /// # Errors
    /// `EPERM` if a seal forbids it, `EINVAL` for a size that no file has.
    pub fn truncate(&mut self, size: u64) -> Result<(), Errno> {
        let forbidden = if size < self.size { libc::F_SEAL_SHRINK } else { libc::F_SEAL_GROW };
        if size != self.size && self.seals & forbidden as u32 != 0 {
            return Err(EPERM);
        }
        if size > i64::MAX as u64 {
            return Err(EINVAL);
        }
        self.bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        self.size = size;
        Ok(())
    }
    /// What `fallocate` does: makes a range read as zeros, and the file as long as it reaches.
    ///
    /// # Errors
    /// `EPERM` if a seal forbids it.
    pub(crate) fn reserve(&mut self, offset: u64, end: u64, keep_size: bool, zeroes: bool) -> Result<(), Errno> {
        let sealed = libc::F_SEAL_WRITE | libc::F_SEAL_FUTURE_WRITE;
        if zeroes {
            if self.seals & sealed as u32 != 0 {
                return Err(EPERM);
            }
            let len = self.bytes.len() as u64;
            self.bytes[offset.min(len) as usize..end.min(len) as usize].fill(0);
        }
        if !keep_size && end > self.size {
            self.truncate(end)?;
        }
        Ok(())
    }
    /// Adds seals.
    ///
    /// # Errors
    /// `EPERM` once sealing is sealed, `EINVAL` for unknown seals.
    pub(crate) fn seal(&mut self, seals: u32) -> Result<(), Errno> {
        if self.seals & libc::F_SEAL_SEAL as u32 != 0 {
            return Err(EPERM);
        }
        if seals & !SEALS != 0 {
            return Err(EINVAL);
        }
        self.seals |= seals;
        Ok(())
    }
}

impl Kernel {
    /// `ftruncate` of a memory file.
    ///
    /// # Errors
    /// `EINVAL` if the object is something else; else as [`Memory::truncate`].
    pub fn memfd_truncate(&mut self, object: ObjectId, len: u64) -> Result<(), Errno> {
        self.files.memory(object)?.truncate(len)
    }
    /// The memory file with this name, for `fstat` and `mmap`.
    pub fn memfd(&self, object: ObjectId) -> Option<&Memory> {
        self.files.get_memory(object)
    }
    /// The memory file with this name, for mappings that write through.
    pub fn memfd_mut(&mut self, object: ObjectId) -> Option<&mut Memory> {
        self.files.memory(object).ok()
    }
}

/// `memfd_create(name, flags)`
pub(crate) fn memfd_create(c: &mut Caller<'_>) -> Sys {
    const KNOWN: u32 = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | libc::MFD_NOEXEC_SEAL | libc::MFD_EXEC;
    let flags = c.arg(1) as u32;
    if flags & !KNOWN != 0 {
        return dispatch::refuse(c, EINVAL, "FB0204: memory files on huge pages");
    }
    if flags & libc::MFD_EXEC != 0 && flags & libc::MFD_NOEXEC_SEAL != 0 {
        return Err(EINVAL);
    }
    let name = c.read_cstr(c.arg(0), NAME_MAX + 1).map_err(|e| if e == EFAULT { e } else { EINVAL })?;
    let path = format!("/memfd:{} (deleted)", String::from_utf8_lossy(&name));
    let sealable = flags & (libc::MFD_ALLOW_SEALING | libc::MFD_NOEXEC_SEAL) != 0;
    let seals = if sealable { 0 } else { libc::F_SEAL_SEAL as u32 };
    let object = c.k.add_object(Object::Memory(Memory { bytes: Vec::new(), size: 0, seals }));
    let file = c.k.add_file(Target::Object(object), libc::O_RDWR as u32, Some(path));
    let process = c.process_id();
    done(c.k.install_fd(process, file, flags & libc::MFD_CLOEXEC != 0, 0)?)
}
