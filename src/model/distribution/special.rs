//! Special functions on `libm`, the same bits on every platform.

use core::f64::consts::FRAC_1_SQRT_2;

/// `1 / sqrt(2 π)`.
const NORMAL_PEAK: f64 = 0.398_942_280_401_432_7;
/// Where series and continued fractions stop: a step below this share changes nothing.
const CONVERGED: f64 = 1e-16;
/// More terms than any admitted argument needs.
const TERMS_MAX: u32 = 100_000;

/// A probability from both ends, each with full relative precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tails {
    /// The probability of a value at most this one.
    pub(crate) lower: f64,
    /// The probability of a greater one.
    pub(crate) upper: f64,
}

impl Tails {
    const fn from_lower(lower: f64) -> Self {
        Self { lower, upper: 1.0 - lower }
    }

    const fn from_upper(upper: f64) -> Self {
        Self { lower: 1.0 - upper, upper }
    }

    const fn swapped(self) -> Self {
        Self { lower: self.upper, upper: self.lower }
    }
}

/// The standard normal distribution function, from both ends.
pub(crate) fn normal_tails(z: f64) -> Tails {
    Tails { lower: 0.5 * libm::erfc(-z * FRAC_1_SQRT_2), upper: 0.5 * libm::erfc(z * FRAC_1_SQRT_2) }
}

/// The standard normal density.
pub(crate) fn normal_density(z: f64) -> f64 {
    NORMAL_PEAK * libm::exp(-0.5 * z * z)
}

/// `x` times the density of a gamma law of scale 1 at `x`: `x^shape e^-x / Γ(shape)`; takes the logarithm of `x`,
/// which is still there where `x` underflows.
pub(crate) fn gamma_weight(shape: f64, log_x: f64) -> f64 {
    libm::exp(shape * log_x - libm::exp(log_x) - libm::lgamma(shape))
}

/// The regularised incomplete gamma functions P and Q, by series below the mean and Lentz's continued fraction above
/// (Press et al., Numerical Recipes, 3rd ed., 6.2); takes the logarithm of `x`.
pub(crate) fn gamma_tails(shape: f64, log_x: f64) -> Tails {
    let x = libm::exp(log_x);
    let weight = gamma_weight(shape, log_x);
    if x < shape + 1.0 {
        let (mut term, mut sum, mut place) = (1.0 / shape, 1.0 / shape, shape);
        for _ in 0..TERMS_MAX {
            place += 1.0;
            term *= x / place;
            sum += term;
            if term < sum * CONVERGED {
                break;
            }
        }
        Tails::from_lower((weight * sum).min(1.0))
    } else {
        let fraction = continued_fraction(x + 1.0 - shape, |step| {
            let step = f64::from(step);
            (-step * (step - shape), x + 2.0 * step + 1.0 - shape)
        });
        Tails::from_upper((weight / fraction).min(1.0))
    }
}

/// `x (1 - x)` times the density of a beta law at `x`: `x^alpha (1-x)^beta / B(alpha, beta)`.
pub(crate) fn beta_weight(alpha: f64, beta: f64, x: f64, rest: f64) -> f64 {
    let log_beta = libm::lgamma(alpha) + libm::lgamma(beta) - libm::lgamma(alpha + beta);
    libm::exp(alpha * libm::log(x) + beta * libm::log(rest) - log_beta)
}

/// The regularised incomplete beta function from both ends, where `rest` is `1 - x` in full precision
/// (Numerical Recipes, 6.4).
pub(crate) fn beta_tails(alpha: f64, beta: f64, x: f64, rest: f64) -> Tails {
    if x <= 0.0 {
        return Tails::from_lower(0.0);
    }
    if rest <= 0.0 {
        return Tails::from_upper(0.0);
    }
    if x > (alpha + 1.0) / (alpha + beta + 2.0) {
        return beta_tails_left(beta, alpha, rest, x).swapped();
    }
    beta_tails_left(alpha, beta, x, rest)
}

/// The same, left of the middle, where the continued fraction converges fast.
fn beta_tails_left(alpha: f64, beta: f64, x: f64, rest: f64) -> Tails {
    let fraction = continued_fraction(1.0, |step| {
        let half = f64::from(step / 2);
        let numerator = if step % 2 == 0 {
            half * (beta - half) * x / ((alpha + 2.0 * half - 1.0) * (alpha + 2.0 * half))
        } else {
            -(alpha + half) * (alpha + beta + half) * x / ((alpha + 2.0 * half) * (alpha + 2.0 * half + 1.0))
        };
        (numerator, 1.0)
    });
    Tails::from_lower((beta_weight(alpha, beta, x, rest) / (alpha * fraction)).min(1.0))
}

/// `b0 + a1 / (b1 + a2 / (b2 + …))` by the modified Lentz algorithm; `terms(i)` is `(ai, bi)`.
fn continued_fraction(first: f64, terms: impl Fn(u32) -> (f64, f64)) -> f64 {
    const TINY: f64 = 1e-300;
    let nonzero = |value: f64| if libm::fabs(value) < TINY { TINY } else { value };
    let mut value = nonzero(first);
    let (mut above, mut below) = (value, 0.0);
    for step in 1..TERMS_MAX {
        let (numerator, denominator) = terms(step);
        below = 1.0 / nonzero(denominator + numerator * below);
        above = nonzero(denominator + numerator / above);
        let change = above * below;
        value *= change;
        if libm::fabs(change - 1.0) < 2.0 * CONVERGED {
            break;
        }
    }
    value
}

/// `∫ x^-exponent dx` from `from` to `to`, both positive; without cancellation where the exponent is near one.
pub(crate) fn power_integral(from: f64, to: f64, exponent: f64) -> f64 {
    let (log_ratio, power) = (libm::log(to / from), 1.0 - exponent);
    if libm::fabs(power * log_ratio) < 1e-12 {
        return libm::pow(from, power) * log_ratio;
    }
    libm::pow(from, power) * libm::expm1(power * log_ratio) / power
}

/// The `to` for which [`power_integral`] from `from` gives `area`.
pub(crate) fn power_integral_inverse(from: f64, area: f64, exponent: f64) -> f64 {
    let power = 1.0 - exponent;
    let share = area / libm::pow(from, power);
    if libm::fabs(power * share) < 1e-12 {
        return from * libm::exp(share);
    }
    from * libm::exp(libm::log1p(power * share) / power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(value: f64, expected: f64) {
        assert!(libm::fabs(value / expected - 1.0) < 1e-12, "{value} is not {expected}");
    }

    #[test]
    fn the_normal_law_has_its_tabled_values() {
        close(normal_tails(0.0).lower, 0.5);
        close(normal_tails(-1.959_963_984_540_054).lower, 0.025);
        close(normal_tails(6.0).upper, 9.865_876_450_376_98e-10);
    }

    #[test]
    fn a_gamma_law_of_shape_one_is_exponential() {
        for x in [1e-9, 0.1, 1.0, 1.9, 2.1, 30.0] {
            let tails = gamma_tails(1.0, libm::log(x));
            close(tails.lower, -libm::expm1(-x));
            close(tails.upper, libm::exp(-x));
        }
    }

    #[test]
    fn a_gamma_law_of_shape_one_half_is_a_squared_normal() {
        for z in [0.01, 0.5, 1.0, 2.0, 5.0] {
            let tails = gamma_tails(0.5, libm::log(z * z / 2.0));
            close(tails.upper, 2.0 * normal_tails(z).upper);
        }
    }

    #[test]
    fn a_beta_law_of_whole_parameters_is_a_polynomial() {
        for x in [0.01, 0.2, 0.5, 0.77, 0.999] {
            close(beta_tails(2.0, 1.0, x, 1.0 - x).lower, x * x);
            close(beta_tails(1.0, 3.0, x, 1.0 - x).upper, (1.0 - x) * (1.0 - x) * (1.0 - x));
            close(beta_tails(2.0, 2.0, x, 1.0 - x).lower, x * x * (3.0 - 2.0 * x));
        }
    }

    #[test]
    fn power_integrals_are_inverted() {
        for exponent in [-1.0, 0.0, 0.5, 1.0 - 1e-14, 1.0, 1.0 + 1e-9, 1.5, 3.0] {
            for to in [2.0, 2.5, 100.0] {
                let area = power_integral(2.0, to, exponent);
                assert!(libm::fabs(power_integral_inverse(2.0, area, exponent) / to - 1.0) < 1e-9);
            }
        }
        close(power_integral(1.0, 4.0, 2.0), 0.75);
        close(power_integral(2.0, 4.0, 1.0), core::f64::consts::LN_2);
    }
}
