//! What failures did, as canonical bytes behind those of the rest of a run.

use super::{Decoded, Reader, RunDecodeError, Writer};
use crate::sim::checkpoints::SessionsRun;
use crate::sim::failovers::FailoverActs;
use crate::sim::impact::ImpactRun;
use crate::sim::run::RecoveryRun;

/// Tells this part from others that may follow a run.
pub(super) const TAG: u8 = 1;

pub(super) fn write(out: &mut Writer, run: &RecoveryRun) {
    out.number(TAG);
    let ImpactRun { touched, lost, retried, resumed, still_there, degraded, late } = run.impact;
    out.numbers([touched, lost, retried, resumed, still_there, degraded, late]);
    let of = &run.sessions;
    out.numbers([of.hit, of.resumed, of.hit_again, of.lost, of.dropped, of.still_there]);
    out.numbers([of.work_lost, of.work_lost_max, of.resuming, of.resuming_max, run.moved]);
    out.list(&run.failovers, |out, acts| {
        out.numbers(counts(acts));
        out.number(acts.answering);
    });
    out.list(&run.answering, |out, area| out.number(*area));
}

pub(super) fn read(from: &mut Reader<'_>) -> Decoded<RecoveryRun> {
    if from.number::<u8>()? != TAG {
        return Err(RunDecodeError);
    }
    let [touched, lost, retried, resumed, still_there, degraded, late] = from.array()?;
    let impact = ImpactRun { touched, lost, retried, resumed, still_there, degraded, late };
    let [hit, resumed, hit_again, lost, dropped, still_there] = from.array()?;
    let [work_lost, work_lost_max, resuming, resuming_max, moved] = from.array()?;
    let sessions = SessionsRun {
        hit,
        resumed,
        hit_again,
        lost,
        dropped,
        still_there,
        work_lost,
        work_lost_max,
        resuming,
        resuming_max,
    };
    let failovers = from.list(|from| {
        let mut acts = of_counts(from.array()?);
        acts.answering = from.wide()?;
        Ok(acts)
    })?;
    Ok(RecoveryRun { impact, sessions, moved, failovers, answering: from.list(Reader::wide)? })
}

/// The counts of a failover, in order.
const fn counts(acts: &FailoverActs) -> [u64; 19] {
    [
        acts.switches,
        acts.aborted,
        acts.returns,
        acts.detection,
        acts.decision,
        acts.promotion,
        acts.first_answer,
        acts.answered,
        acts.outage,
        acts.outage_max,
        acts.verified,
        acts.notified,
        acts.writes,
        acts.writes_lost,
        acts.span_lost,
        acts.span_lost_max,
        acts.split_writes,
        acts.reads,
        acts.stale_reads,
    ]
}

/// The failover of such counts.
const fn of_counts(counts: [u64; 19]) -> FailoverActs {
    let [
        switches,
        aborted,
        returns,
        detection,
        decision,
        promotion,
        first_answer,
        answered,
        outage,
        outage_max,
        verified,
        notified,
        writes,
        writes_lost,
        span_lost,
        span_lost_max,
        split_writes,
        reads,
        stale_reads,
    ] = counts;
    FailoverActs {
        switches,
        aborted,
        returns,
        detection,
        decision,
        promotion,
        first_answer,
        answered,
        outage,
        outage_max,
        verified,
        notified,
        writes,
        writes_lost,
        span_lost,
        span_lost_max,
        split_writes,
        reads,
        stale_reads,
        answering: 0,
    }
}
