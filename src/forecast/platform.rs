//! The busy hour, simulated: sizes and agents in, a verdict on the objective out.

use super::schema::{ForecastFile, LoadMetric, SetSpec, SimulatedSpec, SimulationSpec};
use crate::analysis::{CellInput, analyse_cell, metrics};
use crate::experiment::schema::SloSpec;
use crate::experiment::{Diagnostics, Experiment, TraceStore, build, load_text};
use crate::result::Cell;
use crate::runner::{CellDigest, CellJob, CellRuns, Progress, RunError, RunOptions, run_cells};
use crate::store::Store;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

/// Agents and the units of every sized resource, to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// The agents.
    pub agents: f64,
    /// The units of each sized resource, in their order.
    pub units: Vec<f64>,
    /// How often.
    pub replications: u32,
    /// For how long.
    pub length: Length,
}

/// How long a setup is looked at, after its warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// For the window of the file.
    Window,
    /// For a whole busy hour.
    Hour,
}

/// What runs of a setup showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Whether the objective is met.
    pub verdict: Verdict,
    /// What of it is missed, in words.
    pub missed: Vec<String>,
    /// Good turns a second.
    pub goodput_per_s: f64,
    /// The 99th percentile of a turn's latency, in seconds.
    pub latency_p99_s: f64,
    /// The fewest turns that were begun within the window of a replication.
    pub turns: u64,
    /// Replications.
    pub replications: u32,
    /// How much of each sized resource was in use, in the experiment's measure.
    pub loads: Vec<f64>,
    /// The flows that were asked for, where they were seen.
    pub flows: Vec<Option<f64>>,
}

/// Whether an objective is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// By the worse end of every interval.
    Meets,
    /// Not even by the better end of some interval.
    Misses,
    /// Intervals do not say; it counts as missed.
    Unsure,
}

/// Something that runs setups.
pub trait Platform {
    /// What each setup shows, in their order; the same seeds in each, so that neighbours are pairs.
    ///
    /// # Errors
    /// Where a setup cannot be run.
    fn run(&self, setups: &[Setup]) -> Result<Vec<Seen>, String>;
}

/// The platform of an experiment file.
#[derive(Debug)]
pub struct Simulated<'a> {
    file: &'a ForecastFile,
    spec: &'a SimulationSpec,
    /// What messages call the experiment.
    path: PathBuf,
    text: String,
    data: Option<PathBuf>,
    how: Running<'a>,
    ran: Mutex<Ran>,
    /// What was wrong with a run, where it was no fault of the file.
    fault: Mutex<Option<RunError>>,
}

/// What was run so far.
#[derive(Debug, Default)]
struct Ran {
    /// What is simulated, by its number in the journal.
    contents: BTreeMap<u32, [u8; 32]>,
    /// Of all runs, in order.
    digests: Vec<CellDigest>,
}

/// How setups are run.
#[derive(Clone, Copy)]
pub struct Running<'a> {
    /// Worker threads; 0 takes one for each core.
    pub threads: usize,
    /// Set from outside to stop.
    pub stop: &'a AtomicBool,
    /// Keeps replications, so that none is simulated twice: not by a search that comes back to a setup, and not by a
    /// forecast that was interrupted.
    pub store: Option<&'a Store>,
    /// Is told how far the work is.
    pub progress: &'a dyn Progress,
}

impl std::fmt::Debug for Running<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// A setup that can be run.
struct Built {
    experiment: Experiment,
    /// Identifies what is simulated, however often.
    content: [u8; 32],
}

impl<'a> Simulated<'a> {
    /// The platform of the experiment `text`, which stands at `path`.
    pub fn new(
        file: &'a ForecastFile,
        spec: &'a SimulationSpec,
        (path, text): (PathBuf, String),
        data: Option<PathBuf>,
        how: Running<'a>,
    ) -> Self {
        Self { file, spec, path, text, data, how, ran: Mutex::default(), fault: Mutex::default() }
    }

    /// The digests of all that was run so far.
    pub fn digests(&self) -> Vec<CellDigest> {
        self.ran.lock().map(|ran| ran.digests.clone()).unwrap_or_default()
    }

    /// What a run failed with, where it was no fault of the file.
    pub fn fault(&self) -> Option<RunError> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The experiment of a setup.
    fn built(&self, setup: &Setup) -> Result<Built, String> {
        let sized = self.file.resources.values().filter_map(|resource| match &resource.simulated {
            Some(SimulatedSpec::Size { sets, .. }) => Some(sets),
            Some(SimulatedSpec::Flow { .. }) | None => None,
        });
        let mut sets: Vec<String> =
            self.spec.population.iter().map(|set| stated(set, setup.agents)).collect();
        for (own, units) in sized.zip(&setup.units) {
            sets.extend(own.iter().map(|set| stated(set, *units)));
        }
        let window = match setup.length {
            Length::Window => self.spec.window,
            Length::Hour => "1h".parse().expect("an hour is a span"),
        };
        let length = self.spec.warmup + window;
        sets.push(format!("/measure/duration={length}"));
        sets.push(format!("/measure/warmup={}", self.spec.warmup));
        let mut diagnostics = Diagnostics::new();
        let loaded = load_text(&self.path.display().to_string(), &self.text, &sets, &mut diagnostics);
        let mut traces = TraceStore::new(&self.path, self.data.clone());
        let built = loaded.and_then(|loaded| {
            let mut experiment = build(&loaded.base, &mut traces, &mut diagnostics)?;
            let measure = &mut experiment.model.measure;
            (measure.replications_min, measure.replications_max) = (setup.replications, setup.replications);
            let mut sum = Sha256::new_with_prefix(&loaded.canonical);
            traces.digests().iter().for_each(|trace| sum.update(trace));
            Some(Built { experiment, content: sum.finalize().into() })
        });
        built.filter(|_| !diagnostics.has_errors()).ok_or_else(|| diagnostics.to_string())
    }

    /// The number that keys what is simulated in the journal: the first digits of its digest, or the next number that no
    /// other setup has.
    fn number(&self, content: [u8; 32]) -> Result<usize, String> {
        let mut ran = self.ran.lock().map_err(|_| "a simulation failed".to_owned())?;
        let [first, second, third, fourth, ..] = content;
        let mut number = u32::from_be_bytes([first, second, third, fourth]);
        while *ran.contents.entry(number).or_insert(content) != content {
            number = number.wrapping_add(1);
        }
        Ok(number as usize)
    }

    fn seen(
        &self,
        experiment: &Experiment,
        setup: &Setup,
        cell: &Cell,
        runs: &CellRuns,
        job: &CellJob,
    ) -> Seen {
        let value = |name: &str| {
            metrics::estimate(&job.model, name, &runs.runs, runs.relaxation).map(|found| found.value)
        };
        let mut units = setup.units.iter();
        let (mut loads, mut flows) = (Vec::new(), Vec::new());
        for resource in self.file.resources.values() {
            match &resource.simulated {
                Some(SimulatedSpec::Size { sets, load }) => {
                    let size = units.next().zip(sets.first()).map_or(0.0, |(units, set)| amount(set, *units));
                    loads.push(in_use(load, size, value(&load.metric)));
                }
                Some(SimulatedSpec::Flow { metric, .. }) => flows.push(value(metric)),
                None => {}
            }
        }
        let (verdict, missed) = judged(&experiment.slo, cell);
        Seen {
            verdict,
            missed,
            goodput_per_s: value("goodput_per_s").unwrap_or(0.0),
            latency_p99_s: value("latency_p99_s").unwrap_or(0.0),
            turns: runs.runs.iter().map(|run| run.issued).min().unwrap_or(0),
            replications: setup.replications,
            loads,
            flows,
        }
    }
}

/// The amount of a set, as it is put into the experiment.
fn amount(set: &SetSpec, units: f64) -> f64 {
    let amount = set.per_unit * units;
    if set.whole { libm::round(amount).max(1.0) } else { amount }
}

fn stated(set: &SetSpec, units: f64) -> String {
    format!("{}={}", set.pointer, amount(set, units))
}

fn in_use(load: &LoadMetric, size: f64, value: Option<f64>) -> f64 {
    load.factor * value.unwrap_or(0.0) * if load.share { size } else { 1.0 }
}

/// Holds the metrics of a cell against an objective.
fn judged(slo: &SloSpec, cell: &Cell) -> (Verdict, Vec<String>) {
    let seconds = |span: Option<tars_policy::units::Span>| span.map(tars_policy::units::Span::as_secs_f64);
    let terms = [
        ("latency_p99_s", seconds(slo.latency_p99), true),
        ("latency_p95_s", seconds(slo.latency_p95), true),
        ("latency_mean_s", seconds(slo.latency_mean), true),
        ("error_share", slo.error_share_max, true),
        ("cost_usd_per_1000_tasks", slo.cost_usd_per_1000_tasks_max, true),
        ("quality_mean", slo.quality_min, false),
        ("goodput_per_s", slo.goodput_per_s_min, false),
    ];
    let (mut verdict, mut missed) = (Verdict::Meets, Vec::new());
    for (metric, limit, at_most) in terms {
        let Some(limit) = limit else { continue };
        let figure = cell.metrics.get(metric);
        let Some((figure, value)) = figure.and_then(|figure| Some((figure, figure.value?))) else {
            (verdict, missed) = (Verdict::Misses, vec![format!("{metric} was not seen")]);
            continue;
        };
        let (low, high) = (figure.low.unwrap_or(value), figure.high.unwrap_or(value));
        let (better, worse) = if at_most { (low, high) } else { (high, low) };
        let holds = |end: f64| if at_most { end <= limit } else { end >= limit };
        if holds(worse) {
            continue;
        }
        let words = if at_most { "at most" } else { "at least" };
        missed.push(format!("{metric} {words} {}, and is {}", compared(limit), compared(value)));
        if !holds(better) {
            verdict = Verdict::Misses;
        } else if verdict == Verdict::Meets {
            verdict = Verdict::Unsure;
        }
    }
    (verdict, missed)
}

/// A number beside another that may differ from it by little: four decimals, one from a hundred on, none needless.
fn compared(value: f64) -> String {
    let decimals = if value.abs() >= 100.0 { 1 } else { 4 };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Platform for Simulated<'_> {
    fn run(&self, setups: &[Setup]) -> Result<Vec<Seen>, String> {
        let built: Vec<Built> = setups.iter().map(|setup| self.built(setup)).collect::<Result<_, _>>()?;
        let job = |built: &Built| {
            Ok::<_, String>(CellJob {
                index: self.number(built.content)?,
                model: built.experiment.model.clone(),
            })
        };
        let jobs: Vec<CellJob> = built.iter().map(job).collect::<Result<_, _>>()?;
        let Running { threads, stop, store, progress } = self.how;
        let options = RunOptions { threads, stop, quick: false, estimate: metrics::estimate };
        let finish = |job: &CellJob, runs: CellRuns| {
            if let Some(why) = &runs.failed {
                return Err(format!("a simulation failed: {why}"));
            }
            // Setups of one number are the same one.
            let place = jobs.iter().position(|own| own.index == job.index).expect("it is one of the jobs");
            let experiment = &built[place].experiment;
            let cell = analyse_cell(&CellInput {
                index: place,
                coordinates: Vec::new(),
                settings: indexmap::IndexMap::new(),
                experiment,
                model: &job.model,
                runs: &runs.runs,
                cut: runs.cut,
                relaxation: runs.relaxation,
                warmup_rule: runs.warmup_rule.clone(),
                failed: None,
                precision: Vec::new(),
            });
            Ok((self.seen(experiment, &setups[place], &cell, &runs, job), runs.digest(job)))
        };
        let done = run_cells(&jobs, store, &options, progress, finish).map_err(|error| {
            let told = error.to_string();
            self.fault.lock().unwrap_or_else(PoisonError::into_inner).replace(error);
            told
        })?;
        let mut seen = Vec::with_capacity(done.len());
        let mut ran = self.ran.lock().map_err(|_| "a simulation failed".to_owned())?;
        for entry in done {
            let (one, digest) = entry.ok_or("interrupted")??;
            seen.push(one);
            ran.digests.push(digest);
        }
        Ok(seen)
    }
}
