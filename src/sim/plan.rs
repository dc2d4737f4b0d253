//! A model with its laws compiled to samplers and its load-dependent factors tabulated: made once a configuration,
//! shared by all its replications.

use super::ledger::Part;
use super::nodes::NodePlan;
use super::world::part_of;
use crate::model::fault::Fault;
use crate::model::route::Visit;
use crate::model::{CacheKind, Model, Station};
use crate::random::Sampler;
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
    /// How each visit chooses its model.
    pub(super) choices: Vec<Option<ModelChoice>>,
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
pub(super) struct StationPlan {
    pub(super) service: Option<Sampler>,
    pub(super) setup: Option<Sampler>,
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
}

/// Samplers and prices of a model that a provider offers.
#[derive(Debug)]
pub(super) struct OfferPlan {
    pub(super) latency: Sampler,
    pub(super) per_input: u64,
    pub(super) per_output: u64,
    pub(super) per_cached: u64,
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
    pub(super) input_tokens: Option<Sampler>,
    pub(super) output_tokens: Option<Sampler>,
    pub(super) complexity: Option<Sampler>,
}

/// Samplers of a client.
#[derive(Debug, Default)]
pub(super) struct ClientPlan {
    pub(super) interval: Option<Sampler>,
    pub(super) size: Option<Sampler>,
    pub(super) think: Option<Sampler>,
}

/// Samplers of a cache.
#[derive(Debug)]
pub(super) struct CachePlan {
    pub(super) keys: Sampler,
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
                    ..ClientPlan::default()
                },
                Load::Renewal(interval, _) => {
                    ClientPlan { interval: Some(Sampler::of_spans(interval)), ..ClientPlan::default() }
                }
                Load::Batches(interval, size) => ClientPlan {
                    interval: Some(Sampler::of_spans(interval)),
                    size: Some(Sampler::of_counts(size)),
                    think: None,
                },
                Load::Rate(..)
                | Load::Sinusoidal(..)
                | Load::Mmpp(_)
                | Load::Scheduled(_)
                | Load::Trace(..)
                | Load::Sessions(_) => ClientPlan::default(),
            })
            .collect();
        let classes = model
            .classes
            .iter()
            .map(|class| ClassPlan {
                input_tokens: class.input_tokens.as_ref().map(Sampler::of_counts),
                output_tokens: class.output_tokens.as_ref().map(Sampler::of_counts),
                complexity: class.complexity.as_ref().map(Sampler::of_counts),
            })
            .collect();
        let caches = model
            .caches
            .iter()
            .map(|cache| CachePlan {
                keys: Sampler::of_counts(&cache.keys),
                similarity: match &cache.store {
                    CacheKind::Semantic(semantic) => Some(Sampler::of_counts(&semantic.similarity)),
                    CacheKind::Plain(_) | CacheKind::Layered(_) => None,
                },
                lookup: cache.lookup.as_ref().map(Sampler::of_spans),
            })
            .collect();
        Self {
            spans: model.program.spans.iter().map(Sampler::of_spans).collect(),
            counts: model.program.counts.iter().map(Sampler::of_counts).collect(),
            stations: model
                .stations
                .iter()
                .enumerate()
                .map(|(place, station)| {
                    let about =
                        |fault: &Fault| fault.effect.station().is_some_and(|it| usize::from(it) == place);
                    let holds = |visit: &Visit| visit.body.is_some() && usize::from(visit.station) == place;
                    StationPlan {
                        held: model.program.visits.iter().any(holds),
                        ..StationPlan::new(station, model.faults.iter().any(about))
                    }
                })
                .collect(),
            classes,
            clients,
            caches,
            requests: model
                .coalescers
                .iter()
                .map(|rule| rule.keys.as_ref().map(Sampler::of_counts))
                .collect(),
            nodes: NodePlan::of(&model.nodes),
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
        let loaded = station.slowdown.is_some() || station.failure.is_some();
        let table = if loaded { LOAD_TABLE } else { 1 };
        Self {
            service: station.law.as_ref().map(Sampler::of_spans),
            setup: station.setup.as_ref().map(Sampler::of_spans),
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
                && !troubled,
            held: false,
            troubled,
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
