//! Simulated availability against the formulas of renewal theory.
//!
//! A component that is well for a mean of U and down for a mean of D is available U / (U + D) of the time (alternating
//! renewal process; e.g. Trivedi, Probability and Statistics, chapter 6).

use crate::sim::plan;
use serde_json::{Value, json};
use tars_policy::units::Span;
use tars_sim::analysis::metrics::estimate;
use tars_sim::sim::{Plan, Run, replicate};
use tars_sim::stats::Estimate;

/// Availability of 30 days between failures and 30 minutes of repair: 99.931 %.
const SINGLE: f64 = 720.0 / 720.5;

fn exponential(mean: &str) -> Value {
    json!({ "exponential": { "mean": mean } })
}

fn outage(name: &str) -> Value {
    json!({ "at": "0s", "mtbf": exponential("30d"), "mttr": exponential("30min"), "effect": { "outage": { "station": name } } })
}

/// So many days, twenty times.
fn observed(days: u32, stations: &Value, policies: &Value, faults: &Value) -> (Plan, Vec<Run>) {
    let names: Vec<&String> = stations.as_object().unwrap().keys().collect();
    let plan = plan(&json!({
        "name": "availability",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": { "open": { "scheduled": { "times": ["0s"] } } } } } },
        "system": { "stations": stations, "routes": { "way": [{ "visit": { "station": names[0] } }] } },
        "policies": policies,
        "faults": faults,
        "measure": { "duration": format!("{days}d"), "mode": "terminating", "warmup": "0s", "drain": "1s", "seed": 4, "impact": true }
    }));
    let runs = (0..20).map(|number| replicate(&plan, number, Span::ZERO)).collect();
    (plan, runs)
}

fn of((plan, runs): &(Plan, Vec<Run>), metric: &str) -> Estimate {
    estimate(&plan.model, metric, runs, None).unwrap()
}

#[track_caller]
fn holds(found: &Estimate, exact: f64) {
    let (low, high) = (found.low.unwrap(), found.high.unwrap());
    assert!(low <= exact && exact <= high, "{exact} is not within {low} and {high}");
    // An interval that tells nothing holds everything.
    assert!(high - low < 0.2 * (1.0 - exact), "{low} to {high} is too wide for {exact}");
}

#[test]
fn thirty_days_and_thirty_minutes_are_three_nines() {
    let seen = observed(7_300, &json!({ "s": { "servers": "infinite" } }), &json!({}), &json!([outage("s")]));
    holds(&of(&seen, "station/s/available_share"), SINGLE);
    assert!((SINGLE - 0.999_31).abs() < 5e-6);
}

#[test]
fn two_of_three_are_available_as_the_formula_says() {
    // Failures every three days and repairs of three hours, so that two at once are seen often.
    let breakdown =
        json!({ "up": exponential("3d"), "down": exponential("3h"), "of": "each_server", "needs": 2 });
    let seen =
        observed(2_000, &json!({ "s": { "servers": 3, "breakdown": breakdown } }), &json!({}), &json!([]));
    let a = 72.0 / 75.0;
    holds(&of(&seen, "station/s/available_share"), 3.0 * a * a * (1.0 - a) + a * a * a);
}

#[test]
fn a_hot_standby_is_missed_when_both_are_down_and_while_it_takes_over() {
    // Failures of the active member every three days on average cost, each, whichever ends first: the repair, of three
    // hours on average, or the switch: on average half a probe of 2 min, two more, and no promotion, 5 min. In addition both
    // may be down; the time in which the switch finds nobody is of the second order.
    let stations = json!({ "a": { "servers": "infinite" }, "b": { "servers": "infinite" } });
    let fault = |name: &str| json!({ "at": "0s", "mtbf": exponential("3d"), "mttr": exponential("3h"), "effect": { "outage": { "station": name } } });
    let policies = json!({ "failovers": { "pair": { "members": ["a", "b"], "probe": { "interval": "2min", "misses": 3 } } } });
    let seen = observed(700, &stations, &policies, &json!([fault("a"), fault("b")]));
    let (up, down) = (72.0, 3.0);
    // The mean of the smaller of an exponential repair and a switch that is uniform from 4 to 6 minutes.
    let integral = |x: f64| down * (x + down * libm::exp(-x / down));
    let (first, last) = (4.0 / 60.0, 6.0 / 60.0);
    let smaller = (integral(last) - integral(first)) / (last - first);
    let switching = smaller / (up + smaller);
    let both = (down / (up + down)) * (down / (up + down));
    let expected = 1.0 - switching - both;
    let found = of(&seen, "failover/pair/available_share");
    let exact = found.value;
    assert!((exact - expected).abs() < 0.1 * (1.0 - expected), "{exact} is not {expected}");
    let alone = of(&seen, "station/a/available_share");
    holds(&alone, up / (up + down));
    assert!(found.value > alone.high.unwrap(), "a standby is better than none");
}

#[test]
fn failures_of_one_cause_are_not_outlived_by_a_standby() {
    let stations = json!({ "a": { "servers": "infinite" }, "b": { "servers": "infinite" } });
    let mut together = outage("a");
    (together["mtbf"], together["mttr"]) = (exponential("3d"), exponential("3h"));
    together["also"] = json!([{ "outage": { "station": "b" } }]);
    let policies = json!({ "failovers": { "pair": { "members": ["a", "b"], "probe": { "interval": "10s", "misses": 3 } } } });
    let seen = observed(700, &stations, &policies, &json!([together]));
    holds(&of(&seen, "failover/pair/available_share"), 72.0 / 75.0);
}
