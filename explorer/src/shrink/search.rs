//! The state of shrinking: the best list so far, what was tried, and the runs that are left.

use super::size::Size;
use super::{End, Progress, ShrinkError, Shrunk};
use crate::runner::RunnerError;
use crate::session::Signature;
use model::{Choice, Outcome, Verdict};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Carries out a list of choices.
pub(super) type Run<'a> = dyn FnMut(&[Choice]) -> Result<Outcome, RunnerError> + 'a;

/// Why there are no more candidates.
#[derive(Debug)]
pub(super) enum Stop {
    Budget,
    Broken(RunnerError),
}

/// Tries candidates and keeps the best.
pub(super) struct Search<'a> {
    signature: Signature,
    best: Vec<Choice>,
    outcome: Outcome,
    /// Candidates that did not fail in the same way, by fingerprint. A collision costs a candidate, not correctness.
    refused: BTreeSet<u64>,
    runs: u32,
    budget: u32,
    pass: &'static str,
    run: &'a mut Run<'a>,
    progress: &'a mut dyn FnMut(Progress),
}

impl<'a> Search<'a> {
    /// Starts from a list that must fail with this signature.
    pub(super) fn start(
        signature: Signature,
        choices: &[Choice],
        run: &'a mut Run<'a>,
        budget: u32,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Result<Self, ShrinkError> {
        let outcome = run(choices).map_err(ShrinkError::Broken)?;
        if !fails_with(&outcome, &signature) {
            let got = match outcome.verdict {
                Verdict::Held => "every property held".into(),
                Verdict::Inconclusive(reason) => reason,
                Verdict::Failed(failure) => failure.to_string(),
            };
            return Err(ShrinkError::NotReproduced { expected: signature.to_string(), got });
        }
        let best = taken_or(&outcome, choices.to_vec());
        Ok(Search {
            signature,
            best,
            outcome,
            refused: BTreeSet::new(),
            runs: 1,
            budget,
            pass: "verify",
            run,
            progress,
        })
    }

    /// The best list so far.
    pub(super) fn best(&self) -> &[Choice] {
        &self.best
    }

    /// What is tried next, for people.
    pub(super) fn enter(&mut self, pass: &'static str) {
        self.pass = pass;
        self.tell();
    }

    /// Whether this candidate is smaller than the best, and fails in the same way; if so it is the best now.
    pub(super) fn attempt(&mut self, candidate: Vec<Choice>) -> Result<bool, Stop> {
        if Size::of(&candidate) >= Size::of(&self.best) {
            return Ok(false);
        }
        let fingerprint = fingerprint(&candidate);
        if self.refused.contains(&fingerprint) {
            return Ok(false);
        }
        if self.runs >= self.budget {
            return Err(Stop::Budget);
        }
        self.runs += 1;
        let outcome = (self.run)(&candidate).map_err(Stop::Broken)?;
        let fails = fails_with(&outcome, &self.signature);
        if fails {
            self.best = taken_or(&outcome, candidate);
            self.outcome = outcome;
        } else {
            self.refused.insert(fingerprint);
        }
        self.tell();
        Ok(fails)
    }

    pub(super) fn finish(self, end: End) -> Shrunk {
        Shrunk { choices: self.best, outcome: self.outcome, runs: self.runs, end }
    }

    fn tell(&mut self) {
        (self.progress)(Progress { runs: self.runs, choices: self.best.len(), pass: self.pass });
    }
}

fn fails_with(outcome: &Outcome, signature: &Signature) -> bool {
    matches!(&outcome.verdict, Verdict::Failed(failure) if Signature::from(failure) == *signature)
}

/// What a run actually chose, unless that is more than it was told.
fn taken_or(outcome: &Outcome, told: Vec<Choice>) -> Vec<Choice> {
    if Size::of(&outcome.choices) <= Size::of(&told) { outcome.choices.clone() } else { told }
}

fn fingerprint(choices: &[Choice]) -> u64 {
    let mut hasher = DefaultHasher::new();
    choices.hash(&mut hasher);
    hasher.finish()
}
