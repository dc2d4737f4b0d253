//! The types of `result.json`: the contract between the analysis that fills it and the reports that draw it.
//!
//! Everything a report shows is in here; a report never needs the experiment, the simulator or a clock.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of this contract; a reader refuses another.
pub const FORMAT: u32 = 2;

/// One experiment, swept: everything that a report can show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultFile {
    /// The version of the contract, [`FORMAT`].
    pub format: u32,
    /// The version of tars-sim that made it.
    pub version: String,
    /// The experiment's name.
    pub name: String,
    /// The question it asks, in words.
    pub question: String,
    /// Where it comes from.
    pub source: Vec<String>,
    /// The command that repeats it.
    pub command: String,
    /// Whether it was cut short by `--quick` and is not for decisions.
    pub quick: bool,
    /// Identifies experiment, code and seed scheme.
    pub plan_id: String,
    /// Identifies the raw results.
    pub digest: String,
    /// The master seed.
    pub seed: u64,
    /// The confidence of every interval, as a share.
    pub confidence: f64,
    /// What was varied; the last axis varies fastest over `cells`.
    pub axes: Vec<Axis>,
    /// What each metric is, in the order of display.
    pub metrics: Vec<MetricInfo>,
    /// What was asked of the system.
    pub slo: Vec<SloTerm>,
    /// The answer in words, and the cells it rests on.
    pub answer: Answer,
    /// One entry a configuration.
    pub cells: Vec<Cell>,
    /// Every figure that was used and where it comes from.
    pub assumptions: Vec<Assumption>,
    /// What the reader must know before trusting the numbers.
    pub flags: Vec<Flag>,
    /// The answer's cells with an assumed figure at half and at double.
    pub sensitivity: Vec<Sensitivity>,
    /// Published values to draw beside the simulated ones.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub published: Vec<PublishedCurve>,
}

/// Published values of a metric along an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedCurve {
    /// The metric's name.
    pub metric: String,
    /// The axis, by index into [`ResultFile::axes`].
    pub axis: usize,
    /// Where they are published.
    pub source: String,
    /// The axis's value and the published one, in the metric's unit.
    pub points: Vec<(f64, f64)>,
}

/// One varied quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Axis {
    /// A short name with its unit, for a plot's axis.
    pub label: String,
    /// The JSON pointers it sets.
    pub paths: Vec<String>,
    /// Its values as text.
    pub values: Vec<String>,
    /// The same as numbers, where they are numbers.
    pub numbers: Vec<Option<f64>>,
}

/// What a metric is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricInfo {
    /// Its key in [`Cell::metrics`]: `latency_p99_s`.
    pub name: String,
    /// Words for a table or an axis: `latency, 99th percentile`.
    pub label: String,
    /// Its unit: `s`, `1/s`, `share`, `USD per 1000 tasks`, or empty.
    pub unit: String,
    /// What it means, in a sentence.
    pub meaning: String,
    /// Which way is better.
    pub better: Better,
    /// Whether it belongs in a short table.
    pub headline: bool,
}

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Smaller is better.
    Lower,
    /// Larger is better.
    Higher,
    /// Neither.
    Neither,
}

/// One condition of the service level objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SloTerm {
    /// The metric judged.
    pub metric: String,
    /// Whether the limit is a maximum or a minimum.
    pub bound: Bound,
    /// The limit, in the metric's unit.
    pub limit: f64,
    /// The condition in words: `latency p99 at most 3 s`.
    pub text: String,
}

/// The direction of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The metric may not exceed the limit.
    AtMost,
    /// The metric may not fall below the limit.
    AtLeast,
}

/// The answer to the question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// One or two sentences that answer it.
    pub headline: String,
    /// What supports it, a sentence each.
    pub details: Vec<String>,
    /// The cell that the headline names.
    pub cell: Option<usize>,
    /// Its next smaller neighbour, which misses.
    pub smaller: Option<usize>,
}

/// One configuration and what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Its place in the sweep, row-major.
    pub index: usize,
    /// The index of its value on each axis.
    pub coordinates: Vec<usize>,
    /// What the sweep set in it, pointer by pointer.
    pub settings: IndexMap<String, serde_json::Value>,
    /// Whether it could be computed.
    pub status: CellStatus,
    /// How many replications it rests on.
    pub replications: u32,
    /// The measured window of each replication, in simulated seconds.
    pub window_s: f64,
    /// What was cut off before it, in simulated seconds.
    pub warmup_s: f64,
    /// How the cut was found.
    pub warmup_rule: String,
    /// The metrics by name.
    pub metrics: IndexMap<String, Figure>,
    /// Whether every condition of the objective holds.
    pub slo_met: Option<bool>,
    /// The conditions that do not hold, by index into [`ResultFile::slo`].
    pub slo_missed: Vec<usize>,
    /// Where a task's time went.
    pub ledger: Vec<LedgerPart>,
    /// The same metrics by priority, class, role, model, provider.
    pub breakdowns: Vec<Breakdown>,
    /// What each station did.
    pub stations: Vec<StationResult>,
    /// Windows over time.
    pub series: Option<Series>,
    /// The share of tasks slower than a latency: (seconds, share), falling; of all replications together, without intervals:
    /// each quantile that is judged is a metric, which has one.
    pub latency_ccdf: Vec<(f64, f64)>,
    /// What the reader must know of this cell.
    pub flags: Vec<Flag>,
}

/// Whether a cell could be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CellStatus {
    /// It was.
    Done,
    /// The simulation of it failed.
    Failed(String),
}

/// A number with its interval, or the reason why it has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// The estimate; absent when nothing was seen.
    pub value: Option<f64>,
    /// The lower end of the interval.
    pub low: Option<f64>,
    /// The upper end of the interval.
    pub high: Option<f64>,
    /// How the interval was made.
    pub method: String,
    /// Replications used.
    pub replications: u32,
    /// Why there is no interval, or whether the precision asked for was reached.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// One part of a task's time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerPart {
    /// Its name: `provider`, `rate-limit wait`.
    pub part: String,
    /// Its mean over all tasks, in seconds.
    pub mean_s: Figure,
    /// Its mean over the slowest 1 % of the tasks of all replications together, in seconds.
    pub slowest_s: Figure,
}

/// The tasks that share one value of a dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Breakdown {
    /// `priority`, `class`, `role`, `model`, `provider`.
    pub dimension: String,
    /// Its value.
    pub value: String,
    /// `rate_per_s` (for `provider` and `model` of calls), `latency_mean_s`, `latency_p99_s`, `error_share`,
    /// `cost_usd_per_task`, `quality_mean`; one that means nothing here is absent.
    pub metrics: IndexMap<String, Figure>,
}

/// What one station did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StationResult {
    /// Its name.
    pub name: String,
    /// Metrics by name: `utilisation`, `wait_mean_s`, `wait_p99_s`, `queue_mean`, `number_mean`, `throughput_per_s` …
    pub metrics: IndexMap<String, Figure>,
}

/// Values over time, one row a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// The length of a window, in seconds.
    pub window_s: f64,
    /// Columns by name: `issued_per_s`, `completed_per_s`, `failed_per_s`, `latency_p50_s`, `latency_p99_s`, `queue`, `in_flight`, `agents`, `limited_per_s`, `mode`, `cost_usd_per_s` …
    pub columns: IndexMap<String, Vec<Option<f64>>>,
    /// Half the width of the interval of each value of a column: what a curve's band is drawn from. A column that is not
    /// in here has no intervals.
    #[serde(skip_serializing_if = "IndexMap::is_empty", default)]
    pub half_widths: IndexMap<String, Vec<Option<f64>>>,
    /// How intervals were made, and why some columns have none.
    #[serde(default)]
    pub method: String,
    /// The faults that the first replication saw, planned or by chance, in the order of their beginnings.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub faults: Vec<FaultSpan>,
    /// What followed from failures in the first replication, in the order of their beginnings.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub episodes: Vec<Episode>,
    /// Faults and episodes of the first replication that are not listed, for want of room.
    #[serde(skip_serializing_if = "is_none", default)]
    pub untold: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// From a failure, or what somebody did about it, to what ended it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Episode {
    /// Whom it is about: `failover postgres`, `open breaker llm`, `tasks touched`.
    pub of: String,
    /// When it began, in simulated seconds.
    pub start_s: f64,
    /// When it was noticed by whoever does something about it.
    pub noticed_s: Option<f64>,
    /// When it was over; absent when it was not by the end of the run.
    pub end_s: Option<f64>,
    /// What was done meanwhile, and when: `decided`, `postgres-b promoted`.
    pub steps: Vec<(String, f64)>,
}

/// A time in which something went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultSpan {
    /// What went wrong, and where: `errors, anthropic`.
    pub label: String,
    /// When it began, in simulated seconds.
    pub start_s: f64,
    /// When it ended, in simulated seconds: with the run where it had not, and at its beginning where it does not last.
    pub end_s: f64,
}

/// A figure that the model uses, and how far it can be trusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assumption {
    /// Where it stands in the merged experiment, as a JSON pointer.
    pub path: String,
    /// Its value.
    pub value: serde_json::Value,
    /// `published`, `measured`, `calibrated`, `assumed`, or `set here`.
    pub mark: String,
    /// Where it comes from.
    pub source: String,
    /// A remark.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// Something to know before trusting a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flag {
    /// A stable word: `extrapolated`, `unfinished`, `run-too-short`, `never-acts`, `limit-exhausts`.
    pub code: String,
    /// The remark in a sentence.
    pub text: String,
    /// Whether it puts the numbers in doubt, or merely informs.
    pub severity: Severity,
}

/// How much a flag matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Puts a number in doubt.
    Warning,
}

/// An assumed figure at half and at double.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sensitivity {
    /// What was changed, in words.
    pub label: String,
    /// Its pointers.
    pub paths: Vec<String>,
    /// The cell it was changed in.
    pub cell: usize,
    /// One row a factor.
    pub rows: Vec<SensitivityRow>,
}

/// One factor of a sensitivity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SensitivityRow {
    /// 0.5, 1 or 2.
    pub factor: f64,
    /// The value it gives, as text.
    pub value: String,
    /// The headline metrics by name.
    pub metrics: IndexMap<String, Figure>,
    /// Whether the objective holds.
    pub slo_met: Option<bool>,
    /// Set when this row could not be computed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failed: Option<String>,
}
