//! Errors in a specification, as people read them:
//!
//! ```text
//! error[FB0105]: unknown errno "ECONREFUSED"
//!   --> orders.star:7:20
//!    |
//!  7 |     connect = deny("ECONREFUSED"),
//!    |                     ^^^^^^^^^^^
//!    = help: did you mean `ECONNREFUSED`?
//! ```
//!
//! They are built from parts (code, message, place, help), never from a formatted error of the evaluator, so nothing
//! of the host, such as a backtrace, can get into them.

use std::fmt;

/// The stable name of a class of errors; it does not change when the wording of a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// The text is not Starlark.
    Syntax,
    /// A name that nothing defines.
    UnknownName,
    /// A call with a missing, superfluous or unsuitable argument.
    BadArgument,
    /// A keyword argument that the called builtin does not have.
    UnknownKeyword,
    /// An errno that does not exist.
    UnknownErrno,
    /// A system call, family or named operation that does not exist.
    UnknownSyscall,
    /// A duration that cannot be read.
    BadDuration,
    /// Something of the wider language that is not supported; the help names the alternative.
    Unsupported,
    /// A `load()` that failed.
    Load,
    /// Two things of one name.
    Duplicate,
    /// Services that depend on one another, or on none that exists.
    Topology,
    /// A program that cannot be found.
    Binary,
    /// A bound on the evaluation itself: steps, memory, depth.
    Limit,
    /// A builtin that works on a running world was called while the specification was being loaded.
    OutsideTest,
    /// A builtin that lets time pass was called from a monitor.
    InsideMonitor,
    /// Anything else that went wrong while evaluating.
    Evaluation,
    /// A program that could not be built.
    Build,
}

impl Code {
    /// All codes, in the order of their numbers.
    pub const ALL: [Code; 17] = [
        Code::Syntax,
        Code::UnknownName,
        Code::BadArgument,
        Code::UnknownKeyword,
        Code::UnknownErrno,
        Code::UnknownSyscall,
        Code::BadDuration,
        Code::Unsupported,
        Code::Load,
        Code::Duplicate,
        Code::Topology,
        Code::Binary,
        Code::Limit,
        Code::OutsideTest,
        Code::InsideMonitor,
        Code::Evaluation,
        Code::Build,
    ];
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FB{:04}", 101 + *self as u16)
    }
}

/// Where in a specification something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// How many characters of the line are meant.
    pub(crate) width: usize,
    /// The whole line.
    pub(crate) text: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// What is wrong with a specification.
#[derive(Clone, Debug)]
pub struct SpecError(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    message: String,
    place: Option<Place>,
    help: Option<String>,
    /// The calls that led to the place, outermost first.
    callers: Vec<(String, String)>,
}

impl SpecError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> SpecError {
        let message = message.into();
        SpecError(Box::new(Parts { code, message, place: None, help: None, callers: Vec::new() }))
    }
    pub(crate) fn at(mut self, place: Option<Place>) -> SpecError {
        self.0.place = place;
        self
    }
    pub(crate) fn help(mut self, help: Option<String>) -> SpecError {
        self.0.help = help;
        self
    }
    /// The calls that led to the place, as (function, where it was called), outermost first.
    pub(crate) fn called_by(mut self, callers: Vec<(String, String)>) -> SpecError {
        self.0.callers = callers;
        self
    }
    /// The class of the error.
    pub fn code(&self) -> Code {
        self.0.code
    }
    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// What to do about it.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
    /// `file:line:column`, if the error has a place.
    pub fn location(&self) -> Option<String> {
        self.0.place.as_ref().map(Place::to_string)
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { code, message, place, help, callers } = &*self.0;
        write!(f, "error[{code}]: {message}")?;
        let digits = place.as_ref().map_or(1, |p| p.line.to_string().len());
        let gutter = digits + 2;
        if let Some(place) = place {
            // A tab in the line is a tab before the caret too, so that they end up in the same column.
            let before: String =
                place.text.chars().take(place.column - 1).map(|c| if c == '\t' { c } else { ' ' }).collect();
            write!(f, "\n{:indent$}--> {place}", "", indent = digits + 1)?;
            write!(f, "\n{:gutter$}|", "")?;
            write!(f, "\n {} | {}", place.line, place.text)?;
            write!(f, "\n{:gutter$}| {before}{}", "", "^".repeat(place.width.max(1)))?;
        }
        for (function, location) in callers {
            write!(f, "\n{:gutter$}= in {function}, called at {location}", "")?;
        }
        if let Some(help) = help {
            write!(f, "\n{:gutter$}= help: {help}", "")?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_in_order() {
        for (i, code) in Code::ALL.iter().enumerate() {
            assert_eq!(code.to_string(), format!("FB{:04}", 101 + i));
        }
    }

    #[test]
    fn an_error_shows_its_line() {
        let place = Place { path: "a.star".into(), line: 12, column: 3, width: 4, text: "\tf(oops)".into() };
        let error = SpecError::new(Code::BadArgument, "no").at(Some(place)).help(Some("do this".into()));
        assert_eq!(
            error.to_string(),
            "error[FB0103]: no\n   --> a.star:12:3\n    |\n 12 | \tf(oops)\n    | \t ^^^^\n    = help: do this"
        );
    }
}
