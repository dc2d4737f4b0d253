//! Theory beside simulation: a model whose closed form is known, recognised, and what theory says of its metrics.
//!
//! [`theory_of`] looks at the valid model alone, never at a name or a file, so it knows any system that an experiment
//! says. Where it knows none it says which part of the model stands in the way.

mod network;
mod single;
mod traffic;

use super::metrics;
use super::validate::Verdict;
use crate::model::Model;
use crate::sim::Run;
use crate::stats::student_t_quantile;
use traffic::Traffic;

/// What theory says of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Theory {
    /// The system: `M/M/1`.
    pub system: String,
    /// Whose result it is.
    pub reference: &'static str,
    /// Metrics as reports name them, and their values in the long run, in the metric's unit.
    pub values: Vec<(String, f64)>,
}

impl Theory {
    fn new(system: impl Into<String>, reference: &'static str) -> Self {
        Self { system: system.into(), reference, values: Vec::new() }
    }

    fn with(mut self, metric: impl Into<String>, value: f64) -> Self {
        self.values.push((metric.into(), value));
        self
    }
}

/// What theory says of `model` in the long run.
///
/// # Errors
/// In a sentence, what stands in the way of a closed form.
///
/// ```
/// use tars_sim::analysis::{analytic::theory_of, validate::FILES};
/// use tars_sim::experiment::{Diagnostics, TraceStore, build, load_text};
///
/// let (name, text) = FILES.iter().find(|(name, _)| *name == "mm1").expect("it is in the program");
/// let mut diagnostics = Diagnostics::new();
/// let loaded = load_text(name, text, &[], &mut diagnostics).expect("it is an object");
/// let mut traces = TraceStore::new(name.as_ref(), None);
/// let model = build(&loaded.base, &mut traces, &mut diagnostics).expect("it is valid").model;
/// let theory = theory_of(&model).expect("it is known");
/// assert_eq!(theory.system, "M/M/1");
/// assert!(theory.values.iter().any(|(metric, value)| metric == "latency_mean_s" && (value - 5.0).abs() < 1e-9));
/// ```
pub fn theory_of(model: &Model) -> Result<Theory, String> {
    let traffic = Traffic::of(model)?;
    if traffic.visits_one_station_once() { single::theory(&traffic) } else { network::theory(&traffic) }
}

/// A metric of theory beside its simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The metric.
    pub metric: String,
    /// What theory says, in the metric's unit.
    pub theory: f64,
    /// What was simulated.
    pub simulated: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// How far the simulation lies from theory, in standard errors.
    pub error_in_standard_errors: Option<f64>,
    /// Whether they agree as far as chance allows, or why that cannot be said.
    pub verdict: Verdict,
}

/// Holds the `runs` of `model` against theory. One of m rows disagrees where it is further off than t(1 − 0.0005/m; R − 1)
/// standard errors: a sound simulation does so for one seed in a thousand.
pub fn rows(theory: &Theory, model: &Model, runs: &[Run]) -> Vec<Row> {
    let count = theory.values.len().max(1) as f64;
    theory.values.iter().map(|(metric, value)| row(metric, *value, model, runs, count)).collect()
}

fn row(metric: &str, theory: f64, model: &Model, runs: &[Run], count: f64) -> Row {
    let found = metrics::estimate(model, metric, runs, None);
    let mut row = Row {
        metric: metric.to_owned(),
        theory,
        simulated: found.as_ref().map(|found| found.value),
        interval: found.as_ref().and_then(|found| found.low.zip(found.high)),
        error_in_standard_errors: None,
        verdict: Verdict::Missing("nothing was seen of it".to_owned()),
    };
    let Some(found) = found else { return row };
    let Some((low, high)) = row.interval else {
        let why = found.note.map_or_else(|| "no interval".to_owned(), |note| note.to_string());
        row.verdict = Verdict::Missing(why);
        return row;
    };
    let freedom = f64::from(found.replications) - 1.0;
    let error = (high - low) / 2.0 / student_t_quantile(f64::midpoint(1.0, found.confidence), freedom);
    let off = found.value - theory;
    let reach = student_t_quantile(1.0 - 0.0005 / count, freedom) * error;
    // Two floats that say the same may differ in their last digits where nothing is left to chance.
    let holds = libm::fabs(off) <= reach.max(1e-9 * libm::fabs(theory));
    row.error_in_standard_errors = (error > 0.0).then(|| off / error);
    row.verdict = if holds { Verdict::Holds } else { Verdict::Off };
    row
}

#[cfg(test)]
mod tests;
