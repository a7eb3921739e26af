//! From a trap to a handler and back: faults, the attempt itself, interruption by signals, and the event.

use super::table::{self, Disposition, Subject};
use super::{Outcome, Sys};
use crate::abi::errno::{EIO, ENOSYS};
use crate::caller::Caller;
use crate::faults::{About, Ruling};
use crate::file::Target;
use crate::host::{ADDRESS_SPACES, AddressSpaceId, Host};
use crate::process::{InCall, Pending, Thread};
use crate::time::reading::is_reading;
use crate::wait::{Restart, Wait, WaitKey};
use crate::world::{Ending, Kernel};
use model::fault::DescriptorKind;
use model::{Call, Decision, Errno, Label, ThreadId, VirtualDuration};

/// What a thread did that entered the kernel by the instruction for system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A call: the scheduler has to be asked who goes on ([`Kernel::advance`]).
    Call,
    /// A reading of the clock, which is no event: the same thread goes on.
    Reading,
}

impl Kernel {
    /// The current thread made a system call; its registers are those of the trap.
    pub fn syscall(&mut self, host: &mut dyn Host) -> Made {
        let id = self.current;
        if u16::try_from(self.threads[&id].registers.rax).is_ok_and(is_reading) && self.read_quietly(host, id) {
            return Made::Reading;
        }
        let readings = self.clock.refill_readings();
        let thread = self.thread_mut(id);
        thread.slice += 1 + readings as u32;
        thread.spun = VirtualDuration::ZERO;
        thread.call.begin(thread.registers.rax, thread.registers.arguments());
        let process = thread.process;
        self.process_mut(process).calls += 1 + readings;
        self.processor_used(process);
        self.clock.tick_call();
        if self.config.max_calls != 0 && self.log.calls() >= self.config.max_calls && self.ending.is_none() {
            self.end_at(&format!("{} system calls (--max-calls)", self.config.max_calls), id);
        }
        self.attempt(host, id);
        Made::Call
    }

    /// The host gave no process for an address space: what else it does must not show in a run, which ends.
    pub(crate) fn end_at_host_limit(&mut self, id: ThreadId, space: AddressSpaceId, errno: Errno) {
        let what = if space.0 >= ADDRESS_SPACES {
            format!("{ADDRESS_SPACES} address spaces in a run")
        } else {
            format!("the host's processes (its fork: errno {})", errno.0)
        };
        self.end_at(&what, id);
    }
    /// Ends the run at a limit that a thread's call has reached.
    fn end_at(&mut self, what: &str, id: ThreadId) {
        let thread = &self.threads[&id];
        let (service, tid) = (&self.service(id.service).name, id.tid);
        let (name, call) = (&thread.name, table::name(thread.call.number));
        let place = self.place(id, thread.registers.rip);
        let sentence = format!("{what} was reached by {service}/{tid} ({name}) in {call}, at {place}");
        self.end(Ending::Limit(sentence));
    }

    /// Tries a thread's call, for the first time or again, and settles what came of it.
    pub(crate) fn attempt(&mut self, host: &mut dyn Host, id: ThreadId) {
        let Thread { space, call: InCall { args, number, .. }, .. } = self.threads[&id];
        self.causes.begin(id, space, self.log.count());
        let mut caller = Caller { k: self, host, id, args };
        let result = fault(&mut caller).unwrap_or_else(|| execute(&mut caller, number));
        match result {
            Ok(Outcome::Done(value)) => self.finish(id, value),
            Err(errno) => self.finish(id, -i64::from(errno.0)),
            Ok(Outcome::NoReturn) => self.record(id, 0),
            Ok(Outcome::Block(wait)) => self.block(id, wait),
        }
        self.causes.end(self.log.count());
    }

    fn block(&mut self, id: ThreadId, wait: Wait) {
        // A parent whose memory a vfork child uses must not run a handler on it; only SIGKILL gets through.
        let signalled = match wait.restart {
            Restart::Uninterruptible => self.is_killed(id),
            _ => self.has_deliverable_signal(id),
        };
        if signalled {
            self.interrupt(id, wait.restart);
        } else {
            self.park(id, wait);
            self.thread_mut(id).pending = Pending::Call;
        }
    }

    /// A blocked call meets a signal. What becomes of it is decided when the signal is delivered, since only then is it
    /// known whether a handler runs: the call fails with `EINTR`, or is made again after the handler, or, without a
    /// handler, simply goes on waiting. So an event shows what the program sees: `EINTR` if it fails, nothing if it is
    /// restarted (its event comes when it ends).
    fn interrupt(&mut self, id: ThreadId, restart: Restart) {
        self.thread_mut(id).call.interrupted = Some(restart);
    }

    /// A call ended with a value.
    pub(crate) fn finish(&mut self, id: ThreadId, value: i64) {
        self.thread_mut(id).registers.returned(value as u64);
        self.record(id, value);
    }

    /// Appends the event of a call that ended.
    pub(crate) fn record(&mut self, id: ThreadId, result: i64) {
        let Some(thread) = self.threads.get_mut(&id) else { return };
        let call = &mut thread.call;
        let path = call.path.take();
        let number = call.number;
        let op = self.config.hosts[id.service.index()]
            .ops
            .iter()
            .find(|op| {
                op.calls.iter().any(|c| c == table::name(number))
                    && op.path.as_ref().is_none_or(|g| path.as_deref().is_some_and(|p| g.matches(p)))
            })
            .map(|op| op.name.as_str().into());
        let decision = call.decision.unwrap_or_default();
        let made = Call { number: number as u16, args: call.args, result, decision, path, op };
        self.log.call(self.clock.now(), id, made, &thread.registers.words(), call.digest.0);
    }
}

/// Asks the fault rules once per call. `Some` settles the call without executing it, or holds it back.
fn fault(c: &mut Caller<'_>) -> Option<Sys> {
    let number = c.call().number;
    if c.call().decision.is_none() {
        c.call().path = subject(c, number);
        match rule(c, number) {
            Ruling::Now(decision) => {
                if let Decision::Delay(by) = &decision {
                    let until = c.now().after(*by);
                    c.call().held_until = Some(until);
                }
                c.call().decision = Some(decision);
            }
            Ruling::Hold(id) => {
                let since = c.now();
                c.call().held_by = Some((id, since));
                c.call().decision = Some(Decision::Allow);
            }
            Ruling::Gone => return Some(Ok(Outcome::NoReturn)),
        }
    }
    if let Some(Decision::Deny(errno)) = c.call().decision {
        if errno == EIO {
            sync_failed(c, number);
        }
        return Some(Err(errno));
    }
    if let Some((id, since)) = c.call().held_by {
        if !c.k.is_released(id) {
            let wait = Wait::on(WaitKey::Fault(id.0), "held by a fault").uninterruptible();
            return Some(Ok(Outcome::Block(wait)));
        }
        let held = c.now().since(since);
        let call = c.call();
        (call.held_by, call.timed_out, call.again) = (None, false, false);
        call.decision = Some(Decision::Delay(held));
        return None;
    }
    let until = c.call().held_until?;
    if c.now() < until {
        return Some(Ok(Outcome::Block(Wait::until(until, "delayed by a fault").uninterruptible())));
    }
    // The handler starts with a clean slate, as if the call had only now been made.
    let call = c.call();
    call.held_until = None;
    call.timed_out = false;
    call.again = false;
    None
}

/// Asks the rules that look at the caller's service, if there are any.
fn rule(c: &mut Caller<'_>, number: u64) -> Ruling {
    if !c.k.has_call_faults(c.id.service) {
        return Ruling::Now(Decision::Allow);
    }
    let (kind, peer) = match table::row(number).map(|r| r.subject) {
        Some(Subject::Fd(n)) if table::name(number) == "connect" => {
            (Some(DescriptorKind::Socket), crate::net::connect_target(c, n + 1))
        }
        Some(Subject::Fd(n)) => c.k.descriptor_kind(c.process_id(), c.int(n)),
        Some(Subject::Path(_) | Subject::PathAt(..)) => (Some(DescriptorKind::File), None),
        Some(Subject::None) | None => (None, None),
    };
    let path = c.call().path.as_ref().map(Label::share);
    c.k.decide_fault(c.process_id(), number, About { path: path.as_deref(), kind, peer })
}

/// An error of the disk while it writes a file's pages back: Linux then takes the pages for clean, so a later sync
/// succeeds without having written them.
fn sync_failed(c: &mut Caller<'_>, number: u64) {
    if matches!(table::name(number), "fsync" | "fdatasync")
        && let Ok(file) = c.k.file_of(c.process_id(), c.int(0))
        && let Target::Inode(inode) = c.k.open_file(file).target
    {
        c.k.inode_sync_failed(inode);
    }
}

/// The path a call is about, as events and fault rules see it.
fn subject(c: &mut Caller<'_>, number: u64) -> Option<Label> {
    match table::row(number)?.subject {
        Subject::None => None,
        Subject::Fd(n) if table::name(number) == "connect" => crate::net::connect_label(c, n + 1),
        Subject::Fd(n) => c.k.file_label(c.process_id(), c.int(n)),
        Subject::Path(n) => {
            let path = c.read_path(c.arg(n)).ok()?;
            Some(c.k.absolute(c.process_id(), &path).into())
        }
        Subject::PathAt(dir, n) => {
            let path = c.read_path(c.arg(n)).ok()?;
            Some(c.k.absolute_at(c.process_id(), c.int(dir), &path).into())
        }
    }
}

fn execute(c: &mut Caller<'_>, number: u64) -> Sys {
    let Some(row) = table::row(number) else {
        c.k.complain(c.id.service, number, "FB0201: no such system call");
        return Err(ENOSYS);
    };
    match row.disposition {
        Disposition::Emulated(handler) | Disposition::Partial(handler, _) => handler(c),
        Disposition::Refused(errno, why) => {
            c.k.complain(c.id.service, number, why);
            Err(errno)
        }
    }
}

/// Refuses an option of an otherwise known call: the guest gets the errno, the report names it.
///
/// # Errors
/// Always `errno`.
pub fn refuse(c: &mut Caller<'_>, errno: Errno, what: &str) -> Sys {
    let number = c.call().number;
    c.k.complain(c.id.service, number, what);
    Err(errno)
}
