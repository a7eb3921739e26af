//! Shrinking arrives at the known minimum, soon, and keeps its laws on systems that are not monotone.

use crate::toy::{Buffer, Late, Messages, Threads, World, thread};
use explorer::{End, How, Job, Runner, RunnerError, ShrinkError, Shrunk, StrategySpec, shrink};
use model::{Choice, Hint, Kind, Outcome, Seed, Stream};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn shrunk(runner: &mut dyn Runner, job: &Job, failing: &Outcome, budget: u32) -> Result<Shrunk, ShrinkError> {
    shrink(failing, &mut |choices| runner.run(&job.replaying(choices)), budget, &mut |_| {})
}

/// A failing run with at least so many choices.
fn noisy(runner: &mut dyn Runner, spec: &str, at_least: usize) -> (Job, Outcome) {
    let spec: StrategySpec = spec.parse().unwrap();
    let jobs = (0..200_000).map(|seed| Job { test: 0, seed: Seed(seed), how: How::Strategy { spec, steps: 400 } });
    let mut runs = jobs.map(|job| (runner.run(&job).unwrap(), job));
    let (outcome, job) = runs
        .find(|(outcome, _)| outcome.verdict.is_failure() && outcome.choices.len() >= at_least)
        .unwrap_or_else(|| panic!("{spec}: no noisy failure"));
    (job, outcome)
}

#[test]
fn two_preemptions_remain_of_three_hundred() {
    let mut runner = Threads { threads: 6, steps: 160, a: 90, b: 70 };
    let (job, failing) = noisy(&mut runner, "random:preempt=1/2", 250);
    let result = shrunk(&mut runner, &job, &failing, 10_000).unwrap();
    println!("{} choices to {} in {} runs", failing.choices.len(), result.choices.len(), result.runs);
    let [first, second] = result.choices[..] else { panic!("{:?}", result.choices) };
    assert_eq!((first.stream, first.index, first.target), (thread(0), 90, thread(5)));
    assert_eq!((second.stream, second.index, second.target), (thread(5), 70, thread(0)));
    assert_eq!(result.end, End::Minimal);
    assert!(result.runs < 400, "{} runs", result.runs);
    assert_eq!(runner.run(&job.replaying(&result.choices)).unwrap(), result.outcome);
}

/// Shrinks so many noisy failures; the most choices that remained and the most runs that it took.
fn worst(runner: &mut dyn Runner, spec: &str, at_least: usize, failures: usize) -> (usize, u32) {
    let spec: StrategySpec = spec.parse().unwrap();
    let jobs = (0..500_000).map(|seed| Job { test: 0, seed: Seed(seed), how: How::Strategy { spec, steps: 400 } });
    let mut worst = (0, 0);
    let mut found = 0;
    for job in jobs {
        let failing = runner.run(&job).unwrap();
        if failing.verdict.is_failure() && failing.choices.len() >= at_least {
            let result = shrunk(runner, &job, &failing, 10_000).unwrap();
            worst = (worst.0.max(result.choices.len()), worst.1.max(result.runs));
            found += 1;
            if found == failures {
                println!("{spec} on {found} failures: at most {} choices remain, at most {} runs", worst.0, worst.1);
                return worst;
            }
        }
    }
    panic!("{spec}: only {found} noisy failures")
}

#[test]
fn every_noisy_failure_shrinks_to_few() {
    let threads = Threads { threads: 6, steps: 80, a: 45, b: 35 };
    let (choices, runs) = worst(&mut { threads }, "random:preempt=1/2", 100, 20);
    assert!(choices <= 2 && runs < 400);
    let (choices, runs) = worst(&mut Buffer { pairs: 3, items: 40 }, "random:preempt=1/32", 10, 20);
    assert!(choices <= 3 && runs < 400);
    let (choices, runs) = worst(&mut Late { threads: 5, steps: 30, at: 7 }, "random:preempt=1/16", 5, 20);
    assert!(choices <= 3 && runs < 400);
}

#[test]
fn one_delay_and_one_fault_remain_of_three_hundred() {
    // All 500 questions answered with a surprise, but for every other delay.
    let ask = |kind, stream, index, alternatives| Choice {
        kind,
        stream,
        index,
        alternatives,
        picked: alternatives - 1,
        target: Stream::NONE,
    };
    let mut choices = Vec::new();
    for index in 0..10 {
        choices.extend((0..30).filter(|n| n % 2 == 0).map(|n| ask(Kind::Latency, Stream(n), index, 8)));
        choices.extend((0..10).map(|n| ask(Kind::Fault, Stream(n), index, 2)));
        choices.extend((0..5).map(|n| ask(Kind::Transfer, thread(n), index, 4)));
    }
    let job = Job { test: 0, seed: Seed(1), how: How::Replay(choices) };
    let failing = Messages.run(&job).unwrap();
    assert_eq!(failing.choices.len(), 300);
    let result = shrunk(&mut Messages, &job, &failing, 10_000).unwrap();
    println!("{} choices to {} in {} runs", failing.choices.len(), result.choices.len(), result.runs);
    let found: Vec<_> = result.choices.iter().map(|choice| (choice.address(), choice.picked)).collect();
    assert_eq!(found, [(Messages::FAULT, 1), (Messages::SLOW, 3)]);
    assert!(result.runs < 400, "{} runs", result.runs);
}

#[test]
fn a_budget_ends_it_with_the_best_so_far() {
    let mut runner = Threads { threads: 6, steps: 160, a: 90, b: 70 };
    let (job, failing) = noisy(&mut runner, "random:preempt=1/2", 250);
    let mut told = Vec::new();
    let result =
        shrink(&failing, &mut |choices| runner.run(&job.replaying(choices)), 20, &mut |progress| told.push(progress));
    let result = result.unwrap();
    assert_eq!((result.end, result.runs), (End::Budget, 20));
    assert!(result.choices.len() < failing.choices.len());
    assert!(result.outcome.verdict.is_failure());
    assert!(told.is_sorted_by_key(|progress| progress.runs));
    assert_eq!(told.last().map(|progress| progress.choices), Some(result.choices.len()));
}

#[test]
fn what_cannot_be_shrunk_is_said() {
    let mut runner = Threads { threads: 3, steps: 12, a: 5, b: 4 };
    let job = Job::ordinary(0, Seed(1));
    let held = runner.run(&job).unwrap();
    assert_eq!(shrunk(&mut runner, &job, &held, 10).unwrap_err(), ShrinkError::NotAFailure);

    let (job, failing) = noisy(&mut runner, "random", 2);
    let without = Outcome { choices: Vec::new(), ..failing.clone() };
    let error = shrunk(&mut runner, &job, &without, 10).unwrap_err();
    assert_eq!(error.to_string(), "the choices of the run do not reproduce assertion planted: every property held");

    let lost = || RunnerError::Lost("the worker died".into());
    let error = shrink(&failing, &mut |_| Err(lost()), 10, &mut |_| {}).unwrap_err();
    assert_eq!(error, ShrinkError::Broken(lost()));
    let mut left = 3;
    let mut dying = |choices: &[Choice]| {
        left -= 1;
        if left > 0 { runner.run(&job.replaying(choices)) } else { Err(lost()) }
    };
    assert_eq!(shrink(&failing, &mut dying, 10, &mut |_| {}).unwrap().end, End::Broken(lost()));
}

/// A system that fails for any of several causes, each a set of surprises of at least some amount, unless certain other
/// surprises prevent it. A question may be asked only if an earlier one had a surprising answer.
#[derive(Clone, Debug)]
struct Causes {
    causes: Vec<Vec<(u32, u32)>>,
    guards: BTreeSet<u32>,
    nested: BTreeSet<u32>,
}

const QUESTIONS: u32 = 40;

impl Runner for Causes {
    fn run(&mut self, job: &Job) -> Result<Outcome, RunnerError> {
        let mut world = World::new(job);
        let mut picked = vec![0; QUESTIONS as usize];
        for question in 0..QUESTIONS {
            let earlier = question.checked_sub(7).map_or(1, |n| picked[n as usize]);
            if !self.nested.contains(&question) || earlier != 0 {
                let kind = [Kind::Latency, Kind::Fault, Kind::Transfer, Kind::Spec][question as usize % 4];
                let stream = Stream(u64::from(question % 5));
                picked[question as usize] = world.choose(kind, stream, 9, Hint::None);
            }
        }
        let holds =
            |cause: &Vec<(u32, u32)>| cause.iter().all(|(question, least)| picked[*question as usize] >= *least);
        let prevented = self.guards.iter().filter(|question| picked[**question as usize] != 0).count() % 2 == 1;
        Ok(world.end(!prevented && self.causes.iter().any(holds)))
    }
}

fn causes() -> impl Strategy<Value = Causes> {
    let cause = prop::collection::vec((0..QUESTIONS, 1..9u32), 1..5);
    let guards = prop::collection::btree_set(0..QUESTIONS, 0..4);
    let nested = prop::collection::btree_set(0..QUESTIONS, 0..8);
    (prop::collection::vec(cause, 1..4), guards, nested).prop_map(|(causes, guards, nested)| Causes {
        causes,
        guards,
        nested,
    })
}

/// Answers at random, so often that causes are met.
fn surprises(mut system: Causes, seed: u64) -> Option<(Job, Outcome)> {
    use model::rng::Random;
    let mut random = Random::of_purpose(Seed(seed), "surprises");
    let mut ask = |kind, stream, index| {
        let (alternatives, picked) = (9, 1 + random.below(8) as u32);
        Choice { kind, stream, index, alternatives, picked, target: Stream::NONE }
    };
    let kinds = [Kind::Latency, Kind::Fault, Kind::Transfer, Kind::Spec];
    let addresses = kinds.into_iter().flat_map(|kind| (0..5).flat_map(move |n| (0..8).map(move |i| (kind, n, i))));
    let choices = addresses.map(|(kind, n, index)| ask(kind, Stream(n), index)).collect();
    let job = Job { test: 0, seed: Seed(seed), how: How::Replay(choices) };
    let outcome = system.run(&job).ok()?;
    outcome.verdict.is_failure().then_some((job, outcome))
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::with_cases(300) })]
    #[test]
    fn the_laws_of_shrinking(system in causes(), seed: u64) {
        let Some((job, failing)) = surprises(system.clone(), seed) else { return Err(TestCaseError::reject("held")) };
        let mut runner = system;
        let result = shrunk(&mut runner, &job, &failing, 100_000).unwrap();
        prop_assert_eq!(result.end, End::Minimal);
        prop_assert!(result.choices.len() <= failing.choices.len(), "never longer");
        let replay = runner.run(&job.replaying(&result.choices)).unwrap();
        prop_assert!(replay.verdict.is_failure(), "still fails");
        prop_assert_eq!(&replay, &result.outcome, "and in the way that is told");
        for left_out in 0..result.choices.len() {
            let mut fewer = result.choices.clone();
            fewer.remove(left_out);
            prop_assert!(!runner.run(&job.replaying(&fewer)).unwrap().verdict.is_failure(), "minimal");
        }
        let again = shrunk(&mut runner, &job, &result.outcome, 100_000).unwrap();
        prop_assert_eq!(again.choices, result.choices, "idempotent");
    }
}
