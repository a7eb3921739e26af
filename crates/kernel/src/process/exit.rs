//! stub
use crate::process::{ExitStatus, ProcessId};
use crate::Kernel;
use model::ThreadId;
impl Kernel {
    pub fn kill_process(&mut self, _p: ProcessId, _s: ExitStatus) {}
    pub(crate) fn end_other_threads(&mut self, _p: ProcessId, _keep: ThreadId) {}
}
