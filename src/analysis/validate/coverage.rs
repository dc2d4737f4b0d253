//! Whether the intervals that users see hold the truth as often as they say.
//!
//! A macro-replication is what a user does who leaves the number of replications open: the warm-up found by pilots,
//! replications by the usual stopping rule, estimates by the usual methods with the usual guards. Many of them, each
//! with its own seed, show how often the 95 % interval holds what queueing theory says.

use super::Experiment;
use super::case::Case;
use super::measured::model_of;
use super::table::{lines, six};
use crate::analysis::metrics;
use crate::analysis::theory::erlang::Queue;
use crate::model::Model;
use crate::runner::{CellJob, CellRuns, RunError, RunOptions, Silent, run_cells};
use crate::stats::{Coverage, Estimate, wilson};
use std::sync::atomic::AtomicBool;

/// Macro-replications of the campaign that the documentation shows.
pub const MACRO_REPLICATIONS: u32 = 1_000;
/// Least replications, most of them, and the seed of the first macro-replication.
const REPLICATIONS: &str = r#"/measure/replications={"min": 20, "max": 1000}"#;
const SEED: u64 = 20_260_101;
/// What a 95 % interval must cover.
const COVERED: std::ops::RangeInclusive<f64> = 0.93..=0.97;

/// A system of the campaign: an experiment, what is changed in it, and what its metrics are in truth.
#[derive(Clone, Debug)]
pub struct System(Case);

impl System {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

/// The systems of the campaign: M/M/1 at 0.5, 0.8 and 0.9, and M/M/5 at 0.8, each replication some 700 relaxation times
/// long, so that a p99 has an interval.
pub fn systems() -> Vec<System> {
    let system = |name: &str, file, station: &str, queue: Queue, duration: &str| {
        System(
            Case::new(name, file)
                .set("/workload/clients/arrivals/load/open/poisson/rate_per_s", queue.arrival)
                .set(&format!("/system/stations/{station}/servers"), queue.servers)
                .set("/measure/duration", duration)
                .set("/measure/warmup", "auto")
                .set("/measure/windows", 1)
                .is(&format!("station/{station}/wait_mean_s"), queue.wait_mean())
                .is("latency_mean_s", queue.latency_mean())
                .is("latency_p99_s", queue.latency_quantile(0.99)),
        )
    };
    let queue = |arrival, servers| Queue { arrival, service: 1.0, servers };
    vec![
        system("M/M/1 at 0.5", "mm1", "server", queue(0.5, 1), "8500s"),
        system("M/M/1 at 0.8", "mm1", "server", queue(0.8, 1), "63000s"),
        system("M/M/1 at 0.9", "mm1", "server", queue(0.9, 1), "270000s"),
        system("M/M/5 at 0.8", "mm10", "servers", queue(4.0, 5), "14000s"),
    ]
}

/// How often the intervals of one metric of one system held the truth.
#[derive(Clone, Debug)]
pub struct Row {
    /// The system.
    pub system: String,
    /// The metric.
    pub metric: String,
    /// Its value in truth, in its unit.
    pub expected: f64,
    /// How many intervals held it, lay below and above it, or were not there.
    pub coverage: Coverage,
    /// The mean of the points over macro-replications.
    pub simulated_mean: f64,
    /// The mean number of replications that the rule made.
    pub replications_mean: f64,
}

impl Row {
    /// Whether 93 to 97 % of the intervals held the truth, and there were some.
    pub fn holds(&self) -> bool {
        self.coverage.share().is_some_and(|share| COVERED.contains(&share))
    }

    fn cells(&self) -> Vec<String> {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let intervals = self.coverage.intervals();
        let all = intervals + self.coverage.without;
        let between = wilson(self.coverage.covered, intervals, 0.95);
        vec![
            self.system.clone(),
            self.metric.clone(),
            six(self.expected),
            six(self.simulated_mean),
            all.to_string(),
            percent(intervals as f64 / all.max(1) as f64),
            self.coverage.share().map_or_else(String::new, percent),
            between.map_or_else(String::new, |(low, _)| percent(low)),
            between.map_or_else(String::new, |(_, high)| percent(high)),
            self.coverage.below.to_string(),
            self.coverage.above.to_string(),
            format!("{:.1}", self.replications_mean),
            if self.holds() { "holds" } else { "OFF" }.to_owned(),
        ]
    }
}

/// The columns of the table: what was simulated, how many macro-replications, how many of them had an interval, how
/// many of those held the truth, Wilson's 95 % interval of that share, how many lay below and above, replications.
const HEAD: [&str; 13] = [
    "system",
    "metric",
    "expected",
    "simulated",
    "macro-replications",
    "with interval",
    "covered",
    "low",
    "high",
    "below",
    "above",
    "replications",
    "verdict",
];

/// The rows as a table for people.
pub fn to_table(rows: &[Row]) -> String {
    lines(&HEAD, rows.iter().map(Row::cells), 2..12)
}

/// The rows as CSV.
pub fn to_csv(rows: &[Row]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEAD.map(|name| name.replace([' ', '-'], "_"))).expect("memory takes everything");
    for row in rows {
        writer.write_record(row.cells()).expect("memory takes everything");
    }
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("it was text before")
}

/// Runs so many macro-replications of a system on so many threads (0 for one a core).
///
/// # Errors
/// When threads cannot be started.
pub fn measure(system: &System, macro_replications: u32, threads: usize) -> Result<Vec<Row>, RunError> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let jobs: Vec<CellJob> = {
        let model = open_ended(&system.0);
        (0..macro_replications).map(|number| job(&model, number)).collect()
    };
    let options = RunOptions { threads, stop: &NEVER, quick: false, estimate: metrics::estimate };
    let done = run_cells(&jobs, None, &options, &Silent, |job, runs| estimates(&system.0, job, &runs))?;
    let done: Vec<Vec<Estimate>> = done.into_iter().flatten().collect();
    Ok(system.0.checks.iter().enumerate().map(|(place, check)| row(&system.0, check, place, &done)).collect())
}

/// The model with its number of replications left open, so that the usual rule stops.
fn open_ended(case: &Case) -> Model {
    let mut case = case.clone();
    case.sets.push(REPLICATIONS.to_owned());
    debug_assert!(matches!(case.experiment, Experiment::Embedded(..)));
    model_of(&case, &super::Options::default()).expect("a test builds every system of the campaign")
}

fn job(model: &Model, number: u32) -> CellJob {
    let mut model = model.clone();
    model.measure.seed = SEED + u64::from(number);
    CellJob { index: number as usize, model }
}

fn estimates(case: &Case, job: &CellJob, runs: &CellRuns) -> Vec<Estimate> {
    let of = |metric: &str| metrics::estimate(&job.model, metric, &runs.runs, runs.relaxation);
    case.checks.iter().map(|check| of(&check.metric).expect("customers came")).collect()
}

fn row(case: &Case, check: &super::Check, place: usize, done: &[Vec<Estimate>]) -> Row {
    let mut coverage = Coverage::default();
    for estimates in done {
        coverage.record(&estimates[place], check.expected);
    }
    let mean = |value: &dyn Fn(&Estimate) -> f64| {
        done.iter().map(|estimates| value(&estimates[place])).sum::<f64>() / done.len().max(1) as f64
    };
    Row {
        system: case.name.clone(),
        metric: check.metric.clone(),
        expected: check.expected,
        coverage,
        simulated_mean: mean(&|estimate| estimate.value),
        replications_mean: mean(&|estimate| f64::from(estimate.replications)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_of_the_campaign_stops_by_the_usual_rule() {
        for system in systems() {
            let model = open_ended(&system.0);
            let goals: Vec<_> = model.measure.precision.iter().map(|goal| goal.metric.as_str()).collect();
            assert_eq!(goals, ["latency_mean_s", "latency_p99_s", "error_share"], "{}", system.name());
            assert!(model.measure.warmup.is_none(), "{}: pilots find the warm-up", system.name());
            assert_ne!(job(&model, 0).model.measure.seed, job(&model, 1).model.measure.seed);
        }
    }

    #[test]
    fn a_row_holds_from_93_to_97_in_a_hundred() {
        let row = |covered| Row {
            system: String::new(),
            metric: String::new(),
            expected: 1.0,
            coverage: Coverage { covered, below: 1_000 - covered, above: 0, without: 0 },
            simulated_mean: 1.0,
            replications_mean: 25.0,
        };
        assert_eq!([929, 930, 970, 971].map(|covered| row(covered).holds()), [false, true, true, false]);
        assert!(to_csv(&[row(950)]).contains("95.0 %"), "{}", to_csv(&[row(950)]));
    }

    #[test]
    fn without_intervals_nothing_holds() {
        let none = Row {
            system: String::new(),
            metric: String::new(),
            expected: 1.0,
            coverage: Coverage { covered: 0, below: 0, above: 0, without: 10 },
            simulated_mean: 1.0,
            replications_mean: 25.0,
        };
        assert!(!none.holds());
    }
}
