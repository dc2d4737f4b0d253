//! What failures did, and how the system got over them, in sentences.

use super::{info, warning};
use crate::model::Model;
use crate::model::failover::Failover;
use crate::result::Flag;
use crate::sim::{FailoverActs, ImpactRun, RecoveryRun, Run, SessionsRun};

/// Everything there is to say of failures, where it is written down.
pub(super) fn all(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    let seen: Vec<&RecoveryRun> = runs.iter().filter_map(|run| run.recovery.as_ref()).collect();
    if seen.is_empty() {
        return;
    }
    tasks(&seen, flags);
    sessions(&seen, flags);
    for (index, failover) in model.failovers.iter().enumerate() {
        let acts: Vec<&FailoverActs> = seen.iter().filter_map(|run| run.failovers.get(index)).collect();
        switches(failover, &acts, flags);
    }
}

/// The tasks touched, by what became of them.
fn tasks(runs: &[&RecoveryRun], flags: &mut Vec<Flag>) {
    let sum = |of: fn(&ImpactRun) -> u64| runs.iter().map(|run| of(&run.impact)).sum::<u64>();
    let touched = sum(|run| run.touched);
    if touched == 0 {
        return;
    }
    flags.push(info(
        "impact",
        format!(
            "failures touched {touched} tasks in {} replications: {} lost, {} retried, {} resumed, {} still there; of those that ended well {} got less than they asked for, and {} others were late",
            runs.len(),
            sum(|run| run.lost),
            sum(|run| run.retried),
            sum(|run| run.resumed),
            sum(|run| run.still_there),
            sum(|run| run.degraded),
            sum(|run| run.late)
        ),
    ));
}

/// The sessions whose agents died.
fn sessions(runs: &[&RecoveryRun], flags: &mut Vec<Flag>) {
    let sum = |of: fn(&SessionsRun) -> u64| runs.iter().map(|run| of(&run.sessions)).sum::<u64>();
    let (hit, resumed) = (sum(|run| run.hit), sum(|run| run.resumed));
    if hit == 0 {
        return;
    }
    let mean = |all: u64, count: u64| all as f64 / 1e9 / count.max(1) as f64;
    flags.push(info(
        "sessions",
        format!(
            "deaths of agents hit sessions {hit} times: {resumed} went on, {} died again first, {} were lost, {} were given up, {} waited at the end; {:.1} s of work was done again and {:.1} s passed until they went on, on average",
            sum(|run| run.hit_again),
            sum(|run| run.lost),
            sum(|run| run.dropped),
            sum(|run| run.still_there),
            mean(sum(|run| run.work_lost), hit - sum(|run| run.hit_again)),
            mean(sum(|run| run.resuming), resumed)
        ),
    ));
}

/// The switches of a failover, phase by phase.
fn switches(failover: &Failover, acts: &[&FailoverActs], flags: &mut Vec<Flag>) {
    let sum = |of: fn(&FailoverActs) -> u64| acts.iter().map(|acts| of(acts)).sum::<u64>();
    let (switched, aborted) = (sum(|acts| acts.switches), sum(|acts| acts.aborted));
    let name = &failover.name;
    if switched == 0 {
        let text = match aborted {
            0 => format!("`{name}` never failed over"),
            _ => format!(
                "`{name}` never failed over: {aborted} times it was found that the active member answered"
            ),
        };
        return flags.push(info("failover", text));
    }
    let each = |of: fn(&FailoverActs) -> u64| sum(of) as f64 / 1e9 / switched as f64;
    let answered = sum(|acts| acts.answered).max(1) as f64;
    flags.push(info(
        "failover",
        format!(
            "`{name}` failed over {switched} times in {} replications: found after {:.1} s, decided {:.1} s later, promoted {:.1} s later, the first answer {:.1} s later, {:.1} s after the failure; checked after {:.0} s, people told after {:.0} s; {} writes of {:.1} s were lost each time, {} were split, {} times the first member came back",
            acts.len(),
            each(|acts| acts.detection),
            each(|acts| acts.decision),
            each(|acts| acts.promotion),
            sum(|acts| acts.first_answer) as f64 / 1e9 / answered,
            sum(|acts| acts.outage) as f64 / 1e9 / answered,
            each(|acts| acts.verified),
            each(|acts| acts.notified),
            sum(|acts| acts.writes_lost) / switched,
            each(|acts| acts.span_lost),
            sum(|acts| acts.split_writes),
            sum(|acts| acts.returns)
        ),
    ));
    if sum(|acts| acts.split_writes) > 0 {
        flags.push(warning(
            "split-brain",
            format!("two members of `{name}` took writes at once; those of the one that was no longer active are lost"),
        ));
    }
}
