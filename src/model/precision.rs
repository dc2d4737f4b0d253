//! How well a metric is to be known.

/// A precision that a metric must reach.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionGoal {
    /// The metric's name.
    pub metric: String,
    /// The half-width as a share of the estimate.
    pub relative: Option<f64>,
    /// The half-width in the metric's unit.
    pub absolute: Option<f64>,
}

impl PrecisionGoal {
    /// The usual precision of a mean: its interval's half-width as a share of it.
    pub const MEAN: f64 = 0.02;
    /// A quantile's precision as a multiple of a mean's: quantiles are harder.
    const QUANTILE_FACTOR: f64 = 2.5;
    /// A share's precision, absolute, as a multiple of a mean's relative one: half a percentage point beside 2 %.
    const SHARE_FACTOR: f64 = 0.25;

    /// The goal for a metric where means are to be known to `mean` of themselves: means and rates to that, quantiles
    /// to two and a half times that, shares to a quarter of it in absolute terms (a share may be zero).
    ///
    /// ```
    /// use tars_sim::model::PrecisionGoal;
    ///
    /// assert_eq!(PrecisionGoal::of("latency_p99_s", 0.02).relative, Some(0.05));
    /// assert_eq!(PrecisionGoal::of("error_share", 0.02).absolute, Some(0.005));
    /// ```
    pub fn of(metric: &str, mean: f64) -> Self {
        let (relative, absolute) = if metric.ends_with("_share") || metric.ends_with("utilisation") {
            (None, Some(mean * Self::SHARE_FACTOR))
        } else if ["_p50_s", "_p95_s", "_p99_s"].iter().any(|end| metric.ends_with(end)) {
            (Some(mean * Self::QUANTILE_FACTOR), None)
        } else {
            (Some(mean), None)
        };
        Self { metric: metric.to_owned(), relative, absolute }
    }

    /// The usual goals: mean latency, its 99th percentile and the share of errors, by [`of`](Self::of).
    pub fn usual(mean: f64) -> Vec<Self> {
        ["latency_mean_s", "latency_p99_s", "error_share"].map(|metric| Self::of(metric, mean)).into()
    }
}
