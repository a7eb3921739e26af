//! Every strategy finds what it should within a stated number of seeds, and what it found can be replayed.

use crate::toy::{Buffer, Late, Messages, Spinner, Threads};
use explorer::{How, Job, Runner, Session, StrategySpec};
use model::{EventHash, Hint, Seed};
use proptest::prelude::*;

const SMALL: Threads = Threads { threads: 3, steps: 12, a: 5, b: 4 };

fn job(spec: &str, seed: u64, steps: u64) -> Job {
    let spec: StrategySpec = spec.parse().unwrap();
    Job { test: 0, seed: Seed(seed), how: How::Strategy { spec, steps } }
}

fn steps(runner: &mut dyn Runner) -> u64 {
    runner.run(&Session::calibration_job(0)).unwrap().asked
}

/// How many of the first `seeds` fail, and the first that does.
fn failures(runner: &mut dyn Runner, spec: &str, seeds: u64) -> (usize, Option<u64>) {
    let steps = steps(runner);
    let mut fails = |seed: &u64| runner.run(&job(spec, *seed, steps)).unwrap().verdict.is_failure();
    let failing: Vec<u64> = (0..seeds).filter(|seed| fails(seed)).collect();
    (failing.len(), failing.first().copied())
}

#[track_caller]
fn finds(runner: &mut dyn Runner, spec: &str, seeds: u64, at_least: usize) {
    let (count, first) = failures(runner, spec, seeds);
    println!("{spec}: {count} of {seeds} seeds fail, the first is {first:?}");
    assert!(count >= at_least, "{spec}: {count} of {seeds} seeds fail, at least {at_least} expected");
}

#[test]
fn a_bug_of_two_preemptions_is_found_by_every_strategy_that_schedules() {
    finds(&mut { SMALL }, "random", 2_000, 10);
    finds(&mut { SMALL }, "random:preempt=1/4", 2_000, 10);
    finds(&mut { SMALL }, "portfolio", 2_000, 5);
    // One in n * k^2, of 3 threads and 34 steps, is promised: one in 3,468.
    finds(&mut { SMALL }, "pct:3", 20_000, 6);
}

#[test]
fn priorities_find_what_takes_long_where_a_walk_does_not() {
    let late = Late { threads: 6, steps: 40, at: 7 };
    finds(&mut { late }, "pct:2", 10_000, 7);
    finds(&mut { late }, "portfolio", 10_000, 3);
    assert_eq!(failures(&mut { late }, "random:preempt=1/2", 10_000), (0, None));
}

#[test]
fn a_bug_of_waiting_threads_is_found_by_every_strategy_that_schedules() {
    let buffer = Buffer { pairs: 3, items: 8 };
    finds(&mut { buffer }, "random", 100, 50);
    finds(&mut { buffer }, "portfolio", 100, 20);
    finds(&mut { buffer }, "pct:3", 2_000, 40);
    finds(&mut { buffer }, "pct:5", 2_000, 100);
    assert_eq!(failures(&mut { buffer }, "ordinary", 100), (0, None));
}

#[test]
fn what_needs_two_preemptions_is_not_found_with_fewer() {
    for spec in ["ordinary", "faults", "pct:1", "random:preempt=0/1"] {
        assert_eq!(failures(&mut { SMALL }, spec, 500), (0, None), "{spec}");
    }
}

#[test]
fn a_delay_and_a_fault_among_five_hundred_questions_are_found() {
    for spec in ["random", "pct:3", "faults", "portfolio"] {
        finds(&mut Messages, spec, 5_000, 5);
    }
    assert_eq!(failures(&mut Messages, "ordinary", 100), (0, None));
}

#[test]
fn no_strategy_starves_a_thread_for_ever() {
    for seed in 0..50 {
        for spec in ["random", "pct:1", "pct:3"] {
            Spinner { hint: Hint::Yield }.run(&job(spec, seed, 0)).unwrap();
        }
        Spinner { hint: Hint::None }.run(&job("pct:3", seed, 0)).unwrap();
    }
}

const SPECS: [&str; 8] = ["ordinary", "faults", "random", "random:preempt=1/3", "pct:1", "pct:3", "pct:5", "portfolio"];

proptest! {
    #[test]
    fn a_job_is_one_run_and_its_choices_replay_it(seed: u64, spec in prop::sample::select(&SPECS[..]), steps in 0..900u64) {
        let job = job(spec, seed, steps);
        let runners: [&mut dyn Runner; 2] = [&mut Threads { threads: 5, steps: 20, a: 8, b: 3 }, &mut Messages];
        for runner in runners {
            let outcome = runner.run(&job).unwrap();
            prop_assert_eq!(&runner.run(&job).unwrap(), &outcome);
            prop_assert_eq!(&runner.run(&job.replaying(&outcome.choices)).unwrap(), &outcome);
        }
    }
}

/// The hash over the choices of some seeds: if it changes, every recorded seed means another run.
#[test]
fn golden_runs() {
    let mut got = Vec::new();
    for spec in SPECS {
        let mut hash = EventHash::default();
        for seed in 0..14 {
            for runner in [&mut { SMALL } as &mut dyn Runner, &mut Messages] {
                let outcome = runner.run(&job(spec, seed, 40)).unwrap();
                hash.words([outcome.hash.0, outcome.choices.len() as u64]);
            }
        }
        got.push((spec, hash.to_string()));
    }
    let expected: Vec<_> = SPECS.into_iter().zip(GOLDEN.map(String::from)).collect();
    assert_eq!(got, expected);
}
const GOLDEN: [&str; 8] = [
    "fd7f15334b25e1e0",
    "c96561c7764db896",
    "6cc3c8e6d8e4c888",
    "881e8bbfd1723fa2",
    "f52cd9fd243e526e",
    "1633e3b15d46c844",
    "8899534440b8ddb1",
    "85faeec9159138a3",
];
