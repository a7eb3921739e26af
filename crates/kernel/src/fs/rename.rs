//! `rename`: one name becomes another, at once.

use super::InodeRef;
use super::access::{self, WRITE};
use super::at::walk;
use super::path::{Follow, Goal, Last, Spot};
use crate::abi::errno::{EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EXDEV};
use crate::caller::Caller;
use crate::syscall::dispatch::refuse;
use crate::syscall::{Sys, done};
use crate::world::Kernel;
use model::{Errno, ServiceId};

const EXCHANGE: u32 = libc::RENAME_EXCHANGE;
const NOREPLACE: u32 = libc::RENAME_NOREPLACE;

/// `rename(from, to)`
pub(crate) fn rename(c: &mut Caller<'_>) -> Sys {
    rename_at(c, (libc::AT_FDCWD, c.arg(0)), (libc::AT_FDCWD, c.arg(1)), 0)
}
/// `renameat(fromfd, from, tofd, to)`
pub(crate) fn renameat(c: &mut Caller<'_>) -> Sys {
    rename_at(c, (c.int(0), c.arg(1)), (c.int(2), c.arg(3)), 0)
}
/// `renameat2(fromfd, from, tofd, to, flags)`
pub(crate) fn renameat2(c: &mut Caller<'_>) -> Sys {
    rename_at(c, (c.int(0), c.arg(1)), (c.int(2), c.arg(3)), c.arg(4) as u32)
}

fn rename_at(c: &mut Caller<'_>, (from_fd, from): (i32, u64), (to_fd, to): (i32, u64), flags: u32) -> Sys {
    if flags & libc::RENAME_WHITEOUT != 0 {
        return refuse(c, EINVAL, "RENAME_WHITEOUT");
    }
    if flags & !(EXCHANGE | NOREPLACE) != 0 || flags == EXCHANGE | NOREPLACE {
        return Err(EINVAL);
    }
    let (from, to) = (c.read_path(from)?, c.read_path(to)?);
    let service = c.service();
    let old = walk(c, from_fd, &from, Follow::Name)?;
    let new = walk(c, to_fd, &to, Follow::Name)?;
    let volume = |k: &Kernel, ino| k.tree(service).get(ino).volume;
    if volume(c.k, old.dir) != volume(c.k, new.dir) {
        return Err(EXDEV);
    }
    if old.last != Last::Name {
        return Err(EBUSY);
    }
    if new.last != Last::Name {
        return Err(if flags & NOREPLACE != 0 { EEXIST } else { EBUSY });
    }
    let Goal::Inode(source) = old.goal.ok_or(ENOENT)? else {
        return Err(EXDEV);
    };
    let target = match new.goal {
        Some(Goal::Inode(ino)) => Some(ino),
        Some(Goal::File(_)) => return Err(EXDEV),
        None => None,
    };
    permit(c, &old, &new, (source, target), flags)?;
    if target == Some(source) {
        return done(0);
    }
    if let Some(target) = target
        && flags != EXCHANGE
        && c.k.tree(service).get(target).is_dir()
        && !c.k.is_empty(c.host, service, target)?
    {
        return Err(ENOTEMPTY);
    }
    let (old, new) = ((old.dir, &*old.name), (new.dir, &*new.name));
    let inode = |ino| InodeRef { service, ino };
    if flags == EXCHANGE {
        c.k.exchange(service, old, new)?;
        c.k.notify_move(inode(source), old, new, None);
        if let Some(target) = target {
            c.k.notify_move(inode(target), new, old, None);
        }
    } else {
        c.k.replace(service, source, old, new, target);
        c.k.notify_move(inode(source), old, new, target);
    }
    done(0)
}

/// Fails unless the one may take the name of the other, in the order in which Linux asks.
fn permit(
    c: &Caller<'_>,
    old: &Spot,
    new: &Spot,
    (source, target): (u64, Option<u64>),
    flags: u32,
) -> Result<(), Errno> {
    let service = c.service();
    let tree = c.k.tree(service);
    let moved_dir = tree.get(source).is_dir();
    let target_dir = target.is_some_and(|ino| tree.get(ino).is_dir());
    match (flags, target) {
        (NOREPLACE, Some(_)) => return Err(EEXIST),
        (EXCHANGE, None) => return Err(ENOENT),
        (EXCHANGE, Some(_)) if new.slash && !target_dir => return Err(ENOTDIR),
        _ => {}
    }
    if !moved_dir && (old.slash || flags != EXCHANGE && new.slash) {
        return Err(ENOTDIR);
    }
    // A directory cannot be moved into itself, nor over what it lies in.
    if moved_dir && tree.within(new.dir, source) {
        return Err(EINVAL);
    }
    if let Some(target) = target.filter(|_| target_dir)
        && tree.within(old.dir, target)
    {
        return Err(if flags == EXCHANGE { EINVAL } else { ENOTEMPTY });
    }
    if target == Some(source) {
        return Ok(());
    }
    c.k.may_delete(service, old.dir, source)?;
    match target {
        None => c.k.may_create(service, new.dir)?,
        Some(target) => {
            c.k.may_delete(service, new.dir, target)?;
            if flags != EXCHANGE && moved_dir != target_dir {
                return Err(if moved_dir { ENOTDIR } else { EISDIR });
            }
        }
    }
    // Moving a directory to another one rewrites its "..".
    if old.dir != new.dir {
        let back = target.filter(|_| flags == EXCHANGE && target_dir);
        for moved in Some(source).filter(|_| moved_dir).into_iter().chain(back) {
            access::check(c.owner(), tree.get(moved), WRITE)?;
        }
    }
    let mounted = |ino: u64| tree.get(ino).volume != tree.get(old.dir).volume;
    if mounted(source) || target.is_some_and(mounted) { Err(EBUSY) } else { Ok(()) }
}

impl Kernel {
    fn replace(&mut self, service: ServiceId, source: u64, old: (u64, &str), new: (u64, &str), target: Option<u64>) {
        if let Some(target) = target {
            self.remove_name(service, new.0, new.1, target);
        }
        let before = self.tree(service).path(source);
        let now = self.clock.now();
        let tree = self.tree_mut(service);
        // The new name first, so that the inode is never without one.
        tree.enter(new.0, new.1, source);
        tree.leave(old.0, old.1);
        tree.get_mut(source).ctime = now;
        tree.get_mut(old.0).modified(now);
        tree.get_mut(new.0).modified(now);
        self.directory_moved(service, source, &before);
    }
    fn exchange(&mut self, service: ServiceId, a: (u64, &str), b: (u64, &str)) -> Result<(), Errno> {
        let now = self.clock.now();
        let tree = self.tree_mut(service);
        let at = |tree: &super::tree::Tree, (dir, name): (u64, &str)| {
            tree.dir(dir).ok().and_then(|d| d.entries.get(name).copied().flatten()).ok_or(ENOENT)
        };
        let (first, second) = (at(tree, a)?, at(tree, b)?);
        let before = (tree.path(first), tree.path(second));
        for ino in [first, second] {
            tree.get_mut(ino).opens += 1;
        }
        tree.leave(a.0, a.1);
        tree.leave(b.0, b.1);
        tree.enter(a.0, a.1, second);
        tree.enter(b.0, b.1, first);
        for ino in [first, second] {
            tree.get_mut(ino).opens -= 1;
            tree.get_mut(ino).ctime = now;
        }
        for dir in [a.0, b.0] {
            tree.get_mut(dir).modified(now);
        }
        self.directory_moved(service, first, &before.0);
        self.directory_moved(service, second, &before.1);
        Ok(())
    }
    /// A directory has another path: so have the working directories in it.
    fn directory_moved(&mut self, service: ServiceId, ino: u64, before: &str) {
        if !self.tree(service).get(ino).is_dir() {
            return;
        }
        let after = self.tree(service).path(ino);
        for process in self.processes.values_mut().filter(|p| p.id.service == service) {
            if let Some(rest) = process.cwd.strip_prefix(before)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                process.cwd = format!("{after}{rest}");
            }
        }
    }
}
