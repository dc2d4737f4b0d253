//! Users that submit again at the instant they are refused: time would never move on.
//!
//! Refused only where that surely happens: all users of a closed loop submit at the start, the first place on the way of all
//! their tasks holds fewer, and between a refusal and the next submission nothing takes time.

use super::station_path;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;
use crate::model::distribution::Law;
use crate::model::route::{Op, Visit};
use crate::model::workload::{Client, Closed, Load};
use crate::model::{Model, Pool, Station};
use tars_policy::limiter::{Algorithm, Counted};
use tars_policy::units::Span;

/// Refuses closed loops of which some users would be turned away for ever without a moment passing.
pub(super) fn check(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    for client in &model.clients {
        let Load::Closed(closed) = &client.load else { continue };
        if !is_restless(client, closed) {
            continue;
        }
        let places: Option<Vec<Place>> =
            client.mix.iter().map(|(_, class)| first_place(model, usize::from(*class))).collect();
        let Some(widest) = places.and_then(|places| places.into_iter().max_by_key(|place| place.holds))
        else {
            continue;
        };
        if u64::from(closed.users) > widest.holds {
            tell(tree, client, closed, &widest, diagnostics);
        }
    }
}

/// Where tasks come first, and how many it lets in at one instant.
struct Place {
    what: String,
    at: Path,
    holds: u64,
}

/// Whether a user whose task is refused at once submits the next one at once, without end.
fn is_restless(client: &Client, closed: &Closed) -> bool {
    let is_zero = |law: &Law<Span>| matches!(law, Law::Deterministic { value } if value.is_zero());
    let thinks = closed.think.as_ref().is_some_and(|law| !is_zero(law));
    let backs_off = client.retry.is_some() && (client.retries_refused || client.retries_failed);
    !thinks && !backs_off && closed.start_spread.is_zero() && closed.tasks_per_user.is_none()
}

/// The first operation of a class that takes time or a place, where it may turn tasks away at once.
fn first_place(model: &Model, class: usize) -> Option<Place> {
    let start = model.program.routes[usize::from(model.classes[class].route)].1;
    let mut at = start as usize;
    for _ in 0..model.program.ops.len() {
        match model.program.ops[at] {
            Op::Jump(pc) => at = pc as usize,
            Op::Enter(pool) => return pool_place(&model.pools[usize::from(pool)]),
            Op::Visit(visit) => return visit_place(model, &model.program.visits[usize::from(visit)]),
            // Time may pass here, or the ways part: nothing is concluded.
            Op::Delay { .. }
            | Op::Hold { .. }
            | Op::Shared(_)
            | Op::Landed
            | Op::Hedge { .. }
            | Op::Deliver
            | Op::Resume(_)
            | Op::Checkpoint(_)
            | Op::Try { .. }
            | Op::Launch { .. }
            | Op::Replay(_)
            | Op::Leave
            | Op::Choose { .. }
            | Op::LoopStart { .. }
            | Op::LoopNext { .. }
            | Op::Fork { .. }
            | Op::BranchEnd
            | Op::Lookup { .. }
            | Op::Store { .. }
            | Op::Write { .. }
            | Op::Spread { .. }
            | Op::Feature { .. }
            | Op::End => return None,
        }
    }
    None
}

/// A pool holds what its agents carry and its queue keeps.
fn pool_place(pool: &Pool) -> Option<Place> {
    let waiting = u64::from(pool.queue.max_depth?);
    let agents = pool.agents.groups.iter().map(|group| u64::from(group.count) * u64::from(group.concurrency));
    let at = Path::root().key("system").key("pools").key(&pool.name).key("queue").key("max_depth");
    Some(Place { what: pool.name.clone(), at, holds: waiting + agents.sum::<u64>() })
}

/// A station holds its capacity, and lets in what its limits hold; a retry policy of the call takes time.
fn visit_place(model: &Model, visit: &Visit) -> Option<Place> {
    let station = &model.stations[usize::from(visit.station)];
    if visit.retry.is_some() || visit.breaker.is_some() || !station.refusal_delay.is_zero() {
        return None;
    }
    let path = station_path(station);
    let capacity = station.capacity.map(|capacity| (u64::from(capacity), path.key("capacity")));
    let limit = let_in(station).map(|limit| (limit, path.key("limiter")));
    let (holds, at) = capacity.into_iter().chain(limit).min_by_key(|(holds, _)| *holds)?;
    Some(Place { what: station.name.clone(), at, holds })
}

/// The most calls that a limit which refuses lets in at one instant.
fn let_in(station: &Station) -> Option<u64> {
    let buckets =
        station.limiter.iter().filter(|_| !station.waits_for_limit).flat_map(|limiter| &limiter.buckets);
    let held =
        buckets.filter(|bucket| bucket.counts == Counted::Requests).map(|bucket| match bucket.algorithm {
            Algorithm::TokenBucket { burst, .. } => burst,
            Algorithm::FixedWindow { limit, .. } | Algorithm::SlidingLog { limit, .. } => limit,
        });
    held.min()
}

fn tell(tree: &Tree, client: &Client, closed: &Closed, place: &Place, diagnostics: &mut Diagnostics) {
    let load = Path::root().key("workload").key("clients").key(&client.name).key("load").key("closed");
    let message = format!(
        "time would stand still: {} users without think time, and `{}` takes {} at once, so that the others are refused \
         and submit again at the same instant, for ever",
        closed.users, place.what, place.holds
    );
    let hint = format!(
        "give the users a `think_time`, their client a `retry` for what is refused, or raise `{}`",
        place.at.to_pointer()
    );
    diagnostics.senseless(tree, &load.key("users"), message, &hint);
}
