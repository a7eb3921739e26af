//! stub
/// Entropy.
#[derive(Debug, Default)] pub struct Entropy {}
