//! What the tests have in common: running commands, places for files, the demo system, guest programs, load.

pub(crate) mod build;
pub(crate) mod load;
pub(crate) mod orders;
pub(crate) mod process;
pub(crate) mod scratch;

pub(crate) use process::{Ran, command, fbsim, fbsim_in, finish};
pub(crate) use scratch::Scratch;

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program under test.
pub(crate) fn fbsim_path() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_fbsim"))
}

/// A file below `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

/// Prints a figure past the test harness, which hides what a passing test prints.
pub(crate) fn figure(text: &str) {
    let _ = writeln!(std::io::stderr(), "  figure: {text}");
}

/// Says, past the test harness, that a part of a test could not be done here, and why.
pub(crate) fn skipped(text: &str) {
    let _ = writeln!(std::io::stderr(), "  SKIPPED: {text}");
}

/// A number from the environment, for longer runs of the same test.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    #[allow(clippy::disallowed_methods, reason = "how long to test is asked of whoever starts the tests")]
    let given = std::env::var(name);
    match given {
        Err(_) => default,
        Ok(text) => text.parse().unwrap_or_else(|e| panic!("{name}={text}: {e}")),
    }
}

/// Whether this is root, who alone may become another user or mount something.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The CPUs that may be used.
pub(crate) fn cpus() -> Vec<usize> {
    let set = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)).expect("the CPUs of this process");
    (0..nix::sched::CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect()
}

/// The text between two others, the first time they occur.
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let start = text.find(before)? + before.len();
    let end = text[start..].find(after)? + start;
    Some(&text[start..end])
}
