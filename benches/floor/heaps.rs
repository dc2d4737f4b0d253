//! The floor: the least that a simulation of a queue must do, written without the kernel.
//!
//! An entry is sixteen bytes, time above sequence above what happens, in a heap; chance is the generator itself and
//! an exponential variate one logarithm. No ranks, no checks, no samplers, no names.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::models::{Calendar, Chance};

/// Sixteen-byte entries in the standard library's heap.
#[derive(Default)]
pub(crate) struct Binary {
    heap: BinaryHeap<Reverse<u128>>,
    sequence: u64,
}

impl Calendar for Binary {
    #[inline]
    fn schedule(&mut self, at: u64, code: u32) {
        self.heap.push(Reverse(entry(at, self.sequence, code)));
        self.sequence += 1;
    }

    #[inline]
    fn next(&mut self) -> Option<(u64, u32)> {
        self.heap.pop().map(|Reverse(entry)| parts(entry))
    }
}

/// Sixteen-byte entries in a heap of four children, written plainly.
#[derive(Default)]
pub(crate) struct Quaternary {
    heap: Vec<u128>,
    sequence: u64,
}

impl Calendar for Quaternary {
    #[inline]
    fn schedule(&mut self, at: u64, code: u32) {
        let entry = entry(at, self.sequence, code);
        self.sequence += 1;
        let mut place = self.heap.len();
        self.heap.push(entry);
        while place > 0 {
            let parent = (place - 1) / 4;
            if self.heap[parent] <= entry {
                break;
            }
            self.heap[place] = self.heap[parent];
            place = parent;
        }
        self.heap[place] = entry;
    }

    #[inline]
    fn next(&mut self) -> Option<(u64, u32)> {
        let moved = self.heap.pop()?;
        let Some(&first) = self.heap.first() else { return Some(parts(moved)) };
        let mut place = 0;
        loop {
            let children = 4 * place + 1;
            let family = &self.heap[children.min(self.heap.len())..self.heap.len().min(children + 4)];
            let Some((slot, &least)) = family.iter().enumerate().min_by_key(|(_, entry)| **entry) else {
                break;
            };
            if moved <= least {
                break;
            }
            self.heap[place] = least;
            place = children + slot;
        }
        self.heap[place] = moved;
        Some(parts(first))
    }
}

#[inline]
fn entry(at: u64, sequence: u64, code: u32) -> u128 {
    (u128::from(at) << 64) | u128::from((sequence << 28) | u64::from(code))
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the parts of an entry")]
fn parts(entry: u128) -> (u64, u32) {
    ((entry >> 64) as u64, entry as u32 & 0x0FFF_FFFF)
}

/// The bare generator and the bare logarithm.
pub(crate) struct BareChance {
    pub(crate) generator: ChaCha8Rng,
    /// Mean spans in nanoseconds.
    pub(crate) means: [f64; 2],
}

impl Chance for BareChance {
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a span is positive and short"
    )]
    fn span(&mut self, law: usize) -> u64 {
        let uniform = (self.generator.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64);
        (0.5 - self.means[law] * libm::log(1.0 - uniform)) as u64
    }
}
