//! The mirror of a route: the steps that a task takes.

use super::failover::{AccessSpec, CheckpointStep, TryStep};
use super::station::StationKind;
use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::route::{HedgeSpec, RouteSpec};
use tars_policy::units::Span;

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
    /// A slot of a station is held while the inner steps run: a connection, a socket, a permit.
    Hold(HoldStep),
    /// A call of an LLM provider.
    Llm(LlmStep),
    /// A look into a cache; the steps of a miss run only on a miss, and then the entry is stored.
    Cache(CacheStep),
    /// Something that a cache holds is written where it comes from; the cache is told, or not.
    Write(WriteStep),
    /// One of several ways, by probability; what is missing to one goes on with the next step.
    Choose(Vec<Choice>),
    /// The inner steps several times.
    Loop(LoopStep),
    /// Branches at once.
    Parallel(ParallelStep),
    /// One of several ways, by a balance policy.
    Spread(SpreadStep),
    /// The steps of the region that serves the task, by name: its own, or the nearest of the others while its own is known
    /// to be down. The task is in that region until it ends or comes to another `region` step.
    Region(indexmap::IndexMap<String, Vec<Step>>),
    /// The inner steps only where a feature is on (degradation switches features off).
    Feature(FeatureStep),
    /// What a session goes on from when its agent dies; see `recovery` of a pool.
    Checkpoint(CheckpointStep),
    /// Steps that are begun and not waited for: work in the background.
    Background(BackgroundStep),
    /// Steps, and others in their place where they fail: a fallback, or an answer without them.
    Try(TryStep),
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
    /// Which station, or which index (`system.indexes`): the shard there of the task's tenant.
    pub station: String,
    /// What a call of an index adds to the shard once it has been served; nothing when left out.
    #[serde(default)]
    pub adds_vectors: u32,
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
    /// Another copy of the call for one that does not answer; the first answer wins and the others are cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedge: Option<HedgeSpec>,
    /// Calls that go out as one, by their rule's name under `policies.batches`, such as writes to a disk. `timeout`,
    /// `retry` and `breaker` are then those of the shared call, whose time begins when the batch leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// What it wants of the failover (`policies.failovers`) that the station is a member of: the call goes to the member
    /// that is active then. Left out, it goes to this station whatever happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessSpec>,
}

/// A slot of a station is held while the inner steps run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldStep {
    /// Which station; its `service` is not used: the slot is held as long as the inner steps take.
    pub station: String,
    /// How long it waits in line before it gives up; waiting only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Law<Span>>,
    /// How long waiting and holding may take together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// The retry policy, by its name under `policies.retries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// What happens meanwhile.
    pub steps: Vec<Step>,
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
    /// Another copy of the call for one that does not answer; the first answer wins and the others are cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedge: Option<HedgeSpec>,
    /// Calls that go out as one, by their rule's name under `policies.batches`. `timeout`, `retry`, `breaker` and
    /// `fallback` are then those of the shared call, whose time begins when the batch leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Identical calls under way that are made once, by their rule's name under `policies.coalesce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coalesce: Option<String>,
    /// What the provider keeps of the prompts of this step, to take less for it when it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_cache: Option<PromptCacheSpec>,
    /// Whom to call when this call has failed for good, in order; one whose breaker is open is passed over.
    #[serde(default)]
    pub fallback: Vec<FallbackCall>,
}

/// Prompt caching: a provider keeps what the prompts of a step begin with, model by model. Tokens that it has kept cost
/// `cached_input_usd_per_million_tokens` and take `per_cached_input_token`; limits count them like others.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptCacheSpec {
    /// The share of a prompt's tokens that it begins with each time, 0 to 1.
    pub input_share: f64,
    /// How long it is kept after a call has come back; always when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Span>,
}

/// A call to fall back to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FallbackCall {
    /// Which provider.
    pub provider: String,
    /// Which model; the agent's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<RouteSpec>,
    /// How long an attempt may take.
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
    /// Whether the program asks if there is an entry before it takes it: then `update_age_on_has` of a plain cache counts.
    #[serde(default)]
    pub ask_first: bool,
    /// What a miss takes.
    #[serde(default)]
    pub miss: Vec<Step>,
    /// What a hit takes.
    #[serde(default)]
    pub hit: Vec<Step>,
}

/// Something that a cache holds is written where it comes from. It takes no time: say what it takes as other steps.
///
/// Hits on a copy that is older than the last write of what it is a copy of are told as `stale_hit_share`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteStep {
    /// Which cache.
    pub cache: String,
    /// What is written, a law over key numbers; as the cache is looked into when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Law<f64>>,
    /// What the cache does with its copy.
    #[serde(default)]
    pub copy: CopySpec,
}

/// What a cache does with its copy of what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CopySpec {
    /// It forgets it; layers as far as their `invalidation` reaches.
    #[default]
    Removed,
    /// It takes the new one, whether or not it had one; layers as their `on_write` says.
    Replaced,
    /// It is not told, and goes on giving the old one until that is too old.
    Kept,
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
    /// The branches, 1 to 255.
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
    /// The share of each way relative to the others; all alike when left out. Not for `round_robin` and `random`.
    #[serde(default)]
    pub weights: Vec<u32>,
    /// The ways.
    pub branches: Vec<Vec<Step>>,
}

/// How a way is chosen. The load of a way is the number of calls or tasks at the first station or pool that it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SpreadBy {
    /// In turn.
    RoundRobin,
    /// With equal chance.
    Random,
    /// In turn by weight, smoothly.
    Weighted,
    /// The smallest load for its weight; of equals, the first.
    LeastLoaded,
    /// The less loaded of two drawn at random.
    TwoChoices,
    /// The same user goes the same few ways (rendezvous hashing), the least loaded of them. A task whose client has no
    /// users is a user of its own.
    Rendezvous {
        /// How many ways share a user, 1 to 8.
        replicas: u32,
        /// No way takes more than this times its fair share of the load, rounded up; at least 1, no bound when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bound: Option<f64>,
    },
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

/// Steps that nobody waits for: they are begun, and the task goes on behind them. They take of stations and agents what
/// they take; how they end is nobody's. Such is the full checkpoint behind a write-ahead log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackgroundStep {
    /// What is begun. An agent that the task holds is not held here.
    pub steps: Vec<Step>,
}
