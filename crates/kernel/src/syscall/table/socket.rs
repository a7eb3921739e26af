//! Sockets.

use super::{Row, Subject, emulated, partial, refused};
use crate::abi::errno::*;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    refused(41, "socket", ENOSYS, "not simulated yet"),
    refused(42, "connect", ENOSYS, "not simulated yet"),
    refused(43, "accept", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(44, "sendto", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(45, "recvfrom", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(46, "sendmsg", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(47, "recvmsg", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(48, "shutdown", ENOSYS, "not simulated yet"),
    refused(49, "bind", ENOSYS, "not simulated yet"),
    refused(50, "listen", ENOSYS, "not simulated yet"),
    refused(51, "getsockname", ENOSYS, "not simulated yet"),
    refused(52, "getpeername", ENOSYS, "not simulated yet"),
    refused(53, "socketpair", ENOSYS, "not simulated yet"),
    refused(54, "setsockopt", ENOSYS, "not simulated yet"),
    refused(55, "getsockopt", ENOSYS, "not simulated yet"),
    refused(288, "accept4", ENOSYS, "not simulated yet").about(Subject::Fd(0)),
    refused(299, "recvmmsg", ENOSYS, "not simulated yet"),
    refused(307, "sendmmsg", ENOSYS, "not simulated yet"),
];
