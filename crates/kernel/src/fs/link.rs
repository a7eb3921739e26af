//! Hard and symbolic links.

use super::InodeRef;
use super::access::{self, READ, WRITE};
use super::at::{behind, reach, view};
use super::inode::Node;
use super::name::vacant;
use super::path::{Follow, Goal};
use super::virt::Magic;
use crate::abi::errno::{EINVAL, ENOENT, EPERM, EXDEV};
use crate::abi::text;
use crate::caller::Caller;
use crate::file::{FileId, Object, Target};
use crate::process::ProcessId;
use crate::syscall::{Sys, done};
use crate::world::Kernel;
use model::{Errno, ServiceId};

fn link_at(c: &mut Caller<'_>, (from_fd, from): (i32, u64), (to_fd, to): (i32, u64), flags: i32) -> Sys {
    if flags & !(libc::AT_SYMLINK_FOLLOW | libc::AT_EMPTY_PATH) != 0 {
        return Err(EINVAL);
    }
    let from = c.read_path(from)?;
    let to = c.read_path(to)?;
    let service = c.service();
    let goal = if from.is_empty() && flags & libc::AT_EMPTY_PATH != 0 {
        // Linux asks for CAP_DAC_READ_SEARCH; with descriptors it made itself a program gets by without.
        behind(c, from_fd)?
    } else {
        let follow = if flags & libc::AT_SYMLINK_FOLLOW != 0 { Follow::Yes } else { Follow::No };
        reach(c, from_fd, &from, follow)?
    };
    let spot = vacant(c, to_fd, &to, false)?;
    let Goal::Inode(ino) = goal else { return Err(EXDEV) };
    let tree = c.k.tree(service);
    let inode = tree.get(ino);
    if inode.volume != tree.get(spot.dir).volume {
        return Err(EXDEV);
    }
    // As with fs.protected_hardlinks: not to what one could not write anyway.
    let safe = matches!(inode.node, Node::File(_)) && access::check(c.owner(), inode, READ | WRITE).is_ok();
    if inode.uid != c.owner().uid && !safe {
        return Err(EPERM);
    }
    c.k.may_create(service, spot.dir)?;
    if c.k.tree(service).get(ino).is_dir() {
        return Err(EPERM);
    }
    let inode = c.k.tree(service).get(ino);
    if inode.links.is_empty() && !inode.nameless {
        return Err(ENOENT);
    }
    let now = c.now();
    let tree = c.k.tree_mut(service);
    tree.enter(spot.dir, &spot.name, ino);
    tree.get_mut(ino).ctime = now;
    tree.get_mut(spot.dir).modified(now);
    let inode = InodeRef { service, ino };
    c.k.notify_self(inode, libc::IN_ATTRIB);
    c.k.notify_name(inode, (spot.dir, &spot.name), libc::IN_CREATE, 0);
    done(0)
}
/// `link(from, to)`
pub(crate) fn link(c: &mut Caller<'_>) -> Sys {
    link_at(c, (libc::AT_FDCWD, c.arg(0)), (libc::AT_FDCWD, c.arg(1)), 0)
}
/// `linkat(fromfd, from, tofd, to, flags)`
pub(crate) fn linkat(c: &mut Caller<'_>) -> Sys {
    link_at(c, (c.int(0), c.arg(1)), (c.int(2), c.arg(3)), c.int(4))
}

fn symlink_at(c: &mut Caller<'_>, target: u64, dirfd: i32, path: u64) -> Sys {
    let target = c.read_path(target)?;
    let path = c.read_path(path)?;
    if target.is_empty() {
        return Err(ENOENT);
    }
    let spot = vacant(c, dirfd, &path, false)?;
    c.k.make_inode(c.id.service, spot.dir, &spot.name, Node::Symlink(target.into()), 0o777)?;
    done(0)
}
/// `symlink(target, path)`
pub(crate) fn symlink(c: &mut Caller<'_>) -> Sys {
    symlink_at(c, c.arg(0), libc::AT_FDCWD, c.arg(1))
}
/// `symlinkat(target, dirfd, path)`
pub(crate) fn symlinkat(c: &mut Caller<'_>) -> Sys {
    symlink_at(c, c.arg(0), c.int(1), c.arg(2))
}

fn read_link(c: &mut Caller<'_>, dirfd: i32, path: u64, into: u64, size: i32) -> Sys {
    if size <= 0 {
        return Err(EINVAL);
    }
    let path = c.read_path(path)?;
    let service = c.service();
    let goal = if path.is_empty() { behind(c, dirfd)? } else { reach(c, dirfd, &path, Follow::No)? };
    // An empty path is for descriptors of links alone.
    let not_a_link = if path.is_empty() { ENOENT } else { EINVAL };
    let Goal::Inode(ino) = goal else { return Err(not_a_link) };
    let text = match &c.k.tree(service).get(ino).node {
        Node::Symlink(target) => target.to_string(),
        Node::Magic(magic) => {
            let magic = *magic;
            c.k.magic_text(view(c), magic)?
        }
        _ => return Err(not_a_link),
    };
    let bytes = text::to_bytes(&text);
    let bytes = &bytes[..bytes.len().min(size as usize)];
    c.write(into, bytes)?;
    done(bytes.len() as i64)
}
/// `readlink(path, into, size)`
pub(crate) fn readlink(c: &mut Caller<'_>) -> Sys {
    read_link(c, libc::AT_FDCWD, c.arg(0), c.arg(1), c.int(2))
}
/// `readlinkat(dirfd, path, into, size)`
pub(crate) fn readlinkat(c: &mut Caller<'_>) -> Sys {
    read_link(c, c.int(0), c.arg(1), c.arg(2), c.int(3))
}

impl Kernel {
    /// What `readlink` says of a link of `/proc`.
    fn magic_text(&self, view: super::path::View, magic: Magic) -> Result<String, Errno> {
        if let Magic::Descriptor(pid, fd) = magic {
            let id = ProcessId { service: view.service, pid };
            let process = self.processes.get(&id).ok_or(ENOENT)?;
            let descriptor = process.fds.map.get(&fd).ok_or(ENOENT)?;
            return Ok(self.description_text(descriptor.file));
        }
        match self.follow_magic(view, magic)? {
            super::virt::Jump::Path(path) => Ok(path),
            super::virt::Jump::Goal(_) => Err(ENOENT),
        }
    }
    /// How `/proc/<pid>/fd` names a description.
    fn description_text(&self, file: FileId) -> String {
        let open = self.open_file(file);
        match open.target {
            Target::Inode(inode) => {
                let tree = self.tree(inode.service);
                let target = tree.get(inode.ino);
                let deleted = target.links.is_empty()
                    && inode.ino != super::tree::ROOT
                    && !matches!(target.node, Node::Opened { .. });
                let path = tree.path(inode.ino);
                if deleted { path + " (deleted)" } else { path }
            }
            Target::Object(_) if let Some(named) = open.named => {
                let tree = self.tree(named.inode.service);
                let path = tree.path(named.inode.ino);
                if tree.get(named.inode.ino).links.is_empty() { path + " (deleted)" } else { path }
            }
            Target::Object(object) => {
                let meta = self.meta(ServiceId::DRIVER, Goal::File(file));
                let anonymous = match self.files.objects.get(&object) {
                    Some(Object::Socket(_)) => return format!("socket:[{}]", meta.ino),
                    Some(Object::Event(_)) => "[eventfd]",
                    Some(Object::Timer(_)) => "[timerfd]",
                    Some(Object::Signals(_)) => "[signalfd]",
                    Some(Object::Epoll(_)) => "[eventpoll]",
                    Some(Object::Process(_)) => "[pidfd]",
                    Some(Object::Inotify(_)) => "inotify",
                    Some(Object::Terminal(_) | Object::Slave(_)) => "[terminal]",
                    Some(Object::Pipe(_)) | None => return format!("pipe:[{}]", meta.ino),
                };
                format!("anon_inode:{anonymous}")
            }
            Target::Console { .. } => format!("pipe:[{}]", self.meta(ServiceId::DRIVER, Goal::File(file)).ino),
        }
    }
}
