//! Limits against sequences computed by an independent implementation of the published algorithms (Netflix
//! concurrency-limits, `AIMDLimit` and `Gradient2Limit`, in another language).

use super::*;

/// A linear congruential sequence, so that the other implementation can draw the same samples.
pub(crate) struct Sequence(pub(crate) u64);

impl Sequence {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// One number for many (FNV-1a over whole values).
pub(crate) fn digest(values: impl IntoIterator<Item = u64>) -> u64 {
    let step = |hash: u64, value: u64| (hash ^ value).wrapping_mul(0x0100_0000_01b3);
    values.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// 200 results: latency rises fourfold for every other 40, some are refused and some are just in or out of 5 s.
fn samples() -> Vec<Sample> {
    let mut sequence = Sequence(1);
    let sample = |index: u64| {
        let (a, b, c) = (sequence.next(), sequence.next(), sequence.next());
        let base = if (index / 40).is_multiple_of(2) { 100 } else { 400 };
        let millis = if c % 23 == 1 { 5_000 + c % 2 } else { base + b % 200 };
        Sample {
            in_flight: u32::try_from(a % 64 + 1).unwrap(),
            latency: Span::from_millis(millis),
            result: if c.is_multiple_of(16) { AdmissionResult::Limited } else { AdmissionResult::Accepted },
        }
    };
    (0..200).map(sample).collect()
}

#[track_caller]
fn check(limit: ConcurrencyLimit, every_tenth: [u32; 20], all: u64) {
    let mut limit = limit.build().unwrap();
    let limits: Vec<u32> = samples()
        .iter()
        .map(|sample| {
            limit.on_sample(Time::START, sample);
            limit.allowed()
        })
        .collect();
    let some: Vec<u32> = limits.iter().skip(9).step_by(10).copied().collect();
    assert_eq!(some, every_tenth);
    assert_eq!(digest(limits.into_iter().map(u64::from)), all);
}

#[test]
fn aimd_follows_the_published_code_to_the_request() {
    let expected = [26, 33, 36, 39, 46, 46, 46, 46, 51, 55, 61, 52, 51, 53, 58, 54, 60, 56, 52, 60];
    check(ConcurrencyLimit::Aimd(AimdSpec::default()), expected, 0x6b80_c0f5_43e4_de57);
}

#[test]
fn the_gradient_follows_the_published_code_to_the_request() {
    let expected = [28, 33, 36, 43, 30, 23, 20, 20, 25, 31, 37, 38, 33, 32, 34, 33, 39, 39, 41, 48];
    check(ConcurrencyLimit::Gradient(GradientSpec::default()), expected, 0x4e74_9f77_a784_d5d8);
    let queue = QueueAllowance::SquareRoot { min: 4 };
    let expected = [28, 35, 39, 49, 36, 28, 25, 22, 27, 35, 45, 49, 44, 44, 46, 47, 56, 55, 58, 70];
    let spec = GradientSpec { queue, ..GradientSpec::default() };
    check(ConcurrencyLimit::Gradient(spec), expected, 0x5fc4_c926_4dc8_1abf);
}

#[test]
fn a_sample_at_exactly_half_the_limit_and_exactly_the_timeout_still_grows_it() {
    let mut limit = ConcurrencyLimit::Aimd(AimdSpec::default()).build().unwrap();
    let result = AdmissionResult::Accepted;
    let latency = Span::from_secs(5);
    limit.on_sample(Time::START, &Sample { in_flight: 9, latency, result });
    assert_eq!(limit.allowed(), 20);
    limit.on_sample(Time::START, &Sample { in_flight: 10, latency, result });
    assert_eq!(limit.allowed(), 21);
    let late = latency + Span::from_nanos(1);
    limit.on_sample(Time::START, &Sample { in_flight: 21, latency: late, result });
    assert_eq!(limit.allowed(), 20, "18 is below the minimum");
}
