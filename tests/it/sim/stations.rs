//! Lines, disciplines, limits, setups and breakdowns.

use super::*;

#[test]
fn first_come_is_first_served() {
    let run = line(
        &["0s", "1s", "2s"],
        &json!({ "s": { "servers": 1, "service": fixed("2s") } }),
        &json!([visit("s")]),
    );
    assert_eq!(latencies(&run), [2_000, 3_000, 4_000]);
    assert_eq!((spent(&run, Part::SlotWait), spent(&run, Part::Service)), (3_000, 6_000));
}

#[test]
fn last_come_is_served_first_without_interruption() {
    let stations = json!({ "s": { "servers": 1, "service": fixed("3s"), "discipline": "lifo" } });
    let run = line(&["0s", "1s", "2s"], &stations, &json!([visit("s")]));
    assert_eq!(latencies(&run), [3_000, 4_000, 8_000]);
}

/// A task of low priority at 0 s, one of critical priority at 2 s.
fn of_two_priorities(station: &Value) -> Run {
    let workload = json!({
        "classes": { "low": { "priority": "low", "route": "low" }, "top": { "priority": "critical", "route": "top" } },
        "clients": {
            "low": { "load": arrivals(&["0s"]), "mix": { "low": 1 } },
            "top": { "load": arrivals(&["2s"]), "mix": { "top": 1 } }
        }
    });
    let visit = |span| json!([{ "visit": { "station": "s", "service": fixed(span) } }]);
    let system =
        json!({ "stations": { "s": station }, "routes": { "low": visit("10s"), "top": visit("3s") } });
    story(&workload, &system, &json!({}))
}

#[test]
fn a_higher_priority_interrupts_and_the_interrupted_resumes() {
    let run = of_two_priorities(&json!({ "servers": 1, "discipline": "preemptive_priority" }));
    assert_eq!(latencies(&run), [3_000, 13_000]);
    assert_eq!((spent(&run, Part::Interrupted), spent(&run, Part::Service)), (3_000, 13_000));
}

#[test]
fn without_interruption_a_higher_priority_waits() {
    let run = of_two_priorities(&json!({ "servers": 1, "discipline": "priority" }));
    assert_eq!(latencies(&run), [10_000, 11_000]);
}

#[test]
fn shared_servers_go_half_as_fast_for_two() {
    let stations =
        json!({ "s": { "servers": 1, "service": fixed("2s"), "discipline": "processor_sharing" } });
    let run = line(&["0s", "1s"], &stations, &json!([visit("s")]));
    assert_eq!(latencies(&run), [3_000, 3_000]);
    assert_eq!((spent(&run, Part::Service), spent(&run, Part::Slowdown)), (4_000, 2_000));
}

#[test]
fn who_runs_out_of_patience_in_line_leaves() {
    let steps = json!([{ "visit": { "station": "s", "patience": fixed("3s") } }]);
    let run =
        line(&["0s", "1s", "2s"], &json!({ "s": { "servers": 1, "service": fixed("4500ms") } }), &steps);
    assert_eq!(latencies(&run), [4_500, 7_000]);
    assert_eq!(ended(&run, Cause::Abandoned), 1);
}

#[test]
fn a_full_station_refuses() {
    let stations = json!({ "s": { "servers": 1, "capacity": 2, "service": fixed("2s") } });
    let run = line(&["0s", "0s", "1s"], &stations, &json!([visit("s")]));
    assert_eq!(latencies(&run), [2_000, 4_000]);
    assert_eq!((ended(&run, Cause::StationFull), run.stations[0].refused), (1, 1));
}

/// One call a second, the bucket holds one.
fn once_a_second() -> Value {
    json!({ "buckets": [{ "counts": "requests", "algorithm": { "token_bucket": { "rate": { "per_second": 1 }, "burst": 1 } } }] })
}

#[test]
fn calls_over_the_limit_wait_in_line() {
    let limit = once_a_second();
    let stations = json!({ "s": { "servers": "infinite", "service": fixed("500ms"), "limiter": limit, "on_limit": "wait" } });
    let run = line(&["0s", "0s", "0s"], &stations, &json!([visit("s")]));
    assert_eq!(latencies(&run), [500, 1_500, 2_500]);
    assert_eq!(spent(&run, Part::RateLimitWait), 3_000);
}

#[test]
fn a_line_at_the_limit_counts_for_the_capacity() {
    let limit = once_a_second();
    let stations = json!({ "s": { "servers": 2, "capacity": 2, "service": fixed("5s"), "limiter": limit, "on_limit": "wait" } });
    let run = line(&["0s", "0s", "0s"], &stations, &json!([visit("s")]));
    assert_eq!((latencies(&run), ended(&run, Cause::StationFull)), (vec![5_000, 6_000], 1));
}

#[test]
fn patience_is_one_for_limit_and_line() {
    // The second passes the limit at 1 s, the only server is busy until 5 s, and its patience ends at 3 s, not at 4 s.
    let limit = once_a_second();
    let stations =
        json!({ "s": { "servers": 1, "service": fixed("5s"), "limiter": limit, "on_limit": "wait" } });
    let steps = json!([{ "visit": { "station": "s", "patience": fixed("3s") } }]);
    let run = line(&["0s", "0s"], &stations, &steps);
    assert_eq!((latencies(&run), ended(&run, Cause::Abandoned)), (vec![5_000], 1));
    assert_eq!(run.stations[0].number_area, u128::from(8 * SECOND));
}

#[test]
fn a_refused_call_honours_retry_after() {
    let stations =
        json!({ "s": { "servers": "infinite", "service": fixed("500ms"), "limiter": once_a_second() } });
    let steps = json!([{ "visit": { "station": "s", "retry": "again" } }]);
    let run = line_with(&["0s", "0s"], &stations, &steps, &json!({ "retries": { "again": retry(2, "7s") } }));
    assert_eq!(latencies(&run), [500, 1_500]);
    assert_eq!((run.stations[0].limited, run.retried, spent(&run, Part::ServerBackoff)), (1, 1, 1_000));
}

#[test]
fn a_broken_server_interrupts_and_resumes() {
    let breakdown = json!({ "up": fixed("2s"), "down": fixed("1s") });
    let stations = json!({ "s": { "servers": 1, "service": fixed("5s"), "breakdown": breakdown } });
    let run = line(&["0s"], &stations, &json!([visit("s")]));
    assert_eq!(latencies(&run), [7_000]);
    assert_eq!(spent(&run, Part::Interrupted), 2_000);
}

#[test]
fn an_empty_station_is_set_up_first() {
    let stations = json!({ "s": { "servers": 1, "service": fixed("2s"), "setup": fixed("1s") } });
    let run = line(&["0s", "500ms", "10s"], &stations, &json!([visit("s")]));
    assert_eq!(latencies(&run), [3_000, 3_000, 4_500]);
}

#[test]
fn a_station_that_breaks_during_its_setup_serves_after_the_repair() {
    let breakdown = json!({ "up": fixed("2s"), "down": fixed("2s") });
    let stations = json!({ "s": { "servers": 1, "service": fixed("1s"), "setup": fixed("3s"), "breakdown": breakdown } });
    let run = line(&["0s"], &stations, &json!([visit("s")]));
    assert_eq!(latencies(&run), [5_000]);
    assert_eq!(spent(&run, Part::Interrupted), 1_000);
}

#[test]
fn a_setup_goes_on_for_the_next_when_the_first_has_left() {
    let workload = json!({
        "classes": { "hasty": { "route": "hasty" }, "calm": { "route": "calm" } },
        "clients": {
            "hasty": { "load": arrivals(&["0s"]), "mix": { "hasty": 1 } },
            "calm": { "load": arrivals(&["500ms"]), "mix": { "calm": 1 } }
        }
    });
    let system = json!({
        "stations": { "s": { "servers": 1, "service": fixed("2s"), "setup": fixed("3s") } },
        "routes": { "hasty": [{ "visit": { "station": "s", "timeout": "1s" } }], "calm": [visit("s")] }
    });
    let run = story(&workload, &system, &json!({}));
    assert_eq!((latencies(&run), ended(&run, Cause::Timeout)), (vec![4_500], 1));
}

#[test]
fn a_service_that_would_last_too_long_times_out_and_frees_its_slot() {
    let steps = json!([{ "visit": { "station": "s", "timeout": "3s" } }]);
    let run = line(&["0s", "2s"], &json!({ "s": { "servers": 1, "service": fixed("4s") } }), &steps);
    assert_eq!(ended(&run, Cause::Timeout), 2);
    // In service from 0 to 3 s and from 3 to 5 s.
    assert_eq!(run.stations[0].busy_area, u128::from(5 * SECOND));
}

#[test]
fn an_answer_at_the_very_deadline_counts() {
    let steps = json!([{ "visit": { "station": "s", "timeout": "4s" } }]);
    let run = line(&["0s", "1s"], &json!({ "s": { "servers": 2, "service": fixed("4s") } }), &steps);
    assert_eq!((latencies(&run), run.stale), (vec![4_000, 4_000], 0));
}

#[test]
fn a_failed_attempt_takes_no_time_from_the_steps_before_it() {
    // Two seconds of preparation; then a second in vain behind a long job, three of backoff, and half a second served.
    let workload = json!({
        "classes": { "long": { "route": "long" }, "task": { "route": "task" } },
        "clients": {
            "long": { "load": arrivals(&["0s"]), "mix": { "long": 1 } },
            "task": { "load": arrivals(&["0s"]), "mix": { "task": 1 } }
        }
    });
    let call =
        json!({ "visit": { "station": "s", "service": fixed("500ms"), "timeout": "1s", "retry": "again" } });
    let system = json!({
        "stations": { "s": { "servers": 1 }, "free": { "servers": "infinite", "service": fixed("2s") } },
        "routes": { "long": [{ "visit": { "station": "s", "service": fixed("5s") } }], "task": [visit("free"), call] }
    });
    let run = story(&workload, &system, &json!({ "retries": { "again": retry(2, "3s") } }));
    assert_eq!(latencies(&run), [5_000, 6_500]);
    let parts = [Part::Service, Part::SlotWait, Part::ServerBackoff, Part::FailedAttempts];
    assert_eq!(parts.map(|part| spent(&run, part)), [7_500, 1_000, 3_000, 0]);
}

#[test]
fn a_share_of_active_calls_bounds_their_retries() {
    // Both calls fail at 1 s; only one of them may retry, and it fails again.
    let stations = json!({ "s": { "servers": "infinite", "service": fixed("1s"), "failure": { "share": 1, "retryable": true } } });
    let steps = json!([{ "visit": { "station": "s", "retry": "again" } }]);
    let mut again = retry(2, "3s");
    again["budget"] = json!({ "active_share": { "share": 0, "minimum": 1 } });
    let run = line_with(&["0s", "0s"], &stations, &steps, &json!({ "retries": { "again": again } }));
    assert_eq!((run.retried, ended(&run, Cause::Error)), (1, 2));
}

#[test]
fn a_breaker_opens_after_failures_in_a_row_and_tests_later() {
    // Failures at 1 s and 2 s open it for 10 s; 3 s and 4 s are refused at once, 15 s is a probe.
    let stations =
        json!({ "s": { "servers": "infinite", "service": fixed("1s"), "failure": { "share": 1 } } });
    let steps = json!([{ "visit": { "station": "s", "breaker": "b" } }]);
    let policies =
        json!({ "breakers": { "b": { "trip": { "consecutive": { "failures": 2 } }, "open_for": "10s" } } });
    let run = line_with(&["0s", "1s", "3s", "4s", "15s"], &stations, &steps, &policies);
    assert_eq!((ended(&run, Cause::Error), ended(&run, Cause::BreakerOpen)), (3, 2));
    assert_eq!(run.breaker_refused_ever, 2);
}

/// A service of a second behind connections, and how often one was opened.
fn over_sockets(times: &[&str], sockets: &Value, step: &Value) -> (Run, u64) {
    let mut visit = visit("s");
    for (key, value) in step.as_object().unwrap() {
        visit["visit"][key] = value.clone();
    }
    let mut sockets = sockets.clone();
    sockets["handshake"] = fixed("100ms");
    let run = line(
        times,
        &json!({ "s": { "servers": "infinite", "service": fixed("1s"), "sockets": sockets } }),
        &json!([visit]),
    );
    let opened = run.stations[0].handshakes;
    (run, opened)
}

#[test]
fn a_kept_connection_saves_the_handshake() {
    let (run, opened) = over_sockets(&["0s", "0s"], &json!({ "max": 1 }), &json!({}));
    assert_eq!((latencies(&run), spent(&run, Part::SocketWait), opened), (vec![1_100, 2_100], 1_200, 1));
    let (run, opened) = over_sockets(&["0s", "0s"], &json!({ "max": 1, "keep_alive": false }), &json!({}));
    assert_eq!((latencies(&run), opened), (vec![1_100, 2_200], 2));
}

#[test]
fn a_connection_that_is_idle_for_too_long_is_closed() {
    let times = ["0s", "6099ms", "12099ms"];
    let (run, opened) = over_sockets(&times, &json!({ "max": 5, "idle_timeout": "5s" }), &json!({}));
    // Idle since 1.1 s and since 7.099 s: for 4.999 s, and for exactly 5 s.
    assert_eq!((latencies(&run), opened), (vec![1_000, 1_100, 1_100], 2));
}

#[test]
fn more_free_connections_than_are_kept_are_closed() {
    let times = ["0s", "0s", "5s", "5s"];
    let (run, opened) = over_sockets(&times, &json!({ "max": 2, "max_free": 1 }), &json!({}));
    assert_eq!((latencies(&run), opened), (vec![1_000, 1_100, 1_100, 1_100], 3));
}

#[test]
fn calls_share_a_connection_of_several_streams() {
    let (run, opened) = over_sockets(&["0s", "0s", "0s"], &json!({ "max": 1, "streams": 2 }), &json!({}));
    // Two once it is open, the third when the first is done.
    assert_eq!((latencies(&run), opened), (vec![1_100, 1_100, 2_100], 1));
}

#[test]
fn a_call_that_is_broken_off_takes_its_connection_with_it_unless_others_share_it() {
    let timeout = json!({ "timeout": "500ms" });
    let opened = |streams: u32| {
        let (run, opened) = over_sockets(&["0s", "5s"], &json!({ "max": 1, "streams": streams }), &timeout);
        assert_eq!(ended(&run, Cause::Timeout), 2);
        opened
    };
    assert_eq!((opened(1), opened(2)), (2, 1));
}

#[test]
fn waiting_for_a_connection_counts_towards_the_timeout() {
    let (run, _) = over_sockets(&["0s", "0s", "0s"], &json!({ "max": 1 }), &json!({ "timeout": "2100ms" }));
    // An answer at the very timeout counts; the third has waited in vain.
    assert_eq!((latencies(&run), ended(&run, Cause::Timeout)), (vec![1_100, 2_100], 1));
}
