//! Alerts: when somebody, or something, is to be called.
//!
//! An [`Alert`] is told one metric whenever the caller looks at it, and answers with an [`AlertDecision`]: whether it fires,
//! calls again, resolves or waits, and why. It fires once its condition has held for a whole window, at every look; it
//! resolves once the condition has not held for a whole window; and it does not fire again within the cooldown.
//!
//! | edge | decision |
//! |---|---|
//! | value equal to the threshold | the condition does not hold, as printed (`>`) |
//! | condition held for exactly `window` | fires |
//! | condition absent for exactly `resolve_after` | resolves |
//! | cooldown exactly over | may fire, or call again |
//! | value that is not a number | changes nothing |
//! | no baseline yet (less than `least` seen) | the condition does not hold |
//! | a look at which the condition holds | is not taken into the baseline, so that a bad state never becomes the normal one |
//!
//! ```
//! use tars_policy::alert::{AlertAction, AlertEvent, AlertSpec};
//! use tars_policy::units::{Span, Time};
//!
//! let spec = AlertSpec { window: Span::from_secs(60), ..AlertSpec::queue_above(500.0) };
//! let mut alert = spec.build()?;
//! let at = |seconds| Time::START + Span::from_secs(seconds);
//! assert_eq!(alert.update(at(0), 501.0).event, AlertEvent::None);
//! assert_eq!(alert.update(at(60), 700.0).event, AlertEvent::Fired);
//! assert_eq!(alert.actions(), [AlertAction::EmergencyScaleUp]);
//! assert_eq!(alert.update(at(75), 500.0).event, AlertEvent::Resolved);
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use crate::spec::SpecError;
use crate::units::{Span, Time};

mod baseline;
mod examples;
mod state;
#[cfg(test)]
mod tests;

pub use state::{Alert, AlertDecision, AlertEvent, AlertReason};

/// What an alert watches. The caller measures it, over whatever time it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AlertMetric {
    /// Requests completed, per second.
    ThroughputPerS,
    /// 99th percentile of the response time, in seconds.
    LatencyP99S,
    /// Requests failed, as a share of all.
    ErrorShare,
    /// Calls refused for a rate limit, as a share of all.
    RateLimitedShare,
    /// Calls that timed out, as a share of all.
    TimeoutShare,
    /// Heap in use, in megabytes.
    HeapMb,
    /// Heap in use, as a share of the most.
    HeapShare,
    /// Processor in use, as a share of all.
    CpuShare,
    /// Tasks waiting.
    QueueDepth,
    /// Circuit breakers that are open.
    OpenBreakers,
}

impl AlertMetric {
    /// Every metric.
    pub const ALL: [Self; 10] = [
        Self::ThroughputPerS,
        Self::LatencyP99S,
        Self::ErrorShare,
        Self::RateLimitedShare,
        Self::TimeoutShare,
        Self::HeapMb,
        Self::HeapShare,
        Self::CpuShare,
        Self::QueueDepth,
        Self::OpenBreakers,
    ];

    /// The name, as in a specification: `queue_depth`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ThroughputPerS => "throughput_per_s",
            Self::LatencyP99S => "latency_p99_s",
            Self::ErrorShare => "error_share",
            Self::RateLimitedShare => "rate_limited_share",
            Self::TimeoutShare => "timeout_share",
            Self::HeapMb => "heap_mb",
            Self::HeapShare => "heap_share",
            Self::CpuShare => "cpu_share",
            Self::QueueDepth => "queue_depth",
            Self::OpenBreakers => "open_breakers",
        }
    }
}

/// On which side of the threshold the condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Comparison {
    /// Strictly above.
    Above,
    /// Strictly below.
    Below,
}

/// What a value is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum AlertThreshold {
    /// A number, in the unit of the metric.
    Value(f64),
    /// A multiple of what is usual: the mean of the metric over a longer window, weighted by time.
    TimesBaseline {
        /// The multiple; 0.8 for "drops by more than 20 %".
        factor: f64,
        /// Over how long the mean is taken.
        window: Span,
        /// How much must have been seen before there is a baseline; at most `window`.
        least: Span,
    },
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Severity {
    /// For the record.
    Info,
    /// To be looked at.
    #[default]
    Warning,
    /// At once.
    Critical,
}

impl Severity {
    /// The name, as in a specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What is to be done. The caller does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AlertAction {
    /// Call a person.
    Page,
    /// Add agents.
    ScaleUp,
    /// Add agents past the usual pace.
    EmergencyScaleUp,
    /// Give up quality.
    Degrade,
    /// Open the circuit breaker.
    TripBreaker,
    /// Collect garbage now.
    CollectGarbage,
    /// Throw cached entries away.
    ShrinkCache,
    /// Allow fewer calls at once.
    ReduceConcurrency,
    /// Answer from the cache.
    ServeCached,
    /// Refuse new requests.
    RejectNew,
    /// Drop waiting work of low priority.
    Shed,
    /// Restart what is unwell.
    Restart,
}

impl AlertAction {
    /// The name, as in a specification: `scale_up`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::ScaleUp => "scale_up",
            Self::EmergencyScaleUp => "emergency_scale_up",
            Self::Degrade => "degrade",
            Self::TripBreaker => "trip_breaker",
            Self::CollectGarbage => "collect_garbage",
            Self::ShrinkCache => "shrink_cache",
            Self::ReduceConcurrency => "reduce_concurrency",
            Self::ServeCached => "serve_cached",
            Self::RejectNew => "reject_new",
            Self::Shed => "shed",
            Self::Restart => "restart",
        }
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct AlertSpec {
    /// What is watched.
    pub metric: AlertMetric,
    /// On which side of the threshold the condition holds.
    pub comparison: Comparison,
    /// What the metric is held against.
    pub threshold: AlertThreshold,
    /// How long the condition must hold, at every look, before it fires; zero by default: at once, as printed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub window: Span,
    /// How long the condition must be absent before it resolves; zero by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub resolve_after: Span,
    /// How long after firing it does not fire again; zero by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub cooldown: Span,
    /// Whether it calls again each time the cooldown is over and it still fires. False by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub repeat: bool,
    /// How bad it is; a warning by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub severity: Severity,
    /// What is to be done, in this order.
    #[cfg_attr(feature = "serde", serde(default))]
    pub actions: Vec<AlertAction>,
}

impl AlertSpec {
    /// An alert without windows that fires when `metric` is on that side of a number.
    pub fn new(metric: AlertMetric, comparison: Comparison, value: f64, actions: &[AlertAction]) -> Self {
        Self {
            metric,
            comparison,
            threshold: AlertThreshold::Value(value),
            window: Span::ZERO,
            resolve_after: Span::ZERO,
            cooldown: Span::ZERO,
            repeat: false,
            severity: Severity::Warning,
            actions: actions.to_vec(),
        }
    }

    /// Emergency scaling above a queue of so many tasks (documents 000 and 002: 500).
    pub fn queue_above(depth: f64) -> Self {
        let actions = [AlertAction::EmergencyScaleUp];
        Self {
            severity: Severity::Critical,
            ..Self::new(AlertMetric::QueueDepth, Comparison::Above, depth, &actions)
        }
    }

    /// The same alert as one would run it: it holds for `window` before it fires or resolves, and calls at most once a
    /// `cooldown`.
    #[must_use]
    pub fn steadied(self, window: Span, cooldown: Span) -> Self {
        Self { window, resolve_after: window, cooldown, repeat: true, ..self }
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.repeat && self.cooldown.is_zero() {
            return Err(SpecError::new("repeat", "would call at every look; expected a cooldown"));
        }
        match self.threshold {
            AlertThreshold::Value(value) if !value.is_finite() => {
                Err(SpecError::new("threshold.value", format!("{value} is no threshold; expected a number")))
            }
            AlertThreshold::Value(_) => Ok(()),
            AlertThreshold::TimesBaseline { factor, window, least } => {
                if !(factor > 0.0 && factor.is_finite()) {
                    let problem = format!("{factor} is impossible; expected above 0");
                    return Err(SpecError::new("threshold.times_baseline.factor", problem));
                }
                if window.is_zero() {
                    let problem = "is zero; expected a positive span";
                    return Err(SpecError::new("threshold.times_baseline.window", problem));
                }
                if least > window {
                    let problem = format!("{least} is longer than the window, {window}");
                    return Err(SpecError::new("threshold.times_baseline.least", problem));
                }
                Ok(())
            }
        }
    }

    /// The alert, quiet.
    pub fn build(&self) -> Result<Alert, SpecError> {
        self.validate()?;
        Ok(Alert::new(self))
    }

    /// The alert, quiet, with a condition of the caller's own in place of metric, comparison and threshold.
    pub fn build_custom(&self, condition: Box<dyn AlertCondition>) -> Result<Alert, SpecError> {
        Ok(self.build()?.with_condition(condition))
    }
}

/// A condition that is not in [`AlertSpec`].
pub trait AlertCondition: core::fmt::Debug + Send {
    /// Whether it holds at a value; `None` when that cannot be said, which changes nothing.
    fn holds(&mut self, now: Time, value: f64) -> Option<bool>;
}
