//! Quantiles over replications: [`QuantilePool`].

use super::estimate::{Basis, Estimate, Method, NoInterval};
use super::interval::{around, squares_about};
use crate::tally::Samples;

/// How many samples each replication must be expected to hold beyond a quantile (on its rarer side) for an interval:
/// a p99 needs a thousand samples a replication.
pub const TAIL_SAMPLES_MIN: u64 = 10;

/// Relaxation times that a replication must last for the interval of a quantile, where the system's are known.
/// Measured: from there on p99 intervals of M/M/1 cover as often as they say, see `docs/statistics.md`.
pub const RELAXATION_TIMES_MIN: f64 = 500.0;
/// Independent samples beyond the quantile that a replication must be worth, whatever its length.
pub const TAIL_WORTH_MIN: f64 = 1.0;
/// Independent samples beyond the quantile from which on the relaxation time does not matter: the quantile then rests
/// on the tasks themselves and not on slow swings of the system.
pub const TAIL_WORTH_ENOUGH: f64 = 20.0;

/// How long the replications are, in relaxation times: how long the system takes to forget. The caller knows the
/// system and brings both numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunLength {
    /// The length of the shortest replication.
    pub relaxation_times: f64,
    /// The length below which no interval is given.
    pub needed: f64,
}

/// Samples of several replications, pooled for their quantiles.
///
/// The point is the quantile of all samples together. The average of the replications' own quantiles is never offered:
/// it is biased, and its interval, however narrow, misses. The interval is by *sectioning*, with the replications as
/// sections: each one's quantile Qᵢ tells the spread, the pooled quantile Q is the centre, S² = Σ(Qᵢ − Q)² / (R − 1),
/// and the interval is Q ± t · S / √R with R − 1 degrees of freedom (Asmussen & Glynn 2007, III.5; Nakayama 2014).
///
/// ```
/// use tars_sim::{stats::QuantilePool, tally::Samples};
///
/// let mut pool = QuantilePool::new(&[0.5]);
/// for replication in 0..20_u64 {
///     let mut latency = Samples::new();
///     (0..100).for_each(|task| latency.record(task * 10 + replication));
///     pool.push(&latency);
/// }
/// let median = pool.estimate(0.5, 0.95, None).expect("there are samples");
/// assert!((median.value - 504.5).abs() < 1.0);
/// assert_eq!(median.note, None);
/// ```
#[derive(Clone, Debug)]
pub struct QuantilePool {
    levels: Vec<f64>,
    pooled: Samples,
    sections: Vec<Section>,
}

#[derive(Clone, Debug)]
struct Section {
    samples: u64,
    /// One for each level; none where the replication is empty.
    quantiles: Vec<Option<f64>>,
}

impl QuantilePool {
    /// A pool for the quantiles at `levels`, each in [0, 1].
    pub fn new(levels: &[f64]) -> Self {
        Self { levels: levels.to_vec(), pooled: Samples::new(), sections: Vec::new() }
    }

    /// Takes the samples of the next replication. They are not kept: memory is that of one pooled tally.
    pub fn push(&mut self, replication: &Samples) {
        let quantiles = self.levels.iter().map(|&level| replication.quantile(level)).collect();
        self.sections.push(Section { samples: replication.len(), quantiles });
        self.pooled.merge(replication);
        self.pooled.finish();
    }

    /// All samples together.
    pub const fn pooled(&self) -> &Samples {
        &self.pooled
    }

    /// How many replications were taken.
    pub fn replications(&self) -> usize {
        self.sections.len()
    }

    /// The pooled quantile at `level` with its sectioning interval, in the unit of the samples.
    ///
    /// No interval, and a note that says so, where a replication is shorter than `length` asks or where one has fewer
    /// than [`TAIL_SAMPLES_MIN`] samples to expect beyond the quantile. `None` without samples. Panics for a level
    /// that [`new`](Self::new) was not given, or where `confidence` is not in (0, 1).
    pub fn estimate(&self, level: f64, confidence: f64, length: Option<RunLength>) -> Option<Estimate> {
        let index = self.levels.iter().position(|&known| known.to_bits() == level.to_bits());
        let index = index.expect("a pool is asked for the levels it was made for");
        let point = self.pooled.quantile(level)?;
        let basis = Basis { replications: self.sections.len(), method: Method::Sectioning, confidence };
        if let Some(why) = too_short(length).or_else(|| self.too_few(level)) {
            return Some(Estimate::bare(point, why, basis));
        }
        let quantiles: Vec<f64> =
            self.sections.iter().filter_map(|section| section.quantiles[index]).collect();
        Some(around(point, squares_about(&quantiles, point), basis))
    }

    /// Like [`estimate`](Self::estimate), with the guard that reports use. `replications` are the samples that were
    /// pushed, in the same order.
    ///
    /// There is an interval where the samples beyond the quantile are worth [`TAIL_WORTH_ENOUGH`] independent ones a
    /// replication; or where they are worth [`TAIL_WORTH_MIN`] and the run is as long as `length` asks. Where the length
    /// is not known there is nothing to hold it against, and only the number of samples is asked for.
    pub fn guarded<'a>(
        &self,
        level: f64,
        confidence: f64,
        length: Option<RunLength>,
        replications: impl Iterator<Item = &'a Samples>,
    ) -> Option<Estimate> {
        let plain = self.estimate(level, confidence, None)?;
        if plain.note.is_some() || length.is_none() {
            return Some(plain);
        }
        let worth = tail_worth(level, plain.value, replications);
        let why = if worth >= TAIL_WORTH_ENOUGH {
            None
        } else if worth < TAIL_WORTH_MIN {
            Some(NoInterval::TailInBursts { worth, needed: TAIL_WORTH_MIN })
        } else {
            too_short(length)
        };
        Some(match why {
            None => plain,
            Some(_) => Estimate { low: None, high: None, note: why, ..plain },
        })
    }

    fn too_few(&self, level: f64) -> Option<NoInterval> {
        let samples = self.sections.iter().map(|section| section.samples).min().unwrap_or(0);
        let needed = samples_needed(level);
        (samples < needed).then_some(NoInterval::TooFewSamples { samples, needed })
    }
}

fn too_short(length: Option<RunLength>) -> Option<NoInterval> {
    let RunLength { relaxation_times, needed } = length?;
    // Written so that a length that is not a number is too short.
    let enough = relaxation_times >= needed;
    (!enough).then_some(NoInterval::RunTooShort { relaxation_times, needed })
}

/// How many independent samples beyond a quantile a replication is worth on average.
///
/// Independent ones are spread binomially over the replications. What they are spread more comes of bursts: an average
/// of m samples beyond with variance V is worth m / (V / (m · level on the other side)), and never more than m.
fn tail_worth<'a>(level: f64, quantile: f64, replications: impl Iterator<Item = &'a Samples>) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a quantile of whole numbers"
    )]
    let bound = quantile as u64;
    let counts: Vec<(f64, f64)> = replications
        .map(|samples| {
            let at_most = samples.count_at_most(bound);
            let beyond = if level < 0.5 { at_most } else { samples.len() - at_most };
            (beyond as f64, samples.len() as f64)
        })
        .collect();
    let number = counts.len() as f64;
    let (beyond, all) = counts.iter().fold((0.0, 0.0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    let share = beyond / all;
    let expected = level.min(1.0 - level) * all / number;
    // About the share of all, so that replications may differ in length.
    let squares: f64 =
        counts.iter().map(|(beyond, all)| (beyond - share * all) * (beyond - share * all)).sum();
    let binomial = beyond / number * (1.0 - share);
    let bursts = if binomial > 0.0 { squares / (number - 1.0) / binomial } else { 1.0 };
    expected / bursts.max(1.0)
}

/// The samples of which [`TAIL_SAMPLES_MIN`] are expected on the rarer side of `level`; none suffice for its ends.
fn samples_needed(level: f64) -> u64 {
    let rarer = level.min(1.0 - level);
    // 1 − 0.99 is a little more than 0.01 in binary, or a little less; a thousand samples are enough either way.
    let needed = libm::ceil(TAIL_SAMPLES_MIN as f64 / rarer - 1e-6);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive; infinity saturates"
    )]
    let needed = needed as u64;
    needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::Chance;
    use proptest::prelude::*;

    const NANOS: f64 = 1e9;

    /// `replications` of `samples` exponential times each, mean one second.
    fn exponential_pool(
        chance: &mut Chance,
        levels: &[f64],
        replications: usize,
        samples: usize,
    ) -> QuantilePool {
        let mut pool = QuantilePool::new(levels);
        for _ in 0..replications {
            let mut section = Samples::new();
            for _ in 0..samples {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "positive, some 1e10"
                )]
                section.record((chance.exponential() * NANOS) as u64);
            }
            section.finish();
            pool.push(&section);
        }
        pool
    }

    /// The estimator simulated: how many of `runs` intervals hold the exact quantile −ln(1 − q).
    fn covered(seed: u64, level: f64, samples: usize, runs: usize) -> usize {
        let mut chance = Chance::new(seed);
        let truth = -libm::log(1.0 - level) * NANOS;
        (0..runs)
            .filter(|_| {
                let pool = exponential_pool(&mut chance, &[level], 20, samples);
                pool.estimate(level, 0.95, None).unwrap().holds(truth).unwrap()
            })
            .count()
    }

    #[test]
    fn a_median_interval_covers_as_often_as_it_says() {
        let covered = covered(4, 0.5, 100, 1_000);
        assert!((922..=978).contains(&covered), "{covered}");
    }

    #[test]
    fn a_p99_interval_covers_with_as_few_samples_as_the_guard_lets_pass() {
        let covered = covered(5, 0.99, 1_000, 500);
        assert!((455..=495).contains(&covered), "{covered}");
    }

    /// By hand: sections {1, 2, 3} and {5, 8, 10} have medians 2 and 8, the pool 4 and not their mean 5;
    /// S² = 4 + 16, t(0.975, 1) = 12.7062.
    #[test]
    fn a_sectioning_interval_matches_the_hand() {
        let mut pool = QuantilePool::new(&[0.5]);
        for values in [[1, 2, 3], [5, 8, 10]] {
            let mut section = Samples::new();
            // Each value twenty times: enough for the guard, and the medians stay.
            (0..60).for_each(|index| section.record(values[index % 3]));
            pool.push(&section);
        }
        let estimate = pool.estimate(0.5, 0.95, None).unwrap();
        assert!((estimate.value - 4.0).abs() < 1e-12);
        assert!((estimate.half_width().unwrap() - 12.706_204_7 * libm::sqrt(10.0)).abs() < 1e-5);
    }

    #[test]
    fn a_replication_with_too_few_samples_leaves_the_point_only() {
        let pool = exponential_pool(&mut Chance::new(6), &[0.99], 20, 999);
        let estimate = pool.estimate(0.99, 0.95, None).unwrap();
        assert_eq!((estimate.low, estimate.high), (None, None));
        assert_eq!(estimate.note, Some(NoInterval::TooFewSamples { samples: 999, needed: 1_000 }));
    }

    #[test]
    fn an_empty_replication_leaves_the_point_only() {
        let mut pool = exponential_pool(&mut Chance::new(6), &[0.5], 2, 100);
        pool.push(&Samples::new());
        let note = pool.estimate(0.5, 0.95, None).unwrap().note;
        assert_eq!(note, Some(NoInterval::TooFewSamples { samples: 0, needed: 20 }));
    }

    #[test]
    fn the_ends_never_have_an_interval() {
        let pool = exponential_pool(&mut Chance::new(7), &[0.0, 1.0], 3, 5_000);
        for level in [0.0, 1.0] {
            assert_eq!(pool.estimate(level, 0.95, None).unwrap().half_width(), None);
        }
    }

    #[test]
    fn a_run_shorter_than_the_caller_asks_leaves_the_point_only() {
        let pool = exponential_pool(&mut Chance::new(8), &[0.5], 20, 100);
        let length = |relaxation_times| Some(RunLength { relaxation_times, needed: 200.0 });
        let note = |relaxation_times| pool.estimate(0.5, 0.95, length(relaxation_times)).unwrap().note;
        assert_eq!(note(200.0), None);
        assert_eq!(note(199.0), Some(NoInterval::RunTooShort { relaxation_times: 199.0, needed: 200.0 }));
        assert!(note(f64::NAN).is_some());
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(QuantilePool::new(&[0.5]).estimate(0.5, 0.95, None), None);
    }

    #[test]
    fn the_needed_samples_are_whole_where_the_level_is_not() {
        assert_eq!(
            [0.5, 0.9, 0.95, 0.99, 0.999, 0.01].map(samples_needed),
            [20, 100, 200, 1_000, 10_000, 1_000]
        );
    }

    /// Replications of 2,000 values below 1,000, of which the given numbers lie beyond.
    fn with_tails(tails: &[u64]) -> Vec<Samples> {
        let of = |&tail: &u64| {
            let mut samples = Samples::new();
            (0..2_000_u64).for_each(|at| samples.record(if at < tail { 5_000 + at } else { at % 1_000 }));
            samples.finish();
            samples
        };
        tails.iter().map(of).collect()
    }

    #[track_caller]
    fn check_worth(tails: &[u64], expected: f64) {
        let worth = tail_worth(0.99, 4_000.0, with_tails(tails).iter());
        assert!((worth / expected - 1.0).abs() < 1e-9, "{worth} is not {expected}");
    }

    #[test]
    fn a_tail_spread_as_by_chance_is_worth_its_number_and_bursts_are_worth_less() {
        check_worth(&[20, 20, 20, 20], 20.0);
        // Variance 533.3 about a mean of 20, of which independent ones would have 19.8.
        check_worth(&[0, 40, 0, 40], 20.0 / (1_600.0 / 3.0 / 19.8));
        check_worth(&[0, 0, 0, 0], 20.0);
    }

    #[test]
    fn the_guard_asks_for_length_only_where_the_tail_comes_in_bursts() {
        let guarded = |tails: &[u64], relaxation_times| {
            let sections = with_tails(tails);
            let mut pool = QuantilePool::new(&[0.99]);
            for section in &sections {
                pool.push(section);
            }
            let length = RunLength { relaxation_times, needed: RELAXATION_TIMES_MIN };
            pool.guarded(0.99, 0.95, Some(length), sections.iter()).unwrap().note
        };
        assert_eq!(guarded(&[21, 20, 22, 21], 3.0), None);
        let short = NoInterval::RunTooShort { relaxation_times: 499.0, needed: 500.0 };
        assert_eq!(guarded(&[10, 30, 12, 33], 499.0), Some(short));
        assert_eq!(guarded(&[10, 30, 12, 33], 500.0), None);
        assert!(matches!(guarded(&[0, 90, 0, 0], 1e9), Some(NoInterval::TailInBursts { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_point_is_the_quantile_of_everything(
            sections in prop::collection::vec(prop::collection::vec(0_u64..1_000_000, 1..50), 1..10), level in 0.01..0.99_f64,
        ) {
            let (mut pool, mut all) = (QuantilePool::new(&[level]), Samples::new());
            for values in &sections {
                let mut section = Samples::new();
                for &value in values {
                    section.record(value);
                    all.record(value);
                }
                pool.push(&section);
            }
            let estimate = pool.estimate(level, 0.95, None).unwrap();
            prop_assert_eq!(Some(estimate.value), all.quantile(level));
            prop_assert!(estimate.holds(estimate.value).unwrap_or(true));
        }
    }
}
