//! Windows over time: means over the replications, with the interval of each.

use super::{episodes, has_offers};
use crate::model::Model;
use crate::result::Series;
use crate::sim::{ImpactRun, Run, WindowRun, WindowStory, coarse_middle};
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
    let shown = Shown::of(model, runs);
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
        let told = runs.iter().filter_map(|run| run.story.as_ref()?.windows.get(window)).collect::<Vec<_>>();
        if told.len() == runs.len() {
            drawn.put_story(model, &shown, &told, length);
        }
    }
    let first = runs.first()?;
    episodes::tell(model, first, &mut series, end);
    Some(series)
}

/// A count of what failures did.
type Count = fn(&ImpactRun) -> u64;

/// The columns that say something: limits of stations that were called, and agents that start, where any did.
struct Shown {
    limits: Vec<(usize, String)>,
    starting: bool,
}

impl Shown {
    fn of(model: &Model, runs: &[Run]) -> Self {
        let limited = (0..).zip(&model.stations).filter(|(_, station)| station.limiter.is_some());
        let called = |place: usize| {
            runs.iter().any(|run| run.stations.get(place).is_some_and(|station| station.arrived_ever > 0))
        };
        let limits = limited.enumerate().filter(|(_, (place, _))| called(*place));
        let windows = runs.iter().filter_map(|run| run.story.as_ref()).flat_map(|story| &story.windows);
        Self {
            limits: limits.map(|(place, (_, station))| (place, station.name.clone())).collect(),
            starting: windows.into_iter().any(|window| window.starting > 0),
        }
    }
}

/// One window of every replication, on its way into the columns.
struct Drawn<'a> {
    series: &'a mut Series,
    all: &'a [&'a WindowRun],
    confidence: f64,
}

impl Drawn<'_> {
    fn put(&mut self, name: &str, value: impl Fn(&WindowRun) -> f64) {
        self.put_values(name, &self.all.iter().map(|window| value(window)).collect::<Vec<f64>>());
    }

    /// What stood at the end of the window, and what failures did in it.
    fn put_story(&mut self, model: &Model, shown: &Shown, told: &[&WindowStory], length: f64) {
        let each =
            |value: &dyn Fn(&WindowStory) -> f64| told.iter().map(|window| value(window)).collect::<Vec<_>>();
        if shown.starting {
            self.put_values("agents_ready", &each(&|w| f64::from(w.ready)));
            self.put_values("agents_starting", &each(&|w| f64::from(w.starting)));
        }
        if model.levels.is_some() {
            self.put_values("degradation_level", &each(&|w| f64::from(w.level)));
        }
        for (place, failover) in model.failovers.iter().enumerate() {
            let active = each(&|w| w.active.get(place).copied().map_or(0.0, f64::from));
            self.put_values(&format!("failover/{}/active", failover.name), &active);
        }
        for (place, name) in &shown.limits {
            let left = each(&|w| w.limits.get(*place).copied().map_or(1.0, |left| f64::from(left) / 1e6));
            self.put_values(&format!("limiter/{name}/level_share"), &left);
        }
        if model.measure.impact {
            let counts: [(&str, Count); 4] = [
                ("tasks_touched_per_s", |impact| impact.touched),
                ("tasks_lost_per_s", |impact| impact.lost),
                ("tasks_retried_per_s", |impact| impact.retried),
                ("tasks_resumed_per_s", |impact| impact.resumed),
            ];
            for (name, count) in counts {
                self.put_values(name, &each(&|w| count(&w.impact) as f64 / length));
            }
            self.put_values("touched_in_flight", &each(&|w| w.impact.still_there as f64));
        }
    }

    fn put_values(&mut self, name: &str, values: &[f64]) {
        let found = mean(values, self.confidence);
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
