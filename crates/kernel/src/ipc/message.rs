//! Message queues: `msgget`, `msgsnd`, `msgrcv`, `msgctl`.

use super::{IPC_INFO, Object, Permissions, seconds};
use crate::abi::errno::{E2BIG, EAGAIN, EFAULT, EIDRM, EINVAL, ENOMSG};
use crate::caller::Caller;
use crate::syscall::{Sys, block, done};
use crate::wait::{Wait, WaitKey};
use model::causality::{Stamp, Via};
use std::collections::VecDeque;

/// The longest message (`/proc/sys/kernel/msgmax`), the most bytes in a queue (`msgmnb`), the most queues (`msgmni`).
const LENGTH_MAX: u64 = 8192;
const BYTES_MAX: u64 = 16_384;
const QUEUES_MAX: usize = 32_000;
const MSG_STAT: i32 = 11;
const MSG_INFO: i32 = 12;
const MSG_STAT_ANY: i32 = 13;
const MSG_COPY: i32 = 0o40000;

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    permissions: Permissions,
    /// Kind, text, and who sent it.
    messages: VecDeque<(i64, Vec<u8>, Stamp)>,
    bytes: u64,
    most: u64,
    sent: (u64, u32),
    received: (u64, u32),
}

impl Object for Queue {
    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Queue {
    /// Which message a reader gets.
    fn pick(&self, kind: i64, flags: i32) -> Option<usize> {
        let of = |wanted: &dyn Fn(i64) -> bool| self.messages.iter().position(|(kind, ..)| wanted(*kind));
        match kind {
            0 => (!self.messages.is_empty()).then_some(0),
            kind if flags & MSG_COPY != 0 => usize::try_from(kind).ok().filter(|n| *n < self.messages.len()),
            kind if kind > 0 && flags & libc::MSG_EXCEPT != 0 => of(&|k| k != kind),
            kind if kind > 0 => of(&|k| k == kind),
            kind => {
                let lowest = self.messages.iter().map(|(k, ..)| *k).filter(|k| *k <= kind.saturating_neg()).min()?;
                of(&|k| k == lowest)
            }
        }
    }
    /// `struct msqid64_ds`
    fn record(&self, id: i32) -> Vec<u8> {
        let mut out = self.permissions.record(id, 0);
        let count = self.messages.len() as u64;
        for word in [self.sent.0, self.received.0, self.permissions.changed, self.bytes, count, self.most] {
            out.extend(word.to_le_bytes());
        }
        out.extend(self.sent.1.to_le_bytes());
        out.extend(self.received.1.to_le_bytes());
        out.extend([0; 16]);
        out
    }
}

/// `msgget(key, flags)`
pub(crate) fn msgget(c: &mut Caller<'_>) -> Sys {
    let (key, flags, service) = (c.int(0), c.int(1), c.id.service);
    if let Some(id) = c.k.ipc(service).queues.seek(key, flags)? {
        return done(id);
    }
    let permissions = Permissions::new(c, key, flags);
    let (sent, received) = ((0, 0), (0, 0));
    let queue = Queue { permissions, messages: VecDeque::new(), bytes: 0, most: BYTES_MAX, sent, received };
    done(c.k.ipc(service).queues.add(queue, QUEUES_MAX)?)
}

/// `msgsnd(id, message, length, flags)`
pub(crate) fn msgsnd(c: &mut Caller<'_>) -> Sys {
    let (id, at, len, flags) = (c.int(0), c.arg(1), c.arg(2), c.int(3));
    let (service, again) = (c.id.service, c.call().again);
    if len > LENGTH_MAX || id < 0 {
        return Err(EINVAL);
    }
    let kind = c.read_u64(at)? as i64;
    if kind < 1 {
        return Err(EINVAL);
    }
    let text = c.read_vec(at.wrapping_add(8), len as usize)?;
    let (now, pid, stamp) = (seconds(c), c.process_id().pid, c.k.causes.stamp());
    let queue = c.k.ipc(service).queues.get(id).map_err(|e| if again { EIDRM } else { e })?;
    queue.permissions.allow(2)?;
    let fits = queue.bytes + len <= queue.most && (queue.messages.len() as u64) < queue.most;
    if !fits && flags & libc::IPC_NOWAIT != 0 {
        return Err(EAGAIN);
    }
    if !fits {
        return block(Wait::on(WaitKey::Messages(service, id), "room in a message queue").never_restarted());
    }
    queue.bytes += len;
    queue.messages.push_back((kind, text, stamp));
    queue.sent = (now, pid);
    c.k.wake(WaitKey::Messages(service, id));
    done(0)
}

/// `msgrcv(id, buffer, length, type, flags)`
pub(crate) fn msgrcv(c: &mut Caller<'_>) -> Sys {
    let (id, at, len, kind, flags) = (c.int(0), c.arg(1), c.arg(2), c.arg(3) as i64, c.int(4));
    let (service, again) = (c.id.service, c.call().again);
    if id < 0 || len > i64::MAX as u64 {
        return Err(EINVAL);
    }
    if flags & MSG_COPY != 0 && (flags & libc::MSG_EXCEPT != 0 || flags & libc::IPC_NOWAIT == 0) {
        return Err(EINVAL);
    }
    let (now, pid) = (seconds(c), c.process_id().pid);
    let queue = c.k.ipc(service).queues.get(id).map_err(|e| if again { EIDRM } else { e })?;
    queue.permissions.allow(4)?;
    let Some(index) = queue.pick(kind, flags) else {
        if flags & libc::IPC_NOWAIT != 0 {
            return Err(ENOMSG);
        }
        return block(Wait::on(WaitKey::Messages(service, id), "a message").never_restarted());
    };
    let (kind, text, stamp) = queue.messages[index].clone();
    if text.len() as u64 > len && flags & libc::MSG_NOERROR == 0 {
        return Err(E2BIG);
    }
    if flags & MSG_COPY == 0 {
        queue.messages.remove(index);
        queue.bytes -= text.len() as u64;
        queue.received = (now, pid);
        c.k.wake(WaitKey::Messages(service, id));
    }
    c.k.causes.learn(stamp, Via::Message);
    let n = text.len().min(len as usize);
    c.write_u64(at, kind as u64).map_err(|_| EFAULT)?;
    c.write(at.wrapping_add(8), &text[..n])?;
    done(n as i64)
}

/// `msgctl(id, command, buffer)`
pub(crate) fn msgctl(c: &mut Caller<'_>) -> Sys {
    let (id, command, at) = (c.int(0), c.int(1), c.arg(2));
    let service = c.id.service;
    match command {
        IPC_INFO | MSG_INFO => {
            let queues = &c.k.ipc(service).queues;
            let highest = queues.highest();
            let count = queues.used.len() as i32;
            let messages = queues.used.values().map(|(_, q)| q.messages.len()).sum::<usize>() as i32;
            let bytes = queues.used.values().map(|(_, q)| q.bytes).sum::<u64>() as i32;
            let (pool, map, headers) = if command == MSG_INFO { (count, messages, bytes) } else { (500_000, 512, 0) };
            let words = [pool, map, LENGTH_MAX as i32, BYTES_MAX as i32, QUEUES_MAX as i32, 16, headers];
            let mut record: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
            record.extend([0; 4]);
            c.write(at, &record)?;
            done(highest)
        }
        libc::IPC_STAT | MSG_STAT | MSG_STAT_ANY => {
            let queues = &mut c.k.ipc(service).queues;
            let id = if command == libc::IPC_STAT { id } else { queues.at(id)?.0 };
            let queue = queues.get(id)?;
            if command != MSG_STAT_ANY {
                queue.permissions.allow(4)?;
            }
            let bytes = queue.record(id);
            c.write(at, &bytes)?;
            done(if command == libc::IPC_STAT { 0 } else { id })
        }
        libc::IPC_SET => {
            let mut permissions = Permissions::new(c, 0, 0);
            permissions.set(c, at)?;
            let most = c.read_u64(at.wrapping_add(88))?;
            let queue = c.k.ipc(service).queues.get(id)?;
            permissions.key = queue.permissions.key;
            queue.permissions = permissions;
            queue.most = most.min(BYTES_MAX);
            c.k.wake(WaitKey::Messages(service, id));
            done(0)
        }
        libc::IPC_RMID => {
            c.k.ipc(service).queues.remove(id).ok_or(EINVAL)?;
            c.k.wake(WaitKey::Messages(service, id));
            done(0)
        }
        _ => Err(EINVAL),
    }
}
