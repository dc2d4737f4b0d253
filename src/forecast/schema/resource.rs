//! The mirror of a resource: its rule, its place in the simulation, its limits, its price.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that is needed, and in which amount.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceSpec {
    /// What it is called in tables.
    pub title: String,
    /// Its unit: `pods`, `TB`, `requests/min`.
    pub unit: String,
    /// The requirement by rule.
    pub rule: RuleSpec,
    /// What was published for some months.
    #[serde(default)]
    pub published: Vec<MonthValue>,
    /// How the simulation finds the requirement; by rule alone when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<SimulatedSpec>,
    /// What it cannot exceed as things are.
    #[serde(default)]
    pub limits: Vec<LimitSpec>,
    /// From the order to the use of more, in days.
    #[serde(default)]
    pub lead_time_days: u32,
    /// What has to be ordered, in words.
    #[serde(default)]
    pub order: String,
    /// What a unit costs a month.
    #[serde(default)]
    pub usd_per_unit_month: f64,
}

/// The requirement as a rule: agents of the busy hour times `per_agent`, at least `minimum`, rounded up to `step`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// Units an agent.
    pub per_agent: f64,
    /// At least so many.
    #[serde(default)]
    pub minimum: f64,
    /// Units come in multiples of this; any amount when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
}

/// A value at a month.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonthValue {
    /// The month.
    pub month: u32,
    /// The value.
    pub value: f64,
}

/// How the simulation finds the requirement.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SimulatedSpec {
    /// The smallest size that meets the objective.
    Size {
        /// What the size sets in the experiment.
        sets: Vec<SetSpec>,
        /// How much of the first of `sets` is in use.
        load: LoadMetric,
    },
    /// A flow of the simulation at its recommended sizes, times units for each.
    Flow {
        /// The metric of the flow.
        metric: String,
        /// Units for each.
        per_unit: f64,
    },
}

/// A value of the experiment that follows an amount.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSpec {
    /// Where it stands in the experiment, as a JSON pointer.
    pub pointer: String,
    /// The value for each unit, or each agent.
    pub per_unit: f64,
    /// Whether it is rounded to a whole number.
    #[serde(default = "yes")]
    pub whole: bool,
}

fn yes() -> bool {
    true
}

/// How much of a size is in use: a metric of the simulation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadMetric {
    /// Its name, such as `station/runtime/utilisation`.
    pub metric: String,
    /// Whether it is a share of the size; an amount in the size's measure when not.
    #[serde(default)]
    pub share: bool,
    /// What it is multiplied by to be in the size's measure.
    #[serde(default = "one")]
    pub factor: f64,
}

fn one() -> f64 {
    1.0
}

/// What a resource cannot exceed as things are.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitSpec {
    /// What it is.
    pub name: String,
    /// The most there is, in the resource's unit.
    pub value: f64,
    /// Units an agent, where this limit goes by another rule than the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_agent: Option<f64>,
}
