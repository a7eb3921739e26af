//! Signals.

use super::{Row, emulated, partial};

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    emulated(13, "rt_sigaction", crate::signal::rt_sigaction),
    emulated(14, "rt_sigprocmask", crate::signal::rt_sigprocmask),
    emulated(15, "rt_sigreturn", crate::signal::rt_sigreturn),
    emulated(34, "pause", crate::signal::pause),
    emulated(62, "kill", crate::signal::kill),
    emulated(127, "rt_sigpending", crate::signal::rt_sigpending),
    emulated(128, "rt_sigtimedwait", crate::signal::rt_sigtimedwait),
    partial(129, "rt_sigqueueinfo", crate::signal::rt_sigqueueinfo, "fields beyond si_value are not kept"),
    emulated(130, "rt_sigsuspend", crate::signal::rt_sigsuspend),
    emulated(131, "sigaltstack", crate::signal::sigaltstack),
    emulated(200, "tkill", crate::signal::tkill),
    emulated(219, "restart_syscall", crate::signal::restart_syscall),
    emulated(234, "tgkill", crate::signal::tgkill),
    partial(297, "rt_tgsigqueueinfo", crate::signal::rt_tgsigqueueinfo, "fields beyond si_value are not kept"),
];
