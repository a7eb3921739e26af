//! The read-only image: the host's files, opened for reading and nothing else.
//!
//! Each process keeps a few files open, because a program start reads and maps the same libraries several times.

use crate::raw;
use kernel::abi::text::{to_bytes, to_text};
use kernel::host::{ImageEntry, ImageKind, ImageType};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// How many files a process keeps open.
const OPEN_MAX: usize = 24;

struct Open(RefCell<VecDeque<(String, i32)>>);

// SAFETY: a process that hosts a world has a single thread.
unsafe impl Sync for Open {}

static OPEN: Open = Open(RefCell::new(VecDeque::new()));

/// Forgets all open files: their descriptors were closed.
pub(crate) fn forget() {
    OPEN.0.borrow_mut().clear();
}

/// A descriptor of an image file, open for reading. Called outside kernel mode: the cache belongs to the process.
pub(crate) fn open(path: &str) -> Option<i32> {
    let mut cache = OPEN.0.borrow_mut();
    if let Some((_, fd)) = cache.iter().find(|(p, _)| p == path) {
        return Some(*fd);
    }
    let name = CString::new(&*to_bytes(path)).ok()?;
    // SAFETY: a valid path; the flags cannot create or change anything.
    let fd = unsafe { libc::open(name.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NONBLOCK) };
    if fd < 0 {
        return None;
    }
    if cache.len() >= OPEN_MAX
        && let Some((_, old)) = cache.pop_front()
    {
        // SAFETY: the descriptor is ours and leaves the cache.
        unsafe { libc::close(old) };
    }
    cache.push_back((path.to_owned(), fd));
    Some(fd)
}

/// Maps an image file privately over a range of the guest's. `None` if it is gone or the host refuses.
pub(crate) fn map(at: u64, len: u64, prot: u32, path: &str, offset: u64) -> Option<()> {
    let fd = open(path)?;
    let flags = (libc::MAP_PRIVATE | libc::MAP_FIXED | libc::MAP_NORESERVE) as u64;
    // SAFETY: the range is the guest's.
    let result = unsafe { raw::syscall(libc::SYS_mmap, [at, len, u64::from(prot), flags, fd as u64, offset]) };
    (result == at as i64).then_some(())
}

/// Reads from an image file; called outside kernel mode.
pub(crate) fn read(path: &str, offset: u64, into: &mut [u8]) -> usize {
    let Some(fd) = open(path) else { return 0 };
    let mut done = 0;
    while done < into.len() {
        let rest = &mut into[done..];
        // SAFETY: the buffer is valid for the length given.
        let n = unsafe { libc::pread(fd, rest.as_mut_ptr().cast(), rest.len(), (offset + done as u64) as i64) };
        match n {
            n if n > 0 => done += n as usize,
            _ => break,
        }
    }
    done
}

/// What a path of the image is, not following a final link.
pub(crate) fn entry(path: &str) -> Option<ImageEntry> {
    let name = CString::new(&*to_bytes(path)).ok()?;
    let mut stat = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a valid path and room for the answer.
    if unsafe { libc::lstat(name.as_ptr(), stat.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: lstat succeeded.
    let stat = unsafe { stat.assume_init() };
    let kind = match stat.st_mode & libc::S_IFMT {
        libc::S_IFREG => ImageKind::File(stat.st_size as u64),
        libc::S_IFDIR => ImageKind::Directory,
        libc::S_IFLNK => {
            let mut target = vec![0u8; 4096];
            // SAFETY: room for the answer.
            let n = unsafe { libc::readlink(name.as_ptr(), target.as_mut_ptr().cast(), target.len()) };
            target.truncate(usize::try_from(n).ok()?);
            ImageKind::Symlink(to_text(target))
        }
        _ => return None,
    };
    Some(ImageEntry { kind, mode: stat.st_mode & 0o7777 })
}

/// The names in a directory of the image, sorted, and what they are.
pub(crate) fn list(path: &str) -> Vec<(String, ImageType)> {
    let bytes = to_bytes(path);
    let Ok(entries) = std::fs::read_dir(OsStr::from_bytes(&bytes)) else { return Vec::new() };
    let named = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        // Most file systems say so in the listing itself.
        let kind = match entry.file_type().ok()? {
            kind if kind.is_file() => ImageType::File,
            kind if kind.is_dir() => ImageType::Directory,
            kind if kind.is_symlink() => ImageType::Symlink,
            _ => return None,
        };
        Some((to_text(entry.file_name().into_vec()), kind))
    });
    let mut names: Vec<(String, ImageType)> = named.collect();
    names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    names
}
