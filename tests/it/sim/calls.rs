//! Slots that are held, calls that fall back, calls that are hedged, each against a schedule worked out by hand.

use super::*;

fn hold(steps: &Value) -> Value {
    json!({ "hold": { "station": "connections", "steps": steps } })
}

fn delay(span: &str) -> Value {
    json!({ "delay": { "time": fixed(span) } })
}

#[test]
fn a_slot_is_held_while_other_stations_serve() {
    let stations = json!({
        "connections": { "servers": 1 },
        "database": { "servers": "infinite", "service": fixed("1s") }
    });
    let run =
        line(&["0s", "0s", "0s"], &stations, &json!([hold(&json!([visit("database"), delay("500ms")]))]));
    assert_eq!(latencies(&run), [1_500, 3_000, 4_500]);
    assert_eq!((spent(&run, Part::SlotWait), spent(&run, Part::Service)), (4_500, 3_000));
    assert_eq!(run.stations[0].busy_area, u128::from(4_500 * SECOND / 1_000));
}

#[test]
fn slots_are_held_inside_slots() {
    let stations = json!({ "connections": { "servers": 2 }, "permits": { "servers": 1 } });
    let inner = json!([{ "hold": { "station": "permits", "steps": [delay("1s")] } }]);
    let run = line(&["0s", "0s", "0s"], &stations, &json!([hold(&inner), delay("1s")]));
    assert_eq!(latencies(&run), [2_000, 3_000, 4_000]);
}

#[test]
fn what_fails_while_a_slot_is_held_gives_it_back_and_may_be_tried_again() {
    let stations = json!({
        "connections": { "servers": 1 },
        "database": { "servers": "infinite", "service": fixed("1s"), "failure": { "share": 1 } }
    });
    let step =
        json!([{ "hold": { "station": "connections", "retry": "twice", "steps": [visit("database")] } }]);
    let policies = json!({ "retries": { "twice": retry(2, "250ms") } });
    let run = line_with(&["0s"], &stations, &step, &policies);
    assert_eq!((ended(&run, Cause::Error), run.retried), (1, 1));
    assert_eq!((run.stations[0].busy_area, run.dead_letters), (u128::from(2 * SECOND), 0));
    let mut aside = retry(2, "250ms");
    aside["dead_letter"] = json!(true);
    let run = line_with(&["0s", "3s"], &stations, &step, &json!({ "retries": { "twice": aside } }));
    assert_eq!((ended(&run, Cause::Error), run.dead_letters), (2, 2), "each call once, at its last attempt");
}

#[test]
fn a_hold_that_times_out_cancels_what_happens_in_it() {
    let stations = json!({ "connections": { "servers": 1 } });
    let step = json!([{ "hold": { "station": "connections", "timeout": "1s", "steps": [delay("3s")] } }]);
    let run = line(&["0s", "500ms", "2s"], &stations, &step);
    // The second has its slot for half a second.
    assert_eq!(
        (ended(&run, Cause::Timeout), run.stations[0].busy_area),
        (3, u128::from(2_500 * SECOND / 1_000))
    );
}

#[test]
fn impatience_counts_waiting_for_a_slot_alone() {
    let stations = json!({ "connections": { "servers": 1 } });
    let step =
        json!([{ "hold": { "station": "connections", "patience": fixed("1s"), "steps": [delay("3s")] } }]);
    let run = line(&["0s", "500ms", "2500ms"], &stations, &step);
    assert_eq!((latencies(&run), ended(&run, Cause::Abandoned)), (vec![3_000, 3_500], 1));
}

/// Two providers of one model; calls of the first take 1 s, those of the second 2 s.
fn two_providers(first: &Value, call: &Value, policies: &Value, times: &[&str]) -> Run {
    let offer = |span: &str, dollars: &str| json!({ "latency": fixed(span), "input_usd_per_million_tokens": dollars, "output_usd_per_million_tokens": "0" });
    let mut one = json!({ "models": { "m": offer("1s", "1") } });
    for (key, value) in first.as_object().unwrap() {
        one[key] = value.clone();
    }
    let workload = json!({
        "classes": { "task": { "input_tokens": { "deterministic": { "value": 1000 } } } },
        "clients": { "all": { "load": arrivals(times) } }
    });
    let system = json!({
        "models": { "m": { "accuracy": 0.9 } },
        "providers": { "one": one, "two": { "models": { "m": offer("2s", "3") } } },
        "routes": { "way": [{ "llm": call }] }
    });
    story(&workload, &system, policies)
}

#[test]
fn a_call_that_fails_for_good_falls_back() {
    let call = json!({ "provider": "one", "fallback": [{ "provider": "two" }] });
    let run = two_providers(&json!({ "failure": { "share": 1 } }), &call, &json!({}), &["0s", "5s"]);
    assert_eq!(latencies(&run), [3_000, 3_000]);
    // The first provider is paid for its failures: 1,000 tokens at $1 and at $3 a million, twice.
    assert_eq!(run.token_cost, 2 * 4_000_000_000);
    assert_eq!((spent(&run, Part::FailedAttempts), spent(&run, Part::Provider)), (2_000, 4_000));
}

#[test]
fn retries_come_before_the_fallback() {
    let call = json!({ "provider": "one", "retry": "twice", "fallback": [{ "provider": "two" }] });
    let policies = json!({ "retries": { "twice": retry(2, "500ms") } });
    let failing = json!({ "failure": { "share": 1, "retryable": true } });
    assert_eq!(latencies(&two_providers(&failing, &call, &policies, &["0s"])), [4_500]);
}

#[test]
fn a_fallback_that_fails_fails_the_task() {
    let call = json!({ "provider": "two", "timeout": "1s", "fallback": [{ "provider": "one", "timeout": "500ms" }] });
    let run = two_providers(&json!({}), &call, &json!({}), &["0s"]);
    assert_eq!((ended(&run, Cause::Timeout), run.latency.len()), (1, 0));
}

#[test]
fn a_hedge_goes_out_when_no_answer_has_come() {
    let call = json!({ "provider": "two", "hedge": { "after": "500ms" } });
    // The copy would answer after 2.5 s: the first one wins, and both are paid.
    let run = two_providers(&json!({}), &call, &json!({}), &["0s"]);
    assert_eq!((latencies(&run), run.token_cost), (vec![2_000], 6_000_000_000));
    let late = json!({ "provider": "two", "hedge": { "after": "3s" } });
    let run = two_providers(&json!({}), &late, &json!({}), &["0s"]);
    assert_eq!((latencies(&run), run.token_cost), (vec![2_000], 3_000_000_000));
}
