//! A map whose keys are small numbers handed out one after the other: looking one up is two additions, not a search, and
//! a comparison when it is the one that was looked up last.
//! Threads, processes, address spaces, descriptions, objects and connections are looked up several times in every call.

use crate::file::FileId;
use crate::host::AddressSpaceId;
use crate::process::ProcessId;
use crate::wait::ObjectId;
use model::{ServiceId, ThreadId};
use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut, RangeInclusive};

/// A key of a [`Dense`] map: two small numbers, ordered like the key.
pub trait Key: Copy + Ord {
    /// The row, which counts services, and the column, which counts what a service has.
    fn place(self) -> (usize, usize);
    /// The key of a place.
    fn at(row: usize, column: usize) -> Self;
}

impl Key for ThreadId {
    fn place(self) -> (usize, usize) {
        (usize::from(self.service.0), self.tid as usize)
    }
    fn at(row: usize, column: usize) -> ThreadId {
        ThreadId { service: ServiceId(row as u16), tid: column as u32 }
    }
}

impl Key for ProcessId {
    fn place(self) -> (usize, usize) {
        (usize::from(self.service.0), self.pid as usize)
    }
    fn at(row: usize, column: usize) -> ProcessId {
        ProcessId { service: ServiceId(row as u16), pid: column as u32 }
    }
}

impl Key for AddressSpaceId {
    fn place(self) -> (usize, usize) {
        (0, self.0 as usize)
    }
    fn at(_: usize, column: usize) -> AddressSpaceId {
        AddressSpaceId(column as u32)
    }
}

impl Key for ObjectId {
    fn place(self) -> (usize, usize) {
        (0, self.0 as usize)
    }
    fn at(_: usize, column: usize) -> ObjectId {
        ObjectId(column as u32)
    }
}

impl Key for FileId {
    fn place(self) -> (usize, usize) {
        (0, self.0 as usize)
    }
    fn at(_: usize, column: usize) -> FileId {
        FileId(column as u32)
    }
}

/// Numbers of a chunk. What has gone leaves an empty chunk behind, which costs no memory of its own.
const CHUNK: usize = 64;
/// Stands for no slot in the index.
const NONE: u32 = u32::MAX;

/// Where the value of the key is that was looked up last: the same one is asked for again and again.
#[derive(Clone, Copy, Debug)]
struct Last {
    place: (usize, usize),
    slot: u32,
}

/// A place that no key has.
const NOWHERE: Last = Last { place: (usize::MAX, usize::MAX), slot: NONE };

/// A map with the interface of a `BTreeMap`, as far as it is used, and its order.
///
/// ```text
///   index: row ──> chunk ──> slot ─┐
///   last: place, slot ─────────────┴──> slots: Box<V>      free: slots of what has gone
/// ```
#[derive(Clone, Debug)]
pub struct Dense<K, V> {
    index: Vec<Vec<Vec<u32>>>,
    slots: Vec<Option<Box<V>>>,
    free: Vec<u32>,
    last: Cell<Last>,
    keys: PhantomData<K>,
}

impl<K, V> Default for Dense<K, V> {
    fn default() -> Self {
        let last = Cell::new(NOWHERE);
        Dense { index: Vec::new(), slots: Vec::new(), free: Vec::new(), last, keys: PhantomData }
    }
}

impl<K: Key, V> Dense<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    #[inline]
    fn slot(&self, key: &K) -> Option<usize> {
        let place = key.place();
        let last = self.last.get();
        if last.place == place { Some(last.slot as usize) } else { self.look_up(place) }
    }
    fn look_up(&self, place: (usize, usize)) -> Option<usize> {
        let (row, column) = place;
        let slot = *self.index.get(row)?.get(column / CHUNK)?.get(column % CHUNK)?;
        if slot == NONE {
            return None;
        }
        self.last.set(Last { place, slot });
        Some(slot as usize)
    }
    /// The value of a key.
    #[inline]
    pub fn get(&self, key: &K) -> Option<&V> {
        let slot = self.slot(key)?;
        self.slots[slot].as_deref()
    }
    /// The value of a key.
    #[inline]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.slot(key)?;
        self.slots[slot].as_deref_mut()
    }
    /// Whether there is a value of this key.
    pub fn contains_key(&self, key: &K) -> bool {
        self.slot(key).is_some()
    }
    /// Sets the value of a key; returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let value = Some(Box::new(value));
        if let Some(slot) = self.slot(&key) {
            return std::mem::replace(&mut self.slots[slot], value).map(|before| *before);
        }
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(slot as usize) {
            Some(free) => *free = value,
            None => self.slots.push(value),
        }
        let (row, column) = key.place();
        if self.index.len() <= row {
            self.index.resize_with(row + 1, Vec::new);
        }
        let chunks = &mut self.index[row];
        if chunks.len() <= column / CHUNK {
            chunks.resize_with(column / CHUNK + 1, Vec::new);
        }
        let chunk = &mut chunks[column / CHUNK];
        if chunk.is_empty() {
            chunk.resize(CHUNK, NONE);
        }
        chunk[column % CHUNK] = slot;
        None
    }
    /// The value of a key, which is made if there is none.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        if !self.contains_key(&key) {
            self.insert(key, V::default());
        }
        self.get_mut(&key).expect("it is there now")
    }
    /// Takes a key out; returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.slot(key)?;
        self.last.set(NOWHERE);
        let (row, column) = key.place();
        let chunk = &mut self.index[row][column / CHUNK];
        chunk[column % CHUNK] = NONE;
        if chunk.iter().all(|slot| *slot == NONE) {
            *chunk = Vec::new();
        }
        self.free.push(slot as u32);
        self.slots[slot].take().map(|value| *value)
    }
    /// Keys and the slots of their values, in the keys' order.
    fn places(&self) -> impl DoubleEndedIterator<Item = (K, usize)> {
        self.index.iter().enumerate().flat_map(|(row, chunks)| {
            chunks.iter().enumerate().flat_map(move |(at, chunk)| {
                let used = chunk.iter().enumerate().filter(|(_, slot)| **slot != NONE);
                used.map(move |(n, slot)| (K::at(row, at * CHUNK + n), *slot as usize))
            })
        })
    }
    /// Keys and values, in the keys' order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &V)> {
        self.places().map(|(key, slot)| (key, &**self.slots[slot].as_ref().expect("the index says so")))
    }
    /// Keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = K> {
        self.places().map(|(key, _)| key)
    }
    /// Values, in the keys' order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
    /// Values, in the keys' order.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let order: Vec<usize> = self.places().map(|(_, slot)| slot).collect();
        let mut values: Vec<Option<&mut V>> = self.slots.iter_mut().map(Option::as_deref_mut).collect();
        order.into_iter().map(move |slot| values[slot].take().expect("the index names each slot once"))
    }
    /// Keys and values from one key to another.
    pub fn range(&self, keys: RangeInclusive<K>) -> impl Iterator<Item = (K, &V)> {
        self.iter()
            .skip_while({
                let first = *keys.start();
                move |(key, _)| *key < first
            })
            .take_while(move |(key, _)| key <= keys.end())
    }
}

impl<K: Key, V> Index<&K> for Dense<K, V> {
    type Output = V;
    #[inline]
    fn index(&self, key: &K) -> &V {
        self.get(key).expect("the key is in the map")
    }
}

impl<K: Key, V> IndexMut<&K> for Dense<K, V> {
    #[inline]
    fn index_mut(&mut self, key: &K) -> &mut V {
        self.get_mut(key).expect("the key is in the map")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn like_a_tree(steps in proptest::collection::vec((any::<bool>(), 0u16..3, 0u32..200, any::<u8>()), 0..200)) {
            let (mut dense, mut tree) = (Dense::new(), BTreeMap::new());
            for (add, service, tid, value) in steps {
                let key = ThreadId { service: ServiceId(service), tid };
                if add {
                    prop_assert_eq!(dense.insert(key, value), tree.insert(key, value));
                } else {
                    prop_assert_eq!(dense.remove(&key), tree.remove(&key));
                }
                prop_assert_eq!(dense.get(&key), tree.get(&key));
                prop_assert_eq!(dense.len(), tree.len());
            }
            let entries = |(k, v): (ThreadId, &u8)| (k, *v);
            let all: Vec<_> = tree.iter().map(|(k, v)| (*k, *v)).collect();
            prop_assert_eq!(dense.iter().map(entries).collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(dense.iter().rev().map(entries).collect::<Vec<_>>(), all.into_iter().rev().collect::<Vec<_>>());
            let (from, to) = (ThreadId { service: ServiceId(1), tid: 20 }, ThreadId { service: ServiceId(1), tid: 90 });
            let part: Vec<_> = tree.range(from..=to).map(|(k, v)| (*k, *v)).collect();
            prop_assert_eq!(dense.range(from..=to).map(entries).collect::<Vec<_>>(), part);
            prop_assert_eq!(dense.values_mut().map(|v| *v).collect::<Vec<_>>(), dense.values().copied().collect::<Vec<_>>());
        }
    }
}
