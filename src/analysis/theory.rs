//! Queueing theory: what systems do whose behaviour is known exactly. The simulator is held against it.
//!
//! Each function names its formula and its source; each is tested against a published number or a second method (most
//! often [`chain`], which solves any Markov chain of moderate size exactly). Rates are per second, times in seconds,
//! shares in `[0, 1]`.
//!
//! References by short name: *Gross* is Gross, Shortle, Thompson & Harris, Fundamentals of Queueing Theory, 5th ed.
//! (2018); *Kleinrock* is Queueing Systems I (1975) and II (1976); *Tijms* is A First Course in Stochastic Models
//! (2003); *Neuts* is Matrix-Geometric Solutions in Stochastic Models (1981).

pub mod arrivals;
pub mod birth_death;
pub mod caches;
pub mod chain;
pub mod deterministic;
pub mod erlang;
pub mod general;
pub mod impatience;
pub mod interruptions;
pub mod limits;
pub mod networks;
pub mod parallel;
pub mod renewal;
pub mod time_varying;

/// The mean of a distribution over 0, 1, 2, …
pub fn mean_number(probabilities: &[f64]) -> f64 {
    probabilities.iter().enumerate().map(|(number, probability)| number as f64 * probability).sum()
}

/// The place where `function`, which rises, reaches `target`, between `low` and `high`; to machine precision.
pub fn bisect(function: impl Fn(f64) -> f64, target: f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if function(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The integral of `function` from `low` to `high` by Simpson's rule on `halves` pairs of equal steps.
pub fn integrate(function: impl Fn(f64) -> f64, low: f64, high: f64, halves: u32) -> f64 {
    let step = (high - low) / f64::from(2 * halves);
    let inner: f64 = (1..2 * halves)
        .map(|index| function(low + step * f64::from(index)) * if index % 2 == 1 { 4.0 } else { 2.0 })
        .sum();
    (function(low) + inner + function(high)) * step / 3.0
}

/// The probabilities of 0, 1, … of a Poisson law, up to where what is left is below 10⁻¹⁷.
pub fn poisson(mean: f64) -> Vec<f64> {
    let mut probabilities = Vec::new();
    let mut number = 0_u32;
    loop {
        let number_as_float = f64::from(number);
        let probability =
            libm::exp(number_as_float * libm::log(mean) - mean - libm::lgamma(number_as_float + 1.0));
        probabilities.push(probability);
        if number_as_float > mean && probability < 1e-17 {
            return probabilities;
        }
        number += 1;
    }
}

#[cfg(test)]
pub(crate) mod testing {
    /// Holds two numbers against each other, to a relative error of `within`.
    #[track_caller]
    pub(crate) fn check_close(found: f64, expected: f64, within: f64) {
        let error = libm::fabs(found - expected);
        assert!(
            error <= within * libm::fabs(expected).max(1e-300),
            "{found} is not {expected} (within {within})"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::testing::check_close;
    use super::*;

    #[test]
    fn a_poisson_law_sums_to_one_and_has_its_mean() {
        for mean in [0.1, 3.0, 60.0] {
            let law = poisson(mean);
            check_close(law.iter().sum(), 1.0, 1e-12);
            check_close(mean_number(&law), mean, 1e-12);
        }
    }

    #[test]
    fn roots_and_integrals_are_found() {
        check_close(bisect(|x| x * x, 2.0, 0.0, 2.0), core::f64::consts::SQRT_2, 1e-15);
        check_close(integrate(libm::exp, 0.0, 1.0, 100), core::f64::consts::E - 1.0, 1e-10);
    }
}
