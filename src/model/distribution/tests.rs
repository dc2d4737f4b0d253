//! How laws are written, which exist, and what they promise.

use super::*;
use schemars::schema_for;

const SECOND: f64 = 1e9;

#[test]
fn every_example_is_valid_and_survives_being_written() {
    for (name, law) in Law::<Span>::examples(SECOND) {
        assert_eq!(law.validate(), Ok(()), "{name}");
        let text = serde_json::to_string(&law).expect("laws are written");
        assert_eq!(serde_json::from_str::<Law<Span>>(&text).expect(&text), law);
    }
    for (name, law) in Law::<f64>::examples(1.0) {
        assert_eq!(law.validate(), Ok(()), "{name}");
        let text = serde_json::to_string(&law).expect("laws are written");
        assert_eq!(serde_json::from_str::<Law<f64>>(&text).expect(&text), law);
    }
}

#[test]
fn every_variant_is_an_example() {
    let schema = serde_json::to_value(schema_for!(Law<f64>)).expect("a schema");
    let choices = schema["oneOf"].as_array().expect("choices");
    let mut named: Vec<&str> = choices.iter().filter_map(|choice| choice["required"][0].as_str()).collect();
    let mut shown: Vec<&str> = Law::<f64>::examples(1.0).iter().map(|(_, law)| law.name()).collect();
    named.sort_unstable();
    shown.sort_unstable();
    shown.dedup();
    assert_eq!(shown, named);
}

#[test]
fn a_bare_quantity_is_always_the_same() {
    let span: Law<Span> = serde_json::from_str("\"800ms\"").expect("a span");
    assert_eq!(span, Law::Deterministic { value: Span::from_millis(800) });
    let count: Law<f64> = serde_json::from_str("12").expect("a count");
    assert_eq!(count, Law::Deterministic { value: 12.0 });
    let schema = serde_json::to_value(schema_for!(Law<f64>)).expect("a schema");
    assert_eq!(schema["oneOf"][0]["type"], "number");
}

#[track_caller]
fn refused_by_reader(text: &str, path: &str, words: &str) {
    let mut json = serde_json::Deserializer::from_str(text);
    let error = serde_path_to_error::deserialize::<_, Law<Span>>(&mut json).expect_err(text);
    assert_eq!(error.path().to_string(), path, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn an_error_keeps_its_place() {
    refused_by_reader(r#"{"uniform": {"low": "1s", "high": 2}}"#, "uniform.high", "a span with its unit");
    refused_by_reader(r#"{"uniform": {"low": "1s", "hihg": "2s"}}"#, "uniform.hihg", "unknown field `hihg`");
    refused_by_reader(r#"{"normal": {"mean": "1s"}}"#, "normal", "unknown variant `normal`");
    refused_by_reader(r#""5 parsecs""#, ".", "unknown unit `parsecs`");
    refused_by_reader(
        r#"{"shifted": {"by": "1s", "law": {"exponential": {"mean": "x"}}}}"#,
        "shifted.law.exponential.mean",
        "`x`",
    );
}

#[track_caller]
fn refused(text: &str, field: &str, words: &str) {
    let law: Law<f64> = serde_json::from_str(text).expect(text);
    let error = law.validate().expect_err(text);
    assert_eq!(error.field, field);
    assert!(error.problem.contains(words), "{error}");
}

#[test]
fn impossible_laws_are_refused_by_field() {
    refused(r#"{"exponential": {"mean": 0}}"#, "exponential.mean", "above 0");
    refused("-3", "deterministic.value", "at least 0");
    refused(r#"{"uniform": {"low": 3, "high": 3}}"#, "uniform.high", "not greater than `low`");
    refused(r#"{"erlang": {"shape": 0, "mean": 1}}"#, "erlang.shape", "1 to 10000");
    refused(r#"{"gamma": {"shape": 0.01, "mean": 1}}"#, "gamma.shape", "0.05 to 10000");
    refused(
        r#"{"hyperexponential": {"branches": [{"probability": 0.5, "mean": 1}, {"probability": 0.4, "mean": 1}]}}"#,
        "hyperexponential.branches",
        "sum to 0.9",
    );
    refused(r#"{"hyperexponential": {"branches": []}}"#, "hyperexponential.branches", "empty");
    refused(
        r#"{"hyperexponential": {"branches": [{"probability": 1, "mean": 0}]}}"#,
        "hyperexponential.branches.0.mean",
        "above 0",
    );
    refused(r#"{"lognormal": {"mean": 1, "cv": -1}}"#, "lognormal.cv", "0 to 100");
    refused(r#"{"weibull": {"shape": 1}}"#, "weibull.mean", "missing");
    refused(r#"{"weibull": {"shape": 1, "mean": 1, "scale": 1}}"#, "weibull.scale", "one of the two");
    refused(r#"{"pareto": {"shape": 2, "minimum": 0}}"#, "pareto.minimum", "above 0");
    refused(
        r#"{"truncated_pareto": {"shape": 2, "minimum": 2, "maximum": 1}}"#,
        "truncated_pareto.maximum",
        "not greater",
    );
    refused(r#"{"triangular": {"low": 1, "mode": 5, "high": 3}}"#, "triangular.mode", "1 to 3");
    refused(r#"{"pert": {"low": 1, "mode": 0, "high": 3}}"#, "pert.mode", "1 to 3");
    refused(r#"{"quantiles": {"points": []}}"#, "quantiles.points", "at least two points");
    refused(r#"{"quantiles": {"points": [[0.1, 1], [1, 2]]}}"#, "quantiles.points", "the first at 0");
    refused(
        r#"{"quantiles": {"points": [[0, 1], [0, 2], [1, 3]]}}"#,
        "quantiles.points.1.0",
        "greater probability",
    );
    refused(r#"{"quantiles": {"points": [[0, 2], [1, 1]]}}"#, "quantiles.points.1.1", "never decreases");
    refused(
        r#"{"quantiles": {"points": [[0, 0], [1, 1]], "interpolation": "geometric"}}"#,
        "quantiles.points.0.1",
        "above 0",
    );
    refused(r#"{"zipf": {"exponent": 1, "items": 0}}"#, "zipf.items", "1 to 10^15");
    refused(r#"{"zipf": {"exponent": 21, "items": 9}}"#, "zipf.exponent", "0 to 20");
    refused(r#"{"geometric": {"mean": 0.5}}"#, "geometric.mean", "1 to");
    refused(r#"{"mixture": {"parts": []}}"#, "mixture.parts", "empty");
    refused(
        r#"{"mixture": {"parts": [{"weight": 1, "law": {"exponential": {"mean": -1}}}]}}"#,
        "mixture.parts.0.law.exponential.mean",
        "above 0",
    );
    refused(r#"{"shifted": {"by": -1, "law": 1}}"#, "shifted.by", "at least 0");
    refused(r#"{"scaled": {"factor": 0, "law": 1}}"#, "scaled.factor", "above 0");
    refused(r#"{"scaled": {"factor": 1, "law": -1}}"#, "scaled.law.deterministic.value", "at least 0");
    refused(r#"{"truncated": {"low": 5, "high": 6, "law": 1}}"#, "truncated.law", "between `low` and `high`");
}

#[test]
fn laws_of_counts_are_no_laws_of_spans() {
    let law: Law<Span> = serde_json::from_str(r#"{"geometric": {"mean": 2}}"#).expect("well formed");
    assert_eq!(law.validate().expect_err("counts").field, "geometric");
    let nested = Law::Shifted { by: Span::ZERO, law: Box::new(law) };
    assert_eq!(nested.validate().expect_err("counts").field, "shifted.law.geometric");
}

#[test]
fn infinite_moments_are_none() {
    let pareto = |shape: f64| Law::Pareto { shape, minimum: 1.0 };
    assert_eq!((pareto(1.0).mean(), pareto(1.0).variance()), (None, None));
    assert_eq!((pareto(1.5).mean(), pareto(1.5).variance()), (Some(3.0), None));
    let mixture = Law::Mixture {
        parts: vec![
            Part { weight: 1.0, law: pareto(1.5) },
            Part { weight: 1.0, law: Law::Deterministic { value: 1.0 } },
        ],
    };
    assert_eq!((mixture.mean(), mixture.variance()), (Some(2.0), None));
}

#[track_caller]
fn moments(law: &Law<f64>, mean: f64, variance: f64) {
    let (found_mean, found_variance) = (law.mean().expect("a mean"), law.variance().expect("a variance"));
    assert!(libm::fabs(found_mean - mean) <= 1e-9 * mean, "mean {found_mean}, not {mean}");
    assert!(
        libm::fabs(found_variance - variance) <= 1e-8 * variance,
        "variance {found_variance}, not {variance}"
    );
}

#[test]
fn truncated_moments_are_exact() {
    let cut = |low: f64, high: f64, law: Law<f64>| Law::Truncated { low, high, law: Box::new(law) };
    // A uniform law cut is a uniform law.
    moments(&cut(2.0, 5.0, Law::Uniform { low: 0.0, high: 10.0 }), 3.5, 0.75);
    // A truncated Pareto law, said in both ways.
    let both = Law::TruncatedPareto { shape: 1.2, minimum: 1.0, maximum: 50.0 };
    let (mean, variance) = (both.mean().expect("finite"), both.variance().expect("finite"));
    moments(&cut(1.0, 50.0, Law::Pareto { shape: 1.2, minimum: 1.0 }), mean, variance);
    // An exponential law has no memory: beyond 3 it starts again, and 40 means later nothing is left.
    moments(&cut(3.0, 43.0, Law::Exponential { mean: 1.0 }), 4.0, 1.0);
    // A die that only shows 2, 3 and 4.
    moments(&cut(2.0, 4.0, Law::Zipf { exponent: 0.0, items: 6 }), 3.0, 2.0 / 3.0);
}

#[test]
fn a_distribution_function_goes_from_zero_to_one() {
    for (name, law) in Law::<f64>::examples(1.0) {
        assert!(law.cdf(0.0) <= 0.0, "{name}");
        assert!(law.cdf(1e9) > 1.0 - 1e-6, "{name}");
        let values: Vec<f64> = (0..2_000).map(|step| law.cdf(f64::from(step) / 100.0)).collect();
        assert!(values.is_sorted(), "{name}");
    }
}
