//! Parameters: whether the model carries what is published, and whether it matters there.

use super::cell::{one, opened};
use super::figure::{Figure, Op};
use super::rule::InputSpec;
use super::shelf::Shelf;
use crate::experiment::Loaded;
use crate::experiment::pointer::Pointer;
use crate::runner::{CellDigest, combined};
use crate::sim::Plan;
use serde_json::Value;
use tars_policy::units::Span;

/// What was found of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// The values as the model has them, key by key.
    pub values: Vec<(String, Value)>,
    /// What they were changed to, and moved the digest.
    pub perturbed: Vec<Value>,
}

/// The relative error that two numbers may have and still be the same figure: rounding of units, nothing else.
const SAME: f64 = 1e-9;

/// Seconds in a published unit of time.
fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" | "ms write latency" | "ms query latency" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" | "hour of day (UTC)" => 3600.0,
        "days" => 86_400.0,
        _ => return None,
    })
}

/// Checks that the experiment carries the figure.
///
/// # Errors
/// With what it carries instead.
pub fn carried(shelf: &Shelf, figure: &Figure, spec: &InputSpec) -> Result<Vec<(String, Value)>, String> {
    let experiment = opened(shelf, &spec.experiment, &[])?.loaded;
    let values: Vec<(String, Value)> = spec
        .at
        .0
        .iter()
        .map(|at| found(&experiment, at).map(|value| (at.clone(), value)))
        .collect::<Result<_, _>>()?;
    if let Some(means) = &spec.means {
        return if values.iter().all(|(_, value)| same(value, means)) {
            Ok(values)
        } else {
            Err(format!("it carries {}, and not {means}", values[0].1))
        };
    }
    let expected = expected(figure, values.len());
    if expected.is_empty() || (expected.len() != values.len() && expected.len() > 1) {
        return Err("the rule has another number of keys than the figure has values".to_owned());
    }
    for (index, (at, value)) in values.iter().enumerate() {
        let published = expected[index.min(expected.len() - 1)];
        let as_model = in_model(value, figure, spec.scale);
        let Some(own) = as_model else { return Err(format!("{at} is {value}, which is no number")) };
        if libm::fabs(own - published) > SAME * libm::fabs(published).max(SAME) {
            return Err(format!("{at} is {value}, and {published} {} is published", figure.unit));
        }
    }
    Ok(values)
}

/// The value at a pointer of the merged experiment.
fn found(experiment: &Loaded, at: &str) -> Result<Value, String> {
    let pointer = Pointer::parse(at).map_err(|_| format!("{at} is no JSON pointer"))?;
    let path = pointer.locate(&experiment.base).map_err(|_| format!("there is no {at}"))?;
    Ok(experiment.base.at(&path).map_or(Value::Null, crate::experiment::Tree::to_json))
}

/// The published numbers: one, both ends of a range, or a list.
fn expected(figure: &Figure, keys: usize) -> Vec<f64> {
    match figure.op {
        Op::Equal | Op::Below | Op::Above | Op::About | Op::AtLeast => figure.number().into_iter().collect(),
        Op::Range | Op::RangeOrMore if keys == 2 => figure.low.into_iter().chain(figure.high).collect(),
        Op::Range | Op::RangeOrMore => Vec::new(),
        Op::List => figure
            .value
            .as_ref()
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |list| list.iter().filter_map(Value::as_f64).collect()),
        Op::Formula | Op::Text => Vec::new(),
    }
}

/// A value of the model in the figure's unit.
fn in_model(value: &Value, figure: &Figure, scale: f64) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64().map(|number| number / scale),
        Value::String(text) => {
            if let Some(unit) = seconds(&figure.unit)
                && let Ok(span) = text.parse::<Span>()
            {
                return Some(span.as_nanos() as f64 / 1e9 / unit / scale);
            }
            text.parse::<f64>().ok().map(|number| number / scale)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn same(value: &Value, other: &Value) -> bool {
    match (value.as_f64(), other.as_f64()) {
        (Some(a), Some(b)) => libm::fabs(a - b) <= SAME * libm::fabs(b).max(SAME),
        (Some(_), None) | (None, Some(_) | None) => value == other,
    }
}

/// Changes each key of a parameter, one after another, until the digest of a run moves.
///
/// # Errors
/// Where nothing that was tried moves it.
pub fn perturb(shelf: &Shelf, spec: &InputSpec, values: &[(String, Value)]) -> Result<Vec<Value>, String> {
    let base = digest(shelf, spec, None)?;
    let mut moved = Vec::with_capacity(values.len());
    for (at, value) in values {
        let tries = if spec.perturbed.is_empty() { candidates(value) } else { spec.perturbed.clone() };
        let found = tries
            .iter()
            .find(|other| digest(shelf, spec, Some((at, other))).is_ok_and(|changed| changed != base));
        let found = found.ok_or_else(|| format!("no change of {at} moves a result: {tries:?} were tried"))?;
        moved.push(found.clone());
    }
    Ok(moved)
}

/// Other values of the same kind, near and far.
fn candidates(value: &Value) -> Vec<Value> {
    const FACTORS: [f64; 7] = [0.5, 2.0, 1.05, 0.1, 10.0, 1e-3, 1e-5];
    let scaled = |number: f64, whole: bool| -> Vec<Value> {
        let mut tries: Vec<f64> = FACTORS.iter().map(|factor| number * factor).collect();
        tries.extend([number + 1.0, number - 1.0]);
        tries
            .into_iter()
            .map(|one| if whole { libm::round(one) } else { one })
            .filter(|one| *one >= 0.0 && one.to_bits() != number.to_bits())
            .filter_map(|one| as_json(one, whole))
            .collect()
    };
    match value {
        Value::Number(number) => scaled(number.as_f64().unwrap_or(0.0), number.is_u64()),
        Value::String(text) => match text.parse::<Span>() {
            Ok(span) => FACTORS
                .iter()
                .filter_map(|factor| as_json(libm::round(span.as_nanos() as f64 / 1e3 * factor), true))
                .map(|micros| Value::String(format!("{micros}us")))
                .collect(),
            Err(_) => text.parse::<f64>().map_or_else(
                |_| Vec::new(),
                |number| FACTORS.iter().map(|factor| Value::String((number * factor).to_string())).collect(),
            ),
        },
        Value::Bool(is) => vec![Value::Bool(!is)],
        Value::Null | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

fn as_json(number: f64, whole: bool) -> Option<Value> {
    if whole {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded and not negative"
        )]
        return Some(Value::from(number as u64));
    }
    serde_json::Number::from_f64(number).map(Value::Number)
}

/// The digest of the first replication of an experiment with one change.
fn digest(shelf: &Shelf, spec: &InputSpec, change: Option<(&str, &Value)>) -> Result<String, String> {
    let mut sets = spec.under.clone();
    if let Some((at, value)) = change {
        sets.push(format!("{at}={value}"));
    }
    let plan = Plan::new(opened(shelf, &spec.experiment, &sets)?.model()?);
    let run = one(&plan, 0);
    Ok(combined(&[CellDigest::of(0, &plan.model, &[run])]))
}
