//! The mirror of the policies: retries, breakers, autoscalers and degradation.

use super::failover::FailoverPolicy;
use crate::model::distribution::Law;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::alert::AlertSpec;
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::batch::BatchSpec;
use tars_policy::breaker::BreakerSpec;
use tars_policy::coalesce::CoalesceSpec;
use tars_policy::degrade::{DegradeSpec, LevelSpec};
use tars_policy::retry::RetrySpec;
use tars_policy::units::Span;

/// How the system decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoliciesSpec {
    /// Retry policies, by name.
    pub retries: IndexMap<String, RetrySpec>,
    /// Circuit breakers, by name.
    pub breakers: IndexMap<String, BreakerSpec>,
    /// Autoscalers, by the pool they scale.
    pub autoscale: IndexMap<String, AutoscalePolicy>,
    /// Graceful degradation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degrade: Option<DegradePolicy>,
    /// Degradation by the health of components, beside that by load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<LevelsPolicy>,
    /// Alerts, by name.
    pub alerts: IndexMap<String, AlertPolicy>,
    /// Rules by which LLM calls go out together, by name.
    pub batches: IndexMap<String, BatchPolicy>,
    /// Rules by which identical LLM calls are made once, by name.
    pub coalesce: IndexMap<String, CoalescePolicy>,
    /// Groups of stations of which one is active, by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub failovers: IndexMap<String, FailoverPolicy>,
}

/// LLM calls that go out as one: those of one step for one model.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchPolicy {
    /// When they leave; `tokens_max` counts prompt tokens.
    #[serde(default)]
    pub rule: BatchSpec,
    /// How many tokens at the beginning of each prompt are the same in all; a batch sends them once.
    #[serde(default)]
    pub shared_input_tokens: u32,
    /// The accuracy of an answer that was asked for together with others, as a share of the model's.
    #[serde(default = "super::one")]
    pub accuracy_share: f64,
}

/// Identical LLM calls that are made once: the first caller makes the call, and those who ask for the same meanwhile get
/// its answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoalescePolicy {
    /// The popularity of requests: a law over their numbers. When left out, the key that the task last looked up in a
    /// cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Law<f64>>,
    /// How they are joined.
    #[serde(default)]
    pub rule: CoalesceSpec,
}

/// An alert.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertPolicy {
    /// How often it looks; what it watches is taken since its last look.
    #[serde(default = "ten_seconds")]
    pub interval: Span,
    /// Its rule.
    pub rule: AlertSpec,
    /// Whether its actions are carried out, or merely reported.
    #[serde(default)]
    pub acts: bool,
}

/// The usual interval of alerts.
fn ten_seconds() -> Span {
    Span::from_secs(10)
}

/// An autoscaler of a pool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoscalePolicy {
    /// How often it looks.
    pub interval: Span,
    /// Which group of agents it adds to and takes from; the first when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its rule.
    pub rule: AutoscaleSpec,
}

/// Graceful degradation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DegradePolicy {
    /// How often it looks.
    pub interval: Span,
    /// The pool whose queue and heap it watches.
    pub pool: String,
    /// Over how long the success share is taken.
    #[serde(default = "half_minute")]
    pub success_window: Span,
    /// Its rule.
    pub rule: DegradeSpec,
}

/// Five levels of service by the health of components (document 004): all; a smaller model; no long-term memory; no tools;
/// nothing but what is cached.
///
/// Every component is a station that is checked at each interval; a check fails while the station is out or hangs, and
/// otherwise as often as a service that began there would. Calls of a provider that is down go to their first fallback that
/// is not.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelsPolicy {
    /// How often every component is checked.
    #[serde(default = "ten_seconds")]
    pub interval: Span,
    /// Its rule.
    #[serde(default)]
    pub rule: LevelSpec,
    /// How many checks of a component count, the last ones; at least 1.
    #[serde(default = "one_check")]
    pub checks: u32,
    /// What the service is made of.
    pub components: ComponentsSpec,
    /// The model asked for where quality is reduced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Features of routes that need the long-term memory, by the names of their `feature` steps.
    #[serde(default)]
    pub memory_features: Vec<String>,
    /// Features of routes that need the tools.
    #[serde(default)]
    pub tool_features: Vec<String>,
    /// Features that are on only in maintenance, where nothing new is served: they may look answers up in a history of them.
    /// A task that takes such steps is served a degraded answer, and no other is touched by them.
    #[serde(default)]
    pub history_features: Vec<String>,
}

/// The last check alone counts.
fn one_check() -> u32 {
    1
}

/// The station or provider that each component is; one that is left out is always well.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentsSpec {
    /// The provider of the primary model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_model: Option<String>,
    /// The provider of the backup model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_model: Option<String>,
    /// The long-term memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_service: Option<String>,
    /// The tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_service: Option<String>,
    /// The store of checkpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_store: Option<String>,
}

/// The default window of the success share.
fn half_minute() -> Span {
    Span::from_secs(30)
}
