//! A world of one process with two threads, over a flat memory.

use crate::abi::errno::EFAULT;
use crate::host::{AddressSpaceId, Host, ImageEntry, ImageType};
use crate::memory::{AddressSpace, Backing, Vma};
use crate::process::{Pending, Process, ProcessId, Thread, ThreadState};
use crate::scheduler::Switch;
use crate::signal::Action;
use crate::syscall::table;
use crate::wait::{Wait, WaitKey};
use crate::world::{Config, Kernel, ServiceHost};
use model::choice::Ordinary;
use model::{Errno, Glob, ServiceId, ThreadId, VirtualTime};

/// Where guest memory starts.
pub(super) const BASE: u64 = 0x10_0000;
/// How much there is.
const SIZE: u64 = 2 << 20;
/// An address that is not mapped.
pub(super) const NOWHERE: u64 = BASE + SIZE + 0x1000;
const SPACE: AddressSpaceId = AddressSpaceId(1);
const SERVICE: ServiceId = ServiceId(1);
/// The process.
pub(super) const PROCESS: ProcessId = ProcessId { service: SERVICE, pid: 100 };
/// Its threads.
pub(super) const A: u32 = 100;
pub(super) const B: u32 = 101;

/// The value of a call that failed.
pub(super) fn fails(errno: Errno) -> Option<i64> {
    Some(-i64::from(errno.0))
}

#[derive(Debug)]
struct Flat {
    bytes: Vec<u8>,
}

impl Host for Flat {
    fn address_space(&self) -> AddressSpaceId {
        SPACE
    }
    fn read(&self, at: u64, into: &mut [u8]) {
        if into.is_empty() {
            return;
        }
        let at = (at - BASE) as usize;
        into.copy_from_slice(&self.bytes[at..at + into.len()]);
    }
    fn write(&mut self, at: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let at = (at - BASE) as usize;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }
    fn map_anonymous(&mut self, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        Err(EFAULT)
    }
    fn map_pool(&mut self, _: u64, _: u64, _: u32, _: u64) -> Result<(), Errno> {
        Err(Errno(libc::ENOMEM))
    }
    fn pool_read(&self, _: u64, _: &mut [u8]) {}
    fn pool_write(&mut self, _: u64, _: &[u8]) {}
    fn pool_zero(&mut self, _: u64, _: u64) {}
    fn map_image(&mut self, _: u64, _: u64, _: u32, _: &str, _: u64) -> Result<(), Errno> {
        Err(EFAULT)
    }
    fn unmap(&mut self, _: u64, _: u64) {}
    fn protect(&mut self, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        Err(EFAULT)
    }
    fn remap(&mut self, _: u64, _: u64, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        Err(EFAULT)
    }
    fn discard(&mut self, _: u64, _: u64, _: u32, _: Option<(&str, u64)>) -> Result<(), Errno> {
        Ok(())
    }
    fn loaded(&self) -> Option<ThreadId> {
        None
    }
    fn extended_state(&self, _: &mut crate::process::Extended) {}
    fn fork(&mut self, _: AddressSpaceId) -> Result<(), Errno> {
        Err(EFAULT)
    }
    fn image_entry(&mut self, _: &str) -> Option<ImageEntry> {
        None
    }
    fn image_list(&mut self, _: &str) -> Vec<(String, ImageType)> {
        Vec::new()
    }
    fn image_read(&mut self, _: &str, _: u64, _: &mut [u8]) -> usize {
        0
    }
}

/// A process without descriptors.
pub(super) fn process(id: ProcessId) -> Process {
    let mut actions = vec![Action::default(); 64];
    // The tests look at what calls return; being killed by SIGPIPE is another matter.
    actions[libc::SIGPIPE as usize - 1].handler = libc::SIG_IGN as u64;
    let mut limits = [(u64::MAX, u64::MAX); 16];
    limits[libc::RLIMIT_NOFILE as usize] = (64, 64);
    Process {
        space: SPACE,
        threads: vec![A, B],
        actions,
        exe: "/bin/program".to_owned(),
        limits,
        exit_signal: 0,
        has_execed: true,
        ..Process::new(id)
    }
}

/// The world.
#[derive(Debug)]
pub(super) struct World {
    pub(super) k: Kernel,
    host: Flat,
}

impl World {
    pub(super) fn new() -> World {
        let service =
            ServiceHost { name: "api".to_owned(), observe_wal: vec![Glob::path("*.wal")], ..ServiceHost::default() };
        let config = Config { hosts: vec![ServiceHost::default(), service], ..Config::default() };
        let mut k = Kernel::new(config, Box::new(Ordinary));
        let mut space = AddressSpace::default();
        let prot = (libc::PROT_READ | libc::PROT_WRITE) as u32;
        space.insert(BASE, Vma { end: BASE + SIZE, prot, backing: Backing::Anonymous, name: "", counted: true });
        k.spaces.insert(SPACE, space);
        k.processes.insert(PROCESS, process(PROCESS));
        for tid in [A, B] {
            k.add_thread(Thread::new(PROCESS.thread(tid), PROCESS, SPACE, "program"));
        }
        World { k, host: Flat { bytes: vec![0; SIZE as usize] } }
    }

    fn id(tid: u32) -> ThreadId {
        PROCESS.thread(tid)
    }
    /// Thread `tid` makes a call. `None` if it parks.
    pub(super) fn call_by<const N: usize>(&mut self, tid: u32, name: &str, args: [u64; N]) -> Option<i64> {
        let id = Self::id(tid);
        let thread = self.k.thread_mut(id);
        assert_eq!(thread.state, ThreadState::Runnable, "a parked thread makes no call");
        assert_eq!(thread.pending, Pending::None, "a thread in a call makes no other");
        let mut all = [0; 6];
        all[..N].copy_from_slice(&args);
        let r = &mut thread.registers;
        r.rax = u64::from(table::number(name).expect("a call with a row"));
        [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9] = all;
        self.k.run_queue.retain(|t| *t != id);
        self.k.current = id;
        self.k.syscall(&mut self.host);
        self.result(id)
    }
    /// Thread A makes a call. `None` if it parks.
    pub(super) fn call<const N: usize>(&mut self, name: &str, args: [u64; N]) -> Option<i64> {
        self.call_by(A, name, args)
    }
    /// Thread A makes a call that succeeds.
    #[track_caller]
    pub(super) fn ok<const N: usize>(&mut self, name: &str, args: [u64; N]) -> u64 {
        match self.call(name, args) {
            Some(value) if value >= 0 => value as u64,
            other => panic!("{name}{args:?}: {other:?}"),
        }
    }
    fn result(&self, id: ThreadId) -> Option<i64> {
        let thread = &self.k.threads[&id];
        (thread.state == ThreadState::Runnable && thread.pending == Pending::None)
            .then_some(thread.registers.rax as i64)
    }
    /// Whether a thread is parked, i.e. nothing has woken it yet.
    pub(super) fn is_parked(&self, tid: u32) -> bool {
        matches!(self.k.threads[&Self::id(tid)].state, ThreadState::Blocked(_))
    }
    /// A thread that was woken tries its call again. `None` if it parks again.
    #[track_caller]
    pub(super) fn retry(&mut self, tid: u32) -> Option<i64> {
        let id = Self::id(tid);
        assert!(!self.is_parked(tid), "nothing woke thread {tid}");
        let thread = self.k.thread_mut(id);
        assert_eq!(std::mem::take(&mut thread.pending), Pending::Call);
        thread.call.again = true;
        self.k.run_queue.retain(|t| *t != id);
        self.k.current = id;
        self.k.attempt(&mut self.host, id);
        self.result(id)
    }
    /// Lets the world run, the clock jumping as needed, until a parked thread's call has ended: who, and its result.
    pub(super) fn run(&mut self) -> (u32, i64) {
        let idle: Vec<ThreadId> = self.k.threads.keys().filter(|id| self.result(*id).is_some()).collect();
        for id in &idle {
            self.k.park(*id, Wait::on(WaitKey::Task(u32::MAX), "in its program"));
        }
        let id = match self.k.advance(&mut self.host) {
            Switch::Run(id) => id,
            other => panic!("{other:?}: {:?}", self.k.ending),
        };
        for id in idle {
            self.k.unpark(id);
        }
        (id.tid, self.result(id).expect("a thread that runs has no call left"))
    }
    /// Lets the world run until this instant.
    pub(super) fn pass(&mut self, nanos: u64) {
        let until = VirtualTime(self.k.clock.now().0 + nanos);
        self.k.park(Self::id(B), Wait::until(until, "lets time pass"));
        self.k.thread_mut(Self::id(B)).call = crate::process::InCall { number: 39, ..Default::default() };
        assert_eq!(self.run().0, B);
    }

    /// Writes memory.
    pub(super) fn poke(&mut self, at: u64, bytes: &[u8]) {
        self.host.write(at, bytes);
    }
    /// Writes 64-bit words.
    pub(super) fn poke_words<const N: usize>(&mut self, at: u64, words: [u64; N]) {
        for (n, word) in words.iter().enumerate() {
            self.poke(at + 8 * n as u64, &word.to_le_bytes());
        }
    }
    /// Reads memory.
    pub(super) fn peek(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.host.read(at, &mut bytes);
        bytes
    }
    /// Reads a 64-bit word.
    pub(super) fn word(&self, at: u64) -> u64 {
        crate::file::ranges::word(&self.peek(at, 8), 0)
    }
    /// Reads a 32-bit word.
    pub(super) fn half(&self, at: u64) -> u32 {
        u32::from_le_bytes(self.peek(at, 4).try_into().expect("four bytes"))
    }

    /// A new pipe: its read and its write end.
    pub(super) fn pipe(&mut self, flags: i32) -> (u64, u64) {
        self.ok("pipe2", [BASE, flags as u64]);
        (u64::from(self.half(BASE)), u64::from(self.half(BASE + 4)))
    }
    /// Writes bytes to a descriptor.
    pub(super) fn write(&mut self, fd: u64, bytes: &[u8]) -> Option<i64> {
        self.poke(BASE + 0x1000, bytes);
        self.call("write", [fd, BASE + 0x1000, bytes.len() as u64])
    }
    /// Reads at most so many bytes from a descriptor.
    #[track_caller]
    pub(super) fn read(&mut self, fd: u64, len: u64) -> Vec<u8> {
        let n = self.ok("read", [fd, BASE + 0x1000, len]);
        self.peek(BASE + 0x1000, n as usize)
    }
    /// An interest in an epoll.
    pub(super) fn ctl(&mut self, epfd: u64, op: i32, fd: u64, events: i32, data: u64) -> Option<i64> {
        self.poke(BASE, &(events as u32).to_le_bytes());
        self.poke(BASE + 4, &data.to_le_bytes());
        self.call("epoll_ctl", [epfd, op as u64, fd, BASE])
    }
    /// What an epoll has to report now, as (bits, data).
    #[track_caller]
    pub(super) fn ready(&mut self, epfd: u64, room: u64) -> Vec<(u32, u64)> {
        let n = self.ok("epoll_wait", [epfd, BASE + 0x2000, room, 0]);
        (0..n).map(|i| (self.half(BASE + 0x2000 + 12 * i), self.word(BASE + 0x2004 + 12 * i))).collect()
    }
}
