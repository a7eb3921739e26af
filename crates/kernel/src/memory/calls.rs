//! Memory calls: `mmap(2)`, `munmap(2)`, `mprotect(2)`, `brk(2)`, `madvise(2)` and their kin.

use crate::abi::errno::{EACCES, EBADF, EEXIST, EINVAL, ENODEV, ENOMEM, ENOSPC, EOVERFLOW, EPERM};
use crate::abi::{PAGE, page_up};
use crate::caller::Caller;
use crate::file::Target;
use crate::fs::{Content, InodeRef, Mappable};
use crate::memory::{AddressSpace, Backing, HIGHEST, View, Vma, inherit};
use crate::syscall::dispatch::refuse;
use crate::syscall::{Sys, done};
use model::Errno;

/// Advices that the `libc` crate does not name: `MADV_DONTNEED_LOCKED`, `MADV_COLLAPSE`.
const DONTNEED_LOCKED: i32 = 24;
const COLLAPSE: i32 = 25;
const PROT_MASK: u32 = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) as u32;

/// `mmap(2)`
pub fn mmap(c: &mut Caller<'_>) -> Sys {
    let (hint, len, flags, offset) = (c.arg(0), c.arg(1), c.int(3), c.arg(5));
    let prot = c.arg(2) as u32 & PROT_MASK;
    if len == 0 || !offset.is_multiple_of(PAGE) {
        return Err(EINVAL);
    }
    if len > HIGHEST {
        return Err(ENOMEM);
    }
    let len = page_up(len);
    if offset.checked_add(len).is_none_or(|end| end > i64::MAX as u64) {
        return Err(EOVERFLOW);
    }
    let source = source(c, flags, prot, offset)?;
    if flags & libc::MAP_HUGETLB != 0 {
        return Err(ENOMEM);
    }
    // Stacks of threads are large and hardly used.
    let counted = flags & (libc::MAP_NORESERVE | libc::MAP_STACK) == 0;
    let promised =
        if counted && matches!(source, Source::Anonymous) && prot & libc::PROT_WRITE as u32 != 0 { len } else { 0 };
    let replaced = if flags & libc::MAP_FIXED != 0 { replaced(c, hint, len) } else { (0, 0) };
    c.allow_memory(len.saturating_sub(replaced.0), promised.saturating_sub(replaced.1))?;
    let at = place(c, hint, len, flags)?;
    establish(c, (at, len, prot), source, counted)?;
    done(at as i64)
}

/// How much is mapped in a range already, and how much of it counts as promised.
fn replaced(c: &Caller<'_>, at: u64, len: u64) -> (u64, u64) {
    let pieces = c.k.memory(c.space()).within(at, len);
    pieces
        .iter()
        .fold((0, 0), |(all, promised), (start, vma)| (all + (vma.end - start), promised + vma.committed(*start)))
}

impl Caller<'_> {
    /// Fails unless the caller may map so many more bytes, of which so many are a promise of memory.
    ///
    /// # Errors
    /// `ENOMEM` beyond `RLIMIT_AS`, `RLIMIT_DATA` or the memory of its machine.
    pub(crate) fn allow_memory(&mut self, mapped: u64, promised: u64) -> Result<(), Errno> {
        let limits = self.process().limits;
        let space = self.k.memory(self.space());
        let within = |limit: libc::__rlimit_resource_t, now: &dyn Fn() -> u64, more: u64| {
            let limit = limits[limit as usize].0;
            limit == u64::MAX || more == 0 || now().saturating_add(more) <= limit
        };
        let fits = within(libc::RLIMIT_AS, &|| space.size(), mapped)
            && within(libc::RLIMIT_DATA, &|| space.committed(), promised);
        if !fits {
            return Err(ENOMEM);
        }
        self.k.promise_memory(self.id.service, promised)
    }
}

/// What a mapping is to show.
#[derive(Clone, Copy)]
enum Source {
    Anonymous,
    AnonymousShared,
    Private(InodeRef, u64),
    Shared(View),
}

fn source(c: &mut Caller<'_>, flags: i32, prot: u32, offset: u64) -> Result<Source, Errno> {
    let shared = match flags & libc::MAP_TYPE {
        libc::MAP_PRIVATE => false,
        libc::MAP_SHARED | libc::MAP_SHARED_VALIDATE => true,
        _ => return Err(EINVAL),
    };
    if flags & libc::MAP_ANONYMOUS != 0 {
        return Ok(if shared { Source::AnonymousShared } else { Source::Anonymous });
    }
    let file = c.k.file_of(c.process_id(), c.int(4)).map_err(|_| EBADF)?;
    let open = c.k.open_file(file);
    let writable = open.writable();
    if !open.readable() {
        return Err(EACCES);
    }
    if shared && prot & libc::PROT_WRITE as u32 != 0 && !writable {
        return Err(EACCES);
    }
    let Target::Inode(inode) = open.target else { return Err(ENODEV) };
    match (c.k.mappable(inode)?, shared) {
        (Mappable::Zeros, true) => return Ok(Source::AnonymousShared),
        (Mappable::Zeros, false) => return Ok(Source::Anonymous),
        (Mappable::Content, false) => return Ok(Source::Private(inode, offset)),
        (Mappable::Content, true) => {}
    }
    // A file of the image that nobody has written to is not brought into the pool for readers.
    if !writable && matches!(c.k.inode_content(inode), Content::Image(_)) {
        return Ok(Source::Private(inode, offset));
    }
    let sealed = c.k.inode_seals(inode) & (libc::F_SEAL_WRITE | libc::F_SEAL_FUTURE_WRITE) as u32 != 0;
    if sealed && prot & libc::PROT_WRITE as u32 != 0 {
        return Err(EPERM);
    }
    Ok(Source::Shared(View { inode, offset, writable: writable && !sealed }))
}

fn place(c: &mut Caller<'_>, hint: u64, len: u64, flags: i32) -> Result<u64, Errno> {
    let space = c.space();
    if flags & (libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE) != 0 {
        if !hint.is_multiple_of(PAGE) {
            return Err(EINVAL);
        }
        if !AddressSpace::in_bounds(hint, len) {
            return Err(ENOMEM);
        }
        if flags & libc::MAP_FIXED_NOREPLACE != 0 && !c.k.memory(space).is_free(hint, len) {
            return Err(EEXIST);
        }
        unmap(c, hint, len);
        return Ok(hint);
    }
    let hint = page_up(hint);
    let memory = c.k.memory(space);
    if hint != 0 && AddressSpace::in_bounds(hint, len) && memory.is_free(hint, len) {
        return Ok(hint);
    }
    let low = flags & libc::MAP_32BIT != 0;
    if low { memory.place_below(1 << 31, len) } else { memory.place(len) }.ok_or(ENOMEM)
}

fn establish(c: &mut Caller<'_>, (at, len, prot): (u64, u64, u32), source: Source, counted: bool) -> Result<(), Errno> {
    let space = c.space();
    let (backing, backed) = match source {
        Source::Anonymous => {
            c.host.map_anonymous(at, len, prot)?;
            (Backing::Anonymous, len)
        }
        Source::AnonymousShared => {
            let inode = c.k.new_memory_inode(c.id.service, "dev/zero", len);
            return c.k.map_view(c.host, space, at, len, prot, View { inode, offset: 0, writable: true });
        }
        Source::Shared(view) => return c.k.map_view(c.host, space, at, len, prot, view),
        Source::Private(inode, offset) => {
            let backing = map_file(c.k, c.host, inode, offset, at, len, prot)?;
            (backing, c.k.inode_size_mode(&mut *c.host, inode).0.saturating_sub(offset))
        }
    };
    if matches!(backing, Backing::Copied(..)) && page_up(backed) < len {
        c.host.protect(at + page_up(backed), len - page_up(backed), libc::PROT_NONE as u32)?;
    }
    c.k.memory_mut(space).insert_file(at, Vma { counted, ..Vma::new(at + len, prot, backing) }, backed);
    Ok(())
}

/// Maps a file privately at a free place and says what the mapping shows; the caller records it.
///
/// # Errors
/// The host's errno.
pub fn map_file(
    k: &mut crate::Kernel,
    host: &mut dyn crate::Host,
    inode: InodeRef,
    offset: u64,
    at: u64,
    len: u64,
    prot: u32,
) -> Result<Backing, Errno> {
    let path = k.inode_path(inode);
    k.inode_used(inode);
    match k.inode_content(inode) {
        Content::Image(image) => {
            host.map_image(at, len, prot, &image, offset)?;
            host.mapped_file(at, len, prot, &path, offset);
            Ok(Backing::File(path, offset))
        }
        Content::Bytes => {
            host.map_anonymous(at, len, (libc::PROT_READ | libc::PROT_WRITE) as u32)?;
            copy_file(k, host, inode, offset, at, len)?;
            host.protect(at, len, prot)?;
            host.mapped_file(at, len, prot, &path, offset);
            Ok(Backing::Copied(inode, path, offset))
        }
    }
}
pub(super) fn copy_file(
    k: &mut crate::Kernel,
    host: &mut dyn crate::Host,
    inode: InodeRef,
    offset: u64,
    at: u64,
    len: u64,
) -> Result<(), Errno> {
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    while done < len {
        let want = (len - done).min(buffer.len() as u64) as usize;
        let got = k.inode_read(host, inode, offset + done, &mut buffer[..want])?;
        host.write(at + done, &buffer[..got]);
        done += got as u64;
        if got < want {
            break;
        }
    }
    Ok(())
}

/// Unmaps a range of the caller's address space.
pub(crate) fn unmap(c: &mut Caller<'_>, at: u64, len: u64) {
    let space = c.space();
    let removed = c.k.memory_mut(space).remove(at, len);
    for (start, vma) in &removed {
        c.host.unmap(*start, vma.end - start);
    }
    c.k.forget_views(&removed);
}

/// A length in whole pages, unless no address space is that large.
pub(super) fn pages(len: u64) -> Option<u64> {
    (len <= 1 << 47).then(|| page_up(len))
}

/// `munmap(2)`
pub fn munmap(c: &mut Caller<'_>) -> Sys {
    let at = c.arg(0);
    let len = pages(c.arg(1)).ok_or(EINVAL)?;
    if !at.is_multiple_of(PAGE) || len == 0 || at.checked_add(len).is_none_or(|end| end > HIGHEST) {
        return Err(EINVAL);
    }
    unmap(c, at, len);
    done(0)
}

/// `mprotect(2)`
pub fn mprotect(c: &mut Caller<'_>) -> Sys {
    let (at, prot) = (c.arg(0), c.arg(2) as u32);
    let len = pages(c.arg(1)).ok_or(ENOMEM)?;
    if !at.is_multiple_of(PAGE) || prot & !PROT_MASK != 0 {
        return Err(EINVAL);
    }
    let space = c.space();
    if !c.k.memory(space).covers(at, len) {
        return Err(ENOMEM);
    }
    if len == 0 {
        return done(0);
    }
    let pieces = c.k.memory(space).within(at, len);
    let fixed = |vma: &Vma| vma.backing.view().is_some_and(|view| !view.writable);
    if prot & libc::PROT_WRITE as u32 != 0 && pieces.iter().any(|(_, vma)| fixed(vma)) {
        return Err(EACCES);
    }
    let promised =
        |start: u64, vma: &Vma| Vma { prot, ..vma.clone() }.committed(start).saturating_sub(vma.committed(start));
    let promised = pieces.iter().map(|(start, vma)| promised(*start, vma)).sum();
    c.allow_memory(0, promised)?;
    for (start, vma) in pieces {
        if !vma.backing.is_beyond() {
            c.host.protect(start, vma.end - start, prot)?;
        }
    }
    c.k.memory_mut(space).protect(at, len, prot);
    done(0)
}

/// `brk(2)`
pub fn brk(c: &mut Caller<'_>) -> Sys {
    let wanted = c.arg(0);
    let space = c.space();
    let memory = c.k.memory(space);
    let (start, end) = (memory.heap_start, memory.heap_end);
    if wanted < start || wanted > start + (1 << 36) {
        return done(end as i64);
    }
    let (old, new) = (page_up(end), page_up(wanted));
    if new > old {
        if !memory.is_free(old, new - old) || !AddressSpace::in_bounds(old, new - old) {
            return done(end as i64);
        }
        let prot = (libc::PROT_READ | libc::PROT_WRITE) as u32;
        if c.allow_memory(new - old, new - old).is_err() {
            return done(end as i64);
        }
        if c.host.map_anonymous(old, new - old, prot).is_err() {
            return done(end as i64);
        }
        let vma = Vma { name: "[heap]", ..Vma::new(new, prot, Backing::Anonymous) };
        c.k.memory_mut(space).insert(old, vma);
    } else if new < old {
        unmap(c, new, old - new);
    }
    c.k.memory_mut(space).heap_end = wanted;
    done(wanted as i64)
}

/// `madvise(2)`
pub fn madvise(c: &mut Caller<'_>) -> Sys {
    let (at, advice) = (c.arg(0), c.int(2));
    let len = pages(c.arg(1)).ok_or(EINVAL)?;
    if !at.is_multiple_of(PAGE) || at.checked_add(len).is_none() {
        return Err(EINVAL);
    }
    if inherit::advise(c, at, len, advice)? {
        return done(0);
    }
    let mapped = c.k.memory(c.space()).covers(at, len);
    match advice {
        libc::MADV_DONTNEED | DONTNEED_LOCKED => {
            discard(c, at, len)?;
            if mapped { done(0) } else { Err(ENOMEM) }
        }
        libc::MADV_REMOVE if !mapped => Err(ENOMEM),
        libc::MADV_REMOVE => punch(c, at, len),
        // Freed lazily means: perhaps never. Never is the choice that does not depend on memory pressure.
        libc::MADV_FREE
        | libc::MADV_NORMAL
        | libc::MADV_RANDOM
        | libc::MADV_SEQUENTIAL
        | libc::MADV_WILLNEED
        | libc::MADV_HUGEPAGE
        | libc::MADV_NOHUGEPAGE
        | libc::MADV_DONTDUMP
        | libc::MADV_DODUMP
        | libc::MADV_COLD
        | libc::MADV_PAGEOUT
        | libc::MADV_MERGEABLE
        | libc::MADV_UNMERGEABLE
        | libc::MADV_POPULATE_READ
        | libc::MADV_POPULATE_WRITE => {
            if mapped {
                done(0)
            } else {
                Err(ENOMEM)
            }
        }
        // What only a superuser may do, and what a kernel without huge pages does not know.
        libc::MADV_HWPOISON | libc::MADV_SOFT_OFFLINE => Err(EPERM),
        COLLAPSE => Err(EINVAL),
        _ => refuse(c, EINVAL, "FB0212: this advice is not simulated"),
    }
}

/// Drops the content of the private pages of a range: what is mapped reads as zeros again, or as the file.
fn discard(c: &mut Caller<'_>, at: u64, len: u64) -> Result<(), Errno> {
    for (from, vma) in c.k.memory(c.space()).within(at, len) {
        let to = vma.end;
        match vma.backing {
            Backing::Anonymous => c.host.discard(from, to - from, vma.prot, None)?,
            Backing::File(path, offset) => c.host.discard(from, to - from, vma.prot, Some((&path, offset)))?,
            Backing::Beyond(..) | Backing::Shared(_) | Backing::Ahead(_) => {}
            // The file is gone, and with it what could be shown instead.
            Backing::Copied(inode, _, _) if !c.k.inode_exists(inode) => {}
            // What the file had when it was mapped was copied, and has to be copied again.
            Backing::Copied(inode, _, offset) => {
                let writable = (libc::PROT_READ | libc::PROT_WRITE) as u32;
                c.host.discard(from, to - from, vma.prot, None)?;
                c.host.protect(from, to - from, writable)?;
                copy_file(c.k, c.host, inode, offset, from, to - from)?;
                c.host.protect(from, to - from, vma.prot)?;
            }
        }
    }
    Ok(())
}

/// Punches a hole into the files behind a range (`MADV_REMOVE`).
fn punch(c: &mut Caller<'_>, at: u64, len: u64) -> Sys {
    for (from, vma) in c.k.memory(c.space()).within(at, len) {
        let view = vma.backing.view().ok_or(EINVAL)?;
        if !view.writable {
            return Err(EACCES);
        }
        c.k.inode_zero(c.host, view.inode, view.offset, vma.end - from);
    }
    done(0)
}

/// `msync(2)`
pub fn msync(c: &mut Caller<'_>) -> Sys {
    let (at, flags) = (c.arg(0), c.int(2));
    let both = libc::MS_SYNC | libc::MS_ASYNC;
    if !at.is_multiple_of(PAGE) || flags & !(both | libc::MS_INVALIDATE) != 0 || flags & both == both {
        return Err(EINVAL);
    }
    if let Some(len) = pages(c.arg(1)).filter(|_| flags & libc::MS_SYNC != 0) {
        let views = c.k.memory(c.space()).within(at, len).into_iter().filter_map(|(_, vma)| vma.backing.view());
        for inode in views.map(|view| view.inode).collect::<std::collections::BTreeSet<_>>() {
            c.k.inode_sync(inode);
        }
    }
    on_mapped_range(c)
}

/// `mlock(2)`, `munlock(2)`: nothing to do, once the range is known to be mapped.
pub fn on_mapped_range(c: &mut Caller<'_>) -> Sys {
    let at = c.arg(0) & !(PAGE - 1);
    let len = c.arg(1).checked_add(c.arg(0) % PAGE).and_then(pages).ok_or(ENOMEM)?;
    if c.k.memory(c.space()).covers(at, len) { done(0) } else { Err(ENOMEM) }
}

/// `mlockall(2)`, `munlockall(2)`
pub fn nothing(_: &mut Caller<'_>) -> Sys {
    done(0)
}

/// `mincore(2)`: everything that is mapped is resident.
pub fn mincore(c: &mut Caller<'_>) -> Sys {
    let (at, out) = (c.arg(0), c.arg(2));
    let len = pages(c.arg(1)).ok_or(ENOMEM)?;
    if !at.is_multiple_of(PAGE) {
        return Err(EINVAL);
    }
    if !c.k.memory(c.space()).covers(at, len) {
        return Err(ENOMEM);
    }
    c.write(out, &vec![1; (len / PAGE) as usize])?;
    done(0)
}

/// `membarrier(2)`: threads never run at the same time, so every barrier has always been passed.
pub fn membarrier(c: &mut Caller<'_>) -> Sys {
    const SUPPORTED: i64 = 0x1ff;
    match c.int(0) {
        0 => done(SUPPORTED),
        command if command > 0 && i64::from(command) & !SUPPORTED == 0 && c.arg(1) == 0 => done(0),
        _ => Err(EINVAL),
    }
}

/// `pkey_alloc(2)`: there are no protection keys to hand out.
pub fn pkey_alloc(_: &mut Caller<'_>) -> Sys {
    Err(ENOSPC)
}
