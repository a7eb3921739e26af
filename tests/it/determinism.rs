//! One seed, one run: the same event hash and the same output every time, on either CPU, idle or under load; another
//! seed, another run. And the comparison finds a difference where there is one, and is no success when it compared
//! nothing.
//!
//! Longer runs of the same tests: `FBSIM_IT_PAIRS=1000`.

use crate::support::load::Load;
use crate::support::process::{Started, finish_within};
use crate::support::{Ran, Scratch, between, build, command, cpus, fbsim, figure, root, setting, skipped};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PYTHON: &str = "/usr/bin/python3";
/// Prints Python's hash seed, the order of a set, and where objects lie.
const PYTHON_PROGRAM: &str = "\
import os, random, threading
print(hash('fbsim'), {'a', 'b', 'c', 'd', 'e'}, random.random(), os.urandom(8).hex(), id(object()))
threads = [threading.Thread(target=print, args=('thread', n)) for n in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
";

fn pairs() -> u64 {
    setting("FBSIM_IT_PAIRS", 20)
}

/// What is to be the same: everything the program printed, and the hash and counts that fbsim prints.
fn seen(ran: &Ran) -> (&str, &str) {
    let summary = ran.stderr.lines().find(|l| l.starts_with("hash ")).unwrap_or_else(|| panic!("no summary\n{ran}"));
    (&ran.stdout, summary)
}

#[track_caller]
fn run(seed: u64, program: &[&str]) -> Ran {
    let seed = seed.to_string();
    let ran = fbsim(&[&["run", "--summary", "--strategy", "random", "--seed", &seed, "--"], program].concat()).exits(0);
    assert!(!ran.stdout.is_empty(), "it printed nothing\n{ran}");
    ran
}

/// Runs a program twice with each of some seeds, the second time under load, and compares; then compares the seeds.
#[track_caller]
fn each_seed_is_one_run(name: &str, program: &[&str]) {
    const SEEDS: u64 = 6;
    let first: Vec<Ran> = (1..=SEEDS).map(|seed| run(seed, program)).collect();
    let load = Load::on(&cpus());
    for (seed, first) in (1..).zip(&first) {
        let second = run(seed, program);
        assert!(seen(first) == seen(&second), "seed {seed} gave two runs\n{first}\n{second}");
    }
    drop(load);
    for (i, a) in first.iter().enumerate() {
        for b in &first[i + 1..] {
            assert!(a.stdout != b.stdout, "two seeds printed the same\n{a}\n{b}");
            assert!(seen(a).1 != seen(b).1, "two seeds have the same hash\n{a}\n{b}");
        }
    }
    figure(&format!(
        "{name}: {SEEDS} of {SEEDS} pairs of runs are the same, one run of each under load; {SEEDS} seeds differ"
    ));
}

#[test]
fn randomness_comes_from_the_seed() {
    let scratch = Scratch::new("entropy");
    let program = build::program(&scratch, "entropy");
    each_seed_is_one_run("entropy", &[&program]);
    let (one, two) = (run(1, &[&program]), run(2, &[&program]));
    let mut all: Vec<&str> = one.stdout.lines().chain(two.stdout.lines()).collect();
    assert_eq!(all.len(), 8, "{one}");
    // The same source twice, and the same source with another seed: never the same bytes.
    all.iter_mut().for_each(|line| *line = line.rsplit(' ').next().expect("the bytes"));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 8, "{one}\n{two}");
}

#[test]
fn python_hashes_follow_the_seed() {
    each_seed_is_one_run("Python", &[PYTHON, "-c", PYTHON_PROGRAM]);
}

#[test]
fn go_map_order_follows_the_seed() {
    let Some(go) = build::go() else {
        skipped("Go's map order: there is no Go tool (`make setup` installs one, package golang-go)");
        return;
    };
    let scratch = Scratch::new("go");
    let program = scratch.at("order");
    build::go_program(&go, &root().join("tests/fixtures/go/order.go"), &program);
    each_seed_is_one_run("Go", &[&program]);
}

/// Explores a specification with every seed run twice, the second time on another CPU, one of the two under load.
#[track_caller]
fn every_pair_is_the_same(name: &str, directory: &Path, spec: &str, tests: u64, more: &[&str]) {
    let scratch = Scratch::new("pairs");
    let all = cpus();
    let load = Load::on(&all[..1]);
    let seeds = pairs().div_ceil(tests);
    let (count, output) = (seeds.to_string(), scratch.at("found"));
    let fixed = ["explore", spec, "--twice", "--keep-going", "--no-shrink", "--seeds", &count, "--output", &output];
    let mut explore = command(&[&fixed[..], more].concat());
    explore.current_dir(directory);
    let ran = finish_within(explore, Duration::from_secs(120 + pairs() / 2)).exits(0);
    drop(load);
    let line = ran.rest_of("every seed run twice:");
    let number = |before: &str, after: &str| -> u64 {
        between(line, before, after).and_then(|n| n.trim().parse().ok()).unwrap_or_else(|| panic!("{line:?}\n{ran}"))
    };
    let (compared, differ) =
        (line.split(' ').next().expect("a number").parse::<u64>().expect("a number"), number(", ", " differ"));
    assert!(compared >= seeds * tests, "{seeds} seeds of {tests} tests, but {line}\n{ran}");
    assert_eq!(differ, 0, "{ran}");
    figure(&format!(
        "{name}: {compared} of {compared} pairs of runs are the same, on {} CPUs, one of them under load, {:.0} pairs/s",
        all.len(),
        compared as f64 / ran.took.as_secs_f64()
    ));
}

/// Runs every test of a specification with some seeds in each of the four ways in which the engine can run it: call
/// sites patched or not, from a fresh boot or from a snapshot. (With a snapshot the tests of a specification follow
/// one another in one world.)
#[track_caller]
fn all_ways_are_one_run(spec: &str, strategy: &str, seeds: u64) {
    let mut runs = 0;
    let mut distinct = std::collections::BTreeSet::new();
    for seed in 1..=seeds {
        let seed = seed.to_string();
        let run = |entry: &str, boot: &str| {
            let ways = ["--entry", entry, "--boot", boot, "--memory-every", "300"];
            let ran = fbsim(&[&["test", spec, "--strategy", strategy, "--seed", &seed][..], &ways].concat());
            let lines =
                ran.stdout.lines().filter(|l| l.contains(", memory hash ")).map(str::to_owned).collect::<Vec<_>>();
            assert!(!lines.is_empty(), "no hash\n{ran}");
            lines
        };
        let first = run("signal", "fresh");
        for (entry, boot) in [("patched", "fresh"), ("signal", "shared"), ("patched", "shared")] {
            assert_eq!(first, run(entry, boot), "{spec}, seed {seed}: {entry}, {boot}");
        }
        runs += first.len();
        distinct.extend(first);
    }
    assert!(distinct.len() > runs / 2, "seeds make a difference");
    figure(&format!("{spec}: {runs} runs are the same in each of 4 ways, {} of them distinct", distinct.len()));
}

/// Memory is compared by what is in it, which no call tells.
#[test]
fn what_a_program_keeps_to_itself_is_seen() {
    let scratch = Scratch::new("secret");
    let program = build::program(&scratch, "secret");
    let seen = |secret: &str| {
        let env = format!("SECRET={secret}");
        let ran = fbsim(&["run", "--summary", "--memory-every", "50", "--env", &env, "--", &program]).exits(0);
        let hash = |before| between(&ran.stderr, before, " ").unwrap_or_else(|| panic!("{before}\n{ran}")).to_owned();
        (hash("hash "), hash("memory hash "))
    };
    let (a, again, b) = (seen("a"), seen("a"), seen("b"));
    assert_eq!(a, again);
    assert_eq!(a.0, b.0, "the calls are the same");
    assert_ne!(a.1, b.1, "the memory is not");
}

#[test]
fn the_demo_is_the_same_however_it_is_run() {
    all_ways_are_one_run("specs/orders", "portfolio", setting("FBSIM_IT_WAYS", 10));
}

#[test]
fn the_servers_are_the_same_however_they_are_run() {
    if Path::new(PYTHON).exists() {
        all_ways_are_one_run("specs/servers/python.star", "random", 2);
    } else {
        skipped("python3 is not installed");
    }
    if root().join("target/release/web-go").exists() {
        all_ways_are_one_run("specs/servers/go.star", "random", 6);
    } else {
        skipped("there is no Go toolchain");
    }
}

#[test]
fn the_demo_runs_the_same_twice() {
    build::services();
    every_pair_is_the_same("demo", root(), "specs/orders", 9, &["--env", "ORDERS_BUGS="]);
}

#[test]
fn the_demo_with_its_bugs_runs_the_same_twice() {
    build::services();
    let scratch = Scratch::new("bugs");
    let output = scratch.at("found");
    let all = "ORDERS_BUGS=oversell,lost-confirmation,stuck-order";
    let fixed = ["explore", "specs/orders", "--twice", "--keep-going", "--no-shrink", "--seeds", "10"];
    let ran = fbsim(&[&fixed[..], &["--env", all, "--output", &output]].concat()).exits(1).says(&[" 0 differ"]);
    let compared: u64 = ran.rest_of("every seed run twice:").split(' ').next().expect("pairs").parse().expect("pairs");
    assert!(compared >= 90, "{ran}");
}

#[test]
fn a_python_server_runs_the_same_twice() {
    every_pair_is_the_same("Python servers", root(), "specs/servers/python.star", 2, &[]);
}

#[test]
fn a_go_server_runs_the_same_twice() {
    let Some(go) = build::go() else {
        skipped("a Go server: there is no Go tool (`make setup` installs one, package golang-go)");
        return;
    };
    let scratch = Scratch::new("goserver");
    scratch.copy(&root().join("specs/servers/go.star"));
    build::go_program(&go, &root().join("specs/servers/web.go"), &scratch.at("web-go"));
    every_pair_is_the_same("Go server", scratch.path(), "go.star", 1, &[]);
}

/// A specification with a service whose threads wait in loops without a call.
fn looping_spec(scratch: &Scratch) -> String {
    build::program(scratch, "loops");
    let text = "svc = service(\"svc\", binary = \"loops\")\n\ndef look():\n    sleep(\"1s\")\n\nscenario(look)\n";
    scratch.file("loops.star", text)
}

/// A reading of the clock is a call, a signal or a few instructions of a trampoline, by what is known at that moment.
#[test]
fn readings_of_the_clock_are_the_same_however_they_are_made() {
    let scratch = Scratch::new("readings");
    let program = build::guest(&scratch, "clock_readings");
    let run = |entry: &str, strategy: &str| {
        let args = ["run", "--summary", "--memory-every", "200", "--strategy", strategy, "--entry", entry];
        let ran = fbsim(&[&args[..], &["--", &program]].concat()).exits(0).says(&["time goes on"]);
        (ran.stdout, ran.stderr)
    };
    for strategy in ["ordinary", "random"] {
        assert_eq!(run("signal", strategy), run("patched", strategy), "{strategy}");
    }
}

#[test]
fn loops_without_a_call_are_the_same_however_they_are_run() {
    let scratch = Scratch::new("loops");
    let spec = looping_spec(&scratch);
    all_ways_are_one_run(&spec, "random", 2);
    every_pair_is_the_same("counted loops", scratch.path(), "loops.star", 1, &["--strategy", "random"]);
}

#[test]
fn a_loop_without_a_call_is_replayed() {
    let scratch = Scratch::new("loop");
    let program = build::program(&scratch, "loops");
    let case = scratch.at("case.fbt");
    let ran = fbsim(&["run", "--summary", "--save", &case, "--", &program]).exits(0);
    let hash = seen(&ran).1.split(' ').nth(1).expect("a hash").to_owned();
    let load = Load::on(&cpus());
    for entry in ["patched", "signal"] {
        fbsim(&["replay", &case, "--times", "3", "--entry", entry])
            .exits(0)
            .says(&["3 of 3 replays are the same", &hash]);
    }
    drop(load);
}

#[test]
fn the_server_output_depends_on_the_seed() {
    // What the servers print is in the hash that the pairs compare; here it is seen to vary with the seed.
    let orders: Vec<String> = (1..=6)
        .map(|seed| {
            let scratch = Scratch::new("output");
            let output = scratch.at("found");
            let seed = seed.to_string();
            let args =
                ["test", "specs/servers/python.star", "--test", "requests", "--seed", &seed, "--output", &output];
            let ran = fbsim(&args).exits(0);
            between(&ran.stdout, "hash ", ")").unwrap_or_else(|| panic!("no hash\n{ran}")).to_owned()
        })
        .collect();
    let mut distinct = orders.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), orders.len(), "{orders:?}");
}

/// A specification with one service that prints a file of the host.
fn reading_spec(scratch: &Scratch) -> String {
    build::program(scratch, "reader");
    let file = scratch.file("changing", "0");
    let text = format!(
        "svc = service(\"svc\", binary = \"reader\", args = [{file:?}])\n\ndef look():\n    sleep(\"1ms\")\n\nscenario(look)\n"
    );
    scratch.file("reading.star", text);
    file
}

/// Ends the other thread also when this one panics.
struct SetAtTheEnd<'a>(&'a AtomicBool);

impl Drop for SetAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_difference_is_noticed() {
    let scratch = Scratch::new("difference");
    let file = reading_spec(&scratch);
    // As long as nothing changes, nothing differs.
    let args = ["explore", "reading.star", "--twice", "--seeds", "20", "--keep-going"];
    crate::support::fbsim_in(scratch.path(), &args).exits(0).says(&["21 pairs compared, 0 differ"]);
    // A file of the host that changes all the time is nothing that a seed can repeat. (From a fresh boot: a process that
    // is brought back to a snapshot goes on reading the file that it had open.)
    let args = [&args[..], &["--boot", "fresh"]].concat();
    let over = AtomicBool::new(false);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1_u64.. {
                let part = format!("{file}.part");
                std::fs::write(&part, number.to_string()).expect("a file");
                std::fs::rename(&part, &file).expect("a file");
                if over.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let _over = SetAtTheEnd(&over);
        crate::support::fbsim_in(scratch.path(), &args)
    });
    let ran = ran.exits(5).omits(" 0 differ");
    assert!(ran.stdout.contains("test_look seed 0x"), "the seeds that differ are not named\n{ran}");
}

#[test]
fn comparing_nothing_is_no_success() {
    fbsim(&["explore", "specs/orders", "--twice", "--test", "no_such_test"]).exits(4);
    // Interrupted before a pair was complete, or not: what was not compared is not called the same.
    let scratch = Scratch::new("nothing");
    build::services();
    let output = scratch.at("found");
    let mut started = Started::new(command(&[
        "explore",
        "specs/orders",
        "--twice",
        "--seeds",
        "100000",
        "--env",
        "ORDERS_BUGS=",
        "--output",
        &output,
    ]));
    started.wait_for("workers");
    started.signal(nix::sys::signal::Signal::SIGINT);
    let ran = started.finish(Duration::from_secs(60));
    assert!(ran.code() != 0, "an interrupted comparison is no success\n{ran}");
}
