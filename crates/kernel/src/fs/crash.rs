//! What a disk keeps when its machine loses the power.
//!
//! The model is that of a journalling file system in its ordinary mode (ext4, `data=ordered`):
//!
//! * Names are changed in order, and a sync of any file or directory makes all changes of names so far last. Of later
//!   ones a crash leaves a chosen number of the oldest.
//! * The content of a file lasts as it was when the file was last synced. Of each block written since, a crash leaves the
//!   old or the new, as is chosen, or with [`DiskLoss::Torn`] the beginning of the one and the rest of the other.
//! * The least surprising outcome (choice 0) is that nothing unsynced is left.
//!
//! An `fsync` that fails takes the pages for clean all the same, as Linux does: what it should have written is lost
//! unless it is written again.

use super::InodeRef;
use super::inode::{Inode, Node, Volume};
use super::tree::NameChange;
use crate::world::Kernel;
use model::fault::DiskLoss;
use model::{Hint, Kind, ServiceId, Stream, ThreadId, Value};

/// How often a crash leaves something that it need not, in millionths.
const LEAVES: Hint = Hint::Probability(500_000);
/// How many of the changes of names a crash is asked about one by one.
const NAMES_ASKED: u32 = 63;

impl Kernel {
    /// A disk loses what it need not keep. The machine has no processes any more.
    pub(crate) fn disk_forgets(&mut self, service: ServiceId, loss: DiskLoss) {
        let stream = Stream::numbered(DISK_STREAMS + u32::from(service.0));
        let mut lost_names = 0;
        let changes = std::mem::take(&mut self.tree_mut(service).changes);
        if !changes.is_empty() {
            let all = changes.len() as u32;
            let asked = all.min(NAMES_ASKED);
            let kept = self.choose(Kind::Fault, stream, asked + 1, &[], LEAVES);
            let kept = if kept == asked { all } else { kept };
            lost_names = all - kept;
            for change in changes[kept as usize..].iter().rev() {
                self.tree_mut(service).undo(change);
            }
        }
        self.tree_mut(service).let_go(&changes);
        let mut lost_blocks = 0;
        for ino in self.tree(service).numbers() {
            if self.tree(service).find(ino).is_none_or(|i| i.volume != Volume::Root) {
                continue;
            }
            let Node::File(data) = &mut self.tree_mut(service).get_mut(ino).node else { continue };
            if !data.is_dirty() {
                continue;
            }
            let mut data = std::mem::take(data);
            lost_blocks +=
                data.crash(loss == DiskLoss::Torn, &mut |n| self.choose(Kind::Fault, stream, n, &[], LEAVES));
            if let Node::File(place) = &mut self.tree_mut(service).get_mut(ino).node {
                *place = data;
            }
        }
        let fields = [("names", Value::Int(i64::from(lost_names))), ("blocks", Value::Int(lost_blocks as i64))];
        self.note(ThreadId { service, tid: 0 }, "disk_lost", fields);
    }
    /// An `fsync` of a file failed while its pages were written.
    pub(crate) fn inode_sync_failed(&mut self, inode: InodeRef) {
        if let Node::File(data) = &mut self.tree_mut(inode.service).get_mut(inode.ino).node {
            data.sync_failed();
        }
    }
    /// How many bytes of a disk the files have that are not of the image.
    pub(crate) fn disk_usage(&self, service: ServiceId) -> u64 {
        let tree = self.tree(service);
        let size = |ino: u64| match tree.find(ino).map(|i| (&i.node, i.volume)) {
            Some((Node::File(data), Volume::Root)) if data.pristine().is_none() => data.size(),
            _ => 0,
        };
        tree.numbers().into_iter().map(size).sum()
    }
    /// Bytes of a service's disk that are in use: the blocks of what was written in the world.
    pub(super) fn disk_used(&self, service: ServiceId) -> u64 {
        let tree = self.tree(service);
        // What has been unlinked is kept for a crash that undoes it, and has no space any more.
        let there = |i: &&Inode| !i.links.is_empty() || i.opens > 0;
        let used = |ino: u64| match tree.find(ino).filter(there).map(|i| (&i.node, i.volume)) {
            Some((Node::File(data), Volume::Root)) if data.pristine().is_none() => data.allocated() * 512,
            _ => 0,
        };
        tree.numbers().into_iter().map(used).sum::<u64>().saturating_sub(tree.disk_own)
    }
    /// Bytes of a service's disk that are free.
    pub(super) fn disk_free(&self, service: ServiceId) -> u64 {
        self.service(service).hardware.disk.saturating_sub(self.disk_used(service))
    }
    /// How many of so many bytes there is space for on a service's disk.
    pub(super) fn disk_space(&mut self, service: ServiceId, wanted: u64) -> u64 {
        let disk = self.service(service).hardware.disk;
        // Counting takes long on a full disk alone.
        if self.tree(service).disk_bound.saturating_add(wanted) > disk {
            self.tree_mut(service).disk_bound = self.disk_used(service);
        }
        let bound = &mut self.tree_mut(service).disk_bound;
        let space = disk.saturating_sub(*bound).min(wanted);
        *bound += space;
        space
    }
    /// Everything that was done to names so far lasts.
    pub(super) fn names_synced(&mut self, service: ServiceId) {
        let changes: Vec<NameChange> = std::mem::take(&mut self.tree_mut(service).changes);
        self.tree_mut(service).let_go(&changes);
    }
}

/// Disks are numbered from here on among the streams of faults, beyond any rule.
const DISK_STREAMS: u32 = 1 << 31;
