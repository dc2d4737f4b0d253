//! Whether intervals hold what they promise: [`Coverage`].

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::proportion::clopper_pearson;

/// Counts how many intervals of many independent experiments hold a known truth.
///
/// ```
/// use tars_sim::stats::{Coverage, mean};
///
/// let mut coverage = Coverage::default();
/// coverage.record(&mean(&[1.0, 2.0, 3.0], 0.95).unwrap(), 2.0);
/// coverage.record(&mean(&[1.0, 2.0, 3.0], 0.95).unwrap(), 9.0);
/// assert_eq!(coverage.share(), Some(0.5));
/// assert_eq!(coverage.below, 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Coverage {
    /// Intervals that hold the truth.
    pub covered: u64,
    /// Intervals that lie wholly below the truth: the estimator is low, or too sure.
    pub below: u64,
    /// Intervals that lie wholly above the truth.
    pub above: u64,
    /// Estimates without an interval.
    pub without: u64,
}

impl Coverage {
    /// Takes the estimate of one experiment.
    pub fn record(&mut self, estimate: &Estimate, truth: f64) {
        match (estimate.low, estimate.high) {
            (Some(_), Some(high)) if high < truth => self.below += 1,
            (Some(low), Some(_)) if low > truth => self.above += 1,
            (Some(_), Some(_)) => self.covered += 1,
            (None, _) | (_, None) => self.without += 1,
        }
    }

    /// How many intervals there were.
    pub const fn intervals(&self) -> u64 {
        self.covered + self.below + self.above
    }

    /// The share of the intervals that hold the truth; `None` without intervals.
    pub fn share(&self) -> Option<f64> {
        (self.intervals() > 0).then(|| self.covered as f64 / self.intervals() as f64)
    }

    /// The exact interval of that share (Clopper & Pearson 1934): what a campaign of this size can tell apart.
    pub fn interval(&self, confidence: f64) -> Option<(f64, f64)> {
        clopper_pearson(self.covered, self.intervals(), confidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{mean, testing::Chance};

    #[test]
    fn misses_are_told_apart_by_side() {
        let estimate = mean(&[1.0, 2.0, 3.0], 0.95).unwrap();
        let mut coverage = Coverage::default();
        for truth in [2.0, -9.0, 9.0, 10.0] {
            coverage.record(&estimate, truth);
        }
        coverage.record(&mean(&[1.0], 0.95).unwrap(), 1.0);
        assert_eq!(coverage, Coverage { covered: 1, below: 2, above: 1, without: 1 });
        assert_eq!(coverage.share(), Some(0.25));
    }

    #[test]
    fn the_ends_of_an_interval_belong_to_it() {
        let estimate = mean(&[1.0, 2.0, 3.0], 0.95).unwrap();
        let mut coverage = Coverage::default();
        coverage.record(&estimate, estimate.low.unwrap());
        coverage.record(&estimate, estimate.high.unwrap());
        assert_eq!(coverage.covered, 2);
    }

    #[test]
    fn nothing_recorded_has_no_share() {
        assert_eq!((Coverage::default().share(), Coverage::default().interval(0.95)), (None, None));
    }

    /// 950 of 1,000: R's binom.test gives 0.9346 … 0.9627.
    #[test]
    fn a_thousand_experiments_tell_93_from_95() {
        let coverage = Coverage { covered: 950, below: 25, above: 25, without: 0 };
        let (low, high) = coverage.interval(0.95).unwrap();
        assert!((low - 0.934_6).abs() < 1e-4 && (high - 0.962_7).abs() < 1e-4, "{low} {high}");
    }

    /// What [`QuantilePool`](crate::stats::QuantilePool) must not do, measured: the mean of the p99s of 20 short
    /// samples, with its t interval, misses high on one side far more often than one time in twenty.
    #[test]
    fn averaging_quantiles_of_short_runs_is_caught() {
        let mut chance = Chance::new(12);
        let mut coverage = Coverage::default();
        for _ in 0..500 {
            let quantiles: Vec<f64> = (0..20)
                .map(|_| {
                    let mut values: Vec<f64> = (0..50).map(|_| chance.exponential()).collect();
                    values.sort_by(f64::total_cmp);
                    values[48] + 0.51 * (values[49] - values[48])
                })
                .collect();
            coverage.record(&mean(&quantiles, 0.95).unwrap(), libm::log(100.0));
        }
        assert!(coverage.share().unwrap() < 0.75, "{coverage:?}");
        assert!(coverage.below > 10 * coverage.above.max(1), "{coverage:?}");
    }
}
