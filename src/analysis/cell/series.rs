//! Windows over time: means over the replications, with the interval of each.

use super::has_offers;
use crate::model::Model;
use crate::result::{FaultSpan, Series};
use crate::sim::{Run, WindowRun, coarse_middle};
use crate::stats::mean;
use std::collections::BTreeMap;
use tars_policy::units::Span;

/// How the columns' intervals are made, and why quantiles have none.
const METHOD: &str = "means over the replications, each with a pointwise interval by Student's t; quantiles are of one window of all \
                      replications together, to 3 %, and have none";

/// The columns, where the run was cut into windows.
pub(super) fn over_time(model: &Model, runs: &[Run]) -> Option<Series> {
    let windows = runs.iter().map(|run| run.windows.len()).min()?;
    let end = runs.first()?.end as f64 / 1e9;
    if windows == 0 {
        return None;
    }
    let length = end / windows as f64;
    let mut series = Series { window_s: length, method: METHOD.to_owned(), ..Series::default() };
    for window in 0..windows {
        let all: Vec<_> = runs.iter().map(|run| &run.windows[window]).collect();
        let mut drawn = Drawn { series: &mut series, all: &all, confidence: model.measure.confidence };
        drawn.put("issued_per_s", |w| w.issued as f64 / length);
        drawn.put("good_per_s", |w| w.good as f64 / length);
        drawn.put("bad_per_s", |w| w.bad as f64 / length);
        drawn.put("limited_per_s", |w| w.limited as f64 / length);
        for (name, level) in [("latency_p50_s", 0.5), ("latency_p95_s", 0.95), ("latency_p99_s", 0.99)] {
            drawn.quantile(name, level);
        }
        let area = |area: u128| area as f64 / 1e9 / length;
        drawn.put("queue", |w| area(w.queue_area));
        drawn.put("in_flight", |w| area(w.number_area));
        if !model.pools.is_empty() {
            drawn.put("agents", |w| area(w.agent_area));
        }
        if !model.nodes.is_empty() {
            drawn.put("heap_mb", |w| area(w.heap_area) / 1024.0);
        }
        if model.degrade.is_some() {
            drawn.put("mode", |w| f64::from(w.mode));
        }
        if has_offers(model) {
            drawn.put("cost_usd_per_s", |w| w.cost as f64 / 1e12 / length);
        }
    }
    series.faults = faults(model, end);
    Some(series)
}

/// Faults that are drawn at most.
const FAULTS_MAX: usize = 40;

/// When each fault holds, up to the end of a run: those that are planned, as the others come when they come in each
/// replication. What begins and ends with another is told by the other.
fn faults(model: &Model, end_s: f64) -> Vec<FaultSpan> {
    let mut spans: Vec<FaultSpan> = model
        .faults
        .iter()
        .filter(|fault| fault.process.is_none() && fault.follows.is_none())
        .flat_map(|fault| {
            let station = fault.effect.station().and_then(|place| model.stations.get(usize::from(place)));
            let place = station.map_or_else(String::new, |station| format!(", {}", station.name));
            let label = format!("{}{place}", fault.effect.words());
            let seconds = |span: Span| span.as_nanos() as f64 / 1e9;
            let every = fault.every.map_or(f64::INFINITY, seconds);
            let repeated =
                (0..FAULTS_MAX).map(move |times| if times == 0 { 0.0 } else { every * times as f64 });
            let (at, lasts) = (seconds(fault.at), seconds(fault.lasts));
            let starts = repeated.map(move |later| at + later).take_while(move |start| *start < end_s);
            starts.map(move |start| FaultSpan {
                label: label.clone(),
                start_s: start,
                end_s: (start + lasts).min(end_s),
            })
        })
        .collect();
    spans.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    spans.truncate(FAULTS_MAX);
    spans
}

/// One window of every replication, on its way into the columns.
struct Drawn<'a> {
    series: &'a mut Series,
    all: &'a [&'a WindowRun],
    confidence: f64,
}

impl Drawn<'_> {
    fn put(&mut self, name: &str, value: impl Fn(&WindowRun) -> f64) {
        let values: Vec<f64> = self.all.iter().map(|window| value(window)).collect();
        let found = mean(&values, self.confidence);
        let half_width = found.as_ref().and_then(crate::stats::Estimate::half_width);
        let column = |columns: &mut indexmap::IndexMap<String, Vec<_>>, value| {
            columns.entry(name.to_owned()).or_default().push(value);
        };
        column(&mut self.series.columns, found.map(|found| found.value));
        if self.all.len() > 1 {
            column(&mut self.series.half_widths, half_width);
        }
    }

    fn quantile(&mut self, name: &str, level: f64) {
        let value = coarse_quantile(self.all, level);
        self.series.columns.entry(name.to_owned()).or_default().push(value);
    }
}

/// A quantile from coarse buckets, to some 3 %.
fn coarse_quantile(windows: &[&WindowRun], level: f64) -> Option<f64> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
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
