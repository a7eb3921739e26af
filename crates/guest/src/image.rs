//! The read-only image: the host's files, opened for reading and nothing else.
//!
//! Each process keeps a few files open, because a program start reads and maps the same libraries several times.

use crate::raw;
use kernel::abi::text::{to_bytes, to_text};
use kernel::host::{ImageEntry, ImageKind, ImageType};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{CStr, CString};

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

/// How much of a directory the host tells at once.
const TOLD: usize = 32 << 10;

/// The names in a directory of the image, sorted, and what they are.
pub(crate) fn list(path: &str) -> Vec<(String, ImageType)> {
    let mut names = Vec::new();
    let Ok(name) = CString::new(&*to_bytes(path)) else { return names };
    // SAFETY: a valid path; the flags cannot create or change anything.
    let fd = unsafe { libc::open(name.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC | libc::O_DIRECTORY) };
    if fd < 0 {
        return names;
    }
    let mut told = Box::<[u8; TOLD]>::new_uninit();
    loop {
        // SAFETY: room for as much as the call is told of.
        let len = unsafe { raw::syscall3(libc::SYS_getdents64, fd as u64, told.as_mut_ptr() as u64, TOLD as u64) };
        if len <= 0 {
            break;
        }
        // SAFETY: the call has written so much.
        let entries = unsafe { std::slice::from_raw_parts(told.as_ptr().cast::<u8>(), len as usize) };
        told_of(&mut names, entries, |name| Some(type_of(&entry(&format!("{path}/{name}"))?.kind)));
    }
    // SAFETY: opened above.
    unsafe { libc::close(fd) };
    names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    names
}

fn type_of(kind: &ImageKind) -> ImageType {
    match kind {
        ImageKind::File(_) => ImageType::File,
        ImageKind::Directory => ImageType::Directory,
        ImageKind::Symlink(_) => ImageType::Symlink,
    }
}

/// Appends the names of `struct linux_dirent64`s, see getdents64(2). Some file systems do not say there what they are.
fn told_of(names: &mut Vec<(String, ImageType)>, mut entries: &[u8], ask: impl Fn(&str) -> Option<ImageType>) {
    // d_ino and d_off, 8 bytes each; d_reclen, 2; d_type, 1; the name, and a zero at least.
    while let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, low, high, kind, name @ ..] = entries {
        let len = usize::from(u16::from_le_bytes([*low, *high]));
        let name = CStr::from_bytes_until_nul(name).unwrap_or_default().to_bytes();
        if name != b"." && name != b".." {
            let name = to_text(name.to_vec());
            let kind = match *kind {
                libc::DT_REG => Some(ImageType::File),
                libc::DT_DIR => Some(ImageType::Directory),
                libc::DT_LNK => Some(ImageType::Symlink),
                libc::DT_UNKNOWN => ask(&name),
                _ => None,
            };
            names.extend(kind.map(|kind| (name, kind)));
        }
        entries = entries.get(len.max(1)..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the host lays an entry out.
    fn entry_of(kind: u8, name: &str) -> Vec<u8> {
        let len = (19 + name.len() + 1).next_multiple_of(8);
        let mut bytes = [&[1; 16][..], &(len as u16).to_le_bytes(), &[kind], name.as_bytes()].concat();
        bytes.resize(len, 0);
        bytes
    }

    #[test]
    fn names_are_taken_from_what_the_host_tells() {
        let told = [
            entry_of(libc::DT_DIR, "."),
            entry_of(libc::DT_DIR, ".."),
            entry_of(libc::DT_REG, "a file"),
            entry_of(libc::DT_LNK, "seven77"),
            entry_of(libc::DT_FIFO, "a pipe"),
            entry_of(libc::DT_UNKNOWN, "unknown"),
            entry_of(libc::DT_UNKNOWN, "gone"),
            entry_of(libc::DT_DIR, "directory"),
        ];
        let mut names = Vec::new();
        told_of(&mut names, &told.concat(), |name| (name == "unknown").then_some(ImageType::File));
        let names: Vec<(&str, ImageType)> = names.iter().map(|(name, kind)| (&**name, *kind)).collect();
        let want = [
            ("a file", ImageType::File),
            ("seven77", ImageType::Symlink),
            ("unknown", ImageType::File),
            ("directory", ImageType::Directory),
        ];
        assert_eq!(names, want);
    }
}
