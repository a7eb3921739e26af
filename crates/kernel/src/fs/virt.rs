//! Virtual directories: `/proc`, `/sys` and `/dev` are tables, made into inodes name by name as they are looked up.

use super::directory::{Directory, Source};
use super::inode::{Inode, Node, Volume};
use super::path::{Goal, View};
use super::proc::{self, Global, Part};
use super::{dev, sys};
use crate::abi::errno::ENOENT;
use crate::process::ProcessId;
use crate::world::{Kernel, Owner};
use model::{Errno, ServiceId, VirtualTime};

/// A character device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// `/dev/null`
    Null,
    /// `/dev/zero`
    Zero,
    /// `/dev/full`
    Full,
    /// `/dev/random`
    Random,
    /// `/dev/urandom`
    Urandom,
    /// `/dev/tty`: the controlling terminal.
    Tty,
    /// `/dev/ptmx`: makes terminals.
    Ptmx,
    /// `/dev/pts/N`
    Terminal(u32),
}

/// What a virtual file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Always the same.
    Constant(&'static str),
    /// Something about the machine.
    Global(Global),
    /// Something about a process and one of its threads.
    Process(u32, u32, Part),
    /// A descriptor of a process.
    Descriptor(u32, i32),
}

/// A link of `/proc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Magic {
    /// `/proc/self`
    Own,
    /// `/proc/thread-self`
    OwnThread,
    /// The program of a process.
    Program(u32),
    /// Its working directory.
    WorkingDirectory(u32),
    /// Its root.
    Root,
    /// One of its descriptors.
    Descriptor(u32, i32),
}

/// Where a symbolic link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    /// To a path.
    Path(String),
    /// Straight to an object.
    Goal(Goal),
}

/// One row of a table of virtual files.
pub(crate) struct Fixed {
    /// Its path; the directories above it are implied.
    pub(crate) path: &'static str,
    /// Permission bits.
    pub(crate) mode: u32,
    /// What it is.
    pub(crate) made: Made,
}

/// What a row makes.
pub(crate) enum Made {
    /// A file.
    Text(Text),
    /// A symbolic link.
    Link(&'static str),
    /// A link of `/proc`.
    Magic(Magic),
    /// A device.
    Device(Device),
    /// An empty directory that guests can write to.
    Shared(Volume),
    /// An empty directory.
    Empty,
}

/// The table that a virtual path is in.
fn table(path: &str) -> (&'static [Fixed], Volume) {
    match path.get(..4) {
        Some("/pro") => (proc::FILES, Volume::Proc),
        Some("/sys") => (sys::FILES, Volume::Sys),
        _ => (dev::FILES, Volume::Dev),
    }
}
/// A row's next component below a directory, and whether the row ends there.
fn below(row: &'static Fixed, dir: &str) -> Option<(&'static str, bool)> {
    let rest = row.path.strip_prefix(dir)?.strip_prefix('/')?;
    Some(rest.split_once('/').map_or((rest, true), |(name, _)| (name, false)))
}

fn directory(source: Source, mode: u32, owner: Owner, volume: Volume) -> Inode {
    Inode::new(Node::Directory(Directory::of(source)), mode, owner, VirtualTime::EPOCH, volume)
}
fn of_process(node: Node, mode: u32, owner: Owner) -> Inode {
    Inode::new(node, mode, owner, VirtualTime::EPOCH, Volume::Proc)
}

fn fixed(dir: &'static str, name: &str) -> Option<Inode> {
    let (rows, volume) = table(dir);
    let (row, ends) = rows.iter().find_map(|row| below(row, dir).filter(|(n, _)| *n == name).map(|(_, e)| (row, e)))?;
    if !ends {
        return Some(directory(Source::Fixed(&row.path[..dir.len() + 1 + name.len()]), 0o555, Owner::ROOT, volume));
    }
    let node = match row.made {
        Made::Text(text) => Node::Text(text),
        Made::Link(target) => Node::Symlink(target.into()),
        Made::Magic(magic) => Node::Magic(magic),
        Made::Device(device) => Node::Device(device),
        Made::Shared(volume) => return Some(directory(Source::Plain, row.mode, Owner::ROOT, volume)),
        Made::Empty => Node::Directory(Directory::of(Source::Fixed(row.path))),
    };
    Some(Inode::new(node, row.mode, Owner::ROOT, VirtualTime::EPOCH, volume))
}

impl Kernel {
    /// The inode behind a name of a virtual directory.
    pub(crate) fn lookup_virtual(&mut self, service: ServiceId, dir: u64, name: &str) -> Option<u64> {
        let source = self.tree(service).dir(dir).ok()?.source.clone();
        if !self.exists(service, &source, name) {
            return None;
        }
        if let Some(known) = self.tree(service).dir(dir).ok()?.entries.get(name) {
            return *known;
        }
        let inode = self.virtual_inode(service, &source, name)?;
        Some(self.tree_mut(service).make(dir, name, inode))
    }
    /// Whether a name that depends on the state of the kernel is there now.
    fn exists(&self, service: ServiceId, source: &Source, name: &str) -> bool {
        let process = |pid: u32| self.processes.get(&ProcessId { service, pid });
        let number = || name.parse::<u32>().ok().filter(|_| canonical(name));
        match source {
            Source::Fixed(dev::TERMINALS) => number().is_some_and(|n| self.terminal_numbered(service, n).is_some()),
            Source::Fixed("/proc") => number().is_none_or(|pid| process(pid).is_some()),
            Source::Fixed(sys::PROCESSORS) => {
                let n = name.strip_prefix("cpu").filter(|n| canonical(n)).and_then(|n| n.parse::<u32>().ok());
                n.is_none_or(|n| n < self.processors(service))
            }
            Source::Process(pid, tid) => process(*pid).is_some_and(|p| tid.is_none_or(|t| p.threads.contains(&t))),
            Source::Namespaces(pid) => process(*pid).is_some(),
            Source::Tasks(pid) => number().is_some_and(|tid| process(*pid).is_some_and(|p| p.threads.contains(&tid))),
            Source::Descriptors(pid) | Source::DescriptorInfos(pid) => {
                number().is_some_and(|fd| process(*pid).is_some_and(|p| p.fds.map.contains_key(&(fd as i32))))
            }
            _ => true,
        }
    }
    fn virtual_inode(&self, service: ServiceId, source: &Source, name: &str) -> Option<Inode> {
        let owner = self.owner(service);
        let number = || name.parse::<u32>().ok().filter(|_| canonical(name));
        match source {
            Source::Fixed(dir) => fixed(dir, name).or_else(|| match *dir {
                "/proc" => Some(directory(Source::Process(number()?, None), 0o555, owner, Volume::Proc)),
                dev::TERMINALS => {
                    let owner = Owner { gid: dev::TERMINAL_GROUP, ..owner };
                    let node = Node::Device(Device::Terminal(number()?));
                    Some(Inode::new(node, 0o620, owner, self.clock.now(), Volume::Dev))
                }
                sys::PROCESSORS => {
                    // A processor has nothing to say but that it is there.
                    name.strip_prefix("cpu").filter(|n| canonical(n))?;
                    Some(directory(Source::Plain, 0o555, Owner::ROOT, Volume::Sys))
                }
                _ => None,
            }),
            Source::Process(pid, tid) => {
                let (pid, tid) = (*pid, *tid);
                let folder = |source| Some(directory(source, 0o555, owner, Volume::Proc));
                match name {
                    "fd" => Some(directory(Source::Descriptors(pid), 0o500, owner, Volume::Proc)),
                    "ns" => Some(directory(Source::Namespaces(pid), 0o511, owner, Volume::Proc)),
                    "fdinfo" => folder(Source::DescriptorInfos(pid)),
                    "task" if tid.is_none() => folder(Source::Tasks(pid)),
                    "exe" => Some(of_process(Node::Magic(Magic::Program(pid)), 0o777, owner)),
                    "cwd" => Some(of_process(Node::Magic(Magic::WorkingDirectory(pid)), 0o777, owner)),
                    "root" => Some(of_process(Node::Magic(Magic::Root), 0o777, owner)),
                    name => {
                        let (_, part, mode) = proc::PARTS.iter().find(|(n, _, _)| *n == name)?;
                        let text = Text::Process(pid, tid.unwrap_or(pid), *part);
                        Some(of_process(Node::Text(text), *mode, owner))
                    }
                }
            }
            Source::Tasks(pid) => Some(directory(Source::Process(*pid, Some(number()?)), 0o555, owner, Volume::Proc)),
            Source::Descriptors(pid) => {
                Some(of_process(Node::Magic(Magic::Descriptor(*pid, number()? as i32)), 0o700, owner))
            }
            Source::DescriptorInfos(pid) => {
                Some(of_process(Node::Text(Text::Descriptor(*pid, number()? as i32)), 0o444, owner))
            }
            Source::Namespaces(_) => {
                let (_, target) = proc::NAMESPACES.iter().find(|(n, _)| *n == name)?;
                Some(of_process(Node::Symlink((*target).into()), 0o777, owner))
            }
            Source::Plain | Source::Image(_) => None,
        }
    }
    /// The names in a virtual directory.
    pub(crate) fn virtual_names(&self, service: ServiceId, source: &Source) -> Vec<Box<str>> {
        let mut names: Vec<Box<str>> = Vec::new();
        let numbers = |n: &mut dyn Iterator<Item = u32>| n.map(|n| n.to_string().into()).collect::<Vec<Box<str>>>();
        let process = |pid: &u32| self.processes.get(&ProcessId { service, pid: *pid });
        match source {
            Source::Fixed(dir) => {
                names.extend(table(dir).0.iter().filter_map(|row| below(row, dir)).map(|(name, _)| name.into()));
                names.sort_unstable();
                names.dedup();
                match *dir {
                    "/proc" => {
                        let mut pids = self.processes.keys().filter(|p| p.service == service).map(|p| p.pid);
                        names.extend(numbers(&mut pids));
                    }
                    dev::TERMINALS => names.extend(numbers(&mut self.terminal_numbers(service))),
                    sys::PROCESSORS => names.extend((0..self.processors(service)).map(|n| format!("cpu{n}").into())),
                    _ => {}
                }
            }
            Source::Process(_, tid) => {
                let folders = ["cwd", "exe", "fd", "fdinfo", "ns", "root", "task"];
                names.extend(folders.iter().filter(|n| **n != "task" || tid.is_none()).map(|n| (*n).into()));
                names.extend(proc::PARTS.iter().map(|(name, _, _)| (*name).into()));
                names.sort_unstable();
            }
            Source::Tasks(pid) => {
                names = numbers(&mut process(pid).into_iter().flat_map(|p| p.threads.iter().copied()));
            }
            Source::Descriptors(pid) | Source::DescriptorInfos(pid) => {
                names = numbers(&mut process(pid).into_iter().flat_map(|p| p.fds.map.keys().map(|fd| *fd as u32)));
            }
            Source::Namespaces(_) => names.extend(proc::NAMESPACES.iter().map(|(name, _)| (*name).into())),
            Source::Plain | Source::Image(_) => {}
        }
        names
    }

    /// Where a link of `/proc` leads.
    ///
    /// # Errors
    /// `ENOENT` when what it led to is gone.
    pub(crate) fn follow_magic(&self, view: View, magic: Magic) -> Result<Jump, Errno> {
        let process = |pid| self.processes.get(&ProcessId { service: view.service, pid }).ok_or(ENOENT);
        Ok(match magic {
            Magic::Own => Jump::Path(view.process.ok_or(ENOENT)?.pid.to_string()),
            Magic::OwnThread => Jump::Path(format!("{}/task/{}", view.process.ok_or(ENOENT)?.pid, view.tid)),
            Magic::Program(pid) => Jump::Path(process(pid)?.exe.clone()),
            Magic::WorkingDirectory(pid) => Jump::Path(process(pid)?.cwd.clone()),
            Magic::Root => Jump::Path("/".to_owned()),
            Magic::Descriptor(pid, fd) => {
                let descriptor = process(pid)?.fds.map.get(&fd).ok_or(ENOENT)?;
                Jump::Goal(self.goal_of(view.service, descriptor.file))
            }
        })
    }
    /// Number of processors that a service sees.
    pub(crate) fn processors(&self, service: ServiceId) -> u32 {
        self.service(service).hardware.processors.clamp(1, 64)
    }
}

/// Whether a number is written as the kernel writes it.
fn canonical(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0')) && !name.is_empty()
}
