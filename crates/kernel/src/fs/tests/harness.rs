//! A kernel with one process, over an image and a memory that are maps.

use crate::caller::Caller;
use crate::file::{FileId, Target};
use crate::fs::InodeRef;
use crate::host::{AddressSpaceId, Host, ImageEntry, ImageKind, ImageType};
use crate::memory::{AddressSpace, Backing, Vma};
use crate::process::{Process, ProcessId, Thread};
use crate::syscall::Outcome;
use crate::syscall::table::{self, Disposition};
use crate::world::{Config, Kernel, ServiceHost};
use model::choice::Ordinary;
use model::{Errno, ServiceId, ThreadId};
use std::collections::BTreeMap;

pub(super) const SERVICE: ServiceId = ServiceId(1);
pub(super) const PROCESS: ProcessId = ProcessId { service: SERVICE, pid: 100 };
pub(super) const THREAD: ThreadId = ThreadId { service: SERVICE, tid: 100 };
const BASE: u64 = 0x10_0000;
const SIZE: usize = 1 << 20;

/// An image and a memory.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) image: BTreeMap<String, (ImageEntry, Vec<u8>)>,
    pub(super) memory: Vec<u8>,
    pub(super) asked: BTreeMap<String, u32>,
}

impl Fake {
    fn new() -> Fake {
        let mut fake = Fake { image: BTreeMap::new(), memory: vec![0; SIZE], asked: BTreeMap::new() };
        for dir in ["/", "/usr", "/usr/lib", "/usr/bin", "/etc", "/var", "/home", "/srv"] {
            fake.put(dir, ImageKind::Directory, 0o755, b"");
        }
        fake.put("/lib", ImageKind::Symlink("usr/lib".into()), 0o777, b"");
        fake.file("/usr/lib/libc.so.6", 0o755, &[7; 10_000]);
        fake.file("/usr/bin/tool", 0o755, b"\x7fELF");
        fake.file("/etc/ld.so.cache", 0o644, b"cache");
        fake.file("/etc/passwd", 0o644, b"of the host");
        fake.file("/etc/localtime", 0o644, b"TZif2");
        fake.put("/var/run", ImageKind::Symlink("/run".into()), 0o777, b"");
        fake.put("/private", ImageKind::Directory, 0o700, b"");
        fake.file("/private/secret", 0o644, b"s");
        // Something anybody may change, to see the overlay at work.
        fake.put("/srv/open", ImageKind::Directory, 0o777, b"");
        fake.file("/srv/open/file", 0o666, &[b'x'; 9_000]);
        fake
    }
    pub(super) fn put(&mut self, path: &str, kind: ImageKind, mode: u32, bytes: &[u8]) {
        self.image.insert(path.to_owned(), (ImageEntry { kind, mode }, bytes.to_vec()));
    }
    pub(super) fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) {
        self.put(path, ImageKind::File(bytes.len() as u64), mode, bytes);
    }
}

impl Host for Fake {
    fn address_space(&self) -> AddressSpaceId {
        AddressSpaceId(1)
    }
    fn read(&self, at: u64, into: &mut [u8]) {
        let at = (at - BASE) as usize;
        into.copy_from_slice(&self.memory[at..at + into.len()]);
    }
    fn write(&mut self, at: u64, bytes: &[u8]) {
        let at = (at - BASE) as usize;
        self.memory[at..at + bytes.len()].copy_from_slice(bytes);
    }
    fn map_anonymous(&mut self, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        unimplemented!()
    }
    fn map_pool(&mut self, _: u64, _: u64, _: u32, _: u64) -> Result<(), Errno> {
        Err(Errno(libc::ENOMEM))
    }
    fn pool_read(&self, _: u64, _: &mut [u8]) {}
    fn pool_write(&mut self, _: u64, _: &[u8]) {}
    fn pool_zero(&mut self, _: u64, _: u64) {}
    fn map_image(&mut self, _: u64, _: u64, _: u32, _: &str, _: u64) -> Result<(), Errno> {
        unimplemented!()
    }
    fn unmap(&mut self, _: u64, _: u64) {
        unimplemented!()
    }
    fn protect(&mut self, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        unimplemented!()
    }
    fn remap(&mut self, _: u64, _: u64, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        unimplemented!()
    }
    fn discard(&mut self, _: u64, _: u64, _: u32, _: Option<(&str, u64)>) -> Result<(), Errno> {
        unimplemented!()
    }
    fn loaded(&self) -> Option<ThreadId> {
        None
    }
    fn extended_state(&self, _: &mut crate::process::Extended) {
        unimplemented!()
    }
    fn fork(&mut self, _: AddressSpaceId) -> Result<(), Errno> {
        unimplemented!()
    }
    fn image_entry(&mut self, path: &str) -> Option<ImageEntry> {
        *self.asked.entry(path.to_owned()).or_default() += 1;
        self.image.get(path).map(|(entry, _)| entry.clone())
    }
    fn image_list(&mut self, path: &str) -> Vec<(String, ImageType)> {
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let names = self.image.iter().filter_map(|(p, (entry, _))| Some((p.strip_prefix(&prefix)?, entry)));
        let names = names.filter(|(n, _)| !n.is_empty() && !n.contains('/'));
        let typed = names.map(|(name, entry)| {
            let kind = match entry.kind {
                ImageKind::File(_) => ImageType::File,
                ImageKind::Directory => ImageType::Directory,
                ImageKind::Symlink(_) => ImageType::Symlink,
            };
            (name.to_owned(), kind)
        });
        typed.collect()
    }
    fn image_read(&mut self, path: &str, offset: u64, into: &mut [u8]) -> usize {
        let Some((_, bytes)) = self.image.get(path) else { return 0 };
        let rest = bytes.get(offset as usize..).unwrap_or(&[]);
        let n = rest.len().min(into.len());
        into[..n].copy_from_slice(&rest[..n]);
        n
    }
}

/// A process without descriptors, in `/data`.
fn process() -> Process {
    let mut limits = [(u64::MAX, u64::MAX); 16];
    limits[libc::RLIMIT_NOFILE as usize] = (1024, 4096);
    Process {
        space: AddressSpaceId(1),
        threads: vec![100],
        cwd: "/data".to_owned(),
        exe: "/usr/bin/tool".to_owned(),
        arguments: vec![b"tool".to_vec(), b"-v".to_vec()],
        command_line: b"tool\0-v\0".to_vec(),
        environment: vec![b"A=1".to_vec()],
        auxv: vec![0; 16],
        limits,
        has_execed: true,
        ..Process::new(PROCESS)
    }
}

/// An argument of a call: numbers as they are, text and buffers through memory.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arg<'a> {
    /// A number.
    N(i64),
    /// A path.
    S(&'a str),
    /// Bytes.
    B(&'a [u8]),
    /// Room for a result at the same place every time: see [`World::result`].
    Out,
}

/// A kernel and what it runs on.
#[derive(Debug)]
pub(super) struct World {
    pub(super) k: Kernel,
    pub(super) host: Fake,
}

const OUT: u64 = BASE + 0x8_0000;

impl World {
    pub(super) fn new() -> World {
        World::with_mounts(&[])
    }
    pub(super) fn with_mounts(mounts: &[(&str, &str)]) -> World {
        let mounts = mounts.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let driver = ServiceHost { name: "test".into(), ..ServiceHost::default() };
        let db = ServiceHost { name: "db".into(), mounts, ..ServiceHost::default() };
        let config = Config { hosts: vec![driver, db], ..Config::default() };
        let mut k = Kernel::new(config, Box::new(Ordinary));
        let mut space = AddressSpace::default();
        space.insert(BASE, Vma { name: "[heap]", ..Vma::new(BASE + SIZE as u64, 3, Backing::Anonymous) });
        k.spaces.insert(AddressSpaceId(1), space);
        k.processes.insert(PROCESS, process());
        k.add_thread(Thread::new(THREAD, PROCESS, AddressSpaceId(1), "tool"));
        k.run_queue.clear();
        k.current = THREAD;
        World { k, host: Fake::new() }
    }
    /// Makes a call; the result is a value, or a negative errno.
    pub(super) fn call(&mut self, name: &str, args: &[Arg<'_>]) -> i64 {
        let mut at = BASE;
        let mut words = [0; 6];
        for (word, arg) in words.iter_mut().zip(args) {
            let mut put = |bytes: &[u8]| {
                let place = at;
                self.host.memory[(at - BASE) as usize..][..bytes.len()].copy_from_slice(bytes);
                at += (bytes.len() as u64 + 1).next_multiple_of(16);
                place
            };
            *word = match arg {
                Arg::N(n) => *n as u64,
                Arg::S(text) => put(&[text.as_bytes(), &[0]].concat()),
                Arg::B(bytes) => put(bytes),
                Arg::Out => OUT,
            };
        }
        self.k.clock.tick_call();
        let row = table::row(u64::from(table::number(name).expect("a known call"))).expect("it has a row");
        let (Disposition::Emulated(handler) | Disposition::Partial(handler, _)) = row.disposition else {
            panic!("{name} is refused")
        };
        let mut caller = Caller { k: &mut self.k, host: &mut self.host, id: THREAD, args: words };
        match handler(&mut caller) {
            Ok(Outcome::Done(value)) => value,
            Ok(other) => panic!("{name}: {other:?}"),
            Err(errno) => -i64::from(errno.0),
        }
    }
    /// What the last call left at [`Arg::Out`].
    pub(super) fn result(&self, len: usize) -> &[u8] {
        &self.host.memory[(OUT - BASE) as usize..][..len]
    }
    /// A number in it.
    pub(super) fn word(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.result(at + 8)[at..].try_into().expect("eight bytes"))
    }
    /// Opens a file.
    pub(super) fn open(&mut self, path: &str, flags: i32) -> i64 {
        self.call("open", &[Arg::S(path), Arg::N(i64::from(flags)), Arg::N(0o644)])
    }
    pub(super) fn file(&self, fd: i64) -> FileId {
        self.k.file_of(PROCESS, fd as i32).expect("an open descriptor")
    }
    pub(super) fn inode(&self, fd: i64) -> InodeRef {
        match self.k.open_file(self.file(fd)).target {
            Target::Inode(inode) => inode,
            other => panic!("{other:?} is no inode"),
        }
    }
    /// Reads what is at an offset of a descriptor.
    pub(super) fn read_at(&mut self, fd: i64, offset: u64, len: usize) -> Result<Vec<u8>, Errno> {
        let inode = self.inode(fd);
        let mut bytes = vec![0xee; len];
        let n = self.k.inode_read(&mut self.host, inode, offset, &mut bytes)?;
        bytes.truncate(n);
        Ok(bytes)
    }
    /// Writes at an offset of a descriptor.
    pub(super) fn write_at(&mut self, fd: i64, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        let inode = self.inode(fd);
        self.k.inode_write(&mut self.host, inode, offset, bytes)
    }
    /// Closes a descriptor.
    pub(super) fn close(&mut self, fd: i64) {
        self.k.close_fd(PROCESS, fd as i32).expect("an open descriptor");
    }
    /// A whole file as text.
    pub(super) fn text(&mut self, path: &str) -> String {
        let fd = self.open(path, 0);
        assert!(fd >= 0, "{path}: {fd}");
        let bytes = self.read_at(fd, 0, 1 << 16).unwrap_or_else(|e| panic!("{path}: {e:?}"));
        self.close(fd);
        String::from_utf8_lossy(&bytes).into_owned()
    }
    /// The names in a directory.
    pub(super) fn list(&mut self, path: &str) -> Vec<String> {
        let fd = self.open(path, libc::O_DIRECTORY);
        assert!(fd >= 0, "{path}: {fd}");
        let mut names = Vec::new();
        loop {
            let n = self.call("getdents64", &[Arg::N(fd), Arg::Out, Arg::N(300)]);
            assert!(n >= 0, "{path}: {n}");
            if n == 0 {
                break;
            }
            names.extend(entries(self.result(n as usize)));
        }
        self.close(fd);
        names
    }
    /// The target of a link.
    pub(super) fn link(&mut self, path: &str) -> String {
        let n = self.call("readlink", &[Arg::S(path), Arg::Out, Arg::N(4096)]);
        assert!(n >= 0, "{path}: {n}");
        String::from_utf8_lossy(self.result(n as usize)).into_owned()
    }
}

/// The names among `struct linux_dirent64`s.
pub(super) fn entries(bytes: &[u8]) -> Vec<String> {
    numbered(bytes).into_iter().map(|(name, ..)| name).collect()
}
/// The names, numbers and types among `struct linux_dirent64`s.
pub(super) fn numbered(mut bytes: &[u8]) -> Vec<(String, u64, u8)> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let ino = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
        let len = usize::from(u16::from_le_bytes([bytes[16], bytes[17]]));
        let name = &bytes[19..len];
        let end = name.iter().position(|b| *b == 0).expect("names end with a zero");
        entries.push((String::from_utf8_lossy(&name[..end]).into_owned(), ino, bytes[18]));
        bytes = &bytes[len..];
    }
    entries
}
