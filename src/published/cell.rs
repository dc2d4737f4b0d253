//! Experiments → models → runs, for everything that published figures are held against.

use super::measured::Measured;
use super::rule::CellSpec;
use super::shelf::Shelf;
use crate::experiment::{Diagnostics, Loaded, TraceStore, build, load_text};
use crate::model::Model;
use crate::sim::{Plan, Run, replicate};
use indexmap::IndexMap;
use rayon::prelude::*;
use std::collections::BTreeMap;
use tars_policy::units::Span;

/// How much is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// All replications.
    Full,
    /// A tenth of them, but twenty at least where there are so many.
    Quick,
}

impl Effort {
    /// How many of so many replications are made.
    pub fn replications(self, all: u32) -> u32 {
        match self {
            Self::Full => all,
            Self::Quick => (all / 10).max(20).min(all),
        }
    }
}

/// An experiment that was read without an error.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its tree.
    pub loaded: Loaded,
    path: String,
    diagnostics: Diagnostics,
}

/// Reads an experiment with some changes.
///
/// # Errors
/// With all that is wrong with it.
pub fn opened(shelf: &Shelf, path: &str, sets: &[String]) -> Result<Opened, String> {
    let mut diagnostics = Diagnostics::new();
    let text = shelf.text(path)?;
    let loaded = load_text(&shelf.place(path).display().to_string(), &text, sets, &mut diagnostics);
    match loaded.filter(|_| !diagnostics.has_errors()) {
        Some(loaded) => Ok(Opened { loaded, path: path.to_owned(), diagnostics }),
        None => Err(format!("{path}: {diagnostics}")),
    }
}

impl Opened {
    /// Builds what the experiment describes, without its sweep.
    ///
    /// # Errors
    /// With all that is wrong with it.
    pub fn model(&self) -> Result<Model, String> {
        let mut diagnostics = self.diagnostics.clone();
        let mut traces = TraceStore::new(std::path::Path::new(&self.path), None);
        let experiment = build(&self.loaded.base, &mut traces, &mut diagnostics);
        experiment.map(|experiment| experiment.model).ok_or_else(|| format!("{}: {diagnostics}", self.path))
    }
}

/// Runs every configuration on the rayon pool it is called in.
///
/// # Errors
/// With the first experiment that cannot be run.
pub fn run_all(
    shelf: &Shelf,
    specs: &IndexMap<String, CellSpec>,
    effort: Effort,
) -> Result<BTreeMap<String, Measured>, String> {
    let plans: Vec<(String, Plan, u32)> = specs
        .iter()
        .map(|(name, spec)| {
            let opened = opened(shelf, &spec.experiment, &spec.sets);
            let model =
                opened.and_then(|opened| opened.model()).map_err(|why| format!("cell {name}: {why}"))?;
            Ok((name.clone(), Plan::new(model), effort.replications(spec.replications)))
        })
        .collect::<Result<_, String>>()?;
    let work: Vec<(usize, u64)> = plans
        .iter()
        .enumerate()
        .flat_map(|(cell, (_, _, replications))| {
            (0..u64::from(*replications)).map(move |number| (cell, number))
        })
        .collect();
    let runs: Vec<Run> = work.into_par_iter().map(|(cell, number)| one(&plans[cell].1, number)).collect();
    let mut runs = runs.into_iter();
    Ok(plans
        .into_iter()
        .map(|(name, plan, replications)| {
            let own: Vec<Run> = runs.by_ref().take(replications as usize).collect();
            (name, Measured { model: plan.model, runs: own })
        })
        .collect())
}

/// One replication, its warm-up left out where the experiment states one.
pub fn one(plan: &Plan, number: u64) -> Run {
    replicate(plan, number, plan.model.measure.warmup.unwrap_or(Span::ZERO))
}
