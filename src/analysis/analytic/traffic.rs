//! Who comes to which station how often: what every closed form starts from.

use crate::analysis::theory::networks::visit_rates;
use crate::model::distribution::Law;
use crate::model::route::{Op, Visit};
use crate::model::workload::{Class, Client, Closed, Load};
use crate::model::{Model, Station};
use tars_policy::queue::PriorityCaps;
use tars_policy::units::Span;

/// When tasks come.
#[derive(Clone, Debug)]
pub(super) enum Source<'a> {
    /// A Poisson process.
    Poisson,
    /// Independent intervals of a law, each times a factor.
    Renewal(&'a Law<Span>, f64),
    /// Users that wait for answers.
    Closed(&'a Closed),
}

/// One call of a station in a route.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    pub(super) class: usize,
    pub(super) station: usize,
    pub(super) visit: &'a Visit,
    /// Per second; per task of the whole system where users are in a closed loop.
    pub(super) rate: f64,
}

/// The traffic of a model in the long run.
#[derive(Clone, Debug)]
pub(super) struct Traffic<'a> {
    pub(super) model: &'a Model,
    pub(super) source: Source<'a>,
    /// Tasks per second; one in a closed loop.
    pub(super) rate: f64,
    pub(super) calls: Vec<Call<'a>>,
    /// The mean time that a task spends in delays of its route, in seconds.
    pub(super) delay: f64,
    /// Whether every task calls as often as any other of its class, without choices.
    straight: bool,
}

impl<'a> Traffic<'a> {
    /// The traffic of a model that no closed form rules out at once.
    pub(super) fn of(model: &'a Model) -> Result<Self, String> {
        nothing_in_the_way(model)?;
        let (source, rate) = source(&model.clients)?;
        let mut traffic = Self { model, source, rate, calls: Vec::new(), delay: 0.0, straight: true };
        for (class, share) in shares(model) {
            traffic.follow(class, share)?;
        }
        Ok(traffic)
    }

    /// Adds the calls of a class that `share` of all tasks belong to.
    fn follow(&mut self, class: usize, share: f64) -> Result<(), String> {
        let program = &self.model.program;
        let count = program.ops.len();
        let start = program.routes[usize::from(self.model.classes[class].route)].1 as usize;
        let mut outside = vec![0.0; count];
        outside[start] = self.rate * share;
        let mut ways = vec![vec![0.0; count]; count];
        let mut choices = vec![false; count];
        for (at, op) in program.ops.iter().enumerate() {
            choices[at] = self.ways_from(at, *op, &mut ways[at]);
        }
        let reached = reachable(start, &ways);
        for at in (0..count).filter(|&at| reached[at]) {
            unmarkovian(program.ops[at])?;
            self.straight &= !choices[at];
        }
        // Operations that are not reached could make the equations singular: they lead nowhere.
        for at in (0..count).filter(|&at| !reached[at]) {
            ways[at].fill(0.0);
        }
        let rates = visit_rates(&outside, &ways);
        for at in (0..count).filter(|&at| reached[at]) {
            self.enter(class, program.ops[at], rates[at])?;
        }
        Ok(())
    }

    /// Enters where an operation goes on to; whether that is a matter of chance.
    fn ways_from(&self, at: usize, op: Op, ways: &mut [f64]) -> bool {
        match op {
            Op::Visit(_) | Op::Delay { .. } => ways[at + 1] = 1.0,
            Op::Jump(to) => ways[to as usize] = 1.0,
            Op::Choose { first, count } => {
                let mut before = 0.0;
                for (cumulative, to) in &self.model.program.ways[first as usize..(first + count) as usize] {
                    let up_to = cumulative.min(1.0);
                    ways[*to as usize] += up_to - before;
                    before = up_to;
                }
                return true;
            }
            Op::Shared(_)
            | Op::Landed
            | Op::Hedge { .. }
            | Op::Deliver
            | Op::Replay(_)
            | Op::Resume(_)
            | Op::Checkpoint(_)
            | Op::Try { .. }
            | Op::Launch { .. }
            | Op::Hold { .. }
            | Op::Enter(_)
            | Op::Leave
            | Op::LoopStart { .. }
            | Op::LoopNext { .. }
            | Op::Fork { .. }
            | Op::BranchEnd
            | Op::Lookup { .. }
            | Op::Store { .. }
            | Op::Write { .. }
            | Op::Spread { .. }
            | Op::Feature { .. }
            | Op::End => {}
        }
        false
    }

    fn enter(&mut self, class: usize, op: Op, rate: f64) -> Result<(), String> {
        match op {
            Op::Visit(visit) => {
                let visit = &self.model.program.visits[usize::from(visit)];
                if visit.index.is_some() {
                    return Err(
                        "no closed form is known here for calls that go to shards of an index".to_owned()
                    );
                }
                self.calls.push(Call { class, station: usize::from(visit.station), visit, rate });
            }
            Op::Delay { law, .. } => {
                let mean = self.model.program.spans[usize::from(law)].mean_seconds();
                self.delay += rate / self.rate * mean.ok_or("a delay of its route has no finite mean")?;
            }
            Op::Shared(_)
            | Op::Landed
            | Op::Hedge { .. }
            | Op::Deliver
            | Op::Replay(_)
            | Op::Resume(_)
            | Op::Checkpoint(_)
            | Op::Try { .. }
            | Op::Launch { .. }
            | Op::Hold { .. }
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
            | Op::Write { .. }
            | Op::Spread { .. }
            | Op::Feature { .. }
            | Op::End => {}
        }
        Ok(())
    }

    /// Whether each task makes one call, all at the same station, and does nothing else.
    pub(super) fn visits_one_station_once(&self) -> bool {
        let Some(first) = self.calls.first() else { return false };
        let mut classes: Vec<usize> = self.calls.iter().map(|call| call.class).collect();
        classes.dedup();
        self.straight
            && self.delay == 0.0
            && classes.len() == self.calls.len()
            && self.calls.iter().all(|call| call.station == first.station)
    }

    /// The law of the service of a call.
    pub(super) fn law(&self, call: &Call<'a>) -> Result<&'a Law<Span>, String> {
        let station = &self.model.stations[call.station];
        let own = call.visit.law.map(|law| &self.model.program.spans[usize::from(law)]);
        own.or(station.law.as_ref()).ok_or_else(|| format!("`{}` serves in no time", station.name))
    }

    /// The station of a call, where nothing but its line and servers matters.
    pub(super) fn plain_station(&self, place: usize) -> Result<&'a Station, String> {
        let station = &self.model.stations[place];
        let special = [
            (station.limiter.is_some(), "a rate limit"),
            (station.failure.is_some(), "failures"),
            (station.breakdown.is_some(), "breakdowns"),
            (station.slowdown.is_some(), "a slowdown with load"),
            (station.timeouts.is_some(), "calls that are never answered"),
            (!station.peaks.is_empty(), "hours of the day"),
            (!station.per_input_token.is_zero() || !station.per_output_token.is_zero(), "a time per token"),
            (station.from_trace, "service times of a trace"),
            (!station.offers.is_empty(), "the latencies of a provider"),
            (station.queue.codel.is_some(), "active queue management"),
            (station.queue.drop_expired, "tasks that expire"),
            (station.queue.max_depth.is_some(), "a limit of its line, other than `capacity`"),
            (station.queue.max_depth_by_priority != PriorityCaps::default(), "limits by priority"),
        ];
        special.into_iter().find(|(is, _)| *is).map_or(Ok(station), |(_, what)| {
            Err(format!("`{}` has {what}, for which no closed form is known here", station.name))
        })
    }

    /// The classes that come.
    pub(super) fn class(&self, call: &Call<'a>) -> &'a Class {
        &self.model.classes[call.class]
    }
}

/// What no closed form allows, wherever it stands.
fn nothing_in_the_way(model: &Model) -> Result<(), String> {
    let tried_again = |client: &Client| client.timeout.is_some() || client.retry.is_some();
    let complicated = |visit: &Visit| {
        visit.timeout.is_some() || visit.retry.is_some() || visit.breaker.is_some() || visit.model.is_some()
    };
    let ways = [
        (model.measure.terminating, "it tells a story with an end, which has no steady state"),
        (!model.pools.is_empty(), "it has a pool of agents"),
        (model.degrades(), "it degrades under load"),
        (!model.faults.is_empty(), "faults strike it"),
        (model.clients.iter().any(tried_again), "a client gives up or tries again"),
        (
            model.program.visits.iter().any(complicated),
            "a call has a timeout, retries, a breaker or a choice of model",
        ),
        (model.classes.iter().any(|class| class.deadline.is_some()), "a class has a deadline"),
    ];
    let found = ways.into_iter().find(|(is, _)| *is);
    found.map_or(Ok(()), |(_, why)| Err(format!("no closed form is known for this system: {why}")))
}

fn source(clients: &[Client]) -> Result<(Source<'_>, f64), String> {
    if let [Client { load: Load::Closed(closed), .. }] = clients
        && closed.tasks_per_user.is_none()
        && closed.leave_after.is_none()
    {
        return Ok((Source::Closed(closed), 1.0));
    }
    if let [Client { load: Load::Renewal(law, factor), .. }] = clients
        && !matches!(law, Law::Exponential { .. })
    {
        let mean = law.mean_seconds().ok_or("arrivals have no finite mean interval")?;
        return Ok((Source::Renewal(law, *factor), 1.0 / (mean * factor)));
    }
    let rates: Result<Vec<f64>, String> = clients.iter().map(|client| poisson_rate(&client.load)).collect();
    Ok((Source::Poisson, rates?.iter().sum()))
}

/// The rate of a load that is a Poisson process.
fn poisson_rate(load: &Load) -> Result<f64, String> {
    let what = match load {
        Load::Rate(pieces, _) => match pieces.as_slice() {
            [(_, rate, slope)] if *slope == 0.0 => return Ok(*rate),
            _ => "a rate that changes with time",
        },
        Load::Renewal(Law::Exponential { mean }, factor) => return Ok(1.0 / (mean.as_secs_f64() * factor)),
        Load::Renewal(..) => "intervals that are not exponential beside other clients",
        Load::Closed(_) => "users in a closed loop beside other clients, or with an end",
        Load::Sinusoidal(..) => "a rate that changes with time",
        Load::Mmpp(_) => "arrivals in bursts",
        Load::Batches(..) => "arrivals in batches",
        Load::Scheduled(_) => "arrivals at stated times",
        Load::Trace(..) | Load::Sessions(_) => "arrivals of a trace",
    };
    Err(format!("no closed form is known here for {what}"))
}

/// The share of each class among all tasks, by the rates of the clients that send it.
fn shares(model: &Model) -> Vec<(usize, f64)> {
    let rates: Vec<f64> =
        model.clients.iter().map(|client| poisson_rate(&client.load).unwrap_or(1.0)).collect();
    let total: f64 = rates.iter().sum();
    let mut shares = vec![0.0; model.classes.len()];
    for (client, rate) in model.clients.iter().zip(&rates) {
        let mut before = 0.0;
        for (cumulative, class) in &client.mix {
            let up_to = cumulative.min(1.0);
            shares[usize::from(*class)] += (up_to - before) * rate / total;
            before = up_to;
        }
    }
    shares.into_iter().enumerate().filter(|(_, share)| *share > 0.0).collect()
}

fn reachable(start: usize, ways: &[Vec<f64>]) -> Vec<bool> {
    let mut reached = vec![false; ways.len()];
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut reached[at], true) {
            continue;
        }
        open.extend(ways[at].iter().enumerate().filter(|(_, way)| **way > 0.0).map(|(to, _)| to));
    }
    reached
}

/// Refuses steps after which a task is not where its place in the route says.
fn unmarkovian(op: Op) -> Result<(), String> {
    let what = match op {
        Op::Delay { .. } | Op::Visit(_) | Op::Choose { .. } | Op::Jump(_) | Op::End => return Ok(()),
        Op::Shared(_) | Op::Landed | Op::Deliver => "shares calls",
        Op::Hedge { .. } => "hedges calls",
        Op::Replay(_) => "replays recorded calls",
        Op::Hold { .. } => "holds a slot",
        Op::Enter(_) | Op::Leave | Op::Resume(_) | Op::Checkpoint(_) => "holds an agent",
        Op::Try { .. } => "does something else where steps fail",
        Op::Launch { .. } => "begins work that it does not wait for",
        Op::LoopStart { .. } | Op::LoopNext { .. } => "has a loop of counted rounds",
        Op::Fork { .. } | Op::BranchEnd => "has parallel branches",
        Op::Lookup { .. } | Op::Store { .. } | Op::Write { .. } => "looks into a cache",
        Op::Spread { .. } => "is spread over several ways",
        Op::Feature { .. } => "has steps that can be switched off",
    };
    Err(format!("no closed form is known here for a route that {what}"))
}
