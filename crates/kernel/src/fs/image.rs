//! What every service has besides the image: empty directories of its own, the virtual directories, a few files in
//! `/etc`, and the mounts that the configuration asks for.

use super::data::Data;
use super::directory::{Directory, Source};
use super::etc::ABSENT;
use super::inode::{Inode, Node, Volume};
use super::path::{Follow, Goal, View};
use super::tree::{ROOT, image_inode};
use crate::host::{Host, ImageEntry, ImageKind};
use crate::world::{Kernel, Owner};
use model::{ServiceId, VirtualTime};

/// Directories that start out empty and belong to the guests' user, besides its home.
const PRIVATE: [(&str, u32); 4] = [("/tmp", 0o1777), ("/var/tmp", 0o1777), ("/run", 0o755), ("/data", 0o755)];
/// Virtual directories.
const VIRTUAL: [(&str, Volume); 3] = [("/proc", Volume::Proc), ("/sys", Volume::Sys), ("/dev", Volume::Dev)];

impl Kernel {
    /// Sets a service's file system up, once.
    pub(crate) fn prepare(&mut self, host: &mut dyn Host, service: ServiceId) {
        if std::mem::replace(&mut self.tree_mut(service).ready, true) {
            return;
        }
        for (path, volume) in VIRTUAL {
            let mode = if volume == Volume::Dev { 0o755 } else { 0o555 };
            let node = Node::Directory(Directory::of(Source::Fixed(path)));
            self.tree_mut(service).make(
                ROOT,
                &path[1..],
                Inode::new(node, mode, Owner::ROOT, VirtualTime::EPOCH, volume),
            );
        }
        let owner = self.owner(service);
        let home = self.user(service).home.trim_end_matches('/').to_owned();
        let private = PRIVATE.into_iter().chain((home.len() > 1).then_some((&*home, 0o755)));
        let disks = self.service(service).disks.clone();
        let private = private.chain(disks.iter().map(|path| (path.trim_end_matches('/'), 0o755)));
        for (path, mode) in private {
            let (above, name) = path.rsplit_once('/').expect("the paths are absolute");
            let dir = self.directory_at(host, service, above);
            let inode = Inode::new(empty_directory(), mode, owner, VirtualTime::EPOCH, Volume::Root);
            self.tree_mut(service).make(dir, name, inode);
        }
        let etc = self.directory_at(host, service, "/etc");
        for (name, text) in self.etc_files(service) {
            let inode =
                Inode::new(Node::File(Data::of_text(&text)), 0o644, Owner::ROOT, VirtualTime::EPOCH, Volume::Root);
            self.tree_mut(service).make(etc, name, inode);
        }
        for name in ABSENT {
            self.tree_mut(service).dir_mut(etc).entries.insert(name.into(), None);
        }
        for (inside, image) in self.service(service).mounts.clone() {
            self.mount(host, service, &inside, &image);
        }
        self.names_synced(service);
        self.tree_mut(service).disk_own = self.disk_used(service);
    }

    /// Shows a path of the image at another place.
    fn mount(&mut self, host: &mut dyn Host, service: ServiceId, inside: &str, image: &str) {
        let Some((entry, image)) = through_links(host, image) else {
            return;
        };
        let Some((above, name)) = inside.trim_end_matches('/').rsplit_once('/') else {
            return;
        };
        let dir = self.directory_at(host, service, above);
        // What is mounted can be reached, whatever the image says about the directories above it.
        let mut at = dir;
        while at != ROOT {
            let tree = self.tree_mut(service);
            tree.get_mut(at).mode |= 0o555;
            at = tree.parent(at);
        }
        let tree = self.tree_mut(service);
        tree.leave(dir, name);
        tree.make(dir, name, image_inode(entry, image));
    }
    /// The directory at a path; what is missing of it is made, owned by root.
    fn directory_at(&mut self, host: &mut dyn Host, service: ServiceId, path: &str) -> u64 {
        let view = View { service, process: None, tid: 0, checked: false };
        let mut dir = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            let found = self.walk(host, view, dir, name, Follow::Yes).ok().and_then(|spot| spot.goal);
            dir = match found {
                Some(Goal::Inode(ino)) if self.tree(service).get(ino).is_dir() => ino,
                _ => {
                    let inode = Inode::new(empty_directory(), 0o755, Owner::ROOT, VirtualTime::EPOCH, Volume::Root);
                    let tree = self.tree_mut(service);
                    tree.leave(dir, name);
                    tree.make(dir, name, inode)
                }
            };
        }
        dir
    }
}

fn empty_directory() -> Node {
    Node::Directory(Directory::default())
}

/// The entry that a path of the image leads to, and where it is.
fn through_links(host: &mut dyn Host, path: &str) -> Option<(ImageEntry, String)> {
    let mut path = if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path.to_owned() };
    for _ in 0..40 {
        let entry = host.image_entry(&path)?;
        let ImageKind::Symlink(target) = &entry.kind else {
            return Some((entry, path));
        };
        path = if target.starts_with('/') {
            target.clone()
        } else {
            format!("{}/{target}", path.rsplit_once('/').map_or("", |(above, _)| above))
        };
    }
    None
}
