//! Branches: a run that goes on from its middle with other choices is the run from the start with those choices; and the
//! place where a failure was decided is found.

use crate::support::orders::OVERSELL;
use crate::support::process::finish_within;
use crate::support::{Scratch, build, command, fbsim, figure};
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
