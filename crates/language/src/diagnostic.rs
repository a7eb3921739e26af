//! What builtins raise, and how anything raised becomes a [`SpecError`] with a place.

use crate::error::{Code, Place, SpecError};
use crate::evaluate::Budget;
use crate::source::Sources;
use model::{EventIndex, Stopped};
use starlark::ErrorKind;

/// A mistake in the specification, found by a builtin. The evaluator adds the place: the call of the builtin.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Diagnostic {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// A word within the call that the place should point at.
    pub(crate) focus: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, message: message.into(), help: None, focus: None }
    }
    /// An unsuitable argument.
    pub(crate) fn argument(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Code::BadArgument, message)
    }
    /// Something that exists elsewhere but not here.
    pub(crate) fn unsupported(what: &str, instead: &str) -> Diagnostic {
        Diagnostic::new(Code::Unsupported, format!("{what} is not supported yet")).help(instead)
    }
    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }
    pub(crate) fn help_if(mut self, help: Option<String>) -> Diagnostic {
        self.help = help.or(self.help);
        self
    }
    pub(crate) fn focus(mut self, word: impl Into<String>) -> Diagnostic {
        self.focus = Some(word.into());
        self
    }
}

impl From<Diagnostic> for starlark::Error {
    fn from(diagnostic: Diagnostic) -> Self {
        starlark::Error::new_other(diagnostic)
    }
}

/// A property did not hold.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Violation {
    pub(crate) message: String,
    /// The event that shows it, if one does.
    pub(crate) at: Option<EventIndex>,
}

impl Violation {
    pub(crate) fn new(message: impl Into<String>) -> Violation {
        Violation { message: message.into(), at: None }
    }
    pub(crate) fn at(mut self, event: Option<EventIndex>) -> Violation {
        self.at = event;
        self
    }
}

impl From<Violation> for starlark::Error {
    fn from(violation: Violation) -> Self {
        starlark::Error::new_other(violation)
    }
}

/// The run counts for nothing: raised to end it there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Halted(pub(crate) String);

impl From<Halted> for starlark::Error {
    fn from(halted: Halted) -> Self {
        starlark::Error::new_other(halted)
    }
}

/// The world has ended: raised to leave the evaluation at once, and never reported.
#[derive(Debug, thiserror::Error)]
#[error("the world has stopped")]
pub(crate) struct Interrupted;

/// Turns the machine's answer into something that unwinds the evaluation.
pub(crate) fn interrupted(_: Stopped) -> starlark::Error {
    starlark::Error::new_other(Interrupted)
}

/// What an error raised by an evaluation is about.
pub(crate) enum Raised {
    /// The world has ended.
    Interrupted,
    /// The run counts for nothing.
    Halted(String),
    /// A property did not hold, or the specification called `fail()`.
    Violation { message: String, at: Option<EventIndex>, place: Option<Place> },
    /// The specification itself is wrong.
    Error(SpecError),
}

/// Sorts an error out.
pub(crate) fn raised(error: &starlark::Error, sources: &Sources, budget: &Budget) -> Raised {
    let cause = cause(error);
    let find = |focus: Option<&str>| place_of(error, sources, focus);
    if cause.is::<Interrupted>() || budget.is_stopped() {
        return Raised::Interrupted;
    }
    if let Some(Halted(reason)) = cause.downcast_ref() {
        return Raised::Halted(reason.clone());
    }
    if let Some(Violation { message, at }) = cause.downcast_ref() {
        return Raised::Violation { message: message.clone(), at: *at, place: find(None) };
    }
    if let ErrorKind::Fail(message) = error.kind() {
        let message = message.to_string().trim().to_owned();
        return Raised::Violation { message, at: None, place: find(None) };
    }
    let error_of = |code, message: String, help: Option<String>, focus: Option<&str>| {
        let callers = callers(error, sources);
        Raised::Error(SpecError::new(code, message).at(find(focus)).help(help).called_by(callers))
    };
    if let Some(limit) = budget.exceeded() {
        return error_of(Code::Limit, limit, None, None);
    }
    match cause.downcast_ref::<Diagnostic>() {
        Some(d) => error_of(d.code, d.message.clone(), d.help.clone(), d.focus.as_deref()),
        None => {
            let (code, message) = plain(error);
            error_of(code, message, None, None)
        }
    }
}

/// Where an error was raised; within the text there, where the word `focus` stands.
pub(crate) fn place_of(error: &starlark::Error, sources: &Sources, focus: Option<&str>) -> Option<Place> {
    match error.span() {
        Some(span) => sources.place(span, focus),
        None => error.call_stack().frames.iter().rev().find_map(|f| sources.place(f.location.as_ref()?, None)),
    }
}

/// The same, where nothing but a mistake is possible.
pub(crate) fn spec_error(error: &starlark::Error, sources: &Sources, budget: &Budget) -> SpecError {
    match raised(error, sources, budget) {
        Raised::Error(error) => error,
        Raised::Violation { message, place, .. } => SpecError::new(Code::Evaluation, message).at(place),
        Raised::Halted(_) | Raised::Interrupted => SpecError::new(Code::Evaluation, "the evaluation was interrupted"),
    }
}

fn cause(error: &starlark::Error) -> &(dyn std::error::Error + 'static) {
    match error.kind() {
        ErrorKind::Fail(e)
        | ErrorKind::StackOverflow(e)
        | ErrorKind::Value(e)
        | ErrorKind::Function(e)
        | ErrorKind::Scope(e)
        | ErrorKind::Parser(e)
        | ErrorKind::Freeze(e)
        | ErrorKind::Internal(e)
        | ErrorKind::Native(e)
        | ErrorKind::Other(e) => e.as_ref(),
        _ => &Interrupted,
    }
}

/// An error of the evaluator's own.
fn plain(error: &starlark::Error) -> (Code, String) {
    let message = error.without_diagnostic().to_string();
    let message = message.lines().next().unwrap_or_default().to_owned();
    match error.kind() {
        ErrorKind::Parser(_) => (Code::Syntax, message.trim_start_matches("Parse error: ").to_owned()),
        ErrorKind::Scope(_) => (Code::UnknownName, message),
        ErrorKind::Function(_) => (Code::BadArgument, message),
        ErrorKind::StackOverflow(_) => {
            (Code::Limit, format!("calls are nested more than {} deep", crate::evaluate::CALL_DEPTH_MAX))
        }
        _ => (Code::Evaluation, message),
    }
}

/// The functions of the specification that the error passed through; the innermost is where its place is.
fn callers(error: &starlark::Error, sources: &Sources) -> Vec<(String, String)> {
    const SHOWN: usize = 4;
    let mut callers: Vec<_> = error
        .call_stack()
        .frames
        .iter()
        .filter_map(|frame| {
            // What watches a call calls in its turn.
            let location = frame.location.as_ref().filter(|_| !frame.name.ends_with("__"))?;
            Some((frame.name.clone(), at_of(location, sources)))
        })
        .collect();
    // The last frame is the builtin that raised it, at the error's own place.
    if callers.last().is_some_and(|(_, at)| error.span().is_some_and(|s| at_of(s, sources) == *at)) {
        callers.pop();
    }
    callers.dedup();
    callers.split_off(callers.len().saturating_sub(SHOWN))
}

fn at_of(span: &starlark::codemap::FileSpan, sources: &Sources) -> String {
    let (file, line, column) = sources.begin(span);
    format!("{file}:{}:{}", line + 1, column + 1)
}
