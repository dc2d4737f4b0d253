//! Quantiles and tails of Student's t and the normal distribution, from `statrs`.
//!
//! They use the platform's logarithm, so they serve intervals only: nothing that a run decides may rest on them.

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

/// The `level` quantile of Student's t with `freedom` degrees of freedom (whole or not).
///
/// Panics unless `level` lies in (0, 1) and `freedom` is positive and finite.
pub fn student_t_quantile(level: f64, freedom: f64) -> f64 {
    assert!(level > 0.0 && level < 1.0, "a quantile's level lies between 0 and 1, not at {level}");
    let distribution = standard_t(freedom);
    let tail = level.min(1.0 - level);
    let distance =
        (0..2).fold(distribution.inverse_cdf(level).abs(), |far, _| nearer(&distribution, far, tail));
    if level < 0.5 { -distance } else { distance }
}

/// One step of Newton's method on the logarithms of distance and tail, nearly a line far out, where the inverse of
/// `statrs` is off by up to a tenth (one degree of freedom, a tail of 10⁻⁸).
fn nearer(distribution: &StudentsT, far: f64, tail: f64) -> f64 {
    let there = distribution.cdf(-far);
    let slope = far * distribution.pdf(far) / there;
    // Near the centre the logarithm of a distance of zero leads nowhere, and the first answer is good.
    if tail > 0.25 { far } else { far * libm::exp(libm::log(there / tail) / slope) }
}

/// The probability that |t| with `freedom` degrees of freedom is at least |`statistic`|.
///
/// Panics unless `freedom` is positive and finite.
pub fn student_t_two_sided_p(statistic: f64, freedom: f64) -> f64 {
    (2.0 * standard_t(freedom).cdf(-statistic.abs())).min(1.0)
}

/// The t that a two-sided interval of `confidence` reaches out to.
pub(super) fn student_t_critical(confidence: f64, freedom: f64) -> f64 {
    check_confidence(confidence);
    student_t_quantile(f64::midpoint(1.0, confidence), freedom)
}

/// The z that a two-sided interval of `confidence` reaches out to.
pub(super) fn normal_critical(confidence: f64) -> f64 {
    check_confidence(confidence);
    Normal::standard().inverse_cdf(f64::midpoint(1.0, confidence))
}

#[track_caller]
pub(super) fn check_confidence(confidence: f64) {
    assert!(confidence > 0.0 && confidence < 1.0, "a confidence lies between 0 and 1, not at {confidence}");
}

fn standard_t(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom are positive")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(level: f64, freedom: f64, expected: f64) {
        let found = student_t_quantile(level, freedom);
        assert!((found / expected - 1.0).abs() < 3e-7, "{found} for {expected}");
    }

    /// NIST/SEMATECH e-Handbook 1.3.6.7.2 to its digits, further digits as R's `qt` prints them.
    #[test]
    fn quantiles_match_the_published_tables() {
        check(0.975, 1.0, 12.706_204_7);
        check(0.975, 2.0, 4.302_652_73);
        check(0.95, 9.0, 1.833_112_93);
        check(0.975, 9.0, 2.262_157_16);
        check(0.975, 19.0, 2.093_024_05);
        check(0.995, 19.0, 2.860_934_61);
        check(0.975, 99.0, 1.984_216_95);
        check(0.025, 19.0, -2.093_024_05);
    }

    /// With one and with two degrees of freedom the quantile has a closed form: tan(π(p − ½)) and
    /// (2p − 1) / √(2p(1 − p)); the tails that a suite of a thousand comparisons needs are among them.
    #[test]
    fn quantiles_match_the_closed_forms_far_into_the_tail() {
        for level in [0.6, 0.9, 0.999, 1.0 - 1e-6, 1.0 - 1e-8] {
            check(level, 1.0, libm::tan(std::f64::consts::PI * (level - 0.5)));
            check(level, 2.0, (2.0 * level - 1.0) / libm::sqrt(2.0 * level * (1.0 - level)));
        }
    }

    #[test]
    fn the_normal_quantile_matches_the_table() {
        assert!((normal_critical(0.95) - 1.959_963_985).abs() < 1e-8);
        assert!((normal_critical(0.99) - 2.575_829_304).abs() < 1e-8);
    }

    #[test]
    #[should_panic(expected = "a confidence lies between 0 and 1")]
    fn a_confidence_in_percent_panics() {
        student_t_critical(95.0, 19.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_tail_beyond_a_quantile_is_what_was_asked(tail in 1e-7..0.49_f64, freedom in 1.0..2000.0_f64) {
            let found = student_t_two_sided_p(student_t_quantile(1.0 - tail, freedom), freedom);
            prop_assert!((found / (2.0 * tail) - 1.0).abs() < 1e-6, "{found} for {}", 2.0 * tail);
        }
    }
}
