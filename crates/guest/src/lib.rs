//! Hosting unmodified programs inside fbsim. All `unsafe` of the project is here.
//!
//! ```text
//!   supervisor (World)                 host process of an address space
//!   ├ tasks of the driver              ├ the guest's own image, libraries, stack
//!   │   (coroutines)                   ├ entry: SIGSYS, SIGSEGV, patched sites ─> kernel ─> some guest thread
//!   └────────────┬─────────────────────┴──────┬──
//!                ▼ same addresses everywhere  ▼
//!        arena: Kernel, allocated by ordinary collections through [`Allocator`]
//!        batons: one futex word per address space; exactly one process runs
//! ```
//!
//! Invariants:
//! * Whoever holds the baton may touch the arena; nobody else runs, so there are no locks.
//! * A host process has one host thread. Guest threads are contexts in the arena.
//! * No host pointer, pid, descriptor or time reaches the kernel crate, an event or a guest.

pub mod arena;
mod baton;
mod context;
pub mod cpuid;
mod entry;
mod host;
mod image;
mod leash;
mod loops;
mod math;
mod mem;
pub mod net;
mod patch;
pub mod pool;
mod process;
mod raw;
mod region;
pub mod requirements;
mod snapshot;
mod tasks;
mod twin;
mod watchdog;
pub mod worker;
pub mod world;

pub use arena::Allocator;
pub use patch::Entry;
pub use requirements::{Requirement, check_host};
pub use world::{Boots, Console, World, WorldError, WorldOptions};
