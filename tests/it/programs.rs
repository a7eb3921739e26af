//! Guests that end badly or not at all: each is diagnosed with service, thread and program counter, and nothing hangs.

use crate::known::demand;
use crate::support::process::{Ran, finish_within};
use crate::support::{Scratch, build, command, fbsim, fbsim_in, figure, finish};
use std::process::Command;
use std::time::Duration;

/// What a crash is told with: the thread as SERVICE/NUMBER, and a program counter.
#[track_caller]
fn names_thread_and_counter(text: &str, service: &str) {
    let thread = text.split_once(&format!("{service}/")).map(|(_, rest)| rest).unwrap_or_default();
    assert!(thread.starts_with(|c: char| c.is_ascii_digit()), "no thread of {service} in {text:?}");
    let counter = text.split_once(" at 0x").map(|(_, rest)| rest).unwrap_or_default();
    let digits = counter.chars().take_while(char::is_ascii_hexdigit).count();
    assert!(digits > 0, "no program counter in {text:?}");
}

/// The line of a text that contains something.
#[track_caller]
fn line_with<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|l| l.contains(part)).unwrap_or_else(|| panic!("no line with {part:?} in {text}"))
}

/// A specification beside its program: one service of one port.
fn spec(scratch: &Scratch, program: &str, args: &str, healthcheck: &str) {
    build::program(scratch, program);
    let text = format!(
        "svc = service(\"svc\", interface(\"main\", \"tcp\", 5000), binary = \"{program}\", args = [{args}]{healthcheck})\n\n\
         def look():\n    sleep(\"100s\")\n\nscenario(look)\n"
    );
    scratch.file("s.star", text);
}

#[test]
fn a_link_beside_its_program_is_called_by_its_own_name() {
    let scratch = Scratch::new("alias");
    scratch.executable("real", "#!/bin/sh\necho called $0\nsleep 1000\n");
    std::os::unix::fs::symlink("real", scratch.at("alias")).expect("a link");
    let test = "def test_name():\n    assert_eventually(where = lambda e: e.get(\"raw\", \"\").endswith(\"/alias\"))\n";
    let spec = scratch.file("s.star", format!("service(\"svc\", binary = \"alias\")\n\n{test}"));
    fbsim(&["test", &spec]).exits(0).says(&["PASS test_name"]);
}

#[test]
fn exit_codes_pass_through() {
    let scratch = Scratch::new("codes");
    let program = build::program(&scratch, "crash");
    for code in [0, 1, 2, 3, 7, 70, 125, 255] {
        let ran = fbsim(&["run", "--", &program, &code.to_string()]).exits(code);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("before\n", ""), "{ran}");
    }
}

#[test]
fn a_crash_is_told_with_thread_and_counter_and_exits_as_natively() {
    let scratch = Scratch::new("crash");
    let program = build::program(&scratch, "crash");
    let ways = [
        ("write", "SIGSEGV"),
        ("call", "SIGSEGV"),
        ("stack", "SIGSEGV"),
        ("illegal", "SIGILL"),
        ("divide", "SIGFPE"),
        ("abort", "SIGABRT"),
    ];
    for (way, signal) in ways {
        let mut native = Command::new(&program);
        native.arg(way);
        let native = finish(native);
        let inside = fbsim(&["run", "--", &program, way]).exits(native.code());
        assert_eq!(inside.stdout, native.stdout, "{inside}");
        assert!(native.code() > 128, "{native}");
        names_thread_and_counter(line_with(&inside.stderr, signal), "crash");
    }
    // Killed on purpose, not crashed: the exit code says it.
    fbsim(&["run", "--", &program, "kill"]).exits(137);
    figure(&format!(
        "{} of {} ways to crash exit as natively and are told with thread and counter",
        ways.len(),
        ways.len()
    ));
}

#[test]
fn a_crash_fails_a_test() {
    let scratch = Scratch::new("crashspec");
    spec(&scratch, "crash", "\"write\"", "");
    for order in [&["test"][..], &["explore", "--seeds", "3"]] {
        let ran = fbsim_in(scratch.path(), &[order, &["s.star"]].concat()).exits(1).says(&["FAIL test_look"]);
        names_thread_and_counter(line_with(&ran.stdout, "SIGSEGV"), "svc");
    }
}

#[test]
fn a_crash_before_the_service_is_ready_is_no_timeout() {
    let scratch = Scratch::new("crashboot");
    spec(&scratch, "crash", "\"write\"", ", healthcheck = tcp(\"localhost:5000\")");
    let ran = fbsim_in(scratch.path(), &["test", "s.star"]).exits(1);
    names_thread_and_counter(line_with(&ran.stdout, "SIGSEGV"), "svc");
}

#[test]
fn a_deadlock_is_told_with_every_thread() {
    let scratch = Scratch::new("deadlock");
    let program = build::program(&scratch, "deadlock");
    let ran = fbsim(&["run", "--", &program]).exits(1).says(&["deadlock", "nothing can run any more"]);
    let waiting: Vec<&str> = ran.stderr.lines().filter(|l| l.contains("waits in futex(")).collect();
    assert_eq!(waiting.len(), 2, "two threads wait\n{ran}");
    assert!(ran.took < Duration::from_secs(20), "{ran}");
    demand("a deadlock is told with program counters", || {
        waiting.iter().for_each(|line| names_thread_and_counter(line, "deadlock"));
    });
}

#[test]
fn a_service_that_deadlocks_before_it_is_ready_is_told_so() {
    let scratch = Scratch::new("deadboot");
    spec(&scratch, "deadlock", "", ", healthcheck = tcp(\"localhost:5000\")");
    let ran = fbsim_in(scratch.path(), &["test", "s.star"]).exits(1).says(&["svc was not ready within"]);
    demand("a service that is not ready is told with what its threads wait for", || {
        assert!(ran.stdout.contains("waits in futex("), "{ran}");
    });
}

/// Runs fbsim on something that spins, with a limit of one second of processor time.
#[track_caller]
fn spins(mut command: Command, service: &str, offset_in: &str) {
    command.env_remove("FBSIM_SEED");
    let ran: Ran = finish_within(command, Duration::from_secs(60)).exits(1);
    let output = format!("{}{}", ran.stdout, ran.stderr);
    let line = line_with(&output, "used the processor for too long without a call");
    names_thread_and_counter(line, service);
    assert!(line.contains(&format!("/{offset_in}+0x")), "the place is not named by file and offset: {line}");
}

#[test]
fn a_spin_without_a_call_is_told_with_the_place() {
    let scratch = Scratch::new("spin");
    let program = build::program(&scratch, "spin");
    spins(command(&["run", "--spin-limit", "1", "--", &program]), "spin", "spin");
    // With another thread that waits, or with a test that does, its turns are counted; they are not endless either.
    spins(command(&["run", "--spin-limit", "1", "--", &program, "awaited"]), "spin", "spin");
    spec(&scratch, "spin", "", "");
    for order in [&["test"][..], &["explore", "--seeds", "2", "--no-shrink"]] {
        let mut command = command(&[order, &["s.star", "--spin-limit", "1"]].concat());
        command.current_dir(scratch.path());
        spins(command, "svc", "spin");
    }
}

#[test]
fn a_spin_in_code_made_at_run_time_is_told_as_such() {
    let scratch = Scratch::new("made");
    let program = build::program(&scratch, "spin");
    let ran = fbsim(&["run", "--spin-limit", "1", "--", &program, "made"]).exits(1);
    let line = line_with(&ran.stderr, "used the processor for too long without a call");
    names_thread_and_counter(line, "spin");
    assert!(line.ends_with("in code made at run time, whose loops are not counted"), "{line}");
}

#[test]
fn a_spin_that_another_thread_ends_is_none() {
    let scratch = Scratch::new("flag");
    let program = build::program(&scratch, "spin");
    fbsim(&["run", "--spin-limit", "1", "--", &program, "flag"]).exits(0);
}

#[test]
fn a_spin_limit_is_processor_time_not_wall_clock() {
    // The virtual clock may jump over an hour; that is no spin.
    let ran = fbsim(&["run", "--spin-limit", "1", "--summary", "--", "/bin/sleep", "3600"]).exits(0);
    assert!(ran.took < Duration::from_secs(20), "{ran}");
    assert!(ran.stderr.contains("time 3600"), "{ran}");
}

#[test]
fn a_run_that_calls_for_ever_is_given_up_as_inconclusive() {
    let scratch = Scratch::new("calls");
    build::services();
    let output = scratch.at("found");
    let args = ["test", "specs/orders", "--test", "create_order", "--max-calls", "50", "--output", &output];
    fbsim(&args)
        .exits(3)
        .says(&["OPEN test_create_order", "the limit of 50 system calls (--max-calls) was reached by "]);
    let args =
        ["explore", "specs/orders", "--test", "create_order", "--max-calls", "50", "--seeds", "3", "--output", &output];
    fbsim(&args).exits(3).says(&[" 0 held, 0 failed, "]);
}

/// Programs that never end are ended, with the thread, the call, and the limit or what is waited for.
#[test]
fn what_never_ends_is_told() {
    fbsim(&["run", "--", "/bin/sleep", "infinity"]).exits(1).says(&["sleep/100 waits in pause("]);
    // Beyond the end of time.
    fbsim(&["run", "--", "/bin/sleep", "9999999999"]).exits(1).says(&["sleep/100 waits in clock_nanosleep("]);
    let limit = "the limit of 1000 system calls (--max-calls) was reached by yes/100 (yes) in write, at 0x";
    fbsim(&["run", "--max-calls", "1000", "--", "/usr/bin/yes"]).exits(3).says(&[limit]);
}
