//! Regions: names resolved, and round trips as a table.

use super::super::places;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::SystemSpec;
use crate::experiment::tree::Tree;
use crate::model::Station;
use crate::model::region::Region;
use tars_policy::units::Span;

/// The regions of a system.
pub(super) fn regions(
    tree: &Tree,
    system: &SystemSpec,
    known: &[Station],
    diagnostics: &mut Diagnostics,
) -> Vec<Region> {
    let root = Path::root().key("system").key("regions");
    let names: Vec<String> = system.regions.keys().cloned().collect();
    let pools: Vec<String> = system.pools.keys().cloned().collect();
    let stations: Vec<String> = known.iter().map(|station| station.name.clone()).collect();
    let caches: Vec<String> = system.caches.keys().cloned().collect();
    let mut regions = Vec::new();
    for (name, spec) in &system.regions {
        let path = root.key(name);
        for other in spec.round_trips.keys().filter(|other| !names.contains(other)) {
            let at = path.key("round_trips").key(other);
            diagnostics.unknown_name(tree, &at, "region", other, &names);
        }
        if let Some(probe) = &spec.probe {
            super::super::failovers::probe(tree, &path.key("probe"), probe, diagnostics);
            if !spec.detected_after.is_zero() {
                let message = "it is stated when everybody knows, and how they find out";
                diagnostics.senseless(tree, &path, message, "state `probe` or `detected_after`");
            }
        }
        super::check_law_option(tree, &path.key("restore"), spec.restore.as_ref(), diagnostics);
        regions.push(Region {
            name: name.clone(),
            round_trips: names.iter().map(|other| round_trip(system, name, other)).collect(),
            detected_after: spec.detected_after,
            probe: spec.probe.map(|probe| (probe.interval, probe.misses)),
            dns_ttl: spec.dns_ttl,
            standby: spec.standby,
            restore: spec.restore.clone(),
            stations: places(tree, &path.key("stations"), "station", &spec.stations, &stations, diagnostics),
            pools: places(tree, &path.key("pools"), "pool", &spec.pools, &pools, diagnostics),
            caches: places(tree, &path.key("caches"), "cache", &spec.caches, &caches, diagnostics),
        });
    }
    regions
}

/// What one of two regions says of the way between them.
fn round_trip(system: &SystemSpec, from: &str, to: &str) -> Span {
    let said = |from: &str, to: &str| system.regions.get(from)?.round_trips.get(to).copied();
    said(from, to).or_else(|| said(to, from)).unwrap_or_default()
}
