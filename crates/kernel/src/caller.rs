//! The thread that makes a call, together with the kernel and its memory: what every handler works on.

use crate::abi::PATH_MAX;
use crate::abi::errno::{EFAULT, ENAMETOOLONG};
use crate::abi::text;
use crate::host::{AddressSpaceId, Host};
use crate::process::{InCall, Process, ProcessId, Thread};
use crate::world::{Kernel, Owner};
use model::{Errno, ServiceId, ThreadId, VirtualDuration, VirtualTime};

/// A system call in progress.
pub struct Caller<'a> {
    /// The kernel.
    pub k: &'a mut Kernel,
    /// The process the kernel runs in, which is the caller's.
    pub host: &'a mut dyn Host,
    /// The calling thread.
    pub id: ThreadId,
    /// Its arguments.
    pub args: [u64; 6],
}

impl std::fmt::Debug for Caller<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("id", &self.id).field("args", &self.args).finish_non_exhaustive()
    }
}

impl Caller<'_> {
    /// Argument `n` as it is.
    pub fn arg(&self, n: usize) -> u64 {
        self.args[n]
    }
    /// Argument `n` as a C `int`.
    pub fn int(&self, n: usize) -> i32 {
        self.args[n] as i32
    }
    /// The calling thread.
    pub fn thread(&mut self) -> &mut Thread {
        self.k.thread_mut(self.id)
    }
    /// Its call.
    pub fn call(&mut self) -> &mut InCall {
        &mut self.k.thread_mut(self.id).call
    }
    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        let id = self.process_id();
        self.k.process_mut(id)
    }
    /// Its process's name.
    pub fn process_id(&self) -> ProcessId {
        self.k.threads[&self.id].process
    }
    /// Who it is, by numbers.
    pub fn owner(&self) -> Owner {
        self.k.owner(self.id.service)
    }
    /// Its service.
    pub fn service(&self) -> ServiceId {
        self.id.service
    }
    /// Its address space.
    pub fn space(&self) -> AddressSpaceId {
        self.k.threads[&self.id].space
    }
    /// The current virtual time.
    pub fn now(&self) -> VirtualTime {
        self.k.clock.now()
    }
    /// The instant at which this call gives up, fixed at its first attempt.
    pub fn deadline_in(&mut self, timeout: VirtualDuration) -> VirtualTime {
        let at = self.now().after(timeout);
        *self.call().deadline.get_or_insert(at)
    }

    /// Reads guest memory.
    ///
    /// # Errors
    /// `EFAULT` unless the whole range is mapped readable.
    pub fn read(&mut self, at: u64, into: &mut [u8]) -> Result<(), Errno> {
        self.check(at, into.len() as u64, libc::PROT_READ as u32)?;
        self.host.read(at, into);
        self.call().digest.bytes(into);
        Ok(())
    }
    /// Reads `len` bytes of guest memory.
    ///
    /// # Errors
    /// `EFAULT` unless the whole range is mapped readable.
    pub fn read_vec(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Errno> {
        self.check(at, len as u64, libc::PROT_READ as u32)?;
        let mut bytes = vec![0; len];
        self.host.read(at, &mut bytes);
        self.call().digest.bytes(&bytes);
        Ok(bytes)
    }
    /// Reads a fixed number of bytes.
    ///
    /// # Errors
    /// `EFAULT` unless the whole range is mapped readable.
    pub fn read_array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Errno> {
        let mut bytes = [0; N];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }
    /// Reads a 32-bit word.
    ///
    /// # Errors
    /// `EFAULT`.
    pub fn read_u32(&mut self, at: u64) -> Result<u32, Errno> {
        Ok(u32::from_le_bytes(self.read_array(at)?))
    }
    /// Reads a 64-bit word.
    ///
    /// # Errors
    /// `EFAULT`.
    pub fn read_u64(&mut self, at: u64) -> Result<u64, Errno> {
        Ok(u64::from_le_bytes(self.read_array(at)?))
    }
    /// Reads a zero-terminated string of at most `max` bytes.
    ///
    /// # Errors
    /// `EFAULT`, or `ENAMETOOLONG` when no zero is found.
    pub fn read_cstr(&mut self, at: u64, max: usize) -> Result<Vec<u8>, Errno> {
        let mut text = Vec::new();
        let mut at = at;
        loop {
            // Never across a page that may not be mapped.
            let chunk = (crate::abi::PAGE - at % crate::abi::PAGE).min(256) as usize;
            let mut bytes = [0; 256];
            self.check(at, chunk as u64, libc::PROT_READ as u32)?;
            self.host.read(at, &mut bytes[..chunk]);
            match bytes[..chunk].iter().position(|b| *b == 0) {
                Some(end) => {
                    text.extend_from_slice(&bytes[..end]);
                    break;
                }
                None => text.extend_from_slice(&bytes[..chunk]),
            }
            if text.len() >= max {
                return Err(ENAMETOOLONG);
            }
            at += chunk as u64;
        }
        if text.len() >= max {
            return Err(ENAMETOOLONG);
        }
        self.call().digest.bytes(&text);
        Ok(text)
    }
    /// Reads a path, as [`text`](crate::abi::text) it.
    ///
    /// # Errors
    /// `EFAULT` or `ENAMETOOLONG`.
    pub fn read_path(&mut self, at: u64) -> Result<String, Errno> {
        let bytes = self.read_cstr(at, PATH_MAX)?;
        Ok(text::to_text(bytes))
    }
    /// Writes guest memory.
    ///
    /// # Errors
    /// `EFAULT` unless the whole range is mapped writable.
    pub fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.check(at, bytes.len() as u64, libc::PROT_WRITE as u32)?;
        self.host.write(at, bytes);
        self.call().digest.bytes(bytes);
        Ok(())
    }
    /// Writes a 32-bit word.
    ///
    /// # Errors
    /// `EFAULT`.
    pub fn write_u32(&mut self, at: u64, value: u32) -> Result<(), Errno> {
        self.write(at, &value.to_le_bytes())
    }
    /// Writes a 64-bit word.
    ///
    /// # Errors
    /// `EFAULT`.
    pub fn write_u64(&mut self, at: u64, value: u64) -> Result<(), Errno> {
        self.write(at, &value.to_le_bytes())
    }
    /// Reads a `struct timespec` as nanoseconds.
    ///
    /// # Errors
    /// `EFAULT`, or `EINVAL` for negative seconds or nanoseconds out of range.
    pub fn read_timespec(&mut self, at: u64) -> Result<VirtualDuration, Errno> {
        let (seconds, nanos) = (self.read_u64(at)? as i64, self.read_u64(at.wrapping_add(8))? as i64);
        if seconds < 0 || !(0..1_000_000_000).contains(&nanos) {
            return Err(crate::abi::errno::EINVAL);
        }
        Ok(VirtualDuration((seconds as u64).saturating_mul(1_000_000_000).saturating_add(nanos as u64)))
    }
    /// Writes a `struct timespec`.
    ///
    /// # Errors
    /// `EFAULT`.
    pub fn write_timespec(&mut self, at: u64, nanos: u64) -> Result<(), Errno> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(nanos / 1_000_000_000).to_le_bytes());
        bytes[8..].copy_from_slice(&(nanos % 1_000_000_000).to_le_bytes());
        self.write(at, &bytes)
    }
    /// Fails with `EFAULT` unless the range is mapped with the protection asked for.
    ///
    /// # Errors
    /// `EFAULT`.
    pub fn check(&self, at: u64, len: u64, prot: u32) -> Result<(), Errno> {
        if len == 0 || self.k.memory(self.space()).allows(at, len, prot) { Ok(()) } else { Err(EFAULT) }
    }
}
