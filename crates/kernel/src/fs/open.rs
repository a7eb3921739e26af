//! `open` and its kin.

use super::InodeRef;
use super::access::{self, READ, WRITE};
use super::at::walk;
use super::data::Data;
use super::directory::Directory;
use super::inode::{Inode, Link, Node, Volume};
use super::path::{Follow, Goal, Last, Spot};
use crate::abi::PAGE;
use crate::abi::errno::{E2BIG, EACCES, EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, ENXIO, EOPNOTSUPP, EPERM};
use crate::caller::Caller;
use crate::file::{FileId, Object, Target, pipe};
use crate::syscall::dispatch::refuse;
use crate::syscall::{Sys, done};
use crate::wait::ObjectId;
use crate::world::{Kernel, Owner};
use model::{Errno, Label, ServiceId};

/// The kernel's `O_LARGEFILE`, which every description of a 64-bit program has; the C library's constant is 0.
const O_LARGEFILE: u32 = 0o100_000;
/// The bit of `O_TMPFILE` that is not `O_DIRECTORY`.
const TMPFILE: i32 = libc::O_TMPFILE & !libc::O_DIRECTORY;
/// Flags that act on opening alone and are not part of the description.
const OPENING: i32 = libc::O_CREAT | libc::O_EXCL | libc::O_NOCTTY | libc::O_TRUNC | libc::O_CLOEXEC;

/// `open(path, flags, mode)`
pub(crate) fn open(c: &mut Caller<'_>) -> Sys {
    open_at(c, libc::AT_FDCWD, c.arg(0), c.int(1), c.arg(2) as u32)
}
/// `openat(dirfd, path, flags, mode)`
pub(crate) fn openat(c: &mut Caller<'_>) -> Sys {
    open_at(c, c.int(0), c.arg(1), c.int(2), c.arg(3) as u32)
}
/// `creat(path, mode)`
pub(crate) fn creat(c: &mut Caller<'_>) -> Sys {
    open_at(c, libc::AT_FDCWD, c.arg(0), libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC, c.arg(1) as u32)
}
/// `openat2(dirfd, path, how, size)`
pub(crate) fn openat2(c: &mut Caller<'_>) -> Sys {
    match c.arg(3) {
        0..24 => return Err(EINVAL),
        24 => {}
        // A later version of the structure, which is fine as long as it asks for nothing that is not known.
        size => {
            let more = size.checked_sub(24).filter(|n| *n <= PAGE).ok_or(E2BIG)?;
            if c.read_vec(c.arg(2).wrapping_add(24), more as usize)?.iter().any(|b| *b != 0) {
                return Err(E2BIG);
            }
        }
    }
    let (flags, mode) = (c.read_u64(c.arg(2))?, c.read_u64(c.arg(2).wrapping_add(8))?);
    let resolve = c.read_u64(c.arg(2).wrapping_add(16))?;
    if resolve != 0 {
        return refuse(c, EINVAL, "openat2 with RESOLVE_ flags");
    }
    let creates = flags as i32 & (libc::O_CREAT | TMPFILE) != 0;
    if flags > i32::MAX as u64 || mode & !0o7777 != 0 || mode != 0 && !creates {
        return Err(EINVAL);
    }
    open_at(c, c.int(0), c.arg(1), flags as i32, mode as u32)
}

fn open_at(c: &mut Caller<'_>, dirfd: i32, path: u64, flags: i32, mode: u32) -> Sys {
    if let Some(held) = c.call().held {
        return pipe::resume_named(c, held);
    }
    let path = c.read_path(path)?;
    let mut flags = flags;
    if flags & libc::O_PATH != 0 {
        flags &= libc::O_PATH | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    }
    if flags & TMPFILE != 0 && flags & libc::O_DIRECTORY == 0 {
        return Err(EINVAL);
    }
    let temporary = flags & TMPFILE != 0;
    if flags & libc::O_CREAT != 0 && flags & libc::O_DIRECTORY != 0 {
        return Err(EINVAL);
    }
    let exclusive = flags & libc::O_CREAT != 0 && flags & libc::O_EXCL != 0;
    let follow = match () {
        // The name is needed, and a link in its place is an error.
        () if exclusive || flags & libc::O_CREAT != 0 && flags & libc::O_NOFOLLOW != 0 => Follow::Name,
        () if flags & libc::O_NOFOLLOW != 0 => Follow::No,
        () if flags & libc::O_CREAT != 0 => Follow::Create,
        () => Follow::Yes,
    };
    let spot = walk(c, dirfd, &path, follow)?;
    let mode = mode & 0o7777 & !c.process().umask;
    let goal = if temporary {
        make_temporary(c, &spot, flags, mode)?
    } else if flags & libc::O_CREAT != 0 {
        create(c, &spot, flags, mode)?
    } else {
        let goal = spot.goal.ok_or(ENOENT)?;
        permit(c, goal, flags, spot.slash)?;
        goal
    };
    let shown = match goal {
        Goal::Inode(ino) => c.k.tree(c.id.service).path(ino),
        Goal::File(_) => path,
    };
    let truncated = flags & libc::O_TRUNC != 0 && flags & libc::O_PATH == 0 && spot.goal.is_some();
    let opened = install(c, goal, flags, shown)?;
    if let (true, Goal::Inode(ino)) = (truncated, goal) {
        c.k.notify(InodeRef { service: c.service(), ino }, libc::IN_MODIFY);
    }
    Ok(opened)
}

/// Finds or makes the file of an open with `O_CREAT`.
fn create(c: &mut Caller<'_>, spot: &Spot, flags: i32, mode: u32) -> Result<Goal, Errno> {
    match spot.last {
        Last::Name if spot.slash => return Err(EISDIR),
        Last::Name => {}
        _ => return Err(if flags & libc::O_EXCL != 0 { EEXIST } else { EISDIR }),
    }
    let service = c.service();
    if let Some(goal) = spot.goal {
        if flags & libc::O_EXCL != 0 {
            return Err(EEXIST);
        }
        if matches!(goal, Goal::Inode(ino) if c.k.tree(service).get(ino).is_dir()) {
            return Err(EISDIR);
        }
        permit(c, goal, flags, false)?;
        return Ok(goal);
    }
    let ino = c.k.make_inode(service, spot.dir, &spot.name, Node::File(Data::default()), mode)?;
    Ok(Goal::Inode(ino))
}

fn make_temporary(c: &mut Caller<'_>, spot: &Spot, flags: i32, mode: u32) -> Result<Goal, Errno> {
    let service = c.service();
    let Goal::Inode(dir) = spot.goal.ok_or(ENOENT)? else {
        return Err(ENOTDIR);
    };
    if !c.k.tree(service).get(dir).is_dir() {
        return Err(ENOTDIR);
    }
    if flags & libc::O_ACCMODE == libc::O_RDONLY {
        return Err(EINVAL);
    }
    if !matches!(c.k.tree(service).get(dir).volume, Volume::Root | Volume::Shm) {
        return Err(EOPNOTSUPP);
    }
    c.k.may_create(service, dir)?;
    let now = c.now();
    let volume = c.k.tree(service).get(dir).volume;
    let inode = Inode::new(Node::File(Data::default()), mode, c.owner(), now, volume);
    let ino = c.k.tree_mut(service).add(inode);
    let name = format!("#{ino}").into();
    let inode = c.k.tree_mut(service).get_mut(ino);
    inode.gone = Some(Link { dir, name });
    inode.nameless = flags & libc::O_EXCL == 0;
    Ok(Goal::Inode(ino))
}

/// Fails unless something that exists can be opened like this. Truncates it if asked to.
fn permit(c: &mut Caller<'_>, goal: Goal, flags: i32, slash: bool) -> Result<(), Errno> {
    let service = c.service();
    let Goal::Inode(ino) = goal else {
        return if flags & libc::O_DIRECTORY != 0 || slash { Err(ENOTDIR) } else { Ok(()) };
    };
    let (now, owner) = (c.now(), c.owner());
    let inode = c.k.tree_mut(service).get_mut(ino);
    if (flags & libc::O_DIRECTORY != 0 || slash) && !inode.is_dir() {
        return Err(ENOTDIR);
    }
    if flags & libc::O_PATH != 0 {
        return Ok(());
    }
    if inode.is_link() {
        return Err(ELOOP);
    }
    let truncates = flags & libc::O_TRUNC != 0;
    let wanted = match flags & libc::O_ACCMODE {
        libc::O_RDONLY => READ,
        libc::O_WRONLY => WRITE,
        _ => READ | WRITE,
    };
    let wanted = if truncates { wanted | WRITE } else { wanted };
    if inode.is_dir() && wanted & WRITE != 0 {
        return Err(EISDIR);
    }
    access::check(owner, inode, wanted)?;
    if flags & libc::O_NOATIME != 0 {
        access::owned(owner, inode).map_err(|_| EPERM)?;
    }
    match &mut inode.node {
        Node::Socket => return Err(ENXIO),
        Node::File(data) if truncates => {
            if data.size() == 0 {
                inode.modified(now);
            } else {
                c.k.inode_resize(c.host, InodeRef { service, ino }, 0)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Makes the description and the descriptor.
fn install(c: &mut Caller<'_>, goal: Goal, flags: i32, path: String) -> Sys {
    let (service, process) = (c.service(), c.process_id());
    let cloexec = flags & libc::O_CLOEXEC != 0;
    let status = (flags & !OPENING) as u32 | if flags & libc::O_PATH == 0 { O_LARGEFILE } else { 0 };
    let ino = match goal {
        Goal::File(file) => {
            let file = reopen(c.k, file, flags)?;
            return done(c.k.install_fd(process, file, cloexec, 0)?);
        }
        Goal::Inode(ino) => ino,
    };
    if let (Node::Fifo(behind), 0) = (&c.k.tree(service).get(ino).node, flags & libc::O_PATH) {
        let object = match *behind {
            Some(object) => object,
            None => {
                let object = c.k.pipe_new();
                c.k.tree_mut(service).get_mut(ino).node = Node::Fifo(Some(object));
                object
            }
        };
        let opened = pipe::open_named(c, InodeRef { service, ino }, object, (status, cloexec), path);
        if opened.is_err() {
            c.k.fifo_unused(service, ino, object);
        }
        return opened;
    }
    if let (Node::Device(device), 0) = (&c.k.tree(service).get(ino).node, flags & libc::O_PATH)
        && let Some(opening) = device.terminal()
    {
        let inode = InodeRef { service, ino };
        return crate::terminal::open_terminal(c, (opening, inode), (flags, status), path);
    }
    // A virtual file is opened as an inode of its own, which holds what this reader sees.
    let opened = match (&c.k.tree(service).get(ino).node, flags & libc::O_PATH) {
        (Node::Text(text), 0) => {
            let (text, of) = (*text, c.k.tree(service).get(ino));
            let node = Node::Opened { text, bytes: None, of: ino };
            let mut inode = Inode::new(node, of.mode, Owner { uid: of.uid, gid: of.gid }, of.mtime, of.volume);
            inode.gone = of.links.first().cloned();
            c.k.tree_mut(service).add(inode)
        }
        _ => ino,
    };
    let inode = InodeRef { service, ino: opened };
    c.k.inode_opened(inode);
    if flags & libc::O_PATH == 0 {
        c.k.inode_used(inode);
        c.k.notify_by(inode, &path, libc::IN_OPEN);
    }
    let file = c.k.add_file(Target::Inode(inode), status, Some(path.into()));
    done(c.k.install_fd(process, file, cloexec, 0)?)
}

/// The inode that a watch on a path is for.
///
/// # Errors
/// As `inotify_add_watch(2)`; `EACCES` unless it may be read.
pub(crate) fn watchable(c: &mut Caller<'_>, path: &str, itself: bool) -> Result<InodeRef, Errno> {
    let follow = if itself { Follow::No } else { Follow::Yes };
    let spot = walk(c, libc::AT_FDCWD, path, follow)?;
    let Goal::Inode(ino) = spot.goal.ok_or(ENOENT)? else { return Err(EINVAL) };
    access::check(c.owner(), c.k.tree(c.id.service).get(ino), READ)?;
    Ok(InodeRef { service: c.service(), ino })
}

/// A description for what another one refers to, which has no inode.
fn reopen(k: &mut Kernel, file: FileId, flags: i32) -> Result<FileId, Errno> {
    let open = k.open_file(file);
    match open.target {
        Target::Object(object) if matches!(k.files.objects.get(&object), Some(Object::Socket(_))) => Err(ENXIO),
        // Which end of a pipe a description is says its access mode, and only its owner counts the ends: the same
        // description serves again if it can.
        Target::Object(_) => {
            let wanted = flags & libc::O_ACCMODE;
            let fits = match wanted {
                libc::O_RDONLY => open.readable(),
                libc::O_WRONLY => open.writable(),
                _ => open.readable() && open.writable(),
            };
            if fits { Ok(file) } else { Err(EACCES) }
        }
        target => {
            let path = open.path.as_ref().map(Label::share);
            Ok(k.add_file(target, (flags & !OPENING) as u32 | O_LARGEFILE, path))
        }
    }
}

impl Kernel {
    /// A named pipe could not be opened: if nobody else has it open there is no pipe behind it.
    fn fifo_unused(&mut self, service: ServiceId, ino: u64, object: ObjectId) {
        let used = self.files.get_pipe(object).is_some_and(|p| p.has_readers() || p.has_writers());
        if !used && self.tree(service).find(ino).is_some() {
            self.files.objects.remove(&object);
            self.tree_mut(service).get_mut(ino).node = Node::Fifo(None);
        }
    }
    /// Makes an inode under a new name, in the name of the guests' user.
    ///
    /// # Errors
    /// `ENOENT` or `EACCES` for the directory.
    pub(crate) fn make_inode(
        &mut self,
        service: ServiceId,
        dir: u64,
        name: &str,
        node: Node,
        mode: u32,
    ) -> Result<u64, Errno> {
        self.may_create(service, dir)?;
        let now = self.clock.now();
        let owner = self.owner(service);
        let tree = self.tree_mut(service);
        let above = tree.get(dir);
        let mut inode = Inode::new(node, mode, owner, now, above.volume);
        if above.mode & libc::S_ISGID != 0 {
            inode.gid = above.gid;
            if inode.is_dir() {
                inode.mode |= libc::S_ISGID;
            }
        }
        let ino = tree.make(dir, name, inode);
        tree.get_mut(dir).modified(now);
        self.notify_name(InodeRef { service, ino }, (dir, name), libc::IN_CREATE, 0);
        Ok(ino)
    }
}

/// An empty directory.
pub(super) fn new_directory() -> Node {
    Node::Directory(Directory::default())
}
