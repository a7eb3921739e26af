//! `siginfo_t`: what a handler learns about a signal.

use super::is_synchronous;
use model::causality::Stamp;

/// What a handler learns about a signal (`siginfo_t`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// The signal.
    pub signal: u8,
    /// `si_code`.
    pub code: i32,
    /// `si_pid` for signals sent by processes, timer id for timers.
    pub pid: u32,
    /// `si_uid` for signals sent by processes, overrun count for timers.
    pub uid: u32,
    /// `si_value` or `si_status`.
    pub value: u64,
    /// `si_addr` for faults.
    pub address: u64,
    /// Who sent it, for the order of events; no program sees it.
    pub cause: Stamp,
}

impl Info {
    /// Size of a `siginfo_t`.
    pub const SIZE: usize = 128;
    /// `si_code` of `kill`.
    pub const USER: i32 = 0;
    /// `si_code` of the kernel itself.
    pub const KERNEL: i32 = 0x80;
    /// `si_code` of `sigqueue`.
    pub const QUEUE: i32 = -1;
    /// `si_code` of a POSIX timer.
    pub const TIMER: i32 = -2;
    /// `si_code` of `tkill` and `tgkill`.
    pub const TKILL: i32 = -6;

    /// A signal sent by a process.
    pub fn sent(signal: u8, code: i32, pid: u32, uid: u32) -> Info {
        Info { signal, code, pid, uid, ..Info::default() }
    }
    /// A signal of the kernel, about nobody in particular.
    pub fn kernel(signal: u8) -> Info {
        Info { signal, code: Info::KERNEL, ..Info::default() }
    }
    /// In the layout of `siginfo_t`: the address of a fault and the pid of everything else share a place.
    pub fn bytes(&self) -> [u8; Info::SIZE] {
        let mut out = [0; Info::SIZE];
        out[0..4].copy_from_slice(&u32::from(self.signal).to_le_bytes());
        out[8..12].copy_from_slice(&self.code.to_le_bytes());
        if self.code > 0 && is_synchronous(self.signal) {
            out[16..24].copy_from_slice(&self.address.to_le_bytes());
        } else {
            out[16..20].copy_from_slice(&self.pid.to_le_bytes());
            out[20..24].copy_from_slice(&self.uid.to_le_bytes());
            out[24..32].copy_from_slice(&self.value.to_le_bytes());
        }
        out
    }
    /// A signal as a program describes it to `rt_sigqueueinfo`; the fields beyond `si_value` are not kept.
    pub fn from_bytes(signal: u8, bytes: &[u8; Info::SIZE]) -> Info {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let value = u64::from(word(24)) | u64::from(word(28)) << 32;
        Info { signal, code: word(8) as i32, pid: word(16), uid: word(20), value, ..Info::default() }
    }
}
