//! The two sides of a row, run on the same seeds, and the difference between them.

use super::book::Book;
use super::figure::Figure;
use super::{Pair, Row};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use tars_policy::units::Span;
use tars_sim::experiment::{Diagnostics, TraceStore, build, load};
use tars_sim::model::Model;
use tars_sim::sim::{Plan, Run, replicate};
use tars_sim::stats::compare;

/// Replications of each side.
const REPLICATIONS: u32 = 5;

/// The confidence with which the effect is at least as large as the row says.
const CONFIDENCE: f64 = 0.95;

/// What the second value does to the metric, at least: in its unit, or as a share of what the first value gives.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effect {
    /// It rises by so much.
    Rises(f64),
    /// It falls by so much.
    Falls(f64),
    /// It rises by this share.
    RisesByShare(f64),
    /// It falls by this share.
    FallsByShare(f64),
}

impl Effect {
    /// The direction, and the least size in the metric's unit where the first value gives `first`.
    fn least(self, first: f64) -> (f64, f64) {
        match self {
            Self::Rises(by) => (1.0, by),
            Self::Falls(by) => (-1.0, by),
            Self::RisesByShare(share) => (1.0, share * first.abs()),
            Self::FallsByShare(share) => (-1.0, share * first.abs()),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rises(by) => write!(f, "rises by {by} or more"),
            Self::Falls(by) => write!(f, "falls by {by} or more"),
            Self::RisesByShare(share) => write!(f, "rises by {:.0} % or more", share * 100.0),
            Self::FallsByShare(share) => write!(f, "falls by {:.0} % or more", share * 100.0),
        }
    }
}

/// One side of a row: its model, and its runs.
struct Side {
    model: Model,
    runs: Vec<Run>,
}

impl Side {
    fn run(book: Book, pair: &Pair, value: &serde_json::Value) -> Result<Self, String> {
        let file = PathBuf::from(book.folder).join(format!("{}.json", pair.experiment));
        let given = pair.given.iter().map(|(key, value)| format!("{key}={value}"));
        let sets: Vec<String> = given.chain([format!("{}={value}", pair.key)]).collect();
        let mut diagnostics = Diagnostics::new();
        let experiment = load(&file, &sets, &mut diagnostics).and_then(|loaded| {
            // As the file stands, without its sweep.
            build(&loaded.base, &mut TraceStore::new(&file, None), &mut diagnostics)
        });
        let model =
            experiment.filter(|_| !diagnostics.has_errors()).ok_or_else(|| diagnostics.to_string())?;
        let model = model.model;
        let cut = model.measure.warmup.unwrap_or(Span::ZERO);
        let plan = Plan::new(model.clone());
        Ok(Self {
            model,
            runs: (0..REPLICATIONS).map(|number| replicate(&plan, u64::from(number), cut)).collect(),
        })
    }

    fn values(&self, figure: &Figure) -> Result<Vec<f64>, String> {
        let value = |run| figure.of(&self.model, run).filter(|value: &f64| value.is_finite());
        self.runs.iter().map(|run| value(run).ok_or_else(|| format!("{figure:?} was not seen"))).collect()
    }
}

/// Whether the effect of a row is there; the error says what is instead.
pub(super) fn check(book: Book, row: &Row) -> Result<(), String> {
    let pair = row.pair();
    let (first, second) = (Side::run(book, &pair, &pair.values.0)?, Side::run(book, &pair, &pair.values.1)?);
    let figure = Figure::parse(&row.metric, &first.model)?;
    let (first, second) = (first.values(&figure)?, second.values(&figure)?);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (sign, least) = row.effect.least(mean(&first));
    let difference = compare(&first, &second, CONFIDENCE).ok_or("there is nothing to compare")?.difference;
    let near = if sign > 0.0 { difference.low } else { difference.high };
    let size = sign * near.ok_or("the difference has no interval")?;
    if least > 0.0 && size >= least {
        return Ok(());
    }
    Err(format!(
        "{} goes from {:.4} to {:.4}, surely by {size:.4}; expected that it {}",
        row.metric,
        mean(&first),
        mean(&second),
        row.effect
    ))
}

/// Whether the second value of a pair is accepted and changes anything in any replication.
///
/// # Panics
/// If the pair cannot be run with its first value.
pub(super) fn differs(book: Book, pair: &Pair) -> bool {
    let first = Side::run(book, pair, &pair.values.0);
    let first = first.unwrap_or_else(|why| panic!("{}: {why}", pair.key));
    Side::run(book, pair, &pair.values.1).is_ok_and(|second| second.runs != first.runs)
}
