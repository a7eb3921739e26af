//! How descriptors are named in events.

use crate::process::ProcessId;
use crate::world::Kernel;

impl Kernel {
    /// The path behind a descriptor, or the other end of a connected socket as `service:port`, if it has one.
    pub fn file_label(&self, process: ProcessId, fd: i32) -> Option<String> {
        let file = self.open_file(self.file_of(process, fd).ok()?);
        if file.path.is_some() {
            return file.path.clone();
        }
        self.socket_label(file.object()?)
    }
}
