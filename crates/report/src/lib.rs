//! Renders runs for people. Pure: takes events, gives text.

mod events;
mod story;

pub use events::{event_line, thread_name};
pub use story::story;

/// Names of the services by id; index 0 is `test`.
pub type Names<'a> = &'a [String];
