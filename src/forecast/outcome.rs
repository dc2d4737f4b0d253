//! What a forecast says, as it is written to `result.json`.

use super::backtest::Backtest;
use super::cost::{Commitment, Implied, MonthCost, Totals};
use super::decisions::Decision;
use super::ensemble::Fan;
use super::limits::{Action, Binding};
use super::model::Method;
use super::platform::{Seen, Verdict};
use super::supply::Smaller;
use crate::result::Assumption;
use serde::{Deserialize, Serialize};

/// The version of this format.
pub const FORMAT: u32 = 2;

/// A whole forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// [`FORMAT`].
    pub format: u32,
    /// The program's version.
    pub version: String,
    /// The name of the forecast.
    pub name: String,
    /// What it answers.
    pub question: String,
    /// What it was made from.
    pub source: Vec<String>,
    /// The command that makes it again.
    pub command: String,
    /// How much was simulated.
    pub extent: Extent,
    /// Month 0.
    pub start: String,
    /// How many futures were drawn.
    pub paths: usize,
    /// Their seed.
    pub seed: u64,
    /// A row a month.
    pub demand: Vec<MonthDemand>,
    /// The load of the busiest hour over the mean, by the shape of the day and the week.
    pub busy_over_mean: f64,
    /// How the past was read, and how methods did on it.
    pub history: Option<HistoryOutcome>,
    /// What is needed, resource by resource.
    pub resources: Vec<ResourceOutcome>,
    /// What the simulation said of the recommended sizes.
    pub verified: Vec<Verified>,
    /// The limits and when they bind.
    pub limits: Vec<Binding>,
    /// What has to be ordered by when.
    pub actions: Vec<Action>,
    /// A row a month.
    pub costs: Vec<MonthCost>,
    /// From month 1 to the last.
    pub totals: Totals,
    /// The published rule against the price of tokens.
    pub implied: Implied,
    /// The duty cycle that the shape alone would give: the mean over the busiest hour.
    pub shape_duty_share: f64,
    /// Commitments.
    pub commitments: Vec<Commitment>,
    /// Growth stated as multiples of month 0.
    pub multipliers: Vec<MultiplierRow>,
    /// Published sizes for some agents.
    pub tiers: Vec<TierRow>,
    /// What could be done.
    pub decision: Option<Decision>,
    /// What is to be known of the numbers.
    pub notes: Vec<String>,
    /// The figures that it rests on.
    pub assumptions: Vec<Assumption>,
    /// The digest of all that was simulated.
    pub digest: String,
}

/// How much is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// The stated months up to some thousand agents, two replications: a first look.
    Quick,
    /// The stated months.
    Usual,
    /// Every month, and the stated ones for an hour.
    Full,
}

/// A month's demand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthDemand {
    /// The month.
    pub month: u32,
    /// As a date.
    pub date: String,
    /// The agents of the busy hour along the plan.
    pub agents: f64,
    /// The same, read in the other way.
    pub alternative: Option<f64>,
    /// Over the futures.
    pub fan: Fan,
    /// The mean of the month along the plan.
    pub mean_agents: f64,
    /// Turns a second in the busy hour: what limits are sized by.
    pub peak_turns_per_s: f64,
    /// Turns of the month in the duty cycle: what tokens are priced by.
    pub turns: f64,
}

/// How a history was read and continued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryOutcome {
    /// Its values.
    pub rows: usize,
    /// What was repaired.
    pub repairs: Vec<String>,
    /// How the methods did on its rows.
    pub backtest: Option<Backtest>,
    /// How they did on its months, where a row is no month.
    pub months: Option<Backtest>,
    /// What continues it.
    pub method: Method,
    /// How many times as wide its futures lie as the method says, as its past asks.
    pub stretch: f64,
    /// The share of the past that lay between its P10 and P90, as it says and stretched; nothing without a backtest.
    pub coverage: Option<(f64, f64)>,
    /// What the backtest says, in a sentence.
    pub finding: String,
    /// The greatest row over the mean.
    pub peak_over_mean: f64,
}

/// What is needed of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceOutcome {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// A row a month.
    pub months: Vec<Need>,
}

/// What is needed in a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// The month.
    pub month: u32,
    /// By rule.
    pub rule: f64,
    /// By rule over the futures.
    pub fan: Fan,
    /// As published.
    pub published: Option<f64>,
    /// The rule over the published, less one.
    pub rule_deviation: Option<f64>,
    /// By simulation; what the formula of the simulation's usage gives in months that were not simulated.
    pub simulated: Option<f64>,
    /// The simulated over the published, less one.
    pub simulated_deviation: Option<f64>,
    /// How the simulated was found.
    pub how: How,
}

/// How a simulated requirement was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The size met the objective in a run of this month, and the next smaller missed it.
    Simulated,
    /// By formula from what an agent was seen to use.
    Formula,
    /// By rule alone.
    Rule,
}

/// What the simulation said of a month's recommended sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    /// The month.
    pub month: u32,
    /// The agents, all of whom were simulated.
    pub agents: f64,
    /// Whether the objective is met.
    pub verdict: Verdict,
    /// What is missed.
    pub missed: Vec<String>,
    /// Good turns a second.
    pub goodput_per_s: f64,
    /// The 99th percentile of a turn, in seconds.
    pub latency_p99_s: f64,
    /// The fewest turns begun in the window of a replication.
    pub turns: u64,
    /// Replications.
    pub replications: u32,
    /// What a whole busy hour at these sizes showed, where it was asked for.
    pub hour: Option<Seen>,
    /// The sizes.
    pub sizes: Vec<SizeRow>,
}

/// A recommended size and its neighbour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeRow {
    /// The resource.
    pub resource: String,
    /// The recommended units.
    pub units: f64,
    /// The share of it that is not in use in the busy hour.
    pub headroom_share: f64,
    /// The next smaller size, if there is one, and what it led to.
    pub smaller: Option<Smaller>,
}

/// A multiple of month 0: as stated, and as the resources have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiplierRow {
    /// Of what.
    pub name: String,
    /// The month.
    pub month: u32,
    /// As stated.
    pub stated: f64,
    /// By the plan's numbers: a value a resource, or that of the agents.
    pub found: Vec<(String, f64)>,
}

/// A published tier beside the rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierRow {
    /// Its name.
    pub name: String,
    /// Its agents.
    pub agents: f64,
    /// Dollars a month, published.
    pub usd_published: f64,
    /// Dollars a month by the published rule.
    pub usd_linear: f64,
    /// Dollars a month, computed.
    pub usd_computed: f64,
    /// Resource, published, by rule.
    pub resources: Vec<(String, f64, f64)>,
}
