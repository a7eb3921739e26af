//! The event hash: a chain over everything observable about a run. Two runs are the same run exactly if their
//! chains are equal at every event.

use std::fmt;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// So many numbers are hashed in one pass: 240 bytes, the most for which XXH3 needs no setting up.
const PASS: usize = 30;

/// A rolling 64-bit hash; each addition is XXH3 over the new bytes, seeded with the hash so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHash(pub u64);

impl Default for EventHash {
    fn default() -> Self {
        EventHash(0x6662_7369_6d00_0001)
    }
}

impl EventHash {
    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }
    /// Adds a block of numbers; one of up to 30 in a single pass.
    #[inline]
    pub fn block(&mut self, words: &[u64]) {
        let mut bytes = [0; PASS * 8];
        for words in words.chunks(PASS) {
            for (bytes, word) in bytes.chunks_exact_mut(8).zip(words) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
            self.bytes(&bytes[..words.len() * 8]);
        }
    }
    /// Adds numbers.
    pub fn words<const N: usize>(&mut self, words: [u64; N]) {
        for word in words {
            self.0 = (self.0 ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29) ^ (self.0 >> 32);
        }
    }
}

impl fmt::Display for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
