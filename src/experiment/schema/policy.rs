//! The mirror of the policies: retries, breakers, autoscalers and degradation.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::alert::AlertSpec;
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::breaker::BreakerSpec;
use tars_policy::degrade::DegradeSpec;
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
    /// Alerts, by name.
    pub alerts: IndexMap<String, AlertPolicy>,
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

/// The default window of the success share.
fn half_minute() -> Span {
    Span::from_secs(30)
}
