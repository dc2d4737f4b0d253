//! Metrics of what failures do, and of how the system gets over them.

use super::{Seen, of_pairs, seconds, share};
use crate::model::Model;
use crate::model::metric::{FailoverMetric, Metric};
use crate::sim::{FailoverActs, RecoveryRun, Run};
use crate::stats::{Estimate, mean};

/// What a metric of the whole system averages over replications, where what failures do is written down.
pub(super) fn quotient(metric: Metric, run: &Run) -> Option<(f64, f64)> {
    let RecoveryRun { impact, sessions, moved, .. } = run.recovery.as_ref()?;
    // Deaths that hit a running session lost work; the others hit one that had not gone on yet.
    let deaths = (sessions.hit - sessions.hit_again) as f64;
    Some(match metric {
        Metric::Degraded => ((impact.degraded + impact.late) as f64, run.ended_ever as f64),
        Metric::Touched => (impact.touched as f64, 1.0),
        Metric::Lost => (impact.lost as f64, 1.0),
        Metric::Retried => (impact.retried as f64, 1.0),
        Metric::Resumed => (impact.resumed as f64, 1.0),
        Metric::ResumeMean => (sessions.resuming as f64 / 1e9, sessions.resumed as f64),
        Metric::WorkLostMean => (sessions.work_lost as f64 / 1e9, deaths),
        Metric::ResumeMax if sessions.resumed > 0 => (sessions.resuming_max as f64 / 1e9, 1.0),
        Metric::WorkLostMax if deaths > 0.0 => (sessions.work_lost_max as f64 / 1e9, 1.0),
        Metric::Moved => (*moved as f64, 1.0),
        Metric::ResumeMax
        | Metric::WorkLostMax
        | Metric::Issued
        | Metric::Ended
        | Metric::Good
        | Metric::LatencyMean
        | Metric::LatencyP50
        | Metric::LatencyP95
        | Metric::LatencyP99
        | Metric::FirstByteMean
        | Metric::FirstByteP50
        | Metric::FirstByteP95
        | Metric::FirstByteP99
        | Metric::ErrorShare
        | Metric::RejectedShare
        | Metric::AbandonedShare
        | Metric::FailedShare
        | Metric::InSystem
        | Metric::LimitedShare
        | Metric::Retries
        | Metric::Cost
        | Metric::CostPerHour
        | Metric::WastedShare
        | Metric::Quality
        | Metric::CostPerCorrect
        | Metric::Agents
        | Metric::CacheHits
        | Metric::TimeToRecover
        | Metric::Recovered
        | Metric::DeadLetters
        | Metric::StaleHits
        | Metric::ScaleUp
        | Metric::ClimbingP99
        | Metric::SettledP99
        | Metric::LatencyDrift
        | Metric::LatencyP99Drift
        | Metric::ErrorAccumulation
        | Metric::BackgroundMean
        | Metric::BackgroundLeft
        | Metric::BackgroundFailed
        | Metric::Available => return None,
    })
}

/// Estimates the share of time that the station at `index` answers.
pub(super) fn answering(index: usize, seen: Seen<'_>, confidence: f64) -> Option<Estimate> {
    let of = |run: &Run| {
        let area = *run.recovery.as_ref()?.answering.get(index)?;
        Some((area as f64 / 1e9, seconds(run)))
    };
    of_pairs(&seen.runs.iter().filter_map(of).collect::<Vec<_>>(), confidence)
}

/// Estimates a metric of the failover at `index`.
pub(super) fn of_failover(
    model: &Model,
    index: usize,
    metric: FailoverMetric,
    seen: Seen<'_>,
) -> Option<Estimate> {
    let confidence = model.measure.confidence;
    let acts = |run: &Run| run.recovery.as_ref()?.failovers.get(index).copied();
    let pairs = |of: &dyn Fn(&Run, &FailoverActs) -> (f64, f64)| {
        let pairs: Vec<_> = seen.runs.iter().filter_map(|run| Some(of(run, &acts(run)?))).collect();
        of_pairs(&pairs, confidence)
    };
    let count = |of: &dyn Fn(&FailoverActs) -> u64| pairs(&|_, acts| (of(acts) as f64, 1.0));
    let span =
        |of: &dyn Fn(&FailoverActs) -> u64| pairs(&|_, acts| (of(acts) as f64 / 1e9, acts.switches as f64));
    let longest = |of: &dyn Fn(&FailoverActs) -> u64| {
        let switched = seen.runs.iter().filter_map(acts).filter(|acts| acts.switches > 0);
        mean(&switched.map(|acts| of(&acts) as f64 / 1e9).collect::<Vec<_>>(), confidence)
    };
    match metric {
        FailoverMetric::Available => pairs(&|run, acts| (acts.answering as f64 / 1e9, seconds(run))),
        FailoverMetric::Switches => count(&|acts| acts.switches),
        FailoverMetric::Aborted => count(&|acts| acts.aborted),
        FailoverMetric::Returns => count(&|acts| acts.returns),
        FailoverMetric::Detection => span(&|acts| acts.detection),
        FailoverMetric::Decision => span(&|acts| acts.decision),
        FailoverMetric::Promotion => span(&|acts| acts.promotion),
        FailoverMetric::FirstAnswer => {
            pairs(&|_, acts| (acts.first_answer as f64 / 1e9, acts.answered as f64))
        }
        FailoverMetric::Outage => pairs(&|_, acts| (acts.outage as f64 / 1e9, acts.answered as f64)),
        FailoverMetric::OutageMax => longest(&|acts| acts.outage_max),
        FailoverMetric::Verified => span(&|acts| acts.verified),
        FailoverMetric::Notified => span(&|acts| acts.notified),
        FailoverMetric::WritesLost => count(&|acts| acts.writes_lost),
        FailoverMetric::SpanLost => span(&|acts| acts.span_lost),
        FailoverMetric::SpanLostMax => longest(&|acts| acts.span_lost_max),
        FailoverMetric::SplitWrites => count(&|acts| acts.split_writes),
        FailoverMetric::Stale => {
            let all = seen.runs.iter().filter_map(acts);
            let shares: Vec<_> = all.map(|acts| (acts.stale_reads as f64, acts.reads as f64)).collect();
            share(&shares, confidence)
        }
    }
}
