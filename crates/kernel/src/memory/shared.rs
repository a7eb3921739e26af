//! Shared mappings. What they show is always a file: of the world, of `memfd_create`, or one without a name that stands
//! for anonymous shared memory. Its mapped blocks lie in the pool, where reads and writes of the file go too.
//!
//! ```text
//!   mmap ──> blocks into the pool ──> Vma Shared │ Ahead (beyond the file's last page) ──> the host maps the pool's pages
//!   file grows or shrinks ──> settle: the border between Shared and Ahead moves, in every address space
//!                                └──> the host's mappings follow: here at once, elsewhere before that process runs
//! ```
//!
//! Invariant: a process runs, and the kernel touches its memory, only while its host mappings agree with the kernel's
//! map ([`Kernel::refresh`]).

use super::{AddressSpace, Backing, View, Vma};
use crate::abi::errno::ENOMEM;
use crate::abi::{PAGE, page_up};
use crate::fs::InodeRef;
use crate::host::{AddressSpaceId, Host};
use crate::world::Kernel;
use model::Errno;

impl Kernel {
    /// Maps a view of a file at a free place.
    ///
    /// # Errors
    /// `ENOMEM`, or the host's errno.
    pub(crate) fn map_view(
        &mut self,
        host: &mut dyn Host,
        space: AddressSpaceId,
        at: u64,
        len: u64,
        prot: u32,
        view: View,
    ) -> Result<(), Errno> {
        let backed = self.share(host, view, len)?;
        let vma = Vma::new(at + len, prot, Backing::Shared(view));
        self.memory_mut(space).insert_view(at, vma, backed);
        self.show(host, space, at, len)
    }

    /// Brings what a view of this length shows into the pool; returns how many bytes of it have something behind them.
    fn share(&mut self, host: &mut dyn Host, view: View, len: u64) -> Result<u64, Errno> {
        let size = page_up(self.inode_size_mode(host, view.inode).0);
        let backed = size.saturating_sub(view.offset).min(len);
        self.inode_mapped(view.inode, size / PAGE);
        let first = view.offset / PAGE;
        for (block, count) in self.inode_missing(view.inode, first, first + backed / PAGE) {
            let run = self.pool.take(count).ok_or(ENOMEM)?;
            self.inode_share(host, view.inode, block, run);
        }
        Ok(backed)
    }

    /// Makes the host's mappings in a range of the current process what the kernel's map says, as far as they are
    /// shared.
    fn show(&mut self, host: &mut dyn Host, space: AddressSpaceId, at: u64, len: u64) -> Result<(), Errno> {
        let Some(memory) = self.spaces.get(&space) else { return Ok(()) };
        for (start, vma) in memory.within(at, len) {
            let Backing::Shared(view) = vma.backing else {
                if matches!(vma.backing, Backing::Ahead(_)) {
                    host.map_anonymous(start, vma.end - start, libc::PROT_NONE as u32)?;
                }
                continue;
            };
            let mut done = 0;
            while done < vma.end - start {
                let block = (view.offset + done) / PAGE;
                let run = self.inode_run(view.inode, block).ok_or(ENOMEM)?;
                let part = run.len().min(vma.end - start - done);
                host.map_pool(start + done, part, vma.prot, run.offset())?;
                done += part;
            }
        }
        Ok(())
    }

    /// Brings the host's mappings of the current process up to date with what happened to shared files elsewhere.
    pub(crate) fn refresh(&mut self, host: &mut dyn Host) {
        let here = host.address_space();
        for (at, len) in self.stale.remove(&here).unwrap_or_default() {
            if self.show(host, here, at, len).is_err() {
                self.end(crate::Ending::Internal("a shared mapping could not be brought up to date".to_owned()));
            }
        }
    }

    /// The size of a file has changed, or may have: mappings of it end where it ends now.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub(crate) fn settle(&mut self, host: &mut dyn Host, inode: InodeRef) -> Result<(), Errno> {
        for run in self.inode_released(inode) {
            self.pool.give(run);
        }
        let size = page_up(self.inode_size_mode(host, inode).0);
        if self.inode_mapped_pages(inode).is_none_or(|pages| pages == size / PAGE) {
            return Ok(());
        }
        let spaces: Vec<AddressSpaceId> = self.spaces.keys().collect();
        for space in spaces {
            for (start, vma, view) in self.memory(space).views(inode) {
                let backed = self.share(host, view, vma.end - start)?;
                let memory = self.memory_mut(space);
                memory.remove(start, vma.end - start);
                memory.insert_view(start, Vma { backing: Backing::Shared(view), ..vma.clone() }, backed);
                self.stale.entry(space).or_default().push((start, vma.end - start));
            }
        }
        self.inode_mapped(inode, size / PAGE);
        self.refresh(host);
        Ok(())
    }

    /// Mappings were removed: files that are no longer mapped anywhere may go.
    pub(crate) fn forget_views(&mut self, removed: &[(u64, Vma)]) {
        let mut inodes: Vec<InodeRef> =
            removed.iter().filter_map(|(_, vma)| vma.backing.view()).map(|v| v.inode).collect();
        inodes.sort_unstable();
        inodes.dedup();
        for inode in inodes {
            if self.spaces.values().all(|space| !space.shows(inode)) {
                self.inode_unmapped(inode);
            }
        }
    }

    /// Whether anyone could store to a file through a shared mapping.
    pub(crate) fn is_mapped_writable(&self, inode: InodeRef) -> bool {
        let writable = |vma: &Vma| vma.backing.view().is_some_and(|view| view.inode == inode && view.writable);
        self.spaces.values().any(|space| space.iter().any(|(_, vma)| writable(vma)))
    }
}

impl AddressSpace {
    /// The parts of mappings that lie in a range.
    pub(crate) fn within(&self, at: u64, len: u64) -> Vec<(u64, Vma)> {
        let end = at.saturating_add(len);
        let mut pieces = Vec::new();
        for (start, vma) in self.iter().skip_while(|(_, vma)| vma.end <= at).take_while(|(start, _)| *start < end) {
            let from = start.max(at);
            let mut piece = vma.tail(start, from);
            piece.end = vma.end.min(end);
            pieces.push((from, piece));
        }
        pieces
    }
    /// The mapping of a shared file that an address lies in, as the guest made it: with what lies beyond the file.
    pub(crate) fn view_at(&self, at: u64) -> Option<(u64, Vma, View)> {
        self.whole_views().into_iter().find(|(start, vma, _)| (*start..vma.end).contains(&at))
    }
    /// The mappings of a file.
    pub(crate) fn views(&self, inode: InodeRef) -> Vec<(u64, Vma, View)> {
        self.whole_views().into_iter().filter(|(_, _, view)| view.inode == inode).collect()
    }
    fn shows(&self, inode: InodeRef) -> bool {
        self.iter().any(|(_, vma)| vma.backing.view().is_some_and(|view| view.inode == inode))
    }
    fn whole_views(&self) -> Vec<(u64, Vma, View)> {
        let mut views: Vec<(u64, Vma, View)> = Vec::new();
        for (start, vma) in self.iter() {
            let Some(view) = vma.backing.view() else { continue };
            if let Some((first, last, of)) = views.last_mut()
                && last.end == start
                && last.prot == vma.prot
                && (View { offset: of.offset + (start - *first), ..*of }) == view
            {
                last.end = vma.end;
                continue;
            }
            views.push((start, vma.clone(), view));
        }
        views
    }
    /// Records a view of which only the first `backed` bytes have something behind them.
    pub(crate) fn insert_view(&mut self, at: u64, vma: Vma, backed: u64) {
        let Some(view) = vma.backing.view() else { return self.insert(at, vma) };
        let border = at + backed.min(vma.end - at);
        if border < vma.end {
            let ahead = View { offset: view.offset + (border - at), ..view };
            self.insert(border, Vma { backing: Backing::Ahead(ahead), ..vma.clone() });
        }
        if at < border {
            self.insert(at, Vma { end: border, ..vma });
        }
    }
}
