//! The event hash: a chain over everything observable about a run. Two runs are the same run exactly if their
//! chains are equal at every event.

use std::fmt;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A key for each number of a pass: the first words of the fraction of pi.
const KEYS: [u64; 30] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
    0xc0ac_29b7_c97c_50dd,
    0x3f84_d5b5_b547_0917,
    0x9216_d5d9_8979_fb1b,
    0xd131_0ba6_98df_b5ac,
    0x2ffd_72db_d01a_dfb7,
    0xb8e1_afed_6a26_7e96,
    0xba7c_9045_f12c_7f99,
    0x24a1_9947_b391_6cf7,
    0x0801_f2e2_858e_fc16,
    0x6369_20d8_7157_4e69,
    0xa458_fea3_f493_3d7e,
    0x0d95_748f_728e_b658,
    0x718b_cd58_8215_4aee,
    0x7b54_a41d_c25a_59b5,
    0x9c30_d539_2af2_6013,
    0xc5d1_b023_2860_85f0,
    0xca41_7918_b8db_38ef,
    0x8e79_dcb0_603a_180e,
    0x6c9e_0e8b_b01e_8a3e,
    0xd715_77c1_bd31_4b27,
    0x78af_2fda_5560_5c60,
    0xe655_25f3_aa55_ab94,
    0x5748_9862_63e8_1440,
    0x55ca_396a_2aab_10b6,
];

/// Both halves of a product.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// A rolling 64-bit hash. Bytes are added by XXH3, seeded with the hash so far; numbers, of which there are most, by
/// folded products.
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
    /// Adds a block of numbers. The products of up to 30 of them do not wait for one another: a call is hashed in a few
    /// nanoseconds.
    #[inline]
    pub fn block(&mut self, words: &[u64]) {
        for words in words.chunks(KEYS.len()) {
            let mut sum = self.0 ^ (words.len() as u64).wrapping_mul(KEYS[0]);
            let (pairs, rest) = words.as_chunks::<2>();
            for ([a, b], [k, l]) in pairs.iter().zip(KEYS.as_chunks::<2>().0) {
                sum = sum.wrapping_add(fold(a ^ k, b ^ l));
            }
            if let [last] = rest {
                sum = sum.wrapping_add(fold(last ^ KEYS[1], KEYS[2]));
            }
            self.0 = fold(sum ^ KEYS[3], self.0 ^ KEYS[4]);
        }
    }
    /// Adds numbers.
    pub fn words<const N: usize>(&mut self, words: [u64; N]) {
        for word in words {
            self.0 = (self.0 ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29) ^ (self.0 >> 32);
        }
    }
}

/// Numbers that are gathered to be hashed in one pass.
#[derive(Clone, Debug)]
pub struct Pass {
    words: [u64; KEYS.len()],
    len: usize,
}

impl Default for Pass {
    fn default() -> Self {
        Pass { words: [0; KEYS.len()], len: 0 }
    }
}

impl Pass {
    /// Adds numbers; those that a pass has no more room for begin another.
    #[inline]
    pub fn add(&mut self, words: &[u64], hash: &mut EventHash) {
        if self.len + words.len() > self.words.len() {
            self.end(hash);
            if words.len() > self.words.len() {
                return hash.block(words);
            }
        }
        self.words[self.len..self.len + words.len()].copy_from_slice(words);
        self.len += words.len();
    }
    /// Hashes what was gathered.
    #[inline]
    pub fn end(&mut self, hash: &mut EventHash) {
        if self.len != 0 {
            hash.block(&self.words[..self.len]);
            self.len = 0;
        }
    }
}

impl fmt::Display for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_bit_length_and_place_of_a_block_matters() {
        let mut seen = BTreeSet::new();
        let mut add = |words: &[u64]| {
            let mut hash = EventHash::default();
            hash.block(words);
            assert!(seen.insert(hash.0), "{words:x?} is hashed like another block");
        };
        for length in 0..=64 {
            add(&vec![0; length]);
            for place in 0..length {
                for bit in 0..64 {
                    let mut words = vec![0; length];
                    words[place] = 1 << bit;
                    add(&words);
                }
            }
        }
    }

    #[test]
    fn blocks_are_chained() {
        let hash_of = |blocks: &[&[u64]]| {
            let mut hash = EventHash::default();
            blocks.iter().for_each(|block| hash.block(block));
            hash
        };
        assert_ne!(hash_of(&[&[1], &[2]]), hash_of(&[&[2], &[1]]));
        assert_ne!(hash_of(&[&[1], &[2]]), hash_of(&[&[1, 2]]));
        assert_ne!(hash_of(&[&[1, 2, 3]]), hash_of(&[&[2, 1, 3]]));
    }
}
