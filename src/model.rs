//! What is simulated, once it is known to be valid.
//!
//! A [`Model`] is made by [`crate::experiment`] alone: names are resolved to places in its lists, routes are laid out
//! as one flat program, every law and policy has been validated. The simulator reads it and changes nothing.

pub mod distribution;
pub mod failover;
pub mod fault;
pub mod index;
pub mod levels;
pub mod metric;
pub mod node;
mod precision;
pub mod region;
pub mod route;
pub mod sharing;
pub mod sockets;
pub mod trace;
pub mod workload;

use distribution::Law;
pub use precision::PrecisionGoal;
use route::Program;
use tars_policy::admission::AdmissionSpec;
use tars_policy::alert::AlertSpec;
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::breaker::BreakerSpec;
use tars_policy::cache::CacheSpec;
use tars_policy::degrade::DegradeSpec;
use tars_policy::dispatch::DispatchSpec;
use tars_policy::layers::LayersSpec;
use tars_policy::limiter::LimiterSpec;
use tars_policy::queue::{LaneMask, QueueSpec};
use tars_policy::retry::RetrySpec;
use tars_policy::semantic::SemanticSpec;
use tars_policy::units::{Span, TimePrice, TokenPrice};
use workload::{Class, Client};

/// One configuration, ready to be simulated.
#[derive(Clone, Debug)]
pub struct Model {
    /// Kinds of tasks.
    pub classes: Vec<Class>,
    /// Sources of tasks.
    pub clients: Vec<Client>,
    /// Everything that serves calls, providers included.
    pub stations: Vec<Station>,
    /// Pools of agents.
    pub pools: Vec<Pool>,
    /// LLM models by name and accuracy.
    pub models: Vec<LlmModel>,
    /// Roles by name.
    pub roles: Vec<String>,
    /// Caches.
    pub caches: Vec<CacheStore>,
    /// Runtime processes.
    pub nodes: Vec<node::NodeGroup>,
    /// Regions.
    pub regions: Vec<region::Region>,
    /// What goes wrong.
    pub faults: Vec<fault::Fault>,
    /// All routes as one program.
    pub program: Program,
    /// Retry policies by name.
    pub retries: Vec<(String, RetrySpec)>,
    /// Breakers by name.
    pub breakers: Vec<(String, BreakerSpec)>,
    /// Rules by which calls go out together.
    pub batches: Vec<sharing::Batching>,
    /// Rules by which identical calls are made once.
    pub coalescers: Vec<sharing::Coalescing>,
    /// Autoscalers.
    pub autoscalers: Vec<Autoscale>,
    /// Groups of stations of which one is active.
    pub failovers: Vec<failover::Failover>,
    /// Indexes that are dealt out to stations by tenant.
    pub indexes: Vec<index::Index>,
    /// Graceful degradation.
    pub degrade: Option<Degrade>,
    /// Degradation by the health of components.
    pub levels: Option<levels::Levels>,
    /// Alerts.
    pub alerts: Vec<AlertModel>,
    /// How it is measured.
    pub measure: Measure,
    /// What it costs besides tokens.
    pub cost: Cost,
    /// Limits of latency that count as good, when the objective names one.
    pub good_within: Option<Span>,
}

impl Model {
    /// Whether a controller may give up steps, models or calls.
    pub const fn degrades(&self) -> bool {
        self.degrade.is_some() || self.levels.is_some()
    }

    /// Whether any cache keeps answers that grow outdated.
    pub fn has_outdated_answers(&self) -> bool {
        self.caches.iter().any(|cache| match &cache.store {
            CacheKind::Semantic(semantic) => semantic.rule.outdated_after_mean.is_some(),
            CacheKind::Plain(_) | CacheKind::Layered(_) => false,
        })
    }

    /// Whether any answers are streamed.
    pub fn streams(&self) -> bool {
        self.nodes.iter().any(|group| group.streamed.is_some())
    }

    /// The accuracy of an answer as a share of its model's, in millionths, by where it came from: a cache, by place in
    /// [`caches`](Self::caches); behind those a batch, by place in [`batches`](Self::batches); behind those
    /// [a wrong answer](Self::wrong).
    pub fn faithfulness(&self, source: u16) -> u64 {
        let source = usize::from(source);
        let batch = source.checked_sub(self.caches.len()).and_then(|place| self.batches.get(place));
        match (self.caches.get(source), batch) {
            (Some(cache), _) => cache.accuracy_millionths,
            (None, Some(batch)) => batch.accuracy_millionths,
            (None, None) => 0,
        }
    }

    /// Where answers come from that are surely wrong; see [`faithfulness`](Self::faithfulness).
    pub fn wrong(&self) -> u16 {
        u16::try_from(self.caches.len() + self.batches.len())
            .expect("a model has fewer than 65,535 parts of a kind")
    }
}

/// How a station orders and shares its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// One server a call, in the order of its queue.
    Slots,
    /// One server a call; a higher priority interrupts a lower one.
    Preemptive,
    /// All calls at once, sharing the servers.
    Sharing,
}

/// Where time in service stands in a task's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A service.
    Service,
    /// A tool.
    Tool,
    /// A coordinator.
    Coordinator,
    /// Files.
    File,
    /// A network.
    Network,
    /// An LLM provider.
    Provider,
}

/// Anything that serves calls.
#[derive(Clone, Debug)]
pub struct Station {
    /// Its name; keys its random streams.
    pub name: String,
    /// How many are served at once; `None` when nobody ever waits.
    pub servers: Option<u32>,
    /// How service is ordered and shared.
    pub service: Service,
    /// The law of a service.
    pub law: Option<Law<Span>>,
    /// Added for each prompt token.
    pub per_input_token: Span,
    /// Added for each generated token.
    pub per_output_token: Span,
    /// Whether the trace's service time of the task is added.
    pub from_trace: bool,
    /// The rules of its waiting line.
    pub queue: QueueSpec,
    /// How many may be there, counting those in service.
    pub capacity: Option<u32>,
    /// Limits on the rate of admission.
    pub limiter: Option<LimiterSpec>,
    /// Whether a call over the limit waits (true) or is refused.
    pub waits_for_limit: bool,
    /// How long a refusal takes.
    pub refusal_delay: Span,
    /// The speed of the station by the number in it; empty means the number of busy servers.
    pub speed_by_number: Vec<f64>,
    /// Slowdown with the number in service.
    pub slowdown: Option<Slowdown>,
    /// Failures.
    pub failure: Option<Failure>,
    /// The share of services that are never answered, and after how long they are given up.
    pub timeouts: Option<(f64, Span)>,
    /// Hours of the day at which services take longer: from, until, how many times as long.
    pub peaks: Vec<(Span, Span, f64)>,
    /// A setup before the first service after it was empty.
    pub setup: Option<Law<Span>>,
    /// Breakdowns and repairs.
    pub breakdown: Option<Breakdown>,
    /// How many working servers it takes for it to count as available.
    pub needs: u32,
    /// Where time in service stands in the ledger.
    pub kind: Kind,
    /// Connections that its callers keep.
    pub sockets: Option<sockets::Sockets>,
    /// The LLM models it offers, by place in [`Model::models`]; empty unless it is a provider.
    pub offers: Vec<Option<Offer>>,
}

/// A model as a provider offers it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The law of a call's latency.
    pub law: Law<Span>,
    /// Added for each prompt token.
    pub per_input_token: Span,
    /// Added for each generated token.
    pub per_output_token: Span,
    /// Added for each prompt token that the provider has kept, in place of that of others.
    pub per_cached_input_token: Span,
    /// From the call to its first token.
    pub first_token: Option<Law<Span>>,
    /// The price of prompt tokens.
    pub input: TokenPrice,
    /// The price of prompt tokens that the provider has kept.
    pub cached_input: TokenPrice,
    /// The price of generated tokens.
    pub output: TokenPrice,
}

/// Slowdown with the number in service; see the schema's `SlowdownSpec` for the formula.
#[derive(Clone, Debug)]
pub struct Slowdown {
    /// Deployments that share the load.
    pub deployments: f64,
    /// Where it starts.
    pub starts_above: f64,
    /// Its scale.
    pub scale: f64,
    /// Its factor.
    pub factor: f64,
    /// Its exponent.
    pub exponent: f64,
    /// What is added at one.
    pub added: Span,
    /// A rare long delay: start, scale, share, mean.
    pub tail: Option<(f64, f64, f64, Span)>,
    /// Up to where it was calibrated, per deployment.
    pub calibrated_to: Option<u32>,
}

/// Failures; see the schema's `FailureSpec` for the formula.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Deployments that share the load.
    pub deployments: f64,
    /// Without load.
    pub share: f64,
    /// What load adds at most.
    pub rise: f64,
    /// Where load starts to add.
    pub starts_above: f64,
    /// How fast.
    pub scale: f64,
    /// Whether a caller may try again.
    pub retryable: bool,
}

/// Breakdowns and repairs.
#[derive(Clone, Debug)]
pub struct Breakdown {
    /// Times of working.
    pub up: Law<Span>,
    /// Repairs.
    pub down: Law<Span>,
    /// Whether each server breaks by itself (true) or all at once.
    pub each_server: bool,
}

/// A pool of agents.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// The lifecycle of its agents.
    pub agents: tars_policy::pool::PoolSpec,
    /// Containers prepared by group, and the place of each of its groups in [`Pool::groups`].
    pub warm: Option<(tars_policy::pool::WarmPlan, Vec<u16>)>,
    /// Groups in the order of [`Pool::agents`].
    pub groups: Vec<Group>,
    /// Which lane of the queue a role waits in, by place in [`Model::roles`]; the last entry is for tasks without a role.
    pub lane_of_role: Vec<u8>,
    /// How many lanes the queue has.
    pub lanes: usize,
    /// The queue in front.
    pub queue: QueueSpec,
    /// What the gateway refuses.
    pub admission: Option<AdmissionSpec>,
    /// How queued tasks reach agents.
    pub dispatch: DispatchSpec,
    /// Whether agents are ready at the start.
    pub ready_at_start: bool,
    /// Heap size, base and growth per task, in megabytes.
    pub heap: Option<(f64, f64, f64)>,
    /// The kinds of processes its agents live in, by place in [`Model::nodes`]; empty for none.
    pub nodes: Vec<u16>,
    /// How sessions outlive its agents.
    pub recovery: Option<failover::SessionRecovery>,
}

/// Agents that are alike.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The model they call, by place in [`Model::models`].
    pub model: Option<u16>,
    /// The lanes it takes tasks from.
    pub lanes: LaneMask,
}

/// What an LLM model can do.
#[derive(Clone, Debug)]
pub struct LlmModel {
    /// Its name.
    pub name: String,
    /// The share of right answers, in millionths.
    pub accuracy_millionths: u64,
}

/// A cache that tasks look into.
#[derive(Clone, Debug)]
pub struct CacheStore {
    /// Its name.
    pub name: String,
    /// What kind of cache it is, its size and ageing.
    pub store: CacheKind,
    /// The popularity of keys; the users of the tasks when absent.
    pub keys: Option<Law<f64>>,
    /// The size of an entry.
    pub entry_bytes: u64,
    /// How long a look takes.
    pub lookup: Option<Law<Span>>,
    /// The accuracy of a cached answer as a share of the model's, in millionths.
    pub accuracy_millionths: u64,
}

/// What kind of cache it is.
#[derive(Clone, Debug)]
pub enum CacheKind {
    /// One store of exact keys.
    Plain(CacheSpec),
    /// Small near stores in front of larger ones farther away.
    Layered(LayersSpec),
    /// Answers to questions that are the same, or much alike.
    Semantic(SemanticStore),
}

/// A cache that knows questions that are much alike.
#[derive(Clone, Debug)]
pub struct SemanticStore {
    /// Size and ageing, what looks cost, and how often answers are wrong.
    pub rule: SemanticSpec,
    /// How many questions, neighbours in number, are about the same; at least 1.
    pub questions_per_topic: u32,
    /// How similar a question is to others of its topic.
    pub similarity: Law<f64>,
}

/// An autoscaler of a pool.
#[derive(Clone, Debug)]
pub struct Autoscale {
    /// The pool.
    pub pool: u16,
    /// The group that grows and shrinks.
    pub group: usize,
    /// How often it looks.
    pub interval: Span,
    /// Its rule.
    pub rule: AutoscaleSpec,
}

/// Graceful degradation.
#[derive(Clone, Debug)]
pub struct Degrade {
    /// How often it looks.
    pub interval: Span,
    /// The pool it watches.
    pub pool: u16,
    /// Over how long the success share is taken.
    pub success_window: Span,
    /// Its rule.
    pub rule: DegradeSpec,
    /// The model each mode asks for, by place in [`Model::models`], for the three modes in order.
    pub models: [Option<u16>; 3],
    /// The features that are on in each mode, by place in [`Program::features`]; `None` means all.
    pub features: [Option<Vec<bool>>; 3],
}

/// An alert.
#[derive(Clone, Debug)]
pub struct AlertModel {
    /// Its name.
    pub name: String,
    /// How often it looks.
    pub interval: Span,
    /// Its rule.
    pub rule: AlertSpec,
    /// Whether its actions are carried out.
    pub acts: bool,
}

/// How a configuration is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The simulated length of a replication.
    pub duration: Span,
    /// What is cut off its start; `None` means that pilots find it.
    pub warmup: Option<Span>,
    /// Whether submissions stop at the end and nothing is cut.
    pub terminating: bool,
    /// How long tasks are followed after the end.
    pub drain: Span,
    /// The least number of replications.
    pub replications_min: u32,
    /// The most.
    pub replications_max: u32,
    /// What must be known how well.
    pub precision: Vec<PrecisionGoal>,
    /// The confidence of intervals.
    pub confidence: f64,
    /// The master seed.
    pub seed: u64,
    /// How many windows a time series has.
    pub windows: u32,
    /// When it has come back from a trigger; `None` where there is none.
    pub recovery: Option<Recovery>,
    /// Whether it is written down what failures do.
    pub impact: bool,
    /// The moment from which on autoscalers are watched as they follow a load; `None` where none is asked for.
    pub scaling: Option<Span>,
    /// Whether it is a sustained test, of which it is asked how latency and errors change.
    pub sustained: bool,
}

/// When a system has come back from a trigger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// When the trigger is over.
    pub from: Span,
    /// Good answers as a share of the tasks submitted, above 0.
    pub goodput_share: f64,
}

/// What a configuration costs besides tokens.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// An agent, while it exists.
    pub agent: TimePrice,
    /// The rest.
    pub fixed: TimePrice,
}
