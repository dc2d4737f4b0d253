//! Shares of trials: how many failed, missed, met their deadline.

use statrs::distribution::{Beta, ContinuousCDF};

use super::estimate::{Basis, Estimate, Method, NoInterval};
use super::student::{check_confidence, normal_critical, student_t_critical};

/// What one replication saw: `events` among `trials`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trials {
    /// How many trials had the event.
    pub events: u64,
    /// How many trials there were, at least as many.
    pub trials: u64,
}

/// The share of trials with the event, over all replications.
///
/// Trials of one replication are not independent: failures come in bursts. So the spread between replications decides
/// how many independent trials they are worth, n* = p(1 − p) / se², with se the error of the ratio of sums and n* never
/// more than the trials that were made; the interval is Wilson's with n* and Student's t for the normal quantile (Korn
/// & Graubard 1998 on effective sample size; Wilson 1927). It stays inside [0, 1] and holds its point. As it is never
/// narrower than independent trials would make it, a share that is held steady by a regulator is better served by
/// [`ratio`](super::ratio()).
///
/// An event never seen gives the exact one-sided bound 1 − α^(1/n) (Clopper & Pearson 1934; 3/n at 95 %), one always
/// seen its mirror image. There is no spread to learn from then, so **the bound takes trials as independent**.
///
/// `None` without trials. Panics where there are more events than trials, or `confidence` is not in (0, 1).
pub fn proportion(replications: &[Trials], confidence: f64) -> Option<Estimate> {
    check_confidence(confidence);
    let events: u64 = replications.iter().map(|seen| seen.events).sum();
    let trials: u64 = replications.iter().map(|seen| seen.trials).sum();
    assert!(replications.iter().all(|seen| seen.events <= seen.trials), "an event takes a trial");
    let basis = |method| Basis { replications: replications.len(), method, confidence };
    let unseen = libm::pow(1.0 - confidence, 1.0 / trials as f64);
    let point = events as f64 / trials as f64;
    if trials == 0 {
        None
    } else if events == 0 {
        Some(Estimate::between(0.0, 0.0, 1.0 - unseen, basis(Method::ClopperPearsonBound)))
    } else if events == trials {
        Some(Estimate::between(1.0, unseen, 1.0, basis(Method::ClopperPearsonBound)))
    } else if replications.len() < 2 {
        Some(Estimate::bare(point, NoInterval::TooFewReplications, basis(Method::Wilson)))
    } else {
        let (low, high) = wilson_on_effective_trials(replications, point, confidence);
        Some(Estimate::between(point, low, high, basis(Method::Wilson)))
    }
}

/// Wilson's score interval for `events` among `trials` independent ones (Wilson 1927). `None` without trials.
pub fn wilson(events: u64, trials: u64, confidence: f64) -> Option<(f64, f64)> {
    let point = events as f64 / trials as f64;
    (trials > 0).then(|| score_interval(point, trials as f64, normal_critical(confidence)))
}

/// The exact two-sided interval for `events` among `trials` independent ones (Clopper & Pearson 1934): quantiles of
/// beta distributions. It covers at least as often as it says. `None` without trials or with more events than trials.
pub fn clopper_pearson(events: u64, trials: u64, confidence: f64) -> Option<(f64, f64)> {
    check_confidence(confidence);
    let others = trials.checked_sub(events).filter(|_| trials > 0)?;
    let tail = (1.0 - confidence) / 2.0;
    let low = if events == 0 { 0.0 } else { beta_quantile(tail, events as f64, others as f64 + 1.0) };
    let high = if others == 0 { 1.0 } else { beta_quantile(1.0 - tail, events as f64 + 1.0, others as f64) };
    Some((low, high))
}

fn wilson_on_effective_trials(replications: &[Trials], point: f64, confidence: f64) -> (f64, f64) {
    let count = replications.len() as f64;
    let trials: f64 = replications.iter().map(|seen| seen.trials as f64).sum();
    let squares: f64 = replications
        .iter()
        .map(|seen| seen.events as f64 - point * seen.trials as f64)
        .map(|residual| residual * residual)
        .sum();
    // se² = Σ residual² / (R (R − 1) · mean trials²), and mean trials = trials / R.
    let error_squared = squares * count / ((count - 1.0) * trials * trials);
    let effective = (point * (1.0 - point) / error_squared).min(trials);
    score_interval(point, effective, student_t_critical(confidence, count - 1.0))
}

fn score_interval(point: f64, trials: f64, critical: f64) -> (f64, f64) {
    let weight = critical * critical / trials;
    let center = (point + weight / 2.0) / (1.0 + weight);
    let spread = libm::sqrt(weight * point * (1.0 - point) + weight * weight / 4.0) / (1.0 + weight);
    // Rounding must not push an end past the point or out of [0, 1].
    ((center - spread).clamp(0.0, point), (center + spread).clamp(point, 1.0))
}

fn beta_quantile(level: f64, first: f64, second: f64) -> f64 {
    Beta::new(first, second).expect("both shapes are at least one").inverse_cdf(level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::Chance;
    use proptest::prelude::*;

    const SEEN: fn(u64, u64) -> Trials = |events, trials| Trials { events, trials };

    #[track_caller]
    fn check_interval(found: Option<(f64, f64)>, expected: (f64, f64)) {
        let found = found.unwrap();
        let close = |left: f64, right: f64| (left - right).abs() < 5e-5;
        assert!(close(found.0, expected.0) && close(found.1, expected.1), "{found:?} for {expected:?}");
    }

    /// Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20 and 1 of 29, methods 3 (score) and 5 (exact).
    #[test]
    fn intervals_match_newcombe() {
        check_interval(wilson(81, 263, 0.95), (0.2553, 0.3662));
        check_interval(wilson(15, 148, 0.95), (0.0624, 0.1605));
        check_interval(wilson(0, 20, 0.95), (0.0, 0.1611));
        check_interval(wilson(1, 29, 0.95), (0.0061, 0.1718));
        check_interval(clopper_pearson(81, 263, 0.95), (0.2527, 0.3676));
        check_interval(clopper_pearson(15, 148, 0.95), (0.0578, 0.1617));
        check_interval(clopper_pearson(0, 20, 0.95), (0.0, 0.1684));
        check_interval(clopper_pearson(1, 29, 0.95), (0.0009, 0.1776));
    }

    /// The binomial sum is the second method: at the exact ends each tail holds α/2.
    #[test]
    fn exact_ends_leave_half_of_alpha_in_each_tail() {
        let at_most = |events: u32, share: f64| -> f64 {
            let mut term = libm::pow(1.0 - share, 40.0);
            let mut sum = term;
            for k in 0..events {
                term *= f64::from(40 - k) / f64::from(k + 1) * share / (1.0 - share);
                sum += term;
            }
            sum
        };
        let (low, high) = clopper_pearson(7, 40, 0.95).unwrap();
        assert!((1.0 - at_most(6, low) - 0.025).abs() < 1e-9);
        assert!((at_most(7, high) - 0.025).abs() < 1e-9);
    }

    #[test]
    fn no_failure_in_three_hundred_is_at_most_one_in_a_hundred() {
        let estimate = proportion(&[SEEN(0, 100), SEEN(0, 200)], 0.95).unwrap();
        assert_eq!((estimate.value, estimate.low), (0.0, Some(0.0)));
        assert!((estimate.high.unwrap() - 0.009_936).abs() < 1e-6);
        assert_eq!(estimate.method, Method::ClopperPearsonBound);
    }

    #[test]
    fn always_is_the_mirror_image_of_never() {
        let never = proportion(&[SEEN(0, 50)], 0.95).unwrap();
        let always = proportion(&[SEEN(50, 50)], 0.95).unwrap();
        assert!((always.low.unwrap() - (1.0 - never.high.unwrap())).abs() < 1e-12);
    }

    #[test]
    fn no_trials_have_no_share() {
        assert_eq!(proportion(&[SEEN(0, 0)], 0.95), None);
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(clopper_pearson(2, 1, 0.95), None);
    }

    #[test]
    fn one_replication_has_no_spread() {
        let estimate = proportion(&[SEEN(3, 50)], 0.95).unwrap();
        assert_eq!(estimate.note, Some(NoInterval::TooFewReplications));
    }

    /// Without any spread 2,000 trials are worth 2,000, not more: Wilson's interval with t(0.975, 19) = 2.093024.
    #[test]
    fn replications_that_agree_are_no_surer_than_independent_trials() {
        let estimate = proportion(&[SEEN(5, 100); 20], 0.95).unwrap();
        let weight = 2.093_024 * 2.093_024 / 2_000.0;
        let half_width = libm::sqrt(weight * 0.05 * 0.95 + weight * weight / 4.0) / (1.0 + weight);
        assert!((estimate.half_width().unwrap() - half_width).abs() < 1e-8);
    }

    #[test]
    fn bursts_widen_the_interval() {
        let spread = [SEEN(5, 100); 20];
        let bursts: Vec<_> = (0..20).map(|index| SEEN(if index % 4 == 0 { 20 } else { 0 }, 100)).collect();
        let width = |replications: &[Trials]| proportion(replications, 0.95).unwrap().half_width().unwrap();
        assert!(width(&bursts) > 1.8 * width(&spread));
    }

    /// Every replication draws its own failure share, so that trials are as dependent as failures in bursts.
    #[test]
    fn the_interval_covers_when_failures_come_in_bursts() {
        let mut chance = Chance::new(3);
        let covered = (0..1_000)
            .filter(|_| {
                let replications: Vec<_> = (0..20)
                    .map(|_| {
                        let share = 0.04 * chance.exponential().min(4.0);
                        SEEN((0..200).filter(|_| chance.uniform() < share).count() as u64, 200)
                    })
                    .collect();
                // E min(exponential, 4) = 1 − e⁻⁴.
                let truth = 0.04 * (1.0 - libm::exp(-4.0));
                proportion(&replications, 0.95).unwrap().holds(truth).unwrap()
            })
            .count();
        assert!((925..=980).contains(&covered), "{covered}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_interval_stays_inside_and_holds_its_point(
            seen in prop::collection::vec((0_u64..50, 0_u64..50), 2..30), confidence in 0.5..0.999_f64,
        ) {
            let replications: Vec<_> = seen.iter().map(|(events, more)| SEEN(*events, events + more)).collect();
            if let Some(estimate) = proportion(&replications, confidence) {
                prop_assert!(0.0 <= estimate.low.unwrap() && estimate.high.unwrap() <= 1.0);
                prop_assert_eq!(estimate.holds(estimate.value), Some(true));
            }
        }
    }
}
