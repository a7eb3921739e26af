//! What a fork does with a mapping: advice that programs with secrets or with devices give (`MADV_WIPEONFORK` …).

use super::Backing;
use crate::abi::errno::{EINVAL, ENOMEM};
use crate::caller::Caller;
use crate::host::AddressSpaceId;
use model::Errno;

/// How a mapping appears in a forked child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtFork {
    /// With what was in it.
    #[default]
    Copied,
    /// With zeros.
    Wiped,
    /// Not at all.
    Left,
}

/// What of a child's memory is not as its parent has it, while it is forked.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    /// Content that was zeroed: where, and how the mapping is protected.
    wiped: Vec<(u64, Vec<u8>, u32)>,
    /// Ranges that were closed, with their protection.
    closed: Vec<(u64, u64, u32)>,
}

/// Advice about a range that is mapped: `true` if this is such advice.
///
/// # Errors
/// `EINVAL` if it does not go with a mapping, `ENOMEM` if not all of the range is mapped.
pub(super) fn advise(c: &mut Caller<'_>, at: u64, len: u64, advice: i32) -> Result<bool, Errno> {
    let wanted = match advice {
        libc::MADV_WIPEONFORK => AtFork::Wiped,
        libc::MADV_DONTFORK => AtFork::Left,
        libc::MADV_KEEPONFORK | libc::MADV_DOFORK => AtFork::Copied,
        _ => return Ok(false),
    };
    let space = c.space();
    let covered = c.k.memory(space).covers(at, len);
    for (start, vma) in c.k.memory(space).within(at, len) {
        if wanted == AtFork::Wiped && vma.backing != Backing::Anonymous {
            return Err(EINVAL);
        }
        // Each piece of advice takes back its own alone.
        let undone = match advice {
            libc::MADV_KEEPONFORK => vma.at_fork == AtFork::Wiped,
            libc::MADV_DOFORK => vma.at_fork == AtFork::Left,
            _ => true,
        };
        if undone {
            c.k.memory_mut(space).change(start, vma.end - start, |vma| vma.at_fork = wanted);
        }
    }
    if covered { Ok(true) } else { Err(ENOMEM) }
}

impl Caller<'_> {
    /// Takes from the memory that is about to be forked what the child is not to have.
    ///
    /// # Errors
    /// The host's errno.
    pub(crate) fn withhold(&mut self) -> Result<Withheld, Errno> {
        let mut withheld = Withheld::default();
        let special = |(start, vma): (u64, &super::Vma)| {
            (vma.at_fork != AtFork::Copied).then_some((start, vma.end, vma.prot, vma.at_fork))
        };
        let pieces: Vec<_> = self.k.memory(self.space()).iter().filter_map(special).collect();
        for (start, end, prot, at_fork) in pieces {
            let len = end - start;
            if at_fork == AtFork::Left {
                // Behind the end of a file there is nothing to close.
                if self.k.memory(self.space()).find(start).is_some_and(|(_, vma)| vma.backing.is_beyond()) {
                    continue;
                }
                self.host.protect(start, len, libc::PROT_NONE as u32)?;
                withheld.closed.push((start, len, prot));
                continue;
            }
            let mut bytes = vec![0; len as usize];
            self.host.protect(start, len, (libc::PROT_READ | libc::PROT_WRITE) as u32)?;
            self.host.read(start, &mut bytes);
            self.host.write(start, &vec![0; len as usize]);
            self.host.protect(start, len, prot)?;
            withheld.wiped.push((start, bytes, prot));
        }
        Ok(withheld)
    }
    /// Gives it back after the fork.
    ///
    /// # Errors
    /// The host's errno.
    pub(crate) fn give_back(&mut self, withheld: Withheld) -> Result<(), Errno> {
        for (start, bytes, prot) in withheld.wiped {
            self.host.protect(start, bytes.len() as u64, (libc::PROT_READ | libc::PROT_WRITE) as u32)?;
            self.host.write(start, &bytes);
            self.host.protect(start, bytes.len() as u64, prot)?;
        }
        for (start, len, prot) in withheld.closed {
            self.host.protect(start, len, prot)?;
        }
        Ok(())
    }
    /// Forgets, in the map of a forked child, what its parent left out.
    pub(crate) fn leave_out(&mut self, child: AddressSpaceId) {
        let left = |(start, vma): (u64, &super::Vma)| (vma.at_fork == AtFork::Left).then_some((start, vma.end));
        let pieces: Vec<_> = self.k.memory(child).iter().filter_map(left).collect();
        for (start, end) in pieces {
            self.k.memory_mut(child).remove(start, end - start);
        }
    }
}
