//! Faults: what they are about, by place in the model.

use super::index;
use super::system::Parts;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{FaultEffect, FaultSpec, OutageAnswer};
use crate::experiment::tree::Tree;
use crate::model::fault::{Effect, Fault};

/// The faults, names resolved.
pub(super) fn faults(
    tree: &Tree,
    specs: &[FaultSpec],
    parts: &Parts,
    diagnostics: &mut Diagnostics,
) -> Vec<Fault> {
    let root = Path::root().key("faults");
    specs
        .iter()
        .enumerate()
        .filter_map(|(place, spec)| fault(tree, &root.index(place), spec, parts, diagnostics))
        .collect()
}

fn fault(
    tree: &Tree,
    path: &Path,
    spec: &FaultSpec,
    parts: &Parts,
    diagnostics: &mut Diagnostics,
) -> Option<Fault> {
    if spec.every.is_some_and(|every| every.is_zero() || every < spec.lasts) {
        diagnostics.senseless(
            tree,
            &path.key("every"),
            "the fault begins again before it has ended",
            "expected at least as long as `lasts`",
        );
    }
    let effect = effect(tree, &path.key("effect"), &spec.effect, parts, diagnostics)?;
    let lasting = effect.station().is_some() || matches!(effect, Effect::RegionDown(_));
    if lasting && spec.lasts.is_zero() {
        diagnostics.senseless(
            tree,
            path,
            "the fault has no length, so it changes nothing",
            "give `lasts`, such as \"30s\"",
        );
    }
    Some(Fault { at: spec.at, lasts: spec.lasts, every: spec.every, effect })
}

fn effect(
    tree: &Tree,
    path: &Path,
    spec: &FaultEffect,
    parts: &Parts,
    diagnostics: &mut Diagnostics,
) -> Option<Effect> {
    let stations: Vec<&str> = parts.stations.iter().map(|station| station.name.as_str()).collect();
    match spec {
        FaultEffect::Outage { station, answer } => {
            let path = path.key("outage").key("station");
            let station = named(tree, &path, "station or provider", station, &stations, diagnostics)?;
            Some(match answer {
                OutageAnswer::Error => Effect::Errors(station),
                OutageAnswer::Hang => Effect::Hangs(station),
            })
        }
        FaultEffect::BrownOut { station, latency_factor, failure_share } => {
            let path = path.key("brown_out");
            let at = path.key("station");
            let station = named(tree, &at, "station or provider", station, &stations, diagnostics)?;
            if !(latency_factor.is_finite() && *latency_factor > 0.0) {
                let at = path.key("latency_factor");
                diagnostics.out_of_range(tree, &at, "the factor", *latency_factor, "above 0");
            }
            if !(0.0..=1.0).contains(failure_share) {
                let at = path.key("failure_share");
                diagnostics.out_of_range(tree, &at, "a share", *failure_share, "0 to 1");
            }
            Some(Effect::BrownOut(station, *latency_factor, *failure_share))
        }
        FaultEffect::QuotaCut { station, rate_factor } => {
            let path = path.key("quota_cut");
            let at = path.key("station");
            let place = named(tree, &at, "station or provider", station, &stations, diagnostics)?;
            if parts.stations[usize::from(place)].limiter.is_none() {
                let message = format!("`{station}` has no rate limit to cut");
                diagnostics.senseless(tree, &at, message, "give it a `limiter`");
            }
            if !(rate_factor.is_finite() && *rate_factor > 0.0) {
                let at = path.key("rate_factor");
                diagnostics.out_of_range(tree, &at, "the factor", *rate_factor, "above 0; an outage is 0");
            }
            Some(Effect::QuotaCut(place, *rate_factor))
        }
        FaultEffect::Crash { pool, share } => {
            let path = path.key("crash");
            let pools: Vec<&str> = parts.pools.iter().map(|pool| pool.name.as_str()).collect();
            let pool = named(tree, &path.key("pool"), "pool", pool, &pools, diagnostics)?;
            if !(*share > 0.0 && *share <= 1.0) {
                diagnostics.out_of_range(tree, &path.key("share"), "a share", *share, "above 0, up to 1");
            }
            Some(Effect::Crash(pool, *share))
        }
        FaultEffect::FlushCache { cache } => {
            let path = path.key("flush_cache").key("cache");
            let caches: Vec<&str> = parts.caches.iter().map(|cache| cache.name.as_str()).collect();
            Some(Effect::Flush(named(tree, &path, "cache", cache, &caches, diagnostics)?))
        }
        FaultEffect::RegionDown { region } => {
            let path = path.key("region_down").key("region");
            let regions: Vec<&str> = parts.regions.iter().map(|region| region.name.as_str()).collect();
            Some(Effect::RegionDown(named(tree, &path, "region", region, &regions, diagnostics)?))
        }
        FaultEffect::NodeDeath { nodes, count } => {
            let path = path.key("node_death");
            let known: Vec<&str> = parts.nodes.iter().map(|group| group.name.as_str()).collect();
            let group = named(tree, &path.key("nodes"), "nodes", nodes, &known, diagnostics)?;
            let most = parts.nodes[usize::from(group)].count;
            if *count == 0 || *count > most {
                let at = path.key("count");
                let expected = format!("1 to {most}");
                diagnostics.out_of_range(tree, &at, "the number of nodes", f64::from(*count), &expected);
            }
            Some(Effect::NodeDeath(group, *count))
        }
    }
}

fn named(
    tree: &Tree,
    path: &Path,
    what: &str,
    name: &str,
    known: &[&str],
    diagnostics: &mut Diagnostics,
) -> Option<u16> {
    let place = known.iter().position(|other| *other == name);
    if place.is_none() {
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        diagnostics.unknown_name(tree, path, what, name, &known);
    }
    place.map(index)
}
