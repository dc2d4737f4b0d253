//! The exact mean and variance of each law.

use super::cdf::{pert_shapes, weibull_scale};
use super::special::power_integral;
use super::zipf::RankWeights;
use super::{Interpolation, Law, Quantity};
use tars_policy::units::{NANOS_PER_SECOND, Span};

/// Mean and variance, where they are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moments {
    mean: Option<f64>,
    variance: Option<f64>,
}

impl<Q: Quantity> Law<Q> {
    /// The mean, in nanoseconds for spans; `None` where it is infinite. The law is valid.
    pub fn mean(&self) -> Option<f64> {
        self.amounts().moments().mean
    }

    /// The variance, in squared nanoseconds for spans; `None` where it is infinite. The law is valid.
    pub fn variance(&self) -> Option<f64> {
        self.amounts().moments().variance
    }
}

impl Law<Span> {
    /// The mean in seconds; `None` where it is infinite. The law is valid.
    pub fn mean_seconds(&self) -> Option<f64> {
        self.mean().map(|nanos| nanos / NANOS_PER_SECOND as f64)
    }
}

impl Law<f64> {
    fn moments(&self) -> Moments {
        match self {
            Self::Deterministic { value } => Moments::finite(*value, 0.0),
            Self::Uniform { low, high } => {
                Moments::finite(low.midpoint(*high), (high - low) * (high - low) / 12.0)
            }
            Self::Exponential { mean } => Moments::finite(*mean, mean * mean),
            Self::Erlang { shape, mean } => Moments::finite(*mean, mean * mean / f64::from(*shape)),
            Self::Gamma { shape, mean } => Moments::finite(*mean, mean * mean / shape),
            Self::Hyperexponential { branches } => Moments::of_parts(
                branches.iter().map(|branch| (branch.probability, Moments::exponential(branch.mean))),
            ),
            Self::Lognormal { mean, cv } => Moments::finite(*mean, (mean * cv) * (mean * cv)),
            Self::Weibull { shape, mean, scale } => weibull(*shape, weibull_scale(*shape, *mean, *scale)),
            Self::Pareto { shape, minimum } => pareto(*shape, *minimum),
            Self::TruncatedPareto { shape, minimum, maximum } => {
                let area = |order: f64| power_integral(1.0, maximum / minimum, shape + 1.0 - order);
                Moments::raw(minimum * area(1.0) / area(0.0), minimum * minimum * area(2.0) / area(0.0))
            }
            Self::Triangular { low, mode, high } => {
                let (left, right) = (mode - low, high - mode);
                Moments::finite(
                    (low + mode + high) / 3.0,
                    (left * left + left * right + right * right) / 18.0,
                )
            }
            Self::Pert { low, mode, high } => {
                let (alpha, beta) = pert_shapes(*low, *mode, *high);
                let variance = (high - low) * (high - low) * alpha * beta / 252.0;
                Moments::finite((low + 4.0 * mode + high) / 6.0, variance)
            }
            Self::Quantiles { points, interpolation } => table(points, *interpolation),
            Self::Zipf { exponent, items } => {
                let sum = |order: f64| RankWeights::new(exponent - order, *items).total();
                Moments::raw(sum(1.0) / sum(0.0), sum(2.0) / sum(0.0))
            }
            Self::Geometric { mean } => Moments::finite(*mean, mean * (mean - 1.0)),
            Self::Mixture { parts } => {
                let weights: f64 = parts.iter().map(|part| part.weight).sum();
                Moments::of_parts(parts.iter().map(|part| (part.weight / weights, part.law.moments())))
            }
            Self::Shifted { by, law } => law.moments().affine(1.0, *by),
            Self::Scaled { factor, law } => law.moments().affine(*factor, 0.0),
            Self::Truncated { low, high, .. } => self.truncated(*low, *high),
        }
    }

    /// By the integrals of the tail: `E X = low + ∫ P(X > x)` and `E X² = low² + ∫ 2 x P(X > x)`, relative to `low`.
    fn truncated(&self, low: f64, high: f64) -> Moments {
        let tail = |above_low: f64| 1.0 - self.cdf(low + above_low);
        let first = integral(&tail, high - low);
        let second = integral(&|above_low| 2.0 * above_low * tail(above_low), high - low);
        Moments::raw(first, second).affine(1.0, low)
    }
}

impl Moments {
    const fn finite(mean: f64, variance: f64) -> Self {
        Self { mean: Some(mean), variance: Some(variance) }
    }

    /// From the means of the value and of its square.
    fn raw(mean: f64, square: f64) -> Self {
        Self::finite(mean, (square - mean * mean).max(0.0))
    }

    fn exponential(mean: f64) -> Self {
        Self::finite(mean, mean * mean)
    }

    /// Of `factor` times the value plus `by`.
    fn affine(self, factor: f64, by: f64) -> Self {
        Self {
            mean: self.mean.map(|mean| factor * mean + by),
            variance: self.variance.map(|variance| factor * factor * variance),
        }
    }

    /// Of one of several laws, each with its probability: the variance within plus the variance between.
    fn of_parts(parts: impl Iterator<Item = (f64, Self)> + Clone) -> Self {
        let mean: Option<f64> = parts.clone().map(|(share, part)| Some(share * part.mean?)).sum();
        let variance = mean.and_then(|mean| {
            parts
                .map(|(share, part)| {
                    let apart = part.mean? - mean;
                    Some(share * (part.variance? + apart * apart))
                })
                .sum()
        });
        Self { mean, variance }
    }
}

fn weibull(shape: f64, scale: f64) -> Moments {
    let first = libm::tgamma(1.0 + 1.0 / shape);
    let second = libm::tgamma(1.0 + 2.0 / shape);
    Moments::raw(scale * first, scale * scale * second)
}

fn pareto(shape: f64, minimum: f64) -> Moments {
    let mean = (shape > 1.0).then(|| minimum * shape / (shape - 1.0));
    let variance =
        (shape > 2.0).then(|| minimum * minimum * shape / ((shape - 1.0) * (shape - 1.0) * (shape - 2.0)));
    Moments { mean, variance }
}

fn table(points: &[(f64, f64)], interpolation: Interpolation) -> Moments {
    let parts = points.windows(2).map(|pair| {
        let ((before, low), (after, high)) = (pair[0], pair[1]);
        let part = match interpolation {
            Interpolation::Linear => Moments::finite(low.midpoint(high), (high - low) * (high - low) / 12.0),
            Interpolation::Geometric => geometric_part(low, high),
        };
        (after - before, part)
    });
    Moments::of_parts(parts)
}

/// A value whose logarithm is uniform between two ends.
fn geometric_part(low: f64, high: f64) -> Moments {
    let span = libm::log(high / low);
    if span < 1e-6 {
        return Moments::finite(low.midpoint(high), (high - low) * (high - low) / 12.0);
    }
    Moments::raw((high - low) / span, (high - low) * (high + low) / (2.0 * span))
}

/// Halvings of a panel before it is taken as it is.
const DEPTH_MAX: u32 = 48;
/// Panels to start with.
const PANELS: u32 = 64;

/// `∫ f` from 0 to `end` by adaptive Simpson panels, of a function that is nowhere negative.
fn integral(f: &impl Fn(f64) -> f64, end: f64) -> f64 {
    let edge = |panel: u32| end * f64::from(panel) / f64::from(PANELS);
    let rough: f64 = (0..PANELS).map(|panel| Panel::of(f, edge(panel), edge(panel + 1)).area()).sum();
    let tolerance = 1e-13 * rough / f64::from(PANELS);
    (0..PANELS).map(|panel| Panel::of(f, edge(panel), edge(panel + 1)).refined(f, tolerance, DEPTH_MAX)).sum()
}

/// A function at both ends and in the middle of a stretch.
#[derive(Clone, Copy)]
struct Panel {
    from: f64,
    to: f64,
    values: [f64; 3],
}

impl Panel {
    fn of(f: &impl Fn(f64) -> f64, from: f64, to: f64) -> Self {
        Self { from, to, values: [f(from), f(from.midpoint(to)), f(to)] }
    }

    fn area(self) -> f64 {
        let [left, middle, right] = self.values;
        (self.to - self.from) * (left + 4.0 * middle + right) / 6.0
    }

    fn refined(self, f: &impl Fn(f64) -> f64, tolerance: f64, depth: u32) -> f64 {
        let (middle, [left, at_middle, right]) = (self.from.midpoint(self.to), self.values);
        let half = |from: f64, to: f64, ends: (f64, f64)| Self {
            from,
            to,
            values: [ends.0, f(from.midpoint(to)), ends.1],
        };
        let halves = [half(self.from, middle, (left, at_middle)), half(middle, self.to, (at_middle, right))];
        let sum = halves[0].area() + halves[1].area();
        let error = libm::fabs(sum - self.area());
        if depth == 0 || error <= tolerance || error <= 1e-12 * sum {
            return sum;
        }
        halves.iter().map(|half| half.refined(f, tolerance, depth - 1)).sum()
    }
}
