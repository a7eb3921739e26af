//! What things cost, each beside its yardstick measured in the same run: `cargo bench --bench costs`.
//!
//! Figures are medians of several rounds; rows and yardsticks take turns, so that a machine whose speed drifts does
//! not favour one of them. Nothing here is a test: the ratios are for docs/performance.md.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures wall-clock time")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 7;
const CALLS: u64 = 400_000;

fn main() {
    let fbsim = Path::new(env!("CARGO_BIN_EXE_fbsim"));
    let guests = build_guests();
    let (bare, looped) = (guests.join("bare_sigsys"), guests.join("getppid_loop"));
    let (mut yardstick, mut inside, mut native) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        yardstick.push(printed(&bare, &CALLS.to_string()));
        let run = |n: u64| {
            let mut command = Command::new(fbsim);
            command.args(["run", "--"]).arg(&looped).arg(n.to_string());
            seconds(command)
        };
        let short = run(0);
        inside.push((run(CALLS) - short) * 1e9 / CALLS as f64);
        let direct = |n: u64| {
            let mut command = Command::new(&looped);
            command.arg(n.to_string());
            seconds(command)
        };
        let short = direct(0);
        native.push((direct(CALLS) - short) * 1e9 / CALLS as f64);
    }
    let (yardstick, inside, native) = (median(yardstick), median(inside), median(native));
    println!("| what | figure | yardstick | ratio |");
    println!("|---|---|---|---|");
    println!(
        "| an unpatched system call (getppid) | {inside:.0} ns | a bare SIGSYS round trip: {yardstick:.0} ns | {:.2} × |",
        inside / yardstick
    );
    println!("| the same | {inside:.0} ns | native: {native:.0} ns | {:.2} × |", inside / native);

    let start = |program: &mut Command| {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let mut command = Command::new(program.get_program());
            command.args(program.get_args());
            rounds.push(seconds(command) * 1e3);
        }
        median(rounds)
    };
    let alone = start(Command::new(&looped).arg("0"));
    let hosted = start(Command::new(fbsim).args(["run", "--"]).arg(&looped).arg("0"));
    println!(
        "| a whole `fbsim run` of a trivial program | {hosted:.1} ms | native: {alone:.1} ms | {:.1} × |",
        hosted / alone
    );

    let seeds = 200;
    let mut explore = Command::new(fbsim);
    explore.args(["explore", "specs/orders", "--env", "ORDERS_BUGS=", "--test", "no_overselling", "--seeds"]);
    explore.arg(seeds.to_string());
    let took = start(&mut explore) / 1e3;
    println!(
        "| demo, fresh boot for every seed, all CPUs | {:.0} seeds/s | wanted: 150 seeds/s | {:.2} × |",
        f64::from(seeds) / took,
        f64::from(seeds) / took / 150.0
    );
}

fn build_guests() -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).to_path_buf();
    for name in ["bare_sigsys", "getppid_loop"] {
        let source = format!("benches/guests/{name}.c");
        let status = Command::new("cc").args(["-O1", "-static", "-o"]).arg(out.join(name)).arg(source).status();
        assert!(status.is_ok_and(|s| s.success()), "cc builds {name}");
    }
    out
}

/// Runs a command to its end, on the first CPU where `taskset` is there.
fn seconds(mut command: Command) -> f64 {
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    let started = Instant::now();
    let status = command.status().expect("the program can be started");
    assert!(status.success(), "{command:?} failed");
    started.elapsed().as_secs_f64()
}

fn printed(program: &Path, argument: &str) -> f64 {
    let output = Command::new(program).arg(argument).output().expect("the program can be started");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("it prints a number")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
