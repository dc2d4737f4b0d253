//! Metrics of one configuration from its runs: which numbers, and which estimator is fit for each.

mod failovers;
mod nodes;
mod platform;
mod recovery;

use crate::model::Model;
use crate::model::metric::{Metric, MetricKey, PlaceMetric, Statistic};
use crate::sim::{Cause, EndKind, RecoveryRun, Run};
use crate::stats::{Estimate, QuantilePool, RELAXATION_TIMES_MIN, RatioError, RunLength, mean, ratio};
use crate::tally::Samples;
use tars_policy::dispatch::DispatchSpec;
use tars_policy::units::Span;

pub use nodes::heap_growth;
pub use recovery::{CameBack, came_back};

/// Estimates the metric called `name`; `None` when there is no such metric, or nothing was seen to estimate it from.
///
/// A quantile has an interval only where its runs are long enough: long in the `relaxation` time of the system where
/// that is known, see [`QuantilePool::guarded`].
pub fn estimate(model: &Model, name: &str, runs: &[Run], relaxation: Option<Span>) -> Option<Estimate> {
    let seen = Seen { runs, relaxation };
    match MetricKey::parse(name)? {
        MetricKey::System(metric) => system(model, metric, seen),
        MetricKey::Station(station, metric) => {
            let index = model.stations.iter().position(|known| known.name == station)?;
            of_station(model, index, metric, seen)
        }
        MetricKey::Pool(pool, metric) => {
            let index = model.pools.iter().position(|known| known.name == pool)?;
            of_pool(model, index, metric, seen)
        }
        MetricKey::Nodes(group, metric) => {
            let index = model.nodes.iter().position(|known| known.name == group)?;
            nodes::of_nodes(model, index, metric, seen)
        }
        MetricKey::Failover(name, metric) => {
            let index = model.failovers.iter().position(|known| known.name == name)?;
            failovers::of_failover(model, index, metric, seen)
        }
        MetricKey::Index(name, metric) => {
            let index = model.indexes.iter().position(|known| known.name == name)?;
            platform::of_index(model, index, metric, seen)
        }
    }
}

/// The quantity of one run that a metric of the system averages over replications, as numerator and denominator; a
/// quantile has none.
pub fn quotient(model: &Model, metric: Metric, run: &Run) -> Option<(f64, f64)> {
    let window = seconds(run);
    let ended = (run.good + bad(run)) as f64;
    Some(match metric {
        Metric::Issued => (run.issued as f64, window),
        Metric::Ended => (run.ended_in_window as f64, window),
        Metric::Good => (run.good_in_window as f64, window),
        Metric::LatencyMean => (run.latency.sum() as f64 / 1e9, run.good as f64),
        Metric::ScaleUp => platform::scale_up(run)?,
        Metric::BackgroundMean => {
            let background = platform::background(run)?;
            (background.time as f64 / 1e9, background.done as f64)
        }
        Metric::BackgroundLeft => (platform::background(run)?.still_there as f64, 1.0),
        Metric::BackgroundFailed => (platform::background(run)?.failed as f64, 1.0),
        Metric::ErrorAccumulation => platform::error_shares(run)?,
        Metric::ClimbingP99
        | Metric::SettledP99
        | Metric::LatencyDrift
        | Metric::LatencyP99Drift
        | Metric::LatencyP50
        | Metric::LatencyP95
        | Metric::LatencyP99
        | Metric::FirstByteP50
        | Metric::FirstByteP95
        | Metric::FirstByteP99 => return None,
        Metric::FirstByteMean => (first_byte(model, run).sum() as f64 / 1e9, run.good as f64),
        Metric::TimeToRecover => match came_back(model, run)? {
            CameBack::After(seconds) | CameBack::NotWithin(seconds) => (seconds, 1.0),
        },
        Metric::Recovered => (f64::from(u8::from(matches!(came_back(model, run)?, CameBack::After(_)))), 1.0),
        Metric::Available => (run.good_in_time as f64, ended),
        Metric::Degraded => {
            let impact = &failures(run)?.impact;
            ((impact.degraded + impact.late) as f64, run.ended_ever as f64)
        }
        Metric::Touched => (failures(run)?.impact.touched as f64, 1.0),
        Metric::Lost => (failures(run)?.impact.lost as f64, 1.0),
        Metric::Retried => (failures(run)?.impact.retried as f64, 1.0),
        Metric::Resumed => (failures(run)?.impact.resumed as f64, 1.0),
        Metric::ResumeMean => {
            let sessions = &failures(run)?.sessions;
            (sessions.resuming as f64 / 1e9, sessions.resumed as f64)
        }
        Metric::ResumeMax => {
            let sessions = &failures(run)?.sessions;
            most(sessions.resuming_max, sessions.resumed)?
        }
        Metric::WorkLostMean => {
            let sessions = &failures(run)?.sessions;
            (sessions.work_lost as f64 / 1e9, sessions.losing_work() as f64)
        }
        Metric::WorkLostMax => {
            let sessions = &failures(run)?.sessions;
            most(sessions.work_lost_max, sessions.losing_work())?
        }
        Metric::Moved => (failures(run)?.moved as f64, 1.0),
        Metric::ErrorShare => (bad(run) as f64, ended),
        Metric::RejectedShare => (bad_of(run, EndKind::Rejected) as f64, ended),
        Metric::AbandonedShare => (bad_of(run, EndKind::Abandoned) as f64, ended),
        Metric::FailedShare => (bad_of(run, EndKind::Failed) as f64, ended),
        Metric::InSystem => (run.system_area as f64 / 1e9, window),
        Metric::LimitedShare => (run.limited_ever as f64, run.calls_ever as f64),
        Metric::DeadLetters => (run.dead_letters as f64, run.issued as f64),
        Metric::Retries => ((run.retried + run.resubmitted) as f64, run.issued as f64),
        Metric::Cost => (dollars(model, run) * 1_000.0, run.good as f64),
        Metric::CostPerHour => (dollars(model, run) * 3_600.0, window),
        Metric::WastedShare => (run.wasted_cost_ever as f64, run.token_cost.max(run.wasted_cost_ever) as f64),
        Metric::Quality => (run.quality as f64 / 1e6, run.good as f64),
        Metric::CostPerCorrect => (dollars(model, run) * 1_000.0, run.quality as f64 / 1e6),
        Metric::Agents => (run.pools.iter().map(|pool| pool.agent_area as f64).sum::<f64>() / 1e9, window),
        Metric::StaleHits => {
            (run.stale_hits as f64, run.caches.iter().map(|(_, hits)| *hits).sum::<u64>() as f64)
        }
        Metric::CacheHits => {
            let (looks, hits) = run.caches.iter().fold((0, 0), |(looks, hits), (l, h)| (looks + l, hits + h));
            (hits as f64, looks as f64)
        }
    })
}

/// What failures did, where it is written down.
const fn failures(run: &Run) -> Option<&RecoveryRun> {
    run.recovery.as_ref()
}

/// The most of a replication, in seconds; nothing where it never happened.
fn most(nanos: u64, times: u64) -> Option<(f64, f64)> {
    (times > 0).then_some((nanos as f64 / 1e9, 1.0))
}

/// The length of the measured window, in seconds.
pub fn seconds(run: &Run) -> f64 {
    (run.end - run.cut) as f64 / 1e9
}

fn bad(run: &Run) -> u64 {
    run.bad.iter().sum()
}

fn bad_of(run: &Run, kind: EndKind) -> u64 {
    Cause::ALL.into_iter().filter(|cause| cause.kind() == kind).map(|cause| run.bad[cause as usize]).sum()
}

/// What the window's tasks cost: their tokens, and agents and fixed cost over the window.
fn dollars(model: &Model, run: &Run) -> f64 {
    let agents: u128 = run.pools.iter().map(|pool| pool.agent_area).sum();
    let fixed = model.cost.fixed.cost(u128::from(run.end - run.cut));
    run.token_cost as f64 / 1e12 + model.cost.agent.cost(agents).as_f64() + fixed.as_f64()
}

fn system(model: &Model, metric: Metric, seen: Seen<'_>) -> Option<Estimate> {
    let runs = seen.runs;
    let confidence = model.measure.confidence;
    let pairs = || runs.iter().filter_map(|run| quotient(model, metric, run)).collect::<Vec<_>>();
    match metric.statistic() {
        Statistic::Quantile(level) => {
            let samples = |run| if metric.is_of_first_byte() { first_byte(model, run) } else { &run.latency };
            seen.quantile(runs.iter().map(samples), level, confidence)
        }
        Statistic::Share => share(&pairs(), confidence),
        Statistic::Ratio => of_pairs(&pairs(), confidence),
        Statistic::TimeToRecover => recovery::time_to_recover(model, runs),
        Statistic::ClimbingQuantile => platform::climbing(seen, confidence),
        Statistic::SettledQuantile => platform::settled(seen, confidence),
        Statistic::Drift(level) => platform::drift(runs, level, confidence),
    }
}

/// Times to the first byte; where every answer is buffered, they are the latencies.
fn first_byte<'a>(model: &Model, run: &'a Run) -> &'a Samples {
    if model.streams() { &run.first_byte } else { &run.latency }
}

/// A share of counted things; an event that never happened, or always, gets its exact bound.
pub(super) fn share(pairs: &[(f64, f64)], confidence: f64) -> Option<Estimate> {
    let trials: Vec<_> = pairs
        .iter()
        .map(|(successes, trials)| crate::stats::Trials { events: count(*successes), trials: count(*trials) })
        .collect();
    crate::stats::proportion(&trials, confidence)
}

/// A count that was made a float; exact below 2⁵³.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a count before")]
fn count(value: f64) -> u64 {
    value as u64
}

/// A mean over replications where all denominators are one window; otherwise a ratio of sums.
pub(super) fn of_pairs(pairs: &[(f64, f64)], confidence: f64) -> Option<Estimate> {
    let (_, first) = pairs.first()?;
    if *first > 0.0 && pairs.iter().all(|(_, denominator)| denominator.to_bits() == first.to_bits()) {
        let values: Vec<_> = pairs.iter().map(|(numerator, denominator)| numerator / denominator).collect();
        return mean(&values, confidence);
    }
    ratio(pairs, confidence, RatioError::Jackknife)
}

/// The runs of a configuration, and how long its system takes to forget, where that is known.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) runs: &'a [Run],
    pub(super) relaxation: Option<Span>,
}

impl Seen<'_> {
    /// The pooled quantile with a sectioning interval whose sections are replications, guarded.
    pub(super) fn quantile<'a>(
        self,
        samples: impl Iterator<Item = &'a Samples> + Clone,
        level: f64,
        confidence: f64,
    ) -> Option<Estimate> {
        let mut pool = QuantilePool::new(&[level]);
        for replication in samples.clone() {
            pool.push(replication);
        }
        let mut estimate = pool.guarded(level, confidence, self.length(), samples)?;
        estimate.value /= 1e9;
        estimate.low = estimate.low.map(|low| low / 1e9);
        estimate.high = estimate.high.map(|high| high / 1e9);
        Some(estimate)
    }

    fn length(self) -> Option<RunLength> {
        let shortest = self.runs.iter().map(seconds).fold(f64::INFINITY, f64::min);
        let relaxation = self.relaxation?.as_secs_f64();
        let relaxation_times = if relaxation > 0.0 { shortest / relaxation } else { f64::INFINITY };
        Some(RunLength { relaxation_times, needed: RELAXATION_TIMES_MIN })
    }
}

fn of_station(model: &Model, index: usize, metric: PlaceMetric, seen: Seen<'_>) -> Option<Estimate> {
    let runs = seen.runs;
    let confidence = model.measure.confidence;
    let servers = model.stations[index].servers.map(f64::from);
    let waits = || runs.iter().map(|run| &run.stations[index].wait);
    let of = |f: &dyn Fn(&Run) -> (f64, f64)| of_pairs(&runs.iter().map(f).collect::<Vec<_>>(), confidence);
    match metric {
        PlaceMetric::Utilisation => {
            let servers = servers?;
            // The servers of a shard come and go with its copies.
            let sharded =
                model.indexes.iter().any(|known| known.stations.iter().any(|it| usize::from(*it) == index));
            of(&|run| {
                let station = &run.stations[index];
                let there = if sharded { station.working_area as f64 / 1e9 } else { seconds(run) * servers };
                (station.busy_area as f64 / 1e9, there)
            })
        }
        PlaceMetric::WaitMean => of(&|run| {
            let wait = &run.stations[index].wait;
            (wait.sum() as f64 / 1e9, wait.len() as f64)
        }),
        PlaceMetric::WaitP50 => seen.quantile(waits(), 0.5, confidence),
        PlaceMetric::WaitP95 => seen.quantile(waits(), 0.95, confidence),
        PlaceMetric::WaitP99 => seen.quantile(waits(), 0.99, confidence),
        PlaceMetric::WaitShare => {
            let trials: Vec<_> = waits()
                .map(|wait| ((wait.len() - wait.count_at_most(0)) as f64, wait.len() as f64))
                .collect();
            share(&trials, confidence)
        }
        PlaceMetric::Queue => of(&|run| {
            let station = &run.stations[index];
            ((station.number_area - station.busy_area) as f64 / 1e9, seconds(run))
        }),
        PlaceMetric::Number => of(&|run| (run.stations[index].number_area as f64 / 1e9, seconds(run))),
        PlaceMetric::Throughput => of(&|run| (run.stations[index].served as f64, seconds(run))),
        PlaceMetric::RefusedShare => {
            let trials: Vec<_> = runs
                .iter()
                .map(|run| (run.stations[index].refused as f64, run.stations[index].calls as f64))
                .collect();
            share(&trials, confidence)
        }
        PlaceMetric::LimitedShare => {
            let trials: Vec<_> = runs
                .iter()
                .map(|run| (run.stations[index].limited as f64, run.stations[index].calls as f64))
                .collect();
            share(&trials, confidence)
        }
        PlaceMetric::Working => {
            let servers = servers?;
            of(&|run| (run.stations[index].working_area as f64 / 1e9, seconds(run) * servers))
        }
        PlaceMetric::Handshakes => {
            model.stations[index].sockets.as_ref()?;
            of(&|run| (run.stations[index].handshakes as f64, run.stations[index].calls as f64))
        }
        PlaceMetric::Available => failovers::answering(index, seen, confidence),
        PlaceMetric::ActiveWorkers => None,
    }
}

fn of_pool(model: &Model, index: usize, metric: PlaceMetric, seen: Seen<'_>) -> Option<Estimate> {
    let runs = seen.runs;
    let confidence = model.measure.confidence;
    let waits = || runs.iter().map(|run| &run.pools[index].wait);
    let of = |f: &dyn Fn(&Run) -> (f64, f64)| of_pairs(&runs.iter().map(f).collect::<Vec<_>>(), confidence);
    let per_agent =
        model.pools[index].agents.groups.first().map_or(1.0, |group| f64::from(group.concurrency));
    match metric {
        PlaceMetric::Utilisation => of(&|run| {
            let pool = &run.pools[index];
            ((pool.number_area - pool.queue_area) as f64, pool.agent_area as f64 * per_agent)
        }),
        PlaceMetric::WaitMean => of(&|run| {
            let wait = &run.pools[index].wait;
            (wait.sum() as f64 / 1e9, wait.len() as f64)
        }),
        PlaceMetric::WaitP50 => seen.quantile(waits(), 0.5, confidence),
        PlaceMetric::WaitP95 => seen.quantile(waits(), 0.95, confidence),
        PlaceMetric::WaitP99 => seen.quantile(waits(), 0.99, confidence),
        PlaceMetric::WaitShare => {
            let trials: Vec<_> = waits()
                .map(|wait| ((wait.len() - wait.count_at_most(0)) as f64, wait.len() as f64))
                .collect();
            share(&trials, confidence)
        }
        PlaceMetric::Queue => of(&|run| (run.pools[index].queue_area as f64 / 1e9, seconds(run))),
        PlaceMetric::Number => of(&|run| (run.pools[index].number_area as f64 / 1e9, seconds(run))),
        PlaceMetric::Throughput => of(&|run| (run.pools[index].wait.len() as f64, seconds(run))),
        PlaceMetric::RefusedShare => {
            let trials: Vec<_> = runs
                .iter()
                .map(|run| {
                    let pool = &run.pools[index];
                    (pool.refused as f64, (pool.refused + pool.wait.len()) as f64)
                })
                .collect();
            share(&trials, confidence)
        }
        PlaceMetric::ActiveWorkers if model.pools[index].dispatch == DispatchSpec::EventDriven => None,
        PlaceMetric::ActiveWorkers => of(&|run| (run.pools[index].claimed_area as f64 / 1e9, seconds(run))),
        PlaceMetric::LimitedShare
        | PlaceMetric::Working
        | PlaceMetric::Handshakes
        | PlaceMetric::Available => None,
    }
}
