//! Named retry policies: those printed in the documents and some in use elsewhere.

use super::{Backoff, CAP_003, Jitter, RetryBudget, RetrySpec};
use crate::units::Span;
use alloc::vec;
use alloc::vec::Vec;

impl RetrySpec {
    /// Never tries again.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::printed(1, Backoff::Fixed { wait: Span::ZERO }) }
    }

    /// Document 000, Part 3, worker pool: three tries; the count is raised before `2^attempts` is taken, so 2 s and 4 s.
    pub fn published_000() -> Self {
        Self::printed(3, exponential(Span::from_secs(2)))
    }

    /// Document 003, API rate limiting: `min(300000, 100 × 2^attempts)` ms with `attempts` from 0. No last try is printed.
    pub fn published_003() -> Self {
        Self::printed(u32::MAX, exponential(Span::from_millis(100)))
    }

    /// Document 004, retry strategies, LLM API: 3 retries after 1 s, 2 s, 4 s.
    pub fn published_004_llm() -> Self {
        Self::printed(4, exponential(Span::from_secs(1)))
    }

    /// Document 004, tool calls: 2 retries, linear, 500 ms (read as 500 ms, then 1 s).
    pub fn published_004_tool() -> Self {
        Self::printed(3, Backoff::Linear { step: Span::from_millis(500), cap: CAP_003 })
    }

    /// Document 004, checkpoint writes: 5 retries after 100 ms, 200 ms, 400 ms…
    pub fn published_004_checkpoint() -> Self {
        Self::printed(6, exponential(Span::from_millis(100)))
    }

    /// Document 004, memory queries: 2 retries after 100 ms each.
    pub fn published_004_memory() -> Self {
        Self::printed(3, Backoff::Fixed { wait: Span::from_millis(100) })
    }

    /// Document 004, database: 3 retries after 500 ms, 1 s, 2 s.
    pub fn published_004_database() -> Self {
        Self::printed(4, exponential(Span::from_millis(500)))
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let active = Some(RetryBudget::ActiveShare { share: 0.2, minimum: 3 });
        vec![
            ("default", Self::default()),
            ("never", Self::never()),
            ("published_000", Self::published_000()),
            ("published_003", Self::published_003()),
            ("published_004_llm", Self::published_004_llm()),
            ("published_004_tool", Self::published_004_tool()),
            ("published_004_checkpoint", Self::published_004_checkpoint()),
            ("published_004_memory", Self::published_004_memory()),
            ("published_004_database", Self::published_004_database()),
            ("equal_jitter", Self { jitter: Jitter::Equal, dead_letter: true, ..Self::default() }),
            (
                "decorrelated",
                Self { attempts: 8, jitter: Jitter::Decorrelated, budget: None, ..Self::default() },
            ),
            ("active_share", Self { attempts: 5, budget: active, ..Self::default() }),
        ]
    }

    /// What the documents print: no jitter, no pushback, no budget, no dead letters.
    fn printed(attempts: u32, backoff: Backoff) -> Self {
        Self {
            attempts,
            backoff,
            jitter: Jitter::None,
            honour_retry_after: false,
            budget: None,
            dead_letter: false,
        }
    }
}

fn exponential(base: Span) -> Backoff {
    Backoff::Exponential { base, factor: 2.0, cap: CAP_003 }
}
