//! The kernel under the same models: agenda, named stream, compiled laws.

use sha2::{Digest, Sha256};
use tars_policy::units::Span;
use tars_sim::engine::{Agenda, Event};
use tars_sim::model::distribution::Law;
use tars_sim::random::{Sampler, Stream, Streams};

use crate::models::{Calendar, Chance};

/// An event of the models.
#[derive(Clone, Copy)]
pub(crate) struct Code(u32);

impl Event for Code {
    fn rank(self) -> u8 {
        0
    }
    fn encode(self) -> u32 {
        self.0
    }
    fn decode(bits: u32) -> Self {
        Self(bits)
    }
}

impl Calendar for Agenda<Code> {
    #[inline]
    fn schedule(&mut self, at: u64, code: u32) {
        Self::schedule(self, at, Code(code));
    }

    #[inline]
    fn next(&mut self) -> Option<(u64, u32)> {
        Self::next(self).map(|due| (due.time, due.event.0))
    }
}

/// A named stream and two laws.
pub(crate) struct NamedChance {
    stream: Stream,
    laws: [Sampler; 2],
}

/// The names of the stream.
const NAMES: [&str; 2] = ["bench", "span"];

impl NamedChance {
    /// The key of the stream, so that the floor draws the same numbers; ending elsewhere, it is noticed.
    pub(crate) fn key() -> [u8; 32] {
        let mut hash = Sha256::new();
        for name in ["tars-sim/1"].iter().chain(&NAMES) {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
        }
        hash.update(1_u64.to_le_bytes());
        hash.update(0_u64.to_le_bytes());
        hash.finalize().into()
    }

    pub(crate) fn new(means: [Span; 2]) -> Self {
        let stream = Streams::new(1, 0).stream(NAMES[0], NAMES[1]);
        Self { stream, laws: means.map(|mean| Sampler::of_spans(&Law::Exponential { mean })) }
    }
}

impl Chance for NamedChance {
    #[inline]
    fn span(&mut self, law: usize) -> u64 {
        self.laws[law].sample_span(self.stream.unit()).as_nanos()
    }
}
