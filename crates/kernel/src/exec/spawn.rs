//! Starting a service's first process.

use crate::exec::{ExecError, fresh_space, prepare};
use crate::host::{AddressSpaceId, Host};
use crate::process::{Pending, Process, ProcessId, Thread};
use crate::world::Kernel;
use model::ServiceId;

/// What a service's first process is.
#[derive(Clone, Debug, Default)]
pub struct Spawn {
    /// Path of the program.
    pub path: String,
    /// `argv`, with the program's name first.
    pub arguments: Vec<Vec<u8>>,
    /// `envp`, as `NAME=value`.
    pub environment: Vec<Vec<u8>>,
    /// Working directory.
    pub directory: String,
}

impl Kernel {
    /// Makes the first process of a service. It loads its program when it is first scheduled; until then the hosting
    /// code has to fork a host process for the address space that is returned.
    ///
    /// # Errors
    /// Why the program cannot be run.
    pub fn spawn(
        &mut self,
        host: &mut dyn Host,
        service: ServiceId,
        spawn: Spawn,
    ) -> Result<(ProcessId, AddressSpaceId), ExecError> {
        let program = prepare(self, host, service, &spawn.path, spawn.arguments, spawn.environment)?;
        let pid = self.new_tid(service);
        let id = ProcessId { service, pid };
        let space = fresh_space(self);
        let mut process = Process::new(id);
        process.space = space;
        process.threads = vec![pid];
        // A directory that is not there inside would leave the program nowhere.
        let there = self.resolve(host, service, &spawn.directory).is_ok_and(|i| self.is_directory(i));
        process.cwd = if there { spawn.directory } else { "/".to_owned() };
        process.limits = crate::process::limits::default_limits();
        self.processes.insert(id, process);
        self.standard_streams(id);
        let mut thread = Thread::new(id.thread(pid), id, space, "");
        thread.pending = Pending::Exec(Box::new(program));
        self.add_thread(thread);
        Ok((id, space))
    }
}
