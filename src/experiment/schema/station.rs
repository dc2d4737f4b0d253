//! The mirror of a plain station: servers, a line in front of them, and how service slows down, fails and breaks.

use super::sockets::SocketsSpec;
use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::limiter::LimiterSpec;
use tars_policy::queue::QueueSpec;
use tars_policy::units::Span;

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
    /// The share of services that are never answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<TimeoutsSpec>,
    /// Hours of the day at which services take longer.
    #[serde(default)]
    pub peaks: Vec<PeakSpec>,
    /// A setup before the first service after the station was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Law<Span>>,
    /// Times of working and of repair; service is interrupted and resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<BreakdownSpec>,
    /// Where the time in service stands in a task's ledger.
    #[serde(default)]
    pub kind: StationKind,
    /// Connections that its callers keep; any number, at no cost, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sockets: Option<SocketsSpec>,
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
    #[serde(default = "super::one")]
    pub scale: f64,
    /// Whether a caller may try again.
    #[serde(default)]
    pub retryable: bool,
}

/// Services that are never answered: they hold their server until they are given up, and fail as timed out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeoutsSpec {
    /// The share of services, 0 to 1.
    pub share: f64,
    /// After how long they are given up.
    pub after: Span,
}

/// Hours of each day at which services take longer. A run begins at midnight.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeakSpec {
    /// From when on services that begin take longer: after midnight, below a day.
    pub from: Span,
    /// From when on they do no more: above `from`, at most a day.
    pub until: Span,
    /// How many times as long they take, at least 1.
    pub factor: f64,
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
    /// How many working servers it takes for the station to count as available (`available_share`).
    #[serde(default = "one_server")]
    pub needs: u32,
}

/// Any working server.
fn one_server() -> u32 {
    1
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
