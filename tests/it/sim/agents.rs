//! Pools: queue, dispatch, polling workers, agents that start and leave.

use super::*;

/// A pool of agents of one task each, with more keys; the steps take place with an agent.
fn pool_story(workload: &Value, agents: u32, keys: &Value, steps: &Value, policies: &Value) -> Run {
    let mut pool = json!({ "groups": { "g": { "agents": agents, "cold_start": "1s" } } });
    for (key, value) in keys.as_object().unwrap() {
        pool[key] = value.clone();
    }
    story(workload, &json!({ "pools": { "p": pool }, "routes": { "way": steps } }), policies)
}

fn held(span: &str) -> Value {
    json!({ "agent": { "pool": "p", "steps": [{ "delay": { "time": fixed(span) } }] } })
}

fn of_one_class(times: &[&str]) -> Value {
    json!({ "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } })
}

#[test]
fn a_task_waits_for_an_agent() {
    let run = pool_story(&of_one_class(&["0s", "1s"]), 1, &json!({}), &json!([held("3s")]), &json!({}));
    assert_eq!((latencies(&run), spent(&run, Part::Queue)), (vec![3_000, 5_000], 2_000));
}

#[test]
fn agents_that_start_cold_are_waited_for() {
    let keys = json!({ "ready_at_start": false });
    let run = pool_story(&of_one_class(&["0s"]), 1, &keys, &json!([held("3s")]), &json!({}));
    assert_eq!((latencies(&run), spent(&run, Part::Spawn)), (vec![4_000], 1_000));
}

#[test]
fn a_full_queue_refuses() {
    let keys = json!({ "queue": { "max_depth": 1 } });
    let run = pool_story(&of_one_class(&["0s", "1s", "2s"]), 1, &keys, &json!([held("3s")]), &json!({}));
    assert_eq!((latencies(&run), ended(&run, Cause::QueueFull)), (vec![3_000, 5_000], 1));
}

#[test]
fn a_critical_task_displaces_the_lowest() {
    let workload = json!({
        "classes": { "low": { "priority": "low" }, "top": { "priority": "critical" } },
        "clients": {
            "low": { "load": arrivals(&["0s", "1s"]), "mix": { "low": 1 } },
            "top": { "load": arrivals(&["2s"]), "mix": { "top": 1 } }
        }
    });
    let keys = json!({ "queue": { "max_depth": 1, "overflow": "displace_lowest" } });
    let run = pool_story(&workload, 1, &keys, &json!([held("3s")]), &json!({}));
    assert_eq!((latencies(&run), ended(&run, Cause::Displaced)), (vec![3_000, 4_000], 1));
}

#[test]
fn a_polling_worker_finds_a_task_at_its_next_look() {
    let keys = json!({ "dispatch": { "polling": { "workers": 1, "interval": "100ms" } } });
    let run = pool_story(&of_one_class(&["50ms", "60ms"]), 1, &keys, &json!([held("1s")]), &json!({}));
    // Found at 0.1 s, and the second as soon as the first is done.
    assert_eq!(latencies(&run), [1_050, 2_040]);
}

/// A task that holds the only agent for 9 s, and a race between the same and a delay of 1 s.
fn race_for_an_agent(polling: &Value) -> Run {
    let workload = json!({
        "classes": { "long": { "route": "long" }, "race": { "route": "race" } },
        "clients": {
            "long": { "load": arrivals(&["0s"]), "mix": { "long": 1 } },
            "race": { "load": arrivals(&["0s"]), "mix": { "race": 1 } }
        }
    });
    let system = json!({
        "pools": { "p": { "groups": { "g": { "agents": 1 } }, "dispatch": { "polling": polling } } },
        "routes": {
            "long": [held("9s")],
            "race": [{ "parallel": { "join": "first", "branches": [[held("5s")], [{ "delay": { "time": fixed("1s") } }]] } }]
        }
    });
    story(&workload, &system, &json!({}))
}

#[test]
fn a_task_that_a_worker_holds_without_an_agent_can_be_withdrawn() {
    let run = race_for_an_agent(&json!({ "workers": 2, "interval": "100ms" }));
    assert_eq!(latencies(&run), [1_000, 9_000]);
    assert_eq!((run.pools[0].queue_area, run.pools[0].number_area), (0, u128::from(10 * SECOND)));
}

#[test]
fn a_worker_in_backoff_is_free_again_when_its_task_is_withdrawn() {
    // The only worker holds the failed branch from 1 s until 2 s, when the race is over; it then takes the other task.
    let workload = json!({
        "classes": { "race": { "route": "race" }, "plain": { "route": "plain" } },
        "clients": {
            "race": { "load": arrivals(&["0s"]), "mix": { "race": 1 } },
            "plain": { "load": arrivals(&["1s"]), "mix": { "plain": 1 } }
        }
    });
    let polling =
        json!({ "workers": 1, "interval": "100ms", "backoff_base": "30s", "hold_worker_in_backoff": true });
    let failing = json!({ "agent": { "pool": "p", "steps": [visit("s")] } });
    let system = json!({
        "stations": { "s": { "servers": "infinite", "service": fixed("1s"), "failure": { "share": 1 } } },
        "pools": { "p": { "groups": { "g": { "agents": 1 } }, "dispatch": { "polling": polling } } },
        "routes": {
            "race": [{ "parallel": { "join": "first", "branches": [[failing], [{ "delay": { "time": fixed("2s") } }]] } }],
            "plain": [held("1s")]
        }
    });
    let run = story(&workload, &system, &json!({}));
    assert_eq!(latencies(&run), [2_000, 2_000]);
}

#[test]
fn the_threshold_rule_adds_an_agent_that_starts_cold() {
    // Half of the queue is in use at 1 s: one more agent, ready at 2 s.
    let keys = json!({ "queue": { "max_depth": 2 } });
    let rule = json!({ "min": 1, "max": 2, "scale_up_above": 0.4, "scale_down_below": 0.1, "step_up": 1, "step_down": 1 });
    let policies = json!({ "autoscale": { "p": { "interval": "1s", "rule": { "threshold": rule } } } });
    let run = pool_story(&of_one_class(&["0s", "0s"]), 1, &keys, &json!([held("5s")]), &policies);
    assert_eq!((latencies(&run), run.pools[0].spawned_ever), (vec![5_000, 7_000], 1));
    assert_eq!((run.scalers[0].ups, run.scalers[0].downs), (1, 0), "no agent leaves within five minutes");
}

#[test]
fn an_agent_past_its_lifespan_is_replaced_once_it_is_idle() {
    let keys = json!({ "lifespan": "2s" });
    let run = pool_story(&of_one_class(&["0s", "1s"]), 1, &keys, &json!([held("3s")]), &json!({}));
    // Retired at 3 s; the next one is ready at 4 s.
    assert_eq!(latencies(&run), [3_000, 6_000]);
}
