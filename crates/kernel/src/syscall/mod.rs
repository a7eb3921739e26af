//! System calls: the table, and the way from a trap to a handler.
//!
//! The table is data: number, name, disposition, reason. Every number up to [`table::LAST`] has a row; a number
//! beyond it, or without a handler, is refused with an errno and reported with a code, never passed through.

pub mod dispatch;
pub mod table;

use crate::caller::Caller;
use crate::wait::Wait;
use model::Errno;

/// What an attempt at a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ended with this value (`rax`).
    Done(i64),
    /// It cannot go on; try again when the wait is over.
    Block(Wait),
    /// It ended and the registers are already what they must be (`rt_sigreturn`, `execve`), or the thread is gone.
    NoReturn,
}

/// The result of a handler: an `Err` is returned to the guest as a negative errno.
pub type Sys = Result<Outcome, Errno>;

/// A handler.
pub type Handler = fn(&mut Caller<'_>) -> Sys;

/// Ends a call with a value.
#[allow(clippy::unnecessary_wraps, reason = "the return type of every handler")]
pub fn done(value: impl TryInto<i64>) -> Sys {
    Ok(Outcome::Done(value.try_into().unwrap_or(i64::MAX)))
}

/// Parks a call.
#[allow(clippy::unnecessary_wraps, reason = "the return type of every handler")]
pub fn block(wait: Wait) -> Sys {
    Ok(Outcome::Block(wait))
}
