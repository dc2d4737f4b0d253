//! What is asked of every limit, and what it gives: rates of admission, slots of stations, agents of pools.

use super::metrics::seconds;
use crate::model::Model;
use crate::model::workload::Client;
use crate::sim::Run;
use tars_policy::limiter::Counted;

/// The share of slots in use from which on a line decides how many there would have to be.
const FULL: f64 = 0.95;

/// A bucket of a rate limit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RateLimit {
    /// Whose it is, by place in the model.
    pub(super) station: usize,
    /// What it counts.
    pub(super) unit: &'static str,
    /// What is asked of it, per second.
    pub(super) asked: f64,
    /// What it sustains, per second.
    pub(super) sustained: f64,
    /// How long a full bucket lasts at what is asked, if it does not last for ever.
    pub(super) seconds_to_exhaustion: Option<f64>,
}

/// What is asked of something that is limited.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Demand {
    /// Whose limit it is, as it is written in messages.
    pub(super) name: String,
    /// How much is asked for.
    pub(super) asked: f64,
    /// How much there is.
    pub(super) limit: f64,
    /// Of what.
    pub(super) unit: String,
    /// The one over the other.
    pub(super) load: f64,
    /// Whether somebody waits or is refused for it.
    pub(super) binds: bool,
    /// The bucket it is of, if it is a rate.
    pub(super) rate: Option<RateLimit>,
}

/// Every rate limit that was met.
pub(super) fn rate_limits(model: &Model, runs: &[Run]) -> Vec<RateLimit> {
    let providers = model.stations.iter().filter(|station| !station.offers.is_empty()).count();
    let time: f64 = runs.iter().map(seconds).sum();
    let issued: u64 = runs.iter().map(|run| run.issued).sum();
    let mut limits = Vec::new();
    for (index, station) in model.stations.iter().enumerate() {
        let Some(mut limiter) = station.limiter.as_ref().and_then(|spec| spec.build().ok()) else { continue };
        limiter.set_initial_level(1.0);
        let calls: u64 = runs.iter().map(|run| run.stations[index].calls).sum();
        if calls == 0 {
            continue;
        }
        // What is refused or held up before it calls less often than it would: of the only provider at least one call a
        // task is asked for. Where several share the load nobody knows whose those calls would have been.
        let is_only_provider = !station.offers.is_empty() && providers == 1;
        let rate = (if is_only_provider { calls.max(issued) } else { calls }) as f64 / time;
        for bucket in 0..limiter.len() {
            let (tokens, unit) = of_a_call(limiter.counts(bucket), runs);
            let asked = rate * tokens;
            limits.push(RateLimit {
                station: index,
                unit,
                asked,
                sustained: limiter.sustained_per_s(bucket),
                seconds_to_exhaustion: limiter.seconds_to_exhaustion(bucket, asked),
            });
        }
    }
    limits
}

/// How much of what a bucket counts a call takes, and what that is called.
fn of_a_call(counts: Counted, runs: &[Run]) -> (f64, &'static str) {
    let good: u64 = runs.iter().map(|run| run.good).sum();
    let tokens = |f: fn(&Run) -> u64| runs.iter().map(f).sum::<u64>() as f64 / good.max(1) as f64;
    match counts {
        Counted::Requests => (1.0, "calls"),
        Counted::InputTokens => (tokens(|run| run.input_tokens), "input tokens"),
        Counted::OutputTokens => (tokens(|run| run.output_tokens), "output tokens"),
        Counted::TotalTokens => (tokens(|run| run.input_tokens + run.output_tokens), "tokens"),
    }
}

/// What is asked of every limit that was met: rates, slots, agents.
///
/// Whoever waits asks for less than they would. In a closed loop of N users of whom L wait for this limit on average, N − L
/// of them do what they do at the pace of an unlimited system, by Little's law; without the limit N would, and ask for
/// N / (N − L) times as much. Where arrivals do not wait for answers, what is in use is to what would be as tasks that end
/// are to those that come.
pub(super) fn demands(model: &Model, runs: &[Run]) -> Vec<Demand> {
    let time: f64 = runs.iter().map(seconds).sum::<f64>() * 1e9;
    let mean = |area: &dyn Fn(&Run) -> u128| runs.iter().map(area).sum::<u128>() as f64 / time;
    let held_back = HeldBack::new(model, runs);
    let mut demands: Vec<Demand> = rate_limits(model, runs)
        .into_iter()
        .map(|limit| {
            let at = limit.station;
            let waiting = mean(&|run| run.stations[at].number_area - run.stations[at].busy_area);
            let unit = format!("{}/s", limit.unit);
            let rate = if model.stations[at].servers.is_none() {
                limit.asked * held_back.in_closed_loop(waiting)
            } else {
                limit.asked
            };
            let binds = rate > limit.sustained;
            let demand = Demand::new(&model.stations[at].name, unit, rate, limit.sustained, binds);
            Demand { rate: Some(limit), ..demand }
        })
        .collect();
    for (index, station) in model.stations.iter().enumerate() {
        let Some(servers) = station.servers.filter(|servers| *servers > 0) else { continue };
        let there = mean(&|run| run.stations[index].number_area);
        let busy = mean(&|run| run.stations[index].busy_area);
        demands.push(held_back.of_slots(&station.name, "slots", f64::from(servers), there, busy));
    }
    for (index, pool) in model.pools.iter().enumerate() {
        let each = pool.agents.groups.first().map_or(1.0, |group| f64::from(group.concurrency));
        let slots = mean(&|run| run.pools[index].agent_area) * each;
        let there = mean(&|run| run.pools[index].number_area);
        let busy = there - mean(&|run| run.pools[index].queue_area);
        if slots > 0.0 {
            demands.push(held_back.of_slots(&pool.name, "slots of its agents", slots, there, busy));
        }
    }
    demands
}

impl Demand {
    fn new(name: &str, unit: String, asked: f64, limit: f64, binds: bool) -> Self {
        Self { name: format!("`{name}`"), asked, limit, unit, load: asked / limit, binds, rate: None }
    }
}

/// How much more would be asked for if nobody waited.
#[derive(Clone, Copy, Debug)]
struct HeldBack {
    /// The users of closed loops, where all loads are such.
    users: Option<f64>,
    /// Tasks that came over tasks that ended, at least one.
    growth: f64,
}

impl HeldBack {
    fn new(model: &Model, runs: &[Run]) -> Self {
        let users = |client: &Client| client.users_in_a_loop().map(f64::from);
        let came: u64 = runs.iter().map(|run| run.issued).sum();
        let ended: u64 = runs.iter().map(|run| run.ended_in_window).sum();
        Self {
            users: model.clients.iter().map(users).sum(),
            growth: (came as f64 / ended.max(1) as f64).max(1.0),
        }
    }

    /// The factor where `waiting` users of a closed loop wait; one in an open system.
    fn in_closed_loop(self, waiting: f64) -> f64 {
        self.users.map_or(1.0, |users| users / (users - waiting).max(1.0))
    }

    /// Slots count as short where nearly all are in use and some wait.
    fn of_slots(self, name: &str, unit: &str, slots: f64, there: f64, busy: f64) -> Demand {
        let full = busy >= FULL * slots && there - busy >= 1.0;
        let more = match (full, self.users) {
            (false, _) => 1.0,
            (true, Some(_)) => self.in_closed_loop(there - busy),
            (true, None) => self.growth,
        };
        let asked = busy * more;
        Demand::new(name, unit.to_owned(), asked, slots, full && asked > slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: HeldBack = HeldBack { users: None, growth: 7.0 };
    const CLOSED: HeldBack = HeldBack { users: Some(1_000.0), growth: 1.0 };

    #[track_caller]
    fn asked(demand: &Demand, expected: f64) {
        assert!((demand.asked - expected).abs() < 1e-9, "{demand:?}");
    }

    #[test]
    fn slots_that_are_not_full_are_asked_for_as_they_are_used() {
        let demand = OPEN.of_slots("a", "slots", 10.0, 14.0, 8.0);
        assert!(!demand.binds);
        asked(&demand, 8.0);
    }

    #[test]
    fn a_connection_for_each_agent_is_asked_for_a_thousand_times() {
        // Document 004: 1,000 connections of 100; 900 agents wait, and nobody is anywhere else.
        let demand = CLOSED.of_slots("postgres", "slots", 100.0, 1_000.0, 100.0);
        assert!(demand.binds);
        asked(&demand, 1_000.0);
    }

    #[test]
    fn users_who_wait_for_a_rate_would_ask_for_more() {
        // Document 004: 18,000 a minute of 10,000. At 166.7 turns a second of 3.333 s, 556 of 1,000 agents do not wait.
        let rate = 10_000.0 / 60.0;
        let waiting = 1_000.0 - rate * (10.0 / 3.0);
        let would = rate * CLOSED.in_closed_loop(waiting);
        assert!((would - 300.0).abs() < 1e-9, "{would}");
    }

    #[test]
    fn arrivals_that_do_not_wait_ask_as_they_come() {
        asked(&OPEN.of_slots("a", "slots", 100.0, 5_000.0, 100.0), 700.0);
    }
}
