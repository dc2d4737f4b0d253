//! The least flow of tasks through each operation of the routes, per second.

use super::super::workload::mean_rate;
use crate::model::Model;
use crate::model::distribution::Law;
use crate::model::route::{Op, Program, SpreadRule, Visit};
use std::ops::Range;
use tars_policy::queue::{PriorityCaps, QueueSpec};

/// Rounds after which the flow counts as settled; ways back let it decay geometrically.
const ROUNDS_MAX: usize = 200_000;

/// The least flow through each operation, per second.
pub(super) struct Flow(Vec<f64>);

impl Flow {
    /// The flow equations of the program, iterated until nothing moves. Clients whose rate depends on answers, or is not
    /// known before the run, count as none.
    pub(super) fn least(model: &Model) -> Self {
        let ops = model.program.ops.len();
        let mut total = vec![0.0; ops];
        let mut flow = vec![0.0; ops];
        for (class, rate) in model.classes.iter().zip(class_rates(model)) {
            flow[model.program.routes[usize::from(class.route)].1 as usize] += rate;
        }
        for _ in 0..ROUNDS_MAX {
            if flow.iter().all(|amount| *amount < 1e-12) {
                break;
            }
            let mut next = vec![0.0; ops];
            for (at, amount) in flow.iter().enumerate().filter(|(_, amount)| **amount > 0.0) {
                total[at] += amount;
                spread(model, at, *amount, &mut next);
            }
            flow = next;
        }
        Self(total)
    }

    /// Through the operation at `at`.
    pub(super) fn at(&self, at: usize) -> f64 {
        self.0[at]
    }

    /// Each visit and how often it is made per second at least; how often a shared call is made only a run can tell.
    pub(super) fn visits<'m>(&'m self, model: &'m Model) -> impl Iterator<Item = (&'m Visit, f64)> {
        model.program.ops.iter().zip(&self.0).filter_map(|(op, rate)| match op {
            Op::Visit(visit) => Some((&model.program.visits[usize::from(*visit)], *rate)),
            Op::Delay { .. }
            | Op::Shared(_)
            | Op::Landed
            | Op::Hedge { .. }
            | Op::Deliver
            | Op::Resume(_)
            | Op::Checkpoint(_)
            | Op::Try { .. }
            | Op::Launch { .. }
            | Op::Replay(_)
            | Op::Enter(_)
            | Op::Leave
            | Op::Choose { .. }
            | Op::Jump(_)
            | Op::LoopStart { .. }
            | Op::LoopNext { .. }
            | Op::Hold { .. }
            | Op::Fork { .. }
            | Op::BranchEnd
            | Op::Lookup { .. }
            | Op::Store { .. }
            | Op::Write { .. }
            | Op::Spread { .. }
            | Op::Feature { .. }
            | Op::End => None,
        })
    }
}

/// The rate of each class, per second.
fn class_rates(model: &Model) -> Vec<f64> {
    let mut rates = vec![0.0; model.classes.len()];
    for client in &model.clients {
        let rate = mean_rate(&client.load).unwrap_or(0.0);
        let mut before = 0.0;
        for (cumulative, class) in &client.mix {
            let up_to = cumulative.min(1.0);
            rates[usize::from(*class)] += rate * (up_to - before).max(0.0);
            before = up_to;
        }
    }
    rates
}

/// The probability of the way at `place` of a choice.
pub(super) fn share(program: &Program, first: u32, place: usize) -> f64 {
    let up_to = |place: usize| program.ways[first as usize + place].0.min(1.0);
    let before = if place == 0 { 0.0 } else { up_to(place - 1) };
    (up_to(place) - before).max(0.0)
}

/// Moves the flow at an operation on.
fn spread(model: &Model, at: usize, amount: f64, next: &mut [f64]) {
    let program = &model.program;
    let ways =
        |first: u32, count: u32| program.ways[first as usize..(first + count) as usize].iter().enumerate();
    // What surely comes out behind inner steps that may lose some.
    let behind = |pc: u32| if is_lossy(model, at + 1..pc as usize) { 0.0 } else { amount };
    match program.ops[at] {
        // Of those who share a call nobody knows how many get its answer.
        Op::End | Op::BranchEnd | Op::LoopNext { .. } | Op::Shared(_) | Op::Deliver => {}
        Op::Jump(pc) => next[pc as usize] += amount,
        Op::Choose { first, count } => {
            for (place, (_, pc)) in ways(first, count) {
                next[*pc as usize] += amount * share(program, first, place);
            }
        }
        // Nobody knows what a way by load, user or region gets.
        Op::Spread { by: SpreadRule::Balance(_) | SpreadRule::Region(_), .. } => {}
        Op::Spread { first, count, by: SpreadRule::Turn(_) | SpreadRule::Chance } => {
            for (_, (_, pc)) in ways(first, count) {
                next[*pc as usize] += amount / f64::from(count);
            }
        }
        // Where one branch is enough the others are cancelled, and nobody knows how early.
        Op::Fork { first, count, first_wins, behind: pc } => {
            for (_, (_, branch)) in ways(first, count).filter(|_| !first_wins) {
                next[*branch as usize] += behind(pc);
            }
            next[pc as usize] += behind(pc);
        }
        // Who comes in line may be turned away there.
        Op::Hold { visit, behind: pc } => {
            let waits = !turns_away(model, &program.visits[usize::from(visit)]);
            let inside = if waits { amount } else { 0.0 };
            next[at + 1] += inside;
            next[pc as usize] += if waits { behind(pc) } else { 0.0 };
        }
        // What comes in goes on, and the body is fed once for each round.
        Op::LoopStart { law, behind: pc, .. } => {
            next[at + 1] += behind(pc) * least_rounds(&program.counts[usize::from(law)]);
            next[pc as usize] += behind(pc);
        }
        // Before a run nobody knows what a cache holds.
        Op::Lookup { hit, .. } => {
            if let Some(pc) = behind_cache(program, hit) {
                next[pc as usize] += behind(pc);
            }
        }
        // Whether what fails or what is done in its place: it goes on behind both, unless that is lost too.
        Op::Try { otherwise, behind: pc } => {
            next[at + 1] += amount;
            next[pc as usize] += if is_lossy(model, otherwise as usize..pc as usize) { 0.0 } else { amount };
        }
        // Whatever becomes of what is begun, the task goes on behind it.
        Op::Launch { behind: pc } => {
            next[at + 1] += amount;
            next[pc as usize] += amount;
        }
        Op::Feature { off, .. } if model.degrades() => next[off as usize] += behind(off),
        Op::Visit(_) | Op::Enter(_) if is_lossy(model, at..at + 1) => {
            next[at + 1] += amount * survivors(model, at);
        }
        Op::Visit(_)
        | Op::Landed
        | Op::Hedge { .. }
        | Op::Enter(_)
        | Op::Store { .. }
        | Op::Write { .. }
        | Op::Delay { .. }
        | Op::Replay(_)
        | Op::Resume(_)
        | Op::Checkpoint(_)
        | Op::Leave
        | Op::Feature { .. } => {
            next[at + 1] += amount;
        }
    }
}

/// Where hits and misses meet again: a miss jumps over the steps of a hit.
pub(super) fn behind_cache(program: &Program, hit: u32) -> Option<u32> {
    match program.ops.get((hit as usize).checked_sub(1)?) {
        Some(Op::Jump(behind)) => Some(*behind),
        Some(_) | None => None,
    }
}

/// The least mean number of rounds; a count is rounded down.
pub(super) fn least_rounds(law: &Law<f64>) -> f64 {
    let mean = law.mean().unwrap_or(0.0);
    let is_whole = matches!(law, Law::Geometric { .. } | Law::Zipf { .. });
    let rounds = if let Law::Deterministic { value } = law {
        libm::floor(*value)
    } else if is_whole {
        mean
    } else {
        mean - 1.0
    };
    rounds.max(0.0)
}

/// Whether some task may not come out of these operations at their end.
pub(super) fn is_lossy(model: &Model, range: Range<usize>) -> bool {
    let end = range.end;
    range.into_iter().any(|at| match model.program.ops[at] {
        Op::Visit(visit) | Op::Replay(visit) | Op::Hold { visit, .. } => {
            loses(model, &model.program.visits[usize::from(visit)])
        }
        Op::Enter(pool) => {
            let pool = &model.pools[usize::from(pool)];
            pool.admission.is_some() || !pool.nodes.is_empty() || is_bounded(None, &pool.queue)
        }
        Op::Jump(pc) => pc as usize > end || pc as usize <= at,
        Op::End | Op::Shared(_) | Op::Deliver => true,
        Op::Delay { .. }
        | Op::Landed
        | Op::Hedge { .. }
        | Op::Leave
        | Op::Resume(_)
        | Op::Checkpoint(_)
        | Op::Try { .. }
        | Op::Launch { .. }
        | Op::Choose { .. }
        | Op::LoopStart { .. }
        | Op::LoopNext { .. }
        | Op::Fork { .. }
        | Op::BranchEnd
        | Op::Lookup { .. }
        | Op::Store { .. }
        | Op::Write { .. }
        | Op::Spread { .. }
        | Op::Feature { .. } => false,
    })
}

fn loses(model: &Model, visit: &Visit) -> bool {
    let station = &model.stations[usize::from(visit.station)];
    station.failure.is_some() || station.timeouts.is_some() || turns_away(model, visit)
}

/// Whether a call may be refused or given up, by a share that only a run can tell.
fn turns_away(model: &Model, visit: &Visit) -> bool {
    let station = &model.stations[usize::from(visit.station)];
    visit.chain.is_some()
        || visit.failover.is_some()
        || visit.index.is_some()
        || model.faults.iter().any(|fault| fault.effect.station() == Some(visit.station))
        || visit.patience.is_some()
        || visit.timeout.is_some()
        || visit.breaker.is_some()
        || (visit.is_llm && model.degrades())
        || (station.limiter.is_some() && !station.waits_for_limit)
        || is_bounded(station.capacity, &station.queue)
}

/// The least share of tasks that comes out of a lossy operation.
fn survivors(model: &Model, at: usize) -> f64 {
    let Op::Visit(visit) = model.program.ops[at] else { return 0.0 };
    let visit = &model.program.visits[usize::from(visit)];
    let failure = model.stations[usize::from(visit.station)].failure.as_ref();
    if turns_away(model, visit) || model.stations[usize::from(visit.station)].timeouts.is_some() {
        0.0
    } else {
        failure.map_or(1.0, |failure| (1.0 - failure.share - failure.rise).max(0.0))
    }
}

/// Whether a line refuses or drops some of those who come.
pub(super) fn is_bounded(capacity: Option<u32>, queue: &QueueSpec) -> bool {
    capacity.is_some()
        || queue.max_depth.is_some()
        || queue.max_depth_by_priority != PriorityCaps::default()
        || queue.drop_expired
        || queue.codel.is_some()
}
