//! What a thread leaves behind in futex words when it ends.

use super::lock::{OWNER, OWNER_DIED, WAITERS};
use super::{ANY, CALL, lock_of};
use crate::host::Host;
use crate::process::ThreadState;
use crate::wait::{FutexKey, WaitKey};
use crate::world::Kernel;
use model::ThreadId;

/// Longest robust list that is followed (`ROBUST_LIST_LIMIT`): a list that the program damaged may be a ring.
const LIST_MAX: usize = 2048;

/// A thread that ends, and the memory it ran in.
struct Ending<'a> {
    k: &'a mut Kernel,
    host: &'a mut dyn Host,
    id: ThreadId,
}

impl Ending<'_> {
    fn allows(&self, at: u64, len: u64, prot: i32) -> bool {
        self.k.memory(self.k.threads[&self.id].space).allows(at, len, prot as u32)
    }
    fn read_u64(&self, at: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.allows(at, 8, libc::PROT_READ).then(|| self.host.read(at, &mut bytes))?;
        Some(u64::from_le_bytes(bytes))
    }
    fn read_u32(&self, at: u64) -> Option<u32> {
        let mut bytes = [0; 4];
        self.allows(at, 4, libc::PROT_READ).then(|| self.host.read(at, &mut bytes))?;
        Some(u32::from_le_bytes(bytes))
    }
    fn write_u32(&mut self, at: u64, value: u32) -> Option<()> {
        self.allows(at, 4, libc::PROT_WRITE).then(|| self.host.write(at, &value.to_le_bytes()))
    }
    /// Wakes one waiter of a word, whichever way it named the word.
    fn wake(&mut self, at: u64) {
        let space = self.k.threads[&self.id].space;
        let (shared, private) = (self.k.futex_key(space, at), FutexKey::Private(space, at));
        if self.k.futex_wake(shared, 1, ANY) == 0 && shared != private {
            self.k.futex_wake(private, 1, ANY);
        }
    }

    /// The word of `CLONE_CHILD_CLEARTID`, which joiners wait for.
    fn clear_tid(&mut self) {
        let at = std::mem::take(&mut self.k.thread_mut(self.id).clear_tid);
        if at != 0 && self.write_u32(at, 0).is_some() {
            self.wake(at);
        }
    }
    /// The list of locks that the thread holds. `None` where the list ends early because memory is not as promised.
    fn robust_list(&mut self) -> Option<()> {
        let head = std::mem::take(&mut self.k.thread_mut(self.id).robust_list);
        if head == 0 {
            return Some(());
        }
        let mut entry = self.read_u64(head)?;
        let offset = self.read_u64(head.wrapping_add(8))?;
        let underway = self.read_u64(head.wrapping_add(16))?;
        for _ in 0..LIST_MAX {
            if entry & !1 == head {
                break;
            }
            let next = self.read_u64(entry & !1);
            if entry & !1 != underway & !1 {
                self.bury((entry & !1).wrapping_add(offset), entry & 1 == 1, false)?;
            }
            entry = next?;
        }
        if underway & !1 != 0 {
            self.bury((underway & !1).wrapping_add(offset), underway & 1 == 1, true)?;
        }
        Some(())
    }
    /// Marks a lock's word as left by a dead owner, if this thread owns it. `underway`: the thread was just locking or
    /// unlocking it, so a free word may have a waiter that nobody has woken yet.
    fn bury(&mut self, at: u64, inherits: bool, underway: bool) -> Option<()> {
        if !at.is_multiple_of(4) {
            return None;
        }
        let word = self.read_u32(at)?;
        if underway && !inherits && word == 0 {
            self.wake(at);
            return Some(());
        }
        if word & OWNER != self.id.tid {
            return Some(());
        }
        self.write_u32(at, word & WAITERS | OWNER_DIED)?;
        if !inherits && word & WAITERS != 0 {
            self.wake(at);
        }
        Some(())
    }
    /// Hands on the priority-inheritance locks that the thread holds and others wait for, listed or not.
    fn hand_over_locks(&mut self) {
        let space = self.k.threads[&self.id].space;
        if !self.k.spaces.get(&space).is_some_and(|memory| memory.has_inherited_locks) {
            return;
        }
        let waits = |t: &&crate::process::Thread| t.space == space && t.call.number == CALL;
        let mut words: Vec<(FutexKey, u64)> = Vec::new();
        for thread in self.k.threads.values().filter(waits) {
            let (ThreadState::Blocked(wait), Some(at)) = (&thread.state, lock_of(&thread.call)) else { continue };
            if let Some(WaitKey::Futex(key)) = wait.keys.first()
                && !words.iter().any(|(k, _)| k == key)
            {
                words.push((*key, at));
            }
        }
        for (key, at) in words {
            let Some(word) = self.read_u32(at) else { continue };
            let left = word & OWNER == self.id.tid || word & (OWNER | OWNER_DIED) == OWNER_DIED;
            if left && self.allows(at, 4, libc::PROT_WRITE) {
                let next = self.k.futex_locker(key);
                let word = self.k.futex_hand_over(key, next) | OWNER_DIED;
                self.write_u32(at, word);
            }
        }
    }
}

impl Kernel {
    /// Does in guest memory what a thread's end does there. Only possible in the process that has the memory.
    pub(crate) fn settle_words(&mut self, host: &mut dyn Host, id: ThreadId) {
        let mut ending = Ending { k: self, host, id };
        // A list that cannot be read to its end is followed as far as it goes.
        let _ = ending.robust_list();
        ending.hand_over_locks();
        ending.clear_tid();
    }
}
