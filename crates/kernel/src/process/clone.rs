//! `clone(2)`, `clone3(2)`, `fork(2)`, `vfork(2)`.
//!
//! | flags | what happens |
//! |---|---|
//! | `CLONE_THREAD` | a context is added to the process |
//! | neither `CLONE_THREAD` nor `CLONE_VM` | the host process is forked; in the copy only the caller's context lives |
//! | `CLONE_VM` without `CLONE_THREAD` | a second process in the *same* address space, until it execs or exits |

use crate::abi::errno::{E2BIG, EAGAIN, EINVAL};
use crate::caller::Caller;
use crate::host::AddressSpaceId;
use crate::process::{Process, ProcessId, Thread};
use crate::signal::{AltStack, SignalQueue};
use crate::syscall::dispatch::refuse;
use crate::syscall::{Sys, block, done};
use crate::wait::{Wait, WaitKey};
use model::{Errno, ThreadId};

/// What `clone` and `clone3` are asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    flags: u64,
    exit_signal: u8,
    stack: u64,
    parent_tid: u64,
    child_tid: u64,
    tls: u64,
    /// Where a descriptor of the child is to be put.
    pidfd: u64,
}

const THREAD: u64 = libc::CLONE_THREAD as u64;
const PIDFD: u64 = libc::CLONE_PIDFD as u64;
const VM: u64 = libc::CLONE_VM as u64;
const VFORK: u64 = libc::CLONE_VFORK as u64;
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

/// `clone(2)`
pub fn clone(c: &mut Caller<'_>) -> Sys {
    let request = Request {
        flags: c.arg(0) & !0xff,
        // A number that is no signal's announces nothing.
        exit_signal: Some(c.arg(0) as u8).filter(|s| *s <= crate::signal::SIGNALS).unwrap_or(0),
        stack: c.arg(1),
        parent_tid: c.arg(2),
        child_tid: c.arg(3),
        tls: c.arg(4),
        // In the old call the two share an argument.
        pidfd: c.arg(2),
    };
    if request.flags & PIDFD != 0 && request.flags & libc::CLONE_PARENT_SETTID as u64 != 0 {
        return Err(EINVAL);
    }
    start(c, request)
}

/// `clone3(2)`
pub fn clone3(c: &mut Caller<'_>) -> Sys {
    const KNOWN: u64 = 88;
    let (at, size) = (c.arg(0), c.arg(1));
    if size < 64 {
        return Err(EINVAL);
    }
    if size > KNOWN {
        return Err(E2BIG);
    }
    let mut words = [0; 11];
    for (i, word) in words.iter_mut().enumerate().take((size / 8) as usize) {
        *word = c.read_u64(at.wrapping_add(8 * i as u64))?;
    }
    let [flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, _, cgroup] = words;
    if set_tid != 0 || cgroup != 0 || exit_signal > 64 {
        return Err(EINVAL);
    }
    let stack = if stack == 0 { 0 } else { stack.wrapping_add(stack_size) };
    start(c, Request { flags, exit_signal: exit_signal as u8, stack, parent_tid, child_tid, tls, pidfd })
}

/// `fork(2)`
pub fn fork(c: &mut Caller<'_>) -> Sys {
    start(c, Request { exit_signal: libc::SIGCHLD as u8, ..Request::default() })
}

/// `vfork(2)`
pub fn vfork(c: &mut Caller<'_>) -> Sys {
    start(c, Request { flags: VM | VFORK, exit_signal: libc::SIGCHLD as u8, ..Request::default() })
}

fn start(c: &mut Caller<'_>, r: Request) -> Sys {
    if c.call().progress != 0 {
        return wait_for_vfork_child(c);
    }
    if r.flags & NAMESPACES != 0 {
        return refuse(c, crate::abi::errno::EPERM, "FB0220: namespaces are not simulated");
    }
    if r.flags & libc::CLONE_PTRACE as u64 != 0 {
        return refuse(c, EINVAL, "FB0221: CLONE_PTRACE is not simulated");
    }
    if r.flags & PIDFD != 0 && (r.flags & THREAD != 0 || r.pidfd == 0) {
        return Err(EINVAL);
    }
    let sighand = r.flags & libc::CLONE_SIGHAND as u64 != 0;
    if (r.flags & THREAD != 0 && !sighand) || (sighand && r.flags & VM == 0) {
        return Err(EINVAL);
    }
    c.k.allow_thread(c.process_id())?;
    if r.flags & THREAD != 0 { new_thread(c, r) } else { new_process(c, r) }
}

/// The caller's context with the changes every clone makes.
fn copy_context(c: &mut Caller<'_>, r: Request, id: ThreadId, process: ProcessId, space: AddressSpaceId) -> Thread {
    let extended = c.k.extended_of(c.host, c.id);
    let parent = c.thread();
    let mut child = Thread::new(id, process, space, &parent.name.clone());
    child.registers = parent.registers;
    child.registers.rax = 0;
    child.registers.rcx = child.registers.rip;
    child.registers.r11 = child.registers.eflags;
    child.fs_base = parent.fs_base;
    child.mask = parent.mask;
    (child.affinity, child.nice) = (parent.affinity, parent.nice);
    // What is reset is a policy that an ordinary user cannot have.
    child.policy = parent.policy & !libc::SCHED_RESET_ON_FORK;
    child.extended = extended;
    if r.stack != 0 {
        child.registers.rsp = r.stack;
    }
    if r.flags & libc::CLONE_SETTLS as u64 != 0 {
        child.fs_base = r.tls;
    }
    if r.flags & libc::CLONE_CHILD_CLEARTID as u64 != 0 {
        child.clear_tid = r.child_tid;
    }
    child
}

fn new_thread(c: &mut Caller<'_>, r: Request) -> Sys {
    let process = c.process_id();
    let space = c.space();
    let tid = c.k.new_tid(process.service);
    if r.flags & libc::CLONE_PARENT_SETTID as u64 != 0 {
        c.write_u32(r.parent_tid, tid)?;
    }
    if r.flags & libc::CLONE_CHILD_SETTID as u64 != 0 {
        c.write_u32(r.child_tid, tid)?;
    }
    let child = copy_context(c, r, process.thread(tid), process, space);
    c.process().threads.push(tid);
    c.k.add_thread(child);
    done(tid)
}

fn new_process(c: &mut Caller<'_>, r: Request) -> Sys {
    let parent = c.process_id();
    let service = parent.service;
    if let Err(why) = c.k.allow_process(service) {
        return refuse(c, EAGAIN, why);
    }
    let pid = c.k.new_tid(service);
    let child = ProcessId { service, pid };
    if r.flags & libc::CLONE_PARENT_SETTID as u64 != 0 {
        c.write_u32(r.parent_tid, pid)?;
    }
    let shares_memory = r.flags & VM != 0;
    let space = if shares_memory { c.space() } else { c.k.new_space() };
    let mut context = copy_context(c, r, child.thread(pid), child, space);
    if !shares_memory || r.flags & VFORK != 0 {
        context.alt_stack = c.thread().alt_stack;
    } else {
        context.alt_stack = AltStack::default();
    }
    if shares_memory {
        c.k.memory_mut(space).users += 1;
        if r.flags & libc::CLONE_CHILD_SETTID as u64 != 0 {
            c.write_u32(r.child_tid, pid)?;
        }
    } else {
        fork_memory(c, r, space, pid)?;
    }
    let process = copy_process(c, r, parent, child, space);
    c.k.processes.insert(child, process);
    c.process().children.push(pid);
    c.k.add_thread(context);
    if r.flags & PIDFD != 0 {
        let file = c.k.pidfd_new(child, false);
        let fd = c.k.install_fd(parent, file, true, 0)?;
        c.write_u32(r.pidfd, fd as u32)?;
    }
    if r.flags & VFORK != 0 {
        let id = c.id;
        c.k.process_mut(child).vfork_parent = Some(id);
        c.call().progress = u64::from(pid);
        return wait_for_vfork_child(c);
    }
    done(pid)
}

/// Forks the host process. The child's thread number is put where the child will read it, for the instant of the fork.
fn fork_memory(c: &mut Caller<'_>, r: Request, space: AddressSpaceId, pid: u32) -> Result<(), Errno> {
    let old = c.space();
    let mut memory = c.k.memory(old).clone();
    memory.was_forked();
    c.k.spaces.insert(space, memory);
    c.leave_out(space);
    let before = if r.flags & libc::CLONE_CHILD_SETTID as u64 != 0 {
        let before = c.read_u32(r.child_tid)?;
        c.write_u32(r.child_tid, pid)?;
        Some(before)
    } else {
        None
    };
    let withheld = c.withhold()?;
    let forked = c.host.fork(space);
    c.give_back(withheld)?;
    if let Some(before) = before {
        c.write_u32(r.child_tid, before)?;
    }
    if let Err(errno) = forked {
        c.k.spaces.remove(&space);
        c.k.end_at_host_limit(c.id, space, errno);
        return Err(EAGAIN);
    }
    Ok(())
}

fn copy_process(c: &mut Caller<'_>, r: Request, parent: ProcessId, id: ProcessId, space: AddressSpaceId) -> Process {
    // From now on there is somebody who may look.
    c.k.look_at_arguments(c.host, parent);
    let fds = c.k.processes[&parent].fds.clone();
    let fds = c.k.fork_files(&fds);
    let from = &c.k.processes[&parent];
    Process {
        id,
        parent: parent.pid,
        space,
        threads: vec![id.pid],
        children: Vec::new(),
        fds,
        pgid: from.pgid,
        terminal: from.terminal,
        sid: from.sid,
        cwd: from.cwd.clone(),
        umask: from.umask,
        actions: from.actions.clone(),
        pending: SignalQueue::default(),
        exe: from.exe.clone(),
        arguments: from.arguments.clone(),
        environment: from.environment.clone(),
        auxv: from.auxv.clone(),
        argument_area: from.argument_area,
        command_line: from.command_line.clone(),
        limits: from.limits,
        exit_signal: r.exit_signal,
        attributes: from.attributes,
        ..Process::new(id)
    }
}

/// The parent stays in `vfork` until its child has a program of its own or is gone. Signals do not end that.
fn wait_for_vfork_child(c: &mut Caller<'_>) -> Sys {
    let pid = c.call().progress as u32;
    let child = ProcessId { service: c.service(), pid };
    let released = c.k.processes.get(&child).is_none_or(|p| p.has_execed || p.status.is_some());
    if released {
        return done(pid);
    }
    block(Wait::on(WaitKey::Vfork(child), "vfork: the child has not run a program yet").uninterruptible())
}
