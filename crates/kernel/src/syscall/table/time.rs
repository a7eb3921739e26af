//! Clocks, timers, sleeping and futexes.

use super::{Row, Subject, emulated, partial, refused};
use crate::abi::errno::*;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    refused(24, "sched_yield", ENOSYS, "not simulated yet"),
    refused(35, "nanosleep", ENOSYS, "not simulated yet"),
    refused(36, "getitimer", ENOSYS, "not simulated yet"),
    refused(37, "alarm", ENOSYS, "not simulated yet"),
    refused(38, "setitimer", ENOSYS, "not simulated yet"),
    refused(96, "gettimeofday", ENOSYS, "not simulated yet"),
    refused(100, "times", ENOSYS, "not simulated yet"),
    refused(159, "adjtimex", ENOSYS, "not simulated yet"),
    refused(164, "settimeofday", ENOSYS, "not simulated yet"),
    refused(201, "time", ENOSYS, "not simulated yet"),
    refused(202, "futex", ENOSYS, "not simulated yet"),
    refused(222, "timer_create", ENOSYS, "not simulated yet"),
    refused(223, "timer_settime", ENOSYS, "not simulated yet"),
    refused(224, "timer_gettime", ENOSYS, "not simulated yet"),
    refused(225, "timer_getoverrun", ENOSYS, "not simulated yet"),
    refused(226, "timer_delete", ENOSYS, "not simulated yet"),
    refused(227, "clock_settime", ENOSYS, "not simulated yet"),
    refused(228, "clock_gettime", ENOSYS, "not simulated yet"),
    refused(229, "clock_getres", ENOSYS, "not simulated yet"),
    refused(230, "clock_nanosleep", ENOSYS, "not simulated yet"),
    refused(305, "clock_adjtime", ENOSYS, "not simulated yet"),
    refused(449, "futex_waitv", ENOSYS, "not simulated yet"),
    refused(454, "futex_wake", ENOSYS, "not simulated yet"),
    refused(455, "futex_wait", ENOSYS, "not simulated yet"),
    refused(456, "futex_requeue", ENOSYS, "not simulated yet"),
];
