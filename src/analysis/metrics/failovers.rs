//! Metrics of what failures do, and of how the system gets over them.

use super::{Seen, of_pairs, seconds, share};
use crate::model::Model;
use crate::model::metric::FailoverMetric;
use crate::sim::{FailoverActs, Run};
use crate::stats::{Estimate, mean};

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
