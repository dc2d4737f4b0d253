//! The coverage table of `docs/statistics.md`: each estimator simulated many times against a known truth. It takes minutes,
//! so it runs when asked for: `cargo test --lib stats::campaign -- --ignored --nocapture`.

use std::ops::RangeInclusive;

use super::estimate::{Basis, Method};
use super::interval::{around, squares_about};
use super::testing::Chance;
use super::*;
use crate::tally::Samples;

const CONFIDENCE: f64 = 0.95;
const REPLICATIONS: usize = 20;
const NANOS: f64 = 1e9;

/// Prints a row of the table, and fails where the share covered is not in `band`.
#[track_caller]
fn check(row: &str, band: RangeInclusive<f64>, coverage: Coverage) {
    let share = coverage.share().expect("there were intervals");
    println!("| {row} | {} | {:.1} % |", coverage.intervals(), 100.0 * share);
    assert!(band.contains(&share), "{row}: {share} is not in {band:?}");
}

fn repeat(runs: usize, truth: f64, mut experiment: impl FnMut() -> Option<Estimate>) -> Coverage {
    let mut coverage = Coverage::default();
    for _ in 0..runs {
        coverage.record(&experiment().expect("there are values"), truth);
    }
    coverage
}

#[test]
#[ignore = "the table of docs/statistics.md, run by hand"]
fn means_and_ratios_cover_as_the_table_says() {
    for (replications, jackknife, delta) in [(5, 0.91..=0.96, 0.89..=0.94), (20, 0.93..=0.97, 0.91..=0.95)] {
        let mut chance = Chance::new(100);
        let found = repeat(20_000, 0.0, || mean(&normal(&mut chance, replications), CONFIDENCE));
        check(&format!("mean, normal values, R = {replications}"), 0.945..=0.955, found);
        for (error, band) in [(RatioError::Jackknife, jackknife), (RatioError::Delta, delta)] {
            let mut chance = Chance::new(200);
            let found =
                repeat(20_000, 2.0, || ratio(&noisy_pairs(&mut chance, replications), CONFIDENCE, error));
            check(
                &format!("ratio, denominators 0.2 + exponential, {error:?}, R = {replications}"),
                band,
                found,
            );
        }
    }
}

#[test]
#[ignore = "the table of docs/statistics.md, run by hand"]
fn shares_cover_as_the_table_says() {
    for (trials, share) in [(200, 0.04), (200, 0.005), (1_000, 0.3), (1_000, 0.0005)] {
        for (name, bursts) in [("independent", false), ("in bursts", true)] {
            let mut chance = Chance::new(300);
            let found = repeat(2_000, share, || {
                proportion(&failures(&mut chance, trials, share, bursts), CONFIDENCE)
            });
            check(&format!("share {share} of 20 × {trials}, {name}"), 0.94..=0.99, found);
        }
    }
}

#[test]
#[ignore = "the table of docs/statistics.md, run by hand"]
fn quantiles_of_independent_samples_cover_as_the_table_says() {
    for (level, samples, band, averaged) in [
        (0.5, 20, 0.93..=0.96, 0.91..=0.96),
        (0.9, 100, 0.93..=0.97, 0.88..=0.94),
        (0.99, 1_000, 0.93..=0.97, 0.86..=0.93),
        (0.99, 200, 0.91..=0.95, 0.5..=0.75),
        (0.99, 100, 0.9..=0.94, 0.3..=0.5),
    ] {
        let mut chance = Chance::new(400);
        let truth = -libm::log(1.0 - level) * NANOS;
        let (mut sectioning, mut average) = (Coverage::default(), Coverage::default());
        for _ in 0..2_000 {
            let sections: Vec<Samples> =
                (0..REPLICATIONS).map(|_| exponential(&mut chance, samples)).collect();
            let (pooled, averaged) = both_ways(&sections, level);
            sectioning.record(&pooled, truth);
            average.record(&averaged, truth);
        }
        check(&format!("quantile {level} of 20 × {samples} exponentials, sectioning"), band, sectioning);
        check("the same, averaged over replications (not offered)", averaged, average);
    }
}

#[test]
#[ignore = "the table of docs/statistics.md, run by hand"]
fn quantiles_of_a_queue_cover_as_the_table_says() {
    for (load, relaxation_times, runs, band) in [
        (0.5, 200.0, 1_000, 0.91..=0.96),
        (0.5, 1_000.0, 1_000, 0.93..=0.97),
        (0.9, 20.0, 400, 0.65..=0.85),
        (0.9, 50.0, 400, 0.82..=0.94),
        (0.9, 200.0, 400, 0.88..=0.97),
        (0.9, 500.0, 400, 0.91..=0.98),
    ] {
        let mut chance = Chance::new(500);
        // P(wait > t) = load · exp(−(1 − load) t) in service times.
        let truth = libm::log(load / 0.01) / (1.0 - load) * NANOS;
        let (mut sectioning, mut average) = (Coverage::default(), Coverage::default());
        for _ in 0..runs {
            let sections: Vec<Samples> =
                (0..REPLICATIONS).map(|_| waits(&mut chance, load, relaxation_times)).collect();
            let (pooled, averaged) = both_ways(&sections, 0.99);
            sectioning.record(&pooled, truth);
            average.record(&averaged, truth);
        }
        check(
            &format!("p99 wait, M/M/1 at {load}, 20 × {relaxation_times} relaxation times, sectioning"),
            band,
            sectioning,
        );
        check("the same, averaged over replications (not offered)", 0.0..=1.0, average);
    }
}

#[test]
#[ignore = "the table of docs/statistics.md, run by hand"]
fn stopping_and_comparing_cover_as_the_table_says() {
    for deviation in [3.0, 1.0] {
        let mut chance = Chance::new(600);
        let mut made = 0;
        let found = repeat(5_000, 10.0, || {
            let (count, estimate) = stop_by_itself(&mut chance, deviation);
            made += count;
            estimate
        });
        let made = made / 5_000;
        check(
            &format!("mean to 5 %, deviation {deviation} of 10, stopped after {made} on average"),
            0.935..=0.96,
            found,
        );
    }
    for (correlation, first, second) in [(0.9, 3.0, 3.0), (0.0, 0.0, 0.0), (-0.5, 1.0, -1.0)] {
        let mut chance = Chance::new(700);
        let (mut together, mut apart) = (Coverage::default(), Coverage::default());
        for _ in 0..5_000 {
            let sides = noisy_sides(&mut chance, first, second);
            let difference = |found: Option<Comparison>| found.expect("there are values").difference;
            together.record(&difference(compare(&sides.0, &sides.1, CONFIDENCE)), 1.0);
            apart.record(&difference(compare_independent(&sides.0, &sides.1, CONFIDENCE)), 1.0);
        }
        check(
            &format!("difference of two means, correlation {correlation}, R = 20, paired"),
            0.94..=0.96,
            together,
        );
        check("the same, Welch (not offered for one seed)", 0.85..=1.0, apart);
    }
}

fn normal(chance: &mut Chance, count: usize) -> Vec<f64> {
    (0..count).map(|_| chance.normal()).collect()
}

/// Numerators of twice the denominator, with a noise that grows with it.
fn noisy_pairs(chance: &mut Chance, count: usize) -> Vec<(f64, f64)> {
    let mut pair = || {
        let denominator = 0.2 + chance.exponential();
        ((2.0 + chance.normal()) * denominator, denominator)
    };
    (0..count).map(|_| pair()).collect()
}

/// In bursts, each replication has its own share, uniform up to twice the mean one.
fn failures(chance: &mut Chance, trials: u64, share: f64, bursts: bool) -> Vec<Trials> {
    let mut replication = || {
        let share = if bursts { 2.0 * share * chance.uniform() } else { share };
        Trials { events: (0..trials).filter(|_| chance.uniform() < share).count() as u64, trials }
    };
    (0..REPLICATIONS).map(|_| replication()).collect()
}

fn exponential(chance: &mut Chance, count: usize) -> Samples {
    finished((0..count).map(|_| chance.exponential()))
}

/// Waits of an M/M/1 queue by Lindley's recursion, over so many relaxation times of 1 / (1 − √load)² service times,
/// after 20 more that are deleted.
fn waits(chance: &mut Chance, load: f64, relaxation_times: f64) -> Samples {
    let relaxation = load / ((1.0 - libm::sqrt(load)) * (1.0 - libm::sqrt(load)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, some 1e5")]
    let customers = |times: f64| libm::ceil(times * relaxation) as usize;
    let mut wait: f64 = 0.0;
    let mut next = || {
        wait = (wait + chance.exponential() - chance.exponential() / load).max(0.0);
        wait
    };
    (0..customers(20.0)).for_each(|_| {
        next();
    });
    finished((0..customers(relaxation_times)).map(|_| next()))
}

fn finished(seconds: impl Iterator<Item = f64>) -> Samples {
    let mut samples = Samples::new();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, far below 2^64")]
    seconds.for_each(|value| samples.record((value * NANOS) as u64));
    samples.finish();
    samples
}

/// The sectioning interval without its guards, and the mean of the sections' own quantiles.
fn both_ways(sections: &[Samples], level: f64) -> (Estimate, Estimate) {
    let quantiles: Vec<f64> = sections.iter().filter_map(|section| section.quantile(level)).collect();
    let mut pooled = Samples::new();
    for section in sections {
        pooled.merge(section);
    }
    let point = pooled.quantile(level).expect("there are samples");
    let basis = Basis { replications: quantiles.len(), method: Method::Sectioning, confidence: CONFIDENCE };
    let averaged = mean(&quantiles, CONFIDENCE).expect("there are samples");
    (around(point, squares_about(&quantiles, point), basis), averaged)
}

fn stop_by_itself(chance: &mut Chance, deviation: f64) -> (u32, Option<Estimate>) {
    let mut values = Vec::new();
    let mut stopping = Stopping::new(REPLICATIONS_MIN, 2_000, vec![Target::Relative(0.05)]);
    let mut last = None;
    while let Some(count) = stopping.next() {
        values.resize_with(count as usize, || 10.0 + deviation * chance.normal());
        last = mean(&values, CONFIDENCE);
        stopping.observe(last.as_slice());
    }
    (stopping.outcome().expect("it has stopped").replications, last)
}

/// Two sides that share a noise, each with its own weight.
fn noisy_sides(chance: &mut Chance, first: f64, second: f64) -> (Vec<f64>, Vec<f64>) {
    let mut pair = || {
        let common = chance.normal();
        (first * common + chance.normal(), 1.0 + second * common + chance.normal())
    };
    (0..REPLICATIONS).map(|_| pair()).unzip()
}
