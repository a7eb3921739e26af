//! A session: which test and seed to run next, and what the results mean. A pure state machine; whoever owns the
//! workers asks it for jobs and tells it of outcomes, in whatever order they come.
//!
//! ```text
//!   next ─┬─> Job   the ordinary run of every test first (the calibration), then seed by seed, every test in turn
//!         ├─> Wait  a calibration is still running: ask again after the next report
//!         └─> Done  nothing more to hand out; jobs still running should be awaited and reported
//!   report(job, outcome) / lost(job)
//! ```
//!
//! A seed means one run. So nothing that is learned from other seeds decides about a run, except the length of the
//! ordinary run, which strategies place their interventions by; it comes from one fixed seed, whatever seeds the
//! session covers, and travels in the job. For the same reason jobs are handed out in a fixed order: when a test has
//! failed, every job before the failing one is already out, so the first finding of a test is the same with one
//! worker as with many.

mod statistics;

pub use statistics::{Finding, Signature, Statistics};

use crate::job::{How, Job};
use crate::strategy::StrategySpec;
use model::{Outcome, Seed, Verdict};
use statistics::Findings;

/// What a session covers.
#[derive(Clone, Debug)]
pub struct Config {
    /// The names of the tests; [`Job::test`] counts them.
    pub tests: Vec<String>,
    /// The first seed of each test.
    pub first_seed: Seed,
    /// The distance from one seed to the next; 1 but for one of several machines that share the work.
    pub stride: u64,
    /// How many seeds each test gets.
    pub seeds: u64,
    /// Who answers the choices.
    pub strategy: StrategySpec,
    /// Go on searching a test after its first failure.
    pub keep_going: bool,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Run this.
    Job(Job),
    /// Nothing until an outcome is reported.
    Wait,
    /// Nothing more.
    Done,
}

/// What an outcome meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing to act on.
    Continue,
    /// A failure.
    Found {
        /// The first of its test with its signature.
        first: bool,
    },
}

/// How often the calibration of a test is tried.
const CALIBRATIONS: u64 = 3;

/// Hands out jobs and collects outcomes.
#[derive(Debug)]
pub struct Session {
    config: Config,
    tests: Vec<Test>,
    /// Round 0 calibrates, round n runs the n-th seed of every test; `turn` is the test that is due.
    round: u64,
    turn: usize,
    /// Tests whose calibration was lost and is to be run again.
    again: Vec<u32>,
    findings: Findings,
}

/// How far one test is.
#[derive(Debug)]
struct Test {
    phase: TestPhase,
    statistics: Statistics,
    hashes: statistics::Distinct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TestPhase {
    /// The length of its ordinary run is not known yet.
    Calibrating,
    /// It is searched, with that length.
    Searching { steps: u64 },
    /// It failed, or cannot be run; it gets no more jobs.
    Over,
}

impl Session {
    /// The seed whose ordinary run tells how long runs of a test are.
    pub const CALIBRATION: Seed = Seed(0);

    /// Starts with nothing run.
    pub fn new(config: Config) -> Session {
        let test = || Test {
            phase: TestPhase::Calibrating,
            statistics: Statistics::default(),
            hashes: statistics::Distinct::default(),
        };
        let tests = config.tests.iter().map(|_| test()).collect();
        Session { config, tests, round: 0, turn: 0, again: Vec::new(), findings: Findings::default() }
    }

    /// The job that tells how long runs of a test are. A single seed run outside a session needs it too, if
    /// [`StrategySpec::needs_steps`]: `steps` is its outcome's `asked`.
    pub fn calibration_job(test: u32) -> Job {
        Job::ordinary(test, Self::CALIBRATION)
    }

    /// What to run now.
    pub fn next_job(&mut self) -> Next {
        if let Some(test) = self.again.pop() {
            return Next::Job(Session::calibration_job(test));
        }
        while !self.is_exhausted() {
            let Some(test) = self.tests.get(self.turn) else {
                self.turn = 0;
                self.round = self.round.saturating_add(1);
                continue;
            };
            let number = self.turn as u32;
            let job = match (self.round.checked_sub(1), test.phase) {
                (None, _) => Some(Session::calibration_job(number)),
                (Some(_), TestPhase::Calibrating) => return Next::Wait,
                (Some(nth), TestPhase::Searching { steps }) => Some(self.search_job(number, nth, steps)),
                (Some(_), TestPhase::Over) => None,
            };
            self.turn += 1;
            if let Some(job) = job {
                return Next::Job(job);
            }
        }
        Next::Done
    }

    fn is_exhausted(&self) -> bool {
        self.round > self.config.seeds || self.tests.iter().all(|test| test.phase == TestPhase::Over)
    }

    fn search_job(&self, test: u32, nth: u64, steps: u64) -> Job {
        let seed = Seed(self.config.first_seed.0.wrapping_add(nth.wrapping_mul(self.config.stride)));
        let spec = self.config.strategy;
        let steps = if spec.needs_steps() { steps } else { 0 };
        Job { test, seed, how: How::Strategy { spec, steps } }
    }

    /// Takes note of how a job ended.
    ///
    /// # Panics
    /// If the job is of no test of this session.
    pub fn report(&mut self, job: &Job, outcome: &Outcome) -> Reaction {
        let test = &mut self.tests[job.test as usize];
        if test.phase == TestPhase::Calibrating {
            test.phase = TestPhase::Searching { steps: outcome.asked };
        }
        let statistics = &mut test.statistics;
        statistics.runs += 1;
        statistics.asked += outcome.asked;
        statistics.distinct = test.hashes.add(outcome.hash);
        match &outcome.verdict {
            Verdict::Held => {
                statistics.held += 1;
                Reaction::Continue
            }
            Verdict::Inconclusive(_) => {
                statistics.inconclusive += 1;
                Reaction::Continue
            }
            Verdict::Failed(failure) => {
                statistics.failed += 1;
                if !self.config.keep_going {
                    test.phase = TestPhase::Over;
                }
                Reaction::Found { first: self.findings.add(job, failure, outcome) }
            }
        }
    }

    /// Takes note that a job has no outcome. A calibration that is lost is run again, a few times; after that its test gets
    /// no more jobs: with another length its seeds would mean other runs.
    ///
    /// # Panics
    /// If the job is of no test of this session.
    pub fn lost(&mut self, job: &Job) {
        let test = &mut self.tests[job.test as usize];
        test.statistics.lost += 1;
        if test.phase != TestPhase::Calibrating {
            return;
        }
        // Nothing but its calibration has run, so all losses are of that.
        if test.statistics.lost < CALIBRATIONS {
            self.again.push(job.test);
        } else {
            test.phase = TestPhase::Over;
        }
    }

    /// What the session covers.
    pub fn config(&self) -> &Config {
        &self.config
    }
    /// The counts of one test.
    ///
    /// # Panics
    /// If there is no such test.
    pub fn statistics(&self, test: u32) -> &Statistics {
        &self.tests[test as usize].statistics
    }
    /// The counts of all tests together.
    pub fn total(&self) -> Statistics {
        self.tests.iter().map(|test| &test.statistics).sum()
    }
    /// The failures: by test and, within a test, by the seed of the first run of each signature.
    pub fn findings(&self) -> Vec<&Finding> {
        self.findings.in_order()
    }
}
