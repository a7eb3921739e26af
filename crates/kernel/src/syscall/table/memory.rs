//! Address spaces.

use super::{Row, emulated, partial, refused};
use crate::abi::errno::*;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    partial(9, "mmap", crate::memory::mmap, "huge pages are ENOMEM"),
    emulated(10, "mprotect", crate::memory::mprotect),
    emulated(11, "munmap", crate::memory::munmap),
    emulated(12, "brk", crate::memory::brk),
    partial(25, "mremap", crate::memory::mremap, "no MREMAP_DONTUNMAP"),
    emulated(26, "msync", crate::memory::msync),
    emulated(27, "mincore", crate::memory::mincore),
    emulated(28, "madvise", crate::memory::madvise),
    emulated(149, "mlock", crate::memory::on_mapped_range),
    emulated(150, "munlock", crate::memory::on_mapped_range),
    emulated(151, "mlockall", crate::memory::nothing),
    emulated(152, "munlockall", crate::memory::nothing),
    refused(237, "mbind", ENOSYS, "not simulated yet"),
    refused(238, "set_mempolicy", ENOSYS, "not simulated yet"),
    refused(239, "get_mempolicy", ENOSYS, "not simulated yet"),
    emulated(324, "membarrier", crate::memory::membarrier),
    emulated(325, "mlock2", crate::memory::on_mapped_range),
    refused(329, "pkey_mprotect", ENOSYS, "not simulated yet"),
    emulated(330, "pkey_alloc", crate::memory::pkey_alloc),
    refused(331, "pkey_free", ENOSYS, "not simulated yet"),
    refused(440, "process_madvise", ENOSYS, "not simulated yet"),
];
