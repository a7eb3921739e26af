//! Counts, and failures by signature.

use crate::job::Job;
use model::{EventHash, Failure, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter::Sum;

/// What happened in some runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Runs that came to an end, the calibration included.
    pub runs: u64,
    /// Runs in which every property held.
    pub held: u64,
    /// Runs with a failure.
    pub failed: u64,
    /// Runs without an answer.
    pub inconclusive: u64,
    /// Runs without an end.
    pub lost: u64,
    /// Choices that were asked.
    pub asked: u64,
    /// Runs that differed from all before them; counted up to [`Statistics::DISTINCT_MAX`] for each test.
    pub distinct: u64,
}

impl Statistics {
    /// More different runs of a test are not told apart.
    pub const DISTINCT_MAX: u64 = 1 << 18;
}

impl<'a> Sum<&'a Statistics> for Statistics {
    fn sum<I: Iterator<Item = &'a Statistics>>(all: I) -> Statistics {
        all.fold(Statistics::default(), |a, b| Statistics {
            runs: a.runs + b.runs,
            held: a.held + b.held,
            failed: a.failed + b.failed,
            inconclusive: a.inconclusive + b.inconclusive,
            lost: a.lost + b.lost,
            asked: a.asked + b.asked,
            distinct: a.distinct + b.distinct,
        })
    }
}

/// The hashes seen, up to a number.
#[derive(Debug, Default)]
pub(super) struct Distinct(BTreeSet<u64>);

impl Distinct {
    /// Adds one and says how many there are.
    pub(super) fn add(&mut self, hash: EventHash) -> u64 {
        if (self.0.len() as u64) < Statistics::DISTINCT_MAX {
            self.0.insert(hash.0);
        }
        self.0.len() as u64
    }
}

/// What makes two failures the same bug; owned, unlike [`Failure::signature`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// The sort of failure.
    pub kind: String,
    /// The property that broke.
    pub property: String,
}

impl From<&Failure> for Signature {
    fn from(failure: &Failure) -> Signature {
        let (kind, property) = failure.signature();
        Signature { kind: kind.into(), property: property.into() }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.property)
    }
}

/// A failure of a test, as it was first seen.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What tells it from other failures of the test.
    pub signature: Signature,
    /// What failed.
    pub failure: Failure,
    /// The run with the lowest seed that shows it.
    pub job: Job,
    /// What that run left behind.
    pub outcome: Outcome,
    /// How many runs showed it.
    pub count: u64,
}

/// All failures by test and signature.
#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<(u32, Signature), Finding>);

impl Findings {
    /// Adds one and says whether it is the first of its signature.
    pub(super) fn add(&mut self, job: &Job, failure: &Failure, outcome: &Outcome) -> bool {
        let signature = Signature::from(failure);
        let finding = || Finding {
            signature: signature.clone(),
            failure: failure.clone(),
            job: job.clone(),
            outcome: outcome.clone(),
            count: 0,
        };
        let known = self.0.entry((job.test, signature.clone())).or_insert_with(finding);
        known.count += 1;
        if order(job) < order(&known.job) {
            *known = Finding { count: known.count, ..finding() };
        }
        known.count == 1
    }
    pub(super) fn in_order(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self.0.values().collect();
        findings.sort_by_key(|finding| (finding.job.test, order(&finding.job)));
        findings
    }
}

/// The order in which a session hands out the jobs of a test: the ordinary run, then the seeds.
fn order(job: &Job) -> (bool, u64) {
    (*job != crate::session::Session::calibration_job(job.test), job.seed.0)
}
