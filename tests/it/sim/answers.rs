//! Calls that are never answered, hours at which they take longer, and hedges that follow latencies or a budget, against
//! schedules worked out by hand.

use super::*;

#[test]
fn services_take_longer_that_begin_in_a_peak() {
    let peak = json!([{ "from": "10s", "until": "20s", "factor": 2 }]);
    let stations = json!({ "tool": { "servers": "infinite", "service": "1s", "peaks": peak } });
    let run = line(&["0s", "10s", "19s", "20s"], &stations, &json!([visit("tool")]));
    assert_eq!(latencies(&run), [1_000, 1_000, 2_000, 2_000]);
    assert_eq!((spent(&run, Part::Service), spent(&run, Part::Slowdown)), (4_000, 2_000));
}

#[test]
fn a_peak_comes_back_every_day() {
    let workload =
        json!({ "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["33h", "35h"]) } } });
    let peak = json!([{ "from": "9h", "until": "11h", "factor": 3 }]);
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": workload,
        "system": {
            "stations": { "tool": { "servers": "infinite", "service": "1s", "peaks": peak } },
            "routes": { "way": [visit("tool")] }
        },
        "measure": { "duration": "48h", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    let run = replicate(&plan, 0, tars_policy::units::Span::ZERO);
    assert_eq!(latencies(&run), [1_000, 3_000]);
}

#[test]
fn a_call_that_is_never_answered_holds_its_server_until_it_is_given_up() {
    let stations =
        json!({ "tool": { "servers": 1, "service": "1s", "timeouts": { "share": 1, "after": "5s" } } });
    let step = json!([{ "visit": { "station": "tool", "retry": "twice" } }]);
    let policies = json!({ "retries": { "twice": retry(2, "1s") } });
    let run = line_with(&["0s"], &stations, &step, &policies);
    assert_eq!((ended(&run, Cause::Timeout), run.retried), (1, 1));
    assert_eq!(run.stations[0].busy_area, u128::from(10 * SECOND));
}

/// Calls of one second each with a hedge, slowed down five times from 20 s for a second.
fn hedged(times: &[&str], hedge: &Value) -> Run {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } },
        "system": {
            "stations": { "tool": { "servers": "infinite", "service": "1s" } },
            "routes": { "way": [{ "visit": { "station": "tool", "hedge": hedge } }] }
        },
        "faults": [{ "at": "20s", "lasts": "500ms", "effect": { "brown_out": { "station": "tool", "latency_factor": 5 } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

#[test]
fn a_hedge_waits_for_a_quantile_of_the_latencies_seen() {
    let hedge =
        json!({ "after": "30s", "after_quantile": { "quantile": 0.5, "window": 10, "latencies_min": 2 } });
    // Two have taken a second, so that the copy of the third goes out after one.
    let run = hedged(&["0s", "5s", "20s"], &hedge);
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_000, 1_000, 2_000], 4));
    // With one latency known the stated wait holds.
    let run = hedged(&["5s", "20s"], &hedge);
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_000, 5_000], 2));
}

#[test]
fn copies_are_sent_as_long_as_the_budget_pays_for_them() {
    let hedge = json!({ "after": "500ms", "budget": { "share": 0.5, "burst": 1 } });
    // The first copy is saved up; the second call adds half of one, the third the rest.
    let run = hedged(&["0s", "5s", "10s"], &hedge);
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_000, 1_000, 1_000], 5));
}

#[test]
fn a_second_copy_waits_for_the_first() {
    let hedge = json!({ "after": "300ms", "copies_max": 2, "budget": { "share": 1, "burst": 9 } });
    let run = hedged(&["20s"], &hedge);
    // Both copies go out, the second as the slowness is over: it wins at 21.6 s.
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_600], 3));
}
