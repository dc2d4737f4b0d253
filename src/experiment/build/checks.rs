//! Whether a system can work at all: flow through its routes against its capacity, and limits that let nothing through.

use super::workload::mean_rate;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;
use crate::model::distribution::Law;
use crate::model::route::Op;
use crate::model::workload::Load;
use crate::model::{Model, Service, Station};
use tars_policy::limiter::Algorithm;
use tars_policy::units::Span;

/// The most tasks that a replication may be expected to handle, and the most that may be alive.
const TASKS_MAX: f64 = 2e9;

/// Refuses what can never work, and overload that is not meant.
pub(super) fn check(tree: &Tree, model: &Model, transient: bool, diagnostics: &mut Diagnostics) {
    check_limits(tree, model, diagnostics);
    check_size(tree, model, diagnostics);
    check_recorded(tree, model, diagnostics);
    if transient {
        return;
    }
    // Rates of open classes; closed loops settle whatever their load.
    let Some(rates) = class_rates(model) else { return };
    let root = Path::root().key("system");
    let visits = visits_per_task(model, &rates);
    for (index, station) in model.stations.iter().enumerate() {
        let collection = if station.offers.is_empty() { "stations" } else { "providers" };
        let path = root.key(collection).key(&station.name);
        if station.capacity.is_some() || station.queue.max_depth.is_some() || !station.speed_by_number.is_empty() {
            continue;
        }
        let rate: f64 = visits.iter().filter(|(visit, _)| model.program.visits[*visit].station as usize == index).map(|(_, rate)| rate).sum();
        if let Some(limit) = sustained(station)
            && station.waits_for_limit
            && rate > limit * 1.000_001
        {
            diagnostics.overloaded(tree, &path.key("limiter"), &format!("the limit of `{}`", station.name), rate / limit);
        }
        let Some(servers) = station.servers else { continue };
        let work: Option<f64> = visits
            .iter()
            .filter(|(visit, _)| model.program.visits[*visit].station as usize == index)
            .map(|(visit, rate)| Some(rate * service_seconds(model, station, *visit)?))
            .sum();
        let load = work.map(|work| work / f64::from(servers));
        if let Some(load) = load
            && load > 1.0
            && !any_patience(model, &visits, index)
        {
            diagnostics.overloaded(tree, &path.key("servers"), &format!("`{}`", station.name), load);
        }
    }
}

fn any_patience(model: &Model, visits: &[(usize, f64)], station: usize) -> bool {
    visits.iter().any(|(visit, _)| {
        let visit = &model.program.visits[*visit];
        visit.station as usize == station && (visit.patience.is_some() || visit.timeout.is_some())
    })
}

/// The mean service at a station, in seconds, where it is known without running.
fn service_seconds(model: &Model, station: &Station, visit: usize) -> Option<f64> {
    if station.from_trace || !station.offers.is_empty() || station.per_input_token > Span::ZERO || station.per_output_token > Span::ZERO {
        return None;
    }
    if station.service == Service::Sharing && !station.speed_by_number.is_empty() {
        return None;
    }
    let own = model.program.visits[visit].law.map(|law| &model.program.spans[law as usize]);
    own.or(station.law.as_ref()).map_or(Some(0.0), Law::mean_seconds)
}

/// The rate that a station's limits carry in the long run, in calls per second, of those that count calls.
fn sustained(station: &Station) -> Option<f64> {
    use tars_policy::limiter::Counted;
    let limiter = station.limiter.as_ref()?;
    limiter
        .buckets
        .iter()
        .filter(|bucket| bucket.counts == Counted::Requests)
        .map(|bucket| match bucket.algorithm {
            Algorithm::TokenBucket { rate, .. } => rate.per_second(),
            Algorithm::FixedWindow { limit, window } | Algorithm::SlidingLog { limit, window } => limit as f64 / window.as_secs_f64(),
        })
        .reduce(f64::min)
}

/// The rate of each class, per second; `None` when some client has none.
fn class_rates(model: &Model) -> Option<Vec<f64>> {
    let mut rates = vec![0.0; model.classes.len()];
    for client in &model.clients {
        if matches!(client.load, Load::Closed(_) | Load::Scheduled(_) | Load::Sessions(_) | Load::Trace(..)) {
            continue;
        }
        let rate = mean_rate(&client.load)?;
        let mut before = 0.0;
        for (cumulative, class) in &client.mix {
            let up_to = cumulative.min(1.0);
            rates[*class as usize] += rate * (up_to - before);
            before = up_to;
        }
    }
    Some(rates)
}

/// How often each visit is made per second: the flow equations of the program, iterated until they settle.
fn visits_per_task(model: &Model, rates: &[f64]) -> Vec<(usize, f64)> {
    let ops = &model.program.ops;
    let mut total = vec![0.0; ops.len()];
    let mut flow = vec![0.0; ops.len()];
    for (class, rate) in model.classes.iter().zip(rates) {
        flow[model.program.routes[class.route as usize].1 as usize] += rate;
    }
    // Each round moves the flow one operation on; loops and ways back let it decay geometrically.
    for _ in 0..200_000 {
        if flow.iter().all(|amount| *amount < 1e-12) {
            break;
        }
        let mut next = vec![0.0; ops.len()];
        for (at, amount) in flow.iter().enumerate().filter(|(_, amount)| **amount > 0.0) {
            total[at] += amount;
            spread(model, at, *amount, &mut next);
        }
        flow = next;
    }
    let visits = ops.iter().enumerate().filter_map(|(at, op)| match op {
        Op::Visit(visit) => Some((*visit as usize, total[at])),
        Op::Delay { .. }
        | Op::Replay(_)
        | Op::Enter(_)
        | Op::Leave
        | Op::Choose { .. }
        | Op::Jump(_)
        | Op::LoopStart { .. }
        | Op::LoopNext { .. }
        | Op::Fork { .. }
        | Op::BranchEnd
        | Op::Lookup { .. }
        | Op::Store { .. }
        | Op::Spread { .. }
        | Op::Feature { .. }
        | Op::End => None,
    });
    visits.collect()
}

/// Moves the flow at an operation on.
fn spread(model: &Model, at: usize, amount: f64, next: &mut [f64]) {
    let ways = |first: u32, count: u32| &model.program.ways[first as usize..(first + count) as usize];
    match model.program.ops[at] {
        Op::End | Op::BranchEnd => {}
        Op::Jump(pc) => next[pc as usize] += amount,
        Op::Choose { first, count } => {
            let mut before = 0.0;
            for (cumulative, pc) in ways(first, count) {
                let up_to = cumulative.min(1.0);
                next[*pc as usize] += amount * (up_to - before).max(0.0);
                before = up_to;
            }
        }
        Op::Spread { first, count, .. } => {
            for (_, pc) in ways(first, count) {
                next[*pc as usize] += amount / f64::from(count);
            }
        }
        Op::Fork { first, count, behind, .. } => {
            for (_, pc) in ways(first, count) {
                next[*pc as usize] += amount;
            }
            next[behind as usize] += amount;
        }
        // A loop of mean count m runs its body m times: what comes in goes on, and the body is fed m times as much.
        Op::LoopStart { law, behind, .. } => {
            let mean = model.program.counts[law as usize].mean().unwrap_or(1.0).max(0.0);
            next[at + 1] += amount * mean;
            next[behind as usize] += amount;
        }
        Op::LoopNext { .. } => {}
        // Before a run nobody knows what a cache holds; a hit costs nothing, a miss everything.
        Op::Lookup { .. }
        | Op::Store { .. }
        | Op::Delay { .. }
        | Op::Visit(_)
        | Op::Replay(_)
        | Op::Enter(_)
        | Op::Leave
        | Op::Feature { .. } => {
            if at + 1 < next.len() {
                next[at + 1] += amount;
            }
        }
    }
}

/// A limit below one call lets nothing through.
fn check_limits(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    let root = Path::root().key("system");
    for station in &model.stations {
        let Some(limiter) = &station.limiter else { continue };
        let collection = if station.offers.is_empty() { "stations" } else { "providers" };
        for (place, bucket) in limiter.buckets.iter().enumerate() {
            let most = match bucket.algorithm {
                Algorithm::TokenBucket { burst, .. } => burst,
                Algorithm::FixedWindow { limit, .. } | Algorithm::SlidingLog { limit, .. } => limit,
            };
            if most == 0 {
                let path = root.key(collection).key(&station.name).key("limiter").key("buckets").index(place);
                diagnostics.senseless(tree, &path, "the limit can never let a call through: it holds nothing", "expected at least 1");
            }
        }
    }
}

/// Recorded service times that nobody takes, stations that wait for some in vain, and replayed calls that take no time.
fn check_recorded(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    let root = Path::root();
    let takes = model.stations.iter().any(|station| station.from_trace);
    let mut recorded = model.clients.iter().any(|client| matches!(client.load, Load::Sessions(_)));
    for client in &model.clients {
        let Load::Trace(trace, _) = &client.load else { continue };
        if trace.requests.iter().all(|request| request.service.is_zero()) {
            continue;
        }
        recorded = true;
        if !takes {
            let path = root.key("workload").key("clients").key(&client.name).key("load").key("trace").key("service");
            let hint = "set `service_from_trace` at the station that serves them, or leave the column out";
            diagnostics.senseless(tree, &path, "no station takes the recorded service times", hint);
        }
    }
    for station in model.stations.iter().filter(|station| station.from_trace && !recorded) {
        let path = root.key("system").key("stations").key(&station.name).key("service_from_trace");
        let hint = "name their column as `service` of a `trace` load, or replay `sessions`";
        diagnostics.senseless(tree, &path, "no load has recorded service times", hint);
    }
    for op in &model.program.ops {
        let Op::Replay(visit) = op else { continue };
        let station = &model.stations[model.program.visits[*visit as usize].station as usize];
        let own = station.law.is_some() || !station.per_input_token.is_zero() || !station.per_output_token.is_zero();
        if !station.from_trace && !own {
            let path = root.key("system").key("stations").key(&station.name);
            let words = format!("calls are replayed at `{}`, where they take no time", station.name);
            diagnostics.senseless(tree, &path, words, "set `service_from_trace` for their recorded lengths, or a `service`");
        }
    }
}

/// A run that would need more time or memory than any machine here has.
fn check_size(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    let seconds = model.measure.duration.as_secs_f64();
    let rate: f64 = model.clients.iter().filter_map(|client| mean_rate(&client.load)).sum();
    if rate * seconds > TASKS_MAX {
        diagnostics.senseless(
            tree,
            &Path::root().key("measure").key("duration"),
            format!("a replication would handle some {:.1e} tasks", rate * seconds),
            "two billion are allowed; shorten the run or lower the rate",
        );
    }
}
