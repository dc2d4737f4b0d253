//! Failures and what gets over them, against schedules worked out by hand and against formulas of availability.

mod availability;
mod failovers;
mod published;
mod sessions;
mod told;

use crate::sim::{SECOND, plan};
use serde_json::{Value, json};
use tars_policy::units::Span;
use tars_sim::sim::{ImpactRun, RecoveryRun, Run, replicate};

/// A story of a hundred seconds: tasks at these times on one route.
fn story(times: &[&str], system: &Value, policies: &Value, faults: &Value) -> Run {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": {
            "classes": { "task": {} },
            "clients": { "all": { "load": { "open": { "scheduled": { "times": times } } } } }
        },
        "system": system,
        "policies": policies,
        "faults": faults,
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1, "impact": true }
    }));
    replicate(&plan, 0, Span::ZERO)
}

fn recovery(run: &Run) -> &RecoveryRun {
    run.recovery.as_ref().unwrap()
}

/// Latencies of tasks that ended well, in milliseconds, ascending.
fn latencies(run: &Run) -> Vec<u64> {
    let each = run.latency.counted().into_iter();
    let each = each.flat_map(|(nanos, count)| std::iter::repeat_n(nanos, usize::try_from(count).unwrap()));
    each.map(|nanos| nanos / 1_000_000).collect()
}

fn fixed(span: &str) -> Value {
    json!({ "deterministic": { "value": span } })
}

/// A retry policy of fixed waits without a budget.
fn retry(attempts: u32, wait: &str) -> Value {
    json!({ "attempts": attempts, "backoff": { "fixed": { "wait": wait } }, "jitter": "none", "budget": null })
}

#[test]
fn what_fails_is_answered_by_what_is_done_in_its_place() {
    // Tried for 1 s in vain, then 200 ms of something else, then what comes after both.
    let system = json!({
        "stations": {
            "tool": { "servers": "infinite", "service": fixed("1s") },
            "cache": { "servers": "infinite", "service": fixed("200ms") },
            "last": { "servers": "infinite", "service": fixed("50ms") }
        },
        "routes": { "way": [
            { "try": { "steps": [{ "visit": { "station": "tool" } }], "otherwise": [{ "visit": { "station": "cache" } }] } },
            { "visit": { "station": "last" } }
        ] }
    });
    let faults = json!([{ "at": "10s", "lasts": "5s", "effect": { "outage": { "station": "tool" } } }]);
    // Before; in service when it begins; while it lasts; after.
    let run = story(&["0s", "9500ms", "12s", "20s"], &system, &json!({}), &faults);
    assert_eq!(latencies(&run), [250, 1_050, 1_050, 1_250]);
    let expected = ImpactRun { touched: 2, retried: 2, degraded: 2, ..ImpactRun::default() };
    assert_eq!(recovery(&run).impact, expected);
}

#[test]
fn tasks_that_failures_touch_are_lost_retried_or_there_once_each() {
    let system = json!({
        "stations": { "s": { "servers": "infinite", "service": fixed("1s"), "failure": { "share": 0, "retryable": true } } },
        "routes": { "way": [{ "visit": { "station": "s", "retry": "twice" } }] }
    });
    let policies = json!({ "retries": { "twice": retry(3, "2s") } });
    let faults = json!([{ "at": "10s", "lasts": "5s", "effect": { "outage": { "station": "s" } } }]);
    // Attempts at 10, 12 and 14 s fail; so do those at 12 and 14 s, and the one at 16 s does not.
    let run = story(&["0s", "10s", "12s"], &system, &policies, &faults);
    let expected = ImpactRun { touched: 2, lost: 1, retried: 1, ..ImpactRun::default() };
    assert_eq!((recovery(&run).impact, latencies(&run)), (expected, vec![1_000, 5_000]));
}

#[test]
fn a_task_that_comes_later_than_asked_for_is_told_apart() {
    let experiment = json!({
        "name": "story",
        "transient": true,
        "workload": {
            "classes": { "task": {} },
            "clients": { "all": { "load": { "open": { "scheduled": { "times": ["0s", "10s"] } } } } }
        },
        "system": {
            "stations": { "s": { "servers": "infinite", "service": fixed("1s") } },
            "routes": { "way": [{ "visit": { "station": "s" } }] }
        },
        "faults": [{ "at": "9s", "lasts": "5s", "effect": { "outage": { "station": "s", "answer": "hang" } } }],
        "slo": { "latency_p99": "2s" },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1, "impact": true }
    });
    let run = replicate(&plan(&experiment), 0, Span::ZERO);
    let expected = ImpactRun { late: 1, ..ImpactRun::default() };
    assert_eq!((recovery(&run).impact, latencies(&run)), (expected, vec![1_000, 5_000]));
}

#[test]
fn what_fails_together_begins_and_ends_together() {
    let system = json!({
        "stations": { "a": { "servers": "infinite" }, "b": { "servers": "infinite" } },
        "routes": { "way": [{ "visit": { "station": "a" } }, { "visit": { "station": "b" } }] }
    });
    let faults = json!([{
        "at": "10s", "mtbf": "20s", "mttr": "5s", "effect": { "outage": { "station": "a" } },
        "also": [{ "brown_out": { "station": "b", "failure_share": 1 } }, { "outage": { "station": "b" } }]
    }]);
    // From 30 to 35 s, from 55 to 60 s and from 80 to 85 s.
    let run = story(&["29s", "31s", "36s", "57s", "84s", "86s"], &system, &json!({}), &faults);
    let area = |seconds: u64| u128::from(seconds * SECOND);
    assert_eq!((run.good, recovery(&run).answering.clone()), (3, vec![area(85), area(85)]));
}

#[test]
fn an_experiment_that_asks_for_nothing_of_it_has_nothing_of_it() {
    let experiment = json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": { "open": { "poisson": { "rate_per_s": 5 } } } } } },
        "system": { "stations": { "s": { "servers": 1 } }, "routes": { "way": [{ "visit": { "station": "s" } }] } },
        "faults": [{ "at": "10s", "lasts": "5s", "effect": { "outage": { "station": "s" } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    });
    let run = replicate(&plan(&experiment), 0, Span::ZERO);
    assert_eq!(run.recovery, None);
    let again = Run::decode(&run.encode()).unwrap();
    assert_eq!(again, run);
}
