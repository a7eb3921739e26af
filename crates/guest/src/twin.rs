//! A second world that goes on from where this one is, while this one waits: the processes fork, the arena and the pool
//! are copied.
//!
//! ```text
//!   supervisor ── copies arena and pool into a file
//!      │ Order::Branch ─> guest's process ── forks ──> its twin maps the file where arena and pool were, and waits
//!      │        …         (waits for the baton)         there for the baton
//!      └── forks ─────────────────────────────> twin supervisor: maps the file, goes on with the run
//!      waits <─────────────────── a report ──── its run is over: takes its processes down, ends
//! ```
//!
//! The twins share no memory with the world they came from but what is read alone: the image, and the store behind
//! private mappings. One process of both worlds runs at any time. There is one file, so a twin has no twins.

use crate::arena::{self, peek, shared, with_kernel};
use crate::process::{self, Forked};
use crate::region::{self, Behind};
use crate::snapshot::{self, Order};
use crate::{leash, pool, raw};
use kernel::AddressSpaceId;
use kernel::memory::Backing;
use model::Errno;
use std::sync::atomic::{AtomicBool, Ordering};

/// The descriptors that the twin's arena and pool, and its report, have in every process of a worker.
pub(crate) const WORLD_FD: i32 = snapshot::KEPT_FD + 1;
const REPORT_FD: i32 = WORLD_FD + 1;
/// The last of the descriptors that processes of guests keep.
pub(crate) const LAST_FD: i32 = REPORT_FD;

/// Whether this process is of a twin world.
static TWIN: AtomicBool = AtomicBool::new(false);

/// On which side of a branching the supervisor is.
#[derive(Debug)]
pub enum Side {
    /// In the new world.
    Twin,
    /// In the old one; the new one is over and has left this, unless something went wrong.
    Origin(Option<Vec<u8>>),
}

/// Opens the files. Once per worker. False if the host does not let it; there are no branches then.
pub(crate) fn open() -> bool {
    snapshot::keep_file(WORLD_FD) && snapshot::keep_file(REPORT_FD)
}

/// Branches the world as it is; the supervisor holds the baton.
pub(crate) fn branch() -> Side {
    if TWIN.load(Ordering::Relaxed) || !write_world() {
        return Side::Origin(None);
    }
    let spaces: Vec<AddressSpaceId> =
        peek(|k| k.spaces.keys().filter(|space| *space != AddressSpaceId::SUPERVISOR).collect());
    let mut twins = Vec::new();
    for space in spaces {
        let Some(pid) = snapshot::order(space, Order::Branch) else {
            kill(&twins);
            return Side::Origin(None);
        };
        twins.push(pid as i32);
        raw::write_all(WORLD_FD, &pid.to_le_bytes(), arena::place_of_pid(space));
    }
    match process::fork() {
        Err(_) => {
            kill(&twins);
            Side::Origin(None)
        }
        Ok(Forked::Child) => {
            become_supervisor();
            Side::Twin
        }
        Ok(Forked::Parent(pid)) => {
            // SAFETY: waits for the child made above; no status is asked for.
            while unsafe { raw::syscall(libc::SYS_wait4, [pid as u64, 0, 0, 0, 0, 0]) } == -i64::from(libc::EINTR) {}
            snapshot::reap();
            let report = read_report();
            if report.is_none() {
                // It died before it could take its world down; what its guests had forked notices by itself.
                kill(&twins);
            }
            Side::Origin(report)
        }
    }
}

/// Leaves what the origin is to know, and ends this process. The guests of this world are gone already.
pub(crate) fn report(bytes: &[u8]) -> ! {
    let len = (bytes.len() as u64).to_le_bytes();
    // The length comes last: a report is there or is not.
    let written = raw::write_all(REPORT_FD, bytes, len.len() as u64) && raw::write_all(REPORT_FD, &len, 0);
    raw::exit(if written { 0 } else { 70 })
}

fn read_report() -> Option<Vec<u8>> {
    let mut len = [0; 8];
    if raw::read_all(REPORT_FD, &mut len, 0)? != len.len() {
        return None;
    }
    let mut bytes = vec![0; u64::from_le_bytes(len) as usize];
    (raw::read_all(REPORT_FD, &mut bytes, len.len() as u64)? == bytes.len()).then_some(bytes)
}

/// Copies arena and pool into the file, and empties the report.
fn write_world() -> bool {
    let empty = |fd: i32, len: usize| {
        // SAFETY: no living process maps either file: the twins before have ended.
        unsafe {
            raw::syscall3(libc::SYS_ftruncate, fd as u64, 0, 0) == 0
                && raw::syscall3(libc::SYS_ftruncate, fd as u64, len as u64, 0) == 0
        }
    };
    let used = peek(|k| k.pool.used());
    empty(REPORT_FD, 0)
        && empty(WORLD_FD, arena::LEN + pool::LEN)
        && arena::write_to(WORLD_FD)
        && pool::write_to(WORLD_FD, arena::LEN as u64, used)
}

/// Puts the file in the place of arena and pool.
fn enter_world() {
    TWIN.store(true, Ordering::Relaxed);
    let arena = region::map(arena::BASE, arena::LEN, Behind::File(WORLD_FD, 0));
    let pool = region::map(pool::BASE, pool::LEN, Behind::File(WORLD_FD, arena::LEN as u64));
    if arena.is_err() || pool.is_err() {
        raw::complain(&["fbsim: internal: a branch could not map its world\n"]);
        raw::exit(70);
    }
}

fn become_supervisor() {
    // The new world does not know the supervisor this one comes from.
    leash::follow(shared().pids[0].load(Ordering::Relaxed));
    enter_world();
    // SAFETY: getpid has no preconditions.
    let pid = unsafe { raw::syscall3(libc::SYS_getpid, 0, 0, 0) };
    shared().pids[0].store(pid as i32, Ordering::Relaxed);
    // What guests map of the pool is still the pool of the other world.
    with_kernel(|k| {
        let spaces: Vec<AddressSpaceId> = k.spaces.keys().collect();
        for space in spaces {
            let shown = |vma: &kernel::memory::Vma| matches!(vma.backing, Backing::Shared(_) | Backing::Ahead(_));
            let views: Vec<(u64, u64)> =
                k.memory(space).iter().filter(|(_, vma)| shown(vma)).map(|(at, vma)| (at, vma.end - at)).collect();
            if !views.is_empty() {
                k.stale.entry(space).or_default().extend(views);
            }
        }
    });
}

/// The part of a guest's process. In the old world it returns the twin's pid, in the new one nothing: the twin belongs to
/// another arena now, and waits for its baton there.
///
/// # Errors
/// The host's reason.
pub(crate) fn fork_guest() -> Result<Option<u32>, Errno> {
    Ok(match process::fork()? {
        Forked::Parent(pid) => Some(pid as u32),
        Forked::Child => {
            enter_world();
            process::settle_in();
            None
        }
    })
}

fn kill(pids: &[i32]) {
    for pid in pids {
        // SAFETY: forks of this world's processes, which have ended or end here.
        unsafe { raw::syscall3(libc::SYS_kill, *pid as u64, libc::SIGKILL as u64, 0) };
    }
}
