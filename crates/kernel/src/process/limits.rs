//! Resource limits, usage, and scheduling attributes.

use crate::abi::errno::{EAGAIN, EINVAL, ENOMEM, EPERM, ESRCH};
use crate::caller::Caller;
use crate::memory::AddressSpace;
use crate::process::{Process, ProcessId, Thread};
use crate::syscall::{Sys, done};
use crate::time::CALL_COST;
use crate::world::Kernel;
use model::{Errno, ServiceId, ThreadId};

/// No limit.
pub const INFINITY: u64 = u64::MAX;
/// The highest `RLIMIT_NOFILE` (`fs.nr_open`).
const FILES_MAX: u64 = 1 << 20;
/// Size of `struct rusage`.
pub(super) const RUSAGE_SIZE: usize = 144;
/// Nanoseconds in a clock tick of `times`.
const TICK: u64 = 10_000_000;

/// How many processes a machine has room for.
const PROCESSES_MAX: usize = 4_096;

/// The limits of a service's first process.
pub fn default_limits() -> [(u64, u64); 16] {
    let mut limits = [(INFINITY, INFINITY); 16];
    limits[libc::RLIMIT_NOFILE as usize] = (1024, FILES_MAX);
    limits[libc::RLIMIT_STACK as usize] = (crate::memory::STACK_SIZE, INFINITY);
    limits
}

/// Processor time that a process has used on the virtual clock, in nanoseconds: what its calls cost.
pub fn processor_time(process: &Process) -> u64 {
    process.calls.saturating_mul(CALL_COST.0)
}

impl Kernel {
    /// The memory of a service's machine in bytes, and how much of it is promised to programs.
    pub(crate) fn memory_use(&self, service: ServiceId) -> (u64, u64) {
        let own = self.processes.values().filter(|p| p.id.service == service && p.status.is_none());
        let mut spaces: Vec<_> = own.map(|p| p.space).collect();
        spaces.sort_unstable();
        spaces.dedup();
        let used = spaces.iter().filter_map(|space| self.spaces.get(space)).map(AddressSpace::promised).sum();
        (self.service(service).hardware.memory, used)
    }
}

impl Kernel {
    /// Fails with why if a service's machine can have no more processes: how many there are does not depend on what the
    /// host can bear.
    pub(crate) fn allow_process(&self, service: ServiceId) -> Result<(), &'static str> {
        let of_service = ProcessId { service, pid: 0 }..=ProcessId { service, pid: u32::MAX };
        let alive = self.processes.range(of_service).filter(|(_, process)| process.status.is_none()).count();
        if alive >= PROCESSES_MAX { Err("FB0229: more than 4096 processes at a time") } else { Ok(()) }
    }
    /// Fails unless a service's machine can promise its programs so much more memory.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub(crate) fn promise_memory(&self, service: ServiceId, more: u64) -> Result<(), Errno> {
        if more == 0 {
            return Ok(());
        }
        let (total, used) = self.memory_use(service);
        if used.saturating_add(more) <= total { Ok(()) } else { Err(ENOMEM) }
    }
    /// Fails if a service's user has as many threads and processes as one of them may have (`RLIMIT_NPROC`).
    ///
    /// # Errors
    /// `EAGAIN`.
    pub(crate) fn allow_thread(&self, process: ProcessId) -> Result<(), Errno> {
        let limit = self.processes[&process].limits[libc::RLIMIT_NPROC as usize].0;
        let count = || self.threads.keys().filter(|id| id.service == process.service).count() as u64;
        if limit == INFINITY || count() < limit { Ok(()) } else { Err(EAGAIN) }
    }
}

fn resource(c: &Caller<'_>, n: usize) -> Result<usize, Errno> {
    usize::try_from(c.arg(n) as u32).ok().filter(|r| *r < 16).ok_or(EINVAL)
}
fn change(c: &mut Caller<'_>, target: ProcessId, resource: usize, at: u64) -> Result<(), Errno> {
    let (soft, hard) = (c.read_u64(at)?, c.read_u64(at.wrapping_add(8))?);
    if soft > hard {
        return Err(EINVAL);
    }
    let present = c.k.processes[&target].limits[resource];
    if hard > present.1 || resource == libc::RLIMIT_NOFILE as usize && hard > FILES_MAX {
        return Err(EPERM);
    }
    c.k.process_mut(target).limits[resource] = (soft, hard);
    Ok(())
}
fn show(c: &mut Caller<'_>, at: u64, (soft, hard): (u64, u64)) -> Result<(), Errno> {
    c.write_u64(at, soft)?;
    c.write_u64(at.wrapping_add(8), hard)
}

/// `getrlimit(resource, limit)`.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn getrlimit(c: &mut Caller<'_>) -> Sys {
    let resource = resource(c, 0)?;
    let limit = c.process().limits[resource];
    show(c, c.arg(1), limit)?;
    done(0)
}
/// `setrlimit(resource, limit)`.
///
/// # Errors
/// `EINVAL`, `EPERM` to raise a hard limit, `EFAULT`.
pub fn setrlimit(c: &mut Caller<'_>) -> Sys {
    let resource = resource(c, 0)?;
    change(c, c.process_id(), resource, c.arg(1))?;
    done(0)
}
/// `prlimit64(pid, resource, new, old)`.
///
/// # Errors
/// `ESRCH`, `EINVAL`, `EPERM` to raise a hard limit, `EFAULT`.
pub fn prlimit64(c: &mut Caller<'_>) -> Sys {
    let target = match c.int(0) {
        0 => c.process_id(),
        pid => c.process_named(pid).ok_or(ESRCH)?,
    };
    let resource = resource(c, 1)?;
    let previous = c.k.processes[&target].limits[resource];
    if c.arg(2) != 0 {
        change(c, target, resource, c.arg(2))?;
    }
    if c.arg(3) != 0 {
        show(c, c.arg(3), previous)?;
    }
    done(0)
}

/// What a process and the children it has waited for have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time in nanoseconds: what the calls cost.
    pub nanos: u64,
    /// The most memory, in bytes.
    pub peak: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.nanos = self.nanos.saturating_add(other.nanos);
        self.peak = self.peak.max(other.peak);
    }
}

impl Usage {
    /// As `struct rusage`; what is not accounted for is zero.
    pub(super) fn bytes(self) -> [u8; RUSAGE_SIZE] {
        let mut usage = [0; RUSAGE_SIZE];
        let words = [(0, self.nanos / 1_000_000_000), (8, self.nanos % 1_000_000_000 / 1_000), (32, self.peak >> 10)];
        for (at, word) in words {
            usage[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        usage
    }
}

impl Process {
    /// What it and the children it has waited for have used.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage { nanos: processor_time(self), peak: self.peak };
        usage += self.children_usage;
        usage
    }
}

/// Takes down how much memory a process has mapped: all of it counts as resident.
pub(crate) fn note_memory(k: &mut crate::Kernel, id: ProcessId) {
    let Some(process) = k.processes.get_mut(&id) else { return };
    if let Some(space) = k.spaces.get(&process.space) {
        process.peak = process.peak.max(space.size());
    }
}

/// `getrusage(who, usage)`: the time that calls cost, and memory.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn getrusage(c: &mut Caller<'_>) -> Sys {
    let id = c.process_id();
    note_memory(c.k, id);
    let who = c.int(0);
    let process = c.process();
    let usage = match who {
        libc::RUSAGE_SELF | libc::RUSAGE_THREAD => Usage { nanos: processor_time(process), peak: process.peak },
        libc::RUSAGE_CHILDREN => process.children_usage,
        _ => return Err(EINVAL),
    };
    c.write(c.arg(1), &usage.bytes())?;
    done(0)
}
/// `times(buffer)`.
///
/// # Errors
/// `EFAULT`.
pub fn times(c: &mut Caller<'_>) -> Sys {
    let used = processor_time(c.process()) / TICK;
    let children = c.process().children_usage.nanos / TICK;
    if c.arg(0) != 0 {
        let mut times = [0; 32];
        times[..8].copy_from_slice(&used.to_le_bytes());
        times[16..24].copy_from_slice(&children.to_le_bytes());
        c.write(c.arg(0), &times)?;
    }
    done(c.k.clock.monotonic() / TICK)
}
/// `sysinfo(info)`.
///
/// # Errors
/// `EFAULT`.
pub fn sysinfo(c: &mut Caller<'_>) -> Sys {
    let mut info = [0; 112];
    let uptime = c.k.clock.monotonic() / 1_000_000_000;
    let (total, used) = c.k.memory_use(c.service());
    for (at, value) in [(0, uptime), (32, total), (40, total.saturating_sub(used))] {
        info[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    let processes = c.processes().len() as u16;
    info[80..82].copy_from_slice(&processes.to_le_bytes());
    info[104..108].copy_from_slice(&1_u32.to_le_bytes());
    c.write(c.arg(0), &info)?;
    done(0)
}

/// The threads that `getpriority` and `setpriority` are about.
fn about(c: &Caller<'_>) -> Result<Vec<ThreadId>, Errno> {
    let (which, who) = (c.int(0), c.arg(1) as u32);
    let own = &c.k.processes[&c.process_id()];
    let service = c.service();
    let wanted = |t: &&Thread| match (which as u32, who) {
        (libc::PRIO_PROCESS, 0) => t.id == c.id,
        (libc::PRIO_PROCESS, tid) => t.id.tid == tid,
        (libc::PRIO_PGRP, group) => {
            let group = if group == 0 { own.pgid } else { group };
            c.k.processes.get(&t.process).is_some_and(|p| p.pgid == group)
        }
        (_, user) => user == 0 || user == c.owner().uid,
    };
    if !(0..=2).contains(&which) {
        return Err(EINVAL);
    }
    let found: Vec<ThreadId> =
        c.k.threads.values().filter(|t| t.id.service == service).filter(wanted).map(|t| t.id).collect();
    if found.is_empty() { Err(ESRCH) } else { Ok(found) }
}
/// `getpriority(which, who)`: the highest of those named, in the kernel's reckoning (20 - nice).
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub fn getpriority(c: &mut Caller<'_>) -> Sys {
    let nice = about(c)?.iter().map(|id| c.k.threads[id].nice).min().unwrap_or(0);
    done(20 - i64::from(nice))
}
/// `setpriority(which, who, nice)`: remembered; being nicer has no effect.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EACCES` to be less nice than before.
pub fn setpriority(c: &mut Caller<'_>) -> Sys {
    let nice = c.int(2).clamp(-20, 19) as i8;
    for id in about(c)? {
        let thread = c.k.thread_mut(id);
        if nice < thread.nice {
            return Err(crate::abi::errno::EACCES);
        }
        thread.nice = nice;
    }
    done(0)
}
/// `ioprio_get(which, who)`.
///
/// # Errors
/// None.
pub fn ioprio_get(_: &mut Caller<'_>) -> Sys {
    done(0)
}
/// `ioprio_set(which, who, priority)`: has no effect.
///
/// # Errors
/// None.
pub fn ioprio_set(_: &mut Caller<'_>) -> Sys {
    done(0)
}

/// Fails unless argument 0 names a thread of the caller's service; 0 is the caller.
pub(super) fn thread_exists(c: &Caller<'_>) -> Result<(), Errno> {
    let named = c.int(0);
    if named < 0 {
        return Err(EINVAL);
    }
    if named == 0 || c.process_named(named).is_some() { Ok(()) } else { Err(ESRCH) }
}
/// How many processors the caller's host has.
pub fn processors(c: &Caller<'_>) -> u32 {
    c.k.processors(c.service())
}
/// The thread that argument 0 names; 0 is the caller.
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub(super) fn thread_named(c: &Caller<'_>) -> Result<ThreadId, Errno> {
    let id = match c.int(0) {
        0 => c.id,
        tid => ThreadId { service: c.service(), tid: u32::try_from(tid).map_err(|_| ESRCH)? },
    };
    if c.k.threads.contains_key(&id) { Ok(id) } else { Err(ESRCH) }
}
/// The processors that a thread may run on, one bit each.
pub(crate) fn affinity(c: &Caller<'_>, id: ThreadId) -> u64 {
    let all = u64::MAX >> (64 - processors(c));
    match c.k.threads.get(&id).map_or(0, |t| t.affinity) {
        0 => all,
        mask => mask & all,
    }
}
/// `sched_getaffinity(tid, size, mask)`: all processors of the host, unless fewer were asked for.
///
/// # Errors
/// `EINVAL` for a mask too small or of a size that is not whole words, `ESRCH`, `EFAULT`.
pub fn sched_getaffinity(c: &mut Caller<'_>) -> Sys {
    let size = c.arg(1);
    if size < 8 || !size.is_multiple_of(8) {
        return Err(EINVAL);
    }
    let id = thread_named(c)?;
    c.write_u64(c.arg(2), affinity(c, id))?;
    done(8)
}
/// `sched_setaffinity(tid, size, mask)`: remembered; one thread runs at a time anyway.
///
/// # Errors
/// `EINVAL` if no processor of the host is in the mask, `ESRCH`, `EFAULT`.
pub fn sched_setaffinity(c: &mut Caller<'_>) -> Sys {
    let id = thread_named(c)?;
    let mut mask = [0; 8];
    let size = (c.arg(1).min(8)) as usize;
    c.read(c.arg(2), &mut mask[..size])?;
    let wanted = u64::from_le_bytes(mask) & u64::MAX >> (64 - processors(c));
    if wanted == 0 {
        return Err(EINVAL);
    }
    c.k.thread_mut(id).affinity = wanted;
    done(0)
}
