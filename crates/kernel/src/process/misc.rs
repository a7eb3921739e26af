//! Names and numbers of processes, the system's name, per-thread registrations, and entropy.

use crate::abi::errno::{EINVAL, ENODEV, EPERM, ESRCH};
use crate::abi::text;
use crate::caller::Caller;
use crate::fs::{RELEASE, VERSION};
use crate::memory::HIGHEST;
use crate::process::ProcessId;
use crate::syscall::{Sys, dispatch, done};
use crate::world::Kernel;
use model::Phase;
use model::rng::Random;

/// `PR_SET_SYSCALL_USER_DISPATCH`, which the C library binding does not name.
const PR_SET_SYSCALL_USER_DISPATCH: i32 = 59;
/// The highest capability (`CAP_CHECKPOINT_RESTORE`).
const CAPABILITY_LAST: u64 = 40;
/// Longest thread name, with its terminating zero.
const NAME_MAX: usize = 16;

/// Random bytes of one process: a stream of its own in each phase of a run, so that what it draws while it boots does
/// not depend on the run's seed, and what it draws afterwards does. A forked child starts with the default, and so with
/// a stream of its own.
#[derive(Debug, Default)]
pub struct Entropy {
    stream: Option<(Phase, Random)>,
}

/// What `prctl` and `personality` only remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    dumpable: u64,
    keep_capabilities: u64,
    no_new_privileges: u64,
    timer_slack: u64,
    huge_pages_disabled: u64,
}

impl Default for Attributes {
    fn default() -> Attributes {
        Attributes {
            dumpable: 1,
            keep_capabilities: 0,
            no_new_privileges: 0,
            timer_slack: 50_000,
            huge_pages_disabled: 0,
        }
    }
}

impl Kernel {
    /// Fills a buffer with the random bytes of a process: `getrandom`, `/dev/urandom`, `AT_RANDOM`.
    pub fn process_entropy(&mut self, process: ProcessId, into: &mut [u8]) {
        let (phase, seed) = (self.choices.phase(), self.entropy_seed());
        let entropy = &mut self.process_mut(process).entropy;
        if entropy.stream.as_ref().is_none_or(|(of, _)| *of != phase) {
            entropy.stream = Some((phase, Random::of_entropy(seed, process.service.0, process.pid)));
        }
        if let Some((_, random)) = &mut entropy.stream {
            random.fill(into);
        }
    }
}

/// `getrandom(buffer, size, flags)`.
///
/// # Errors
/// `EINVAL` for unknown flags, `EFAULT`.
pub fn getrandom(c: &mut Caller<'_>) -> Sys {
    let flags = c.arg(2) as u32;
    let exclusive = libc::GRND_RANDOM | libc::GRND_INSECURE;
    if flags & !(exclusive | libc::GRND_NONBLOCK) != 0 || flags & exclusive == exclusive {
        return Err(EINVAL);
    }
    let size = c.arg(1).min(32 << 20);
    c.check(c.arg(0), size, libc::PROT_WRITE as u32)?;
    let mut bytes = vec![0; size as usize];
    let process = c.process_id();
    c.k.process_entropy(process, &mut bytes);
    c.write(c.arg(0), &bytes)?;
    done(size)
}

/// `getpid()`.
///
/// # Errors
/// None.
pub fn getpid(c: &mut Caller<'_>) -> Sys {
    done(c.process_id().pid)
}
/// `gettid()`.
///
/// # Errors
/// None.
pub fn gettid(c: &mut Caller<'_>) -> Sys {
    done(c.id.tid)
}
/// `getppid()`.
///
/// # Errors
/// None.
pub fn getppid(c: &mut Caller<'_>) -> Sys {
    done(c.process().parent)
}
/// `getcpu(processor, node)`: one thread runs at a time, so it might as well be on the first that it may be on.
///
/// # Errors
/// `EFAULT`.
pub fn getcpu(c: &mut Caller<'_>) -> Sys {
    let processor = super::limits::affinity(c, c.id).trailing_zeros();
    for (n, value) in [(0, processor), (1, 0)] {
        if c.arg(n) != 0 {
            c.write_u32(c.arg(n), value)?;
        }
    }
    done(0)
}
/// `uname(name)`.
///
/// # Errors
/// `EFAULT`.
pub fn uname(c: &mut Caller<'_>) -> Sys {
    const FIELD: usize = 65;
    let host = c.k.service(c.service()).name.clone();
    let mut name = [0; FIELD * 6];
    for (n, text) in ["Linux", &host, RELEASE, VERSION, "x86_64", "(none)"].into_iter().enumerate() {
        let text = &text.as_bytes()[..text.len().min(FIELD - 1)];
        name[n * FIELD..n * FIELD + text.len()].copy_from_slice(text);
    }
    c.write(c.arg(0), &name)?;
    done(0)
}
/// `personality(persona)`: asking is fine, and so is plain Linux.
///
/// # Errors
/// `EINVAL` for anything else.
pub fn personality(c: &mut Caller<'_>) -> Sys {
    match c.arg(0) as u32 {
        0 | u32::MAX => done(0),
        _ => dispatch::refuse(c, EINVAL, "personality"),
    }
}

/// `arch_prctl(operation, address)`: the FS base. GS belongs to the hosting code.
///
/// # Errors
/// `EPERM` for an address that is not a program's and for GS, `ENODEV` for trapping `cpuid`, `EINVAL`, `EFAULT`.
pub fn arch_prctl(c: &mut Caller<'_>) -> Sys {
    const SET_GS: i32 = 0x1001;
    const SET_FS: i32 = 0x1002;
    const GET_FS: i32 = 0x1003;
    const GET_GS: i32 = 0x1004;
    const GET_CPUID: i32 = 0x1011;
    const SET_CPUID: i32 = 0x1012;
    match c.int(0) {
        SET_FS if c.arg(1) >= HIGHEST => Err(EPERM),
        SET_FS => {
            c.thread().fs_base = c.arg(1);
            done(0)
        }
        GET_FS => {
            let base = c.thread().fs_base;
            c.write_u64(c.arg(1), base)?;
            done(0)
        }
        GET_GS => {
            c.write_u64(c.arg(1), 0)?;
            done(0)
        }
        SET_GS => dispatch::refuse(c, EPERM, "ARCH_SET_GS"),
        GET_CPUID => done(1),
        SET_CPUID => dispatch::refuse(c, ENODEV, "ARCH_SET_CPUID"),
        // Probes of runtimes: shadow stacks, permission for large extended states.
        _ => Err(EINVAL),
    }
}
/// `set_tid_address(word)`.
///
/// # Errors
/// None.
pub fn set_tid_address(c: &mut Caller<'_>) -> Sys {
    c.thread().clear_tid = c.arg(0);
    done(c.id.tid)
}
/// Size of `struct robust_list_head`.
const ROBUST_HEAD: u64 = 24;
/// `set_robust_list(head, size)`.
///
/// # Errors
/// `EINVAL` for another size.
pub fn set_robust_list(c: &mut Caller<'_>) -> Sys {
    if c.arg(1) != ROBUST_HEAD {
        return Err(EINVAL);
    }
    c.thread().robust_list = c.arg(0);
    done(0)
}
/// `get_robust_list(tid, head, size)`.
///
/// # Errors
/// `ESRCH`, `EFAULT`.
pub fn get_robust_list(c: &mut Caller<'_>) -> Sys {
    let id = match c.arg(0) as u32 {
        0 => c.id,
        tid => model::ThreadId { service: c.service(), tid },
    };
    let head = c.k.threads.get(&id).ok_or(ESRCH)?.robust_list;
    c.write_u64(c.arg(2), ROBUST_HEAD)?;
    c.write_u64(c.arg(1), head)?;
    done(0)
}

/// Sets something that is on or off.
fn switch(value: u64, target: &mut u64) -> Sys {
    if value > 1 {
        return Err(EINVAL);
    }
    *target = value;
    done(0)
}
/// `prctl(option, …)`.
///
/// # Errors
/// `EINVAL` for options that are not simulated and for bad arguments, `EPERM`, `EFAULT`.
pub fn prctl(c: &mut Caller<'_>) -> Sys {
    let value = c.arg(1);
    match c.int(0) {
        libc::PR_SET_NAME | libc::PR_GET_NAME => thread_name(c),
        libc::PR_SET_PDEATHSIG if value > u64::from(crate::signal::SIGNALS) => Err(EINVAL),
        libc::PR_SET_PDEATHSIG => {
            c.process().parent_death_signal = value as u8;
            done(0)
        }
        libc::PR_GET_PDEATHSIG => {
            let signal = c.process().parent_death_signal;
            c.write_u32(value, u32::from(signal))?;
            done(0)
        }
        libc::PR_SET_DUMPABLE => switch(value, &mut c.process().attributes.dumpable),
        libc::PR_GET_DUMPABLE => done(c.process().attributes.dumpable),
        libc::PR_SET_KEEPCAPS => switch(value, &mut c.process().attributes.keep_capabilities),
        libc::PR_GET_KEEPCAPS => done(c.process().attributes.keep_capabilities),
        libc::PR_SET_NO_NEW_PRIVS if value != 1 => Err(EINVAL),
        libc::PR_SET_NO_NEW_PRIVS => switch(value, &mut c.process().attributes.no_new_privileges),
        libc::PR_GET_NO_NEW_PRIVS => done(c.process().attributes.no_new_privileges),
        libc::PR_SET_CHILD_SUBREAPER => {
            c.process().subreaper = value != 0;
            done(0)
        }
        libc::PR_GET_CHILD_SUBREAPER => {
            let subreaper = c.process().subreaper;
            c.write_u32(value, u32::from(subreaper))?;
            done(0)
        }
        libc::PR_SET_TIMERSLACK => {
            // 0 brings the default back.
            let default = Attributes::default().timer_slack;
            c.process().attributes.timer_slack = if value == 0 { default } else { value };
            done(0)
        }
        libc::PR_GET_TIMERSLACK => done(c.process().attributes.timer_slack),
        libc::PR_SET_THP_DISABLE => {
            c.process().attributes.huge_pages_disabled = u64::from(value != 0);
            done(0)
        }
        libc::PR_GET_THP_DISABLE => done(c.process().attributes.huge_pages_disabled),
        // Names for memory regions are not shown anywhere.
        libc::PR_SET_VMA => done(0),
        // The bounding set is full; nobody has anything of it.
        libc::PR_CAPBSET_READ if value > CAPABILITY_LAST => Err(EINVAL),
        libc::PR_CAPBSET_READ => done(1),
        libc::PR_SET_SECCOMP => dispatch::refuse(c, EINVAL, "PR_SET_SECCOMP"),
        libc::PR_SET_TSC => dispatch::refuse(c, EINVAL, "PR_SET_TSC"),
        PR_SET_SYSCALL_USER_DISPATCH => dispatch::refuse(c, EINVAL, "PR_SET_SYSCALL_USER_DISPATCH"),
        other => dispatch::refuse(c, EINVAL, &format!("prctl option {other}")),
    }
}
fn thread_name(c: &mut Caller<'_>) -> Sys {
    if c.int(0) == libc::PR_SET_NAME {
        // Longer names are cut, not refused; the page after the name need not be mapped.
        let mut name = Vec::new();
        while name.len() < NAME_MAX - 1 {
            let [byte] = c.read_array(c.arg(1).wrapping_add(name.len() as u64))?;
            if byte == 0 {
                break;
            }
            name.push(byte);
        }
        c.thread().name = text::to_text(name);
        return done(0);
    }
    let mut name = [0; NAME_MAX];
    for (to, from) in name[..NAME_MAX - 1].iter_mut().zip(&*text::to_bytes(&c.thread().name)) {
        *to = *from;
    }
    c.write(c.arg(1), &name)?;
    done(0)
}
