//! Windows over time: means over the replications, with the interval of each.

use super::has_offers;
use crate::model::Model;
use crate::result::Series;
use crate::sim::{Run, WindowRun, coarse_middle};
use crate::stats::mean;
use std::collections::BTreeMap;

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
    Some(series)
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
