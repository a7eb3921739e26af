//! Anonymous files in memory: `memfd_create`. They are inodes that no directory names.

use super::Target;
use crate::abi::errno::{EFAULT, EINVAL};
use crate::abi::text::to_text;
use crate::caller::Caller;
use crate::syscall::{Sys, dispatch, done};

/// Longest name (`NAME_MAX` less the prefix `memfd:`).
const NAME_MAX: usize = 249;

/// `memfd_create(name, flags)`
pub(crate) fn memfd_create(c: &mut Caller<'_>) -> Sys {
    const KNOWN: u32 = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | libc::MFD_NOEXEC_SEAL | libc::MFD_EXEC;
    let flags = c.arg(1) as u32;
    if flags & libc::MFD_HUGETLB != 0 {
        return dispatch::refuse(c, EINVAL, "FB0204: memory files on huge pages");
    }
    if flags & !KNOWN != 0 {
        return Err(EINVAL);
    }
    if flags & libc::MFD_EXEC != 0 && flags & libc::MFD_NOEXEC_SEAL != 0 {
        return Err(EINVAL);
    }
    let name = c.read_cstr(c.arg(0), NAME_MAX + 1).map_err(|e| if e == EFAULT { e } else { EINVAL })?;
    let shown = format!("memfd:{}", to_text(name));
    let sealable = flags & (libc::MFD_ALLOW_SEALING | libc::MFD_NOEXEC_SEAL) != 0;
    let inode = c.k.new_memory_inode(c.id.service, &shown, 0);
    c.k.inode_make_sealable(inode, if sealable { 0 } else { libc::F_SEAL_SEAL as u32 });
    c.k.inode_opened(inode);
    let path = format!("/{shown} (deleted)");
    let file = c.k.add_file(Target::Inode(inode), libc::O_RDWR as u32, Some(path.into()));
    let process = c.process_id();
    done(c.k.install_fd(process, file, flags & libc::MFD_CLOEXEC != 0, 0)?)
}
