//! Watches on files: `inotify`. Watches are accepted so that programs start; no change is ever reported.

use super::io::{file, park_or_again};
use super::{FileId, Object, Target};
use crate::abi::errno::EINVAL;
use crate::caller::Caller;
use crate::fs::InodeRef;
use crate::syscall::{Sys, done};
use crate::wait::ObjectId;
use model::Errno;
use std::collections::BTreeMap;

/// An instance.
#[derive(Debug, Default)]
pub struct Inotify {
    watches: BTreeMap<i32, InodeRef>,
    last: i32,
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

/// `read` of an inotify instance: nothing ever comes.
pub(crate) fn read(c: &mut Caller<'_>, file: FileId, object: ObjectId) -> Sys {
    park_or_again(c, file, object, "no watched file changed")
}

/// `inotify_add_watch(fd, path, mask)`
pub(crate) fn inotify_add_watch(c: &mut Caller<'_>) -> Sys {
    let object = instance(c)?;
    if c.arg(2) as u32 & libc::IN_ALL_EVENTS == 0 {
        return Err(EINVAL);
    }
    let path = c.read_path(c.arg(1))?;
    let absolute = c.k.absolute(c.process_id(), &path);
    let service = c.service();
    let inode = c.k.resolve(&mut *c.host, service, &absolute)?;
    let instance = c.k.files.inotify(object)?;
    if let Some((watch, _)) = instance.watches.iter().find(|(_, i)| **i == inode) {
        return done(*watch);
    }
    instance.last += 1;
    instance.watches.insert(instance.last, inode);
    done(instance.last)
}

/// `inotify_rm_watch(fd, watch)`
pub(crate) fn inotify_rm_watch(c: &mut Caller<'_>) -> Sys {
    let object = instance(c)?;
    let watch = c.int(1);
    c.k.files.inotify(object)?.watches.remove(&watch).ok_or(EINVAL)?;
    done(0)
}
