//! What failures did, as canonical bytes behind those of the rest of a run.

use super::{Decoded, Reader, RunDecodeError, Writer};
use crate::sim::checkpoints::SessionsRun;
use crate::sim::failovers::FailoverActs;
use crate::sim::impact::ImpactRun;
use crate::sim::run::RecoveryRun;

/// Tells this part from others that may follow a run.
pub(super) const TAG: u64 = 1;

pub(super) fn write(out: &mut Writer, run: &RecoveryRun) {
    out.number(TAG);
    write_impact(out, run.impact);
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
    if from.number::<u64>()? != TAG {
        return Err(RunDecodeError);
    }
    let impact = read_impact(from)?;
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

pub(super) fn write_impact(out: &mut Writer, of: ImpactRun) {
    let ImpactRun { touched, lost, retried, resumed, still_there, degraded, late } = of;
    out.numbers([touched, lost, retried, resumed, still_there, degraded, late]);
}

pub(super) fn read_impact(from: &mut Reader<'_>) -> Decoded<ImpactRun> {
    let [touched, lost, retried, resumed, still_there, degraded, late] = from.array()?;
    Ok(ImpactRun { touched, lost, retried, resumed, still_there, degraded, late })
}

/// Writes the counts of a failover out and takes them in again, in the one order given here.
macro_rules! counts_in_order {
    ($($count:ident),* $(,)?) => {
        const COUNTS: usize = [$(stringify!($count)),*].len();

        const fn counts(acts: &FailoverActs) -> [u64; COUNTS] {
            [$(acts.$count),*]
        }

        const fn of_counts([$($count),*]: [u64; COUNTS]) -> FailoverActs {
            FailoverActs { $($count,)* answering: 0 }
        }
    };
}

counts_in_order![
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
];
