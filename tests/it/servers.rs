//! What people deploy: each script of `tests/servers` puts a program from Debian's packages, or a crate that is built
//! for it, to real work. It must do that
//! inside fbsim, twice with the same seed to the same event hash, and a third time while the machine is busy.
//!
//! A script is bash; its header says which program it is about, what has to be installed or built, what the work is, and
//! which lines must be printed, in this order. Services that call one another by name are specifications, in
//! `specs/servers`. `FBSIM_COMPATIBILITY=1` writes `docs/compatibility.md` from what was seen;
//! without it the test fails if that page does not list exactly the scripts there are.

use crate::support::load::Load;
use crate::support::process::{Ran, finish_within};
use crate::support::{Scratch, between, command, cpus, figure, root, setting, skipped};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
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
    /// The directory of the crate whose programs it runs.
    from: Option<String>,
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
        let (program, from) = (one("program"), all("crate").pop());
        Some(Script { name, program, from, work: one("work"), expected: all("expect") })
    };
    names.iter().filter_map(read).collect()
}

/// Builds what a script runs, where that has to be built. False, with a notice, where its crates cannot be had.
fn is_there(script: &Script) -> bool {
    let Some(directory) = &script.from else { return true };
    let target = root().join(format!("target/servers-{}", script.name));
    let build = |more: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--release", "--locked", "--target-dir"]).arg(&target).args(more);
        cargo.current_dir(root().join(directory));
        finish_within(cargo, LIMIT)
    };
    // What was fetched before needs no network.
    if build(&["--offline"]).code() == 0 {
        return true;
    }
    let ran = build(&[]);
    let missing = ["failed to download", "failed to get", "Could not resolve"].iter().any(|t| ran.stderr.contains(t));
    assert!(ran.code() == 0 || missing, "{directory} does not build\n{ran}");
    if missing {
        skipped(&format!("{}: its crates cannot be fetched", script.program));
    }
    !missing
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
    let scripts: Vec<Script> = scripts().into_iter().filter(is_there).collect();
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

/// The specifications of services that call one another by name, and the programs they are about.
const BY_NAME: [(&str, &[&str]); 4] = [
    ("curl", &["/usr/bin/curl", "/usr/sbin/nginx"]),
    ("etcd", &["/usr/bin/etcd", "/usr/bin/etcdctl"]),
    ("etcd_partition", &["/usr/bin/etcd"]),
    ("redis", &["/usr/bin/redis-server"]),
];

#[test]
fn services_that_call_one_another_by_name_repeat() {
    for (name, programs) in BY_NAME {
        if let Some(missing) = programs.iter().find(|program| !std::path::Path::new(program).exists()) {
            skipped(&format!("{name}.star: {missing} is not installed (`make setup` installs it)"));
            continue;
        }
        let scratch = Scratch::new("byname");
        let (spec, output) = (format!("specs/servers/{name}.star"), scratch.at("found"));
        let fixed = ["explore", &spec, "--twice", "--keep-going", "--no-shrink", "--seeds", "3", "--output", &output];
        let ran = finish_within(command(&fixed), LIMIT).exits(0).says(&[" 0 failed, 0 inconclusive, 0 lost"]);
        let line = ran.rest_of("every seed run twice:");
        let pairs: u64 = line.split(' ').next().and_then(|n| n.parse().ok()).expect("pairs");
        assert!(pairs >= 4 && line.ends_with(", 0 differ"), "{ran}");
        figure(&format!("{name}.star: {line}"));
    }
}

#[test]
fn the_page_lists_every_program() {
    let page = std::fs::read_to_string(root().join(PAGE)).expect("docs/compatibility.md");
    let listed: Vec<&str> = page.lines().filter_map(|l| between(l, "`tests/servers/", ".sh`")).collect();
    let names: Vec<String> = scripts().into_iter().map(|s| s.name).collect();
    assert_eq!(listed, names, "write it anew with `make compatibility`");
    for (name, _) in BY_NAME {
        assert!(page.contains(&format!("`specs/servers/{name}.star`")), "{name}.star");
    }
}

fn write_page(scripts: &[Script], seen: &[Seen]) {
    let path: PathBuf = root().join(PAGE);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let by_hand = old.split_once(BY_HAND).map(|(_, rest)| rest).unwrap_or_default();
    let mut page = String::from(
        "# Compatibility\n\n\
         Programs from Debian 12's packages, unmodified, and services in Rust, doing real work inside fbsim.\n\
         `make compatibility` writes this table from what it sees: each script is run three times with one seed, the third time\n\
         while every CPU is busy; \"same\" means that the three event hashes are equal, and so are the hashes over all memory that\n\
         the programs can write, and that every expected line was printed. One of them:\n\n\
         ```console\n\
         $ target/release/fbsim run --summary --memory-every 2000 -- /bin/bash tests/servers/redis.sh\n\
         ```\n\n\
         | program | its work | calls | time | result | script |\n\
         |---|---|---:|---:|---|---|\n",
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
