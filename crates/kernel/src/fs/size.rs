//! Sizes: `truncate` and `fallocate`.

use super::InodeRef;
use super::access::{self, WRITE};
use super::at::reach;
use super::data::SIZE_MAX;
use super::inode::Node;
use super::path::{Follow, Goal};
use crate::abi::errno::{EBADF, EFBIG, EINVAL, EISDIR, ENODEV, ENOSPC, EOPNOTSUPP, ESPIPE};
use crate::caller::Caller;
use crate::file::Target;
use crate::syscall::{Sys, done};
use model::Errno;

/// Fails if a file may not become this long; the program is told by `SIGXFSZ` too.
///
/// # Errors
/// `EFBIG`.
fn within_limit(c: &mut Caller<'_>, size: u64) -> Result<(), Errno> {
    let limit = c.process().limits[libc::RLIMIT_FSIZE as usize].0;
    if size <= limit { Ok(()) } else { Err(crate::file::regular::too_long(c)) }
}

/// `truncate(path, size)`
pub(crate) fn truncate(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    let size = c.arg(1) as i64;
    if size < 0 {
        return Err(EINVAL);
    }
    let Goal::Inode(ino) = reach(c, libc::AT_FDCWD, &path, Follow::Yes)? else {
        return Err(EINVAL);
    };
    let inode = c.k.tree(c.id.service).get(ino);
    if inode.is_dir() {
        return Err(EISDIR);
    }
    access::check(c.owner(), inode, WRITE)?;
    within_limit(c, size as u64)?;
    let inode = InodeRef { service: c.id.service, ino };
    c.k.inode_resize(c.host, inode, size as u64)?;
    c.k.notify(inode, libc::IN_MODIFY);
    done(0)
}
/// `ftruncate(fd, size)`
pub(crate) fn ftruncate(c: &mut Caller<'_>) -> Sys {
    let size = c.arg(1) as i64;
    if size < 0 {
        return Err(EINVAL);
    }
    let process = c.process_id();
    let file = c.k.file_of(process, c.int(0))?;
    let open = c.k.open_file(file);
    if open.flags & libc::O_PATH as u32 != 0 {
        return Err(EBADF);
    }
    if !open.writable() {
        return Err(EINVAL);
    }
    let Target::Inode(inode) = open.target else { return Err(EINVAL) };
    within_limit(c, size as u64)?;
    c.k.inode_resize(c.host, inode, size as u64)?;
    c.k.notify(inode, libc::IN_MODIFY);
    done(0)
}

/// `fallocate(fd, mode, offset, length)`. Space is not accounted for, so reserving it only moves the end of the file.
pub(crate) fn fallocate(c: &mut Caller<'_>) -> Sys {
    let (mode, offset, len) = (c.int(1), c.arg(2) as i64, c.arg(3) as i64);
    let process = c.process_id();
    let file = c.k.file_of(process, c.int(0))?;
    let open = c.k.open_file(file);
    let (target, writable) = (open.target, open.writable());
    if offset < 0 || len <= 0 {
        return Err(EINVAL);
    }
    let keep = mode & libc::FALLOC_FL_KEEP_SIZE != 0;
    let zeroes = match mode & !libc::FALLOC_FL_KEEP_SIZE {
        0 => false,
        libc::FALLOC_FL_PUNCH_HOLE if keep => true,
        libc::FALLOC_FL_ZERO_RANGE => true,
        _ => return Err(EOPNOTSUPP),
    };
    if !writable {
        return Err(EBADF);
    }
    let (offset, len) = (offset as u64, len as u64);
    let end = offset.checked_add(len).filter(|end| *end <= SIZE_MAX).ok_or(EFBIG)?;
    let Target::Inode(inode) = target else { return Err(ESPIPE) };
    let Node::File(data) = &c.k.tree(inode.service).get(inode.ino).node else { return Err(ENODEV) };
    let size = data.size();
    let grows = !keep && end > size;
    if grows {
        within_limit(c, end)?;
        let growth = end - size;
        if c.k.disk_free(inode.service) < growth {
            return Err(ENOSPC);
        }
    }
    if zeroes {
        c.k.inode_unsealed(inode, 0)?;
        c.k.inode_zero(c.host, inode, offset, len);
    }
    let now = c.now();
    c.k.tree_mut(inode.service).get_mut(inode.ino).modified(now);
    if grows {
        c.k.inode_resize(c.host, inode, end)?;
    }
    c.k.notify(inode, libc::IN_MODIFY);
    done(0)
}
