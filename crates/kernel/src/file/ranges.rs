//! Ranges of guest memory that one call reads or writes, in order: a single buffer, or an `iovec` array.
//!
//! As on Linux a range that is only partly mapped is used as far as it goes; what fails with `EFAULT` is a transfer
//! that could not move a single byte.

use crate::abi::PAGE;
use crate::abi::errno::{EFAULT, EINVAL};
use crate::caller::Caller;
use model::Errno;

/// The most that one call transfers (`MAX_RW_COUNT`).
pub const TRANSFER_MAX: u64 = 0x7fff_f000;
/// The most ranges that one call names (`UIO_MAXIOV`).
pub const RANGES_MAX: u64 = 1024;
/// The first address beyond user memory; pointers above it are refused before anything else is looked at.
const USER_END: u64 = (1 << 47) - PAGE;
/// How much is moved at a time.
pub(crate) const CHUNK: usize = 1 << 16;

/// The range of a call that names one buffer.
///
/// # Errors
/// `EFAULT` if it reaches beyond user memory.
pub(crate) fn single(at: u64, len: u64) -> Result<[(u64, u64); 1], Errno> {
    in_user_memory(at, len)?;
    Ok([(at, len.min(TRANSFER_MAX))])
}

/// Fails with `EFAULT` if a range reaches beyond user memory, mapped or not.
///
/// # Errors
/// `EFAULT`.
pub(crate) fn in_user_memory(at: u64, len: u64) -> Result<(), Errno> {
    if at.checked_add(len).is_some_and(|end| end <= USER_END) { Ok(()) } else { Err(EFAULT) }
}

/// Reads an array of `struct iovec`; the ranges together hold at most [`TRANSFER_MAX`] bytes.
///
/// # Errors
/// `EINVAL` for too many ranges or a length that is negative, `EFAULT` for a bad pointer.
pub(crate) fn iovec(c: &mut Caller<'_>, at: u64, count: u64) -> Result<Vec<(u64, u64)>, Errno> {
    if count > RANGES_MAX {
        return Err(EINVAL);
    }
    let bytes = c.read_vec(at, count as usize * 16)?;
    let mut left = TRANSFER_MAX;
    let mut ranges = Vec::with_capacity(count as usize);
    for entry in bytes.chunks_exact(16) {
        let (base, len) = (word(entry, 0), word(entry, 8));
        if len > i64::MAX as u64 {
            return Err(EINVAL);
        }
        in_user_memory(base, len)?;
        ranges.push((base, len.min(left)));
        left -= len.min(left);
    }
    Ok(ranges)
}

/// The little-endian word at an offset of a structure.
///
/// # Panics
/// If it is not inside.
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// How many bytes the ranges hold.
pub(crate) fn total(ranges: &[(u64, u64)]) -> u64 {
    ranges.iter().map(|(_, len)| len).sum()
}

/// The parts of the ranges that hold bytes `skip..skip + len` of the transfer.
fn pieces(ranges: &[(u64, u64)], skip: u64, len: u64) -> impl Iterator<Item = (u64, u64)> {
    let (mut skip, mut left) = (skip, len);
    ranges.iter().filter_map(move |(at, len)| {
        let skipped = skip.min(*len);
        skip -= skipped;
        let n = (len - skipped).min(left);
        left -= n;
        (n != 0).then_some((at + skipped, n))
    })
}

/// How much of a range can be used with this protection before the first byte that cannot.
fn reachable(c: &Caller<'_>, at: u64, len: u64, prot: u32) -> u64 {
    if c.check(at, len, prot).is_ok() {
        return len;
    }
    let memory = c.k.memory(c.space());
    let mut end = at;
    while let Some((_, vma)) = memory.find(end) {
        let next = vma.end.min(at + len);
        if !memory.allows(end, next - end, prot) || next == end {
            break;
        }
        end = next;
    }
    end - at
}

/// Copies guest memory into a buffer, from byte `skip` of the ranges on. Returns how much: less than the buffer holds
/// where the ranges or the mapped memory end.
///
/// # Errors
/// `EFAULT` if there was something to copy and none of it could be.
pub(crate) fn gather(c: &mut Caller<'_>, from: &[(u64, u64)], skip: u64, into: &mut [u8]) -> Result<usize, Errno> {
    let mut done = 0;
    for (at, len) in pieces(from, skip, into.len() as u64) {
        let n = reachable(c, at, len, libc::PROT_READ as u32);
        if n == 0 {
            return if done == 0 { Err(EFAULT) } else { Ok(done) };
        }
        c.read(at, &mut into[done..done + n as usize])?;
        done += n as usize;
        if n < len {
            break;
        }
    }
    Ok(done)
}

/// Copies a buffer into guest memory, from byte `skip` of the ranges on. Returns how much.
///
/// # Errors
/// `EFAULT` if there was something to copy and none of it could be.
pub(crate) fn scatter(c: &mut Caller<'_>, into: &[(u64, u64)], skip: u64, bytes: &[u8]) -> Result<usize, Errno> {
    let mut done = 0;
    for (at, len) in pieces(into, skip, bytes.len() as u64) {
        let n = reachable(c, at, len, libc::PROT_WRITE as u32);
        if n == 0 {
            return if done == 0 { Err(EFAULT) } else { Ok(done) };
        }
        c.write(at, &bytes[done..done + n as usize])?;
        done += n as usize;
        if n < len {
            break;
        }
    }
    Ok(done)
}

/// Lends the kernel's transfer buffer, [`CHUNK`] bytes of it.
pub(crate) fn with_buffer<T>(c: &mut Caller<'_>, f: impl FnOnce(&mut Caller<'_>, &mut [u8]) -> T) -> T {
    let mut buffer = std::mem::take(&mut c.k.files.buffer);
    buffer.resize(CHUNK, 0);
    let result = f(c, &mut buffer);
    c.k.files.buffer = buffer;
    result
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_cover_what_was_asked_for() {
        let ranges = [(100, 4), (200, 0), (300, 6)];
        let check = |skip, len, expected: &[(u64, u64)]| {
            assert_eq!(pieces(&ranges, skip, len).collect::<Vec<_>>(), expected, "{skip}+{len}");
        };
        check(0, 10, &[(100, 4), (300, 6)]);
        check(0, 99, &[(100, 4), (300, 6)]);
        check(3, 2, &[(103, 1), (300, 1)]);
        check(4, 1, &[(300, 1)]);
        check(5, 3, &[(301, 3)]);
        check(10, 1, &[]);
    }
}
