//! How much of the start to delete: MSER-5 on the average over pilot replications.

use serde::{Deserialize, Serialize};

/// Observations in a batch: the 5 of MSER-5.
const BATCH: usize = 5;
/// Batches that a cut leaves at least: the statistic of a handful of batches is small by chance.
const BATCHES_LEFT_MIN: usize = 5;
/// Batches below which nothing can be said: half of them must still be a sample.
const BATCHES_MIN: usize = 10;

/// What [`mser5`] found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct WarmUp {
    /// What to delete, or why nothing can be said.
    pub cut: Cut,
    /// The statistic of each cut considered: entry `d` for deleting 5 · `d` observations. Shown beside the cut.
    pub statistic: Vec<f64>,
}

/// What to delete from the start of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Delete this many observations; what is left looks steady.
    Delete {
        /// A multiple of 5, at most half of the series; zero where the start already looks steady.
        observations: usize,
    },
    /// The statistic is least past half of the series: it has not settled. A longer run is the remedy.
    Unsettled {
        /// Where the statistic is least.
        observations: usize,
    },
    /// There are too few observations to say anything: fewer than 50.
    TooShort,
}

/// MSER-5 (White 1997; Spratt 1998): the cut that makes the mean of what is left surest.
///
/// `series` holds one observation for each of many equal spans of simulated time, averaged over replications (see
/// [`average_series`]), which shows the drift and hides the noise. Batches of five are averaged to Z₁ … Zₘ, and the cut
/// after d batches minimises Σ (Zᵢ − Z̄)² / (m − d)² over i > d, with Z̄ the mean of what is left. Cuts that leave fewer than
/// five batches are not looked at, and a least statistic past half of the series is refused (Hoad, Robinson & Davies
/// 2010). Of equal statistics the earliest wins. Observations that fill no last batch are left out.
///
/// The rule finds a level that the series settles to. It cannot see a drift slower than the run.
///
/// ```
/// use tars_sim::stats::{Cut, mser5};
///
/// let series: Vec<f64> = (0..200).map(|at| if at < 20 { 50.0 } else { f64::from(at % 2) }).collect();
/// assert_eq!(mser5(&series).cut, Cut::Delete { observations: 20 });
/// ```
///
/// Panics where an observation is not finite.
pub fn mser5(series: &[f64]) -> WarmUp {
    assert!(series.iter().all(|value| value.is_finite()), "every observation of a warm-up series is finite");
    let batches: Vec<f64> =
        series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    if batches.len() < BATCHES_MIN {
        return WarmUp { cut: Cut::TooShort, statistic: Vec::new() };
    }
    let statistic = statistics(&batches);
    let least = earliest_least(&statistic);
    let observations = least * BATCH;
    let cut = if 2 * observations <= series.len() {
        Cut::Delete { observations }
    } else {
        Cut::Unsettled { observations }
    };
    WarmUp { cut, statistic }
}

/// The average over replications at each observation, as far as the shortest goes. Empty without replications.
pub fn average_series(replications: &[Vec<f64>]) -> Vec<f64> {
    let length = replications.iter().map(Vec::len).min().unwrap_or(0);
    (0..length)
        .map(|at| replications.iter().map(|series| series[at]).sum::<f64>() / replications.len() as f64)
        .collect()
}

/// The statistic of every cut, from the end backwards so that each batch is met once. Mean and sum of squares are
/// updated as Welford (1962) does, which keeps its digits where the mean is far from zero.
fn statistics(batches: &[f64]) -> Vec<f64> {
    let (mut left, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let mut statistic = Vec::with_capacity(batches.len());
    for &batch in batches.iter().rev() {
        left += 1.0;
        let apart = batch - mean;
        mean += apart / left;
        squares += apart * (batch - mean);
        statistic.push(squares / (left * left));
    }
    statistic.reverse();
    statistic.truncate(batches.len() - BATCHES_LEFT_MIN + 1);
    statistic
}

fn earliest_least(statistic: &[f64]) -> usize {
    let mut least = 0;
    for (index, value) in statistic.iter().enumerate() {
        if *value < statistic[least] {
            least = index;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::Chance;
    use proptest::prelude::*;

    #[test]
    fn a_steady_series_loses_nothing() {
        assert_eq!(mser5(&[3.0; 100]).cut, Cut::Delete { observations: 0 });
    }

    #[test]
    fn a_drift_to_the_end_is_refused() {
        let series: Vec<f64> = (0..200).map(f64::from).collect();
        assert!(matches!(mser5(&series).cut, Cut::Unsettled { .. }));
    }

    #[test]
    fn a_cut_at_half_is_taken_and_one_batch_more_is_not() {
        let step =
            |at: usize| -> Vec<f64> { (0..100).map(|index| if index < at { 9.0 } else { 0.0 }).collect() };
        assert_eq!(mser5(&step(50)).cut, Cut::Delete { observations: 50 });
        assert_eq!(mser5(&step(55)).cut, Cut::Unsettled { observations: 55 });
    }

    #[test]
    fn forty_nine_observations_say_nothing() {
        assert_eq!(mser5(&[1.0; 49]), WarmUp { cut: Cut::TooShort, statistic: Vec::new() });
        assert_eq!(mser5(&[1.0; 50]).cut, Cut::Delete { observations: 0 });
    }

    #[test]
    #[should_panic(expected = "is finite")]
    fn an_observation_that_is_no_number_panics() {
        mser5(&[f64::NAN; 100]);
    }

    #[test]
    fn an_average_goes_as_far_as_the_shortest() {
        assert_eq!(average_series(&[vec![1.0, 2.0, 9.0], vec![3.0, 6.0]]), [2.0, 4.0]);
        assert!(average_series(&[]).is_empty());
    }

    /// Waits of an M/M/1 queue at 0.9 by Lindley's recursion, averaged over bins of 100 customers; the exact mean wait
    /// is 9 service times. It starts with 100 service times of work.
    fn waits(chance: &mut Chance) -> Vec<f64> {
        let mut wait: f64 = 100.0;
        let mut bin = || {
            let mut sum = 0.0;
            for _ in 0..100 {
                sum += wait;
                wait = (wait + chance.exponential() - chance.exponential() / 0.9).max(0.0);
            }
            sum / 100.0
        };
        (0..200).map(|_| bin()).collect()
    }

    /// The standard error of the average below is some 1.4 %.
    #[test]
    fn deleting_the_start_takes_the_bias_of_a_full_start_away() {
        let mut chance = Chance::new(9);
        let pilots: Vec<Vec<f64>> = (0..100).map(|_| waits(&mut chance)).collect();
        let average = average_series(&pilots);
        let Cut::Delete { observations } = mser5(&average).cut else {
            panic!("the queue settles in a tenth of the run")
        };
        let bias = |kept: &[f64]| kept.iter().sum::<f64>() / kept.len() as f64 / 9.0 - 1.0;
        assert!(bias(&average) > 0.2, "{}", bias(&average));
        assert!(
            bias(&average[observations..]).abs() < 0.05,
            "{observations}: {}",
            bias(&average[observations..])
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// The formula taken literally, two passes a cut, is the second method.
        #[test]
        fn the_statistic_is_the_formula(series in prop::collection::vec(-1e3..1e3_f64, 50..150)) {
            let batches: Vec<f64> = series.chunks_exact(5).map(|batch| batch.iter().sum::<f64>() / 5.0).collect();
            let found = mser5(&series).statistic;
            prop_assert_eq!(found.len(), batches.len() - 4);
            for (cut, value) in found.iter().enumerate() {
                let rest = &batches[cut..];
                let mean = rest.iter().sum::<f64>() / rest.len() as f64;
                let squares: f64 = rest.iter().map(|batch| (batch - mean) * (batch - mean)).sum();
                let expected = squares / (rest.len() * rest.len()) as f64;
                prop_assert!((value - expected).abs() <= 1e-9 * expected.max(1.0), "{cut}: {value} {expected}");
            }
        }

        #[test]
        fn a_cut_is_whole_batches_and_at_most_half(series in prop::collection::vec(-1e3..1e3_f64, 0..200)) {
            if let Cut::Delete { observations } = mser5(&series).cut {
                prop_assert!(observations % 5 == 0 && 2 * observations <= series.len());
            }
        }
    }
}
