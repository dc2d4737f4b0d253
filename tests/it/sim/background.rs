//! Steps that nobody waits for, and how pools follow a load.

use super::*;
use tars_sim::sim::BackgroundRun;

/// Tasks at these times that begin a write of five seconds at a disk of one server, and go on with a call of a second.
fn writes_behind(times: &[&str], disk: &Value) -> Run {
    let mut station = json!({ "servers": 1, "service": fixed("5s") });
    for (key, value) in disk.as_object().unwrap() {
        station[key] = value.clone();
    }
    let stations = json!({ "disk": station, "log": { "servers": "infinite", "service": fixed("1s") } });
    line(times, &stations, &json!([{ "background": { "steps": [visit("disk")] } }, visit("log")]))
}

fn behind(run: &Run) -> BackgroundRun {
    run.platform.as_ref().unwrap().background.unwrap()
}

#[test]
fn a_task_does_not_wait_for_what_it_begins() {
    let run = writes_behind(&["0s", "1s", "2s"], &json!({}));
    assert_eq!(latencies(&run), [1_000, 1_000, 1_000]);
    // The disk works all the same, on one after another: done at 5, 10 and 15 s.
    let BackgroundRun { begun, done, failed, still_there, time } = behind(&run);
    assert_eq!((begun, done, failed, still_there), (3, 3, 0, 0));
    assert_eq!(time, (5 + 9 + 13) * u128::from(SECOND));
    assert_eq!(run.stations[0].busy_area, 15 * u128::from(SECOND));
}

#[test]
fn what_is_written_behind_takes_the_place_of_others() {
    let stations = json!({ "disk": { "servers": 1, "service": fixed("5s") } });
    let steps = json!([{ "background": { "steps": [visit("disk")] } }, { "delay": { "time": fixed("1s") } }, visit("disk")]);
    let run = line(&["0s"], &stations, &steps);
    // It comes to the disk at 1 s and is served from 5 s on.
    assert_eq!(latencies(&run), [10_000]);
}

#[test]
fn what_fails_in_the_background_is_nobodys_failure() {
    let run = writes_behind(&["0s", "10s"], &json!({ "failure": { "share": 1 } }));
    assert_eq!(latencies(&run), [1_000, 1_000]);
    assert_eq!((behind(&run).done, behind(&run).failed), (0, 2));
}

#[test]
fn what_is_under_way_when_the_run_stops_is_still_there() {
    let run = writes_behind(&["98s"], &json!({}));
    assert_eq!((latencies(&run), behind(&run).still_there), (vec![1_000], 1));
}

#[test]
fn an_agent_is_not_held_by_what_it_begins_and_may_be_held_there() {
    let pool = json!({ "groups": { "g": { "agents": 1 } } });
    let write = json!({ "background": { "steps": [{ "agent": { "pool": "writers", "steps": [{ "delay": { "time": fixed("20s") } }] } }] } });
    let system = json!({
        "pools": { "p": pool, "writers": pool },
        "routes": { "way": [{ "agent": { "pool": "p", "steps": [write, { "delay": { "time": fixed("1s") } }] } }] }
    });
    let workload =
        json!({ "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["0s", "0s"]) } } });
    let run = story(&workload, &system, &json!({}));
    assert_eq!(latencies(&run), [1_000, 2_000]);
    // One writer: done at 20 s, and 20 s after that.
    assert_eq!((behind(&run).done, behind(&run).time), (2, (20 + 39) * u128::from(SECOND)));
}

#[test]
fn work_in_the_background_is_lost_with_the_region_that_it_was_begun_in() {
    let plan = plan(&json!({
        "name": "story", "transient": true,
        "workload": {
            "classes": { "task": {} },
            "clients": { "all": { "load": arrivals(&["0s"]), "regions": { "east": 1 } } }
        },
        "system": {
            "regions": { "east": {}, "west": {} },
            "routes": { "way": [{ "region": {
                "east": [{ "background": { "steps": [{ "delay": { "time": fixed("50s") } }] } }],
                "west": []
            } }] }
        },
        "faults": [{ "at": "20s", "lasts": "20s", "effect": { "region_down": { "region": "east" } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    let run = replicate(&plan, 0, tars_policy::units::Span::ZERO);
    assert_eq!((run.good, behind(&run).done, behind(&run).failed), (1, 0, 1));
}

/// Four users of a pool that begins with one agent, follows its queue, and takes ten seconds to start another.
fn followed(metric: &Value) -> Run {
    let rule = json!({ "hpa": { "min": 1, "max": 4, "sync_period": "5s", "metrics": [metric] } });
    let plan = plan(&json!({
        "name": "story", "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": { "closed": { "users": 4 } } } } },
        "system": {
            "pools": { "p": { "groups": { "g": { "agents": 1, "cold_start": "10s" } } } },
            "routes": { "way": [{ "agent": { "pool": "p", "steps": [{ "delay": { "time": fixed("3s") } }] } }] }
        },
        "policies": { "autoscale": { "p": { "interval": "5s", "rule": rule } } },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1, "scaling": { "from": "0s" } }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

#[test]
fn scaling_is_over_when_the_last_agent_is_ready() {
    let run = followed(&json!({ "external": { "name": "queue_depth", "target": { "value_milli": 1000 } } }));
    let scaling = run.platform.as_ref().unwrap().scaling.as_ref().unwrap();
    // Three wait at 5 s, which calls for two more: ready at 15 s.
    assert_eq!((scaling.reached, run.pools[0].spawned_ever), (Some(15 * SECOND), 2));
    // Four began at the start, and one each time that the one agent was free: at 3, 6, 9 and 12 s.
    assert_eq!(scaling.climbing.len(), 8);
    assert_eq!(scaling.climbing.len() + scaling.settled.len(), run.good);
}

#[test]
fn a_pool_that_never_grows_has_no_end_of_scaling() {
    let run =
        followed(&json!({ "external": { "name": "queue_depth", "target": { "value_milli": 100_000 } } }));
    let scaling = run.platform.as_ref().unwrap().scaling.as_ref().unwrap();
    assert_eq!((scaling.reached, scaling.climbing.len(), scaling.settled.len()), (None, 0, run.good));
}

#[test]
fn an_agent_of_a_group_that_is_not_scaled_is_no_growth() {
    let metric = json!({ "external": { "name": "queue_depth", "target": { "value_milli": 1000 } } });
    let plan = plan(&json!({
        "name": "story", "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["0s"]) } } },
        "system": {
            "pools": { "p": {
                "groups": { "scaled": { "agents": 1, "cold_start": "9s" }, "other": { "agents": 1, "cold_start": "1s" } },
                "ready_at_start": false
            } },
            "routes": { "way": [{ "agent": { "pool": "p", "steps": [{ "delay": { "time": fixed("3s") } }] } }] }
        },
        "policies": { "autoscale": { "p": { "interval": "50s", "rule": { "hpa": { "min": 1, "max": 4, "metrics": [metric] } } } } },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1, "scaling": { "from": "0s" } }
    }));
    let run = replicate(&plan, 0, tars_policy::units::Span::ZERO);
    assert_eq!(run.platform.unwrap().scaling.unwrap().reached, Some(9 * SECOND));
}

/// A pool of one agent whose tasks wait at most a second, which follows its errors.
fn follows_errors(target_milli: u64) -> u64 {
    let metric = json!({ "external": { "name": "error_share", "target": { "value_milli": target_milli } } });
    let rule = json!({ "hpa": { "min": 1, "max": 9, "sync_period": "5s", "metrics": [metric] } });
    let system = json!({
        "pools": { "p": { "groups": { "g": { "agents": 1 } }, "queue": { "max_depth": 1 } } },
        "routes": { "way": [{ "agent": { "pool": "p", "steps": [{ "delay": { "time": fixed("3s") } }] } }] }
    });
    let load = json!({ "open": { "renewal": { "interval": fixed("1s") } } });
    let workload = json!({ "classes": { "task": {} }, "clients": { "all": { "load": load } } });
    let run = story(&workload, &system, &json!({ "autoscale": { "p": { "interval": "5s", "rule": rule } } }));
    run.pools[0].spawned_ever
}

#[test]
fn a_pool_follows_the_share_of_its_errors() {
    // Two of three tasks are refused: 67 %, far above one per cent, and below ninety.
    assert_eq!([follows_errors(10), follows_errors(900)].map(|spawned| spawned > 0), [true, false]);
}
