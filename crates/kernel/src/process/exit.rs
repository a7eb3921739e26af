//! The end of threads and processes.
//!
//! ```text
//!   exit ────────> leave: words in memory, queues, timers of waits
//!   exit_group ─┐      └─ the last thread ─┐
//!   a signal ───┴─> all threads leave ─────┴─> end_process: files, timers, memory, children, SIGCHLD ─> zombie ─> reaped
//! ```
//!
//! What a thread leaves in guest memory can only be written by the process that has that memory. So a process that is
//! killed from elsewhere by `SIGKILL` is not ended there and then: one of its threads is woken, and ends the process in
//! its own address space. [`Kernel::kill_process`] is for when that memory no longer matters.

use crate::caller::Caller;
use crate::causality::Spot;
use crate::host::Host;
use crate::process::{ExitStatus, ProcessId};
use crate::signal::{Info, SIG_DFL, SIG_IGN, SIGCHLD, Target};
use crate::syscall::{Outcome, Sys};
use crate::wait::WaitKey;
use crate::world::Kernel;
use model::causality::Via;
use model::{ThreadId, Value};

/// The parent of a process that nobody is left to wait for.
const NOBODY: u32 = 1;

/// `exit(code)`: ends the calling thread.
///
/// # Errors
/// None.
pub fn exit(c: &mut Caller<'_>) -> Sys {
    let (id, status) = (c.id, ExitStatus::Exited(c.arg(0) as u8));
    let process = c.process_id();
    // The event comes first: afterwards the thread is gone.
    c.k.record(id, 0);
    if id.tid == process.pid {
        c.process().job.leader_status = Some(status);
    }
    c.k.leave(Some(c.host), id);
    if c.k.processes[&process].threads.is_empty() {
        let status = c.k.processes[&process].job.leader_status.unwrap_or(status);
        c.k.end_process(process, status);
    }
    Ok(Outcome::NoReturn)
}

/// `exit_group(code)`: ends the calling process.
///
/// # Errors
/// None.
pub fn exit_group(c: &mut Caller<'_>) -> Sys {
    let (id, process, status) = (c.id, c.process_id(), ExitStatus::Exited(c.arg(0) as u8));
    c.k.record(id, 0);
    c.k.end_group(Some(c.host), process, status);
    Ok(Outcome::NoReturn)
}

impl Kernel {
    /// Ends a process at once, from any address space: nothing of its memory is touched, so nobody who shares memory
    /// with it learns of locks that it held.
    pub fn kill_process(&mut self, process: ProcessId, status: ExitStatus) {
        if self.processes.get(&process).is_some_and(|p| p.status.is_none()) {
            self.end_group(None, process, status);
        }
    }
    /// Ends all threads of a process, and with them the process.
    pub(crate) fn end_group(&mut self, host: Option<&mut dyn Host>, process: ProcessId, status: ExitStatus) {
        self.end_threads(host, process, None);
        self.end_process(process, status);
    }
    /// Ends the threads of a process other than the one that stays: what `execve` does first.
    pub(crate) fn end_threads(&mut self, mut host: Option<&mut dyn Host>, process: ProcessId, stays: Option<ThreadId>) {
        for tid in self.processes[&process].threads.clone() {
            let id = process.thread(tid);
            if stays == Some(id) {
                continue;
            }
            match &mut host {
                Some(host) => self.leave(Some(&mut **host), id),
                None => self.leave(None, id),
            }
        }
    }
    /// What `execve` does to a process before the new program is loaded, while the old memory is still there: the other
    /// threads end, handlers and POSIX timers go, and the calling thread settles its words as if it ended. Ignored
    /// signals stay ignored; interval timers, masks and pending signals stay.
    pub fn shed_for_exec(&mut self, host: &mut dyn Host, id: ThreadId) {
        let process = self.threads[&id].process;
        self.end_threads(Some(&mut *host), process, Some(id));
        self.settle_words(host, id);
        self.thread_mut(id).alt_stack = crate::signal::AltStack::default();
        self.disarm_posix_timers(process);
        for action in &mut self.process_mut(process).actions {
            let handler = if action.handler == SIG_IGN { SIG_IGN } else { SIG_DFL };
            *action = crate::signal::Action { handler, ..Default::default() };
        }
        self.release_vfork_parent(process);
    }
    /// Lets a thread go on that `vfork` keeps waiting for this process.
    pub fn release_vfork_parent(&mut self, id: ProcessId) {
        if let Some(parent) = self.process_mut(id).vfork_parent.take() {
            self.causes.tell(parent, Via::End);
            self.wake(WaitKey::Vfork(id));
        }
    }
    /// Takes a thread out of its process and out of everything it waits in.
    fn leave(&mut self, host: Option<&mut dyn Host>, id: ThreadId) {
        let Some(thread) = self.threads.get(&id) else { return };
        let (process, space) = (thread.process, thread.space);
        // First, lest it be woken for a word that it leaves itself.
        self.unpark(id);
        self.drop_held(id);
        if let Some(host) = host
            && host.address_space() == space
            && self.spaces.contains_key(&space)
        {
            self.settle_words(host, id);
        }
        self.run_queue.retain(|t| *t != id);
        self.threads.remove(&id);
        self.process_mut(process).threads.retain(|t| *t != id.tid);
    }

    /// The last thread of a process has left: gives back what it had, and tells its relatives.
    fn end_process(&mut self, id: ProcessId, status: ExitStatus) {
        super::limits::note_memory(self, id);
        self.release_resources(id);
        self.session_ends(id);
        self.disarm_timers(id);
        self.release_space(id);
        self.orphan_children(id);
        let parent = self.processes[&id].parent;
        self.orphan_group(id, parent, Some(id));
        let process = self.process_mut(id);
        process.status = Some(status);
        process.job.end();
        self.pidfd_ended(id);
        let process = self.process_mut(id);
        let first = process.parent == 0;
        self.causes.mark(Spot::Exit(id));
        self.causes.tell(id.thread(id.pid), Via::End);
        self.release_vfork_parent(id);
        if first {
            self.exits.insert(id, status);
            self.wake(WaitKey::Exit(id));
            let field = match status {
                ExitStatus::Exited(code) => ("status", Value::Int(i64::from(code))),
                ExitStatus::Signaled(signal) => ("signal", Value::Int(i64::from(signal))),
            };
            self.note(id.thread(id.pid), "service_exited", [field]);
        }
        self.report_end(id);
    }
    /// Closes its descriptors. The one place where the end of a process meets the other parts of the kernel.
    fn release_resources(&mut self, id: ProcessId) {
        self.close_process_files(id);
        self.undo_semaphores(id);
    }
    /// The memory is forgotten with its last user; the host process that has it then ends too.
    fn release_space(&mut self, id: ProcessId) {
        let space = self.processes[&id].space;
        if let Some(memory) = self.spaces.get_mut(&space) {
            memory.users = memory.users.saturating_sub(1);
            if memory.users == 0 {
                let removed = memory.clear();
                self.spaces.remove(&space);
                self.stale.remove(&space);
                self.forget_views(&removed);
            }
        }
    }

    /// Who adopts the children of a process that ends: the nearest ancestor that asked to, else the first process of
    /// its service.
    fn adopter(&self, id: ProcessId) -> Option<ProcessId> {
        let alive = |p: ProcessId| self.processes.get(&p).filter(|p| p.status.is_none());
        let parent_of = |p: ProcessId| self.processes.get(&p).map(|e| ProcessId { service: p.service, pid: e.parent });
        let mut ancestor = parent_of(id);
        while let Some(at) = ancestor.filter(|p| self.processes.contains_key(p)) {
            if alive(at).is_some_and(|p| p.subreaper) {
                return Some(at);
            }
            ancestor = parent_of(at);
        }
        let of_service = ProcessId { service: id.service, pid: 0 }..=ProcessId { service: id.service, pid: u32::MAX };
        let mut first = self.processes.range(of_service).filter(|(p, e)| *p != id && e.parent == 0);
        first.find(|(p, _)| alive(*p).is_some()).map(|(p, _)| p)
    }
    fn orphan_children(&mut self, id: ProcessId) {
        let adopter = self.adopter(id);
        for pid in std::mem::take(&mut self.process_mut(id).children) {
            let child = ProcessId { service: id.service, pid };
            let Some(entry) = self.processes.get_mut(&child) else { continue };
            entry.parent = adopter.map_or(NOBODY, |a| a.pid);
            let (ended, signal) = (entry.status.is_some(), entry.parent_death_signal);
            if let Some(adopter) = adopter {
                self.process_mut(adopter).children.push(pid);
            }
            self.orphan_group(child, id.pid, None);
            if ended {
                self.report_end(child);
            } else if signal != 0 {
                self.send_signal(
                    Target::Process(child),
                    Info::sent(signal, Info::USER, id.pid, self.owner(id.service).uid),
                );
            }
        }
    }

    /// Tells a parent that its child has ended. A child that nobody will wait for is forgotten at once; a service's
    /// first process stays, for the supervisor to see how it ended.
    fn report_end(&mut self, id: ProcessId) {
        let child = &self.processes[&id];
        let (signal, status) = (child.exit_signal, child.status.expect("it has ended"));
        let parent = ProcessId { service: id.service, pid: child.parent };
        let Some(entry) = self.processes.get(&parent).filter(|p| p.status.is_none()) else {
            if child.parent != 0 {
                self.reap(id);
            }
            return;
        };
        let action = entry.action(SIGCHLD);
        let ignored = action.handler == SIG_IGN;
        let unwanted = signal == SIGCHLD && (ignored || action.has(libc::SA_NOCLDWAIT));
        if signal != 0 && !(signal == SIGCHLD && ignored) {
            let (code, value) = match status {
                ExitStatus::Exited(code) => (libc::CLD_EXITED, code),
                ExitStatus::Signaled(signal) => (libc::CLD_KILLED, signal),
            };
            let info = Info { value: u64::from(value), ..Info::sent(signal, code, id.pid, self.owner(id.service).uid) };
            self.send_signal(Target::Process(parent), info);
        }
        if unwanted {
            self.reap(id);
        }
        self.wake(WaitKey::Child(parent));
    }
    /// Tells a parent that its child was stopped or goes on.
    pub(crate) fn report_job(&mut self, id: ProcessId, code: i32, signal: u8) {
        let parent = ProcessId { service: id.service, pid: self.processes[&id].parent };
        let Some(entry) = self.processes.get(&parent).filter(|p| p.status.is_none()) else { return };
        if !entry.action(SIGCHLD).has(libc::SA_NOCLDSTOP) {
            let info =
                Info { value: u64::from(signal), ..Info::sent(SIGCHLD, code, id.pid, self.owner(id.service).uid) };
            self.send_signal(Target::Process(parent), info);
        }
        self.wake(WaitKey::Child(parent));
    }
    /// Forgets a process that has ended.
    pub(crate) fn reap(&mut self, id: ProcessId) {
        let Some(process) = self.processes.remove(&id) else { return };
        let parent = ProcessId { service: id.service, pid: process.parent };
        if let Some(parent) = self.processes.get_mut(&parent) {
            parent.children.retain(|pid| *pid != id.pid);
        }
    }
}
