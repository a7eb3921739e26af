//! The pool: pages that several mappings show at once. Every process of a world can reach all of it; which page holds
//! what is decided here, so that it depends on nothing but the calls that guests make.

use crate::abi::PAGE;
use std::collections::BTreeMap;

/// The most pages that the pool ever has (64 GiB).
const PAGES_MAX: u64 = 1 << 24;

/// Consecutive pages of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first one's number.
    pub(crate) page: u64,
    /// How many.
    pub(crate) count: u64,
}

impl Run {
    /// Where it starts in the pool, in bytes.
    pub(crate) fn offset(self) -> u64 {
        self.page * PAGE
    }
    /// Its length in bytes.
    pub(crate) fn len(self) -> u64 {
        self.count * PAGE
    }
}

/// Which pages of the pool are in use.
#[derive(Debug, Default)]
pub struct Pool {
    end: u64,
    free: BTreeMap<u64, u64>,
}

impl Pool {
    /// Everything in use lies below this offset, in bytes.
    pub fn used(&self) -> u64 {
        self.end * PAGE
    }
    /// Takes consecutive pages: the lowest that are free and enough. Their content is arbitrary.
    pub(crate) fn take(&mut self, count: u64) -> Option<Run> {
        let fits = self.free.iter().find(|(_, n)| **n >= count).map(|(page, n)| (*page, *n));
        if let Some((page, n)) = fits {
            self.free.remove(&page);
            if n > count {
                self.free.insert(page + count, n - count);
            }
            return Some(Run { page, count });
        }
        let page = self.end;
        self.end = page.checked_add(count).filter(|end| *end <= PAGES_MAX)?;
        Some(Run { page, count })
    }
    /// Gives pages back that nothing shows any more.
    pub(crate) fn give(&mut self, run: Run) {
        let (mut page, mut count) = (run.page, run.count);
        if let Some((before, n)) = self.free.range(..page).next_back().map(|(p, n)| (*p, *n))
            && before + n == page
        {
            self.free.remove(&before);
            (page, count) = (before, n + count);
        }
        if let Some(n) = self.free.remove(&(page + count)) {
            count += n;
        }
        if page + count == self.end {
            self.end = page;
        } else {
            self.free.insert(page, count);
        }
    }
}

/// Which blocks of a file are in the pool, and where.
#[derive(Debug, Default)]
pub(crate) struct Extents {
    runs: BTreeMap<u64, Run>,
    released: Vec<Run>,
}

impl Extents {
    /// Whether no block is.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
    /// The pages of a block and of those that follow it without a gap.
    pub(crate) fn find(&self, block: u64) -> Option<Run> {
        let (first, run) = self.runs.range(..=block).next_back()?;
        let skip = block - first;
        (skip < run.count).then(|| Run { page: run.page + skip, count: run.count - skip })
    }
    /// The first block from this one on that is in the pool.
    pub(crate) fn next(&self, block: u64) -> Option<u64> {
        if self.find(block).is_some() {
            return Some(block);
        }
        self.runs.range(block..).next().map(|(first, _)| *first)
    }
    /// How many blocks from this one on are in the pool.
    pub(crate) fn count_from(&self, block: u64) -> u64 {
        self.runs.iter().map(|(first, run)| (first + run.count).saturating_sub(block.max(*first))).sum()
    }
    /// The parts of a range of blocks that are not in the pool: (first block, how many).
    pub(crate) fn missing(&self, first: u64, end: u64) -> Vec<(u64, u64)> {
        let mut missing = Vec::new();
        let mut at = first;
        while at < end {
            at = match self.find(at) {
                Some(run) => at + run.count,
                None => {
                    let until = self.next(at).unwrap_or(end).min(end);
                    missing.push((at, until - at));
                    until
                }
            };
        }
        missing
    }
    /// Records where blocks are that were not in the pool.
    pub(crate) fn insert(&mut self, block: u64, run: Run) {
        self.runs.insert(block, run);
    }
    /// Forgets all blocks from this one on; their pages wait in [`Extents::released`].
    pub(crate) fn cut(&mut self, block: u64) {
        let mut beyond = self.runs.split_off(&block);
        if let Some((first, run)) = self.runs.iter_mut().next_back()
            && first + run.count > block
        {
            let kept = block - first;
            self.released.push(Run { page: run.page + kept, count: run.count - kept });
            run.count = kept;
        }
        self.released.extend(std::mem::take(&mut beyond).into_values());
    }
    /// Pages that are to be given back.
    pub(crate) fn released(&mut self) -> Vec<Run> {
        std::mem::take(&mut self.released)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_handed_out_from_the_lowest_on_and_used_again() {
        let mut pool = Pool::default();
        let (a, b, c) = (pool.take(4).unwrap(), pool.take(2).unwrap(), pool.take(1).unwrap());
        assert_eq!((a.page, b.page, c.page, pool.used()), (0, 4, 6, 7 * PAGE));
        pool.give(a);
        pool.give(b);
        assert_eq!(pool.take(6), Some(Run { page: 0, count: 6 }), "neighbours become one");
        pool.give(c);
        assert_eq!(pool.used(), 6 * PAGE, "what is free at the end is not used");
        assert_eq!(pool.take(PAGES_MAX), None);
    }

    #[test]
    fn extents_know_what_is_missing_and_what_was_cut_off() {
        let mut extents = Extents::default();
        extents.insert(2, Run { page: 10, count: 3 });
        extents.insert(8, Run { page: 0, count: 1 });
        assert_eq!(extents.missing(0, 10), [(0, 2), (5, 3), (9, 1)]);
        assert_eq!((extents.find(3), extents.next(5)), (Some(Run { page: 11, count: 2 }), Some(8)));
        assert_eq!(extents.count_from(4), 2);
        extents.cut(3);
        assert_eq!(extents.released(), [Run { page: 11, count: 2 }, Run { page: 0, count: 1 }]);
        assert_eq!((extents.find(2), extents.find(3)), (Some(Run { page: 10, count: 1 }), None));
    }
}
