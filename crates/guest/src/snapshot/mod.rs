//! Going back to one moment of a world, again and again.
//!
//! ```text
//!   supervisor                                   each guest's process, asked by its baton
//!   take:   Order::Take to each ───────────────> private memory into the store, mapped over itself from there
//!           arena and pool copied
//!   rewind: processes made since are killed
//!           arena and pool copied back
//!           Order::Rewind to each ─────────────> changed mappings made anew; dirtied pages copied back
//! ```
//!
//! The store is a memory file. A guest's memory is a private mapping of it, so what a run wrote is what the host made
//! private copies of, which `/proc/self/pagemap` tells. Such pages stay private and are copied back by every later
//! rewind: most runs write the same ones, and a copy costs a tenth of a fault.
//!
//! Nothing of this is visible to the kernel or to a guest: a run from a snapshot is the run from a fresh boot.

mod digest;
mod ioctl;
mod memory;
mod pagemap;
mod ranges;
mod store;

pub(crate) use digest::digest as digest_memory;
pub(crate) use memory::{Cover, Replaced, changed, cover, forked, rewind as rewind_memory, take as take_memory};
pub(crate) use store::{KEPT_FD, keep_file, open};

use crate::arena::{self, peek, shared};
use crate::baton::Patience;
use crate::{baton, pool};
use kernel::AddressSpaceId;
use kernel::abi::PAGE;
use kernel::memory::Backing;
use model::EventHash;
use std::sync::atomic::Ordering;

/// What a guest's process is asked to do when it gets the baton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Order {
    /// To run.
    Run = 0,
    /// To save its memory.
    Take = 1,
    /// To restore its memory.
    Rewind = 2,
    /// To fork for a branch of the world.
    Branch = 3,
    /// To hash its memory.
    Digest = 4,
}

impl Order {
    pub(crate) fn from_word(word: u32) -> Order {
        match word {
            1 => Order::Take,
            2 => Order::Rewind,
            3 => Order::Branch,
            4 => Order::Digest,
            _ => Order::Run,
        }
    }
}

/// A moment to go back to, as the supervisor keeps it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    arena: arena::Saved,
    pool: Vec<u8>,
    spaces: Vec<AddressSpaceId>,
    next_space: u32,
}

/// How long the supervisor waits for a process before it looks whether that still lives.
const PATIENCE: Patience = Patience::Nanos(200_000_000);

impl Snapshot {
    /// Takes a snapshot of the world as it is; the supervisor holds the baton. `None` if the host does not let it.
    pub(crate) fn take() -> Option<Snapshot> {
        let (spaces, next_space) = peek(|k| {
            let spaces: Vec<AddressSpaceId> = k.spaces.keys().filter(|s| *s != AddressSpaceId::SUPERVISOR).collect();
            (spaces, k.next_space)
        });
        store::clear()?;
        for space in &spaces {
            order(*space, Order::Take)?;
        }
        shared().armed_below.store(next_space, Ordering::Relaxed);
        let mut saved_pool = vec![0; peek(|k| k.pool.used()) as usize];
        pool::read(0, &mut saved_pool);
        Some(Snapshot { arena: arena::Saved::copy(), pool: saved_pool, spaces, next_space })
    }

    /// Goes back. `None` if a process is lost; the world is of no use then.
    pub(crate) fn rewind(&self) -> Option<()> {
        let now = peek(|k| k.next_space);
        for pid in &shared().pids[self.next_space as usize..now as usize] {
            let pid = pid.swap(0, Ordering::Relaxed);
            if pid > 0 {
                // SAFETY: a process of this world: one that has ended has taken itself off the list.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
        }
        reap();
        self.arena.restore();
        pool::write(0, &self.pool);
        self.spaces.iter().try_for_each(|space| order(*space, Order::Rewind).map(|_| ()))
    }
}

/// Takes note of the children that have ended, those adopted from guests among them, without waiting for any.
pub(crate) fn reap() {
    // SAFETY: asks for no status.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
}

/// Has a process do something, and returns its answer. `None` if it failed or is gone.
pub(crate) fn order(space: AddressSpaceId, what: Order) -> Option<u32> {
    let header = shared();
    header.answer.store(0, Ordering::Relaxed);
    header.order.store(what as u32, Ordering::Relaxed);
    baton::pass(space);
    while !baton::wait(AddressSpaceId::SUPERVISOR, PATIENCE) {
        let pid = header.pids[space.0 as usize].load(Ordering::Relaxed);
        if crate::watchdog::is_gone(pid) {
            return None;
        }
    }
    Some(header.answer.load(Ordering::Relaxed)).filter(|answer| *answer != 0)
}

/// A hash of all memory that guests can have written; the supervisor holds the baton. `None` if the host does not tell
/// which pages there are, or a process is lost.
pub(crate) fn memory_hash() -> Option<EventHash> {
    let spaces: Vec<AddressSpaceId> =
        peek(|k| k.spaces.keys().filter(|space| *space != AddressSpaceId::SUPERVISOR).collect());
    let mut hash = EventHash::default();
    for space in spaces {
        order(space, Order::Digest)?;
        hash.words([u64::from(space.0), shared().digest.load(Ordering::Relaxed)]);
    }
    let mut page = [0; PAGE as usize];
    for at in (0..peek(|k| k.pool.used())).step_by(PAGE as usize) {
        pool::read(at, &mut page);
        digest::add_bytes(&mut hash, at, &page);
    }
    Some(hash)
}

/// Whether a mapping's content is the process's own, so that it has to be saved.
fn is_private(backing: &Backing) -> bool {
    matches!(backing, Backing::Anonymous | Backing::File(..) | Backing::Copied(..))
}
