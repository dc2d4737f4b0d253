//! What a change changed: [`compare`], and [`holm`] where many things are compared.

use super::estimate::{Basis, Estimate, Method, NoInterval};
use super::interval::{around, average, squares_about};
use super::student::{check_confidence, student_t_critical, student_t_two_sided_p};

/// Two configurations compared on one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The second mean minus the first, with its interval.
    pub difference: Estimate,
    /// The correlation between replications of the same number; `None` where a side does not vary or they are no pairs.
    pub correlation: Option<f64>,
    /// By how much common random numbers cut the variance of the difference: that of independent runs over that of
    /// pairs. `None` where pairs do not vary or there are none.
    pub variance_reduction: Option<f64>,
    /// The two-sided probability of a difference at least as large where there is none; `None` without an interval.
    pub p_value: Option<f64>,
}

/// Compares the replications of two configurations that saw the same random numbers: entry `r` of both has the same seed.
///
/// Their differences are one sample, and Student's t applies (Law, section 10.2.1 and ch. 11), whatever the correlation.
/// Where it is not positive, common random numbers have not helped, and the interval is as wide as it must be: Welch's
/// test would take the sides for independent and be too sure of itself. It is for sides with seeds of their own, and so
/// it applies where one side has more replications than the other: see [`compare_independent`].
///
/// `None` where a side has no values or one that is not finite. Panics unless `confidence` lies in (0, 1).
///
/// ```
/// use tars_sim::stats::{Method, compare};
///
/// let (five_servers, six_servers) = ([4.1, 6.0, 5.2, 7.3], [3.0, 4.8, 4.3, 6.1]);
/// let comparison = compare(&five_servers, &six_servers, 0.95).unwrap();
/// assert_eq!(comparison.difference.method, Method::PairedStudentT);
/// assert!(comparison.difference.high.unwrap() < 0.0);
/// ```
pub fn compare(first: &[f64], second: &[f64], confidence: f64) -> Option<Comparison> {
    check_confidence(confidence);
    if first.len() != second.len() {
        return compare_independent(first, second, confidence);
    }
    let spread = (Spread::of(first)?, Spread::of(second)?);
    paired(first, second, &spread, confidence)
}

/// Compares replications that share no random numbers, by Welch's test (Welch 1947; Law, section 10.2.2).
///
/// `None` where a side has no values or one that is not finite. Panics unless `confidence` lies in (0, 1).
pub fn compare_independent(first: &[f64], second: &[f64], confidence: f64) -> Option<Comparison> {
    check_confidence(confidence);
    Some(welch(&(Spread::of(first)?, Spread::of(second)?), confidence))
}

/// The p-values of a family, adjusted so that rejecting those at most α keeps the chance of any false rejection at most α
/// (Holm 1979): in ascending order the k-th of m is multiplied by m − k + 1, and none is smaller than the one before.
/// The answer is in the order of the question.
///
/// ```
/// assert_eq!(tars_sim::stats::holm(&[0.5, 0.125, 0.25]), [0.5, 0.375, 0.5]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&left, &right| p_values[left].total_cmp(&p_values[right]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut least: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        least = least.max((p_values.len() - rank) as f64 * p_values[index]).min(1.0);
        adjusted[index] = least;
    }
    adjusted
}

/// One side on its own.
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Option<Self> {
        let mean = average(values)?;
        Some(Self { count: values.len() as f64, mean, squares: squares_about(values, mean) })
    }

    /// The variance of the mean.
    fn error_squared(&self) -> f64 {
        self.squares / (self.count * (self.count - 1.0))
    }
}

fn correlation(first: &[f64], second: &[f64], spread: &(Spread, Spread)) -> Option<f64> {
    let product: f64 = first.iter().zip(second).map(|(x, y)| (x - spread.0.mean) * (y - spread.1.mean)).sum();
    let correlation = product / libm::sqrt(spread.0.squares * spread.1.squares);
    correlation.is_finite().then_some(correlation.clamp(-1.0, 1.0))
}

fn paired(first: &[f64], second: &[f64], spread: &(Spread, Spread), confidence: f64) -> Option<Comparison> {
    let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| second - first).collect();
    let mean = average(&differences)?;
    let squares = squares_about(&differences, mean);
    let basis = Basis { replications: differences.len(), method: Method::PairedStudentT, confidence };
    let freedom = spread.0.count - 1.0;
    let error = libm::sqrt(squares / (spread.0.count * freedom));
    Some(Comparison {
        difference: around(mean, squares, basis),
        correlation: correlation(first, second, spread),
        variance_reduction: (squares > 0.0).then(|| (spread.0.squares + spread.1.squares) / squares),
        p_value: (freedom > 0.0).then(|| p_value(mean, error, freedom)),
    })
}

/// Its degrees of freedom are those of Satterthwaite, and need not be whole.
fn welch((first, second): &(Spread, Spread), confidence: f64) -> Comparison {
    let replications = first.count.min(second.count);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was the length of a slice"
    )]
    let basis = Basis { replications: replications as usize, method: Method::Welch, confidence };
    let mean = second.mean - first.mean;
    if replications < 2.0 {
        let difference = Estimate::bare(mean, NoInterval::TooFewReplications, basis);
        return Comparison { difference, correlation: None, variance_reduction: None, p_value: None };
    }
    let errors = (first.error_squared(), second.error_squared());
    let error_squared = errors.0 + errors.1;
    let weighted = errors.0 * errors.0 / (first.count - 1.0) + errors.1 * errors.1 / (second.count - 1.0);
    // Sides that do not vary at all have an error of zero, and any freedom serves.
    let freedom = if weighted > 0.0 { error_squared * error_squared / weighted } else { replications - 1.0 };
    let error = libm::sqrt(error_squared);
    Comparison {
        difference: Estimate::symmetric(mean, student_t_critical(confidence, freedom) * error, basis),
        correlation: None,
        variance_reduction: None,
        p_value: Some(p_value(mean, error, freedom)),
    }
}

fn p_value(mean: f64, error: f64, freedom: f64) -> f64 {
    if error > 0.0 {
        student_t_two_sided_p(mean / error, freedom)
    } else if mean == 0.0 {
        1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::Chance;
    use proptest::prelude::*;

    #[track_caller]
    fn check_close(found: Option<f64>, expected: f64, within: f64) {
        assert!((found.unwrap() - expected).abs() <= within, "{found:?} for {expected}");
    }

    /// Student 1908, the sleep data, as R's help page of `t.test` has them: paired, the difference is 1.58,
    /// t = 4.0621 with 9 degrees of freedom, p = 0.002833, interval 0.7001142 … 2.4598858.
    const DRUG_1: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const DRUG_2: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    #[test]
    fn paired_differences_match_the_sleep_data() {
        let found = compare(&DRUG_1, &DRUG_2, 0.95).unwrap();
        assert_eq!(found.difference.method, Method::PairedStudentT);
        check_close(Some(found.difference.value), 1.58, 1e-12);
        check_close(found.difference.low, 0.700_114_2, 1e-7);
        check_close(found.difference.high, 2.459_885_8, 1e-7);
        check_close(found.p_value, 0.002_833, 1e-6);
        check_close(found.correlation, 0.795_170_2, 1e-7);
    }

    /// The same data unpaired: t = 1.8608 with 17.776 degrees of freedom, p = 0.07939, interval −0.2054832 … 3.3654832.
    #[test]
    fn welch_matches_the_sleep_data() {
        let found = compare_independent(&DRUG_1, &DRUG_2, 0.95).unwrap();
        check_close(found.difference.low, -0.205_483_2, 1e-7);
        check_close(found.difference.high, 3.365_483_2, 1e-7);
        check_close(found.p_value, 0.079_39, 5e-6);
    }

    #[test]
    fn pairs_that_go_apart_are_still_pairs_and_wider_than_welch() {
        let sides = ([1.0, 2.0, 3.0, 5.0], [9.0, 8.0, 7.0, 6.0]);
        let found = compare(&sides.0, &sides.1, 0.95).unwrap();
        assert_eq!(found.difference.method, Method::PairedStudentT);
        assert!(found.correlation.unwrap() < -0.9 && found.variance_reduction.unwrap() < 1.0);
        let apart = compare_independent(&sides.0, &sides.1, 0.95).unwrap();
        assert!(found.difference.half_width() > apart.difference.half_width());
    }

    #[test]
    fn sides_of_unequal_length_are_not_paired() {
        let found = compare(&[1.0, 2.0, 3.0], &[2.0, 3.0], 0.95).unwrap();
        assert_eq!(
            (found.difference.method, found.correlation, found.difference.replications),
            (Method::Welch, None, 2)
        );
    }

    #[test]
    fn sides_that_do_not_vary_differ_for_sure_or_not_at_all() {
        let p_value = |second: f64| compare(&[1.0; 20], &[second; 20], 0.95).unwrap().p_value;
        assert_eq!((p_value(2.0), p_value(1.0)), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn equal_steps_up_are_a_sure_difference() {
        let found = compare(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0], 0.95).unwrap();
        assert_eq!(
            (found.difference.half_width(), found.variance_reduction, found.p_value),
            (Some(0.0), None, Some(0.0))
        );
    }

    #[test]
    fn one_replication_a_side_says_nothing() {
        let found = compare(&[1.0], &[2.0], 0.95).unwrap();
        assert_eq!((found.difference.note, found.p_value), (Some(NoInterval::TooFewReplications), None));
        assert_eq!(compare(&[], &[2.0], 0.95), None);
    }

    /// R: p.adjust(c(.01, .02, .03, .04, .05), "holm") gives .05 .08 .09 .09 .09.
    #[test]
    fn holm_matches_r() {
        let found = holm(&[0.05, 0.01, 0.03, 0.02, 0.04]);
        for (found, expected) in found.iter().zip([0.09, 0.05, 0.09, 0.08, 0.09]) {
            check_close(Some(*found), expected, 1e-12);
        }
        assert!(holm(&[]).is_empty());
    }

    /// Pairs share most of their noise: the variance falls by 1 / (1 − ρ) = 10 where both sides vary alike.
    #[test]
    fn common_noise_cuts_the_variance_and_the_interval_covers() {
        let mut chance = Chance::new(11);
        let (mut covered, mut reduction) = (0, 0.0);
        for _ in 0..1_000 {
            let (first, second): (Vec<f64>, Vec<f64>) = (0..20)
                .map(|_| {
                    let common = 3.0 * chance.normal();
                    (common + chance.normal(), 1.0 + common + chance.normal())
                })
                .unzip();
            let found = compare(&first, &second, 0.95).unwrap();
            covered += u32::from(found.difference.holds(1.0).unwrap());
            reduction += found.variance_reduction.unwrap() / 1_000.0;
        }
        assert!((922..=978).contains(&covered), "{covered}");
        assert!((9.0..13.0).contains(&reduction), "{reduction}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn swapping_the_sides_turns_the_sign(
            (first, second) in (2_usize..30).prop_flat_map(|count| {
                let side = || prop::collection::vec(-1e3..1e3_f64, count);
                (side(), side())
            }),
        ) {
            let (there, back) = (compare(&first, &second, 0.95).unwrap(), compare(&second, &first, 0.95).unwrap());
            prop_assert_eq!(there.difference.method, back.difference.method);
            prop_assert!((there.difference.value + back.difference.value).abs() < 1e-9);
            prop_assert!((there.difference.high.unwrap() + back.difference.low.unwrap()).abs() < 1e-6);
        }

        #[test]
        fn an_interval_without_zero_is_a_p_value_below_alpha(
            (first, second) in (2_usize..30).prop_flat_map(|count| {
                let side = || prop::collection::vec(-1.0..1.0_f64, count);
                (side(), side())
            }), shift in 0.0..2.0_f64,
        ) {
            let second: Vec<f64> = second.iter().map(|value| value + shift).collect();
            let found = compare(&first, &second, 0.95).unwrap();
            let p_value = found.p_value.unwrap();
            prop_assume!((p_value - 0.05).abs() > 1e-6);
            prop_assert_eq!(found.difference.holds(0.0).unwrap(), p_value > 0.05);
        }

        #[test]
        fn adjusting_keeps_the_order_and_only_raises(p_values in prop::collection::vec(0.0..=1.0_f64, 1..20)) {
            let adjusted = holm(&p_values);
            for (i, j) in (0..p_values.len()).flat_map(|i| (0..p_values.len()).map(move |j| (i, j))) {
                prop_assert!(p_values[i] > p_values[j] || adjusted[i] <= adjusted[j]);
            }
            prop_assert!(adjusted.iter().zip(&p_values).all(|(adjusted, plain)| plain <= adjusted && *adjusted <= 1.0));
        }
    }
}
