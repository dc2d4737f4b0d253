//! What a load test would have printed: the runs of one configuration, measured as the documents measured theirs.
//!
//! Windows are finite and nothing is cut off; throughput is requests issued over nominal duration, failures included;
//! percentiles are the value at position ⌊n · q⌋ of the sorted latencies, as document 002 prints it; each is computed
//! run by run and averaged, because each published figure is one run.

use crate::analysis::metrics;
use crate::model::Model;
use crate::sim::Run;
use crate::stats::mean;
use crate::tally::Samples;

/// The runs of one configuration.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What was simulated.
    pub model: Model,
    /// One run a replication.
    pub runs: Vec<Run>,
}

/// A value over runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// Its mean.
    pub mean: f64,
    /// The ends of the 95 % interval of the mean; the mean itself where all runs agree.
    pub interval: (f64, f64),
    /// Where 95 % of single runs lie.
    pub spread: (f64, f64),
}

impl Value {
    /// A number that does not rest on chance.
    pub const fn exact(value: f64) -> Self {
        Self { mean: value, interval: (value, value), spread: (value, value) }
    }

    /// The mean of one number a run.
    fn of(values: &[f64]) -> Option<Self> {
        let estimate = mean(values, 0.95)?;
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let interval = (estimate.low.unwrap_or(estimate.value), estimate.high.unwrap_or(estimate.value));
        let spread = (interpolated(&sorted, 0.025), interpolated(&sorted, 0.975));
        Some(Self { mean: estimate.value, interval, spread })
    }
}

/// The quantile of sorted values, linear between order statistics.
fn interpolated(sorted: &[f64], level: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * level;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in the values")]
    let below = libm::floor(position) as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

impl Measured {
    /// The metric called `name`: one of a load test, or one of the analysis; `@a-b` after a count or a rate takes the
    /// seconds from a to b alone.
    ///
    /// | name | what it is |
    /// |---|---|
    /// | `issued`, `good`, `bad`, `limited`, `retried` | counts of a run |
    /// | `issued_per_s`, `completed_per_s`, `good_per_s` | the counts over nominal duration |
    /// | `success_pct`, `error_pct` | of the tasks that ended |
    /// | `mean_ms`, `p50_ms`, `p95_ms`, `p99_ms`, `max_s` | of the latencies of those that ended well |
    /// | `heap_mean_mb`, `heap_peak_mb`, `heap_growth_mb`, `resident_peak_mb` | of the nodes |
    /// | `minors`, `majors`, `manuals`, `pause_max_ms`, `paused_pct` | collections, the longest, and the share of time they take |
    /// | `mode1_at_s`, `mode2_at_s` | when degradation first reached a mode |
    pub fn value(&self, name: &str) -> Option<Value> {
        if let Some((name, seconds)) = name.split_once('@') {
            let (from, to) = seconds.split_once('-')?;
            return self.between(name, from.parse().ok()?, to.parse().ok()?);
        }
        // A run in which nothing ended well has no latency, and is left out of the mean of those that have.
        let values: Vec<f64> = self.runs.iter().filter_map(|run| of_run(run, name)).collect();
        if !values.is_empty() {
            return Value::of(&values);
        }
        let estimate = metrics::estimate(&self.model, name, &self.runs, None)?;
        let interval = (estimate.low.unwrap_or(estimate.value), estimate.high.unwrap_or(estimate.value));
        let root = libm::sqrt(self.runs.len() as f64);
        let half = (interval.1 - interval.0) / 2.0 * root;
        Some(Value { mean: estimate.value, interval, spread: (estimate.value - half, estimate.value + half) })
    }

    /// A count or a rate of the windows from one second to another.
    fn between(&self, name: &str, from: f64, to: f64) -> Option<Value> {
        let values: Option<Vec<f64>> = self.runs.iter().map(|run| between(run, name, from, to)).collect();
        Value::of(&values?)
    }
}

/// Seconds of the nominal duration.
fn seconds(run: &Run) -> f64 {
    (run.end - run.cut) as f64 / 1e9
}

fn bad(run: &Run) -> u64 {
    run.bad.iter().sum()
}

/// A metric of one run; nothing if there is no such metric, or nothing was seen.
fn of_run(run: &Run, name: &str) -> Option<f64> {
    let time = seconds(run);
    let ended = (run.good + bad(run)) as f64;
    let nodes = |f: fn(&crate::sim::NodeRun) -> u64| run.nodes.iter().map(f).sum::<u64>() as f64;
    let milliseconds = |value: Option<u64>| value.map(|value| value as f64 / 1e6);
    match name {
        "issued" => Some(run.issued as f64),
        "good" => Some(run.good as f64),
        "bad" => Some(bad(run) as f64),
        "limited" => Some(run.limited_ever as f64),
        "retried" => Some(run.retried as f64),
        "calls" => Some(run.calls_ever as f64),
        "issued_per_s" => Some(run.issued as f64 / time),
        "completed_per_s" => Some(run.ended_in_window as f64 / time),
        "good_per_s" => Some(run.good as f64 / time),
        "success_pct" => Some(100.0 * run.good as f64 / ended),
        "error_pct" => Some(100.0 * bad(run) as f64 / ended),
        "mean_ms" => run.latency.mean().map(|mean| mean / 1e6),
        "p50_ms" => milliseconds(floor_index(&run.latency, 0.5)),
        "p95_ms" => milliseconds(floor_index(&run.latency, 0.95)),
        "p99_ms" => milliseconds(floor_index(&run.latency, 0.99)),
        "max_s" => run.latency.max().map(|max| max as f64 / 1e9),
        "heap_mean_mb" => {
            Some(run.nodes.iter().map(|node| node.heap_area as f64).sum::<f64>() / 1e9 / time / 1024.0)
        }
        "heap_peak_mb" => run.nodes.iter().map(|node| f64::from(node.heap_max) / 1024.0).reduce(f64::max),
        "resident_peak_mb" => {
            run.nodes.iter().map(|node| f64::from(node.resident_max) / 1024.0).reduce(f64::max)
        }
        "heap_growth_mb" => heap_growth(run),
        "minors" => Some(nodes(|node| node.minors)),
        "majors" => Some(nodes(|node| node.majors)),
        "manuals" => Some(nodes(|node| node.manuals)),
        "deaths" => Some(nodes(|node| node.deaths_ever)),
        "pause_max_ms" => {
            Some(run.nodes.iter().filter_map(|node| node.pauses.max()).max().unwrap_or(0) as f64 / 1e6)
        }
        "paused_pct" => Some(100.0 * nodes(|node| node.stopped) / 1e9 / time / run.nodes.len().max(1) as f64),
        "mode1_at_s" => first_mode(run, 1),
        "mode2_at_s" => first_mode(run, 2),
        _ => None,
    }
}

/// The value at position ⌊n · level⌋ of the sorted values, as document 002 takes it.
fn floor_index(samples: &Samples, level: f64) -> Option<u64> {
    if samples.is_empty() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in the values")]
    let position = (libm::floor(samples.len() as f64 * level) as u64).min(samples.len() - 1);
    let mut before = 0;
    for (value, count) in samples.counted() {
        before += count;
        if before > position {
            return Some(value);
        }
    }
    samples.max()
}

/// What the heap holds more on average in the last tenth of the windows than in the first.
fn heap_growth(run: &Run) -> Option<f64> {
    let tenth = (run.windows.len() / 10).max(1);
    let length = run.end as f64 / run.windows.len() as f64;
    let mean = |windows: &[crate::sim::WindowRun]| {
        windows.iter().map(|window| window.heap_area as f64).sum::<f64>()
            / length
            / windows.len() as f64
            / 1024.0
    };
    let last = run.windows.get(run.windows.len().checked_sub(tenth)?..)?;
    Some(mean(last) - mean(run.windows.get(..tenth)?))
}

/// When degradation first stood at `mode` or worse at a window's end, in seconds; the end of the run if it never did.
fn first_mode(run: &Run, mode: u8) -> Option<f64> {
    let length = run.end as f64 / 1e9 / run.windows.len() as f64;
    let found =
        run.windows.iter().position(|window| window.mode >= mode).map_or(run.windows.len(), |at| at + 1);
    (!run.windows.is_empty()).then_some(found as f64 * length)
}

fn between(run: &Run, name: &str, from: f64, to: f64) -> Option<f64> {
    let length = run.end as f64 / 1e9 / run.windows.len() as f64;
    let inside = run.windows.iter().enumerate().filter(|(at, _)| {
        let middle = (*at as f64 + 0.5) * length;
        from <= middle && middle < to
    });
    let (mut issued, mut good, mut bad) = (0, 0, 0);
    for (_, window) in inside {
        issued += window.issued;
        good += window.good;
        bad += window.bad;
    }
    match name {
        "issued" => Some(issued as f64),
        "issued_per_s" => Some(issued as f64 / (to - from)),
        "completed_per_s" => Some((good + bad) as f64 / (to - from)),
        "error_pct" if good + bad > 0 => Some(100.0 * bad as f64 / (good + bad) as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[u64]) -> Samples {
        let mut samples = Samples::new();
        for value in values {
            samples.record(*value);
        }
        samples.finish();
        samples
    }

    #[test]
    fn a_percentile_is_the_value_at_the_floor_of_its_index() {
        let hundred: Vec<u64> = (0..100).collect();
        assert_eq!(floor_index(&samples(&hundred), 0.95), Some(95));
        assert_eq!(floor_index(&samples(&hundred), 0.99), Some(99));
    }

    #[test]
    fn of_five_values_two_percentiles_are_the_maximum() {
        let five = samples(&[10, 20, 30, 40, 50]);
        assert_eq!(floor_index(&five, 0.95), Some(50));
        assert_eq!(floor_index(&five, 0.99), Some(50));
        assert_eq!(floor_index(&samples(&[]), 0.5), None);
    }

    #[test]
    fn a_spread_holds_most_of_the_runs() {
        let values: Vec<f64> = (0..=40).map(f64::from).collect();
        let value = Value::of(&values).unwrap();
        assert_eq!(value.spread, (1.0, 39.0));
        assert!(value.interval.0 > value.spread.0);
    }
}
