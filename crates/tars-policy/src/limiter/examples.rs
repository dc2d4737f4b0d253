//! Named limits: those printed in the documents and one of each kind.

use super::{Algorithm, BucketSpec, Counted, LimiterSpec};
use crate::units::{Rate, Span};
use alloc::vec;
use alloc::vec::Vec;

const MINUTE: Span = Span::from_secs(60);
const HOUR: Span = Span::from_secs(3_600);

impl LimiterSpec {
    /// 10,000 requests an hour (documents 000, 001 and 003), as a bucket that starts full.
    pub fn published_001_hourly() -> Self {
        Self { buckets: vec![bucket(Counted::Requests, 10_000, HOUR)] }
    }

    /// 1,000 requests an hour (document 001, Scenario 10).
    pub fn published_001_scenario_10() -> Self {
        Self { buckets: vec![bucket(Counted::Requests, 1_000, HOUR)] }
    }

    /// 10,000 requests a minute (document 004): sixty times the figure of the others.
    pub fn published_004_minutely() -> Self {
        Self { buckets: vec![bucket(Counted::Requests, 10_000, MINUTE)] }
    }

    /// The three limits of an LLM provider at once: requests, input tokens and output tokens a minute, each a bucket
    /// that holds one minute's worth.
    ///
    /// # Panics
    /// When a figure is zero.
    pub fn per_minute(requests: u64, input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            buckets: vec![
                bucket(Counted::Requests, requests, MINUTE),
                bucket(Counted::InputTokens, input_tokens, MINUTE),
                bucket(Counted::OutputTokens, output_tokens, MINUTE),
            ],
        }
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let window = |counts, algorithm| Self { buckets: vec![BucketSpec { counts, algorithm }] };
        vec![
            ("published_001_hourly", Self::published_001_hourly()),
            ("published_001_scenario_10", Self::published_001_scenario_10()),
            ("published_004_minutely", Self::published_004_minutely()),
            ("provider", Self::per_minute(50, 40_000, 8_000)),
            ("fixed_window", window(Counted::Requests, Algorithm::FixedWindow { limit: 60, window: MINUTE })),
            (
                "sliding_log",
                window(Counted::TotalTokens, Algorithm::SlidingLog { limit: 9_000, window: MINUTE }),
            ),
            ("unlimited", Self::default()),
        ]
    }
}

/// A bucket that holds, and refills in `per`, `count`.
fn bucket(counts: Counted, count: u64, per: Span) -> BucketSpec {
    let rate = Rate::new(count, per).expect("a limit above zero");
    BucketSpec { counts, algorithm: Algorithm::TokenBucket { rate, burst: count, initial_level: 1.0 } }
}
