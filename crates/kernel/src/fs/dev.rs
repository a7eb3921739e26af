//! `/dev`: the few devices that programs count on.

use super::inode::{Volume, makedev};
use super::virt::{Device, Fixed, Made};
use crate::abi::errno::{ENOSPC, ENXIO};
use crate::terminal::Opening;
use crate::world::Kernel;
use model::Errno;
use model::rng::Random;

/// The directory with the terminals.
pub(crate) const TERMINALS: &str = "/dev/pts";
/// The group that may write to terminals (`tty`).
pub(crate) const TERMINAL_GROUP: u32 = 5;

/// What is in `/dev`, besides the terminals.
pub(crate) const FILES: &[Fixed] = &[
    device("/dev/full", Device::Full),
    device("/dev/null", Device::Null),
    device("/dev/ptmx", Device::Ptmx),
    device("/dev/random", Device::Random),
    device("/dev/tty", Device::Tty),
    device("/dev/urandom", Device::Urandom),
    device("/dev/zero", Device::Zero),
    link("/dev/fd", "/proc/self/fd"),
    link("/dev/stderr", "/proc/self/fd/2"),
    link("/dev/stdin", "/proc/self/fd/0"),
    link("/dev/stdout", "/proc/self/fd/1"),
    Fixed { path: TERMINALS, mode: 0o755, made: Made::Empty },
    Fixed { path: "/dev/shm", mode: 0o1777, made: Made::Shared(Volume::Shm) },
];

const fn device(path: &'static str, device: Device) -> Fixed {
    Fixed { path, mode: 0o666, made: Made::Device(device) }
}
const fn link(path: &'static str, target: &'static str) -> Fixed {
    Fixed { path, mode: 0o777, made: Made::Link(target) }
}

/// Keys of the random streams of a machine, above every process number.
const DEVICE_STREAM: u32 = 0xffff_0000;
const IDENTITY_STREAM: u32 = 0xffff_0001;

impl Device {
    /// What opening it means, if it is a terminal.
    pub(crate) fn terminal(self) -> Option<Opening> {
        match self {
            Device::Tty => Some(Opening::Own),
            Device::Ptmx => Some(Opening::New),
            Device::Terminal(number) => Some(Opening::Numbered(number)),
            _ => None,
        }
    }
    /// Its number (`st_rdev`).
    pub(crate) fn number(self) -> u64 {
        match self {
            Device::Null => makedev(1, 3),
            Device::Zero => makedev(1, 5),
            Device::Full => makedev(1, 7),
            Device::Random => makedev(1, 8),
            Device::Urandom => makedev(1, 9),
            Device::Tty => makedev(5, 0),
            Device::Ptmx => makedev(5, 2),
            Device::Terminal(n) => makedev(136, u64::from(n)),
        }
    }
}

impl Kernel {
    /// Fills a buffer from the random device of the current service.
    pub fn device_random(&mut self, into: &mut [u8]) {
        let (seed, service) = (self.entropy_seed(), self.current.service);
        let random = &mut self.tree_mut(service).random;
        if random.as_ref().is_none_or(|(of, _)| *of != seed) {
            *random = Some((seed, Random::of_entropy(seed, service.0, DEVICE_STREAM)));
        }
        if let Some((_, random)) = random {
            random.fill(into);
        }
    }
    /// The identity of this boot of a service's machine: the same whenever it is asked for.
    pub(crate) fn boot_identity(&self, service: model::ServiceId) -> [u8; 16] {
        let mut bytes = [0; 16];
        Random::of_entropy(self.config.seed.boot(), service.0, IDENTITY_STREAM).fill(&mut bytes);
        bytes
    }
    pub(crate) fn device_read(&mut self, device: Device, into: &mut [u8]) -> Result<usize, Errno> {
        match device {
            Device::Null => return Ok(0),
            Device::Zero | Device::Full => into.fill(0),
            Device::Random | Device::Urandom => self.device_random(into),
            Device::Tty | Device::Ptmx | Device::Terminal(_) => return Err(ENXIO),
        }
        Ok(into.len())
    }
    pub(crate) fn device_write(device: Device, len: usize) -> Result<usize, Errno> {
        match device {
            Device::Full => Err(ENOSPC),
            Device::Tty | Device::Ptmx | Device::Terminal(_) => Err(ENXIO),
            // What is written to the random device would be mixed in; the streams stay what the seed says.
            Device::Null | Device::Zero | Device::Random | Device::Urandom => Ok(len),
        }
    }
}
