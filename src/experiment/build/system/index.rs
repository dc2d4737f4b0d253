//! Indexes: a station for each shard that there may be, and what the tenants hold.

use super::super::{check_positive, index as place};
use super::{check_law_option, spec_at};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{IndexSpec, ReplicasSpec, Servers, SystemSpec};
use crate::experiment::tree::Tree;
use crate::model::index::{Index, Replicas};
use crate::model::{Service, Station};
use tars_policy::shards::ShardsSpec;

/// The indexes of a system; the stations of their shards are added to the others.
pub(super) fn indexes(
    tree: &Tree,
    system: &SystemSpec,
    stations: &mut Vec<Station>,
    diagnostics: &mut Diagnostics,
) -> Vec<Index> {
    let root = Path::root().key("system").key("indexes");
    let mut indexes = Vec::new();
    for (name, spec) in &system.indexes {
        let path = root.key(name);
        if stations.iter().any(|station| station.name == *name) {
            let message = format!("`{name}` names a station and an index");
            diagnostics.senseless(tree, &path, message, "give one another name");
        }
        check_numbers(tree, &path, spec, diagnostics);
        let shard = super::station(tree, &path.key("shard"), name, &spec.shard, diagnostics);
        check_shard(tree, &path, spec, &shard, diagnostics);
        let first = stations.len();
        for number in 1..=spec.shards_max.min(SHARDS_MAX) {
            let name = format!("{name}-{number}");
            if stations.iter().any(|station| station.name == name) {
                let message = format!("its shard {number} would be called `{name}`, as a station is");
                diagnostics.senseless(tree, &path, message, "give one another name");
            }
            stations.push(Station { name, ..shard.clone() });
        }
        indexes.push(Index {
            name: name.clone(),
            stations: (first..stations.len()).map(place).collect(),
            rule: rule(tree, &path, spec, diagnostics),
            sizes: sizes(spec),
            split_time: spec.split.as_ref().and_then(|split| split.time.clone()),
            split_factor: spec.split.as_ref().map_or(1.0, |split| split.service_factor),
            replicas: spec.replicas.as_ref().map(|replicas| copies(tree, &path, replicas, diagnostics)),
        });
    }
    indexes
}

/// Shards at most.
const SHARDS_MAX: u32 = 1_000;
/// Tenants at most.
const TENANTS_MAX: u32 = 1_000_000;

fn check_numbers(tree: &Tree, path: &Path, spec: &IndexSpec, diagnostics: &mut Diagnostics) {
    let (shards, tenants) = (spec.shards_max, spec.tenants);
    if !(1..=SHARDS_MAX).contains(&shards) {
        let at = path.key("shards_max");
        diagnostics.out_of_range(tree, &at, "the number of shards", f64::from(shards), "1 to 1,000");
    }
    if !(1..=TENANTS_MAX).contains(&tenants) {
        let at = path.key("tenants");
        diagnostics.out_of_range(tree, &at, "the number of tenants", f64::from(tenants), "1 to 1,000,000");
    }
    let skew = spec.skew_exponent;
    if !(skew.is_finite() && (0.0..=10.0).contains(&skew)) {
        diagnostics.out_of_range(tree, &path.key("skew_exponent"), "the exponent", skew, "0 to 10");
    }
    let Some(split) = &spec.split else { return };
    let path = path.key("split");
    check_law_option(tree, &path.key("time"), split.time.as_ref(), diagnostics);
    if !(split.service_factor.is_finite() && split.service_factor >= 1.0) {
        let at = path.key("service_factor");
        diagnostics.out_of_range(tree, &at, "the factor", split.service_factor, "at least 1");
    }
}

/// Copies bring servers, which must be countable and nobody else's to add or take away.
fn check_shard(tree: &Tree, path: &Path, spec: &IndexSpec, shard: &Station, diagnostics: &mut Diagnostics) {
    let path = path.key("shard");
    let counted = matches!(spec.shard.servers, Servers::Count(_));
    if spec.replicas.is_some() && !counted {
        let hint = "give `servers` a number: those of one copy";
        diagnostics.senseless(tree, &path.key("servers"), "copies of infinitely many servers add none", hint);
    }
    if shard.breakdown.is_some() {
        let hint = "let a fault take the station of a shard out";
        diagnostics.senseless(tree, &path.key("breakdown"), "the servers of a shard are its copies'", hint);
    }
    if shard.service == Service::Sharing {
        let hint = "take another discipline";
        diagnostics.senseless(tree, &path.key("discipline"), "a shard serves call by call", hint);
    }
}

fn rule(tree: &Tree, path: &Path, spec: &IndexSpec, diagnostics: &mut Diagnostics) -> ShardsSpec {
    let rule = ShardsSpec {
        shards_at_start: spec.shards_at_start,
        shards_max: spec.shards_max,
        split_above: spec.split.as_ref().map(|split| split.above_vectors),
    };
    if let Err(error) = rule.validate() {
        let at = if error.field == "split_above" {
            path.key("split").key("above_vectors")
        } else {
            path.key(error.field.as_str())
        };
        diagnostics.senseless(tree, &at, format!("this {}", error.problem), "");
    }
    rule
}

fn copies(tree: &Tree, path: &Path, spec: &ReplicasSpec, diagnostics: &mut Diagnostics) -> Replicas {
    let path = path.key("replicas");
    check_positive(tree, &path.key("interval"), spec.interval, diagnostics);
    check_law_option(tree, &path.key("start"), spec.start.as_ref(), diagnostics);
    if let Err(error) = spec.rule.validate() {
        spec_at(tree, &path.key("rule"), &error, diagnostics);
    }
    if spec.at_start == 0 || spec.at_start > spec.rule.max() {
        let (at, value) = (path.key("at_start"), f64::from(spec.at_start));
        diagnostics.out_of_range(tree, &at, "the number of copies", value, "1 to the maximum of the rule");
    }
    Replicas {
        at_start: spec.at_start,
        start: spec.start.clone(),
        interval: spec.interval,
        rule: spec.rule.clone(),
    }
}

/// What each tenant holds at the start: tenants 1, 2 and so on by rank, and tenant 0 last, as users whose numbers are drawn
/// by a law of ranks are dealt out; what is left of the division goes to the first tenants.
fn sizes(spec: &IndexSpec) -> Vec<u64> {
    let tenants = spec.tenants.clamp(1, TENANTS_MAX);
    let rank = |tenant: u32| if tenant == 0 { tenants } else { tenant };
    let weight = |tenant: u32| libm::pow(f64::from(rank(tenant)), -spec.skew_exponent.clamp(0.0, 10.0));
    let all: f64 = (0..tenants).map(weight).sum();
    let mut sizes: Vec<u64> =
        (0..tenants).map(|tenant| whole(spec.vectors_at_start as f64 * weight(tenant) / all)).collect();
    let mut left = spec.vectors_at_start.saturating_sub(sizes.iter().sum());
    for size in &mut sizes {
        let more = left.min(1);
        *size += more;
        left -= more;
    }
    sizes
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is meant"
)]
fn whole(amount: f64) -> u64 {
    amount as u64
}
