//! Descriptors, pipes and data transfer.

use super::{Row, Subject, emulated, partial, refused};
use crate::abi::errno::*;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    refused(0, "read", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(1, "write", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(3, "close", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(8, "lseek", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(16, "ioctl", ENOSYS, "not simulated yet"),
    refused(17, "pread64", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(18, "pwrite64", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(19, "readv", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(20, "writev", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(22, "pipe", ENOSYS, "not simulated yet"),
    refused(32, "dup", ENOSYS, "not simulated yet"),
    refused(33, "dup2", ENOSYS, "not simulated yet"),
    refused(40, "sendfile", ENOSYS, "not simulated yet"),
    refused(72, "fcntl", ENOSYS, "not simulated yet"),
    refused(73, "flock", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(275, "splice", ENOSYS, "not simulated yet"),
    refused(276, "tee", ENOSYS, "not simulated yet"),
    refused(278, "vmsplice", ENOSYS, "not simulated yet"),
    refused(284, "eventfd", ENOSYS, "not simulated yet"),
    refused(290, "eventfd2", ENOSYS, "not simulated yet"),
    refused(292, "dup3", ENOSYS, "not simulated yet"),
    refused(293, "pipe2", ENOSYS, "not simulated yet"),
    refused(295, "preadv", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(296, "pwritev", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(319, "memfd_create", ENOSYS, "not simulated yet"),
    refused(326, "copy_file_range", ENOSYS, "not simulated yet"),
    refused(327, "preadv2", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(328, "pwritev2", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(436, "close_range", ENOSYS, "not simulated yet"),
];
