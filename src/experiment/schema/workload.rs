//! The mirror of a workload: classes of tasks, and the clients that submit them.

use crate::model::distribution::Law;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::queue::Priority;
use tars_policy::retry::RetrySpec;
use tars_policy::units::Span;

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
    /// The popularity of its users: a law over their numbers, such as `{"zipf": {"exponent": 1.1, "items": 10000}}`, that
    /// says whose each task is. What is sharded goes by the user. For arrivals that do not wait for answers; the users of
    /// a closed loop are told apart anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Law<f64>>,
    /// The weights of the regions that its tasks come from.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub regions: IndexMap<String, f64>,
    /// Whether all tasks of a user come from one region, and leave the user's state where they were served last.
    #[serde(default)]
    pub pinned: bool,
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
    /// Users come so long after the start; at once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_after: Option<Span>,
    /// Users submit nothing more from this time on, which is after they come; they stay when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_after: Option<Span>,
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
        #[serde(default = "super::one")]
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
    #[serde(default = "super::one")]
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
