//! Searching the demo system: each planted bug is found by name, the healthy system holds, what is found is small, saved,
//! and replayed to the same event hash, whatever the host is doing and whoever asks.
//!
//! Longer runs of the same tests: `FBSIM_IT_REPLAYS=100`, `FBSIM_IT_HEALTHY_SEEDS=10000`.

use crate::support::load::Load;
use crate::support::orders::{self, BUGS, Case, OVERSELL, SPEC};
use crate::support::process::finish_within;
use crate::support::scratch::{names_in, set_mode};
use crate::support::{Ran, Scratch, between, build, command, cpus, fbsim, fbsim_path, figure, finish, is_root, root};
use crate::support::{setting, skipped};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A counterexample has no more choices than this.
const CHOICES_MAX: usize = 5;

fn replays() -> u64 {
    setting("FBSIM_IT_REPLAYS", 20)
}

/// The event hash that a replay reports.
#[track_caller]
fn hash_of(ran: &Ran) -> String {
    let line = ran.rest_of("the replay is the same:");
    let compared: u64 = line.split(' ').next().and_then(|n| n.parse().ok()).expect("a number of events");
    assert!(compared > 0, "a replay that compared nothing\n{ran}");
    line.rsplit(' ').next().expect("a hash").to_owned()
}

/// Replays a case so many times, with more arguments, and returns the hash.
#[track_caller]
fn replay(case: &Case, more: &[&str]) -> String {
    let times = replays().to_string();
    let ran = fbsim(&[&["replay", case.file(), "--times", &times], more].concat()).exits(0);
    let ran = ran.says(&[&format!("{times} of {times} replays are the same")]);
    hash_of(&ran)
}

#[test]
fn each_bug_alone_is_found_by_name() {
    for bug in BUGS {
        let scratch = Scratch::new("bug");
        let case = bug.find(&scratch);
        let ran = &case.ran;
        assert!(ran.stdout.contains(&format!("FAIL test_{}  seed ", bug.test)), "{ran}");
        let runs = between(&ran.stdout, "orders.star: ", " runs of").expect("the number of runs");
        figure(&format!("{} found by {} after {runs} runs in {:.1?}", bug.name, bug.test, ran.took));
    }
}

#[test]
fn a_bug_breaks_no_test_but_its_own() {
    build::services();
    for bug in BUGS {
        let scratch = Scratch::new("alone");
        let (env, output) = (bug.env(), scratch.at("found"));
        let ran = finish(command(&[
            "explore",
            SPEC,
            "--seeds",
            "60",
            "--keep-going",
            "--no-shrink",
            "--env",
            &env,
            "--output",
            &output,
        ]));
        let ran = ran.exits(1);
        let failing: Vec<&str> = ran.stdout.lines().filter_map(|l| l.strip_prefix("FAIL test_")).collect();
        assert!(!failing.is_empty(), "{ran}");
        for line in failing {
            assert!(line.starts_with(&format!("{}  ", bug.test)), "{} breaks {line}\n{ran}", bug.name);
        }
    }
}

#[test]
fn the_healthy_system_holds() {
    build::services();
    let scratch = Scratch::new("healthy");
    let seeds = setting("FBSIM_IT_HEALTHY_SEEDS", 200);
    let output = scratch.at("found");
    let line = ["explore", SPEC, "--seeds", &seeds.to_string(), "--env", "ORDERS_BUGS=", "--output", &output];
    let ran = finish_within(command(&line), Duration::from_secs(120 + seeds))
        .exits(0)
        .says(&[" 0 failed, 0 inconclusive, 0 lost"]);
    let runs: u64 = between(&ran.stdout, "orders.star: ", " runs of").expect("runs").parse().expect("a number");
    let tests: u64 = between(&ran.stdout, " runs of ", " tests").expect("tests").parse().expect("a number");
    assert!(runs >= seeds * tests && tests >= 9, "{ran}");
    assert_eq!(scratch.names(), [""; 0], "something was saved");
    figure(&format!("healthy: {runs} runs of {tests} tests held, {:.0} runs/s", runs as f64 / ran.took.as_secs_f64()));
}

#[test]
fn a_counterexample_is_small_and_says_what_happened() {
    for bug in BUGS {
        let scratch = Scratch::new("small");
        let case = bug.find(&scratch);
        let choices = case.trace().choices().len();
        assert!(choices <= CHOICES_MAX, "{} choices\n{}", choices, case.ran);
        let story = match choices {
            0 => "the ordinary run fails: no choice departs from it".to_owned(),
            1 => "the ordinary run, except for one choice:".to_owned(),
            n => format!("the ordinary run, except for {n} choices:"),
        };
        assert!(case.ran.stdout.contains(&story), "{}", case.ran);
        for number in 1..=choices {
            let line = case.ran.rest_of(&format!("{number}."));
            let services = ["api", "db", "inventory", "test"];
            assert!(services.iter().any(|s| line.contains(s)), "the story names no service: {line}\n{}", case.ran);
        }
        figure(&format!("{}: a counterexample of {choices} choices", bug.name));
    }
}

#[test]
fn the_first_line_names_the_seed_and_its_origin() {
    let scratch = Scratch::new("seed");
    build::services();
    let output = scratch.at("found");
    let fixed = ["explore", SPEC, "--test", "create_order", "--seeds", "1", "--output", &output];
    let first = |ran: Ran| ran.exits(0).stderr.lines().next().unwrap_or_default().to_owned();
    assert_eq!(first(fbsim(&fixed)), "seed 0x0000000000000001 (default), 1 seeds per test");
    assert_eq!(
        first(fbsim(&[&fixed[..], &["--seed", "7"]].concat())),
        "seed 0x0000000000000007 (from --seed), 1 seeds per test"
    );
    let mut from_environment = command(&fixed);
    from_environment.env("FBSIM_SEED", "0x2a");
    let line = first(finish(from_environment));
    assert!(line.starts_with("seed 0x000000000000002a (from FBSIM_SEED"), "{line}");
}

#[test]
fn a_search_finds_the_same_whatever_the_number_of_workers() {
    let scratch = [Scratch::new("jobs"), Scratch::new("jobs")];
    let bug = BUGS[2];
    let found = ["1", "2"].iter().zip(&scratch).map(|(jobs, scratch)| {
        let case = Case::of(bug.explore(scratch, &["--seeds", "500", "--jobs", jobs]).exits(1));
        (case.trace().outcome, orders::read(&case.found).outcome)
    });
    let found: Vec<_> = found.collect();
    assert_eq!(found[0], found[1]);
}

#[test]
fn the_printed_lines_can_be_pasted() {
    for bug in BUGS {
        let scratch = Scratch::new("paste");
        let case = bug.find(&scratch);
        let paste = |what: &str| -> Ran {
            let mut line = case.ran.rest_of(&format!("{what}:")).to_owned();
            if what == "rerun" {
                line.push_str(&format!(" --output {}", scratch.at("pasted")));
            }
            let mut shell = Command::new("sh");
            shell.args(["-c", &line]).current_dir(root()).env_remove("FBSIM_SEED");
            finish(shell)
        };
        let replayed = paste("replay").exits(0);
        assert_eq!(hash_of(&replayed), case.trace().outcome.hash.to_string(), "{replayed}");
        // The rerun line makes the run as it was found, from its seed alone.
        let found = orders::read(&case.found).outcome;
        paste("rerun").exits(1).says(&[&format!("FAIL test_{}", bug.test), &format!("hash {}", found.hash)]);
        paste("shrink").exits(0).says(&["no single choice can be taken away"]);
        paste("trace").exits(0).says(&[&format!(
            "{} events, hash {}",
            case.trace().outcome.events,
            case.trace().outcome.hash
        )]);
    }
}

#[test]
fn a_replay_is_the_same_every_time() {
    for bug in BUGS {
        let scratch = Scratch::new("replay");
        let case = bug.find(&scratch);
        assert_eq!(replay(&case, &[]), case.trace().outcome.hash.to_string());
        figure(&format!("{}: {1} of {1} replays are the same", bug.name, replays()));
    }
}

#[test]
fn a_replay_is_the_same_under_load_and_on_each_cpu() {
    let scratch = Scratch::new("load");
    let case = OVERSELL.find(&scratch);
    let recorded = case.trace().outcome.hash.to_string();
    let all = cpus();
    for cpu in &all {
        assert_eq!(replay(&case, &["--cpu", &cpu.to_string()]), recorded, "on CPU {cpu}");
    }
    let load = Load::on(&all);
    assert_eq!(replay(&case, &[]), recorded, "under load");
    for cpu in &all {
        assert_eq!(replay(&case, &["--cpu", &cpu.to_string()]), recorded, "on CPU {cpu} under load");
    }
    drop(load);
    figure(&format!("{} replays each on CPUs {all:?}, idle and under load, are the same", replays()));
}

/// Everything that a search and a replay need, where everybody can read it.
struct Copied {
    scratch: Scratch,
    fbsim: String,
}

impl Copied {
    #[track_caller]
    fn new() -> Copied {
        let services = build::services();
        let scratch = Scratch::for_everybody("nobody");
        for service in ["orders-api", "orders-inventory", "orders-db"] {
            scratch.copy(&services.join(service));
        }
        scratch.copy(&root().join("specs/orders/orders.star"));
        let fbsim = scratch.copy(fbsim_path());
        for open in ["found", "by-nobody"] {
            let path = scratch.at(open);
            std::fs::create_dir(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
            set_mode(&path, 0o777);
        }
        Copied { scratch, fbsim }
    }
    /// Runs the copy of fbsim; as an ordinary user, if `user` is one.
    #[track_caller]
    fn run(&self, user: Option<&str>, args: &[&str]) -> Ran {
        let mut command = match user {
            None => Command::new(&self.fbsim),
            Some(user) => {
                let mut command = Command::new("setpriv");
                let group = if user == "nobody" { "nogroup" } else { user };
                command.args([
                    &format!("--reuid={user}"),
                    &format!("--regid={group}"),
                    "--clear-groups",
                    "--",
                    &self.fbsim,
                ]);
                command
            }
        };
        command.args(args).current_dir(self.scratch.path()).env_remove("FBSIM_SEED").env("HOME", "/nonexistent");
        finish(command)
    }
}

#[test]
fn a_replay_is_the_same_as_another_user() {
    if !is_root() {
        skipped("a replay as another user: only root can become one");
        return;
    }
    let copied = Copied::new();
    let explore = |user, output: &str| {
        let fixed = ["explore", "orders.star", "--test", OVERSELL.test, "--env", &OVERSELL.env()];
        Case::of(copied.run(user, &[&fixed[..], &["--seeds", "10000", "--output", output]].concat()).exits(1))
    };
    let case = explore(None, "found");
    let file = case.shrunk.to_str().expect("a path of text");
    let trace = orders::read(&copied.scratch.path().join(file));
    let times = replays().to_string();
    let ran = copied.run(Some("nobody"), &["replay", file, "--times", &times]).exits(0);
    assert_eq!(hash_of(&ran), trace.outcome.hash.to_string());
    // And the search itself needs no more rights.
    let found = explore(Some("nobody"), "by-nobody");
    assert_eq!(orders::read(&copied.scratch.path().join(&found.shrunk)).outcome, trace.outcome);
    figure(&format!("{times} replays as nobody are the same as root's, and so is what nobody finds"));
}

#[test]
fn without_a_specification_everything_below_specs_is_taken() {
    build::services();
    let scratch = Scratch::new("default");
    let specs = scratch.at("specs/deep");
    std::fs::create_dir_all(&specs).expect("a directory");
    std::fs::copy(root().join("specs/orders/orders.star"), format!("{specs}/orders.star")).expect("a copy");
    let args = ["explore", "--seeds", "1", "--test", "create_order", "--env", "ORDERS_BUGS="];
    crate::support::fbsim_in(scratch.path(), &args).exits(0).says(&["specs/deep/orders.star: 1 tests"]);
    assert_eq!(names_in(Path::new(&scratch.at("specs"))), ["deep"]);
}

#[test]
fn saved_cases_lie_where_they_are_wanted_and_nowhere_else() {
    let scratch = Scratch::new("saved");
    let case = OVERSELL.find(&scratch);
    assert_eq!(scratch.names(), ["found"]);
    let names = names_in(&scratch.path().join("found"));
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut expected = vec![name(&case.found), name(&case.shrunk)];
    expected.sort();
    assert_eq!(names, expected, "{}", case.ran);
}
