//! Regions: where tasks are served, what is lost when one goes down, and when traffic moves.

use super::*;

/// Tasks of a second each come at these times from region `a`; `a` is down from 10 s to 20 s and known to be so 2 s later,
/// `b` is 300 ms away.
fn regional(times: &[&str], client: &Value) -> Run {
    let mut all = json!({ "load": arrivals(times), "regions": { "a": 1 } });
    for (key, value) in client.as_object().unwrap() {
        all[key] = value.clone();
    }
    let pool = json!({ "groups": { "g": { "agents": 3, "cold_start": "500ms" } } });
    let held = |pool: &str| json!([{ "agent": { "pool": pool, "steps": [{ "delay": { "time": fixed("1s"), "kind": "tool" } }] } }]);
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": all } },
        "system": {
            "regions": {
                "a": { "round_trips": { "a": "100ms", "b": "300ms" }, "detected_after": "2s", "pools": ["a"] },
                "b": {}
            },
            "pools": { "a": pool, "b": pool },
            "routes": { "way": [{ "region": { "a": held("a"), "b": held("b") } }] }
        },
        "faults": [{ "at": "10s", "lasts": "10s", "effect": { "region_down": { "region": "a" } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

#[test]
fn a_task_is_served_in_its_own_region() {
    let run = regional(&["0s"], &json!({}));
    assert_eq!((latencies(&run), spent(&run, Part::Network)), (vec![1_100], 100));
}

#[test]
fn what_is_in_a_region_that_goes_down_is_lost() {
    // In service, and on the way.
    let run = regional(&["9500ms", "9950ms"], &json!({}));
    assert_eq!((run.good, ended(&run, Cause::Down)), (0, 2));
}

#[test]
fn traffic_moves_once_everybody_knows_and_back_as_late() {
    // Failed at 11 s; elsewhere at 12 s and at 21 s, when it is back but nobody knows; at home again at 22 s.
    let run = regional(&["11s", "12s", "21s", "22s"], &json!({}));
    assert_eq!((latencies(&run), ended(&run, Cause::Down)), (vec![1_100, 1_300, 1_300], 1));
}

#[test]
fn a_client_that_tries_again_is_served_elsewhere() {
    let run = regional(&["11s"], &json!({ "retry": retry(2, "2s"), "retry_on": ["failed"] }));
    assert_eq!(latencies(&run), [3_300]);
}

#[test]
fn agents_of_a_region_start_cold_when_it_is_back() {
    // Nobody had noticed an outage of a second, and the agents are ready half a second after it.
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["11s"]), "regions": { "a": 1 } } } },
        "system": {
            "regions": { "a": { "detected_after": "5s", "pools": ["p"], "caches": ["c"] } },
            "pools": { "p": { "groups": { "g": { "agents": 1, "cold_start": "500ms" } } } },
            "caches": { "c": { "store": { "max_entries": 5 }, "keys": 1 } },
            "routes": { "way": [{ "region": { "a": [{ "agent": { "pool": "p", "steps": [] } }] } }] }
        },
        "faults": [{ "at": "10s", "lasts": "1s", "effect": { "region_down": { "region": "a" } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    let run = replicate(&plan, 0, tars_policy::units::Span::ZERO);
    assert_eq!((latencies(&run), spent(&run, Part::Spawn)), (vec![500], 500));
}
