//! Branches: a run that goes on from its middle with other choices is the run from the start with those choices; and the
//! place where a failure was decided is found.

use crate::support::orders::OVERSELL;
use crate::support::process::{Started, finish_within};
use crate::support::{Scratch, build, command, fbsim, figure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::Duration;

#[test]
fn where_a_failure_was_decided() {
    let scratch = Scratch::new("odds");
    let case = OVERSELL.find(&scratch);
    let file = case.file();
    let trace = case.trace();
    let decided = trace.events.iter().find(|e| e.kind() == "choice").expect("the shrunk case has a choice").index;
    let ran = fbsim(&["odds", file, "--twice", "--points", "8", "--tails", "12", "--rounds", "9"]).exits(0);
    // The only choice that matters is the last event before which the odds are low.
    let range = format!("--from {} --to {}", decided.0 - 1, decided.0);
    let ran = ran.says(&["* choice kind=latency", &range, "0 of 12", " continuations were run again from the start"]);
    let compared = ran.stdout.lines().find(|line| line.contains(" continuations ")).unwrap_or_default();
    figure(compared);
}

/// Programs whose world is more than one process's private memory.
#[test]
fn a_branch_is_the_run_from_the_start() {
    let scratch = Scratch::new("branches");
    for name in ["shared_anon_fork", "sem_processes", "mmap_file_shared", "sysv_shm", "tcp_fork_server", "threads_100"]
    {
        let program = build::guest(&scratch, name);
        let file = scratch.at(&format!("{name}.fbt"));
        let run = ["run", "--strategy", "random", "--seed", "7", "--save", &file, "--", &program];
        fbsim(&run).exits(0);
        let odds = ["odds", &file, "--twice", "--points", "7", "--tails", "5", "--strategy", "random"];
        let ran = finish_within(command(&odds), Duration::from_secs(120)).exits(0);
        ran.says(&["35 continuations were run again from the start, with the same hashes"]);
    }
}

/// Processes that compute for a while, each in a process of its own.
const BUSY: &str = "for n in 1 2 3; do (for ((i = 0; i < 60000; i++)); do :; done; echo $n) & done; wait";

#[test]
fn a_branch_that_is_killed_leaves_nothing_and_is_told_of() {
    let scratch = Scratch::new("lost");
    let file = scratch.at("busy.fbt");
    fbsim(&["run", "--save", &file, "--", "/bin/bash", "-c", BUSY]).exits(0);
    let mut started = Started::new(command(&["odds", &file, "--points", "6", "--rounds", "1", "--tails", "4"]));
    started.wait_for("round 1");
    let worker = started.worker();
    // A world has one process that its supervisor made; a second one is the supervisor of a branch.
    let branch = loop {
        let children = children_of(worker);
        assert!(started.elapsed() < Duration::from_secs(60), "there is no branch: {children:?}");
        match children[..] {
            [_, .., last] => break last,
            _ => std::thread::yield_now(),
        }
    };
    let alive = started.processes().len();
    kill(branch, Signal::SIGKILL).expect("the supervisor of a branch");
    let ran = started.finish_all(Duration::from_secs(60)).exits(70).says(&[" continuations from event ", " were lost"]);
    figure(&format!(
        "{alive} processes of a run and a branch are gone {:.1?} after its start, though one was killed",
        ran.took
    ));
}

fn children_of(process: Pid) -> Vec<Pid> {
    let text = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| Some(Pid::from_raw(pid.parse().ok()?))).collect()
}
