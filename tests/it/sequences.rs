//! Random sequences of calls on files, pipes, sockets, epoll, eventfd and timers: what each call gives must be the same
//! natively and inside. A sequence that differs is shrunk by proptest to the calls that matter. `FBSIM_SEQUENCES=N` runs N
//! batches instead of a few.

use crate::support::process::{Ran, finish_within};
use crate::support::{Scratch, build, command, figure, setting};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;
use std::process::Command;
use std::time::Duration;

/// The letters of `tests/fixtures/programs/sequence.c`.
const CALLS: &str = "ocrwRWvVltsumLdDpSheEFPAXTUzqfy";
/// So many sequences are run by one process.
const BATCH: usize = 40;
const LIMIT: Duration = Duration::from_secs(120);

fn sequence() -> impl Strategy<Value = String> {
    let number = || prop::char::range('a', 'h');
    let call = (prop::sample::select(CALLS.chars().collect::<Vec<_>>()), number(), number(), number());
    let call = call.prop_map(|(call, a, b, c)| [call, a, b, c].iter().collect::<String>());
    prop::collection::vec(call, 1..60).prop_map(|calls| calls.concat())
}

fn run(program: &str, sequences: &[String]) -> (Ran, Ran) {
    let mut native = Command::new(program);
    native.args(sequences).current_dir("/");
    let mut line = vec!["run", "--", program];
    line.extend(sequences.iter().map(String::as_str));
    (finish_within(native, LIMIT), finish_within(command(&line), LIMIT))
}

/// The first line in which the two differ, with what came before it in the same sequence.
fn difference(native: &Ran, inside: &Ran) -> Option<String> {
    let (left, right): (Vec<&str>, Vec<&str>) = (native.stdout.lines().collect(), inside.stdout.lines().collect());
    let at = (0..left.len().max(right.len())).find(|i| left.get(*i) != right.get(*i))?;
    let start = (0..at.min(left.len())).rev().find(|i| left[*i].starts_with("sequence")).unwrap_or(0);
    let before = left[start..at.min(left.len())].join("\n");
    let line = |lines: &[&str]| lines.get(at).map_or_else(|| "(nothing)".to_owned(), |l| (*l).to_owned());
    Some(format!("{before}\nnatively: {}\ninside:   {}\n{}", line(&left), line(&right), inside.stderr))
}

#[test]
fn random_sequences_of_calls_give_the_same() {
    let scratch = Scratch::new("sequences");
    let program = build::program(&scratch, "sequence");
    let cases = setting("FBSIM_SEQUENCES", 12) as u32;
    let config = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() };
    let lines = Cell::new(0);
    let outcome = TestRunner::new(config).run(&prop::collection::vec(sequence(), 1..=BATCH), |sequences| {
        let (native, inside) = run(&program, &sequences);
        prop_assert!(native.code() == 0 && !native.stdout.is_empty(), "natively\n{native}");
        lines.set(lines.get() + native.stdout.lines().count());
        match difference(&native, &inside) {
            None => Ok(()),
            Some(text) => Err(TestCaseError::fail(text)),
        }
    });
    figure(&format!(
        "{cases} batches of sequences of calls, {} lines of results: the same natively and inside",
        lines.get()
    ));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
