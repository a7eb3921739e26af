//! The border to whatever carries out runs: worlds of processes, a pool of workers, or a toy.

use crate::job::Job;
use model::Outcome;
use thiserror::Error;

/// Carries out one run at a time.
pub trait Runner {
    /// Runs a job to its end. The same job must give the same outcome every time.
    ///
    /// # Errors
    /// The run did not come to an end of its own. A failure of the system under test is an outcome, not an error.
    fn run(&mut self, job: &Job) -> Result<Outcome, RunnerError>;
}

/// Why there is no outcome.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunnerError {
    /// The job does not make sense to the runner: the same job will be refused again.
    #[error("the run cannot be started: {0}")]
    Refused(String),
    /// The run was cut off, by the death of a worker for example; it may go well another time.
    #[error("the run was lost: {0}")]
    Lost(String),
}
