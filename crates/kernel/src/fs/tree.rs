//! The inodes of one service and the names between them.

use super::data::Data;
use super::directory::{Directory, Source, Unseen};
use super::inode::{Inode, Link, Node, Volume};
use crate::abi::errno::ENOTDIR;
use crate::host::{Host, ImageEntry, ImageKind};
use crate::memory::Run;
use crate::world::Owner;
use model::rng::Random;
use model::{Errno, Seed, VirtualTime};
use std::collections::BTreeMap;

/// The inode of `/`.
pub(crate) const ROOT: u64 = 2;

/// One service's file system.
#[derive(Debug)]
pub(crate) struct Tree {
    inodes: BTreeMap<u64, Inode>,
    next: u64,
    /// What was done to names and need not last yet, oldest first.
    pub(crate) changes: Vec<NameChange>,
    /// True once the skeleton stands.
    pub(crate) ready: bool,
    /// What `/dev/urandom` draws from, and the seed it was made from.
    pub(crate) random: Option<(Seed, Random)>,
    /// What the describing files of the machine take of the disk, which does not count.
    pub(crate) disk_own: u64,
    /// No less than the bytes of the disk that are in use: what was when somebody counted, and all written since.
    pub(crate) disk_bound: u64,
    /// Pages of the pool that belonged to files that are gone.
    pub(crate) released: Vec<Run>,
}

impl Default for Tree {
    fn default() -> Tree {
        let root = Directory::of(Source::Image("/".into()));
        let root = Inode::new(Node::Directory(root), 0o755, Owner::ROOT, VirtualTime::EPOCH, Volume::Root);
        Tree {
            inodes: BTreeMap::from([(ROOT, root)]),
            next: ROOT + 9,
            changes: Vec::new(),
            ready: false,
            random: None,
            disk_own: 0,
            disk_bound: 0,
            released: Vec::new(),
        }
    }
}

/// A name was given or taken away.
#[derive(Clone, Debug)]
pub(crate) struct NameChange {
    dir: u64,
    name: Box<str>,
    /// What the directory said about it before.
    before: Option<Option<u64>>,
}

/// So many changes of names may be undone by a crash; of more the oldest have reached the disk by themselves.
const CHANGES_MAX: usize = 4096;

/// What a directory says about a name.
pub(crate) enum Looked {
    /// It leads to this inode.
    Found(u64),
    /// There is no such name.
    Missing,
    /// It depends on the state of the kernel.
    Virtual,
}

impl Tree {
    /// An inode that exists.
    ///
    /// # Panics
    /// If it does not.
    pub(crate) fn get(&self, ino: u64) -> &Inode {
        &self.inodes[&ino]
    }
    /// An inode that exists.
    ///
    /// # Panics
    /// If it does not.
    pub(crate) fn get_mut(&mut self, ino: u64) -> &mut Inode {
        self.inodes.get_mut(&ino).expect("the inode exists")
    }
    /// An inode that may be gone.
    pub(crate) fn find(&self, ino: u64) -> Option<&Inode> {
        self.inodes.get(&ino)
    }
    /// All inodes.
    pub(crate) fn all(&mut self) -> impl Iterator<Item = &mut Inode> {
        self.inodes.values_mut()
    }
    /// A directory.
    ///
    /// # Errors
    /// `ENOTDIR`.
    pub(crate) fn dir(&self, ino: u64) -> Result<&Directory, Errno> {
        match &self.get(ino).node {
            Node::Directory(d) => Ok(d),
            _ => Err(ENOTDIR),
        }
    }
    /// A directory that is one.
    ///
    /// # Panics
    /// If it is not.
    pub(crate) fn dir_mut(&mut self, ino: u64) -> &mut Directory {
        match &mut self.get_mut(ino).node {
            Node::Directory(d) => d,
            _ => unreachable!("only directories have names"),
        }
    }
    /// Adds an inode without a name.
    pub(crate) fn add(&mut self, inode: Inode) -> u64 {
        let ino = self.number();
        self.inodes.insert(ino, inode);
        ino
    }
    /// The number of an inode that is there from now on, or later.
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
    /// Gives an inode a name; what had it before must have been removed.
    pub(crate) fn enter(&mut self, dir: u64, name: &str, ino: u64) {
        self.remember(dir, name);
        self.tie(dir, name, ino);
    }
    /// Remembers what a name leads to before it is changed.
    fn remember(&mut self, dir: u64, name: &str) {
        if self.get(dir).volume != Volume::Root {
            return;
        }
        let before = self.dir_mut(dir).entries.get(name).copied();
        if let Some(inode) = before.flatten().and_then(|ino| self.inodes.get_mut(&ino)) {
            inode.pinned += 1;
        }
        self.changes.push(NameChange { dir, name: name.into(), before });
        if self.changes.len() > CHANGES_MAX {
            let oldest: Vec<NameChange> = self.changes.drain(..CHANGES_MAX / 2).collect();
            self.let_go(&oldest);
        }
    }
    /// Changes of names last, or have been undone: what they kept may go.
    pub(crate) fn let_go(&mut self, changes: &[NameChange]) {
        for ino in changes.iter().filter_map(|c| c.before.flatten()) {
            if let Some(inode) = self.inodes.get_mut(&ino) {
                inode.pinned = inode.pinned.saturating_sub(1);
                self.reap(ino);
            }
        }
    }
    /// Undoes the latest change of names.
    pub(crate) fn undo(&mut self, change: &NameChange) {
        if self.find(change.dir).is_none() {
            return;
        }
        self.untie(change.dir, &change.name);
        match change.before {
            Some(Some(ino)) if self.find(ino).is_some() => self.tie(change.dir, &change.name, ino),
            Some(_) => {
                self.dir_mut(change.dir).entries.insert(change.name.clone(), None);
            }
            None => {
                self.dir_mut(change.dir).entries.remove(&change.name);
            }
        }
    }
    /// The numbers of all inodes.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.inodes.keys().copied().collect()
    }
    fn tie(&mut self, dir: u64, name: &str, ino: u64) {
        let inode = self.get_mut(ino);
        inode.links.push(Link { dir, name: name.into() });
        inode.gone = None;
        inode.nameless = false;
        let is_dir = u64::from(inode.is_dir());
        let d = self.dir_mut(dir);
        d.entries.insert(name.into(), Some(ino));
        d.subdirectories += is_dir;
    }
    /// Adds an inode under a name.
    pub(crate) fn make(&mut self, dir: u64, name: &str, inode: Inode) -> u64 {
        let ino = self.add(inode);
        self.enter(dir, name, ino);
        ino
    }
    /// Takes a name away, and the inode if that was its last use.
    pub(crate) fn leave(&mut self, dir: u64, name: &str) {
        self.remember(dir, name);
        self.untie(dir, name);
    }
    fn untie(&mut self, dir: u64, name: &str) {
        let d = self.dir_mut(dir);
        let Some(Some(ino)) = d.entries.remove(name) else {
            return;
        };
        // A name that the source still has must not shine through.
        if d.source != Source::Plain {
            d.entries.insert(name.into(), None);
        }
        let inode = self.get_mut(ino);
        let is_dir = u64::from(inode.is_dir());
        if let Some(at) = inode.links.iter().position(|l| l.dir == dir && &*l.name == name) {
            let link = inode.links.remove(at);
            if inode.links.is_empty() {
                inode.gone = Some(link);
            }
        }
        self.dir_mut(dir).subdirectories -= is_dir;
        self.reap(ino);
    }
    /// Forgets an inode that nothing refers to.
    pub(crate) fn reap(&mut self, ino: u64) {
        if ino != ROOT
            && self.find(ino).is_some_and(|i| i.links.is_empty() && i.opens == 0 && i.mapped.is_none() && i.pinned == 0)
        {
            let gone = self.inodes.remove(&ino);
            if let Some(Inode { node: Node::File(mut data), .. }) = gone {
                data.shared.cut(0);
                self.released.extend(data.shared.released());
            }
        }
    }
    /// The directory above a directory.
    pub(crate) fn parent(&self, dir: u64) -> u64 {
        let inode = self.get(dir);
        let link = inode.links.first().or(inode.gone.as_ref());
        link.map(|l| l.dir).filter(|d| self.inodes.contains_key(d)).unwrap_or(ROOT)
    }
    /// Whether a directory lies in another one, or is it.
    pub(crate) fn within(&self, inner: u64, outer: u64) -> bool {
        let mut at = inner;
        while at != outer {
            if at == ROOT {
                return false;
            }
            at = self.parent(at);
        }
        true
    }
    /// Whether a directory has been removed: nothing can be made in it any more.
    pub(crate) fn is_dead(&self, dir: u64) -> bool {
        dir != ROOT && self.get(dir).links.is_empty()
    }
    /// The absolute path of an inode, by its oldest name.
    pub(crate) fn path(&self, ino: u64) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut at = ino;
        while let Some(inode) = self.find(at).filter(|_| at != ROOT) {
            let Some(link) = inode.links.first().or(inode.gone.as_ref()) else {
                break;
            };
            names.push(&link.name);
            at = link.dir;
        }
        if names.is_empty() {
            return "/".to_owned();
        }
        let mut path = String::with_capacity(names.iter().map(|n| n.len() + 1).sum());
        for name in names.iter().rev() {
            path.push('/');
            path.push_str(name);
        }
        path
    }

    /// Looks a name up, asking the image if that was not done before.
    ///
    /// # Errors
    /// `ENOTDIR`.
    pub(crate) fn lookup(&mut self, host: &mut dyn Host, dir: u64, name: &str) -> Result<Looked, Errno> {
        let d = self.dir(dir)?;
        if d.source.is_virtual() {
            return Ok(Looked::Virtual);
        }
        match d.entries.get(name) {
            Some(Some(ino)) => return Ok(Looked::Found(*ino)),
            Some(None) => return Ok(Looked::Missing),
            None => {}
        }
        let Source::Image(path) = &d.source else {
            return Ok(Looked::Missing);
        };
        if d.complete && !d.unseen.contains_key(name) {
            return Ok(Looked::Missing);
        }
        let path = join(path, name);
        Ok(self.show(host, dir, name, path).map_or(Looked::Missing, Looked::Found))
    }
    /// Asks the image for a path and shows what it has under a name.
    pub(crate) fn show(&mut self, host: &mut dyn Host, dir: u64, name: &str, path: String) -> Option<u64> {
        let unseen = self.dir_mut(dir).unseen.remove(name);
        let Some(entry) = host.image_entry(&path) else {
            self.dir_mut(dir).entries.insert(name.into(), None);
            return None;
        };
        let ino = unseen.map_or_else(|| self.number(), |unseen| unseen.ino);
        self.inodes.insert(ino, image_inode(entry, path));
        self.tie(dir, name, ino);
        Some(ino)
    }
    /// Makes every name of a directory of the image known.
    pub(crate) fn complete(&mut self, host: &mut dyn Host, dir: u64) -> Result<(), Errno> {
        let d = self.dir(dir)?;
        let Source::Image(path) = &d.source else { return Ok(()) };
        if d.complete {
            return Ok(());
        }
        let path = path.to_string();
        let mut names = host.image_list(&path);
        names.retain(|(name, _)| !d.entries.contains_key(&**name));
        let unseen = names.into_iter().map(|(name, kind)| (name.into(), Unseen { ino: self.number(), kind })).collect();
        let d = self.dir_mut(dir);
        d.unseen = unseen;
        d.complete = true;
        Ok(())
    }
}

/// An inode for an entry of the image. Everything there belongs to root.
pub(crate) fn image_inode(entry: ImageEntry, path: String) -> Inode {
    let node = match entry.kind {
        ImageKind::File(size) => Node::File(Data::of_image(path.into(), size)),
        ImageKind::Directory => Node::Directory(Directory::of(Source::Image(path.into()))),
        ImageKind::Symlink(target) => Node::Symlink(target.into()),
    };
    let mode = if matches!(node, Node::Symlink(_)) { 0o777 } else { entry.mode & 0o7777 };
    Inode::new(node, mode, Owner::ROOT, VirtualTime::EPOCH, Volume::Root)
}

/// The path of a name in a directory.
pub(crate) fn join(dir: &str, name: &str) -> String {
    if dir == "/" { format!("/{name}") } else { format!("{dir}/{name}") }
}
