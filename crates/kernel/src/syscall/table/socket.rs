//! Sockets.

use super::{Row, Subject, emulated, partial};
use crate::net;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    partial(41, "socket", net::socket, "inet, inet6, unix and route netlink; no raw sockets"),
    emulated(42, "connect", net::connect).about(Subject::Fd(0)),
    emulated(43, "accept", net::accept).about(Subject::Fd(0)),
    partial(44, "sendto", net::sendto, NO_URGENT).about(Subject::Fd(0)),
    partial(45, "recvfrom", net::recvfrom, NO_URGENT).about(Subject::Fd(0)),
    partial(46, "sendmsg", net::sendmsg, NO_URGENT).about(Subject::Fd(0)),
    partial(47, "recvmsg", net::recvmsg, NO_URGENT).about(Subject::Fd(0)),
    emulated(48, "shutdown", net::shutdown).about(Subject::Fd(0)),
    emulated(49, "bind", net::bind).about(Subject::Fd(0)),
    emulated(50, "listen", net::listen).about(Subject::Fd(0)),
    emulated(51, "getsockname", net::getsockname).about(Subject::Fd(0)),
    emulated(52, "getpeername", net::getpeername).about(Subject::Fd(0)),
    emulated(53, "socketpair", net::socketpair),
    partial(54, "setsockopt", net::setsockopt, "options without effect here are stored; unknown ones are refused")
        .about(Subject::Fd(0)),
    partial(55, "getsockopt", net::getsockopt, "TCP_INFO has the state and constants, no counters")
        .about(Subject::Fd(0)),
    emulated(288, "accept4", net::accept4).about(Subject::Fd(0)),
    partial(299, "recvmmsg", net::recvmmsg, NO_URGENT).about(Subject::Fd(0)),
    partial(307, "sendmmsg", net::sendmmsg, NO_URGENT).about(Subject::Fd(0)),
];

const NO_URGENT: &str = "no error queue, no TCP fast open";
