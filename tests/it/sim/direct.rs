//! Calls that ask nothing are shortened; what they leave is what any other call would.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// A station, its bound that is never met (which makes its calls like any other) or none.
fn station(servers: u32, queue: &Value, bounded: bool) -> Value {
    let mut station =
        json!({ "servers": servers, "service": { "exponential": { "mean": "1s" } }, "queue": queue });
    if bounded {
        station["capacity"] = json!(1_000_000);
    }
    station
}

/// All that is recorded of two stations in a row.
fn recorded(servers: u32, queue: &Value, rate: f64, deadline_ms: u32, bounded: bool) -> Vec<u8> {
    let deadline = format!("{deadline_ms}ms");
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": {
            "classes": {
                "urgent": { "priority": "critical", "deadline": deadline },
                "usual": { "priority": "normal" }
            },
            "clients": {
                "all": { "load": { "open": { "poisson": { "rate_per_s": rate } } }, "mix": { "urgent": 0.3, "usual": 0.7 } }
            }
        },
        "system": {
            "stations": { "desk": station(servers, queue, bounded), "till": station(2, &json!({}), bounded) },
            "routes": { "way": [visit("desk"), visit("till"), visit("desk")] }
        },
        "measure": { "duration": "200s", "mode": "terminating", "warmup": "0s", "seed": 1, "windows": 10 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::from_secs(20)).encode()
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_direct_call_leaves_what_any_other_would(
        servers in 1_u32..5,
        rate in 0.2..3.0_f64,
        deadline_ms in 100_u32..5_000,
        order in prop::sample::select(vec!["fifo", "lifo", "random"]),
        max_depth in prop::option::of(0_u32..6),
        drop_expired in any::<bool>(),
        overflow in prop::sample::select(vec!["reject", "displace_lowest", "critical_jumps"]),
    ) {
        let mut queue = json!({ "order": order, "drop_expired": drop_expired, "overflow": overflow });
        if let Some(depth) = max_depth {
            queue["max_depth"] = json!(depth);
        }
        prop_assert_eq!(
            recorded(servers, &queue, rate, deadline_ms, false),
            recorded(servers, &queue, rate, deadline_ms, true)
        );
    }
}
