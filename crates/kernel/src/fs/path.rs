//! From a path to an inode, as `path_resolution(7)` says.
//!
//! ```text
//!   walk: component ──> search permission ──> "." ".." or a name ──> lookup ──> symbolic link? ──> next component
//!            ▲                                                                    │ its text before the rest
//!            └────────────────────────────────────────────────────────────────────┘
//! ```

use super::access;
use super::inode::Node;
use super::tree::{Looked, ROOT, Tree};
use super::virt::Jump;
use crate::abi::errno::{ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR};
use crate::abi::text;
use crate::file::{FileId, Target};
use crate::host::Host;
use crate::process::ProcessId;
use crate::world::Kernel;
use model::{Errno, ServiceId};
use std::borrow::Cow;

/// How many symbolic links a path may lead through.
const LINKS_MAX: u32 = 40;
/// The longest name.
const NAME_MAX: usize = 255;

/// In whose name a path is walked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Whose file system.
    pub(crate) service: ServiceId,
    /// The process that `/proc/self` leads to.
    pub(crate) process: Option<ProcessId>,
    /// The thread that `/proc/thread-self` leads to.
    pub(crate) tid: u32,
    /// Whether search permission is asked for.
    pub(crate) checked: bool,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// An inode.
    Inode(u64),
    /// An open description of something without one, through `/proc/<pid>/fd`.
    File(FileId),
}

/// What to do with a symbolic link in the last place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Follow it.
    Yes,
    /// Do not, unless a slash comes after it.
    No,
    /// Follow it, unless a slash comes after it: no file can be made there.
    Create,
    /// Do not: the name itself is meant.
    Name,
}

impl Follow {
    /// Whether a link in the last place is followed, given that a slash comes after it or not.
    fn through(self, slash: bool) -> bool {
        match self {
            Follow::Yes => true,
            Follow::No => slash,
            Follow::Create => !slash,
            Follow::Name => false,
        }
    }
}

/// The last component of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// A name.
    Name,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// Nothing: the path is `/`.
    Root,
}

/// Where a path ended.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    /// The directory of the last component.
    pub(crate) dir: u64,
    /// Its name; empty unless `last` says it is one and the walk was about the name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) last: Last,
    /// What it leads to, if it exists.
    pub(crate) goal: Option<Goal>,
    /// Whether a slash came after it.
    pub(crate) slash: bool,
}

impl Kernel {
    pub(crate) fn tree(&self, service: ServiceId) -> &Tree {
        &self.fs.trees[service.index()]
    }
    pub(crate) fn tree_mut(&mut self, service: ServiceId) -> &mut Tree {
        &mut self.fs.trees[service.index()]
    }
    /// The view of the thread that runs, if it belongs to the service.
    pub(crate) fn view(&self, service: ServiceId) -> View {
        let thread = self.threads.get(&self.current).filter(|t| t.id.service == service);
        View { service, process: thread.map(|t| t.process), tid: thread.map_or(0, |t| t.id.tid), checked: true }
    }

    /// The directory that a path starts in.
    ///
    /// # Errors
    /// `EBADF`, `ENOTDIR`, or `ENOENT` when the working directory is gone.
    pub(crate) fn start(
        &mut self,
        host: &mut dyn Host,
        process: ProcessId,
        dirfd: i32,
        path: &str,
    ) -> Result<u64, Errno> {
        self.prepare(host, process.service);
        if path.starts_with('/') {
            return Ok(ROOT);
        }
        if dirfd != libc::AT_FDCWD {
            let file = self.file_of(process, dirfd)?;
            return match self.open_file(file).target {
                Target::Inode(inode) if inode.service == process.service => Ok(inode.ino),
                _ => Err(ENOTDIR),
            };
        }
        let cwd = self.processes[&process].cwd.clone();
        // Being somewhere needs no permission to get there.
        let view = View { checked: false, ..self.view(process.service) };
        match self.walk(host, view, ROOT, &cwd, Follow::Yes)?.goal {
            Some(Goal::Inode(ino)) => Ok(ino),
            _ => Err(ENOENT),
        }
    }

    /// Walks a path from a directory.
    ///
    /// # Errors
    /// As `path_resolution(7)`; a missing last component is not an error.
    pub(crate) fn walk(
        &mut self,
        host: &mut dyn Host,
        view: View,
        start: u64,
        path: &str,
        follow: Follow,
    ) -> Result<Spot, Errno> {
        if path.is_empty() {
            return Err(ENOENT);
        }
        let mut text = Cow::Borrowed(path);
        let mut dir = if path.starts_with('/') { ROOT } else { start };
        let (mut at, mut links) = (0, 0);
        // Most walks are about what is there; only those that change names need the name.
        let named = matches!(follow, Follow::Name | Follow::Create);
        loop {
            let (begin, end, next) = component(&text, at);
            let is_last = next == text.len();
            let slash = next > end;
            let name = &text[begin..end];
            let ended = |goal| Spot { dir, name: kept(named, name), last: Last::Name, goal, slash };
            if name.is_empty() {
                return Ok(Spot { last: Last::Root, slash: true, ..ended(Some(Goal::Inode(dir))) });
            }
            self.search(view, dir)?;
            if name == "." || name == ".." {
                let up = name == "..";
                let to = if up { self.tree(view.service).parent(dir) } else { dir };
                if is_last {
                    let last = if up { Last::DotDot } else { Last::Dot };
                    return Ok(Spot { last, ..ended(Some(Goal::Inode(to))) });
                }
                (dir, at) = (to, next);
                continue;
            }
            let Some(child) = self.lookup(host, view, dir, name)? else {
                return if is_last { Ok(ended(None)) } else { Err(ENOENT) };
            };
            let jump = if !is_last || follow.through(slash) { self.jump(view, child)? } else { None };
            let Some(jump) = jump else {
                if is_last {
                    return Ok(ended(Some(Goal::Inode(child))));
                }
                (dir, at) = (child, next);
                continue;
            };
            links += 1;
            if links > LINKS_MAX {
                return Err(ELOOP);
            }
            match jump {
                Jump::Path(mut target) => {
                    target.push_str(&text[end..]);
                    if target.starts_with('/') {
                        dir = ROOT;
                    }
                    (text, at) = (Cow::Owned(target), 0);
                }
                Jump::Goal(goal) if is_last => return Ok(ended(Some(goal))),
                Jump::Goal(Goal::Inode(ino)) => (dir, at) = (ino, next),
                Jump::Goal(Goal::File(_)) => return Err(ENOTDIR),
            }
        }
    }

    /// Fails unless names can be looked up in a directory.
    fn search(&self, view: View, dir: u64) -> Result<(), Errno> {
        let inode = self.tree(view.service).get(dir);
        if !inode.is_dir() {
            return Err(ENOTDIR);
        }
        if view.checked { access::check(self.owner(view.service), inode, access::EXECUTE) } else { Ok(()) }
    }
    /// The inode behind a name of a directory.
    ///
    /// # Errors
    /// `ENOTDIR`, `ENAMETOOLONG`.
    pub(crate) fn lookup(
        &mut self,
        host: &mut dyn Host,
        view: View,
        dir: u64,
        name: &str,
    ) -> Result<Option<u64>, Errno> {
        if name.len() > NAME_MAX && text::length(name) > NAME_MAX {
            return Err(ENAMETOOLONG);
        }
        match self.tree_mut(view.service).lookup(host, dir, name)? {
            Looked::Found(ino) => Ok(Some(ino)),
            Looked::Missing => Ok(None),
            Looked::Virtual => Ok(self.lookup_virtual(view.service, dir, name)),
        }
    }
    /// Where an inode leads if it is a symbolic link.
    fn jump(&self, view: View, ino: u64) -> Result<Option<Jump>, Errno> {
        match &self.tree(view.service).get(ino).node {
            Node::Symlink(target) => Ok(Some(Jump::Path(target.to_string()))),
            Node::Magic(magic) => self.follow_magic(view, *magic).map(Some),
            _ => Ok(None),
        }
    }
    /// Walks a path to something that exists.
    ///
    /// # Errors
    /// As [`Kernel::walk`], and `ENOENT`.
    pub(crate) fn reach(
        &mut self,
        host: &mut dyn Host,
        view: View,
        start: u64,
        path: &str,
        follow: Follow,
    ) -> Result<Goal, Errno> {
        let spot = self.walk(host, view, start, path, follow)?;
        let goal = spot.goal.ok_or(ENOENT)?;
        let is_dir = matches!(goal, Goal::Inode(ino) if self.tree(view.service).get(ino).is_dir());
        if spot.slash && !is_dir {
            return Err(ENOTDIR);
        }
        Ok(goal)
    }
}

/// The next component: where it begins and ends, and where the one after it begins.
fn component(text: &str, at: usize) -> (usize, usize, usize) {
    let bytes = text.as_bytes();
    let slashes = |from: usize| from + bytes[from..].iter().take_while(|b| **b == b'/').count();
    let begin = slashes(at);
    let end = bytes[begin..].iter().position(|b| *b == b'/').map_or(bytes.len(), |n| begin + n);
    (begin, end, slashes(end))
}

/// The name to keep of a component.
fn kept(named: bool, name: &str) -> String {
    if named && !matches!(name, "." | "..") { name.to_owned() } else { String::new() }
}
