//! Uniform numbers by name.

use core::fmt;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// Names the way from a seed to numbers; another scheme gives other numbers.
const SCHEME: &str = "tars-sim/1";
/// 32-bit words in a ChaCha block.
const BLOCK_WORDS: u128 = 16;

/// All chance of one replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
    replication: u64,
}

impl Streams {
    /// The chance of `replication` under the master `seed`; the same in every configuration.
    pub const fn new(seed: u64, replication: u64) -> Self {
        Self { seed, replication }
    }

    /// The numbers that `component` draws for `purpose`, from the first one.
    pub fn stream(&self, component: &str, purpose: &str) -> Stream {
        Stream { generator: self.generator(component, purpose) }
    }

    /// The generator keyed by all names, each preceded by its length so that no two lists of names run together.
    fn generator(self, component: &str, purpose: &str) -> ChaCha8Rng {
        let mut hash = Sha256::new();
        for name in [SCHEME, component, purpose] {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
        }
        hash.update(self.seed.to_le_bytes());
        hash.update(self.replication.to_le_bytes());
        ChaCha8Rng::from_seed(hash.finalize().into())
    }
}

/// Uniform numbers one after another.
#[derive(Clone)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// The next 64 bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// The next number on `[0, 1)`, a multiple of 2⁻⁵³.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        unit_from(self.bits())
    }

    /// The next number on `(0, 1)`: neither end comes up.
    #[inline]
    pub fn open_unit(&mut self) -> f64 {
        open_unit_from(self.bits())
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("word", &self.generator.get_word_pos()).finish_non_exhaustive()
    }
}

/// The numbers that belong to tasks: eight words under each task's number.
///
/// Tasks in order of number cost a quarter of a generator call each; in any other order, one call each.
#[derive(Clone)]
pub struct TaskDraws {
    generator: ChaCha8Rng,
    /// The block the generator gives next.
    next: u64,
}

impl TaskDraws {
    /// The draws of the tasks of `component`.
    pub fn new(streams: &Streams, component: &str) -> Self {
        Self { generator: streams.generator(component, "task"), next: 0 }
    }

    /// The eight words of task `number`: one ChaCha8 block, whatever was asked for before.
    #[inline]
    pub fn block(&mut self, number: u64) -> [u64; 8] {
        if number != self.next {
            self.generator.set_word_pos(u128::from(number) * BLOCK_WORDS);
        }
        self.next = number.wrapping_add(1);
        core::array::from_fn(|_| self.generator.next_u64())
    }
}

impl fmt::Debug for TaskDraws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskDraws").field("next", &self.next).finish_non_exhaustive()
    }
}

/// What a later draw is for: each use of a task's key has a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Use(pub u32);

/// Sixty-four bits for one use in one attempt of a task, from the task's key word.
///
/// The draw depends on nothing else, so a retry that happens in one configuration and not in another moves no other
/// number. The key is a word of the task's [block](TaskDraws::block), 64 uniform bits; attempt and use are mixed into
/// it and the result is mixed again, both by Stafford's variant 13 of the finaliser of `MurmurHash3`, which `SplitMix64`
/// uses (Steele, Lea & Flood 2014).
#[inline]
pub fn later(key: u64, attempt: u32, purpose: Use) -> u64 {
    let counter = (u64::from(attempt) << 32) | u64::from(purpose.0);
    mix(mix(counter.wrapping_add(GOLDEN_RATIO)).wrapping_add(key.wrapping_mul(GOLDEN_RATIO)))
}

/// 2⁶⁴ divided by the golden ratio, odd: keeps the counter zero from being a fixed point.
const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;

/// A permutation of 64 bits in which each bit of the input moves half of the output.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// The top 53 bits of a word as a number on `[0, 1)`.
#[inline]
pub const fn unit_from(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// The top 52 bits of a word as a number on `(0, 1)`: the middles of 2⁵² equal parts.
#[inline]
pub const fn open_unit_from(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
}

#[cfg(test)]
mod tests;
