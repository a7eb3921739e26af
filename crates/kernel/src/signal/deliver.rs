//! Delivery: what becomes of pending signals when a thread is about to return to its program.

use super::{Action, HardwareFault, Info, Reaction, SIG_DFL, SIGKILL, SIGSEGV, SignalMask, is_crash, name};
use crate::abi::errno::EINTR;
use crate::host::Host;
use crate::process::{ExitStatus, Pending, ProcessId, Thread, ThreadState};
use crate::wait::Restart;
use crate::world::{Ending, Kernel};
use model::causality::Via;
use model::{ThreadId, Value};

/// Calls that move data and, interrupted on the way, end with how much they have moved.
const TRANSFERS: [i64; 18] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_preadv2,
    libc::SYS_pwritev2,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendfile,
    libc::SYS_splice,
];

impl Kernel {
    /// Whether a thread has been killed and only has to notice.
    pub(crate) fn is_killed(&self, id: ThreadId) -> bool {
        let Some(thread) = self.threads.get(&id) else { return false };
        let Some(process) = self.processes.get(&thread.process) else { return false };
        thread.signals.set().union(process.pending.set()).has(SIGKILL)
    }
    /// Whether a signal is pending that a thread does not block and that would do something to it: its call must not
    /// go on waiting.
    pub(crate) fn has_deliverable_signal(&self, id: ThreadId) -> bool {
        let Some(thread) = self.threads.get(&id) else { return false };
        let Some(process) = self.processes.get(&thread.process) else { return false };
        let pending = thread.signals.set().union(process.pending.set());
        let open = SignalMask(pending.0 & !thread.mask.blockable().0);
        open.iter().any(|s| process.reaction(s) != Reaction::Ignore)
    }

    /// Delivers the pending signals of a thread that is about to return to its program, each handler's frame on top
    /// of the one before. The thread may be stopped, or gone, afterwards.
    ///
    /// It also settles the call that a signal interrupted. If a handler runs, the call ends with `EINTR` or the
    /// program is sent back to its `syscall` instruction, as the handler's flags say. If none runs (another thread
    /// took the signal, or the process was stopped and continued), the call goes on where it was.
    pub(crate) fn deliver_signals(&mut self, host: &mut dyn Host, id: ThreadId) {
        let call = &mut self.thread_mut(id).call;
        if call.interrupted.is_none()
            && let Some(mask) = call.saved_mask.take()
        {
            self.set_signal_mask(id, mask);
        }
        while let Some(info) = self.next_signal(id) {
            self.react(host, id, info);
            if self.threads.get(&id).is_none_or(|t| t.state != ThreadState::Runnable) {
                return;
            }
        }
        let thread = self.thread_mut(id);
        if thread.call.interrupted.take().is_some() {
            thread.pending = Pending::Call;
        }
    }

    /// Takes the signal to deliver next: SIGKILL, then what the processor raised, then the lowest number.
    fn next_signal(&mut self, id: ThreadId) -> Option<Info> {
        let thread = self.threads.get_mut(&id)?;
        let process = self.processes.get(&thread.process)?;
        if thread.signals.is_empty() && process.pending.is_empty() {
            return None;
        }
        let open = thread.mask.blockable().complement();
        if let Some(info) = self.take_signal(id, SignalMask::of(SIGKILL)) {
            return Some(info);
        }
        if let Some(info) = self.thread_mut(id).signals.take_synchronous() {
            return Some(info);
        }
        self.take_signal(id, open)
    }
    /// Takes a pending signal of a thread or of its process. A periodic timer that sent it starts its next period
    /// only now, as in Linux: so a timer that nobody listens to does not keep a world alive.
    pub(crate) fn take_signal(&mut self, id: ThreadId, wanted: SignalMask) -> Option<Info> {
        let thread = self.threads.get_mut(&id)?;
        let process = thread.process;
        let own = thread.signals.take(wanted);
        let mut info = own.or_else(|| self.processes.get_mut(&process)?.pending.take(wanted))?;
        let overrun = self.rearm_timers(process, info.signal);
        if info.code == Info::TIMER {
            info.uid = overrun;
        }
        self.causes.learn(info.cause, Via::Signal);
        Some(info)
    }

    fn react(&mut self, host: &mut dyn Host, id: ThreadId, info: Info) {
        let Thread { process, space, .. } = self.threads[&id];
        self.causes.begin(id, space, self.log.count());
        self.causes.learn(info.cause, Via::Signal);
        self.react_to(host, id, process, info);
        self.causes.end(self.log.count());
    }
    fn react_to(&mut self, host: &mut dyn Host, id: ThreadId, process: ProcessId, info: Info) {
        let reaction = self.processes[&process].reaction(info.signal);
        // Nobody is left who could continue it: only SIGSTOP stops it then.
        if reaction == Reaction::Stop
            && info.signal != super::SIGSTOP
            && self.is_orphaned(process.service, self.processes[&process].pgid, None)
        {
            return;
        }
        let action = match reaction {
            Reaction::Ignore => return,
            Reaction::Terminate => "end",
            Reaction::Stop => "stop",
            Reaction::Handle(_) => "handler",
        };
        let number = ("signal", Value::Int(i64::from(info.signal)));
        self.note(id, "signal", [number, ("name", name(info.signal).into()), ("action", action.into())]);
        match reaction {
            Reaction::Ignore => {}
            Reaction::Terminate => self.terminate(host, id, info),
            Reaction::Stop => self.stop_process(process, info.signal),
            Reaction::Handle(action) => self.handle(host, id, action, info),
        }
    }
    fn terminate(&mut self, host: &mut dyn Host, id: ThreadId, info: Info) {
        let process = self.threads[&id].process;
        let pc = self.threads[&id].registers.rip;
        if is_crash(info.signal) {
            let fields = [
                ("signal", Value::Int(i64::from(info.signal))),
                ("name", name(info.signal).into()),
                ("pc", Value::Int(pc as i64)),
                ("address", Value::Int(info.address as i64)),
            ];
            self.note(id, "service_crashed", fields);
            // Said now, while the thread and its memory are there.
            let at = self.place(id, pc);
            let who = format!("{}/{}", self.service(id.service).name, id.tid);
            self.crashes.push(format!(
                "{who} was killed by {} at {at} (address {:#x})",
                name(info.signal),
                info.address
            ));
            if self.config.end_on_crash {
                self.end(Ending::Crash(id, self.crashes[self.crashes.len() - 1].clone()));
            }
        }
        self.end_group(Some(host), process, ExitStatus::Signaled(info.signal));
    }
    fn handle(&mut self, host: &mut dyn Host, id: ThreadId, action: Action, info: Info) {
        let process = self.threads[&id].process;
        if action.has(libc::SA_RESETHAND) {
            self.process_mut(process).set_action(info.signal, Action { handler: SIG_DFL, ..action });
        }
        self.settle_interrupted(id, action);
        if self.push_frame(host, id, &action, &info).is_err() {
            if info.signal == SIGSEGV {
                self.process_mut(process).set_action(SIGSEGV, Action::default());
            }
            self.force_signal(id, Info::kernel(SIGSEGV));
        }
    }
    /// A handler is about to run: the interrupted call ends, or will be made again when the handler returns.
    fn settle_interrupted(&mut self, id: ThreadId, action: Action) {
        let thread = self.thread_mut(id);
        let Some(restart) = thread.call.interrupted.take() else { return };
        let moved = thread.call.progress;
        if moved != 0 && TRANSFERS.contains(&(thread.call.number as i64)) {
            // Made again, it would move the same data twice.
            return self.finish(id, moved as i64);
        }
        self.drop_held(id);
        let thread = self.thread_mut(id);
        let again = match restart {
            Restart::Always | Restart::Uninterruptible => true,
            Restart::IfAsked => action.has(libc::SA_RESTART),
            Restart::Never => false,
        };
        if again {
            let r = &mut thread.registers;
            (r.rcx, r.r11) = (r.rip, r.eflags);
            // Back to the two bytes of the `syscall` instruction.
            r.rip = r.rip.wrapping_sub(2);
            r.rax = thread.call.number;
        } else {
            self.finish(id, -i64::from(EINTR.0));
        }
    }

    /// Sends a thread a signal that it cannot evade: blocked or ignored, it has its default effect.
    pub(crate) fn force_signal(&mut self, id: ThreadId, info: Info) {
        let process = self.threads[&id].process;
        let blocked = self.threads[&id].mask.has(info.signal);
        if blocked || self.processes[&process].reaction(info.signal) == Reaction::Ignore {
            self.process_mut(process).set_action(info.signal, Action::default());
        }
        let thread = self.thread_mut(id);
        thread.mask.remove(info.signal);
        // One that is pending already would hide it.
        thread.signals.discard(SignalMask::of(info.signal));
        thread.signals.push(info);
    }
    /// The current thread raised a processor exception in its program. Its registers are those of the exception; the
    /// next [`Kernel::advance`] resumes it in its handler, if it is still there.
    pub fn hardware_fault(&mut self, host: &mut dyn Host, fault: HardwareFault) {
        let id = self.current;
        let fault = self.as_bus_error(id, fault);
        // It costs what a call costs, so that a program that faults and goes on for ever still lets others run.
        self.clock.tick_call();
        let thread = self.thread_mut(id);
        thread.slice += 1;
        thread.last_fault = fault;
        let info = Info { signal: fault.signal, code: fault.code, address: fault.address, ..Info::default() };
        self.force_signal(id, info);
        self.deliver_signals(host, id);
    }
    /// Touching a mapping beyond the end of its file, where the host has nothing mapped, is a bus error.
    fn as_bus_error(&self, id: ThreadId, fault: HardwareFault) -> HardwareFault {
        const BUS_ADRERR: i32 = 2;
        const WRITE: u64 = 2;
        let needed = if fault.error & WRITE != 0 { libc::PROT_WRITE } else { libc::PROT_READ } as u32;
        let beyond = self
            .memory(self.threads[&id].space)
            .find(fault.address)
            .is_some_and(|(_, vma)| vma.backing.is_beyond() && vma.prot & needed != 0);
        if beyond && fault.signal == libc::SIGSEGV as u8 {
            return HardwareFault { signal: libc::SIGBUS as u8, code: BUS_ADRERR, ..fault };
        }
        fault
    }
}
