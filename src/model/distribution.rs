//! Laws of chance as data: what an experiment file may say about a random span or count.
//!
//! A [`Law`] is read from JSON (`{"exponential": {"mean": "800ms"}}`, or `"800ms"` for what is always the same),
//! checked by [`Law::validate`], and knows its exact mean, variance and distribution function. Drawing from it is the
//! business of [`Sampler`](crate::random::Sampler).
//!
//! ```
//! use tars_policy::units::Span;
//! use tars_sim::model::distribution::Law;
//!
//! let law: Law<Span> = serde_json::from_str(r#"{"erlang": {"shape": 4, "mean": "2s"}}"#).expect("a law");
//! assert_eq!(law.validate(), Ok(()));
//! assert_eq!(law.mean(), Some(2e9)); // nanoseconds
//! assert_eq!(law.variance(), Some(1e18));
//!
//! let wrong: Law<f64> = serde_json::from_str(r#"{"uniform": {"low": 5, "high": 3}}"#).expect("a law");
//! assert_eq!(wrong.validate().expect_err("low is above high").field, "uniform.high");
//! ```

mod cdf;
mod examples;
mod moments;
pub(crate) mod special;
mod text_form;
mod validate;
pub(crate) mod zipf;

pub(crate) use cdf::{lognormal_parameters, pert_shapes, weibull_scale};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// What a law is about: spans or plain counts.
pub trait Quantity: Clone + PartialEq + core::fmt::Debug {
    /// Whether it is a plain number, to which laws of counts apply.
    const IS_COUNT: bool;

    /// As a float: nanoseconds of a span, a count as it is.
    fn amount(&self) -> f64;

    /// The quantity of an amount, rounded to what it can hold.
    fn from_amount(amount: f64) -> Self;
}

impl Quantity for Span {
    const IS_COUNT: bool = false;

    fn amount(&self) -> f64 {
        self.as_nanos() as f64
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is meant"
    )]
    fn from_amount(amount: f64) -> Self {
        Self::from_nanos(libm::round(amount) as u64)
    }
}

impl Quantity for f64 {
    const IS_COUNT: bool = true;

    fn amount(&self) -> f64 {
        *self
    }

    fn from_amount(amount: f64) -> Self {
        amount
    }
}

/// A law of chance over spans (`Law<Span>`) or counts (`Law<f64>`).
///
/// In JSON a choice is tagged by its name; a bare quantity is the law that always gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields, remote = "Self")]
#[schemars(transform = text_form::add_bare_quantity)]
pub enum Law<Q> {
    /// Always the same.
    Deterministic {
        /// What it always is.
        value: Q,
    },
    /// Anything between two ends alike.
    Uniform {
        /// The least.
        low: Q,
        /// The greatest.
        high: Q,
    },
    /// Without memory.
    Exponential {
        /// The mean.
        mean: Q,
    },
    /// The sum of `shape` like exponential parts; its variance is `mean² / shape`.
    Erlang {
        /// How many parts, 1 to 10,000.
        shape: u32,
        /// The mean of the sum.
        mean: Q,
    },
    /// An Erlang law of any shape; its variance is `mean² / shape`.
    Gamma {
        /// 0.05 to 10,000.
        shape: f64,
        /// The mean.
        mean: Q,
    },
    /// One of several exponential laws, by chance: more variable than one exponential.
    Hyperexponential {
        /// The laws to choose from; their probabilities sum to one.
        branches: Vec<Branch<Q>>,
    },
    /// One whose logarithm is normal.
    Lognormal {
        /// The mean (not the median).
        mean: Q,
        /// Standard deviation over mean, at most 100.
        cv: f64,
    },
    /// The law of a first failure; a shape below one has a heavy tail. Exactly one of `mean` and `scale` is given.
    Weibull {
        /// 0.05 to 1,000.
        shape: f64,
        /// The mean.
        #[serde(skip_serializing_if = "Option::is_none")]
        mean: Option<Q>,
        /// The quantile at `1 - 1/e`.
        #[serde(skip_serializing_if = "Option::is_none")]
        scale: Option<Q>,
    },
    /// A power law: beyond `x` lies `(minimum / x)^shape`. Its mean is infinite up to shape 1, its variance up to 2.
    Pareto {
        /// 0.05 to 1,000.
        shape: f64,
        /// The least.
        minimum: Q,
    },
    /// A power law cut off above: a Pareto law given that it is at most `maximum`.
    TruncatedPareto {
        /// 0.05 to 1,000.
        shape: f64,
        /// The least.
        minimum: Q,
        /// The greatest.
        maximum: Q,
    },
    /// Linear density up to `mode` and down again.
    Triangular {
        /// The least.
        low: Q,
        /// The likeliest.
        mode: Q,
        /// The greatest.
        high: Q,
    },
    /// A smooth guess from three points: a beta law with mean `(low + 4 mode + high) / 6`.
    Pert {
        /// The least.
        low: Q,
        /// The likeliest.
        mode: Q,
        /// The greatest.
        high: Q,
    },
    /// A table of quantiles, as measured.
    Quantiles {
        /// Probabilities from 0 to 1, strictly increasing, each with its value, never decreasing.
        points: Vec<(f64, Q)>,
        /// How values lie between the points.
        #[serde(default)]
        interpolation: Interpolation,
    },
    /// Ranks 1 to `items`, rank `k` with a weight of `k^-exponent`: the popularity of keys. Counts only.
    Zipf {
        /// 0 (all alike) to 20.
        exponent: f64,
        /// How many ranks, at most 10¹⁵.
        items: u64,
    },
    /// How many tries until the first success: 1, 2, … Counts only.
    Geometric {
        /// The mean, at least 1.
        mean: f64,
    },
    /// One of several laws, by chance.
    Mixture {
        /// The laws to choose from.
        parts: Vec<Part<Q>>,
    },
    /// Another law, later or more by a constant.
    Shifted {
        /// What is added.
        by: Q,
        /// To this.
        law: Box<Law<Q>>,
    },
    /// Another law times a constant.
    Scaled {
        /// The positive factor.
        factor: f64,
        /// What is multiplied.
        law: Box<Law<Q>>,
    },
    /// Another law given that it falls between two ends, both allowed.
    Truncated {
        /// The least allowed.
        low: Q,
        /// The greatest allowed.
        high: Q,
        /// What is cut.
        law: Box<Law<Q>>,
    },
}

/// An exponential law and its probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch<Q> {
    /// How likely it is.
    pub probability: f64,
    /// Its mean.
    pub mean: Q,
}

/// A law and its weight among others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part<Q> {
    /// Its share is this over the sum of all weights.
    pub weight: f64,
    /// The law.
    pub law: Law<Q>,
}

/// How values lie between the points of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Along a straight line.
    #[default]
    Linear,
    /// Along a straight line of logarithms: for values over several orders of magnitude, all positive.
    Geometric,
}

impl<Q: Quantity> Law<Q> {
    /// The same law over amounts: nanoseconds or counts.
    pub(crate) fn amounts(&self) -> Law<f64> {
        self.map(&Q::amount)
    }

    /// The same law over another quantity.
    fn map<R>(&self, f: &impl Fn(&Q) -> R) -> Law<R> {
        match self {
            Self::Deterministic { value } => Law::Deterministic { value: f(value) },
            Self::Uniform { low, high } => Law::Uniform { low: f(low), high: f(high) },
            Self::Exponential { mean } => Law::Exponential { mean: f(mean) },
            Self::Erlang { shape, mean } => Law::Erlang { shape: *shape, mean: f(mean) },
            Self::Gamma { shape, mean } => Law::Gamma { shape: *shape, mean: f(mean) },
            Self::Hyperexponential { branches } => {
                let branch = |b: &Branch<Q>| Branch { probability: b.probability, mean: f(&b.mean) };
                Law::Hyperexponential { branches: branches.iter().map(branch).collect() }
            }
            Self::Lognormal { mean, cv } => Law::Lognormal { mean: f(mean), cv: *cv },
            Self::Weibull { shape, mean, scale } => {
                Law::Weibull { shape: *shape, mean: mean.as_ref().map(f), scale: scale.as_ref().map(f) }
            }
            Self::Pareto { shape, minimum } => Law::Pareto { shape: *shape, minimum: f(minimum) },
            Self::TruncatedPareto { shape, minimum, maximum } => {
                Law::TruncatedPareto { shape: *shape, minimum: f(minimum), maximum: f(maximum) }
            }
            Self::Triangular { low, mode, high } => {
                Law::Triangular { low: f(low), mode: f(mode), high: f(high) }
            }
            Self::Pert { low, mode, high } => Law::Pert { low: f(low), mode: f(mode), high: f(high) },
            Self::Quantiles { points, interpolation } => Law::Quantiles {
                points: points.iter().map(|(probability, value)| (*probability, f(value))).collect(),
                interpolation: *interpolation,
            },
            Self::Zipf { exponent, items } => Law::Zipf { exponent: *exponent, items: *items },
            Self::Geometric { mean } => Law::Geometric { mean: *mean },
            Self::Mixture { parts } => {
                let part = |part: &Part<Q>| Part { weight: part.weight, law: part.law.map(f) };
                Law::Mixture { parts: parts.iter().map(part).collect() }
            }
            Self::Shifted { by, law } => Law::Shifted { by: f(by), law: Box::new(law.map(f)) },
            Self::Scaled { factor, law } => Law::Scaled { factor: *factor, law: Box::new(law.map(f)) },
            Self::Truncated { low, high, law } => {
                Law::Truncated { low: f(low), high: f(high), law: Box::new(law.map(f)) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
