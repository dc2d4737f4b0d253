//! Failovers: members by place, and what makes no sense.

use super::index;
use super::system::{Parts, check_law_option};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{FailBackSpec, FailoverPolicy, PoliciesSpec, ProbeSpec, ReplicationMode};
use crate::experiment::tree::Tree;
use crate::model::failover::Failover;

/// The failovers, names resolved.
pub(super) fn failovers(
    tree: &Tree,
    policies: &PoliciesSpec,
    parts: &Parts,
    diagnostics: &mut Diagnostics,
) -> Vec<Failover> {
    let root = Path::root().key("policies").key("failovers");
    let built: Vec<Failover> = policies
        .failovers
        .iter()
        .map(|(name, policy)| failover(tree, &root.key(name), name, policy, parts, diagnostics))
        .collect();
    for (place, one) in built.iter().enumerate() {
        let shared = |member: &&u16| built[..place].iter().any(|other| other.members.contains(member));
        if one.members.iter().any(|member| shared(&member)) {
            let message = "a member is in another failover as well, so that nobody knows which decides";
            diagnostics.senseless(tree, &root.key(&one.name).key("members"), message, "name each once");
        }
    }
    built
}

fn failover(
    tree: &Tree,
    path: &Path,
    name: &str,
    policy: &FailoverPolicy,
    parts: &Parts,
    diagnostics: &mut Diagnostics,
) -> Failover {
    let known: Vec<String> = parts.stations.iter().map(|station| station.name.clone()).collect();
    let mut members = Vec::new();
    for (number, member) in policy.members.iter().enumerate() {
        let at = path.key("members").index(number);
        match known.iter().position(|station| station == member) {
            None => diagnostics.unknown_name(tree, &at, "station", member, &known),
            Some(place) if !parts.stations[place].offers.is_empty() => {
                let hint = "providers fail over by `fallback` of an `llm` step";
                diagnostics.senseless(tree, &at, format!("`{member}` is a provider"), hint);
            }
            Some(place) if members.contains(&index(place)) => {
                diagnostics.senseless(tree, &at, format!("`{member}` is named twice"), "");
            }
            Some(place) => members.push(index(place)),
        }
    }
    if policy.members.len() < 2 {
        let message = "there is nobody to take the place of the active member";
        diagnostics.senseless(tree, &path.key("members"), message, "name two stations or more");
    }
    probe(tree, &path.key("probe"), &policy.probe, diagnostics);
    let laws = [
        ("operator", &policy.operator),
        ("decision", &policy.decision),
        ("promotion", &policy.promotion),
        ("verification", &policy.verification),
        ("notification", &policy.notification),
    ];
    for (field, law) in laws {
        check_law_option(tree, &path.key(field), law.as_ref(), diagnostics);
    }
    let lag = match &policy.replication {
        ReplicationMode::Synchronous => None,
        ReplicationMode::Asynchronous { lag } => Some(lag.clone()),
    };
    let at = path.key("replication").key("asynchronous").key("lag");
    check_law_option(tree, &at, lag.as_ref(), diagnostics);
    Failover {
        name: name.to_owned(),
        members,
        interval: policy.probe.interval,
        misses: policy.probe.misses,
        operator: policy.operator.clone(),
        decision: policy.decision.clone(),
        promotion: policy.promotion.clone(),
        verification: policy.verification.clone(),
        notification: policy.notification.clone(),
        dns_ttl: policy.dns_ttl,
        split_brain_check: policy.split_brain_check,
        lag,
        fail_back_after: match policy.fail_back {
            FailBackSpec::Never => None,
            FailBackSpec::After(span) => Some(span),
        },
    }
}

/// Reports a probe that never asks, or is never convinced.
pub(super) fn probe(tree: &Tree, path: &Path, probe: &ProbeSpec, diagnostics: &mut Diagnostics) {
    super::check_positive(tree, &path.key("interval"), probe.interval, diagnostics);
    if probe.misses == 0 {
        diagnostics.out_of_range(tree, &path.key("misses"), "the number of failures", 0.0, "at least 1");
    }
}
