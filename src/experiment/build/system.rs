//! Stations, providers, pools, models and caches.

mod cache;
mod files;
mod index;
mod node;
mod pool;
mod region;
mod sockets;
mod times;

use crate::experiment::decode::Fields;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{
    BreakdownOf, Discipline, FailureSpec, OnLimit, ProviderSpec, Servers, SlowdownSpec, StationKind,
    StationSpec, SystemSpec,
};
use crate::experiment::tree::{Node, Tree};
use crate::model::distribution::{Law, Quantity};
use crate::model::index::Index;
use crate::model::node::NodeGroup;
use crate::model::region::Region;
use crate::model::{Breakdown, CacheStore, Failure, Kind, LlmModel, Offer, Pool, Service, Slowdown, Station};
use tars_policy::queue::{Order, QueueSpec, Ranking};
use tars_policy::units::Span;

/// The parts of a system, names resolved.
pub(super) struct Parts {
    pub(super) stations: Vec<Station>,
    pub(super) pools: Vec<Pool>,
    pub(super) models: Vec<LlmModel>,
    pub(super) caches: Vec<CacheStore>,
    pub(super) nodes: Vec<NodeGroup>,
    pub(super) regions: Vec<Region>,
    pub(super) indexes: Vec<Index>,
}

impl Parts {
    /// The place of a station or provider.
    pub(super) fn station(&self, name: &str) -> Option<usize> {
        self.stations.iter().position(|station| station.name == name)
    }
}

/// Decodes each component by itself.
pub(super) fn decode(tree: &Tree, path: &Path, diagnostics: &mut Diagnostics) -> Option<SystemSpec> {
    let mut fields = Fields::of(tree, path, diagnostics)?;
    let stations = fields.map("stations", diagnostics);
    let pools = fields.map("pools", diagnostics);
    let providers = fields.map("providers", diagnostics);
    let models = fields.map("models", diagnostics);
    let caches = fields.map("caches", diagnostics);
    let nodes = fields.map("nodes", diagnostics);
    let regions = fields.map("regions", diagnostics);
    let indexes = fields.map("indexes", diagnostics);
    let routes = decode_routes(fields.tree("routes"), &path.key("routes"), diagnostics);
    fields.finish(diagnostics);
    Some(SystemSpec {
        stations: stations?,
        pools: pools?,
        providers: providers?,
        models: models?,
        caches: caches?,
        nodes: nodes?,
        regions: regions?,
        indexes: indexes?,
        routes: routes?,
    })
}

/// Routes step by step, so that each wrong step is told.
fn decode_routes(
    tree: Option<&Tree>,
    path: &Path,
    diagnostics: &mut Diagnostics,
) -> Option<indexmap::IndexMap<String, Vec<crate::experiment::schema::Step>>> {
    let Some(tree) = tree else { return Some(indexmap::IndexMap::new()) };
    let Node::Object(members) = &tree.value else {
        return crate::experiment::decode_map(tree, path, diagnostics);
    };
    let decoded: Vec<_> = members
        .iter()
        .map(|(name, member)| {
            Some((name.clone(), crate::experiment::decode_list(&member.tree, &path.key(name), diagnostics)?))
        })
        .collect();
    decoded.into_iter().collect()
}

/// Builds every part and checks it.
pub(super) fn build(
    tree: &Tree,
    system: &SystemSpec,
    roles: &[String],
    diagnostics: &mut Diagnostics,
) -> Parts {
    let root = Path::root().key("system");
    let names: Vec<String> = system.models.keys().cloned().collect();
    let models = system
        .models
        .iter()
        .map(|(name, model)| {
            if !(0.0..=1.0).contains(&model.accuracy) {
                let path = root.key("models").key(name).key("accuracy");
                diagnostics.out_of_range(tree, &path, "the accuracy", model.accuracy, "0 to 1");
            }
            LlmModel { name: name.clone(), accuracy_millionths: millionths(model.accuracy) }
        })
        .collect();
    let mut stations = Vec::new();
    for (name, spec) in &system.stations {
        stations.push(station(tree, &root.key("stations").key(name), name, spec, diagnostics));
    }
    for (name, spec) in &system.providers {
        let path = root.key("providers").key(name);
        if system.stations.contains_key(name) {
            diagnostics.senseless(
                tree,
                &path,
                format!("`{name}` names a station and a provider"),
                "give one another name",
            );
        }
        stations.push(provider(tree, &path, name, spec, &names, diagnostics));
    }
    let indexes = index::indexes(tree, system, &mut stations, diagnostics);
    let cache_names: Vec<String> = system.caches.keys().cloned().collect();
    let mut nodes: Vec<NodeGroup> = system
        .nodes
        .iter()
        .map(|(name, spec)| {
            node::group(tree, &root.key("nodes").key(name), name, spec, &cache_names, diagnostics)
        })
        .collect();
    let pools: Vec<Pool> = system
        .pools
        .iter()
        .map(|(name, spec)| {
            pool::pool(tree, &root.key("pools").key(name), name, spec, roles, &names, &nodes, diagnostics)
        })
        .collect();
    for (place, pool) in pools.iter().enumerate() {
        for group in &pool.nodes {
            nodes[usize::from(*group)].pools.push(super::index(place));
        }
    }
    let caches = system
        .caches
        .iter()
        .map(|(name, spec)| cache::cache(tree, &root.key("caches").key(name), name, spec, diagnostics))
        .collect();
    let regions = region::regions(tree, system, &stations, diagnostics);
    Parts { stations, pools, models, caches, nodes, regions, indexes }
}

/// Reports what a policy refuses about the specification at `path` of the whole.
pub(super) fn spec_at(
    tree: &Tree,
    path: &Path,
    error: &tars_policy::spec::SpecError,
    diagnostics: &mut Diagnostics,
) {
    diagnostics.spec(tree, path, error);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a million; checked to be one"
)]
pub(super) fn millionths(share: f64) -> u64 {
    libm::round(share.clamp(0.0, 1.0) * 1e6) as u64
}

pub(super) fn check_law<Q: Quantity>(tree: &Tree, path: &Path, law: &Law<Q>, diagnostics: &mut Diagnostics) {
    if let Err(error) = law.validate() {
        spec_at(tree, path, &error, diagnostics);
    }
}

pub(super) fn check_law_option<Q: Quantity>(
    tree: &Tree,
    path: &Path,
    law: Option<&Law<Q>>,
    diagnostics: &mut Diagnostics,
) {
    if let Some(law) = law {
        check_law(tree, path, law, diagnostics);
    }
}

fn count(tree: &Tree, path: &Path, servers: Servers, diagnostics: &mut Diagnostics) -> Option<u32> {
    match servers {
        Servers::Infinite => None,
        Servers::Count(0) => {
            let message = "there are no servers, so nothing is ever served";
            diagnostics.senseless(tree, path, message, "expected at least 1");
            None
        }
        Servers::Count(count) => Some(count),
    }
}

fn station(
    tree: &Tree,
    path: &Path,
    name: &str,
    spec: &StationSpec,
    diagnostics: &mut Diagnostics,
) -> Station {
    check_law_option(tree, &path.key("service"), spec.service.as_ref(), diagnostics);
    check_law_option(tree, &path.key("setup"), spec.setup.as_ref(), diagnostics);
    if let Some(breakdown) = &spec.breakdown {
        check_law(tree, &path.key("breakdown").key("up"), &breakdown.up, diagnostics);
        check_law(tree, &path.key("breakdown").key("down"), &breakdown.down, diagnostics);
    }
    if let Some(Err(error)) = spec.limiter.as_ref().map(tars_policy::limiter::LimiterSpec::validate) {
        spec_at(tree, &path.key("limiter"), &error, diagnostics);
    }
    let servers = count(tree, &path.key("servers"), spec.servers, diagnostics);
    let (queue, service) = discipline(spec);
    if let Err(error) = queue.validate() {
        spec_at(tree, &path.key("queue"), &error, diagnostics);
    }
    if spec.capacity.is_some_and(|capacity| servers.is_some_and(|servers| capacity < servers)) {
        diagnostics.senseless(
            tree,
            &path.key("capacity"),
            "the capacity is below the number of servers",
            "it counts the calls in service and those in line",
        );
    }
    if let Some(breakdown) = spec.breakdown.as_ref().filter(|breakdown| breakdown.needs == 0) {
        let needs = f64::from(breakdown.needs);
        diagnostics.out_of_range(
            tree,
            &path.key("breakdown").key("needs"),
            "the servers needed",
            needs,
            "at least 1",
        );
    }
    if servers.is_none() && spec.breakdown.is_some() {
        diagnostics.senseless(
            tree,
            &path.key("breakdown"),
            "infinitely many servers cannot break down",
            "give `servers` a number",
        );
    }
    let unknown = [("breakdown", spec.breakdown.is_some()), ("setup", spec.setup.is_some())];
    for (field, _) in unknown.iter().filter(|(_, given)| service == Service::Sharing && *given) {
        let hint = "leave it out, or take another discipline";
        diagnostics.senseless(tree, &path.key(*field), format!("processor sharing knows no `{field}`"), hint);
    }
    if !spec.speed_by_number.is_empty() && service != Service::Sharing {
        diagnostics.senseless(
            tree,
            &path.key("speed_by_number"),
            "only processor sharing has a speed by number",
            "set `\"discipline\": \"processor_sharing\"`",
        );
    }
    if let Some(speed) = spec.speed_by_number.iter().find(|speed| !(speed.is_finite() && **speed > 0.0)) {
        diagnostics.out_of_range(tree, &path.key("speed_by_number"), "a speed", *speed, "above 0");
    }
    Station {
        name: name.to_owned(),
        servers,
        service,
        law: spec.service.clone(),
        per_input_token: spec.per_input_token.unwrap_or_default(),
        per_output_token: spec.per_output_token.unwrap_or_default(),
        from_trace: spec.service_from_trace,
        queue,
        capacity: spec.capacity,
        limiter: spec.limiter.clone(),
        waits_for_limit: spec.on_limit == OnLimit::Wait,
        refusal_delay: Span::ZERO,
        speed_by_number: spec.speed_by_number.clone(),
        slowdown: slowdown(tree, path, spec.slowdown.as_ref(), diagnostics),
        failure: failure(tree, path, spec.failure.as_ref(), spec.slowdown.as_ref(), diagnostics),
        timeouts: times::timeouts(tree, path, spec.timeouts.as_ref(), diagnostics),
        peaks: times::peaks(tree, path, &spec.peaks, diagnostics),
        setup: spec.setup.clone(),
        breakdown: spec.breakdown.as_ref().map(|breakdown| Breakdown {
            up: breakdown.up.clone(),
            down: breakdown.down.clone(),
            each_server: breakdown.of == BreakdownOf::EachServer,
        }),
        needs: spec.breakdown.as_ref().map_or(1, |breakdown| breakdown.needs),
        kind: kind(spec.kind),
        sockets: sockets::sockets(tree, path, spec.sockets.as_ref(), diagnostics),
        offers: Vec::new(),
    }
}

pub(super) const fn kind(kind: StationKind) -> Kind {
    match kind {
        StationKind::Service => Kind::Service,
        StationKind::Tool => Kind::Tool,
        StationKind::Coordinator => Kind::Coordinator,
        StationKind::File => Kind::File,
        StationKind::Network => Kind::Network,
    }
}

/// The line and the service that a discipline means. FIFO, LIFO and random order know no priorities.
fn discipline(spec: &StationSpec) -> (QueueSpec, Service) {
    let mut queue = spec.queue.clone().unwrap_or_default();
    let mut service = Service::Slots;
    match spec.discipline {
        Discipline::Fifo => queue.ranking = Ranking::None,
        Discipline::Lifo => {
            queue.ranking = Ranking::None;
            queue.order = Order::Lifo;
        }
        Discipline::Random => {
            queue.ranking = Ranking::None;
            queue.order = Order::Random;
        }
        Discipline::Priority => queue.ranking = Ranking::Strict,
        Discipline::PreemptivePriority => {
            queue.ranking = Ranking::Strict;
            service = Service::Preemptive;
        }
        Discipline::ProcessorSharing => service = Service::Sharing,
    }
    (queue, service)
}

fn slowdown(
    tree: &Tree,
    path: &Path,
    spec: Option<&SlowdownSpec>,
    diagnostics: &mut Diagnostics,
) -> Option<Slowdown> {
    let spec = spec?;
    let path = path.key("slowdown");
    for (field, value) in
        [("starts_above", spec.starts_above), ("factor", spec.factor), ("exponent", spec.exponent)]
    {
        if !(value.is_finite() && value >= 0.0) {
            diagnostics.out_of_range(tree, &path.key(field), field, value, "at least 0");
        }
    }
    if !(spec.scale.is_finite() && spec.scale > 0.0) {
        diagnostics.out_of_range(tree, &path.key("scale"), "the scale", spec.scale, "above 0");
    }
    if spec.deployments == 0 {
        diagnostics.out_of_range(
            tree,
            &path.key("deployments"),
            "the number of deployments",
            0.0,
            "at least 1",
        );
    }
    if let Some(tail) = &spec.tail {
        let path = path.key("tail");
        if !(tail.share >= 0.0 && tail.share.is_finite()) {
            diagnostics.out_of_range(tree, &path.key("share"), "the share", tail.share, "at least 0");
        }
        if !(tail.scale.is_finite() && tail.scale > 0.0) {
            diagnostics.out_of_range(tree, &path.key("scale"), "the scale", tail.scale, "above 0");
        }
    }
    Some(Slowdown {
        deployments: f64::from(spec.deployments.max(1)),
        starts_above: spec.starts_above,
        scale: spec.scale,
        factor: spec.factor,
        exponent: spec.exponent,
        added: spec.added.unwrap_or_default(),
        tail: spec.tail.as_ref().map(|tail| (tail.starts_above, tail.scale, tail.share, tail.mean)),
        calibrated_to: spec.calibrated_to,
    })
}

fn failure(
    tree: &Tree,
    path: &Path,
    spec: Option<&FailureSpec>,
    slowdown: Option<&SlowdownSpec>,
    diagnostics: &mut Diagnostics,
) -> Option<Failure> {
    let spec = spec?;
    let path = path.key("failure");
    for (field, value) in [("share", spec.share), ("rise", spec.rise)] {
        if !(0.0..=1.0).contains(&value) {
            diagnostics.out_of_range(tree, &path.key(field), "a share", value, "0 to 1");
        }
    }
    if spec.share + spec.rise > 1.0 {
        diagnostics.out_of_range(
            tree,
            &path,
            "`share` and `rise` together",
            spec.share + spec.rise,
            "at most 1",
        );
    }
    if !(spec.scale.is_finite() && spec.scale > 0.0) {
        diagnostics.out_of_range(tree, &path.key("scale"), "the scale", spec.scale, "above 0");
    }
    Some(Failure {
        deployments: slowdown.map_or(1.0, |slowdown| f64::from(slowdown.deployments.max(1))),
        share: spec.share,
        rise: spec.rise,
        starts_above: spec.starts_above,
        scale: spec.scale,
        retryable: spec.retryable,
    })
}

fn provider(
    tree: &Tree,
    path: &Path,
    name: &str,
    spec: &ProviderSpec,
    models: &[String],
    diagnostics: &mut Diagnostics,
) -> Station {
    if let Some(Err(error)) = spec.limiter.as_ref().map(tars_policy::limiter::LimiterSpec::validate) {
        spec_at(tree, &path.key("limiter"), &error, diagnostics);
    }
    let mut offers = vec![None; models.len()];
    for (model, offer) in &spec.models {
        let at = path.key("models").key(model);
        check_law(tree, &at.key("latency"), &offer.latency, diagnostics);
        check_law_option(tree, &at.key("first_token"), offer.first_token.as_ref(), diagnostics);
        match models.iter().position(|known| known == model) {
            Some(place) => {
                offers[place] = Some(Offer {
                    law: offer.latency.clone(),
                    per_input_token: offer.per_input_token.unwrap_or_default(),
                    per_output_token: offer.per_output_token.unwrap_or_default(),
                    per_cached_input_token: offer.per_cached_input_token.unwrap_or_default(),
                    first_token: offer.first_token.clone(),
                    input: offer.input_usd_per_million_tokens,
                    cached_input: offer
                        .cached_input_usd_per_million_tokens
                        .unwrap_or(offer.input_usd_per_million_tokens),
                    output: offer.output_usd_per_million_tokens,
                });
            }
            None => diagnostics.unknown_name(tree, &at, "model under `system.models`", model, models),
        }
    }
    if spec.models.is_empty() {
        diagnostics.senseless(tree, &path.key("models"), "a provider offers at least one model", "");
        offers.push(None);
    }
    Station {
        name: name.to_owned(),
        servers: count(tree, &path.key("concurrency"), spec.concurrency, diagnostics),
        service: Service::Slots,
        law: None,
        per_input_token: Span::ZERO,
        per_output_token: Span::ZERO,
        from_trace: false,
        queue: QueueSpec { ranking: Ranking::None, ..QueueSpec::default() },
        capacity: None,
        limiter: spec.limiter.clone(),
        waits_for_limit: spec.on_limit == OnLimit::Wait,
        refusal_delay: spec.refusal_delay.unwrap_or_default(),
        speed_by_number: Vec::new(),
        slowdown: slowdown(tree, path, spec.slowdown.as_ref(), diagnostics),
        failure: failure(tree, path, spec.failure.as_ref(), spec.slowdown.as_ref(), diagnostics),
        timeouts: times::timeouts(tree, path, spec.timeouts.as_ref(), diagnostics),
        peaks: times::peaks(tree, path, &spec.peaks, diagnostics),
        setup: None,
        needs: 1,
        breakdown: None,
        kind: Kind::Provider,
        sockets: sockets::sockets(tree, path, spec.sockets.as_ref(), diagnostics),
        offers,
    }
}
