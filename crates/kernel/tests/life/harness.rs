//! A world with flat memory whose threads make the calls that a test says.

use kernel::fs::InodeRef;
use kernel::memory::{AddressSpace, Backing, View, Vma};
use kernel::process::{Extended, limits};
use kernel::signal::Info;
use kernel::syscall::dispatch::Made;
use kernel::{AddressSpaceId, Config, Host, Kernel, Process, ProcessId, Registers, ServiceHost, Switch, Thread};
use model::choice::Ordinary;
use model::{Errno, ServiceId, ThreadId, VirtualTime};
use std::collections::BTreeMap;

/// Start and size of the memory of every address space.
pub(crate) const BASE: u64 = 0x10_0000;
pub(crate) const SIZE: u64 = 0x10_0000;
/// Where tests keep their words.
pub(crate) const DATA: u64 = BASE + 0x1000;
/// A part of the memory that is shared with forked children.
pub(crate) const SHARED: u64 = BASE + 0x8_0000;
const SHARED_SIZE: u64 = 0x1000;
/// Where a program is when it makes a call, and where its handlers and their way back are.
pub(crate) const CODE: u64 = 0x40_1000;
pub(crate) const HANDLER: u64 = 0x40_2000;
pub(crate) const RESTORER: u64 = 0x40_3000;

pub(crate) const SERVICE: ServiceId = ServiceId(1);

/// A host with flat memory.
#[derive(Debug)]
pub(crate) struct TestHost {
    space: AddressSpaceId,
    memory: Vec<u8>,
    /// Whose state the processor holds, and what it is.
    loaded: Option<ThreadId>,
    pub(crate) extended: Extended,
}

impl Host for TestHost {
    fn address_space(&self) -> AddressSpaceId {
        self.space
    }
    fn read(&self, at: u64, into: &mut [u8]) {
        if into.is_empty() {
            return;
        }
        let at = (at - BASE) as usize;
        into.copy_from_slice(&self.memory[at..at + into.len()]);
    }
    fn write(&mut self, at: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let at = (at - BASE) as usize;
        self.memory[at..at + bytes.len()].copy_from_slice(bytes);
    }
    fn map_anonymous(&mut self, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        unreachable!()
    }
    fn map_pool(&mut self, _: u64, _: u64, _: u32, _: u64) -> Result<(), Errno> {
        Err(Errno(libc::ENOMEM))
    }
    fn pool_read(&self, _: u64, _: &mut [u8]) {}
    fn pool_write(&mut self, _: u64, _: &[u8]) {}
    fn pool_zero(&mut self, _: u64, _: u64) {}
    fn map_image(&mut self, _: u64, _: u64, _: u32, _: &str, _: u64) -> Result<(), Errno> {
        unreachable!()
    }
    fn unmap(&mut self, _: u64, _: u64) {}
    fn protect(&mut self, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        unreachable!()
    }
    fn remap(&mut self, _: u64, _: u64, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        unreachable!()
    }
    fn discard(&mut self, _: u64, _: u64, _: u32, _: Option<(&str, u64)>) -> Result<(), Errno> {
        Ok(())
    }
    fn loaded(&self) -> Option<ThreadId> {
        self.loaded
    }
    fn extended_state(&self, into: &mut Extended) {
        into.clone_from(&self.extended);
    }
    fn fork(&mut self, _: AddressSpaceId) -> Result<(), Errno> {
        unreachable!()
    }
    fn image_entry(&mut self, _: &str) -> Option<kernel::host::ImageEntry> {
        None
    }
    fn image_list(&mut self, _: &str) -> Vec<(String, kernel::host::ImageType)> {
        Vec::new()
    }
    fn image_read(&mut self, _: &str, _: u64, _: &mut [u8]) -> usize {
        0
    }
}

/// A world, its hosts, and which of them has the baton.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) k: Kernel,
    pub(crate) hosts: BTreeMap<AddressSpaceId, TestHost>,
    here: AddressSpaceId,
}

impl World {
    /// One service with one process of so many threads; the first of them runs.
    pub(crate) fn new(threads: usize) -> World {
        let host = |name: &str| ServiceHost { name: name.into(), ..ServiceHost::default() };
        let config = Config { hosts: vec![host("test"), host("api")], end_on_crash: true, ..Config::default() };
        let mut world = World {
            k: Kernel::new(config, Box::new(Ordinary)),
            hosts: BTreeMap::new(),
            here: AddressSpaceId::SUPERVISOR,
        };
        world.host(AddressSpaceId::SUPERVISOR);
        world.process(0, threads);
        assert_eq!(world.step(), Some(tid(100)));
        world
    }
    fn host(&mut self, space: AddressSpaceId) {
        let host = TestHost { space, memory: vec![0; SIZE as usize], loaded: None, extended: Extended::Initial };
        self.hosts.insert(space, host);
    }
    /// Adds a process with an address space of its own, as a fork would.
    pub(crate) fn process(&mut self, parent: u32, threads: usize) -> ProcessId {
        let space = self.k.new_space();
        let mut memory = AddressSpace::default();
        memory.users = 1;
        let vma = |end, prot, backing| Vma { end, prot, backing, name: "", counted: true };
        let rw = (libc::PROT_READ | libc::PROT_WRITE) as u32;
        memory.insert(BASE, vma(SHARED, rw, Backing::Anonymous));
        memory.insert(
            SHARED,
            vma(
                SHARED + SHARED_SIZE,
                rw,
                Backing::Shared(View { inode: InodeRef { service: SERVICE, ino: 7 }, offset: 0, writable: true }),
            ),
        );
        memory.insert(SHARED + SHARED_SIZE, vma(BASE + SIZE, rw, Backing::Anonymous));
        self.k.spaces.insert(space, memory);
        self.host(space);
        let pid = self.k.new_tid(SERVICE);
        let id = ProcessId { service: SERVICE, pid };
        let parent_id = ProcessId { service: SERVICE, pid: parent };
        let inherited = self.k.processes.get(&parent_id).map(|p| (p.pgid, p.sid, p.actions.clone()));
        let (pgid, sid, actions) = inherited.unwrap_or((pid, pid, Process::new(id).actions));
        let process = Process {
            parent,
            pgid,
            sid,
            space,
            actions,
            exe: "/bin/test".into(),
            limits: limits::default_limits(),
            ..Process::new(id)
        };
        self.k.processes.insert(id, process);
        if let Some(parent) = self.k.processes.get_mut(&parent_id) {
            parent.children.push(pid);
        }
        for n in 0..threads {
            let tid = if n == 0 { pid } else { self.k.new_tid(SERVICE) };
            let mut thread = Thread::new(id.thread(tid), id, space, "test");
            thread.registers.rip = CODE;
            thread.registers.eflags = 0x202;
            thread.registers.rsp = BASE + SIZE - 0x1_0000 * (n as u64 + 1);
            self.k.process_mut(id).threads.push(tid);
            self.k.add_thread(thread);
        }
        id
    }
    /// Lets the world go on until a thread is in its program; `None` when the world has ended.
    pub(crate) fn step(&mut self) -> Option<ThreadId> {
        loop {
            let host = self.hosts.get_mut(&self.here).expect("a host for every space");
            match self.k.advance(host) {
                Switch::Run(id) => {
                    host.loaded = Some(id);
                    return Some(id);
                }
                Switch::Pass(to) => self.here = to,
                Switch::Attention => return None,
            }
        }
    }
    /// The running thread makes a call; returns who runs next.
    pub(crate) fn call(&mut self, number: i64, args: &[u64]) -> Option<ThreadId> {
        let thread = self.k.thread_mut(self.k.current);
        let mut six = [0; 6];
        six[..args.len()].copy_from_slice(args);
        let r = &mut thread.registers;
        r.rax = number as u64;
        [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9] = six;
        let host = self.hosts.get_mut(&self.here).expect("a host for every space");
        match self.k.syscall(host) {
            Made::Call => self.step(),
            Made::Reading => Some(self.k.current),
        }
    }
    /// The running thread makes a call that ends at once; returns its result.
    #[track_caller]
    pub(crate) fn result(&mut self, number: i64, args: &[u64]) -> i64 {
        let before = self.k.current;
        assert_eq!(self.call(number, args), Some(before), "the call ended at once");
        self.rax()
    }
    /// A handler of the running thread returns.
    pub(crate) fn sigreturn(&mut self) -> Option<ThreadId> {
        // `ret` takes the restorer's address; the restorer makes the call.
        assert_eq!(self.u64(self.regs().rsp), RESTORER);
        let r = &mut self.k.thread_mut(self.k.current).registers;
        r.rsp += 8;
        r.rip = RESTORER;
        r.rax = libc::SYS_rt_sigreturn as u64;
        let host = self.hosts.get_mut(&self.here).expect("a host for every space");
        self.k.syscall(host);
        self.step()
    }
    /// The running thread faults.
    pub(crate) fn fault(&mut self, fault: kernel::signal::HardwareFault) -> Option<ThreadId> {
        let host = self.hosts.get_mut(&self.here).expect("a host for every space");
        self.k.hardware_fault(host, fault);
        self.step()
    }
    pub(crate) fn here(&mut self) -> &mut TestHost {
        self.hosts.get_mut(&self.here).expect("a host for every space")
    }
    pub(crate) fn regs(&self) -> Registers {
        self.k.threads[&self.k.current].registers
    }
    pub(crate) fn rax(&self) -> i64 {
        self.regs().rax as i64
    }
    pub(crate) fn now(&self) -> VirtualTime {
        self.k.clock.now()
    }
    pub(crate) fn put(&mut self, at: u64, bytes: &[u8]) {
        self.here().write(at, bytes);
    }
    pub(crate) fn put32(&mut self, at: u64, value: u32) {
        self.put(at, &value.to_le_bytes());
    }
    pub(crate) fn put64(&mut self, at: u64, words: &[u64]) {
        for (n, word) in words.iter().enumerate() {
            self.put(at + n as u64 * 8, &word.to_le_bytes());
        }
    }
    pub(crate) fn u32(&self, at: u64) -> u32 {
        let mut bytes = [0; 4];
        self.hosts[&self.here].read(at, &mut bytes);
        u32::from_le_bytes(bytes)
    }
    pub(crate) fn u64(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.hosts[&self.here].read(at, &mut bytes);
        u64::from_le_bytes(bytes)
    }
    /// The word at an address, if there is memory.
    pub(crate) fn u64_if_mapped(&self, at: u64) -> Option<u64> {
        (BASE..BASE + SIZE - 8).contains(&at).then(|| self.u64(at))
    }
    /// Installs a handler by the call that programs use.
    pub(crate) fn handle(&mut self, signal: i32, flags: i32) {
        self.action(signal, HANDLER, flags);
    }
    pub(crate) fn action(&mut self, signal: i32, handler: u64, flags: i32) {
        let at = DATA + 0x800;
        self.put64(at, &[handler, u64::from(flags as u32) | 0x0400_0000, RESTORER, 0]);
        assert_eq!(self.result(libc::SYS_rt_sigaction, &[signal as u64, at, 0, 8]), 0);
    }
    /// The siginfo that the running handler was given: (signal, code, pid, value).
    pub(crate) fn info(&self) -> (i32, i32, u32, u64) {
        let at = self.regs().rsi;
        (self.u32(at) as i32, self.u32(at + 8) as i32, self.u32(at + 16), self.u64(at + 24))
    }
    /// Sends a signal from outside.
    pub(crate) fn send(&mut self, pid: u32, signal: u8) {
        let target = kernel::signal::Target::Process(ProcessId { service: SERVICE, pid });
        self.k.send_signal(target, Info::kernel(signal));
    }
    /// Names of all notes in the log.
    pub(crate) fn notes(&self) -> Vec<String> {
        let note = |e: &model::Event| match &e.body {
            model::Body::Note(note) => Some(note.kind.to_string()),
            _ => None,
        };
        self.k.log.iter().filter_map(note).collect()
    }
    /// Results of a call in the log, in order.
    pub(crate) fn results(&self, number: i64) -> Vec<i64> {
        let result = |e: &model::Event| match &e.body {
            model::Body::Call(call) if i64::from(call.number) == number => Some(call.result),
            _ => None,
        };
        self.k.log.iter().filter_map(result).collect()
    }
}

/// A thread of the service.
pub(crate) fn tid(tid: u32) -> ThreadId {
    ThreadId { service: SERVICE, tid }
}
/// A process of the service.
pub(crate) fn pid(pid: u32) -> ProcessId {
    ProcessId { service: SERVICE, pid }
}
/// An error as a call returns it.
pub(crate) fn error(number: i32) -> i64 {
    -i64::from(number)
}
