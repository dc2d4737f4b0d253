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
    assert_eq!(run.pools[0].claimed_area, u128::from(2 * SECOND), "active from 0.1 s to 2.1 s");
}

#[test]
fn a_worker_whose_count_leaks_looks_busy_for_ever() {
    let counted = |leaks: bool| {
        let polling =
            json!({ "workers": 1, "attempts": 2, "counter_leaks": leaks, "hold_worker_in_backoff": true });
        let system = json!({
            "stations": { "s": { "servers": "infinite", "service": fixed("1s"), "failure": { "share": 1 } } },
            "pools": { "p": { "groups": { "g": { "agents": 1 } }, "dispatch": { "polling": polling } } },
            "routes": { "way": [{ "agent": { "pool": "p", "steps": [visit("s")] } }] }
        });
        let run = story(&of_one_class(&["0s"]), &system, &json!({}));
        run.pools[0].claimed_area / u128::from(SECOND)
    };
    // Two tries of a second each, 2 s apart; the count of the first is never taken back, in a run of 100 s.
    assert_eq!([false, true].map(counted), [2, 101]);
}

#[test]
fn a_start_in_parts_takes_their_sum() {
    let parts = json!({ "weights": "1500ms", "context": "800ms", "memory": "200ms", "network": "500ms" });
    let pool = json!({ "groups": { "g": { "agents": 1, "cold_start": parts } }, "ready_at_start": false });
    let system = json!({ "pools": { "p": pool }, "routes": { "way": [held("1s")] } });
    assert_eq!(latencies(&story(&of_one_class(&["0s"]), &system, &json!({}))), [4_000]);
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

#[test]
fn an_agent_that_is_replaced_on_use_makes_the_next_task_wait_for_a_start() {
    let keys = json!({ "replace_on_use": true });
    let run = pool_story(&of_one_class(&["0s", "0s"]), 1, &keys, &json!([held("1s")]), &json!({}));
    // Replaced at 1 s, ready at 2 s: all that the second task has waited for is the start.
    assert_eq!((latencies(&run), spent(&run, Part::Spawn)), (vec![1_000, 3_000], 2_000));
}

/// One group of one agent that is replaced after each use: 4 s cold, 1 s warm.
fn replaced(times: &[&str], warm_plan: &Value) -> Run {
    let pool = json!({
        "groups": { "g": { "agents": 1, "cold_start": "4s", "warm_start": "1s" } },
        "replace_on_use": true, "warm_plan": warm_plan
    });
    let system = json!({ "pools": { "p": pool }, "routes": { "way": [held("1s")] } });
    story(&of_one_class(times), &system, &json!({}))
}

#[test]
fn a_prepared_container_starts_warm_and_is_prepared_again() {
    let run = replaced(&["0s", "0s", "0s", "20s"], &json!({ "groups": [{ "group": "g", "containers": 1 }] }));
    // Warm at 1 s, ready at 2 s; the container is there again at 5 s, so that the agent of 3 s starts cold, ready at 7 s;
    // the one of 8 s starts warm.
    assert_eq!(latencies(&run), [1_000, 1_000, 3_000, 8_000]);
}

#[test]
fn containers_are_prepared_when_their_hours_begin() {
    let daily = json!({ "windows": [{ "from": "10s", "until": "1h", "agents": 1 }] });
    let plan = json!({ "groups": [{ "group": "g", "containers": 0, "daily": daily }] });
    let run = replaced(&["0s", "20s", "20s"], &plan);
    // Cold at 1 s; a container is prepared from 10 s to 14 s, and starts the agent of 21 s warm.
    assert_eq!(latencies(&run), [1_000, 1_000, 3_000]);
}

#[test]
fn the_group_named_first_is_prepared_first() {
    let tasks = |class: &str| json!({ "load": arrivals(&["15s", "15500ms"]), "mix": { class: 1 } });
    let workload = json!({ "classes": { "a": { "role": "a" }, "b": { "role": "b" } }, "clients": { "a": tasks("a"), "b": tasks("b") } });
    let group = |role: &str| json!({ "agents": 1, "cold_start": "4s", "warm_start": "1s", "roles": [role] });
    let daily = json!({ "windows": [{ "from": "10s", "until": "1h", "agents": 1 }] });
    let warm = |group: &str| json!({ "group": group, "containers": 0, "daily": daily });
    let spent_by = |first: &str, second: &str| {
        let plan = json!({ "groups": [warm(first), warm(second)], "at_once": 1 });
        let pool = json!({ "groups": { "a": group("a"), "b": group("b") }, "replace_on_use": true, "warm_plan": plan });
        let run = story(
            &workload,
            &json!({ "pools": { "p": pool }, "routes": { "way": [held("1s")] } }),
            &json!({}),
        );
        let classes = run.breakdowns.iter().filter(|entry| entry.dimension == 1);
        classes.map(|entry| entry.latency.sum() / 1_000_000).collect::<Vec<_>>()
    };
    // The first container is there at 14 s, the second at 18 s: of the agents that follow those of 16 s, one starts warm.
    assert_eq!(spent_by("a", "b"), [1_000 + 2_500, 1_000 + 5_500]);
    assert_eq!(spent_by("b", "a"), [1_000 + 5_500, 1_000 + 2_500]);
}

#[test]
fn a_crashed_agent_is_found_at_the_next_health_check() {
    let crashed = |health_check: &Value| {
        let plan = plan(&json!({
            "name": "story",
            "transient": true,
            "workload": of_one_class(&["0s", "6s"]),
            "system": {
                "pools": { "p": { "groups": { "g": { "agents": 1, "cold_start": "1s" } }, "health_check": health_check } },
                "routes": { "way": [held("1s")] }
            },
            "faults": [{ "at": "5s", "effect": { "crash": { "pool": "p" } } }],
            "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
        }));
        replicate(&plan, 0, tars_policy::units::Span::ZERO)
    };
    // Found at 8 s, ready at 9 s; at once without a check.
    assert_eq!(latencies(&crashed(&json!({ "interval": "4s", "restart": true }))), [1_000, 4_000]);
    assert_eq!(latencies(&crashed(&Value::Null)), [1_000, 1_000]);
    let left = crashed(&json!({ "interval": "4s", "restart": false }));
    assert_eq!((latencies(&left), left.unfinished), (vec![1_000], 1));
}
