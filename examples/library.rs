//! An experiment from Rust: read a file, change a setting, run replications on all cores, print an interval.
//!
//! `cargo run --release --example library`
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use rayon::prelude::*;
use std::error::Error;
use std::path::Path;
use tars_policy::units::Span;
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load};
use tars_sim::sim::{Plan, Run, replicate};
use tars_sim::stats;

/// The mean time at one server that is busy half of the time is two service times.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let file = Path::new("experiments/theory/mm1.json");
    let busy_half = "/workload/clients/arrivals/load/open/poisson/rate_per_s=0.5";
    let runs = simulate(file, &[busy_half, "/measure/duration=20000s"], 10)?;
    let means: Vec<f64> = runs.iter().filter_map(|run| run.latency.mean()).map(|nanos| nanos / 1e9).collect();
    let estimate = stats::mean(&means, 0.99).ok_or("nothing was seen")?;
    let (low, high) = estimate.low.zip(estimate.high).ok_or("there is no interval")?;
    println!("mean time in the system: {:.3} s, 99 % interval {low:.3} to {high:.3} s", estimate.value);
    if low <= 2.0 && 2.0 <= high { Ok(()) } else { Err("theory says 2 s".into()) }
}

/// Runs so many replications of the experiment's first cell, with `sets` applied.
fn simulate(file: &Path, sets: &[&str], replications: u64) -> Result<Vec<Run>, Box<dyn Error>> {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let mut diagnostics = Diagnostics::new();
    let loaded = load(file, &sets, &mut diagnostics).ok_or_else(|| diagnostics.to_string())?;
    let tree = cell_tree(&loaded, &loaded.cells[0]);
    let mut traces = TraceStore::new(file, None);
    let experiment = build(&tree, &mut traces, &mut diagnostics).ok_or_else(|| diagnostics.to_string())?;
    let cut = experiment.model.measure.warmup.unwrap_or(Span::from_secs(1_000));
    let plan = Plan::new(experiment.model);
    // Each replication depends on its number alone, so the threads change nothing.
    Ok((0..replications).into_par_iter().map(|replication| replicate(&plan, replication, cut)).collect())
}
