//! Sending signals: what is dropped, what queues, and who is woken.

use super::{Info, Reaction, SIGCONT, SIGKILL, SignalMask, stops};
use crate::process::{ProcessId, ThreadState};
use crate::wait::WaitKey;
use crate::world::Kernel;
use model::ThreadId;

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A process as a whole.
    Process(ProcessId),
    /// One thread.
    Thread(ThreadId),
}

impl Kernel {
    /// Sends a signal; nothing happens if the target is gone.
    pub fn send_signal(&mut self, target: Target, info: Info) {
        let info = Info { cause: self.causes.stamp(), ..info };
        let Some(process) = self.addressee(target) else { return };
        let signal = info.signal;
        if signal == SIGCONT {
            self.discard_signals(process, SignalMask::STOPS);
            self.resume_process(process);
        } else if stops(signal) {
            self.discard_signals(process, SignalMask::CONTINUE);
        }
        if self.drops(process, target, signal) {
            return;
        }
        match target {
            Target::Process(id) => self.process_mut(id).pending.push(info),
            Target::Thread(id) => self.thread_mut(id).signals.push(info),
        }
        self.signal_queued(process);
        if let Some(thread) = self.recipient(process, target, signal) {
            self.notice_signal(thread, signal);
        }
    }

    /// The process a signal goes to, if it can still receive one.
    fn addressee(&self, target: Target) -> Option<ProcessId> {
        let id = match target {
            Target::Process(id) => id,
            Target::Thread(id) => self.threads.get(&id)?.process,
        };
        self.processes.get(&id).filter(|p| p.status.is_none() && !p.threads.is_empty())?;
        Some(id)
    }
    /// A signal that is ignored is not even queued, unless it is blocked: the program may yet ask for it.
    fn drops(&self, process: ProcessId, target: Target, signal: u8) -> bool {
        let asked = match target {
            Target::Process(_) => self.leader(process),
            Target::Thread(id) => id,
        };
        self.processes[&process].reaction(signal) == Reaction::Ignore && !self.threads[&asked].mask.has(signal)
    }
    /// The first thread of a process that is left.
    pub(crate) fn leader(&self, process: ProcessId) -> ThreadId {
        process.thread(self.processes[&process].threads[0])
    }
    /// The thread that is to deal with a signal: the main thread if it lets it through, else the first that does.
    fn recipient(&self, process: ProcessId, target: Target, signal: u8) -> Option<ThreadId> {
        let lets_through = |id: &ThreadId| signal == SIGKILL || !self.threads[id].mask.blockable().has(signal);
        match target {
            Target::Process(_) => {
                self.processes[&process].threads.iter().map(|tid| process.thread(*tid)).find(lets_through)
            }
            Target::Thread(id) => Some(id).filter(lets_through),
        }
    }
    /// Makes a thread look at a signal: a parked one tries its call again and finds it, a stopped one is only set
    /// free by SIGKILL, and a runnable one finds it before it returns to its program.
    fn notice_signal(&mut self, id: ThreadId, signal: u8) {
        match &self.threads[&id].state {
            // A parent that has lent its memory to a vfork child hears of nothing else until it has it back.
            ThreadState::Blocked(wait)
                if wait.restart == crate::wait::Restart::Uninterruptible && signal != SIGKILL => {}
            ThreadState::Blocked(_) => self.wake_thread(id),
            ThreadState::Stopped if signal == SIGKILL => self.set_free(id),
            ThreadState::Stopped | ThreadState::Runnable => {}
        }
    }
    fn set_free(&mut self, id: ThreadId) {
        self.thread_mut(id).state = ThreadState::Runnable;
        self.run_queue.push_back(id);
    }
    /// A signal has become pending, blocked or not: `rt_sigtimedwait` looks again. Whatever else shows pending
    /// signals (signalfd) is to be told here.
    fn signal_queued(&mut self, process: ProcessId) {
        self.wake(WaitKey::Signal(process));
        self.signal_arrived(process);
    }
    /// Forgets pending signals of a process and of all its threads.
    pub(crate) fn discard_signals(&mut self, process: ProcessId, set: SignalMask) {
        let entry = self.process_mut(process);
        entry.pending.discard(set);
        for tid in entry.threads.clone() {
            self.thread_mut(process.thread(tid)).signals.discard(set);
        }
    }

    /// Changes a thread's signal mask. Signals for its process that it no longer lets through are left to others.
    pub(crate) fn set_signal_mask(&mut self, id: ThreadId, mask: SignalMask) {
        let thread = self.thread_mut(id);
        thread.mask = mask.blockable();
        let process = thread.process;
        let Some(entry) = self.processes.get(&process).filter(|p| !p.pending.is_empty()) else { return };
        for signal in entry.pending.set().iter() {
            if let Some(other) = self.recipient(process, Target::Process(process), signal) {
                self.notice_signal(other, signal);
            }
        }
    }

    /// Stops every thread of a process. Parked ones leave what they wait for and will try their calls again.
    pub(crate) fn stop_process(&mut self, id: ProcessId, signal: u8) {
        for tid in self.processes[&id].threads.clone() {
            let thread = id.thread(tid);
            let parked = matches!(self.threads[&thread].state, ThreadState::Blocked(_));
            self.unpark(thread);
            self.run_queue.retain(|t| *t != thread);
            let entry = self.thread_mut(thread);
            entry.state = ThreadState::Stopped;
            if parked || entry.call.interrupted.take().is_some() {
                entry.pending = crate::process::Pending::Call;
            }
        }
        self.process_mut(id).job.stop(signal);
        self.report_job(id, libc::CLD_STOPPED, signal);
    }
    /// `SIGCONT`: a stopped process goes on.
    fn resume_process(&mut self, id: ProcessId) {
        if !self.process_mut(id).job.resume() {
            return;
        }
        for tid in self.processes[&id].threads.clone() {
            if self.threads[&id.thread(tid)].state == ThreadState::Stopped {
                self.set_free(id.thread(tid));
            }
        }
        self.report_job(id, libc::CLD_CONTINUED, SIGCONT);
    }
}
