//! Numbers and layouts of the Linux x86-64 interface that guests see. Constants come from the `libc` crate (whose
//! functions are out of reach: this crate holds no unsafe code).

pub mod errno;
pub mod text;

/// The size of a page.
pub const PAGE: u64 = 4096;
/// Longest path, with its terminating zero.
pub const PATH_MAX: usize = 4096;

/// Rounds up to whole pages; saturates.
pub fn page_up(n: u64) -> u64 {
    n.saturating_add(PAGE - 1) & !(PAGE - 1)
}
/// Rounds down to whole pages.
pub fn page_down(n: u64) -> u64 {
    n & !(PAGE - 1)
}
