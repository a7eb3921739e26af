//! Random streams. Only `next_u64` of ChaCha8 is used, whose output is fixed by the algorithm; every distribution
//! is our own, so a library upgrade cannot change a run. [`tests::golden_values`] guards this.

use crate::choice::{Kind, Stream};
use crate::seed::Seed;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A stream of random numbers that depends on a seed and a name and on nothing else.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream of this (kind, stream) pair. Draws of one never shift the draws of another.
    pub fn of_choice(seed: Seed, kind: Kind, stream: Stream) -> Random {
        Random::keyed([seed.0, 1, u64::from(kind.number()), stream.0])
    }
    /// The stream of a named purpose, e.g. the parameters a strategy draws for its run.
    pub fn of_purpose(seed: Seed, purpose: &str) -> Random {
        Random::keyed([seed.0, 2, xxhash_rust::xxh3::xxh3_64(purpose.as_bytes()), 0])
    }
    /// Guest entropy (`getrandom`, `AT_RANDOM`, `/dev/urandom`) of one process of one service.
    pub fn of_entropy(seed: Seed, service: u16, process: u32) -> Random {
        Random::keyed([seed.0, 3, u64::from(service), u64::from(process)])
    }
    fn keyed(words: [u64; 4]) -> Random {
        let mut key = [0; 32];
        for (chunk, word) in key.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        Random(ChaCha8Rng::from_seed(key))
    }
    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
    /// A number in `0..n`, uniform (Lemire's method without the rejection: the bias is below n / 2^64).
    ///
    /// # Panics
    /// If `n` is zero.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "no alternatives to draw from");
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }
    /// True with probability `numerator / denominator`.
    pub fn ratio(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }
    /// Fills a buffer with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values() {
        let mut r = Random::of_purpose(Seed(42), "golden");
        let drawn = [r.next_u64(), r.below(1000), r.next_u64()];
        assert_eq!(drawn, GOLDEN, "random streams changed: every recorded seed would mean another run");
    }
    const GOLDEN: [u64; 3] = [1985872491662666927, 482, 16029344146991797480];

    #[test]
    fn streams_are_independent() {
        let a = Random::of_choice(Seed(1), Kind::Preempt, Stream(1)).next_u64();
        let b = Random::of_choice(Seed(1), Kind::Preempt, Stream(2)).next_u64();
        let c = Random::of_choice(Seed(1), Kind::Latency, Stream(1)).next_u64();
        assert!(a != b && b != c && a != c);
    }
}
