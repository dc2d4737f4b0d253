//! Whether a system can work at all: the load against its capacity, limits that let nothing through, tasks that nobody takes.

mod capacity;
mod flow;
mod reach;
mod recorded;
mod standstill;

use super::workload::expected_tasks;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;
use crate::model::distribution::Law;
use crate::model::workload::Class;
use crate::model::{Model, Station};
use tars_policy::limiter::{Algorithm, BucketSpec, Counted};

/// The most tasks that a replication may be expected to handle.
const TASKS_MAX: f64 = 2e9;

/// Refuses what can never work, and overload that is not meant.
pub(super) fn check(tree: &Tree, model: &Model, transient: bool, diagnostics: &mut Diagnostics) {
    check_limits(tree, model, diagnostics);
    check_size(tree, model, diagnostics);
    reach::check(tree, model, diagnostics);
    recorded::check(tree, model, diagnostics);
    standstill::check(tree, model, diagnostics);
    if !transient {
        capacity::check(tree, model, diagnostics);
    }
}

/// Where a station or provider stands.
fn station_path(station: &Station) -> Path {
    let collection = if station.offers.is_empty() { "stations" } else { "providers" };
    Path::root().key("system").key(collection).key(&station.name)
}

/// A limit that holds less than the smallest call takes lets nothing through.
fn check_limits(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    for station in &model.stations {
        let buckets = station.limiter.iter().flat_map(|limiter| &limiter.buckets).enumerate();
        for (place, bucket) in buckets {
            let least =
                model.classes.iter().map(|class| least_taken(bucket, class)).fold(f64::INFINITY, f64::min);
            let (field, most) = most_held(&bucket.algorithm);
            if least > most as f64 {
                let at = station_path(station).key("limiter").key("buckets").index(place).key("algorithm");
                let at = at.key(field).key(if field == "token_bucket" { "burst" } else { "limit" });
                let message = format!(
                    "the limit can never let a call through: it holds {most}, and the smallest call takes {least}"
                );
                diagnostics.senseless(tree, &at, message, "raise it to what the largest call takes");
            }
        }
    }
}

/// The most that a limit lets through at once, and the name of its algorithm.
const fn most_held(algorithm: &Algorithm) -> (&'static str, u64) {
    match algorithm {
        Algorithm::TokenBucket { burst, .. } => ("token_bucket", *burst),
        Algorithm::FixedWindow { limit, .. } => ("fixed_window", *limit),
        Algorithm::SlidingLog { limit, .. } => ("sliding_log", *limit),
    }
}

/// The least that a call of the class takes from a limit, where it always takes the same; else nothing is known.
fn least_taken(bucket: &BucketSpec, class: &Class) -> f64 {
    let constant = |law: &Option<Law<f64>>| match law {
        Some(Law::Deterministic { value }) => *value,
        Some(_) | None => 0.0,
    };
    match bucket.counts {
        Counted::Requests => 1.0,
        Counted::InputTokens => constant(&class.input_tokens),
        Counted::OutputTokens => constant(&class.output_tokens),
        Counted::TotalTokens => constant(&class.input_tokens) + constant(&class.output_tokens),
    }
}

/// A run that would need more time or memory than any machine here has.
fn check_size(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    let seconds = model.measure.duration.as_secs_f64();
    let tasks: f64 = model.clients.iter().filter_map(|client| expected_tasks(&client.load, seconds)).sum();
    if tasks > TASKS_MAX {
        diagnostics.senseless(
            tree,
            &Path::root().key("measure").key("duration"),
            format!("a replication would handle some {tasks:.1e} tasks"),
            "two billion are allowed; shorten the run or lower the rate",
        );
    }
}
