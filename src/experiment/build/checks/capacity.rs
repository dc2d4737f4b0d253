//! Offered load above capacity: refused only where the queue surely grows without end.
//!
//! Every figure here is a bound on the safe side: the least flow, the least work, the greatest capacity. What a run alone
//! can tell (cache hits, timeouts, refusals) counts as relief. So a refusal is always right, and some overload is only
//! seen in the results.

use super::flow::{Flow, is_bounded, is_lossy, share};
use super::station_path;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;
use crate::model::distribution::Law;
use crate::model::route::{Op, SpreadRule, Visit};
use crate::model::{Breakdown, Model, Pool, Station};
use tars_policy::limiter::{Algorithm, Counted};

/// A load this close to one is one.
const SLACK: f64 = 1.000_001;

/// Refuses overload of stations, waiting limits and pools of agents.
pub(super) fn check(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    let flow = Flow::least(model);
    for (index, station) in model.stations.iter().enumerate() {
        check_station(tree, model, &flow, index, station, diagnostics);
    }
    let spared = |pool: usize| model.autoscalers.iter().any(|scaler| usize::from(scaler.pool) == pool);
    for (index, pool) in model.pools.iter().enumerate().filter(|(index, _)| !spared(*index)) {
        check_pool(tree, model, &flow, index, pool, diagnostics);
    }
}

fn check_station(
    tree: &Tree,
    model: &Model,
    flow: &Flow,
    index: usize,
    station: &Station,
    diagnostics: &mut Diagnostics,
) {
    let visits: Vec<(&Visit, f64)> = flow
        .visits(model)
        .filter(|(visit, _)| usize::from(visit.station) == index && visit.index.is_none())
        .collect();
    let gives_up = visits.iter().any(|(visit, _)| visit.patience.is_some() || visit.timeout.is_some());
    if gives_up || is_bounded(station.capacity, &station.queue) || !station.speed_by_number.is_empty() {
        return;
    }
    let path = station_path(station);
    let rate: f64 = visits.iter().map(|(_, rate)| rate).sum();
    if let Some(limit) = sustained(station)
        && station.waits_for_limit
        && rate > limit * SLACK
    {
        let what = format!("the limit of `{}`", station.name);
        diagnostics.overloaded(tree, &path.key("limiter"), &what, rate / limit, "raise the limit");
    }
    let Some(servers) = station.servers else { return };
    let work: f64 = visits.iter().map(|(visit, rate)| rate * least_service(model, visit)).sum();
    let load = work / (f64::from(servers) * availability(station.breakdown.as_ref()));
    if load > SLACK {
        let servers = if station.offers.is_empty() { "servers" } else { "concurrency" };
        diagnostics.overloaded(tree, &path.key(servers), &format!("`{}`", station.name), load, "add servers");
    }
}

/// The share of time that a station works.
fn availability(breakdown: Option<&Breakdown>) -> f64 {
    let means =
        breakdown.and_then(|breakdown| Some((breakdown.up.mean_seconds()?, breakdown.down.mean_seconds()?)));
    means.map_or(1.0, |(up, down)| if up + down > 0.0 { up / (up + down) } else { 1.0 })
}

/// The rate that a station's limits carry in the long run, in calls per second, of those that count calls.
fn sustained(station: &Station) -> Option<f64> {
    let buckets = station.limiter.iter().flat_map(|limiter| &limiter.buckets);
    buckets
        .filter(|bucket| bucket.counts == Counted::Requests)
        .map(|bucket| match bucket.algorithm {
            Algorithm::TokenBucket { rate, .. } => rate.per_second(),
            Algorithm::FixedWindow { limit, window } | Algorithm::SlidingLog { limit, window } => {
                limit as f64 / window.as_secs_f64()
            }
        })
        .reduce(f64::min)
}

/// The least mean service of a visit, in seconds: without load, and without tokens.
fn least_service(model: &Model, visit: &Visit) -> f64 {
    let station = &model.stations[usize::from(visit.station)];
    if !station.speed_by_number.is_empty() {
        return 0.0;
    }
    let least_offer = station.offers.iter().flatten().map(|offer| seconds(&offer.law)).reduce(f64::min);
    let own = visit.law.map(|law| &model.program.spans[usize::from(law)]).or(station.law.as_ref());
    let answered = station.timeouts.map_or(1.0, |(share, _)| 1.0 - share);
    answered * least_offer.unwrap_or_else(|| own.map_or(0.0, seconds))
}

/// The mean of a law; where it is infinite nothing is concluded.
fn seconds(law: &Law<tars_policy::units::Span>) -> f64 {
    law.mean_seconds().unwrap_or(0.0)
}

fn check_pool(
    tree: &Tree,
    model: &Model,
    flow: &Flow,
    index: usize,
    pool: &Pool,
    diagnostics: &mut Diagnostics,
) {
    if is_bounded(None, &pool.queue) || pool.admission.is_some() || pool.agents.lazy_spawn_above.is_some() {
        return;
    }
    let ops = &model.program.ops;
    let enters = ops.iter().enumerate().filter(|(_, op)| **op == Op::Enter(super::super::index(index)));
    let work: f64 = enters.map(|(at, _)| flow.at(at) * least_hold(model, at)).sum();
    let agents = pool.agents.groups.iter().map(|group| u64::from(group.count) * u64::from(group.concurrency));
    let load = work / agents.sum::<u64>() as f64;
    if load > SLACK {
        let path = Path::root().key("system").key("pools").key(&pool.name).key("groups");
        diagnostics.overloaded(tree, &path, &format!("the agents of `{}`", pool.name), load, "add agents");
    }
}

/// The least mean time that an agent is held from the `Enter` at `enter` on, in seconds.
///
/// Inside an agent all jumps but those of loops lead forward, so one pass from the end knows what is still to come.
fn least_hold(model: &Model, enter: usize) -> f64 {
    let ops = &model.program.ops;
    let leave = (enter + 1..ops.len()).find(|at| ops[*at] == Op::Leave).unwrap_or(ops.len());
    let mut left = vec![0.0; ops.len() + 1];
    for at in (enter + 1..leave).rev() {
        left[at] = least_left(model, at, &left);
    }
    left[enter + 1]
}

/// The least mean time from the operation at `at` to the end of its branch, loop round or agent, given that of all later ones.
fn least_left(model: &Model, at: usize, left: &[f64]) -> f64 {
    let program = &model.program;
    let next = left[at + 1];
    let ways = |first: u32, count: u32| program.ways[first as usize..(first + count) as usize].iter();
    let sure = |behind: u32| !is_lossy(model, at + 1..behind as usize);
    match program.ops[at] {
        Op::Delay { law, .. } => seconds(&program.spans[usize::from(law)]) + next,
        // Whoever may fail or give up here may be gone at once.
        Op::Visit(_) if is_lossy(model, at..at + 1) => 0.0,
        Op::Visit(visit) => least_service(model, &program.visits[usize::from(visit)]) + next,
        Op::Jump(pc) => left[pc as usize],
        Op::Choose { first, count } => {
            let taken =
                |(place, (_, pc)): (usize, &(f64, u32))| share(program, first, place) * left[*pc as usize];
            ways(first, count).enumerate().map(taken).sum()
        }
        Op::Spread { first, count, by: SpreadRule::Balance(_) | SpreadRule::Region(_) } => {
            ways(first, count).map(|(_, pc)| left[*pc as usize]).fold(f64::INFINITY, f64::min)
        }
        Op::Spread { first, count, by: SpreadRule::Turn(_) | SpreadRule::Chance } => {
            ways(first, count).map(|(_, pc)| left[*pc as usize] / f64::from(count)).sum()
        }
        Op::LoopStart { law, behind, .. } if sure(behind) => {
            super::flow::least_rounds(&program.counts[usize::from(law)]) * next + left[behind as usize]
        }
        Op::Hold { behind, .. } if sure(behind) && !is_lossy(model, at..at + 1) => {
            next + left[behind as usize]
        }
        Op::Fork { first_wins: true, behind, .. } if sure(behind) => left[behind as usize],
        Op::Fork { first, count, behind, .. } if sure(behind) => {
            ways(first, count).map(|(_, pc)| left[*pc as usize]).fold(0.0, f64::max) + left[behind as usize]
        }
        Op::Launch { behind } => left[behind as usize],
        Op::Lookup { hit, .. } => super::flow::behind_cache(program, hit)
            .filter(|behind| sure(*behind))
            .map_or(0.0, |pc| left[pc as usize]),
        Op::Feature { off, .. } if model.degrades() => next.min(left[off as usize]),
        Op::Landed
        | Op::Hedge { .. }
        | Op::Store { .. }
        | Op::Write { .. }
        | Op::Replay(_)
        | Op::Resume(_)
        | Op::Checkpoint(_)
        | Op::Feature { .. } => next,
        Op::Shared(_)
        | Op::Deliver
        | Op::Try { .. }
        | Op::LoopStart { .. }
        | Op::LoopNext { .. }
        | Op::Fork { .. }
        | Op::Hold { .. }
        | Op::BranchEnd
        | Op::Enter(_)
        | Op::Leave
        | Op::End => 0.0,
    }
}
