//! System V interprocess communication: shared memory, semaphores and message queues. Each service is a machine of its
//! own, with identifiers of its own.
//!
//! An identifier is the slot of an object and, above it, a sequence number that grows when a slot is used again, as on
//! Linux; so a stale identifier is recognised.

mod message;
mod semaphore;
mod shared;

pub(crate) use message::{msgctl, msgget, msgrcv, msgsnd};
pub(crate) use semaphore::{semctl, semget, semop, semtimedop};
pub(crate) use shared::{shmat, shmctl, shmdt, shmget};

use crate::abi::errno::{EACCES, EEXIST, EINVAL, ENOENT, ENOSPC};
use crate::caller::Caller;
use crate::world::Kernel;
use crate::world::Owner;
use model::{Errno, ServiceId};
use std::collections::BTreeMap;

/// How many slots there are of each kind.
const SLOTS: usize = 1 << 15;
/// Commands of the `ctl` calls that the `libc` crate does not name, or names for other targets only.
const IPC_INFO: i32 = 3;

/// The objects of one service.
#[derive(Debug, Default)]
pub struct Ipc {
    segments: Slots<shared::Segment>,
    semaphores: Slots<semaphore::Set>,
    queues: Slots<message::Queue>,
}

/// Who may use an object, and who made it.
#[derive(Debug)]
struct Permissions {
    key: i32,
    mode: u32,
    /// Who made it, and as whom everybody runs.
    by: Owner,
    uid: u32,
    gid: u32,
    /// Time of the last change, in seconds.
    changed: u64,
}

impl Permissions {
    fn new(c: &Caller<'_>, key: i32, flags: i32) -> Permissions {
        let by = c.owner();
        Permissions { key, mode: flags as u32 & 0o777, by, uid: by.uid, gid: by.gid, changed: seconds(c) }
    }
    /// Fails unless the maker, as whom everybody runs, has these permissions (4 read, 2 write). It has the owner's even
    /// if it has made somebody else the owner.
    fn allow(&self, wanted: u32) -> Result<(), Errno> {
        if wanted & !(self.mode >> 6) & 7 == 0 { Ok(()) } else { Err(EACCES) }
    }
    /// `struct ipc64_perm`
    fn record(&self, id: i32, extra: u32) -> Vec<u8> {
        let words =
            [self.key as u32, self.uid, self.gid, self.by.uid, self.by.gid, self.mode | extra, (id >> 15) as u32, 0];
        let mut out: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        out.extend([0; 16]);
        out
    }
    /// `IPC_SET`: takes owner and mode from such a record.
    fn set(&mut self, c: &mut Caller<'_>, at: u64) -> Result<(), Errno> {
        let (uid, gid) = (c.read_u32(at.wrapping_add(4))?, c.read_u32(at.wrapping_add(8))?);
        let mode = c.read_u32(at.wrapping_add(20))?;
        (self.uid, self.gid, self.mode) = (uid, gid, mode & 0o777);
        self.changed = seconds(c);
        Ok(())
    }
}

fn seconds(c: &Caller<'_>) -> u64 {
    c.now().0 / 1_000_000_000
}

/// The bits of a `get` call's flags as permissions that are asked for.
fn asked(flags: i32) -> u32 {
    let flags = flags as u32;
    (flags >> 6 | flags >> 3 | flags) & 7
}

trait Object {
    fn permissions(&self) -> &Permissions;
}

/// Objects by slot.
#[derive(Debug)]
struct Slots<T> {
    used: BTreeMap<usize, (i32, T)>,
    last: Option<usize>,
    sequence: i32,
}

impl<T> Default for Slots<T> {
    fn default() -> Slots<T> {
        Slots { used: BTreeMap::new(), last: None, sequence: 0 }
    }
}

impl<T: Object> Slots<T> {
    fn get(&mut self, id: i32) -> Result<&mut T, Errno> {
        let slot = usize::try_from(id).map_err(|_| EINVAL)? % SLOTS;
        match self.used.get_mut(&slot) {
            Some((is, object)) if *is == id => Ok(object),
            _ => Err(EINVAL),
        }
    }
    /// The object in a slot, for the commands that list all of them.
    fn at(&mut self, slot: i32) -> Result<(i32, &mut T), Errno> {
        let slot = usize::try_from(slot).map_err(|_| EINVAL)?;
        self.used.get_mut(&slot).map(|(id, object)| (*id, object)).ok_or(EINVAL)
    }
    fn highest(&self) -> i64 {
        self.used.keys().next_back().map_or(0, |slot| *slot as i64)
    }
    fn find(&self, key: i32) -> Option<i32> {
        self.used.values().find(|(_, object)| object.permissions().key == key).map(|(id, _)| *id)
    }
    /// Whether a `get` call finds or makes: the identifier of what it finds.
    ///
    /// # Errors
    /// `ENOENT`, `EEXIST`, `EACCES`.
    fn seek(&mut self, key: i32, flags: i32) -> Result<Option<i32>, Errno> {
        if key == libc::IPC_PRIVATE {
            return Ok(None);
        }
        let Some(id) = self.find(key) else {
            return if flags & libc::IPC_CREAT != 0 { Ok(None) } else { Err(ENOENT) };
        };
        if flags & libc::IPC_CREAT != 0 && flags & libc::IPC_EXCL != 0 {
            return Err(EEXIST);
        }
        self.get(id)?.permissions().allow(asked(flags))?;
        Ok(Some(id))
    }
    /// Adds an object to the lowest free slot.
    ///
    /// # Errors
    /// `ENOSPC` beyond so many.
    fn add(&mut self, object: T, most: usize) -> Result<i32, Errno> {
        if self.used.len() >= most {
            return Err(ENOSPC);
        }
        let slot = (0..SLOTS).find(|slot| !self.used.contains_key(slot)).ok_or(ENOSPC)?;
        if self.last.is_some_and(|last| slot <= last) {
            self.sequence = (self.sequence + 1) & 0xffff;
        }
        self.last = Some(slot);
        let id = self.sequence << 15 | slot as i32;
        self.used.insert(slot, (id, object));
        Ok(id)
    }
    fn remove(&mut self, id: i32) -> Option<T> {
        self.get(id).ok()?;
        self.used.remove(&(id as usize % SLOTS)).map(|(_, object)| object)
    }
}

impl Kernel {
    fn ipc(&mut self, service: ServiceId) -> &mut Ipc {
        self.ipc.entry(service).or_default()
    }
}
