//! Small systems whose schedule can be worked out by hand: stated arrivals, fixed times, exact outcomes.

mod abroad;
mod agents;
mod alerts;
mod answers;
mod background;
mod calls;
mod clients;
mod direct;
mod faults;
mod files;
mod health;
mod indexes;
mod nodes;
mod regions;
mod routes;
mod series;
mod shared;
mod stations;
mod stores;

use serde_json::{Value, json};
use std::fs;
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load};
use tars_sim::sim::{Cause, Part, Plan, Run, replicate};

/// A second in nanoseconds.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// The plan of an experiment.
pub(crate) fn plan(experiment: &Value) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("experiment.json");
    fs::write(&path, serde_json::to_string_pretty(experiment).unwrap()).unwrap();
    let mut diagnostics = Diagnostics::new();
    let loaded = load(&path, &[], &mut diagnostics);
    let loaded = loaded.unwrap_or_else(|| panic!("{diagnostics}"));
    let tree = cell_tree(&loaded, &loaded.cells[0]);
    let built = build(&tree, &mut TraceStore::new(&path, None), &mut diagnostics);
    Plan::new(built.unwrap_or_else(|| panic!("{diagnostics}\n{experiment:#}")).model)
}

/// A story of a hundred seconds, followed to its end.
fn story(workload: &Value, system: &Value, policies: &Value) -> Run {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": workload,
        "system": system,
        "policies": policies,
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

/// One class, arrivals at these times, one route.
fn line(times: &[&str], stations: &Value, steps: &Value) -> Run {
    line_with(times, stations, steps, &json!({}))
}

fn line_with(times: &[&str], stations: &Value, steps: &Value, policies: &Value) -> Run {
    let workload = json!({ "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } });
    story(&workload, &json!({ "stations": stations, "routes": { "way": steps } }), policies)
}

fn arrivals(times: &[&str]) -> Value {
    json!({ "open": { "scheduled": { "times": times } } })
}

fn fixed(span: &str) -> Value {
    json!({ "deterministic": { "value": span } })
}

fn visit(station: &str) -> Value {
    json!({ "visit": { "station": station } })
}

/// A retry policy of fixed waits without a budget.
fn retry(attempts: u32, wait: &str) -> Value {
    json!({ "attempts": attempts, "backoff": { "fixed": { "wait": wait } }, "jitter": "none", "budget": null })
}

/// The latencies of tasks that ended well, in milliseconds, ascending.
fn latencies(run: &Run) -> Vec<u64> {
    let counted = run.latency.counted();
    let each = counted
        .into_iter()
        .flat_map(|(nanos, count)| std::iter::repeat_n(nanos, usize::try_from(count).expect("few")));
    each.map(|nanos| {
        assert_eq!(nanos % 1_000_000, 0, "{nanos} ns is no whole millisecond");
        nanos / 1_000_000
    })
    .collect()
}

fn ended(run: &Run, cause: Cause) -> u64 {
    run.bad[cause as usize]
}

/// What all good tasks together spent in a part, in milliseconds.
fn spent(run: &Run, part: Part) -> u64 {
    let nanos: u64 = run.ledgers.iter().map(|(_, _, spent)| spent[part as usize]).sum();
    nanos / 1_000_000
}
