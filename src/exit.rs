//! Exit codes: the whole list, in one place.

use std::process::ExitCode;

/// How the command ended, as other programs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked for held.
    Held,
    /// A property failed.
    Failed,
    /// The command line or the specification is wrong.
    Usage,
    /// Neither held nor failed.
    Inconclusive,
    /// Nothing matched what was asked for.
    NothingSelected,
    /// A replay departed from its recording.
    Diverged,
    /// This host cannot run worlds.
    Host,
    /// A defect of fbsim.
    Internal,
    /// `fbsim run`: the program's own code.
    Program(u8),
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Held => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Inconclusive => 3,
            Exit::NothingSelected => 4,
            Exit::Diverged => 5,
            Exit::Host => 6,
            Exit::Internal => 70,
            Exit::Program(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// A command that could not be carried out: what to print, and how to exit.
#[derive(Debug)]
pub(crate) struct Problem {
    /// What happened, where, and what to do.
    pub(crate) message: String,
    /// The exit code.
    pub(crate) exit: Exit,
}

impl Problem {
    /// A mistake on the command line or in the specification.
    pub(crate) fn usage(message: impl Into<String>) -> Problem {
        Problem { message: message.into(), exit: Exit::Usage }
    }
    /// A defect of fbsim, or a worker that is gone.
    pub(crate) fn internal(message: impl Into<String>) -> Problem {
        Problem { message: message.into(), exit: Exit::Internal }
    }
}
