//! The map of an address space.

use crate::abi::page_up;
use crate::fs::InodeRef;
use crate::memory::{AtFork, HIGHEST, HOST_ZONE_SIZE, HOST_ZONES, LOWEST, MMAP_TOP};
use std::cell::Cell;
use std::collections::BTreeMap;

/// What a mapping shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backing {
    /// Private memory.
    Anonymous,
    /// A private view of a file: its path and the offset of the mapping's first byte.
    File(String, u64),
    /// What lies behind the last page of a file or of shared memory that is mapped: touching it is a `SIGBUS`, so that
    /// the kernel must not.
    Beyond(String, u64),
    /// A private copy of a file of the world, its path, and the offset of the mapping's first byte.
    Copied(InodeRef, String, u64),
    /// A shared view of a file.
    Shared(View),
    /// What lies behind the last page of a file that is mapped shared; it becomes [`Backing::Shared`] when the file grows.
    Ahead(View),
}

/// What a shared mapping shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The file.
    pub inode: InodeRef,
    /// The offset of the mapping's first byte in it.
    pub offset: u64,
    /// Whether the file was open for writing, so that the mapping may be made writable.
    pub writable: bool,
}

impl Backing {
    /// What it shows of a shared file.
    pub(crate) fn view(&self) -> Option<View> {
        match self {
            Backing::Shared(view) | Backing::Ahead(view) => Some(*view),
            _ => None,
        }
    }
    /// Whether nothing is behind it.
    pub(crate) fn is_beyond(&self) -> bool {
        matches!(self, Backing::Beyond(..) | Backing::Ahead(_))
    }
    /// The same, starting so many bytes later.
    fn shifted(&self, by: u64) -> Backing {
        match self {
            Backing::Anonymous => Backing::Anonymous,
            Backing::File(path, offset) => Backing::File(path.clone(), offset + by),
            Backing::Beyond(path, offset) => Backing::Beyond(path.clone(), offset + by),
            Backing::Copied(inode, path, offset) => Backing::Copied(*inode, path.clone(), offset + by),
            Backing::Shared(view) => Backing::Shared(View { offset: view.offset + by, ..*view }),
            Backing::Ahead(view) => Backing::Ahead(View { offset: view.offset + by, ..*view }),
        }
    }
}

/// A mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vma {
    /// First address beyond it.
    pub end: u64,
    /// `PROT_*` bits.
    pub prot: u32,
    /// What it shows.
    pub backing: Backing,
    /// Whether it counts as memory that was promised: not if it was asked for without (`MAP_NORESERVE`), nor for stacks.
    pub counted: bool,
    /// What a fork does with it.
    pub at_fork: AtFork,
    /// A name for `/proc/self/maps`: `[heap]`, `[stack]`, or empty.
    pub name: &'static str,
}

impl Vma {
    /// A mapping without a name, which counts and is inherited.
    pub fn new(end: u64, prot: u32, backing: Backing) -> Vma {
        Vma { end, prot, backing, at_fork: AtFork::Copied, name: "", counted: true }
    }
    /// How many bytes of memory it is a promise of, starting at an address: those of private memory that can be written.
    pub(crate) fn committed(&self, start: u64) -> u64 {
        let counts = self.counted && self.backing == Backing::Anonymous && self.prot & libc::PROT_WRITE as u32 != 0;
        if counts { self.end - start } else { 0 }
    }
    /// The part from an address on.
    pub(super) fn tail(&self, start: u64, at: u64) -> Vma {
        Vma {
            end: self.end,
            prot: self.prot,
            backing: self.backing.shifted(at - start),
            name: self.name,
            counted: self.counted,
            at_fork: self.at_fork,
        }
    }
}

/// A part of one mapping with something behind it: where it is, and how it is protected.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    start: u64,
    end: u64,
    prot: u32,
}

/// What a process has mapped.
#[derive(Clone, Debug, Default)]
pub struct AddressSpace {
    map: BTreeMap<u64, Vma>,
    /// The mappings that calls asked about last: a stack and a heap, mostly. What is known of a mapping stays true when
    /// others come, so it is forgotten only when some go.
    known: Cell<[Known; 2]>,
    /// A length and an address: nothing so long is free above it. True until something is unmapped.
    full_above: Cell<Option<(u64, u64)>>,
    /// Start of the heap.
    pub heap_start: u64,
    /// Current program break.
    pub heap_end: u64,
    /// Bytes of private memory that programs may write to.
    committed: u64,
    /// How much of that it had when it was forked: it is shared with the parent until somebody writes to it.
    inherited: u64,
    /// Whether a thread has ever waited for a priority-inheritance lock in it.
    pub(crate) has_inherited_locks: bool,
    /// How many simulated processes use it (two while a `vfork` child has not executed a program).
    pub users: u32,
}

impl AddressSpace {
    /// An empty address space.
    pub fn new(users: u32) -> AddressSpace {
        AddressSpace { users, ..AddressSpace::default() }
    }
    /// All mappings in address order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Vma)> {
        self.map.iter().map(|(start, vma)| (*start, vma))
    }
    /// The mapping an address lies in.
    pub fn find(&self, at: u64) -> Option<(u64, &Vma)> {
        let (start, vma) = self.map.range(..=at).next_back()?;
        (at < vma.end).then_some((*start, vma))
    }
    /// Whether the whole range is mapped with at least this protection, and there is something behind it.
    pub fn allows(&self, at: u64, len: u64, prot: u32) -> bool {
        let Some(end) = at.checked_add(len) else { return false };
        // As on the processor, memory that can be written or executed can be read.
        let suits = |has: u32| has & prot == prot || (prot == libc::PROT_READ as u32 && has != 0);
        let known = self.known.get();
        if known.iter().any(|k| k.start <= at && at < end && end <= k.end && suits(k.prot)) {
            return true;
        }
        let mut at = at;
        while at < end {
            match self.find(at) {
                Some((start, vma)) if !vma.backing.is_beyond() && suits(vma.prot) => {
                    self.known.set([Known { start, end: vma.end, prot: vma.prot }, known[0]]);
                    at = vma.end;
                }
                _ => return false,
            }
        }
        true
    }
    /// Whether the whole range is mapped, however protected.
    pub fn covers(&self, at: u64, len: u64) -> bool {
        let Some(end) = at.checked_add(len) else { return false };
        let mut at = at;
        while at < end {
            match self.find(at) {
                Some((_, vma)) => at = vma.end,
                None => return false,
            }
        }
        true
    }
    /// Whether nothing of the range is mapped.
    pub fn is_free(&self, at: u64, len: u64) -> bool {
        self.find(at).is_none() && self.map.range(at..at.saturating_add(len)).next().is_none()
    }
    /// Records a mapping in a range that is free. Neighbours that continue each other become one.
    pub fn insert(&mut self, at: u64, vma: Vma) {
        debug_assert!(self.is_free(at, vma.end - at), "mappings do not overlap");
        self.committed += vma.committed(at);
        self.map.insert(at, vma);
        self.merge(at);
    }
    fn merge(&mut self, at: u64) {
        let joins = |a_start: u64, a: &Vma, b_start: u64, b: &Vma| {
            a.end == b_start
                && (a.prot, a.counted, a.at_fork) == (b.prot, b.counted, b.at_fork)
                && a.name == b.name
                && a.tail(a_start, a.end).backing == b.backing
        };
        let mut at = at;
        if let Some((before, a)) = self.map.range(..at).next_back()
            && joins(*before, a, at, &self.map[&at])
        {
            let (before, end) = (*before, self.map[&at].end);
            self.map.remove(&at);
            self.map.get_mut(&before).expect("found above").end = end;
            at = before;
        }
        let end = self.map[&at].end;
        if let Some(b) = self.map.get(&end)
            && joins(at, &self.map[&at], end, b)
        {
            let new_end = b.end;
            self.map.remove(&end);
            self.map.get_mut(&at).expect("it exists").end = new_end;
        }
    }
    fn split(&mut self, at: u64) {
        if let Some((start, vma)) = self.map.range(..at).next_back()
            && at < vma.end
        {
            let (start, tail) = (*start, vma.tail(*start, at));
            self.map.get_mut(&start).expect("found above").end = at;
            self.map.insert(at, tail);
        }
    }
    /// Forgets everything in a range; returns what was there.
    pub fn remove(&mut self, at: u64, len: u64) -> Vec<(u64, Vma)> {
        let end = at.saturating_add(len);
        self.known.take();
        self.full_above.take();
        self.split(at);
        self.split(end);
        let starts: Vec<u64> = self.map.range(at..end).map(|(s, _)| *s).collect();
        let removed: Vec<_> = starts.into_iter().map(|s| (s, self.map.remove(&s).expect("listed above"))).collect();
        self.committed -= removed.iter().map(|(start, vma)| vma.committed(*start)).sum::<u64>();
        removed
    }
    /// Changes the protection of a range that is wholly mapped.
    pub fn protect(&mut self, at: u64, len: u64, prot: u32) {
        self.change(at, len, |vma| vma.prot = prot);
    }
    /// Changes what is mapped in a range.
    pub(super) fn change(&mut self, at: u64, len: u64, change: impl Fn(&mut Vma)) {
        let full_above = self.full_above.get();
        for (start, mut vma) in self.remove(at, len) {
            change(&mut vma);
            self.insert(start, vma);
        }
        self.full_above.set(full_above);
    }
    /// The highest free range of this length below the top of the mmap area.
    pub fn place(&self, len: u64) -> Option<u64> {
        let len = page_up(len);
        let known = self.full_above.get().filter(|(longest, _)| len >= *longest);
        let at = self.place_below(known.map_or(MMAP_TOP, |(_, above)| above), len)?;
        self.full_above.set(Some((len, at + len)));
        Some(at)
    }
    /// The highest free range of this length below an address.
    pub fn place_below(&self, limit: u64, len: u64) -> Option<u64> {
        let len = page_up(len);
        let mut top = limit;
        // What begins above does not matter.
        for (start, vma) in self.map.range(..top).rev() {
            while let Some(zone) = top.checked_sub(len).and_then(|at| host_zone(at, len)).filter(|z| *z >= vma.end) {
                top = zone;
            }
            if vma.end <= top && top - vma.end >= len {
                return Some(top - len);
            }
            top = top.min(*start);
        }
        while let Some(zone) = top.checked_sub(len).and_then(|at| host_zone(at, len)) {
            top = zone;
        }
        (top >= LOWEST + len).then(|| top - len)
    }
    /// Records a private mapping of a file, of which only the first `backed` bytes have something behind them.
    pub fn insert_file(&mut self, at: u64, vma: Vma, backed: u64) {
        let last = at + page_up(backed).min(vma.end - at);
        let (Backing::File(path, offset) | Backing::Copied(_, path, offset)) = &vma.backing else {
            return self.insert(at, vma);
        };
        if last < vma.end {
            let backing = Backing::Beyond(path.clone(), offset + (last - at));
            self.insert(last, Vma { backing, ..vma.clone() });
        }
        if at < last {
            self.insert(at, Vma { end: last, ..vma });
        }
    }
    /// Whether a guest may have this range at all.
    pub fn in_bounds(at: u64, len: u64) -> bool {
        at >= LOWEST && at.checked_add(len).is_some_and(|end| end <= HIGHEST) && host_zone(at, len).is_none()
    }
    /// Total size of all mappings in bytes.
    pub fn size(&self) -> u64 {
        self.map.iter().map(|(start, vma)| vma.end - start).sum()
    }
    /// Bytes of private memory that its programs may write to.
    pub fn committed(&self) -> u64 {
        self.committed
    }
    /// The part of it that is its own, and not shared with the process that it was forked from.
    pub fn promised(&self) -> u64 {
        self.committed.saturating_sub(self.inherited)
    }
    /// It is the copy of a fork.
    pub fn was_forked(&mut self) {
        (self.users, self.inherited) = (1, self.committed);
    }
    /// Forgets everything.
    pub fn clear(&mut self) -> Vec<(u64, Vma)> {
        self.known.take();
        self.full_above.take();
        (self.committed, self.inherited) = (0, 0);
        std::mem::take(&mut self.map).into_iter().collect()
    }
}

/// The start of a zone of the host's that a range touches.
fn host_zone(at: u64, len: u64) -> Option<u64> {
    HOST_ZONES.into_iter().rev().find(|zone| at < zone + HOST_ZONE_SIZE && at.saturating_add(len) > *zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anon(end: u64, prot: u32) -> Vma {
        Vma::new(end, prot, Backing::Anonymous)
    }

    #[test]
    fn splitting_and_merging_keep_the_map_minimal() {
        let mut m = AddressSpace::default();
        m.insert(0x10000, anon(0x20000, 3));
        m.insert(0x20000, anon(0x30000, 3));
        assert_eq!(m.iter().count(), 1);
        m.protect(0x14000, 0x4000, 1);
        assert_eq!(m.iter().count(), 3);
        assert!(m.allows(0x10000, 0x20000, 1) && !m.allows(0x10000, 0x20000, 2));
        m.protect(0x14000, 0x4000, 3);
        assert_eq!(m.iter().count(), 1);
        assert!(m.allows(0x10000, 0x20000, 2));
        m.remove(0x18000, 0x1000);
        assert!(!m.allows(0x18000, 1, 1) && m.allows(0x17000, 0x1000, 2) && !m.allows(0x17000, 0x1001, 2));
        assert!(!m.covers(0x10000, 0x10000) && m.is_free(0x18000, 0x1000));
    }

    #[test]
    fn places_are_handed_out_from_the_top_down() {
        let mut m = AddressSpace::default();
        let a = m.place(0x1000).unwrap();
        assert_eq!(a, MMAP_TOP - 0x1000);
        m.insert(a, anon(a + 0x1000, 3));
        assert_eq!(m.place(0x2000).unwrap(), a - 0x2000);
        m.insert(a - 0x3000, anon(a - 0x2000, 3));
        assert_eq!(m.place(0x2000).unwrap(), a - 0x2000, "the gap fits");
        assert_eq!(m.place(0x3000).unwrap(), a - 0x6000);
    }

    /// Whatever was mapped, unmapped and protected before, the highest free range is found.
    #[test]
    fn what_is_known_to_be_full_changes_no_place() {
        let mut m = AddressSpace::default();
        let mut state = 1_u64;
        let mut next = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for round in 0..4_000 {
            let len = (next(8) + 1) * 0x1000;
            let at = m.place(len).expect("there is room");
            assert_eq!(Some(at), AddressSpace { full_above: Cell::default(), ..m.clone() }.place(len), "round {round}");
            if next(5) > 0 {
                m.insert(at, anon(at + len, 3));
            }
            let anywhere = MMAP_TOP - next(0x400) * 0x1000;
            if next(4) == 0 {
                m.remove(anywhere, (next(16) + 1) * 0x1000);
            } else if let Some((start, end)) = m.find(anywhere).map(|(start, vma)| (start, vma.end)) {
                m.protect(start, end - start, next(4) as u32);
            }
        }
    }
}
