//! Autoscalers and degradation: what they watch and act on, by place in the model.

use super::system::Parts;
use super::{check_positive, index};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{AutoscalePolicy, DegradePolicy, PoliciesSpec};
use crate::experiment::tree::Tree;
use crate::model::route::Program;
use crate::model::{Autoscale, Degrade, Pool};
use tars_policy::degrade::{DegradeSpec, ModeSettings};

/// The autoscalers; agents below an autoscaler's minimum are not retired for being idle.
pub(super) fn autoscalers(
    tree: &Tree,
    policies: &PoliciesSpec,
    pools: &mut [Pool],
    diagnostics: &mut Diagnostics,
) -> Vec<Autoscale> {
    let root = Path::root().key("policies").key("autoscale");
    let scalers: Vec<Autoscale> = policies
        .autoscale
        .iter()
        .filter_map(|(name, scaler)| autoscaler(tree, &root.key(name), name, scaler, pools, diagnostics))
        .collect();
    for scaler in &scalers {
        let least = scaler.rule.min();
        let groups = &mut pools[usize::from(scaler.pool)].agents.groups;
        if let Some(group) = groups.get_mut(scaler.group) {
            group.minimum = group.minimum.max(least);
        }
    }
    scalers
}

fn autoscaler(
    tree: &Tree,
    path: &Path,
    name: &str,
    scaler: &AutoscalePolicy,
    pools: &[Pool],
    diagnostics: &mut Diagnostics,
) -> Option<Autoscale> {
    check_positive(tree, &path.key("interval"), scaler.interval, diagnostics);
    let names = names(pools);
    let Some(pool) = names.iter().position(|pool| pool == name) else {
        diagnostics.unknown_name(tree, path, "pool", name, &names);
        return None;
    };
    let groups: Vec<String> = pools[pool].groups.iter().map(|group| group.name.clone()).collect();
    let group = scaler.group.as_ref().map_or(Some(0), |wanted| {
        let place = groups.iter().position(|group| group == wanted);
        if place.is_none() {
            diagnostics.unknown_name(tree, &path.key("group"), "group of agents", wanted, &groups);
        }
        place
    })?;
    Some(Autoscale { pool: index(pool), group, interval: scaler.interval, rule: scaler.rule.clone() })
}

fn names(pools: &[Pool]) -> Vec<String> {
    pools.iter().map(|pool| pool.name.clone()).collect()
}

/// The degradation, with models and features by place.
pub(super) fn degrade(
    tree: &Tree,
    policies: &PoliciesSpec,
    parts: &Parts,
    models: &[String],
    program: &Program,
    diagnostics: &mut Diagnostics,
) -> Option<Degrade> {
    let policy = policies.degrade.as_ref()?;
    let path = Path::root().key("policies").key("degrade");
    check_positive(tree, &path.key("interval"), policy.interval, diagnostics);
    check_positive(tree, &path.key("success_window"), policy.success_window, diagnostics);
    let pools = names(&parts.pools);
    let pool = pools.iter().position(|pool| *pool == policy.pool);
    if pool.is_none() {
        diagnostics.unknown_name(tree, &path.key("pool"), "pool", &policy.pool, &pools);
    }
    let (modes_path, settings_by_mode) = modes(&path, policy);
    let named = settings_by_mode.map(|(mode, settings)| {
        let wanted = settings.model.as_ref()?;
        let place = models.iter().position(|known| known == wanted);
        let at = modes_path.key(mode).key("model");
        match place {
            None => diagnostics.unknown_name(tree, &at, "model under `system.models`", wanted, models),
            Some(place) if !offered(parts, place) => {
                let message =
                    format!("no provider offers the model `{wanted}`, so this mode changes nothing");
                diagnostics.senseless(tree, &at, message, "let a provider offer it, or name another model");
            }
            Some(_) => {}
        }
        place.map(index)
    });
    let features = settings_by_mode.map(|(_, settings)| {
        (!settings.features.is_empty())
            .then(|| program.features.iter().map(|feature| settings.allows(feature)).collect())
    });
    Some(Degrade {
        interval: policy.interval,
        pool: index(pool?),
        success_window: policy.success_window,
        rule: policy.rule.clone(),
        models: named,
        features,
    })
}

/// The modes of a rule, and where they stand.
fn modes<'p>(path: &Path, policy: &'p DegradePolicy) -> (Path, [(&'static str, &'p ModeSettings); 3]) {
    let (rule, modes) = match &policy.rule {
        DegradeSpec::ThreeMode(rule) => ("three_mode", &rule.modes),
        DegradeSpec::Load(rule) => ("load", &rule.modes),
    };
    let named = [("optimal", &modes.optimal), ("high_load", &modes.high_load), ("critical", &modes.critical)];
    (path.key("rule").key(rule).key("modes"), named)
}

/// Whether some provider offers the model.
fn offered(parts: &Parts, model: usize) -> bool {
    let mut providers = parts.stations.iter().filter(|station| !station.offers.is_empty());
    // Where nothing calls a model, a mode may still name one.
    parts.stations.iter().all(|station| station.offers.is_empty())
        || providers.any(|provider| provider.offers.get(model).is_some_and(Option::is_some))
}
