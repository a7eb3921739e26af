//! Clocks, timers, sleeping and futexes.

use super::{Row, emulated, partial, refused};
use crate::abi::errno::*;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    emulated(24, "sched_yield", crate::time::sched_yield),
    emulated(35, "nanosleep", crate::time::nanosleep),
    emulated(36, "getitimer", crate::time::getitimer),
    emulated(37, "alarm", crate::time::alarm),
    emulated(38, "setitimer", crate::time::setitimer),
    emulated(96, "gettimeofday", crate::time::gettimeofday),
    partial(100, "times", crate::process::limits::times, "only the time that calls cost is accounted"),
    partial(159, "adjtimex", crate::time::adjtimex, "reading only"),
    refused(164, "settimeofday", EPERM, "needs privilege"),
    emulated(201, "time", crate::time::time),
    partial(202, "futex", crate::futex::futex, "no FUTEX_FD"),
    partial(222, "timer_create", crate::time::timer_create, "not of the processor time of other processes"),
    emulated(223, "timer_settime", crate::time::timer_settime),
    emulated(224, "timer_gettime", crate::time::timer_gettime),
    emulated(225, "timer_getoverrun", crate::time::timer_getoverrun),
    emulated(226, "timer_delete", crate::time::timer_delete),
    refused(227, "clock_settime", EPERM, "needs privilege"),
    partial(228, "clock_gettime", crate::time::clock_gettime, "threads have the time of their process"),
    emulated(229, "clock_getres", crate::time::clock_getres),
    partial(230, "clock_nanosleep", crate::time::clock_nanosleep, "not on processor time"),
    partial(305, "clock_adjtime", crate::time::clock_adjtime, "reading only"),
    refused(449, "futex_waitv", ENOSYS, "programs fall back to futex"),
    refused(454, "futex_wake", ENOSYS, "programs fall back to futex"),
    refused(455, "futex_wait", ENOSYS, "programs fall back to futex"),
    refused(456, "futex_requeue", ENOSYS, "programs fall back to futex"),
];
