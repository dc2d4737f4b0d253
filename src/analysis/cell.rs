//! One configuration: its runs become a [`Cell`] of the result.

mod breakdown;
mod episodes;
mod ledger;
mod series;

use super::flags;
use super::metrics::{estimate, seconds};
use crate::experiment::Experiment;
use crate::experiment::schema::SloSpec;
use crate::model::Model;
use crate::model::metric::{FailoverMetric, IndexMetric, Metric, NodeMetric, PlaceMetric};
use crate::model::route::Op;
use crate::result::{Bound, Cell, CellStatus, Figure, Flag, Severity, SloTerm, StationResult};
use crate::sim::Run;
use crate::stats::{Estimate, Precision};
use crate::tally::Samples;
use indexmap::IndexMap;
use tars_policy::units::{Span, TimePrice};

/// What a cell's result is made from.
#[derive(Debug)]
pub struct CellInput<'a> {
    /// Its place in the sweep.
    pub index: usize,
    /// The place of its value on each axis.
    pub coordinates: Vec<usize>,
    /// What the sweep set.
    pub settings: IndexMap<String, serde_json::Value>,
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The model that was run.
    pub model: &'a Model,
    /// Its runs, in order of replication.
    pub runs: &'a [Run],
    /// What was cut off, and how that was found.
    pub cut: Span,
    /// How long the system takes to forget, where that is known.
    pub relaxation: Option<Span>,
    /// How the cut was found.
    pub warmup_rule: String,
    /// Why it could not be computed.
    pub failed: Option<String>,
    /// For each metric with a precision goal, whether it was reached.
    pub precision: Vec<(String, Precision)>,
}

/// The conditions of an objective.
pub(super) fn slo_terms(slo: &SloSpec) -> Vec<SloTerm> {
    let span = |metric: Metric, limit: Option<Span>| {
        limit.map(|limit| SloTerm {
            metric: metric.name().to_owned(),
            bound: Bound::AtMost,
            limit: limit.as_secs_f64(),
            text: format!("{} at most {limit}", metric.label()),
        })
    };
    let share = |metric: Metric, bound: Bound, limit: Option<f64>| {
        limit.map(|limit| {
            let words = match bound {
                Bound::AtMost => "at most",
                Bound::AtLeast => "at least",
            };
            let shown = match metric.unit() {
                "share" => format!("{} %", trim(limit * 100.0)),
                "USD" => format!("${}", trim(limit)),
                unit => format!("{} {unit}", trim(limit)),
            };
            SloTerm {
                metric: metric.name().to_owned(),
                bound,
                limit,
                text: format!("{} {words} {shown}", metric.label()),
            }
        })
    };
    [
        span(Metric::LatencyP99, slo.latency_p99),
        span(Metric::LatencyP95, slo.latency_p95),
        span(Metric::LatencyMean, slo.latency_mean),
        share(Metric::ErrorShare, Bound::AtMost, slo.error_share_max),
        share(Metric::Quality, Bound::AtLeast, slo.quality_min),
        share(Metric::Cost, Bound::AtMost, slo.cost_usd_per_1000_tasks_max),
        share(Metric::Good, Bound::AtLeast, slo.goodput_per_s_min),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A number without trailing zeros, to six digits.
pub(super) fn trim(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Makes the result of one configuration.
pub fn analyse_cell(input: &CellInput<'_>) -> Cell {
    let (model, runs) = (input.model, input.runs);
    let mut cell = Cell {
        index: input.index,
        coordinates: input.coordinates.clone(),
        settings: input.settings.clone(),
        status: input.failed.as_ref().map_or(CellStatus::Done, |why| CellStatus::Failed(why.clone())),
        replications: u32::try_from(runs.len()).unwrap_or(u32::MAX),
        window_s: runs.first().map_or(0.0, seconds),
        warmup_s: input.cut.as_secs_f64(),
        warmup_rule: input.warmup_rule.clone(),
        metrics: IndexMap::new(),
        slo_met: None,
        slo_missed: Vec::new(),
        ledger: Vec::new(),
        breakdowns: Vec::new(),
        stations: Vec::new(),
        series: None,
        latency_ccdf: Vec::new(),
        flags: Vec::new(),
    };
    if runs.is_empty() || input.failed.is_some() {
        return cell;
    }
    for metric in Metric::ALL {
        if !says_something(metric, model) {
            continue;
        }
        let found = estimate(model, metric.name(), runs, input.relaxation);
        cell.metrics.insert(metric.name().to_owned(), figure(found, metric.name(), input));
    }
    cell.stations = places(input);
    let terms = slo_terms(&input.experiment.slo);
    judge(&mut cell, &terms);
    cell.ledger = ledger::parts(input);
    cell.breakdowns = breakdown::all(input);
    cell.series = series::over_time(model, runs);
    cell.latency_ccdf = ccdf(runs);
    cell.flags = flags::of_cell(model, runs, &cell);
    cell.flags.extend(at_the_point(&cell, &terms));
    cell
}

/// Whether a metric means anything for this model.
fn says_something(metric: Metric, model: &Model) -> bool {
    match metric {
        Metric::LimitedShare => model.stations.iter().any(|station| station.limiter.is_some()),
        Metric::Cost | Metric::CostPerHour => has_cost(model),
        Metric::WastedShare | Metric::Quality => has_offers(model),
        Metric::CostPerCorrect => has_cost(model) && has_offers(model),
        Metric::Agents => !model.pools.is_empty(),
        Metric::CacheHits => !model.caches.is_empty(),
        Metric::StaleHits => model.program.writes_any() || model.has_outdated_answers(),
        Metric::FirstByteMean | Metric::FirstByteP50 | Metric::FirstByteP95 | Metric::FirstByteP99 => {
            model.streams()
        }
        Metric::DeadLetters => model.retries.iter().any(|(_, retry)| retry.dead_letter),
        Metric::TimeToRecover | Metric::Recovered => model.measure.recovery.is_some(),
        Metric::Available
        | Metric::Degraded
        | Metric::Touched
        | Metric::Lost
        | Metric::Retried
        | Metric::Resumed => model.measure.impact,
        Metric::ResumeMean | Metric::ResumeMax | Metric::WorkLostMean | Metric::WorkLostMax => {
            model.pools.iter().any(|pool| pool.recovery.is_some())
        }
        Metric::Moved => model.clients.iter().any(|client| client.pinned),
        Metric::ScaleUp | Metric::ClimbingP99 | Metric::SettledP99 => model.measure.scaling.is_some(),
        Metric::BackgroundMean | Metric::BackgroundLeft | Metric::BackgroundFailed => {
            model.program.ops.iter().any(|op| matches!(op, Op::Launch { .. }))
        }
        Metric::LatencyDrift | Metric::LatencyP99Drift | Metric::ErrorAccumulation => model.measure.sustained,
        Metric::Issued
        | Metric::Ended
        | Metric::Good
        | Metric::LatencyMean
        | Metric::LatencyP50
        | Metric::LatencyP95
        | Metric::LatencyP99
        | Metric::ErrorShare
        | Metric::RejectedShare
        | Metric::AbandonedShare
        | Metric::FailedShare
        | Metric::InSystem
        | Metric::Retries => true,
    }
}

fn has_offers(model: &Model) -> bool {
    model.stations.iter().any(|station| !station.offers.is_empty())
}

fn has_cost(model: &Model) -> bool {
    has_offers(model) || model.cost.agent != TimePrice::default() || model.cost.fixed != TimePrice::default()
}

/// An estimate as it is written down.
fn figure(estimate: Option<Estimate>, name: &str, input: &CellInput<'_>) -> Figure {
    let Some(estimate) = estimate else {
        return Figure {
            value: None,
            low: None,
            high: None,
            method: String::new(),
            replications: u32::try_from(input.runs.len()).unwrap_or(u32::MAX),
            note: Some("nothing was seen to estimate it from".to_owned()),
        };
    };
    let goal = input.precision.iter().find(|(metric, _)| metric == name).map(|(_, state)| *state);
    let reached = match goal.unwrap_or(estimate.state) {
        Precision::NotAsked => None,
        Precision::Reached => Some("precision reached".to_owned()),
        Precision::NotReached { cap } => Some(format!("precision not reached in {cap} replications")),
    };
    Figure {
        value: Some(estimate.value),
        low: estimate.low,
        high: estimate.high,
        method: estimate.method.as_str().to_owned(),
        replications: estimate.replications,
        note: estimate.note.map(|why| why.to_string()).or(reached),
    }
}

fn places(input: &CellInput<'_>) -> Vec<StationResult> {
    let (model, runs) = (input.model, input.runs);
    let stations = model.stations.iter().map(|station| ("station", &station.name));
    let pools = model.pools.iter().map(|pool| ("pool", &pool.name));
    stations
        .chain(pools)
        .map(|(place, name)| {
            let metrics = PlaceMetric::ALL
                .into_iter()
                .filter_map(|metric| {
                    let key = format!("{place}/{name}/{}", metric.name());
                    let found = estimate(model, &key, runs, input.relaxation)?;
                    Some((metric.name().to_owned(), figure(Some(found), &key, input)))
                })
                .collect();
            StationResult { name: format!("{place} {name}"), metrics }
        })
        .chain(model.nodes.iter().map(|group| {
            let of = |metric: NodeMetric| {
                let key = format!("nodes/{}/{}", group.name, metric.name());
                let found = estimate(model, &key, runs, input.relaxation)?;
                Some((metric.name().to_owned(), figure(Some(found), &key, input)))
            };
            let metrics = NodeMetric::ALL.into_iter().filter_map(of).collect();
            StationResult { name: format!("nodes {}", group.name), metrics }
        }))
        .chain(model.failovers.iter().map(|failover| {
            let of = |metric: FailoverMetric| {
                let key = format!("failover/{}/{}", failover.name, metric.name());
                let found = estimate(model, &key, runs, input.relaxation)?;
                Some((metric.name().to_owned(), figure(Some(found), &key, input)))
            };
            let metrics = FailoverMetric::ALL.into_iter().filter_map(of).collect();
            StationResult { name: format!("failover {}", failover.name), metrics }
        }))
        .chain(model.indexes.iter().map(|index| {
            let of = |metric: IndexMetric| {
                let key = format!("index/{}/{}", index.name, metric.name());
                let found = estimate(model, &key, runs, input.relaxation)?;
                Some((metric.name().to_owned(), figure(Some(found), &key, input)))
            };
            let metrics = IndexMetric::ALL.into_iter().filter_map(of).collect();
            StationResult { name: format!("index {}", index.name), metrics }
        }))
        .collect()
}

/// Holds the cell against the objective. A condition holds when the whole interval does.
pub(super) fn judge(cell: &mut Cell, terms: &[SloTerm]) {
    if terms.is_empty() {
        return;
    }
    for (index, term) in terms.iter().enumerate() {
        let holds = cell.metrics.get(&term.metric).is_some_and(|figure| term_holds(term, figure));
        if !holds {
            cell.slo_missed.push(index);
        }
    }
    cell.slo_met = Some(cell.slo_missed.is_empty());
}

/// Whether a condition surely holds: at the worse end of the interval, or at the point where there is none.
pub(super) fn term_holds(term: &SloTerm, figure: &Figure) -> bool {
    match term.bound {
        Bound::AtMost => figure.high.or(figure.value).is_some_and(|worst| worst <= term.limit),
        Bound::AtLeast => figure.low.or(figure.value).is_some_and(|worst| worst >= term.limit),
    }
}

/// A warning for each condition that holds at the point alone, because there is no interval to hold it against.
pub(super) fn at_the_point(cell: &Cell, terms: &[SloTerm]) -> Vec<Flag> {
    let held = terms.iter().enumerate().filter(|(index, _)| !cell.slo_missed.contains(index));
    held.filter_map(|(_, term)| {
        let figure = cell.metrics.get(&term.metric)?;
        let bare = figure.low.is_none() && figure.high.is_none();
        let why = figure.note.as_deref().unwrap_or("no interval");
        bare.then(|| Flag {
            code: "judged-at-the-point".to_owned(),
            text: format!("\"{}\" is met by the estimate alone, which is not sure: {why}", term.text),
            severity: Severity::Warning,
        })
    })
    .collect()
}

/// The share of tasks slower than a latency, at quantiles that are evenly spaced in the tail.
fn ccdf(runs: &[Run]) -> Vec<(f64, f64)> {
    let mut pooled = Samples::new();
    for run in runs {
        pooled.merge(&run.latency);
    }
    pooled.finish();
    let least = 10.0 / pooled.len().max(1) as f64;
    let steps = (0..=80).map(|step| libm::pow(10.0, -f64::from(step) / 20.0));
    steps
        .filter(|share| *share >= least)
        .filter_map(|share| Some((pooled.quantile(1.0 - share)? / 1e9, share)))
        .collect()
}
