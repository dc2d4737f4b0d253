//! [`Estimate`]: a number that says how sure it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::student::student_t_critical;

/// A number with its interval, its replications and its method, or the reason why it has no interval.
///
/// The unit is that of what was estimated. Either both ends are there, or neither and a `note`. A bound for something
/// never seen has its point as one of the ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Estimate {
    /// The point.
    pub value: f64,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// How many replications it rests on.
    pub replications: u32,
    /// How point and interval were made.
    pub method: Method,
    /// The share of such intervals that hold the truth, in (0, 1): 0.95.
    pub confidence: f64,
    /// Whether the precision that was asked for is there.
    pub state: Precision,
    /// Why there is no interval.
    pub note: Option<NoInterval>,
}

/// How an [`Estimate`] was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// One value a replication, its start deleted; mean and Student's t (Law, ch. 9).
    ReplicationStudentT,
    /// Sum over sum, error from leaving out one replication at a time.
    RatioJackknife,
    /// Sum over sum, error from the linearised ratio.
    RatioDelta,
    /// Pooled quantile, error from the quantiles of sections (Asmussen & Glynn 2007, III.5).
    Sectioning,
    /// Wilson's score interval on the effective number of trials.
    Wilson,
    /// Exact one-sided bound for an event that never happened, or always (Clopper & Pearson 1934).
    ClopperPearsonBound,
    /// Mean of paired differences under common random numbers (Law, ch. 11).
    PairedStudentT,
    /// Difference of two means of unequal variance (Welch 1947).
    Welch,
    /// Common slope of the windows of all replications, least squares (Draper & Smith, ch. 1).
    Trend,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 9] = [
        Self::ReplicationStudentT,
        Self::RatioJackknife,
        Self::RatioDelta,
        Self::Sectioning,
        Self::Wilson,
        Self::ClopperPearsonBound,
        Self::PairedStudentT,
        Self::Welch,
        Self::Trend,
    ];

    /// The name to print.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReplicationStudentT => "replication/deletion, Student t",
            Self::RatioJackknife => "ratio of sums, jackknife",
            Self::RatioDelta => "ratio of sums, delta method",
            Self::Sectioning => "pooled quantile, sectioning",
            Self::Wilson => "Wilson score, effective trials",
            Self::ClopperPearsonBound => "Clopper–Pearson one-sided bound",
            Self::PairedStudentT => "paired Student t, common random numbers",
            Self::Welch => "Welch's t",
            Self::Trend => "slope over the windows, least squares",
        }
    }
}

/// Whether the precision that was asked for was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// The interval is as narrow as asked.
    Reached,
    /// It is not, and no more replications were made.
    NotReached {
        /// How many replications were made at most.
        cap: u32,
    },
    /// Nothing was asked of this number.
    NotAsked,
}

/// Why an [`Estimate`] has no interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoInterval {
    /// One replication says nothing about the spread between replications.
    TooFewReplications,
    /// A replication is too short for its quantile to be nearly unbiased.
    RunTooShort {
        /// The length of the shortest replication, in relaxation times of the system.
        relaxation_times: f64,
        /// The length that is needed.
        needed: f64,
    },
    /// A replication holds too few samples beyond the quantile: the run is too short for it.
    TooFewSamples {
        /// The samples in the smallest replication.
        samples: u64,
        /// The samples that each replication needs.
        needed: u64,
    },
    /// The samples beyond the quantile come in bursts: together they say too little.
    TailInBursts {
        /// How many independent samples beyond the quantile a replication is worth.
        worth: f64,
        /// How many it should be worth.
        needed: f64,
    },
    /// Without one of the replications nothing is left to divide by.
    DenominatorVanishes,
    /// What was waited for had not happened when a replication ended: the point is a lower bound.
    Censored {
        /// In how many replications.
        replications: u32,
    },
}

impl NoInterval {
    /// Whether more replications of the same length can bring an interval. Longer ones are the remedy where not.
    pub const fn more_replications_help(self) -> bool {
        match self {
            Self::TooFewReplications | Self::DenominatorVanishes => true,
            Self::RunTooShort { .. }
            | Self::TooFewSamples { .. }
            | Self::TailInBursts { .. }
            | Self::Censored { .. } => false,
        }
    }
}

impl fmt::Display for NoInterval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewReplications => formatter.write_str("no interval (one replication)"),
            Self::RunTooShort { relaxation_times, needed } => {
                write!(
                    formatter,
                    "no interval (run too short: {relaxation_times:.0} of {needed:.0} relaxation times)"
                )
            }
            Self::TooFewSamples { samples, needed } => {
                write!(formatter, "no interval (run too short: {samples} of {needed} samples a replication)")
            }
            Self::TailInBursts { worth, needed } => {
                write!(
                    formatter,
                    "no interval (run too short: the samples beyond come in bursts, worth {worth:.1} of {needed:.0} \
                     independent ones a replication)"
                )
            }
            Self::DenominatorVanishes => {
                formatter.write_str("no interval (the denominator rests on one replication)")
            }
            Self::Censored { replications } => {
                write!(formatter, "at least; it had not happened by the end of {replications} replications")
            }
        }
    }
}

impl Estimate {
    /// A point with an interval of `half_width` to both sides.
    pub(super) fn symmetric(value: f64, half_width: f64, basis: Basis) -> Self {
        Self::between(value, value - half_width, value + half_width, basis)
    }

    /// A point with an interval whose ends need not be as far from it.
    pub(super) fn between(value: f64, low: f64, high: f64, basis: Basis) -> Self {
        Self {
            low: Some(low),
            high: Some(high),
            note: None,
            ..Self::bare(value, NoInterval::TooFewReplications, basis)
        }
    }

    /// A point without an interval, and why.
    pub(super) fn bare(value: f64, why: NoInterval, basis: Basis) -> Self {
        let Basis { replications, method, confidence } = basis;
        let replications = u32::try_from(replications).expect("far fewer than 2^32 replications are made");
        let (state, note) = (Precision::NotAsked, Some(why));
        Self { value, low: None, high: None, replications, method, confidence, state, note }
    }

    /// Half the length of the interval; `None` without one.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }

    /// Half the length of the interval as a share of the point. An interval of no length is a share of zero even at a
    /// point of zero; any other at zero has no relative width.
    pub fn relative(&self) -> Option<f64> {
        let half_width = self.half_width()?;
        if half_width == 0.0 {
            return Some(0.0);
        }
        (self.value != 0.0).then(|| half_width / self.value.abs())
    }

    /// The standard error of the point, where the interval is the point ± t · standard error with one degree of
    /// freedom less than replications; `None` for intervals made otherwise.
    pub fn standard_error(&self) -> Option<f64> {
        match self.method {
            Method::ReplicationStudentT
            | Method::RatioJackknife
            | Method::RatioDelta
            | Method::Sectioning
            | Method::PairedStudentT => Some(
                self.half_width()? / student_t_critical(self.confidence, f64::from(self.replications) - 1.0),
            ),
            Method::Wilson | Method::ClopperPearsonBound | Method::Welch | Method::Trend => None,
        }
    }

    /// Whether the interval holds `truth`; `None` without an interval.
    pub fn holds(&self, truth: f64) -> Option<bool> {
        Some((self.low?..=self.high?).contains(&truth))
    }

    /// The same estimate, with the answer to the precision that was asked for.
    #[must_use]
    pub fn with_state(self, state: Precision) -> Self {
        Self { state, ..self }
    }
}

/// What an estimate rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Basis {
    pub(super) replications: usize,
    pub(super) method: Method,
    pub(super) confidence: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean;

    fn ten_give_or_take_two() -> Estimate {
        let basis = Basis { replications: 20, method: Method::ReplicationStudentT, confidence: 0.95 };
        Estimate::symmetric(10.0, 2.0, basis)
    }

    #[test]
    fn widths_are_half_the_interval() {
        assert_eq!(ten_give_or_take_two().half_width(), Some(2.0));
        assert_eq!(ten_give_or_take_two().relative(), Some(0.2));
    }

    #[test]
    fn the_standard_error_is_the_half_width_without_its_t() {
        let error = ten_give_or_take_two().standard_error().unwrap();
        assert!((error - 2.0 / 2.093_024_054).abs() < 1e-8, "{error}");
    }

    #[test]
    fn a_point_of_zero_has_no_relative_width() {
        let basis = Basis { replications: 20, method: Method::Wilson, confidence: 0.95 };
        assert_eq!(Estimate::between(0.0, 0.0, 0.1, basis).relative(), None);
        assert_eq!(Estimate::symmetric(0.0, 0.0, basis).relative(), Some(0.0));
    }

    #[test]
    fn an_interval_holds_its_ends() {
        let estimate = ten_give_or_take_two();
        assert_eq!(
            [8.0, 12.0, 12.1].map(|truth| estimate.holds(truth)),
            [Some(true), Some(true), Some(false)]
        );
    }

    #[test]
    fn an_estimate_survives_json() {
        for state in [Precision::Reached, Precision::NotReached { cap: 200 }, Precision::NotAsked] {
            let estimate = ten_give_or_take_two().with_state(state);
            let text = serde_json::to_string(&estimate).unwrap();
            assert_eq!(serde_json::from_str::<Estimate>(&text).unwrap(), estimate);
        }
    }

    #[test]
    fn a_missing_interval_says_why_in_json() {
        let text = serde_json::to_value(mean(&[3.0], 0.95).unwrap()).unwrap();
        assert_eq!(
            text,
            serde_json::json!({
                "value": 3.0, "low": null, "high": null, "replications": 1, "method": "replication_student_t",
                "confidence": 0.95, "state": "not_asked", "note": "too_few_replications",
            })
        );
    }

    #[test]
    fn a_reason_is_a_sentence() {
        let reason = NoInterval::TooFewSamples { samples: 400, needed: 1000 };
        assert_eq!(reason.to_string(), "no interval (run too short: 400 of 1000 samples a replication)");
    }

    #[test]
    fn every_method_has_its_own_name() {
        let mut names = Method::ALL.map(Method::as_str).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Method::ALL.len());
    }
}
