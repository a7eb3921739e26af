//! Descriptors, pipes and data transfer.

use super::{Row, Subject, emulated, partial};
use crate::file::{descriptors, eventfd, fcntl, io, ioctl, locks, memfd, pipe, splice, transfer};

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    emulated(0, "read", io::read).about(Subject::Fd(0)),
    emulated(1, "write", io::write).about(Subject::Fd(0)),
    emulated(3, "close", descriptors::close).about(Subject::Fd(0)),
    emulated(8, "lseek", io::lseek).about(Subject::Fd(0)),
    partial(16, "ioctl", ioctl::ioctl, "requests to block devices; packet mode of terminals"),
    emulated(17, "pread64", io::pread64).about(Subject::Fd(0)),
    emulated(18, "pwrite64", io::pwrite64).about(Subject::Fd(0)),
    emulated(19, "readv", io::readv).about(Subject::Fd(0)),
    emulated(20, "writev", io::writev).about(Subject::Fd(0)),
    emulated(22, "pipe", pipe::pipe),
    emulated(32, "dup", descriptors::dup),
    emulated(33, "dup2", descriptors::dup2),
    partial(40, "sendfile", transfer::sendfile, "a source that is neither a file nor a memory file"),
    partial(72, "fcntl", fcntl::fcntl, "no leases, no `F_NOTIFY`"),
    emulated(73, "flock", locks::flock).about(Subject::Fd(0)),
    emulated(275, "splice", splice::splice),
    emulated(276, "tee", splice::tee),
    partial(278, "vmsplice", splice::vmsplice, "pages are copied, not lent"),
    emulated(284, "eventfd", eventfd::eventfd),
    emulated(290, "eventfd2", eventfd::eventfd2),
    emulated(292, "dup3", descriptors::dup3),
    partial(293, "pipe2", pipe::pipe2, "notification pipes"),
    emulated(295, "preadv", io::preadv).about(Subject::Fd(0)),
    emulated(296, "pwritev", io::pwritev).about(Subject::Fd(0)),
    partial(319, "memfd_create", memfd::memfd_create, "huge pages"),
    emulated(326, "copy_file_range", transfer::copy_file_range),
    partial(327, "preadv2", io::preadv2, "flags that change where bytes go").about(Subject::Fd(0)),
    partial(328, "pwritev2", io::pwritev2, "flags that change where bytes go").about(Subject::Fd(0)),
    emulated(436, "close_range", descriptors::close_range),
];
