//! Samplers against the laws they draw from.

use super::*;
use crate::model::distribution::Part;
use crate::random::{Stream, Streams};
use proptest::prelude::*;

/// Uniforms at which every sampler is pinned.
const PINNED: [f64; 8] = [0.0, 1e-9, 0.1, 0.25, 0.5, 0.75, 0.99, 1.0 - f64::EPSILON / 2.0];
/// What the samplers give there, as bits.
const KNOWN_ANSWERS: &str = include_str!("known_answers.txt");

fn examples() -> Vec<(&'static str, Law<f64>)> {
    Law::examples(1.0)
}

fn uniforms(name: &str) -> Stream {
    Streams::new(1, 0).stream(name, "sampler test")
}

#[test]
fn known_answers_hold_to_the_last_bit() {
    let line = |(name, law): (&str, Law<f64>)| {
        let sampler = Sampler::of_counts(&law);
        let bits = PINNED.map(|uniform| format!("{:016x}", sampler.sample(uniform).to_bits()));
        format!("{name}: {}\n", bits.join(" "))
    };
    let answers: String = examples().into_iter().map(line).collect();
    assert!(answers == KNOWN_ANSWERS, "samplers moved; now they give\n{answers}");
}

#[test]
fn mean_and_variance_are_those_of_the_law() {
    const DRAWS: u32 = 1_000_000;
    for (name, law) in examples() {
        let (sampler, mut stream) = (Sampler::of_counts(&law), uniforms(name));
        let (mean, variance) = (law.mean().expect("finite"), law.variance().expect("finite"));
        let (mut sums, draws) = ([0.0; 3], f64::from(DRAWS));
        for _ in 0..DRAWS {
            let apart = sampler.sample(stream.unit()) - mean;
            let square = apart * apart;
            sums[0] += apart;
            sums[1] += square;
            sums[2] += square * square;
        }
        let [off, square, fourth] = sums.map(|sum| sum / draws);
        let error = (variance / draws).sqrt();
        assert!(off.abs() <= 5.0 * error + 1e-12, "{name}: the mean is off by {off}, standard error {error}");
        let error = ((fourth - square * square).max(0.0) / draws).sqrt();
        let off = square - variance;
        assert!(
            off.abs() <= 5.0 * error + 1e-12,
            "{name}: the variance is off by {off}, standard error {error}"
        );
    }
}

#[test]
fn draws_follow_the_distribution_function() {
    const DRAWS: u32 = 100_000;
    for (name, law) in examples() {
        let (sampler, mut stream) = (Sampler::of_counts(&law), uniforms(name));
        let mut drawn: Vec<f64> = (0..DRAWS).map(|_| sampler.sample(stream.unit())).collect();
        drawn.sort_unstable_by(f64::total_cmp);
        let mut distance: f64 = 0.0;
        for (up_to, same) in drawn.chunk_by(|a, b| a.total_cmp(b).is_eq()).scan(0, |sum, same| {
            *sum += same.len();
            Some((*sum, same))
        }) {
            distance = distance.max((up_to as f64 / f64::from(DRAWS) - law.cdf(same[0])).abs());
        }
        // Kolmogorov and Smirnov: exceeded by chance once in 1,000.
        assert!(distance < 1.95 / f64::from(DRAWS).sqrt(), "{name}: distance {distance}");
    }
}

/// Whether a law is drawn by one growing function over all uniforms.
fn grows(law: &Law<f64>) -> bool {
    !matches!(law, Law::Mixture { .. } | Law::Hyperexponential { .. })
}

/// Whether a law has no steps either.
fn is_continuous(law: &Law<f64>) -> bool {
    grows(law) && !matches!(law, Law::Deterministic { .. } | Law::Zipf { .. } | Law::Geometric { .. })
}

#[test]
fn a_variate_has_the_probability_it_was_drawn_with() {
    for (name, law) in examples().into_iter().filter(|(_, law)| is_continuous(law)) {
        let sampler = Sampler::of_counts(&law);
        for step in 0..1_000 {
            let uniform = f64::from(step) / 1_000.0;
            let found = law.cdf(sampler.sample(uniform));
            assert!((found - uniform).abs() < 1e-9, "{name}: drawn with {uniform}, found at {found}");
        }
    }
}

#[test]
fn both_ends_are_finite_and_not_negative() {
    let heavy = [
        ("heavy pareto", Law::Pareto { shape: 0.05, minimum: 1.0 }),
        ("heavy weibull", Law::Weibull { shape: 0.05, mean: None, scale: Some(1e12) }),
        ("heavy gamma", Law::Gamma { shape: 0.05, mean: 1.0 }),
        ("heavy lognormal", Law::Lognormal { mean: 1.0, cv: 100.0 }),
        ("narrow lognormal", Law::Lognormal { mean: 1.0, cv: 0.0 }),
        ("right triangle", Law::Triangular { low: 0.0, mode: 0.0, high: 1.0 }),
        ("left triangle", Law::Triangular { low: 0.0, mode: 1.0, high: 1.0 }),
        ("left pert", Law::Pert { low: 0.0, mode: 0.0, high: 1.0 }),
        ("one rank", Law::Zipf { exponent: 1.0, items: 1 }),
        ("many ranks", Law::Zipf { exponent: 1.0, items: 1_000_000_000_000_000 }),
        ("one try", Law::Geometric { mean: 1.0 }),
        ("many tries", Law::Geometric { mean: 1e12 }),
    ];
    for (name, law) in examples().into_iter().chain(heavy) {
        assert_eq!(law.validate(), Ok(()), "{name}");
        let sampler = Sampler::of_counts(&law);
        for uniform in [0.0, f64::MIN_POSITIVE, 0.5, BELOW_ONE] {
            let drawn = sampler.sample(uniform);
            assert!(drawn.is_finite() && drawn >= 0.0, "{name}: {drawn} at {uniform}");
        }
    }
}

#[test]
fn spans_are_rounded_to_the_nearest_nanosecond() {
    let span =
        |low: u64, high: u64| Law::Uniform { low: Span::from_nanos(low), high: Span::from_nanos(high) };
    let sampler = Sampler::of_spans(&span(0, 10));
    assert_eq!(sampler.sample_span(0.14), Span::from_nanos(1));
    assert_eq!(sampler.sample_span(0.16), Span::from_nanos(2));
    let always = Law::Deterministic { value: Span::from_millis(800) };
    assert_eq!(Sampler::of_spans(&always).sample_span(0.3), Span::from_millis(800));
    assert_eq!(Sampler::of_counts(&Law::Geometric { mean: 3.0 }).sample_count(0.0), 1);
}

#[test]
fn a_draw_of_centuries_is_cut() {
    let law = Law::Pareto { shape: 0.1, minimum: Span::from_secs(1) };
    assert_eq!(Sampler::of_spans(&law).sample_span(BELOW_ONE), LONGEST_DRAW);
}

#[test]
fn a_cut_mixture_keeps_the_shares_of_what_is_left() {
    let uniform = |low: f64, high: f64| Law::Uniform { low, high };
    let mixture = Law::Mixture {
        parts: vec![
            Part { weight: 1.0, law: uniform(0.0, 10.0) },
            Part { weight: 1.0, law: uniform(5.0, 7.0) },
            Part { weight: 2.0, law: uniform(20.0, 30.0) },
        ],
    };
    let law = Law::Truncated { low: 6.0, high: 9.0, law: Box::new(mixture) };
    // 3/10 of the first is left and a half of the second; nothing of the third.
    let sampler = Sampler::of_counts(&law);
    let drawn: Vec<f64> = (0..8_000).map(|step| sampler.sample(f64::from(step) / 8_000.0)).collect();
    assert!(drawn.iter().all(|value| (6.0..=9.0).contains(value)));
    let above_seven = drawn.iter().filter(|value| **value > 7.0).count();
    assert!((1_998..=2_002).contains(&above_seven), "{above_seven} of 8,000 instead of 2,000");
    assert!((law.cdf(7.0) - 0.75).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_greater_uniform_gives_no_lesser_variate(mut uniforms in proptest::collection::vec(0.0..1.0_f64, 200)) {
        uniforms.sort_unstable_by(f64::total_cmp);
        for (name, law) in examples().into_iter().filter(|(_, law)| grows(law)) {
            let sampler = Sampler::of_counts(&law);
            for pair in uniforms.windows(2) {
                let (low, high) = (sampler.sample(pair[0]), sampler.sample(pair[1]));
                prop_assert!(low <= high * (1.0 + 1e-12), "{}: {} and {}", name, low, high);
            }
        }
    }
}
