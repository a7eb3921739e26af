//! Saved cases that are damaged, foreign or altered, and disks on which nothing can be saved: a clear message, the right
//! exit code, and nothing lost.

use crate::support::orders::{self, Case, OVERSELL};
use crate::support::scratch::set_mode;
use crate::support::{
    Ran, Scratch, build, command, fbsim, fbsim_in, fbsim_path, figure, finish, is_root, root, skipped,
};
use std::path::Path;
use std::process::Command;
use trace::{Trace, TraceWriter};

/// The commands that read a saved case.
const READERS: [&str; 3] = ["replay", "trace", "shrink"];

/// Every reader refuses this file with exit code 2, says which file and why, and prints no result.
#[track_caller]
fn refused(scratch: &Scratch, bytes: &[u8], reasons: &[&str]) {
    let file = scratch.file("case.fbt", bytes);
    for reader in READERS {
        let ran = fbsim(&[reader, &file]).exits(2).says(&["case.fbt"]);
        assert!(reasons.iter().any(|r| ran.stderr.contains(r)), "none of {reasons:?} is said\n{ran}");
        assert!(ran.stdout.is_empty(), "a result of a case that cannot be read\n{ran}");
    }
    assert_eq!(std::fs::read(&file).expect("the case"), bytes, "the case was changed");
}

#[test]
fn a_truncated_case_is_refused() {
    let scratch = Scratch::new("truncated");
    let case = OVERSELL.find(&scratch);
    let bytes = std::fs::read(&case.shrunk).expect("the case");
    let lengths =
        [0, 1, 7, 8, 12, 20, bytes.len() / 4, bytes.len() / 2, bytes.len() - 100, bytes.len() - 8, bytes.len() - 1];
    for length in lengths {
        refused(&scratch, &bytes[..length], &["incomplete", "not a trace"]);
    }
    figure(&format!("{} of {} truncations are refused", lengths.len(), lengths.len()));
}

#[test]
fn a_case_with_a_flipped_bit_is_refused() {
    const POSITIONS: usize = 48;
    let scratch = Scratch::new("flipped");
    let case = OVERSELL.find(&scratch);
    let bytes = std::fs::read(&case.shrunk).expect("the case");
    let whole = Trace::read(&bytes).expect("a whole case");
    // The first and last bytes, where magic numbers and lengths are, and others evenly spread between.
    let spread = (0..POSITIONS).map(|i| i * bytes.len() / POSITIONS);
    let positions: Vec<usize> = (0..16).chain(spread).chain(bytes.len() - 16..bytes.len()).collect();
    for (number, position) in positions.iter().enumerate() {
        let mut flipped = bytes.clone();
        flipped[*position] ^= 1 << (number % 8);
        // There are bits that say nothing, such as one in the head of each compressed frame.
        if Trace::read(&flipped).is_ok_and(|read| format!("{read:?}") == format!("{whole:?}")) {
            continue;
        }
        refused(&scratch, &flipped, &["damaged", "not a trace", "incomplete", "format"]);
    }
    figure(&format!("{} of {} flipped bits are noticed by each reader", positions.len(), positions.len()));
}

#[test]
fn more_than_a_case_is_refused() {
    let scratch = Scratch::new("longer");
    let case = OVERSELL.find(&scratch);
    let mut bytes = std::fs::read(&case.shrunk).expect("the case");
    bytes.push(0);
    refused(&scratch, &bytes, &["damaged", "incomplete"]);
    refused(&scratch, b"seed 1\n", &["not a trace"]);
    let directory = scratch.path().to_str().expect("text");
    READERS.iter().for_each(|reader| drop(fbsim(&[reader, directory]).exits(2).says(&["directory"])));
}

/// What a table of events begins with on each line.
fn numbers(ran: &Ran) -> Vec<u64> {
    let number = |line: &str| line.strip_prefix('#')?.split(' ').next()?.parse().ok();
    ran.stdout.lines().filter_map(number).collect()
}

#[test]
fn a_part_of_a_case_is_shown_and_replayed() {
    let scratch = Scratch::new("part");
    let case = OVERSELL.find(&scratch).shrunk.to_string_lossy().into_owned();
    let ran = fbsim(&["trace", &case, "--from", "40", "--to", "44"]).exits(0);
    assert_eq!(numbers(&ran), [40, 41, 42, 43, 44], "{ran}");
    let all = numbers(&fbsim(&["trace", &case]).exits(0));
    let ran = fbsim(&["trace", &case, "--from", "40"]).exits(0);
    assert_eq!(numbers(&ran), all[40..], "{ran}");
    fbsim(&["trace", &case, "--from", "4", "--to", "3"]).exits(2).says(&["comes after"]);
    fbsim(&["replay", &case, "--until", "99"]).exits(0).says(&["the same until event 99: 100 events compared", "#99 "]);
    fbsim(&["replay", &case, "--until", "1000000"]).exits(2).says(&["the case has"]);
}

#[test]
fn what_is_whole_of_a_damaged_case_is_shown() {
    let scratch = Scratch::new("recover");
    let bytes = std::fs::read(OVERSELL.find(&scratch).shrunk).expect("the case");
    let trace = Trace::read(&bytes).expect("a case");
    let cut = scratch.file("cut.fbt", &bytes[..bytes.len() - 1]);
    let ran = fbsim(&["trace", "--recover", &cut]).exits(0).says(&["events are whole; what follows them is missing"]);
    assert_eq!(numbers(&ran).len() as u64, trace.outcome.events, "{ran}");
    let half = scratch.file("half.fbt", &bytes[..bytes.len() / 2]);
    fbsim(&["trace", "--recover", &half]).exits(0).says(&["0 events are whole"]);
    let nothing = scratch.file("nothing.fbt", &bytes[..30]);
    fbsim(&["trace", "--recover", &nothing]).exits(2).says(&["nothing.fbt", "damaged"]);
}

#[test]
fn a_case_of_a_later_format_says_so() {
    let scratch = Scratch::new("format");
    let case = OVERSELL.find(&scratch);
    let mut bytes = std::fs::read(&case.shrunk).expect("the case");
    // The major version follows the magic number; the prologue has a checksum of its own.
    bytes[8] = bytes[8].wrapping_add(1);
    refused(&scratch, &bytes, &["format", "damaged"]);
}

/// The demo with programs and specification of its own, in a scratch directory, and a case of it.
#[track_caller]
fn own_copy(scratch: &Scratch) -> Case {
    let services = build::services();
    for service in ["orders-api", "orders-inventory", "orders-db"] {
        scratch.copy(&services.join(service));
    }
    scratch.copy(&root().join("specs/orders/orders.star"));
    let fixed = ["explore", "orders.star", "--seeds", "10000", "--test", OVERSELL.test, "--env", &OVERSELL.env()];
    let mut case = Case::of(fbsim_in(scratch.path(), &fixed).exits(1));
    case.shrunk = scratch.path().join(&case.shrunk);
    case.found = scratch.path().join(&case.found);
    case
}

#[test]
fn a_case_of_another_program_is_refused() {
    let scratch = Scratch::new("foreign");
    let case = own_copy(&scratch);
    fbsim_in(scratch.path(), &["replay", case.file()]).exits(0);
    // One bit at the very end of a program, where nothing of it is ever executed.
    let path = scratch.at("orders-api");
    let original = std::fs::read(&path).expect("a program");
    let mut changed = original.clone();
    *changed.last_mut().expect("bytes") ^= 1;
    scratch.executable("orders-api", &changed);
    let ran = fbsim_in(scratch.path(), &["replay", case.file()]).exits(2);
    let ran = ran.says(&["the trace is of another program", "orders-api", "fingerprint"]);
    assert!(ran.stdout.is_empty(), "{ran}");
    scratch.executable("orders-api", &original);
    fbsim_in(scratch.path(), &["replay", case.file()]).exits(0);
}

#[test]
fn a_case_of_other_files_names_the_one_that_changed() {
    const PYTHON: &str = "/usr/bin/python3";
    if !Path::new(PYTHON).exists() {
        return skipped("python3 is not installed");
    }
    let (scratch, saved) = (Scratch::new("script"), Scratch::new("script-case"));
    let case = saved.at("case.fbt");
    let files = [
        ("service.py", "import helper\nopen('written', 'w').write('mine')\nprint(helper.of(open('data').read()))\n"),
        ("helper.py", "def of(text): return text\n"),
        ("data", "1"),
        // Opened for writing alone, what it held is no part of the run.
        ("written", "before"),
        ("unused", ""),
    ];
    files.iter().for_each(|(name, text)| drop(scratch.file(name, text)));
    set_mode(&scratch.at("written"), 0o666);
    fbsim_in(scratch.path(), &["run", "--save", &case, "--", PYTHON, "-B", "service.py"]).exits(0);
    fbsim_in(scratch.path(), &["replay", &case]).exits(0);
    for (name, named) in
        [("service.py", true), ("helper.py", true), ("data", true), ("written", false), ("unused", false)]
    {
        let text = std::fs::read(scratch.at(name)).expect("the file");
        scratch.file(name, [&text[..], b"\n# another\n"].concat());
        let ran = fbsim_in(scratch.path(), &["replay", &case]);
        if named {
            let ran = ran.exits(2).says(&[&format!("/{name}: it has changed since"), "fingerprint", "recorded"]);
            assert!(ran.stdout.is_empty(), "{ran}");
        } else {
            ran.exits(0);
        }
        scratch.file(name, text);
    }
    std::fs::remove_file(scratch.at("data")).expect("the file goes");
    fbsim_in(scratch.path(), &["replay", &case]).exits(2).says(&["/data: it has changed since (fingerprint -,"]);
}

#[test]
fn a_case_does_not_depend_on_the_specification_as_it_is_now() {
    let scratch = Scratch::new("sources");
    let case = own_copy(&scratch);
    scratch.file("orders.star", "this is no specification any more (");
    let ran = fbsim_in(scratch.path(), &["replay", case.file()]).exits(0);
    ran.says(&[&case.trace().outcome.hash.to_string()]);
}

/// Writes a trace again with something changed in it.
#[track_caller]
fn altered(trace: &Trace, change: impl FnOnce(&mut Trace)) -> Vec<u8> {
    let mut trace = trace.clone();
    change(&mut trace);
    let mut writer = TraceWriter::new(Vec::new(), &trace.header).expect("a writer");
    trace.events.iter().for_each(|event| writer.event(event).expect("an event"));
    writer.finish(&trace.outcome).expect("a trace")
}

#[test]
fn a_replay_that_departs_stops_at_the_first_difference() {
    let scratch = Scratch::new("diverged");
    let case = OVERSELL.find(&scratch);
    let trace = case.trace();
    let at = trace.events.iter().rposition(|e| matches!(e.body, model::Body::Call(_))).expect("a call");
    let bytes = altered(&trace, |trace| {
        if let model::Body::Call(call) = &mut trace.events[at].body {
            call.result += 1;
        }
    });
    let file = scratch.file("altered.fbt", bytes);
    let ran = fbsim(&["replay", &file]).exits(5);
    let ran = ran.says(&["DIVERGED", &format!("at event #{at}:"), "recorded: ", "replayed: "]);
    let side = |what: &str| ran.rest_of(what).to_owned();
    assert_ne!(side("recorded:"), side("replayed:"), "both sides look the same\n{ran}");
}

#[test]
fn a_replay_with_another_seed_departs() {
    let scratch = Scratch::new("reseeded");
    let program = build::program(&scratch, "entropy");
    let file = scratch.at("run.fbt");
    fbsim(&["run", "--save", &file, "--", &program]).exits(0);
    let trace = orders::read(Path::new(&file));
    let bytes = altered(&trace, |trace| trace.header.seed = model::Seed(trace.header.seed.0 + 1));
    let file = scratch.file("reseeded.fbt", bytes);
    fbsim(&["replay", &file]).exits(5).says(&["DIVERGED"]);
}

#[test]
fn comparing_no_events_is_no_success() {
    let scratch = Scratch::new("nothing");
    let case = OVERSELL.find(&scratch);
    let bytes = altered(&case.trace(), |trace| {
        trace.events.clear();
        trace.outcome.events = 0;
    });
    let file = scratch.file("empty.fbt", bytes);
    let ran = fbsim(&["replay", &file]);
    assert!(ran.code() != 0, "{ran}");
    ran.omits("the replay is the same");
}

#[test]
fn a_trace_is_readable() {
    let scratch = Scratch::new("trace");
    let case = OVERSELL.find(&scratch);
    let events = case.trace().events.len();
    let all = fbsim(&["trace", case.file()]).exits(0);
    assert_eq!(all.stdout.lines().filter(|l| l.starts_with('#')).count(), events, "{all}");
    for call in ["accept4(", "connect(", "write(", "= -1 E"] {
        assert!(all.stdout.contains(call), "no {call:?} in\n{all}");
    }
    let one = fbsim(&["trace", "--service", "db", case.file()]).exits(0);
    let lines: Vec<&str> = one.stdout.lines().filter(|l| l.starts_with('#')).collect();
    assert!(!lines.is_empty() && lines.len() < events);
    assert!(lines.iter().all(|l| l.contains(" db/")), "{one}");
    fbsim(&["trace", "--service", "nobody", case.file()]).exits(2).says(&["test, inventory, db, api"]);
    let story = fbsim(&["trace", "--story", case.file()]).exits(0);
    assert!(story.stdout.lines().count() < 20, "{story}");
    // A reader that has seen enough is no error.
    let mut shell = Command::new("bash");
    shell.args(["-c", "set -o pipefail; \"$0\" trace \"$1\" | head -n 1"]).arg(fbsim_path()).arg(case.file());
    finish(shell).exits(0);
}

/// A search that found something but could not save it.
#[track_caller]
fn not_saved(ran: Ran, why: &str) {
    let ran = ran.exits(1).says(&["FAIL test_no_overselling", "could not be saved", why]).omits("  replay:");
    let rerun = ran.rest_of("rerun:").to_owned();
    let scratch = Scratch::new("rerun");
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{rerun} --output {}", scratch.at("found"))]).current_dir(root());
    finish(shell).exits(1).says(&["FAIL test_no_overselling"]);
}

#[test]
fn a_full_disk_loses_nothing_that_was_found() {
    // Every write to this device fails as on a full disk; the search writes beside the target first.
    let scratch = Scratch::new("full");
    let seed = OVERSELL.find(&scratch).trace().header.seed;
    let found = scratch.at("full");
    std::fs::create_dir(&found).expect("a directory");
    for shrunk in ["", "-shrunk"] {
        let part = format!("{found}/orders-test_{}-{:x}{shrunk}.fbt.part", OVERSELL.test, seed.0);
        std::os::unix::fs::symlink("/dev/full", &part).expect("a link");
    }
    let fixed = ["explore", "specs/orders", "--test", OVERSELL.test, "--seeds", "10000", "--env", &OVERSELL.env()];
    not_saved(fbsim(&[&fixed[..], &["--output", &found]].concat()), "No space left on device");
    assert_eq!(crate::support::scratch::names_in(Path::new(&found)), [""; 0], "half a case was left");
    // A place where nothing can be made.
    let file = scratch.file("file", "");
    not_saved(fbsim(&[&fixed[..], &["--output", &file]].concat()), &file);
}

#[test]
fn a_full_file_system_loses_nothing_that_was_found() {
    if !is_root() {
        skipped("a file system that is full: only root can mount one");
        return;
    }
    build::services();
    let scratch = Scratch::new("tmpfs");
    let mounted = scratch.at("small");
    std::fs::create_dir(&mounted).expect("a directory");
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "sh",
            "-ec",
            &format!("mount -t tmpfs -o size=4k none \"$1\"; {script}"),
            "sh",
            &mounted,
        ]);
        command.arg(fbsim_path()).arg(OVERSELL.test).arg(OVERSELL.env()).current_dir(root()).env_remove("FBSIM_SEED");
        command
    };
    if !unshare("true").output().is_ok_and(|o| o.status.success()) {
        skipped("a file system that is full: nothing can be mounted here");
        return;
    }
    let script = "status=0; \"$2\" explore specs/orders --test \"$3\" --seeds 10000 --env \"$4\" --output \"$1/found\" || status=$?; \
                  echo left: $(ls \"$1/found\"); exit $status";
    let ran = finish(unshare(script));
    assert_eq!(ran.rest_of("left:"), "", "{ran}");
    not_saved(ran, "No space left on device");
}

#[test]
fn a_run_is_saved_and_replayed() {
    let scratch = Scratch::new("run");
    let file = scratch.at("deep/er/run.fbt");
    let program = build::program(&scratch, "entropy");
    let first = fbsim(&["run", "--seed", "5", "--save", &file, "--", &program]).exits(0);
    assert_eq!(first.stdout.lines().count(), 4, "a saved run passes its output through, once\n{first}");
    let recorded = orders::read(Path::new(&file));
    assert_eq!(recorded.header.seed, model::Seed(5));
    fbsim(&["replay", "--times", "5", &file])
        .exits(0)
        .says(&["5 of 5 replays are the same", &recorded.outcome.hash.to_string()]);
    // What cannot be saved is said, and the program's output is there all the same.
    let mut full = command(&["run", "--seed", "5", "--save", "/dev/full/run.fbt", "--", &program]);
    full.current_dir(scratch.path());
    let ran = finish(full).exits(2).says(&["could not be saved"]);
    assert_eq!(ran.stdout, first.stdout, "{ran}");
}
