//! Means and ratios of sums over replications.

use super::estimate::{Basis, Estimate, Method, NoInterval};
use super::student::student_t_critical;

/// The mean of one value a replication, ± t · S / √R with R − 1 degrees of freedom (Law, *Simulation Modeling and
/// Analysis*, ch. 9). A time average over windows of equal length is such a mean.
///
/// `None` without values, or with one that is not finite. Panics unless `confidence` lies in (0, 1).
pub fn mean(values: &[f64], confidence: f64) -> Option<Estimate> {
    let center = average(values)?;
    let basis = Basis { replications: values.len(), method: Method::ReplicationStudentT, confidence };
    Some(around(center, squares_about(values, center), basis))
}

/// How the error of a [`ratio`] is found. Both are right for many replications; for few the jackknife is wider and
/// covers better: 93.9 % against 92.6 % in the test campaign's hard case of 20.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RatioError {
    /// By leaving out one replication at a time (Miller 1974; Iglehart 1975).
    Jackknife,
    /// By the linearised ratio (Cochran, *Sampling Techniques*, section 6.3).
    Delta,
}

/// The ratio of two sums over replications: θ = Σ Y / Σ X for one `(numerator, denominator)` a replication.
///
/// This, and not the mean of the replications' own ratios, is the mean over all tasks, the dollars per task, the share
/// of all attempts: each replication weighs as much as it holds. The point is the plain ratio, so that it agrees with
/// the ledgers; the interval is the point ± t · standard error with R − 1 degrees of freedom.
///
/// `None` where the denominators sum to zero or a number is not finite. Panics unless `confidence` lies in (0, 1).
pub fn ratio(pairs: &[(f64, f64)], confidence: f64, error: RatioError) -> Option<Estimate> {
    let numerator: f64 = pairs.iter().map(|(numerator, _)| numerator).sum();
    let denominator: f64 = pairs.iter().map(|(_, denominator)| denominator).sum();
    let point = numerator / denominator;
    if !point.is_finite() || !denominator.is_finite() {
        return None;
    }
    match error {
        RatioError::Jackknife => Some(jackknife(pairs, (numerator, denominator), confidence)),
        RatioError::Delta => Some(linearised(pairs, (numerator, denominator), confidence)),
    }
}

/// Pseudo-values R · θ − (R − 1) · θ₍₋ᵢ₎; their variance about their own mean.
fn jackknife(pairs: &[(f64, f64)], sums: (f64, f64), confidence: f64) -> Estimate {
    let basis = Basis { replications: pairs.len(), method: Method::RatioJackknife, confidence };
    let point = sums.0 / sums.1;
    let count = pairs.len() as f64;
    let pseudo: Vec<f64> = pairs
        .iter()
        .map(|(numerator, denominator)| {
            count * point - (count - 1.0) * ((sums.0 - numerator) / (sums.1 - denominator))
        })
        .collect();
    match average(&pseudo) {
        Some(center) => around(point, squares_about(&pseudo, center), basis),
        None if pairs.len() == 1 => Estimate::bare(point, NoInterval::TooFewReplications, basis),
        None => Estimate::bare(point, NoInterval::DenominatorVanishes, basis),
    }
}

/// Residuals Y − θX over the mean denominator.
fn linearised(pairs: &[(f64, f64)], sums: (f64, f64), confidence: f64) -> Estimate {
    let basis = Basis { replications: pairs.len(), method: Method::RatioDelta, confidence };
    let point = sums.0 / sums.1;
    let mean_denominator = sums.1 / pairs.len() as f64;
    let residuals: Vec<f64> = pairs
        .iter()
        .map(|(numerator, denominator)| (numerator - point * denominator) / mean_denominator)
        .collect();
    around(point, squares_about(&residuals, 0.0), basis)
}

/// `center` ± t · √(squares / (R (R − 1))).
pub(super) fn around(center: f64, squares: f64, basis: Basis) -> Estimate {
    let count = basis.replications as f64;
    if basis.replications < 2 {
        return Estimate::bare(center, NoInterval::TooFewReplications, basis);
    }
    let error = libm::sqrt(squares / (count * (count - 1.0)));
    Estimate::symmetric(center, student_t_critical(basis.confidence, count - 1.0) * error, basis)
}

/// The arithmetic mean; `None` without values or where it is not finite.
pub(super) fn average(values: &[f64]) -> Option<f64> {
    let average = values.iter().sum::<f64>() / values.len() as f64;
    average.is_finite().then_some(average)
}

/// Σ (x − center)².
pub(super) fn squares_about(values: &[f64], center: f64) -> f64 {
    values.iter().map(|value| (value - center) * (value - center)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::Chance;
    use proptest::prelude::*;

    #[track_caller]
    fn check_close(found: Option<f64>, expected: f64) {
        assert!(
            (found.unwrap() - expected).abs() < 1e-6 * expected.abs().max(1.0),
            "{found:?} for {expected}"
        );
    }

    /// Law, section 4.5: ten observations with mean 1.34 and variance 0.17; the 90 % interval is 1.34 ± 0.24.
    #[test]
    fn a_mean_matches_the_textbook() {
        let estimate = mean(&[1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09], 0.90).unwrap();
        assert!((estimate.value - 1.343).abs() < 1e-12);
        assert!((estimate.half_width().unwrap() - 0.24).abs() < 0.005);
    }

    #[test]
    fn one_replication_has_a_point_and_says_why_no_more() {
        let estimate = mean(&[4.0], 0.95).unwrap();
        assert_eq!(
            (estimate.value, estimate.low, estimate.note),
            (4.0, None, Some(NoInterval::TooFewReplications))
        );
    }

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!(mean(&[], 0.95), None);
        assert_eq!(mean(&[1.0, f64::NAN], 0.95), None);
    }

    #[test]
    fn equal_replications_have_an_interval_of_no_length() {
        assert_eq!(mean(&[2.0; 20], 0.95).unwrap().half_width(), Some(0.0));
    }

    /// With equal denominators a ratio is a mean, and both errors are its error exactly.
    #[test]
    fn a_ratio_over_equal_denominators_is_a_mean() {
        let values = [3.0, 5.0, 4.0, 9.0];
        let pairs = values.map(|value| (2.0 * value, 2.0));
        let expected = mean(&values, 0.95).unwrap();
        for error in [RatioError::Jackknife, RatioError::Delta] {
            let found = ratio(&pairs, 0.95, error).unwrap();
            check_close(Some(found.value), expected.value);
            check_close(found.half_width(), expected.half_width().unwrap());
        }
    }

    /// By hand: θ = 10/5; without each pair 9/4, 7/3, 4/3; pseudo-values 1.5, 4/3, 10/3; their variance 37/27 (sample).
    #[test]
    fn a_jackknife_matches_the_hand() {
        let found = ratio(&[(1.0, 1.0), (3.0, 2.0), (6.0, 2.0)], 0.95, RatioError::Jackknife).unwrap();
        check_close(Some(found.value), 2.0);
        let pseudo = [6.0 - 4.5, 6.0 - 14.0 / 3.0, 6.0 - 8.0 / 3.0];
        let center = pseudo.iter().sum::<f64>() / 3.0;
        let variance = pseudo.iter().map(|value| (value - center) * (value - center)).sum::<f64>() / 2.0;
        check_close(found.half_width(), 4.302_652_73 * libm::sqrt(variance / 3.0));
    }

    /// By hand: residuals −1, −1, 2 over a mean denominator of 5/3.
    #[test]
    fn a_delta_error_matches_the_hand() {
        let found = ratio(&[(1.0, 1.0), (3.0, 2.0), (6.0, 2.0)], 0.95, RatioError::Delta).unwrap();
        check_close(found.half_width(), 4.302_652_73 * libm::sqrt(6.0 / (25.0 / 9.0) / 6.0));
    }

    #[test]
    fn a_denominator_of_one_replication_has_no_interval() {
        let found = ratio(&[(1.0, 4.0), (0.0, 0.0)], 0.95, RatioError::Jackknife).unwrap();
        assert_eq!((found.value, found.note), (0.25, Some(NoInterval::DenominatorVanishes)));
        assert_eq!(ratio(&[(1.0, 0.0)], 0.95, RatioError::Jackknife), None);
    }

    /// The estimator simulated: 2,000 intervals over 20 normal values each. A binomial count of 95 % stays within
    /// 4 standard deviations (0.0195) of it.
    #[test]
    fn a_t_interval_covers_as_often_as_it_says() {
        let mut chance = Chance::new(1);
        let covered = (0..2_000)
            .filter(|_| {
                let values: Vec<f64> = (0..20).map(|_| 7.0 + 3.0 * chance.normal()).collect();
                mean(&values, 0.95).unwrap().holds(7.0).unwrap()
            })
            .count();
        assert!((1_861..=1_939).contains(&covered), "{covered}");
    }

    /// 1,000 ratios, θ = 2, over 20 replications whose denominators vary and drive the numerators.
    #[test]
    fn ratio_intervals_cover_about_as_often_as_they_say() {
        for error in [RatioError::Jackknife, RatioError::Delta] {
            let mut chance = Chance::new(2);
            let covered = (0..1_000)
                .filter(|_| {
                    let pairs: Vec<(f64, f64)> = (0..20)
                        .map(|_| {
                            let denominator = 1.0 + chance.exponential();
                            (2.0 * denominator + chance.normal(), denominator)
                        })
                        .collect();
                    ratio(&pairs, 0.95, error).unwrap().holds(2.0).unwrap()
                })
                .count();
            assert!((915..=980).contains(&covered), "{error:?}: {covered}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_interval_holds_its_point(values in prop::collection::vec(-1e9..1e9_f64, 2..40), confidence in 0.5..0.999_f64) {
            let estimate = mean(&values, confidence).unwrap();
            prop_assert_eq!(estimate.holds(estimate.value), Some(true));
        }

        #[test]
        fn more_confidence_is_a_wider_interval(values in prop::collection::vec(-1e3..1e3_f64, 2..40)) {
            let width = |confidence| mean(&values, confidence).unwrap().half_width().unwrap();
            prop_assert!(width(0.99) >= width(0.95) && width(0.95) >= width(0.8));
        }

        #[test]
        fn a_ratio_scales_with_its_unit(pairs in prop::collection::vec((0.0..1e3_f64, 1.0..1e3_f64), 2..30)) {
            let scaled: Vec<_> = pairs.iter().map(|(numerator, denominator)| (1024.0 * numerator, *denominator)).collect();
            for error in [RatioError::Jackknife, RatioError::Delta] {
                let (plain, scaled) = (ratio(&pairs, 0.95, error).unwrap(), ratio(&scaled, 0.95, error).unwrap());
                let (plain, scaled) = (plain.half_width().unwrap(), scaled.half_width().unwrap());
                prop_assert!((scaled - 1024.0 * plain).abs() <= 1e-9 * scaled, "{plain} {scaled}");
            }
        }
    }
}
