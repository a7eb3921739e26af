//! What a system call costs.

use crate::Extent;
use crate::measure::{Count, Measured, Sample, compare_each, rounds};
use crate::programs::{Cpus, Programs, find, inside, number_of, python, seconds};
use crate::row::{Figure, Row, Unit, Wanted};
use std::process::Command;

const ROUNDS: usize = 5;
/// A signal round trip of the yardstick so often.
const BARE: &str = "100000";

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::One);
    let mut rows = vec![
        Figure::new("getppid loop, per call", Unit::Nanos, "native", Wanted::Ratio(1.5, 0.7))
            .row(against_native(programs, "getppid", 1)),
        Figure::new("the same", Unit::Nanos, "bare SIGSYS round trip", Wanted::Nothing).row(against_bare(programs)),
        Figure::new("the same", Unit::Nanos, "`strace -f`", Wanted::Nothing).row(against_strace(programs)),
        Figure::new("1-byte pipe write+read to itself", Unit::Nanos, "native", Wanted::Ratio(1.5, 0.7))
            .row(against_native(programs, "pipe write and read 1 B", 1)),
        Figure::new("recording everything, nothing but calls: per call", Unit::Nanos, "not recording", Wanted::Nothing)
            .row(recording(programs)),
        Figure::new(
            "recording everything, Python starting asyncio and a server: whole run",
            Unit::Seconds,
            "not recording",
            Wanted::Ratio(1.1, 1.03),
        )
        .row(recording_python(programs)),
    ];
    for guest in ["calls", "families"] {
        let (_, list) = crate::programs::run(programs.guest(guest, &[])).expect("the list of calls");
        for kind in list.lines().filter(|k| *k != "getppid" && *k != "pipe write and read 1 B") {
            let figure = Figure::new(kind, Unit::Nanos, "native", Wanted::Nothing);
            rows.push(figure.row(guest_against_native(programs, guest, kind, 1)));
        }
    }
    rows
}

fn looped(programs: &Programs, kind: &str, count: u64) -> Command {
    programs.guest("calls", &[kind, &count.to_string()])
}

fn against_native(programs: &Programs, kind: &str, least: u64) -> Measured<[Sample; 2]> {
    guest_against_native(programs, "calls", kind, least)
}

fn guest_against_native(programs: &Programs, guest: &str, kind: &str, least: u64) -> Measured<[Sample; 2]> {
    let looped = |n: u64| programs.guest(guest, &[kind, &n.to_string()]);
    let within = |n| seconds(inside(programs, &looped(n)));
    let native = |n| seconds(looped(n));
    compare_each(ROUNDS, &within, &native, least)
}

fn against_bare(programs: &Programs) -> Measured<[Sample; 2]> {
    let within = |n| seconds(inside(programs, &looped(programs, "getppid", n)));
    let count = Count::lasting(&within, 1)?;
    rounds(ROUNDS, [&|| count.nanos_each(&within), &|| number_of(programs.guest("bare_sigsys", &[BARE]))])
}

fn against_strace(programs: &Programs) -> Measured<[Sample; 2]> {
    let strace = find("strace")?;
    let within = |n| seconds(inside(programs, &looped(programs, "getppid", n)));
    let traced = |n| {
        let mut command = Command::new(&strace);
        let looped = looped(programs, "getppid", n);
        command.args(["-f", "-o", "/dev/null"]).arg(looped.get_program()).args(looped.get_args());
        seconds(command)
    };
    compare_each(3, &within, &traced, 1)
}

fn recording(programs: &Programs) -> Measured<[Sample; 2]> {
    let kind = "pread 512 B of a file";
    let plain = |n| seconds(inside(programs, &looped(programs, kind, n)));
    let saved = |n| seconds(saved(programs, &looped(programs, kind, n)));
    let count = Count::lasting(&plain, 1)?;
    rounds(ROUNDS, [&|| count.nanos_each(&saved), &|| count.nanos_each(&plain)])
}

/// A command under `fbsim run`, and saved.
fn saved(programs: &Programs, command: &Command) -> Command {
    let mut hosted = programs.fbsim(&["run", "--save"]);
    hosted.arg(programs.guests.join("saved.fbt")).arg("--").arg(command.get_program()).args(command.get_args());
    hosted
}

fn recording_python(programs: &Programs) -> Measured<[Sample; 2]> {
    let mut python = Command::new(python()?);
    python.args(["-c", "import asyncio, http.server, json, sqlite3; asyncio.run(asyncio.sleep(1))"]);
    let nothing = looped(programs, "getppid", 0);
    // Without what fbsim takes to start.
    let start = || seconds(inside(programs, &nothing));
    let recorded = || Ok(seconds(saved(programs, &python))? - start()?);
    let plain = || Ok(seconds(inside(programs, &python))? - start()?);
    rounds(9, [&recorded, &plain])
}
