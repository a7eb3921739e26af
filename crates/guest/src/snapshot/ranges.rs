//! Sets of address ranges. Pure.

use std::collections::BTreeMap;

/// Disjoint ranges that do not touch, by start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().map(|(start, end)| (*start, *end))
    }
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
    /// Adds `start..end`.
    pub(crate) fn insert(&mut self, mut start: u64, mut end: u64) {
        if start >= end {
            return;
        }
        while let Some((s, e)) = self.0.range(..=end).next_back().map(|(s, e)| (*s, *e)).filter(|(_, e)| *e >= start) {
            self.0.remove(&s);
            (start, end) = (start.min(s), end.max(e));
        }
        self.0.insert(start, end);
    }
    /// Takes `start..end` away.
    pub(crate) fn remove(&mut self, start: u64, end: u64) {
        while let Some((s, e)) = self.touching(start, end) {
            self.0.remove(&s);
            if s < start {
                self.0.insert(s, start);
            }
            if e > end {
                self.0.insert(end, e);
            }
        }
    }
    /// Whether any address of `start..end` is in the set.
    pub(crate) fn touches(&self, start: u64, end: u64) -> bool {
        self.touching(start, end).is_some()
    }
    fn touching(&self, start: u64, end: u64) -> Option<(u64, u64)> {
        if start >= end {
            return None;
        }
        self.0.range(..end).next_back().map(|(s, e)| (*s, *e)).filter(|(_, e)| *e > start)
    }
}

#[cfg(test)]
mod tests {
    use super::Ranges;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn like_a_set_of_numbers(steps in proptest::collection::vec((any::<bool>(), 0u64..40, 0u64..12), 0..40)) {
            let mut ranges = Ranges::default();
            let mut model = std::collections::BTreeSet::new();
            for (add, start, len) in steps {
                let end = start + len;
                if add {
                    ranges.insert(start, end);
                    model.extend(start..end);
                } else {
                    ranges.remove(start, end);
                    model.retain(|n| !(start..end).contains(n));
                }
                let all: Vec<u64> = ranges.iter().flat_map(|(s, e)| s..e).collect();
                prop_assert_eq!(&all, &model.iter().copied().collect::<Vec<_>>());
                let starts: Vec<(u64, u64)> = ranges.iter().collect();
                prop_assert!(starts.windows(2).all(|w| w[0].1 < w[1].0), "{:?}", starts);
                prop_assert_eq!(ranges.touches(start, end), model.range(start..end).next().is_some());
            }
        }
    }
}
