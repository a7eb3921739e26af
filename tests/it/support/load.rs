//! Something that keeps CPUs busy while a test runs.

use std::process::{Child, Command, Stdio};

/// Busy loops, one on each of some CPUs, until it is dropped.
#[derive(Debug)]
pub(crate) struct Load(Vec<Child>);

impl Load {
    /// Starts a loop on each CPU.
    #[track_caller]
    pub(crate) fn on(cpus: &[usize]) -> Load {
        let start = |cpu: &usize| {
            Command::new("taskset")
                .args(["-c", &cpu.to_string(), "nice", "sh", "-c", "while :; do :; done"])
                .stdin(Stdio::null())
                .spawn()
                .expect("a busy loop (needs taskset and nice, of util-linux and coreutils)")
        };
        Load(cpus.iter().map(start).collect())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
