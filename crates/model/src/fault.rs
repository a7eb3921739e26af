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
    ("ESRCH", 3, "no such process"),
    ("EINTR", 4, "interrupted system call"),
    ("EIO", 5, "input/output error"),
    ("ENXIO", 6, "no such device or address"),
    ("E2BIG", 7, "argument list too long"),
    ("ENOEXEC", 8, "exec format error"),
    ("EBADF", 9, "bad file descriptor"),
    ("ECHILD", 10, "no child processes"),
    ("EAGAIN", 11, "resource temporarily unavailable"),
    ("ENOMEM", 12, "cannot allocate memory"),
    ("EACCES", 13, "permission denied"),
    ("EFAULT", 14, "bad address"),
    ("EBUSY", 16, "device or resource busy"),
    ("EEXIST", 17, "file exists"),
    ("EXDEV", 18, "invalid cross-device link"),
    ("ENODEV", 19, "no such device"),
    ("ENOTDIR", 20, "not a directory"),
    ("EISDIR", 21, "is a directory"),
    ("EINVAL", 22, "invalid argument"),
    ("ENFILE", 23, "too many open files in system"),
    ("EMFILE", 24, "too many open files"),
    ("ENOTTY", 25, "inappropriate ioctl for device"),
    ("ETXTBSY", 26, "text file busy"),
    ("EFBIG", 27, "file too large"),
    ("ENOSPC", 28, "no space left on device"),
    ("ESPIPE", 29, "illegal seek"),
    ("EROFS", 30, "read-only file system"),
    ("EMLINK", 31, "too many links"),
    ("EPIPE", 32, "broken pipe"),
    ("ERANGE", 34, "numerical result out of range"),
    ("EDEADLK", 35, "resource deadlock avoided"),
    ("ENAMETOOLONG", 36, "file name too long"),
    ("ENOLCK", 37, "no locks available"),
    ("ENOSYS", 38, "function not implemented"),
    ("ENOTEMPTY", 39, "directory not empty"),
    ("ELOOP", 40, "too many levels of symbolic links"),
    ("ENODATA", 61, "no data available"),
    ("EOVERFLOW", 75, "value too large for defined data type"),
    ("ENOTSOCK", 88, "socket operation on non-socket"),
    ("EDESTADDRREQ", 89, "destination address required"),
    ("EMSGSIZE", 90, "message too long"),
    ("ENOPROTOOPT", 92, "protocol not available"),
    ("EPROTONOSUPPORT", 93, "protocol not supported"),
    ("EOPNOTSUPP", 95, "operation not supported"),
    ("EAFNOSUPPORT", 97, "address family not supported by protocol"),
    ("EADDRINUSE", 98, "address already in use"),
    ("EADDRNOTAVAIL", 99, "cannot assign requested address"),
    ("ENETUNREACH", 101, "network is unreachable"),
    ("ECONNABORTED", 103, "software caused connection abort"),
    ("ECONNRESET", 104, "connection reset by peer"),
    ("ENOBUFS", 105, "no buffer space available"),
    ("EISCONN", 106, "transport endpoint is already connected"),
    ("ENOTCONN", 107, "transport endpoint is not connected"),
    ("ESHUTDOWN", 108, "cannot send after transport endpoint shutdown"),
    ("ETIMEDOUT", 110, "connection timed out"),
    ("ECONNREFUSED", 111, "connection refused"),
    ("EHOSTUNREACH", 113, "no route to host"),
    ("EALREADY", 114, "operation already in progress"),
    ("EINPROGRESS", 115, "operation now in progress"),
    ("EDQUOT", 122, "disk quota exceeded"),
    ("ECANCELED", 125, "operation canceled"),
];

impl Errno {
    /// The errno of this name, in any case.
    ///
    /// # Errors
    /// Lists the names that exist.
    pub fn named(name: &str) -> Result<Errno, String> {
        ERRNOS.iter().find(|(n, ..)| n.eq_ignore_ascii_case(name)).map(|(_, number, _)| Errno(*number)).ok_or_else(
            || {
                let known: Vec<&str> = ERRNOS.iter().map(|(n, ..)| *n).collect();
                format!("unknown errno {name:?}; known: {}", known.join(" "))
            },
        )
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

/// What a rule does when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Execute the call.
    Allow,
    /// Fail the call with an errno, without executing it.
    Deny(Errno),
    /// Execute the call after this much virtual time.
    Delay(VirtualDuration),
    /// Execute the call when the rule's calls are [released](Intervention::Release), or the rule is taken away.
    Hold,
    /// Something happens to the machine that makes the call, before the call.
    Strike(Strike),
    /// Something happens to what is sent.
    Packet(PacketFault),
    /// Something is so for as long as the rule is in place.
    Condition(Condition),
}

/// What can happen to a service's machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// All its processes die.
    Crash(Crash),
    /// None of its threads runs for this long.
    Pause(VirtualDuration),
    /// Its clock of the time of day moves by so many nanoseconds.
    Jump(i64),
}

/// How the processes of a service die.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crash {
    /// The machine loses its power: connections fall silent and the disk keeps what it has to. Without it the processes
    /// are killed, and their kernel closes what they had open.
    pub disk: Option<DiskLoss>,
    /// The service is started again after this long.
    pub restart_after: Option<VirtualDuration>,
}

/// What a disk loses when the power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskLoss {
    /// Whatever was not synced, in whole blocks and names.
    Unsynced,
    /// The same, and a block that was being written may be half old and half new.
    Torn,
}

/// What can happen to a segment or datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketFault {
    /// It is lost: a datagram for good, a segment of a connection until it is sent again.
    Drop,
    /// It travels so much longer.
    Slow(VirtualDuration),
    /// It arrives twice; connections hide that.
    Duplicate,
    /// It travels so much longer, and what is sent after it may arrive first; within a connection nothing overtakes.
    Overtaken(VirtualDuration),
    /// Its connection is reset at both ends.
    Reset,
    /// Nothing passes in this direction for so long, from this packet on.
    Cut(VirtualDuration),
}

/// What can be so for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing passes in a direction.
    Partition,
    /// A machine's clock of the time of day differs from the others' by so many nanoseconds.
    Skew(i64),
    /// A machine's disk has room for so many more bytes.
    DiskFull(u64),
}

/// What a descriptor refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptorKind {
    /// A file or directory.
    File,
    /// A socket.
    Socket,
    /// A pipe.
    Pipe,
    /// A standard stream.
    Console,
    /// Anything else.
    Other,
}

/// Where a rule looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the calls that a service makes.
    Calls {
        /// Whose calls.
        service: ServiceId,
        /// Which calls, by x86-64 number, sorted; empty for all.
        calls: Vec<u16>,
        /// What they are about.
        scope: Scope,
    },
    /// At what one host sends to another.
    Packets {
        /// The sender.
        from: ServiceId,
        /// The receiver.
        to: ServiceId,
    },
    /// At a machine as such.
    Machine(ServiceId),
}

/// What a call must be about; an absent condition always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// A path that matches; system paths never match an absent glob.
    pub path: Option<Glob>,
    /// A descriptor of this kind.
    pub kind: Option<DescriptorKind>,
    /// A socket whose other end is on this host.
    pub peer: Option<ServiceId>,
}

/// At which of the calls or packets that match a rule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Probability in millionths; 1,000,000 fires always and is no choice.
    pub probability: u32,
    /// Only at the one of this number, from 1; 0 for any.
    pub nth: u32,
    /// Not at so many first ones.
    pub after: u32,
    /// At most so often; 0 is without limit.
    pub max_fires: u32,
}

impl When {
    /// At each.
    pub const ALWAYS: When = When { probability: FaultRule::ALWAYS, nth: 0, after: 0, max_fires: 0 };

    /// Whether a rule can fire at the one of this number (from 1), having fired so often.
    pub fn may_fire(&self, number: u64, fired: u64) -> bool {
        (self.max_fires == 0 || fired < u64::from(self.max_fires))
            && (self.nth == 0 || number == u64::from(self.nth))
            && number > u64::from(self.after)
    }
}

/// A fault that is put in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// Where it looks.
    pub place: Place,
    /// What it does.
    pub action: Action,
    /// How often.
    pub when: When,
    /// The keyword of the specification, for messages: `write`, or the name of an op.
    pub keyword: String,
    /// The named operation, if the keyword was one.
    pub op: Option<String>,
}

impl FaultRule {
    /// A probability that always fires.
    pub const ALWAYS: u32 = 1_000_000;
}

/// Something that the driver does to a world at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intervention {
    /// To a service's machine.
    Strike(ServiceId, Strike),
    /// A paused service goes on.
    Resume(ServiceId),
    /// Every connection between two hosts is reset at both ends.
    Reset(ServiceId, ServiceId),
    /// The calls that a rule holds are executed.
    Release(RuleId),
    /// Tasks of the driver that wait for the world to come to rest go on.
    Attend,
}
