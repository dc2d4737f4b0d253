//! From one uniform to one variate of a law, by inversion.

mod inverse_table;
mod normal;
mod truncate;

use crate::model::distribution::special::{power_integral, power_integral_inverse};
use crate::model::distribution::zipf::RankWeights;
use crate::model::distribution::{Interpolation, Law, lognormal_parameters, pert_shapes, weibull_scale};
use inverse_table::InverseTable;
use normal::normal_quantile;
use tars_policy::units::Span;

/// What a longer draw of a span is cut to: 2⁵⁸ ns, nine years, so that a moment reached by it still has a number.
pub const LONGEST_DRAW: Span = Span::from_nanos(1 << 58);

/// The greatest number below one.
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;

/// A law made ready to be drawn from.
///
/// One uniform on `[0, 1)` gives one variate, greater for a greater uniform; two configurations that share their
/// uniforms so share their chance. Of a mixture (or a hyperexponential law) the uniform first chooses the part and
/// its rest, scaled up, is the part's uniform: there the variate grows with the uniform within each part only.
///
/// The result is the same to the last bit on every platform.
#[derive(Clone, Debug)]
pub struct Sampler {
    method: Method,
}

/// How a variate comes from a uniform.
#[derive(Clone, Debug)]
enum Method {
    Constant(f64),
    Exponential {
        mean: f64,
    },
    Uniform {
        low: f64,
        width: f64,
    },
    Lognormal {
        location: f64,
        deviation: f64,
    },
    Weibull {
        scale: f64,
        power: f64,
    },
    Pareto {
        minimum: f64,
        power: f64,
    },
    TruncatedPareto {
        minimum: f64,
        maximum: f64,
        exponent: f64,
        area: f64,
    },
    Triangular {
        low: f64,
        left: f64,
        right: f64,
    },
    Gamma {
        scale: f64,
        logarithm: InverseTable,
    },
    Pert {
        low: f64,
        width: f64,
        log_odds: InverseTable,
    },
    Quantiles {
        points: Box<[(f64, f64)]>,
        interpolation: Interpolation,
    },
    Zipf(RankWeights),
    Geometric {
        per_log: f64,
    },
    /// Parts and the probability up to each of them.
    Mixture(Box<[(f64, Method)]>),
    Affine {
        factor: f64,
        by: f64,
        of: Box<Method>,
    },
    /// The part of another law whose uniforms start at `from`.
    Window {
        from: f64,
        width: f64,
        low: f64,
        high: f64,
        of: Box<Method>,
    },
}

impl Sampler {
    /// Draws spans. The law is [valid](Law::validate).
    pub fn of_spans(law: &Law<Span>) -> Self {
        Self { method: Method::of(&law.amounts()) }
    }

    /// Draws counts. The law is [valid](Law::validate).
    pub fn of_counts(law: &Law<f64>) -> Self {
        Self { method: Method::of(law) }
    }

    /// The variate of `uniform`, which is on `[0, 1)`: nanoseconds or a count, finite and never negative.
    #[inline]
    pub fn sample(&self, uniform: f64) -> f64 {
        debug_assert!((0.0..1.0).contains(&uniform), "{uniform} is not on [0, 1)");
        self.method.sample(uniform)
    }

    /// The variate of `uniform` as a span, rounded to the nearest nanosecond, at most [`LONGEST_DRAW`].
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no variate is negative, and `as` saturates"
    )]
    pub fn sample_span(&self, uniform: f64) -> Span {
        Span::from_nanos((self.sample(uniform) + 0.5) as u64).min(LONGEST_DRAW)
    }

    /// The variate of `uniform` as a whole count, rounded to the nearest.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no variate is negative, and `as` saturates"
    )]
    pub fn sample_count(&self, uniform: f64) -> u64 {
        (self.sample(uniform) + 0.5) as u64
    }
}

impl Method {
    fn of(law: &Law<f64>) -> Self {
        match law {
            Law::Deterministic { value } => Self::Constant(*value),
            Law::Uniform { low, high } => Self::Uniform { low: *low, width: high - low },
            Law::Exponential { mean } => Self::Exponential { mean: *mean },
            Law::Erlang { shape: 1, mean } => Self::Exponential { mean: *mean },
            Law::Erlang { shape, mean } => Self::gamma(f64::from(*shape), *mean),
            Law::Gamma { shape, mean } => Self::gamma(*shape, *mean),
            Law::Hyperexponential { branches } => Self::mixture(
                branches.iter().map(|branch| (branch.probability, Self::Exponential { mean: branch.mean })),
            ),
            Law::Lognormal { mean, cv } => {
                let (location, deviation) = lognormal_parameters(*mean, *cv);
                Self::Lognormal { location, deviation }
            }
            Law::Weibull { shape, mean, scale } => {
                Self::Weibull { scale: weibull_scale(*shape, *mean, *scale), power: 1.0 / shape }
            }
            Law::Pareto { shape, minimum } => Self::Pareto { minimum: *minimum, power: -1.0 / shape },
            Law::TruncatedPareto { shape, minimum, maximum } => {
                let exponent = shape + 1.0;
                let area = power_integral(1.0, maximum / minimum, exponent);
                Self::TruncatedPareto { minimum: *minimum, maximum: *maximum, exponent, area }
            }
            Law::Triangular { low, mode, high } => {
                Self::Triangular { low: *low, left: mode - low, right: high - mode }
            }
            Law::Pert { low, mode, high } => {
                let (alpha, beta) = pert_shapes(*low, *mode, *high);
                Self::Pert {
                    low: *low,
                    width: high - low,
                    log_odds: InverseTable::beta_log_odds(alpha, beta),
                }
            }
            Law::Quantiles { points, interpolation } => {
                Self::Quantiles { points: points.clone().into(), interpolation: *interpolation }
            }
            Law::Zipf { exponent, items } => Self::Zipf(RankWeights::new(*exponent, *items)),
            Law::Geometric { mean: 1.0 } => Self::Constant(1.0),
            Law::Geometric { mean } => Self::Geometric { per_log: 1.0 / libm::log1p(-1.0 / mean) },
            Law::Mixture { parts } => {
                Self::mixture(parts.iter().map(|part| (part.weight, Self::of(&part.law))))
            }
            Law::Shifted { by, law } => Self::Affine { factor: 1.0, by: *by, of: Box::new(Self::of(law)) },
            Law::Scaled { factor, law } => {
                Self::Affine { factor: *factor, by: 0.0, of: Box::new(Self::of(law)) }
            }
            Law::Truncated { low, high, law } => {
                let cut = Self::of(law).truncated(*low, *high);
                cut.expect("a valid truncation leaves something").method
            }
        }
    }

    fn gamma(shape: f64, mean: f64) -> Self {
        Self::Gamma { scale: mean / shape, logarithm: InverseTable::gamma_logarithm(shape) }
    }

    /// Parts by weight, those without any left out.
    fn mixture(parts: impl Iterator<Item = (f64, Self)> + Clone) -> Self {
        let total: f64 = parts.clone().map(|(weight, _)| weight).sum();
        let mut sum = 0.0;
        let up_to = parts.filter(|(weight, _)| *weight > 0.0).map(|(weight, part)| {
            sum += weight / total;
            (sum, part)
        });
        Self::Mixture(up_to.collect())
    }

    #[inline]
    fn sample(&self, uniform: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            // Subtracted from zero, as its negative would be -0 at 0.
            Self::Exponential { mean } => 0.0 - mean * libm::log(1.0 - uniform),
            Self::Uniform { low, width } => low + width * uniform,
            Self::Lognormal { .. }
            | Self::Weibull { .. }
            | Self::Pareto { .. }
            | Self::TruncatedPareto { .. }
            | Self::Triangular { .. }
            | Self::Gamma { .. }
            | Self::Pert { .. }
            | Self::Quantiles { .. }
            | Self::Zipf(_)
            | Self::Geometric { .. }
            | Self::Mixture(_)
            | Self::Affine { .. }
            | Self::Window { .. } => self.sample_elaborate(uniform),
        }
    }

    /// The laws that take longer; kept apart so that the short ones stay short in the caller's loop.
    fn sample_elaborate(&self, uniform: f64) -> f64 {
        match self {
            Self::Constant(_) | Self::Exponential { .. } | Self::Uniform { .. } => self.sample(uniform),
            Self::Lognormal { location, deviation } => {
                libm::exp(location + deviation * normal_quantile(uniform))
            }
            Self::Weibull { scale, power } => scale * libm::pow(-libm::log(1.0 - uniform), *power),
            Self::Pareto { minimum, power } => (minimum * libm::pow(1.0 - uniform, *power)).min(f64::MAX),
            Self::TruncatedPareto { minimum, maximum, exponent, area } => {
                let ratio = power_integral_inverse(1.0, uniform * area, *exponent);
                (minimum * ratio).clamp(*minimum, *maximum)
            }
            Self::Triangular { low, left, right } => triangular(*low, *left, *right, uniform),
            Self::Gamma { scale, logarithm } => scale * libm::exp(logarithm.at(normal_quantile(uniform))),
            Self::Pert { low, width, log_odds } => {
                low + width / (1.0 + libm::exp(-log_odds.at(normal_quantile(uniform))))
            }
            Self::Quantiles { points, interpolation } => quantile(points, *interpolation, uniform),
            Self::Zipf(weights) => weights.rank_at(uniform) as f64,
            Self::Geometric { per_log } => libm::floor(libm::log(1.0 - uniform) * per_log) + 1.0,
            Self::Mixture(parts) => mixture(parts, uniform),
            Self::Affine { factor, by, of } => factor * of.sample(uniform) + by,
            Self::Window { from, width, low, high, of } => {
                of.sample((from + width * uniform).min(BELOW_ONE)).clamp(*low, *high)
            }
        }
    }
}

fn triangular(low: f64, left: f64, right: f64, uniform: f64) -> f64 {
    let width = left + right;
    if uniform * width < left {
        return low + libm::sqrt(uniform * width * left);
    }
    low + width - libm::sqrt((1.0 - uniform) * width * right)
}

fn quantile(points: &[(f64, f64)], interpolation: Interpolation, uniform: f64) -> f64 {
    let after = points.partition_point(|(probability, _)| *probability <= uniform).clamp(1, points.len() - 1);
    let ((before, low), (next, high)) = (points[after - 1], points[after]);
    let along = (uniform - before) / (next - before);
    match interpolation {
        Interpolation::Linear => low + (high - low) * along,
        Interpolation::Geometric => low * libm::pow(high / low, along),
    }
}

fn mixture(parts: &[(f64, Method)], uniform: f64) -> f64 {
    let chosen = parts.partition_point(|(up_to, _)| *up_to <= uniform).min(parts.len() - 1);
    let before = chosen.checked_sub(1).map_or(0.0, |part| parts[part].0);
    let (up_to, part) = &parts[chosen];
    part.sample(((uniform - before) / (up_to - before)).min(BELOW_ONE))
}

#[cfg(test)]
mod tests;
