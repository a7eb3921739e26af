//! Reading directories: `.` and `..`, then the names in their order.

use super::at::view;
use super::directory::Source;
use super::inode::Node;
use crate::abi::errno::{EBADF, EINVAL, ENOENT, ENOTDIR};
use crate::abi::text;
use crate::caller::Caller;
use crate::file::Target;
use crate::host::Host;
use crate::syscall::{Sys, done};
use crate::world::Kernel;
use model::{Errno, ServiceId};

/// Which layout an entry has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `struct linux_dirent`: the type is the last byte.
    Old,
    /// `struct linux_dirent64`: the type comes before the name.
    New,
}

impl Layout {
    /// Appends an entry if it fits.
    fn put(self, out: &mut Vec<u8>, room: usize, (ino, cookie, kind): (u64, u64, u8), name: &str) -> bool {
        let name = text::to_bytes(name);
        let len = (18 + 1 + name.len() + 1).next_multiple_of(8);
        if out.len() + len > room {
            return false;
        }
        let end = out.len() + len;
        out.extend_from_slice(&ino.to_le_bytes());
        out.extend_from_slice(&cookie.to_le_bytes());
        out.extend_from_slice(&(len as u16).to_le_bytes());
        if self == Layout::New {
            out.push(kind);
        }
        out.extend_from_slice(&name);
        out.resize(end, 0);
        if self == Layout::Old {
            out[end - 1] = kind;
        }
        true
    }
}

/// `getdents(fd, into, size)`
pub(crate) fn getdents(c: &mut Caller<'_>) -> Sys {
    list(c, Layout::Old)
}
/// `getdents64(fd, into, size)`
pub(crate) fn getdents64(c: &mut Caller<'_>) -> Sys {
    list(c, Layout::New)
}

fn list(c: &mut Caller<'_>, layout: Layout) -> Sys {
    let (process, service) = (c.process_id(), c.service());
    let file = c.k.file_of(process, c.int(0))?;
    let open = c.k.open_file(file);
    let Target::Inode(inode) = open.target else {
        return Err(ENOTDIR);
    };
    if open.flags & libc::O_PATH as u32 != 0 {
        return Err(EBADF);
    }
    let (dir, mut cookie) = (inode.ino, open.offset);
    c.k.tree(service).dir(dir)?;
    if c.k.tree(service).is_dead(dir) {
        return Err(ENOENT);
    }
    let room = (c.arg(2) as u32).min(1 << 20) as usize;
    if cookie == 0 {
        c.k.begin_listing(c.host, service, dir)?;
    }
    let mut out = Vec::new();
    let viewer = view(c);
    let mut refused = false;
    loop {
        let d_type = |k: &Kernel, ino: u64| (ino, (k.tree(service).get(ino).kind() >> 12) as u8);
        let (found, name) = match cookie {
            0 => (Some(d_type(c.k, dir)), ".".into()),
            1 => (Some(d_type(c.k, c.k.tree(service).parent(dir))), "..".into()),
            n => {
                let d = c.k.tree(service).dir(dir)?;
                let Some(name) = d.listing.get(n as usize - 2) else {
                    break;
                };
                if let Some(unseen) = d.unseen.get(name) {
                    if !layout.put(&mut out, room, (unseen.ino, cookie + 1, unseen.d_type()), name) {
                        refused = out.is_empty();
                        break;
                    }
                    cookie += 1;
                    continue;
                }
                let name = name.clone();
                let found = c.k.lookup(c.host, viewer, dir, &name)?.map(|ino| d_type(c.k, ino));
                (found, name)
            }
        };
        // A name that is gone is passed over.
        if let Some((ino, kind)) = found
            && !layout.put(&mut out, room, (ino, cookie + 1, kind), &name)
        {
            refused = out.is_empty();
            break;
        }
        cookie += 1;
    }
    if refused {
        return Err(EINVAL);
    }
    c.k.notify(inode, libc::IN_ACCESS);
    c.write(c.arg(1), &out)?;
    c.k.open_file_mut(file).offset = cookie;
    done(out.len() as i64)
}

impl Kernel {
    /// Puts the names of a directory in order for a reader that starts.
    fn begin_listing(&mut self, host: &mut dyn Host, service: ServiceId, dir: u64) -> Result<(), Errno> {
        self.tree_mut(service).complete(host, dir)?;
        let source = self.tree(service).dir(dir)?.source.clone();
        let virtual_names = source.is_virtual().then(|| self.virtual_names(service, &source));
        let inode = self.tree_mut(service).get_mut(dir);
        let alone = inode.opens <= 1;
        let Node::Directory(d) = &mut inode.node else {
            return Err(ENOTDIR);
        };
        let names = virtual_names.unwrap_or_else(|| d.names().into_iter().map(Into::into).collect());
        if alone {
            d.listing = names;
        } else {
            // Somebody else may be in the middle: what it has not seen comes after what is there.
            let fresh: Vec<Box<str>> = names.into_iter().filter(|n| !d.listing.contains(n)).collect();
            d.listing.extend(fresh);
        }
        debug_assert!(d.complete || !matches!(d.source, Source::Image(_)), "all names of the image are known");
        Ok(())
    }
}
