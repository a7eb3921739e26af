//! Identity: every guest is the same ordinary user, without capabilities, for its whole life.

use crate::abi::errno::{EACCES, EFAULT, EINVAL, EPERM, ESRCH};
use crate::caller::Caller;
use crate::process::ProcessId;
use crate::syscall::{Sys, done};

/// An argument that leaves an id as it is.
const UNCHANGED: u32 = u32::MAX;

/// `getuid()` and `geteuid()`.
///
/// # Errors
/// None.
pub fn getuid(c: &mut Caller<'_>) -> Sys {
    done(c.owner().uid)
}
/// `getgid()` and `getegid()`.
///
/// # Errors
/// None.
pub fn getgid(c: &mut Caller<'_>) -> Sys {
    done(c.owner().gid)
}

/// The id that a call is about: for `set…gid` that of the group.
fn id_of(c: &Caller<'_>) -> u32 {
    let groups = [libc::SYS_setgid, libc::SYS_setregid, libc::SYS_setresgid, libc::SYS_getresgid, libc::SYS_setfsgid];
    let owner = c.owner();
    if groups.contains(&(c.k.threads[&c.id].call.number as i64)) { owner.gid } else { owner.uid }
}
/// Accepts ids that change nothing.
fn unchanged(c: &Caller<'_>, count: usize) -> Sys {
    let own = id_of(c);
    let same = |n: usize| c.arg(n) as u32 == own || c.arg(n) as u32 == UNCHANGED;
    if (0..count).all(same) { done(0) } else { Err(EPERM) }
}
/// `setuid(uid)` and `setgid(gid)`.
///
/// # Errors
/// `EPERM` for another id, `EINVAL` for -1.
pub fn set_id(c: &mut Caller<'_>) -> Sys {
    match c.arg(0) as u32 {
        UNCHANGED => Err(EINVAL),
        id if id == id_of(c) => done(0),
        _ => Err(EPERM),
    }
}
/// `setreuid(real, effective)` and `setregid`.
///
/// # Errors
/// `EPERM` for other ids.
pub fn set_two_ids(c: &mut Caller<'_>) -> Sys {
    unchanged(c, 2)
}
/// `setresuid(real, effective, saved)` and `setresgid`.
///
/// # Errors
/// `EPERM` for other ids.
pub fn set_three_ids(c: &mut Caller<'_>) -> Sys {
    unchanged(c, 3)
}
/// `setfsuid(uid)` and `setfsgid`: return the previous id and never fail.
///
/// # Errors
/// None.
pub fn set_fs_id(c: &mut Caller<'_>) -> Sys {
    done(id_of(c))
}
/// `getresuid(real, effective, saved)` and `getresgid`.
///
/// # Errors
/// `EFAULT`.
pub fn get_three_ids(c: &mut Caller<'_>) -> Sys {
    let id = id_of(c);
    for n in 0..3 {
        c.write_u32(c.arg(n), id)?;
    }
    done(0)
}
/// `getgroups(size, list)`: the user is in one group, its own.
///
/// # Errors
/// `EINVAL` if the list is too small, `EFAULT`.
pub fn getgroups(c: &mut Caller<'_>) -> Sys {
    match c.int(0) {
        0 => done(1),
        n if n < 0 => Err(EINVAL),
        _ => {
            let gid = c.owner().gid;
            c.write_u32(c.arg(1), gid)?;
            done(1)
        }
    }
}

/// `_LINUX_CAPABILITY_VERSION_3`.
const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// The process a capability call is about, or that it only asks for the version.
fn capability_header(c: &mut Caller<'_>) -> Result<Option<i32>, model::Errno> {
    let (version, pid) = (c.read_u32(c.arg(0))?, c.read_u32(c.arg(0).wrapping_add(4))? as i32);
    if version != CAPABILITY_VERSION {
        c.write_u32(c.arg(0), CAPABILITY_VERSION)?;
        return if c.arg(1) == 0 { Ok(None) } else { Err(EINVAL) };
    }
    if pid < 0 {
        return Err(EINVAL);
    }
    if pid != 0 && c.process_named(pid).is_none() {
        return Err(ESRCH);
    }
    Ok(Some(pid))
}
/// `capget(header, data)`: there are none.
///
/// # Errors
/// `EINVAL` for an unknown version, `ESRCH`, `EFAULT`.
pub fn capget(c: &mut Caller<'_>) -> Sys {
    if capability_header(c)?.is_some() && c.arg(1) != 0 {
        c.write(c.arg(1), &[0; 24])?;
    }
    done(0)
}
/// `capset(header, data)`: giving up what one does not have is fine.
///
/// # Errors
/// `EPERM` for any capability, `EINVAL` for an unknown version, `ESRCH`, `EFAULT`.
pub fn capset(c: &mut Caller<'_>) -> Sys {
    if capability_header(c)?.is_none() {
        return Err(EFAULT);
    }
    let wanted: [u8; 24] = c.read_array(c.arg(1))?;
    if wanted.iter().all(|b| *b == 0) { done(0) } else { Err(EPERM) }
}

/// The process an argument names; 0 is the caller's.
fn named(c: &Caller<'_>, n: usize) -> Option<ProcessId> {
    match c.int(n) {
        0 => Some(c.process_id()),
        pid => Some(ProcessId { service: c.service(), pid: pid as u32 }).filter(|p| c.k.processes.contains_key(p)),
    }
}
/// `getpgid(pid)`.
///
/// # Errors
/// `ESRCH`.
pub fn getpgid(c: &mut Caller<'_>) -> Sys {
    let process = named(c, 0).ok_or(ESRCH)?;
    done(c.k.processes[&process].pgid)
}
/// `getpgrp()`.
///
/// # Errors
/// None.
pub fn getpgrp(c: &mut Caller<'_>) -> Sys {
    done(c.process().pgid)
}
/// `getsid(pid)`.
///
/// # Errors
/// `ESRCH`.
pub fn getsid(c: &mut Caller<'_>) -> Sys {
    let process = named(c, 0).ok_or(ESRCH)?;
    done(c.k.processes[&process].sid)
}
/// `setsid()`: starts a session with the caller as its leader.
///
/// # Errors
/// `EPERM` if a process group has the caller's number already.
pub fn setsid(c: &mut Caller<'_>) -> Sys {
    let own = c.process_id();
    if c.processes().iter().any(|p| c.k.processes[p].pgid == own.pid) {
        return Err(EPERM);
    }
    let process = c.process();
    (process.sid, process.pgid) = (own.pid, own.pid);
    process.terminal = None;
    done(own.pid)
}
/// `setpgid(pid, pgid)`.
///
/// # Errors
/// `EINVAL`, `ESRCH` unless it is the caller or a child, `EACCES` for a child that has executed a program, `EPERM` for
/// a session leader, a child in another session, or a group that is not in the session.
pub fn setpgid(c: &mut Caller<'_>) -> Sys {
    if c.int(1) < 0 {
        return Err(EINVAL);
    }
    let own = c.process_id();
    let target = named(c, 0).ok_or(ESRCH)?;
    let pgid = if c.int(1) == 0 { target.pid } else { c.int(1) as u32 };
    let (sid, entry) = (c.k.processes[&own].sid, &c.k.processes[&target]);
    if target != own {
        if entry.parent != own.pid {
            return Err(ESRCH);
        }
        if entry.sid != sid {
            return Err(EPERM);
        }
        if entry.has_execed {
            return Err(EACCES);
        }
    }
    if entry.sid == target.pid {
        return Err(EPERM);
    }
    let joins = |p: &ProcessId| c.k.processes[p].pgid == pgid && c.k.processes[p].sid == sid;
    if pgid != target.pid && !c.processes().iter().any(joins) {
        return Err(EPERM);
    }
    c.k.process_mut(target).pgid = pgid;
    done(0)
}
