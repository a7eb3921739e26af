//! Memory at one address in all processes of a world, shared by them.

/// What lies behind such memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// Nothing yet, and the place is free: its first mapping.
    Fresh,
    /// A file, from this offset on, in place of what was mapped.
    File(i32, u64),
}

/// Maps a region. Memory is taken as it is touched.
///
/// # Errors
/// The host's reason; a place that is not free is refused.
pub(crate) fn map(base: usize, len: usize, behind: Behind) -> Result<(), nix::Error> {
    let flags = libc::MAP_SHARED | libc::MAP_NORESERVE;
    let (flags, fd, offset) = match behind {
        Behind::Fresh => (flags | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE, -1, 0),
        Behind::File(fd, offset) => (flags | libc::MAP_FIXED, fd, offset),
    };
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the regions mapped so are the arena and the pool: nothing else lies there, and who replaces one holds no
    // reference into it.
    let at = unsafe { libc::mmap(base as *mut libc::c_void, len, prot, flags, fd, offset as libc::off_t) };
    if at as usize == base { Ok(()) } else { Err(nix::Error::last()) }
}
