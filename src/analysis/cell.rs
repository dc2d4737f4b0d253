//! One configuration: its runs become a [`Cell`] of the result.

use super::flags;
use super::metrics::{estimate, seconds};
use crate::experiment::Experiment;
use crate::experiment::schema::SloSpec;
use crate::model::Model;
use crate::model::metric::{Metric, NodeMetric, PlaceMetric};
use crate::result::{
    Bound, Breakdown, Cell, CellStatus, Figure, Flag, LedgerPart, Series, Severity, SloTerm, StationResult,
};
use crate::sim::{PARTS, Part, Run, coarse_middle};
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
    cell.ledger = ledger(runs);
    cell.breakdowns = breakdowns(model, runs);
    cell.series = series(model, runs);
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
        Metric::FirstByteMean | Metric::FirstByteP50 | Metric::FirstByteP95 | Metric::FirstByteP99 => {
            model.streams()
        }
        Metric::TimeToRecover | Metric::Recovered => model.measure.recovery.is_some(),
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

/// The mean ledger, and that of the slowest 1 % of tasks, pooled over replications: it describes and has no intervals.
fn ledger(runs: &[Run]) -> Vec<LedgerPart> {
    let mut buckets: std::collections::BTreeMap<u32, (u64, [u128; PARTS])> =
        std::collections::BTreeMap::new();
    for (bucket, tasks, spent) in runs.iter().flat_map(|run| &run.ledgers) {
        let (count, sums) = buckets.entry(*bucket).or_insert((0, [0; PARTS]));
        *count += tasks;
        for (sum, part) in sums.iter_mut().zip(spent) {
            *sum += u128::from(*part);
        }
    }
    let all: u64 = buckets.values().map(|(count, _)| count).sum();
    let mut slowest = (0.0, [0.0; PARTS]);
    let wanted = (all as f64 / 100.0).max(1.0);
    for (count, sums) in buckets.values().rev() {
        let share = ((wanted - slowest.0) / *count as f64).clamp(0.0, 1.0);
        slowest.0 += *count as f64 * share;
        for (sum, part) in slowest.1.iter_mut().zip(sums) {
            *sum += *part as f64 * share;
        }
    }
    Part::ALL
        .into_iter()
        .map(|part| {
            let sum: u128 = buckets.values().map(|(_, sums)| sums[part as usize]).sum();
            LedgerPart {
                part: part.as_str().to_owned(),
                mean_s: sum as f64 / 1e9 / all.max(1) as f64,
                slowest_s: slowest.1[part as usize] / 1e9 / slowest.0.max(1.0),
            }
        })
        .filter(|row| row.mean_s > 0.0 || row.slowest_s > 0.0)
        .collect()
}

/// What each value of a dimension saw, pooled over replications: it describes and has no intervals.
fn breakdowns(model: &Model, runs: &[Run]) -> Vec<Breakdown> {
    let mut sums: std::collections::BTreeMap<(u8, u16), crate::sim::BreakdownRun> =
        std::collections::BTreeMap::new();
    for entry in runs.iter().flat_map(|run| &run.breakdowns) {
        let sum = sums.entry((entry.dimension, entry.value)).or_default();
        sum.ended += entry.ended;
        sum.good += entry.good;
        sum.cost += entry.cost;
        sum.quality += entry.quality;
        sum.calls += entry.calls;
        sum.calls_failed += entry.calls_failed;
        sum.latency.merge(&entry.latency);
    }
    let time: f64 = runs.iter().map(seconds).sum();
    sums.into_iter()
        .map(|((dimension, value), mut sum)| {
            sum.latency.finish();
            let (name, value) = breakdown_name(model, dimension, value);
            let count = if sum.calls > 0 { sum.calls } else { sum.ended };
            let per = |total: f64, count: u64| (count > 0).then(|| total / count as f64);
            Breakdown {
                dimension: name,
                value,
                rate_per_s: count as f64 / time,
                latency_mean_s: sum.latency.mean().map(|mean| mean / 1e9),
                latency_p99_s: sum.latency.quantile(0.99).map(|quantile| quantile / 1e9),
                error_share: if sum.calls > 0 {
                    per(sum.calls_failed as f64, sum.calls)
                } else {
                    per((sum.ended - sum.good) as f64, sum.ended)
                },
                cost_usd_per_task: per(sum.cost as f64 / 1e12, sum.ended),
                quality_mean: per(sum.quality as f64 / 1e6, sum.good),
            }
        })
        .collect()
}

fn breakdown_name(model: &Model, dimension: u8, value: u16) -> (String, String) {
    let index = usize::from(value);
    let (name, value) = match dimension {
        0 => ("priority", tars_policy::queue::Priority::ALL[index].as_str().to_owned()),
        1 => ("class", model.classes[index].name.clone()),
        2 => ("role", model.roles[index].clone()),
        3 => ("model", model.models[index].name.clone()),
        _ => ("provider", model.stations[index].name.clone()),
    };
    (name.to_owned(), value)
}

/// Windows over time, pooled over replications: they describe and have no intervals.
fn series(model: &Model, runs: &[Run]) -> Option<Series> {
    let windows = runs.iter().map(|run| run.windows.len()).min()?;
    let end = runs.first()?.end as f64 / 1e9;
    if windows == 0 {
        return None;
    }
    let length = end / windows as f64;
    let time = length * runs.len() as f64;
    let mut columns: IndexMap<String, Vec<Option<f64>>> = IndexMap::new();
    let mut put = |name: &str, value: Option<f64>| columns.entry(name.to_owned()).or_default().push(value);
    for window in 0..windows {
        let all: Vec<_> = runs.iter().map(|run| &run.windows[window]).collect();
        let rate =
            |f: fn(&crate::sim::WindowRun) -> u64| Some(all.iter().map(|w| f(w)).sum::<u64>() as f64 / time);
        let level = |f: fn(&crate::sim::WindowRun) -> u128| {
            Some(all.iter().map(|w| f(w) as f64).sum::<f64>() / 1e9 / time)
        };
        put("issued_per_s", rate(|w| w.issued));
        put("good_per_s", rate(|w| w.good));
        put("bad_per_s", rate(|w| w.bad));
        put("limited_per_s", rate(|w| w.limited));
        for (name, quantile) in [("latency_p50_s", 0.5), ("latency_p95_s", 0.95), ("latency_p99_s", 0.99)] {
            put(name, coarse_quantile(&all, quantile));
        }
        put("queue", level(|w| w.queue_area));
        put("in_flight", level(|w| w.number_area));
        if !model.pools.is_empty() {
            put("agents", level(|w| w.agent_area));
        }
        if !model.nodes.is_empty() {
            put("heap_mb", level(|w| w.heap_area).map(|kilobytes| kilobytes / 1024.0));
        }
        if model.degrade.is_some() {
            put("mode", Some(all.iter().map(|w| f64::from(w.mode)).sum::<f64>() / all.len() as f64));
        }
        if has_offers(model) {
            put("cost_usd_per_s", Some(all.iter().map(|w| w.cost as f64).sum::<f64>() / 1e12 / time));
        }
    }
    Some(Series { window_s: length, columns })
}

/// A quantile from coarse buckets, to some 3 %.
fn coarse_quantile(windows: &[&crate::sim::WindowRun], level: f64) -> Option<f64> {
    let mut counts: std::collections::BTreeMap<u32, u64> = std::collections::BTreeMap::new();
    for (bucket, count) in windows.iter().flat_map(|window| &window.latency) {
        *counts.entry(*bucket).or_default() += count;
    }
    let all: u64 = counts.values().sum();
    let mut seen = 0;
    for (bucket, count) in counts {
        seen += count;
        if seen as f64 >= level * all as f64 {
            return Some(coarse_middle(bucket) / 1e9);
        }
    }
    None
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
