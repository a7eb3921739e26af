//! Whether a call on a description would park, and who has to know when that changes.
//!
//! ```text
//!   object_event(object, what) ──> threads parked under the object
//!                              └─> each epoll interested in `what`: its ready list ──> object_event(epoll, IN)
//! ```

use super::{FileId, Object, Target};
use crate::process::ProcessId;
use crate::wait::{ObjectId, WaitKey};
use crate::world::Kernel;

/// What `poll` says of files that are always ready (`DEFAULT_POLLMASK`).
const ALWAYS: u32 = (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDNORM | libc::EPOLLWRNORM) as u32;

impl Kernel {
    /// Something about an object's readiness may have changed: wakes who waits for it. To be called after the change,
    /// as an epoll learns of it only if what it is interested in is ready now.
    pub fn object_changed(&mut self, object: ObjectId) {
        self.object_event(object, 0);
    }
    /// The same, naming the `EPOLL*` bits that may have come: an epoll that is interested in none of them learns
    /// nothing. That matters to edge-triggered interests: a socket that is writable all the time has no new edge for
    /// writers when data arrives. No bits stand for all that are ready.
    pub fn object_event(&mut self, object: ObjectId, events: u32) {
        self.wake(WaitKey::Object(object));
        if !self.files.asynchronous.is_empty() {
            self.signal_readiness(object, events);
        }
        let mut n = 0;
        // By position, as marking an epoll changes no list of watches and copying one would cost an allocation.
        while let Some(watch) = self.files.watchers.get(&object).and_then(|w| w.get(n)).copied() {
            n += 1;
            if self.epoll_mark(watch, events) {
                self.object_event(watch.epoll, libc::EPOLLIN as u32);
            }
        }
    }
    /// Readiness of a description as `EPOLL*` bits, for `poll`, `select` and `epoll`. The process is that of the
    /// thread that asks: what a signalfd has to say depends on it.
    pub fn readiness(&self, file: FileId, process: ProcessId) -> u32 {
        let Some(open) = self.files.open.get(&file) else { return 0 };
        let object = match open.target {
            Target::Inode(_) => return ALWAYS,
            Target::Console { .. } => {
                let reads = if open.readable() { libc::EPOLLIN | libc::EPOLLRDNORM } else { 0 };
                let writes = if open.writable() { libc::EPOLLOUT | libc::EPOLLWRNORM } else { 0 };
                return (reads | writes) as u32;
            }
            Target::Object(object) => object,
        };
        match self.files.objects.get(&object) {
            Some(Object::Socket(_)) => self.socket_readiness(object),
            Some(Object::Pipe(pipe)) => pipe.readiness(open.readable(), open.writable(), open.named),
            Some(Object::Event(event)) => event.readiness(),
            Some(Object::Timer(timer)) => timer.readiness(),
            Some(Object::Signals(signals)) => self.signalfd_readiness(signals, process),
            Some(Object::Epoll(epoll)) => self.epoll_readiness(epoll, process),
            Some(Object::Process(it)) => self.pidfd_readiness(it),
            Some(Object::Terminal(_) | Object::Slave(_)) => self.terminal_readiness(object),
            Some(Object::Inotify(it)) => it.readiness(),
            None => 0,
        }
    }
}
