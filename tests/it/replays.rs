//! Deterministic replays of public traces: every figure of `reference_replays.json` is met by an experiment file.
//!
//! The references were computed without this program. The traces are read from the folder that `TARS_SIM_DATA` names,
//! by default `../shared/data` beside the project; without it the tests fail where `CI` is set and say that they were
//! skipped elsewhere. `cargo test --test it replays -- --nocapture` prints the table of `docs/replays.md`.

#![expect(clippy::print_stdout, reason = "a table for the docs, and a skip that is seen")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use tars_policy::units::Span;
use tars_sim::analysis::validate::Verdict;
use tars_sim::analysis::validate::replays::{self, REPLAYS};
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load};
use tars_sim::sim::{Plan, Run, replicate};

#[test]
fn the_code_trace_waits_for_servers_as_computed() {
    compare("azure-code-servers");
}

#[test]
fn the_conversation_trace_waits_for_servers_as_computed() {
    compare("azure-conv-servers");
}

#[test]
fn a_limit_of_tokens_holds_up_the_code_trace_as_computed() {
    compare("azure-code-tokens-per-minute");
}

#[test]
fn a_limit_of_tokens_holds_up_the_conversation_trace_as_computed() {
    compare("azure-conv-tokens-per-minute");
}

#[test]
fn a_limit_of_requests_holds_up_the_code_trace_as_computed() {
    compare("azure-code-requests-per-minute");
}

#[test]
fn a_limit_of_requests_holds_up_the_conversation_trace_as_computed() {
    compare("azure-conv-requests-per-minute");
}

#[test]
fn recorded_agents_share_slots_as_computed() {
    compare("agents-shared-slots");
}

#[test]
fn the_conversations_of_mooncake_run_with_every_mechanism_on() {
    let Some(data) = data_folder() else { return };
    let run = &run("../tier3-mooncake", &data)[0];
    let (scaler, modes) = (&run.scalers[0], run.modes.expect("degradation is on"));
    assert_eq!((run.issued, run.unfinished), (7_851, 0), "all requests of 40 minutes came to an end");
    let acts = [
        ("rate limit", run.limited_ever),
        ("retries", run.retried),
        ("resubmissions", run.resubmitted),
        ("breaker", run.breaker_refused_ever),
        ("cache misses", run.caches[0].0 - run.caches[0].1),
        ("cache hits", run.caches[0].1),
        // It looks, and never adds: its rule asks for a queue of 800, which these loads do not reach.
        ("autoscaler looks", scaler.looks),
        ("autoscaler down", scaler.downs),
        ("agents spawned", run.pools[0].spawned_ever),
        ("agents retired", run.pools[0].retired_ever),
        ("degradation", modes.1),
    ];
    for (mechanism, count) in acts {
        assert!(count > 0, "{mechanism} never acted");
    }
}

#[test]
fn the_bursts_of_tier_3_are_those_of_the_workload_model() {
    let json = |file: &str| -> Value {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        serde_json::from_str(&std::fs::read_to_string(file).expect("a file of the project")).expect("JSON")
    };
    let experiment = json("experiments/tier3-azure.json");
    let model = json("models/workloads/azure-code-2023-arrivals.json");
    assert_eq!(experiment["sweep"]["axes"][0]["values"][1], model["part"]["mmpp"]["states"]);
}

#[test]
fn the_workload_model_is_as_bursty_as_the_fit_says() {
    // Exact figures of the fit: 13.29 the variation of intervals; dispersion of counts in 1 s and 60 s 13.26 and 163.2.
    let text = r#"{
        "name": "bursts",
        "workload": { "use": "workloads/azure-code-2023" },
        "system": { "stations": { "sink": { "servers": "infinite" } }, "routes": { "through": [ { "visit": { "station": "sink" } } ] } },
        "measure": { "mode": "terminating", "duration": "36000s", "windows": 600, "replications": { "min": 1, "max": 1 }, "seed": 5 }
    }"#;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bursts.json");
    std::fs::write(&file, text).expect("a file");
    let mut counts: Vec<f64> = Vec::new();
    for replication in 0..20 {
        let run = replicate(&plans(&file, None)[0], replication, Span::ZERO);
        counts.extend(run.windows.iter().map(|window| window.issued as f64));
    }
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    let dispersion =
        counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / counts.len() as f64 / mean;
    // 12,000 windows of 60 s: the mean is known to 2 %, the dispersion to 5 %.
    assert!((mean / 60.0 / 2.5664 - 1.0).abs() < 0.06, "the mean rate is {}", mean / 60.0);
    assert!((dispersion / 163.2 - 1.0).abs() < 0.15, "the dispersion in 60 s is {dispersion}");
}

/// Runs each cell of a replay and holds every figure of its reference.
#[track_caller]
fn compare(name: &str) {
    let Some(data) = data_folder() else { return };
    let references = replays::references(&data).unwrap_or_else(|why| panic!("{why}"));
    let replay = REPLAYS.iter().find(|replay| replay.name == name).expect("it is one of the replays");
    let rows = replay.rows(&references, &data).unwrap_or_else(|why| panic!("{why}"));
    assert!(rows.len() >= 14, "{} figures", rows.len());
    for row in rows {
        let simulated = row.simulated.expect("it was simulated");
        let error = simulated - row.expected;
        println!("| {} | {} | {} | {simulated:.6} | {error:+.1e} |", row.case, row.metric, row.expected);
        assert_eq!(row.verdict, Verdict::Holds, "{row:?}");
    }
}

/// One replication of each cell.
fn run(name: &str, data: &Path) -> Vec<Run> {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/replays").join(name).with_extension("json");
    plans(&file, Some(data)).iter().map(|plan| replicate(plan, 0, Span::ZERO)).collect()
}

/// The cells of an experiment, ready to run.
fn plans(file: &Path, data: Option<&Path>) -> Vec<Plan> {
    let mut diagnostics = Diagnostics::new();
    let loaded = load(file, &[], &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
    let mut traces = TraceStore::new(file, data.map(Path::to_owned));
    let plan = |cell| {
        let experiment = build(&cell_tree(&loaded, cell), &mut traces, &mut diagnostics);
        Plan::new(experiment.unwrap_or_else(|| panic!("{diagnostics}")).model)
    };
    loaded.cells.iter().map(plan).collect()
}

/// The folder of public traces; `None`, said aloud, where there is none and no `CI`.
pub(crate) fn data_folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests may be told where the data is")]
    let (named, in_ci) = (std::env::var("TARS_SIM_DATA"), std::env::var("CI"));
    let folder =
        named.map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(in_ci.is_err(), "there is no folder of public traces at {}", folder.display());
    println!(
        "SKIPPED: there is no folder of public traces at {}; name it in TARS_SIM_DATA",
        folder.display()
    );
    None
}
