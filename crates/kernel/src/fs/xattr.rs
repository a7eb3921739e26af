//! Extended attributes (`xattr(7)`): those of the user, on regular files and directories. The other kinds answer as they
//! do to an ordinary user of a file that has none.

use super::InodeRef;
use super::access::{self, READ, WRITE};
use super::at::reach;
use super::inode::{Node, Volume};
use super::path::{Follow, Goal};
use crate::abi::errno::{E2BIG, EBADF, EEXIST, EINVAL, ENODATA, EOPNOTSUPP, EPERM, ERANGE};
use crate::caller::Caller;
use crate::file::Target;
use crate::syscall::{Sys, done};
use model::Errno;

/// The longest name, and the longest value, in bytes.
const NAME_MAX: usize = 255;
const VALUE_MAX: u64 = 65_536;

/// The twelve calls: `setxattr`, `getxattr`, `listxattr`, `removexattr`, each with its `l` and `f` form, in the order of
/// their numbers.
pub(crate) fn xattr(c: &mut Caller<'_>) -> Sys {
    let form = c.call().number - libc::SYS_setxattr as u64;
    let goal = match form % 3 {
        2 => opened(c)?,
        links => {
            let path = c.read_path(c.arg(0))?;
            let follow = if links == 0 { Follow::Yes } else { Follow::No };
            match reach(c, libc::AT_FDCWD, &path, follow)? {
                Goal::Inode(ino) => InodeRef { service: c.id.service, ino },
                Goal::File(_) => return Err(EOPNOTSUPP),
            }
        }
    };
    if !matches!(c.k.tree(goal.service).get(goal.ino).volume, Volume::Root | Volume::Shm) {
        return Err(EOPNOTSUPP);
    }
    match form / 3 {
        0 => set(c, goal),
        1 => get(c, goal),
        2 => list(c, goal),
        _ => remove(c, goal),
    }
}

fn opened(c: &mut Caller<'_>) -> Result<InodeRef, Errno> {
    let file = c.k.file_of(c.process_id(), c.int(0))?;
    let open = c.k.open_file(file);
    if open.is_path() {
        return Err(EBADF);
    }
    match open.target {
        Target::Inode(inode) => Ok(inode),
        _ => Err(EOPNOTSUPP),
    }
}

/// What may be done to an attribute of this kind of name.
fn name(c: &mut Caller<'_>, goal: InodeRef, wanted: u32) -> Result<Vec<u8>, Errno> {
    let name =
        c.read_cstr(c.arg(1), NAME_MAX + 1).map_err(|e| if e == crate::abi::errno::EFAULT { e } else { ERANGE })?;
    let writes = wanted == WRITE;
    let inode = c.k.tree(goal.service).get(goal.ino);
    match () {
        () if name.is_empty() => Err(ERANGE),
        () if name.starts_with(b"user.") && name.len() > 5 => {
            if !matches!(inode.node, Node::File(_) | Node::Directory(_)) {
                return Err(if writes { EPERM } else { ENODATA });
            }
            access::check(c.owner(), inode, wanted)?;
            Ok(name)
        }
        () if name.starts_with(b"trusted.") || name.starts_with(b"security.") => {
            Err(if writes { EPERM } else { ENODATA })
        }
        () if name == b"user." => Err(EINVAL),
        () => Err(EOPNOTSUPP),
    }
}

fn set(c: &mut Caller<'_>, goal: InodeRef) -> Sys {
    let (at, size, flags, now) = (c.arg(2), c.arg(3), c.int(4), c.now());
    if flags & !(libc::XATTR_CREATE | libc::XATTR_REPLACE) != 0 {
        return Err(EINVAL);
    }
    if size > VALUE_MAX {
        return Err(E2BIG);
    }
    let name = name(c, goal, WRITE)?;
    let value = c.read_vec(at, size as usize)?;
    let inode = c.k.tree_mut(goal.service).get_mut(goal.ino);
    let there = inode.attributes.contains_key(&name);
    if there && flags & libc::XATTR_CREATE != 0 {
        return Err(EEXIST);
    }
    if !there && flags & libc::XATTR_REPLACE != 0 {
        return Err(ENODATA);
    }
    inode.attributes.insert(name, value);
    inode.ctime = now;
    c.k.notify(goal, libc::IN_ATTRIB);
    done(0)
}

/// Gives bytes to a caller who may only have asked how many there are.
fn give(c: &mut Caller<'_>, at: u64, room: u64, bytes: &[u8]) -> Sys {
    if room != 0 {
        if bytes.len() as u64 > room {
            return Err(ERANGE);
        }
        c.write(at, bytes)?;
    }
    done(bytes.len() as i64)
}

fn get(c: &mut Caller<'_>, goal: InodeRef) -> Sys {
    let name = name(c, goal, READ)?;
    let value = c.k.tree(goal.service).get(goal.ino).attributes.get(&name).cloned().ok_or(ENODATA)?;
    give(c, c.arg(2), c.arg(3), &value)
}

fn list(c: &mut Caller<'_>, goal: InodeRef) -> Sys {
    let attributes = &c.k.tree(goal.service).get(goal.ino).attributes;
    let names: Vec<u8> = attributes.keys().flat_map(|name| name.iter().copied().chain([0])).collect();
    give(c, c.arg(1), c.arg(2), &names)
}

fn remove(c: &mut Caller<'_>, goal: InodeRef) -> Sys {
    let now = c.now();
    let name = name(c, goal, WRITE)?;
    let inode = c.k.tree_mut(goal.service).get_mut(goal.ino);
    inode.attributes.remove(&name).ok_or(ENODATA)?;
    inode.ctime = now;
    c.k.notify(goal, libc::IN_ATTRIB);
    done(0)
}
