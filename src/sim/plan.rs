//! A model with its laws compiled to samplers and its load-dependent factors tabulated: made once a configuration,
//! shared by all its replications.

use super::failovers::FailoverPlan;
use super::faults::FaultPlan;
use super::indexes::IndexPlan;
use super::ledger::Part;
use super::nodes::NodePlan;
use super::stations::small;
use super::strand::NONE;
use super::world::part_of;
use crate::model::fault::{Effect, Fault};
use crate::model::route::Visit;
use crate::model::workload::{Client, Load};
use crate::model::{CacheKind, Model, Pool, Service, Station};
use crate::random::Sampler;
use tars_policy::queue::Priority;
use tars_policy::route::{Route, RouteSpec};
use tars_policy::units::{Span, TokenPrice};

/// A model, ready to run.
#[derive(Debug)]
pub struct Plan {
    /// The model.
    pub model: Model,
    pub(super) spans: Vec<Sampler>,
    pub(super) counts: Vec<Sampler>,
    pub(super) stations: Vec<StationPlan>,
    pub(super) classes: Vec<ClassPlan>,
    pub(super) clients: Vec<ClientPlan>,
    pub(super) caches: Vec<CachePlan>,
    /// The popularity of requests, for each rule that makes identical calls once.
    pub(super) requests: Vec<Option<Sampler>>,
    pub(super) nodes: Vec<NodePlan>,
    /// Of each fault that strikes by chance, its laws.
    pub(super) faults: Vec<Option<FaultPlan>>,
    pub(super) failovers: Vec<FailoverPlan>,
    pub(super) indexes: Vec<IndexPlan>,
    /// Of each pool, how long a session takes to be restored, and of each region.
    pub(super) restores: Vec<Option<Sampler>>,
    pub(super) moves: Vec<Option<Sampler>>,
    /// Of each pool, how long a checkpoint takes to the other regions, where sessions outlive theirs.
    pub(super) copies: Vec<Option<Sampler>>,
    /// For each pool, the nodes that its agents live in, in the order in which places are dealt out to them.
    pub(super) homes: Vec<Vec<u16>>,
    /// How each visit chooses its model.
    pub(super) choices: Vec<Option<ModelChoice>>,
    /// Of each visit that is a direct call, what it is.
    pub(super) direct: Vec<Option<DirectCall>>,
}

/// A call with nothing about it but a line and one draw: no limit, timeout, retry, breaker, patience, price or fault, at
/// a station where nothing interrupts a service. The calls of classic queues are, and most of tools and files.
#[derive(Debug)]
pub(super) struct DirectCall {
    pub(super) station: u16,
    /// Where time in service stands in the ledger.
    pub(super) part: Part,
    service: Option<Sampler>,
}

/// How a visit chooses its model.
#[derive(Debug)]
pub(super) struct ModelChoice {
    pub(super) route: Route,
    /// The models of the route, by place in the model's list.
    pub(super) models: Vec<u16>,
}

/// Samplers and tables of a station.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question that a call asks of its own")]
pub(super) struct StationPlan {
    pub(super) service: Option<Sampler>,
    pub(super) setup: Option<Sampler>,
    pub(super) handshake: Option<Sampler>,
    pub(super) up: Option<Sampler>,
    pub(super) down: Option<Sampler>,
    pub(super) offers: Vec<Option<OfferPlan>>,
    pub(super) load: Vec<LoadPoint>,
    pub(super) per_input: u64,
    pub(super) per_output: u64,
    /// Where time in service stands in the ledger.
    pub(super) part: Part,
    /// Whether a service is one draw of a law: no tokens, no trace, no load, no fault.
    pub(super) plain: bool,
    /// Whether slots of it are held.
    pub(super) held: bool,
    /// Whether faults are about it.
    pub(super) troubled: bool,
    /// Whether services may go unanswered, or take longer at some hours.
    pub(super) moody: bool,
    /// Whether it holds a shard of an index.
    pub(super) sharded: bool,
}

/// Samplers and prices of a model that a provider offers.
#[derive(Debug)]
pub(super) struct OfferPlan {
    pub(super) latency: Sampler,
    pub(super) per_input: u64,
    pub(super) per_output: u64,
    pub(super) per_cached: u64,
    pub(super) first_token: Option<Sampler>,
    pub(super) input_price: TokenPrice,
    pub(super) cached_price: TokenPrice,
    pub(super) output_price: TokenPrice,
}

/// What the number in service does to a service that starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadPoint {
    pub(super) stretch: f64,
    pub(super) added: u64,
    pub(super) tail_share: f64,
    pub(super) failure_share: f64,
}

/// Samplers of a class.
#[derive(Debug)]
pub(super) struct ClassPlan {
    pub(super) priority: Priority,
    pub(super) role: u16,
    /// The first operation of its route.
    pub(super) start: u32,
    pub(super) input_tokens: Option<Sampler>,
    pub(super) output_tokens: Option<Sampler>,
    pub(super) complexity: Option<Sampler>,
}

/// Samplers of a client.
#[derive(Debug)]
pub(super) struct ClientPlan {
    /// The class of all its tasks, if there is only one.
    pub(super) only_class: Option<u16>,
    /// Whether its tasks are no more than their draws: not out of a trace, under no timeout, and never submitted again.
    pub(super) plain: bool,
    pub(super) interval: Option<Sampler>,
    pub(super) size: Option<Sampler>,
    pub(super) think: Option<Sampler>,
    pub(super) users: Option<Sampler>,
}

/// Samplers of a cache.
#[derive(Debug)]
pub(super) struct CachePlan {
    /// Whose each user has one when absent.
    pub(super) keys: Option<Sampler>,
    /// How similar a question is to others of its topic.
    pub(super) similarity: Option<Sampler>,
    pub(super) lookup: Option<Sampler>,
}

/// How many entries the table of load factors has; a larger number in service is computed afresh.
const LOAD_TABLE: u32 = 2_048;

impl Plan {
    /// Compiles `model`.
    pub fn new(model: Model) -> Self {
        use crate::model::workload::Load;
        let clients = model
            .clients
            .iter()
            .map(|client| match &client.load {
                Load::Closed(closed) => ClientPlan {
                    think: closed.think.as_ref().map(Sampler::of_spans),
                    ..ClientPlan::of(client)
                },
                Load::Renewal(interval, _) => {
                    ClientPlan { interval: Some(Sampler::of_spans(interval)), ..ClientPlan::of(client) }
                }
                Load::Batches(interval, size) => ClientPlan {
                    interval: Some(Sampler::of_spans(interval)),
                    size: Some(Sampler::of_counts(size)),
                    ..ClientPlan::of(client)
                },
                Load::Rate(..)
                | Load::Sinusoidal(..)
                | Load::Mmpp(_)
                | Load::Scheduled(_)
                | Load::Trace(..)
                | Load::Sessions(_) => ClientPlan::of(client),
            })
            .collect();
        let classes = model
            .classes
            .iter()
            .map(|class| ClassPlan {
                priority: class.priority,
                role: class.role.unwrap_or(NONE),
                start: model.program.routes[class.route as usize].1,
                input_tokens: class.input_tokens.as_ref().map(Sampler::of_counts),
                output_tokens: class.output_tokens.as_ref().map(Sampler::of_counts),
                complexity: class.complexity.as_ref().map(Sampler::of_counts),
            })
            .collect();
        let caches = model
            .caches
            .iter()
            .map(|cache| CachePlan {
                keys: cache.keys.as_ref().map(Sampler::of_counts),
                similarity: match &cache.store {
                    CacheKind::Semantic(semantic) => Some(Sampler::of_counts(&semantic.similarity)),
                    CacheKind::Plain(_) | CacheKind::Layered(_) => None,
                },
                lookup: cache.lookup.as_ref().map(Sampler::of_spans),
            })
            .collect();
        let spans: Vec<Sampler> = model.program.spans.iter().map(Sampler::of_spans).collect();
        let stations: Vec<StationPlan> = model
            .stations
            .iter()
            .enumerate()
            .map(|(place, station)| {
                let holds = |visit: &Visit| visit.body.is_some() && usize::from(visit.station) == place;
                let sharded = model.indexes.iter().any(|index| index.stations.contains(&small(place)));
                let troubled = model.faults.iter().any(|fault| concerns(fault, place, &model));
                let plain = StationPlan::new(station, troubled);
                StationPlan {
                    held: model.program.visits.iter().any(holds),
                    sharded,
                    plain: plain.plain && !sharded,
                    ..plain
                }
            })
            .collect();
        let direct = |visit: &Visit| {
            let place = visit.station as usize;
            DirectCall::of(visit, &model.stations[place], &stations[place], &spans)
        };
        Self {
            direct: model.program.visits.iter().map(direct).collect(),
            spans,
            counts: model.program.counts.iter().map(Sampler::of_counts).collect(),
            stations,
            classes,
            clients,
            caches,
            homes: super::nodes::homes(&model),
            requests: model
                .coalescers
                .iter()
                .map(|rule| rule.keys.as_ref().map(Sampler::of_counts))
                .collect(),
            nodes: NodePlan::of(&model.nodes),
            faults: model.faults.iter().map(FaultPlan::of).collect(),
            failovers: model.failovers.iter().map(FailoverPlan::of).collect(),
            indexes: model.indexes.iter().map(IndexPlan::of).collect(),
            restores: restores(&model),
            copies: copies(&model),
            moves: model.regions.iter().map(|it| it.restore.as_ref().map(Sampler::of_spans)).collect(),
            choices: model
                .program
                .visits
                .iter()
                .map(|visit| visit.model.as_ref().map(|spec| ModelChoice::new(spec, &model)))
                .collect(),
            model,
        }
    }
}

/// Whether a fault strikes the station at `place`, by itself or with its region.
fn concerns(fault: &Fault, place: usize, model: &Model) -> bool {
    let is_it = |station: &u16| usize::from(*station) == place;
    match fault.effect {
        Effect::RegionDown(region) => model.regions[usize::from(region)].stations.iter().any(is_it),
        Effect::Errors(_)
        | Effect::Hangs(_)
        | Effect::BrownOut(..)
        | Effect::QuotaCut(..)
        | Effect::Crash(..)
        | Effect::Flush(_)
        | Effect::NodeDeath(..)
        | Effect::Partition(_) => fault.effect.station().as_ref().is_some_and(is_it),
    }
}

/// How long a session of each pool takes to load its last checkpoint, where that is stated.
fn restores(model: &Model) -> Vec<Option<Sampler>> {
    let restore = |pool: &Pool| pool.recovery.as_ref()?.restore.as_ref().map(Sampler::of_spans);
    model.pools.iter().map(restore).collect()
}

/// How long a checkpoint of each pool takes to the other regions, where sessions outlive theirs.
fn copies(model: &Model) -> Vec<Option<Sampler>> {
    let copied = |pool: &Pool| pool.recovery.as_ref()?.elsewhere.as_ref().map(Sampler::of_spans);
    model.pools.iter().map(copied).collect()
}

impl ClientPlan {
    /// Without the laws of its load.
    fn of(client: &Client) -> Self {
        let only_class = match client.mix.as_slice() {
            [(_, only)] => Some(*only),
            _ => None,
        };
        let traced = matches!(client.load, Load::Trace(..));
        let plain = !traced && client.timeout.is_none() && client.retry.is_none() && client.users.is_none();
        let users = client.users.as_ref().map(Sampler::of_counts);
        Self { only_class, plain, interval: None, size: None, think: None, users }
    }
}

impl DirectCall {
    /// The visit as a direct call, if it is one.
    fn of(visit: &Visit, station: &Station, plan: &StationPlan, spans: &[Sampler]) -> Option<Self> {
        let bare_visit = visit.patience.is_none()
            && visit.timeout.is_none()
            && !visit.is_llm
            && visit.retry.is_none()
            && visit.breaker.is_none()
            && visit.body.is_none()
            && visit.failover.is_none()
            && visit.index.is_none();
        let bare_station = station.service == Service::Slots
            && station.capacity.is_none()
            && station.limiter.is_none()
            && station.setup.is_none()
            && station.sockets.is_none()
            && station.breakdown.is_none()
            && station.sockets.is_none();
        let service = match visit.law {
            Some(law) => Some(&spans[law as usize]),
            None => plan.service.as_ref(),
        };
        (bare_visit && bare_station && plan.plain && !plan.held).then(|| Self {
            station: visit.station,
            part: plan.part,
            service: service.cloned(),
        })
    }

    /// The length of a service at the uniform that `draw` gives, in nanoseconds.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(super) fn service_time(&self, draw: impl FnOnce() -> f64) -> u64 {
        match &self.service {
            Some(law) => law.sample_span(draw()).as_nanos(),
            None => 0,
        }
    }
}

impl ModelChoice {
    fn new(spec: &RouteSpec, model: &Model) -> Self {
        let route = spec.build().expect("policies were validated when the model was made");
        let place = |name: &String| {
            let place =
                model.models.iter().position(|model| model.name == *name).expect("names were resolved");
            u16::try_from(place).expect("few models")
        };
        Self { models: route.names().iter().map(place).collect(), route }
    }
}

impl StationPlan {
    fn new(station: &Station, troubled: bool) -> Self {
        let moody = station.timeouts.is_some() || !station.peaks.is_empty();
        let loaded = station.slowdown.is_some() || station.failure.is_some();
        let table = if loaded { LOAD_TABLE } else { 1 };
        Self {
            service: station.law.as_ref().map(Sampler::of_spans),
            setup: station.setup.as_ref().map(Sampler::of_spans),
            handshake: station
                .sockets
                .as_ref()
                .and_then(|sockets| sockets.handshake.as_ref())
                .map(Sampler::of_spans),
            up: station.breakdown.as_ref().map(|b| Sampler::of_spans(&b.up)),
            down: station.breakdown.as_ref().map(|b| Sampler::of_spans(&b.down)),
            offers: station
                .offers
                .iter()
                .map(|offer| {
                    offer.as_ref().map(|offer| OfferPlan {
                        latency: Sampler::of_spans(&offer.law),
                        per_input: offer.per_input_token.as_nanos(),
                        per_output: offer.per_output_token.as_nanos(),
                        per_cached: offer.per_cached_input_token.as_nanos(),
                        cached_price: offer.cached_input,
                        first_token: offer.first_token.as_ref().map(Sampler::of_spans),
                        input_price: offer.input,
                        output_price: offer.output,
                    })
                })
                .collect(),
            load: (0..table).map(|number| LoadPoint::at(station, number)).collect(),
            per_input: station.per_input_token.as_nanos(),
            per_output: station.per_output_token.as_nanos(),
            part: part_of(station.kind),
            plain: station.offers.is_empty()
                && station.per_input_token.is_zero()
                && station.per_output_token.is_zero()
                && !station.from_trace
                && !loaded
                && !moody
                && !troubled,
            held: false,
            troubled,
            moody,
            sharded: false,
        }
    }

    /// What `number` in service, the starting one included, does to a service.
    pub(super) fn load(&self, station: &Station, number: u32) -> LoadPoint {
        if self.load.len() == 1 {
            return self.load[0];
        }
        match self.load.get(number as usize) {
            Some(point) => *point,
            None => LoadPoint::at(station, number),
        }
    }
}

impl LoadPoint {
    fn at(station: &Station, number: u32) -> Self {
        let number = f64::from(number);
        let mut point = Self { stretch: 1.0, added: 0, tail_share: 0.0, failure_share: 0.0 };
        if let Some(slow) = &station.slowdown {
            let each = number / slow.deployments;
            let x = (each - slow.starts_above).max(0.0) / slow.scale;
            let power = if x > 0.0 { libm::pow(x, slow.exponent) } else { 0.0 };
            point.stretch = 1.0 + slow.factor * power;
            point.added = slow.added.scale(power).as_nanos();
            if let Some((starts_above, scale, share, _)) = slow.tail {
                point.tail_share = ((each - starts_above).max(0.0) / scale * share).min(1.0);
            }
        }
        if let Some(failure) = &station.failure {
            let above = (number / failure.deployments - failure.starts_above).max(0.0);
            point.failure_share = failure.share + failure.rise * (1.0 - libm::exp(-above / failure.scale));
        }
        point
    }
}

/// The mean of an exponential delay at the uniform `u`.
pub(super) fn exponential(mean: Span, u: f64) -> u64 {
    Span::from_secs_f64(-libm::log1p(-u) * mean.as_secs_f64()).as_nanos()
}
