//! What a run tells over time: moments and levels against arithmetic, and the same in the result.

use super::{fixed, retry, story};
use crate::sim::{SECOND, plan};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};
use tars_policy::units::Span;
use tars_sim::sim::{Run, StoryRun, What, replicate};

/// Tasks at these times through one limited station, in ten windows of ten seconds.
fn limited(times: &[&str], algorithm: &Value) -> Vec<u32> {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": {
            "classes": { "task": {} },
            "clients": { "all": { "load": { "open": { "scheduled": { "times": times } } } } }
        },
        "system": {
            "stations": { "gate": {
                "servers": "infinite", "service": fixed("100ms"), "on_limit": "wait",
                "limiter": { "buckets": [{ "counts": "requests", "algorithm": algorithm }] }
            } },
            "routes": { "way": [{ "visit": { "station": "gate" } }] }
        },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1, "windows": 10 }
    }));
    let run = replicate(&plan, 0, Span::ZERO);
    told(&run).windows.iter().map(|window| window.limits[0]).collect()
}

fn told(run: &Run) -> &StoryRun {
    run.story.as_ref().expect("there is something to tell")
}

/// When something of this kind happened, in milliseconds.
fn when(run: &Run, what: What) -> Vec<u64> {
    let moments = told(run).moments.iter().filter(|moment| moment.what == what);
    moments.map(|moment| moment.at / 1_000_000).collect()
}

#[test]
fn a_bucket_is_told_as_it_stands_when_a_window_ends() {
    // Ten at most, one more every ten seconds: five are taken at 2 s, so 5 + 0.1 × 8 are left at 10 s.
    let bucket = json!({ "token_bucket": { "rate": { "per_minute": 6 }, "burst": 10 } });
    let left = limited(&["2s", "2s", "2s", "2s", "2s"], &bucket);
    assert_eq!(left[..6], [580_000, 680_000, 780_000, 880_000, 980_000, 1_000_000]);
}

#[test]
fn a_window_of_a_limit_is_told_before_the_next_begins() {
    let window = json!({ "fixed_window": { "limit": 4, "window": "10s" } });
    let left = limited(&["1s", "2s", "3s", "15s"], &window);
    assert_eq!(left[..3], [250_000, 750_000, 1_000_000]);
}

fn store() -> Value {
    json!({
        "stations": { "store": { "servers": "infinite", "service": fixed("100ms") } },
        "routes": { "way": [{ "visit": { "station": "store" } }] }
    })
}

#[test]
fn faults_are_told_when_they_come_by_chance_or_with_others_too() {
    let outage = json!({ "outage": { "station": "store" } });
    let slow = json!({ "brown_out": { "station": "store", "latency_factor": 2 } });
    let faults = json!([
        { "name": "often", "at": "0s", "mtbf": fixed("30s"), "mttr": fixed("5s"), "effect": outage },
        { "name": "both", "at": "50s", "lasts": "7s", "effect": slow, "also": [slow] }
    ]);
    let run = story(&["1s"], &store(), &json!({}), &faults);
    assert_eq!(when(&run, What::FaultBegins), [30_000, 50_000, 50_000, 65_000]);
    assert_eq!(when(&run, What::FaultEnds), [35_000, 57_000, 57_000, 70_000]);
}

#[test]
fn a_failover_is_told_phase_by_phase() {
    let system = json!({
        "stations": {
            "a": { "servers": "infinite", "service": fixed("100ms") },
            "b": { "servers": "infinite", "service": fixed("100ms") }
        },
        "routes": { "way": [{ "visit": { "station": "a", "access": "write", "retry": "often" } }] }
    });
    let policies = json!({
        "failovers": { "group": {
            "members": ["a", "b"], "probe": { "interval": "5s", "misses": 3 }, "decision": fixed("2s"), "promotion": fixed("3s")
        } },
        "retries": { "often": retry(9, "1s") }
    });
    let faults = json!([{ "at": "12s", "lasts": "28s", "effect": { "outage": { "station": "a" } } }]);
    let run = story(&["0s", "20s", "28500ms", "50s"], &system, &policies, &faults);
    let kinds =
        [What::MemberFails, What::MemberFound, What::SwitchDecided, What::Switched, What::MemberAnswers];
    let seen = kinds.map(|kind| when(&run, kind));
    assert_eq!(seen, [[12_000], [25_000], [27_000], [30_000], [30_600]]);
    // Sixty windows: the 17th ends before the switch, the 20th behind it.
    let active: Vec<u16> = told(&run).windows.iter().map(|window| window.active[0]).collect();
    assert_eq!((active[16], active[19], active[59]), (0, 1, 1));
}

#[test]
fn a_breaker_is_told_when_it_opens_and_when_it_closes() {
    let policies = json!({
        "breakers": { "store": { "trip": { "consecutive": { "failures": 2 } }, "open_for": "10s", "probes": 1 } }
    });
    let mut system = store();
    system["routes"]["way"] = json!([{ "visit": { "station": "store", "breaker": "store" } }]);
    let faults = json!([{ "at": "1s", "lasts": "4s", "effect": { "outage": { "station": "store" } } }]);
    let run = story(&["2s", "3s", "8s", "20s", "30s"], &system, &policies, &faults);
    let opened = when(&run, What::BreakerOpens);
    assert_eq!((opened.len(), when(&run, What::BreakerCloses)), (1, vec![20_100]));
}

#[test]
fn a_run_without_anything_to_tell_keeps_its_bytes() {
    let plan = plan(&json!({
        "name": "plain",
        "transient": true,
        "workload": {
            "classes": { "task": {} },
            "clients": { "all": { "load": { "open": { "scheduled": { "times": ["1s"] } } } } }
        },
        "system": store(),
        "measure": { "duration": "10s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    assert_eq!(replicate(&plan, 0, Span::ZERO).story, None);
}

proptest! {
    #![proptest_config(Config { cases: 40, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_became_of_tasks_adds_up_over_the_windows(
        mut moments in prop::collection::vec(0_u32..90_000, 1..40),
        at in 0_u32..60,
        lasts in 1_u32..30,
    ) {
        moments.sort_unstable();
        let times: Vec<String> = moments.iter().map(|moment| format!("{moment}ms")).collect();
        let times: Vec<&str> = times.iter().map(String::as_str).collect();
        let mut system = store();
        system["routes"]["way"] = json!([{ "visit": { "station": "store", "retry": "often" } }]);
        let faults = json!([{ "at": format!("{at}s"), "lasts": format!("{lasts}s"), "effect": { "outage": { "station": "store" } } }]);
        let run = story(&times, &system, &json!({ "retries": { "often": retry(4, "2s") } }), &faults);
        let windows = &told(&run).windows;
        let mut open = 0;
        for window in windows {
            open += window.impact.touched;
            open -= window.impact.lost + window.impact.retried + window.impact.resumed;
            prop_assert_eq!(window.impact.still_there, open);
        }
        let touched: u64 = windows.iter().map(|window| window.impact.touched).sum();
        prop_assert_eq!(touched, super::recovery(&run).impact.touched);
        prop_assert_eq!(Run::decode(&run.encode()).unwrap(), run);
    }
}

#[test]
fn the_result_shows_the_fault_what_followed_and_tasks_that_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.json");
    let experiment = json!({
        "name": "outage",
        "transient": true,
        "workload": {
            "classes": { "task": {} },
            "clients": { "all": { "load": { "open": { "poisson": { "rate_per_s": 5 } } } } }
        },
        "system": {
            "stations": { "store": {
                "servers": "infinite", "service": fixed("100ms"),
                "limiter": { "buckets": [{ "counts": "requests", "algorithm": { "token_bucket": { "rate": { "per_second": 50 }, "burst": 100 } } }] }
            } },
            "routes": { "way": [{ "visit": { "station": "store", "retry": "often" } }] }
        },
        "policies": { "retries": { "often": retry(4, "2s") } },
        "faults": [{ "at": "20s", "lasts": "10s", "effect": { "outage": { "station": "store" } } }],
        "measure": {
            "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1, "impact": true, "windows": 50,
            "replications": { "min": 3, "max": 3 }, "recovery": { "from": "30s", "goodput_share": 0.9 }
        }
    });
    std::fs::write(&file, experiment.to_string()).unwrap();
    let out = folder.path().join("out");
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_tars-sim"))
        .args(["run", "--quiet", "--out"])
        .args([&out, &file])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let result: Value = serde_json::from_slice(&std::fs::read(out.join("result.json")).unwrap()).unwrap();
    let (cell, series) = (&result["cells"][0], &result["cells"][0]["series"]);
    assert_eq!(series["faults"], json!([{ "label": "errors, store", "start_s": 20.0, "end_s": 30.0 }]));
    let of = |name: &str| series["episodes"].as_array().unwrap().iter().find(|episode| episode["of"] == name);
    let suffered = of("tasks touched").expect("the outage touches tasks");
    assert!((18.0..=22.0).contains(&suffered["start_s"].as_f64().unwrap()), "{suffered}");
    assert!((20.0..=21.0).contains(&suffered["noticed_s"].as_f64().unwrap()), "{suffered}");
    assert!(of("until goodput is back").is_some_and(|back| back["end_s"].as_f64().unwrap() >= 30.0));
    let sum = |name: &str| -> f64 {
        let column = series["columns"][name].as_array().unwrap_or_else(|| panic!("{name} is missing"));
        column.iter().map(|value| value.as_f64().unwrap() * 2.0).sum()
    };
    let metric = |name: &str| cell["metrics"][name]["value"].as_f64().unwrap();
    for kind in ["touched", "lost", "retried", "resumed"] {
        let (over_time, whole) = (sum(&format!("tasks_{kind}_per_s")), metric(&format!("tasks_{kind}")));
        assert!((over_time - whole).abs() < 1e-6, "{kind}: {over_time} over time, {whole} in all");
    }
    assert!((metric("tasks_touched") - metric("tasks_lost") - metric("tasks_retried")).abs() < 1e-9);
    let left = series["columns"]["limiter/store/level_share"].as_array().unwrap();
    assert_eq!(left.len(), 50);
}

#[test]
fn a_session_is_told_from_its_agents_death_until_it_goes_on() {
    let system = json!({
        "stations": { "work": { "servers": "infinite", "service": fixed("4s") } },
        "pools": { "hosts": {
            "groups": { "host": { "agents": 1, "cold_start": "10s" } },
            "health_check": { "interval": "5s", "restart": true },
            "recovery": { "heartbeat": { "interval": "5s", "misses": 2 } }
        } },
        "routes": { "way": [{ "agent": { "pool": "hosts", "steps": [{ "visit": { "station": "work" } }] } }] }
    });
    let faults = json!([{ "at": "12s", "effect": { "crash": { "pool": "hosts", "share": 1 } } }]);
    let run = story(&["11s"], &system, &json!({}), &faults);
    // Found by the health check at 15 s and by the second heartbeat at 20 s; the agent is ready at 25 s.
    let kinds = [
        What::AgentsDie,
        What::AgentsFound,
        What::AgentsReady,
        What::SessionsHit,
        What::SessionsFound,
        What::SessionsResume,
    ];
    assert_eq!(
        kinds.map(|kind| when(&run, kind)),
        [[12_000], [15_000], [25_000], [12_000], [20_000], [25_000]]
    );
    assert_eq!(told(&run).moments[0].at, 12 * SECOND);
}
