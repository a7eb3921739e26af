//! Delivery: stub.
use crate::{Host, Kernel};
use model::ThreadId;
impl Kernel {
    pub(crate) fn deliver_signals(&mut self, _host: &mut dyn Host, _id: ThreadId) {}
    pub(crate) fn has_deliverable_signal(&self, _id: ThreadId) -> bool { false }
}
