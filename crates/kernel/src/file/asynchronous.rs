//! Signals about descriptors: `SIGIO`, or what `F_SETSIG` says, to whom `F_SETOWN` names, when a description with
//! `O_ASYNC` becomes ready. See `fcntl(2)`, "Managing signals".

use super::{FileId, Target};
use crate::process::ProcessId;
use crate::signal::{self, Info};
use crate::wait::ObjectId;
use crate::world::Kernel;

/// `si_code` of input and of output that is possible (`POLL_IN`, `POLL_OUT`), and the `EPOLL*` bits that it stands for.
const CODES: [(i32, u32); 2] = [(1, libc::EPOLLIN as u32), (2, libc::EPOLLOUT as u32)];
/// The bits of a closed or failed other end.
const ENDED: u32 = (libc::EPOLLHUP | libc::EPOLLERR) as u32;

impl Kernel {
    /// The flags or the owner of a description have changed.
    pub(crate) fn asynchronous_changed(&mut self, file: FileId) {
        let open = self.open_file(file);
        match open.target {
            Target::Object(object) if open.flags & libc::O_ASYNC as u32 != 0 => {
                self.files.asynchronous.insert((object, file));
            }
            Target::Object(object) => {
                self.files.asynchronous.remove(&(object, file));
            }
            Target::Inode(_) | Target::Console { .. } => {}
        }
    }
    /// Something about an object has changed: who asked for a signal gets one, if a call would not park now. No bits
    /// stand for all that are ready.
    pub(super) fn signal_readiness(&mut self, object: ObjectId, events: u32) {
        let asked = self.files.asynchronous.range((object, FileId(0))..=(object, FileId(u32::MAX)));
        for file in asked.map(|(_, file)| *file).collect::<Vec<FileId>>() {
            let Some(open) = self.files.open.get(&file) else {
                self.files.asynchronous.remove(&(object, file));
                continue;
            };
            let signal = open.signal as u8;
            let Some(process) = self.processes.keys().next() else { return };
            let ready = self.readiness(file, process) & if events == 0 { u32::MAX } else { events | ENDED };
            let Some((code, bit)) = CODES.into_iter().find(|(_, bits)| ready & (bits | ENDED) != 0) else { continue };
            match signal {
                0 => self.signal_owner(file, libc::SIGIO as u8),
                signal => self.inform_owner(file, Info { signal, code, pid: bit, ..Info::default() }),
            }
        }
    }
    /// Sends a signal of the kernel to whom `F_SETOWN` names.
    pub(crate) fn signal_owner(&mut self, file: FileId, signal: u8) {
        self.inform_owner(file, Info::kernel(signal));
    }
    /// Sends a signal to whom `F_SETOWN` names, with the number that it knows the description by.
    fn inform_owner(&mut self, file: FileId, info: Info) {
        let owner = self.open_file(file).owner;
        let number = owner.unsigned_abs();
        let named = |p: &crate::Process| if owner < 0 { p.pgid == number } else { p.id.pid == number };
        let who = |p: &crate::Process| (p.id, p.fds.map.iter().find(|(_, d)| d.file == file).map(|(fd, _)| *fd));
        let targets: Vec<(ProcessId, Option<i32>)> =
            self.processes.values().filter(|p| owner != 0 && named(p)).map(who).collect();
        // A description belongs to one machine; who holds it says which.
        let holders: Vec<model::ServiceId> =
            self.processes.values().filter(|p| who(p).1.is_some()).map(|p| p.id.service).collect();
        for (process, fd) in targets.into_iter().filter(|(p, _)| holders.contains(&p.service)) {
            let value = fd.map_or(0, |fd| fd as u64);
            self.send_signal(signal::Target::Process(process), Info { value, ..info });
        }
    }
}
