//! Watches on files: `inotify`.
//!
//! ```text
//!   operation ──> Kernel::notify (fs/notify.rs) ──> watches of the inode and of its directory ──> queue ──> read
//! ```
//!
//! An event equal to the last one that is not read yet is dropped; a queue that is full ends in `IN_Q_OVERFLOW`.

use super::io::{file, park_or_again};
use super::ranges::{scatter, total};
use super::{FileId, Files, Object, Target};
use crate::abi::errno::{EEXIST, EINVAL, EMFILE, ENOTDIR};
use crate::abi::text;
use crate::caller::Caller;
use crate::causality::Spot;
use crate::fs::InodeRef;
use crate::syscall::{Sys, done};
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;
use std::collections::{BTreeMap, VecDeque};

/// Events that wait to be read, at most (`fs.inotify.max_queued_events`).
const QUEUE_MAX: usize = 16_384;
/// Instances of a machine, at most (`fs.inotify.max_user_instances`).
const INSTANCES_MAX: usize = 128;
/// Bits that a watch may have at all.
const KNOWN: u32 = libc::IN_ALL_EVENTS
    | libc::IN_UNMOUNT
    | libc::IN_Q_OVERFLOW
    | libc::IN_IGNORED
    | libc::IN_ONLYDIR
    | libc::IN_DONT_FOLLOW
    | libc::IN_EXCL_UNLINK
    | libc::IN_MASK_CREATE
    | libc::IN_MASK_ADD
    | libc::IN_ISDIR
    | libc::IN_ONESHOT;
/// Size of `struct inotify_event` without the name.
const HEAD: usize = 16;

/// An instance.
#[derive(Debug, Default)]
pub struct Inotify {
    watches: BTreeMap<i32, Watch>,
    last: i32,
    queue: VecDeque<Record>,
}

#[derive(Clone, Copy, Debug)]
struct Watch {
    inode: InodeRef,
    mask: u32,
}

/// An event that waits to be read.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    watch: i32,
    mask: u32,
    cookie: u32,
    name: Box<str>,
}

impl Record {
    fn size(&self) -> usize {
        HEAD + if self.name.is_empty() { 0 } else { (text::length(&self.name) + 1).next_multiple_of(HEAD) }
    }
    fn bytes(&self) -> Vec<u8> {
        let name = (self.size() - HEAD) as u32;
        let head = [self.watch as u32, self.mask, self.cookie, name];
        let mut out: Vec<u8> = head.into_iter().flat_map(u32::to_le_bytes).collect();
        out.extend_from_slice(&text::to_bytes(&self.name));
        out.resize(self.size(), 0);
        out
    }
}

/// What happened to a file or to a name in a directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Happened<'a> {
    /// `IN_*` bits.
    pub(crate) mask: u32,
    /// What the halves of a move have in common.
    pub(crate) cookie: u32,
    /// The name; empty if it is about the file itself.
    pub(crate) name: &'a str,
    /// Whether the name is gone already.
    pub(crate) unlinked: bool,
}

impl Inotify {
    /// Readiness as `EPOLL*` bits.
    pub(crate) fn readiness(&self) -> u32 {
        if self.queue.is_empty() { 0 } else { (libc::EPOLLIN | libc::EPOLLRDNORM) as u32 }
    }
    /// Bytes that wait to be read.
    pub(crate) fn unread(&self) -> usize {
        self.queue.iter().map(Record::size).sum()
    }
    fn push(&mut self, record: Record) {
        // Moves of one name differ in their cookies alone, which does not make them different.
        let same = |last: &Record| {
            last.mask & libc::IN_IGNORED == 0
                && (last.watch, last.mask, &last.name) == (record.watch, record.mask, &record.name)
        };
        if self.queue.back().is_some_and(same) {
            return;
        }
        match self.queue.len() {
            QUEUE_MAX => {
                self.queue.push_back(Record { watch: -1, mask: libc::IN_Q_OVERFLOW, cookie: 0, name: "".into() });
            }
            n if n > QUEUE_MAX => {}
            _ => self.queue.push_back(record),
        }
    }
    /// The watch ends; the answer is what it was on.
    fn end(&mut self, watch: i32) -> Option<InodeRef> {
        let ended = self.watches.remove(&watch)?;
        self.push(Record { watch, mask: libc::IN_IGNORED, cookie: 0, name: "".into() });
        Some(ended.inode)
    }
}

impl Files {
    /// Whether there is no watch at all, so that nobody needs to be told anything.
    pub(crate) fn nobody_watches(&self) -> bool {
        self.watches.is_empty()
    }
    /// What the halves of the next move have in common.
    pub(crate) fn next_cookie(&mut self) -> u32 {
        self.cookie += 1;
        self.cookie
    }
    fn unwatch(&mut self, inode: InodeRef, object: ObjectId, watch: i32) {
        if let Some(list) = self.watches.get_mut(&inode) {
            list.retain(|entry| *entry != (object, watch));
            if list.is_empty() {
                self.watches.remove(&inode);
            }
        }
    }
}

impl Kernel {
    /// Tells the watches of an inode.
    pub(crate) fn tell_watches(&mut self, inode: InodeRef, what: Happened<'_>) {
        let Some(list) = self.files.watches.get(&inode) else { return };
        for (object, watch) in list.clone() {
            let Ok(instance) = self.files.inotify(object) else { continue };
            let Some(Watch { mask, .. }) = instance.watches.get(&watch).copied() else { continue };
            if mask & what.mask & libc::IN_ALL_EVENTS == 0 || what.unlinked && mask & libc::IN_EXCL_UNLINK != 0 {
                continue;
            }
            instance.push(Record { watch, mask: what.mask, cookie: what.cookie, name: what.name.into() });
            self.causes.mark(Spot::Object(object));
            if mask & libc::IN_ONESHOT != 0 {
                instance.end(watch);
                self.files.unwatch(inode, object, watch);
            }
            self.object_event(object, (libc::EPOLLIN | libc::EPOLLRDNORM) as u32);
        }
    }
    /// What was watched is no more.
    pub(crate) fn forget_watches(&mut self, inode: InodeRef) {
        for (object, watch) in self.files.watches.remove(&inode).unwrap_or_default() {
            if let Ok(instance) = self.files.inotify(object) {
                instance.end(watch);
                self.object_event(object, (libc::EPOLLIN | libc::EPOLLRDNORM) as u32);
            }
        }
    }
    /// An instance is closed.
    pub(super) fn inotify_closed(&mut self, object: ObjectId) {
        let Ok(instance) = self.files.inotify(object) else { return };
        for (watch, Watch { inode, .. }) in std::mem::take(&mut instance.watches) {
            self.files.unwatch(inode, object, watch);
        }
    }
}

/// `inotify_init()`
pub(crate) fn inotify_init(c: &mut Caller<'_>) -> Sys {
    make(c, 0)
}
/// `inotify_init1(flags)`
pub(crate) fn inotify_init1(c: &mut Caller<'_>) -> Sys {
    make(c, c.int(0))
}

fn make(c: &mut Caller<'_>, flags: i32) -> Sys {
    if flags & !(libc::IN_CLOEXEC | libc::IN_NONBLOCK) != 0 {
        return Err(EINVAL);
    }
    let instances = c.k.files.objects.values().filter(|o| matches!(o, Object::Inotify(_))).count();
    if instances >= INSTANCES_MAX {
        return Err(EMFILE);
    }
    let object = c.k.add_object(Object::Inotify(Inotify::default()));
    let status = libc::O_RDONLY | flags & libc::IN_NONBLOCK;
    let file = c.k.add_file(Target::Object(object), status as u32, None);
    let process = c.process_id();
    done(c.k.install_fd(process, file, flags & libc::IN_CLOEXEC != 0, 0)?)
}

fn instance(c: &Caller<'_>) -> Result<ObjectId, Errno> {
    let file = file(c, c.int(0))?;
    let object = c.k.open_file(file).object().ok_or(EINVAL)?;
    c.k.files.get_inotify(object).map(|_| object).ok_or(EINVAL)
}

/// `read` of an inotify instance: as many whole events as there is room for.
pub(crate) fn read(c: &mut Caller<'_>, file: FileId, object: ObjectId, into: &[(u64, u64)]) -> Sys {
    let room = usize::try_from(total(into)).unwrap_or(usize::MAX);
    let instance = c.k.files.inotify(object)?;
    let mut out = Vec::new();
    while let Some(record) = instance.queue.front()
        && out.len() + record.size() <= room
    {
        out.extend(record.bytes());
        instance.queue.pop_front();
    }
    if !out.is_empty() {
        match instance.queue.is_empty() {
            true => c.k.causes.drain(Spot::Object(object)),
            false => c.k.causes.see(Spot::Object(object)),
        }
        return done(scatter(c, into, 0, &out)? as u64);
    }
    if !instance.queue.is_empty() {
        return Err(EINVAL);
    }
    park_or_again(c, file, object, "no watched file changed")
}

/// `inotify_add_watch(fd, path, mask)`
pub(crate) fn inotify_add_watch(c: &mut Caller<'_>) -> Sys {
    let mask = c.arg(2) as u32;
    let both = libc::IN_MASK_ADD | libc::IN_MASK_CREATE;
    if mask & KNOWN == 0 || mask & both == both {
        return Err(EINVAL);
    }
    let object = instance(c)?;
    let path = c.read_path(c.arg(1))?;
    let inode = crate::fs::watchable(c, &path, mask & libc::IN_DONT_FOLLOW != 0)?;
    if mask & libc::IN_ONLYDIR != 0 && !c.k.is_directory(inode) {
        return Err(ENOTDIR);
    }
    let kept = mask & (libc::IN_ALL_EVENTS | libc::IN_EXCL_UNLINK | libc::IN_ONESHOT);
    let instance = c.k.files.inotify(object)?;
    if let Some((watch, known)) = instance.watches.iter_mut().find(|(_, w)| w.inode == inode) {
        if mask & libc::IN_MASK_CREATE != 0 {
            return Err(EEXIST);
        }
        known.mask = if mask & libc::IN_MASK_ADD != 0 { known.mask | kept } else { kept };
        return done(*watch);
    }
    instance.last += 1;
    let watch = instance.last;
    instance.watches.insert(watch, Watch { inode, mask: kept });
    c.k.files.watches.entry(inode).or_default().push((object, watch));
    done(watch)
}

/// `inotify_rm_watch(fd, watch)`
pub(crate) fn inotify_rm_watch(c: &mut Caller<'_>) -> Sys {
    let object = instance(c)?;
    let watch = c.int(1);
    let inode = c.k.files.inotify(object)?.end(watch).ok_or(EINVAL)?;
    c.k.files.unwatch(inode, object, watch);
    c.k.object_event(object, (libc::EPOLLIN | libc::EPOLLRDNORM) as u32);
    done(0)
}
