//! The mirror of an experiment file: what JSON may say, before names are resolved and sense is checked.
//!
//! Units are visible: a span is a string (`"250ms"`), any other quantity ends its key in its unit. Choices are
//! externally tagged. Any object may hold a `"note"`; it is dropped before these types are read.

mod failover;
mod fault;
mod files;
mod homes;
mod index;
mod measure;
mod node;
mod policy;
mod region;
mod route;
mod sockets;
mod start;
mod station;
mod system;
mod workload;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use failover::{
    AccessSpec, CheckpointStep, ElsewhereSpec, FailBackSpec, FailoverPolicy, LoadingSpec, ProbeSpec,
    ReplicationMode, SessionRecoverySpec, TryStep,
};
pub use fault::{FaultEffect, FaultSpec, OutageAnswer};
pub use files::{FilesSpec, ReadSpec, RotationSpec, SnapshotSpec};
pub use homes::Homes;
pub use index::{IndexSpec, ReplicasSpec, SplitSpec};
pub(crate) use measure::nearly_all;
pub use measure::{
    CostSpec, MeasureMode, MeasureSpec, PrecisionSpec, RecoverySpec, ReplicationSpec, ScalingSpec,
    SensitivitySpec, SloSpec, WarmupSpec,
};
pub use node::{
    BufferSpec, EventLoopSpec, GarbageSpec, LivenessSpec, MajorSpec, ManualSpec, MemorySpec, MinorSpec,
    NodeSpec, PauseSpec, ResponsesSpec,
};
pub use policy::{
    AlertPolicy, AutoscalePolicy, BatchPolicy, CoalescePolicy, ComponentsSpec, DegradePolicy, LevelsPolicy,
    PoliciesSpec,
};
pub use region::RegionSpec;
pub use route::{
    AgentStep, BackgroundStep, CacheStep, Choice, CopySpec, DelayStep, FallbackCall, FeatureStep, HoldStep,
    JoinSpec, LlmStep, LoopStep, ParallelStep, PromptCacheSpec, ReplayStep, SpreadBy, SpreadStep, Step,
    VisitStep, WriteStep,
};
pub use sockets::SocketsSpec;
pub use start::StartSpec;
pub use station::{
    BreakdownOf, BreakdownSpec, Discipline, FailureSpec, OnLimit, PeakSpec, Servers, SlowdownSpec,
    StationKind, StationSpec, TailSpec, TimeoutsSpec,
};
pub use system::{
    CacheStoreSpec, GroupSpec, HeapSpec, ModelSpec, OfferSpec, PoolSpec, ProviderSpec, SemanticStoreSpec,
    SystemSpec,
};
pub use workload::{
    Arrivals, ClassSpec, ClientSpec, ClosedLoad, LoadSpec, MmppState, RateInterpolation, RatePoint, RetryOn,
    SessionLoad, TimeColumn, TimeUnit, TraceLoad, WorkloadSpec,
};

/// An experiment: a question, a load, a system that carries it, policies, and how to measure.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentFile {
    /// The schema that editors complete and check with.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The name of the experiment: letters, digits, `-`, `_` and `.`. Results go to `outputs/<name>/`.
    pub name: String,
    /// The question that it answers.
    #[serde(default)]
    pub question: String,
    /// What it was made from.
    #[serde(default)]
    pub source: Vec<String>,
    /// Set when the load exceeds the capacity on purpose, so that no steady state exists.
    #[serde(default)]
    pub transient: bool,
    /// Where figures of this file come from, by JSON pointer.
    #[serde(default)]
    pub figures: IndexMap<String, FigureMark>,
    /// Who sends what, and when.
    pub workload: WorkloadSpec,
    /// What serves it.
    pub system: SystemSpec,
    /// How it decides.
    #[serde(default)]
    pub policies: PoliciesSpec,
    /// What goes wrong, and when.
    #[serde(default)]
    pub faults: Vec<FaultSpec>,
    /// What it costs besides tokens.
    #[serde(default)]
    pub cost: CostSpec,
    /// How long, how often and how precisely.
    pub measure: MeasureSpec,
    /// What is asked of it.
    #[serde(default)]
    pub slo: SloSpec,
    /// What is varied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<serde_json::Value>,
    /// Assumed figures to show at half and double in the cells of the answer.
    #[serde(default)]
    pub sensitivity: Vec<SensitivitySpec>,
    /// Published figures to draw beside the simulated ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<PublishedSpec>,
}

/// Published values of a metric along an axis of the sweep. They are drawn and nothing else: no number depends on them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedSpec {
    /// The metric: `latency_p99_s`.
    pub metric: String,
    /// A path that the axis varies.
    pub path: String,
    /// Pairs of the axis's value and the published one, in the metric's unit.
    pub points: Vec<(f64, f64)>,
    /// Where they are published.
    pub source: String,
}

/// Where a figure comes from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureMark {
    /// How far it can be trusted.
    pub mark: Mark,
    /// Where it stands or how it was found.
    pub source: String,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How far a figure can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Printed in a source document.
    Published,
    /// Measured on a real system.
    Measured,
    /// Fitted so that the model reproduces published or measured behaviour.
    Calibrated,
    /// Chosen, because nothing is known.
    Assumed,
}

/// The factor that changes nothing.
fn one() -> f64 {
    1.0
}
