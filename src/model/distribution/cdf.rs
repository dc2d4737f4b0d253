//! The distribution function of each law.

use super::special::{beta_tails, gamma_tails, normal_tails, power_integral};
use super::zipf::RankWeights;
use super::{Interpolation, Law, Quantity};

/// Whether a value itself counts as reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    /// At most this value.
    Included,
    /// Less than this value.
    Excluded,
}

impl<Q: Quantity> Law<Q> {
    /// The probability of an amount (nanoseconds or a count) of at most `amount`. The law is valid.
    pub fn cdf(&self, amount: f64) -> f64 {
        self.amounts().reached(amount, Reached::Included)
    }
}

impl Law<f64> {
    /// The probability of an amount between two ends, both included.
    pub(super) fn mass_between(&self, low: f64, high: f64) -> f64 {
        self.reached(high, Reached::Included) - self.reached(low, Reached::Excluded)
    }

    fn reached(&self, x: f64, at: Reached) -> f64 {
        match self {
            Self::Deterministic { value } => step(*value, x, at),
            Self::Uniform { low, high } => ((x - low) / (high - low)).clamp(0.0, 1.0),
            Self::Exponential { mean } => exponential(x / mean),
            Self::Erlang { shape, mean } => gamma(f64::from(*shape), x / mean),
            Self::Gamma { shape, mean } => gamma(*shape, x / mean),
            Self::Hyperexponential { branches } => {
                branches.iter().map(|branch| branch.probability * exponential(x / branch.mean)).sum()
            }
            Self::Lognormal { mean, cv } => lognormal(*mean, *cv, x, at),
            Self::Weibull { shape, mean, scale } => {
                exponential(libm::pow(x.max(0.0) / weibull_scale(*shape, *mean, *scale), *shape))
            }
            Self::Pareto { shape, minimum } => {
                if x <= *minimum {
                    return 0.0;
                }
                1.0 - libm::pow(minimum / x, *shape)
            }
            Self::TruncatedPareto { shape, minimum, maximum } => {
                let area = |end: f64| power_integral(1.0, end / minimum, shape + 1.0);
                area(x.clamp(*minimum, *maximum)) / area(*maximum)
            }
            Self::Triangular { low, mode, high } => triangular(*low, *mode, *high, x),
            Self::Pert { low, mode, high } => {
                let (alpha, beta) = pert_shapes(*low, *mode, *high);
                let share = (x.clamp(*low, *high) - low) / (high - low);
                beta_tails(alpha, beta, share, 1.0 - share).lower
            }
            Self::Quantiles { points, interpolation } => table(points, *interpolation, x, at),
            Self::Zipf { exponent, items } => {
                let weights = RankWeights::new(*exponent, *items);
                weights.up_to(rank_below(x, at).min(*items)) / weights.total()
            }
            Self::Geometric { mean } => 1.0 - libm::pow((mean - 1.0) / mean, rank_below(x, at) as f64),
            Self::Mixture { parts } => {
                let weights: f64 = parts.iter().map(|part| part.weight).sum();
                parts.iter().map(|part| part.weight / weights * part.law.reached(x, at)).sum()
            }
            Self::Shifted { by, law } => law.reached(x - by, at),
            Self::Scaled { factor, law } => law.reached(x / factor, at),
            Self::Truncated { low, high, law } => {
                if x < *low {
                    return 0.0;
                }
                let below = law.reached(*low, Reached::Excluded);
                (law.reached(x.min(*high), if x > *high { Reached::Included } else { at }) - below)
                    / law.mass_between(*low, *high)
            }
        }
    }
}

/// The scale of a Weibull law from whichever of its two forms a valid law gives.
pub(crate) fn weibull_scale(shape: f64, mean: Option<f64>, scale: Option<f64>) -> f64 {
    let from_mean = mean.map(|mean| mean / libm::tgamma(1.0 + 1.0 / shape));
    scale.or(from_mean).expect("a valid Weibull law has a mean or a scale")
}

/// The two shapes of the beta law that a PERT law is.
pub(crate) fn pert_shapes(low: f64, mode: f64, high: f64) -> (f64, f64) {
    (1.0 + 4.0 * (mode - low) / (high - low), 1.0 + 4.0 * (high - mode) / (high - low))
}

/// Mean and standard deviation of the logarithm of a lognormal law.
pub(crate) fn lognormal_parameters(mean: f64, cv: f64) -> (f64, f64) {
    let variance = libm::log1p(cv * cv);
    (libm::log(mean) - 0.5 * variance, libm::sqrt(variance))
}

fn step(value: f64, x: f64, at: Reached) -> f64 {
    let reached = match at {
        Reached::Included => value <= x,
        Reached::Excluded => value < x,
    };
    if reached { 1.0 } else { 0.0 }
}

fn exponential(x: f64) -> f64 {
    -libm::expm1(-x.max(0.0))
}

/// `x` is in units of the mean.
fn gamma(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    gamma_tails(shape, libm::log(x * shape)).lower
}

fn lognormal(mean: f64, cv: f64, x: f64, at: Reached) -> f64 {
    if cv == 0.0 {
        return step(mean, x, at);
    }
    if x <= 0.0 {
        return 0.0;
    }
    let (location, deviation) = lognormal_parameters(mean, cv);
    normal_tails((libm::log(x) - location) / deviation).lower
}

fn triangular(low: f64, mode: f64, high: f64, x: f64) -> f64 {
    if x <= low {
        0.0
    } else if x < mode {
        (x - low) / (high - low) * ((x - low) / (mode - low))
    } else if x < high {
        1.0 - (high - x) / (high - low) * ((high - x) / (high - mode))
    } else {
        1.0
    }
}

/// The inverse of the table of quantiles; of a flat part, its end or its start.
fn table(points: &[(f64, f64)], interpolation: Interpolation, x: f64, at: Reached) -> f64 {
    let after = match at {
        Reached::Included => points.partition_point(|(_, value)| *value <= x),
        Reached::Excluded => points.partition_point(|(_, value)| *value < x),
    };
    let (Some((low_share, low)), Some((high_share, high))) =
        (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after))
    else {
        return if after == 0 { 0.0 } else { 1.0 };
    };
    let along = match interpolation {
        Interpolation::Linear => (x - low) / (high - low),
        Interpolation::Geometric => libm::log(x / low) / libm::log(high / low),
    };
    low_share + (high_share - low_share) * along.min(1.0)
}

/// The last rank that is reached at `x`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
fn rank_below(x: f64, at: Reached) -> u64 {
    match at {
        Reached::Included => libm::floor(x) as u64,
        Reached::Excluded => (libm::ceil(x) - 1.0) as u64,
    }
}
