//! The content of regular files: blocks written in the world over a base that stays in the image.
//!
//! A block that is present counts whole, with zeros beyond the bytes it holds; a block that is absent is read from the
//! base as far as that goes, and is zero elsewhere. So a hole takes no memory, nor does a block that was punched out.

use crate::host::Host;
use crate::memory::{Extents, Run};
use std::collections::{BTreeMap, BTreeSet};

/// The size of a block.
pub(crate) const BLOCK: u64 = 4096;
/// The size that no file exceeds, as on ext4.
pub(crate) const SIZE_MAX: u64 = 1 << 44;

/// The content of a regular file.
#[derive(Debug, Default)]
pub(crate) struct Data {
    size: u64,
    base: Option<Base>,
    blocks: BTreeMap<u64, Vec<u8>>,
    /// Blocks that are or were mapped shared: they lie in the pool, and in `blocks` no more.
    pub(crate) shared: Extents,
    version: u64,
    durable: Durable,
    /// Whether the run has come to depend on what the image has here.
    used: bool,
}

/// What a crash of the machine leaves of a file: what was last synced, kept as what has changed since.
#[derive(Debug, Default)]
struct Durable {
    /// Whether it was ever synced.
    synced: bool,
    size: u64,
    base_len: u64,
    /// The blocks that were changed since, as they were; `None` for one that was not our own.
    old: BTreeMap<u64, Option<Vec<u8>>>,
    /// Those of them that a sync has failed to write and no later one will.
    failed: BTreeSet<u64>,
}

#[derive(Debug)]
struct Base {
    path: Box<str>,
    len: u64,
}

impl Data {
    /// A file of the image.
    pub(crate) fn of_image(path: Box<str>, size: u64) -> Data {
        let durable = Durable { size, base_len: size, ..Durable::default() };
        Data { size, base: Some(Base { path, len: size }), durable, ..Data::default() }
    }
    /// A file with this content.
    pub(crate) fn of_text(text: &str) -> Data {
        let blocks = text.as_bytes().chunks(BLOCK as usize).enumerate();
        Data {
            size: text.len() as u64,
            blocks: blocks.map(|(i, b)| (i as u64, b.to_vec())).collect(),
            durable: Durable { size: text.len() as u64, ..Durable::default() },
            ..Data::default()
        }
    }
    /// Its size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
    /// The image file that holds exactly this content.
    pub(crate) fn pristine(&self) -> Option<&str> {
        self.base.as_ref().filter(|_| self.version == 0 && self.shared.is_empty()).map(|b| &*b.path)
    }
    /// Takes down that the content is used. The image file behind it, if there still is any of that and it is the first
    /// time.
    pub(crate) fn note_use(&mut self) -> Option<&str> {
        let base = self.base.as_ref().filter(|base| base.len > 0 || self.version == 0)?;
        (!std::mem::replace(&mut self.used, true)).then_some(&*base.path)
    }
    /// The size that was last synced.
    pub(crate) fn synced(&self) -> Option<u64> {
        self.durable.synced.then_some(self.durable.size)
    }
    /// Records that everything written so far survives a crash, except for what an earlier sync has failed to write.
    pub(crate) fn sync(&mut self) {
        let durable = &mut self.durable;
        durable.old.retain(|block, _| durable.failed.contains(block));
        durable.synced = true;
        durable.size = self.size;
        durable.base_len = self.base.as_ref().map_or(0, |b| b.len);
    }
    /// Records that a sync failed: what has been written so far counts as clean, and is not on the disk.
    pub(crate) fn sync_failed(&mut self) {
        self.durable.failed.extend(self.durable.old.keys());
    }
    /// Whether a crash could change it.
    pub(crate) fn is_dirty(&self) -> bool {
        let durable = &self.durable;
        !durable.old.is_empty() || durable.size != self.size
    }
    /// Remembers a block as the disk has it, before it is changed.
    fn remember(&mut self, block: u64) {
        self.durable.failed.remove(&block);
        self.durable.old.entry(block).or_insert_with(|| self.blocks.get(&block).cloned());
    }
    /// Loses what was not synced, as `choose` says; answers how many blocks were lost. See [`super::crash`].
    pub(crate) fn crash(&mut self, torn: bool, choose: &mut dyn FnMut(u32) -> u32) -> usize {
        const SECTOR: usize = 512;
        self.version += 1;
        let now = self.size;
        let old = std::mem::take(&mut self.durable.old);
        self.durable.failed.clear();
        let fate = choose(3);
        let mut lost = 0;
        let mut reached = self.durable.size;
        for (block, before) in old {
            // What was mapped shared is in the pool, and counts as written.
            let kept = match fate {
                _ if self.shared.find(block).is_some() => 1,
                0 => 0,
                1 => 1,
                _ => choose(if torn { 3 } else { 2 }),
            };
            if kept == 1 {
                reached = reached.max(now.min((block + 1) * BLOCK));
                continue;
            }
            lost += 1;
            let written = self.blocks.remove(&block);
            let restored = if kept == 2 {
                let at = SECTOR * (1 + choose(7) as usize);
                let mut bytes = written.unwrap_or_default();
                bytes.resize(bytes.len().max(at), 0);
                bytes.truncate(at);
                let rest = before.unwrap_or_default();
                bytes.extend_from_slice(rest.get(at..).unwrap_or(&[]));
                reached = reached.max(now.min(block * BLOCK + at as u64));
                Some(bytes)
            } else {
                before
            };
            if let Some(bytes) = restored {
                self.blocks.insert(block, bytes);
            }
        }
        // A file that was cut off and lost the cut is as long as it was.
        let longer = now >= self.durable.size;
        self.size = if longer {
            reached
        } else if lost > 0 || fate == 0 {
            self.durable.size
        } else {
            now
        };
        if lost > 0
            && let Some(base) = &mut self.base
        {
            base.len = self.durable.base_len;
        }
        self.durable.size = self.size;
        self.durable.synced = true;
        lost
    }
    /// Space in use, in units of 512 bytes.
    pub(crate) fn allocated(&self) -> u64 {
        let base = self.base.as_ref().map_or(0, |b| b.len.div_ceil(BLOCK));
        let own = self.blocks.iter().filter(|(i, b)| **i >= base && !b.is_empty()).count() as u64;
        (base + own + self.shared.count_from(base)) * (BLOCK / 512)
    }

    /// Reads; short only at the end of the file.
    pub(crate) fn read(&self, host: &mut dyn Host, offset: u64, into: &mut [u8]) -> usize {
        let n = self.size.saturating_sub(offset).min(into.len() as u64) as usize;
        let into = &mut into[..n];
        if self.blocks.is_empty() && self.shared.is_empty() {
            self.read_base(host, offset, into);
            return n;
        }
        let mut done = 0;
        while done < n {
            let at = offset + done as u64;
            let (block, within) = (at / BLOCK, (at % BLOCK) as usize);
            if let Some(run) = self.shared.find(block) {
                let len = (run.len() - within as u64).min((n - done) as u64) as usize;
                host.pool_read(run.offset() + within as u64, &mut into[done..done + len]);
                done += len;
                continue;
            }
            match self.blocks.get(&block) {
                Some(bytes) => {
                    let len = (BLOCK as usize - within).min(n - done);
                    let part = &mut into[done..done + len];
                    let have = bytes.get(within..).unwrap_or(&[]);
                    let have = &have[..have.len().min(len)];
                    part[..have.len()].copy_from_slice(have);
                    part[have.len()..].fill(0);
                    done += len;
                }
                None => {
                    // As much as lies before the next block of our own, in one go.
                    let own = self.blocks.range(block..).next().map(|(next, _)| *next);
                    let until = own.into_iter().chain(self.shared.next(block)).min().map_or(u64::MAX, |b| b * BLOCK);
                    let len = (until - at).min((n - done) as u64) as usize;
                    self.read_base(host, at, &mut into[done..done + len]);
                    done += len;
                }
            }
        }
        n
    }
    fn read_base(&self, host: &mut dyn Host, offset: u64, into: &mut [u8]) {
        let mut done = 0;
        if let Some(base) = &self.base {
            let want = base.len.saturating_sub(offset).min(into.len() as u64) as usize;
            while done < want {
                let n = host.image_read(&base.path, offset + done as u64, &mut into[done..want]);
                if n == 0 {
                    break;
                }
                done += n.min(want - done);
            }
        }
        into[done..].fill(0);
    }

    /// Writes; the range does not exceed [`SIZE_MAX`].
    pub(crate) fn write(&mut self, host: &mut dyn Host, offset: u64, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            let (block, within) = (at / BLOCK, (at % BLOCK) as usize);
            if let Some(run) = self.shared.find(block) {
                let len = (run.len() - within as u64).min((bytes.len() - done) as u64) as usize;
                host.pool_write(run.offset() + within as u64, &bytes[done..done + len]);
                done += len;
                continue;
            }
            let len = (BLOCK as usize - within).min(bytes.len() - done);
            let part = &bytes[done..done + len];
            self.remember(block);
            if len == BLOCK as usize {
                self.blocks.insert(block, part.to_vec());
            } else {
                let have = self.own(host, block);
                if have.len() < within + len {
                    have.resize(within + len, 0);
                }
                have[within..within + len].copy_from_slice(part);
            }
            done += len;
        }
        if !bytes.is_empty() {
            self.size = self.size.max(offset + bytes.len() as u64);
            self.version += 1;
        }
    }
    /// A block, copied from the base if it is not our own yet.
    fn own(&mut self, host: &mut dyn Host, block: u64) -> &mut Vec<u8> {
        if !self.blocks.contains_key(&block) {
            let start = block * BLOCK;
            let len = self.base.as_ref().map_or(0, |b| b.len.saturating_sub(start).min(BLOCK));
            let mut bytes = vec![0; len as usize];
            self.read_base(host, start, &mut bytes);
            self.blocks.insert(block, bytes);
        }
        self.blocks.get_mut(&block).expect("inserted above")
    }

    /// Cuts it off or extends it with a hole.
    pub(crate) fn resize(&mut self, size: u64) {
        if size == self.size {
            return;
        }
        if size < self.size {
            if let Some(base) = &mut self.base {
                base.len = base.len.min(size);
            }
            let block = size / BLOCK;
            let cut: Vec<u64> = self.blocks.range(block..).map(|(i, _)| *i).collect();
            cut.into_iter().for_each(|b| self.remember(b));
            self.shared.cut(size.div_ceil(BLOCK));
            drop(self.blocks.split_off(&(block + u64::from(!size.is_multiple_of(BLOCK)))));
            if let Some(last) = self.blocks.get_mut(&block) {
                last.truncate((size % BLOCK) as usize);
            }
        }
        self.size = size;
        self.version += 1;
    }
    /// Makes a range read as zeros, as far as the file goes.
    pub(crate) fn zero(&mut self, host: &mut dyn Host, offset: u64, len: u64) {
        let end = offset.saturating_add(len).min(self.size);
        if offset >= end {
            return;
        }
        self.zero_shared(host, offset, end);
        let base_end = self.base.as_ref().map_or(0, |b| b.len);
        let (first, last) = (offset / BLOCK, (end - 1) / BLOCK);
        let own: Vec<u64> = self.blocks.range(first..=last).map(|(i, _)| *i).collect();
        let of_base = if base_end == 0 { 0..0 } else { first..(last + 1).min(base_end.div_ceil(BLOCK)) };
        let mut touched = own;
        touched.extend(of_base);
        touched.sort_unstable();
        touched.dedup();
        touched.retain(|block| self.shared.find(*block).is_none());
        for block in touched {
            let start = block * BLOCK;
            let from = offset.saturating_sub(start).min(BLOCK) as usize;
            let to = (end - start).min(BLOCK) as usize;
            self.remember(block);
            if from == 0 && start + to as u64 >= self.size.min(start + BLOCK) {
                // Over the base an empty block says "zeros"; elsewhere an absent one does.
                if start < base_end {
                    self.blocks.insert(block, Vec::new());
                } else {
                    self.blocks.remove(&block);
                }
            } else {
                let have = self.own(host, block);
                let to = to.min(have.len());
                if from < to {
                    have[from..to].fill(0);
                }
            }
        }
        self.version += 1;
    }
    fn zero_shared(&self, host: &mut dyn Host, offset: u64, end: u64) {
        let mut at = offset;
        while let Some(block) = self.shared.next(at / BLOCK).filter(|block| block * BLOCK < end) {
            at = at.max(block * BLOCK);
            let Some(run) = self.shared.find(block) else { return };
            let within = at - block * BLOCK;
            let len = (run.len() - within).min(end - at);
            host.pool_zero(run.offset() + within, len);
            at += len;
            if at >= end {
                return;
            }
        }
    }
    /// Cuts it off or extends it, with what lies behind the new end in the pool cleared.
    pub(crate) fn resize_with(&mut self, host: &mut dyn Host, size: u64) {
        if size < self.size && !self.shared.is_empty() {
            self.zero_shared(host, size, size.next_multiple_of(BLOCK));
        }
        self.resize(size);
    }
    /// Moves blocks into the pool. None of them is there yet.
    pub(crate) fn share(&mut self, host: &mut dyn Host, block: u64, run: Run) {
        host.pool_zero(run.offset(), run.len());
        let (start, end) = (block * BLOCK, (block + run.count) * BLOCK);
        let base_end = self.base.as_ref().map_or(0, |b| b.len).min(end);
        let mut buffer = vec![0; 1 << 16];
        let mut at = start;
        while at < base_end {
            let n = (base_end - at).min(buffer.len() as u64) as usize;
            self.read_base(host, at, &mut buffer[..n]);
            host.pool_write(run.offset() + (at - start), &buffer[..n]);
            at += n as u64;
        }
        let mut tail = self.blocks.split_off(&block);
        self.blocks.append(&mut tail.split_off(&(block + run.count)));
        for (own, bytes) in tail {
            let to = run.offset() + (own - block) * BLOCK;
            host.pool_zero(to, BLOCK);
            host.pool_write(to, &bytes);
        }
        self.shared.insert(block, run);
    }
    /// The offset of the next byte from `from` on that may not be zero, or of the next hole.
    pub(crate) fn seek(&self, from: u64, hole: bool) -> Option<u64> {
        if from >= self.size {
            return None;
        }
        let base_blocks = self.base.as_ref().map_or(0, |b| b.len.div_ceil(BLOCK));
        let own = |b: u64| self.blocks.get(&b).map_or(b < base_blocks, |bytes| !bytes.is_empty());
        let is_data = |b: u64| self.shared.find(b).is_some() || own(b);
        let last = (self.size - 1) / BLOCK;
        let mut block = from / BLOCK;
        while block <= last && is_data(block) == hole {
            // A long hole is crossed in one step.
            block = if !hole && block >= base_blocks {
                let own = self.blocks.range(block + 1..).next().map(|(next, _)| *next);
                own.into_iter().chain(self.shared.next(block + 1)).min().unwrap_or(last + 1)
            } else {
                block + 1
            };
        }
        if block > last { hole.then_some(self.size) } else { Some(from.max(block * BLOCK)) }
    }
}
