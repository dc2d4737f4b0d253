//! [`Samples`]: exact values while they are few, a histogram of three digits once they are many.

use hdrhistogram::Histogram;

/// How many values are kept exactly unless another limit is asked for.
pub const EXACT_LIMIT: usize = 100_000;
/// Values above this (2⁶⁰, 36 years of nanoseconds) share the histogram's last bucket.
const HISTOGRAM_MAX: u64 = 1 << 60;
const SIGNIFICANT_DIGITS: u8 = 3;

/// A collection of whole numbers (nanoseconds, tokens, counts), for their sum, mean and quantiles.
///
/// Up to the limit every value is kept. One value more, and all go into an HDR histogram of three significant digits:
/// whole numbers below 2048 (zero among them) stay exact, larger ones are known to within 0.1 %. Count, sum, least and
/// greatest value stay exact for ever. The form depends on the values and the limit only, never on the order of
/// recording or merging.
#[derive(Clone, Debug)]
pub struct Samples {
    pub(super) limit: usize,
    /// Of values in a histogram; those that are kept say it themselves.
    pub(super) sum: u128,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) store: Store,
}

#[derive(Clone, Debug)]
pub(super) enum Store {
    Exact { values: Vec<u64>, sorted: bool },
    Histogram(Box<Histogram<u64>>),
}

impl Samples {
    /// No values yet; exact up to [`EXACT_LIMIT`].
    pub fn new() -> Self {
        Self::with_limit(EXACT_LIMIT)
    }

    /// No values yet; exact up to `limit` values.
    pub const fn with_limit(limit: usize) -> Self {
        let store = Store::Exact { values: Vec::new(), sorted: true };
        Self { limit, sum: 0, min: u64::MAX, max: 0, store }
    }

    /// Takes one value.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "several of every task: shorter than a call")]
    pub fn record(&mut self, value: u64) {
        match &mut self.store {
            Store::Exact { values, sorted } if values.len() < self.limit => {
                values.push(value);
                *sorted = false;
            }
            Store::Exact { .. } | Store::Histogram(_) => self.record_roughly(value),
        }
    }

    /// Takes all values of `other`. The smaller of the two limits holds from here on, so that merging is associative
    /// and commutative.
    pub fn merge(&mut self, other: &Self) {
        self.limit = self.limit.min(other.limit);
        match &other.store {
            Store::Exact { values, .. } => self.extend(values),
            Store::Histogram(histogram) => {
                self.grown().add(&**histogram).expect("a histogram that grows takes every other");
                self.sum += other.sum;
                self.min = self.min.min(other.min);
                self.max = self.max.max(other.max);
            }
        }
    }

    /// Sorts the exact values, once, so that [`quantile`](Self::quantile) and its kin need not.
    pub fn finish(&mut self) {
        if let Store::Exact { values, sorted: sorted @ false } = &mut self.store {
            values.sort_unstable();
            *sorted = true;
        }
    }

    /// How many values were taken.
    pub fn len(&self) -> u64 {
        match &self.store {
            Store::Exact { values, .. } => values.len() as u64,
            Store::Histogram(histogram) => histogram.len(),
        }
    }

    /// Whether no value was taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every value is still known exactly.
    pub const fn is_exact(&self) -> bool {
        matches!(self.store, Store::Exact { .. })
    }

    /// The exact sum.
    pub fn sum(&self) -> u128 {
        match &self.store {
            Store::Exact { values, .. } => values.iter().copied().map(u128::from).sum(),
            Store::Histogram(_) => self.sum,
        }
    }

    /// The exact least value; `None` without values.
    pub fn min(&self) -> Option<u64> {
        match &self.store {
            Store::Exact { values, sorted: true } => values.first().copied(),
            Store::Exact { values, sorted: false } => values.iter().min().copied(),
            Store::Histogram(histogram) => (!histogram.is_empty()).then_some(self.min),
        }
    }

    /// The exact greatest value; `None` without values.
    pub fn max(&self) -> Option<u64> {
        match &self.store {
            Store::Exact { values, sorted: true } => values.last().copied(),
            Store::Exact { values, sorted: false } => values.iter().max().copied(),
            Store::Histogram(histogram) => (!histogram.is_empty()).then_some(self.max),
        }
    }

    /// The exact mean, rounded to a float; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum() as f64 / self.len() as f64)
    }

    /// The quantile of `level`, a share in [0, 1]; `None` without values or for a level outside.
    ///
    /// The rule is type 7 of Hyndman & Fan (1996): with the values in order, x₀ … xₙ₋₁, and h = (n − 1) · level, the
    /// inverse empirical distribution is interpolated linearly between x at ⌊h⌋ and its successor. In a histogram each
    /// value stands at the middle of its bucket, but never outside the exact least and greatest value.
    ///
    /// Before [`finish`](Self::finish) each call sorts a copy of the exact values.
    pub fn quantile(&self, level: f64) -> Option<f64> {
        if self.is_empty() || !(0.0..=1.0).contains(&level) {
            return None;
        }
        let position = (self.len() - 1) as f64 * level;
        let below = libm::floor(position);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number in 0..len"
        )]
        let (low, high) = self.neighbours(below as u64);
        Some(low as f64 + (position - below) * (high - low) as f64)
    }

    /// How many values are at most `bound`; in a histogram each value stands at the middle of its bucket.
    pub fn count_at_most(&self, bound: u64) -> u64 {
        match &self.store {
            Store::Exact { values, sorted: true } => values.partition_point(|&value| value <= bound) as u64,
            Store::Exact { values, sorted: false } => {
                values.iter().filter(|&&value| value <= bound).count() as u64
            }
            Store::Histogram(histogram) => {
                self.buckets(histogram).take_while(|&(value, _)| value <= bound).map(|(_, count)| count).sum()
            }
        }
    }

    /// The distinct values in ascending order, each with its count; in a histogram the middles of its buckets.
    pub fn counted(&self) -> Vec<(u64, u64)> {
        match &self.store {
            Store::Exact { values, sorted: true } => runs(values),
            Store::Exact { values, sorted: false } => runs(&sorted_copy(values)),
            Store::Histogram(histogram) => self.buckets(histogram).collect(),
        }
    }

    /// The value at position `index` of the sorted values, and its successor (or itself at the end).
    fn neighbours(&self, index: u64) -> (u64, u64) {
        match &self.store {
            Store::Exact { values, sorted: true } => neighbours_in(values, index),
            Store::Exact { values, sorted: false } => neighbours_in(&sorted_copy(values), index),
            Store::Histogram(histogram) => self.neighbours_among_buckets(histogram, index),
        }
    }

    fn neighbours_among_buckets(&self, histogram: &Histogram<u64>, index: u64) -> (u64, u64) {
        let mut seen = 0;
        let mut low = None;
        for (value, count) in self.buckets(histogram) {
            seen += count;
            if let Some(low) = low {
                return (low, value);
            }
            if seen > index.saturating_add(1) {
                return (value, value);
            }
            if seen > index {
                low = Some(value);
            }
        }
        (low.unwrap_or(self.max), self.max)
    }

    /// Middle and count of each bucket in use, ascending.
    fn buckets<'a>(&'a self, histogram: &'a Histogram<u64>) -> impl Iterator<Item = (u64, u64)> + 'a {
        histogram.iter_recorded().map(|bucket| {
            let middle = histogram.median_equivalent(bucket.value_iterated_to());
            (middle.clamp(self.min, self.max), bucket.count_at_value())
        })
    }

    /// Takes one value into the histogram, before which all values that were kept go there.
    #[inline(never)]
    fn record_roughly(&mut self, value: u64) {
        add(self.grown(), value, 1);
        self.count_in(value);
    }

    /// One more value of a histogram.
    fn count_in(&mut self, value: u64) {
        // Fewer than 2^64 values of 64 bits.
        self.sum += u128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn extend(&mut self, more: &[u64]) {
        match &mut self.store {
            Store::Exact { values, sorted } if values.len() + more.len() <= self.limit => {
                values.extend_from_slice(more);
                *sorted &= more.is_empty();
            }
            Store::Exact { .. } | Store::Histogram(_) => {
                self.grown();
                for &value in more {
                    self.record_roughly(value);
                }
            }
        }
    }

    /// The histogram, made from the exact values where there is none yet.
    fn grown(&mut self) -> &mut Histogram<u64> {
        if let Store::Exact { values, .. } = &mut self.store {
            let values = std::mem::take(values);
            let mut histogram = empty_histogram();
            for value in values {
                add(&mut histogram, value, 1);
                self.count_in(value);
            }
            self.store = Store::Histogram(Box::new(histogram));
        }
        match &mut self.store {
            Store::Histogram(histogram) => histogram,
            Store::Exact { .. } => unreachable!("exact values were moved into a histogram just above"),
        }
    }
}

impl Default for Samples {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal content: the same values under the same limit, in whatever order they came.
impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        self.encode() == other.encode()
    }
}

impl Eq for Samples {}

/// A histogram that grows with the largest value: growing moves no count, and half the buckets stay unallocated
/// where latencies stay under a minute.
pub(super) fn empty_histogram() -> Histogram<u64> {
    let mut histogram =
        Histogram::new_with_bounds(1, 2, SIGNIFICANT_DIGITS).expect("the bounds are constants");
    histogram.auto(true);
    histogram
}

pub(super) fn add(histogram: &mut Histogram<u64>, value: u64, count: u64) {
    histogram
        .record_n(value.min(HISTOGRAM_MAX), count)
        .expect("a growing histogram takes every value to 2^60");
}

fn sorted_copy(values: &[u64]) -> Vec<u64> {
    let mut copy = values.to_vec();
    copy.sort_unstable();
    copy
}

fn runs(sorted: &[u64]) -> Vec<(u64, u64)> {
    sorted.chunk_by(|left, right| left == right).map(|run| (run[0], run.len() as u64)).collect()
}

fn neighbours_in(sorted: &[u64], index: u64) -> (u64, u64) {
    let index = usize::try_from(index).expect("an index into a vector");
    (sorted[index], sorted[(index + 1).min(sorted.len() - 1)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(limit: usize, values: &[u64]) -> Samples {
        let mut samples = Samples::with_limit(limit);
        for &value in values {
            samples.record(value);
        }
        samples
    }

    #[track_caller]
    fn check_quantile(values: &[u64], level: f64, expected: f64) {
        assert_eq!(of(100, values).quantile(level), Some(expected));
    }

    #[test]
    fn a_quantile_follows_type_seven() {
        // By hand for 1, 3, 4, 8, 20: h = 1, 2 and 3.5.
        check_quantile(&[20, 4, 1, 8, 3], 0.25, 3.0);
        check_quantile(&[20, 4, 1, 8, 3], 0.5, 4.0);
        check_quantile(&[20, 4, 1, 8, 3], 0.875, 14.0);
    }

    #[test]
    fn the_ends_are_the_least_and_the_greatest() {
        check_quantile(&[9, 5, 7], 0.0, 5.0);
        check_quantile(&[9, 5, 7], 1.0, 9.0);
    }

    #[test]
    fn no_values_have_no_quantile_and_no_mean() {
        let none = Samples::new();
        assert_eq!((none.quantile(0.5), none.mean(), none.min(), none.max()), (None, None, None, None));
    }

    #[test]
    fn a_level_outside_zero_to_one_has_no_quantile() {
        assert_eq!(of(10, &[1]).quantile(1.1), None);
        assert_eq!(of(10, &[1]).quantile(f64::NAN), None);
    }

    #[test]
    fn one_value_past_the_limit_makes_a_histogram() {
        assert!(of(3, &[1, 2, 3]).is_exact());
        assert!(!of(3, &[1, 2, 3, 4]).is_exact());
    }

    #[test]
    fn small_whole_numbers_stay_exact_in_a_histogram() {
        let samples = of(2, &[0, 0, 0, 7, 2047]);
        assert_eq!(samples.counted(), vec![(0, 3), (7, 1), (2047, 1)]);
        assert_eq!(samples.quantile(0.5), Some(0.0));
        assert_eq!(samples.quantile(0.75), Some(7.0));
        assert_eq!(samples.count_at_most(6), 3);
    }

    #[test]
    fn sum_and_ends_stay_exact_in_a_histogram() {
        let samples = of(0, &[123_456_789, 987_654_321]);
        assert_eq!(samples.sum(), 1_111_111_110);
        assert_eq!((samples.min(), samples.max()), (Some(123_456_789), Some(987_654_321)));
        assert_eq!(samples.mean(), Some(555_555_555.0));
    }

    #[test]
    fn the_longest_time_is_taken() {
        let samples = of(0, &[u64::MAX, u64::MAX]);
        assert_eq!(samples.sum(), 2 * u128::from(u64::MAX));
        assert_eq!(samples.len(), 2);
        assert_eq!(samples.count_at_most(1 << 59), 0);
    }

    #[test]
    fn finishing_changes_no_answer() {
        let mut samples = of(10, &[5, 1, 4]);
        let before = (samples.quantile(0.3), samples.count_at_most(4), samples.counted());
        samples.finish();
        assert_eq!((samples.quantile(0.3), samples.count_at_most(4), samples.counted()), before);
    }

    fn any_value() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), 0_u64..3000, any::<u32>().prop_map(u64::from), any::<u64>()]
    }

    fn any_samples() -> impl Strategy<Value = Samples> {
        (0_usize..40, prop::collection::vec(any_value(), 0..40))
            .prop_map(|(limit, values)| of(limit, &values))
    }

    fn merged(left: &Samples, right: &Samples) -> Samples {
        let mut all = left.clone();
        all.merge(right);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn merging_is_associative_and_commutative(a in any_samples(), b in any_samples(), c in any_samples()) {
            prop_assert_eq!(merged(&merged(&a, &b), &c).encode(), merged(&a, &merged(&b, &c)).encode());
            prop_assert_eq!(merged(&a, &b).encode(), merged(&b, &a).encode());
        }

        #[test]
        fn merging_parts_is_recording_the_whole(
            limit in 0_usize..60, left in prop::collection::vec(any_value(), 0..40), right in prop::collection::vec(any_value(), 0..40),
        ) {
            let whole = of(limit, &[left.as_slice(), right.as_slice()].concat());
            prop_assert_eq!(merged(&of(limit, &left), &of(limit, &right)), whole);
        }

        #[test]
        fn a_quantile_rises_with_its_level_and_stays_inside(samples in any_samples(), p in 0.0..=1.0_f64, q in 0.0..=1.0_f64) {
            prop_assume!(!samples.is_empty());
            let (low, high) = (samples.quantile(p.min(q)).unwrap(), samples.quantile(p.max(q)).unwrap());
            prop_assert!(low <= high);
            prop_assert!(low >= samples.min().unwrap() as f64 && high <= samples.max().unwrap() as f64);
        }

        /// The exact vector is the second method: a bucket's middle is within 1/2048 of each value in it.
        #[test]
        fn a_histogram_quantile_is_within_a_thousandth(values in prop::collection::vec(0_u64..1 << 50, 1..60), level in 0.0..=1.0_f64) {
            let (exact, rough) = (of(100, &values), of(0, &values));
            let (exact, rough) = (exact.quantile(level).unwrap(), rough.quantile(level).unwrap());
            prop_assert!((exact - rough).abs() <= exact / 1000.0, "{exact} {rough}");
        }

        #[test]
        fn counts_close(samples in any_samples(), bound in any_value()) {
            let counted = samples.counted();
            prop_assert_eq!(counted.iter().map(|(_, count)| count).sum::<u64>(), samples.len());
            prop_assert!(counted.is_sorted());
            let at_most: u64 = counted.iter().filter(|(value, _)| *value <= bound).map(|(_, count)| count).sum();
            prop_assert_eq!(samples.count_at_most(bound), at_most);
        }
    }
}
