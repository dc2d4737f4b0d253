//! The mirror of alternatives and of what is held beside the forecast.

use super::resource::MonthValue;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that could be done.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScenarioSpec {
    /// What it is, in words.
    pub about: String,
    /// What becomes of each resource that it touches, by name.
    pub resources: IndexMap<String, Change>,
    /// What the tokens of a turn cost, as a multiple of before.
    pub llm_cost_factor: Option<f64>,
    /// What it costs each month by itself.
    pub usd_per_month: f64,
    /// What it costs once, in its first month.
    pub usd_once: f64,
    /// The first month in which it acts.
    pub from_month: u32,
}

/// What becomes of a resource, as multiples of before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// The need of an agent.
    pub need_factor: f64,
    /// The limits.
    pub limit_factor: f64,
    /// The price of a unit.
    pub price_factor: f64,
}

impl Default for Change {
    fn default() -> Self {
        Self { need_factor: 1.0, limit_factor: 1.0, price_factor: 1.0 }
    }
}

/// Growth stated as multiples of month 0.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Multiplier {
    /// Of what.
    pub name: String,
    /// The resources that it is held against; the agents when empty.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The multiples.
    pub points: Vec<MonthValue>,
}

/// Sizes published for a number of agents.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierSpec {
    /// Its name.
    pub name: String,
    /// The agents.
    pub agents: f64,
    /// What it costs a month.
    pub usd_per_month: f64,
    /// The amount of each resource, by name.
    #[serde(default)]
    pub resources: IndexMap<String, f64>,
}
