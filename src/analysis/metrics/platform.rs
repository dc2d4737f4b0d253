//! Metrics of load tests, of indexes, and of work in the background.

use super::{Seen, of_pairs, seconds};
use crate::model::Model;
use crate::model::metric::IndexMetric;
use crate::sim::{BackgroundRun, IndexRun, Run, WindowRun, coarse_edges, coarse_middle};
use crate::stats::{Estimate, relative_trend};

/// Seconds from the step of the load until capacity had come to its most; `None` where it did not grow.
pub(super) fn scale_up(run: &Run) -> Option<(f64, f64)> {
    let scaling = run.platform.as_ref()?.scaling.as_ref()?;
    Some((scaling.reached? as f64 / 1e9, 1.0))
}

/// What became of work in the background, where there is any.
pub(super) fn background(run: &Run) -> Option<&BackgroundRun> {
    run.platform.as_ref()?.background.as_ref()
}

/// The 99th percentile of latency while capacity grew.
pub(super) fn climbing(seen: Seen<'_>, confidence: f64) -> Option<Estimate> {
    let all = || seen.runs.iter().filter_map(|run| Some(&run.platform.as_ref()?.scaling.as_ref()?.climbing));
    seen.quantile(all().filter(|samples| !samples.is_empty()), 0.99, confidence)
}

/// The same once it had.
pub(super) fn settled(seen: Seen<'_>, confidence: f64) -> Option<Estimate> {
    let all = || seen.runs.iter().filter_map(|run| Some(&run.platform.as_ref()?.scaling.as_ref()?.settled));
    seen.quantile(all().filter(|samples| !samples.is_empty()), 0.99, confidence)
}

/// The windows of the time series that lie within the measured window, and the middle of each in hours.
fn windows(run: &Run) -> impl Iterator<Item = (f64, &WindowRun)> {
    let count = u64::try_from(run.windows.len()).unwrap_or(u64::MAX).max(1);
    let length = run.end.div_ceil(count).max(1);
    (0_u64..).zip(&run.windows).filter_map(move |(place, window)| {
        let (from, to) = (place * length, ((place + 1) * length).min(run.end));
        (from >= run.cut && from < to).then(|| (u64::midpoint(from, to) as f64 / 3.6e12, window))
    })
}

/// How latency changes in an hour, as a share of it: its mean, or a quantile of it.
pub(super) fn drift(runs: &[Run], level: Option<f64>, confidence: f64) -> Option<Estimate> {
    let value = |window: &WindowRun| match level {
        None => mean_latency(window),
        Some(level) => quantile_latency(window, level),
    };
    let series = |run: &Run| windows(run).filter_map(|(at, window)| Some((at, value(window)?))).collect();
    let series: Vec<Vec<(f64, f64)>> = runs.iter().map(series).collect();
    relative_trend(&series, confidence)
}

fn mean_latency(window: &WindowRun) -> Option<f64> {
    let count: u64 = window.latency.iter().map(|(_, count)| count).sum();
    let sum: f64 = window.latency.iter().map(|(bucket, count)| coarse_middle(*bucket) * *count as f64).sum();
    (count > 0).then(|| sum / count as f64)
}

/// A quantile of coarse latencies, by a line within its bucket: changes smaller than a bucket are seen.
fn quantile_latency(window: &WindowRun, level: f64) -> Option<f64> {
    let all: u64 = window.latency.iter().map(|(_, count)| count).sum();
    let wanted = level * all as f64;
    let mut below = 0.0;
    for (bucket, count) in &window.latency {
        let here = *count as f64;
        if here > 0.0 && below + here >= wanted {
            let (low, high) = coarse_edges(*bucket);
            return Some(low + (high - low) * (wanted - below) / here);
        }
        below += here;
    }
    None
}

/// The shares of tasks that did not end well in the last quarter of the measured window and in the first; `None` where
/// nothing ended in one of them.
pub(super) fn error_shares(run: &Run) -> Option<(f64, f64)> {
    let all: Vec<&WindowRun> = windows(run).map(|(_, window)| window).collect();
    let quarter = all.len() / 4;
    let share = |windows: &[&WindowRun]| {
        let bad: u64 = windows.iter().map(|window| window.bad).sum();
        let ended: u64 = windows.iter().map(|window| window.good + window.bad).sum();
        (ended > 0).then(|| bad as f64 / ended as f64)
    };
    Some((share(&all[all.len() - quarter..])?, share(&all[..quarter])?))
}

/// Estimates a metric of the index at `place`.
pub(super) fn of_index(model: &Model, place: usize, metric: IndexMetric, seen: Seen<'_>) -> Option<Estimate> {
    let index = &model.indexes[place];
    let confidence = model.measure.confidence;
    let pairs = |of: &dyn Fn(&Run, &IndexRun) -> (f64, f64)| {
        let pair = |run: &Run| Some(of(run, run.platform.as_ref()?.indexes.get(place)?));
        of_pairs(&seen.runs.iter().filter_map(pair).collect::<Vec<_>>(), confidence)
    };
    let count = |of: &dyn Fn(&IndexRun) -> u64| pairs(&|_, it| (of(it) as f64, 1.0));
    match metric {
        IndexMetric::Vectors => count(&|it| it.vectors),
        IndexMetric::Shards => count(&|it| it.shards),
        IndexMetric::Splits => count(&|it| it.splits),
        IndexMetric::Stuck => count(&|it| it.stuck),
        IndexMetric::Largest => pairs(&|_, it| (it.largest as f64, it.vectors as f64)),
        IndexMetric::Busiest => pairs(&|run, _| {
            let calls = || index.stations.iter().map(|station| run.stations[usize::from(*station)].calls);
            (calls().max().unwrap_or(0) as f64, calls().sum::<u64>() as f64)
        }),
        IndexMetric::Replicas => {
            index.replicas.as_ref()?;
            let servers = f64::from(model.stations[usize::from(*index.stations.first()?)].servers?);
            pairs(&|run, _| {
                let working = |station: &u16| run.stations[usize::from(*station)].working_area as f64 / 1e9;
                (index.stations.iter().map(working).sum::<f64>() / servers, seconds(run))
            })
        }
        IndexMetric::ReplicasAdded => count(&|it| it.added),
        IndexMetric::ReplicasRemoved => count(&|it| it.removed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(good: u64, bad: u64, latency: &[(u32, u64)]) -> WindowRun {
        WindowRun { good, bad, latency: latency.to_vec(), ..WindowRun::default() }
    }

    fn run(windows: Vec<WindowRun>) -> Run {
        let end = 3_600_000_000_000 * windows.len() as u64;
        Run { end, windows, ..Run::default() }
    }

    #[test]
    fn latency_that_grows_by_a_bucket_an_hour_drifts_by_as_much() {
        // A bucket further is 1/16 of an octave; in the same octave each is as wide as the last.
        let hours: Vec<_> = (0..6).map(|hour| window(9, 0, &[(480 + hour, 9)])).collect();
        let step = coarse_middle(481) - coarse_middle(480);
        let mean = f64::midpoint(coarse_middle(480), coarse_middle(485));
        for level in [None, Some(0.5)] {
            let drift = drift(&[run(hours.clone())], level, 0.95).unwrap();
            assert!((drift.value - step / mean).abs() < 1e-9, "{level:?}: {}", drift.value);
        }
    }

    #[test]
    fn windows_before_the_measured_one_say_nothing() {
        let mut cut =
            run((0..8).map(|hour| window(1, 0, &[(480 + if hour < 2 { 99 } else { 0 }, 1)])).collect());
        cut.cut = 2 * 3_600_000_000_000;
        assert!(drift(&[cut], None, 0.95).unwrap().value.abs() < 1e-12);
    }

    #[test]
    fn errors_of_the_last_quarter_are_held_against_those_of_the_first() {
        let hours = [(9, 1), (9, 1), (5, 5), (5, 5), (5, 5), (5, 5), (6, 4), (8, 2)];
        let hours = hours.map(|(good, bad)| window(good, bad, &[])).to_vec();
        let (last, first) = error_shares(&run(hours)).unwrap();
        assert!((last - 0.3).abs() < 1e-12 && (first - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_quantile_within_a_bucket_moves_with_what_is_below_it() {
        let at = |below| quantile_latency(&window(100, 0, &[(480, below), (481, 100 - below)]), 0.5).unwrap();
        assert!(at(10) > at(20) && at(20) > at(40));
        assert_eq!(quantile_latency(&window(0, 3, &[]), 0.5), None);
    }
}
