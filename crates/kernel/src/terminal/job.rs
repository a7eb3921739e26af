//! Sessions and process groups: whose terminal it is, who is in the foreground, and what happens to the others.

use super::Terminal;
use crate::abi::errno::EIO;
use crate::process::ProcessId;
use crate::signal::{Info, Reaction, SIGCONT, SIGHUP, SIGTTIN, Target};
use crate::syscall::{Sys, block};
use crate::wait::{ObjectId, Wait, WaitKey};
use crate::world::Kernel;
use model::{ServiceId, ThreadId};

impl Kernel {
    /// The processes of a service for which something holds, in the order of their numbers.
    fn members(&self, service: ServiceId, wanted: impl Fn(&crate::Process) -> bool) -> Vec<ProcessId> {
        self.processes.values().filter(|p| p.id.service == service && wanted(p)).map(|p| p.id).collect()
    }
    /// Sends a signal of the kernel's to every process of a group.
    pub(crate) fn signal_group(&mut self, service: ServiceId, group: u32, signal: u8) {
        for process in self.members(service, |p| p.pgid == group) {
            self.send_signal(Target::Process(process), Info::kernel(signal));
        }
    }
    /// Sends a signal to whoever is in the foreground of a terminal.
    pub(super) fn signal_foreground(&mut self, master: ObjectId, signal: i32) {
        if let Some((service, group)) = self.terminal(master).and_then(|t| Some((t.service, t.group?))) {
            self.signal_group(service, group, signal as u8);
        }
    }
    /// A session leader without a terminal gets one that is nobody's.
    pub(super) fn take_terminal(&mut self, process: ProcessId, master: ObjectId) {
        let entry = &self.processes[&process];
        let (sid, pgid) = (entry.sid, entry.pgid);
        let free = self.terminal(master).is_some_and(|t| t.session.is_none() && !t.hung_up);
        if sid != process.pid || entry.terminal.is_some() || !free {
            return;
        }
        self.process_mut(process).terminal = Some(master);
        if let Some(terminal) = self.terminal_mut(master) {
            (terminal.session, terminal.group) = (Some(sid), Some(pgid));
        }
    }
    /// What becomes of a call by which a process in the background uses its terminal: nothing if it may, an error if
    /// it can never be in the foreground, else it is stopped with its group and tries again.
    pub(super) fn background(&mut self, id: ThreadId, master: ObjectId, signal: u8) -> Option<Sys> {
        let thread = &self.threads[&id];
        let (process, blocked) = (thread.process, thread.mask.has(signal));
        let entry = &self.processes[&process];
        let group = entry.pgid;
        let foreground = self.terminal(master).and_then(|t: &Terminal| t.group);
        if entry.terminal != Some(master) || foreground.is_none_or(|g| g == group) {
            return None;
        }
        let ignored = blocked || entry.reaction(signal) == Reaction::Ignore;
        match (signal, ignored) {
            (SIGTTIN, true) => return Some(Err(EIO)),
            (_, true) => return None,
            _ if self.is_orphaned(process.service, group, None) => return Some(Err(EIO)),
            _ => {}
        }
        self.signal_group(process.service, group, signal);
        Some(block(Wait::on(WaitKey::Object(master), "it is in the background of its terminal")))
    }
    /// The master of a terminal is gone.
    pub(super) fn hang_up(&mut self, master: ObjectId) {
        let Some(terminal) = self.terminal_mut(master) else { return };
        terminal.hung_up = true;
        let (service, number, slave) = (terminal.service, terminal.number, terminal.slave);
        let session = terminal.session.take();
        terminal.group = None;
        self.files.terminals.remove(&(service, number));
        for process in self.members(service, |p| p.terminal == Some(master)) {
            self.process_mut(process).terminal = None;
        }
        if let Some(leader) = session.map(|pid| ProcessId { service, pid }) {
            for signal in [SIGHUP, SIGCONT] {
                self.send_signal(Target::Process(leader), Info::kernel(signal));
            }
        }
        self.object_changed(slave);
    }
    /// A process gives its terminal up (`TIOCNOTTY`): with the leader of the session the whole session does.
    pub(super) fn leave_terminal(&mut self, process: ProcessId) {
        let entry = self.process_mut(process);
        let Some(master) = entry.terminal.take() else { return };
        if entry.sid == process.pid {
            self.release_terminal(process, master, &[SIGHUP, SIGCONT]);
        }
    }
    /// The leader of a session ends: its terminal is nobody's any more.
    pub(crate) fn session_ends(&mut self, process: ProcessId) {
        let entry = self.process_mut(process);
        if entry.sid == process.pid
            && let Some(master) = entry.terminal.take()
        {
            self.release_terminal(process, master, &[SIGHUP]);
        }
    }
    fn release_terminal(&mut self, leader: ProcessId, master: ObjectId, signals: &[u8]) {
        for signal in signals {
            self.signal_foreground(master, i32::from(*signal));
        }
        if let Some(terminal) = self.terminal_mut(master) {
            (terminal.session, terminal.group) = (None, None);
        }
        for process in self.members(leader.service, |p| p.sid == leader.pid) {
            self.process_mut(process).terminal = None;
        }
    }
    /// Whether nobody is left outside of a process group, but in its session, who could continue it. The parent of a
    /// service's first process is outside of the world, as its shell would be.
    pub(crate) fn is_orphaned(&self, service: ServiceId, group: u32, without: Option<ProcessId>) -> bool {
        let outside = |p: &&crate::Process| {
            let parent = self.processes.get(&ProcessId { service, pid: p.parent });
            p.parent == 0 || parent.is_some_and(|parent| parent.pgid != group && parent.sid == p.sid)
        };
        let mut group = self.processes.values().filter(|p| p.id.service == service && p.pgid == group);
        !group.any(|p| Some(p.id) != without && p.status.is_none() && outside(&p))
    }
    /// A process ends or loses its parent: if that leaves a group without anybody who could continue it, those of it
    /// that are stopped are told, and go on.
    pub(crate) fn orphan_group(&mut self, process: ProcessId, parent: u32, without: Option<ProcessId>) {
        let Some(entry) = self.processes.get(&process) else { return };
        let (service, group, sid) = (process.service, entry.pgid, entry.sid);
        let concerns = match self.processes.get(&ProcessId { service, pid: parent }) {
            Some(parent) => parent.pgid != group && parent.sid == sid,
            None => parent == 0,
        };
        let stopped = |k: &Kernel| {
            k.processes
                .values()
                .any(|p| p.id.service == service && p.pgid == group && p.status.is_none() && p.job.is_stopped())
        };
        if concerns && stopped(self) && self.is_orphaned(service, group, without) {
            self.signal_group(service, group, SIGHUP);
            self.signal_group(service, group, SIGCONT);
        }
    }
    /// Number of a process's controlling terminal as `/proc` shows it, and the group in its foreground.
    pub(crate) fn shown_terminal(&self, process: &crate::Process) -> (u64, i64) {
        match process.terminal.and_then(|master| self.terminal(master)) {
            Some(terminal) => (136 << 8 | u64::from(terminal.number), terminal.group.map_or(-1, i64::from)),
            None => (0, -1),
        }
    }
}
