//! Tests of the network: threads of several hosts make system calls on a flat memory; the harness runs whoever can run
//! and then moves the clock to the next timer.

mod data;
mod driver;
mod faults;
mod machine;
mod messages;
mod options;
mod ports;
mod short;
mod streams;
mod tcp;
mod udp;
mod unix;

use crate::host::{AddressSpaceId, Host};
use crate::memory::{AddressSpace, Backing, Vma};
use crate::process::{Pending, ProcessId, Thread, ThreadState};
use crate::registers::Registers;
use crate::time::TimerAction;
use crate::wait::ObjectId;
use crate::world::{Config, Kernel, ServiceHost};
use machine::{Flat, process};
use model::choice::Ordinary;
use model::{Errno, Phase, ServiceId, Source, ThreadId, VirtualDuration};

const SPACE: AddressSpaceId = AddressSpaceId(1);
const BASE: u64 = 0x10_0000;
const SIZE: usize = 4 << 20;

/// A world in its run phase.
struct World {
    k: Kernel,
    host: Flat,
    next: u64,
}

type T = ThreadId;

/// Address family, type: a TCP socket over IPv4.
const TCP: (i32, i32) = (libc::AF_INET, libc::SOCK_STREAM);
const UDP: (i32, i32) = (libc::AF_INET, libc::SOCK_DGRAM);
const NONBLOCK: i32 = libc::SOCK_NONBLOCK;

fn errno(e: Errno) -> i64 {
    -i64::from(e.0)
}
fn micros(n: u64) -> VirtualDuration {
    VirtualDuration::micros(n)
}

impl World {
    /// The driver and services `a` (declaring port 80), `b`, `c`; nothing but the least latency.
    fn new() -> World {
        World::with(Box::new(Ordinary))
    }
    fn with(source: Box<dyn Source>) -> World {
        let host = |name: &str, ports: &[u16]| ServiceHost {
            name: name.to_owned(),
            ports: ports.to_vec(),
            ..Default::default()
        };
        let hosts = vec![host("test", &[]), host("a", &[80]), host("b", &[]), host("c", &[])];
        let mut k = Kernel::new(Config { hosts, ..Config::default() }, source);
        k.choices.enter(Phase::Run);
        let mut space = AddressSpace::default();
        let prot = (libc::PROT_READ | libc::PROT_WRITE) as u32;
        space.insert(BASE, Vma::new(BASE + SIZE as u64, prot, Backing::Anonymous));
        k.spaces.insert(SPACE, space);
        World { k, host: Flat { memory: vec![0; SIZE] }, next: BASE }
    }
    /// A new process with one thread on a service's host.
    fn thread(&mut self, service: u16) -> T {
        let service = ServiceId(service);
        let id = ProcessId { service, pid: self.k.new_tid(service) };
        self.k.processes.insert(id, process(id));
        let tid = ThreadId { service, tid: id.pid };
        self.k.threads.insert(tid, Thread::new(tid, id, SPACE, "t"));
        tid
    }
    /// Another thread of the same process.
    fn sibling(&mut self, of: T) -> T {
        let tid = ThreadId { service: of.service, tid: self.k.new_tid(of.service) };
        let process = self.k.threads[&of].process;
        self.k.threads.insert(tid, Thread::new(tid, process, SPACE, "t"));
        tid
    }
    /// Room in memory that nobody else uses.
    fn room(&mut self, len: usize) -> u64 {
        if self.next + len as u64 > BASE + SIZE as u64 {
            self.next = BASE;
        }
        let at = self.next;
        self.next = (self.next + len as u64).next_multiple_of(16);
        at
    }
    fn put(&mut self, bytes: &[u8]) -> u64 {
        let at = self.room(bytes.len());
        self.host.write(at, bytes);
        at
    }
    fn u32_at(&mut self, at: u64) -> u32 {
        u32::from_le_bytes(self.host.at(at, 4).try_into().unwrap())
    }

    /// Makes a call; what it returned, or none if it is parked.
    #[track_caller]
    fn call(&mut self, t: T, name: &str, args: &[u64]) -> Option<i64> {
        assert!(self.result(t).is_some(), "{t} is still in a call");
        let arg = |n: usize| args.get(n).copied().unwrap_or(0);
        let thread = self.k.thread_mut(t);
        thread.registers = Registers {
            rax: crate::syscall::table::number(name).expect("a known call").into(),
            rdi: arg(0),
            rsi: arg(1),
            rdx: arg(2),
            r10: arg(3),
            r8: arg(4),
            r9: arg(5),
            ..Registers::default()
        };
        self.k.current = t;
        self.k.syscall(&mut self.host);
        self.result(t)
    }
    /// The result of a thread's last call.
    fn result(&self, t: T) -> Option<i64> {
        let thread = &self.k.threads[&t];
        (thread.state == ThreadState::Runnable && thread.pending == Pending::None)
            .then_some(thread.registers.rax as i64)
    }
    /// Lets everyone who can run do so, without moving the clock.
    fn turn(&mut self) {
        while let Some(id) = self.k.run_queue.pop_front() {
            self.k.current = id;
            match std::mem::take(&mut self.k.thread_mut(id).pending) {
                Pending::Call => {
                    self.k.thread_mut(id).call.again = true;
                    self.k.attempt(&mut self.host, id);
                }
                Pending::Driver => drop(self.k.driver_attempt(id)),
                _ => {}
            }
        }
    }
    /// Moves the clock to the next timer and fires it. False if there is none.
    fn step(&mut self) -> bool {
        self.turn();
        let Some(at) = self.k.timers.next() else { return false };
        self.k.clock.jump(at);
        while let Some(action) = self.k.timers.due(self.k.clock.now()) {
            match action {
                TimerAction::Wake(id) => {
                    self.k.wake_timers.remove(&id);
                    self.k.thread_mut(id).call.timed_out = true;
                    self.k.wake_thread(id);
                }
                TimerAction::Net(timer) => self.k.net_timer(timer),
                other => panic!("{other:?} is not the network's"),
            }
        }
        self.turn();
        true
    }
    /// Until nothing is under way.
    fn settle(&mut self) {
        while self.step() {}
    }
    /// Moves on until a thread's call has ended.
    #[track_caller]
    fn finish(&mut self, t: T) -> i64 {
        loop {
            self.turn();
            if let Some(value) = self.result(t) {
                return value;
            }
            assert!(self.step(), "{t} waits for ever: {:?}", self.k.parked());
        }
    }
    /// Makes a call and waits for its end.
    #[track_caller]
    fn wait(&mut self, t: T, name: &str, args: &[u64]) -> i64 {
        self.call(t, name, args);
        self.finish(t)
    }
    /// Makes a call that must not park.
    #[track_caller]
    fn now(&mut self, t: T, name: &str, args: &[u64]) -> i64 {
        self.call(t, name, args).expect("the call does not park")
    }
    /// Makes a call that must park.
    #[track_caller]
    fn parks(&mut self, t: T, name: &str, args: &[u64]) {
        assert_eq!(self.call(t, name, args), None, "{name} parks");
    }

    #[track_caller]
    fn socket(&mut self, t: T, kind: (i32, i32)) -> i32 {
        let fd = self.now(t, "socket", &[kind.0 as u64, kind.1 as u64, 0]);
        assert!(fd >= 0, "socket: {fd}");
        fd as i32
    }
    fn named(&mut self, t: T, call: &str, fd: i32, address: &[u8]) -> Option<i64> {
        let at = self.put(address);
        self.call(t, call, &[fd as u64, at, address.len() as u64])
    }
    /// A listening socket at this address.
    #[track_caller]
    fn server(&mut self, t: T, address: &str, backlog: i32) -> i32 {
        let fd = self.socket(t, if address.starts_with('[') { (libc::AF_INET6, TCP.1) } else { TCP });
        assert_eq!(self.named(t, "bind", fd, &inet(address)), Some(0));
        assert_eq!(self.now(t, "listen", &[fd as u64, backlog as u64]), 0);
        fd
    }
    /// A connected client of a host's port; blocks as long as it takes.
    #[track_caller]
    fn client(&mut self, t: T, address: &str) -> i32 {
        let fd = self.socket(t, if address.starts_with('[') { (libc::AF_INET6, TCP.1) } else { TCP });
        self.named(t, "connect", fd, &inet(address));
        assert_eq!(self.finish(t), 0, "connect to {address}");
        fd
    }
    #[track_caller]
    fn accept(&mut self, t: T, fd: i32) -> i32 {
        let child = self.wait(t, "accept", &[fd as u64, 0, 0]);
        assert!(child >= 0, "accept: {child}");
        child as i32
    }
    /// A thread on host 2 connected to one on host 1: (client, its socket, server, its socket).
    #[track_caller]
    fn pair(&mut self) -> (T, i32, T, i32) {
        let (server, client) = (self.thread(1), self.thread(2));
        let listener = self.server(server, "0.0.0.0:80", 5);
        let c = self.client(client, "10.0.0.2:80");
        let s = self.accept(server, listener);
        (client, c, server, s)
    }
    fn send(&mut self, t: T, fd: i32, bytes: &[u8]) -> Option<i64> {
        let at = self.put(bytes);
        self.call(t, "sendto", &[fd as u64, at, bytes.len() as u64, 0, 0, 0])
    }
    /// Receives without parking.
    #[track_caller]
    fn recv(&mut self, t: T, fd: i32, max: usize) -> Result<Vec<u8>, i64> {
        self.recv_with(t, fd, max, libc::MSG_DONTWAIT)
    }
    /// Removes a path.
    #[track_caller]
    fn unlink(&mut self, t: T, path: &str) {
        let at = self.put(format!("{path}\0").as_bytes());
        assert_eq!(self.now(t, "unlink", &[at]), 0, "unlink {path}");
    }
    /// Receives, waiting as long as it takes.
    #[track_caller]
    fn recv_with(&mut self, t: T, fd: i32, max: usize, flags: i32) -> Result<Vec<u8>, i64> {
        let at = self.room(max);
        let n = self.wait(t, "recvfrom", &[fd as u64, at, max as u64, flags as u64, 0, 0]);
        if n < 0 { Err(n) } else { Ok(self.host.at(at, n as usize).to_vec()) }
    }
    #[track_caller]
    fn object(&self, t: T, fd: i32) -> ObjectId {
        let file = self.k.file_of(self.k.threads[&t].process, fd).unwrap();
        match self.k.open_file(file).target {
            crate::file::Target::Object(id) => id,
            other => panic!("{other:?} is not an object"),
        }
    }
    /// Readiness without the bits that only repeat others.
    #[track_caller]
    fn ready(&self, t: T, fd: i32) -> i32 {
        let repeats = libc::EPOLLRDNORM | libc::EPOLLWRNORM;
        self.k.socket_readiness(self.object(t, fd)) as i32 & !repeats
    }
    #[track_caller]
    fn close(&mut self, t: T, fd: i32) {
        let object = self.object(t, fd);
        let process = self.k.threads[&t].process;
        let file = self.k.file_of(process, fd).unwrap();
        self.k.close_fd(process, fd).unwrap();
        if !self.k.files.open.contains_key(&file) {
            self.k.socket_close(object);
        }
    }
    #[track_caller]
    fn set(&mut self, t: T, fd: i32, level: i32, name: i32, value: &[u8]) -> i64 {
        let at = self.put(value);
        self.now(t, "setsockopt", &[fd as u64, level as u64, name as u64, at, value.len() as u64])
    }
    #[track_caller]
    fn get(&mut self, t: T, fd: i32, level: i32, name: i32, room: usize) -> Result<Vec<u8>, i64> {
        let (at, len) = (self.room(room), self.put(&(room as u32).to_le_bytes()));
        match self.now(t, "getsockopt", &[fd as u64, level as u64, name as u64, at, len]) {
            0 => {
                let n = self.u32_at(len) as usize;
                Ok(self.host.at(at, n).to_vec())
            }
            error => Err(error),
        }
    }
    #[track_caller]
    fn get_int(&mut self, t: T, fd: i32, level: i32, name: i32) -> i32 {
        i32::from_le_bytes(self.get(t, fd, level, name, 4).unwrap().try_into().unwrap())
    }
    #[track_caller]
    fn so_error(&mut self, t: T, fd: i32) -> i32 {
        self.get_int(t, fd, libc::SOL_SOCKET, libc::SO_ERROR)
    }
    /// The address that `getsockname` or `getpeername` gives, as bytes.
    #[track_caller]
    fn name(&mut self, t: T, call: &str, fd: i32) -> Result<Vec<u8>, i64> {
        let (at, len) = (self.room(128), self.put(&128_u32.to_le_bytes()));
        match self.now(t, call, &[fd as u64, at, len]) {
            0 => {
                let n = self.u32_at(len) as usize;
                Ok(self.host.at(at, n).to_vec())
            }
            error => Err(error),
        }
    }
    fn elapsed(&self, since: model::VirtualTime) -> VirtualDuration {
        self.k.clock.now().since(since)
    }
}

/// `struct sockaddr_in` or `sockaddr_in6`.
fn inet(address: &str) -> Vec<u8> {
    let address: std::net::SocketAddr = address.parse().unwrap();
    super::name::Address::Inet { address, v6: address.is_ipv6() }.encode()
}
/// `struct sockaddr_un`; a leading `@` makes the name abstract.
fn unix_name(name: &str) -> Vec<u8> {
    let mut out = (libc::AF_UNIX as u16).to_le_bytes().to_vec();
    out.extend(name.replacen('@', "\0", 1).bytes());
    if !name.starts_with('@') {
        out.push(0);
    }
    out
}
