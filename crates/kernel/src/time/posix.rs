//! stub
/// A timer.
#[derive(Debug)] pub struct PosixTimer {}
