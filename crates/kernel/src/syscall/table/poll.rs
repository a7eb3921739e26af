//! Readiness: poll, select, epoll, timerfd, signalfd, inotify.

use super::{Row, emulated};
use crate::file::{epoll, inotify, poll, select, signalfd, timerfd};

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    emulated(7, "poll", poll::poll),
    emulated(23, "select", select::select),
    emulated(213, "epoll_create", epoll::epoll_create),
    emulated(232, "epoll_wait", epoll::epoll_wait),
    emulated(233, "epoll_ctl", epoll::epoll_ctl),
    emulated(253, "inotify_init", inotify::inotify_init),
    emulated(254, "inotify_add_watch", inotify::inotify_add_watch),
    emulated(255, "inotify_rm_watch", inotify::inotify_rm_watch),
    emulated(270, "pselect6", select::pselect6),
    emulated(271, "ppoll", poll::ppoll),
    emulated(281, "epoll_pwait", epoll::epoll_pwait),
    emulated(282, "signalfd", signalfd::signalfd),
    emulated(283, "timerfd_create", timerfd::timerfd_create),
    emulated(286, "timerfd_settime", timerfd::timerfd_settime),
    emulated(287, "timerfd_gettime", timerfd::timerfd_gettime),
    emulated(289, "signalfd4", signalfd::signalfd4),
    emulated(291, "epoll_create1", epoll::epoll_create1),
    emulated(294, "inotify_init1", inotify::inotify_init1),
    emulated(441, "epoll_pwait2", epoll::epoll_pwait2),
];
