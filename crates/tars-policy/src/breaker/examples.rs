//! Named breakers: those printed in the documents and one of each kind.

use super::{BreakerSpec, OpenEdge, StaleResults, Trip, Window};
use crate::units::Span;
use alloc::vec;
use alloc::vec::Vec;

impl BreakerSpec {
    /// Document 002, graceful degradation: 5 recent failures, 2 successes, 30 s. How recent is not printed: read as
    /// within the same 30 s.
    pub fn published_002() -> Self {
        Self { successes_to_close: 2, ..Self::windowed(5, Span::from_secs(30)) }
    }

    /// Document 003, network latency: threshold 5, 30 s, strictly more. What counts as a failure is not printed: read as
    /// in a row, the reading under which the published load tests never open it.
    pub fn published_003() -> Self {
        Self { open_edge: OpenEdge::AfterTimeout, ..Self::default() }
    }

    /// Document 004, the printed class with the LLM figures: every failure since it last closed counts, success while
    /// closed resets nothing, late results count, and a half-open circuit lets everyone through.
    pub fn published_004_code() -> Self {
        Self {
            trip: Trip::TotalFailures { failures: 5 },
            open_for: Span::from_secs(30),
            open_edge: OpenEdge::AfterTimeout,
            probes: u32::MAX,
            successes_to_close: 1,
            stale_results: StaleResults::Count,
        }
    }

    /// Document 004, table of retry strategies, LLM API: 5 failures in 30 s.
    pub fn published_004_llm() -> Self {
        Self::windowed(5, Span::from_secs(30))
    }

    /// Document 004, tool calls: 10 failures in 60 s.
    pub fn published_004_tool() -> Self {
        Self::windowed(10, Span::from_secs(60))
    }

    /// Document 004, memory queries: 20 failures in 60 s.
    pub fn published_004_memory() -> Self {
        Self::windowed(20, Span::from_secs(60))
    }

    /// Document 004, database: 10 failures in 30 s.
    pub fn published_004_database() -> Self {
        Self::windowed(10, Span::from_secs(30))
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let rate = |window| Self {
            trip: Trip::Rate { share: 0.5, minimum_calls: 10, window },
            probes: 3,
            successes_to_close: 3,
            ..Self::default()
        };
        vec![
            ("default", Self::default()),
            ("published_002", Self::published_002()),
            ("published_003", Self::published_003()),
            ("published_004_code", Self::published_004_code()),
            ("published_004_llm", Self::published_004_llm()),
            ("published_004_tool", Self::published_004_tool()),
            ("published_004_memory", Self::published_004_memory()),
            ("published_004_database", Self::published_004_database()),
            ("rate_of_calls", rate(Window::Count(20))),
            ("rate_of_time", rate(Window::Time(Span::from_secs(10)))),
        ]
    }

    /// So many failures within a window; it stays open for the 30 s that documents 002 and 003 print.
    fn windowed(failures: u32, window: Span) -> Self {
        Self { trip: Trip::Count { failures, window }, ..Self::default() }
    }
}
