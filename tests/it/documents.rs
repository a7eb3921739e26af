//! What the pages show is what happens: commands in transcripts are run, and what they print is compared line by line,
//! numbers aside.

use crate::support::{Ran, Scratch, build, finish, root, skipped};
use std::path::Path;
use std::process::Command;

/// A command of a transcript, and the lines under it.
struct Shown {
    command: String,
    lines: Vec<String>,
}

/// The blocks of a page in a language, one after the other.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap_or_else(|e| panic!("{page}: {e}"));
    let opening = format!("\n```{language}\n");
    let after = text.split(&opening).skip(1);
    after.filter_map(|rest| rest.split_once("\n```").map(|(block, _)| format!("{block}\n"))).collect()
}

/// The transcript that a block is. What `make` says it does (`+ …`) is a command, too.
fn transcript(block: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("$ ").or_else(|| line.strip_prefix("+ ")) {
            Some(command) => shown.push(Shown { command: command.to_owned(), lines: Vec::new() }),
            None => shown.last_mut().expect("a block begins with a command").lines.push(line.to_owned()),
        }
    }
    shown
}

/// The transcripts of a page.
fn transcripts(page: &str) -> Vec<Shown> {
    blocks(page, "console").iter().flat_map(|block| transcript(block)).collect()
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
    let lines = shown.lines.iter().map(|line| line.replace("target/demo-failures", "fbsim-failures"));
    for line in lines.filter(|line| !varies(line)) {
        let line = line.as_str();
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
    for name in ["docs", "specs", "benches"] {
        std::os::unix::fs::symlink(root().join(name), scratch.at(name)).expect("a link");
    }
    // What runs inside a world has to be where it runs: a link may lead to a place that is private there.
    for (from, to) in [("target/release", "target/release"), ("tests/servers", "tests/servers")] {
        let to = scratch.path().join(to);
        std::fs::create_dir_all(&to).expect("a directory");
        for entry in std::fs::read_dir(root().join(from)).expect("a directory").flatten() {
            let (path, name) = (entry.path(), to.join(entry.file_name()));
            if path.is_file() {
                std::fs::hard_link(&path, name).expect("a second name on the same disk");
            }
        }
    }
    scratch.file(
        "typo.star",
        "api = service(\"api\", \"target/release/orders-api\")\nfault_assumption(\"x\", target = api, connect = deny(\"ECONREFUSED\"))\n",
    );
    scratch
}

/// What a command needs and this host does not have.
fn missing(command: &str) -> Option<&'static str> {
    const NEEDED: [(&str, &str); 5] = [
        ("perl", "/usr/bin/perl"),
        ("redis", "/usr/bin/redis-server"),
        ("etcd", "/usr/bin/etcd"),
        ("python", "/usr/bin/python3"),
        ("specs/servers", "/usr/bin/python3"),
    ];
    NEEDED.iter().find(|(word, path)| command.contains(word) && !Path::new(path).exists()).map(|(_, path)| *path)
}

/// A command of a page, to be run in the checkout. Of what is made only the recipe is read: it makes this program.
fn run(scratch: &Scratch, command: &str) -> Command {
    let line = match command.split_once(' ') {
        Some(("target/release/fbsim", _)) => command.replace("target/demo-failures", "fbsim-failures"),
        Some(("make", rest)) => format!("make -n -C {} {rest} >/dev/null", root().display()),
        _ => panic!("nobody runs {command:?}"),
    };
    let mut run = Command::new("/bin/sh");
    run.arg("-c").arg(line).current_dir(scratch.path()).env_remove("FBSIM_SEED");
    run
}

fn follow(page: &str) -> usize {
    build::services();
    let scratch = checkout();
    let mut last = 0;
    let mut followed = 0;
    for shown in transcripts(page) {
        if page == BY_HAND && !shown.command.contains("fbsim ") {
            continue;
        }
        if shown.command == "echo $?" {
            assert_eq!(shown.lines, [last.to_string()], "{page}: the exit code of the command before");
            continue;
        }
        let command = shown.command.split(" #").next().unwrap_or_default().trim();
        if let Some(missing) = missing(command) {
            skipped(&format!("{page}: {missing} is not installed"));
            continue;
        }
        let ran = finish(run(&scratch, command));
        last = ran.code();
        followed += 1;
        assert!([0, 1].contains(&last) || !shown.lines.is_empty(), "{page}: a command that cannot be run\n{ran}");
        compare(page, &shown, &ran);
    }
    followed
}

/// The pages with transcripts, and how many commands of each are run at least.
const PAGES: [(&str, usize); 7] = [
    ("README.md", 9),
    ("docs/compatibility.md", 2),
    ("docs/errors.md", 1),
    ("docs/guide.md", 8),
    ("docs/performance.md", 3),
    ("specs/README.md", 4),
    ("specs/orders/README.md", 4),
];

/// The page whose first transcripts are of services that are run by hand.
const BY_HAND: &str = "specs/orders/README.md";

#[test]
fn the_guide_shows_what_happens() {
    follows("docs/guide.md");
}

#[test]
fn the_errors_are_as_shown() {
    follows("docs/errors.md");
}

#[test]
fn the_commands_of_the_front_page_work() {
    follows("README.md");
}

#[test]
fn the_commands_of_the_other_pages_work() {
    for page in ["docs/compatibility.md", "docs/performance.md", "specs/README.md", BY_HAND] {
        follows(page);
    }
}

#[track_caller]
fn follows(page: &str) {
    let least = PAGES.iter().find(|(name, _)| *name == page).expect("a page with transcripts").1;
    let followed = follow(page);
    assert!(followed >= least, "{page}: {followed} commands were run");
}

#[test]
fn no_page_with_a_transcript_is_forgotten() {
    let mut git = Command::new("git");
    git.args(["ls-files", "*.md"]).current_dir(root());
    let ran = finish(git).exits(0);
    let shows = |page: &&str| !blocks(page, "console").is_empty();
    let shown: Vec<&str> = ran.stdout.lines().filter(shows).collect();
    assert_eq!(shown, PAGES.map(|(page, _)| page), "pages with transcripts");
}

/// The services that the page starts by hand, with what it then asks them: in a world, where their ports are free.
#[test]
fn the_services_answer_by_hand_as_shown() {
    for program in ["/usr/bin/curl", "/usr/bin/nc"] {
        if !Path::new(program).exists() {
            return skipped(&format!("{program} is not installed"));
        }
    }
    build::services();
    let scratch = checkout();
    let started = blocks(BY_HAND, "sh").remove(0);
    let started: Vec<&str> = started.lines().filter(|line| line.contains("target/release/orders-")).collect();
    assert_eq!(started.len(), 3, "{BY_HAND} starts three services");
    for (block, bugs) in blocks(BY_HAND, "console").iter().filter(|b| !b.contains("fbsim ")).zip(["", "oversell"]) {
        let mut script = format!("export ORDERS_BUGS={bugs}\n");
        started.iter().for_each(|line| script.push_str(&format!("{line} >/dev/null &\n")));
        script.push_str("sleep 1\n");
        let mut expected = String::new();
        for shown in transcript(block) {
            // Not every answer ends its line.
            script.push_str(&format!("{}\necho\n", shown.command));
            expected.push_str(&format!("{}\n", shown.lines.join("\n")));
        }
        let script = scratch.file("by-hand.sh", script);
        let ran = finish(run(&scratch, &format!("target/release/fbsim run -- /bin/bash {script}")));
        let said: Vec<&str> = ran.stdout.lines().filter(|line| !line.is_empty()).collect();
        let expected: Vec<&str> = expected.lines().collect();
        assert_eq!(said, expected, "{BY_HAND}, with the bugs {bugs:?}\n{ran}");
    }
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
