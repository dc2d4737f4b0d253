//! An experiment file → every cell of it, ready to be run, or everything that is wrong with it.

use super::{Failure, Surroundings};
use crate::cli::ExperimentArgs;
use crate::experiment::build::{Experiment, TraceStore, build, data_folder};
use crate::experiment::{At, CellSpec, Diagnostics, Loaded, Severity, cell_tree, load};
use std::path::Path;

/// An experiment whose cells can all be run.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) loaded: Loaded,
    /// One for each of [`Loaded::cells`].
    pub(super) experiments: Vec<Experiment>,
    pub(super) traces: TraceStore,
    /// What is no error and should be known, as text.
    pub(super) warnings: String,
    /// What reading the file has found, and its texts.
    read: Diagnostics,
}

impl Prepared {
    /// Keeps only `cells`, which are some of those there are, renumbered in their order.
    pub(super) fn keep(&mut self, cells: Vec<CellSpec>) {
        let same = |a: &CellSpec, b: &CellSpec| {
            a.coordinates.iter().zip(&b.coordinates).all(|(a, b)| a.setting == b.setting)
        };
        let place = |cell: &CellSpec| self.loaded.cells.iter().position(|known| same(known, cell));
        let places: Vec<usize> = cells.iter().filter_map(place).collect();
        self.experiments = places.into_iter().map(|place| self.experiments[place].clone()).collect();
        self.loaded.cells = cells;
    }

    /// Keeps the experiment as it stands, without its sweep.
    pub(super) fn keep_base(&mut self) -> Result<(), Failure> {
        let mut diagnostics = self.read.clone();
        let Some(experiment) = build(&self.loaded.base, &mut self.traces, &mut diagnostics) else {
            return Err(wrong(&diagnostics));
        };
        self.experiments = vec![experiment];
        self.loaded.cells = vec![CellSpec::only()];
        Ok(())
    }
}

/// Cells that are looked at once one of them is wrong: neighbours are wrong in the same way.
const WRONG_CELLS_MAX: usize = 10;

/// Reads the experiment with `sets` applied and builds all its cells.
pub(super) fn prepare(
    args: &ExperimentArgs,
    sets: &[String],
    around: &Surroundings,
) -> Result<Prepared, Failure> {
    let data = data_folder(args.data.clone().or_else(|| around.data.clone()), Path::new("."));
    let mut traces = TraceStore::new(&args.file, data);
    let mut diagnostics = Diagnostics::new();
    let Some(loaded) = load(&args.file, sets, &mut diagnostics) else { return Err(wrong(&diagnostics)) };
    let mut experiments = Vec::with_capacity(loaded.cells.len());
    if loaded.cells.is_empty() {
        // The sweep is wrong; what it would vary can still be looked at.
        build(&loaded.base, &mut traces, &mut diagnostics);
    }
    // Sense is only checked where nothing is wrong yet, so each cell starts from what reading the file has found.
    let read = diagnostics.clone();
    let mut wrong_cells = 0;
    for cell in &loaded.cells {
        let mut found = read.clone();
        match build(&cell_tree(&loaded, cell), &mut traces, &mut found) {
            Some(experiment) => experiments.push(experiment),
            None => wrong_cells += 1,
        }
        take_over(&found, &mut diagnostics);
        if wrong_cells == WRONG_CELLS_MAX {
            break;
        }
    }
    if diagnostics.has_errors() || experiments.len() != loaded.cells.len() {
        return Err(wrong(&diagnostics));
    }
    Ok(Prepared { loaded, experiments, traces, warnings: diagnostics.to_string(), read })
}

/// Adds what was found; the same problem is kept once.
fn take_over(found: &Diagnostics, all: &mut Diagnostics) {
    for problem in found.iter() {
        let at = At { place: problem.place, path: problem.path.clone() };
        match problem.severity {
            Severity::Error => all.error(at, problem.message.as_str(), problem.hint.clone()),
            Severity::Warning => all.warning(at, problem.message.as_str(), problem.hint.clone()),
        }
    }
}

fn wrong(diagnostics: &Diagnostics) -> Failure {
    Failure::usage(diagnostics.to_string())
}
