//! The mirror of cost: what a turn takes, prices, and what is committed to.

use super::resource::MonthValue;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a turn takes. Two loads follow: the peak sizes what is limited, the duty cycle prices what is used up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnSpec {
    /// Turns per second of an agent at work.
    pub peak_per_agent_s: f64,
    /// The share of a month that an agent is at work.
    pub duty_share: f64,
    /// Prompt tokens of a turn.
    pub input_tokens: f64,
    /// The share of those that the provider has cached.
    #[serde(default)]
    pub cached_share: f64,
    /// Generated tokens of a turn.
    pub output_tokens: f64,
    /// The models that answer, by name; their shares sum to one.
    pub models: IndexMap<String, TurnModel>,
}

/// A model that answers a share of the turns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnModel {
    /// Its share of the turns.
    pub share: f64,
    /// The price of prompt tokens.
    pub input_usd_per_million_tokens: f64,
    /// The price of prompt tokens that the provider has cached.
    pub cached_usd_per_million_tokens: f64,
    /// The price of generated tokens.
    pub output_usd_per_million_tokens: f64,
}

/// What it costs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostSpec {
    /// The published rule.
    pub linear: LinearCost,
    /// The months' cost of the provider, as published.
    #[serde(default)]
    pub published_llm: Vec<MonthValue>,
    /// The months' cost of everything else, as published.
    #[serde(default)]
    pub published_infrastructure: Vec<MonthValue>,
    /// Discounts for a commitment.
    #[serde(default)]
    pub commitments: IndexMap<String, CommitmentSpec>,
    /// Hours of a month.
    #[serde(default = "hours")]
    pub hours_per_month: f64,
}

fn hours() -> f64 {
    720.0
}

/// Dollars an agent-month, whatever the load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinearCost {
    /// For the provider.
    pub llm_usd_per_agent_month: f64,
    /// For everything else.
    pub infrastructure_usd_per_agent_month: f64,
}

/// A discount on tokens for a spend that is paid whether it is used or not; more is paid at list price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitmentSpec {
    /// What is taken off, 0 to below 1.
    pub discount_share: f64,
    /// The first month.
    pub from_month: u32,
    /// For how many months.
    pub term_months: u32,
}
