//! The alerts of the documents.

use alloc::vec::Vec;

use super::{AlertAction, AlertMetric, AlertSpec, AlertThreshold, Comparison, Severity};
use crate::units::Span;

const MINUTE: Span = Span::from_secs(60);
const HOUR: Span = Span::from_secs(3_600);

impl AlertSpec {
    /// Document 002, "Alert Thresholds". Neither window nor cooldown is printed: each fires at once. The baseline of the
    /// throughput is taken over an hour, of which ten minutes must have been seen (not printed).
    pub fn published_002() -> Vec<(&'static str, Self)> {
        use AlertAction::{CollectGarbage, Degrade, ScaleUp, ShrinkCache, TripBreaker};
        let above =
            |metric, value, actions: &[AlertAction]| Self::new(metric, Comparison::Above, value, actions);
        let usual = AlertThreshold::TimesBaseline { factor: 0.8, window: HOUR, least: Span::from_secs(600) };
        let throughput = Self {
            threshold: usual,
            ..Self::new(AlertMetric::ThroughputPerS, Comparison::Below, 0.0, &[ScaleUp])
        };
        alloc::vec![
            ("002_throughput", throughput),
            ("002_latency", above(AlertMetric::LatencyP99S, 15.0, &[Degrade])),
            ("002_errors", above(AlertMetric::ErrorShare, 0.05, &[TripBreaker])),
            ("002_memory", above(AlertMetric::HeapMb, 800.0, &[CollectGarbage, ShrinkCache])),
            ("002_queue", Self::queue_above(500.0)),
        ]
    }

    /// Document 003, "Key Metrics to Track". Neither window nor cooldown is printed: each fires at once.
    pub fn published_003() -> Vec<(&'static str, Self)> {
        use AlertAction::{CollectGarbage, ReduceConcurrency, RejectNew, ScaleUp, ServeCached, TripBreaker};
        let above =
            |metric, value, actions: &[AlertAction]| Self::new(metric, Comparison::Above, value, actions);
        alloc::vec![
            ("003_api", above(AlertMetric::RateLimitedShare, 0.05, &[ReduceConcurrency])),
            ("003_memory", above(AlertMetric::HeapShare, 0.7, &[CollectGarbage, ScaleUp])),
            ("003_network", above(AlertMetric::TimeoutShare, 0.01, &[ServeCached])),
            ("003_queue", above(AlertMetric::QueueDepth, 500.0, &[RejectNew])),
            ("003_latency", above(AlertMetric::LatencyP99S, 10.0, &[ScaleUp])),
            ("003_errors", above(AlertMetric::ErrorShare, 0.05, &[TripBreaker])),
        ]
    }

    /// Document 000, "Queue Management Checklist" ("Alert on queue > 500", to whom is not said: a person), and document
    /// 004, "Circuit Breaker" (`emit_alert("Circuit opened")`).
    pub fn published_000_and_004() -> Vec<(&'static str, Self)> {
        let above = |metric, value| Self::new(metric, Comparison::Above, value, &[AlertAction::Page]);
        alloc::vec![
            ("000_queue", above(AlertMetric::QueueDepth, 500.0)),
            (
                "004_circuit_opened",
                Self { severity: Severity::Critical, ..above(AlertMetric::OpenBreakers, 0.0) }
            ),
        ]
    }

    /// Named alerts: all that the documents print, and that of the queue as one would run it; property tests run over all
    /// of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let mut examples = Self::published_002();
        examples.extend(Self::published_003());
        examples.extend(Self::published_000_and_004());
        examples.push(("steadied", Self::queue_above(500.0).steadied(MINUTE, Span::from_secs(300))));
        examples
    }
}
