//! The calibration, rerun: a least-squares fit of a few parameters to published cells, on the simulator itself.
//!
//! Residuals are in units of what counts as a good match (5 % of a mean, 10 % of a 99th percentile, one point of
//! success). The search is Levenberg's and Marquardt's with differences for derivatives; common random numbers make the
//! simulated residuals smooth enough for it. How well the parameters are identified is told by the singular values of
//! the scaled Jacobian: their ratio is the condition, and the error of a parameter follows from the inverse of `JᵀJ`.
//! Each row is also left out once and predicted by the fit that has not seen it.

mod solve;

use super::cell::{Effort, opened};
use super::expression::shown;
use super::measured::Measured;
use super::rule::CellSpec;
use super::shelf::{Published, Shelf};
use crate::model::Model;
use crate::sim::{Plan, replicate};
use rayon::prelude::*;
use serde::Deserialize;
use solve::{Matrix, inverse};
use std::fmt::Write;
use tars_policy::units::Span;

/// Steps of the search; it ends sooner where a step gains nothing.
const STEPS_MAX: u32 = 8;
/// Replications of a level in the search, and in a quick one.
const REPLICATIONS: (u64, u64) = (100, 8);

/// Users over mean latency: the throughput that the rows above ten users obey best (audit B1).
const STEADY: &str = "steady_per_s";

/// What is fitted to what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitSpec {
    /// What it is.
    pub about: String,
    /// The free parameters.
    pub parameters: Vec<Parameter>,
    /// The cells.
    pub targets: Vec<Target>,
}

/// A free parameter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The key it is.
    pub at: String,
    /// Where the search starts.
    pub start: f64,
    /// A distance over which a difference is taken.
    pub step: f64,
}

/// A published cell that takes part.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The row of Scenario 9.
    pub users: u32,
    /// What is compared.
    pub metric: String,
    /// The published entry.
    pub entry: String,
    /// The relative error that counts as one.
    #[serde(default)]
    pub unit: Option<f64>,
    /// The absolute error that counts as one, instead.
    #[serde(default)]
    pub points: Option<f64>,
}

/// What a fit found.
#[derive(Clone, Debug)]
pub struct Fit {
    parameters: Vec<(String, f64, f64)>,
    correlations: Matrix,
    condition: f64,
    rows: Vec<Residual>,
    left_out: Vec<Residual>,
}

/// A cell against its prediction.
#[derive(Clone, Debug)]
struct Residual {
    users: u32,
    metric: String,
    published: f64,
    simulated: f64,
}

/// What a fit is made with.
struct Bench<'a> {
    shelf: &'a Shelf,
    published: &'a Published,
    spec: FitSpec,
    replications: u64,
}

/// Fits the parameters, and again without each row of users.
///
/// # Errors
/// Where a file cannot be read or an experiment cannot be run.
pub fn fit(shelf: &Shelf, effort: Effort) -> Result<Fit, String> {
    let published = shelf.read()?;
    let path = "models/published/fit.json";
    let spec: FitSpec =
        serde_json::from_str(&shelf.text(path)?).map_err(|error| format!("{path}: {error}"))?;
    let replications = if effort == Effort::Full { REPLICATIONS.0 } else { REPLICATIONS.1 };
    let bench = Bench { shelf, published: &published, spec, replications };
    let all: Vec<&Target> = bench.spec.targets.iter().collect();
    let start: Vec<f64> = bench.spec.parameters.iter().map(|one| one.start).collect();
    let best = bench.search(&start, &all)?;
    let jacobian = bench.jacobian(&best, &all)?;
    let normal = jacobian.transposed_times_self();
    let covariance = inverse(&normal).ok_or("the parameters cannot be told apart")?;
    let errors: Vec<f64> = (0..best.len()).map(|at| libm::sqrt(covariance.at(at, at))).collect();
    let parameters = bench
        .spec
        .parameters
        .iter()
        .zip(&best)
        .zip(&errors)
        .map(|((one, value), error)| (one.name.clone(), *value, error * one.step))
        .collect();
    let correlations = covariance.scaled(&errors);
    let mut left_out = bench.left_out(&best)?;
    left_out.extend(bench.residuals(&best, &bench.unseen())?);
    Ok(Fit {
        parameters,
        correlations,
        condition: normal.condition(),
        rows: bench.residuals(&best, &bench.shown())?,
        left_out,
    })
}

impl Bench<'_> {
    /// The value of an entry.
    fn entry(&self, id: &str) -> Result<f64, String> {
        let found = self.published.figures.iter().find(|figure| figure.id == id);
        found.and_then(super::Figure::number).ok_or_else(|| format!("{id} has no number"))
    }

    /// The levels measured with the parameters at `values`.
    fn levels(&self, values: &[f64], users: &[u32]) -> Result<Vec<Measured>, String> {
        let models: Vec<Model> = users
            .iter()
            .map(|users| {
                let name = format!("s9-{users}");
                let spec: &CellSpec =
                    self.published.cells.get(&name).ok_or_else(|| format!("there is no cell {name}"))?;
                let mut sets = spec.sets.clone();
                sets.extend(
                    self.spec.parameters.iter().zip(values).map(|(one, value)| format!("{}={value}", one.at)),
                );
                opened(self.shelf, &spec.experiment, &sets)?.model()
            })
            .collect::<Result<_, String>>()?;
        Ok(models
            .into_par_iter()
            .map(|model| {
                let plan = Plan::new(model);
                let numbers = (0..self.replications).into_par_iter();
                let runs = numbers.map(|number| replicate(&plan, number, Span::ZERO)).collect();
                Measured { model: plan.model, runs }
            })
            .collect())
    }

    fn residuals(&self, values: &[f64], targets: &[(u32, String, f64)]) -> Result<Vec<Residual>, String> {
        let mut users: Vec<u32> = targets.iter().map(|(users, _, _)| *users).collect();
        users.dedup();
        let levels = self.levels(values, &users)?;
        targets
            .iter()
            .map(|(at, metric, published)| {
                let level = users.iter().position(|known| known == at).and_then(|place| levels.get(place));
                let value =
                    |metric: &str| level.and_then(|level| level.value(metric)).map(|value| value.mean);
                let simulated = match metric.as_str() {
                    STEADY => value("mean_ms").map(|mean| f64::from(*at) * 1000.0 / mean),
                    other => value(other),
                };
                let simulated =
                    simulated.ok_or_else(|| format!("nothing was seen of {metric} at {at} users"))?;
                Ok(Residual { users: *at, metric: metric.clone(), published: *published, simulated })
            })
            .collect()
    }

    /// The errors of the cells, each in its unit.
    fn errors(&self, values: &[f64], targets: &[&Target]) -> Result<Vec<f64>, String> {
        let mut cells: Vec<(u32, String, f64)> = targets
            .iter()
            .map(|target| Ok((target.users, target.metric.clone(), self.entry(&target.entry)?)))
            .collect::<Result<_, String>>()?;
        let order: Vec<(u32, String, f64)> = cells.clone();
        cells.sort_by_key(|(users, _, _)| *users);
        let found = self.residuals(values, &cells)?;
        Ok(order
            .iter()
            .zip(targets)
            .map(|((users, metric, published), target)| {
                let simulated = found
                    .iter()
                    .find(|one| one.users == *users && one.metric == *metric)
                    .map_or(f64::NAN, |one| one.simulated);
                let unit = target.points.unwrap_or_else(|| target.unit.unwrap_or(0.05) * published);
                (simulated - published) / unit
            })
            .collect())
    }

    /// The change of each error with each parameter, in steps of the parameter.
    fn jacobian(&self, values: &[f64], targets: &[&Target]) -> Result<Matrix, String> {
        let base = self.errors(values, targets)?;
        let mut jacobian = Matrix::zero(targets.len(), values.len());
        for (column, parameter) in self.spec.parameters.iter().enumerate() {
            let mut moved = values.to_vec();
            moved[column] += parameter.step;
            for (row, error) in self.errors(&moved, targets)?.into_iter().enumerate() {
                jacobian.set(row, column, error - base[row]);
            }
        }
        Ok(jacobian)
    }

    /// The values with the least sum of squared errors that can be reached from `start`.
    fn search(&self, start: &[f64], targets: &[&Target]) -> Result<Vec<f64>, String> {
        let sum = |errors: &[f64]| errors.iter().map(|error| error * error).sum::<f64>();
        let mut values = start.to_vec();
        let mut errors = self.errors(&values, targets)?;
        let mut damping = 0.1;
        for _ in 0..STEPS_MAX {
            let jacobian = self.jacobian(&values, targets)?;
            let Some(step) = solve::damped(&jacobian, &errors, damping) else { break };
            let moved: Vec<f64> = self
                .spec
                .parameters
                .iter()
                .zip(values.iter().zip(&step))
                .map(|(parameter, (value, step))| (value - step * parameter.step).max(parameter.step / 100.0))
                .collect();
            let found = self.errors(&moved, targets)?;
            let (before, after) = (sum(&errors), sum(&found));
            if after < before {
                (values, errors) = (moved, found);
                damping /= 5.0;
                if before - after < 1e-3 * before {
                    break;
                }
            } else {
                damping *= 10.0;
                if damping > 1e4 {
                    break;
                }
            }
        }
        // Digits beyond what the data can tell would only look like knowledge.
        Ok(values.into_iter().map(|value| round_to(value, 4)).collect())
    }

    /// Each row of users predicted by the fit that has not seen it.
    fn left_out(&self, best: &[f64]) -> Result<Vec<Residual>, String> {
        let mut users: Vec<u32> = self.spec.targets.iter().map(|target| target.users).collect();
        users.sort_unstable();
        users.dedup();
        let mut found = Vec::new();
        for out in users {
            let rest: Vec<&Target> = self.spec.targets.iter().filter(|target| target.users != out).collect();
            let values = self.search(best, &rest)?;
            let own: Vec<_> = self.shown().into_iter().filter(|(users, _, _)| *users == out).collect();
            found.extend(self.residuals(&values, &own)?);
        }
        Ok(found)
    }

    /// All latencies and success of the rows that take part.
    fn shown(&self) -> Vec<(u32, String, f64)> {
        [25, 50, 75, 100].into_iter().flat_map(|users| self.row(users)).collect()
    }

    /// The rows that never take part: 10 users, and throughput at 150 as all that is published there.
    fn unseen(&self) -> Vec<(u32, String, f64)> {
        let mut rows = self.row(10);
        if let Ok(value) = self.entry("horizontal.throughput.sub_agents_10.concurrency_150") {
            rows.push((150, STEADY.to_owned(), value));
        }
        rows
    }

    fn row(&self, users: u32) -> Vec<(u32, String, f64)> {
        let names = [
            (if users == 10 { "issued_per_s" } else { STEADY }, "throughput"),
            ("mean_ms", "avg_response_time"),
            ("p95_ms", "p95_response_time"),
            ("p99_ms", "p99_response_time"),
            ("success_pct", "success_rate"),
        ];
        names
            .into_iter()
            .filter_map(|(metric, entry)| {
                let published = self.entry(&format!("s9.{entry}.concurrency_{users}")).ok()?;
                Some((users, metric.to_owned(), published))
            })
            .collect()
    }
}

/// To so many significant digits.
fn round_to(value: f64, digits: i32) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let size = libm::floor(libm::log10(libm::fabs(value)));
    let scale = libm::pow(10.0, f64::from(digits) - 1.0 - size);
    libm::round(value * scale) / scale
}

impl Fit {
    /// The fitted parameters by name.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, f64)> {
        self.parameters.iter().map(|(name, value, _)| (name.as_str(), *value))
    }

    /// For people, and to be compared with the committed one.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{} parameters\n\n{:<26}{:>10}{:>12}\n",
            self.parameters.len(),
            "parameter",
            "value",
            "± error"
        );
        for (name, value, error) in &self.parameters {
            let _ = writeln!(text, "{name:<26}{:>10}{:>12}", shown(*value), shown(round_to(*error, 2)));
        }
        let _ = writeln!(text, "\nAn error is what moves the sum of squared residuals by one unit.");
        let _ = writeln!(text, "condition of JᵀJ: {:.0}\n\ncorrelations", self.condition);
        for row in 0..self.parameters.len() {
            let cells: Vec<String> =
                (0..=row).map(|column| format!("{:>7.2}", self.correlations.at(row, column))).collect();
            let _ = writeln!(text, "{:<26}{}", self.parameters[row].0, cells.concat());
        }
        text.push_str("\nthe rows that were fitted to\n");
        table(&mut text, &self.rows);
        text.push_str("\neach row predicted by a fit without it; 10 and 150 users take part in no fit\n");
        table(&mut text, &self.left_out);
        text
    }
}

fn table(text: &mut String, rows: &[Residual]) {
    let _ = writeln!(
        text,
        "{:>5}  {:<14}{:>10}{:>11}{:>12}",
        "users", "metric", "published", "simulated", "error"
    );
    for row in rows {
        let error = if row.metric == "success_pct" {
            format!("{:+.2} points", row.simulated - row.published)
        } else {
            format!("{:+.1} %", 100.0 * (row.simulated - row.published) / row.published)
        };
        let _ = writeln!(
            text,
            "{:>5}  {:<14}{:>10}{:>11.2}{error:>14}",
            row.users, row.metric, row.published, row.simulated
        );
    }
}
