//! The mirror of a forecast file: what JSON may say, before its sense is checked.
//!
//! Amounts of a resource are in its own unit; months count from the start, 0 being the present. Dollars are plain numbers:
//! a forecast is an estimate, and no ledger rests on it.

mod cost;
mod demand;
mod resource;
mod scenario;

pub use cost::{CommitmentSpec, CostSpec, LinearCost, TurnModel, TurnSpec};
pub use demand::{
    DemandSpec, Growth, HistorySpec, Interpolation, Meaning, MonthAgents, ShapeSpec, Step, UncertaintySpec,
};
pub use resource::{LimitSpec, LoadMetric, MonthValue, ResourceSpec, RuleSpec, SetSpec, SimulatedSpec};
pub use scenario::{Change, Multiplier, ScenarioSpec, TierSpec};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// A forecast: a demand that grows, what carries it, what limits that, what it costs, and what could be done.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForecastFile {
    /// The schema that editors complete and check with.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The name of the forecast. Results go to `outputs/<name>/`.
    pub name: String,
    /// The question that it answers.
    #[serde(default)]
    pub question: String,
    /// What it was made from.
    #[serde(default)]
    pub source: Vec<String>,
    /// Where figures of this file come from, by JSON pointer.
    #[serde(default)]
    pub figures: IndexMap<String, crate::experiment::schema::FigureMark>,
    /// The month that counts as 0, as `2026-02`. The program reads no clock.
    pub start: String,
    /// How many months ahead, 1 to 120.
    pub months: u32,
    /// The demand and its growth.
    pub demand: DemandSpec,
    /// How the load is spread over a day and a week; flat when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<ShapeSpec>,
    /// How sure the growth and the prices are.
    #[serde(default)]
    pub uncertainty: UncertaintySpec,
    /// What is needed, by name.
    pub resources: IndexMap<String, ResourceSpec>,
    /// How the busy hour is simulated; by rule alone when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulation: Option<SimulationSpec>,
    /// What a turn takes.
    pub turns: TurnSpec,
    /// What it costs.
    pub cost: CostSpec,
    /// Growth stated as multiples of month 0, to be held against the resources.
    #[serde(default)]
    pub multipliers: Vec<Multiplier>,
    /// Sizes published for some numbers of agents, to be held against the rules.
    #[serde(default)]
    pub tiers: Vec<TierSpec>,
    /// What an agent that cannot be served is worth a month: the loss beyond what the limits carry.
    #[serde(default)]
    pub unserved_usd_per_agent_month: f64,
    /// What could be done, by name.
    #[serde(default)]
    pub scenarios: IndexMap<String, ScenarioSpec>,
}

/// How the busy hour is simulated.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationSpec {
    /// The experiment that models the platform in its busy hour, relative to this file. Its `slo` is the objective.
    pub experiment: String,
    /// What follows the number of agents.
    pub population: Vec<SetSpec>,
    /// The months that are simulated; every month with `--full`.
    pub months: Vec<u32>,
    /// The length of the stationary window.
    pub window: Span,
    /// What is cut off before it.
    pub warmup: Span,
    /// Replications of a recommended size.
    #[serde(default = "five")]
    pub replications: u32,
    /// Replications of other sizes, unless those do not decide.
    #[serde(default = "two")]
    pub replications_of_others: u32,
    /// A size that is smaller by this share, and by one unit at least, is the next smaller one.
    #[serde(default = "a_twentieth")]
    pub step_share: f64,
}

fn five() -> u32 {
    5
}

fn two() -> u32 {
    2
}

fn a_twentieth() -> f64 {
    0.05
}
