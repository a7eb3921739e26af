//! Signals.

use super::{Row, Subject, emulated, partial, refused};
use crate::abi::errno::*;

/// The rows of this family.
pub(super) const ROWS: &[Row] = &[
    refused(13, "rt_sigaction", ENOSYS, "not simulated yet"),
    refused(14, "rt_sigprocmask", ENOSYS, "not simulated yet"),
    refused(15, "rt_sigreturn", ENOSYS, "not simulated yet"),
    refused(34, "pause", ENOSYS, "not simulated yet"),
    refused(62, "kill", ENOSYS, "not simulated yet"),
    refused(127, "rt_sigpending", ENOSYS, "not simulated yet"),
    refused(128, "rt_sigtimedwait", ENOSYS, "not simulated yet"),
    refused(129, "rt_sigqueueinfo", ENOSYS, "not simulated yet"),
    refused(130, "rt_sigsuspend", ENOSYS, "not simulated yet"),
    refused(131, "sigaltstack", ENOSYS, "not simulated yet"),
    refused(200, "tkill", ENOSYS, "not simulated yet"),
    refused(219, "restart_syscall", ENOSYS, "not simulated yet"),
    refused(234, "tgkill", ENOSYS, "not simulated yet"),
    refused(297, "rt_tgsigqueueinfo", ENOSYS, "not simulated yet"),
];
