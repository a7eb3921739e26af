//! Semaphores: `semget`, `semop`, `semtimedop`, `semctl`. The operations of one call happen together or not at all; a
//! caller that has to wait is parked and tries again after every change of the set, in order of arrival.

use super::{IPC_INFO, Object, Permissions, seconds};
use crate::abi::errno::{E2BIG, EAGAIN, EFAULT, EFBIG, EIDRM, EINVAL, ERANGE};
use crate::caller::Caller;
use crate::causality::Spot;
use crate::process::ProcessId;
use crate::syscall::{Sys, block, done};
use crate::wait::{Wait, WaitKey};
use crate::world::Kernel;
use model::{Errno, ServiceId, ThreadId};
use std::collections::BTreeMap;

/// Limits as in `/proc/sys/kernel/sem`: semaphores in a set, operations in a call, sets.
const PER_SET_MAX: i32 = 32_000;
const OPERATIONS_MAX: u64 = 500;
const SETS_MAX: usize = 32_000;
const VALUE_MAX: i32 = 32_767;
const SEM_STAT: i32 = 18;
const SEM_INFO: i32 = 19;
const SEM_STAT_ANY: i32 = 20;
const SEM_UNDO: i16 = 0x1000;

/// A set of semaphores.
#[derive(Debug)]
pub(super) struct Set {
    permissions: Permissions,
    /// Value and last process of each.
    values: Vec<(i32, u32)>,
    operated: u64,
    /// What is to be added when a process ends.
    undo: BTreeMap<(ProcessId, usize), i32>,
    /// Which semaphore a parked thread waits for, and whether for it to become zero.
    waiting: BTreeMap<ThreadId, (usize, bool)>,
}

impl Object for Set {
    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

#[derive(Clone, Copy, Debug)]
struct Operation {
    semaphore: usize,
    by: i32,
    flags: i16,
}

/// `semget(key, count, flags)`
pub(crate) fn semget(c: &mut Caller<'_>) -> Sys {
    let (key, count, flags) = (c.int(0), c.int(1), c.int(2));
    let service = c.id.service;
    if !(0..=PER_SET_MAX).contains(&count) {
        return Err(EINVAL);
    }
    if let Some(id) = c.k.ipc(service).semaphores.seek(key, flags)? {
        let too_many = count as usize > c.k.ipc(service).semaphores.get(id)?.values.len();
        return if too_many { Err(EINVAL) } else { done(id) };
    }
    if count == 0 {
        return Err(EINVAL);
    }
    let set = Set {
        permissions: Permissions::new(c, key, flags),
        values: vec![(0, 0); count as usize],
        operated: 0,
        undo: BTreeMap::new(),
        waiting: BTreeMap::new(),
    };
    done(c.k.ipc(service).semaphores.add(set, SETS_MAX)?)
}

/// `semop(id, operations, count)`
pub(crate) fn semop(c: &mut Caller<'_>) -> Sys {
    operate(c, 0)
}

/// `semtimedop(id, operations, count, timeout)`
pub(crate) fn semtimedop(c: &mut Caller<'_>) -> Sys {
    operate(c, c.arg(3))
}

fn operate(c: &mut Caller<'_>, timeout: u64) -> Sys {
    let (id, at, count) = (c.int(0), c.arg(1), c.arg(2));
    let (service, process, thread) = (c.id.service, c.process_id(), c.id);
    if count == 0 || id < 0 {
        return Err(EINVAL);
    }
    if count > OPERATIONS_MAX {
        return Err(E2BIG);
    }
    let bytes = c.read_vec(at, count as usize * 6)?;
    let deadline = match timeout {
        0 => None,
        at => {
            let time = c.read_timespec(at)?;
            Some(c.deadline_in(time))
        }
    };
    let (again, timed_out) = (c.call().again, c.call().timed_out);
    let field = |b: &[u8], n: usize| i16::from_le_bytes([b[n], b[n + 1]]);
    let operations: Vec<Operation> = bytes
        .chunks_exact(6)
        .map(|b| Operation { semaphore: field(b, 0) as u16 as usize, by: field(b, 2).into(), flags: field(b, 4) })
        .collect();
    let now = seconds(c);
    let set = match c.k.ipc(service).semaphores.get(id) {
        Ok(set) => set,
        Err(_) if again => return Err(EIDRM),
        Err(errno) => return Err(errno),
    };
    set.waiting.remove(&thread);
    if operations.iter().any(|op| op.semaphore >= set.values.len()) {
        return Err(EFBIG);
    }
    let alters = operations.iter().any(|op| op.by != 0);
    set.permissions.allow(if alters { 2 } else { 4 })?;
    match set.attempt(&operations, process)? {
        None => {
            set.operated = now;
            if operations.iter().any(|op| op.by <= 0) {
                c.k.causes.see(Spot::Semaphores(service, id));
            }
            if alters {
                c.k.causes.mark(Spot::Semaphores(service, id));
                c.k.wake(WaitKey::Semaphores(service, id));
            }
            done(0)
        }
        Some(op) if op.flags & libc::IPC_NOWAIT as i16 != 0 || timed_out => Err(EAGAIN),
        Some(op) => {
            set.waiting.insert(thread, (op.semaphore, op.by == 0));
            let wait = Wait::on(WaitKey::Semaphores(service, id), "a semaphore").with_deadline(deadline);
            block(wait.never_restarted())
        }
    }
}

impl Set {
    /// Does all of the operations, or none and says which would have to wait.
    fn attempt(&mut self, operations: &[Operation], process: ProcessId) -> Result<Option<Operation>, Errno> {
        let mut values: Vec<i32> = self.values.iter().map(|(value, _)| *value).collect();
        for op in operations {
            let value = &mut values[op.semaphore];
            if (op.by == 0 && *value != 0) || *value + op.by < 0 {
                return Ok(Some(*op));
            }
            *value += op.by;
            if *value > VALUE_MAX {
                return Err(ERANGE);
            }
        }
        for op in operations {
            self.values[op.semaphore] = (values[op.semaphore], process.pid);
            if op.flags & SEM_UNDO != 0 && op.by != 0 {
                *self.undo.entry((process, op.semaphore)).or_default() -= op.by;
            }
        }
        Ok(None)
    }
    fn waiting_for(&self, semaphore: usize, zero: bool) -> usize {
        self.waiting.values().filter(|w| **w == (semaphore, zero)).count()
    }
    /// `struct semid64_ds`
    fn record(&self, id: i32) -> Vec<u8> {
        let mut out = self.permissions.record(id, 0);
        for word in [self.operated, 0, self.permissions.changed, 0, self.values.len() as u64, 0, 0] {
            out.extend(word.to_le_bytes());
        }
        out
    }
}

/// `semctl(id, number, command, argument)`
pub(crate) fn semctl(c: &mut Caller<'_>) -> Sys {
    let (id, number, command, argument) = (c.int(0), c.int(1), c.int(2), c.arg(3));
    let service = c.id.service;
    match command {
        IPC_INFO | SEM_INFO => return info(c, command, argument),
        libc::IPC_STAT | SEM_STAT | SEM_STAT_ANY => {
            let sets = &mut c.k.ipc(service).semaphores;
            let id = if command == libc::IPC_STAT { id } else { sets.at(id)?.0 };
            let set = sets.get(id)?;
            if command != SEM_STAT_ANY {
                set.permissions.allow(4)?;
            }
            let bytes = set.record(id);
            c.write(argument, &bytes)?;
            return done(if command == libc::IPC_STAT { 0 } else { id });
        }
        libc::IPC_RMID => {
            c.k.ipc(service).semaphores.remove(id).ok_or(EINVAL)?;
            c.k.wake(WaitKey::Semaphores(service, id));
            return done(0);
        }
        libc::IPC_SET => {
            let mut permissions = Permissions::new(c, 0, 0);
            permissions.set(c, argument)?;
            let set = c.k.ipc(service).semaphores.get(id)?;
            permissions.key = set.permissions.key;
            set.permissions = permissions;
            return done(0);
        }
        libc::GETALL => {
            let set = c.k.ipc(service).semaphores.get(id)?;
            set.permissions.allow(4)?;
            let bytes: Vec<u8> = set.values.iter().flat_map(|(value, _)| (*value as u16).to_le_bytes()).collect();
            c.write(argument, &bytes)?;
            return done(0);
        }
        libc::SETALL => return set_all(c, id, argument),
        _ => {}
    }
    let (now, process) = (seconds(c), c.process_id());
    let set = c.k.ipc(service).semaphores.get(id)?;
    let semaphore = usize::try_from(number).ok().filter(|n| *n < set.values.len()).ok_or(EINVAL)?;
    let (value, pid) = set.values[semaphore];
    match command {
        libc::SETVAL => {
            let value = argument as i32;
            if !(0..=VALUE_MAX).contains(&value) {
                return Err(ERANGE);
            }
            set.permissions.allow(2)?;
            set.values[semaphore] = (value, process.pid);
            set.undo.retain(|(_, of), _| *of != semaphore);
            set.permissions.changed = now;
            c.k.causes.mark(Spot::Semaphores(service, id));
            c.k.wake(WaitKey::Semaphores(service, id));
            return done(0);
        }
        libc::GETVAL | libc::GETPID | libc::GETNCNT | libc::GETZCNT => set.permissions.allow(4)?,
        _ => return Err(EINVAL),
    }
    match command {
        libc::GETVAL => done(value),
        libc::GETPID => done(pid),
        libc::GETNCNT => done(set.waiting_for(semaphore, false) as i64),
        _ => done(set.waiting_for(semaphore, true) as i64),
    }
}

fn set_all(c: &mut Caller<'_>, id: i32, at: u64) -> Sys {
    let (service, now, process) = (c.id.service, seconds(c), c.process_id());
    let set = c.k.ipc(service).semaphores.get(id)?;
    set.permissions.allow(2)?;
    let count = set.values.len();
    let bytes = c.read_vec(at, count * 2).map_err(|_| EFAULT)?;
    let values: Vec<i32> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]).into()).collect();
    if values.iter().any(|value| *value > VALUE_MAX) {
        return Err(ERANGE);
    }
    let set = c.k.ipc(service).semaphores.get(id)?;
    set.values = values.into_iter().map(|value| (value, process.pid)).collect();
    set.undo.clear();
    set.permissions.changed = now;
    c.k.causes.mark(Spot::Semaphores(service, id));
    c.k.wake(WaitKey::Semaphores(service, id));
    done(0)
}

fn info(c: &mut Caller<'_>, command: i32, at: u64) -> Sys {
    let service = c.id.service;
    let sets = &c.k.ipc(service).semaphores;
    let highest = sets.highest();
    let count = sets.used.values().map(|(_, set)| set.values.len()).sum::<usize>() as i32;
    let (used, total) = if command == SEM_INFO { (sets.used.len() as i32, count) } else { (20, VALUE_MAX) };
    let all = SETS_MAX as i32 * PER_SET_MAX;
    let words = [
        all,
        SETS_MAX as i32,
        all,
        all,
        PER_SET_MAX,
        OPERATIONS_MAX as i32,
        OPERATIONS_MAX as i32,
        used,
        VALUE_MAX,
        total,
    ];
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    c.write(at, &bytes)?;
    done(highest)
}

impl Kernel {
    /// A process has ended: what it did to semaphores with `SEM_UNDO` is undone.
    pub(crate) fn undo_semaphores(&mut self, process: ProcessId) {
        let service: ServiceId = process.service;
        let Some(ipc) = self.ipc.get_mut(&service) else { return };
        let mut changed = Vec::new();
        for (id, set) in ipc.semaphores.used.values_mut() {
            let undo: Vec<(usize, i32)> =
                set.undo.iter().filter(|((of, _), _)| *of == process).map(|((_, n), by)| (*n, *by)).collect();
            set.undo.retain(|(of, _), _| *of != process);
            set.waiting.retain(|thread, _| self.threads.contains_key(thread));
            for (semaphore, by) in undo {
                let value = (set.values[semaphore].0 + by).clamp(0, VALUE_MAX);
                set.values[semaphore] = (value, process.pid);
                changed.push(*id);
            }
        }
        changed.dedup();
        for id in changed {
            self.causes.mark(Spot::Semaphores(service, id));
            self.wake(WaitKey::Semaphores(service, id));
        }
    }
}
