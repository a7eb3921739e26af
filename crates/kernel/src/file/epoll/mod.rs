//! `epoll`: sets of interests and the list of those that may be ready.
//!
//! ```text
//!            ADD, MOD: ready now            object_event
//!   interest ───────────────────┐    ┌──────────────────── object
//!                               ▼    ▼
//!                      ready list (first in, first out)
//!                               │ wait: asked again, in order
//!              not ready: dropped      ready: reported, and
//!                                        level-triggered ──> back to the tail
//!                                        edge-triggered  ──> waits for the next event
//!                                        one-shot        ──> off until MOD
//! ```
//!
//! An event of an object thus costs as much as there are interests in that object, and a wait as much as there are
//! interests on the list. An interest is named by descriptor *and* description, as on Linux: closing a descriptor
//! leaves it in place while a duplicate is open.

mod calls;
mod nesting;

pub(crate) use calls::*;

use super::FileId;
use crate::abi::errno::{EEXIST, ENOENT};
use crate::process::ProcessId;
use crate::wait::ObjectId;
use crate::world::Kernel;
use model::Errno;
use std::collections::{BTreeMap, VecDeque};

/// Bits of an interest that say how it is reported, not what.
const MANNER: u32 = (libc::EPOLLET | libc::EPOLLONESHOT | libc::EPOLLWAKEUP | libc::EPOLLEXCLUSIVE) as u32;
/// Bits that every interest includes.
const ALWAYS: u32 = (libc::EPOLLERR | libc::EPOLLHUP) as u32;

/// Names an interest within an epoll.
type Name = (i32, FileId);

/// An epoll.
#[derive(Debug, Default)]
pub struct Epoll {
    interests: BTreeMap<Name, Interest>,
    ready: VecDeque<Name>,
}

#[derive(Clone, Copy, Debug)]
struct Interest {
    events: u32,
    data: u64,
    /// The object whose events put it on the ready list; a standard stream has none and never changes.
    object: Option<ObjectId>,
    /// Whether it is on the ready list.
    queued: bool,
}

/// One interest in an object, from the object's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    /// The epoll that has it.
    pub(crate) epoll: ObjectId,
    name: Name,
}

impl Epoll {
    fn queue(&mut self, name: Name) {
        if let Some(interest) = self.interests.get_mut(&name)
            && !interest.queued
        {
            interest.queued = true;
            self.ready.push_back(name);
        }
    }
    fn unqueue(&mut self, name: Name) {
        if self.interests.get_mut(&name).is_some_and(|i| std::mem::take(&mut i.queued)) {
            self.ready.retain(|n| *n != name);
        }
    }
    /// Whether a wait would find anything to ask.
    fn may_be_ready(&self) -> bool {
        !self.ready.is_empty()
    }
}

impl Kernel {
    /// Something came of an object that an epoll watches: these bits, or if there are none whatever is ready now. True
    /// if the epoll's own readiness may have changed by it. Interests in other bits are left alone: waking a thread
    /// that then finds nothing costs a decision of the scheduler and often a change of process.
    pub(crate) fn epoll_mark(&mut self, watch: Watch, events: u32) -> bool {
        let asker = self.threads.get(&self.current).map(|t| t.process).unwrap_or_default();
        let events = if events == 0 { self.readiness(watch.name.1, asker) } else { events };
        let Ok(epoll) = self.files.epoll(watch.epoll) else { return false };
        let Some(interest) = epoll.interests.get(&watch.name) else { return false };
        if events & interest.events & !MANNER == 0 {
            return false;
        }
        epoll.queue(watch.name);
        true
    }
    /// What of an interest is ready now.
    fn epoll_ask(&self, name: Name, interest: &Interest, process: ProcessId) -> u32 {
        self.readiness(name.1, process) & interest.events & !MANNER
    }
    /// Readiness of an epoll itself as `EPOLL*` bits: some interest on its list is ready.
    pub(crate) fn epoll_readiness(&self, epoll: &Epoll, process: ProcessId) -> u32 {
        let ready = |name: &Name| epoll.interests.get(name).is_some_and(|i| self.epoll_ask(*name, i, process) != 0);
        if epoll.ready.iter().any(ready) { (libc::EPOLLIN | libc::EPOLLRDNORM) as u32 } else { 0 }
    }
    /// Puts an interest on the list if it is ready now.
    fn epoll_check(&mut self, object: ObjectId, name: Name, process: ProcessId) -> Result<(), Errno> {
        let epoll = self.files.epoll(object)?;
        let Some(interest) = epoll.interests.get(&name).copied() else { return Ok(()) };
        if self.epoll_ask(name, &interest, process) != 0 && !interest.queued {
            self.files.epoll(object)?.queue(name);
            self.object_event(object, libc::EPOLLIN as u32);
        }
        Ok(())
    }

    fn epoll_add(
        &mut self,
        object: ObjectId,
        name: Name,
        events: u32,
        data: u64,
        process: ProcessId,
    ) -> Result<(), Errno> {
        let target = self.open_file(name.1).object();
        let epoll = self.files.epoll(object)?;
        if epoll.interests.contains_key(&name) {
            return Err(EEXIST);
        }
        epoll.interests.insert(name, Interest { events: events | ALWAYS, data, object: target, queued: false });
        if let Some(target) = target {
            self.files.watchers.get_or_default(target).push(Watch { epoll: object, name });
        }
        self.epoll_check(object, name, process)
    }
    fn epoll_modify(
        &mut self,
        object: ObjectId,
        name: Name,
        events: u32,
        data: u64,
        process: ProcessId,
    ) -> Result<(), Errno> {
        let interest = self.files.epoll(object)?.interests.get_mut(&name).ok_or(ENOENT)?;
        (interest.events, interest.data) = (events | ALWAYS, data);
        self.epoll_check(object, name, process)
    }
    fn epoll_delete(&mut self, object: ObjectId, name: Name) -> Result<(), Errno> {
        let epoll = self.files.epoll(object)?;
        epoll.unqueue(name);
        let interest = epoll.interests.remove(&name).ok_or(ENOENT)?;
        if let Some(target) = interest.object {
            self.unwatch(target, Watch { epoll: object, name });
        }
        Ok(())
    }
    fn unwatch(&mut self, target: ObjectId, watch: Watch) {
        if let Some(watches) = self.files.watchers.get_mut(&target) {
            watches.retain(|w| *w != watch);
            if watches.is_empty() {
                self.files.watchers.remove(&target);
            }
        }
    }

    /// The last reference to a description is going: nobody is interested in it any more.
    pub(crate) fn epoll_forget(&mut self, file: FileId) {
        let found: Vec<Watch> = match self.open_file(file).object() {
            Some(target) => {
                let watches = self.files.watchers.get(&target).into_iter().flatten();
                watches.filter(|w| w.name.1 == file).copied().collect()
            }
            // Only standard streams can be watched without an object, and hardly anybody does.
            None if matches!(self.open_file(file).target, super::Target::Inode(_)) => return,
            None => {
                let of = |(object, it): (ObjectId, &super::Object)| match it {
                    super::Object::Epoll(epoll) => Some((object, epoll.interests.keys().copied().collect::<Vec<_>>())),
                    _ => None,
                };
                let all = self.files.objects.iter().filter_map(of);
                let watches = all.flat_map(|(epoll, names)| names.into_iter().map(move |name| Watch { epoll, name }));
                watches.filter(|w| w.name.1 == file).collect()
            }
        };
        for watch in found {
            // It was found above, so that deleting it cannot fail.
            let _ = self.epoll_delete(watch.epoll, watch.name);
        }
    }
    /// An epoll is going: it watches nothing any more.
    pub(crate) fn epoll_unwatch(&mut self, object: ObjectId) {
        let Ok(epoll) = self.files.epoll(object) else { return };
        for (name, interest) in std::mem::take(&mut epoll.interests) {
            if let Some(target) = interest.object {
                self.unwatch(target, Watch { epoll: object, name });
            }
        }
    }

    /// The next interest on the list that is ready, with its bits; those before it that are not are dropped from it.
    fn epoll_next(&mut self, object: ObjectId, process: ProcessId) -> Result<Option<(Name, u32, u64)>, Errno> {
        while let Some(name) = self.files.epoll(object)?.ready.front().copied() {
            let interest = self.files.epoll(object)?.interests[&name];
            let ready = self.epoll_ask(name, &interest, process);
            if ready != 0 {
                return Ok(Some((name, ready, interest.data)));
            }
            self.files.epoll(object)?.unqueue_front();
        }
        Ok(None)
    }
}

impl Epoll {
    fn unqueue_front(&mut self) {
        if let Some(name) = self.ready.pop_front()
            && let Some(interest) = self.interests.get_mut(&name)
        {
            interest.queued = false;
        }
    }
    /// The interest at the front was reported. Level-triggered ones go to `later`, whence they return to the list
    /// after the wait, so that one wait reports each interest once.
    fn reported(&mut self, later: &mut Vec<Name>) {
        let Some(name) = self.ready.front().copied() else { return };
        self.unqueue_front();
        let Some(interest) = self.interests.get_mut(&name) else { return };
        if interest.events & libc::EPOLLONESHOT as u32 != 0 {
            interest.events &= MANNER;
        } else if interest.events & libc::EPOLLET as u32 == 0 {
            later.push(name);
        }
    }
}
