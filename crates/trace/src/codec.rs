//! The only place that names bincode: version 2.0.1 with its standard configuration (little endian, variable-length
//! integers) and a limit on what a decoder may be made to allocate. The configuration is part of the file format.
//!
//! Only wire structs pass through here. They carry explicit numeric tags; no enum is encoded as one.

use crate::block::BLOCK_MAX;
use crate::error::Malformed;
use bincode::config::{self, Config};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn format() -> impl Config {
    config::standard().with_limit::<BLOCK_MAX>()
}

/// The bytes of a wire struct.
pub(crate) fn encode<T: Serialize>(value: &T, what: &'static str) -> Result<Vec<u8>, Malformed> {
    let bytes = bincode::serde::encode_to_vec(value, format())
        .map_err(|error| Malformed::Structure { what, why: error.to_string() })?;
    if bytes.len() > BLOCK_MAX {
        return Err(Malformed::TooLong { what, length: bytes.len() as u64, limit: BLOCK_MAX as u64 });
    }
    Ok(bytes)
}

/// The wire struct that all of these bytes encode.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, Malformed> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, format())
        .map_err(|error| Malformed::Structure { what, why: error.to_string() })?;
    match bytes.len() - used {
        0 => Ok(value),
        count => Err(Malformed::LeftOver { what, count: count as u64 }),
    }
}
