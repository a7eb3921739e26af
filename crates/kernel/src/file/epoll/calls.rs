//! The calls: `epoll_create`, `epoll_ctl`, `epoll_wait` and their variants.

use super::{ALWAYS, Epoll, MANNER, Name};
use crate::abi::errno::{EFAULT, EINVAL, ELOOP, EPERM};
use crate::caller::Caller;
use crate::file::io::file;
use crate::file::poll::{Patience, with_mask};
use crate::file::ranges::in_user_memory;
use crate::file::{Object, Target};
use crate::syscall::{Sys, block, done};
use crate::wait::{ObjectId, WaitKey};
use model::Errno;

/// The size of `struct epoll_event`, which is packed on x86-64.
const RECORD: u64 = 12;
/// What may go with `EPOLLEXCLUSIVE`.
const WITH_EXCLUSIVE: u32 = MANNER & !(libc::EPOLLONESHOT as u32)
    | ALWAYS
    | (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDNORM | libc::EPOLLWRNORM) as u32;

/// `epoll_create(size)`
pub(crate) fn epoll_create(c: &mut Caller<'_>) -> Sys {
    if c.int(0) <= 0 {
        return Err(EINVAL);
    }
    make(c, 0)
}
/// `epoll_create1(flags)`
pub(crate) fn epoll_create1(c: &mut Caller<'_>) -> Sys {
    make(c, c.int(0))
}

fn make(c: &mut Caller<'_>, flags: i32) -> Sys {
    if flags & !libc::EPOLL_CLOEXEC != 0 {
        return Err(EINVAL);
    }
    let object = c.k.add_object(Object::Epoll(Epoll::default()));
    let file = c.k.add_file(Target::Object(object), libc::O_RDWR as u32, None);
    let process = c.process_id();
    done(c.k.install_fd(process, file, flags & libc::EPOLL_CLOEXEC != 0, 0)?)
}

fn epoll_of(c: &Caller<'_>, fd: i32) -> Result<ObjectId, Errno> {
    let object = c.k.open_file(file(c, fd)?).object().ok_or(EINVAL)?;
    c.k.files.get_epoll(object).map(|_| object).ok_or(EINVAL)
}

/// `epoll_ctl(epfd, op, fd, event)`
pub(crate) fn epoll_ctl(c: &mut Caller<'_>) -> Sys {
    let (epfd, op, fd, at) = (c.int(0), c.int(1), c.int(2), c.arg(3));
    let (events, data) = match op {
        libc::EPOLL_CTL_DEL => (0, 0),
        _ => {
            let bytes: [u8; RECORD as usize] = c.read_array(at)?;
            let (events, data) = bytes.split_at(4);
            (u32::from_le_bytes(events.try_into().map_err(|_| EFAULT)?), crate::file::ranges::word(data, 0))
        }
    };
    let set = file(c, epfd)?;
    let target = file(c, fd)?;
    let open = c.k.open_file(target);
    if matches!(open.target, Target::Inode(_)) {
        return Err(EPERM);
    }
    let watched = open.object().filter(|o| c.k.files.get_epoll(*o).is_some());
    let object = epoll_of(c, epfd)?;
    if set == target {
        return Err(EINVAL);
    }
    let name = (fd, target);
    let process = c.process_id();
    if op != libc::EPOLL_CTL_DEL && events & libc::EPOLLEXCLUSIVE as u32 != 0 {
        let adds = op == libc::EPOLL_CTL_ADD;
        if !adds || watched.is_some() || events & !WITH_EXCLUSIVE != 0 {
            return Err(EINVAL);
        }
    }
    match op {
        libc::EPOLL_CTL_ADD => {
            if watched.is_some_and(|watched| !c.k.may_nest(object, watched)) {
                return Err(ELOOP);
            }
            c.k.epoll_add(object, name, events, data, process)?;
        }
        libc::EPOLL_CTL_MOD => {
            let before = c.k.files.get_epoll(object).and_then(|e| e.interests.get(&name));
            if before.is_some_and(|i| i.events & libc::EPOLLEXCLUSIVE as u32 != 0) {
                return Err(EINVAL);
            }
            c.k.epoll_modify(object, name, events, data, process)?;
        }
        libc::EPOLL_CTL_DEL => c.k.epoll_delete(object, name)?,
        _ => return Err(EINVAL),
    }
    done(0)
}

/// `epoll_wait(epfd, events, maxevents, timeout_ms)`
pub(crate) fn epoll_wait(c: &mut Caller<'_>) -> Sys {
    let patience = Patience::millis(c, c.int(3));
    wait(c, patience)
}
/// `epoll_pwait(epfd, events, maxevents, timeout_ms, mask, mask_size)`
pub(crate) fn epoll_pwait(c: &mut Caller<'_>) -> Sys {
    with_mask(c, c.arg(4), c.arg(5), epoll_wait)
}
/// `epoll_pwait2(epfd, events, maxevents, timeout, mask, mask_size)`
pub(crate) fn epoll_pwait2(c: &mut Caller<'_>) -> Sys {
    with_mask(c, c.arg(4), c.arg(5), |c| {
        let patience = Patience::timespec(c, c.arg(3))?;
        wait(c, patience)
    })
}

fn wait(c: &mut Caller<'_>, patience: Patience) -> Sys {
    let (at, room) = (c.arg(1), c.int(2));
    if room <= 0 || room as u64 > i32::MAX as u64 / RECORD {
        return Err(EINVAL);
    }
    in_user_memory(at, room as u64 * RECORD)?;
    let object = epoll_of(c, c.int(0))?;
    if c.k.files.epoll(object)?.may_be_ready() {
        let reported = report(c, object, at, room as u64)?;
        if reported != 0 {
            return done(reported);
        }
    }
    if patience.is_over(c) {
        return done(0);
    }
    block(patience.wait(vec![WaitKey::Object(object)], "no watched descriptor is ready"))
}

/// Writes what is ready into guest memory.
fn report(c: &mut Caller<'_>, object: ObjectId, at: u64, room: u64) -> Result<u64, Errno> {
    let process = c.process_id();
    let mut later: Vec<Name> = Vec::new();
    let mut reported = 0;
    let mut failed = None;
    while reported < room {
        let Some((_, ready, data)) = c.k.epoll_next(object, process)? else { break };
        let mut record = [0; RECORD as usize];
        record[..4].copy_from_slice(&ready.to_le_bytes());
        record[4..].copy_from_slice(&data.to_le_bytes());
        if let Err(errno) = c.write(at + reported * RECORD, &record) {
            failed = Some(errno);
            break;
        }
        c.k.files.epoll(object)?.reported(&mut later);
        reported += 1;
    }
    let epoll = c.k.files.epoll(object)?;
    for name in later {
        epoll.queue(name);
    }
    match failed {
        Some(errno) if reported == 0 => Err(errno),
        _ => Ok(reported),
    }
}
