//! stub
use crate::Kernel;
impl Kernel {
    pub(crate) fn interval_fired(&mut self, _p: crate::ProcessId, _which: usize) {}
    pub(crate) fn posix_timer_fired(&mut self, _p: crate::ProcessId, _id: u32) {}
    pub(crate) fn timerfd_fired(&mut self, _o: crate::wait::ObjectId) {}
}
