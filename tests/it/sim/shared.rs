//! Calls that go out together and identical calls that are made once, each against a schedule worked out by hand.

use super::*;

/// A provider whose calls take a second and a millisecond for each generated token; a dollar a million prompt tokens.
fn provider() -> Value {
    json!({ "models": { "m": {
        "latency": fixed("1s"), "per_output_token": "1ms",
        "input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "0"
    } } })
}

/// Tasks of 1,000 prompt and 100 generated tokens that make one call.
fn calls_of(times: &[&str], client: &Value, provider: &Value, call: &Value, policies: &Value) -> Run {
    let mut clients = json!({ "load": arrivals(times) });
    merge(&mut clients, client);
    let workload = json!({
        "classes": { "task": { "input_tokens": 1000, "output_tokens": 100 } },
        "clients": { "all": clients }
    });
    let mut step = json!({ "provider": "p" });
    merge(&mut step, call);
    let system = json!({
        "models": { "m": { "accuracy": 0.8 } },
        "providers": { "p": provider },
        "routes": { "way": [{ "llm": step }] }
    });
    story(&workload, &system, policies)
}

fn merge(object: &mut Value, more: &Value) {
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
}

fn batched(times: &[&str], rule: &Value) -> Run {
    let policies = json!({ "batches": { "b": rule } });
    calls_of(times, &json!({}), &provider(), &json!({ "batch": "b" }), &policies)
}

/// Dollars a million times over: prompt tokens that were paid for.
fn tokens_paid(run: &Run) -> u128 {
    run.token_cost / 1_000_000
}

#[test]
fn a_full_batch_leaves_at_once_with_the_tokens_of_all() {
    let run = batched(&["0s", "100ms", "300ms"], &json!({ "rule": { "calls_max": 3, "wait_max": "10s" } }));
    // Together they leave at 300 ms and take 1 s and 300 ms.
    assert_eq!(latencies(&run), [1_300, 1_500, 1_600]);
    assert_eq!((spent(&run, Part::BatchWait), spent(&run, Part::Provider)), (500, 3_900));
    assert_eq!((run.calls_ever, tokens_paid(&run)), (1, 3_000));
    assert_eq!(run.quality, 3 * 800_000);
}

#[test]
fn a_batch_leaves_when_its_first_call_has_waited_long_enough() {
    let run = batched(&["0s", "400ms", "600ms"], &json!({ "rule": { "calls_max": 5, "wait_max": "500ms" } }));
    // Two leave at 500 ms and take 1.2 s, the third at 1,100 ms and takes 1.1 s.
    assert_eq!(latencies(&run), [1_300, 1_600, 1_700]);
    assert_eq!(run.calls_ever, 2);
}

#[test]
fn what_all_prompts_begin_with_is_sent_once() {
    let run = batched(
        &["0s", "0s", "0s"],
        &json!({ "rule": { "calls_max": 3, "wait_max": "1s" }, "shared_input_tokens": 600, "accuracy_share": 0.9 }),
    );
    assert_eq!(tokens_paid(&run), 1_000 + 2 * 400);
    assert_eq!(run.quality, 3 * 720_000);
}

#[test]
fn a_call_alone_in_its_batch_is_answered_as_well_as_ever() {
    let run = batched(&["0s"], &json!({ "rule": { "wait_max": "500ms" }, "accuracy_share": 0.5 }));
    assert_eq!((latencies(&run), run.quality), (vec![1_600], 800_000));
}

#[test]
fn a_batch_that_would_hold_too_many_tokens_leaves_without_the_last() {
    let rule = json!({ "rule": { "calls_max": 5, "wait_max": "500ms", "tokens_max": 2500 } });
    let run = batched(&["0s", "0s", "100ms"], &rule);
    // Two leave at 100 ms as the third comes; the third waits half a second for others.
    assert_eq!(latencies(&run), [1_300, 1_300, 1_600]);
    assert_eq!(run.calls_ever, 2);
}

#[test]
fn when_the_call_of_a_batch_fails_all_its_members_fail_and_pay() {
    let mut broken = provider();
    broken["failure"] = json!({ "share": 1, "retryable": true });
    let policies =
        json!({ "batches": { "b": { "rule": { "calls_max": 2 } } }, "retries": { "twice": retry(2, "1s") } });
    let call = json!({ "batch": "b", "retry": "twice" });
    let run = calls_of(&["0s", "0s"], &json!({}), &broken, &call, &policies);
    assert_eq!((ended(&run, Cause::Error), run.calls_ever, run.retried), (2, 2, 1));
    assert_eq!((tokens_paid(&run), run.wasted_cost_ever), (4_000, run.token_cost));
}

#[test]
fn the_timeout_of_a_shared_call_begins_when_its_batch_leaves() {
    let policies = json!({ "batches": { "b": { "rule": { "calls_max": 2, "wait_max": "5s" } } } });
    let call = |timeout: &str| json!({ "batch": "b", "timeout": timeout });
    let times = ["0s", "3s"];
    let run = calls_of(&times, &json!({}), &provider(), &call("1300ms"), &policies);
    assert_eq!(latencies(&run), [1_200, 4_200]);
    let run = calls_of(&times, &json!({}), &provider(), &call("1100ms"), &policies);
    assert_eq!(ended(&run, Cause::Timeout), 2);
}

#[test]
fn a_batch_whose_client_has_left_is_paid_by_nobody_and_still_on_the_bill() {
    let policies = json!({ "batches": { "b": { "rule": { "calls_max": 2, "wait_max": "2s" } } } });
    let client = json!({ "timeout": "2500ms" });
    let run = calls_of(&["0s"], &client, &provider(), &json!({ "batch": "b" }), &policies);
    assert_eq!((ended(&run, Cause::ClientTimeout), run.orphans_ever), (1, 1));
    assert_eq!((tokens_paid(&run), run.wasted_cost_ever), (1_000, run.token_cost));
}

fn coalesced(times: &[&str], provider: &Value, rule: &Value) -> Run {
    let policies =
        json!({ "coalesce": { "same": { "keys": { "deterministic": { "value": 7 } }, "rule": rule } } });
    calls_of(times, &json!({}), provider, &json!({ "coalesce": "same" }), &policies)
}

#[test]
fn identical_calls_under_way_are_made_once() {
    let run = coalesced(&["0s", "400ms", "1100ms", "1200ms"], &provider(), &json!({}));
    // At 1.1 s the first has its answer, and so has who follows; the next to come makes another call.
    assert_eq!(latencies(&run), [700, 1_000, 1_100, 1_100]);
    assert_eq!((run.calls_ever, tokens_paid(&run)), (2, 2_000));
    assert_eq!(run.quality, 4 * 800_000);
}

#[test]
fn one_may_follow_and_the_next_makes_its_own_call() {
    let run = coalesced(&["0s", "100ms", "200ms"], &provider(), &json!({ "followers_max": 1 }));
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_000, 1_100, 1_100], 2));
}

#[test]
fn followers_fail_with_their_leader_or_make_the_call_again() {
    let mut broken = provider();
    broken["failure"] = json!({ "share": 1 });
    let times = ["0s", "100ms", "200ms"];
    let run = coalesced(&times, &broken, &json!({}));
    assert_eq!((ended(&run, Cause::Error), run.calls_ever), (3, 1));
    let run = coalesced(&times, &broken, &json!({ "on_failure": { "retry": { "times_max": 1 } } }));
    // The second makes the call again at 1.1 s; its failure is that of the third.
    assert_eq!((ended(&run, Cause::Error), run.calls_ever), (3, 2));
}

#[test]
fn a_failure_is_remembered_for_a_while() {
    let mut broken = provider();
    broken["failure"] = json!({ "share": 1 });
    let run = coalesced(&["0s", "2s", "4s"], &broken, &json!({ "failure_ttl": "2s" }));
    // It failed at 1.1 s: the second is told at once, the third calls again.
    assert_eq!((ended(&run, Cause::Error), run.calls_ever), (3, 2));
}

#[test]
fn who_leads_too_long_leads_no_more() {
    let run = coalesced(&["0s", "100ms"], &provider(), &json!({ "leader_timeout": "500ms" }));
    // The first goes on for itself; the second calls at 500 ms, is late at 1 s, and goes on for itself.
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_100, 1_500], 2));
}

#[test]
fn a_leader_that_leaves_hands_its_part_on() {
    let call = json!({ "llm": { "provider": "p", "coalesce": "same" } });
    let delay = json!({ "delay": { "time": fixed("500ms") } });
    let system = json!({
        "models": { "m": { "accuracy": 0.8 } },
        "providers": { "p": provider() },
        "routes": { "race": [{ "parallel": { "branches": [[call], [delay]], "join": "first" } }], "plain": [call] }
    });
    let client = |class: &str, at: &str| json!({ "mix": { class: 1 }, "load": arrivals(&[at]) });
    let workload = json!({
        "classes": { "hasty": { "route": "race" }, "steady": { "route": "plain" } },
        "clients": { "first": client("hasty", "0s"), "second": client("steady", "100ms") }
    });
    let policies = json!({ "coalesce": { "same": { "keys": { "deterministic": { "value": 7 } } } } });
    let run = story(&workload, &system, &policies);
    // The first has its delay and calls no more at 500 ms, where the second makes the call that it has waited for.
    assert_eq!((latencies(&run), run.calls_ever), (vec![500, 1_400], 2));
}

#[test]
fn a_copy_that_follows_its_own_call_is_cancelled_with_it() {
    let policies = json!({ "coalesce": { "same": { "keys": { "deterministic": { "value": 7 } } } } });
    let call = json!({ "coalesce": "same", "hedge": { "after": "300ms" } });
    let run = calls_of(&["0s"], &json!({}), &provider(), &call, &policies);
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_100], 1));
}

#[test]
fn who_leads_may_go_out_in_a_batch() {
    let policies = json!({
        "coalesce": { "same": { "keys": { "deterministic": { "value": 7 } } } },
        "batches": { "b": { "rule": { "calls_max": 2, "wait_max": "1s" }, "accuracy_share": 0.5 } }
    });
    let call = json!({ "coalesce": "same", "batch": "b" });
    let run = calls_of(&["0s", "200ms"], &json!({}), &provider(), &call, &policies);
    // The second follows the first, so the batch stays alone until a second has passed.
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_900, 2_100], 1));
    assert_eq!(run.quality, 2 * 800_000);
}
