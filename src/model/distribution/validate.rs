//! Which laws there are: every impossible value is named by its field.

use core::fmt::Display;

use tars_policy::spec::SpecError;

use super::{Interpolation, Law, Part, Quantity};

/// The least mass that a truncation may leave.
const MASS_MIN: f64 = 1e-9;
/// Ranks beyond this have no exact float.
const ITEMS_MAX: u64 = 1_000_000_000_000_000;

type Checked = Result<(), SpecError>;

/// What a law is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Spans,
    Counts,
}

impl<Q: Quantity> Law<Q> {
    /// Whether the law exists; otherwise the first field that is wrong, what is wrong and what was expected.
    pub fn validate(&self) -> Checked {
        self.amounts().validate_over(if Q::IS_COUNT { Over::Counts } else { Over::Spans })
    }

    /// The name by which the law is tagged.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Deterministic { .. } => "deterministic",
            Self::Uniform { .. } => "uniform",
            Self::Exponential { .. } => "exponential",
            Self::Erlang { .. } => "erlang",
            Self::Gamma { .. } => "gamma",
            Self::Hyperexponential { .. } => "hyperexponential",
            Self::Lognormal { .. } => "lognormal",
            Self::Weibull { .. } => "weibull",
            Self::Pareto { .. } => "pareto",
            Self::TruncatedPareto { .. } => "truncated_pareto",
            Self::Triangular { .. } => "triangular",
            Self::Pert { .. } => "pert",
            Self::Quantiles { .. } => "quantiles",
            Self::Zipf { .. } => "zipf",
            Self::Geometric { .. } => "geometric",
            Self::Mixture { .. } => "mixture",
            Self::Shifted { .. } => "shifted",
            Self::Scaled { .. } => "scaled",
            Self::Truncated { .. } => "truncated",
        }
    }
}

impl Law<f64> {
    fn validate_over(&self, over: Over) -> Checked {
        if over == Over::Spans && matches!(self, Self::Zipf { .. } | Self::Geometric { .. }) {
            return wrong(self.name(), "it is a law of counts; a law of spans was expected");
        }
        self.check_fields(over).map_err(|error| error.within(self.name()))
    }

    fn check_fields(&self, over: Over) -> Checked {
        match self {
            Self::Deterministic { value } => amount("value", *value),
            Self::Uniform { low, high } => ordered(("low", *low), ("high", *high)),
            Self::Exponential { mean } => positive("mean", *mean),
            Self::Erlang { shape, mean } => {
                within("shape", f64::from(*shape), 1.0, 10_000.0)?;
                positive("mean", *mean)
            }
            Self::Gamma { shape, mean } => {
                within("shape", *shape, 0.05, 10_000.0)?;
                positive("mean", *mean)
            }
            Self::Hyperexponential { branches } if branches.is_empty() => {
                wrong("branches", "it is empty; at least one law was expected")
            }
            Self::Hyperexponential { branches } => {
                for (index, branch) in branches.iter().enumerate() {
                    within(format_args!("branches.{index}.probability"), branch.probability, 0.0, 1.0)?;
                    positive(format_args!("branches.{index}.mean"), branch.mean)?;
                }
                let sum: f64 = branches.iter().map(|branch| branch.probability).sum();
                if libm::fabs(sum - 1.0) > 1e-9 {
                    return wrong(
                        "branches",
                        format_args!("their probabilities sum to {sum}; 1 was expected"),
                    );
                }
                Ok(())
            }
            Self::Lognormal { mean, cv } => {
                positive("mean", *mean)?;
                within("cv", *cv, 0.0, 100.0)
            }
            Self::Weibull { shape, mean, scale } => {
                within("shape", *shape, 0.05, 1_000.0)?;
                match (mean, scale) {
                    (Some(mean), None) => positive("mean", *mean),
                    (None, Some(scale)) => positive("scale", *scale),
                    (Some(_), Some(_)) => wrong("scale", "`mean` is given too; one of the two was expected"),
                    (None, None) => wrong("mean", "it is missing; `mean` or `scale` was expected"),
                }
            }
            Self::Pareto { shape, minimum } => {
                within("shape", *shape, 0.05, 1_000.0)?;
                positive("minimum", *minimum)
            }
            Self::TruncatedPareto { shape, minimum, maximum } => {
                within("shape", *shape, 0.05, 1_000.0)?;
                positive("minimum", *minimum)?;
                ordered(("minimum", *minimum), ("maximum", *maximum))
            }
            Self::Triangular { low, mode, high } | Self::Pert { low, mode, high } => {
                ordered(("low", *low), ("high", *high))?;
                within("mode", *mode, *low, *high)
            }
            Self::Quantiles { points, interpolation } => check_points(points, *interpolation),
            Self::Zipf { exponent, items } => {
                within("exponent", *exponent, 0.0, 20.0)?;
                if *items == 0 || *items > ITEMS_MAX {
                    return wrong("items", format_args!("{items} is out of range; 1 to 10^15 was expected"));
                }
                Ok(())
            }
            Self::Geometric { mean } => within("mean", *mean, 1.0, 1e12),
            Self::Mixture { parts } => check_parts(parts, over),
            Self::Shifted { by, law } => {
                amount("by", *by)?;
                inner(law, over)
            }
            Self::Scaled { factor, law } => {
                positive("factor", *factor)?;
                inner(law, over)
            }
            Self::Truncated { low, high, law } => {
                ordered(("low", *low), ("high", *high))?;
                inner(law, over)?;
                let mass = law.mass_between(*low, *high);
                if mass < MASS_MIN {
                    return wrong(
                        "law",
                        format_args!(
                            "only {mass:e} of it is between `low` and `high`; at least 1e-9 was expected"
                        ),
                    );
                }
                Ok(())
            }
        }
    }
}

fn check_points(points: &[(f64, f64)], interpolation: Interpolation) -> Checked {
    let [(0.0, _), .., (1.0, _)] = points else {
        let problem = "its probabilities do not go from 0 to 1; at least two points, the first at 0 and the last at 1, were expected";
        return wrong("points", problem);
    };
    for (index, (_, value)) in points.iter().enumerate() {
        match interpolation {
            Interpolation::Linear => amount(format_args!("points.{index}.1"), *value)?,
            Interpolation::Geometric => positive(format_args!("points.{index}.1"), *value)?,
        }
    }
    for (index, pair) in points.windows(2).enumerate() {
        let ((before, low), (after, high)) = (pair[0], pair[1]);
        if before.partial_cmp(&after) != Some(core::cmp::Ordering::Less) {
            let field = format_args!("points.{}.0", index + 1);
            return wrong(
                field,
                format_args!("{after} does not come after {before}; a greater probability was expected"),
            );
        }
        if high < low {
            let field = format_args!("points.{}.1", index + 1);
            return wrong(field, "it is less than the value before; a quantile never decreases");
        }
    }
    Ok(())
}

fn check_parts(parts: &[Part<f64>], over: Over) -> Checked {
    if parts.is_empty() {
        return wrong("parts", "it is empty; at least one law was expected");
    }
    for (index, part) in parts.iter().enumerate() {
        positive(format_args!("parts.{index}.weight"), part.weight)?;
        part.law.validate_over(over).map_err(|error| error.within(&format!("parts.{index}.law")))?;
    }
    Ok(())
}

fn inner(law: &Law<f64>, over: Over) -> Checked {
    law.validate_over(over).map_err(|error| error.within("law"))
}

fn wrong(field: impl Display, problem: impl Display) -> Checked {
    Err(SpecError::new(field.to_string(), problem.to_string()))
}

/// A finite value, not negative.
fn amount(field: impl Display, value: f64) -> Checked {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    wrong(field, format_args!("it is {value}; a finite quantity of at least 0 was expected"))
}

/// A finite value above zero.
fn positive(field: impl Display, value: f64) -> Checked {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    wrong(field, format_args!("it is {value}; a finite quantity above 0 was expected"))
}

fn within(field: impl Display, value: f64, low: f64, high: f64) -> Checked {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    wrong(field, format_args!("it is {value}; {low} to {high} was expected"))
}

/// Two amounts, the second greater.
fn ordered((low_field, low): (&str, f64), (high_field, high): (&str, f64)) -> Checked {
    amount(low_field, low)?;
    amount(high_field, high)?;
    if low < high {
        return Ok(());
    }
    wrong(high_field, format_args!("it is not greater than `{low_field}`"))
}
