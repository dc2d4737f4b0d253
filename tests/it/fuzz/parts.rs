//! Pools, nodes and clients of random experiments.

use super::{Dice, queue, retry};
use serde_json::{Value, json};

pub(super) fn pool(dice: &mut Dice) -> Value {
    let group = |dice: &mut Dice, roles: Value| {
        json!({
            "agents": dice.between(1, 3), "model": dice.pick(&["haiku", "sonnet"]), "roles": roles, "tasks_per_agent": dice.between(1, 3),
            "cold_start": dice.millis(0, 900), "warm_start": dice.millis(0, 90)
        })
    };
    let groups = if dice.once_in(2) {
        json!({ "one": group(dice, json!([])) })
    } else {
        json!({ "one": group(dice, json!(["writer"])), "two": group(dice, json!(["reader"])), "any": group(dice, json!([])) })
    };
    let recovery = json!({
        "heartbeat": { "interval": dice.millis(100, 2_000), "misses": dice.between(1, 3) }, "restore": dice.law(900),
        "times_max": dice.between(1, 4)
    });
    let mut pool = json!({ "recovery": recovery, "groups": groups, "queue": queue(dice), "warm_pool": dice.below(3), "ready_at_start": !dice.once_in(4) });
    dice.maybe(3, &mut pool, "balance", |dice| {
        json!(dice.pick(&["round_robin", "least_loaded", "two_choices"]))
    });
    dice.maybe(3, &mut pool, "admission", |_| json!({ "reject_above_utilisation": 0.8 }));
    dice.maybe(3, &mut pool, "lazy_spawn_above", |dice| json!(dice.between(1, 5)));
    dice.maybe(4, &mut pool, "idle_ttl", |dice| json!(dice.millis(500, 5_000)));
    dice.maybe(4, &mut pool, "lifespan", |dice| json!(dice.millis(500, 9_000)));
    dice.maybe(3, &mut pool, "dispatch", |dice| {
        json!({ "polling": {
            "workers": dice.between(1, 4), "interval": "100ms", "backoff_base": dice.millis(10, 500), "attempts": dice.between(1, 3),
            "hold_worker_in_backoff": dice.once_in(2), "counter_leaks": dice.once_in(2), "dies_when_refused": dice.once_in(4)
        } })
    });
    dice.maybe(2, &mut pool, "nodes", |dice| {
        if dice.once_in(2) { json!("nodes") } else { json!(["more", "nodes"]) }
    });
    dice.maybe(4, &mut pool, "replace_on_use", |_| json!(true));
    dice.maybe(
        3,
        &mut pool,
        "health_check",
        |dice| json!({ "interval": dice.millis(100, 3_000), "restart": dice.once_in(2) }),
    );
    if dice.once_in(3) {
        pool["warm_pool"] = json!(0);
        pool["warm_plan"] = json!({ "groups": [{ "group": "one", "containers": dice.below(4) }], "at_once": dice.between(1, 2) });
        dice.maybe(2, &mut pool["warm_plan"]["groups"][0], "daily", |dice| {
            json!({ "windows": [{ "from": dice.millis(1, 20_000), "until": "1h", "agents": dice.below(6) }] })
        });
    }
    pool
}

/// Nodes that fill, collect and die.
pub(super) fn nodes(dice: &mut Dice) -> Value {
    let pause = |dice: &mut Dice| json!({ "time": dice.law(300), "by_tasks": [[1, "10ms"], [4, "200ms"]] });
    let mut nodes = json!({
        "count": dice.between(1, 3),
        "memory": {
            "heap_limit_mb": dice.between(30, 120), "base_mb": dice.below(25), "per_task_mb": dice.below(12),
            "per_agent_mb": dice.below(4), "per_queued_task_mb": dice.below(2), "leak_per_task_mb": dice.share() / 2.0, "caches": if dice.once_in(2) { json!(["cache"]) } else { json!([]) }
        },
        "garbage": { "per_task_mb": dice.below(20), "per_call_mb": dice.below(20) }
    });
    dice.maybe(2, &mut nodes, "event_loop", |dice| {
        json!({ "per_task": dice.law(200), "per_call": dice.law(200), "cores": 0.5 + dice.share() / 2.0 })
    });
    dice.maybe(2, &mut nodes, "minor", |dice| {
        json!({ "every_mb": dice.between(5, 40), "promoted_share": dice.share(), "pause": pause(dice) })
    });
    dice.maybe(
        2,
        &mut nodes,
        "major",
        |dice| json!({ "growth_factor": 1.1 + dice.share(), "pause": pause(dice) }),
    );
    dice.maybe(2, &mut nodes, "manual", |dice| {
        json!({ "at_heap_share": dice.share(), "every": dice.millis(100, 3_000), "pause": pause(dice) })
    });
    dice.maybe(2, &mut nodes, "weight", |dice| json!(dice.between(1, 4)));
    dice.maybe(2, &mut nodes, "files", |dice| {
        json!({
            "lines_per_task": dice.below(4), "buffer_lines": dice.between(1, 5), "write": dice.law(200), "blocking": dice.once_in(2),
            "rotation": { "every_lines": dice.between(1, 9), "time": dice.law(300) },
            "snapshot": { "every_tasks": dice.between(1, 9), "time": dice.law(300) },
            "read": { "snapshot": dice.law(300), "per_line": dice.millis(0, 20) }
        })
    });
    dice.maybe(2, &mut nodes, "restart", |dice| dice.law(2_000));
    dice.maybe(
        2,
        &mut nodes,
        "responses",
        |dice| json!({ "streamed": { "memory_share": dice.share(), "latency_share": dice.share() } }),
    );
    dice.maybe(3, &mut nodes, "liveness", |dice| {
        json!({ "interval": dice.millis(200, 2_000), "timeout": dice.millis(50, 500), "misses": dice.between(1, 3), "initial_delay": dice.millis(0, 2_000) })
    });
    nodes
}

pub(super) fn client(dice: &mut Dice) -> Value {
    let load = match dice.below(6) {
        // A user always thinks: who is refused at once would otherwise submit without end at one instant.
        0 => {
            json!({ "closed": { "users": dice.between(1, 9), "think_time": json!({ "deterministic": { "value": dice.millis(100, 900) } }) } })
        }
        1 => {
            json!({ "open": { "renewal": { "interval": { "uniform": { "low": "100ms", "high": "800ms" } } } } })
        }
        2 => json!({ "open": { "mmpp": { "states": [
            { "rate_per_s": dice.between(1, 9), "mean_stay": "2s" }, { "rate_per_s": dice.below(2), "mean_stay": "1s" }
        ] } } }),
        3 => {
            json!({ "open": { "batches": { "interval": { "deterministic": { "value": "700ms" } }, "size": { "uniform": { "low": 1, "high": 5 } } } } })
        }
        4 => json!({ "open": { "scheduled": { "times": ["0s", "0s", "1s", "1s", "1s", "5s", "20s"] } } }),
        _ => json!({ "open": { "poisson": { "rate_per_s": dice.between(1, 8) } } }),
    };
    let mut client = json!({ "load": load, "mix": { "low": 1, "normal": 2, "top": 1 }, "regions": { "east": 2, "west": 1 }, "pinned": dice.once_in(2) });
    if client["load"].get("open").is_some() {
        dice.maybe(
            2,
            &mut client,
            "users",
            |dice| json!({ "zipf": { "exponent": dice.share(), "items": 9 } }),
        );
    }
    dice.maybe(2, &mut client, "timeout", |dice| json!(dice.millis(100, 4_000)));
    if dice.once_in(2) {
        client["retry"] = retry(dice);
        client["retry_on"] = json!(
            ["refused", "failed", "timed_out"][..usize::try_from(dice.between(1, 3)).expect("one to three")]
        );
    }
    client
}

/// Connections to a station.
pub(super) fn sockets(dice: &mut Dice) -> Value {
    let mut sockets = json!({ "max": dice.between(1, 4), "streams": dice.between(1, 3) });
    dice.maybe(2, &mut sockets, "handshake", |dice| dice.law(300));
    if dice.once_in(4) {
        sockets["keep_alive"] = json!(false);
    } else {
        dice.maybe(2, &mut sockets, "max_free", |dice| json!(dice.below(3)));
        dice.maybe(2, &mut sockets, "idle_timeout", |dice| json!(dice.millis(10, 3_000)));
    }
    sockets
}
