//! Each program of `tests/guests` exercises one feature of the kernel and prints what it saw. It must print the same and
//! exit the same natively and inside fbsim, as a dynamic program and, where its header says `static-too`, as a static one.

use crate::support::process::{Ran, finish_all_within, finish_within};
use crate::support::{build, command, cpus, figure, root};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// Known differences: programs that do not print the same inside fbsim, and what differs first. An entry means all
/// variants of a program. The table only shrinks: an entry of which a variant agrees fails the test.
const KNOWN: &[(&str, &str)] = &[];

/// So many programs there must be at least.
const PROGRAMS_MIN: usize = 40;
const LIMIT: Duration = Duration::from_secs(60);

/// One executable: a program, dynamic or static.
#[derive(Clone, Debug)]
struct Guest {
    /// NAME or NAME.static.
    name: String,
    source: PathBuf,
    binary: PathBuf,
    is_static: bool,
}

impl Guest {
    fn program(&self) -> &str {
        self.name.trim_end_matches(".static")
    }
}

#[test]
fn every_guest_prints_the_same_natively_and_inside() {
    let guests = guests();
    let programs = guests.iter().filter(|g| !g.is_static).count();
    assert!(programs >= PROGRAMS_MIN, "only {programs} programs in tests/guests");
    for (name, _) in KNOWN {
        assert!(guests.iter().any(|g| g.program() == *name), "{name} of the table of known differences is no program");
    }
    let results = in_parallel(&guests, |guest| compile(guest).and_then(|()| compare(guest)));
    let (mut wrong, mut known) = (Vec::new(), 0);
    for (guest, result) in guests.iter().zip(results) {
        let reason = KNOWN.iter().find(|(name, _)| *name == guest.program()).map(|(_, reason)| reason);
        match (result, reason) {
            (Ok(()), None) => {}
            (Err(_), Some(_)) => known += 1,
            (Err(difference), None) => wrong.push(format!("{}: {difference}", guest.name)),
            (Ok(()), Some(reason)) => wrong
                .push(format!("{}: agrees now; remove it from the table of known differences ({reason})", guest.name)),
        }
    }
    let statics = guests.len() - programs;
    let same = guests.len() - known - wrong.len();
    figure(&format!(
        "{same} of {} guests print the same inside ({programs} programs, {statics} of them static too; {known} known to \
         differ, {} wrong)",
        guests.len(),
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{} of {} guests:\n{}", wrong.len(), guests.len(), wrong.join("\n"));
}

/// Every program, and the static variants.
fn guests() -> Vec<Guest> {
    let sources = root().join("tests/guests");
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests");
    std::fs::create_dir_all(&output).unwrap_or_else(|e| panic!("{}: {e}", output.display()));
    let mut guests = Vec::new();
    for file in crate::support::scratch::names_in(&sources) {
        let Some(name) = file.strip_suffix(".c") else { continue };
        let source = sources.join(&file);
        let text = std::fs::read_to_string(&source).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        let variants =
            if text.lines().take(5).any(|l| l.contains("static-too")) { &[false, true][..] } else { &[false] };
        for &is_static in variants {
            let name = if is_static { format!("{name}.static") } else { name.to_owned() };
            guests.push(Guest { binary: output.join(&name), name, source: source.clone(), is_static });
        }
    }
    guests
}

/// Compiles a guest unless its executable is newer than everything that it is made of.
fn compile(guest: &Guest) -> Result<(), String> {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let newest = changed(&guest.source).max(changed(&guest.source.with_file_name("guest.h")));
    if changed(&guest.binary) > newest {
        return Ok(());
    }
    // Made beside its place and then moved there, so that nobody runs half of it.
    let part = guest.binary.with_file_name(format!("{}.{}.part", guest.name, std::process::id()));
    let mut command = build::cc();
    command.args(build::CFLAGS).args(guest.is_static.then_some("-static")).arg("-o").arg(&part).arg(&guest.source);
    let ran = end(command)?;
    if ran.code() != 0 {
        return Err(format!("does not compile\n{ran}"));
    }
    std::fs::rename(&part, &guest.binary).map_err(|e| e.to_string())
}

/// Runs a guest natively and inside, and says how the two differ.
fn compare(guest: &Guest) -> Result<(), String> {
    let binary = guest.binary.to_str().expect("a path of text");
    let mut native = Command::new(binary);
    native.env_clear().current_dir(guest.binary.parent().expect("a directory"));
    let native = caught(|| finish_all_within(native, LIMIT))?;
    if native.code() != 0 {
        return Err(format!("fails natively\n{native}"));
    }
    let inside = end(command(&["run", "--spin-limit", "20", "--", binary]))?;
    if inside.code() == native.code() && inside.stdout == native.stdout {
        return Ok(());
    }
    let mut text = format!("exit {} natively, {} inside", native.code(), inside.code());
    let (mut left, mut right) = (native.stdout.lines(), inside.stdout.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                text.push_str(&format!("\n    line {number} natively: {}", a.unwrap_or("(nothing)")));
                text.push_str(&format!("\n    line {number} inside:   {}", b.unwrap_or("(nothing)")));
                break;
            }
        }
    }
    for line in inside.stderr.lines().take(4) {
        text.push_str(&format!("\n    inside, on standard error: {line}"));
    }
    Err(text)
}

/// Runs a command to its end; one that does not end is a result like any other.
fn end(command: Command) -> Result<Ran, String> {
    caught(|| finish_within(command, LIMIT))
}

fn caught(run: impl FnOnce() -> Ran) -> Result<Ran, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|failure| {
        failure.downcast_ref::<String>().cloned().unwrap_or_else(|| "a failure without a text".to_owned())
    })
}

/// Does something for each guest, on every CPU.
fn in_parallel(guests: &[Guest], work: impl Fn(&Guest) -> Result<(), String> + Sync) -> Vec<Result<(), String>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![Ok(()); guests.len()]);
    std::thread::scope(|scope| {
        for _ in cpus() {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(guest) = guests.get(index) else { return };
                    let result = work(guest);
                    results.lock().expect("nobody panics with it")[index] = result;
                }
            });
        }
    });
    results.into_inner().expect("nobody panics with it")
}
