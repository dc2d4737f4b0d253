//! Values between two ends.

use serde_json::{Number, Value};
use tars_policy::units::Span;

use super::super::decode::decode;
use super::super::diagnostic::{At, Diagnostics};
use super::super::path::Path;
use super::super::tree::Tree;
use super::spec::{RangeSpec, Scale};

/// Whole numbers beyond this are not all doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A valid range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    from: f64,
    to: f64,
    scale: Scale,
    kind: Kind,
    /// How many values, if that is stated.
    pub(super) steps: Option<u64>,
}

/// What the numbers of a range stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    /// Nanoseconds.
    Span,
}

impl Range {
    /// Reads the range `tree`, which stands at `path`.
    pub(super) fn read(tree: &Tree, path: &Path, diagnostics: &mut Diagnostics) -> Option<Self> {
        let spec: RangeSpec = decode(tree, path, diagnostics)?;
        let end = |key: &str, value: &Value, diagnostics: &mut Diagnostics| {
            let found = end(value);
            if found.is_none() {
                let below = Path::root().key(key);
                let at = At { path: path.key(key), ..At::value(tree, &below) };
                let value = tree.at(&below).unwrap_or(tree);
                diagnostics.wrong_type(at, value, "a finite number or a span such as \"100ms\"");
            }
            found
        };
        let from = end("from", &spec.from, diagnostics);
        let to = end("to", &spec.to, diagnostics);
        let ((from, kind), (to, kind_to)) = (from?, to?);
        let range = Self { from, to, scale: spec.scale, kind, steps: spec.steps };
        if let Some(why) = range.problem(kind_to) {
            diagnostics.bad_range(At::new(tree.place, path.clone()), why);
            return None;
        }
        Some(range)
    }

    /// The values of a grid with `steps` values.
    pub(super) fn values(&self, steps: usize) -> Vec<Value> {
        let last = steps.saturating_sub(1).max(1) as f64;
        let mut values: Vec<Value> = (0..steps)
            .map(|step| {
                let value = self.between(step as f64 / last);
                self.json(if self.scale == Scale::Integer { libm::round(value) } else { value })
            })
            .collect();
        values.dedup();
        values
    }

    /// The value at `share` of the way, which is on `[0, 1)`.
    pub(super) fn sample(&self, share: f64) -> Value {
        let value = match self.scale {
            Scale::Linear | Scale::Log => self.between(share),
            Scale::Integer => {
                let (low, high) = (self.from.min(self.to), self.from.max(self.to));
                libm::floor(low + share * (high - low + 1.0)).min(high)
            }
        };
        self.json(value)
    }

    fn problem(&self, kind_to: Kind) -> Option<&'static str> {
        let is_positive = self.from > 0.0 && self.to > 0.0;
        if self.kind != kind_to {
            Some("the range starts as a number and ends as a span, or the other way round")
        } else if self.steps == Some(0) {
            Some("the range has no steps")
        } else if self.steps == Some(1) && self.from.total_cmp(&self.to).is_ne() {
            Some("one step cannot hold both ends of the range")
        } else if self.scale == Scale::Log && !is_positive {
            Some("a logarithmic range lies above 0")
        } else if self.scale == Scale::Integer
            && [self.from, self.to].into_iter().any(|end| whole(end).is_none())
        {
            Some("a range of whole numbers starts and ends at whole numbers")
        } else if !libm::fabs(self.to - self.from).is_finite() {
            Some("the range is too wide")
        } else {
            None
        }
    }

    /// The ends come out exactly.
    fn between(&self, share: f64) -> f64 {
        if share <= 0.0 {
            return self.from;
        }
        if share >= 1.0 {
            return self.to;
        }
        twelve_digits(match self.scale {
            Scale::Linear | Scale::Integer => self.from + (self.to - self.from) * share,
            // By difference of logarithms, as the quotient of two finite numbers may be none.
            Scale::Log => {
                libm::exp(libm::log(self.from) + (libm::log(self.to) - libm::log(self.from)) * share)
            }
        })
    }

    fn json(&self, value: f64) -> Value {
        match self.kind {
            Kind::Number => Value::Number(number(value)),
            Kind::Span => Value::String(nanos(value).to_string()),
        }
    }
}

/// The value and kind of an end.
fn end(value: &Value) -> Option<(f64, Kind)> {
    match value {
        Value::Number(number) => {
            number.as_f64().filter(|number| number.is_finite()).map(|number| (number, Kind::Number))
        }
        Value::String(text) => text.parse::<Span>().ok().map(|span| (span.as_nanos() as f64, Kind::Span)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// So that no 0.30000000000000004 stands in a table.
fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// Whole numbers are written without a point, so that they decode as counts too.
fn number(value: f64) -> Number {
    match whole(value) {
        Some(whole) => Number::from(whole),
        None => Number::from_f64(value).expect("values between finite ends are finite"),
    }
}

/// The whole number that `value` is, if it is one that a double holds exactly.
#[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
fn whole(value: f64) -> Option<i64> {
    let is_whole = libm::floor(value).total_cmp(&value).is_eq() && libm::fabs(value) <= EXACT_MAX;
    is_whole.then_some(value as i64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates; spans are not negative"
)]
fn nanos(value: f64) -> Span {
    Span::from_nanos(libm::round(value) as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(from: &Value, to: &Value, scale: Scale, steps: usize, expected: &Value) {
        let ((from, kind), (to, _)) = (end(from).unwrap(), end(to).unwrap());
        let range = Range { from, to, scale, kind, steps: Some(steps as u64) };
        assert_eq!(range.problem(kind), None);
        assert_eq!(&Value::Array(range.values(steps)), expected);
    }

    #[test]
    fn a_linear_range_has_equal_differences() {
        check(&json!(0.1), &json!(0.5), Scale::Linear, 5, &json!([0.1, 0.2, 0.3, 0.4, 0.5]));
        check(&json!(10), &json!(-10), Scale::Linear, 3, &json!([10, 0, -10]));
    }

    #[test]
    fn the_ends_of_a_range_come_out_exactly() {
        let end = json!(0.123_456_789_012_345_68);
        check(&end, &end, Scale::Linear, 1, &json!([end]));
    }

    #[test]
    fn a_logarithmic_range_has_equal_factors() {
        check(&json!(1), &json!(1_000), Scale::Log, 4, &json!([1, 10, 100, 1_000]));
    }

    #[test]
    fn whole_numbers_come_once() {
        check(&json!(1), &json!(3), Scale::Integer, 5, &json!([1, 2, 3]));
    }

    #[test]
    fn spans_stay_spans() {
        check(&json!("100ms"), &json!("1s"), Scale::Linear, 4, &json!(["100ms", "400ms", "700ms", "1s"]));
    }

    #[test]
    fn a_sample_of_whole_numbers_reaches_both_ends_equally() {
        let range = Range { from: 1.0, to: 4.0, scale: Scale::Integer, kind: Kind::Number, steps: None };
        let drawn: Vec<_> = (0..8).map(|eighth| range.sample(f64::from(eighth) / 8.0)).collect();
        assert_eq!(Value::Array(drawn), json!([1, 1, 2, 2, 3, 3, 4, 4]));
    }
}
