//! Several stations, or users that come back: networks of product form.

use super::Theory;
use super::traffic::{Source, Traffic};
use crate::analysis::theory::networks::mean_values;
use crate::analysis::theory::{birth_death, erlang, mean_number};
use crate::model::distribution::Law;
use crate::model::workload::Closed;
use crate::model::{Service, Station};

/// A station of product form.
struct Node<'a> {
    station: &'a Station,
    /// Calls per second; per task in a closed loop.
    rate: f64,
    mean: f64,
}

pub(super) fn theory(traffic: &Traffic<'_>) -> Result<Theory, String> {
    let nodes = nodes(traffic)?;
    match traffic.source {
        Source::Poisson => open(traffic, &nodes),
        Source::Closed(users) => closed(traffic, users, &nodes),
        Source::Renewal(..) => {
            Err("a network has a closed form only where tasks come in a Poisson process".to_owned())
        }
    }
}

/// The stations that are called, each of a kind that keeps the product form.
fn nodes<'a>(traffic: &Traffic<'a>) -> Result<Vec<Node<'a>>, String> {
    let mut nodes: Vec<Node<'a>> = Vec::new();
    for (place, _) in traffic.model.stations.iter().enumerate() {
        let calls: Vec<_> = traffic.calls.iter().filter(|call| call.station == place).collect();
        let Some(first) = calls.first() else { continue };
        let station = traffic.plain_station(place)?;
        let law = traffic.law(first)?;
        let name = &station.name;
        if station.service == Service::Preemptive || station.capacity.is_some() || station.setup.is_some() {
            return Err(format!("`{name}` interrupts, refuses or sets up, which no product form allows"));
        }
        let mut rate = 0.0;
        for call in &calls {
            if call.visit.patience.is_some() {
                return Err(format!("calls lose patience at `{name}`, which no product form allows"));
            }
            if traffic.law(call)? != law {
                return Err(format!(
                    "`{name}` serves calls by several laws, for which no product form is known here"
                ));
            }
            rate += call.rate;
        }
        let insensitive = station.servers.is_none() || station.service == Service::Sharing;
        if !insensitive && !matches!(law, Law::Exponential { .. }) {
            return Err(format!("the services of `{name}` are not exponential, so there is no product form"));
        }
        let mean = law.mean_seconds().ok_or_else(|| format!("the services of `{name}` have no mean"))?;
        nodes.push(Node { station, rate, mean });
    }
    if nodes.is_empty() {
        return Err("no station is called".to_owned());
    }
    Ok(nodes)
}

fn open(traffic: &Traffic<'_>, nodes: &[Node<'_>]) -> Result<Theory, String> {
    let mut theory =
        Theory::new("open network of product form", "Jackson 1957; Baskett, Chandy, Muntz & Palacios 1975");
    let mut number = traffic.delay * traffic.rate;
    let mut rows = Vec::new();
    for node in nodes {
        let there = number_open(node)?;
        number += there;
        let name = &node.station.name;
        rows.push((format!("station/{name}/number_mean"), there));
        rows.push((format!("station/{name}/throughput_per_s"), node.rate));
        if let Some(servers) = node.station.servers {
            rows.push((format!("station/{name}/utilisation"), node.rate * node.mean / f64::from(servers)));
        }
    }
    theory = theory
        .with("latency_mean_s", number / traffic.rate)
        .with("in_system_mean", number)
        .with("goodput_per_s", traffic.rate);
    theory.values.extend(rows);
    Ok(theory)
}

/// The mean number at a station of an open network.
fn number_open(node: &Node<'_>) -> Result<f64, String> {
    let load = node.rate * node.mean;
    let Some(servers) = node.station.servers else { return Ok(load) };
    if load >= f64::from(servers) {
        return Err(format!(
            "`{}` is offered more than it can serve: there is no steady state",
            node.station.name
        ));
    }
    if node.station.service == Service::Sharing && !node.station.speed_by_number.is_empty() {
        let speeds = &node.station.speed_by_number;
        return Ok(mean_number(&birth_death::load_dependent(node.rate, 1.0 / node.mean, speeds)));
    }
    Ok(erlang::Queue { arrival: node.rate, service: 1.0 / node.mean, servers }.number_mean())
}

fn closed(traffic: &Traffic<'_>, users: &Closed, nodes: &[Node<'_>]) -> Result<Theory, String> {
    let think = match &users.think {
        Some(law) => law.mean_seconds().ok_or("users think without a finite mean")?,
        None => 0.0,
    };
    let queues: Vec<&Node<'_>> = nodes.iter().filter(|node| node.station.servers.is_some()).collect();
    if let [only] = queues.as_slice()
        && only.station.servers != Some(1)
        && only.station.speed_by_number.is_empty()
    {
        return Ok(one_queue(traffic, users.users, think, only, nodes));
    }
    let plain = |node: &&Node<'_>| node.station.servers == Some(1) && node.station.speed_by_number.is_empty();
    if !queues.iter().all(plain) {
        return Err(
            "several stations of which one has several servers: no closed form is known here".to_owned()
        );
    }
    let elsewhere = apart(traffic, nodes);
    let demands: Vec<f64> = queues.iter().map(|node| node.rate * node.mean).collect();
    let found = mean_values(users.users, think + elsewhere, &demands);
    let mut theory =
        Theory::new("closed network of product form", "Gordon & Newell 1967; Reiser & Lavenberg 1980")
            .with("goodput_per_s", found.throughput)
            .with("latency_mean_s", found.latency + elsewhere);
    for ((node, demand), number) in queues.iter().zip(&demands).zip(&found.numbers) {
        theory = theory
            .with(format!("station/{}/utilisation", node.station.name), found.throughput * demand)
            .with(format!("station/{}/number_mean", node.station.name), *number);
    }
    Ok(theory)
}

/// The time of a task in delays and at stations where nobody waits.
fn apart(traffic: &Traffic<'_>, nodes: &[Node<'_>]) -> f64 {
    let free = nodes.iter().filter(|node| node.station.servers.is_none());
    traffic.delay + free.map(|node| node.rate * node.mean).sum::<f64>()
}

/// Users that think and then share one station of several servers: the repair of machines.
fn one_queue(traffic: &Traffic<'_>, users: u32, think: f64, node: &Node<'_>, nodes: &[Node<'_>]) -> Theory {
    let elsewhere = apart(traffic, nodes);
    let servers = node.station.servers.unwrap_or(1);
    let demand = node.rate * node.mean;
    let (throughput, number) = if think + elsewhere > 0.0 {
        let away = 1.0 / (think + elsewhere);
        let numbers = birth_death::machine_repair(users, away, servers, 1.0 / demand);
        let number = mean_number(&numbers);
        ((f64::from(users) - number) * away, number)
    } else {
        (f64::from(users.min(servers)) / demand, f64::from(users))
    };
    Theory::new("closed loop at one station", "machine repair; Gross, 3.8")
        .with("goodput_per_s", throughput)
        .with("latency_mean_s", number / throughput + elsewhere)
        .with(format!("station/{}/number_mean", node.station.name), number)
        .with(format!("station/{}/utilisation", node.station.name), throughput * demand / f64::from(servers))
}
