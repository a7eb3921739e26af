//! Making programs: guests in C and Go, and the services of the demo.

use super::{Scratch, finish, fixture, root};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// How the C guests are compiled (tests/guests/README.md).
pub(crate) const CFLAGS: [&str; 5] = ["-O1", "-Wall", "-Wextra", "-Werror", "-pthread"];

/// The C compiler.
pub(crate) fn cc() -> Command {
    static THERE: OnceLock<bool> = OnceLock::new();
    let there = || Command::new("cc").arg("--version").output().is_ok();
    assert!(*THERE.get_or_init(there), "there is no C compiler: `make setup` installs one (package build-essential)");
    let mut command = Command::new("cc");
    command.env("LC_ALL", "C");
    command
}

/// Compiles a program of `tests/fixtures/programs` into a scratch directory.
#[track_caller]
pub(crate) fn program(scratch: &Scratch, name: &str) -> String {
    compiled(scratch, name, &fixture(&format!("programs/{name}.c")))
}

/// Compiles a program of `tests/guests` into a scratch directory.
#[track_caller]
pub(crate) fn guest(scratch: &Scratch, name: &str) -> String {
    compiled(scratch, name, &root().join(format!("tests/guests/{name}.c")))
}

#[track_caller]
fn compiled(scratch: &Scratch, name: &str, source: &Path) -> String {
    let path = scratch.at(name);
    let mut command = cc();
    command.args(CFLAGS).arg("-o").arg(&path).arg(source);
    finish(command).exits(0);
    path
}

/// The Go tool, where there is one: on the path, or where Debian's or Go's own package puts it.
pub(crate) fn go() -> Option<PathBuf> {
    let places = ["go", "/usr/lib/go/bin/go", "/usr/local/go/bin/go"];
    places.iter().map(PathBuf::from).find(|p| Command::new(p).arg("version").output().is_ok_and(|o| o.status.success()))
}

/// Compiles a Go program of one file, with nothing but the standard library.
#[track_caller]
pub(crate) fn go_program(go: &Path, source: &Path, output: &str) {
    let mut command = Command::new(go);
    command.args(["build", "-o", output]).arg(source);
    command.env("CGO_ENABLED", "0").env("GO111MODULE", "off").env("GOFLAGS", "");
    finish(command).exits(0);
}

/// The directory of the demo's services, which are built first if need be.
#[track_caller]
pub(crate) fn services() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let directory = super::fbsim_path().parent().expect("fbsim lies in a directory").to_path_buf();
        let mut command = Command::new(env!("CARGO"));
        command.args(["build", "-p", "orders"]).current_dir(root());
        if directory.ends_with("release") {
            command.arg("--release");
        }
        super::process::finish_within(command, std::time::Duration::from_secs(600)).exits(0);
        directory
    })
}
