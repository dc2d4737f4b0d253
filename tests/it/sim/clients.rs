//! Closed loops, timeouts of clients, orphaned work and resubmission.

use super::*;

fn with_client(client: &Value, stations: &Value) -> Run {
    let workload = json!({ "classes": { "task": {} }, "clients": { "all": client } });
    story(&workload, &json!({ "stations": stations, "routes": { "way": [visit("s")] } }), &json!({}))
}

#[test]
fn work_goes_on_after_its_client_has_left() {
    let client = json!({ "load": arrivals(&["0s", "1s"]), "timeout": "2s" });
    let run = with_client(&client, &json!({ "s": { "servers": 1, "service": fixed("5s") } }));
    assert_eq!((run.good, ended(&run, Cause::ClientTimeout), run.orphans_ever), (0, 2, 2));
    assert_eq!(run.stations[0].busy_area, u128::from(10 * SECOND));
}

#[test]
fn a_client_that_timed_out_tries_again_while_the_first_try_still_runs() {
    // Served from 0 to 3 s for nobody; submitted again at 2.5 s, served from 3 to 4 s... at the mean speed of 3 s: too late.
    let client = json!({ "load": arrivals(&["0s"]), "timeout": "2s", "retry": retry(2, "500ms"), "retry_on": ["timed_out"] });
    let run = with_client(&client, &json!({ "s": { "servers": 1, "service": fixed("3s") } }));
    assert_eq!((run.resubmitted, run.orphans_ever, ended(&run, Cause::ClientTimeout)), (1, 2, 1));
    let run = with_client(&client, &json!({ "s": { "servers": 2, "service": fixed("2s") } }));
    // An answer at the very timeout counts.
    assert_eq!((latencies(&run), run.orphans_ever), (vec![2_000], 0));
}

#[test]
fn a_refused_client_tries_again_until_there_is_room() {
    let client = json!({ "load": arrivals(&["0s", "1s"]), "retry": retry(3, "500ms") });
    let run = with_client(&client, &json!({ "s": { "servers": 1, "capacity": 1, "service": fixed("2s") } }));
    assert_eq!((latencies(&run), run.resubmitted), (vec![2_000, 3_000], 2));
    assert_eq!(spent(&run, Part::ClientBackoff), 1_000);
}

#[test]
fn users_wait_for_their_answer_and_think() {
    let closed =
        json!({ "load": { "closed": { "users": 2, "think_time": fixed("1s"), "tasks_per_user": 2 } } });
    let run = with_client(&closed, &json!({ "s": { "servers": 1, "service": fixed("2s") } }));
    // Served 0–2, 2–4, 4–6 (waiting from 3 s) and 6–8 (waiting from 5 s).
    assert_eq!(latencies(&run), [2_000, 3_000, 3_000, 4_000]);
}

#[test]
fn tokens_bought_in_vain_are_counted_once() {
    // A call of 1,000 prompt tokens at $1 a million costs a tenth of a cent; the client leaves before the answer.
    let workload = json!({
        "classes": { "task": { "input_tokens": { "deterministic": { "value": 1000 } } } },
        "clients": { "all": { "load": arrivals(&["0s"]), "timeout": "2s" } }
    });
    let offer = json!({ "latency": fixed("1500ms"), "input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "5" });
    let system = json!({
        "models": { "m": { "accuracy": 1 } },
        "providers": { "p": { "models": { "m": offer }, "failure": { "share": 1, "retryable": true } } },
        "routes": { "way": [{ "llm": { "provider": "p", "retry": "again" } }] }
    });
    let run = story(&workload, &system, &json!({ "retries": { "again": retry(2, "100ms") } }));
    assert_eq!((run.orphans_ever, ended(&run, Cause::ClientTimeout)), (1, 1));
    // Two failed calls, and both are on the bill.
    assert_eq!((run.wasted_cost_ever, run.token_cost), (2_000_000_000, 2_000_000_000));
}
