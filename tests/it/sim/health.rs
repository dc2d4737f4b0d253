//! Degradation by the health of components, and alerts that degrade or reduce concurrency, against schedules worked out by
//! hand.

use super::*;

/// A model that takes so long and costs a dollar a million prompt tokens.
fn offer(span: &str) -> Value {
    json!({ "latency": fixed(span), "input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "0" })
}

/// Two providers, memory, tools and a store; the primary takes 1 s and the backup 2 s, or 1.5 s of the small model.
fn service() -> Value {
    json!({
        "models": { "large": { "accuracy": 0.9 }, "small": { "accuracy": 0.6 } },
        "providers": {
            "primary": { "models": { "large": offer("1s") } },
            "backup": { "models": { "large": offer("2s"), "small": offer("1500ms") } }
        },
        "stations": { "store": { "servers": "infinite" }, "memory": { "servers": "infinite", "service": "100ms" } },
        "routes": { "way": [
            { "feature": { "name": "recall", "steps": [visit("memory")] } },
            { "llm": { "provider": "primary", "model": { "fixed": { "model": "large" } },
                "fallback": [{ "provider": "backup", "model": { "fixed": { "model": "large" } } }] } }
        ] }
    })
}

/// The service with an outage from 10 s to 40 s, checked every 5 s as printed in document 004.
fn watched(times: &[&str], out: &str) -> Run {
    let levels = json!({
        "interval": "5s",
        "rule": { "down_below_share": 1, "up_from_share": 1, "several": "first_of_list", "dwell": "0s" },
        "components": {
            "primary_model": "primary", "backup_model": "backup", "memory_service": "memory", "checkpoint_store": "store"
        },
        "model": "small", "memory_features": ["recall"]
    });
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } },
        "system": service(),
        "policies": { "levels": levels },
        "faults": [{ "at": "10s", "lasts": "30s", "effect": { "outage": { "station": out } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

#[test]
fn without_the_primary_model_calls_go_to_the_backup_and_ask_for_the_small_model() {
    let run = watched(&["0s", "12s", "41s"], "primary");
    // The memory is asked three times, the primary twice, and not while it is known to be down.
    assert_eq!((latencies(&run), run.calls_ever), (vec![1_100, 1_100, 1_600], 6));
    assert_eq!(run.quality, 900_000 + 600_000 + 900_000);
    let acts = run.levels.unwrap();
    assert_eq!((acts.spent[1], acts.changes), (30 * SECOND, 2));
}

#[test]
fn without_memory_the_steps_that_need_it_are_left_out() {
    let run = watched(&["0s", "12s"], "memory");
    assert_eq!((latencies(&run), run.levels.unwrap().spent[2]), (vec![1_000, 1_100], 30 * SECOND));
}

#[test]
fn without_its_store_the_service_takes_nothing_new() {
    let run = watched(&["0s", "12s", "41s"], "store");
    assert_eq!((latencies(&run), ended(&run, Cause::Degraded)), (vec![1_100, 1_100], 1));
    assert_eq!(run.levels.unwrap().spent[4], 30 * SECOND);
}

/// Calls of a provider, ten seconds each, and an alert that fires at 5 s and for good, since nothing ends before.
fn alerted(times: &[&str], action: &str, policies: &Value) -> Run {
    let rule = json!({
        "metric": "throughput_per_s", "comparison": "below", "threshold": { "value": 100 }, "actions": [action]
    });
    let mut whole = json!({ "alerts": { "slow": { "interval": "5s", "acts": true, "rule": rule } } });
    for (key, value) in policies.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let workload = json!({ "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } });
    let system = json!({
        "models": { "large": { "accuracy": 0.9 }, "small": { "accuracy": 0.6 } },
        "providers": { "p": { "models": { "large": offer("10s"), "small": offer("1s") } } },
        "pools": { "agents": { "groups": { "g": { "agents": 10, "model": "large" } } } },
        "routes": { "way": [{ "agent": { "pool": "agents", "steps": [{ "llm": { "provider": "p" } }] } }] }
    });
    story(&workload, &system, &whole)
}

#[test]
fn an_alert_has_providers_serve_half_as_many_at_once() {
    let run = alerted(&["0s", "0s", "0s", "0s", "6s", "6s", "6s"], "reduce_concurrency", &json!({}));
    // Four are there at 5 s, so that two may be from then on: two of the new ones go at 10 s, the third at 20 s.
    assert_eq!(latencies(&run), [10_000, 10_000, 10_000, 10_000, 14_000, 14_000, 24_000]);
    assert_eq!(spent(&run, Part::SlotWait), 4_000 + 4_000 + 14_000);
}

#[test]
fn an_alert_orders_the_mode_of_high_load() {
    let never = json!({ "queue_share": 1, "memory_share": 1, "success_share": 0 });
    let degrade = json!({
        "interval": "1s", "pool": "agents",
        "rule": { "three_mode": {
            "modes": { "optimal": {}, "high_load": { "model": "small" }, "critical": {} },
            "enter_high_load": never, "enter_critical": never
        } }
    });
    let run = alerted(&["0s", "6s"], "degrade", &json!({ "degrade": degrade }));
    assert_eq!((latencies(&run), run.quality), (vec![1_000, 10_000], 1_500_000));
    let (spent, changes, _) = run.modes.unwrap();
    assert_eq!((spent[0], changes), (5 * SECOND, 1));
}

/// A turn that is kept, and one while the store is out, which is looked up among what is kept for so long.
fn looked_up_in_history(kept: &str) -> Run {
    let history =
        json!({ "store": { "ttl": kept, "max_entries": 9 }, "keys": { "deterministic": { "value": 7 } } });
    let call = json!({ "llm": { "provider": "primary", "model": { "fixed": { "model": "large" } } } });
    let mut system = service();
    system["caches"] = json!({ "history": history });
    system["routes"] = json!({
        "way": [
            { "feature": { "name": "history", "steps": [{ "go": "maintenance" }] } },
            call, visit("store"), { "write": { "cache": "history", "copy": "replaced" } }
        ],
        "maintenance": [{ "cache": { "cache": "history", "miss": [call] } }]
    });
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": {
            "classes": { "task": { "route": "way" } }, "clients": { "all": { "load": arrivals(&["0s", "20s"]) } }
        },
        "system": system,
        "policies": { "levels": {
            "interval": "5s", "components": { "checkpoint_store": "store" }, "history_features": ["history"]
        } },
        "faults": [{ "at": "10s", "lasts": "30s", "effect": { "outage": { "station": "store" } } }],
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1, "impact": true }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

#[test]
fn maintenance_serves_what_is_in_the_history_and_refuses_the_rest() {
    let served = looked_up_in_history("1h");
    assert_eq!(latencies(&served), [0, 1_000]);
    // The one out of the history is degraded, and the other is not for going without it.
    assert_eq!(served.recovery.unwrap().impact.degraded, 1);
    let refused = looked_up_in_history("1ms");
    assert_eq!((latencies(&refused), ended(&refused, Cause::Degraded)), (vec![1_000], 1));
}
