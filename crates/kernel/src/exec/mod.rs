//! stub
use crate::{Host, Kernel};
use model::ThreadId;
/// A program to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program { }
pub(crate) fn load(_k: &mut Kernel, _host: &mut dyn Host, _id: ThreadId, _p: Program) {}
