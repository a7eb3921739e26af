//! `/proc`: what is in it, and how its files are rendered from the state of the kernel.

mod global;
mod memory;
mod process;

use super::virt::{Fixed, Made, Magic, Text};
use crate::abi::errno::{EINVAL, ESRCH};
use crate::abi::text::to_text;
use crate::host::Host;
use crate::process::ProcessId;
use crate::world::Kernel;
use model::{Errno, ServiceId, ThreadId};

/// The release of the kernel that guests see (`uname -r`).
pub const RELEASE: &str = "6.1.0-fbsim";
/// The version of the kernel that guests see (`uname -v`).
pub const VERSION: &str = "#1 SMP PREEMPT fbsim";

/// A file about the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    /// `cpuinfo`
    CpuInfo,
    /// `meminfo`
    MemInfo,
    /// `stat`
    Stat,
    /// `uptime`
    Uptime,
    /// `loadavg`
    LoadAverage,
    /// `version`
    Version,
    /// `sys/kernel/random/uuid`
    Uuid,
    /// `sys/kernel/random/boot_id`
    BootId,
    /// `sys/kernel/hostname`
    HostName,
    /// `net/dev`
    Interfaces,
    /// The list of processors, as `0-3`.
    Processors,
}

/// A file about a process or thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "these are the names of the files")]
pub(crate) enum Part {
    Maps,
    Smaps,
    SmapsRollup,
    Status,
    Stat,
    Statm,
    CmdLine,
    Comm,
    Environ,
    Auxv,
    Limits,
    Cgroup,
    MountInfo,
    Mounts,
    Io,
    OomScore,
    OomScoreAdj,
    Wchan,
}

/// The files of a process: name, content, permission bits.
pub(crate) const PARTS: &[(&str, Part, u32)] = &[
    ("auxv", Part::Auxv, 0o400),
    ("cgroup", Part::Cgroup, 0o444),
    ("cmdline", Part::CmdLine, 0o444),
    ("comm", Part::Comm, 0o644),
    ("environ", Part::Environ, 0o400),
    ("io", Part::Io, 0o400),
    ("limits", Part::Limits, 0o444),
    ("maps", Part::Maps, 0o444),
    ("mountinfo", Part::MountInfo, 0o444),
    ("mounts", Part::Mounts, 0o444),
    ("oom_score", Part::OomScore, 0o444),
    ("oom_score_adj", Part::OomScoreAdj, 0o644),
    ("smaps", Part::Smaps, 0o444),
    ("smaps_rollup", Part::SmapsRollup, 0o444),
    ("stat", Part::Stat, 0o444),
    ("statm", Part::Statm, 0o444),
    ("status", Part::Status, 0o444),
    ("wchan", Part::Wchan, 0o444),
];

/// The namespaces that every process is in, with what their links say: those in which Linux starts its first process.
pub(crate) const NAMESPACES: &[(&str, &str)] = &[
    ("cgroup", "cgroup:[4026531835]"),
    ("ipc", "ipc:[4026531839]"),
    ("mnt", "mnt:[4026531841]"),
    ("net", "net:[4026531840]"),
    ("pid", "pid:[4026531836]"),
    ("pid_for_children", "pid:[4026531836]"),
    ("time", "time:[4026531834]"),
    ("time_for_children", "time:[4026531834]"),
    ("user", "user:[4026531837]"),
    ("uts", "uts:[4026531838]"),
];

/// What is in `/proc`, besides the processes.
pub(crate) const FILES: &[Fixed] = &[
    magic("/proc/self", Magic::Own),
    magic("/proc/thread-self", Magic::OwnThread),
    Fixed { path: "/proc/mounts", mode: 0o777, made: Made::Link("self/mounts") },
    global("/proc/cpuinfo", Global::CpuInfo),
    global("/proc/meminfo", Global::MemInfo),
    global("/proc/stat", Global::Stat),
    global("/proc/uptime", Global::Uptime),
    global("/proc/loadavg", Global::LoadAverage),
    global("/proc/version", Global::Version),
    text("/proc/cmdline", "quiet\n"),
    text("/proc/filesystems", "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n\text4\n"),
    text("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    global("/proc/net/dev", Global::Interfaces),
    text("/proc/net/if_inet6", ""),
    text("/proc/net/route", global::ROUTES),
    text("/proc/net/tcp", global::SOCKETS),
    text("/proc/net/tcp6", global::SOCKETS_6),
    text("/proc/net/udp", global::SOCKETS),
    text("/proc/net/udp6", global::SOCKETS_6),
    text("/proc/net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n"),
    text("/proc/sys/fs/file-max", "9223372036854775807\n"),
    text("/proc/sys/fs/nr_open", "1048576\n"),
    text("/proc/sys/fs/pipe-max-size", "1048576\n"),
    text("/proc/sys/fs/inotify/max_user_watches", "65536\n"),
    text("/proc/sys/fs/inotify/max_user_instances", "128\n"),
    text("/proc/sys/fs/inotify/max_queued_events", "16384\n"),
    text("/proc/sys/kernel/cap_last_cap", "40\n"),
    global("/proc/sys/kernel/hostname", Global::HostName),
    text("/proc/sys/kernel/ngroups_max", "65536\n"),
    text("/proc/sys/kernel/osrelease", "6.1.0-fbsim\n"),
    text("/proc/sys/kernel/ostype", "Linux\n"),
    text("/proc/sys/kernel/pid_max", "4194304\n"),
    global("/proc/sys/kernel/random/boot_id", Global::BootId),
    text("/proc/sys/kernel/random/entropy_avail", "256\n"),
    text("/proc/sys/kernel/random/poolsize", "256\n"),
    global("/proc/sys/kernel/random/uuid", Global::Uuid),
    text("/proc/sys/kernel/sem", "32000\t1024000000\t500\t32000\n"),
    text("/proc/sys/kernel/shmall", "18446744073692774399\n"),
    text("/proc/sys/kernel/shmmax", "18446744073692774399\n"),
    text("/proc/sys/kernel/shmmni", "4096\n"),
    text("/proc/sys/kernel/threads-max", "31500\n"),
    text("/proc/sys/kernel/version", "#1 SMP PREEMPT fbsim\n"),
    text("/proc/sys/net/core/somaxconn", "4096\n"),
    text("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n"),
    text("/proc/sys/net/ipv4/tcp_fin_timeout", "60\n"),
    text("/proc/sys/vm/max_map_count", "65530\n"),
    text("/proc/sys/vm/mmap_min_addr", "65536\n"),
    text("/proc/sys/vm/overcommit_memory", "0\n"),
    text("/proc/sys/vm/swappiness", "60\n"),
];

const fn magic(path: &'static str, magic: Magic) -> Fixed {
    Fixed { path, mode: 0o777, made: Made::Magic(magic) }
}
const fn global(path: &'static str, what: Global) -> Fixed {
    Fixed { path, mode: 0o444, made: Made::Text(Text::Global(what)) }
}
const fn text(path: &'static str, what: &'static str) -> Fixed {
    Fixed { path, mode: 0o444, made: Made::Text(Text::Constant(what)) }
}

impl Kernel {
    /// The content of a virtual file.
    ///
    /// # Errors
    /// `ESRCH` when the process it is about is gone.
    pub(crate) fn render(&mut self, host: &mut dyn Host, service: ServiceId, text: Text) -> Result<Vec<u8>, Errno> {
        match text {
            Text::Constant(text) => Ok(text.as_bytes().to_vec()),
            Text::Global(what) => Ok(self.render_global(service, what).into_bytes()),
            Text::Process(pid, tid, part) => self.render_process(host, ProcessId { service, pid }, tid, part),
            Text::Descriptor(pid, fd) => self.render_descriptor(ProcessId { service, pid }, fd),
        }
    }
    /// Writes to a virtual file.
    ///
    /// # Errors
    /// `ESRCH`, or `EINVAL` for what cannot be set.
    pub(crate) fn write_virtual(&mut self, service: ServiceId, text: Text, bytes: &[u8]) -> Result<usize, Errno> {
        match text {
            Text::Process(_, tid, Part::Comm) => {
                let name = bytes.split(|b| matches!(b, b'\n' | 0)).next().unwrap_or_default();
                let thread = self.threads.get_mut(&ThreadId { service, tid }).ok_or(ESRCH)?;
                thread.name = to_text(name[..name.len().min(15)].to_vec());
            }
            // Nobody runs out of memory here.
            Text::Process(_, _, Part::OomScoreAdj) => {}
            _ => return Err(EINVAL),
        }
        Ok(bytes.len())
    }
}
