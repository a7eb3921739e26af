//! Identity, limits, names and entropy.

use crate::harness::*;
use libc::*;

const AT: u64 = DATA;

#[test]
fn results_of_simple_calls() {
    let mut w = World::new(2);
    w.process(100, 1);
    w.put64(AT + 512, &[0x2008_0522, 0]);
    for (number, args, expected) in [
        (SYS_getuid, [0; 4], 1000),
        (SYS_getegid, [0; 4], 1000),
        (SYS_setuid, [1000, 0, 0, 0], 0),
        (SYS_setuid, [0, 0, 0, 0], error(EPERM)),
        (SYS_setresgid, [u64::MAX, 1000, u64::MAX, 0], 0),
        (SYS_setreuid, [1000, 5, 0, 0], error(EPERM)),
        (SYS_getresuid, [AT, AT + 4, AT + 8, 0], 0),
        (SYS_getgroups, [0, 0, 0, 0], 1),
        (SYS_setgroups, [0, 0, 0, 0], error(EPERM)),
        (SYS_capget, [AT + 512, AT, 0, 0], 0),
        (SYS_getpid, [0; 4], 100),
        (SYS_gettid, [0; 4], 100),
        (SYS_getppid, [0; 4], 0),
        (SYS_getpgrp, [0; 4], 100),
        (SYS_getsid, [101, 0, 0, 0], error(ESRCH)),
        (SYS_getsid, [102, 0, 0, 0], 100),
        (SYS_setsid, [0; 4], error(EPERM)),
        (SYS_setpgid, [0, 0, 0, 0], error(EPERM)),
        (SYS_setpgid, [102, 0, 0, 0], 0),
        (SYS_getpgid, [102, 0, 0, 0], 102),
        (SYS_setpgid, [102, 77, 0, 0], error(EPERM)),
        (SYS_setpgid, [102, 100, 0, 0], 0),
        (SYS_setpgid, [99, 0, 0, 0], error(ESRCH)),
        (SYS_getpriority, [0; 4], 20),
        (SYS_setpriority, [0, 0, -5_i64 as u64, 0], error(EACCES)),
        (SYS_sched_getscheduler, [0; 4], 0),
        (SYS_sched_get_priority_max, [1, 0, 0, 0], 99),
        (SYS_sched_getaffinity, [0, 128, AT, 0], 8),
        (SYS_sched_getaffinity, [0, 4, AT, 0], error(EINVAL)),
        (SYS_getcpu, [AT, AT, 0, 0], 0),
        (SYS_personality, [0xffff_ffff, 0, 0, 0], 0),
        (SYS_arch_prctl, [0x1002, 0x1234, 0, 0], 0),
        (SYS_arch_prctl, [0x1003, AT + 600, 0, 0], 0),
        (SYS_arch_prctl, [0x1001, 0, 0, 0], error(EPERM)),
        (SYS_arch_prctl, [0x1012, 0, 0, 0], error(ENODEV)),
        (SYS_arch_prctl, [0x3001, 0, 0, 0], error(EINVAL)),
        (SYS_set_robust_list, [AT, 23, 0, 0], error(EINVAL)),
        (SYS_rseq, [0; 4], error(ENOSYS)),
        (SYS_prctl, [PR_SET_DUMPABLE as u64, 0, 0, 0], 0),
        (SYS_prctl, [PR_GET_DUMPABLE as u64, 0, 0, 0], 0),
        (SYS_prctl, [PR_SET_NO_NEW_PRIVS as u64, 1, 0, 0], 0),
        (SYS_prctl, [PR_GET_NO_NEW_PRIVS as u64, 0, 0, 0], 1),
        (SYS_prctl, [PR_SET_SECCOMP as u64, 1, 0, 0], error(EINVAL)),
        (SYS_prctl, [PR_CAPBSET_READ as u64, 41, 0, 0], error(EINVAL)),
        (SYS_prctl, [12345, 0, 0, 0], error(EINVAL)),
        (SYS_sysinfo, [AT, 0, 0, 0], 0),
        (SYS_getrusage, [5, AT, 0, 0], error(EINVAL)),
    ] {
        assert_eq!(w.result(number, &args), expected, "{number} {args:x?}");
    }
    assert_eq!(w.u64(AT + 600), 0x1234);
    assert_eq!(w.u64(AT + 104), 1, "unit of memory in sysinfo");
}

#[test]
fn names() {
    let mut w = World::new(1);
    w.put(AT, b"a name that is too long\0");
    assert_eq!(w.result(SYS_prctl, &[PR_SET_NAME as u64, AT]), 0);
    assert_eq!(w.k.threads[&tid(100)].name, "a name that is ");
    assert_eq!(w.result(SYS_prctl, &[PR_GET_NAME as u64, AT + 32]), 0);
    assert_eq!(w.u64(AT + 40) >> 56, 0);
    assert_eq!(w.result(SYS_uname, &[AT]), 0);
    let mut field = |n: u64| {
        let mut text = [0; 65];
        kernel::Host::read(w.here(), AT + n * 65, &mut text);
        String::from_utf8(text.iter().copied().take_while(|b| *b != 0).collect()).unwrap()
    };
    assert_eq!([field(0), field(1), field(2), field(4)], ["Linux", "api", "6.1.0-fbsim", "x86_64"]);
}

#[test]
fn limits_can_be_lowered_but_not_raised() {
    let mut w = World::new(1);
    let nofile = RLIMIT_NOFILE as u64;
    assert_eq!(w.result(SYS_prlimit64, &[0, nofile, 0, AT]), 0);
    assert_eq!((w.u64(AT), w.u64(AT + 8)), (1024, 1 << 20));
    w.put64(AT, &[4096, 8192]);
    assert_eq!(w.result(SYS_prlimit64, &[100, nofile, AT, AT + 16]), 0);
    assert_eq!(w.result(SYS_getrlimit, &[nofile, AT]), 0);
    assert_eq!((w.u64(AT), w.u64(AT + 8)), (4096, 8192));
    w.put64(AT, &[4096, 8193]);
    assert_eq!(w.result(SYS_setrlimit, &[nofile, AT]), error(EPERM));
    w.put64(AT, &[2, 1]);
    assert_eq!(w.result(SYS_setrlimit, &[nofile, AT]), error(EINVAL));
    assert_eq!(w.result(SYS_prlimit64, &[0, 16, 0, AT]), error(EINVAL));
    assert_eq!(w.result(SYS_prlimit64, &[999, nofile, 0, AT]), error(ESRCH));
}

#[test]
fn entropy_depends_on_seed_phase_and_process() {
    let draw = |seed: u64, phase, process: usize| {
        let mut w = World::new(1);
        w.k.config.seed = model::Seed(seed);
        w.process(100, 1);
        w.result(SYS_getrandom, &[AT, 8, 0]);
        w.k.choices.enter(phase);
        if process == 1 {
            w.call(SYS_sched_yield, &[]);
        }
        assert_eq!(w.result(SYS_getrandom, &[AT, 8, 1]), 8);
        w.u64(AT)
    };
    use model::Phase::{Boot, Run};
    assert_eq!(draw(1, Run, 0), draw(1, Run, 0));
    assert_ne!(draw(1, Run, 0), draw(2, Run, 0));
    assert_ne!(draw(1, Run, 0), draw(1, Run, 1));
    assert_ne!(draw(1, Run, 0), draw(1, Boot, 0));
    assert_eq!(draw(1, Boot, 0), draw(2, Boot, 0), "one boot for a batch of seeds");
    let mut w = World::new(1);
    assert_eq!(w.result(SYS_getrandom, &[AT, 8, 8]), error(EINVAL));
    assert_eq!(w.result(SYS_getrandom, &[8, 8, 0]), error(EFAULT));
}
