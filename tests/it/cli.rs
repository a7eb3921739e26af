//! The command line: help, exit codes, mistakes in arguments and in specifications, programs that cannot be guests,
//! ctrl-C, workers that die.

use crate::known::demand;
use crate::support::orders::{self, Case, OVERSELL};
use crate::support::process::Started;
use crate::support::{Scratch, build, command, fbsim, fbsim_in, figure, finish};
use nix::sys::signal::{Signal, kill};
use std::process::Command;
use std::time::Duration;

const COMMANDS: [&str; 7] = ["run", "test", "explore", "replay", "shrink", "trace", "doctor"];

#[test]
fn every_command_has_help() {
    let all = fbsim(&["--help"]).exits(0);
    for name in COMMANDS {
        assert!(
            all.stdout.lines().any(|l| l.trim_start().starts_with(&format!("{name} "))),
            "{name} is not listed\n{all}"
        );
        let one = fbsim(&[name, "--help"]).exits(0).says(&[&format!("Usage: fbsim {name}")]);
        let first = one.stdout.lines().next().unwrap_or_default();
        assert!(first.len() > 15, "{name} does not say what it does\n{one}");
        // Each option says what it is for: on its line, or on the next.
        let lines: Vec<&str> = one.stdout.lines().collect();
        for (i, line) in lines.iter().enumerate().filter(|(_, l)| l.trim_start().starts_with("--")) {
            let words = line.trim_start().split("  ").filter(|w| !w.trim().is_empty()).count();
            let next = lines.get(i + 1).is_some_and(|l| l.starts_with("          ") && !l.trim().starts_with('-'));
            assert!(words > 1 || next, "{name}: {line:?} is not explained\n{one}");
        }
        assert_eq!(fbsim(&["help", name]).exits(0).stdout.lines().next(), Some(first));
    }
    fbsim(&["--version"]).exits(0).says(&[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn the_exit_codes_are_in_the_help() {
    fbsim(&["--help"]).exits(0).says(&["Exit codes:"]);
    let text = fbsim(&["--help"]).stdout.replace('\n', " ");
    for code in
        ["0 held", "1 a property failed", "2 usage", "3 inconclusive", "4 nothing selected", "5 replay diverged"]
    {
        assert!(text.contains(code), "{code:?} is not in\n{text}");
    }
    for code in ["6 this host cannot run it", "70 internal error"] {
        assert!(text.contains(code), "{code:?} is not in\n{text}");
    }
}

#[test]
fn mistakes_on_the_command_line_are_usage_errors() {
    let cases: [(&[&str], &str); 18] = [
        (&[], "Usage: fbsim"),
        (&["no-such-command"], "unrecognized subcommand 'no-such-command'"),
        (&["run"], "<PROGRAM>"),
        (&["run", "--no-such-option", "--", "/bin/true"], "--no-such-option"),
        (&["run", "--seed", "12z", "--", "/bin/true"], "12z"),
        (&["run", "--env", "NOVALUE", "--", "/bin/true"], "expected NAME=VALUE"),
        (&["run", "--strategy", "luck", "--", "/bin/true"], "unknown strategy \"luck\""),
        (&["run", "--cpus", "65", "--", "/bin/true"], "65 is not in 1..=64"),
        (&["run", "--memory", "12", "--", "/bin/true"], "at least 1 MB"),
        (&["run", "--disk", "5 apples", "--", "/bin/true"], "at least 1 MB"),
        (&["run", "--user", "root", "--", "/bin/true"], "cannot be root"),
        (&["explore", "specs/orders", "--seeds", "-1"], "-1"),
        (&["explore", "specs/no-such-spec"], "specs/no-such-spec: no such file or directory"),
        (&["test"], "<SPEC>"),
        (&["replay"], "<FILE>"),
        (&["replay", "no-such-case.fbt"], "no-such-case.fbt: No such file"),
        (&["shrink", "no-such-case.fbt"], "no-such-case.fbt: No such file"),
        (&["trace", "no-such-case.fbt"], "no-such-case.fbt: No such file"),
    ];
    for (args, part) in cases {
        let ran = fbsim(args).exits(2).says(&[part]);
        assert!(ran.stdout.is_empty(), "an error is no result\n{ran}");
    }
}

#[test]
fn a_misspelt_command_or_option_is_suggested() {
    fbsim(&["exlore"]).exits(2).says(&["'explore'"]);
    fbsim(&["explore", "--seed-s", "3"]).exits(2).says(&["'--seeds'"]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    build::services();
    let scratch = Scratch::new("numbers");
    let output = scratch.at("found");
    let explore = |more: &[&str]| {
        let fixed = ["explore", "specs/orders", "--seeds", "1", "--test", "create_order", "--output", &output];
        fbsim(&[&fixed[..], more].concat())
    };
    demand("--jobs 0 is refused", || drop(explore(&["--jobs", "0"]).exits(2)));
    let saved = scratch.at("run.fbt");
    fbsim(&["run", "--save", &saved, "--", "/bin/true"]).exits(0);
    demand("--cpu with a CPU that is not there is refused", || {
        drop(fbsim(&["replay", "--cpu", "999", &saved]).exits(2))
    });
}

#[test]
fn nothing_selected_has_its_own_code() {
    let scratch = Scratch::new("empty");
    build::services();
    for order in ["test", "explore"] {
        fbsim(&[order, "specs/orders", "--test", "no_such_*"]).exits(4).says(&["nothing matches \"no_such_*\""]);
        fbsim(&[order, scratch.path().to_str().expect("text")]).exits(4).says(&["no *.star below it"]);
        fbsim_in(scratch.path(), &[order, "."]).exits(4);
    }
}

#[test]
fn a_test_is_selected_by_name_short_name_or_glob() {
    build::services();
    let scratch = Scratch::new("select");
    let output = scratch.at("found");
    let selected = |pattern: &str| -> Vec<String> {
        let args = ["test", "specs/orders", "--env", "ORDERS_BUGS=", "--test", pattern, "--output", &output];
        let ran = fbsim(&args).exits(0);
        ran.stdout.lines().filter_map(|l| l.strip_prefix("PASS test_")?.split(' ').next()).map(str::to_owned).collect()
    };
    assert_eq!(selected("test_create_order"), ["create_order"]);
    assert_eq!(selected("create_order"), ["create_order"]);
    assert_eq!(selected("*_orders"), ["concurrent_orders", "sequential_orders"]);
    assert_eq!(selected("*").len(), 9);
}

/// A specification that is wrong: exit code 2, the code, the place, the line itself, and this part.
#[track_caller]
fn mistake(scratch: &Scratch, text: &str, code: &str, place: &str, part: &str) {
    scratch.file("wrong.star", text);
    for order in ["test", "explore"] {
        let ran = fbsim_in(scratch.path(), &[order, "wrong.star"]).exits(2);
        let line: usize = place.split(':').next().expect("a line").parse().expect("a number");
        let shown = text.lines().nth(line - 1).expect("the line");
        let ran = ran.says(&[&format!("error[{code}]"), &format!("--> wrong.star:{place}"), shown.trim_end(), part]);
        assert!(ran.stdout.is_empty(), "an error is no result\n{ran}");
    }
}

#[test]
fn a_wrong_specification_is_shown_where_it_is_wrong() {
    let scratch = Scratch::new("wrong");
    let good = "svc = service(\"svc\", binary = \"/bin/true\")\n";
    mistake(&scratch, "def f(x):\n    return (x\ny = 2\n", "FB0101", "3:1", "expected symbol ')'");
    mistake(&scratch, "x = asert_eq(1, 1)\n", "FB0102", "1:5", "did you mean `assert_eq`?");
    mistake(&scratch, "x = no_such_builtin_at_all()\n", "FB0102", "1:5", "not found");
    mistake(
        &scratch,
        "s = service(\"s\", binary = \"/bin/true\", depend_on = [])\n",
        "FB0104",
        "1:40",
        "did you mean `depends_on`?",
    );
    let fault = format!("{good}a = fault_assumption(\"a\", target = svc, conect = deny(\"EIO\"))\n");
    mistake(&scratch, &fault, "FB0106", "2:41", "did you mean `connect`?");
    mistake(&scratch, "d = deny(\"ECONREFUSED\")\n", "FB0105", "1:11", "did you mean `ECONNREFUSED`?");
    mistake(&scratch, "d = delay(\"500\")\n", "FB0107", "1:12", "a number without a unit");
    mistake(&scratch, "load(\"no-such-file.star\", \"x\")\n", "FB0109", "1:7", "no-such-file.star");
    mistake(&scratch, &format!("{good}{good}"), "FB0110", "2:16", "there already is a service \"svc\"");
}

#[test]
fn a_program_that_cannot_be_a_guest_is_shown_where_it_is_named() {
    let scratch = Scratch::new("programs");
    let spec = |name: &str| format!("svc = service(\"svc\", binary = \"{name}\")\n");
    // The 20 bytes that tell what an ELF file is: class, byte order, version, system; then type and machine.
    let elf = |class: u8, machine: u8| [&b"\x7fELF"[..], &[class, 1, 1, 0], &[0; 8], &[2, 0, machine, 0]].concat();
    scratch.executable("text", "just text\n");
    scratch.executable("bits32", elf(1, 3));
    scratch.executable("arm64", elf(2, 183));
    scratch.executable("empty", "");
    scratch.executable("cut", elf(2, 62));
    scratch.file("plain", elf(2, 62));
    std::fs::create_dir(scratch.at("folder")).expect("a directory");
    let cases = [
        ("./no-such-program", "was not found"),
        ("no-such-program", "was not found; looked for"),
        ("./text", "neither an ELF program nor a script"),
        ("./empty", "neither an ELF program nor a script"),
        ("./bits32", "is a 32-bit program"),
        ("./arm64", "is for another processor (ELF machine Some(183))"),
        ("./plain", "is not executable"),
        ("./folder", "was not found"),
    ];
    for (name, part) in cases {
        // Messages may name the machine in other words, as long as they name it.
        let part = part.replace("Some(183)", "183");
        let part = part.split(" (").next().expect("a part");
        mistake(&scratch, &spec(name), "FB0112", "1:32", part);
        let ran = fbsim_in(scratch.path(), &["run", "--", name]).exits(2);
        assert!(ran.stdout.is_empty() && ran.stderr.contains(name.trim_start_matches("./")), "{ran}");
    }
    // Only its first bytes look right: that is found when it is loaded.
    let ran = fbsim_in(scratch.path(), &["run", "--", "./cut"]).exits(2);
    assert!(ran.stderr.contains("cut"), "{ran}");
    // A script whose interpreter is missing.
    scratch.executable("script", "#!/no/such/interpreter\n");
    let ran = fbsim_in(scratch.path(), &["run", "--", "./script"]).exits(2);
    assert!(ran.stderr.contains("script") || ran.stderr.contains("/no/such/interpreter"), "{ran}");
    // And one whose interpreter is there runs.
    scratch.executable("good", "#!/bin/sh\necho \"ran with $1\"\n");
    assert_eq!(fbsim_in(scratch.path(), &["run", "--", "./good", "this"]).exits(0).stdout, "ran with this\n");
}

#[test]
fn the_codes_0_to_6_are_what_they_say() {
    build::services();
    let scratch = Scratch::new("exits");
    let output = scratch.at("found");
    let run = |more: &[&str]| fbsim(&[more, &["--output", &output]].concat());
    run(&["explore", "specs/orders", "--test", "create_order", "--seeds", "2", "--env", "ORDERS_BUGS="]).exits(0);
    let case = OVERSELL.find(&scratch);
    run(&["test", "specs/orders", "--test", "create_order", "--env", "ORDERS_BUGS=no-such-bug"]).exits(1);
    run(&["test", "specs/orders", "--max-calls", "20", "--test", "create_order"]).exits(3);
    run(&["test", "specs/orders", "--test", "nothing"]).exits(4);
    fbsim(&["replay", case.file()]).exits(0);
    // A host without room for the arena.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v 4000000; exec \"$0\" run -- /bin/true"]).arg(crate::support::fbsim_path());
    finish(shell).exits(6).says(&["arena"]);
    fbsim(&["doctor"]).exits(0).says(&["this host can run worlds"]);
}

/// A search that has found something and goes on for long.
#[track_caller]
fn long_search(scratch: &Scratch) -> Started {
    build::services();
    let output = scratch.at("found");
    let env = OVERSELL.env();
    let args = ["explore", "specs/orders", "--keep-going", "--seeds", "1000000", "--env", &env, "--output", &output];
    let mut started = Started::new(command(&args));
    // Progress lines name the failures so far.
    started.wait_for(" runs, 1");
    started
}

#[test]
fn ctrl_c_keeps_what_was_found() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let scratch = Scratch::new("ctrlc");
        let started = long_search(&scratch);
        let before = started.elapsed();
        started.signal(signal);
        let ran = started.finish(Duration::from_secs(60)).exits(1);
        let ran = ran.says(&["interrupted: what was found so far follows", "FAIL test_no_overselling"]);
        let took = ran.took - before;
        assert!(took < Duration::from_secs(20), "{took:?} from ctrl-C to the end\n{ran}");
        let case = Case::of(ran);
        let kept = orders::read(&case.found);
        assert!(!kept.events.is_empty());
        fbsim(&["replay", case.file()]).exits(0);
        figure(&format!("{signal}: a search ended {took:.1?} later, with what it had found"));
    }
}

#[test]
fn ctrl_c_before_anything_was_found_is_inconclusive() {
    build::services();
    let scratch = Scratch::new("early");
    let output = scratch.at("found");
    let args = ["explore", "specs/orders", "--seeds", "1000000", "--env", "ORDERS_BUGS=", "--output", &output];
    let mut started = Started::new(command(&args));
    started.wait_for(" runs, 0 failed");
    started.signal(Signal::SIGINT);
    started.finish(Duration::from_secs(60)).exits(3).says(&["interrupted", " 0 failed"]);
}

#[test]
fn a_second_ctrl_c_ends_a_search_that_is_stuck_in_a_run() {
    let scratch = Scratch::new("twice");
    build::program(&scratch, "spin");
    let text = "svc = service(\"svc\", binary = \"spin\")\n\ndef look():\n    sleep(\"1s\")\n\nscenario(look)\n";
    scratch.file("s.star", text);
    let mut explore = command(&["explore", "s.star", "--spin-limit", "100000", "--seeds", "5"]);
    explore.current_dir(scratch.path());
    let mut started = Started::new(explore);
    started.wait_for("workers");
    started.signal(Signal::SIGINT);
    started.signal(Signal::SIGINT);
    // Two signals that come at once are one to the kernel; more of them change nothing once the command is gone.
    let ran = started.signal_until_the_end(Signal::SIGINT);
    assert_eq!(ran.code(), 130, "{ran}");
    assert!(ran.took < Duration::from_secs(30), "{ran}");
    demand("a second ctrl-C leaves no worker behind", || started.nothing_is_left());
    started.kill_all();
}

/// Kills a worker of a search in the middle and sees how the search ends.
#[track_caller]
fn kill_a_worker(jobs: &str, limit: Duration) {
    build::services();
    let scratch = Scratch::new("worker");
    let output = scratch.at("found");
    // Enough of them that the search is not over when a worker is killed.
    let fixed = ["explore", "specs/orders", "--seeds", "400", "--env", "ORDERS_BUGS=", "--output", &output];
    let mut started = Started::new(command(&[&fixed[..], &["--jobs", jobs]].concat()));
    started.wait_for(" runs, 0 failed");
    kill(started.worker(), Signal::SIGKILL).expect("a worker that lives");
    let ran = started.finish(limit).exits(70);
    let ran = ran.says(&["a worker died", "signal: 9", "seed 0x", "it was replaced", " 1 lost"]);
    let runs = crate::support::between(&ran.stdout, "orders.star: ", " runs of").expect("runs").to_owned();
    // A calibration that is lost is run again, so all tests are searched to the end, but for the seed that was lost.
    let wanted = 9 * 400;
    assert!(runs.parse::<u64>().expect("a number") >= wanted, "the search did not go on to its end\n{ran}");
}

#[test]
fn a_worker_that_dies_is_told_with_its_seed_and_replaced() {
    kill_a_worker("1", Duration::from_secs(120));
}

#[test]
fn a_worker_that_dies_takes_no_run_of_another_with_it() {
    demand("a search survives the death of one of several workers", || kill_a_worker("6", Duration::from_secs(40)));
}

#[test]
fn the_example_specifications_of_the_documents_run() {
    build::services();
    let scratch = Scratch::new("examples");
    let output = scratch.at("found");
    let examples = crate::support::root().join("docs/examples");
    let names = crate::support::scratch::names_in(&examples);
    for name in names.iter().filter(|n| n.ends_with(".star")) {
        let path = examples.join(name);
        let ran = fbsim(&["test", path.to_str().expect("text"), "--output", &output]);
        assert!([0, 1].contains(&ran.code()), "{name} is neither held nor failed\n{ran}");
    }
}

#[test]
fn a_program_gets_the_machine_that_is_asked_for() {
    let scratch = Scratch::new("machine");
    let saved = scratch.path().join("machine.fbt").to_string_lossy().into_owned();
    let script = "nproc; id -un; id -u; grep MemTotal /proc/meminfo; df -k --output=size /tmp | tail -n 1; pwd >/dev/null; echo $HOME";
    let asked = ["--cpus", "3", "--memory", "512MB", "--disk", "1GiB", "--user", "pg:70"];
    let mut line = vec!["run", "--save", &saved];
    line.extend(asked);
    line.extend(["--", "/bin/sh", "-c", script]);
    let ran = fbsim(&line).exits(0);
    let shown: Vec<&str> = ran.stdout.split_whitespace().collect();
    assert_eq!(shown, ["3", "pg", "70", "MemTotal:", "524288", "kB", "1048604", "/home/pg"], "{ran}");
    fbsim(&["replay", &saved]).exits(0).says(&["the replay is the same"]);
}

/// A job that does not fit into a pipe reaches the worker all the same.
#[test]
fn a_large_case_is_replayed() {
    let scratch = Scratch::new("large");
    let saved = scratch.path().join("large.fbt").to_string_lossy().into_owned();
    fbsim(&["run", "--save", &saved, "--", "/bin/ls", "-lR", "/usr/include"]).exits(0);
    let len = std::fs::metadata(&saved).expect("a case").len();
    assert!(len > 1 << 16, "{len} bytes are more than a pipe holds");
    fbsim(&["replay", &saved]).exits(0).says(&["the replay is the same"]);
}
