//! Canonical bytes of [`Samples`]: equal content has equal bytes, and no other bytes decode to it.
//!
//! Whole numbers are LEB128 (seven bits a byte, least first, no needless byte). Layout: form (0 exact, 1 histogram),
//! limit, count; then exact: the sorted values, each as its difference to the one before; histogram: sum, least,
//! greatest, then each bucket in use as its distance from the end of the bucket before, in widths of that bucket,
//! and its count.

use std::fmt;

use hdrhistogram::Histogram;

use super::samples::{Samples, Store, add, empty_histogram};

const EXACT: u8 = 0;
const HISTOGRAM: u8 = 1;

/// Why bytes are not the encoding of any [`Samples`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end in the middle of a number or before the announced count.
    Truncated,
    /// Bytes follow the last value.
    Trailing,
    /// The form is neither exact nor histogram, or a number is not in its shortest form or too large.
    Malformed,
    /// The numbers are well formed but contradict each other: count, limit, sum, ends or buckets.
    Inconsistent,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Truncated => "recorded samples end too early",
            Self::Trailing => "bytes follow the recorded samples",
            Self::Malformed => "recorded samples are malformed",
            Self::Inconsistent => "recorded samples contradict themselves",
        })
    }
}

impl std::error::Error for DecodeError {}

impl Samples {
    /// The canonical bytes: the same for the same values under the same limit, in whatever order they came.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match &self.store {
            Store::Exact { values, sorted: true } => self.encode_exact(values, &mut bytes),
            Store::Exact { values, sorted: false } => {
                let mut values = values.clone();
                values.sort_unstable();
                self.encode_exact(&values, &mut bytes);
            }
            Store::Histogram(histogram) => self.encode_histogram(histogram, &mut bytes),
        }
        bytes
    }

    /// The samples whose canonical bytes these are. Any other bytes are an error, never a panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (&form, rest) = bytes.split_first().ok_or(DecodeError::Truncated)?;
        let mut reader = Reader { rest };
        let limit = usize::try_from(reader.number()?).map_err(|_| DecodeError::Malformed)?;
        let samples = match form {
            EXACT => decode_exact(&mut reader, limit)?,
            HISTOGRAM => decode_histogram(&mut reader, limit)?,
            2..=u8::MAX => return Err(DecodeError::Malformed),
        };
        if reader.rest.is_empty() { Ok(samples) } else { Err(DecodeError::Trailing) }
    }

    fn encode_exact(&self, sorted: &[u64], bytes: &mut Vec<u8>) {
        bytes.reserve(sorted.len() * 4);
        bytes.push(EXACT);
        write(bytes, self.limit as u128);
        write(bytes, sorted.len() as u128);
        let mut last = 0;
        for &value in sorted {
            write(bytes, u128::from(value - last));
            last = value;
        }
    }

    fn encode_histogram(&self, histogram: &Histogram<u64>, bytes: &mut Vec<u8>) {
        bytes.push(HISTOGRAM);
        write(bytes, self.limit as u128);
        write(bytes, u128::from(histogram.len()));
        write(bytes, self.sum);
        write(bytes, u128::from(self.min));
        write(bytes, u128::from(self.max));
        let (mut end, mut width) = (0, 1);
        for bucket in histogram.iter_recorded() {
            let start = histogram.lowest_equivalent(bucket.value_iterated_to());
            write(bytes, u128::from((start - end) / width));
            write(bytes, u128::from(bucket.count_at_value()));
            end = histogram.next_non_equivalent(start);
            width = histogram.equivalent_range(start);
        }
    }
}

fn decode_exact(reader: &mut Reader<'_>, limit: usize) -> Result<Samples, DecodeError> {
    let count = reader.number()?;
    if count > limit as u64 {
        return Err(DecodeError::Inconsistent);
    }
    let mut samples = Samples::with_limit(limit);
    let mut last = 0_u64;
    for _ in 0..count {
        last = last.checked_add(reader.number()?).ok_or(DecodeError::Inconsistent)?;
        samples.record(last);
    }
    // They came in order, so this only says so.
    samples.finish();
    Ok(samples)
}

fn decode_histogram(reader: &mut Reader<'_>, limit: usize) -> Result<Samples, DecodeError> {
    let count = reader.number()?;
    let sum = reader.wide_number()?;
    let (min, max) = (reader.number()?, reader.number()?);
    if count <= limit as u64 {
        return Err(DecodeError::Inconsistent);
    }
    let histogram = decode_buckets(reader, count)?;
    check_ends(&histogram, min, max)?;
    check_sum(&histogram, sum, max)?;
    Ok(Samples { limit, sum, min, max, store: Store::Histogram(Box::new(histogram)) })
}

fn decode_buckets(reader: &mut Reader<'_>, count: u64) -> Result<Histogram<u64>, DecodeError> {
    let mut histogram = empty_histogram();
    let (mut end, mut width, mut left) = (0_u64, 1_u64, count);
    while left > 0 {
        let gap = reader.number()?.checked_mul(width).ok_or(DecodeError::Inconsistent)?;
        let start = end.checked_add(gap).ok_or(DecodeError::Inconsistent)?;
        let here = reader.number()?;
        left = left.checked_sub(here).ok_or(DecodeError::Inconsistent)?;
        if here == 0 || start > 1 << 60 || histogram.lowest_equivalent(start) != start {
            return Err(DecodeError::Inconsistent);
        }
        add(&mut histogram, start, here);
        end = histogram.next_non_equivalent(start);
        width = histogram.equivalent_range(start);
    }
    Ok(histogram)
}

/// The least value must lie in the first bucket and the greatest in the last.
fn check_ends(histogram: &Histogram<u64>, min: u64, max: u64) -> Result<(), DecodeError> {
    let cap = |value: u64| value.min(1 << 60);
    let mut buckets = histogram.iter_recorded().map(|bucket| bucket.value_iterated_to());
    let first = buckets.next().ok_or(DecodeError::Inconsistent)?;
    let last = buckets.last().unwrap_or(first);
    let fits = min <= max && histogram.equivalent(cap(min), first) && histogram.equivalent(cap(max), last);
    if fits { Ok(()) } else { Err(DecodeError::Inconsistent) }
}

/// The sum must lie between that of the buckets' lower and that of their upper ends.
fn check_sum(histogram: &Histogram<u64>, sum: u128, max: u64) -> Result<(), DecodeError> {
    let (mut least, mut most) = (0_u128, 0_u128);
    for bucket in histogram.iter_recorded() {
        let count = u128::from(bucket.count_at_value());
        let start = histogram.lowest_equivalent(bucket.value_iterated_to());
        let end = histogram.highest_equivalent(start).max(if start == 1 << 60 { max } else { 0 });
        // A count and a value below 2^64 multiply to less than 2^128; the sums may pass it.
        least = least.checked_add(count * u128::from(start)).ok_or(DecodeError::Inconsistent)?;
        most = most.saturating_add(count * u128::from(end));
    }
    if (least..=most).contains(&sum) { Ok(()) } else { Err(DecodeError::Inconsistent) }
}

fn write(bytes: &mut Vec<u8>, mut number: u128) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 0x7f here")]
    bytes.push(number as u8);
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn number(&mut self) -> Result<u64, DecodeError> {
        u64::try_from(self.wide_number()?).map_err(|_| DecodeError::Malformed)
    }

    fn wide_number(&mut self) -> Result<u128, DecodeError> {
        let mut number = 0_u128;
        for shift in (0..128).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
            self.rest = rest;
            let digit = u128::from(byte & 0x7f);
            if (digit << shift) >> shift != digit || (byte == 0 && shift > 0) {
                return Err(DecodeError::Malformed);
            }
            number |= digit << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DecodeError::Malformed)
    }
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
    fn check_refused(bytes: &[u8], expected: DecodeError) {
        assert_eq!(Samples::decode(bytes).map(|samples| samples.counted()), Err(expected));
    }

    #[test]
    fn exact_values_are_sorted_differences() {
        // Limit 9, three values: 2, then 3 more, then 295 more (0x127 = 2 · 0x80 + 0x27).
        assert_eq!(of(9, &[300, 2, 5]).encode(), [EXACT, 9, 3, 2, 3, 0xa7, 2]);
    }

    #[test]
    fn neighbouring_buckets_take_two_bytes_each() {
        // Buckets are two wide from 2048 on. Limit 1, count 3, sum 6147, ends 2048 and 2050; 2048 buckets of one unused.
        let bytes = of(1, &[2050, 2048, 2049]).encode();
        assert_eq!(bytes, [HISTOGRAM, 1, 3, 0x83, 0x30, 0x80, 0x10, 0x82, 0x10, 0x80, 0x10, 2, 0, 1]);
    }

    #[test]
    fn torn_or_padded_bytes_are_refused() {
        let bytes = of(9, &[300, 2, 5]).encode();
        for end in 0..bytes.len() {
            check_refused(&bytes[..end], DecodeError::Truncated);
        }
        check_refused(&[bytes.as_slice(), &[0]].concat(), DecodeError::Trailing);
    }

    #[test]
    fn a_number_with_a_needless_byte_is_refused() {
        check_refused(&[EXACT, 9, 0x80 | 1, 0, 5], DecodeError::Malformed);
    }

    #[test]
    fn a_number_too_large_is_refused() {
        check_refused(
            &[EXACT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            DecodeError::Malformed,
        );
        check_refused(&[&[EXACT][..], &[0xff; 19]].concat(), DecodeError::Malformed);
    }

    #[test]
    fn an_unknown_form_is_refused() {
        check_refused(&[2, 0, 0], DecodeError::Malformed);
    }

    #[test]
    fn exact_values_past_the_limit_are_refused() {
        check_refused(&[EXACT, 1, 2, 5, 5], DecodeError::Inconsistent);
    }

    #[test]
    fn a_histogram_whose_ends_or_sum_cannot_be_is_refused() {
        // Limit 0; values 5 and 7: count 2, sum 12, least 5, greatest 7.
        let good = of(0, &[5, 7]).encode();
        assert_eq!(good, [HISTOGRAM, 0, 2, 12, 5, 7, 5, 1, 1, 1]);
        for (index, wrong) in [(2, 1), (2, 0), (3, 13), (3, 11), (4, 6), (5, 8), (7, 0)] {
            let mut bad = good.clone();
            bad[index] = wrong;
            assert!(Samples::decode(&bad).is_err(), "byte {index} = {wrong}");
        }
    }

    #[test]
    fn values_past_the_last_bucket_come_back() {
        let samples = of(0, &[u64::MAX, 3, (1 << 60) + 12_345]);
        assert_eq!(Samples::decode(&samples.encode()).unwrap(), samples);
    }

    fn any_value() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), 0_u64..5000, any::<u32>().prop_map(u64::from), any::<u64>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_encoded_comes_back(limit in 0_usize..50, values in prop::collection::vec(any_value(), 0..60)) {
            let samples = of(limit, &values);
            let back = Samples::decode(&samples.encode()).unwrap();
            prop_assert_eq!(back.encode(), samples.encode());
            prop_assert_eq!(back.counted(), samples.counted());
            prop_assert_eq!((back.len(), back.sum(), back.min(), back.max()), (samples.len(), samples.sum(), samples.min(), samples.max()));
        }

        #[test]
        fn the_order_of_recording_leaves_no_trace(
            limit in 0_usize..50,
            (values, shuffled) in prop::collection::vec(any_value(), 0..60).prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle())),
        ) {
            prop_assert_eq!(of(limit, &values).encode(), of(limit, &shuffled).encode());
        }

        /// Whatever decodes is canonical, so a digest of the bytes is a digest of the content.
        #[test]
        fn bytes_that_decode_are_the_bytes_it_encodes_to(
            limit in 0_usize..9, values in prop::collection::vec(any_value(), 0..12), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut bytes = of(limit, &values).encode();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(samples) = Samples::decode(&bytes) {
                prop_assert_eq!(samples.encode(), bytes);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Samples::decode(&bytes);
        }
    }
}
