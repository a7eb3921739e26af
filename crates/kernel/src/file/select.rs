//! `select` and `pselect6`: readiness by bitmap.

use super::poll::{Patience, key, with_mask, write_back_timespec};
use super::{descriptors, io};
use crate::abi::errno::EINVAL;
use crate::caller::Caller;
use crate::syscall::{Outcome, Sys, block, done};
use model::{Errno, VirtualDuration};

const READ: u32 = (libc::EPOLLRDNORM | libc::EPOLLRDBAND | libc::EPOLLIN | libc::EPOLLHUP | libc::EPOLLERR) as u32;
const WRITE: u32 = (libc::EPOLLWRBAND | libc::EPOLLWRNORM | libc::EPOLLOUT | libc::EPOLLERR) as u32;
const EXCEPT: u32 = libc::EPOLLPRI as u32;

/// `select(count, reads, writes, exceptions, timeval)`
pub(crate) fn select(c: &mut Caller<'_>) -> Sys {
    let at = c.arg(4);
    let patience = timeval(c, at)?;
    let result = look(c, patience);
    let interrupted = matches!(result, Ok(Outcome::Block(_))) && c.k.has_deliverable_signal(c.id);
    if at != 0 && (interrupted || matches!(result, Ok(Outcome::Done(_)))) {
        let left = patience.left(c).0;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(left / 1_000_000_000).to_le_bytes());
        bytes[8..].copy_from_slice(&(left % 1_000_000_000 / 1_000).to_le_bytes());
        // A time that cannot be written is not worth an error to Linux either.
        let _ = c.write(at, &bytes);
    }
    result
}

/// `pselect6(count, reads, writes, exceptions, timespec, mask_and_size)`
pub(crate) fn pselect6(c: &mut Caller<'_>) -> Sys {
    let (mask, size) = match c.arg(5) {
        0 => (0, 0),
        at => (c.read_u64(at)?, c.read_u64(at.wrapping_add(8))?),
    };
    with_mask(c, mask, size, |c| {
        let patience = Patience::timespec(c, c.arg(4))?;
        let result = look(c, patience);
        write_back_timespec(c, c.arg(4), patience, &result);
        result
    })
}

fn timeval(c: &mut Caller<'_>, at: u64) -> Result<Patience, Errno> {
    if at == 0 {
        return Ok(Patience::Forever);
    }
    if let Some(deadline) = c.call().deadline {
        return Ok(Patience::Until(deadline));
    }
    let (seconds, micros) = (c.read_u64(at)? as i64, c.read_u64(at.wrapping_add(8))? as i64);
    let (Ok(seconds), Ok(micros)) = (u64::try_from(seconds), u64::try_from(micros)) else { return Err(EINVAL) };
    let nanos = seconds.saturating_mul(1_000_000_000).saturating_add(micros.saturating_mul(1_000));
    Ok(Patience::of(c, VirtualDuration(nanos)))
}

/// A bitmap of descriptors; a null pointer is an empty one.
struct Set {
    at: u64,
    asked: Vec<u8>,
    found: Vec<u8>,
    bits: u32,
}

impl Set {
    fn read(c: &mut Caller<'_>, at: u64, count: usize, bits: u32) -> Result<Set, Errno> {
        let len = count.div_ceil(64) * 8;
        let asked = if at == 0 { vec![0; len] } else { c.read_vec(at, len)? };
        Ok(Set { at, asked, found: vec![0; len], bits })
    }
    fn has(&self, fd: usize) -> bool {
        self.asked[fd / 8] >> (fd % 8) & 1 == 1
    }
}

fn look(c: &mut Caller<'_>, patience: Patience) -> Sys {
    let Ok(count) = u64::try_from(c.int(0)) else { return Err(EINVAL) };
    let count = count.min(descriptors::limit(c)) as usize;
    let mut sets = [
        Set::read(c, c.arg(1), count, READ)?,
        Set::read(c, c.arg(2), count, WRITE)?,
        Set::read(c, c.arg(3), count, EXCEPT)?,
    ];
    let process = c.process_id();
    let mut keys = Vec::new();
    let mut ready = 0_u64;
    for fd in 0..count {
        if !sets.iter().any(|s| s.has(fd)) {
            continue;
        }
        let file = io::file(c, fd as i32)?;
        keys.extend(key(c, file));
        let bits = c.k.readiness(file, process);
        for set in &mut sets {
            if set.has(fd) && bits & set.bits != 0 {
                set.found[fd / 8] |= 1 << (fd % 8);
                ready += 1;
            }
        }
    }
    let interrupted = ready == 0 && c.k.has_deliverable_signal(c.id);
    if ready == 0 && (interrupted || !patience.is_over(c)) {
        return block(patience.wait(keys, "no selected descriptor is ready"));
    }
    for set in sets.iter().filter(|s| s.at != 0) {
        c.write(set.at, &set.found)?;
    }
    done(ready)
}
