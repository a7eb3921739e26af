//! Address spaces.

use super::{Row, Subject, emulated, partial, refused};
use crate::abi::errno::*;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    refused(9, "mmap", ENOSYS, "not simulated yet"),
    refused(10, "mprotect", ENOSYS, "not simulated yet"),
    refused(11, "munmap", ENOSYS, "not simulated yet"),
    refused(12, "brk", ENOSYS, "not simulated yet"),
    refused(25, "mremap", ENOSYS, "not simulated yet"),
    refused(26, "msync", ENOSYS, "not simulated yet"),
    refused(27, "mincore", ENOSYS, "not simulated yet"),
    refused(28, "madvise", ENOSYS, "not simulated yet"),
    refused(29, "shmget", ENOSYS, "not simulated yet"),
    refused(30, "shmat", ENOSYS, "not simulated yet"),
    refused(31, "shmctl", ENOSYS, "not simulated yet"),
    refused(67, "shmdt", ENOSYS, "not simulated yet"),
    refused(149, "mlock", ENOSYS, "not simulated yet"),
    refused(150, "munlock", ENOSYS, "not simulated yet"),
    refused(151, "mlockall", ENOSYS, "not simulated yet"),
    refused(152, "munlockall", ENOSYS, "not simulated yet"),
    refused(237, "mbind", ENOSYS, "not simulated yet"),
    refused(238, "set_mempolicy", ENOSYS, "not simulated yet"),
    refused(239, "get_mempolicy", ENOSYS, "not simulated yet"),
    refused(324, "membarrier", ENOSYS, "not simulated yet"),
    refused(325, "mlock2", ENOSYS, "not simulated yet"),
    refused(329, "pkey_mprotect", ENOSYS, "not simulated yet"),
    refused(330, "pkey_alloc", ENOSYS, "not simulated yet"),
    refused(331, "pkey_free", ENOSYS, "not simulated yet"),
    refused(440, "process_madvise", ENOSYS, "not simulated yet"),
];
