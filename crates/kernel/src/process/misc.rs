//! stub
/// Entropy.
#[derive(Debug, Default)] pub struct Entropy {}
impl crate::Kernel { pub fn process_entropy(&mut self, _p: crate::ProcessId, _into: &mut [u8]) {} }
