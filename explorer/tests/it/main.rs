//! Searching and shrinking against toy systems that run in microseconds.

mod finding;
mod session;
mod shrinking;
mod toy;
