//! Readiness: poll, select, epoll, timerfd, signalfd, inotify.

use super::{Row, Subject, emulated, partial, refused};
use crate::abi::errno::*;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    refused(7, "poll", ENOSYS, "not simulated yet"),
    refused(23, "select", ENOSYS, "not simulated yet"),
    refused(213, "epoll_create", ENOSYS, "not simulated yet"),
    refused(232, "epoll_wait", ENOSYS, "not simulated yet"),
    refused(233, "epoll_ctl", ENOSYS, "not simulated yet"),
    refused(253, "inotify_init", ENOSYS, "not simulated yet"),
    refused(254, "inotify_add_watch", ENOSYS, "not simulated yet"),
    refused(255, "inotify_rm_watch", ENOSYS, "not simulated yet"),
    refused(270, "pselect6", ENOSYS, "not simulated yet"),
    refused(271, "ppoll", ENOSYS, "not simulated yet"),
    refused(281, "epoll_pwait", ENOSYS, "not simulated yet"),
    refused(282, "signalfd", ENOSYS, "not simulated yet"),
    refused(283, "timerfd_create", ENOSYS, "not simulated yet"),
    refused(286, "timerfd_settime", ENOSYS, "not simulated yet"),
    refused(287, "timerfd_gettime", ENOSYS, "not simulated yet"),
    refused(289, "signalfd4", ENOSYS, "not simulated yet"),
    refused(291, "epoll_create1", ENOSYS, "not simulated yet"),
    refused(294, "inotify_init1", ENOSYS, "not simulated yet"),
    refused(441, "epoll_pwait2", ENOSYS, "not simulated yet"),
];
