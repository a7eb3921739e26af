//! Address spaces: the kernel's own map of what each guest process has mapped, and the policy by which addresses are
//! handed out. The host is told to map exactly this, so no address ever depends on the host.
//!
//! ```text
//!   0x0000_0001_0000  lowest address a guest may ask for
//!   0x0000_7ff0_0000  a zone of the host's
//!   0x1555_5545_4000  a zone of the host's
//!   0x1555_5555_4000  position-independent program, then its heap (brk)
//!   …                 mmap area, handed out from the top down
//!   0x4fff_e000_0000  top of the mmap area; a zone of the host's
//!   0x4fff_ffff_f000  top of the main stack
//!   0x6000_0000_0000  the arena; everything from 0x5000… on is not the guest's
//! ```

mod calls;
mod inherit;
mod map;
mod pool;
mod remap;
mod shared;

pub use calls::*;
pub use inherit::AtFork;
pub use map::{AddressSpace, Backing, View, Vma};
pub use pool::Pool;
pub(crate) use pool::{Extents, Run};
pub(crate) use remap::mremap;

/// Lowest address a guest may map (`vm.mmap_min_addr` is at most this).
pub const LOWEST: u64 = 0x1_0000;
/// First address beyond what a guest may map.
pub const HIGHEST: u64 = 0x5000_0000_0000;
/// Where position-independent programs are loaded.
pub const PROGRAM_BASE: u64 = 0x1555_5555_4000;
/// Top of the area that `mmap` hands out addresses from, downwards.
pub const MMAP_TOP: u64 = 0x4fff_e000_0000;
/// Top of the main thread's stack.
pub const STACK_TOP: u64 = 0x4fff_ffff_f000;
/// Size of the main thread's stack.
pub const STACK_SIZE: u64 = 8 << 20;
/// Where the hosting crate may keep code of its own, each within a jump's reach (2 GiB) of code that guests map nearby:
/// programs at fixed addresses, position-independent programs, and libraries. A guest never gets these addresses.
pub const HOST_ZONES: [u64; 3] = [0x7ff0_0000, PROGRAM_BASE - 0x10_0000, MMAP_TOP];
/// Size of each of them.
pub const HOST_ZONE_SIZE: u64 = 0x4_0000;
/// Where every program finds functions that read clocks (vdso(7)): the last page of the zone near libraries.
pub const VDSO: u64 = MMAP_TOP + HOST_ZONE_SIZE - crate::abi::PAGE;
