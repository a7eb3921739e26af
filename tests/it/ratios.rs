//! That fbsim has not become slow, as ratios of processor time used by two things in the same minute: how fast the
//! machine is, and what else it does, is in both. Bounds are far from what `make bench` measures; they catch what is
//! several times too slow.

use crate::support::build::{CFLAGS, cc};
use crate::support::{Scratch, fbsim_path, figure, finish, root};
use std::process::Command;

/// Compiles a program of `benches/guests`.
#[track_caller]
fn guest(scratch: &Scratch, name: &str) -> String {
    let path = scratch.at(name);
    let mut command = cc();
    command.args(CFLAGS).arg("-o").arg(&path).arg(root().join(format!("benches/guests/{name}.c")));
    finish(command).exits(0);
    path
}

/// The processor time in seconds that a line of shell and all that it starts take.
#[track_caller]
fn processor_time(line: &str) -> f64 {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{line} >/dev/null && times")]).current_dir(root());
    let ran = finish(command).exits(0);
    // Two lines, of the shell and of its children, each with user and system time as minutes and seconds.
    let children = ran.stdout.lines().nth(1).unwrap_or_else(|| panic!("no times\n{ran}"));
    let seconds = |text: &str| {
        let (minutes, seconds) = text.trim_end_matches('s').split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    children.split(' ').map(|text| seconds(text).unwrap_or_else(|| panic!("not a time: {text}\n{ran}"))).sum()
}

/// Fails unless in one of a few rounds `ours` takes at most so many times what `yardstick` does.
#[track_caller]
fn check(name: &str, most: f64, ours: impl Fn() -> f64, yardstick: impl Fn() -> f64) {
    // What other programs do to caches and hyperthreads only ever adds: the least of the ratios is the best known.
    let mut least = f64::INFINITY;
    for _ in 0..4 {
        least = least.min(ours() / yardstick());
        if least <= most {
            figure(&format!("{name}: {least:.2} ×, at most {most} × allowed"));
            return;
        }
    }
    panic!("{name}: {least:.2} times the yardstick; at most {most} are allowed");
}

/// Without optimisation the simulated kernel is as slow as one would expect.
fn bound(optimised: f64) -> f64 {
    if cfg!(debug_assertions) { optimised * 4.0 } else { optimised }
}

#[test]
fn a_call_costs_little_more_than_a_signal() {
    let scratch = Scratch::new("ratio-call");
    let (calls, bare) = (guest(&scratch, "calls"), guest(&scratch, "bare_sigsys"));
    let run = |n: u32| processor_time(&format!("{} run -- {calls} getppid {n}", fbsim_path().display()));
    let ours = || run(400_000) - run(0);
    check("a call inside beside a bare SIGSYS", bound(3.0), ours, || processor_time(&format!("{bare} 400000")));
}

#[test]
fn computation_costs_what_it_costs() {
    let scratch = Scratch::new("ratio-compute");
    let source = scratch.at("spin.c");
    let spin = "int main(void) { for (volatile long i = 0; i < 600000000; i++); return 0; }\n";
    std::fs::write(&source, spin).expect("a source");
    let program = scratch.at("spin");
    let mut command = cc();
    command.args(CFLAGS).arg("-o").arg(&program).arg(&source);
    finish(command).exits(0);
    let inside = || processor_time(&format!("{} run -- {program}", fbsim_path().display()));
    check("a loop inside beside the same natively", bound(1.3), inside, || processor_time(&program));
}
