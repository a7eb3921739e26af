//! The simulated Linux kernel.
//!
//! A system call of a guest is a call of [`Kernel::syscall`] in the guest's own address space; the state below lives
//! in memory that all processes of a world share. Exactly one thread of one process runs at a time (it holds the
//! *baton*), so there are no locks.
//!
//! ```text
//!   guest traps ──> Kernel::syscall ──> syscall::dispatch ──> handler: Done | Block | NoReturn
//!                        │                                         │
//!                        ▼                                         ▼ parked under WaitKeys, a deadline or both
//!                   Kernel::advance ──> scheduler::pick ──> Stay | Resume(thread) | Pass(address space)
//! ```
//!
//! A handler never blocks: it finishes, or says what it waits for. When that may have come, the thread becomes
//! runnable and its handler is run again *by its own process*, with what it left in [`InCall`]. So no kernel stack is
//! kept per thread and the state is consistent whenever the baton moves.
//!
//! Invariant: nothing here reads a clock, an environment or a file of the host. Guest memory, the read-only image and
//! the few host services are reached through the [`Host`] trait alone. Only ordered collections are used.

pub mod abi;
pub mod caller;
pub mod causality;
pub mod dense;
pub mod driver;
pub mod exec;
pub mod faults;
pub mod file;
pub mod fs;
pub mod futex;
pub mod host;
pub mod ipc;
pub mod log;
pub mod memory;
pub mod net;
pub mod process;
pub mod registers;
pub mod scheduler;
pub mod signal;
pub mod syscall;
pub mod terminal;
pub mod time;
pub mod wait;

mod world;

pub use caller::Caller;
pub use host::{AddressSpaceId, Host};
pub use process::{InCall, Pending, Process, ProcessId, Thread, ThreadState};
pub use registers::Registers;
pub use scheduler::Switch;
pub use syscall::{Outcome, Sys};
pub use wait::{Restart, Wait, WaitKey};
pub use world::{Config, Ending, Kernel, Owner, ServiceHost};
