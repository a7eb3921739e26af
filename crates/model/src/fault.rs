//! Faults that a specification puts on the system calls of a service, and the errnos they may use.

use crate::glob::Glob;
use crate::ids::ServiceId;
use crate::time::VirtualDuration;
use std::fmt;

/// A Linux error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(pub i32);

/// (name, number on x86-64, the message Go's `syscall.Errno` prints).
const ERRNOS: &[(&str, i32, &str)] = &[
    ("EPERM", 1, "operation not permitted"),
    ("ENOENT", 2, "no such file or directory"),
    ("EINTR", 4, "interrupted system call"),
    ("EIO", 5, "input/output error"),
    ("EAGAIN", 11, "resource temporarily unavailable"),
    ("ENOMEM", 12, "cannot allocate memory"),
    ("EACCES", 13, "permission denied"),
    ("EBUSY", 16, "device or resource busy"),
    ("EEXIST", 17, "file exists"),
    ("EINVAL", 22, "invalid argument"),
    ("ENFILE", 23, "too many open files in system"),
    ("EMFILE", 24, "too many open files"),
    ("EFBIG", 27, "file too large"),
    ("ENOSPC", 28, "no space left on device"),
    ("EROFS", 30, "read-only file system"),
    ("EPIPE", 32, "broken pipe"),
    ("EDEADLK", 35, "resource deadlock avoided"),
    ("ENOLCK", 37, "no locks available"),
    ("ENOSYS", 38, "function not implemented"),
    ("ENOTEMPTY", 39, "directory not empty"),
    ("ELOOP", 40, "too many levels of symbolic links"),
    ("EADDRINUSE", 98, "address already in use"),
    ("EADDRNOTAVAIL", 99, "cannot assign requested address"),
    ("ENETUNREACH", 101, "network is unreachable"),
    ("ECONNABORTED", 103, "software caused connection abort"),
    ("ECONNRESET", 104, "connection reset by peer"),
    ("ETIMEDOUT", 110, "connection timed out"),
    ("ECONNREFUSED", 111, "connection refused"),
    ("EHOSTUNREACH", 113, "no route to host"),
    ("EDQUOT", 122, "disk quota exceeded"),
];

impl Errno {
    /// The errno of this name, in any case.
    ///
    /// # Errors
    /// Lists the names that exist.
    pub fn named(name: &str) -> Result<Errno, String> {
        ERRNOS.iter().find(|(n, ..)| n.eq_ignore_ascii_case(name)).map(|(_, number, _)| Errno(*number)).ok_or_else(|| {
            let known: Vec<&str> = ERRNOS.iter().map(|(n, ..)| *n).collect();
            format!("unknown errno {name:?}; known: {}", known.join(" "))
        })
    }
    /// Its symbolic name, or `errno N`.
    pub fn name(self) -> String {
        self.row().map_or_else(|| format!("errno {}", self.0), |(name, ..)| (*name).to_owned())
    }
    /// The message that specifications match on.
    pub fn message(self) -> String {
        self.row().map_or_else(|| format!("errno {}", self.0), |(.., message)| (*message).to_owned())
    }
    fn row(self) -> Option<&'static (&'static str, i32, &'static str)> {
        ERRNOS.iter().find(|(_, number, _)| *number == self.0)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// The system calls a fault keyword stands for.
pub fn family(keyword: &str) -> Vec<&str> {
    match keyword {
        "write" => vec!["write", "writev", "pwrite64"],
        "read" => vec!["read", "readv", "pread64"],
        "open" => vec!["open", "openat"],
        "fsync" => vec!["fsync", "fdatasync"],
        "sendto" => vec!["sendto", "sendmsg"],
        "recvfrom" => vec!["recvfrom", "recvmsg"],
        other => vec![other],
    }
}

/// Identifies an installed rule within a world; also the stream of its choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// What a rule does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Execute it.
    Allow,
    /// Fail it with an errno, without executing it.
    Deny(Errno),
    /// Execute it after this much virtual time.
    Delay(VirtualDuration),
}

/// A fault on the calls that a service makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// Whose calls.
    pub service: ServiceId,
    /// Which calls, by x86-64 number, sorted.
    pub calls: Vec<u16>,
    /// Only calls on a path that matches; system paths never match an absent glob.
    pub path: Option<Glob>,
    /// What to do.
    pub action: Action,
    /// Probability in millionths; 1,000,000 fires always and is no choice.
    pub probability: u32,
    /// Fire at most so often; 0 is without limit.
    pub max_fires: u32,
    /// The keyword of the specification, for messages: `write`, or the name of an op.
    pub keyword: String,
    /// The named operation, if the keyword was one.
    pub op: Option<String>,
}

impl FaultRule {
    /// A probability that always fires.
    pub const ALWAYS: u32 = 1_000_000;
}
