//! Degradation by the health of components: stations, models and features by place in the model.

use super::system::{Parts, spec_at};
use super::{check_positive, index};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{ComponentsSpec, PoliciesSpec};
use crate::experiment::tree::Tree;
use crate::model::levels::{COMPONENTS, Levels};
use crate::model::route::Program;

/// The controller of levels.
pub(super) fn levels(
    tree: &Tree,
    policies: &PoliciesSpec,
    parts: &Parts,
    program: &Program,
    diagnostics: &mut Diagnostics,
) -> Option<Levels> {
    let policy = policies.levels.as_ref()?;
    let path = Path::root().key("policies").key("levels");
    check_positive(tree, &path.key("interval"), policy.interval, diagnostics);
    if let Err(error) = policy.rule.validate() {
        spec_at(tree, &path.key("rule"), &error, diagnostics);
    }
    if policy.checks == 0 {
        let at = path.key("checks");
        diagnostics.out_of_range(tree, &at, "the number of checks", 0.0, "at least 1");
    }
    let components = components(tree, &path.key("components"), &policy.components, parts, diagnostics);
    let models: Vec<String> = parts.models.iter().map(|model| model.name.clone()).collect();
    let reduced = policy.model.as_ref().and_then(|wanted| {
        let place = models.iter().position(|known| known == wanted);
        if place.is_none() {
            let what = "model under `system.models`";
            diagnostics.unknown_name(tree, &path.key("model"), what, wanted, &models);
        }
        place.map(index)
    });
    let mut features = |field: &str, names: &[String]| -> Vec<bool> {
        for (place, name) in names.iter().enumerate().filter(|(_, name)| !program.features.contains(name)) {
            let at = path.key(field).index(place);
            diagnostics.unknown_name(tree, &at, "feature of a route", name, &program.features);
        }
        program.features.iter().map(|feature| names.contains(feature)).collect()
    };
    let memory_features = features("memory_features", &policy.memory_features);
    let tool_features = features("tool_features", &policy.tool_features);
    let history_features = features("history_features", &policy.history_features);
    Some(Levels {
        interval: policy.interval,
        rule: policy.rule.clone(),
        checks: policy.checks,
        components,
        reduced,
        memory_features,
        tool_features,
        history_features,
    })
}

fn components(
    tree: &Tree,
    path: &Path,
    spec: &ComponentsSpec,
    parts: &Parts,
    diagnostics: &mut Diagnostics,
) -> [Option<u16>; COMPONENTS] {
    let known: Vec<String> = parts.stations.iter().map(|station| station.name.clone()).collect();
    let named = [
        ("primary_model", &spec.primary_model),
        ("backup_model", &spec.backup_model),
        ("memory_service", &spec.memory_service),
        ("tool_service", &spec.tool_service),
        ("checkpoint_store", &spec.checkpoint_store),
    ];
    if named.iter().all(|(_, name)| name.is_none()) {
        let hint = "name the station or provider of at least one";
        diagnostics.senseless(tree, path, "no component is named, so that the level never changes", hint);
    }
    named.map(|(field, name)| {
        let name = name.as_ref()?;
        let place = known.iter().position(|station| station == name);
        if place.is_none() {
            diagnostics.unknown_name(tree, &path.key(field), "station or provider", name, &known);
        }
        place.map(index)
    })
}
