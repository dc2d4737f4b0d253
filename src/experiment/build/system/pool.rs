//! Pools of agents.

use super::super::index;
use super::spec_at;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{GroupSpec, Homes, LoadingSpec, PoolSpec, StartSpec};
use crate::experiment::tree::Tree;
use crate::model::failover::SessionRecovery;
use crate::model::node::NodeGroup;
use crate::model::{Group, Pool};
use tars_policy::pool::WarmPlan;
use tars_policy::queue::{LANES_MAX, LaneMask};
use tars_policy::units::Span;

/// A pool of agents.
#[expect(clippy::too_many_arguments, reason = "everything that a pool may name")]
pub(super) fn pool(
    tree: &Tree,
    path: &Path,
    name: &str,
    spec: &PoolSpec,
    roles: &[String],
    models: &[String],
    nodes: &[NodeGroup],
    diagnostics: &mut Diagnostics,
) -> Pool {
    if let Err(error) = spec.queue.validate() {
        spec_at(tree, &path.key("queue"), &error, diagnostics);
    }
    if let Some(Err(error)) = spec.admission.as_ref().map(tars_policy::admission::AdmissionSpec::validate) {
        spec_at(tree, &path.key("admission"), &error, diagnostics);
    }
    if let Err(error) = spec.dispatch.validate() {
        spec_at(tree, &path.key("dispatch"), &error, diagnostics);
    }
    if roles.len() >= LANES_MAX {
        diagnostics.senseless(
            tree,
            path,
            format!("there are {} roles", roles.len()),
            "at most 63 are told apart",
        );
    }
    let (groups, agents): (Vec<_>, Vec<_>) = spec
        .groups
        .iter()
        .map(|(name, spec)| {
            group(tree, &path.key("groups").key(name), name, spec, roles, models, diagnostics)
        })
        .unzip();
    let total: u64 = spec.groups.values().map(|group| u64::from(group.agents)).sum();
    if total == 0 {
        diagnostics.senseless(
            tree,
            &path.key("groups"),
            "the pool has no agents, so nothing is ever served",
            "expected at least 1",
        );
    }
    let agents = tars_policy::pool::PoolSpec {
        groups: agents,
        warm_pool: spec.warm_pool,
        lazy_spawn_above: spec.lazy_spawn_above,
        idle_ttl: spec.idle_ttl,
        lifespan: spec.lifespan,
        replace_on_use: spec.replace_on_use,
        health_check: spec.health_check.clone(),
        balance: spec.balance.clone(),
    };
    if let Err(error) = agents.validate()
        && total > 0
    {
        spec_at(tree, path, &error, diagnostics);
    }
    let homes = homes(tree, &path.key("nodes"), &spec.nodes, nodes, diagnostics);
    if !homes.is_empty() && spec.heap.is_some() {
        diagnostics.senseless(
            tree,
            &path.key("heap"),
            "the pool has a heap of its own and lives in nodes, which have theirs",
            "leave `heap` out",
        );
    }
    Pool {
        name: name.to_owned(),
        agents,
        warm: warm(tree, path, spec, diagnostics),
        groups,
        lane_of_role: (0..=roles.len()).map(lane).collect(),
        lanes: (roles.len() + 1).min(LANES_MAX),
        queue: spec.queue.clone(),
        admission: spec.admission.clone(),
        dispatch: spec.dispatch.clone(),
        ready_at_start: spec.ready_at_start,
        heap: spec.heap.as_ref().map(|heap| (heap.size_mb, heap.base_mb, heap.per_task_mb)),
        nodes: homes,
        recovery: recovery(tree, &path.key("recovery"), spec, diagnostics),
    }
}

/// How sessions outlive the agents of a pool.
fn recovery(
    tree: &Tree,
    path: &Path,
    spec: &PoolSpec,
    diagnostics: &mut Diagnostics,
) -> Option<SessionRecovery> {
    let recovery = spec.recovery.as_ref()?;
    super::super::failovers::probe(tree, &path.key("heartbeat"), &recovery.heartbeat, diagnostics);
    super::check_law_option(tree, &path.key("restore"), recovery.restore.as_ref(), diagnostics);
    if let Some(elsewhere) = &recovery.elsewhere {
        super::check_law(tree, &path.key("elsewhere").key("lag"), &elsewhere.lag, diagnostics);
    }
    Some(SessionRecovery {
        interval: recovery.heartbeat.interval,
        misses: recovery.heartbeat.misses,
        restore: recovery.restore.clone(),
        load: loading(tree, &path.key("load"), recovery.load, diagnostics),
        times_max: recovery.times_max,
        elsewhere: recovery.elsewhere.as_ref().map(|elsewhere| elsewhere.lag.clone()),
    })
}

/// How long so much data takes at such a rate.
fn loading(tree: &Tree, path: &Path, load: Option<LoadingSpec>, diagnostics: &mut Diagnostics) -> Span {
    let Some(LoadingSpec { size_mb, mb_per_s }) = load else { return Span::ZERO };
    if !(size_mb.is_finite() && size_mb >= 0.0) {
        diagnostics.out_of_range(tree, &path.key("size_mb"), "the size", size_mb, "at least 0");
        return Span::ZERO;
    }
    if !(mb_per_s.is_finite() && mb_per_s > 0.0) {
        diagnostics.out_of_range(tree, &path.key("mb_per_s"), "the rate", mb_per_s, "above 0");
        return Span::ZERO;
    }
    Span::from_secs_f64(size_mb / mb_per_s)
}

/// The kinds of nodes that the agents of a pool live in, each once.
fn homes(
    tree: &Tree,
    path: &Path,
    wanted: &Homes,
    nodes: &[NodeGroup],
    diagnostics: &mut Diagnostics,
) -> Vec<u16> {
    let known: Vec<String> = nodes.iter().map(|group| group.name.clone()).collect();
    let mut homes: Vec<u16> = Vec::new();
    for (number, name) in wanted.0.iter().enumerate() {
        let at = if wanted.0.len() == 1 { path.clone() } else { path.index(number) };
        match known.iter().position(|known| known == name).map(index) {
            Some(place) if homes.contains(&place) => {
                diagnostics.senseless(tree, &at, format!("`{name}` is named twice"), "name it once");
            }
            Some(place) => homes.push(place),
            None => diagnostics.unknown_name(tree, &at, "nodes under `system.nodes`", name, &known),
        }
    }
    homes
}

/// Containers prepared by group: the groups are those of the pool.
fn warm(
    tree: &Tree,
    path: &Path,
    spec: &PoolSpec,
    diagnostics: &mut Diagnostics,
) -> Option<(WarmPlan, Vec<u16>)> {
    let plan = spec.warm_plan.as_ref()?;
    let path = path.key("warm_plan");
    if let Err(error) = plan.validate() {
        spec_at(tree, &path, &error, diagnostics);
    }
    if spec.warm_pool > 0 {
        diagnostics.senseless(
            tree,
            &path,
            "containers are prepared for any group and for each by itself",
            "leave `warm_pool` or `warm_plan` out",
        );
    }
    let known: Vec<String> = spec.groups.keys().cloned().collect();
    let mut groups = Vec::new();
    for (place, warm) in plan.groups.iter().enumerate() {
        if let Some(group) = spec.groups.get_index_of(&warm.group) {
            groups.push(index(group));
        } else {
            let at = path.key("groups").index(place).key("group");
            diagnostics.unknown_name(tree, &at, "group of the pool", &warm.group, &known);
        }
    }
    Some((plan.clone(), groups))
}

/// Agents that are alike: what they serve, and how they come and go.
fn group(
    tree: &Tree,
    path: &Path,
    name: &str,
    spec: &GroupSpec,
    roles: &[String],
    models: &[String],
    diagnostics: &mut Diagnostics,
) -> (Group, tars_policy::pool::GroupSpec) {
    if spec.tasks_per_agent == 0 {
        let at = path.key("tasks_per_agent");
        diagnostics.out_of_range(tree, &at, "the number of tasks per agent", 0.0, "at least 1");
    }
    let model = spec.model.as_ref().and_then(|model| {
        let place = models.iter().position(|known| known == model);
        if place.is_none() {
            diagnostics.unknown_name(tree, &path.key("model"), "model under `system.models`", model, models);
        }
        place.map(index)
    });
    let lanes = lanes(tree, &path.key("roles"), &spec.roles, roles, diagnostics);
    let agents = tars_policy::pool::GroupSpec {
        name: name.to_owned(),
        count: spec.agents,
        concurrency: spec.tasks_per_agent.max(1),
        cold_start: total(spec.cold_start.as_ref()),
        warm_start: total(spec.warm_start.as_ref()),
        minimum: 0,
    };
    (Group { name: name.to_owned(), model, lanes }, agents)
}

/// How long a start takes; no time where none is stated.
fn total(start: Option<&StartSpec>) -> Span {
    start.map_or(Span::ZERO, StartSpec::total)
}

/// The lanes of the roles that agents take, and that of tasks without a role, which everybody takes.
fn lanes(
    tree: &Tree,
    path: &Path,
    taken: &[String],
    roles: &[String],
    diagnostics: &mut Diagnostics,
) -> LaneMask {
    if taken.is_empty() || roles.is_empty() {
        return LaneMask::ALL;
    }
    let mut lanes = LaneMask::NONE.with(lane(roles.len()));
    for (place, role) in taken.iter().enumerate() {
        match roles.iter().position(|known| known == role) {
            Some(known) => lanes = lanes.with(lane(known)),
            None => diagnostics.unknown_name(tree, &path.index(place), "role of a class", role, roles),
        }
    }
    lanes
}

/// The lane of the role at `place`.
fn lane(place: usize) -> u8 {
    u8::try_from(place.min(LANES_MAX - 1)).unwrap_or(u8::MAX)
}
