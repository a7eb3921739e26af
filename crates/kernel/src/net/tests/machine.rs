//! What the tests put in place of a hosting process, and of the program in it.

use super::{BASE, SPACE};
use crate::host::{AddressSpaceId, Host, ImageEntry, ImageType};
use crate::process::{Process, ProcessId};
use crate::signal::Action;
use model::{Errno, ThreadId};

/// One memory for all threads.
#[derive(Debug)]
pub(super) struct Flat {
    pub(super) memory: Vec<u8>,
}

impl Flat {
    /// Bytes at an address.
    pub(super) fn at(&mut self, at: u64, len: usize) -> &mut [u8] {
        let start = (at - BASE) as usize;
        &mut self.memory[start..start + len]
    }
}

impl Host for Flat {
    fn address_space(&self) -> AddressSpaceId {
        SPACE
    }
    fn read(&self, at: u64, into: &mut [u8]) {
        let start = (at - BASE) as usize;
        into.copy_from_slice(&self.memory[start..start + into.len()]);
    }
    fn write(&mut self, at: u64, bytes: &[u8]) {
        self.at(at, bytes.len()).copy_from_slice(bytes);
    }
    fn map_anonymous(&mut self, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        Ok(())
    }
    fn map_pool(&mut self, _: u64, _: u64, _: u32, _: u64) -> Result<(), Errno> {
        Err(Errno(libc::ENOMEM))
    }
    fn pool_read(&self, _: u64, _: &mut [u8]) {}
    fn pool_write(&mut self, _: u64, _: &[u8]) {}
    fn pool_zero(&mut self, _: u64, _: u64) {}
    fn map_image(&mut self, _: u64, _: u64, _: u32, _: &str, _: u64) -> Result<(), Errno> {
        Ok(())
    }
    fn unmap(&mut self, _: u64, _: u64) {}
    fn protect(&mut self, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        Ok(())
    }
    fn remap(&mut self, _: u64, _: u64, _: u64, _: u64, _: u32) -> Result<(), Errno> {
        Ok(())
    }
    fn discard(&mut self, _: u64, _: u64, _: u32, _: Option<(&str, u64)>) -> Result<(), Errno> {
        Ok(())
    }
    fn loaded(&self) -> Option<ThreadId> {
        None
    }
    fn extended_state(&self, _: &mut crate::process::Extended) {}
    fn fork(&mut self, _: AddressSpaceId) -> Result<(), Errno> {
        Ok(())
    }
    fn image_entry(&mut self, _: &str) -> Option<ImageEntry> {
        None
    }
    fn image_list(&mut self, _: &str) -> Vec<(String, ImageType)> {
        Vec::new()
    }
    fn image_read(&mut self, _: &str, _: u64, _: &mut [u8]) -> usize {
        0
    }
}

/// A process with nothing in it but what sockets need.
pub(super) fn process(id: ProcessId) -> Process {
    let mut actions = vec![Action::default(); 64];
    // The tests look at what calls return; being killed by SIGPIPE is another matter.
    actions[libc::SIGPIPE as usize - 1].handler = libc::SIG_IGN as u64;
    Process {
        space: SPACE,
        actions,
        threads: vec![id.pid],
        limits: [(1024, 1024); 16],
        exit_signal: 0,
        has_execed: true,
        ..Process::new(id)
    }
}
