//! Signals: frames, masks, stacks, and who gets what.

use crate::harness::*;
use kernel::Ending;
use kernel::process::Extended;
use kernel::signal::HardwareFault;
use libc::{
    EAGAIN, EINTR, EINVAL, ENOMEM, EPERM, ESRCH, SA_NODEFER, SA_ONSTACK, SA_RESETHAND, SA_RESTART, SIGKILL, SIGSEGV,
    SIGSTOP, SIGUSR1, SIGUSR2, SYS_kill, SYS_pause, SYS_rt_sigprocmask, SYS_rt_sigtimedwait, SYS_sched_yield,
    SYS_sigaltstack, SYS_tgkill, SYS_tkill,
};

const SET: u64 = DATA;
const STACK: u64 = BASE + 0x4_0000;
const MAPERR: HardwareFault = HardwareFault { signal: 11, code: 1, address: 0x1234, trap: 14, error: 6 };

/// Offset of `uc_mcontext.fpstate` in a frame.
const FPSTATE: u64 = 8 + 40 + 184;

fn block(w: &mut World, signals: &[i32]) {
    let set = signals.iter().fold(0, |set, s| set | 1_u64 << (s - 1));
    w.put64(SET, &[set]);
    assert_eq!(w.result(SYS_rt_sigprocmask, &[0, SET, 0, 8]), 0);
}
fn unblock(w: &mut World) {
    w.put64(SET, &[u64::MAX]);
    w.call(SYS_rt_sigprocmask, &[1, SET, 0, 8]);
}
/// A state as the processor stores it: header of the legacy part, marks, and one extended component.
fn extended() -> Extended {
    let mut state = vec![0xa5; 832];
    state[24..28].copy_from_slice(&0x1f80_u32.to_le_bytes());
    state[464..512].fill(0);
    state[464..468].copy_from_slice(&0x4650_5853_u32.to_le_bytes());
    state[468..472].copy_from_slice(&836_u32.to_le_bytes());
    state[472..480].copy_from_slice(&7_u64.to_le_bytes());
    state[480..484].copy_from_slice(&832_u32.to_le_bytes());
    state[512..576].fill(0);
    state[512] = 7;
    state.extend(0x4650_5845_u32.to_le_bytes());
    Extended::Frame(state)
}

#[test]
fn a_frame_restores_every_register() {
    let mut w = World::new(1);
    w.handle(SIGUSR1, libc::SA_SIGINFO);
    w.here().extended = extended();
    let words: Vec<u64> = (0..18).map(|n| 0x1111 * (n + 1)).collect();
    let mut before = kernel::Registers::from_words(words.try_into().unwrap());
    (before.rsp, before.rip, before.eflags) = (BASE + 0x7_0123, CODE, 0x202 | 1 << 10 | 1);
    w.k.thread_mut(tid(100)).registers = before;
    w.send(100, SIGUSR1 as u8);
    // The call it returns from changes rax, rcx and r11.
    w.k.thread_mut(tid(100)).registers.rax = libc::SYS_getpid as u64;
    let host = w.hosts.get_mut(&kernel::AddressSpaceId(1)).unwrap();
    w.k.syscall(host);
    let before = w.regs();
    assert_eq!((before.rax, before.rcx, before.r11), (100, CODE, 0x603));
    assert_eq!(w.step(), Some(tid(100)));

    let r = w.regs();
    assert_eq!((r.rip, r.rdi, r.rax), (HANDLER, SIGUSR1 as u64, 0));
    assert_eq!((r.rsp + 8) % 16, 0);
    assert!(r.rsp < before.rsp - 128);
    assert_eq!((r.rdx, r.rsi), (r.rsp + 8, r.rsp + 312));
    assert_eq!(r.eflags, 0x203, "the direction flag is off");
    assert_eq!(w.u64(r.rsp), RESTORER);
    assert_eq!(w.u64(r.rdx), 7);
    assert_eq!(w.u64(r.rdx + 40 + 144), 0x33 | 0x2b << 48);
    assert_eq!(w.u64(r.rdx + 40 + 128), CODE, "rip");
    let state_at = w.u64(r.rsp + FPSTATE);
    assert_eq!(state_at % 64, 0);
    let thread = &w.k.threads[&tid(100)];
    assert!(thread.reload && thread.extended == Extended::Initial, "a handler starts in the initial state");

    // The handler uses every register and ends.
    let scratch = kernel::Registers { rsp: r.rsp, ..kernel::Registers::default() };
    w.k.thread_mut(tid(100)).registers = scratch;
    assert_eq!(w.sigreturn(), Some(tid(100)));
    assert_eq!(w.regs(), before);
    let thread = &w.k.threads[&tid(100)];
    assert!(thread.reload && thread.extended == extended());
    assert_eq!(thread.mask.0, 0);
}

#[test]
fn a_processor_without_extended_state_gets_the_initial_one() {
    let mut w = World::new(1);
    w.handle(SIGUSR1, 0);
    assert_eq!(w.call(SYS_kill, &[100, SIGUSR1 as u64]), Some(tid(100)));
    let state = w.u64(w.regs().rsp + FPSTATE);
    assert_eq!((w.u32(state) & 0xffff, w.u32(state + 24), w.u32(state + 464)), (0x37f, 0x1f80, 0));
    w.sigreturn();
    assert!(matches!(&w.k.threads[&tid(100)].extended, Extended::Frame(bytes) if bytes.len() == 512));
    assert_eq!(w.rax(), 0, "the result of kill");
}

#[test]
fn frames_that_cannot_be_believed_are_faults() {
    for break_it in [0, 1, 2] {
        let mut w = World::new(1);
        w.here().extended = extended();
        w.handle(SIGUSR1, 0);
        w.call(SYS_kill, &[100, SIGUSR1 as u64]);
        let state = w.u64(w.regs().rsp + FPSTATE);
        let at = w.regs().rdx + 40;
        match break_it {
            0 => w.put64(at + 128, &[1 << 63]),    // an address that is none
            1 => w.put64(state + 512, &[1 << 60]), // a component the frame does not have
            _ => w.put64(at + 184, &[8]),          // state in memory that is not mapped
        }
        assert_eq!(w.sigreturn(), None);
        assert!(matches!(w.k.ending, Some(Ending::Crash(..))));
    }
}

#[test]
fn handlers_of_several_signals_stack_up() {
    let mut w = World::new(1);
    w.handle(SIGUSR1, 0);
    w.action(SIGUSR2, HANDLER + 0x100, 0);
    w.here().extended = extended();
    block(&mut w, &[SIGUSR1, SIGUSR2]);
    for signal in [SIGUSR2, SIGUSR1, SIGUSR1] {
        w.result(SYS_kill, &[100, signal as u64]);
    }
    assert_eq!(w.result(libc::SYS_rt_sigpending, &[SET, 8]), 0);
    assert_eq!(w.u64(SET), 1 << 9 | 1 << 11);
    unblock(&mut w);
    assert_eq!(w.regs().rip, HANDLER + 0x100, "the last frame runs first");
    w.sigreturn();
    assert_eq!(w.regs().rip, HANDLER);
    assert!(w.k.threads[&tid(100)].mask.has(SIGUSR1 as u8));
    w.sigreturn();
    assert_eq!((w.regs().rip, w.rax()), (CODE, 0));
    assert_eq!(w.k.threads[&tid(100)].extended, extended(), "what the first frame kept");
}

#[test]
fn masks_and_flags_of_actions() {
    let mut w = World::new(1);
    w.handle(SIGUSR1, SA_NODEFER | SA_RESETHAND);
    w.call(SYS_kill, &[100, SIGUSR1 as u64]);
    assert!(!w.k.threads[&tid(100)].mask.has(SIGUSR1 as u8));
    assert_eq!(w.k.processes[&pid(100)].action(SIGUSR1 as u8).handler, 0, "back to the default");
    assert_eq!(w.result(libc::SYS_rt_sigaction, &[SIGKILL as u64, DATA, 0, 8]), error(EINVAL));
    assert_eq!(w.result(libc::SYS_rt_sigaction, &[65, 0, DATA, 8]), error(EINVAL));
    assert_eq!(w.result(libc::SYS_rt_sigaction, &[10, 0, DATA, 4]), error(EINVAL));
    // SIGKILL and SIGSTOP cannot be blocked.
    block(&mut w, &[SIGKILL, SIGSTOP, SIGUSR2]);
    assert_eq!(w.k.threads[&tid(100)].mask.0, 1 << (SIGUSR2 - 1));
    assert_eq!(w.result(SYS_rt_sigprocmask, &[7, SET, 0, 8]), error(EINVAL));
    assert_eq!(w.result(SYS_rt_sigprocmask, &[0, 0, SET, 8]), 0);
    assert_eq!(w.u64(SET), 1 << (SIGUSR2 - 1));
}

#[test]
fn handlers_run_on_the_alternate_stack() {
    let mut w = World::new(1);
    w.put64(SET, &[STACK, 0, 1024]);
    assert_eq!(w.result(SYS_sigaltstack, &[SET, 0]), error(ENOMEM));
    w.put64(SET, &[STACK, 4, 8192]);
    assert_eq!(w.result(SYS_sigaltstack, &[SET, 0]), error(EINVAL));
    w.put64(SET, &[STACK, 0, 8192]);
    assert_eq!(w.result(SYS_sigaltstack, &[SET, 0]), 0);
    w.handle(SIGUSR1, SA_ONSTACK);
    w.call(SYS_kill, &[100, SIGUSR1 as u64]);
    let sp = w.regs().rsp;
    assert!(STACK < sp && sp < STACK + 8192);
    assert_eq!(w.u64(w.regs().rdx + 16), STACK);
    assert_eq!(w.result(SYS_sigaltstack, &[SET, 0]), error(EPERM));
    assert_eq!(w.result(SYS_sigaltstack, &[0, SET]), 0);
    assert_eq!(w.u32(SET + 8), libc::SS_ONSTACK as u32);
    // A second one goes below the first.
    w.action(SIGUSR2, HANDLER, SA_ONSTACK);
    w.call(SYS_kill, &[100, SIGUSR2 as u64]);
    assert!(w.regs().rsp < sp - 440);
    w.sigreturn();
    w.k.thread_mut(tid(100)).registers.rsp = sp;
    w.sigreturn();
    assert_eq!(w.k.threads[&tid(100)].alt_stack.base, STACK);
    // Given up while the handler runs, and back afterwards.
    w.put64(SET, &[STACK, 1 << 31, 8192]);
    assert_eq!(w.result(SYS_sigaltstack, &[SET, 0]), 0);
    w.call(SYS_kill, &[100, SIGUSR1 as u64]);
    assert_eq!(w.k.threads[&tid(100)].alt_stack.size, 0);
    w.sigreturn();
    assert_eq!(w.k.threads[&tid(100)].alt_stack.size, 8192);
    w.put64(SET, &[0, 2, 0]);
    assert_eq!(w.result(SYS_sigaltstack, &[SET, SET]), 0);
    assert_eq!(w.result(SYS_sigaltstack, &[0, SET]), 0);
    assert_eq!(w.u32(SET + 8), libc::SS_DISABLE as u32);
}

#[test]
fn faults_reach_their_handler_or_end_the_process() {
    let mut w = World::new(1);
    w.handle(SIGSEGV, libc::SA_SIGINFO);
    assert_eq!(w.fault(MAPERR), Some(tid(100)));
    let r = w.regs();
    assert_eq!((r.rip, r.rdi), (HANDLER, 11));
    assert_eq!((w.u32(r.rsi + 8), w.u64(r.rsi + 16)), (1, 0x1234));
    // err, trapno, oldmask, cr2
    let at = r.rdx + 40 + 152;
    assert_eq!([w.u64(at), w.u64(at + 8), w.u64(at + 16), w.u64(at + 24)], [6, 14, 0, 0x1234]);
    // It is blocked in its own handler, so a second one is the end.
    assert_eq!(w.fault(MAPERR), None);
    let Some(Ending::Crash(thread, what)) = &w.k.ending else { panic!("{:?}", w.k.ending) };
    assert_eq!(*thread, tid(100));
    assert!(what.contains("SIGSEGV") && what.contains("0x1234"), "{what}");
    assert_eq!(w.notes(), ["signal", "signal", "service_crashed", "service_exited"]);
}

#[test]
fn a_frame_that_does_not_fit_is_a_fault() {
    let mut w = World::new(1);
    w.handle(SIGUSR1, 0);
    w.k.thread_mut(tid(100)).registers.rsp = BASE + 100;
    assert_eq!(w.call(SYS_kill, &[100, SIGUSR1 as u64]), None);
    assert!(matches!(w.k.ending, Some(Ending::Crash(..))));
}

#[test]
fn a_signal_for_the_process_goes_to_a_thread_that_takes_it() {
    let mut w = World::new(3);
    w.handle(SIGUSR1, 0);
    block(&mut w, &[SIGUSR1]);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)));
    block(&mut w, &[SIGUSR1]);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(102)));
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)));
    assert_eq!(w.result(SYS_kill, &[100, SIGUSR1 as u64]), 0);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(102)));
    assert_eq!(w.regs().rip, HANDLER);
    assert_eq!(w.info(), (SIGUSR1, 0, 100, 0));
    w.sigreturn();
    assert_eq!(w.rax(), error(EINTR));
}

#[test]
fn a_signal_that_its_thread_blocks_again_is_left_to_another() {
    let mut w = World::new(3);
    w.handle(SIGUSR2, 0);
    // The handler of the first blocks the second.
    w.put64(SET, &[HANDLER, 0x0400_0000, RESTORER, 1 << (SIGUSR2 - 1)]);
    assert_eq!(w.result(libc::SYS_rt_sigaction, &[SIGUSR1 as u64, SET, 0, 8]), 0);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)));
    block(&mut w, &[SIGUSR1, SIGUSR2]);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(102)));
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(101)));
    for signal in [SIGUSR1, SIGUSR2] {
        assert_eq!(w.result(SYS_kill, &[100, signal as u64]), 0);
    }
    assert!(matches!(w.k.threads[&tid(102)].state, kernel::ThreadState::Blocked(_)), "both went to the main thread");
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!(w.regs().rdi, SIGUSR1 as u64);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(102)));
    assert_eq!((w.regs().rip, w.regs().rdi), (HANDLER, SIGUSR2 as u64));
}

#[test]
fn who_can_be_named() {
    let mut w = World::new(2);
    let child = w.process(100, 1);
    w.k.process_mut(child).pgid = 102;
    for (number, args, expected) in [
        (SYS_kill, [100, 0, 0], 0),
        (SYS_kill, [101, 0, 0], 0),
        (SYS_kill, [0, 0, 0], 0),
        (SYS_kill, [-1_i64 as u64, 0, 0], 0),
        (SYS_kill, [-102_i64 as u64, 0, 0], 0),
        (SYS_kill, [-103_i64 as u64, 0, 0], error(ESRCH)),
        (SYS_kill, [999, 0, 0], error(ESRCH)),
        (SYS_kill, [100, 65, 0], error(EINVAL)),
        (SYS_tkill, [101, 0, 0], 0),
        (SYS_tkill, [0, 0, 0], error(EINVAL)),
        (SYS_tkill, [999, 1, 0], error(ESRCH)),
        (SYS_tgkill, [100, 101, 0], 0),
        (SYS_tgkill, [102, 101, 9], error(ESRCH)),
    ] {
        assert_eq!(w.result(number, &args), expected, "{number} {args:x?}");
    }
}

#[test]
fn ignored_signals_are_dropped_unless_blocked() {
    let mut w = World::new(1);
    w.action(SIGUSR1, 1, 0);
    w.result(SYS_kill, &[100, SIGUSR1 as u64]);
    w.result(SYS_kill, &[100, libc::SIGCHLD as u64]);
    assert!(w.k.processes[&pid(100)].pending.is_empty());
    block(&mut w, &[SIGUSR1]);
    w.result(SYS_kill, &[100, SIGUSR1 as u64]);
    assert!(!w.k.processes[&pid(100)].pending.is_empty());
    w.action(SIGUSR1, 1, 0);
    assert!(w.k.processes[&pid(100)].pending.is_empty(), "ignoring it discards it");
}

#[test]
fn queued_signals_carry_values_in_order() {
    let mut w = World::new(1);
    let signal = 40;
    w.handle(signal, libc::SA_SIGINFO);
    block(&mut w, &[signal]);
    for value in [7_u64, 8] {
        w.put(DATA, &[0; 128]);
        w.put32(DATA + 8, -1_i32 as u32);
        w.put64(DATA + 24, &[value]);
        assert_eq!(w.result(libc::SYS_rt_sigqueueinfo, &[100, signal as u64, DATA]), 0);
        assert_eq!(w.result(libc::SYS_rt_tgsigqueueinfo, &[100, 100, SIGUSR1 as u64, 8]), error(libc::EFAULT));
    }
    unblock(&mut w);
    assert_eq!(w.info(), (signal, -1, 0, 7));
    w.sigreturn();
    assert_eq!(w.info(), (signal, -1, 0, 8));
    w.sigreturn();
    let other = w.process(100, 1);
    w.put32(DATA + 8, 0);
    let forged = [u64::from(other.pid), signal as u64, DATA];
    assert_eq!(w.result(libc::SYS_rt_sigqueueinfo, &forged), error(EPERM));
}

#[test]
fn sigsuspend_waits_with_another_mask() {
    let mut w = World::new(2);
    w.handle(SIGUSR1, SA_RESTART);
    w.handle(SIGUSR2, 0);
    block(&mut w, &[SIGUSR1]);
    w.put64(SET, &[1 << (SIGUSR2 - 1)]);
    assert_eq!(w.call(libc::SYS_rt_sigsuspend, &[SET, 8]), Some(tid(101)));
    assert_eq!(w.result(SYS_tkill, &[100, SIGUSR2 as u64]), 0);
    assert_eq!(w.call(SYS_sched_yield, &[]), Some(tid(101)), "that one is blocked now");
    assert_eq!(w.result(SYS_tkill, &[100, SIGUSR1 as u64]), 0);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!((w.regs().rip, w.regs().rdi), (HANDLER, SIGUSR1 as u64));
    assert_eq!(w.k.threads[&tid(100)].mask.0, 1 << 9 | 1 << 11, "both, while the handler runs");
    w.sigreturn();
    // The old mask is back, which lets the other one through.
    assert_eq!((w.regs().rip, w.regs().rdi), (HANDLER, SIGUSR2 as u64));
    w.sigreturn();
    assert_eq!(w.rax(), error(EINTR));
    assert_eq!(w.k.threads[&tid(100)].mask.0, 1 << (SIGUSR1 - 1));
}

#[test]
fn sigtimedwait_takes_signals_without_handlers() {
    let mut w = World::new(2);
    block(&mut w, &[SIGUSR1]);
    w.put64(SET, &[1 << (SIGUSR1 - 1)]);
    w.put64(SET + 8, &[0, 0]);
    assert_eq!(w.result(SYS_rt_sigtimedwait, &[SET, DATA + 64, SET + 8, 8]), error(EAGAIN));
    assert_eq!(w.call(SYS_rt_sigtimedwait, &[SET, DATA + 64, 0, 8]), Some(tid(101)));
    block(&mut w, &[SIGUSR1]);
    w.result(SYS_kill, &[100, SIGUSR1 as u64]);
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!(w.rax(), i64::from(SIGUSR1));
    assert_eq!((w.u32(DATA + 64), w.u32(DATA + 80)), (SIGUSR1 as u32, 100));
    let start = w.now();
    w.put64(SET, &[1 << (SIGUSR1 - 1), 2, 0]);
    assert_eq!(w.result(SYS_rt_sigtimedwait, &[SET, 0, SET + 8, 8]), error(EAGAIN));
    assert!(w.now().since(start).0 >= 2_000_000_000);
    w.handle(SIGUSR2, SA_RESTART);
    w.result(libc::SYS_alarm, &[1]);
    w.handle(libc::SIGALRM, SA_RESTART);
    w.call(SYS_rt_sigtimedwait, &[SET, 0, SET + 8, 8]);
    w.sigreturn();
    assert_eq!(w.rax(), error(EINTR));
}

#[test]
fn a_signal_that_another_thread_took_interrupts_nobody() {
    let mut w = World::new(2);
    w.handle(SIGUSR1, 0);
    let start = w.now();
    w.put64(DATA, &[5, 0]);
    assert_eq!(w.call(libc::SYS_nanosleep, &[DATA, 0]), Some(tid(101)));
    // Sent to the sleeping main thread; the running one takes it before that one runs.
    assert_eq!(w.call(SYS_kill, &[100, SIGUSR1 as u64]), Some(tid(101)));
    assert_eq!(w.regs().rip, HANDLER);
    w.sigreturn();
    assert_eq!(w.call(SYS_pause, &[]), Some(tid(100)));
    assert_eq!(w.rax(), 0);
    assert!(w.now().since(start).0 >= 5_000_000_000);
}

#[test]
fn an_interrupted_transfer_ends_with_what_it_has_moved() {
    for (moved, result) in [(5, 5), (0, libc::SYS_write)] {
        let mut w = World::new(1);
        w.handle(SIGUSR1, SA_RESTART);
        w.send(100, SIGUSR1 as u8);
        // As a write to a pipe leaves its thread when it meets the signal.
        let call = &mut w.k.thread_mut(tid(100)).call;
        (call.number, call.progress) = (libc::SYS_write as u64, moved);
        call.interrupted = Some(kernel::Restart::IfAsked);
        assert_eq!(w.step(), Some(tid(100)));
        assert_eq!(w.sigreturn(), Some(tid(100)));
        assert_eq!(w.rax(), result);
    }
}
