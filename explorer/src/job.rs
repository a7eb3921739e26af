//! A job: everything that decides about one run, as plain data that is cheap to send to another process.

use crate::strategy::{self, StrategySpec};
use model::choice::Recorded;
use model::{Choice, Seed, Source};

/// One run to carry out. Two runs of equal jobs are the same run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The test, by its position among the selected ones.
    pub test: u32,
    /// What guest entropy is drawn from, and the strategy's choices.
    pub seed: Seed,
    /// Who answers the choices.
    pub how: How,
}

/// Who answers the choices of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// A strategy, drawing from the seed.
    Strategy {
        /// Which.
        spec: StrategySpec,
        /// How many choices the ordinary run of this test asks ([`model::Outcome::asked`]). Part of the job, since it
        /// decides where some strategies intervene. 0 if it is not known.
        steps: u64,
    },
    /// A list; what is not on it gets 0.
    Replay(Vec<Choice>),
}

impl Job {
    /// A run of this test and seed without a surprise.
    pub fn ordinary(test: u32, seed: Seed) -> Job {
        Job { test, seed, how: How::Strategy { spec: StrategySpec::Ordinary, steps: 0 } }
    }
    /// The same test and seed, with choices from a list.
    #[must_use]
    pub fn replaying(&self, choices: &[Choice]) -> Job {
        Job { how: How::Replay(choices.to_vec()), ..*self }
    }
    /// What answers the choices of this job.
    pub fn source(&self) -> Box<dyn Source> {
        match &self.how {
            How::Strategy { spec, steps } => strategy::build(spec, self.seed, *steps),
            How::Replay(choices) => Box::new(Recorded::new(choices)),
        }
    }
}
