//! Faults: outages, brown-outs, cut quotas, crashes, each against a schedule worked out by hand.

use super::*;

/// One route, arrivals at these times, and faults.
fn troubled(times: &[&str], system: &Value, faults: &Value) -> Run {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } },
        "system": system,
        "faults": faults,
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

/// A station of two seconds, as many at once as come.
fn two_seconds() -> Value {
    json!({
        "stations": { "s": { "servers": "infinite", "service": fixed("2s") } },
        "routes": { "way": [visit("s")] }
    })
}

#[test]
fn an_outage_fails_calls_that_come_and_calls_that_end_in_it() {
    let faults = json!([{ "at": "2s", "lasts": "5s", "effect": { "outage": { "station": "s" } } }]);
    let run = troubled(&["1s", "4s", "9s"], &two_seconds(), &faults);
    assert_eq!((latencies(&run), ended(&run, Cause::Down)), (vec![2_000], 2));
}

#[test]
fn calls_at_a_station_that_hangs_stand_still_and_go_on() {
    let effect = json!({ "outage": { "station": "s", "answer": "hang" } });
    let faults = json!([{ "at": "2s", "lasts": "5s", "effect": effect }]);
    let run = troubled(&["1s", "4s", "9s"], &two_seconds(), &faults);
    assert_eq!(latencies(&run), [2_000, 5_000, 7_000]);
    assert_eq!((spent(&run, Part::Service), spent(&run, Part::Slowdown)), (6_000, 8_000));
}

#[test]
fn a_brown_out_slows_services_that_start_in_it() {
    let effect = json!({ "brown_out": { "station": "s", "latency_factor": 3 } });
    let faults = json!([{ "at": "2s", "lasts": "5s", "effect": effect }]);
    let run = troubled(&["1s", "4s", "9s"], &two_seconds(), &faults);
    assert_eq!(latencies(&run), [2_000, 2_000, 6_000]);
}

#[test]
fn a_brown_out_that_fails_everything_fails_everything_that_starts_in_it() {
    let effect = json!({ "brown_out": { "station": "s", "failure_share": 1 } });
    let faults = json!([{ "at": "2s", "lasts": "5s", "effect": effect }]);
    let run = troubled(&["1s", "4s", "9s"], &two_seconds(), &faults);
    assert_eq!((latencies(&run), ended(&run, Cause::Down)), (vec![2_000, 2_000], 1));
}

#[test]
fn brown_outs_that_overlap_multiply() {
    let effect = |factor: u32| json!({ "brown_out": { "station": "s", "latency_factor": factor } });
    let faults = json!([
        { "at": "0s", "lasts": "6s", "effect": effect(2) },
        { "at": "3s", "lasts": "6s", "effect": effect(5) }
    ]);
    let run = troubled(&["1s", "4s", "7s", "50s"], &two_seconds(), &faults);
    assert_eq!(latencies(&run), [2_000, 4_000, 10_000, 20_000]);
}

#[test]
fn a_fault_comes_again() {
    let faults =
        json!([{ "at": "1s", "lasts": "1s", "every": "4s", "effect": { "outage": { "station": "s" } } }]);
    let run = troubled(&["1500ms", "2500ms", "5500ms", "6500ms"], &two_seconds(), &faults);
    assert_eq!((latencies(&run), ended(&run, Cause::Down)), (vec![2_000, 2_000], 2));
}

#[test]
fn a_cut_quota_lets_through_what_is_left_of_its_rate() {
    let bucket = json!({ "counts": "requests", "algorithm": { "token_bucket": { "rate": { "per_second": 1 }, "burst": 1 } } });
    let system = json!({
        "stations": { "s": { "servers": "infinite", "limiter": { "buckets": [bucket] }, "on_limit": "wait" } },
        "routes": { "way": [visit("s")] }
    });
    let faults = json!([{ "at": "0s", "lasts": "3s", "effect": { "quota_cut": { "station": "s", "rate_factor": 0.5 } } }]);
    let run = troubled(&["0s", "0s", "0s", "0s"], &system, &faults);
    // One at once, one after two seconds at half the rate; a second later half of the next is saved.
    assert_eq!(latencies(&run), [0, 2_000, 3_500, 4_500]);
}

#[test]
fn a_flushed_cache_misses_again() {
    let system = json!({
        "stations": { "s": { "servers": "infinite", "service": fixed("2s") } },
        "caches": { "c": { "store": { "max_entries": 10 }, "keys": { "deterministic": { "value": 1 } } } },
        "routes": { "way": [{ "cache": { "cache": "c", "miss": [visit("s")] } }] }
    });
    let faults = json!([{ "at": "5s", "effect": { "flush_cache": { "cache": "c" } } }]);
    let run = troubled(&["0s", "3s", "6s", "9s"], &system, &faults);
    assert_eq!(latencies(&run), [0, 0, 2_000, 2_000]);
}

#[test]
fn a_crashed_agent_loses_its_task_and_starts_again_cold() {
    let system = json!({
        "pools": { "p": { "groups": { "g": { "agents": 1, "cold_start": "1s" } } } },
        "routes": { "way": [{ "agent": { "pool": "p", "steps": [{ "delay": { "time": fixed("3s") } }] } }] }
    });
    let faults = json!([{ "at": "2s", "effect": { "crash": { "pool": "p" } } }]);
    let run = troubled(&["0s", "1s"], &system, &faults);
    assert_eq!((latencies(&run), ended(&run, Cause::AgentLost)), (vec![5_000], 1));
    assert_eq!(run.pools[0].spawned_ever, 1);
}

#[test]
fn a_share_of_agents_is_rounded_up() {
    let system = json!({
        "pools": { "p": { "groups": { "g": { "agents": 3, "cold_start": "1s" } } } },
        "routes": { "way": [{ "agent": { "pool": "p", "steps": [{ "delay": { "time": fixed("3s") } }] } }] }
    });
    let faults = json!([{ "at": "2s", "effect": { "crash": { "pool": "p", "share": 0.5 } } }]);
    let run = troubled(&["0s", "0s", "0s"], &system, &faults);
    assert_eq!((latencies(&run), ended(&run, Cause::AgentLost)), (vec![3_000], 2));
}
