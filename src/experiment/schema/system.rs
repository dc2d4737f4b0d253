//! The mirror of a system: stations, agents, providers, models and caches by name.

use super::failover::SessionRecoverySpec;
use super::homes::Homes;
use super::index::IndexSpec;
use super::node::NodeSpec;
use super::region::RegionSpec;
use super::route::Step;
use super::sockets::SocketsSpec;
use super::start::StartSpec;
use super::station::{FailureSpec, OnLimit, PeakSpec, Servers, SlowdownSpec, StationSpec, TimeoutsSpec};
use crate::model::distribution::Law;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::admission::AdmissionSpec;
use tars_policy::balance::BalanceSpec;
use tars_policy::cache::CacheSpec;
use tars_policy::dispatch::DispatchSpec;
use tars_policy::layers::LayersSpec;
use tars_policy::limiter::LimiterSpec;
use tars_policy::pool::{HealthCheck, WarmPlan};
use tars_policy::queue::QueueSpec;
use tars_policy::semantic::SemanticSpec;
use tars_policy::units::{Span, TokenPrice};

/// What serves the load.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SystemSpec {
    /// Plain stations, by name.
    pub stations: IndexMap<String, StationSpec>,
    /// Pools of agents, by name.
    pub pools: IndexMap<String, PoolSpec>,
    /// Indexes that are dealt out to shards by tenant, by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub indexes: IndexMap<String, IndexSpec>,
    /// LLM providers, by name.
    pub providers: IndexMap<String, ProviderSpec>,
    /// LLM models and what they can do, by name.
    pub models: IndexMap<String, ModelSpec>,
    /// Caches, by name.
    pub caches: IndexMap<String, CacheStoreSpec>,
    /// Runtime processes, by name.
    pub nodes: IndexMap<String, NodeSpec>,
    /// Regions, by name.
    pub regions: IndexMap<String, RegionSpec>,
    /// The routes that tasks take, by name.
    pub routes: IndexMap<String, Vec<Step>>,
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
    /// Containers prepared for each group by itself, in order and by the time of day, instead of `warm_pool`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_plan: Option<WarmPlan>,
    /// Whether an agent leaves after one task and a fresh one is started in its place.
    #[serde(default)]
    pub replace_on_use: bool,
    /// How crashed agents are found and started again; they are at once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
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
    /// The processes that its agents live in, by their name under `system.nodes`, or a list of names; no process's heap
    /// and collections touch them when left out. Agents are dealt out to all of them in turn, by their `weight`.
    #[serde(default, skip_serializing_if = "Homes::is_empty")]
    pub nodes: Homes,
    /// How sessions outlive its agents; they are lost with them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<SessionRecoverySpec>,
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
    /// From nothing to ready: a span, or its parts by name, which follow one another.
    #[serde(default)]
    pub cold_start: Option<StartSpec>,
    /// From the warm pool to ready, likewise.
    #[serde(default)]
    pub warm_start: Option<StartSpec>,
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
    /// Connections that its callers keep; any number, at no cost, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sockets: Option<SocketsSpec>,
    /// The share of calls that are never answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<TimeoutsSpec>,
    /// Hours of the day at which calls take longer.
    #[serde(default)]
    pub peaks: Vec<PeakSpec>,
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
    /// Added for each prompt token that the provider has kept from earlier calls (`prompt_cache` of an `llm` step), in
    /// place of `per_input_token`; nothing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_cached_input_token: Option<Span>,
    /// From the call to its first token, of which streamed answers make use; never longer than the call. Left out, it is
    /// all of the call that does not grow with the generated tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token: Option<Law<Span>>,
    /// The price of prompt tokens.
    pub input_usd_per_million_tokens: TokenPrice,
    /// The price of prompt tokens that the provider has kept from earlier calls; that of others when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_usd_per_million_tokens: Option<TokenPrice>,
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
    /// A store of exact keys: its size and how entries age. A cache is this, or has `layers`, or is `semantic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<CacheSpec>,
    /// Stores of exact keys, small and near ones in front of large and far ones, each with the time of its looks. Those of
    /// an agent or a node begin empty with it and are lost with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<LayersSpec>,
    /// A store that also answers questions that are much like those it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic: Option<SemanticStoreSpec>,
    /// The popularity of keys: a law over key numbers. Left out, each user has one: what is kept of a session, such as
    /// its last checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Law<f64>>,
    /// How large an entry is, in bytes.
    #[serde(default = "one_byte")]
    pub entry_bytes: u64,
    /// How long a look into the `store` takes; `layers` and `semantic` state their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Law<Span>>,
    /// The accuracy of an answer from the cache, as a share of the model's.
    #[serde(default = "super::one")]
    pub accuracy_share: f64,
}

/// A cache that also answers questions that are much like those it knows. The keys are questions; neighbours in number
/// are about the same topic, and questions of different topics are not similar at all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SemanticStoreSpec {
    /// Its size and how entries age, the least similarity, what looks cost in time and money, and how often answers are
    /// wrong or outdated; those count as not right.
    #[serde(default)]
    pub rule: SemanticSpec,
    /// How many questions are about the same topic, at least 1.
    pub questions_per_topic: u32,
    /// How similar a question is to the others of its topic: a law over 0 to 1.
    pub similarity: Law<f64>,
}

/// The smallest entry.
fn one_byte() -> u64 {
    1
}
