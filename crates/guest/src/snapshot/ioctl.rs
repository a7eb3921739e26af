//! The one `ioctl` of a process that hosts a world. Read by the build script too, whose filter lets it pass.

/// Tells which pages of the process's own memory are private copies (Linux 6.7): `_IOWR('f', 16, struct pm_scan_arg)`.
pub(crate) const PAGEMAP_SCAN: u64 = 0xc060_6610;
