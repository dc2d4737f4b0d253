//! The mirror of what is measured and asked: cost, length, replications, precision, objectives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::{Span, TimePrice};

/// What the system costs besides tokens.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostSpec {
    /// What an agent costs while it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_usd_per_hour: Option<TimePrice>,
    /// What the rest costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_usd_per_hour: Option<TimePrice>,
}

/// How long, how often and how precisely.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureSpec {
    /// The simulated length of a replication.
    pub duration: Span,
    /// What is cut off its start.
    #[serde(default)]
    pub warmup: WarmupSpec,
    /// Whether a steady state is measured, or a story with a beginning and an end.
    #[serde(default)]
    pub mode: MeasureMode,
    /// How long tasks that arrived in time are followed after the end; as long as the duration when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Span>,
    /// How many replications.
    #[serde(default)]
    pub replications: ReplicationSpec,
    /// When to stop replicating. Left out where the number of replications is open (`min` below `max`), it is
    /// `latency_mean_s` to 2 %, `latency_p99_s` to 5 % and `error_share` to half a percentage point.
    #[serde(default)]
    pub precision: Vec<PrecisionSpec>,
    /// The confidence of intervals.
    #[serde(default = "usual_confidence")]
    pub confidence: f64,
    /// The master seed.
    #[serde(default)]
    pub seed: u64,
    /// How many windows a time series has.
    #[serde(default = "usual_windows")]
    pub windows: u32,
    /// From when on the system is asked whether it has come back. Left out where faults strike once, it is the end of the
    /// last of them, and 95 % of what is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoverySpec>,
    /// Whether it is written down what failures do: availability, and the tasks that they touch, by what became of them.
    /// They are where faults strike by chance, and where sessions or stations fail over.
    #[serde(default)]
    pub impact: bool,
    /// From when on it is watched how autoscaled pools follow the load (`scale_up_s`, `latency_climbing_p99_s`,
    /// `latency_settled_p99_s`); not at all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ScalingSpec>,
    /// Whether this is a sustained test, of which it is asked how latency and errors change while it lasts
    /// (`latency_drift_per_h`, `error_accumulation`).
    #[serde(default)]
    pub sustained: bool,
}

/// When a load takes the step, or begins the climb, that autoscaled pools are to follow.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingSpec {
    /// Since the start of the run.
    pub from: Span,
}

/// When a system has come back: from the first window of the time series on (see `windows`) whose good answers, and those
/// of the rest of the run, are the stated share of the tasks submitted. `time_to_recover_s` counts from `from`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoverySpec {
    /// When the trigger, a fault or a load, is over; since the start of the run.
    pub from: Span,
    /// Good answers as a share of the tasks submitted.
    #[serde(default = "nearly_all")]
    pub goodput_share: f64,
}

/// The usual share of good answers of a system that has come back.
pub(crate) fn nearly_all() -> f64 {
    0.95
}

/// The usual confidence.
fn usual_confidence() -> f64 {
    0.95
}

/// The usual number of windows.
fn usual_windows() -> u32 {
    60
}

/// What is cut off the start of a run: `"auto"`, or a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WarmupSpec {
    /// Found by pilot replications and MSER-5.
    #[default]
    Auto,
    /// So long.
    Span(Span),
}

impl Serialize for WarmupSpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Span(span) => span.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for WarmupSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse().map(Self::Span).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for WarmupSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Warmup".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let span = generator.subschema_for::<Span>();
        schemars::json_schema!({
            "description": "What is cut off the start: \"auto\", or a span",
            "anyOf": [{"const": "auto"}, span]
        })
    }
}

/// Whether a steady state is measured, or a story with a beginning and an end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasureMode {
    /// A steady state: the warm-up is cut off, arrivals go on while the last tasks finish.
    #[default]
    Steady,
    /// A story: nothing is cut off, submissions stop at the end, and what is left is followed.
    Terminating,
}

/// How many replications.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicationSpec {
    /// At least.
    pub min: u32,
    /// At most; more than the least only until the precision is reached.
    pub max: u32,
}

impl Default for ReplicationSpec {
    fn default() -> Self {
        Self { min: 20, max: 20 }
    }
}

/// A precision that a metric must reach. Without `relative` and `absolute` it is the usual one: 2 % for means and
/// rates, 5 % for quantiles, half a percentage point for shares.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrecisionSpec {
    /// Which metric.
    pub metric: String,
    /// The half-width as a share of the estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// The half-width in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute: Option<f64>,
}

/// What is asked of the system.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SloSpec {
    /// The 99th percentile of latency, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p99: Option<Span>,
    /// The 95th percentile of latency, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p95: Option<Span>,
    /// The mean latency, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_mean: Option<Span>,
    /// The share of tasks that did not end well, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_share_max: Option<f64>,
    /// The mean quality of answers, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_min: Option<f64>,
    /// The cost of 1,000 completed tasks, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd_per_1000_tasks_max: Option<f64>,
    /// Good answers per second, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goodput_per_s_min: Option<f64>,
}

/// An assumed figure to show at half and double.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivitySpec {
    /// What it is, in words.
    pub label: String,
    /// The pointers of the figure; each is multiplied.
    pub paths: Vec<String>,
    /// The factors; half and double when left out.
    #[serde(default = "half_and_double")]
    pub factors: Vec<f64>,
}

/// The usual factors of a sensitivity.
fn half_and_double() -> Vec<f64> {
    vec![0.5, 2.0]
}
