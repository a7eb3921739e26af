//! Files as memory: what shared mappings need of an inode, and files that live in memory alone (`memfd_create`,
//! anonymous shared memory), which have no name in any directory.

use super::InodeRef;
use super::data::{Data, SIZE_MAX};
use super::inode::{Inode, Link, Node, Volume};
use super::tree::ROOT;
use crate::abi::errno::{EBUSY, EFBIG, EINVAL, EISDIR, EPERM};
use crate::host::Host;
use crate::memory::Run;
use crate::world::Kernel;
use model::{Errno, ServiceId};

const SEALS: u32 =
    (libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_FUTURE_WRITE)
        as u32;
/// The seals that forbid writing.
const NO_WRITES: u32 = (libc::F_SEAL_WRITE | libc::F_SEAL_FUTURE_WRITE) as u32;

impl Kernel {
    fn data_mut(&mut self, inode: InodeRef) -> Option<&mut Data> {
        match &mut self.fs.trees[inode.service.index()].get_mut(inode.ino).node {
            Node::File(data) => Some(data),
            _ => None,
        }
    }
    fn data(&self, inode: InodeRef) -> Option<&Data> {
        match &self.tree(inode.service).get(inode.ino).node {
            Node::File(data) => Some(data),
            _ => None,
        }
    }
    /// Makes a file without a name; `/proc` shows this one, below the root and deleted.
    pub(crate) fn new_memory_inode(&mut self, service: ServiceId, shown: &str, size: u64) -> InodeRef {
        let mut data = Data::default();
        data.resize(size);
        let now = self.clock.now();
        let mut inode = Inode::new(Node::File(data), 0o777, self.owner(service), now, Volume::Shm);
        inode.gone = Some(Link { dir: ROOT, name: shown.into() });
        InodeRef { service, ino: self.tree_mut(service).add(inode) }
    }

    /// Sets the size of a regular file, also for those who have it mapped.
    ///
    /// # Errors
    /// `EISDIR`, `EINVAL`, `EFBIG`; `EPERM` if a seal forbids it.
    pub(crate) fn inode_resize(&mut self, host: &mut dyn Host, inode: InodeRef, size: u64) -> Result<(), Errno> {
        let now = self.clock.now();
        let target = self.tree_mut(inode.service).get_mut(inode.ino);
        let seals = target.seals.unwrap_or(0);
        let data = match &mut target.node {
            Node::File(data) => data,
            Node::Directory(_) => return Err(EISDIR),
            _ => return Err(EINVAL),
        };
        if size > SIZE_MAX {
            return Err(EFBIG);
        }
        let forbidden = if size < data.size() { libc::F_SEAL_SHRINK } else { libc::F_SEAL_GROW } as u32;
        if size != data.size() && seals & forbidden != 0 {
            return Err(EPERM);
        }
        data.resize_with(host, size);
        target.modified(now);
        target.mode &= !(libc::S_ISUID | libc::S_ISGID);
        self.settle(host, inode)
    }
    /// Makes a range of a regular file read as zeros.
    pub(crate) fn inode_zero(&mut self, host: &mut dyn Host, inode: InodeRef, offset: u64, len: u64) {
        let now = self.clock.now();
        let target = self.tree_mut(inode.service).get_mut(inode.ino);
        if let Node::File(data) = &mut target.node {
            data.zero(host, offset, len);
            target.modified(now);
        }
    }

    /// The `F_SEAL_*` bits of a file.
    pub(crate) fn inode_seals(&self, inode: InodeRef) -> u32 {
        self.tree(inode.service).get(inode.ino).seals.unwrap_or(0)
    }
    /// The `F_SEAL_*` bits of a file that can be sealed.
    ///
    /// # Errors
    /// `EINVAL` if it cannot.
    pub(crate) fn inode_sealable(&self, inode: InodeRef) -> Result<u32, Errno> {
        self.tree(inode.service).get(inode.ino).seals.ok_or(EINVAL)
    }
    /// Sets the seals of a file that was just made.
    pub(crate) fn inode_make_sealable(&mut self, inode: InodeRef, seals: u32) {
        self.tree_mut(inode.service).get_mut(inode.ino).seals = Some(seals);
    }
    /// Adds seals.
    ///
    /// # Errors
    /// `EINVAL` for what cannot be sealed and unknown seals, `EPERM` once sealing is sealed, `EBUSY` for a seal against
    /// writing while somebody has it mapped writable.
    pub(crate) fn inode_seal(&mut self, inode: InodeRef, seals: u32) -> Result<(), Errno> {
        let have = self.inode_sealable(inode)?;
        if seals & !SEALS != 0 {
            return Err(EINVAL);
        }
        if have & libc::F_SEAL_SEAL as u32 != 0 {
            return Err(EPERM);
        }
        if seals & !have & libc::F_SEAL_WRITE as u32 != 0 && self.is_mapped_writable(inode) {
            return Err(EBUSY);
        }
        self.inode_make_sealable(inode, have | seals);
        Ok(())
    }
    /// Fails if a seal forbids a write up to this offset.
    ///
    /// # Errors
    /// `EPERM`.
    pub(crate) fn inode_unsealed(&self, inode: InodeRef, end: u64) -> Result<(), Errno> {
        let target = self.tree(inode.service).get(inode.ino);
        let seals = target.seals.unwrap_or(0);
        let grows = end > target.size() && seals & libc::F_SEAL_GROW as u32 != 0;
        if seals & NO_WRITES != 0 || grows { Err(EPERM) } else { Ok(()) }
    }

    /// The blocks in a range that are not in the pool: (first block, how many).
    pub(crate) fn inode_missing(&mut self, inode: InodeRef, first: u64, end: u64) -> Vec<(u64, u64)> {
        for tree in &mut self.fs.trees {
            tree.released.drain(..).for_each(|run| self.pool.give(run));
        }
        self.data(inode).map(|data| data.shared.missing(first, end)).unwrap_or_default()
    }
    /// Moves blocks into the pool.
    pub(crate) fn inode_share(&mut self, host: &mut dyn Host, inode: InodeRef, block: u64, run: Run) {
        if let Some(data) = self.data_mut(inode) {
            data.share(host, block, run);
        }
    }
    /// Where in the pool a block is, with those that follow it.
    pub(crate) fn inode_run(&self, inode: InodeRef, block: u64) -> Option<Run> {
        self.data(inode)?.shared.find(block)
    }
    /// Pages of the pool that the file no longer uses.
    pub(crate) fn inode_released(&mut self, inode: InodeRef) -> Vec<Run> {
        self.data_mut(inode).map(|data| data.shared.released()).unwrap_or_default()
    }
    /// How many pages the file had when its mappings were last settled; `None` while it is not mapped.
    pub(crate) fn inode_mapped_pages(&self, inode: InodeRef) -> Option<u64> {
        self.tree(inode.service).get(inode.ino).mapped
    }
    /// Mappings of the file end at this page.
    pub(crate) fn inode_mapped(&mut self, inode: InodeRef, pages: u64) {
        self.tree_mut(inode.service).get_mut(inode.ino).mapped = Some(pages);
    }
    /// Nobody has the file mapped any more.
    pub(crate) fn inode_unmapped(&mut self, inode: InodeRef) {
        let tree = self.tree_mut(inode.service);
        if tree.find(inode.ino).is_some() {
            tree.get_mut(inode.ino).mapped = None;
            tree.reap(inode.ino);
        }
    }
}
