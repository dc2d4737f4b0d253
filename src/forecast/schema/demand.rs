//! The mirror of demand: growth, history, the shape of a day, and how sure all that is.

use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The demand and its growth.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandSpec {
    /// What the numbers of agents are.
    #[serde(default)]
    pub agents_are: Meaning,
    /// How it grows.
    pub growth: Growth,
    /// The other reading of a table, told beside the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<Interpolation>,
}

/// What numbers of agents are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Those at once in the busiest hour of the month.
    #[default]
    BusyHour,
    /// The mean of the month: the busiest hour is that times the peak of the shape.
    Mean,
}

/// How demand grows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Growth {
    /// Through stated points.
    Table {
        /// The points, in order of months, from month 0 to the last.
        points: Vec<MonthAgents>,
        /// What lies between.
        #[serde(default)]
        interpolation: Interpolation,
    },
    /// By the same share each month.
    Exponential {
        /// At month 0.
        agents: f64,
        /// The growth a month, above −1.
        growth_per_month_share: f64,
    },
    /// By the same number each month.
    Linear {
        /// At month 0.
        agents: f64,
        /// More each month.
        agents_per_month: f64,
    },
    /// Like an exponential at first, and towards a ceiling.
    Logistic {
        /// At month 0.
        agents: f64,
        /// The ceiling, above `agents`.
        ceiling: f64,
        /// The growth a month while far below the ceiling.
        growth_per_month_share: f64,
    },
    /// As a history goes on.
    History(HistorySpec),
}

/// A month and its agents.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonthAgents {
    /// The month.
    pub month: u32,
    /// The agents, above 0.
    pub agents: f64,
}

/// What lies between stated points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// The same growth each month.
    #[default]
    Geometric,
    /// The same number more each month.
    Linear,
}

/// Past demand, in a CSV file with a header.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistorySpec {
    /// The file, relative to this one.
    pub file: String,
    /// The column of dates: `2026-02` for months, `2026-02-13` for days, `2026-02-13 09` for hours.
    pub date: String,
    /// The column of demand.
    pub value: String,
    /// What a row is.
    #[serde(default)]
    pub step: Step,
    /// How many rows a season has: 12 for months, 7 for days, 24 for hours, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<u32>,
    /// Whether dates without a row are filled along a geometric line and told, instead of being an error.
    #[serde(default)]
    pub fill_gaps: bool,
    /// The model that goes on; the best of the backtest when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<crate::forecast::model::Method>,
    /// How far ahead the backtest looks, in rows.
    #[serde(default = "half_a_year")]
    pub backtest_horizon: u32,
}

fn half_a_year() -> u32 {
    6
}

/// What a row of a history is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A month.
    #[default]
    Month,
    /// A day.
    Day,
    /// An hour.
    Hour,
}

/// How the load is spread within a month. The busiest hour is that of the busiest day.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShapeSpec {
    /// The relative rate in each of 24 hours.
    pub hours: Vec<f64>,
    /// The relative rate on each of seven days; all alike when left out.
    #[serde(default)]
    pub days: Vec<f64>,
}

/// How sure growth and prices are.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UncertaintySpec {
    /// How many paths are drawn, 1,000 at least unless demand and prices are certain.
    pub paths: u32,
    /// The seed of the paths.
    pub seed: u64,
    /// A path's growth as a share of the stated one, on a logarithmic scale: 1 on average is as stated. A history brings
    /// its own uncertainty.
    pub growth: Law<f64>,
    /// A factor on each month's demand that stays with all later ones; 1 is none.
    pub month: Law<f64>,
    /// How much the price of tokens falls in a year, as a share.
    pub price_decline_per_year: Law<f64>,
}

impl Default for UncertaintySpec {
    fn default() -> Self {
        let certain = |value| Law::Deterministic { value };
        Self {
            paths: 1_000,
            seed: 1,
            growth: certain(1.0),
            month: certain(1.0),
            price_decline_per_year: certain(0.0),
        }
    }
}
