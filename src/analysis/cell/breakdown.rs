//! What each priority, class, role, model and provider saw, with the intervals that the same metrics of all tasks have.

use super::{CellInput, figure};
use crate::analysis::metrics::{Seen, of_pairs, seconds, share};
use crate::model::Model;
use crate::result::Breakdown;
use crate::sim::{BreakdownRun, Run};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// One entry for each value of a dimension that any task or call had.
pub(super) fn all(input: &CellInput<'_>) -> Vec<Breakdown> {
    let entries = input.runs.iter().flat_map(|run| &run.breakdowns);
    let keys: BTreeSet<(u8, u16)> = entries.map(|entry| (entry.dimension, entry.value)).collect();
    keys.into_iter().map(|key| of(input, key)).collect()
}

fn of(input: &CellInput<'_>, key: (u8, u16)) -> Breakdown {
    let nothing = BreakdownRun::default();
    let found = |run: &Run| run.breakdowns.iter().position(|entry| (entry.dimension, entry.value) == key);
    let seen: Vec<(&Run, &BreakdownRun)> = input
        .runs
        .iter()
        .map(|run| (run, found(run).map_or(&nothing, |place| &run.breakdowns[place])))
        .collect();
    let confidence = input.model.measure.confidence;
    let pairs = |quotient: &dyn Fn(&Run, &BreakdownRun) -> (f64, f64)| -> Vec<(f64, f64)> {
        seen.iter().map(|(run, entry)| quotient(run, entry)).collect()
    };
    let of_calls = seen.iter().any(|(_, entry)| entry.calls > 0);
    let count = |entry: &BreakdownRun| if of_calls { entry.calls } else { entry.ended };
    let failed = |entry: &BreakdownRun| if of_calls { entry.calls_failed } else { entry.ended - entry.good };
    let quantiles = Seen { runs: input.runs, relaxation: input.relaxation };
    let estimates = [
        ("rate_per_s", of_pairs(&pairs(&|run, entry| (count(entry) as f64, seconds(run))), confidence)),
        (
            "latency_mean_s",
            of_pairs(
                &pairs(&|_, entry| (entry.latency.sum() as f64 / 1e9, entry.latency.len() as f64)),
                confidence,
            ),
        ),
        ("latency_p99_s", quantiles.quantile(seen.iter().map(|(_, entry)| &entry.latency), 0.99, confidence)),
        ("error_share", share(&pairs(&|_, entry| (failed(entry) as f64, count(entry) as f64)), confidence)),
        (
            "cost_usd_per_task",
            of_pairs(&pairs(&|_, entry| (entry.cost as f64 / 1e12, entry.ended as f64)), confidence),
        ),
        (
            "quality_mean",
            of_pairs(&pairs(&|_, entry| (entry.quality as f64 / 1e6, entry.good as f64)), confidence),
        ),
    ];
    let metrics: IndexMap<_, _> = estimates
        .into_iter()
        .filter(|(_, estimate)| estimate.is_some())
        .map(|(name, estimate)| (name.to_owned(), figure(estimate, name, input)))
        .collect();
    let (dimension, value) = names(input.model, key);
    Breakdown { dimension, value, metrics }
}

fn names(model: &Model, (dimension, value): (u8, u16)) -> (String, String) {
    let index = usize::from(value);
    let (name, value) = match dimension {
        0 => ("priority", tars_policy::queue::Priority::ALL[index].as_str().to_owned()),
        1 => ("class", model.classes[index].name.clone()),
        2 => ("role", model.roles[index].clone()),
        3 => ("model", model.models[index].name.clone()),
        _ => ("provider", model.stations[index].name.clone()),
    };
    (name.to_owned(), value)
}
