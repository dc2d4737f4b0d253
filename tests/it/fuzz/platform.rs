//! What the platform of document 004 has beside the rest: indexes, work in the background, writes, crowds, autoscalers that
//! follow everything they may. Drawn by dice of their own, so that the systems of other seeds stay what they were.

use super::{Dice, Place, policies_of_call, step};
use serde_json::{Value, json};

/// A random system with all of it.
pub(super) fn dressed(seed: u64) -> Value {
    let mut experiment = super::experiment(seed);
    let dice = &mut Dice(seed ^ 0x5eed_0000_0000_0004);
    experiment["system"]["indexes"] = json!({ "index": index(dice) });
    let writes = experiment["system"]["caches"]["cache"].get("semantic").is_none();
    for route in ["one", "two"] {
        scatter(dice, &mut experiment["system"]["routes"][route], writes);
    }
    // Every route has one at least.
    let at = &mut experiment["system"]["routes"]["one"];
    at.as_array_mut().expect("steps").push(visit_index(dice));
    for client in ["first", "second"] {
        crowd(dice, &mut experiment["workload"]["clients"][client]["load"]);
    }
    if dice.once_in(2) {
        experiment["policies"]["autoscale"] = json!({ "pool": follower(dice) });
    }
    if experiment["policies"].get("autoscale").is_some() {
        dice.maybe(
            2,
            &mut experiment["measure"],
            "scaling",
            |dice| json!({ "from": dice.millis(0, 20_000) }),
        );
    }
    dice.maybe(2, &mut experiment["measure"], "sustained", |_| json!(true));
    dice.maybe(2, &mut experiment["measure"], "impact", |_| json!(true));
    dice.maybe(2, &mut experiment["system"]["regions"]["west"], "stations", |_| json!(["index-1", "a"]));
    if dice.once_in(3) {
        let (station, lasts) = (dice.pick(&["index-1", "index-2"]), dice.millis(100, 4_000));
        let fault = json!({ "name": "shard", "at": dice.millis(0, 9_000), "lasts": lasts, "effect": { "outage": { "station": station } } });
        experiment["faults"].as_array_mut().expect("faults").push(fault);
    }
    if dice.once_in(2) {
        let system = &mut experiment["system"];
        system["pools"]["pool"]["recovery"]["elsewhere"] = json!({ "lag": dice.law(3_000) });
        for route in ["one", "two"] {
            twins(&mut system["routes"][route]);
        }
    }
    experiment
}

/// Regions have the same steps.
fn twins(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(twins),
        Value::Object(members) => {
            members.values_mut().for_each(twins);
            if let Some(ways) = members.get_mut("region").filter(|ways| ways.get("east").is_some()) {
                ways["west"] = ways["east"].clone();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn index(dice: &mut Dice) -> Value {
    let disciplines = ["fifo", "lifo", "random", "priority"];
    let mut shard = json!({ "servers": dice.between(1, 3), "service": dice.law(900), "discipline": dice.pick(&disciplines) });
    dice.maybe(4, &mut shard, "capacity", |dice| json!(dice.between(4, 9)));
    dice.maybe(4, &mut shard, "setup", |dice| dice.law(500));
    dice.maybe(4, &mut shard, "failure", super::failure);
    let at_start = dice.between(1, 3);
    let mut index = json!({
        "shard": shard, "shards_at_start": at_start, "shards_max": at_start.max(2) + dice.below(4), "tenants": dice.between(1, 12),
        "vectors_at_start": dice.below(200), "skew_exponent": 2.0 * dice.share()
    });
    dice.maybe(2, &mut index, "split", |dice| {
        json!({ "above_vectors": dice.between(10, 90), "time": dice.law(3_000), "service_factor": 1.0 + dice.share() })
    });
    dice.maybe(2, &mut index, "replicas", |dice| {
        json!({ "at_start": 1, "start": dice.law(2_000), "interval": dice.millis(200, 2_000), "rule": rule(dice) })
    });
    index
}

/// An autoscaler of Kubernetes over some of what it may read.
fn rule(dice: &mut Dice) -> Value {
    let names = [
        "queue_depth",
        "arrival_rate_per_s",
        "active_agents",
        "latency_s",
        "error_share",
        "index_size",
        "unknown",
    ];
    let metrics: Vec<Value> = (0..dice.between(1, 3))
        .map(|_| match dice.below(4) {
            0 => json!({ "resource": { "name": dice.pick(&["cpu", "memory"]), "target": { "average_utilization_percent": dice.between(10, 120) } } }),
            1 => json!({ "pods": { "name": dice.pick(&names), "average_value_milli": dice.between(10, 9_000) } }),
            2 => json!({ "external": { "name": dice.pick(&names), "target": { "average_value_milli": dice.between(10, 9_000) } } }),
            _ => json!({ "external": { "name": dice.pick(&names), "target": { "value_milli": dice.between(10, 9_000) } } }),
        })
        .collect();
    let mut hpa = json!({ "min": 1, "max": dice.between(1, 6), "sync_period": dice.millis(200, 2_000), "metrics": metrics });
    dice.maybe(2, &mut hpa, "behavior", |dice| {
        json!({
            "scale_up": { "stabilization_window": dice.millis(0, 3_000), "policies": [{ "pods": { "value": dice.between(1, 3), "period": dice.millis(500, 3_000) } }] },
            "scale_down": { "stabilization_window": dice.millis(0, 5_000), "policies": [{ "percent": { "value": dice.between(10, 100), "period": dice.millis(500, 3_000) } }] }
        })
    });
    json!({ "hpa": hpa })
}

fn follower(dice: &mut Dice) -> Value {
    json!({ "interval": dice.millis(300, 2_000), "rule": rule(dice) })
}

/// Users who come later, or one after another, and leave.
fn crowd(dice: &mut Dice, load: &mut Value) {
    let Some(closed) = load.get_mut("closed") else { return };
    dice.maybe(2, closed, "start_after", |dice| json!(dice.millis(0, 9_000)));
    dice.maybe(2, closed, "start_spread", |dice| json!(dice.millis(100, 9_000)));
    dice.maybe(2, closed, "leave_after", |dice| json!(dice.millis(10_000, 25_000)));
    dice.maybe(2, closed, "start_thinking", |_| json!(true));
}

/// Puts steps into lists of steps, at any depth.
fn scatter(dice: &mut Dice, value: &mut Value, writes: bool) {
    match value {
        Value::Array(entries) => {
            for entry in entries.iter_mut() {
                scatter(dice, entry, writes);
            }
            let steps = !entries.is_empty() && entries.iter().all(is_step);
            if steps && dice.once_in(3) {
                let place = usize::try_from(dice.below(entries.len() as u64 + 1)).expect("a place");
                entries.insert(place, extra(dice, writes));
            }
        }
        Value::Object(members) => members.values_mut().for_each(|member| scatter(dice, member, writes)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether it is a step, and no end of a choice, an entry of a law or a call to fall back to.
fn is_step(value: &Value) -> bool {
    const STEPS: [&str; 15] = [
        "delay",
        "visit",
        "agent",
        "hold",
        "llm",
        "cache",
        "write",
        "choose",
        "loop",
        "parallel",
        "spread",
        "region",
        "feature",
        "checkpoint",
        "try",
    ];
    let Some(members) = value.as_object() else { return false };
    members.len() == 1 && members.keys().all(|key| STEPS.contains(&key.as_str()))
}

fn extra(dice: &mut Dice, writes: bool) -> Value {
    match dice.below(if writes { 4 } else { 3 }) {
        0 => visit_index(dice),
        1 => {
            let place = Place { depth: 2, with_agent: false, agents_allowed: true };
            let steps: Vec<Value> = (0..dice.between(1, 2)).map(|_| step(dice, place)).collect();
            json!({ "background": { "steps": steps } })
        }
        2 => {
            let mut visit = json!({ "station": dice.pick(&["a", "b"]), "batch": "batch" });
            policies_of_call(dice, &mut visit);
            json!({ "visit": visit })
        }
        _ => {
            let mut write = json!({ "cache": "cache", "copy": dice.pick(&["removed", "replaced", "kept"]) });
            dice.maybe(
                2,
                &mut write,
                "keys",
                |dice| json!({ "zipf": { "exponent": dice.share(), "items": 20 } }),
            );
            json!({ "write": write })
        }
    }
}

fn visit_index(dice: &mut Dice) -> Value {
    let mut visit = json!({ "station": "index", "adds_vectors": dice.below(9) });
    dice.maybe(4, &mut visit, "patience", |dice| dice.law(900));
    dice.maybe(6, &mut visit, "hedge", |dice| json!({ "after": dice.millis(50, 900), "copies_max": 1 }));
    policies_of_call(dice, &mut visit);
    json!({ "visit": visit })
}
