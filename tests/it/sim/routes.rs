//! Branches, joins, races, loops, choices and caches.

use super::*;

fn delay(span: &str) -> Value {
    json!({ "delay": { "time": fixed(span) } })
}

fn parallel(join: &str, branches: &Value) -> Value {
    json!([{ "parallel": { "branches": branches, "join": join } }])
}

#[test]
fn a_join_waits_for_the_last_branch() {
    let run =
        line(&["0s"], &json!({}), &parallel("all", &json!([[delay("1s")], [delay("3s")], [delay("2s")]])));
    assert_eq!((latencies(&run), spent(&run, Part::Network)), (vec![3_000], 3_000));
}

#[test]
fn of_branches_that_end_together_the_first_in_the_file_gives_the_ledger() {
    let tool = json!({ "delay": { "time": fixed("1s"), "kind": "tool" } });
    for branches in
        [json!([[delay("1s")], [tool]]), json!([[delay("1s")], [tool], [delay("1s"), delay("0s")]])]
    {
        let run = line(&["0s"], &json!({}), &parallel("all", &branches));
        assert_eq!((spent(&run, Part::Network), spent(&run, Part::Tool)), (1_000, 0));
    }
}

#[test]
fn a_race_is_over_with_the_first_and_frees_what_the_others_hold() {
    // The first task leaves the server at 1 s, when its delay has won; the second takes it from there.
    let workload = json!({
        "classes": { "race": { "route": "race" }, "plain": { "route": "plain" } },
        "clients": {
            "race": { "load": arrivals(&["0s"]), "mix": { "race": 1 } },
            "plain": { "load": arrivals(&["0s"]), "mix": { "plain": 1 } }
        }
    });
    let system = json!({
        "stations": { "s": { "servers": 1, "service": fixed("5s") } },
        "routes": { "race": parallel("first", &json!([[visit("s")], [delay("1s")]])), "plain": [visit("s")] }
    });
    let run = story(&workload, &system, &json!({}));
    assert_eq!(latencies(&run), [1_000, 6_000]);
    assert_eq!((run.stations[0].served, run.stations[0].busy_area), (1, u128::from(6 * SECOND)));
}

#[test]
fn a_dropped_branch_ends_its_task_though_another_branch_was_just_served() {
    // At 2 s the first branch is served and the second one's turn comes, after its deadline.
    let workload = json!({ "classes": { "task": { "deadline": "1s" } }, "clients": { "all": { "load": arrivals(&["0s"]) } } });
    let system = json!({
        "stations": { "s": { "servers": 1, "service": fixed("2s"), "queue": { "drop_expired": true } } },
        "routes": { "way": parallel("all", &json!([[visit("s"), visit("s")], [visit("s")]])) }
    });
    let run = story(&workload, &system, &json!({}));
    assert_eq!((run.good, ended(&run, Cause::Expired)), (0, 1));
}

#[test]
fn a_failed_branch_fails_the_join_but_not_the_race() {
    let failing = json!([[visit("s")], [delay("2s")]]);
    let stations =
        json!({ "s": { "servers": "infinite", "service": fixed("1s"), "failure": { "share": 1 } } });
    let run = line(&["0s"], &stations, &parallel("all", &failing));
    assert_eq!((run.good, ended(&run, Cause::Error)), (0, 1));
    let run = line(&["0s"], &stations, &parallel("first", &failing));
    assert_eq!(latencies(&run), [2_000]);
}

#[test]
fn a_race_lost_during_a_probe_does_not_keep_the_breaker_half_open() {
    // Open from 1 s to 3 s. The probe at 4 s is cancelled at 5 s, so that the call at 6 s may be the next probe.
    let workload = json!({
        "classes": { "race": { "route": "race" }, "plain": { "route": "plain" } },
        "clients": {
            "race": { "load": arrivals(&["4s"]), "mix": { "race": 1 } },
            "plain": { "load": arrivals(&["0s", "6s"]), "mix": { "plain": 1 } }
        }
    });
    let call = |span| json!({ "visit": { "station": "s", "service": fixed(span), "breaker": "b" } });
    let system = json!({
        "stations": { "s": { "servers": "infinite", "failure": { "share": 1 } } },
        "routes": { "race": parallel("first", &json!([[call("9s")], [delay("1s")]])), "plain": [call("1s")] }
    });
    let policies =
        json!({ "breakers": { "b": { "trip": { "consecutive": { "failures": 1 } }, "open_for": "2s" } } });
    let run = story(&workload, &system, &policies);
    assert_eq!((latencies(&run), ended(&run, Cause::Error), run.breaker_refused_ever), (vec![1_000], 2, 0));
}

#[test]
fn a_loop_repeats_its_steps() {
    let steps = json!([{ "loop": { "count": { "deterministic": { "value": 3 } }, "steps": [delay("1s"), visit("s")] } }]);
    let run = line(&["0s"], &json!({ "s": { "servers": 1, "service": fixed("500ms") } }), &steps);
    assert_eq!((latencies(&run), run.stations[0].served), (vec![4_500], 3));
}

#[test]
fn a_spread_in_turn_takes_each_way() {
    let steps = json!([{ "spread": { "by": "round_robin", "branches": [[delay("1s")], [delay("2s")]] } }]);
    let run = line(&["0s", "1s", "2s"], &json!({}), &steps);
    assert_eq!(latencies(&run), [1_000, 1_000, 2_000]);
}

#[test]
fn a_hit_skips_what_a_miss_takes() {
    let system = json!({
        "caches": { "c": { "store": { "max_entries": 10 }, "keys": { "deterministic": { "value": 1 } } } },
        "routes": { "way": [{ "cache": { "cache": "c", "miss": [delay("2s")], "hit": [delay("100ms")] } }] }
    });
    let workload =
        json!({ "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["0s", "1s", "3s"]) } } });
    let run = story(&workload, &system, &json!({}));
    // The second comes before the first has stored its answer.
    assert_eq!((latencies(&run), run.caches.clone()), (vec![100, 2_000, 2_000], vec![(3, 1)]));
}

#[test]
fn a_lookup_without_time_in_a_branch_does_not_outlive_its_race() {
    let system = json!({
        "caches": { "c": { "store": { "max_entries": 10 }, "keys": { "deterministic": { "value": 1 } } } },
        "routes": { "way": parallel("first", &json!([[{ "cache": { "cache": "c", "miss": [delay("2s")] } }], []])) }
    });
    let workload = json!({ "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["1s"]) } } });
    assert_eq!(latencies(&story(&workload, &system, &json!({}))), [0]);
}

/// Two ways to stations of one server and a second each.
fn spread_by(by: &Value, weights: &Value, client: &Value) -> Run {
    let workload = json!({ "classes": { "task": {} }, "clients": { "all": client } });
    let station = json!({ "servers": 1, "service": fixed("1s") });
    let spread =
        json!({ "spread": { "by": by, "weights": weights, "branches": [[visit("a")], [visit("b")]] } });
    story(
        &workload,
        &json!({ "stations": { "a": station, "b": station }, "routes": { "way": [spread] } }),
        &json!({}),
    )
}

#[test]
fn work_goes_where_the_load_is_least() {
    let client = json!({ "load": arrivals(&["0s", "0s", "0s", "1500ms"]) });
    let run = spread_by(&json!("least_loaded"), &json!([]), &client);
    // Two to the first, one to the second, which is idle again at 1.5 s.
    assert_eq!(latencies(&run), [1_000, 1_000, 1_000, 2_000]);
    assert_eq!((run.stations[0].served, run.stations[1].served), (2, 2));
}

#[test]
fn a_way_that_weighs_three_times_as_much_takes_three_times_as_much() {
    let client = json!({ "load": arrivals(&["0s", "0s", "0s", "0s"]) });
    for by in [json!("weighted"), json!("least_loaded")] {
        let run = spread_by(&by, &json!([3, 1]), &client);
        assert_eq!((run.stations[0].served, run.stations[1].served), (3, 1), "{by}");
    }
}

#[test]
fn a_user_goes_the_same_way_unless_the_load_is_bounded() {
    let client = json!({ "load": arrivals(&["0s", "0s", "0s", "0s"]), "users": 7 });
    let served = |by: &Value| {
        let run = spread_by(by, &json!([]), &client);
        let mut served = [run.stations[0].served, run.stations[1].served];
        served.sort_unstable();
        served
    };
    assert_eq!(served(&json!({ "rendezvous": { "replicas": 1 } })), [0, 4]);
    assert_eq!(served(&json!({ "rendezvous": { "replicas": 2 } })), [2, 2]);
    assert_eq!(served(&json!({ "rendezvous": { "replicas": 1, "bound": 1.0 } })), [2, 2]);
    assert_eq!(served(&json!({ "rendezvous": { "replicas": 1, "bound": 1.5 } })), [1, 3]);
}
