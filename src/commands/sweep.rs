//! `sweep` and `run`: experiment → cells → runs → answer → files.

use super::axes::{self, Axes};
use super::prepare::{Prepared, prepare};
use super::progress::{Manner, Meter};
use super::{Cause, Failure, Surroundings, precision, print, quick, sensitivity, signal, talk, theory};
use crate::analysis::{CellInput, Whole, analyse_cell, analytic, assemble, metrics};
use crate::cli::{ResultFormat, RunArgs};
use crate::experiment::build::{Experiment, TraceStore};
use crate::experiment::{CellSpec, Loaded};
use crate::model::Measure;
use crate::report::{self, ReplicationRow};
use crate::result::{Assumption, Cell, CellStatus, ResultFile};
use crate::runner::{CellDigest, CellJob, CellRuns, PlanIdentity, Progress, RunOptions, combined, run_cells};
use crate::sim::Run;
use crate::store::{Manifest, Outgoing, Store, write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// How much of an experiment is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of its cells.
    Sweep,
    /// The experiment as it stands, without its sweep.
    Single,
}

/// Whether theory is shown beside the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theory {
    /// Nobody asked.
    Unasked,
    /// Where a closed form is known.
    Beside,
}

/// What the command line changes in how every cell is measured.
#[derive(Clone, Copy, Debug)]
struct Haste {
    quick: bool,
    precision_asked: bool,
}

impl Haste {
    fn adapt(self, measure: &mut Measure) {
        if self.precision_asked {
            precision::make_room(measure);
        }
        if self.quick {
            quick::shorten(measure);
        }
    }
}

/// A sweep on its way.
pub(super) struct Sweep<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) cells: &'a [CellSpec],
    pub(super) experiments: &'a [Experiment],
    pub(super) store: &'a Store,
    pub(super) options: RunOptions<'a>,
    pub(super) progress: &'a dyn Progress,
    axes: &'a Axes,
    theory: Theory,
    haste: Haste,
    command: String,
    plan_id: String,
}

/// What is left of a cell once its runs are dropped.
struct Folded {
    cell: Cell,
    rows: Vec<ReplicationRow>,
    digest: CellDigest,
    /// Theory beside it, where that was asked for.
    theory: Option<Compared>,
}

/// Theory beside the simulation, or why none is known.
type Compared = Result<(analytic::Theory, Vec<analytic::Row>), String>;

/// A whole result, the values of each replication, and theory beside its first cell where that was asked for.
type Outcome = (ResultFile, Vec<ReplicationRow>, Option<Compared>);

/// Runs an experiment and writes its results.
pub(super) fn sweep(
    args: &RunArgs,
    extent: Extent,
    theory: Theory,
    around: &Surroundings,
) -> Result<(), Failure> {
    if theory == Theory::Beside && matches!(args.format, ResultFormat::Json | ResultFormat::OpenMetrics) {
        return Err(Failure::usage("error: `--analytic` prints a table or CSV"));
    }
    let mut prepared = prepare(&args.experiment, &sets(args)?, around)?;
    talk(&prepared.warnings);
    let extent = narrow(&mut prepared, args, extent)?;
    let Prepared { loaded, mut experiments, mut traces, .. } = prepared;
    require_objective(args, &experiments[0])?;
    let haste = Haste { quick: args.quick, precision_asked: !args.precision.is_empty() };
    for experiment in &mut experiments {
        haste.adapt(&mut experiment.model.measure);
    }
    let digests = traces.digests();
    let identity = PlanIdentity { canonical: &loaded.canonical, traces: &digests, extent: &extent };
    let folder = folder(args, &experiments[0].name, &extent);
    let plan_id = identity.plan_id();
    let store = Store::open(&folder, &plan_id)?;
    let meter = Meter::new(Manner::of(args.quiet, around.bar), Some(loaded.cells.len()));
    let options = RunOptions {
        threads: usize::from(args.threads),
        stop: signal::listen()?,
        quick: args.quick,
        estimate: metrics::estimate,
    };
    let axes = Axes::of(&loaded.cells);
    let sweep = Sweep {
        loaded: &loaded,
        cells: &loaded.cells,
        experiments: &experiments,
        store: &store,
        options,
        progress: &meter,
        axes: &axes,
        theory,
        haste,
        command: command(args, &extent),
        plan_id,
    };
    let outcome = sweep.outcome(&mut traces);
    meter.close();
    let Some((result, rows, compared)) = outcome? else {
        return Err(interrupted(&meter, loaded.cells.len(), &folder, &resume(args, &extent)));
    };
    save(&store, &result, &rows, identity.experiment())?;
    let shown = folder.display().to_string();
    let format = super::format_from(args.format, 0);
    match (&compared, args.format) {
        (Some(compared), ResultFormat::Csv) => print(theory::csv(compared)?.as_bytes())?,
        (Some(compared), ResultFormat::Table | ResultFormat::Json | ResultFormat::OpenMetrics) => {
            print(&report::stdout(&result, format, Some(&shown), around.screen)?)?;
            print(theory::table(compared).as_bytes())?;
        }
        (None, _) => print(&report::stdout(&result, format, Some(&shown), around.screen)?)?,
    }
    verdict(args, &result)
}

impl Sweep<'_> {
    /// The whole result and the values of each replication; nothing if it was told to stop before they were there.
    fn outcome(&self, traces: &mut TraceStore) -> Result<Option<Outcome>, Failure> {
        let Some(folded) = self.run()?.into_iter().collect::<Option<Vec<Folded>>>() else { return Ok(None) };
        let digest = combined(&folded.iter().map(|cell| cell.digest).collect::<Vec<_>>());
        let (mut rows, mut cells, mut theory) = (Vec::new(), Vec::new(), None);
        for mut entry in folded {
            rows.append(&mut entry.rows);
            cells.push(entry.cell);
            theory = theory.or(entry.theory);
        }
        let whole = self.whole(digest);
        let mut result = assemble(whole.clone(), cells, Vec::new());
        if !self.options.quick && !self.experiments[0].sensitivity.is_empty() {
            let found = sensitivity::run(self, traces, &result.answer, &result.cells)?;
            let Some(found) = found else { return Ok(None) };
            result = assemble(whole, result.cells, found);
        }
        let stopped = self.options.stop.load(Ordering::Relaxed);
        Ok((!stopped).then_some((result, rows, theory)))
    }

    fn run(&self) -> Result<Vec<Option<Folded>>, Failure> {
        let jobs: Vec<CellJob> = self
            .experiments
            .iter()
            .enumerate()
            .map(|(index, experiment)| CellJob { index, model: experiment.model.clone() })
            .collect();
        let finish = |job: &CellJob, runs: CellRuns| {
            let cell = analysed(self, job.index, &self.experiments[job.index], job, &runs);
            let theory =
                (self.theory == Theory::Beside && runs.failed.is_none()).then(|| compare(job, &runs));
            Folded { rows: rows(&cell, job, &runs.runs), digest: runs.digest(job), cell, theory }
        };
        Ok(run_cells(&jobs, Some(self.store), &self.options, self.progress, finish)?)
    }

    /// Makes an experiment fit the haste of this sweep.
    pub(super) fn adapt(&self, experiment: &mut Experiment) {
        self.haste.adapt(&mut experiment.model.measure);
    }

    fn whole(&self, digest: String) -> Whole {
        let first = &self.experiments[0];
        Whole {
            name: first.name.clone(),
            question: first.question.clone(),
            source: first.source.clone(),
            command: self.command.clone(),
            quick: self.options.quick,
            plan_id: self.plan_id.clone(),
            digest,
            seed: first.model.measure.seed,
            confidence: first.model.measure.confidence,
            axes: self.axes.axes.clone(),
            slo: first.slo.clone(),
            assumptions: self.loaded.assumptions.iter().map(assumption).collect(),
            published: axes::published(&self.axes.axes, &first.published),
        }
    }
}

/// The result of one cell.
pub(super) fn analysed(
    sweep: &Sweep<'_>,
    cell: usize,
    experiment: &Experiment,
    job: &CellJob,
    runs: &CellRuns,
) -> Cell {
    analyse_cell(&CellInput {
        index: cell,
        coordinates: sweep.axes.coordinates[cell].clone(),
        settings: axes::settings(&sweep.cells[cell]),
        experiment,
        model: &job.model,
        runs: &runs.runs,
        cut: runs.cut,
        relaxation: runs.relaxation,
        warmup_rule: runs.warmup_rule.clone(),
        failed: runs.failed.clone(),
        precision: runs.goals.iter().map(|goal| (goal.metric.clone(), goal.state)).collect(),
    })
}

/// Theory beside the runs of a configuration.
fn compare(job: &CellJob, runs: &CellRuns) -> Compared {
    let theory = analytic::theory_of(&job.model)?;
    let rows = analytic::rows(&theory, &job.model, &runs.runs);
    Ok((theory, rows))
}

/// The arguments of `--set`, with those that stand for other options.
fn sets(args: &RunArgs) -> Result<Vec<String>, Failure> {
    let mut sets = args.experiment.sets.clone();
    sets.extend(args.seed.map(|seed| format!("/measure/seed={seed}")));
    if !args.precision.is_empty() {
        sets.push(format!("/measure/precision={}", precision::goals(&args.precision)?));
    }
    Ok(sets)
}

/// Leaves of the cells what is to be run, and says in words which part of the experiment that is.
fn narrow(prepared: &mut Prepared, args: &RunArgs, extent: Extent) -> Result<String, Failure> {
    let swept = !prepared.loaded.cells.iter().all(|cell| cell.coordinates.is_empty());
    let single = extent == Extent::Single && swept;
    if single {
        prepared.keep_base()?;
    }
    if args.quick {
        let kept = quick::thin(prepared.loaded.cells.clone());
        prepared.keep(kept);
    }
    let words = match (single, args.quick) {
        (false, false) => "sweep",
        (false, true) => "sweep --quick",
        (true, false) => "run",
        (true, true) => "run --quick",
    };
    Ok(words.to_owned())
}

fn require_objective(args: &RunArgs, experiment: &Experiment) -> Result<(), Failure> {
    let slo = serde_json::to_value(&experiment.slo).expect("an objective is plain JSON");
    let is_empty = slo.as_object().is_none_or(|terms| terms.values().all(serde_json::Value::is_null));
    if args.require_slo && is_empty {
        let hint = "\n  hint: give the experiment an `slo`";
        return Err(Failure::usage(format!("error: `--require-slo` needs an objective to hold{hint}")));
    }
    Ok(())
}

/// A first look or a single configuration must not replace the results of the whole sweep.
fn folder(args: &RunArgs, name: &str, extent: &str) -> PathBuf {
    let suffix = match extent {
        "sweep --quick" => "-quick",
        "run" => "-run",
        "run --quick" => "-run-quick",
        _ => "",
    };
    args.out.clone().unwrap_or_else(|| Path::new("outputs").join(format!("{name}{suffix}")))
}

fn interrupted(meter: &Meter, cells: usize, folder: &Path, resume: &str) -> Failure {
    Failure {
        cause: Cause::Interrupted,
        message: format!(
            "interrupted: {} of {cells} cells are done, and what was computed is kept in {}\n  hint: the same command \
             goes on from there: {resume}",
            meter.cells_done().min(cells as u64),
            folder.join(".parts").display(),
        ),
    }
}

/// The command that repeats a result, without what does not change it.
fn command(args: &RunArgs, extent: &str) -> String {
    let command = extent.trim_end_matches(" --quick");
    let file = quoted(&args.experiment.file.display().to_string());
    let mut words = vec!["tars-sim".to_owned(), command.to_owned(), file];
    for set in &args.experiment.sets {
        words.extend(["--set".to_owned(), quoted(set)]);
    }
    if let Some(seed) = args.seed {
        words.extend(["--seed".to_owned(), seed.to_string()]);
    }
    for goal in &args.precision {
        words.extend(["--precision".to_owned(), quoted(goal)]);
    }
    if args.quick {
        words.push("--quick".to_owned());
    }
    words.join(" ")
}

fn resume(args: &RunArgs, extent: &str) -> String {
    let out = args
        .out
        .as_ref()
        .map_or_else(String::new, |out| format!(" --out {}", quoted(&out.display().to_string())));
    format!("{}{out}", command(args, extent))
}

/// An argument as a shell takes it.
pub(super) fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.=:,+".contains(c);
    if argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

fn assumption(figure: &crate::experiment::Assumption) -> Assumption {
    Assumption {
        path: figure.path.to_pointer(),
        value: figure.value.clone(),
        mark: figure.mark.as_str().to_owned(),
        source: figure.source.clone(),
        note: figure.note.clone(),
    }
}

/// Each metric of each replication.
fn rows(cell: &Cell, job: &CellJob, runs: &[Run]) -> Vec<ReplicationRow> {
    let mut rows = Vec::with_capacity(runs.len() * cell.metrics.len());
    for (replication, run) in (0..).zip(runs) {
        for metric in cell.metrics.keys() {
            let value = metrics::estimate(&job.model, metric, std::slice::from_ref(run), None)
                .map(|found| found.value);
            rows.push(ReplicationRow { cell: job.index, replication, metric: metric.clone(), value });
        }
    }
    rows
}

/// Writes every file of the result, and lets the journal go.
fn save(
    store: &Store,
    result: &ResultFile,
    rows: &[ReplicationRow],
    experiment: String,
) -> Result<(), Failure> {
    let artifacts = report::files(result, rows)?;
    let files: Vec<Outgoing<'_>> =
        artifacts.iter().map(|file| Outgoing { path: &file.path, bytes: &file.bytes }).collect();
    let manifest = Manifest {
        version: result.version.clone(),
        name: result.name.clone(),
        experiment,
        plan_id: result.plan_id.clone(),
        seed: result.seed,
        quick: result.quick,
        digest: result.digest.clone(),
        files: std::collections::BTreeMap::new(),
    };
    write(store.lock(), &files, manifest)?;
    Ok(store.remove_journal()?)
}

/// What the exit code says of a result that was written.
fn verdict(args: &RunArgs, result: &ResultFile) -> Result<(), Failure> {
    let failed: Vec<String> = result
        .cells
        .iter()
        .filter_map(|cell| match &cell.status {
            CellStatus::Failed(why) => Some(format!("error: cell {} failed: {why}\n", cell.index)),
            CellStatus::Done => None,
        })
        .collect();
    if !failed.is_empty() {
        return Err(Failure::internal(failed.concat()));
    }
    let met = result.cells.iter().any(|cell| cell.slo_met == Some(true));
    if args.require_slo && !met {
        let message = format!("the objective is not met: {}", result.answer.headline);
        return Err(Failure { cause: Cause::Condition, message });
    }
    Ok(())
}
