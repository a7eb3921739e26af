//! Many random calls of many threads: nothing panics, nobody is lost, and two runs are the same.

use crate::harness::*;
use kernel::{Pending, ThreadState};
use libc::*;
use model::choice::{Choices, Point, Source};
use model::rng::Random;
use model::{EventHash, Phase, Seed};

const CALLS: [i64; 40] = [
    SYS_futex,
    SYS_futex,
    SYS_futex,
    SYS_futex,
    SYS_kill,
    SYS_kill,
    SYS_tgkill,
    SYS_tkill,
    SYS_rt_sigprocmask,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_rt_sigaction,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_rt_sigpending,
    SYS_sigaltstack,
    SYS_rt_sigqueueinfo,
    SYS_nanosleep,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_clock_gettime,
    SYS_setitimer,
    SYS_alarm,
    SYS_timer_create,
    SYS_timer_settime,
    SYS_timer_settime,
    SYS_timer_gettime,
    SYS_timer_delete,
    SYS_sched_yield,
    SYS_sched_yield,
    SYS_wait4,
    SYS_waitid,
    SYS_exit,
    SYS_set_tid_address,
    SYS_set_robust_list,
    SYS_setpgid,
    SYS_prctl,
    SYS_getrandom,
    SYS_prlimit64,
    SYS_pause,
];

/// Arguments that often mean something.
fn argument(r: &mut Random) -> u64 {
    match r.below(10) {
        0..4 => DATA + r.below(16) * 8,
        4 => SHARED + r.below(4) * 4,
        5 => 100 + r.below(10),
        6 => r.below(3),
        7 => r.below(66),
        8 => 0,
        _ => r.next_u64() >> r.below(64),
    }
}

/// Answers that are as likely as any other.
#[derive(Debug)]
struct Dice(Random);

impl Source for Dice {
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        self.0.below(u64::from(point.alternatives)) as u32
    }
}

/// Whatever a world looks like inside, each thread is in exactly one place.
fn check(w: &World, seed: u64) {
    let k = &w.k;
    for (id, thread) in k.threads.iter() {
        let queued = k.run_queue.iter().filter(|t| **t == id).count();
        match &thread.state {
            ThreadState::Runnable if id == k.current => assert_eq!(queued, 0, "{seed}: {id} runs"),
            ThreadState::Runnable => assert_eq!(queued, 1, "{seed}: {id} can run"),
            ThreadState::Blocked(wait) => {
                assert_eq!(queued, 0, "{seed}: {id} is parked");
                assert_eq!(thread.pending, Pending::Call);
                for key in &wait.keys {
                    assert!(k.waiters.under(*key).contains(&id), "{seed}: {id} is under {key:?}");
                }
            }
            ThreadState::Stopped => {
                assert_eq!(queued, 0, "{seed}: {id} is stopped");
                assert!(k.processes[&thread.process].job.is_stopped());
            }
        }
        assert!(k.processes[&thread.process].threads.contains(&id.tid));
    }
    for process in k.processes.values() {
        assert_eq!(process.status.is_some(), process.threads.is_empty(), "{seed}: {:?}", process.id);
        assert_eq!(process.status.is_none(), k.spaces.contains_key(&process.space));
    }
}

fn storm(seed: u64) -> (EventHash, u64, usize) {
    let mut r = Random::of_purpose(Seed(seed), "storm");
    let mut w = World::new(3);
    w.k.config.end_on_crash = false;
    if seed % 2 == 1 {
        w.k.choices = Choices::new(Box::new(Dice(Random::of_purpose(Seed(seed), "schedule"))));
        w.k.choices.enter(Phase::Run);
    }
    w.process(100, 3);
    w.process(100, 2);
    w.process(103, 2);
    for process in w.k.processes.values_mut() {
        for signal in 1..=64 {
            if r.ratio(2, 3) {
                // SA_RESTORER, and any of SA_NODEFER, SA_RESTART, SA_ONSTACK, SA_SIGINFO, SA_NOCLDWAIT, SA_NOCLDSTOP.
                let flags = 0x0400_0000 | r.next_u64() & 0x5800_0007;
                let mask = kernel::signal::SignalMask(r.next_u64() & r.next_u64()).blockable();
                let action = kernel::signal::Action { handler: HANDLER, flags, restorer: RESTORER, mask };
                process.set_action(signal, action);
            }
        }
    }
    let (mut calls, mut handlers) = (0, 0);
    while calls < 600 {
        calls += 1;
        let returns = w.u64_if_mapped(w.regs().rsp) == Some(RESTORER) && r.ratio(1, 2);
        let next = if returns {
            handlers += 1;
            w.sigreturn()
        } else {
            for n in 0..16 {
                let value = [0, 0, 1, HANDLER, RESTORER | 0x1400_0000, r.below(1 << 20)][r.below(6) as usize];
                w.put64(DATA + n * 8, &[value]);
            }
            let number = CALLS[r.below(CALLS.len() as u64) as usize];
            // Children would run out of the world soon if it were drawn as often as the others.
            let number = if number == SYS_exit && r.ratio(3, 4) { SYS_getpid } else { number };
            let args: Vec<u64> = (0..6).map(|_| argument(&mut r)).collect();
            w.call(number, &args)
        };
        check(&w, seed);
        let Some(id) = next else { break };
        let thread = &w.k.threads[&id];
        assert_eq!((thread.pending.clone(), thread.call.interrupted), (Pending::None, None), "{seed}: {id} is ready");
        assert!(!(-515..=-512).contains(&w.rax()), "{seed}: a restart reached {id}");
    }
    (w.k.log.hash(), calls, handlers)
}

#[test]
fn a_storm_of_calls_leaves_the_world_in_order() {
    let (mut calls, mut handlers) = (0, 0);
    for seed in 0..400 {
        let first = storm(seed);
        if seed % 8 < 2 {
            assert_eq!(first, storm(seed), "{seed}: the same calls, the same world");
        }
        calls += first.1;
        handlers += first.2;
    }
    // Otherwise the storm says little.
    assert!(calls > 20_000 && handlers > 1_000, "{calls} calls, {handlers} handlers");
}
