//! `mremap(2)`.

use super::calls::{pages, unmap};
use super::{AddressSpace, View, Vma};
use crate::abi::PAGE;
use crate::abi::errno::{EFAULT, EINVAL, ENOMEM};
use crate::caller::Caller;
use crate::syscall::{Sys, done};

/// A mapping as the guest made it.
struct Whole {
    start: u64,
    vma: Vma,
    /// What it shows of a shared file.
    view: Option<View>,
}

fn whole(c: &Caller<'_>, at: u64) -> Option<Whole> {
    let memory = c.k.memory(c.space());
    if let Some((start, vma, view)) = memory.view_at(at) {
        return Some(Whole { start, vma, view: Some(view) });
    }
    memory.find(at).map(|(start, vma)| Whole { start, vma: vma.clone(), view: None })
}

/// `mremap(2)`
pub(crate) fn mremap(c: &mut Caller<'_>) -> Sys {
    let (at, flags) = (c.arg(0), c.int(3));
    let (old_len, new_len) = (pages(c.arg(1)).ok_or(EFAULT)?, pages(c.arg(2)).ok_or(ENOMEM)?);
    if !at.is_multiple_of(PAGE) || new_len == 0 || flags & !(libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED) != 0 {
        return Err(EINVAL);
    }
    let space = c.space();
    let whole = whole(c, at).ok_or(EFAULT)?;
    // With an old size of 0 shared memory is mapped once more.
    if old_len == 0 && (whole.view.is_none() || flags & libc::MREMAP_MAYMOVE == 0) {
        return Err(EINVAL);
    }
    if at + old_len > whole.vma.end {
        return Err(EFAULT);
    }
    let fixed = flags & libc::MREMAP_FIXED != 0;
    if fixed {
        let to = c.arg(4);
        let overlaps = to < at + old_len && at < to.saturating_add(new_len);
        if flags & libc::MREMAP_MAYMOVE == 0 || !to.is_multiple_of(PAGE) || overlaps {
            return Err(EINVAL);
        }
        if !AddressSpace::in_bounds(to, new_len) {
            return Err(ENOMEM);
        }
        unmap(c, to, new_len);
        return move_mapping(c, &whole, at, old_len, to, new_len);
    }
    if old_len != 0 && new_len <= old_len {
        if new_len < old_len {
            unmap(c, at + new_len, old_len - new_len);
        }
        return done(at as i64);
    }
    let promised = if whole.vma.committed(whole.start) == 0 { 0 } else { new_len - old_len };
    c.allow_memory(new_len - old_len, promised)?;
    let grow_at = at + old_len;
    let grows_in_place = old_len != 0
        && whole.vma.end == grow_at
        && AddressSpace::in_bounds(at, new_len)
        && c.k.memory(space).is_free(grow_at, new_len - old_len);
    if grows_in_place {
        return move_mapping(c, &whole, at, old_len, at, new_len);
    }
    if flags & libc::MREMAP_MAYMOVE == 0 {
        return Err(ENOMEM);
    }
    let to = c.k.memory(space).place(new_len).ok_or(ENOMEM)?;
    move_mapping(c, &whole, at, old_len, to, new_len)
}

fn move_mapping(c: &mut Caller<'_>, whole: &Whole, at: u64, old_len: u64, to: u64, new_len: u64) -> Sys {
    let space = c.space();
    if let Some(view) = whole.view {
        // What it shows is in the pool: it is shown at the new place, then no longer at the old one.
        let view = View { offset: view.offset + (at - whole.start), ..view };
        if at == to {
            let grown = View { offset: view.offset + old_len, ..view };
            c.k.map_view(c.host, space, at + old_len, new_len - old_len, whole.vma.prot, grown)?;
            return done(at as i64);
        }
        c.k.map_view(c.host, space, to, new_len, whole.vma.prot, view)?;
        unmap(c, at, old_len);
        return done(to as i64);
    }
    c.host.remap(at, old_len, to, new_len, whole.vma.prot)?;
    let moved = whole.vma.tail(whole.start, at);
    let memory = c.k.memory_mut(space);
    memory.remove(at, old_len);
    // Of a file it is not known here how far it goes: what the mapping grows by is left alone.
    memory.insert_file(to, Vma { end: to + new_len, ..moved }, old_len.min(new_len));
    done(to as i64)
}
