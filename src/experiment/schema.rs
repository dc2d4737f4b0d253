//! The mirror of an experiment file: what JSON may say, before names are resolved and sense is checked.
//!
//! Units are visible: a span is a string (`"250ms"`), any other quantity ends its key in its unit. Choices are
//! externally tagged. Any object may hold a `"note"`; it is dropped before these types are read.

use crate::model::distribution::Law;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::admission::AdmissionSpec;
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::balance::BalanceSpec;
use tars_policy::breaker::BreakerSpec;
use tars_policy::cache::CacheSpec;
use tars_policy::degrade::DegradeSpec;
use tars_policy::dispatch::DispatchSpec;
use tars_policy::limiter::LimiterSpec;
use tars_policy::queue::{Priority, QueueSpec};
use tars_policy::retry::RetrySpec;
use tars_policy::route::RouteSpec;
use tars_policy::units::{Span, TimePrice, TokenPrice};

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

/// The load: classes of tasks, and clients that submit them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSpec {
    /// Kinds of tasks, by name.
    pub classes: IndexMap<String, ClassSpec>,
    /// Sources of tasks, by name.
    pub clients: IndexMap<String, ClientSpec>,
}

/// A kind of task.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClassSpec {
    /// The route it takes; may be left out where the system has only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Its priority in queues that rank.
    pub priority: Priority,
    /// The role of the agent it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Prompt tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<Law<f64>>,
    /// Generated tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<Law<f64>>,
    /// Complexity on `[0, 1]`, for routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexity: Option<Law<f64>>,
    /// How long after its submission a task is still worth starting; queues that drop expired work use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Span>,
}

/// A source of tasks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// When it submits.
    pub load: LoadSpec,
    /// The weights of the classes it submits; may be left out where there is only one class.
    #[serde(default)]
    pub mix: IndexMap<String, f64>,
    /// How long it waits for an answer before it gives up; the work goes on, wasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// How it resubmits what was refused, failed or timed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetrySpec>,
    /// Which outcomes it resubmits.
    #[serde(default = "ClientSpec::default_retry_on")]
    pub retry_on: Vec<RetryOn>,
}

impl ClientSpec {
    fn default_retry_on() -> Vec<RetryOn> {
        vec![RetryOn::Refused]
    }
}

/// An outcome that a client may resubmit after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// 429 or 503 at the gateway.
    Refused,
    /// The task failed inside.
    Failed,
    /// The client's own timeout fired.
    TimedOut,
}

/// When a client submits.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum LoadSpec {
    /// Users that submit, wait for the answer, think, and submit again.
    Closed(ClosedLoad),
    /// Arrivals that do not wait for answers.
    Open(Arrivals),
    /// The requests of a recorded trace, at their recorded times.
    Trace(TraceLoad),
    /// Recorded sessions of calls with gaps between them, replayed.
    Sessions(SessionLoad),
}

/// A closed loop of users.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedLoad {
    /// How many users.
    pub users: u32,
    /// The pause between an answer and the next submission; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think_time: Option<Law<Span>>,
    /// Whether users start with a think time (true) or with a submission (false).
    #[serde(default)]
    pub start_thinking: bool,
    /// Users start evenly over this span, in index order; all at once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_spread: Option<Span>,
    /// How many tasks each user submits; no end when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks_per_user: Option<u64>,
}

/// Arrivals that do not wait for answers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Arrivals {
    /// Independent arrivals at a constant rate.
    Poisson {
        /// Mean arrivals per second.
        rate_per_s: f64,
    },
    /// Independent intervals of any law.
    Renewal {
        /// The law of the interval.
        interval: Law<Span>,
        /// Scales the law so that this is the mean rate; the law's own mean when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate_per_s: Option<f64>,
    },
    /// Poisson arrivals whose rate follows points in time.
    Piecewise {
        /// The points, in order of time; the first at `0s`.
        points: Vec<RatePoint>,
        /// How the rate goes from one point to the next.
        #[serde(default)]
        interpolation: RateInterpolation,
        /// Whether the last point's time is a period after which the pattern starts again.
        #[serde(default)]
        repeat: bool,
        /// Scales every rate.
        #[serde(default = "one")]
        factor: f64,
    },
    /// Poisson arrivals whose rate is a sine wave.
    Sinusoidal {
        /// The mean rate per second.
        mean_rate_per_s: f64,
        /// The amplitude as a share of the mean, 0 to 1.
        amplitude_share: f64,
        /// The length of a wave.
        period: Span,
    },
    /// Poisson arrivals whose rate jumps between states.
    Mmpp {
        /// The states; the next one is the next in the list, cyclically.
        states: Vec<MmppState>,
        /// Scales every rate so that this is the mean rate; their own mean when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate_per_s: Option<f64>,
    },
    /// Several tasks at once.
    Batches {
        /// The law of the interval between batches.
        interval: Law<Span>,
        /// The law of a batch's size, rounded, at least one.
        size: Law<f64>,
    },
    /// Tasks at stated times.
    Scheduled {
        /// The times, in order.
        times: Vec<Span>,
    },
}

/// The factor that changes nothing.
fn one() -> f64 {
    1.0
}

/// A rate at a time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatePoint {
    /// When, since the start.
    pub at: Span,
    /// The rate from there on.
    pub rate_per_s: f64,
}

/// How a rate goes from one point to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateInterpolation {
    /// It stays until the next point.
    #[default]
    Step,
    /// It moves on a straight line.
    Linear,
}

/// A state of a Markov-modulated Poisson process.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MmppState {
    /// The rate while in it.
    pub rate_per_s: f64,
    /// The mean of its exponential stay.
    pub mean_stay: Span,
}

/// A recorded trace of requests.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceLoad {
    /// The file: CSV or JSONL, `.gz` allowed; `data:` in front means the folder of public traces.
    pub file: String,
    /// The column of the arrival time.
    pub time: TimeColumn,
    /// The column of prompt tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<String>,
    /// The column of generated tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<String>,
    /// The column of the service time, for stations with `service_from_trace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<TimeColumn>,
    /// Replays this many times faster.
    #[serde(default = "one")]
    pub speed: f64,
    /// Takes only the first so many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_max: Option<u64>,
}

/// A column that holds times.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeColumn {
    /// Its name.
    pub column: String,
    /// How its text is read.
    pub unit: TimeUnit,
}

/// How a time is written in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds, decimals allowed.
    S,
    /// Milliseconds, decimals allowed.
    Ms,
    /// `2023-11-16 18:17:03.9799600`, counted from the first row.
    Datetime,
}

/// Recorded sessions of calls.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionLoad {
    /// The file of calls: CSV or JSONL, `.gz` allowed.
    pub calls: String,
    /// The file of sessions, which gives their order and whole length.
    pub sessions: String,
    /// The columns that name a session, in both files.
    pub key: Vec<String>,
    /// Only rows whose columns have these values; columns that a file lacks are passed over.
    #[serde(default)]
    pub only: IndexMap<String, String>,
    /// The column of a call's start since its session's start.
    pub start: TimeColumn,
    /// The column of a call's length.
    pub length: TimeColumn,
    /// The column of a session's whole length, in the file of sessions.
    pub session_length: TimeColumn,
}

/// What serves the load.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SystemSpec {
    /// Plain stations, by name.
    pub stations: IndexMap<String, StationSpec>,
    /// Pools of agents, by name.
    pub pools: IndexMap<String, PoolSpec>,
    /// LLM providers, by name.
    pub providers: IndexMap<String, ProviderSpec>,
    /// LLM models and what they can do, by name.
    pub models: IndexMap<String, ModelSpec>,
    /// Caches, by name.
    pub caches: IndexMap<String, CacheStoreSpec>,
    /// The routes that tasks take, by name.
    pub routes: IndexMap<String, Vec<Step>>,
}

/// How many servers: a number, or `"infinite"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Servers {
    /// So many.
    Count(u32),
    /// Nobody ever waits.
    Infinite,
}

impl Serialize for Servers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Infinite => serializer.serialize_str("infinite"),
        }
    }
}

impl<'de> Deserialize<'de> for Servers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Servers;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number of servers or \"infinite\"")
            }
            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Servers, E> {
                u32::try_from(count)
                    .map(Servers::Count)
                    .map_err(|_| E::custom("more than four billion servers"))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Servers, E> {
                if text == "infinite" {
                    return Ok(Servers::Infinite);
                }
                Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Servers {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Servers".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "How many servers: a number, or \"infinite\"",
            "anyOf": [{"type": "integer", "minimum": 0}, {"const": "infinite"}]
        })
    }
}

/// Anything that serves.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StationSpec {
    /// How many are served at once.
    pub servers: Servers,
    /// The law of a service; nothing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Law<Span>>,
    /// Added to a service for each prompt token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_input_token: Option<Span>,
    /// Added to a service for each generated token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_output_token: Option<Span>,
    /// Adds the service time that the trace holds for the task.
    #[serde(default)]
    pub service_from_trace: bool,
    /// Who is served next, and whether service is shared or interrupted.
    #[serde(default)]
    pub discipline: Discipline,
    /// How many may be there at once, counting those in service; no limit when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Caps, overflow and dropping rules of the waiting line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueSpec>,
    /// Limits on the rate of admission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limiter: Option<LimiterSpec>,
    /// What happens to a call over the limit.
    #[serde(default)]
    pub on_limit: OnLimit,
    /// The speed of the whole station by the number in it: the first entry with one, the last with that many or
    /// more. Only for processor sharing; 1 when left out.
    #[serde(default)]
    pub speed_by_number: Vec<f64>,
    /// Service that slows down with the number in service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowdown: Option<SlowdownSpec>,
    /// The share of services that fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureSpec>,
    /// A setup before the first service after the station was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Law<Span>>,
    /// Times of working and of repair; service is interrupted and resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<BreakdownSpec>,
    /// Where the time in service stands in a task's ledger.
    #[serde(default)]
    pub kind: StationKind,
}

/// Who is served next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discipline {
    /// First come, first served.
    #[default]
    Fifo,
    /// Last come, first served, without interruption.
    Lifo,
    /// Any of the waiting, with equal chance.
    Random,
    /// The highest priority first, without interruption; first come within a priority.
    Priority,
    /// The highest priority first; a higher one interrupts, the interrupted resumes where it was.
    PreemptivePriority,
    /// All are served at once and share the servers.
    ProcessorSharing,
}

/// What happens to a call over the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnLimit {
    /// It waits in line until the limit lets it through; the first in line holds up the rest.
    Wait,
    /// It is refused with 429 and the time after which it would have been let through.
    #[default]
    Reject,
}

/// Where the time in service stands in a task's ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StationKind {
    /// A service.
    #[default]
    Service,
    /// A tool.
    Tool,
    /// A coordinator in front of agents.
    Coordinator,
    /// Files.
    File,
    /// A network.
    Network,
}

/// Service that slows down with the number in service, n: with x = max(0, n / deployments − `starts_above`) / `scale`
/// a service takes (1 + `factor` · x^`exponent`) times its own time, plus `added` · x^`exponent`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowdownSpec {
    /// The number in service, per deployment, up to which nothing slows down.
    pub starts_above: f64,
    /// The number in service that counts as one.
    pub scale: f64,
    /// What the own time is stretched by at x = 1.
    pub factor: f64,
    /// How the slowdown bends.
    pub exponent: f64,
    /// What is added at x = 1.
    #[serde(default)]
    pub added: Option<Span>,
    /// How many equal deployments share the load evenly.
    #[serde(default = "one_deployment")]
    pub deployments: u32,
    /// A rare long delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<TailSpec>,
    /// The number in service, per deployment, up to which the law was calibrated; beyond it results are extrapolated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated_to: Option<u32>,
}

/// A single deployment.
fn one_deployment() -> u32 {
    1
}

/// A rare long delay: with probability `share` · max(0, n / deployments − `starts_above`) / `scale` an exponential delay is added.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TailSpec {
    /// The number in service up to which there is none.
    pub starts_above: f64,
    /// The number in service that counts as one.
    pub scale: f64,
    /// Its probability at one.
    pub share: f64,
    /// Its mean.
    pub mean: Span,
}

/// The share of services that fail: `share` + `rise` · (1 − exp(−max(0, n / deployments − `starts_above`) / `scale`)).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureSpec {
    /// The share without load.
    pub share: f64,
    /// What load adds at most.
    #[serde(default)]
    pub rise: f64,
    /// The number in service up to which load adds nothing.
    #[serde(default)]
    pub starts_above: f64,
    /// How fast it rises with the number in service.
    #[serde(default = "one")]
    pub scale: f64,
    /// Whether a caller may try again.
    #[serde(default)]
    pub retryable: bool,
}

/// Times of working and of repair.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakdownSpec {
    /// The law of a time of working.
    pub up: Law<Span>,
    /// The law of a repair.
    pub down: Law<Span>,
    /// What breaks.
    #[serde(default)]
    pub of: BreakdownOf,
}

/// What breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakdownOf {
    /// The whole station at once.
    #[default]
    Station,
    /// Each server by itself.
    EachServer,
}

/// A pool of agents.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolSpec {
    /// Agents that are alike, by name.
    pub groups: IndexMap<String, GroupSpec>,
    /// The queue in front of it.
    #[serde(default)]
    pub queue: QueueSpec,
    /// What the gateway refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<AdmissionSpec>,
    /// How queued tasks reach agents.
    #[serde(default)]
    pub dispatch: DispatchSpec,
    /// Which agent of a group takes a task.
    #[serde(default)]
    pub balance: BalanceSpec,
    /// Agents kept warm in reserve.
    #[serde(default)]
    pub warm_pool: u32,
    /// Spawns an agent when the queue is deeper than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lazy_spawn_above: Option<u32>,
    /// Agents idle for longer are retired, down to the autoscaler's minimum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ttl: Option<Span>,
    /// Agents older than this are retired once they are idle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifespan: Option<Span>,
    /// Whether agents are ready at the start, or start cold.
    #[serde(default = "yes")]
    pub ready_at_start: bool,
    /// The heap at which the memory share is one, in MB; with `heap_mb_per_task` it feeds memory rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap: Option<HeapSpec>,
}

/// Yes.
fn yes() -> bool {
    true
}

/// A heap that grows with the tasks in it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeapSpec {
    /// Its size in megabytes.
    pub size_mb: f64,
    /// In use without tasks.
    pub base_mb: f64,
    /// In use for each task in the pool, queued or running.
    pub per_task_mb: f64,
}

/// Agents that are alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// How many at the start.
    pub agents: u32,
    /// The model they call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The roles they take; all when empty.
    #[serde(default)]
    pub roles: Vec<String>,
    /// How many tasks one carries at once.
    #[serde(default = "one_task")]
    pub tasks_per_agent: u32,
    /// From nothing to ready.
    #[serde(default)]
    pub cold_start: Option<Span>,
    /// From the warm pool to ready.
    #[serde(default)]
    pub warm_start: Option<Span>,
}

/// One task at a time.
fn one_task() -> u32 {
    1
}

/// A provider of LLM calls.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderSpec {
    /// The models it offers, by name.
    pub models: IndexMap<String, OfferSpec>,
    /// Its rate limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limiter: Option<LimiterSpec>,
    /// What happens to a call over the limit.
    #[serde(default)]
    pub on_limit: OnLimit,
    /// How long a refusal takes to come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal_delay: Option<Span>,
    /// How many calls at once.
    #[serde(default = "infinite")]
    pub concurrency: Servers,
    /// Calls that slow down with the number in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowdown: Option<SlowdownSpec>,
    /// The share of calls that fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureSpec>,
}

/// No limit on servers.
fn infinite() -> Servers {
    Servers::Infinite
}

/// A model as a provider offers it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferSpec {
    /// The law of a call's latency.
    pub latency: Law<Span>,
    /// Added for each prompt token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_input_token: Option<Span>,
    /// Added for each generated token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_output_token: Option<Span>,
    /// The price of prompt tokens.
    pub input_usd_per_million_tokens: TokenPrice,
    /// The price of generated tokens.
    pub output_usd_per_million_tokens: TokenPrice,
}

/// What a model can do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The share of its answers that are right.
    pub accuracy: f64,
}

/// A cache that tasks look into.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheStoreSpec {
    /// Its size and how entries age.
    pub store: CacheSpec,
    /// The popularity of keys: a law over key numbers.
    pub keys: Law<f64>,
    /// How large an entry is, in bytes.
    #[serde(default = "one_byte")]
    pub entry_bytes: u64,
    /// How long a look takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Law<Span>>,
    /// The accuracy of an answer from the cache, as a share of the model's.
    #[serde(default = "one")]
    pub accuracy_share: f64,
}

/// The smallest entry.
fn one_byte() -> u64 {
    1
}

/// One step of a route.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Step {
    /// Time passes; nobody is occupied.
    Delay(DelayStep),
    /// A call of a station.
    Visit(VisitStep),
    /// An agent of a pool is held while the inner steps run.
    Agent(AgentStep),
    /// A call of an LLM provider.
    Llm(LlmStep),
    /// A look into a cache; the steps of a miss run only on a miss, and then the entry is stored.
    Cache(CacheStep),
    /// One of several ways, by probability; what is missing to one goes on with the next step.
    Choose(Vec<Choice>),
    /// The inner steps several times.
    Loop(LoopStep),
    /// Branches at once.
    Parallel(ParallelStep),
    /// One of several ways, by a balance policy.
    Spread(SpreadStep),
    /// The inner steps only where a feature is on (degradation switches features off).
    Feature(FeatureStep),
    /// Goes on with another route and does not come back.
    Go(String),
    /// Replays the calls of the task's recorded session at a station.
    ReplayCalls(ReplayStep),
}

/// Time passes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelayStep {
    /// Its law.
    pub time: Law<Span>,
    /// Where it stands in the ledger.
    #[serde(default = "network")]
    pub kind: StationKind,
}

/// A delay is the network's unless it says otherwise.
fn network() -> StationKind {
    StationKind::Network
}

/// A call of a station.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitStep {
    /// Which station.
    pub station: String,
    /// The law of this service; the station's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Law<Span>>,
    /// How long it waits in line before it gives up; waiting only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Law<Span>>,
    /// How long an attempt may take in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// The retry policy, by its name under `policies.retries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// The breaker, by its name under `policies.breakers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<String>,
}

/// An agent is held while the inner steps run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentStep {
    /// Which pool.
    pub pool: String,
    /// What the agent does.
    pub steps: Vec<Step>,
}

/// A call of an LLM provider.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmStep {
    /// Which provider.
    pub provider: String,
    /// Which model; the agent's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<RouteSpec>,
    /// How long an attempt may take; the degradation mode may shorten it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// The retry policy, by its name under `policies.retries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// The breaker, by its name under `policies.breakers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<String>,
}

/// A look into a cache.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheStep {
    /// Which cache.
    pub cache: String,
    /// What a miss takes.
    #[serde(default)]
    pub miss: Vec<Step>,
    /// What a hit takes.
    #[serde(default)]
    pub hit: Vec<Step>,
}

/// One of several ways.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// How likely it is.
    pub probability: f64,
    /// What it takes.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// The inner steps several times.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoopStep {
    /// How often: a law of counts, rounded down to a whole number.
    pub count: Law<f64>,
    /// What is repeated.
    pub steps: Vec<Step>,
}

/// Branches at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParallelStep {
    /// The branches.
    pub branches: Vec<Vec<Step>>,
    /// When it goes on.
    #[serde(default)]
    pub join: JoinSpec,
}

/// When parallel branches are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinSpec {
    /// When all have finished.
    #[default]
    All,
    /// When one has finished; the others are cancelled.
    First,
}

/// One of several ways, by a balance policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpreadStep {
    /// How the way is chosen.
    pub by: SpreadBy,
    /// The ways.
    pub branches: Vec<Vec<Step>>,
}

/// How a way is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpreadBy {
    /// In turn.
    RoundRobin,
    /// With equal chance.
    Random,
}

/// Steps that degradation may switch off.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureStep {
    /// The feature's name.
    pub name: String,
    /// What it takes.
    pub steps: Vec<Step>,
}

/// Replays recorded calls.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayStep {
    /// The station called.
    pub station: String,
}

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

/// What the system costs besides tokens.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostSpec {
    /// What an agent costs while it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_usd_per_hour: Option<TimePrice>,
    /// What the rest costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_usd_per_hour: Option<TimePrice>,
}

/// How long, how often and how precisely.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureSpec {
    /// The simulated length of a replication.
    pub duration: Span,
    /// What is cut off its start.
    #[serde(default)]
    pub warmup: WarmupSpec,
    /// Whether a steady state is measured, or a story with a beginning and an end.
    #[serde(default)]
    pub mode: MeasureMode,
    /// How long tasks that arrived in time are followed after the end; as long as the duration when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Span>,
    /// How many replications.
    #[serde(default)]
    pub replications: ReplicationSpec,
    /// When to stop replicating. Left out where the number of replications is open (`min` below `max`), it is
    /// `latency_mean_s` to 2 %, `latency_p99_s` to 5 % and `error_share` to half a percentage point.
    #[serde(default)]
    pub precision: Vec<PrecisionSpec>,
    /// The confidence of intervals.
    #[serde(default = "usual_confidence")]
    pub confidence: f64,
    /// The master seed.
    #[serde(default)]
    pub seed: u64,
    /// How many windows a time series has.
    #[serde(default = "usual_windows")]
    pub windows: u32,
}

/// The usual confidence.
fn usual_confidence() -> f64 {
    0.95
}

/// The usual number of windows.
fn usual_windows() -> u32 {
    60
}

/// What is cut off the start of a run: `"auto"`, or a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WarmupSpec {
    /// Found by pilot replications and MSER-5.
    #[default]
    Auto,
    /// So long.
    Span(Span),
}

impl Serialize for WarmupSpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Span(span) => span.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for WarmupSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse().map(Self::Span).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for WarmupSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Warmup".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let span = generator.subschema_for::<Span>();
        schemars::json_schema!({
            "description": "What is cut off the start: \"auto\", or a span",
            "anyOf": [{"const": "auto"}, span]
        })
    }
}

/// Whether a steady state is measured, or a story with a beginning and an end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasureMode {
    /// A steady state: the warm-up is cut off, arrivals go on while the last tasks finish.
    #[default]
    Steady,
    /// A story: nothing is cut off, submissions stop at the end, and what is left is followed.
    Terminating,
}

/// How many replications.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicationSpec {
    /// At least.
    pub min: u32,
    /// At most; more than the least only until the precision is reached.
    pub max: u32,
}

impl Default for ReplicationSpec {
    fn default() -> Self {
        Self { min: 20, max: 20 }
    }
}

/// A precision that a metric must reach. Without `relative` and `absolute` it is the usual one: 2 % for means and
/// rates, 5 % for quantiles, half a percentage point for shares.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrecisionSpec {
    /// Which metric.
    pub metric: String,
    /// The half-width as a share of the estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// The half-width in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute: Option<f64>,
}

/// What is asked of the system.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SloSpec {
    /// The 99th percentile of latency, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p99: Option<Span>,
    /// The 95th percentile of latency, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p95: Option<Span>,
    /// The mean latency, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_mean: Option<Span>,
    /// The share of tasks that did not end well, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_share_max: Option<f64>,
    /// The mean quality of answers, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_min: Option<f64>,
    /// The cost of 1,000 completed tasks, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd_per_1000_tasks_max: Option<f64>,
    /// Good answers per second, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goodput_per_s_min: Option<f64>,
}

/// An assumed figure to show at half and double.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivitySpec {
    /// What it is, in words.
    pub label: String,
    /// The pointers of the figure; each is multiplied.
    pub paths: Vec<String>,
    /// The factors; half and double when left out.
    #[serde(default = "half_and_double")]
    pub factors: Vec<f64>,
}

/// The usual factors of a sensitivity.
fn half_and_double() -> Vec<f64> {
    vec![0.5, 2.0]
}
