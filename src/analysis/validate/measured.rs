//! A case → its replications → estimates of its metrics.

use super::case::{Case, Experiment};
use super::{Form, Options};
use crate::analysis::metrics;
use crate::experiment::{Diagnostics, TraceStore, build, cell_tree, load, load_text};
use crate::model::Model;
use crate::sim::{Plan, Run, replicate};
use crate::stats::{Estimate, RatioError, mean, ratio};
use rayon::prelude::*;
use std::path::Path;
use tars_policy::units::Span;

/// How many times as long a full run is, and how many times as many replications it has.
const FULL_FACTOR: u32 = 5;

/// The breakdown by class.
const BY_CLASS: u8 = 1;

/// What the replications of a case gave.
pub(super) struct Measured {
    plan: Plan,
    runs: Vec<Run>,
}

impl Measured {
    /// Runs a case, all its replications on the rayon pool of the caller.
    pub(super) fn of(case: &Case, options: &Options) -> Result<Self, String> {
        let mut model = model_of(case, options)?;
        let mut replications = model.measure.replications_min;
        let rests_on_chance = case.checks.iter().any(|check| check.within == super::Within::Sampled);
        if options.form == Form::Full && rests_on_chance {
            replications *= FULL_FACTOR;
            if case.windowed {
                replications *= FULL_FACTOR;
            } else {
                let cut = model.measure.warmup.unwrap_or_default();
                let window = model.measure.duration - cut;
                model.measure.duration = cut + Span::from_nanos(window.as_nanos() * u64::from(FULL_FACTOR));
            }
        }
        // A validation looks at no time series.
        model.measure.windows = 0;
        let cut = model.measure.warmup.unwrap_or_default();
        let plan = Plan::new(model);
        let runs = (0..u64::from(replications))
            .into_par_iter()
            .map(|number| replicate(&plan, number, cut))
            .collect();
        Ok(Self { plan, runs })
    }

    /// The estimate of a metric.
    pub(super) fn estimate(&self, metric: &str) -> Option<Estimate> {
        match metric.strip_prefix("class/").and_then(|rest| rest.split_once('/')) {
            Some((class, what)) => self.of_class(class, what),
            None => metrics::estimate(&self.plan.model, metric, &self.runs, None),
        }
    }

    fn of_class(&self, class: &str, what: &str) -> Option<Estimate> {
        let place = self.plan.model.classes.iter().position(|known| known.name == class)?;
        let entries = self.runs.iter().map(|run| {
            let is_it = |entry: &&crate::sim::BreakdownRun| {
                entry.dimension == BY_CLASS && usize::from(entry.value) == place
            };
            (run, run.breakdowns.iter().find(is_it))
        });
        let confidence = self.plan.model.measure.confidence;
        match what {
            "latency_mean_s" => {
                let pairs: Vec<(f64, f64)> = entries
                    .map(|(_, entry)| {
                        entry
                            .map_or((0.0, 0.0), |entry| (entry.latency.sum() as f64 / 1e9, entry.good as f64))
                    })
                    .collect();
                ratio(&pairs, confidence, RatioError::Jackknife)
            }
            "goodput_per_s" => {
                let rates: Vec<f64> = entries
                    .map(|(run, entry)| entry.map_or(0.0, |entry| entry.good as f64) / metrics::seconds(run))
                    .collect();
                mean(&rates, confidence)
            }
            _ => None,
        }
    }
}

/// The model of a case's experiment, or all that is wrong with it.
pub(super) fn model_of(case: &Case, options: &Options) -> Result<Model, String> {
    let mut diagnostics = Diagnostics::new();
    let (path, loaded) = match &case.experiment {
        Experiment::Embedded(name, text) => {
            (Path::new(*name), load_text(name, text, &case.sets, &mut diagnostics))
        }
        Experiment::File(path) => (path.as_path(), load(path, &case.sets, &mut diagnostics)),
    };
    let mut traces = TraceStore::new(path, options.data.clone());
    let experiment = loaded.filter(|_| !diagnostics.has_errors()).and_then(|loaded| {
        let cell = loaded.cells.first()?;
        build(&cell_tree(&loaded, cell), &mut traces, &mut diagnostics)
    });
    experiment.map(|experiment| experiment.model).ok_or_else(|| diagnostics.to_string())
}
