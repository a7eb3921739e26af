//! Shared memory: `shmget`, `shmat`, `shmdt`, `shmctl`. A segment is a file without a name; attaching it maps it.

use super::{IPC_INFO, Object, Permissions, seconds};
use crate::abi::errno::{EINVAL, ENOMEM};
use crate::abi::{PAGE, page_up};
use crate::caller::Caller;
use crate::fs::InodeRef;
use crate::memory::{AddressSpace, View};
use crate::syscall::{Sys, dispatch, done};
use crate::world::Kernel;
use model::ServiceId;

/// The most segments (`/proc/sys/kernel/shmmni`).
const COUNT_MAX: usize = 4096;
/// The largest segment, in bytes.
const SIZE_MAX: u64 = 1 << 36;
const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;
const SHM_STAT_ANY: i32 = 15;
/// In the mode of a segment that goes with its last attachment.
const SHM_DEST: u32 = 0o1000;

/// A segment.
#[derive(Debug)]
pub(super) struct Segment {
    permissions: Permissions,
    inode: InodeRef,
    size: u64,
    attached: u64,
    detached: u64,
    creator: u32,
    last: u32,
    doomed: bool,
}

impl Object for Segment {
    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Kernel {
    /// How often a file is mapped.
    fn attachments(&self, inode: InodeRef) -> u64 {
        self.spaces.values().map(|space| space.views(inode).len() as u64).sum()
    }
    /// Forgets segments that were removed and are no longer attached.
    fn reap_segments(&mut self, service: ServiceId) {
        let doomed: Vec<(i32, InodeRef)> = {
            let used = self.ipc(service).segments.used.values();
            used.filter(|(_, s)| s.doomed).map(|(id, s)| (*id, s.inode)).collect()
        };
        for (id, inode) in doomed {
            if self.attachments(inode) == 0 {
                self.ipc(service).segments.remove(id);
            }
        }
    }
}

/// `shmget(key, size, flags)`
pub(crate) fn shmget(c: &mut Caller<'_>) -> Sys {
    let (key, size, flags) = (c.int(0), c.arg(1), c.int(2));
    let service = c.id.service;
    c.k.reap_segments(service);
    if flags & libc::SHM_HUGETLB != 0 {
        return dispatch::refuse(c, ENOMEM, "shared memory on huge pages");
    }
    if let Some(id) = c.k.ipc(service).segments.seek(key, flags)? {
        let too_large = size > c.k.ipc(service).segments.get(id)?.size;
        return if too_large { Err(EINVAL) } else { done(id) };
    }
    if size == 0 || size > SIZE_MAX {
        return Err(EINVAL);
    }
    let inode = c.k.new_memory_inode(service, &format!("SYSV{key:08x}"), page_up(size));
    let segment = Segment {
        permissions: Permissions::new(c, key, flags),
        inode,
        size,
        attached: 0,
        detached: 0,
        creator: c.process_id().pid,
        last: 0,
        doomed: false,
    };
    let id = c.k.ipc(service).segments.add(segment, COUNT_MAX)?;
    c.k.inode_opened(inode);
    done(id)
}

/// `shmat(id, address, flags)`
pub(crate) fn shmat(c: &mut Caller<'_>) -> Sys {
    let (id, hint, flags) = (c.int(0), c.arg(1), c.int(2));
    let (service, space) = (c.id.service, c.space());
    c.k.reap_segments(service);
    let now = seconds(c);
    let pid = c.process_id().pid;
    let segment = c.k.ipc(service).segments.get(id)?;
    let read_only = flags & libc::SHM_RDONLY != 0;
    let mut prot = if read_only { libc::PROT_READ } else { libc::PROT_READ | libc::PROT_WRITE };
    if flags & libc::SHM_EXEC != 0 {
        prot |= libc::PROT_EXEC;
    }
    let (inode, len) = (segment.inode, page_up(segment.size));
    let wanted = if read_only { 4 } else { 6 };
    let allowed = segment.permissions.allow(wanted);
    let at = if hint == 0 {
        if flags & libc::SHM_REMAP != 0 {
            return Err(EINVAL);
        }
        allowed?;
        c.k.memory(space).place(len).ok_or(ENOMEM)?
    } else {
        let at = if flags & libc::SHM_RND != 0 { hint & !(PAGE - 1) } else { hint };
        if !at.is_multiple_of(PAGE) || !AddressSpace::in_bounds(at, len) {
            return Err(EINVAL);
        }
        allowed?;
        if flags & libc::SHM_REMAP != 0 {
            crate::memory::unmap(c, at, len);
        } else if !c.k.memory(space).is_free(at, len) {
            return Err(EINVAL);
        }
        at
    };
    c.k.map_view(c.host, space, at, len, prot as u32, View { inode, offset: 0, writable: !read_only })?;
    let segment = c.k.ipc(service).segments.get(id)?;
    (segment.attached, segment.last) = (now, pid);
    done(at as i64)
}

/// `shmdt(address)`
pub(crate) fn shmdt(c: &mut Caller<'_>) -> Sys {
    let at = c.arg(0);
    let (service, space) = (c.id.service, c.space());
    if !at.is_multiple_of(PAGE) {
        return Err(EINVAL);
    }
    let segments = &c.k.ipc(service).segments.used;
    let known: Vec<(i32, InodeRef, u64)> = segments.values().map(|(id, s)| (*id, s.inode, page_up(s.size))).collect();
    // The segment that starts there, even if its first pages were unmapped since.
    let found = known.into_iter().find_map(|(id, inode, len)| {
        let views = c.k.memory(space).views(inode);
        views.iter().any(|(start, _, view)| start.wrapping_sub(view.offset) == at).then_some((id, inode, len))
    });
    let (id, inode, len) = found.ok_or(EINVAL)?;
    for (start, vma, view) in c.k.memory(space).views(inode) {
        if start.wrapping_sub(view.offset) == at && start < at + len {
            crate::memory::unmap(c, start, vma.end - start);
        }
    }
    let (now, pid) = (seconds(c), c.process_id().pid);
    let segment = c.k.ipc(service).segments.get(id)?;
    (segment.detached, segment.last) = (now, pid);
    c.k.reap_segments(service);
    done(0)
}

/// `struct shmid64_ds`
fn record(segment: &Segment, id: i32, attachments: u64) -> Vec<u8> {
    let mut out = segment.permissions.record(id, if segment.doomed { SHM_DEST } else { 0 });
    for word in [segment.size, segment.attached, segment.detached, segment.permissions.changed] {
        out.extend(word.to_le_bytes());
    }
    out.extend(segment.creator.to_le_bytes());
    out.extend(segment.last.to_le_bytes());
    for word in [attachments, 0, 0] {
        out.extend(word.to_le_bytes());
    }
    out
}

/// `shmctl(id, command, buffer)`
pub(crate) fn shmctl(c: &mut Caller<'_>) -> Sys {
    let (id, command, at) = (c.int(0), c.int(1), c.arg(2));
    let service = c.id.service;
    c.k.reap_segments(service);
    match command {
        IPC_INFO | SHM_INFO => info(c, command, at),
        libc::IPC_STAT | SHM_STAT | SHM_STAT_ANY => {
            let segments = &mut c.k.ipc(service).segments;
            let id = if command == libc::IPC_STAT { id } else { segments.at(id)?.0 };
            let segment = segments.get(id)?;
            if command != SHM_STAT_ANY {
                segment.permissions.allow(4)?;
            }
            let inode = segment.inode;
            let attachments = c.k.attachments(inode);
            let bytes = record(c.k.ipc(service).segments.get(id)?, id, attachments);
            c.write(at, &bytes)?;
            done(if command == libc::IPC_STAT { 0 } else { id })
        }
        libc::IPC_SET => {
            let mut permissions = Permissions::new(c, 0, 0);
            permissions.set(c, at)?;
            let segment = c.k.ipc(service).segments.get(id)?;
            permissions.key = segment.permissions.key;
            segment.permissions = permissions;
            done(0)
        }
        libc::IPC_RMID => {
            let segment = c.k.ipc(service).segments.get(id)?;
            let inode = segment.inode;
            if !std::mem::replace(&mut segment.doomed, true) {
                segment.permissions.key = libc::IPC_PRIVATE;
                c.k.inode_closed(inode);
            }
            c.k.reap_segments(service);
            done(0)
        }
        libc::SHM_LOCK | libc::SHM_UNLOCK => c.k.ipc(service).segments.get(id).and_then(|_| done(0)),
        _ => Err(EINVAL),
    }
}

fn info(c: &mut Caller<'_>, command: i32, at: u64) -> Sys {
    let service = c.id.service;
    let segments = &c.k.ipc(service).segments;
    let highest = segments.highest();
    let pages: u64 = segments.used.values().map(|(_, s)| page_up(s.size) / PAGE).sum();
    let count = segments.used.len() as u64;
    let words: Vec<u64> = if command == IPC_INFO {
        vec![SIZE_MAX, 1, COUNT_MAX as u64, COUNT_MAX as u64, SIZE_MAX / PAGE, 0, 0, 0, 0]
    } else {
        vec![count, pages, pages, 0, 0, 0]
    };
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    c.write(at, &bytes)?;
    done(highest)
}
