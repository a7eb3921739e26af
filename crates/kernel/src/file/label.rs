//! How descriptors are named in events.

use crate::process::ProcessId;
use crate::world::Kernel;

impl Kernel {
    /// The path behind a descriptor, if it has one.
    pub fn file_label(&self, process: ProcessId, fd: i32) -> Option<String> {
        let file = self.file_of(process, fd).ok()?;
        self.open_file(file).path.clone()
    }
}
