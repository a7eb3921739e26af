//! stub
/// The user that guests run as.
pub const UID: u32 = 1000;
/// The group that guests run as.
pub const GID: u32 = 1000;
