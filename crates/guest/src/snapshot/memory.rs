//! One process's memory: saved once, restored many times. Runs in that process, on its kernel stack, while the
//! supervisor waits.
//!
//! A mapping is restored in one of three ways:
//! * untouched and writable: pages that the host made private copies of are copied back;
//! * changed (unmapped, remapped, protected, discarded) since: it is mapped anew;
//! * untouched and not writable: nothing can have happened to it.

use super::is_private;
use super::pagemap::PageMap;
use super::ranges::Ranges;
use super::store;
use crate::arena::{outside_arena, with_kernel};
use crate::entry::{self, LOCAL};
use crate::{image, patch, raw};
use kernel::abi::PAGE;
use kernel::memory::{Backing, Vma};
use std::cell::RefCell;

const READ: u32 = libc::PROT_READ as u32;
const WRITE: u32 = libc::PROT_WRITE as u32;
const EXEC: u32 = libc::PROT_EXEC as u32;

/// A private mapping in the store.
#[derive(Debug)]
struct Stored {
    start: u64,
    end: u64,
    prot: u32,
    /// Where it begins in the store, and where that is mapped for reading.
    offset: u64,
    view: u64,
}

/// What a process knows of its snapshot.
#[derive(Debug, Default)]
struct Memory {
    stored: Vec<Stored>,
    pagemap: Option<PageMap>,
    /// Mappings that changed since the snapshot, or since the last rewind.
    changed: Ranges,
    /// What is mapped from the store.
    covered: Ranges,
}

struct Cell(RefCell<Option<Memory>>);

// SAFETY: a process that hosts a world has a single thread.
unsafe impl Sync for Cell {}

static MEMORY: Cell = Cell(RefCell::new(None));

/// What of a range of guest memory is mapped from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// Nothing: the host's calls do what they say.
    None,
    /// Something: behind private copies lies the snapshot, not zeros or a file.
    Some,
}

/// What lies behind a range.
pub(crate) fn cover(at: u64, len: u64) -> Cover {
    let memory = MEMORY.0.borrow();
    match memory.as_ref() {
        Some(memory) if memory.covered.touches(at, at + len) => Cover::Some,
        _ => Cover::None,
    }
}

/// The guest's mappings in this range were replaced, removed, or made otherwise accessible.
pub(crate) fn changed(at: u64, len: u64, replaced: Replaced) {
    if MEMORY.0.borrow().is_none() {
        return;
    }
    outside_arena(|| {
        if let Some(memory) = MEMORY.0.borrow_mut().as_mut() {
            memory.changed.insert(at, at + len);
            if replaced == Replaced::Yes {
                memory.covered.remove(at, at + len);
            }
        }
    });
}

/// Whether what was mapped in a range is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// Yes.
    Yes,
    /// No: only its protection changed.
    No,
}

/// A forked process has the mappings, but nobody will ask it to go back.
pub(crate) fn forked() {
    if let Some(memory) = MEMORY.0.borrow_mut().as_mut() {
        // The descriptor is the parent's too.
        memory.pagemap = None;
        memory.stored.clear();
        memory.changed.clear();
    }
}

/// Saves this process's memory.
pub(crate) fn take() -> Option<()> {
    // The extended state of the thread that ran here last lies in this process alone.
    if let Some(id) = LOCAL.loaded.take() {
        with_kernel(|k| {
            if let Some(thread) = k.threads.get_mut(&id)
                && thread.space == LOCAL.space.get()
                && !thread.reload
            {
                entry::extended_state(&mut thread.extended);
            }
        });
    }
    let mappings = mappings();
    let pagemap = PageMap::open();
    let len = |m: &(u64, Vma)| m.1.end - m.0;
    let section_len: u64 = mappings.iter().filter(|m| is_private(&m.1.backing)).map(len).sum();
    let section = store::section(section_len)?;
    let view = store::view(section, section_len)?;
    let mut memory = Memory { pagemap, ..Memory::default() };
    let mut at = section;
    for (start, vma) in &mappings {
        let is_code = matches!(vma.backing, Backing::File(..)) && vma.prot & (WRITE | EXEC) == EXEC;
        if !is_private(&vma.backing) || is_code {
            continue;
        }
        let stored = Stored { start: *start, end: vma.end, prot: vma.prot, offset: at, view: view + (at - section) };
        let saved = save(&stored, vma, memory.pagemap.as_ref())?;
        if vma.prot & WRITE != 0 {
            store::map_over(*start, vma.end - start, vma.prot, at)?;
            for (from, to) in saved {
                // Fills the page table, so that reads do not fault in every run; it is no loss if the host cannot.
                // SAFETY: only brings in pages of a mapping made above.
                unsafe { raw::syscall3(libc::SYS_madvise, from, to - from, libc::MADV_POPULATE_READ as u64) };
            }
            memory.covered.insert(*start, vma.end);
        }
        at += vma.end - start;
        memory.stored.push(stored);
    }
    *MEMORY.0.borrow_mut() = Some(memory);
    Some(())
}

/// The kernel's map of this process, copied: in process memory.
fn mappings() -> Vec<(u64, Vma)> {
    crate::arena::peek(|k| k.memory(LOCAL.space.get()).iter().map(|(start, vma)| (start, vma.clone())).collect())
}

/// Copies a mapping's content into the store; returns the ranges that have any.
fn save(stored: &Stored, vma: &Vma, pagemap: Option<&PageMap>) -> Option<Vec<(u64, u64)>> {
    let (start, end) = (stored.start, stored.end);
    let hidden = vma.prot & READ == 0;
    let protect = |prot: u32| {
        // SAFETY: the range is the guest's, and no guest code runs meanwhile.
        (unsafe { raw::syscall3(libc::SYS_mprotect, start, end - start, u64::from(prot)) } == 0).then_some(())
    };
    // Behind private copies lie zeros, which is what a hole in the store reads as, or a file.
    let whole = matches!(vma.backing, Backing::File(..)) || pagemap.is_none();
    let mut runs = Vec::new();
    if whole {
        runs.push((start, end));
    } else {
        pagemap?.private(start, end, |from, to| runs.push((from, to)))?;
    }
    if runs.is_empty() {
        return Some(runs);
    }
    if hidden {
        protect(READ)?;
    }
    for (from, to) in &runs {
        store::write(stored.offset + (from - start), *from, to - from)?;
    }
    if hidden {
        protect(vma.prot)?;
    }
    Some(runs)
}

/// Brings this process's memory back to the snapshot. The kernel's state is already that of the snapshot.
pub(crate) fn rewind() -> Option<()> {
    LOCAL.loaded.set(None);
    entry::forget_resume();
    let mut memory = MEMORY.0.borrow_mut();
    let memory = memory.as_mut()?;
    let changed = std::mem::take(&mut memory.changed);
    for (from, to) in changed.iter() {
        restore_mappings(memory, from, to)?;
    }
    for stored in memory.stored.iter().filter(|s| s.prot & WRITE != 0) {
        restore_pages(stored, memory.pagemap.as_ref())?;
    }
    Some(())
}

/// Makes the mappings of a range what they were.
fn restore_mappings(memory: &mut Memory, from: u64, to: u64) -> Option<()> {
    patch::forget(from, to - from);
    crate::host::unmap(from, to - from);
    let space = LOCAL.space.get();
    for (start, vma) in mappings() {
        let (at, end) = (start.max(from), vma.end.min(to));
        if at >= end {
            continue;
        }
        let stored = memory.stored.iter().find(|s| s.start == start);
        match (&vma.backing, stored) {
            (_, Some(stored)) => {
                store::map_over(at, end - at, vma.prot, stored.offset + (at - start))?;
                memory.covered.insert(at, end);
            }
            (Backing::File(path, offset) | Backing::Beyond(path, offset), None) => {
                image::map(at, end - at, vma.prot, path, offset + (at - start))?;
            }
            (Backing::Shared(_) | Backing::Ahead(_), None) => {
                with_kernel(|k| k.stale.entry(space).or_default().push((at, end - at)));
            }
            (Backing::Anonymous | Backing::Copied(..), None) => return None,
        }
        if let Backing::File(path, offset) | Backing::Copied(_, path, offset) = &vma.backing {
            patch::mapped(at, end - at, vma.prot, path, offset + (at - start));
        }
    }
    Some(())
}

/// Copies pages back that differ from the snapshot.
fn restore_pages(stored: &Stored, pagemap: Option<&PageMap>) -> Option<()> {
    let Some(pagemap) = pagemap else {
        // SAFETY: drops private copies of a mapping of the store; what lies behind is the snapshot.
        let dropped = unsafe {
            raw::syscall3(libc::SYS_madvise, stored.start, stored.end - stored.start, libc::MADV_DONTNEED as u64)
        };
        return (dropped == 0).then_some(());
    };
    pagemap.private(stored.start, stored.end, |from, to| {
        for page in (from..to).step_by(PAGE as usize) {
            let original = stored.view + (page - stored.start);
            // SAFETY: both are whole mapped pages: the guest's, which is writable, and its original in the store.
            unsafe { std::ptr::copy_nonoverlapping(original as *const u8, page as *mut u8, PAGE as usize) };
        }
    })
}
