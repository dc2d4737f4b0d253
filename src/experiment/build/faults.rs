//! Faults: what they are about, by place in the model.

use super::index;
use super::system::{Parts, check_law};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{FaultEffect, FaultSpec, OutageAnswer};
use crate::experiment::tree::Tree;
use crate::model::fault::{Effect, Fault, Process};

/// The faults, names resolved.
pub(super) fn faults(
    tree: &Tree,
    specs: &[FaultSpec],
    parts: &Parts,
    diagnostics: &mut Diagnostics,
) -> Vec<Fault> {
    let root = Path::root().key("faults");
    let mut faults = Vec::new();
    for (place, spec) in specs.iter().enumerate() {
        let path = root.index(place);
        let Some(leader) = fault(tree, &path, spec, parts, diagnostics) else { continue };
        let name = leader.process.as_ref().map(|process| process.name.clone());
        let known = |other: &Fault| other.process.as_ref().map(|process| process.name.clone());
        if name.is_some() && faults.iter().any(|other| known(other) == name) {
            let message =
                "two faults that strike by chance are called the same, so that they would strike together";
            diagnostics.senseless(tree, &path, message, "give each a `name`");
        }
        let first = faults.len();
        faults.push(leader);
        for (number, also) in spec.also.iter().enumerate() {
            let at = path.key("also").index(number);
            if let Some(effect) = effect(tree, &at, also, parts, diagnostics) {
                faults.push(Fault { effect, process: None, follows: Some(first), ..faults[first].clone() });
            }
        }
    }
    faults
}

/// The process of a fault that strikes by chance.
fn process(tree: &Tree, path: &Path, spec: &FaultSpec, diagnostics: &mut Diagnostics) -> Option<Process> {
    let Some(up) = &spec.mtbf else {
        if spec.mttr.is_some() {
            let message = "a time of repair is stated, and none between failures";
            diagnostics.senseless(tree, &path.key("mttr"), message, "state `mtbf` too, or `lasts` alone");
        }
        return None;
    };
    if spec.every.is_some() || !spec.lasts.is_zero() {
        let message = "the fault strikes by chance and by the clock";
        diagnostics.senseless(tree, path, message, "state `mtbf` and `mttr`, or `lasts` and `every`");
    }
    check_law(tree, &path.key("mtbf"), up, diagnostics);
    if up.mean_seconds().is_some_and(|mean| mean < 1e-3) {
        let message = "the mean time between failures is below a millisecond";
        diagnostics.senseless(tree, &path.key("mtbf"), message, "");
    }
    if let Some(down) = &spec.mttr {
        check_law(tree, &path.key("mttr"), down, diagnostics);
    }
    let name = spec.name.clone().unwrap_or_else(|| label(&spec.effect));
    Some(Process { name, up: up.clone(), down: spec.mttr.clone() })
}

/// What a fault is called that has no name.
fn label(effect: &FaultEffect) -> String {
    let (what, of) = match effect {
        FaultEffect::Outage { station, .. } => ("outage", station),
        FaultEffect::BrownOut { station, .. } => ("brown-out", station),
        FaultEffect::QuotaCut { station, .. } => ("quota cut", station),
        FaultEffect::Partition { station } => ("partition", station),
        FaultEffect::Crash { pool, .. } => ("crash", pool),
        FaultEffect::FlushCache { cache } => ("flush", cache),
        FaultEffect::RegionDown { region } => ("region down", region),
        FaultEffect::NodeDeath { nodes, .. } => ("node death", nodes),
    };
    format!("{what} of {of}")
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
    let process = process(tree, path, spec, diagnostics);
    let lasting = effect.station().is_some() || matches!(effect, Effect::RegionDown(_));
    let lasts = !spec.lasts.is_zero() || (process.is_some() && spec.mttr.is_some());
    if lasting && !lasts {
        diagnostics.senseless(
            tree,
            path,
            "the fault has no length, so it changes nothing",
            "give `lasts`, such as \"30s\"",
        );
    }
    Some(Fault { at: spec.at, lasts: spec.lasts, every: spec.every, effect, process, follows: None })
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
        FaultEffect::Partition { station } => {
            let path = path.key("partition").key("station");
            Some(Effect::Partition(named(
                tree,
                &path,
                "station or provider",
                station,
                &stations,
                diagnostics,
            )?))
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
