//! What people deploy: each script of `tests/servers` puts a program from Debian's packages to real work. It must do that
//! inside fbsim, twice with the same seed to the same event hash, and a third time while the machine is busy.
//!
//! A script is bash; its header says which program it is about, what has to be installed, what the work is, and which
//! lines must be printed, in this order. `FBSIM_COMPATIBILITY=1` writes `docs/compatibility.md` from what was seen;
//! without it the test fails if that page does not list exactly the scripts there are.

use crate::support::load::Load;
use crate::support::process::{Ran, finish_within};
use crate::support::{between, command, cpus, figure, root, setting};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(300);
const PAGE: &str = "docs/compatibility.md";
/// The part of the page that is written by hand.
const BY_HAND: &str = "<!-- by hand from here -->\n";

#[derive(Clone, Debug)]
struct Script {
    name: String,
    program: String,
    work: String,
    expected: Vec<String>,
}

/// What three runs of a script came to.
#[derive(Clone, Debug, Default)]
struct Seen {
    calls: String,
    took: Duration,
    wrong: Option<String>,
}

fn scripts() -> Vec<Script> {
    let directory = root().join("tests/servers");
    let names = crate::support::scratch::names_in(&directory);
    let read = |file: &String| {
        let name = file.strip_suffix(".sh")?.to_owned();
        let text = std::fs::read_to_string(directory.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let all = |key: &str| -> Vec<String> {
            text.lines().filter_map(|l| l.strip_prefix(&format!("# {key}: "))).map(str::to_owned).collect()
        };
        let one = |key: &str| all(key).first().cloned().unwrap_or_else(|| panic!("{file} has no line '# {key}: …'"));
        Some(Script { name, program: one("program"), work: one("work"), expected: all("expect") })
    };
    names.iter().filter_map(read).collect()
}

/// Events between two moments at which memory is hashed.
const MEMORY_EVERY: &str = "2000";

/// Runs a script inside, once.
fn run(script: &Script) -> Ran {
    let path = format!("tests/servers/{}.sh", script.name);
    finish_within(command(&["run", "--summary", "--memory-every", MEMORY_EVERY, "--", "/bin/bash", &path]), LIMIT)
}

/// What is wrong with a run, if anything is: the expected lines must come in their order.
fn judge(script: &Script, ran: &Ran) -> Option<String> {
    let mut lines = ran.stdout.lines();
    let missing = script.expected.iter().find(|wanted| !lines.any(|line| line == *wanted));
    match missing {
        Some(wanted) => Some(format!("{}: did not print {wanted:?} in its place\n{ran}", script.name)),
        None if script.expected.is_empty() => Some(format!("{}: expects nothing", script.name)),
        None => None,
    }
}

/// The hash of the events, and that of all memory that the programs could write.
fn hash(ran: &Ran) -> Option<(&str, &str)> {
    between(&ran.stderr, "hash ", " events").zip(between(&ran.stderr, "memory hash ", "\n"))
}

/// Runs all scripts, one on each CPU, and looks at each pair of runs.
fn all(scripts: &[Script], times: usize) -> Vec<Vec<Ran>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(scripts.iter().map(|_| Vec::new()).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for _ in cpus() {
            scope.spawn(|| {
                while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ran: Vec<Ran> = (0..times).map(|_| run(script)).collect();
                    let index = scripts.iter().position(|s| s.name == script.name).expect("one of them");
                    results.lock().expect("nobody panics with it")[index] = ran;
                }
            });
        }
    });
    results.into_inner().expect("nobody panics with it")
}

#[test]
fn what_people_deploy_runs_and_repeats() {
    let scripts = scripts();
    let mut seen: Vec<Seen> = Vec::new();
    let twice = all(&scripts, 2);
    let busy = {
        let _load = Load::on(&cpus());
        all(&scripts, 1)
    };
    for ((script, twice), busy) in scripts.iter().zip(&twice).zip(&busy) {
        let mut wrong = twice.iter().chain(busy).find_map(|ran| judge(script, ran));
        let hashes: Vec<_> = twice.iter().chain(busy).map(hash).collect();
        if hashes.len() != 3 || hashes.iter().any(|h| *h != hashes[0] || h.is_none()) {
            wrong.get_or_insert(format!("{}: the runs differ: {hashes:?}", script.name));
        }
        let calls = between(&twice[0].stderr, " calls ", " ").unwrap_or("?").to_owned();
        seen.push(Seen { calls, took: twice[0].took, wrong });
    }
    let wrong: Vec<&str> = seen.iter().filter_map(|s| s.wrong.as_deref()).collect();
    figure(&format!("{} of {} programs do their work, three times the same", seen.len() - wrong.len(), seen.len()));
    if setting("FBSIM_COMPATIBILITY", 0) == 1 {
        write_page(&scripts, &seen);
    }
    assert!(wrong.is_empty(), "{} of {} programs:\n{}", wrong.len(), seen.len(), wrong.join("\n"));
}

#[test]
fn the_page_lists_every_program() {
    let page = std::fs::read_to_string(root().join(PAGE)).expect("docs/compatibility.md");
    let listed: Vec<&str> = page.lines().filter_map(|l| between(l, "`tests/servers/", ".sh`")).collect();
    let names: Vec<String> = scripts().into_iter().map(|s| s.name).collect();
    assert_eq!(listed, names, "write it anew with `make compatibility`");
}

fn write_page(scripts: &[Script], seen: &[Seen]) {
    let path: PathBuf = root().join(PAGE);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let by_hand = old.split_once(BY_HAND).map(|(_, rest)| rest).unwrap_or_default();
    let mut page = String::from(
        "# Compatibility\n\nPrograms from Debian 12's packages, unmodified, doing real work inside fbsim. `make compatibility` writes this \
         table from\nwhat it sees: each script is run three times with one seed, the third time while every CPU is busy; \"same\" means \
         that\nthe three event hashes are equal, and so are the hashes over all memory that the programs can write, and that every\nexpected \
         line was printed. One of them:\n\n```console\n$ target/release/fbsim \
         run --summary --memory-every 2000 -- /bin/bash tests/servers/redis.sh\n```\n\n| program | its work | calls | time | result | script \
         |\n|---|---|---:|---:|---|---|\n",
    );
    for (script, seen) in scripts.iter().zip(seen) {
        let result = if seen.wrong.is_none() { "same" } else { "**differs**" };
        let Script { name, program, work, .. } = script;
        let (calls, took) = (&seen.calls, seen.took.as_secs_f64());
        let _ = writeln!(page, "| {program} | {work} | {calls} | {took:.1} s | {result} | `tests/servers/{name}.sh` |");
    }
    page.push('\n');
    page.push_str(BY_HAND);
    page.push_str(by_hand);
    std::fs::write(&path, page).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}
