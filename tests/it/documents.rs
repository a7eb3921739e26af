//! What the pages show is what happens: commands in transcripts are run, and what they print is compared line by line,
//! numbers aside.

use crate::support::{Ran, Scratch, build, finish, root, skipped};
use std::process::Command;

/// A command of a transcript, and the lines under it.
struct Shown {
    command: String,
    lines: Vec<String>,
}

/// The transcripts of a page.
fn transcripts(page: &str) -> Vec<Shown> {
    let text = std::fs::read_to_string(root().join(page)).unwrap_or_else(|e| panic!("{page}: {e}"));
    let mut shown: Vec<Shown> = Vec::new();
    for block in text.split("\n```console\n").skip(1).filter_map(|rest| rest.split_once("\n```")) {
        for line in block.0.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => shown.push(Shown { command: command.to_owned(), lines: Vec::new() }),
                None => shown.last_mut().expect("a block begins with a command").lines.push(line.to_owned()),
            }
        }
    }
    shown
}

/// A text without what differs from build to build and from machine to machine: numbers, hashes, and how far apart words
/// stand.
fn without_numbers(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let is_hash = word.len() >= 6 && word.chars().all(|c| c.is_ascii_hexdigit());
        if is_hash || word.starts_with("0x") {
            out.push('#');
        } else {
            let mut digits = false;
            for c in word.chars() {
                if c.is_ascii_digit() && !digits {
                    out.push('#');
                }
                digits = c.is_ascii_digit();
                out.extend((!digits).then_some(c));
            }
        }
        word.clear();
        out.push(c);
    }
    let plain = out.split_whitespace().collect::<Vec<_>>().join(" ").replace("#.#", "#");
    // Times and rates are shown in the unit that suits them.
    plain.replace("#ms", "#s").replace("#µs", "#s")
}

/// Whether a line says what a page shows of it; `…` stands for anything.
fn says(line: &str, shown: &str) -> bool {
    let (line, shown) = (without_numbers(line), without_numbers(shown));
    let (mut rest, shown) = (line.trim(), shown.trim());
    let mut parts = shown.split('…').map(str::trim);
    if !shown.starts_with('…') {
        let Some(after) = rest.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        rest = after;
    }
    let open = shown.contains('…');
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    open || rest.is_empty()
}

/// Fails unless a command printed these lines in this order, among others.
fn compare(page: &str, shown: &Shown, ran: &Ran) {
    let printed = format!("{}\n{}", ran.stderr, ran.stdout);
    // How often a failure was seen before the search ended depends on how many workers were at it.
    let varies = |line: &str| line.trim().is_empty() || line == "…" || line.trim_start().starts_with("seen in");
    for line in shown.lines.iter().filter(|line| !varies(line)) {
        let there = printed.lines().any(|p| says(p, line));
        assert!(
            there,
            "{page} shows a line that is not printed:\n{line}\n(without numbers: {})\n{ran}",
            without_numbers(line)
        );
    }
}

/// The checkout, as the pages see it, without what tests leave behind.
fn checkout() -> Scratch {
    let scratch = Scratch::new("pages");
    for name in ["target", "docs", "specs", "tests", "benches"] {
        std::os::unix::fs::symlink(root().join(name), scratch.at(name)).expect("a link");
    }
    scratch.file(
        "typo.star",
        "api = service(\"api\", \"target/release/orders-api\")\nfault_assumption(\"x\", target = api, connect = deny(\"ECONREFUSED\"))\n",
    );
    scratch
}

fn follow(page: &str) -> usize {
    build::services();
    let scratch = checkout();
    let mut last = 0;
    let mut followed = 0;
    for shown in transcripts(page) {
        if shown.command == "echo $?" {
            assert_eq!(shown.lines, [last.to_string()], "{page}: the exit code of the command before");
            continue;
        }
        let command = shown.command.split(" #").next().unwrap_or_default();
        let Some(arguments) = command.trim().strip_prefix("target/release/fbsim ") else { continue };
        if arguments.contains("perl") && !std::path::Path::new("/usr/bin/perl").exists() {
            skipped("perl is not installed");
            continue;
        }
        let mut run = Command::new("/bin/sh");
        run.arg("-c")
            .arg(format!("target/release/fbsim {arguments}"))
            .current_dir(scratch.path())
            .env_remove("FBSIM_SEED");
        let ran = finish(run);
        last = ran.code();
        followed += 1;
        assert!([0, 1].contains(&last) || !shown.lines.is_empty(), "{page}: a command that cannot be run\n{ran}");
        compare(page, &shown, &ran);
    }
    followed
}

#[test]
fn the_guide_shows_what_happens() {
    assert!(follow("docs/guide.md") >= 8);
}

#[test]
fn the_errors_are_as_shown() {
    assert!(follow("docs/errors.md") >= 1);
}

#[test]
fn the_commands_of_the_front_page_work() {
    if !std::path::Path::new("/usr/bin/python3").exists() {
        return skipped("Python is not installed");
    }
    assert!(follow("README.md") >= 4);
}

#[test]
fn lines_are_compared_without_numbers() {
    for (line, shown, same) in [
        (
            "PASS test_x  (10.916ms simulated, 228 events, hash bc09ec12)",
            "PASS test_x  (1.2µs simulated, 9 events, hash abcdef…)",
            true,
        ),
        ("27 runs of 1 tests, 24 held", "300 runs of 1 tests, 1 held", true),
        ("27 runs of 1 tests, 24 held", "27 runs of 1 tests, 24 failed", false),
        ("#1 2ms test/101  * choice kind=latency stream=1", "#9  1ms  test/1  * choice … index=5", false),
        ("#1 2ms test/101 * choice kind=latency stream=1 x", "#9 1ms test/1 * choice … stream=1 …", true),
    ] {
        assert_eq!(says(line, shown), same, "{line} / {shown}");
    }
}
