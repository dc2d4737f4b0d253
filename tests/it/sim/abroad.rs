//! Sessions that outlive their region.

use super::*;

/// A session of five rounds of ten seconds, each with a checkpoint at its end, whose region is lost at 24 s; that is known
/// ten seconds later. More keys of the recovery of its pools.
fn lost_region(recovery: &Value, west: &Value) -> Run {
    let mut keys = json!({ "heartbeat": { "interval": "1s", "misses": 1 } });
    for (key, value) in recovery.as_object().unwrap() {
        keys[key] = value.clone();
    }
    let pool = json!({ "groups": { "g": { "agents": 1 } }, "recovery": keys });
    let rounds = |pool: &str| {
        let round = json!([{ "delay": { "time": fixed("10s") } }, { "checkpoint": {} }]);
        json!([{ "agent": { "pool": pool, "steps": [{ "loop": { "count": 5, "steps": round } }] } }])
    };
    let plan = plan(&json!({
        "name": "story", "transient": true,
        "workload": {
            "classes": { "task": {} },
            "clients": { "all": { "load": arrivals(&["0s"]), "regions": { "east": 1 } } }
        },
        "system": {
            "pools": { "east": pool, "west": pool },
            "regions": { "east": { "detected_after": "10s", "pools": ["east"] }, "west": west },
            "routes": { "way": [{ "region": { "east": rounds("east"), "west": rounds("west") } }] }
        },
        "faults": [{ "at": "24s", "lasts": "60s", "effect": { "region_down": { "region": "east" } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "drain": "100s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

#[test]
fn a_session_is_lost_with_its_region_unless_it_may_go_on_elsewhere() {
    let run = lost_region(&json!({}), &json!({}));
    assert_eq!((run.good, ended(&run, Cause::Down)), (0, 1));
}

#[test]
fn a_session_goes_on_elsewhere_from_the_checkpoint_that_had_been_copied() {
    let run = lost_region(&json!({ "elsewhere": { "lag": "5s" } }), &json!({}));
    // Copied at 15 s: the first checkpoint. From 34 s on four rounds more.
    assert_eq!(latencies(&run), [74_000]);
    let recovery = run.recovery.as_ref().unwrap();
    assert_eq!((recovery.sessions.hit, recovery.sessions.resumed), (1, 1));
    assert_eq!((recovery.sessions.work_lost, recovery.sessions.resuming), (14 * SECOND, 10 * SECOND));
    assert_eq!(recovery.impact.resumed, 1);
}

#[test]
fn without_a_lag_every_checkpoint_is_there() {
    let run = lost_region(&json!({ "elsewhere": { "lag": "0s" } }), &json!({}));
    assert_eq!(latencies(&run), [64_000]);
}

#[test]
fn the_state_is_loaded_where_it_goes_on() {
    let run = lost_region(&json!({ "elsewhere": { "lag": "5s" }, "restore": "3s" }), &json!({}));
    assert_eq!(latencies(&run), [77_000]);
}

#[test]
fn nothing_is_there_before_the_first_copy_has_come() {
    let run = lost_region(&json!({ "elsewhere": { "lag": "1h" } }), &json!({}));
    assert_eq!(latencies(&run), [84_000]);
    assert_eq!(run.recovery.as_ref().unwrap().sessions.work_lost, 24 * SECOND);
}
