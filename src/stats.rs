//! From samples to [`Estimate`]s: a point, its interval, how it was made, or why there is no interval.
//!
//! This module knows numbers and nothing of the simulator. Replications are independent and identically distributed;
//! everything rests on that. Values of one replication are not independent of each other, and nothing here assumes it
//! but [`proportion`]'s bound for events that were never seen.
//!
//! | question | function |
//! |---|---|
//! | a mean, a time average | [`mean`] |
//! | a ratio of sums: mean latency over all tasks, dollars per task | [`ratio`] |
//! | a share: errors, misses, availability | [`proportion`] |
//! | a quantile | [`QuantilePool`] |
//! | how much of the start to delete | [`mser5`] |
//! | how long a system takes to forget | [`relaxation_time`] |
//! | how many replications to make | [`Stopping`] |
//! | what a change changed | [`compare`], [`holm`] |
//! | whether a number changes while a run lasts | [`relative_trend`] |
//! | whether intervals hold what they promise | [`Coverage`] |
//!
//! ```
//! let estimate = tars_sim::stats::mean(&[10.1, 9.8, 10.4, 9.9], 0.95).expect("there are values");
//! assert!(estimate.low.unwrap() < 10.05 && 10.05 < estimate.high.unwrap());
//! assert_eq!(estimate.method.as_str(), "replication/deletion, Student t");
//! ```
//!
//! Formulas, references and the tests that hold them are in `docs/statistics.md`.

mod coverage;
mod estimate;
mod interval;
mod paired;
mod proportion;
mod quantile;
mod relaxation;
mod stopping;
mod student;
mod trend;
mod warmup;

pub use coverage::Coverage;
pub use estimate::{Estimate, Method, NoInterval, Precision};
pub use interval::{RatioError, mean, ratio};
pub use paired::{Comparison, compare, compare_independent, holm};
pub use proportion::{Trials, clopper_pearson, proportion, wilson};
pub use quantile::{
    QuantilePool, RELAXATION_TIMES_MIN, RunLength, TAIL_SAMPLES_MIN, TAIL_WORTH_ENOUGH, TAIL_WORTH_MIN,
};
pub use relaxation::relaxation_time;
pub use stopping::{Outcome, REPLICATIONS_MIN, Stopping, Target};
pub use student::{student_t_quantile, student_t_two_sided_p};
pub use trend::relative_trend;
pub use warmup::{Cut, WarmUp, average_series, mser5};

#[cfg(test)]
mod campaign;
#[cfg(test)]
mod testing;
