//! CPython's own test suites, natively and inside, compared test by test: what passes natively passes inside, except for
//! what [`KNOWN`] names with a reason. The short suites always run; `FBSIM_SUITES=1` runs all of them, each with a bound
//! of its own and a line when it is over, and writes the figures into `docs/compatibility.md`.

use crate::support::process::{Ran, finish_all_within, finish_within};
use crate::support::{command, figure, root, setting};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

/// The longest that one suite may take, natively or inside.
const LIMIT: Duration = Duration::from_secs(900);
const PYTHON: &str = "/usr/bin/python3.11";
const SHORT: [&str; 8] =
    ["test_epoll", "test_fcntl", "test_mmap", "test_openpty", "test_os", "test_pty", "test_selectors", "test_tempfile"];
const LONG: [&str; 58] = [
    "test_asynchat",
    "test_asyncio",
    "test_asyncore",
    "test_eintr",
    "test_faulthandler",
    "test_file",
    "test_file_eintr",
    "test_fileio",
    "test_fork1",
    "test_ftplib",
    "test_genericpath",
    "test_getpass",
    "test_glob",
    "test_grp",
    "test_httplib",
    "test_httpservers",
    "test_imaplib",
    "test_import",
    "test_io",
    "test_logging",
    "test_mailbox",
    "test_multiprocessing_fork",
    "test_nntplib",
    "test_pathlib",
    "test_platform",
    "test_poll",
    "test_popen",
    "test_poplib",
    "test_posix",
    "test_posixpath",
    "test_pwd",
    "test_queue",
    "test_resource",
    "test_runpy",
    "test_sched",
    "test_select",
    "test_shutil",
    "test_signal",
    "test_smtpd",
    "test_smtplib",
    "test_socket",
    "test_ssl",
    "test_stat",
    "test_subprocess",
    "test_tarfile",
    "test_telnetlib",
    "test_thread",
    "test_threading",
    "test_threadsignals",
    "test_time",
    "test_unicode_file",
    "test_urllib",
    "test_urllib2",
    "test_urllib2_localnet",
    "test_wait3",
    "test_wait4",
    "test_wsgiref",
    "test_zipimport",
];

/// Tests that pass natively and not inside: a part of the name, and why. One that is not here is shown as unexplained.
const KNOWN: &[(&str, &str)] = &[];

/// How each test of a run ended, by its full name.
fn results(ran: &Ran) -> BTreeMap<String, String> {
    let text = format!("{}\n{}", ran.stdout, ran.stderr);
    let mut results = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        // `test_x (test.test_y.Z.test_x) ... ok`; what the test prints may come in between.
        let mut rest = line;
        if line.starts_with("test")
            && let Some((_, named)) = line.split_once(" (test.")
            && let Some((name, after)) = named.split_once(')')
        {
            current = Some(name.to_owned());
            rest = after;
        }
        let ended = ["ok", "FAIL", "ERROR", "skipped", "expected failure"].into_iter().find(|end| {
            rest == *end || rest.ends_with(&format!("... {end}")) || rest.contains(&format!("... {end} '"))
        });
        if let (Some(end), Some(name)) = (ended, &current) {
            results.insert(name.clone(), end.to_owned());
            current = None;
        }
    }
    results
}

fn arguments(suite: &str) -> Vec<&str> {
    vec!["-m", "test", "-v", suite]
}

/// Runs a suite as the ordinary user that it is inside, too, with signals as they are there: a shell ignores some for
/// what it runs in the background. Some suites leave processes behind, which end by themselves.
fn natively(suite: &str) -> Ran {
    let mut command = Command::new("env");
    command.arg("--default-signal");
    if crate::support::is_root() {
        command.args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command.arg(PYTHON).args(arguments(suite));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/tmp").current_dir("/tmp");
    finish_all_within(command, LIMIT)
}

fn inside(suite: &str) -> Ran {
    let mut line = vec!["run", "--summary", "--spin-limit", "60", "--env", "HOME=/tmp", "--", PYTHON];
    line.extend(arguments(suite));
    let mut command = command(&line);
    command.current_dir("/");
    finish_within(command, LIMIT)
}

/// What came of a suite.
struct Compared {
    suite: &'static str,
    native: usize,
    same: usize,
    /// Tests that do not pass inside, each with its reason.
    known: Vec<(String, &'static str)>,
    wrong: Vec<String>,
}

fn compare(suite: &'static str) -> Compared {
    // Natively they mostly sleep. One that does not end has failed, and the others go on.
    let (native, inside) = std::thread::scope(|scope| {
        let native = scope.spawn(|| natively(suite));
        let inside = scope.spawn(|| inside(suite));
        (native.join(), inside.join())
    });
    let mut compared = Compared { suite, native: 0, same: 0, known: Vec::new(), wrong: Vec::new() };
    let (native, inside) = match (native, inside) {
        (Ok(native), Ok(inside)) => (native, inside),
        (native, inside) => {
            let place = if native.is_err() { "natively" } else { "inside" };
            let failure = native.and(inside).err().and_then(|e| e.downcast_ref::<String>().cloned());
            compared.wrong.push(format!("{suite} {place}: {}", failure.unwrap_or_default()));
            return compared;
        }
    };
    let seen = results(&inside);
    for name in results(&native).iter().filter(|(_, end)| *end == "ok").map(|(name, _)| name) {
        compared.native += 1;
        let end = seen.get(name).map_or("not run", String::as_str);
        let reason = KNOWN.iter().find(|(part, _)| name.contains(part)).map(|(_, reason)| *reason);
        match (end, reason) {
            ("ok", _) => compared.same += 1,
            (_, Some(reason)) => compared.known.push((name.clone(), reason)),
            (end, None) => compared.wrong.push(format!("{name}: {end}")),
        }
    }
    if seen.is_empty() {
        compared.wrong.push(format!("{suite} came to nothing inside\n{inside}"));
    }
    let (same, of, natively, within) = (compared.same, compared.native, native.took, inside.took);
    figure(&format!(
        "{suite}: {same} of {of} that pass natively pass inside; {natively:.0?} natively, {within:.0?} inside"
    ));
    compared
}

#[test]
fn what_passes_natively_passes_inside() {
    let all = setting("FBSIM_SUITES", 0) == 1;
    let suites = SHORT.iter().chain(LONG.iter().filter(|_| all));
    let mut compared: Vec<Compared> = suites.map(|suite| compare(suite)).collect();
    compared.sort_by_key(|c| c.suite);
    let (native, same) = compared.iter().fold((0, 0), |(n, s), c| (n + c.native, s + c.same));
    figure(&format!(
        "of CPython's own tests {same} of {native} that pass natively pass inside ({} suites)",
        compared.len()
    ));
    if all {
        write_section(&compared);
    }
    let wrong: Vec<String> = compared.iter().flat_map(|c| c.wrong.clone()).collect();
    assert!(wrong.is_empty(), "{} tests pass natively only:\n{}", wrong.len(), wrong.join("\n"));
    assert!(native > 300 && same * 100 >= native * 95, "{same} of {native}");
}

/// The suites that have a row of their own whatever comes of them.
const NAMED: [&str; 10] = [
    "test_asyncio",
    "test_epoll",
    "test_fcntl",
    "test_mmap",
    "test_os",
    "test_selectors",
    "test_signal",
    "test_socket",
    "test_subprocess",
    "test_threading",
];

/// What is between these two lines of the page is written by this test.
const BEGIN: &str = "<!-- from here `make suites` -->\n";
const END: &str = "<!-- to here -->\n";

fn write_section(compared: &[Compared]) {
    let path = root().join("docs/compatibility.md");
    let old = std::fs::read_to_string(&path).expect("docs/compatibility.md");
    let (before, rest) = old.split_once(BEGIN).expect("where the section begins");
    let (_, after) = rest.split_once(END).expect("where it ends");
    let mut page = format!(
        "{before}{BEGIN}\nEach suite was run once natively and once inside, both at once.\n\n\
         | suite | pass natively | of them pass inside | and not |\n|---|---:|---:|---|\n"
    );
    let mut whole: Vec<String> = Vec::new();
    for Compared { suite, native, same, known, wrong } in compared {
        if !NAMED.contains(suite) && native == same && wrong.is_empty() {
            whole.push(format!("`{suite}` ({native})"));
            continue;
        }
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, reason) in known {
            reasons.entry(reason).or_default().push(name.rsplit('.').next().unwrap_or(name));
        }
        let mut said: Vec<String> = Vec::new();
        for (reason, mut names) in reasons {
            names.sort_unstable();
            names.dedup();
            said.push(format!("{} ({reason})", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")));
        }
        said.extend(wrong.iter().map(|w| format!("`{}` (**unexplained**)", w.lines().next().unwrap_or_default())));
        let _ = writeln!(page, "| `{suite}` | {native} | {same} | {} |", said.join("; "));
    }
    let _ = writeln!(page, "\nOf these all that passes natively passes inside: {}.\n", whole.join(", "));
    page.push_str(END);
    page.push_str(after);
    std::fs::write(&path, page).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}
