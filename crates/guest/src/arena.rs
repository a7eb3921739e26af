//! The arena: memory that all processes of a world share at one address, and the allocator that serves kernel code
//! from it.
//!
//! ```text
//!   BASE    Header: allocator state, batons, host pids, the kernel's address
//!   +4 MiB  objects: power-of-two size classes with free lists, and a bump pointer for fresh memory
//! ```
//!
//! Kernel state is ordinary collections. [`Allocator`] serves an allocation from the arena while *kernel mode* is on
//! and from the process otherwise; memory is freed by address. So nothing in the arena may be made in process mode
//! and kept there: whoever hands the kernel a value clones it in kernel mode ([`with_kernel`]).
//!
//! A new world takes the arena over from its start: fresh allocations come at the same addresses in the same order,
//! whatever the world before did.

use crate::raw;
use crate::region::Behind;
use kernel::{AddressSpaceId, Kernel};
use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use tikv_jemallocator::Jemalloc as Process;

/// Where the arena lies, in every process.
pub const BASE: usize = 0x6000_0000_0000;
/// How much address space it may use. Memory is taken as it is touched.
pub const LEN: usize = 1 << 35;
const OBJECTS: usize = BASE + (4 << 20);
/// Most address spaces a world may ever have.
pub const SPACES_MAX: usize = kernel::host::ADDRESS_SPACES as usize;
/// The class of blocks that will be filled to the end, chunks of the event log: the host gives their pages at once.
const POPULATED: usize = 16;
/// What is kept of the arena's memory from one world to the next.
const KEEP: usize = 64 << 20;

/// Pages of the host's that hold so much need a five hundredth of the faults, and of the processor's room for
/// translations, which every switch from one process to another empties.
const LARGE: usize = 2 << 20;
/// A world whose objects take no more than this does with small pages: large ones take longer to clear.
const SMALL: usize = 768 << 10;
/// So many bytes of small pages are taken from the host at once: a fault for each page takes longer.
const STEP: usize = 32 << 10;
/// The host has no such pages.
const NO_LARGE: usize = usize::MAX;

#[repr(C)]
pub(crate) struct Header {
    bump: usize,
    /// Up to here objects lie in large pages; [`NO_LARGE`] if they do not.
    large: usize,
    /// Up to here the host was asked for pages. Read by processes that have no baton yet.
    taken: AtomicUsize,
    free: [usize; 48],
    kernel: *mut Kernel,
    /// Counts entries into the kernel, so that the supervisor sees that something happens.
    pub(crate) entries: AtomicU64,
    /// 1 when fbsim's own code failed in some process of the world.
    pub(crate) broken: AtomicU32,
    /// What the process that gets the baton is to do ([`crate::snapshot::Order`]), and 1 if it did.
    pub(crate) order: AtomicU32,
    pub(crate) answer: AtomicU32,
    /// What a process that was asked to hash its memory found.
    pub(crate) digest: AtomicU64,
    /// Address spaces below this number are part of a snapshot: their processes outlive them.
    pub(crate) armed_below: AtomicU32,
    /// Turns of counted loops that are left until the thread at work enters, and room for a register meanwhile.
    pub(crate) turns: AtomicI64,
    pub(crate) scratch: AtomicU64,
    /// What the watchdog wants to know ([`crate::watchdog::Ask`]).
    pub(crate) ask: AtomicU32,
    /// How much of the snapshots' store is taken.
    pub(crate) stored: AtomicU64,
    /// The address space that was handed the baton last.
    pub(crate) holder: AtomicU32,
    pub(crate) batons: [AtomicU32; SPACES_MAX],
    pub(crate) pids: [AtomicI32; SPACES_MAX],
}

/// Where the address of the kernel is kept.
pub(crate) const KERNEL_AT: usize = BASE + std::mem::offset_of!(Header, kernel);

const _: () = assert!(size_of::<Header>() <= OBJECTS - BASE);

impl Header {
    /// Takes pages for the memory up to `bump` and a little more.
    #[cold]
    fn take(&mut self) {
        if self.bump <= OBJECTS + SMALL {
            while *self.taken.get_mut() < self.bump {
                let from = *self.taken.get_mut() as u64;
                // SAFETY: the range lies in the arena's mapping; its content stays. A host that does not know the call
                // takes pages by faults.
                unsafe { raw::syscall3(libc::SYS_madvise, from, STEP as u64, libc::MADV_POPULATE_WRITE as u64) };
                *self.taken.get_mut() += STEP;
            }
        } else {
            self.enlarge();
            *self.taken.get_mut() = self.large;
        }
    }
    /// Puts the memory up to `bump` and a little more into large pages.
    fn enlarge(&mut self) {
        const MADV_COLLAPSE: u64 = 25;
        while self.large < self.bump {
            // SAFETY: the range lies in the arena's mapping; its content stays.
            let advise = |len: usize, what: u64| unsafe {
                raw::syscall3(libc::SYS_madvise, self.large as u64, len as u64, what) == 0
            };
            // Where there is nothing yet, there is nothing to be put together.
            let done =
                advise(kernel::abi::PAGE as usize, libc::MADV_POPULATE_WRITE as u64) && advise(LARGE, MADV_COLLAPSE);
            self.large = if done { self.large + LARGE } else { NO_LARGE };
        }
    }
}

/// True while kernel code runs in this process. Private to the process: it is forked, never shared.
static KERNEL_MODE: AtomicBool = AtomicBool::new(false);

/// The global allocator that every binary hosting worlds must install. A process's own heap is jemalloc's: evaluating a
/// specification makes and drops thousands of small objects in every run, at a third of the C library's cost.
#[derive(Debug)]
pub struct Allocator;

fn class_of(layout: Layout) -> usize {
    layout.size().max(layout.align()).max(16).next_power_of_two().trailing_zeros() as usize
}

fn in_arena(at: usize) -> bool {
    (BASE..BASE + LEN).contains(&at)
}

// SAFETY: memory from the arena is disjoint (a bump pointer and per-class free lists of blocks that fit size and
// alignment); only the holder of the baton allocates in kernel mode, so there is no concurrency.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !KERNEL_MODE.load(Ordering::Relaxed) {
            // SAFETY: the caller's obligations are passed on.
            return unsafe { Process.alloc(layout) };
        }
        let class = class_of(layout);
        // SAFETY: kernel mode is on, so the arena is mapped and this process holds the baton.
        let header = unsafe { &mut *header() };
        let head = header.free[class];
        if head != 0 {
            // SAFETY: a free block holds the address of the next free block of its class.
            header.free[class] = unsafe { *(head as *const usize) };
            return head as *mut u8;
        }
        let size = 1usize << class;
        let at = header.bump.next_multiple_of(size.min(4096));
        if at + size > BASE + LEN {
            return std::ptr::null_mut();
        }
        header.bump = at + size;
        if header.bump > header.taken.load(Ordering::Relaxed) {
            header.take();
        }
        if class == POPULATED && header.large == NO_LARGE {
            // SAFETY: the range lies in the arena's mapping. A host that does not know the call takes pages by faults.
            unsafe { raw::syscall3(libc::SYS_madvise, at as u64, size as u64, libc::MADV_POPULATE_WRITE as u64) };
        }
        at as *mut u8
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if !in_arena(at as usize) {
            // SAFETY: not from the arena, so from the process's allocator.
            return unsafe { Process.dealloc(at, layout) };
        }
        let class = class_of(layout);
        // SAFETY: the block came from this class and nobody uses it any more; see `alloc` for the header.
        unsafe {
            let header = &mut *header();
            *(at as *mut usize) = header.free[class];
            header.free[class] = at as usize;
        }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size is valid for this alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        if in_arena(at as usize) {
            if class_of(layout) == class_of(new_layout) {
                return at;
            }
        } else if !KERNEL_MODE.load(Ordering::Relaxed) {
            // SAFETY: from the process's allocator, and stays there.
            return unsafe { Process.realloc(at, layout, new_size) };
        }
        // SAFETY: a fresh block, at least as large as what is copied into it, then the old one is freed.
        unsafe {
            let fresh = self.alloc(new_layout);
            if !fresh.is_null() {
                std::ptr::copy_nonoverlapping(at, fresh, layout.size().min(new_size));
                self.dealloc(at, layout);
            }
            fresh
        }
    }
}

pub(crate) fn header() -> *mut Header {
    BASE as *mut Header
}

/// The batons and other words that processes share.
pub(crate) fn shared() -> &'static Header {
    // SAFETY: the arena is mapped for the life of the process before any world exists; what is reached through this
    // reference outside kernel mode are atomics.
    unsafe { &*header() }
}

/// Maps the arena. Once per worker process, before any world.
///
/// # Errors
/// The host's reason.
pub fn map() -> Result<(), nix::Error> {
    crate::region::map(BASE, LEN, Behind::Fresh)?;
    // SAFETY: mapped just now, and no world exists.
    unsafe {
        (*header()).large = OBJECTS;
        (*header()).taken = AtomicUsize::new(OBJECTS);
    }
    Ok(())
}

/// Has the host map what the arena holds, which a process that was just forked would else fault in page by page.
pub(crate) fn map_in() {
    let len = shared().taken.load(Ordering::Relaxed).min(OBJECTS + SMALL) - OBJECTS;
    // SAFETY: the range lies in the arena's mapping; its content stays.
    unsafe { raw::syscall3(libc::SYS_madvise, OBJECTS as u64, len as u64, libc::MADV_POPULATE_WRITE as u64) };
}

/// Forgets the world before and builds a new kernel in the arena.
pub(crate) fn build(make: impl FnOnce() -> Kernel) {
    // SAFETY: the processes of the world before are gone and its kernel is not used again; all its memory is in the
    // arena, so forgetting it leaks nothing.
    unsafe {
        let header = &mut *header();
        let used = header.bump.saturating_sub(OBJECTS);
        if used > KEEP {
            let at = (OBJECTS + KEEP) as *mut libc::c_void;
            libc::madvise(at, used - KEEP, libc::MADV_REMOVE);
            if header.large != NO_LARGE {
                header.large = OBJECTS + KEEP;
                header.taken = AtomicUsize::new(OBJECTS + KEEP);
            }
        }
        header.bump = OBJECTS;
        header.free = [0; 48];
        header.entries.store(0, Ordering::Relaxed);
        header.broken.store(0, Ordering::Relaxed);
        header.order.store(0, Ordering::Relaxed);
        header.turns.store(i64::from(kernel::scheduler::TURNS), Ordering::Relaxed);
        header.armed_below.store(0, Ordering::Relaxed);
    }
    let was = mode(true);
    let kernel = Box::into_raw(Box::new(make()));
    KERNEL_MODE.store(was, Ordering::Relaxed);
    assert!(in_arena(kernel as usize), "the binary must install guest::Allocator as its global allocator");
    // SAFETY: as above.
    unsafe { (*header()).kernel = kernel };
}

/// The state of the arena at some moment, copied into the process's own memory.
#[derive(Debug)]
pub(crate) struct Saved {
    bump: usize,
    free: [usize; 48],
    objects: Vec<u8>,
}

impl Saved {
    /// Copies the arena.
    pub(crate) fn copy() -> Saved {
        // SAFETY: this process holds the baton, so nobody changes the arena; everything up to `bump` is mapped.
        unsafe {
            let header = &*header();
            let objects = std::slice::from_raw_parts(OBJECTS as *const u8, header.bump - OBJECTS).to_vec();
            Saved { bump: header.bump, free: header.free, objects }
        }
    }
    /// Makes the arena what it was.
    pub(crate) fn restore(&self) {
        // SAFETY: as in `copy`; nobody holds a reference into the arena between two runs, and what was made since is
        // in the arena alone.
        unsafe {
            let header = &mut *header();
            header.bump = self.bump;
            header.free = self.free;
            std::ptr::copy_nonoverlapping(self.objects.as_ptr(), OBJECTS as *mut u8, self.objects.len());
        }
    }
}

/// Writes what the arena holds to a file, at the offsets that it has in the arena. Batons and host pids are left out:
/// they read as zeros there. False if the host does not let it.
pub(crate) fn write_to(file: i32) -> bool {
    let words = std::mem::offset_of!(Header, batons);
    // SAFETY: this process holds the baton, so nobody changes the arena; everything up to `bump` is mapped.
    let (header, objects) = unsafe {
        let bump = (*header()).bump;
        let header = std::slice::from_raw_parts(BASE as *const u8, words);
        (header, std::slice::from_raw_parts(OBJECTS as *const u8, bump - OBJECTS))
    };
    raw::write_all(file, header, 0) && raw::write_all(file, objects, (OBJECTS - BASE) as u64)
}

/// Where the host pid of an address space stands in a file written by [`write_to`].
pub(crate) fn place_of_pid(space: AddressSpaceId) -> u64 {
    (std::mem::offset_of!(Header, pids) + space.0 as usize * size_of::<AtomicI32>()) as u64
}

/// A thread has entered the kernel. Only who holds the baton counts, so nothing has to be locked for it, which would cost
/// as much as half of the registers' saving.
#[inline]
pub(crate) fn entered() {
    let entries = &shared().entries;
    entries.store(entries.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Sets the mode of this process, which has a single thread; returns the one before.
#[inline]
fn mode(kernel: bool) -> bool {
    let was = KERNEL_MODE.load(Ordering::Relaxed);
    KERNEL_MODE.store(kernel, Ordering::Relaxed);
    was
}

/// Runs kernel code: allocations come from the arena.
#[inline]
pub(crate) fn with_kernel<R>(f: impl FnOnce(&mut Kernel) -> R) -> R {
    let was = mode(true);
    // SAFETY: `build` made the kernel, this process holds the baton, and the reference does not outlive the call.
    let result = f(unsafe { &mut *(*header()).kernel });
    KERNEL_MODE.store(was, Ordering::Relaxed);
    result
}

/// Looks at the kernel; what is allocated meanwhile belongs to the process.
pub(crate) fn peek<R>(f: impl FnOnce(&Kernel) -> R) -> R {
    // SAFETY: as in `with_kernel`, for reading.
    f(unsafe { &*(*header()).kernel })
}

/// Runs a part of kernel code whose allocations must belong to the process (caches of host resources).
pub(crate) fn outside_arena<R>(f: impl FnOnce() -> R) -> R {
    let was = mode(false);
    let result = f();
    KERNEL_MODE.store(was, Ordering::Relaxed);
    result
}

/// The baton word of an address space.
pub(crate) fn baton(space: AddressSpaceId) -> &'static AtomicU32 {
    &shared().batons[space.0 as usize]
}

/// Bytes of the arena that the current world has used.
pub fn used() -> usize {
    // SAFETY: reads one word of the mapped header.
    unsafe { (*header()).bump.saturating_sub(OBJECTS) }
}

/// Where this program's code was loaded: addresses in internal error messages are relative to it.
pub(crate) fn text_base() -> u64 {
    unsafe extern "C" {
        static __ehdr_start: u8;
    }
    &raw const __ehdr_start as u64
}

/// A forked process left kernel code by abandoning its stack.
pub(crate) fn leave_kernel_mode() {
    KERNEL_MODE.store(false, Ordering::Relaxed);
}
