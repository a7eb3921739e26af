//! What a session hands out, and what it makes of outcomes.

use crate::toy::{Messages, Threads};
use explorer::{Config, How, Job, Next, Reaction, Runner, RunnerError, Session, Statistics, StrategySpec};
use model::{Outcome, Seed};

fn config(seeds: u64, strategy: &str, keep_going: bool) -> Config {
    let tests = vec!["threads".into(), "messages".into()];
    Config { tests, first_seed: Seed(100), stride: 1, seeds, strategy: strategy.parse().unwrap(), keep_going }
}

/// Runs each test on a toy of its own.
struct Toys;
impl Runner for Toys {
    fn run(&mut self, job: &Job) -> Result<Outcome, RunnerError> {
        match job.test {
            0 => Threads { threads: 3, steps: 12, a: 5, b: 4 }.run(job),
            1 => Messages.run(job),
            _ => Err(RunnerError::Refused("no such test".into())),
        }
    }
}

/// Carries out a session with so many workers; each reports only when all are busy, the last one first.
fn run(config: Config, workers: usize) -> (Session, Vec<Job>) {
    let mut session = Session::new(config);
    let (mut running, mut handed_out) = (Vec::new(), Vec::new());
    loop {
        let next = session.next_job();
        let done = next == Next::Done;
        if let Next::Job(job) = next {
            handed_out.push(job.clone());
            running.push(job);
            if running.len() < workers {
                continue;
            }
        }
        while let Some(job) = running.pop() {
            let outcome = Toys.run(&job).unwrap();
            session.report(&job, &outcome);
        }
        if done {
            return (session, handed_out);
        }
    }
}

#[test]
fn every_test_gets_a_seed_before_any_gets_the_next() {
    let (session, jobs) = run(config(3, "random", true), 1);
    let order: Vec<_> = jobs.iter().map(|job| (job.test, job.seed.0)).collect();
    assert_eq!(order, [(0, 0), (1, 0), (0, 100), (1, 100), (0, 101), (1, 101), (0, 102), (1, 102)]);
    assert_eq!(jobs[0], Session::calibration_job(0));
    assert_eq!(session.total().runs, 8);
    assert_eq!(session.total().held + session.total().failed, 8);
    assert!((2..=4).contains(&session.statistics(1).distinct), "some seeds have no surprise at all");
}

#[test]
fn a_stride_leaves_seeds_to_others() {
    let (_, jobs) = run(Config { stride: 10, ..config(3, "random", true) }, 1);
    let seeds: Vec<_> = jobs.iter().filter(|job| job.test == 1).map(|job| job.seed.0).collect();
    assert_eq!(seeds, [0, 100, 110, 120]);
}

#[test]
fn the_length_of_the_ordinary_run_travels_in_the_job() {
    let (_, jobs) = run(config(1, "pct:3", true), 4);
    let steps = |job: &Job| match job.how {
        How::Strategy { steps, .. } => steps,
        How::Replay(_) => unreachable!(),
    };
    let expected = Threads { threads: 3, steps: 12, a: 5, b: 4 }.run(&Session::calibration_job(0)).unwrap().asked;
    assert_eq!(jobs.iter().map(steps).collect::<Vec<_>>(), [0, 0, expected, 500]);
    let (_, jobs) = run(config(1, "random", true), 4);
    assert!(jobs.iter().all(|job| steps(job) == 0), "what does not matter is not part of the job");
}

#[test]
fn jobs_and_first_findings_are_the_same_with_any_number_of_workers() {
    for strategy in ["portfolio", "random", "pct:3"] {
        let (session, jobs) = run(config(4_000, strategy, false), 1);
        let first = |session: &Session| {
            let mut findings = session.findings().into_iter().cloned().collect::<Vec<_>>();
            findings.dedup_by_key(|finding| finding.job.test);
            findings.into_iter().map(|finding| (finding.job, finding.outcome)).collect::<Vec<_>>()
        };
        assert_eq!(first(&session).len(), 2, "{strategy}");
        for workers in [2, 3, 16] {
            let (other, more) = run(config(4_000, strategy, false), workers);
            assert!(jobs.iter().all(|job| more.contains(job)));
            assert_eq!(first(&other), first(&session));
        }
    }
}

#[test]
fn a_test_that_failed_gets_no_more_seeds_unless_asked_to_keep_going() {
    let (session, jobs) = run(config(1_000, "random:preempt=1/4", false), 1);
    let failing = &session.findings()[0].job;
    assert_eq!(jobs.iter().rfind(|job| job.test == 0), Some(failing));
    let (session, jobs) = run(config(1_000, "random:preempt=1/4", true), 1);
    assert_eq!(jobs.len(), 2_002);
    let finding = session.findings()[0];
    assert!(finding.count > 1 && finding.count == session.statistics(0).failed);
    assert_eq!(finding.signature.to_string(), "assertion planted");
}

#[test]
fn only_the_first_of_a_signature_is_first() {
    let mut session = Session::new(config(2, "random", true));
    let calibration = Session::calibration_job(0);
    let held = Toys.run(&calibration).unwrap();
    assert_eq!(session.report(&calibration, &held), Reaction::Continue);
    let (mut other, _) = run(config(4_000, "random", false), 1);
    let finding = other.findings()[0].clone();
    assert_eq!(session.report(&finding.job, &finding.outcome), Reaction::Found { first: true });
    assert_eq!(session.report(&finding.job, &finding.outcome), Reaction::Found { first: false });
    assert_eq!(other.next_job(), Next::Done);
}

#[test]
fn a_test_whose_calibration_is_lost_again_and_again_gets_no_seeds() {
    let mut session = Session::new(config(2, "portfolio", true));
    let jobs = [session.next_job(), session.next_job()];
    assert_eq!(session.next_job(), Next::Wait);
    let [Next::Job(first), Next::Job(second)] = jobs else { panic!("{jobs:?}") };
    for _ in 0..2 {
        session.lost(&first);
        assert_eq!(session.next_job(), Next::Job(first.clone()), "it is tried again");
        assert_eq!(session.next_job(), Next::Wait);
    }
    session.lost(&first);
    assert_eq!(session.next_job(), Next::Wait);
    session.report(&second, &Toys.run(&second).unwrap());
    for seed in [100, 101] {
        let Next::Job(job) = session.next_job() else { panic!("no job") };
        assert_eq!((job.test, job.seed), (1, Seed(seed)));
    }
    assert_eq!(session.next_job(), Next::Done);
    assert_eq!(*session.statistics(0), Statistics { lost: 3, ..Statistics::default() });
}

#[test]
fn without_tests_there_is_nothing_to_do() {
    let config = Config { tests: Vec::new(), seeds: u64::MAX, ..config(1, "random", true) };
    assert_eq!(Session::new(config).next_job(), Next::Done);
    assert!(StrategySpec::default().needs_steps());
}
