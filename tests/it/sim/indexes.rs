//! Indexes: shards that split, tenants that do not, and copies that come when there is work for them.

use super::*;
use tars_sim::sim::IndexRun;

/// Calls of user 0 and of user 1 at these times, each of which adds a vector, at shards of one server and a second a call.
fn tenants(times: [&[&str]; 2], index: &Value) -> Run {
    let client = |user: usize| json!({ "load": arrivals(times[user]), "users": user });
    let workload = json!({ "classes": { "task": {} }, "clients": { "zero": client(0), "one": client(1) } });
    let mut whole = json!({
        "shard": { "servers": 1, "service": fixed("1s") }, "shards_at_start": 1, "shards_max": 2, "tenants": 2
    });
    for (key, value) in index.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let call = json!({ "visit": { "station": "vectors", "adds_vectors": 1 } });
    story(&workload, &json!({ "indexes": { "vectors": whole }, "routes": { "way": [call] } }), &json!({}))
}

fn index(run: &Run) -> IndexRun {
    run.platform.as_ref().unwrap().indexes[0]
}

#[test]
fn a_shard_above_its_bound_splits_and_its_tenants_no_longer_wait_for_one_another() {
    let split = json!({ "split": { "above_vectors": 1, "time": "1s" } });
    let run = tenants([&["0s", "2500ms", "10s"], &["0s", "2500ms", "10s"]], &split);
    // Above the bound at 2 s, split at 3 s; who came at 2.5 s had been sent to the old shard.
    assert_eq!(latencies(&run), [1_000, 1_000, 1_000, 1_000, 2_000, 2_000]);
    let IndexRun { vectors, shards, splits, stuck, largest, .. } = index(&run);
    assert_eq!((vectors, shards, splits, largest), (6, 2, 1, 3));
    // Each is above the bound again, of one tenant, and there is no third node.
    assert_eq!(stuck, 2);
    assert_eq!((run.stations[0].served, run.stations[1].served), (5, 1));
}

#[test]
fn a_tenant_that_asks_for_much_does_not_split_away() {
    let alone = json!({ "tenants": 1, "shards_max": 9, "split": { "above_vectors": 1 } });
    let run = tenants([&["0s", "0s", "10s"], &["10s"]], &alone);
    assert_eq!(latencies(&run), [1_000, 1_000, 2_000, 2_000]);
    let IndexRun { shards, splits, stuck, .. } = index(&run);
    assert_eq!((shards, splits, stuck), (1, 0, 1));
}

#[test]
fn a_shard_serves_more_slowly_while_it_splits_if_that_is_stated() {
    let slow = json!({ "split": { "above_vectors": 1, "time": "10s", "service_factor": 3 } });
    let run = tenants([&["0s", "5s", "20s"], &["0s"]], &slow);
    assert_eq!(latencies(&run), [1_000, 1_000, 2_000, 3_000]);
}

#[test]
fn an_index_that_is_too_large_at_the_start_splits_at_once() {
    let large = json!({ "vectors_at_start": 100, "split": { "above_vectors": 60 } });
    let run = tenants([&["1s"], &["1s"]], &large);
    assert_eq!((latencies(&run), index(&run).splits, index(&run).largest), (vec![1_000, 1_000], 1, 51));
}

#[test]
fn tenants_are_as_unequal_as_stated() {
    let run = tenants(
        [&["1s"], &["1s"]],
        &json!({ "vectors_at_start": 90, "skew_exponent": 1, "shards_at_start": 2, "shards_max": 2 }),
    );
    // 1 and 1/2 of 3/2: 60 and 30, and one more each; both may be of one shard.
    assert!([61, 92].contains(&index(&run).largest), "{}", index(&run).largest);
    assert_eq!(index(&run).vectors, 92);
}

#[test]
fn a_copy_is_added_for_a_line_and_serves_when_it_has_started() {
    let rule = json!({ "hpa": {
        "min": 1, "max": 2, "sync_period": "1s",
        "metrics": [{ "external": { "name": "queue_depth", "target": { "value_milli": 1000 } } }]
    } });
    let copies = json!({
        "shard": { "servers": 1, "service": fixed("10s") }, "tenants": 1, "shards_max": 1,
        "replicas": { "interval": "1s", "start": "1s", "rule": rule }
    });
    let run = tenants([&["0s", "0s", "0s", "0s"], &["90s"]], &copies);
    // The line of three is seen at 1 s; the copy serves from 2 s on.
    assert_eq!(latencies(&run), [10_000, 10_000, 12_000, 20_000, 22_000]);
    assert_eq!((index(&run).added, index(&run).removed), (1, 0));
}

#[test]
fn a_shard_that_is_out_is_out_for_its_own_tenants_alone() {
    let two = json!({ "vectors_at_start": 100, "split": { "above_vectors": 60 } });
    let plan = plan(&json!({
        "name": "story", "transient": true,
        "workload": { "classes": { "task": {} }, "clients": {
            "zero": { "load": arrivals(&["10s"]), "users": 0 }, "one": { "load": arrivals(&["10s"]), "users": 1 }
        } },
        "system": {
            "indexes": { "vectors": {
                "shard": { "servers": 1, "service": fixed("1s") }, "shards_at_start": 1, "shards_max": 2, "tenants": 2,
                "vectors_at_start": two["vectors_at_start"], "split": two["split"]
            } },
            "routes": { "way": [{ "visit": { "station": "vectors" } }] }
        },
        "faults": [{ "at": "5s", "lasts": "20s", "effect": { "outage": { "station": "vectors-2" } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    let run = replicate(&plan, 0, tars_policy::units::Span::ZERO);
    assert_eq!((latencies(&run), ended(&run, Cause::Down)), (vec![1_000], 1));
}
