//! Files of `/proc/<pid>` and `/proc/<pid>/task/<tid>`.

use super::Part;
use crate::abi::errno::{ENOENT, ESRCH};
use crate::abi::text::to_bytes;
use crate::file::Target;
use crate::host::Host;
use crate::memory::STACK_TOP;
use crate::process::{Process, ProcessId, Thread, ThreadState};
use crate::time::Clock;
use crate::world::{Kernel, Owner};
use model::{Errno, ThreadId};
use std::fmt::Write as _;

const MOUNTS: &str = "/dev/root / ext4 rw,noatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec 0 0\nsysfs /sys sysfs \
                      ro,nosuid,nodev,noexec 0 0\ndevtmpfs /dev devtmpfs rw,nosuid 0 0\ntmpfs /dev/shm tmpfs \
                      rw,nosuid,nodev 0 0\n";
const MOUNT_INFO: &str = "1 0 8:1 / / rw,noatime - ext4 /dev/root rw\n2 1 0:20 / /proc rw,nosuid,nodev,noexec - proc \
                          proc rw\n3 1 0:21 / /sys ro,nosuid,nodev,noexec - sysfs sysfs ro\n4 1 0:5 / /dev rw,nosuid - \
                          devtmpfs devtmpfs rw\n5 4 0:22 / /dev/shm rw,nosuid,nodev - tmpfs tmpfs rw\n";

/// Limits in the order of their numbers: name and unit.
const LIMITS: [(&str, &str); 16] = [
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
];

impl Kernel {
    pub(super) fn render_process(
        &mut self,
        host: &mut dyn Host,
        id: ProcessId,
        tid: u32,
        part: Part,
    ) -> Result<Vec<u8>, Errno> {
        self.look_at_arguments(host, id);
        let process = self.processes.get(&id).ok_or(ESRCH)?;
        let thread = self.threads.get(&ThreadId { service: id.service, tid });
        let alive = process.status.is_none();
        let text = match part {
            Part::CmdLine if alive => return Ok(process.command_line.clone()),
            Part::Environ if alive => return Ok(self.environment_of(host, id)),
            Part::Auxv if alive => return Ok(process.auxv.clone()),
            Part::CmdLine | Part::Environ | Part::Auxv => String::new(),
            Part::Comm => format!("{}\n", name(process, thread)),
            Part::Cgroup => "0::/\n".to_owned(),
            Part::MountInfo => MOUNT_INFO.to_owned(),
            Part::Mounts => MOUNTS.to_owned(),
            Part::Io => {
                "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n"
                    .to_owned()
            }
            Part::OomScore => "666\n".to_owned(),
            Part::OomScoreAdj => "0\n".to_owned(),
            Part::Wchan => "0".to_owned(),
            Part::Limits => limits(process),
            Part::Status => self.status(process, thread, tid),
            Part::Stat => self.stat_line(process, thread, tid),
            Part::Statm => self.render_statm(id),
            Part::Maps => self.render_maps(host, id, false),
            Part::Smaps => self.render_maps(host, id, true),
            Part::SmapsRollup => self.render_rollup(id),
        };
        Ok(to_bytes(&text).into_owned())
    }

    /// `fdinfo/<fd>`
    pub(super) fn render_descriptor(&self, id: ProcessId, fd: i32) -> Result<Vec<u8>, Errno> {
        let process = self.processes.get(&id).ok_or(ESRCH)?;
        let descriptor = process.fds.map.get(&fd).ok_or(ENOENT)?;
        let open = self.open_file(descriptor.file);
        let ino = match open.target {
            Target::Inode(inode) => inode.ino,
            _ => 0,
        };
        let cloexec = if descriptor.close_on_exec { libc::O_CLOEXEC as u32 } else { 0 };
        Ok(format!("pos:\t{}\nflags:\t0{:o}\nmnt_id:\t1\nino:\t{ino}\n", open.offset, open.flags | cloexec)
            .into_bytes())
    }

    fn status(&self, p: &Process, thread: Option<&Thread>, tid: u32) -> String {
        let (letter, word) = state(p, thread);
        let Owner { uid, gid } = self.owner(p.id.service);
        let mut out = format!("Name:\t{}\nUmask:\t{:04o}\nState:\t{letter} ({word})\n", name(p, thread), p.umask);
        let _ = writeln!(
            out,
            "Tgid:\t{0}\nNgid:\t0\nPid:\t{tid}\nPPid:\t{1}\nTracerPid:\t0\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t\
             {gid}\t{gid}\t{gid}\nFDSize:\t{2}\nGroups:\t{gid} \nNStgid:\t{0}\nNSpid:\t{tid}\nNSpgid:\t{3}\nNSsid:\t{4}",
            p.id.pid,
            p.parent,
            (p.fds.map.len() as u64).next_power_of_two().max(64),
            p.pgid,
            p.sid,
        );
        if p.status.is_none() {
            let s = self.sizes(p.id);
            for (name, bytes) in [
                ("VmPeak", s.total),
                ("VmSize", s.total),
                ("VmLck", 0),
                ("VmPin", 0),
                ("VmHWM", s.total),
                ("VmRSS", s.total),
                ("RssAnon", s.data + s.stack),
                ("RssFile", s.code + s.file),
                ("RssShmem", s.shared),
                ("VmData", s.data),
                ("VmStk", s.stack),
                ("VmExe", s.code),
                ("VmLib", 0),
                ("VmPTE", 0),
                ("VmSwap", 0),
            ] {
                let _ = writeln!(out, "{name}:\t{:>8} kB", bytes >> 10);
            }
        }
        let caught = |wanted: fn(u64) -> bool| {
            let set = p.actions.iter().enumerate().filter(|(_, a)| wanted(a.handler));
            set.fold(0u64, |set, (i, _)| set | 1 << i)
        };
        let _ = writeln!(
            out,
            "CoreDumping:\t0\nTHP_enabled:\t0\nThreads:\t{}\nSigQ:\t0/31500\nSigPnd:\t{:016x}\nShdPnd:\t{:016x}\nSigBlk:\t\
             {:016x}\nSigIgn:\t{:016x}\nSigCgt:\t{:016x}",
            p.threads.len(),
            thread.map_or(0, |t| t.signals.set().0),
            p.pending.set().0,
            thread.map_or(0, |t| t.mask.0),
            caught(|h| h == libc::SIG_IGN as u64),
            caught(|h| h > libc::SIG_IGN as u64),
        );
        for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            let _ = writeln!(out, "{name}:\t{:016x}", 0);
        }
        let n = self.processors(p.id.service);
        let _ = writeln!(
            out,
            "NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\nCpus_allowed:\t{:x}\nCpus_allowed_list:\t{}\nMems_allowed:\t\
             1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0",
            u64::MAX >> (64 - n.clamp(1, 64)),
            if n == 1 { "0".to_owned() } else { format!("0-{}", n - 1) },
        );
        out
    }

    fn stat_line(&self, p: &Process, thread: Option<&Thread>, tid: u32) -> String {
        let s = self.sizes(p.id);
        let (terminal, foreground) = self.shown_terminal(p);
        // A call takes a microsecond; a tick is a hundredth of a second.
        let (user, started) = (p.calls / 10_000, Clock::UPTIME.0 / 10_000_000);
        let heap = self.spaces.get(&p.space).map_or(0, |s| s.heap_start);
        let fields: [u64; 49] = {
            let mut f = [0; 49];
            f[0] = u64::from(p.parent);
            f[1] = u64::from(p.pgid);
            f[2] = u64::from(p.sid);
            f[3] = terminal;
            f[10] = user;
            let nice = thread.map_or(0, |t| t.nice);
            f[14] = u64::from(nice.unsigned_abs()).wrapping_add(20);
            f[15] = u64::from(nice.unsigned_abs());
            f[16] = p.threads.len() as u64;
            f[18] = started;
            f[19] = s.total;
            f[20] = s.total / crate::abi::PAGE;
            f[21] = u64::MAX;
            f[24] = STACK_TOP;
            f[34] = u64::from(p.exit_signal);
            f[43] = heap;
            f[48] = p.status.map_or(0, |s| u64::from(s.word()));
            f
        };
        let mut out = format!("{tid} ({}) {}", name(p, thread), state(p, thread).0);
        for (i, field) in fields.iter().enumerate() {
            let _ = if i == 4 { write!(out, " {foreground}") } else { write!(out, " {field}") };
        }
        out.push('\n');
        out
    }
}

fn state(p: &Process, thread: Option<&Thread>) -> (char, &'static str) {
    match thread.map(|t| &t.state) {
        _ if p.status.is_some() => ('Z', "zombie"),
        Some(ThreadState::Runnable) => ('R', "running"),
        Some(ThreadState::Stopped) => ('T', "stopped"),
        Some(ThreadState::Blocked(_)) => ('S', "sleeping"),
        None => ('Z', "zombie"),
    }
}
fn name<'a>(p: &'a Process, thread: Option<&'a Thread>) -> &'a str {
    match thread {
        Some(thread) => &thread.name,
        None => {
            let base = p.exe.rsplit('/').next().unwrap_or_default();
            base.get(..15).unwrap_or(base)
        }
    }
}
fn limits(p: &Process) -> String {
    let mut out = format!("{:<26}{:<21}{:<21}{:<10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for ((name, unit), (soft, hard)) in LIMITS.iter().zip(p.limits) {
        let show = |n: u64| {
            if n == u64::MAX { "unlimited".to_owned() } else { n.to_string() }
        };
        let _ = writeln!(out, "{name:<26}{:<21}{:<21}{unit:<10}", show(soft), show(hard));
    }
    out
}
