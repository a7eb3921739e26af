//! Rules about the project's own text that no compiler checks. A rule is a function from text to complaints, and is
//! itself shown something wrong (`the_rules_can_complain`).

mod source;

use crate::support::root;
use source::{Source, code_of};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Who may know whom in this workspace (ARCHITECTURE.md): everything else is forbidden, in tests and build scripts too.
const EDGES: &[(&str, &[&str])] = &[
    ("fbsim-model", &[]),
    ("fbsim-kernel", &["fbsim-model"]),
    ("fbsim-trace", &["fbsim-model"]),
    ("fbsim-protocol", &["fbsim-model"]),
    ("fbsim-language", &["fbsim-model", "fbsim-protocol"]),
    ("fbsim-guest", &["fbsim-model", "fbsim-kernel"]),
    ("fbsim-recorder", &["fbsim-guest", "fbsim-kernel", "fbsim-model", "fbsim-trace"]),
    ("fbsim-replayer", &["fbsim-guest", "fbsim-kernel", "fbsim-model", "fbsim-trace"]),
    ("fbsim-explorer", &["fbsim-model"]),
    ("fbsim-report", &["fbsim-model"]),
    ("orders", &[]),
];

/// The command, which may know all parts.
const COMMAND: &str = "fbsim";

/// Libraries that have one home.
const HOMES: &[(&str, &str)] = &[
    ("starlark", "fbsim-language"),
    ("bincode", "fbsim-trace"),
    ("zstd", "fbsim-trace"),
    ("libseccomp", "fbsim-guest"),
    ("rand_chacha", "fbsim-model"),
];

/// The only place for unsafe code.
const UNSAFE: &str = "crates/guest/";

/// Where the lint against unsafe code is lifted for what a derive writes; nobody writes any there.
const UNSAFE_DERIVED: [&str; 3] =
    ["crates/language/src/lib.rs", "crates/language/src/values/mod.rs", "crates/language/src/store.rs"];

/// The longest that a file may be.
const LINES_MAX: usize = 600;

/// Files that are tables, and may be longer.
const TABLES: &[&str] = &[];

/// Unfinished business that is none: a path, what it contains, and why.
const FINISHED: &[(&str, &str, &str)] = &[
    ("crates/trace/tests/it/fixture.rs", "#[ignore", "writes a fixture; run by hand when a version is released"),
    ("crates/kernel/src/fs/tests/harness.rs", "unimplemented!", "calls of a host that tests of files never make"),
];

/// `cargo metadata` of the workspace: each package, and what it depends on.
fn packages() -> BTreeMap<String, Vec<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root());
    let ran = crate::support::finish(cargo).exits(0);
    let metadata: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let list = |value: &serde_json::Value| value.as_array().expect("a list").clone();
    let package = |p: &serde_json::Value| {
        let dependencies = list(&p["dependencies"]).iter().map(|d| text(&d["name"])).collect();
        (text(&p["name"]), dependencies)
    };
    list(&metadata["packages"]).iter().map(package).collect()
}

fn complaints_about_edges(packages: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut complaints = Vec::new();
    for (package, dependencies) in packages {
        let allowed = EDGES.iter().find(|(name, _)| name == package).map(|(_, allowed)| *allowed);
        if allowed.is_none() && package != COMMAND {
            complaints.push(format!("{package} has no row in the table of who may know whom"));
        }
        for dependency in dependencies {
            let inside = packages.contains_key(dependency);
            if inside && allowed.is_some_and(|allowed| !allowed.contains(&dependency.as_str())) {
                complaints.push(format!("{package} must not know {dependency}"));
            }
            if let Some((_, home)) = HOMES.iter().find(|(library, _)| library == dependency)
                && home != package
            {
                complaints.push(format!("{dependency} belongs into {home}, not into {package}"));
            }
        }
    }
    complaints
}

fn complaints_about_unsafe(source: &Source) -> Vec<String> {
    let Source { path, code, .. } = source;
    let mut complaints = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        if words.contains(&"unsafe") && !path.starts_with(UNSAFE) {
            complaints.push(format!("{path}:{}: unsafe code outside {UNSAFE}", number + 1));
        }
        if words.contains(&"unsafe_code") && !path.starts_with(UNSAFE) && !UNSAFE_DERIVED.contains(&path.as_str()) {
            complaints.push(format!("{path}:{}: the lint against unsafe code is lifted", number + 1));
        }
    }
    complaints
}

fn complaints_about_length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let long = lines > LINES_MAX && !TABLES.contains(&source.path.as_str());
    long.then(|| format!("{}: {lines} lines, more than {LINES_MAX}: split it", source.path)).into_iter().collect()
}

fn complaints_about_unfinished(source: &Source) -> Vec<String> {
    let Source { path, code, .. } = source;
    let mut complaints = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for mark in ["todo!", "unimplemented!", "#[ignore", "dbg!"] {
            let finished = FINISHED.iter().any(|(p, m, _)| p == path && *m == mark);
            if line.contains(mark) && !finished {
                complaints.push(format!("{path}:{}: {mark}", number + 1));
            }
        }
    }
    complaints
}

/// Libraries return what there is to say; the command says it.
fn complaints_about_printing(source: &Source) -> Vec<String> {
    let Source { path, code, .. } = source;
    let library = ["crates/", "recorder/", "replayer/", "explorer/"].iter().any(|d| path.starts_with(d));
    if !library || !path.contains("/src/") || path.contains("/tests") {
        return Vec::new();
    }
    let prints = |line: &str| ["println!", "print!"].iter().any(|m| line.contains(m));
    let lines = code.lines().enumerate().filter(|(_, l)| prints(l));
    lines.map(|(number, _)| format!("{path}:{}: a library prints", number + 1)).collect()
}

/// Every `FBnnnn` in a text.
fn error_codes(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (at, _) in text.match_indices("FB") {
        let digits: String = text[at + 2..].chars().take_while(char::is_ascii_digit).collect();
        if digits.len() == 4 {
            codes.insert(format!("FB{digits}"));
        }
    }
    codes
}

#[track_caller]
fn no_complaints(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// Checks a rule on every file.
#[track_caller]
fn check(rule: fn(&Source) -> Vec<String>) {
    no_complaints(&source::all().iter().flat_map(rule).collect::<Vec<_>>());
}

#[test]
fn nobody_knows_whom_it_must_not() {
    let packages = packages();
    no_complaints(&complaints_about_edges(&packages));
    for (name, _) in EDGES {
        assert!(packages.contains_key(*name), "{name} of the table is no package");
    }
}

#[test]
fn unsafe_code_is_in_one_crate() {
    check(complaints_about_unsafe);
    for path in UNSAFE_DERIVED {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(text.contains("unsafe_code"), "{path} needs its exception no more");
    }
}

#[test]
fn files_are_short() {
    check(complaints_about_length);
}

#[test]
fn nothing_is_unfinished() {
    check(complaints_about_unfinished);
    for (path, mark, _) in FINISHED {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(text.contains(mark), "{path} needs its exception for {mark} no more");
    }
}

#[test]
fn libraries_do_not_print() {
    check(complaints_about_printing);
}

#[test]
fn every_error_code_is_documented() {
    let documented = error_codes(&std::fs::read_to_string(root().join("docs/errors.md")).expect("docs/errors.md"));
    let mut used: BTreeMap<String, String> = BTreeMap::new();
    for source in source::all() {
        // Not what this test itself makes up.
        if !source.path.starts_with("tests/it/tidy/") {
            used.extend(error_codes(&source.text).into_iter().map(|code| (code, source.path.clone())));
        }
    }
    let declared = language::Code::ALL.iter().map(|code| (code.to_string(), "crates/language".to_owned()));
    used.extend(declared);
    assert!(used.len() >= language::Code::ALL.len(), "only {} codes are used", used.len());
    let missing: Vec<_> = used.iter().filter(|(code, _)| !documented.contains(*code)).collect();
    assert!(missing.is_empty(), "not in docs/errors.md: {missing:?}");
    let unused: Vec<_> = documented.iter().filter(|code| !used.contains_key(*code)).collect();
    assert!(unused.is_empty(), "in docs/errors.md and nowhere used: {unused:?}");
}

#[test]
fn the_rules_can_complain() {
    let source = |path: &str, text: &str| Source { path: path.into(), text: text.into(), code: code_of(text) };
    let wrong = |rule: fn(&Source) -> Vec<String>, path: &str, text: &str| rule(&source(path, text)).len();

    assert_eq!(wrong(complaints_about_unsafe, "src/main.rs", "fn f() { unsafe { g() } }\n"), 1);
    assert_eq!(wrong(complaints_about_unsafe, "src/main.rs", "#![allow(unsafe_code)]\nunsafe fn f() {}\n"), 2);
    assert_eq!(wrong(complaints_about_unsafe, "src/main.rs", "// unsafe\nlet s = \"unsafe\"; /* unsafe */\n"), 0);
    assert_eq!(wrong(complaints_about_unsafe, "crates/guest/src/lib.rs", "unsafe fn f() {}\n"), 0);
    assert_eq!(wrong(complaints_about_unsafe, UNSAFE_DERIVED[0], "unsafe impl Send for X {}\n"), 1);

    assert_eq!(wrong(complaints_about_length, "src/main.rs", &"\n".repeat(LINES_MAX)), 0);
    assert_eq!(wrong(complaints_about_length, "src/main.rs", &"\n".repeat(LINES_MAX + 1)), 1);

    assert_eq!(
        wrong(complaints_about_unfinished, "src/main.rs", "todo!()\n#[ignore = \"slow\"]\nunimplemented!()\n"),
        3
    );
    assert_eq!(wrong(complaints_about_unfinished, FINISHED[0].0, "#[ignore = \"slow\"]\ntodo!()\n"), 1);

    assert_eq!(wrong(complaints_about_printing, "crates/model/src/ids.rs", "println!(\"x\");\neprint!(\"x\");\n"), 2);
    assert_eq!(wrong(complaints_about_printing, "src/ui/mod.rs", "println!(\"x\");\n"), 0);

    let mut edges: BTreeMap<String, Vec<String>> = packages();
    let add = |edges: &mut BTreeMap<String, Vec<String>>, from: &str, to: &str| {
        edges.entry(from.to_owned()).or_default().push(to.to_owned());
    };
    add(&mut edges, "fbsim-recorder", "fbsim-replayer");
    add(&mut edges, "fbsim-model", "fbsim-kernel");
    add(&mut edges, "fbsim-report", "zstd");
    add(&mut edges, "fbsim-novelty", "fbsim-model");
    assert_eq!(complaints_about_edges(&edges).len(), 4, "{:?}", complaints_about_edges(&edges));

    assert_eq!(
        error_codes("FB0101: x, FB012, FBSIM, FB01234, [FB0999]").into_iter().collect::<Vec<_>>(),
        ["FB0101", "FB0999"]
    );
}
