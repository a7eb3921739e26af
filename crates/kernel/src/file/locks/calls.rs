//! The calls: `flock`, and the lock commands of `fcntl`.

use super::{Family, Lock, Mode, Owner, Span, key, place};
use crate::abi::errno::{EAGAIN, EBADF, EDEADLK, EINVAL, EOVERFLOW};
use crate::caller::Caller;
use crate::file::{FileId, regular};
use crate::syscall::{Sys, block, done};
use crate::wait::Wait;
use model::Errno;

/// `flock(fd, operation)`
pub(crate) fn flock(c: &mut Caller<'_>) -> Sys {
    let file = crate::file::io::file(c, c.int(0))?;
    let operation = c.int(1);
    let mode = match operation & !libc::LOCK_NB {
        libc::LOCK_SH => Some(Mode::Shared),
        libc::LOCK_EX => Some(Mode::Exclusive),
        libc::LOCK_UN => None,
        _ => return Err(EINVAL),
    };
    let place = place(c.k.open_file(file).target);
    let owner = Owner::Description(file);
    let Some(mode) = mode else {
        c.k.lock_set(place, Family::Whole, owner, Span::WHOLE, None);
        return done(0);
    };
    let wanted = Lock { owner, mode, span: Span::WHOLE };
    if c.k.lock_conflict(place, Family::Whole, wanted).is_none() {
        c.k.lock_set(place, Family::Whole, owner, Span::WHOLE, Some(mode));
        return done(0);
    }
    // Converting a lock is not atomic: what is held is given up before the wait.
    c.k.lock_set(place, Family::Whole, owner, Span::WHOLE, None);
    if operation & libc::LOCK_NB != 0 {
        return Err(EAGAIN);
    }
    block(Wait::on(key(place), "the file is locked"))
}

/// `struct flock`, as the guest gives it.
struct Request {
    kind: i32,
    whence: i32,
    start: i64,
    len: i64,
    pid: i32,
}

impl Request {
    fn read(c: &mut Caller<'_>, at: u64) -> Result<Request, Errno> {
        let b: [u8; 32] = c.read_array(at)?;
        let short = |n: usize| i32::from(i16::from_le_bytes([b[n], b[n + 1]]));
        let long = |n: usize| crate::file::ranges::word(&b, n) as i64;
        let pid = i32::from_le_bytes([b[24], b[25], b[26], b[27]]);
        Ok(Request { kind: short(0), whence: short(2), start: long(8), len: long(16), pid })
    }
    fn mode(&self) -> Result<Option<Mode>, Errno> {
        match self.kind {
            libc::F_RDLCK => Ok(Some(Mode::Shared)),
            libc::F_WRLCK => Ok(Some(Mode::Exclusive)),
            libc::F_UNLCK => Ok(None),
            _ => Err(EINVAL),
        }
    }
    /// The bytes it means: a length of zero reaches to the end, a negative one lies before the start.
    fn span(&self, c: &mut Caller<'_>, file: FileId) -> Result<Span, Errno> {
        let base = match self.whence {
            libc::SEEK_SET => 0,
            libc::SEEK_CUR => c.k.open_file(file).offset as i64,
            libc::SEEK_END => regular::size(c, file).unwrap_or(0) as i64,
            _ => return Err(EINVAL),
        };
        let start = base.checked_add(self.start).ok_or(EOVERFLOW)?;
        let (first, last) = match self.len {
            0 => (start, i64::MAX),
            len if len > 0 => (start, start.checked_add(len - 1).ok_or(EOVERFLOW)?),
            len => (start.checked_add(len).ok_or(EINVAL)?, start - 1),
        };
        match (u64::try_from(first), u64::try_from(last)) {
            (Ok(first), Ok(last)) => Ok(Span { first, last }),
            _ => Err(EINVAL),
        }
    }
}

/// `F_GETLK`, `F_SETLK`, `F_SETLKW` and their `F_OFD_` variants.
pub(crate) fn record(c: &mut Caller<'_>, file: FileId, command: i32, at: u64) -> Sys {
    let request = Request::read(c, at)?;
    let owner = match command {
        libc::F_OFD_GETLK | libc::F_OFD_SETLK | libc::F_OFD_SETLKW => {
            if request.pid != 0 {
                return Err(EINVAL);
            }
            Owner::Description(file)
        }
        _ => Owner::Process(c.process_id()),
    };
    let mode = request.mode()?;
    let span = request.span(c, file)?;
    let place = place(c.k.open_file(file).target);
    if matches!(command, libc::F_GETLK | libc::F_OFD_GETLK) {
        let wanted = Lock { owner, mode: mode.ok_or(EINVAL)?, span };
        let found = c.k.lock_conflict(place, Family::Record, wanted);
        return tell(c, at, found);
    }
    let open = c.k.open_file(file);
    let allowed = match mode {
        Some(Mode::Shared) => open.readable(),
        Some(Mode::Exclusive) => open.writable(),
        None => true,
    };
    if !allowed {
        return Err(EBADF);
    }
    let thread = c.id;
    c.k.files.locks.waits.remove(&thread);
    let conflict = mode.and_then(|mode| c.k.lock_conflict(place, Family::Record, Lock { owner, mode, span }));
    let Some(conflict) = conflict else {
        c.k.lock_set(place, Family::Record, owner, span, mode);
        return done(0);
    };
    if matches!(command, libc::F_SETLK | libc::F_OFD_SETLK) {
        return Err(EAGAIN);
    }
    if let (Owner::Process(process), Owner::Process(holder)) = (owner, conflict.owner) {
        if c.k.lock_deadlock(process, holder) {
            return Err(EDEADLK);
        }
        c.k.files.locks.waits.insert(thread, holder);
    }
    block(Wait::on(key(place), "the bytes are locked"))
}

/// Writes what stands in the way of a lock.
fn tell(c: &mut Caller<'_>, at: u64, found: Option<Lock>) -> Sys {
    let Some(lock) = found else {
        c.write(at, &(libc::F_UNLCK as i16).to_le_bytes())?;
        return done(0);
    };
    let kind = match lock.mode {
        Mode::Shared => libc::F_RDLCK,
        Mode::Exclusive => libc::F_WRLCK,
    };
    let len = if lock.span.last == i64::MAX as u64 { 0 } else { lock.span.last - lock.span.first + 1 };
    let pid = match lock.owner {
        Owner::Process(process) => process.pid as i32,
        Owner::Description(_) => -1,
    };
    let mut bytes = [0; 28];
    bytes[..2].copy_from_slice(&(kind as i16).to_le_bytes());
    bytes[2..4].copy_from_slice(&(libc::SEEK_SET as i16).to_le_bytes());
    bytes[8..16].copy_from_slice(&lock.span.first.to_le_bytes());
    bytes[16..24].copy_from_slice(&len.to_le_bytes());
    bytes[24..].copy_from_slice(&pid.to_le_bytes());
    c.write(at, &bytes)?;
    done(0)
}
