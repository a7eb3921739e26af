//! Ends of threads and processes, and waiting for them.

use crate::harness::*;
use kernel::process::ExitStatus;
use kernel::{Ending, ThreadState};
use libc::{
    EBADF, ECHILD, EINTR, EINVAL, P_ALL, P_PID, SIGCHLD, SIGCONT, SIGKILL, SIGSTOP, SIGTERM, SYS_exit, SYS_exit_group,
    SYS_kill, SYS_pause, SYS_sched_yield, SYS_wait4, SYS_waitid, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WUNTRACED,
};

const STATUS: u64 = DATA;
const ANY: u64 = u32::MAX as u64;

/// A service whose first process waits, and whose child runs.
fn waiting_parent() -> World {
    let mut w = World::new(1);
    w.process(100, 1);
    assert_eq!(w.call(SYS_wait4, &[ANY, STATUS, 0, 0]), Some(tid(101)));
    w
}

#[test]
fn a_parent_learns_how_its_child_ended() {
    for (number, argument, word) in
        [(SYS_exit_group, 3, 0x300), (SYS_exit, 4, 0x400), (SYS_kill, SIGTERM as u64, SIGTERM as u32)]
    {
        let mut w = waiting_parent();
        let args = if number == SYS_kill { vec![101, argument] } else { vec![argument] };
        assert_eq!(w.call(number, &args), Some(tid(100)));
        assert_eq!((w.rax(), w.u32(STATUS)), (101, word));
        assert!(!w.k.processes.contains_key(&pid(101)) && w.k.spaces.len() == 1);
        assert_eq!(w.result(SYS_wait4, &[ANY, STATUS, 0, 0]), error(ECHILD));
        assert_eq!(w.results(number).len(), 1, "the end has an event");
    }
}

#[test]
fn zombies_wait_to_be_waited_for() {
    let mut w = World::new(1);
    w.process(100, 1);
    w.process(100, 1);
    assert_eq!(w.result(SYS_wait4, &[ANY, STATUS, WNOHANG as u64, 0]), 0);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
    assert_eq!(w.call(SYS_exit_group, &[7]), Some(tid(102)));
    assert_eq!(w.call(SYS_exit_group, &[8]), Some(tid(100)));
    assert_eq!(w.k.processes[&pid(101)].status, Some(ExitStatus::Exited(7)));
    let options = (WEXITED | WNOWAIT) as u64;
    for _ in 0..2 {
        assert_eq!(w.result(SYS_waitid, &[P_PID.into(), 102, STATUS, options, 0]), 0);
        let at = |n| w.u32(STATUS + n);
        assert_eq!([at(0), at(8), at(16), at(20), at(24)], [17, 1, 102, 1000, 8]);
    }
    assert_eq!(w.result(SYS_wait4, &[102, 0, 0, DATA + 64]), 102);
    assert_eq!(w.result(SYS_wait4, &[102, 0, 0, 0]), error(ECHILD));
    assert_eq!(w.result(SYS_wait4, &[0, 0, 0, 0]), 101, "of the same group");
    assert_eq!(w.result(SYS_waitid, &[P_ALL.into(), 0, 0, WNOHANG as u64, 0]), error(EINVAL));
    assert_eq!(w.result(SYS_waitid, &[3, 5, 0, WEXITED as u64, 0]), error(EBADF));
    assert_eq!(w.result(SYS_wait4, &[ANY, 0, 1 << 20, 0]), error(EINVAL));
}

#[test]
fn children_of_those_who_ignore_them_leave_no_zombies() {
    for (handler, flags, interrupted) in [(1, 0, false), (HANDLER, libc::SA_NOCLDWAIT, true)] {
        let mut w = World::new(1);
        w.action(SIGCHLD, handler, flags);
        w.process(100, 1);
        assert_eq!(w.call(SYS_wait4, &[ANY, 0, 0, 0]), Some(tid(101)));
        assert_eq!(w.call(SYS_exit_group, &[0]), Some(tid(100)));
        assert!(!w.k.processes.contains_key(&pid(101)));
        if interrupted {
            assert_eq!(w.regs().rip, HANDLER);
            w.sigreturn();
        }
        assert_eq!(w.rax(), error(ECHILD));
    }
}

#[test]
fn sigchld_says_who_and_how() {
    let mut w = World::new(1);
    w.handle(SIGCHLD, libc::SA_SIGINFO);
    w.process(100, 1);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)));
    assert_eq!(w.call(SYS_exit_group, &[9]), Some(tid(100)));
    assert_eq!(w.info(), (SIGCHLD, libc::CLD_EXITED, 101, 9));
    w.sigreturn();
    assert_eq!(w.rax(), error(EINTR));
}

#[test]
fn stops_and_continuations_are_reported() {
    let mut w = World::new(1);
    w.process(100, 2);
    assert_eq!(w.result(SYS_kill, &[101, SIGSTOP as u64]), 0);
    assert_eq!(w.call(SYS_wait4, &[ANY, STATUS, WUNTRACED as u64, 0]), Some(tid(100)));
    assert_eq!((w.rax(), w.u32(STATUS)), (101, (SIGSTOP as u32) << 8 | 0x7f));
    assert!([101, 102].iter().all(|t| w.k.threads[&tid(*t)].state == ThreadState::Stopped));
    assert_eq!(w.result(SYS_wait4, &[ANY, STATUS, (WUNTRACED | WNOHANG) as u64, 0]), 0, "told once");
    assert_eq!(w.result(SYS_kill, &[101, SIGCONT as u64]), 0);
    assert_eq!(w.result(SYS_wait4, &[ANY, STATUS, WCONTINUED as u64, 0]), 101);
    assert_eq!(w.u32(STATUS), 0xffff);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
}

#[test]
fn a_stopped_thread_leaves_its_wait_and_comes_back_to_it() {
    let mut w = World::new(1);
    w.process(100, 1);
    let start = w.now();
    w.put64(DATA, &[10, 0]);
    assert_eq!(w.call(libc::SYS_nanosleep, &[DATA, 0]), Some(tid(101)));
    assert_eq!(w.result(SYS_kill, &[100, SIGSTOP as u64]), 0);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
    assert_eq!(w.k.threads[&tid(100)].state, ThreadState::Stopped);
    w.put64(DATA, &[2, 0]);
    assert_eq!(w.result(libc::SYS_nanosleep, &[DATA, 0]), 0);
    assert_eq!(w.result(SYS_kill, &[100, SIGCONT as u64]), 0);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!(w.rax(), 0);
    assert!((10_000_000_000..10_000_010_000).contains(&w.now().since(start).0));
}

#[test]
fn sigkill_reaches_parked_and_stopped_processes() {
    for stopped in [false, true] {
        let mut w = World::new(1);
        w.process(100, 2);
        assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
        assert_eq!(w.call(SYS_pause, &[]), Some(tid(102)));
        assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
        if stopped {
            w.result(SYS_kill, &[101, SIGSTOP as u64]);
            assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(100)));
        }
        assert_eq!(w.result(SYS_kill, &[101, SIGKILL as u64]), 0);
        assert_eq!(w.call(SYS_wait4, &[ANY, STATUS, 0, 0]), Some(tid(100)));
        assert_eq!((w.rax(), w.u32(STATUS)), (101, 9));
        assert_eq!(w.k.threads.len(), 1);
    }
}

#[test]
fn a_process_can_be_ended_from_outside() {
    let mut w = waiting_parent();
    assert_eq!(w.call(SYS_pause, &[]), None, "nobody can run");
    let mut w = waiting_parent();
    w.k.kill_process(pid(101), ExitStatus::Signaled(9));
    w.k.kill_process(pid(101), ExitStatus::Signaled(9));
    assert_eq!(w.step(), Some(tid(100)));
    assert_eq!((w.rax(), w.u32(STATUS)), (101, 9));
}

#[test]
fn joiners_are_told_by_the_word() {
    let mut w = World::new(2);
    w.put32(DATA + 64, 101);
    assert_eq!(w.call(libc::SYS_futex, &[DATA + 64, 0, 101, 0]), Some(tid(101)));
    assert_eq!(w.result(libc::SYS_set_tid_address, &[DATA + 64]), 101);
    assert_eq!(w.call(SYS_exit, &[5]), Some(tid(100)));
    assert_eq!((w.rax(), w.u32(DATA + 64)), (0, 0));
    assert_eq!(w.k.processes[&pid(100)].threads, [100]);
}

#[test]
fn a_process_lives_as_long_as_its_last_thread() {
    let mut w = World::new(1);
    w.process(100, 2);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
    assert_eq!(w.call(SYS_exit, &[3]), Some(tid(102)));
    assert_eq!(w.k.processes[&pid(101)].status, None);
    assert_eq!(w.call(SYS_exit, &[4]), Some(tid(100)));
    assert_eq!(w.k.processes[&pid(101)].status, Some(ExitStatus::Exited(3)), "as its main thread ended");
}

#[test]
fn orphans_go_to_the_first_process_or_to_a_subreaper() {
    for subreaper in [false, true] {
        let mut w = World::new(1);
        let middle = w.process(100, 1);
        let parent = w.process(middle.pid, 1);
        let child = w.process(parent.pid, 1);
        w.k.process_mut(middle).subreaper = subreaper;
        w.k.process_mut(child).parent_death_signal = libc::SIGUSR1 as u8;
        w.k.thread_mut(tid(child.pid)).mask.add(libc::SIGUSR1 as u8);
        assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
        assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(102)));
        w.call(SYS_exit_group, &[0]);
        let adopter = if subreaper { middle } else { pid(100) };
        assert_eq!(w.k.processes[&child].parent, adopter.pid);
        assert!(w.k.processes[&adopter].children.contains(&child.pid));
        assert!(w.k.processes[&child].pending.set().has(libc::SIGUSR1 as u8));
    }
}

#[test]
fn the_first_process_of_a_service_is_seen_to_end() {
    let mut w = World::new(1);
    w.process(100, 1);
    assert_eq!(w.call(SYS_exit_group, &[2]), Some(tid(101)));
    assert_eq!(w.notes(), ["service_exited"]);
    assert_eq!(w.k.processes[&pid(100)].status, Some(ExitStatus::Exited(2)));
    assert_eq!(w.result(libc::SYS_getppid, &[]), 1);
    assert_eq!(w.call(SYS_exit_group, &[0]), None);
    assert!(!w.k.processes.contains_key(&pid(101)), "nobody waits for an orphan");
    assert!(matches!(&w.k.ending, Some(Ending::Deadlock(parked)) if parked.is_empty()));
}

#[test]
fn a_vfork_parent_waits_for_its_child_and_hears_no_signal() {
    use kernel::{Wait, WaitKey};
    let mut w = World::new(1);
    w.handle(libc::SIGUSR1, 0);
    let child = w.process(100, 1);
    w.k.process_mut(child).vfork_parent = Some(tid(100));
    // As the handler of vfork parks its caller.
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)));
    w.k.park(tid(100), Wait::on(WaitKey::Vfork(child), "a vfork child").uninterruptible());
    assert_eq!(w.result(SYS_kill, &[100, libc::SIGUSR1 as u64]), 0);
    assert!(matches!(w.k.threads[&tid(100)].state, ThreadState::Blocked(_)));
    assert_eq!(w.call(SYS_exit_group, &[0]), Some(tid(100)));
    assert_eq!(w.regs().rip, HANDLER, "now it does");
}

#[test]
fn executing_a_program_sheds_threads_handlers_and_timers() {
    let mut w = World::new(2);
    w.handle(SIGTERM, 0);
    w.action(SIGCHLD, 1, 0);
    assert_eq!(w.result(libc::SYS_timer_create, &[0, 0, DATA]), 0);
    w.put64(DATA, &[0, 0, 5, 0]);
    assert_eq!(w.result(libc::SYS_timer_settime, &[0, 0, DATA, 0]), 0);
    w.put32(DATA + 64, 100);
    w.result(libc::SYS_set_tid_address, &[DATA + 64]);
    let space = w.k.processes[&pid(100)].space;
    let host = w.hosts.get_mut(&space).unwrap();
    w.k.shed_for_exec(host, tid(100));
    let process = &w.k.processes[&pid(100)];
    assert_eq!((process.threads.len(), w.k.threads.len(), w.k.timers.next()), (1, 1, None));
    assert_eq!((process.action(SIGTERM as u8).handler, process.action(SIGCHLD as u8).handler), (0, 1));
    assert_eq!(w.u32(DATA + 64), 0);
    assert_eq!(w.result(libc::SYS_getpid, &[]), 100);
}

#[test]
fn an_interrupted_wait_is_made_again() {
    let mut w = World::new(1);
    w.handle(libc::SIGUSR1, libc::SA_RESTART);
    w.process(100, 1);
    assert_eq!(w.call(SYS_wait4, &[ANY, STATUS, 0, 0]), Some(tid(101)));
    assert_eq!(w.result(SYS_kill, &[100, libc::SIGUSR1 as u64]), 0);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(100)));
    assert_eq!(w.regs().rip, HANDLER);
    assert_eq!(w.sigreturn(), Some(tid(100)));
    let r = w.regs();
    assert_eq!((r.rax, r.rip, r.rdi, r.rsi), (SYS_wait4 as u64, CODE - 2, ANY, STATUS));
    assert_eq!(w.call(SYS_wait4, &[ANY, STATUS, 0, 0]), Some(tid(101)));
    assert_eq!(w.call(SYS_exit_group, &[6]), Some(tid(100)));
    assert_eq!((w.rax(), w.u32(STATUS)), (101, 0x600));
    assert_eq!(w.results(SYS_wait4), [101], "one event for what the program sees as one call");
}
