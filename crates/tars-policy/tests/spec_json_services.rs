//! Every named specification is written as JSON and read back the same; what it does not know it refuses.
#![cfg(feature = "serde")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::fmt::Debug;
use tars_policy::balance::BalanceSpec;
use tars_policy::batch::BatchSpec;
use tars_policy::breaker::BreakerSpec;
use tars_policy::cache::CacheSpec;
use tars_policy::coalesce::CoalesceSpec;
use tars_policy::layers::LayersSpec;
use tars_policy::limiter::LimiterSpec;
use tars_policy::pool::{PoolSpec, WarmPlan};
use tars_policy::retry::RetrySpec;
use tars_policy::route::{FallbackSpec, HedgeSpec, RouteSpec};
use tars_policy::semantic::SemanticSpec;

#[track_caller]
fn comes_back<S: Serialize + DeserializeOwned + PartialEq + Debug>(examples: Vec<(&'static str, S)>) {
    assert!(!examples.is_empty());
    for (name, spec) in examples {
        let text = serde_json::to_string(&spec).expect("it can be written");
        let read: S = serde_json::from_str(&text).expect(name);
        assert_eq!(read, spec, "{name}: {text}");
    }
}

#[test]
fn every_example_is_valid_and_comes_back_from_json() {
    comes_back(BalanceSpec::examples());
    comes_back(BatchSpec::examples());
    comes_back(BreakerSpec::examples());
    comes_back(CacheSpec::examples());
    comes_back(CoalesceSpec::examples());
    comes_back(LayersSpec::examples());
    comes_back(LimiterSpec::examples());
    comes_back(PoolSpec::examples());
    comes_back(WarmPlan::examples());
    comes_back(RetrySpec::examples());
    comes_back(RouteSpec::examples());
    comes_back(FallbackSpec::examples());
    comes_back(HedgeSpec::examples());
    comes_back(SemanticSpec::examples());
}

#[test]
fn a_short_form_takes_the_defaults() {
    let limiter: LimiterSpec = serde_json::from_value(json!({"buckets": [
        {"counts": "requests", "algorithm": {"token_bucket": {"rate": {"per_hour": 10_000}, "burst": 10_000}}}
    ]}))
    .expect("a limiter");
    assert_eq!(limiter, LimiterSpec::published_001_hourly());
    let retry: RetrySpec = serde_json::from_value(json!({"attempts": 3})).expect("a retry policy");
    assert_eq!(retry, RetrySpec::default());
    let breaker: BreakerSpec =
        serde_json::from_value(json!({"trip": {"consecutive": {"failures": 5}}})).expect("a breaker");
    assert_eq!(breaker, BreakerSpec::default());
}

#[test]
fn an_unknown_key_is_refused_wherever_it_stands() {
    let refused = |error: serde_json::Error| error.to_string().contains("unknown field `typo`");
    assert!(serde_json::from_value::<RetrySpec>(json!({"typo": 1})).is_err_and(refused));
    let nested = json!({"backoff": {"fixed": {"wait": "1s", "typo": 1}}});
    assert!(serde_json::from_value::<RetrySpec>(nested).is_err_and(refused));
    let nested = json!({"trip": {"count": {"failures": 5, "window": "30s", "typo": 1}}});
    assert!(serde_json::from_value::<BreakerSpec>(nested).is_err_and(refused));
    assert!(serde_json::from_value::<CacheSpec>(json!({"typo": 1})).is_err_and(refused));
    let nested = json!({"groups": [{"name": "a", "count": 1, "typo": 1}]});
    assert!(serde_json::from_value::<PoolSpec>(nested).is_err_and(refused));
}
