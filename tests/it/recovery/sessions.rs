//! Sessions that outlive their agents.

use super::{fixed, latencies, recovery, story};
use crate::sim::SECOND;
use serde_json::{Value, json};
use tars_sim::sim::{Run, SessionsRun};

/// Sessions of three turns of 10 s with an agent each; agents die at these times, all of them, and are ready again at once.
/// Heartbeats are asked for every 4 s, two missed ones are a death, and a checkpoint is loaded in 1 s.
fn sessions(times: &[&str], checkpoint: &Value, deaths: &[&str]) -> Run {
    let turn = json!([{ "delay": { "time": fixed("10s"), "kind": "tool" } }, checkpoint]);
    let held = json!([{ "loop": { "count": 3, "steps": turn } }]);
    let system = json!({
        "pools": { "p": {
            "groups": { "g": { "agents": 2 } },
            "recovery": { "heartbeat": { "interval": "4s", "misses": 2 }, "restore": "1s", "times_max": 2 }
        } },
        "routes": { "way": [{ "agent": { "pool": "p", "steps": held } }] }
    });
    let faults: Vec<Value> =
        deaths.iter().map(|at| json!({ "at": at, "effect": { "crash": { "pool": "p" } } })).collect();
    story(times, &system, &json!({}), &json!(faults))
}

fn safe_at_once() -> Value {
    json!({ "checkpoint": {} })
}

#[test]
fn without_a_death_checkpoints_cost_nothing() {
    let run = sessions(&["0s"], &safe_at_once(), &[]);
    assert_eq!((latencies(&run), recovery(&run).sessions), (vec![30_000], SessionsRun::default()));
}

#[test]
fn a_session_goes_on_behind_its_last_checkpoint() {
    // Dies at 13 s, found by the heartbeats of 16 and 20 s, loaded at 21 s, and the second turn again: 31 s, 41 s.
    let run = sessions(&["0s"], &safe_at_once(), &["13s"]);
    assert_eq!(latencies(&run), [41_000]);
    let seen = recovery(&run).sessions;
    assert_eq!((seen.hit, seen.resumed), (1, 1));
    assert_eq!((seen.work_lost, seen.resuming), (3 * SECOND, 8 * SECOND));
    assert_eq!((recovery(&run).impact.resumed, recovery(&run).impact.touched), (1, 1));
}

#[test]
fn a_session_without_a_safe_checkpoint_begins_again() {
    // The checkpoint of 10 s is safe at 15 s, and the agent dies at 13 s.
    let run = sessions(&["0s"], &json!({ "checkpoint": { "lag": "5s" } }), &["13s"]);
    assert_eq!((latencies(&run), recovery(&run).sessions.work_lost), (vec![51_000], 13 * SECOND));
}

#[test]
fn a_log_that_is_safe_in_time_is_as_good_as_a_write() {
    let run = sessions(&["0s"], &json!({ "checkpoint": { "lag": "2s" } }), &["13s"]);
    assert_eq!((latencies(&run), recovery(&run).sessions.work_lost), (vec![41_000], 3 * SECOND));
}

#[test]
fn a_death_while_it_is_being_loaded_begins_the_wait_again() {
    // Found at 20 s, loading until 21 s; dies at 20.5 s, found at 28 s, loaded at 29 s: 39 s, 49 s.
    let run = sessions(&["0s"], &safe_at_once(), &["13s", "20500ms"]);
    let seen = recovery(&run).sessions;
    assert_eq!(latencies(&run), [49_000]);
    assert_eq!((seen.hit, seen.hit_again, seen.resumed), (2, 1, 1));
    assert_eq!((seen.work_lost, seen.resuming), (3 * SECOND, 16 * SECOND));
}

#[test]
fn a_session_that_has_died_too_often_is_lost() {
    let run = sessions(&["0s"], &safe_at_once(), &["1s", "11s", "21s"]);
    let seen = recovery(&run).sessions;
    assert_eq!((run.good, seen.hit, seen.resumed, seen.lost), (0, 3, 2, 1));
    assert_eq!((recovery(&run).impact.lost, recovery(&run).impact.resumed), (1, 0));
}

#[test]
fn a_session_goes_on_after_the_last_submission() {
    // Found at 104 s, loaded at 105 s.
    let run = sessions(&["95s"], &safe_at_once(), &["99s"]);
    assert_eq!((latencies(&run), recovery(&run).sessions.resumed), (vec![40_000], 1));
}

#[test]
fn sessions_wait_for_agents_like_any_other_task() {
    // Two agents die with two sessions; a third has waited for one of them since 1 s, and is served first.
    let run = sessions(&["0s", "0s", "1s"], &safe_at_once(), &["13s"]);
    // The third runs from 13 to 43 s; one goes on at 21 s, and the other at 42 s or later.
    assert_eq!(latencies(&run), [41_000, 42_000, 62_000]);
}
