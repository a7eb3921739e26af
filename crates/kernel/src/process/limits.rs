//! stub
/// Limits.
pub const DEFAULTS: [(u64, u64); 16] = [(u64::MAX, u64::MAX); 16];
