//! A hash over all that a process's guests can have written: the check that a run is the same in memory too, and not only
//! in what it asks the kernel for. Runs in that process, on its kernel stack, while the supervisor waits.
//!
//! The hash is over contents alone: whether the host has a page, or a private copy of it, tells how the process came here and
//! not what it is. So a page counts with its address and its bytes, and a page of zeros does not count. What lies dead
//! below each thread's stack pointer is left out: lazy binding spills extended state there, whose bytes depend on the
//! processor's housekeeping.

use super::is_private;
use super::memory::{self, EXEC, READ, WRITE};
use super::pagemap::PageMap;
use super::ranges::Ranges;
use crate::arena::peek;
use crate::entry::LOCAL;
use crate::raw;
use kernel::abi::PAGE;
use kernel::memory::{Backing, Vma};
use model::EventHash;

/// Below the stack pointer a program may use so many bytes.
const RED_ZONE: u64 = 128;
/// A mapping that is longer than this is not a stack alone: only so much of it is dead below a stack pointer.
const STACK_MAX: u64 = 64 << 20;
const DEAD_MAX: u64 = 1 << 20;

/// The hash of this process's memory. `None` if the host does not tell which pages there are.
pub(crate) fn digest() -> Option<EventHash> {
    let pagemap = PageMap::open()?;
    let pointers = stack_pointers();
    let mut hash = EventHash::default();
    for (start, vma) in memory::mappings() {
        // Patched call sites are not the guest's doing.
        let is_code = matches!(vma.backing, Backing::File(..)) && vma.prot & (WRITE | EXEC) == EXEC;
        if !is_private(&vma.backing) || is_code {
            continue;
        }
        let mut content = Ranges::default();
        if matches!(vma.backing, Backing::File(..)) {
            content.insert(start, vma.end);
        } else {
            pagemap.private(start, vma.end, |from, to| content.insert(from, to))?;
            memory::stored_data(start, vma.end, |from, to| content.insert(from, to))?;
        }
        for pointer in pointers.iter().filter(|p| (start..vma.end).contains(p)) {
            let lowest = if vma.end - start <= STACK_MAX { start } else { start.max(pointer.saturating_sub(DEAD_MAX)) };
            content.remove(lowest, pointer.saturating_sub(RED_ZONE));
        }
        add(&mut hash, start, &vma, &content)?;
    }
    Some(hash)
}

/// Adds the bytes of a mapping.
fn add(hash: &mut EventHash, start: u64, vma: &Vma, content: &Ranges) -> Option<()> {
    let hidden = vma.prot & READ == 0 && content.iter().next().is_some();
    let protect = |prot: u32| {
        // SAFETY: the range is the guest's, and no guest code runs meanwhile.
        (unsafe { raw::syscall3(libc::SYS_mprotect, start, vma.end - start, u64::from(prot)) } == 0).then_some(())
    };
    if hidden {
        protect(READ)?;
    }
    for (from, to) in content.iter() {
        let mut at = from;
        while at < to {
            let end = to.min((at / PAGE + 1) * PAGE);
            // SAFETY: a readable part of a page of the guest's, which does not run.
            let bytes = unsafe { std::slice::from_raw_parts(at as *const u8, (end - at) as usize) };
            add_bytes(hash, at, bytes);
            at = end;
        }
    }
    if hidden {
        protect(vma.prot)?;
    }
    Some(())
}

/// Adds a page, or a part of one, unless it holds nothing but zeros.
pub(super) fn add_bytes(hash: &mut EventHash, at: u64, bytes: &[u8]) {
    // Words at a time: most of what programs have is zeros, and looking at it must not take longer than reading it.
    let (words, rest) = bytes.as_chunks::<8>();
    let any = words.iter().fold(0, |any, word| any | u64::from_ne_bytes(*word));
    if any != 0 || rest.iter().any(|byte| *byte != 0) {
        hash.words([at]);
        hash.bytes(bytes);
    }
}

fn stack_pointers() -> Vec<u64> {
    let space = LOCAL.space.get();
    peek(|k| k.threads.values().filter(|thread| thread.space == space).map(|thread| thread.registers.rsp).collect())
}
