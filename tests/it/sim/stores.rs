//! Layers of caches, semantic caches and kept prompts, each against a schedule worked out by hand.

use super::*;

/// Tasks of 1,000 prompt tokens that look into a cache and call a provider, for a second and a dollar a million, on a miss.
fn looks(times: &[&str], cache: &Value, system: &Value) -> Run {
    let workload = json!({
        "classes": { "task": { "input_tokens": 1000, "output_tokens": 100 } },
        "clients": { "all": { "load": arrivals(times) } }
    });
    let miss = json!([{ "llm": { "provider": "p" } }]);
    let mut whole = json!({
        "models": { "m": { "accuracy": 0.8 } },
        "providers": { "p": { "models": { "m": {
            "latency": fixed("1s"), "input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "0"
        } } } },
        "caches": { "c": cache },
        "routes": { "way": [{ "cache": { "cache": "c", "miss": miss } }] }
    });
    for (key, value) in system.as_object().unwrap() {
        whole[key] = value.clone();
    }
    story(&workload, &whole, &json!({}))
}

fn tokens_paid(run: &Run) -> u128 {
    run.token_cost / 1_000_000
}

fn layer(name: &str, scope: &str, ttl: &str, lookup: &str, store: &str) -> Value {
    json!({ "name": name, "scope": scope, "cache": { "ttl": ttl }, "lookup": lookup, "store": store })
}

fn always_seven() -> Value {
    json!({ "deterministic": { "value": 7 } })
}

#[test]
fn a_look_takes_the_time_of_every_layer_that_is_asked() {
    let layers =
        json!([layer("near", "shared", "1s", "10ms", "1ms"), layer("far", "shared", "1min", "100ms", "2ms")]);
    let cache = json!({ "layers": { "layers": layers }, "keys": always_seven() });
    let run = looks(&["0s", "2s", "5s", "5500ms"], &cache, &json!({}));
    // A miss of both and a write to both; near; far, as the near one has forgotten; near again, as the hit was copied.
    assert_eq!(latencies(&run), [10, 10, 110, 1_113]);
    assert_eq!((run.caches[0], spent(&run, Part::CacheLookup)), ((4, 3), 10 + 10 + 110 + 113));
}

#[test]
fn asking_for_an_entry_first_makes_it_young_if_the_cache_says_so() {
    let hits = |ask_first: bool, young: bool| {
        let cache = json!({ "store": { "ttl": "3s", "update_age_on_has": young }, "keys": always_seven() });
        let look = json!({ "cache": { "cache": "c", "ask_first": ask_first, "miss": [{ "llm": { "provider": "p" } }] } });
        let system = json!({ "routes": { "way": [look] } });
        looks(&["0s", "3s", "5s"], &cache, &system).caches[0].1
    };
    // Stored at 1 s; asked for at 3 s, it is fresh until 6 s, if that counts, and not until 4 s.
    assert_eq!([(false, true), (true, false), (true, true)].map(|(ask, young)| hits(ask, young)), [1, 1, 2]);
}

#[test]
fn the_layer_of_an_agent_is_its_own_and_lost_with_it() {
    let cache = json!({ "layers": { "layers": [layer("own", "agent", "1h", "10ms", "0s")] }, "keys": always_seven() });
    let step = json!({ "cache": { "cache": "c", "miss": [{ "llm": { "provider": "p" } }] } });
    let system = json!({
        "pools": { "agents": { "groups": { "g": { "agents": 2 } } } },
        "routes": { "way": [{ "agent": { "pool": "agents", "steps": [step] } }] }
    });
    let run = looks(&["0s", "0s", "5s", "5s"], &cache, &system);
    assert_eq!((latencies(&run), run.caches[0]), (vec![10, 10, 1_010, 1_010], (4, 2)));
}

fn semantic(rule: &Value) -> Value {
    json!({ "semantic": { "rule": rule, "questions_per_topic": 10, "similarity": fixed_share(0.9) }, "keys": uniform_keys() })
}

fn fixed_share(share: f64) -> Value {
    json!({ "deterministic": { "value": share } })
}

/// Ten questions of one topic.
fn uniform_keys() -> Value {
    json!({ "uniform": { "low": 0, "high": 10 } })
}

#[test]
fn a_similar_question_is_answered_after_its_embedding_has_been_paid() {
    let rule = json!({
        "similarity_min": 0.85, "exact_lookup": "1ms", "embedding": "20ms", "search": "5ms",
        "embedding_usd_per_million_tokens": "0.1", "wrong_hit_share": 0
    });
    let run = looks(&["0s", "10s", "20s"], &semantic(&rule), &json!({}));
    let exact = run.latency.counted().iter().filter(|(nanos, _)| *nanos == 1_000_000).count() as u128;
    assert_eq!(run.caches[0], (3, 2));
    assert_eq!(latencies(&run)[2], 1_026);
    // The first call, and a tenth for each embedding of 1,000 tokens.
    assert_eq!(tokens_paid(&run), 1_000 + (3 - exact) * 100);
    assert_eq!(run.quality, 3 * 800_000);
}

#[test]
fn a_question_that_is_not_similar_enough_is_asked() {
    let rule = json!({ "similarity_min": 0.95, "exact_lookup": "1ms", "embedding": "20ms", "search": "5ms" });
    let cache = json!({
        "semantic": { "rule": rule, "questions_per_topic": 10, "similarity": fixed_share(0.9) },
        "keys": { "uniform": { "low": 0, "high": 1_000_000_000_u64 } }
    });
    let run = looks(&["0s", "10s"], &cache, &json!({}));
    assert_eq!((latencies(&run), run.caches[0]), (vec![1_026, 1_026], (2, 0)));
}

#[test]
fn wrong_and_outdated_answers_are_not_right() {
    let rule = json!({ "similarity_min": 0.9, "wrong_hit_share": 1, "outdated_after_mean": "1ns" });
    let run = looks(&["0s", "10s", "20s"], &semantic(&rule), &json!({}));
    assert_eq!((run.caches[0], run.quality), ((3, 2), 800_000));
}

/// Calls of 1,000 prompt tokens, 800 of which are the same each time: 1 ms and a dollar a million for each, a tenth of
/// both for those that are kept.
fn prompts(times: &[&str], prompt: &Value) -> Run {
    let workload = json!({
        "classes": { "task": { "input_tokens": 1000, "output_tokens": 100 } },
        "clients": { "all": { "load": arrivals(times) } }
    });
    let offer = json!({
        "latency": fixed("1s"), "per_input_token": "1ms", "per_cached_input_token": "100us",
        "input_usd_per_million_tokens": "1", "cached_input_usd_per_million_tokens": "0.1", "output_usd_per_million_tokens": "0"
    });
    let system = json!({
        "models": { "m": { "accuracy": 0.8 } },
        "providers": { "p": { "models": { "m": offer } } },
        "routes": { "way": [{ "llm": { "provider": "p", "prompt_cache": prompt } }] }
    });
    story(&workload, &system, &json!({}))
}

#[test]
fn a_kept_prompt_costs_less_and_is_read_faster() {
    let run = prompts(&["0s", "0s", "10s", "30s"], &json!({ "input_share": 0.8, "ttl": "11s" }));
    // The third finds what the first two left at 2 s; it renews it until 22.28 s, so that the last finds nothing.
    assert_eq!(latencies(&run), [1_280, 2_000, 2_000, 2_000]);
    assert_eq!(tokens_paid(&run), 3 * 1_000 + 200 + 80);
}

#[test]
fn a_prompt_without_a_time_is_kept_from_the_start() {
    let run = prompts(&["0s"], &json!({ "input_share": 1 }));
    assert_eq!((latencies(&run), tokens_paid(&run)), (vec![1_100], 100));
}
