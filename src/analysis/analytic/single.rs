//! One station that each task calls once.

use super::Theory;
use super::traffic::{Source, Traffic};
use crate::analysis::theory::general::{self, Service as Moments};
use crate::analysis::theory::impatience::ErlangA;
use crate::analysis::theory::{birth_death, deterministic, erlang, limits, mean_number, renewal};
use crate::model::distribution::Law;
use crate::model::{Service, Station};
use tars_policy::limiter::{Algorithm, Counted};
use tars_policy::queue::{Order, Priority, Ranking};
use tars_policy::units::Span;

const GROSS: &str = "Gross, Shortle, Thompson & Harris, Fundamentals of Queueing Theory, 5th ed.";

/// A station and its service.
struct Place<'a> {
    station: &'a Station,
    rate: f64,
    /// The same law for all.
    law: &'a Law<Span>,
    mean: f64,
    /// First come, first served, so that quantiles hold too.
    in_order: bool,
}

impl Place<'_> {
    fn metric(&self, what: &str) -> String {
        format!("station/{}/{what}", self.station.name)
    }

    /// Mean wait, mean latency, mean numbers, by Little's law, from the mean wait.
    fn follow_from_wait(&self, theory: Theory, wait: f64, servers: u32) -> Theory {
        theory
            .with("latency_mean_s", wait + self.mean)
            .with("in_system_mean", self.rate * (wait + self.mean))
            .with("goodput_per_s", self.rate)
            .with(self.metric("wait_mean_s"), wait)
            .with(self.metric("queue_mean"), self.rate * wait)
            .with(self.metric("utilisation"), self.rate * self.mean / f64::from(servers))
    }

    fn load(&self) -> f64 {
        self.rate * self.mean
    }

    fn is_exponential(&self) -> bool {
        matches!(self.law, Law::Exponential { .. })
    }
}

pub(super) fn theory(traffic: &Traffic<'_>) -> Result<Theory, String> {
    let call = &traffic.calls[0];
    let station = &traffic.model.stations[call.station];
    if station.limiter.is_some() {
        return limited(traffic, station);
    }
    let station = traffic.plain_station(call.station)?;
    if let Source::Closed(_) = traffic.source {
        return super::network::theory(traffic);
    }
    if station.service == Service::Preemptive || !same_law(traffic)? {
        return by_priority(traffic, station);
    }
    let law = traffic.law(call)?;
    let mean =
        law.mean_seconds().ok_or_else(|| format!("the services of `{}` have no mean", station.name))?;
    let one_rank = station.queue.ranking == Ranking::None
        || traffic
            .calls
            .iter()
            .all(|call| traffic.class(call).priority == traffic.class(&traffic.calls[0]).priority);
    let in_order = station.queue.order == Order::Fifo && one_rank;
    let place = Place { station, rate: traffic.rate, law, mean, in_order };
    match traffic.source {
        Source::Renewal(intervals, factor) => other_intervals(&place, intervals, factor),
        Source::Poisson | Source::Closed(_) => poisson(traffic, &place),
    }
}

fn same_law(traffic: &Traffic<'_>) -> Result<bool, String> {
    let first = traffic.law(&traffic.calls[0])?;
    for call in &traffic.calls {
        if traffic.law(call)? != first {
            return Ok(false);
        }
    }
    Ok(true)
}

fn poisson(traffic: &Traffic<'_>, place: &Place<'_>) -> Result<Theory, String> {
    let station = place.station;
    let patience = traffic.calls[0].visit.patience;
    if traffic.calls.iter().any(|call| call.visit.patience.is_some()) {
        let law = patience.map(|law| &traffic.model.program.spans[usize::from(law)]);
        return impatient(traffic, place, law);
    }
    let Some(servers) = station.servers else { return Ok(unlimited(place)) };
    if let Some(room) = station.capacity {
        return finite_room(place, servers, room);
    }
    if place.load() >= f64::from(servers) {
        return Err(format!(
            "`{}` is offered more than it can serve: there is no steady state",
            station.name
        ));
    }
    if station.service == Service::Sharing {
        return Ok(sharing(place, servers));
    }
    if let Some(setup) = &station.setup {
        return with_setup(place, servers, setup);
    }
    if place.is_exponential() {
        return Ok(many_servers(place, servers));
    }
    if let Law::Deterministic { .. } = place.law {
        let wait = deterministic::wait_mean(place.rate, place.mean, servers);
        return Ok(place.follow_from_wait(
            Theory::new(format!("M/D/{servers}"), "Crommelin 1932"),
            wait,
            servers,
        ));
    }
    if servers > 1 {
        return Err(format!(
            "M/G/{servers} with services that are neither exponential nor fixed has no closed form"
        ));
    }
    let wait = general::wait_mean(place.rate, moments(place.law, &station.name)?);
    Ok(place.follow_from_wait(Theory::new("M/G/1", "Pollaczek 1930, Khinchine 1932"), wait, 1))
}

fn moments(law: &Law<Span>, name: &str) -> Result<Moments, String> {
    let mean = law.mean_seconds().ok_or_else(|| format!("the services of `{name}` have no finite mean"))?;
    let variance = law.variance().ok_or_else(|| {
        format!("the services of `{name}` have no finite variance, so the mean wait is infinite")
    })?;
    Ok(Moments { mean, square: mean * mean + variance / 1e18 })
}

fn many_servers(place: &Place<'_>, servers: u32) -> Theory {
    let queue = erlang::Queue { arrival: place.rate, service: 1.0 / place.mean, servers };
    let theory = Theory::new(format!("M/M/{servers}"), "Erlang 1917");
    let theory = place
        .follow_from_wait(theory, queue.wait_mean(), servers)
        .with(place.metric("wait_share"), queue.wait_share());
    if !place.in_order {
        return theory;
    }
    theory
        .with("latency_p50_s", queue.latency_quantile(0.5))
        .with("latency_p95_s", queue.latency_quantile(0.95))
        .with("latency_p99_s", queue.latency_quantile(0.99))
        .with(place.metric("wait_p95_s"), queue.wait_quantile(0.95))
}

fn unlimited(place: &Place<'_>) -> Theory {
    Theory::new("M/G/∞", GROSS)
        .with("latency_mean_s", place.mean)
        .with("in_system_mean", place.load())
        .with("goodput_per_s", place.rate)
}

fn finite_room(place: &Place<'_>, servers: u32, room: u32) -> Result<Theory, String> {
    if place.station.service != Service::Slots || place.station.setup.is_some() {
        return Err(format!(
            "`{}` has a finite room and is no plain line: no closed form is known here",
            place.station.name
        ));
    }
    if room == servers {
        let lost = erlang::erlang_b(servers, place.load());
        let theory =
            Theory::new(format!("M/G/{servers}/{room}"), "Erlang's loss formula, 1917; Sevastyanov 1957");
        return Ok(theory
            .with("rejected_share", lost)
            .with("latency_mean_s", place.mean)
            .with("goodput_per_s", place.rate * (1.0 - lost)));
    }
    if !place.is_exponential() {
        return Err(
            "a finite room with services that are not exponential has no closed form known here".to_owned()
        );
    }
    let numbers = birth_death::finite_room(place.rate, 1.0 / place.mean, servers, room);
    let lost = numbers[room as usize];
    let carried = place.rate * (1.0 - lost);
    Ok(Theory::new(format!("M/M/{servers}/{room}"), GROSS)
        .with("rejected_share", lost)
        .with("latency_mean_s", mean_number(&numbers) / carried)
        .with("in_system_mean", mean_number(&numbers))
        .with("goodput_per_s", carried)
        .with(place.metric("utilisation"), carried * place.mean / f64::from(servers)))
}

fn sharing(place: &Place<'_>, servers: u32) -> Theory {
    let speeds = if place.station.speed_by_number.is_empty() {
        (1..=servers).map(f64::from).collect()
    } else {
        place.station.speed_by_number.clone()
    };
    let number = mean_number(&birth_death::load_dependent(place.rate, 1.0 / place.mean, &speeds));
    Theory::new("M/G/1, processor sharing", "Kelly 1979, 3.3")
        .with("latency_mean_s", number / place.rate)
        .with("in_system_mean", number)
        .with("goodput_per_s", place.rate)
}

fn with_setup(place: &Place<'_>, servers: u32, setup: &Law<Span>) -> Result<Theory, String> {
    if servers > 1 {
        return Err("setups of several servers have no closed form known here".to_owned());
    }
    let name = &place.station.name;
    let wait = general::wait_mean_with_setup(place.rate, moments(place.law, name)?, moments(setup, name)?);
    Ok(Theory::new("M/G/1 with setups", "Welch 1964")
        .with("latency_mean_s", wait + place.mean)
        .with(place.metric("wait_mean_s"), wait)
        .with("goodput_per_s", place.rate))
}

fn impatient(
    traffic: &Traffic<'_>,
    place: &Place<'_>,
    patience: Option<&Law<Span>>,
) -> Result<Theory, String> {
    let station = place.station;
    let one_law = traffic.calls.len() == 1;
    let plain = station.service == Service::Slots && station.capacity.is_none() && station.setup.is_none();
    match (station.servers, patience) {
        (Some(servers), Some(Law::Exponential { mean })) if one_law && plain && place.is_exponential() => {
            let queue = ErlangA::new(place.rate, 1.0 / place.mean, servers, 1.0 / mean.as_secs_f64());
            Ok(Theory::new(format!("M/M/{servers}+M, Erlang A"), "Palm 1946")
                .with("abandoned_share", queue.abandoned())
                .with("in_system_mean", queue.number_mean())
                .with("goodput_per_s", place.rate * (1.0 - queue.abandoned()))
                .with(place.metric("queue_mean"), queue.queue_mean())
                .with(place.metric("utilisation"), queue.utilisation()))
        }
        _ => Err("patience has a closed form here only where it and the services are exponential".to_owned()),
    }
}

fn other_intervals(place: &Place<'_>, intervals: &Law<Span>, factor: f64) -> Result<Theory, String> {
    let station = place.station;
    let plain = station.servers == Some(1)
        && station.service == Service::Slots
        && station.capacity.is_none()
        && station.setup.is_none();
    if !plain || !place.is_exponential() {
        return Err(
            "intervals that are not exponential have a closed form here only before one exponential server"
                .to_owned(),
        );
    }
    if place.load() >= 1.0 {
        return Err(format!(
            "`{}` is offered more than it can serve: there is no steady state",
            station.name
        ));
    }
    let service = 1.0 / place.mean;
    let seconds = |span: &Span| span.as_secs_f64() * factor;
    let queue = match intervals {
        Law::Deterministic { value } => renewal::Queue::new(renewal::fixed(seconds(value)), service),
        Law::Erlang { shape, mean } => {
            renewal::Queue::new(renewal::erlang(f64::from(*shape), seconds(mean)), service)
        }
        Law::Gamma { shape, mean } => renewal::Queue::new(renewal::erlang(*shape, seconds(mean)), service),
        Law::Uniform { low, high } => {
            renewal::Queue::new(renewal::uniform(seconds(low), seconds(high)), service)
        }
        Law::Hyperexponential { branches } => {
            let branches =
                branches.iter().map(|branch| (branch.probability, seconds(&branch.mean))).collect();
            renewal::Queue::new(renewal::hyperexponential(branches), service)
        }
        Law::Exponential { .. }
        | Law::Lognormal { .. }
        | Law::Weibull { .. }
        | Law::Pareto { .. }
        | Law::TruncatedPareto { .. }
        | Law::Triangular { .. }
        | Law::Pert { .. }
        | Law::Quantiles { .. }
        | Law::Zipf { .. }
        | Law::Geometric { .. }
        | Law::Mixture { .. }
        | Law::Shifted { .. }
        | Law::Scaled { .. }
        | Law::Truncated { .. } => {
            return Err("the transform of this law of intervals is not known here".to_owned());
        }
    };
    let theory = Theory::new("GI/M/1", "root of the transform; Gross, 6.3");
    let theory = place
        .follow_from_wait(theory, queue.wait_mean(), 1)
        .with(place.metric("wait_share"), queue.busy_found);
    if !place.in_order {
        return Ok(theory);
    }
    Ok(theory
        .with("latency_p50_s", queue.latency_quantile(0.5))
        .with("latency_p99_s", queue.latency_quantile(0.99))
        .with(place.metric("wait_p95_s"), queue.wait_quantile(0.95)))
}

/// One server, classes with laws and priorities of their own.
fn by_priority(traffic: &Traffic<'_>, station: &Station) -> Result<Theory, String> {
    let simple = station.servers == Some(1) && station.capacity.is_none() && station.setup.is_none();
    let patient = traffic.calls.iter().all(|call| call.visit.patience.is_none());
    if !simple
        || !patient
        || !matches!(traffic.source, Source::Poisson)
        || station.service == Service::Sharing
    {
        return Err(
            "classes with services of their own have a closed form here only before one patient server"
                .to_owned(),
        );
    }
    let mut ranks: Vec<(Priority, f64, f64, f64)> = Vec::new();
    for call in &traffic.calls {
        let moments = moments(traffic.law(call)?, &station.name)?;
        let ranked = station.queue.ranking == Ranking::Strict || station.service == Service::Preemptive;
        let priority = if ranked { traffic.class(call).priority } else { Priority::Normal };
        let work = (call.rate, call.rate * moments.mean, call.rate * moments.square);
        match ranks.iter_mut().find(|rank| rank.0 == priority) {
            Some(rank) => (rank.1, rank.2, rank.3) = (rank.1 + work.0, rank.2 + work.1, rank.3 + work.2),
            None => ranks.push((priority, work.0, work.1, work.2)),
        }
    }
    ranks.sort_by_key(|rank| Priority::ALL.iter().position(|known| *known == rank.0));
    let load: f64 = ranks.iter().map(|rank| rank.2).sum();
    if load >= 1.0 {
        return Err(format!(
            "`{}` is offered more than it can serve: there is no steady state",
            station.name
        ));
    }
    let classes: Vec<(f64, Moments)> = ranks
        .iter()
        .map(|(_, rate, first, second)| (*rate, Moments { mean: first / rate, square: second / rate }))
        .collect();
    let weigh = |values: &[f64]| {
        values.iter().zip(&classes).map(|(value, (rate, _))| value * rate).sum::<f64>() / traffic.rate
    };
    let theory = if station.service == Service::Preemptive {
        let latency = weigh(&general::latencies_preemptive(&classes));
        Theory::new("M/G/1, preemptive-resume priorities", "White & Christie 1958")
            .with("latency_mean_s", latency)
    } else {
        let wait = weigh(&general::waits_by_priority(&classes));
        Theory::new("M/G/1 by priority", "Cobham 1954")
            .with("latency_mean_s", wait + load / traffic.rate)
            .with(format!("station/{}/wait_mean_s", station.name), wait)
    };
    Ok(theory.with("goodput_per_s", traffic.rate).with(format!("station/{}/utilisation", station.name), load))
}

/// A gate without service.
fn limited(traffic: &Traffic<'_>, station: &Station) -> Result<Theory, String> {
    let buckets = station.limiter.as_ref().map(|limiter| limiter.buckets.as_slice()).unwrap_or_default();
    let is_gate = station.servers.is_none() && traffic.law(&traffic.calls[0]).is_err();
    let ([bucket], true, Source::Poisson) = (buckets, is_gate, &traffic.source) else {
        return Err("a rate limit has a closed form here only as a gate without service and with one bucket"
            .to_owned());
    };
    if bucket.counts != Counted::Requests {
        return Err("a limit of tokens has no closed form known here".to_owned());
    }
    let rate = traffic.rate;
    let dropped = |system: &str, reference, share: f64| {
        Ok(Theory::new(system, reference)
            .with(format!("station/{}/limited_share", station.name), share)
            .with("goodput_per_s", rate * (1.0 - share)))
    };
    match (&bucket.algorithm, station.waits_for_limit) {
        (Algorithm::TokenBucket { rate: refill, burst, .. }, waits) => {
            let refill = refill.per_second();
            let burst = u32::try_from(*burst)
                .map_err(|_| "the bucket is too large for its closed form".to_owned())?;
            if burst > 1_000 {
                return Err("the bucket is too large for its closed form".to_owned());
            }
            if !waits {
                let share = limits::bucket_drops(rate, refill, burst as usize);
                return dropped("token bucket that drops, M/D/1/K", "Berger 1991", share);
            }
            if rate >= refill {
                return Err(format!(
                    "`{}` is offered more than it admits: there is no steady state",
                    station.name
                ));
            }
            let wait = limits::bucket_wait(rate, refill, burst);
            Ok(Theory::new("token bucket that delays, M/D/1", "Erlang 1909")
                .with("latency_mean_s", wait)
                .with(format!("station/{}/wait_mean_s", station.name), wait)
                .with(
                    format!("station/{}/wait_share", station.name),
                    1.0 - limits::bucket_free(rate, refill, burst),
                ))
        }
        (Algorithm::FixedWindow { limit, window }, false) => {
            let limit = usize::try_from(*limit).map_err(|_| "the window is too large".to_owned())?;
            dropped("fixed window", "Poisson", limits::window_drops(rate, limit, window.as_secs_f64()))
        }
        (Algorithm::SlidingLog { limit, window }, false) => {
            let limit = u32::try_from(*limit).map_err(|_| "the window is too large".to_owned())?;
            dropped(
                "sliding log",
                "Erlang's loss formula",
                limits::log_drops(rate, limit, window.as_secs_f64()),
            )
        }
        (Algorithm::FixedWindow { .. } | Algorithm::SlidingLog { .. }, true) => {
            Err("waiting for a window has no closed form known here".to_owned())
        }
    }
}
