//! The waits and the model choices of the JavaScript printed in documents 000 and 003, executed as printed: the
//! as-published configurations decide the same, every time.

use serde_json::Value;
use tars_policy::retry::{Failure, RetryReason, RetrySpec, RetryVerdict};
use tars_policy::route::{Ask, RouteSpec};
use tars_policy::units::{Span, Time};

/// The executed decisions: inputs, then what the printed code returned.
const DECISIONS: &str = include_str!("data/decisions_retry_route.json");

fn steps(name: &str) -> Vec<Value> {
    let decisions: Value = serde_json::from_str(DECISIONS).expect("the fixture is sound");
    decisions[name]["steps"].as_array().expect("the fixture is sound").clone()
}

#[test]
fn waits_are_those_of_document_003() {
    let mut retry = RetrySpec::published_003().build().unwrap();
    let now = Time::START + Span::from_secs(7);
    let steps = steps("backoff_003");
    assert_eq!(steps.len(), 20);
    for step in steps {
        // The printed `attempts` counts from 0; here the first try is 1.
        let (attempts, wait_ms) = (step[0].as_u64().unwrap(), step[1].as_u64().unwrap());
        let failure = Failure::of_attempt(u32::try_from(attempts).unwrap() + 1);
        let at = now + Span::from_millis(wait_ms);
        let verdict = retry.on_failure(now, &failure, 0.5);
        assert_eq!(
            verdict,
            RetryVerdict::RetryAt { at, reason: RetryReason::Backoff },
            "attempts {attempts}"
        );
    }
}

#[test]
fn models_are_those_of_document_000() {
    let route = RouteSpec::published_000().build().unwrap();
    let steps = steps("route_model_000");
    assert_eq!(steps.len(), 300);
    for step in steps {
        let complexity = step[0].as_f64().unwrap();
        let model = route.pick(&Ask { complexity, role: None, priority: None, draw: 0.0 });
        assert_eq!(route.name(model), step[1].as_str().unwrap(), "complexity {complexity}");
    }
}
