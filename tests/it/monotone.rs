//! More of a thing never hurts, with the same random numbers on both sides: properties of whole runs over random systems.
//!
//! Each holds path by path, not only on average, and for the systems that are drawn here only: one line in order of
//! arrival, refusals that are not tried again, starts that are shorter when warm. Where queues feed controllers, more of a
//! thing can hurt, and no such property is claimed.

use crate::sim::plan;
use proptest::prelude::*;
use serde_json::{Value, json};
use tars_policy::units::Span;
use tars_sim::sim::{Part, Run, replicate};

fn run_of(system: &Value, arrivals: &Value, replication: u64) -> Run {
    let plan = plan(&json!({
        "name": "monotone",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": { "open": arrivals } } } },
        "system": system,
        "measure": { "duration": "60s", "mode": "terminating", "warmup": "0s", "drain": "24h", "seed": 7 }
    }));
    replicate(&plan, replication, Span::ZERO)
}

/// Arrivals one by one, in bunches, or by a rate that rises and falls.
fn arrivals() -> impl Strategy<Value = Value> {
    let renewal = (1_u32..40, 0.2_f64..4.0).prop_map(|(rate, cv)| {
        let mean = format!("{}ms", 1_000 / rate);
        json!({ "renewal": { "interval": { "lognormal": { "mean": mean, "cv": cv } } } })
    });
    let bunches = (100_u32..3_000, 1_u32..20).prop_map(|(interval, size)| {
        json!({ "batches": { "interval": { "exponential": { "mean": format!("{interval}ms") } },
                             "size": { "uniform": { "low": 1, "high": size + 1 } } } })
    });
    let waves = (1_u32..30, 1_u32..30).prop_map(|(calm, busy)| {
        json!({ "piecewise": { "points": [
            { "at": "0s", "rate_per_s": calm }, { "at": "20s", "rate_per_s": busy }, { "at": "40s", "rate_per_s": calm }
        ] } })
    });
    prop_oneof![renewal, bunches, waves]
}

/// A law of spans with a mean of up to a second.
fn service() -> impl Strategy<Value = Value> {
    (1_u32..1_000, 0_u32..4).prop_map(|(mean, kind)| {
        let mean = format!("{mean}ms");
        match kind {
            0 => json!({ "deterministic": { "value": mean } }),
            1 => json!({ "exponential": { "mean": mean } }),
            2 => json!({ "uniform": { "low": "0s", "high": mean } }),
            _ => json!({ "lognormal": { "mean": mean, "cv": 2 } }),
        }
    })
}

/// A pool whose agents hold tasks for a random time.
fn pool(agents: u32, keys: &Value, service: &Value) -> Value {
    let mut pool = json!({
        "groups": { "g": { "agents": agents, "cold_start": "4s", "warm_start": "250ms" } },
        "queue": { "max_depth": null, "max_depth_by_priority": { "normal": null } }
    });
    for (key, value) in keys.as_object().expect("keys stand in an object") {
        pool[key] = value.clone();
    }
    let steps = json!([{ "agent": { "pool": "p", "steps": [{ "delay": { "time": service } }] } }]);
    json!({ "pools": { "p": pool }, "routes": { "task": steps } })
}

/// What all tasks together waited: the sum over the pool's samples, and how many those were.
fn waited(run: &Run) -> (u128, u64) {
    (run.pools[0].wait.sum(), run.pools[0].wait.len())
}

fn spent(run: &Run, part: Part) -> u128 {
    run.ledgers.iter().map(|(_, _, spent)| u128::from(spent[part as usize])).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_agents_never_lengthen_the_mean_wait(
        arrivals in arrivals(), service in service(), agents in 1_u32..12, more in 1_u32..6, replication in 0_u64..1_000,
    ) {
        let of = |agents| waited(&run_of(&pool(agents, &json!({}), &service), &arrivals, replication));
        let ((few, tasks), (many, same)) = (of(agents), of(agents + more));
        prop_assert_eq!(tasks, same, "both serve everybody in the end");
        prop_assert!(many <= few, "{many} ns with {more} more than {agents}, {few} ns before");
    }

    #[test]
    fn a_larger_bucket_never_refuses_more(
        arrivals in arrivals(), rate in 1_u32..30, burst in 1_u32..40, more in 1_u32..40, full in any::<bool>(),
        replication in 0_u64..1_000,
    ) {
        let of = |burst: u32| {
            let bucket = json!({ "counts": "requests", "algorithm": { "token_bucket": {
                "rate": { "per_second": rate }, "burst": burst, "initial_level": if full { 1.0 } else { 0.0 } } } });
            let gate = json!({ "servers": "infinite", "limiter": { "buckets": [bucket] }, "on_limit": "reject" });
            let system = json!({ "stations": { "gate": gate }, "routes": { "task": [{ "visit": { "station": "gate" } }] } });
            run_of(&system, &arrivals, replication).limited_ever
        };
        let (small, large) = (of(burst), of(burst + more));
        prop_assert!(large <= small, "{large} refusals with a burst of {}, {small} with {burst}", burst + more);
    }

    #[test]
    fn a_larger_warm_pool_never_lengthens_the_wait_for_agents(
        arrivals in arrivals(), service in service(), agents in 1_u32..12, warm in 0_u32..8, more in 1_u32..6,
        replication in 0_u64..1_000,
    ) {
        let of = |warm: u32| {
            let keys = json!({ "ready_at_start": false, "warm_pool": warm });
            let run = run_of(&pool(agents, &keys, &service), &arrivals, replication);
            (waited(&run), spent(&run, Part::Spawn))
        };
        let (((few, tasks), few_starts), ((many, same), many_starts)) = (of(warm), of(warm + more));
        prop_assert_eq!(tasks, same);
        prop_assert!(many <= few, "{many} ns with {more} more than {warm} containers, {few} ns before");
        prop_assert!(many_starts <= few_starts, "starts: {many_starts} ns, {few_starts} ns before");
    }
}

#[test]
fn these_systems_do_wait_refuse_and_start() {
    let bunches = json!({ "batches": { "interval": { "deterministic": { "value": "1s" } }, "size": { "deterministic": { "value": 12 } } } });
    let service = json!({ "exponential": { "mean": "200ms" } });
    let waits = |agents| waited(&run_of(&pool(agents, &json!({}), &service), &bunches, 1)).0;
    assert!(waits(3) > 2 * waits(6) && waits(6) > 0);
    let starts = |warm: u32| {
        let keys = json!({ "ready_at_start": false, "warm_pool": warm });
        spent(&run_of(&pool(6, &keys, &service), &bunches, 1), Part::Spawn)
    };
    assert!(starts(0) > 2 * starts(3) && starts(3) > 0, "{} {}", starts(0), starts(3));
}
