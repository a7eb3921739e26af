//! How descriptors are named in events.

use crate::process::ProcessId;
use crate::world::Kernel;
use model::Label;

impl Kernel {
    /// The path behind a descriptor, or the other end of a connected socket as `service:port`, if it has one.
    pub fn file_label(&mut self, process: ProcessId, fd: i32) -> Option<Label> {
        let file = self.open_file(self.file_of(process, fd).ok()?);
        match &file.path {
            Some(path) => Some(path.share()),
            None => self.socket_label(file.object()?),
        }
    }
}
