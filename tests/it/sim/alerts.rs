//! Alerts: when they look, what they see, what they do.

use super::*;

/// One agent of 10 s a task; tasks come at these times; an alert looks every 5 s.
fn alerted(times: &[&str], rule: &Value, acts: bool) -> Run {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } },
        "system": {
            "pools": { "p": { "groups": { "g": { "agents": 1, "cold_start": "1s" } } } },
            "routes": { "way": [{ "agent": { "pool": "p", "steps": [{ "delay": { "time": fixed("10s") } }] } }] }
        },
        "policies": { "alerts": { "a": { "interval": "5s", "acts": acts, "rule": rule } } },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

fn queue_above(depth: u32, actions: &[&str]) -> Value {
    json!({ "metric": "queue_depth", "comparison": "above", "threshold": { "value": depth }, "actions": actions })
}

#[test]
fn an_alert_fires_at_the_first_look_that_sees_it_and_ends_at_the_first_that_does_not() {
    // Two wait from 1 s on; one until 10 s, one until 20 s.
    let run = alerted(&["0s", "1s", "1s"], &queue_above(0, &["page"]), false);
    let acts = run.alerts[0];
    assert_eq!((acts.fired, acts.first_at, acts.firing), (1, 5 * SECOND, 15 * SECOND));
    assert_eq!(latencies(&run), [10_000, 19_000, 29_000]);
}

#[test]
fn an_alert_that_acts_adds_agents() {
    // Two more agents, ready at 6 s.
    let run = alerted(&["0s", "1s", "1s"], &queue_above(1, &["emergency_scale_up"]), true);
    assert_eq!(latencies(&run), [10_000, 15_000, 15_000]);
}

#[test]
fn an_alert_that_does_not_act_changes_nothing() {
    let run = alerted(&["0s", "1s", "1s"], &queue_above(1, &["emergency_scale_up"]), false);
    assert_eq!((latencies(&run), run.alerts[0].fired), (vec![10_000, 19_000, 29_000], 1));
}

#[test]
fn the_gateway_refuses_while_an_alert_says_so() {
    // The queue holds one from 1 s to 10 s: refused at 7 s, taken again at 12 s.
    let run = alerted(&["0s", "1s", "7s", "12s"], &queue_above(0, &["reject_new"]), true);
    assert_eq!((latencies(&run), ended(&run, Cause::Unavailable)), (vec![10_000, 18_000, 19_000], 1));
}

#[test]
fn an_alert_sees_shares_of_what_came_since_its_last_look() {
    let rule = json!({ "metric": "throughput_per_s", "comparison": "above", "threshold": { "value": 0.15 } });
    // One ends at 10 s, counted by the look at 10 s; none before or after.
    let run = alerted(&["0s"], &rule, false);
    let acts = run.alerts[0];
    assert_eq!((acts.fired, acts.first_at, acts.firing), (1, 10 * SECOND, 5 * SECOND));
}
