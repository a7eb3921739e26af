//! Host processes: one per address space of a world, each a fork of the supervisor or of another guest's process.

use crate::arena::{self, shared};
use crate::baton::Patience;
use crate::entry::{self, LOCAL};
use crate::patch::{self, Entry};
use crate::snapshot::{self, Order};
use crate::world::Boots;
use crate::{baton, cpuid, image, leash, raw, twin};
use kernel::AddressSpaceId;
use kernel::abi::errno::EAGAIN;
use model::{Errno, LoopSite};
use std::sync::atomic::{AtomicBool, Ordering};

/// How long a process that is not the supervisor's child waits for the baton before it looks whether that still lives.
/// The host ends it with its worker ([`leash`]), but not with the supervisor of a branch.
const PATIENCE: Patience = Patience::Nanos(500_000_000);

/// Whether the host ends this process with its supervisor: a fork of a guest is not the supervisor's child.
static BOUND: AtomicBool = AtomicBool::new(false);

/// Waits for the baton to run, and does what else is asked meanwhile; ends this process when the supervisor is gone.
pub(crate) fn wait_for_baton() {
    loop {
        wait();
        let answer = match Order::from_word(shared().order.swap(0, Ordering::Relaxed)) {
            Order::Run => return,
            Order::Take => u32::from(snapshot::take_memory().is_some()),
            Order::Rewind => u32::from(snapshot::rewind_memory().is_some()),
            Order::Digest => snapshot::digest_memory().map_or(0, |hash| {
                shared().digest.store(hash.0, Ordering::Relaxed);
                1
            }),
            Order::Branch => match twin::fork_guest() {
                Ok(Some(twin)) => twin,
                Ok(None) => continue,
                Err(_) => 0,
            },
        };
        shared().answer.store(answer, Ordering::Relaxed);
        baton::pass(AddressSpaceId::SUPERVISOR);
    }
}

fn wait() {
    let me = LOCAL.space.get();
    let patience = if BOUND.load(Ordering::Relaxed) { Patience::Endless } else { PATIENCE };
    while !baton::wait(me, patience) {
        let supervisor = shared().pids[0].load(Ordering::Relaxed);
        // SAFETY: signal 0 only asks whether the process exists.
        if unsafe { raw::syscall3(libc::SYS_kill, supervisor as u64, 0, 0) } == -i64::from(libc::ESRCH) {
            raw::exit(0);
        }
    }
}

/// Whether this process stays when its address space is gone: a snapshot needs it again.
fn outlives_its_space() -> bool {
    LOCAL.space.get().0 < shared().armed_below.load(Ordering::Relaxed)
}

/// This process's address space is gone. True if the process is to end as well: its number may soon be another's.
pub(crate) fn leave_world() -> bool {
    let ends = !outlives_its_space();
    if ends {
        shared().pids[LOCAL.space.get().0 as usize].store(0, Ordering::Relaxed);
    }
    ends
}

/// Which of the two processes after a fork this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forked {
    /// The one that asked, with the other's pid.
    Parent(i32),
    /// The new one.
    Child,
}

/// Forks this process.
///
/// # Errors
/// The host's reason.
pub(crate) fn fork() -> Result<Forked, Errno> {
    // SAFETY: this process has a single thread, and the child goes on with fbsim's own code alone.
    match unsafe { raw::syscall3(libc::SYS_fork, 0, 0, 0) } {
        0 => Ok(Forked::Child),
        pid if pid > 0 => Ok(Forked::Parent(pid as i32)),
        error => Err(Errno(-error as i32)),
    }
}

/// Forks the process of a new address space.
fn fork_host(child: AddressSpaceId) -> Result<Forked, Errno> {
    if child.0 as usize >= arena::SPACES_MAX {
        return Err(EAGAIN);
    }
    arena::baton(child).store(0, Ordering::Relaxed);
    let forked = fork()?;
    match forked {
        Forked::Parent(pid) => shared().pids[child.0 as usize].store(pid, Ordering::Relaxed),
        Forked::Child => {
            LOCAL.space.set(child);
            LOCAL.loaded.set(None);
        }
    }
    Ok(forked)
}

/// Makes good what a fork of a guest's process has lost.
pub(crate) fn settle_in() {
    BOUND.store(false, Ordering::Relaxed);
    arena::outside_arena(snapshot::forked);
    if !entry::arm() {
        raw::complain(&["fbsim: internal: syscall user dispatch could not be armed after a fork\n"]);
        raw::exit(70);
    }
}

/// Forks the process of a guest, inside its handler. Returns in the parent alone.
///
/// # Errors
/// The host's reason, or `EAGAIN` beyond the number of address spaces a world may have.
pub(crate) fn fork_guest(child: AddressSpaceId) -> Result<(), Errno> {
    if fork_host(child)? != Forked::Child {
        return Ok(());
    }
    settle_in();
    arena::leave_kernel_mode();
    entry::serve()
}

/// Forks the supervisor into the host process of a service's first program.
///
/// # Errors
/// The host's reason.
pub(crate) fn fork_first(child: AddressSpaceId, entry: Entry, boots: Boots, loops: &[LoopSite]) -> Result<(), Errno> {
    if fork_host(child)? != Forked::Child {
        return Ok(());
    }
    arena::map_in();
    prepare();
    patch::begin(entry, boots, loops);
    entry::serve()
}

/// Leaves behind what belongs to the supervisor, and makes the processor trap what would leak the host.
fn prepare() {
    const PR_SET_TSC: u64 = 26;
    const PR_TSC_SIGSEGV: u64 = 2;
    // SAFETY: closing descriptors and prctl change this process alone. Standard error stays for internal errors.
    unsafe {
        raw::syscall3(libc::SYS_close_range, 0, 1, 0);
        raw::syscall3(libc::SYS_close_range, 3, snapshot::KEPT_FD as u64 - 1, 0);
        raw::syscall3(libc::SYS_close_range, leash::FD as u64 + 1, u64::from(u32::MAX), 0);
        // Children that end need not be waited for: nobody could.
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        raw::syscall3(libc::SYS_prctl, PR_SET_TSC, PR_TSC_SIGSEGV, 0);
    }
    leash::follow(shared().pids[0].load(Ordering::Relaxed));
    BOUND.store(true, Ordering::Relaxed);
    image::forget();
    cpuid::trap();
    if !entry::arm() {
        raw::complain(&["fbsim: internal: syscall user dispatch could not be armed\n"]);
        raw::exit(70);
    }
}
