//! Fits Poisson processes with two, three and four states to the arrivals of the Azure 2023 code trace, and prints what
//! was measured beside what each fit gives. No clock and no ambient chance: every run prints the same.
//!
//! ```text
//! cargo run --release --example fit_arrivals -- ../shared/data/azure-llm-2023/AzureLLMInferenceTrace_code.csv.gz
//! ```

#![expect(clippy::print_stdout, reason = "an example prints")]

mod matrix;
mod measured;
mod process;
mod search;

use measured::{Counts, counts, interval_cv, intervals};
use process::Process;
use rand::{Rng, SeedableRng};
use std::error::Error;
use std::path::PathBuf;

/// Windows in seconds in which arrivals are counted, and how much their dispersion weighs in a fit.
const WINDOWS: [(f64, f64); 7] =
    [(1.0, 3.0), (2.0, 1.0), (5.0, 1.0), (10.0, 3.0), (20.0, 1.0), (30.0, 1.0), (60.0, 3.0)];

/// Windows whose share without arrivals is fitted.
const EMPTY: [f64; 3] = [1.0, 10.0, 60.0];

/// Simulated stretches as long as the trace, for peaks.
const STRETCHES: u64 = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("name the trace: AzureLLMInferenceTrace_code.csv.gz")?;
    let requests = measured::read(&PathBuf::from(file))?;
    let times: Vec<f64> = requests.iter().map(|request| request.0).collect();
    let span = times[times.len() - 1];
    let rate = 1.0 / (span / (times.len() - 1) as f64);
    println!("requests {}, {span:.3} s, {rate:.4} a second", times.len());
    tokens("prompt tokens", requests.iter().map(|request| request.1).collect());
    tokens("generated tokens", requests.iter().map(|request| request.2).collect());
    show_measured("measured", std::slice::from_ref(&times));
    show_measured("renewal: the same intervals in random order", &shuffled(&times));
    for states in 2..=4 {
        let (process, cost) = fit(&times, rate, states);
        println!("\n{states} states, cost {cost:.4}");
        for (rate, stay) in &process.states {
            println!("  {{ \"rate_per_s\": {rate:.4}, \"mean_stay\": \"{stay:.3}s\" }}");
        }
        show_exact(&process);
        let stretches: Vec<_> =
            (0..STRETCHES).map(|stretch| process.simulate(span, chance(stretch))).collect();
        show_measured("simulated", &stretches);
    }
    Ok(())
}

/// Minimises the squared logarithms of fitted over measured figures; the mean rate is met exactly.
fn fit(times: &[f64], rate: f64, states: usize) -> (Process, f64) {
    let process = |point: &[f64]| {
        let states = point.chunks_exact(2).map(|pair| (libm::exp(pair[0]), libm::exp(pair[1]))).collect();
        Process { states }.with_rate(rate)
    };
    let measured: Vec<Counts> = WINDOWS.iter().map(|(window, _)| counts(times, *window)).collect();
    let empty: Vec<f64> = EMPTY.iter().map(|window| counts(times, *window).empty_share).collect();
    let cv = interval_cv(times);
    let squared = |fitted: f64, measured: f64| {
        let log = libm::log(fitted / measured);
        if log.is_finite() { log * log } else { 1e6 }
    };
    let cost = |point: &[f64]| {
        if point.iter().any(|part| !(-9.0..=6.5).contains(part)) {
            return 1e9;
        }
        let fitted = process(point);
        let dispersions = WINDOWS.iter().zip(&measured);
        let dispersion: f64 = dispersions
            .map(|((window, weight), measured)| {
                weight * squared(fitted.dispersion(*window), measured.dispersion)
            })
            .sum();
        let silence: f64 = EMPTY
            .iter()
            .zip(&empty)
            .map(|(window, share)| squared(fitted.empty_share(*window), *share))
            .sum();
        3.0 * squared(fitted.interval_cv(), cv) + dispersion + silence
    };
    // Logarithms of rates from 0.01 to 100 a second and of stays from 0.2 to 150 s.
    let (low, high) = ([-4.6, -1.6].repeat(states), [4.6, 5.0].repeat(states));
    let (point, least) = search::least(cost, &low, &high, 300);
    (process(&point), least)
}

/// A generator of numbers in (0, 1) by its number.
fn chance(number: u64) -> impl FnMut() -> f64 {
    let mut stream = rand_chacha::ChaCha8Rng::seed_from_u64(number);
    move || ((stream.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

/// The arrivals with their intervals in random order, many times over.
fn shuffled(times: &[f64]) -> Vec<Vec<f64>> {
    let stretch = |number| {
        let (mut draw, mut intervals, mut now) = (chance(number), intervals(times), 0.0);
        for last in (1..intervals.len()).rev() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a length"
            )]
            intervals.swap(last, ((draw() * (last + 1) as f64) as usize).min(last));
        }
        let mut times = vec![0.0];
        times.extend(intervals.iter().map(|interval| {
            now += interval;
            now
        }));
        times
    };
    (0..STRETCHES / 4).map(stretch).collect()
}

fn show_exact(process: &Process) {
    println!("exact: interval CV {:.3}", process.interval_cv());
    for (window, _) in WINDOWS {
        println!(
            "  {window:>3} s: dispersion {:8.2}, empty {:.3}",
            process.dispersion(window),
            process.empty_share(window)
        );
    }
}

/// Means over stretches, and the range of nine in ten for peaks.
fn show_measured(name: &str, stretches: &[Vec<f64>]) {
    let mean = |figures: Vec<f64>| figures.iter().sum::<f64>() / figures.len() as f64;
    let (cv, arrivals) = stretches.iter().map(|times| (interval_cv(times), times.len() as f64)).unzip();
    println!("{name}: interval CV {:.3}, arrivals {:.0}", mean(cv), mean(arrivals));
    for (window, _) in WINDOWS {
        let all: Vec<Counts> = stretches.iter().map(|times| counts(times, window)).collect();
        let mut peaks: Vec<f64> = all.iter().map(|counts| counts.peak).collect();
        peaks.sort_by(f64::total_cmp);
        println!(
            "  {window:>3} s: dispersion {:8.2}, empty {:.3}, peak over mean {:6.2} ({:.2} to {:.2})",
            mean(all.iter().map(|counts| counts.dispersion).collect()),
            mean(all.iter().map(|counts| counts.empty_share).collect()),
            mean(peaks.clone()),
            peaks[peaks.len() / 20],
            peaks[peaks.len() - 1 - peaks.len() / 20],
        );
    }
}

/// A quantile table (type 7) in the notation of a law.
fn tokens(name: &str, mut values: Vec<u32>) {
    const LEVELS: [f64; 20] = [
        0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995,
        0.999, 1.0,
    ];
    values.sort_unstable();
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
    let quantile = |level: f64| {
        let place = (values.len() - 1) as f64 * level;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
        let below = place as usize;
        let (low, high) = (f64::from(values[below]), f64::from(values[(below + 1).min(values.len() - 1)]));
        low + (place - below as f64) * (high - low)
    };
    let points: Vec<String> =
        LEVELS.iter().map(|level| format!("[{level}, {:.1}]", quantile(*level))).collect();
    let of_table: f64 = LEVELS
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) * f64::midpoint(quantile(pair[0]), quantile(pair[1])))
        .sum();
    println!("{name}: mean {mean:.2}, of the table {of_table:.2}, points [{}]", points.join(", "));
}
