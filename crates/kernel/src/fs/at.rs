//! Paths in the arguments of calls: relative to a descriptor, to the working directory, or to nothing.

use super::InodeRef;
use super::path::{Follow, Goal, Spot, View};
use crate::abi::errno::{ENOENT, ENXIO};
use crate::caller::Caller;
use crate::file::{FileId, Target};
use crate::process::ProcessId;
use crate::world::Kernel;
use model::{Errno, ServiceId};

/// The view of a caller.
pub(crate) fn view(c: &Caller<'_>) -> View {
    View { service: c.service(), process: Some(c.process_id()), tid: c.id.tid, checked: true }
}
/// Where a path of a caller ends.
///
/// # Errors
/// As [`Kernel::walk`].
pub(crate) fn walk(c: &mut Caller<'_>, dirfd: i32, path: &str, follow: Follow) -> Result<Spot, Errno> {
    let (process, view) = (c.process_id(), view(c));
    if path.is_empty() {
        return Err(ENOENT);
    }
    let start = c.k.start(c.host, process, dirfd, path)?;
    c.k.walk(c.host, view, start, path, follow)
}
/// What a path of a caller leads to.
///
/// # Errors
/// As [`Kernel::reach`].
pub(crate) fn reach(c: &mut Caller<'_>, dirfd: i32, path: &str, follow: Follow) -> Result<Goal, Errno> {
    let (process, view) = (c.process_id(), view(c));
    if path.is_empty() {
        return Err(ENOENT);
    }
    let start = c.k.start(c.host, process, dirfd, path)?;
    c.k.reach(c.host, view, start, path, follow)
}
/// What a path of a caller leads to, or with `AT_EMPTY_PATH` and an empty path what the descriptor refers to.
///
/// # Errors
/// As [`Kernel::reach`], and `EBADF`.
pub(crate) fn reach_at(c: &mut Caller<'_>, dirfd: i32, path: &str, flags: i32) -> Result<Goal, Errno> {
    if path.is_empty() && flags & libc::AT_EMPTY_PATH != 0 {
        return behind(c, dirfd);
    }
    let follow = if flags & libc::AT_SYMLINK_NOFOLLOW != 0 { Follow::No } else { Follow::Yes };
    reach(c, dirfd, path, follow)
}
/// What a descriptor refers to; `AT_FDCWD` is the working directory.
///
/// # Errors
/// `EBADF`, `ENOENT`.
pub(crate) fn behind(c: &mut Caller<'_>, fd: i32) -> Result<Goal, Errno> {
    let process = c.process_id();
    if fd == libc::AT_FDCWD {
        return c.k.start(c.host, process, fd, "").map(Goal::Inode);
    }
    let file = c.k.file_of(process, fd)?;
    Ok(c.k.goal_of(c.id.service, file))
}
/// The inode behind a goal.
///
/// # Errors
/// `ENXIO` for what has none.
pub(crate) fn inode_of(c: &Caller<'_>, goal: Goal) -> Result<InodeRef, Errno> {
    match goal {
        Goal::Inode(ino) => Ok(InodeRef { service: c.service(), ino }),
        Goal::File(_) => Err(ENXIO),
    }
}

impl Kernel {
    /// What a description refers to, as seen in a service.
    pub(crate) fn goal_of(&self, service: ServiceId, file: FileId) -> Goal {
        let open = self.open_file(file);
        match open.target {
            Target::Inode(inode) if inode.service == service => Goal::Inode(inode.ino),
            Target::Object(_) if open.named.is_some_and(|n| n.inode.service == service) => {
                open.named.map_or(Goal::File(file), |n| Goal::Inode(n.inode.ino))
            }
            _ => Goal::File(file),
        }
    }
    /// Makes a path absolute against a process's working directory, without resolving symbolic links; `.` and `..`
    /// and double slashes are removed textually. For labels and messages.
    pub fn absolute(&self, process: ProcessId, path: &str) -> String {
        let cwd = self.processes.get(&process).map_or("/", |p| &p.cwd);
        normal(cwd, path)
    }
    /// The same, relative to a directory descriptor (`AT_FDCWD` for the working directory).
    pub fn absolute_at(&self, process: ProcessId, dirfd: i32, path: &str) -> String {
        if path.starts_with('/') || dirfd == libc::AT_FDCWD {
            return self.absolute(process, path);
        }
        let Ok(file) = self.file_of(process, dirfd) else {
            return path.to_owned();
        };
        let base = match (self.open_file(file).target, &self.open_file(file).path) {
            (Target::Inode(inode), _) => self.inode_path(inode),
            (_, Some(path)) => String::from(&**path),
            (_, None) => return path.to_owned(),
        };
        normal(&base, path)
    }
}

/// A path put behind a directory, both cleaned textually.
fn normal(base: &str, path: &str) -> String {
    let mut out = String::with_capacity(base.len() + path.len() + 1);
    let base = if path.starts_with('/') { "" } else { base };
    for name in base.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." => out.truncate(out.rfind('/').unwrap_or(0)),
            name => {
                out.push('/');
                out.push_str(name);
            }
        }
    }
    if out.is_empty() {
        out.push('/');
    }
    out
}
