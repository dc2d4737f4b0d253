//! Specifications of waiting, admission, dispatch, scaling and degradation as JSON.
#![cfg(feature = "serde")]

use core::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tars_policy::admission::{AdmissionSpec, RetryAfterLaw};
use tars_policy::alert::AlertSpec;
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::autoscale::hpa::HpaSpec;
use tars_policy::degrade::{DegradeSpec, LevelSpec};
use tars_policy::dispatch::DispatchSpec;
use tars_policy::queue::{Overflow, Priority, QueueSpec};
use tars_policy::units::Span;

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(examples: Vec<(&str, T)>) {
    for (name, spec) in examples {
        let text = serde_json::to_string(&spec).expect("a specification is plain data");
        assert_eq!(serde_json::from_str::<T>(&text).expect(name), spec, "{name}: {text}");
    }
}

#[test]
fn every_example_is_read_as_it_is_written() {
    round_trip(QueueSpec::examples());
    round_trip(AdmissionSpec::examples());
    round_trip(DispatchSpec::examples());
    round_trip(AutoscaleSpec::examples());
    round_trip(DegradeSpec::examples());
    round_trip(LevelSpec::examples());
    round_trip(AlertSpec::examples());
}

#[test]
fn what_is_not_said_is_the_default() {
    assert_eq!(read::<QueueSpec>(json!({})), Ok(QueueSpec::default()));
    assert_eq!(read::<AdmissionSpec>(json!({})), Ok(AdmissionSpec::default()));
    assert_eq!(read::<AutoscaleSpec>(json!({"threshold": {}})), Ok(AutoscaleSpec::default()));
    assert_eq!(read::<DegradeSpec>(json!({"three_mode": {}})), Ok(DegradeSpec::default()));
    assert_eq!(read::<DispatchSpec>(json!("event_driven")), Ok(DispatchSpec::default()));
}

#[test]
fn choices_are_tagged_by_their_key_and_spans_carry_their_unit() {
    let queue = read::<QueueSpec>(json!({"max_depth": 7, "overflow": "displace_lowest"})).expect("a queue");
    assert_eq!((queue.max_depth, queue.overflow), (Some(7), Overflow::DisplaceLowest));
    let admission = read::<AdmissionSpec>(json!({"retry_after": {"fixed": "5s"}})).expect("an admission");
    assert_eq!(admission.retry_after, RetryAfterLaw::Fixed(Span::from_secs(5)));
    let aimd = json!({"concurrency": {"aimd": {"initial": 5, "min": 1, "decrease_every": "250ms"}}});
    assert!(read::<AdmissionSpec>(aimd).expect("an admission").validate().is_ok());
    assert_eq!(read::<Priority>(json!("critical")), Ok(Priority::Critical));
}

#[test]
fn an_autoscaler_of_kubernetes_is_read_with_its_defaults() {
    let hpa = json!({"hpa": {
        "max": 30,
        "metrics": [
            {"resource": {"name": "cpu", "target": {"average_utilization_percent": 60}}},
            {"external": {"name": "queue_depth", "target": {"average_value_milli": 5000}}}
        ],
        "behavior": {"scale_down": {
            "stabilization_window": "1min",
            "select_policy": "min",
            "policies": [{"pods": {"value": 2, "period": "1min"}}, {"percent": {"value": 10, "period": "1min"}}]
        }}
    }});
    let spec = read::<AutoscaleSpec>(hpa).expect("an autoscaler");
    assert_eq!(spec.validate(), Ok(()));
    assert_eq!((spec.min(), spec.max()), (1, 30));
    let wrong = json!({"hpa": {"behavior": {"scale_up": {"policies": [{"pods": {"dept": 1}}]}}}});
    assert!(read::<AutoscaleSpec>(wrong).expect_err("unknown").contains("unknown field `dept`"));
    assert_eq!(read::<AutoscaleSpec>(json!({"hpa": {}})), Ok(AutoscaleSpec::Hpa(HpaSpec::default())));
}

#[test]
fn an_alert_says_what_it_watches_and_no_more_than_it_must() {
    let alert = json!({"metric": "queue_depth", "comparison": "above", "threshold": {"value": 500},
        "severity": "critical", "actions": ["emergency_scale_up"]});
    assert_eq!(read::<AlertSpec>(alert), Ok(AlertSpec::queue_above(500.0)));
    let usual = json!({"metric": "throughput_per_s", "comparison": "below",
        "threshold": {"times_baseline": {"factor": 0.8, "window": "1h", "least": "10min"}},
        "actions": ["scale_up"]});
    assert_eq!(read::<AlertSpec>(usual).as_ref(), Ok(&AlertSpec::published_002()[0].1));
    let wrong = json!({"metric": "queue_depth", "comparison": "above", "threshold": {"value": 1}, "dept": 1});
    assert!(read::<AlertSpec>(wrong).expect_err("unknown").contains("unknown field `dept`"));
}

#[test]
fn an_unknown_field_is_an_error_at_every_level() {
    let wrong =
        |error: Result<(), String>| assert!(error.expect_err("unknown").contains("unknown field `dept`"));
    wrong(read::<QueueSpec>(json!({"dept": 1})).map(|_| ()));
    wrong(read::<QueueSpec>(json!({"max_depth_by_priority": {"dept": 1}})).map(|_| ()));
    wrong(read::<QueueSpec>(json!({"codel": {"dept": 1}})).map(|_| ()));
    wrong(read::<AdmissionSpec>(json!({"throttle": {"dept": 1}})).map(|_| ()));
    wrong(read::<AdmissionSpec>(json!({"retry_after": {"linear": {"dept": "1s"}}})).map(|_| ()));
    wrong(read::<AutoscaleSpec>(json!({"threshold": {"pace": {"dept": 1}}})).map(|_| ()));
    wrong(read::<AutoscaleSpec>(json!({"needed_agents": {"dept": 1}})).map(|_| ()));
    wrong(read::<DegradeSpec>(json!({"load": {"dept": 1}})).map(|_| ()));
    wrong(read::<DegradeSpec>(json!({"three_mode": {"modes": {"critical": {"dept": 1}}}})).map(|_| ()));
    wrong(read::<DispatchSpec>(json!({"polling": {"dept": 1}})).map(|_| ()));
}
