//! The specification language against real programs: each snippet of the chapter that it was made for, the examples
//! of the language, and the commands about specifications.

use crate::documents::blocks;
use crate::support::{Ran, Scratch, build, command, figure, finish, fixture, root, setting, skipped};

/// A directory with the specifications of a fixture and its program.
pub(crate) fn prepared(directory: &str, program: &str) -> Scratch {
    let scratch = Scratch::new(program);
    for entry in std::fs::read_dir(fixture(directory)).expect("the fixture") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "star") {
            scratch.copy(&path);
        }
    }
    let mut compiler = build::cc();
    compiler.args(build::CFLAGS).arg("-o").arg(scratch.at(program));
    compiler.arg(fixture(&format!("{directory}/{program}.c")));
    finish(compiler).exits(0);
    scratch
}

pub(crate) fn explore(scratch: &Scratch, spec: &str, env: &str, more: &[&str]) -> Ran {
    let (spec, output) = (scratch.at(spec), scratch.at("found"));
    let fixed = ["explore", &spec, "--env", env, "--output", &output, "--no-shrink"];
    finish(command(&[&fixed[..], more].concat()))
}

/// Each snippet in context: the file, the bug it is there to find, the test that finds it, and what that says.
const SNIPPETS: [(&str, &str, &str, &str); 12] = [
    ("s01_matrix", "ignores-down", "matrix_order_flow_db_down", "assert_eq failed: 200 != 503"),
    ("s02_invariant", "confirms-first", "matrix_order_flow_db_down", "order confirmed but not persisted!"),
    ("s03_safety", "oversells", "stock_never_negative", "must never happen did"),
    ("s04_liveness", "never-retries", "retry_happens", "must eventually happen did not"),
    ("s05_orphans", "publishes-anyway", "matrix_order_flow_db_write_fail", "event published without DB insert"),
    ("s06_written", "never-writes", "written", "must eventually happen did not"),
    ("s07_both", "oversells", "no_overselling", "oversold: both orders succeeded"),
    ("s10_order", "answers-first", "wal_first", "the wrong order"),
    ("s12_oracle", "answers-first", "order_durability", "the wrong order"),
    ("s12_oracle", "never-writes", "order_durability", "must eventually happen did not"),
    ("s13_faults", "confirms-first", "matrix_create_order_db_slow", "order confirmed but not persisted!"),
    ("s13_faults", "confirms-first", "matrix_create_order_db_write_fail", "order confirmed but not persisted!"),
];

/// Where each snippet of the chapter stands in context.
const SNIPPETS_BY_NUMBER: [(&str, &str); 15] = [
    ("S1", "s01_matrix"),
    ("S2", "s02_invariant"),
    ("S3", "s03_safety"),
    ("S4", "s04_liveness"),
    ("S5", "s05_orphans"),
    ("S6", "s06_written"),
    ("S7", "s07_both"),
    ("S8", "s07_both"),
    ("S9", "s09_denied"),
    ("S10", "s10_order"),
    ("S11", "s12_oracle"),
    ("S12", "s12_oracle"),
    ("S13", "s13_faults"),
    ("S14", "s13_faults"),
    ("S15", "s09_denied"),
];

/// The code of the chapter, line by line (its document has lost the indentation), stands in the fixtures: each of its
/// blocks as one piece of one file.
#[test]
fn the_chapter_stands_in_the_fixtures_as_printed() {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let read = |name: &str| std::fs::read_to_string(fixture(&format!("seed/{name}"))).expect("a fixture");
    let files: Vec<Vec<String>> =
        SNIPPETS_BY_NUMBER.iter().map(|(_, file)| lines(&read(&format!("{file}.star")))).collect();
    let chapter = read("chapter.txt");
    let blocks: Vec<Vec<String>> = chapter.split("\n\n").map(lines).collect();
    assert!(blocks.len() >= 11, "{} blocks", blocks.len());
    for block in blocks {
        let whole = |file: &Vec<String>| file.windows(block.len()).any(|piece| *piece == block[..]);
        assert!(files.iter().any(whole), "no fixture has this piece of the chapter:\n{}", block.join("\n"));
    }
}

/// What a fault assumption carries is checked in every cell of the matrix, without being asked for in any.
#[test]
fn monitors_of_an_assumption_fire_in_every_cell() {
    let scratch = prepared("seed", "shop");
    let args = ["test", &scratch.at("s13_faults.star"), "--env", "SHOP_BUG=confirms-first"];
    let ran = finish(command(&[&args[..], &["--output", &scratch.at("found")]].concat())).exits(1);
    ran.says(&["monitor: order_persisted_check: order confirmed but not persisted!", "0 passed, 2 failed"])
        .says(&["FAIL test_matrix_create_order_db_slow", "FAIL test_matrix_create_order_db_write_fail"]);
}

#[test]
fn each_snippet_holds_for_the_healthy_and_finds_its_bug() {
    let scratch = prepared("seed", "shop");
    let mut healthy: Vec<&str> = SNIPPETS.iter().map(|s| s.0).collect();
    healthy.dedup();
    for spec in healthy {
        let ran = explore(&scratch, &format!("{spec}.star"), "SHOP_BUG=", &["--seeds", "20"]);
        ran.exits(0);
    }
    for (spec, bug, test, message) in SNIPPETS {
        let more = ["--test", test, "--seeds", "2000"];
        let ran = explore(&scratch, &format!("{spec}.star"), &format!("SHOP_BUG={bug}"), &more).exits(1);
        ran.says(&[&format!("FAIL test_{test}  seed "), message]);
    }
    // S9 and S15: a denied call that the service has to deal with is what the snippet forbids.
    let ran = explore(&scratch, "s09_denied.star", "SHOP_BUG=", &["--seeds", "1", "--keep-going"]).exits(1);
    ran.says(&["FAIL test_matrix_order_flow_db_down", "API received denied syscall"]);
}

#[test]
fn a_matrix_is_told_as_a_table() {
    let scratch = prepared("seed", "shop");
    let args = ["test", &scratch.at("s01_matrix.star"), "--env", "SHOP_BUG=", "--output", &scratch.at("found")];
    let ran = finish(command(&args)).exits(0);
    assert!(ran.stdout.contains("\n            db_down\norder_flow  PASS\n"), "{ran}");
}

/// A program that takes what one read returns for a message: the search cuts the read short, and shrinks to that alone.
#[test]
fn a_read_that_is_taken_for_a_message_is_found() {
    let scratch = prepared("transfer", "adder");
    explore(&scratch, "adder.star", "ADDER_BUG=", &["--seeds", "500"]).exits(0);
    let line = ["explore", &scratch.at("adder.star"), "--env", "ADDER_BUG=whole", "--output", &scratch.at("found")];
    let ran = finish(command(&line)).exits(1);
    ran.says(&[
        "FAIL test_sums_are_right  seed ",
        "the ordinary run, except for one choice:",
        "a short read: recvfrom of adder/100 returned ",
    ]);
}

/// Why nothing comes: nothing can run any more, or not before a timer; and who waits for what.
#[test]
fn a_missing_event_is_told_with_who_waits_for_what() {
    let scratch = Scratch::new("waits");
    let spec = |loops: &str, waits: &str| {
        let text = format!(
            "sh = service(\"sh\", binary = \"/bin/sh\", args = [\"-c\", \"{loops}\"])\n\ndef test_it():\n    {waits}\n"
        );
        std::fs::write(scratch.at("spec.star"), text).expect("the scratch directory");
        finish(command(&["test", &scratch.at("spec.star"), "--output", &scratch.at("found")])).exits(1)
    };
    let end = "nothing can run any more:\n    sh/100 waits in wait4(";
    for wait in ["assert_eventually(type = \"stdout\")", "await_event(match.event(type = \"stdout\"))"] {
        spec("mkfifo /tmp/f; cat /tmp/f; true", wait).says(&[
            end,
            "a child to change state",
            "    sh/102 waits in openat(",
            "nobody has opened the other end of the named pipe",
        ]);
        spec("sleep 1000", wait).says(&["the next thing happens at 1000", ":\n    sh/100 waits in "]);
        spec("while sleep 1; do :; done", wait).says(&["the next thing happens at 30", "sleeping"]);
        let wait = wait.strip_suffix(')').expect("a call");
        let busy = spec("exec yes > /dev/null", &format!("{wait}, within = \"5ms\")"));
        busy.says(&["within 5ms", "\n  things were still happening then"]);
    }
}

/// In a world with a clock nothing comes to rest, but it becomes quiet; and calls that lead nowhere say where.
#[test]
fn a_world_with_a_clock_becomes_quiet() {
    let scratch = prepared("quiet", "ticks");
    finish(command(&["test", &scratch.at("quiet.star"), "--output", &scratch.at("found")]))
        .exits(0)
        .says(&["6 passed"]);
}

/// A power failure at chosen instants of SQLite's commits, in either of its journal modes: what was acknowledged is there
/// afterwards and the file is sound. Without syncs it is not, and that is found.
#[test]
fn sqlite_survives_power_failures_unless_it_does_not_sync() {
    if !std::path::Path::new("/usr/include/sqlite3.h").exists() {
        return skipped("SQLite's header is not installed (package libsqlite3-dev)");
    }
    let scratch = Scratch::new("sqlite");
    scratch.copy(&fixture("sqlite/crash.star"));
    let mut compiler = build::cc();
    compiler.args(build::CFLAGS).arg("-o").arg(scratch.at("keeper"));
    compiler.arg(fixture("sqlite/keeper.c")).arg("-lsqlite3");
    finish(compiler).exits(0);
    let seeds = setting("FBSIM_IT_SQLITE_SEEDS", 2000).to_string();
    for journal in ["DELETE", "WAL"] {
        let env = format!("KEEPER_JOURNAL={journal}");
        let ran = explore(&scratch, "crash.star", &env, &["--seeds", &seeds]).exits(0);
        figure(&format!("SQLite, journal {journal}: {}", ran.stdout.lines().last().unwrap_or_default()));
    }
    let ran = explore(&scratch, "crash.star", "KEEPER_SYNC=OFF", &["--seeds", &seeds]).exits(1);
    ran.says(&["FAIL test_acknowledged_is_kept  seed "]);
}

/// A test that goes on for ever ends, and says where it was.
#[test]
fn an_endless_test_is_stopped_at_its_line() {
    let scratch = prepared("seed", "shop");
    let loads = "load(\"system.star\", \"api\")\n\ndef test_endless():\n    for i in range(100000000):\n";
    for (body, limit, code, part) in [
        ("api.get(path = \"/\")", "20000", 3, "the limit of 20000 system calls (--max-calls) was reached by "),
        ("i + 1", "0", 1, "[FB0113] the specification takes more than 20000000 steps"),
    ] {
        let spec = scratch.file("endless.star", format!("{loads}        {body}\n"));
        let args = ["test", &spec, "--max-calls", limit, "--output", &scratch.at("found")];
        finish(command(&args)).exits(code).says(&[part, "endless.star:5:9"]);
    }
}

#[test]
fn specifications_are_checked_and_planned_without_running() {
    let scratch = prepared("faults", "node");
    let ran = finish(command(&["check", &scratch.at("found.star")])).exits(0);
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(answer["ok"], true, "{ran}");
    assert_eq!(answer["tests"].as_array().map(Vec::len), Some(18), "{ran}");
    let broken = scratch.file("broken.star", "service(\"a\", \"node\", argz = [])\n");
    let ran = finish(command(&["check", &broken])).exits(2);
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let finding = &answer["findings"][0];
    assert_eq!((finding["code"].as_str(), finding["line"].as_u64()), (Some("FB0104"), Some(1)), "{ran}");
    let ran = finish(command(&["plan", &scratch.at("found.star")])).exits(0);
    ran.says(&["test_heard_in_order_duplicate  (fault_scenario)", "duplicate() from a to b with probability 20%"]);
}

#[test]
fn a_first_specification_is_written_and_runs() {
    let scratch = prepared("seed", "shop");
    let wrapper = scratch.executable("serve", "#!/bin/sh\nexec ./shop api 8080\n");
    let output = scratch.at("new");
    finish(command(&["init", &wrapper, "--name", "first", "--output", &output]))
        .exits(0)
        .says(&["first.star", "fbsim.pyi"]);
    if std::path::Path::new("/usr/bin/python3").exists() {
        let mut python = std::process::Command::new("/usr/bin/python3");
        python.args(["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", &format!("{output}/fbsim.pyi")]);
        finish(python).exits(0);
    }
    std::fs::copy(scratch.at("shop"), format!("{output}/shop")).expect("the program beside it");
    finish(command(&["test", &format!("{output}/first.star"), "--output", &scratch.at("found")])).exits(0);
}

/// What is said of a machine is what its program sees, built as the specification says, from files beside it.
#[test]
fn machines_are_built_and_furnished_as_a_specification_says() {
    let scratch = Scratch::new("machine");
    for name in ["machine.star", "machine.json", "orders.yaml", "probe.c"] {
        scratch.copy(&fixture(&format!("machine/{name}")));
    }
    std::fs::create_dir(scratch.at("pages")).expect("a directory");
    scratch.file("pages/index.html", "<h1>Welcome</h1>\n");
    let spec = scratch.at("machine.star");
    // To check a specification builds nothing and does not miss what is not built yet.
    finish(command(&["check", &spec])).exits(0);
    assert!(!std::path::Path::new(&scratch.at("probe")).exists());
    let ran = finish(command(&["test", &spec, "--output", &scratch.at("found")])).exits(0);
    ran.says(&["3 passed, 0 failed", "built the probe"]);
    // The saved case has the files: it is replayed as it was although they are gone.
    let text = std::fs::read_to_string(&spec).expect("the specification");
    scratch.file("machine.star", text.replace("[25, 1]", "[25, 2]"));
    finish(command(&["test", &spec, "--output", &scratch.at("found")])).exits(1);
    std::fs::remove_file(scratch.at("orders.yaml")).expect("removed");
    let case = std::fs::read_dir(scratch.at("found")).expect("cases").next().expect("a case").expect("an entry").path();
    finish(command(&["replay", &case.to_string_lossy()])).exits(0).says(&["the replay is the same"]);
    let broken = text.replace("probe.c &&", "missing.c &&");
    let spec = scratch.file("broken.star", broken);
    let ran = finish(command(&["test", &spec, "--output", &scratch.at("found")])).exits(2);
    ran.says(&["error[FB0117]: the program of service probe could not be built", "missing.c"]);
}

#[test]
fn the_list_of_builtins_is_current() {
    let path = root().join("docs/language.md");
    let text = std::fs::read_to_string(&path).expect("the language's documentation");
    let (start, end) = ("reference.rs -->\n", "<!-- end of builtins -->");
    let from = text.find(start).expect("the beginning of the list") + start.len();
    let to = text.find(end).expect("its end");
    if text[from..to] != language::markdown() {
        #[allow(clippy::disallowed_methods, reason = "asked for by whoever changes a builtin")]
        if std::env::var_os("FBSIM_UPDATE").is_some() {
            std::fs::write(&path, format!("{}{}{}", &text[..from], language::markdown(), &text[to..]))
                .expect("written");
            return;
        }
        panic!("docs/language.md is not current: FBSIM_UPDATE=1 cargo test --test it the_list_of_builtins");
    }
}

#[test]
fn the_examples_of_the_language_load_and_hold() {
    build::services();
    let scratch = Scratch::new("docs");
    let blocks = blocks("docs/language.md", "python");
    assert!(blocks.len() > 8, "{} examples", blocks.len());
    let spec = scratch.file("page.star", blocks.join("\n"));
    finish(command(&["test", &spec, "--output", &scratch.at("found")])).exits(0);
}

#[test]
fn the_example_of_the_guide_is_the_one_that_is_run() {
    let stock = std::fs::read_to_string(root().join("docs/examples/stock.star")).expect("the example");
    for page in ["docs/guide.md", "README.md"] {
        assert!(blocks(page, "python").contains(&stock), "{page} shows another text");
    }
}
