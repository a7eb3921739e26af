//! Resource limits, and timers of processor time.

use crate::harness::*;
use kernel::Ending;
use kernel::process::{ExitStatus, Process, ProcessId};
use libc::{
    EAGAIN, EFBIG, EINVAL, EMFILE, EPERM, ESRCH, SYS_eventfd2, SYS_fork, SYS_ftruncate, SYS_getitimer, SYS_getpid,
    SYS_memfd_create, SYS_nanosleep, SYS_prlimit64, SYS_setitimer, SYS_timer_create, SYS_timer_settime,
};

const NEW: u64 = DATA;
const OLD: u64 = DATA + 64;
const NOFILE: u64 = libc::RLIMIT_NOFILE as u64;
const FSIZE: u64 = libc::RLIMIT_FSIZE as u64;

fn limit(w: &mut World, who: u64, resource: u64, soft: u64, hard: u64) -> i64 {
    w.put64(NEW, &[soft, hard]);
    w.result(SYS_prlimit64, &[who, resource, NEW, OLD])
}

#[test]
fn limits_go_down_and_never_up_again() {
    let mut w = World::new(1);
    for (who, resource, soft, hard, expected) in [
        (0, NOFILE, 20, 10, error(EINVAL)),
        (0, 99, 1, 1, error(EINVAL)),
        (555, NOFILE, 1, 1, error(ESRCH)),
        (0, NOFILE, 10, 20, 0),
        (100, NOFILE, 20, 20, 0),
        (0, NOFILE, 20, 21, error(EPERM)),
        (0, NOFILE, 0, 20, 0),
    ] {
        assert_eq!(limit(&mut w, who, resource, soft, hard), expected, "{who} {resource}: {soft} {hard}");
    }
    assert_eq!(w.result(SYS_prlimit64, &[0, NOFILE, 0, OLD]), 0);
    assert_eq!((w.u64(OLD), w.u64(OLD + 8)), (0, 20));
}

#[test]
fn a_process_has_no_more_descriptors_than_its_limit() {
    let mut w = World::new(1);
    assert_eq!(limit(&mut w, 0, NOFILE, 2, 3), 0);
    let opened: Vec<i64> = (0..3).map(|_| w.result(SYS_eventfd2, &[0, 0])).collect();
    assert_eq!(opened, [0, 1, error(EMFILE)]);
    assert_eq!(limit(&mut w, 0, NOFILE, 3, 3), 0);
    assert_eq!(w.result(SYS_eventfd2, &[0, 0]), 2);
}

#[test]
fn a_file_that_would_be_too_long_is_told_of_by_a_signal_too() {
    let mut w = World::new(1);
    w.put(DATA + 128, b"file\0");
    assert_eq!(w.result(SYS_memfd_create, &[DATA + 128, 0]), 0);
    assert_eq!(limit(&mut w, 0, FSIZE, 100, 100), 0);
    assert_eq!(w.result(SYS_ftruncate, &[0, 100]), 0);
    w.handle(libc::SIGXFSZ, 0);
    assert_eq!(w.call(SYS_ftruncate, &[0, 101]), Some(tid(100)));
    assert_eq!((w.regs().rip, w.info().0), (HANDLER, libc::SIGXFSZ));
    w.sigreturn();
    assert_eq!(w.rax(), error(EFBIG));
}

/// Makes calls until a handler runs, and says how many it took.
fn calls_until_told(w: &mut World) -> u32 {
    for n in 1..100 {
        w.call(SYS_getpid, &[]);
        if w.regs().rip == HANDLER {
            return n;
        }
    }
    panic!("no signal");
}

#[test]
fn interval_timers_of_processor_time_count_calls_and_not_sleep() {
    for (which, signal) in [(libc::ITIMER_VIRTUAL, libc::SIGVTALRM), (libc::ITIMER_PROF, libc::SIGPROF)] {
        let mut w = World::new(1);
        w.handle(signal, 0);
        // Ten microseconds, then every five.
        w.put64(NEW, &[0, 5, 0, 10]);
        assert_eq!(w.result(SYS_setitimer, &[which as u64, NEW, 0]), 0);
        w.put64(NEW, &[3_600, 0]);
        assert_eq!(w.result(SYS_nanosleep, &[NEW, 0]), 0, "an hour of sleep is one call");
        assert_eq!(w.result(SYS_getitimer, &[which as u64, OLD]), 0);
        let left = w.u64(OLD + 24);
        assert!((1..10).contains(&left), "{left} µs are left");
        let first = calls_until_told(&mut w);
        assert!((left..=left + 1).contains(&u64::from(first)), "{first} calls for {left} µs");
        assert_eq!(w.info().0, signal);
        w.sigreturn();
        let again = calls_until_told(&mut w);
        assert!((3..=5).contains(&again), "{again} calls for 5 µs, one of them the return");
    }
}

#[test]
fn a_posix_timer_of_processor_time_fires_once_with_its_value() {
    let mut w = World::new(1);
    w.handle(libc::SIGUSR1, libc::SA_SIGINFO);
    // struct sigevent: value, signal, SIGEV_SIGNAL.
    w.put64(NEW, &[77, libc::SIGUSR1 as u64, 0, 0, 0, 0, 0, 0]);
    assert_eq!(w.result(SYS_timer_create, &[libc::CLOCK_PROCESS_CPUTIME_ID as u64, NEW, OLD]), 0);
    let timer = u64::from(w.u32(OLD));
    w.put64(NEW, &[0, 0, 0, 8_000]);
    assert_eq!(w.result(SYS_timer_settime, &[timer, 0, NEW, 0]), 0);
    let calls = calls_until_told(&mut w);
    assert!((7..=9).contains(&calls), "{calls} calls for 8 µs");
    let (signal, code, _, value) = w.info();
    assert_eq!((signal, code, value), (libc::SIGUSR1, libc::SI_TIMER, 77));
    w.sigreturn();
    for _ in 0..50 {
        w.result(SYS_getpid, &[]);
    }
}

#[test]
fn a_machine_has_room_for_so_many_living_processes() {
    let mut w = World::new(1);
    let id = |pid: u32| ProcessId { service: SERVICE, pid };
    for pid in 1_000..1_000 + 4_095 {
        w.k.processes.insert(id(pid), Process::new(id(pid)));
    }
    assert_eq!(w.result(SYS_fork, &[]), error(EAGAIN));
    w.k.processes.get_mut(&id(1_000)).expect("made above").status = Some(ExitStatus::Exited(0));
    // One that has ended takes no room; that the host has none is not shown to the program, but ends the run.
    assert_eq!(w.call(SYS_fork, &[]), None);
    let Some(Ending::Limit(what)) = &w.k.ending else { panic!("{:?}", w.k.ending) };
    assert!(
        what.starts_with("the host's processes (its fork: errno 11) was reached by api/100 (test) in fork"),
        "{what}"
    );
}

#[test]
fn a_timer_beyond_the_end_of_time_never_fires() {
    let mut w = World::new(1);
    w.put64(DATA, &[i64::MAX as u64, 0]);
    assert_eq!(w.call(SYS_nanosleep, &[DATA, 0]), None);
    assert!(matches!(&w.k.ending, Some(Ending::Deadlock(_))), "{:?}", w.k.ending);
}
