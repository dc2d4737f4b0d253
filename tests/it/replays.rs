//! Deterministic replays of public traces: every figure of `reference_replays.json` is met by an experiment file.
//!
//! The references were computed without this program. The traces are read from the folder that `TARS_SIM_DATA` names,
//! by default `../shared/data` beside the project; without it the tests fail where `CI` is set and say that they were
//! skipped elsewhere. `cargo test --test it replays -- --nocapture` prints the table of `docs/replays.md`.

#![expect(clippy::print_stdout, reason = "a table for the docs, and a skip that is seen")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use tars_policy::units::Span;
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load};
use tars_sim::sim::{Plan, Run, replicate};
use tars_sim::tally::Samples;

/// The references are rounded to a microsecond, the simulation to a nanosecond.
const TOLERANCE: f64 = 1e-6;

#[test]
fn the_code_trace_waits_for_servers_as_computed() {
    compare("azure-code-servers", &["azure_code", "fifo_c"], servers);
}

#[test]
fn the_conversation_trace_waits_for_servers_as_computed() {
    compare("azure-conv-servers", &["azure_conv_first30min", "fifo_c"], servers);
}

#[test]
fn a_limit_of_tokens_holds_up_the_code_trace_as_computed() {
    compare("azure-code-tokens-per-minute", &["azure_code", "token_bucket_tpm"], limit);
}

#[test]
fn a_limit_of_tokens_holds_up_the_conversation_trace_as_computed() {
    compare("azure-conv-tokens-per-minute", &["azure_conv_first30min", "token_bucket_tpm"], limit);
}

#[test]
fn a_limit_of_requests_holds_up_the_code_trace_as_computed() {
    compare("azure-code-requests-per-minute", &["azure_code", "token_bucket_rpm"], limit);
}

#[test]
fn a_limit_of_requests_holds_up_the_conversation_trace_as_computed() {
    compare("azure-conv-requests-per-minute", &["azure_conv_first30min", "token_bucket_rpm"], limit);
}

#[test]
fn recorded_agents_share_slots_as_computed() {
    compare("agents-shared-slots", &["agents_shared_slots"], slots);
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

/// A figure: its path in the reference, and what the simulation gives for it.
type Figure = (&'static str, f64);

/// Runs each cell of an experiment and compares every figure of the reference that stands at the same place.
#[track_caller]
fn compare(name: &str, reference: &[&str], figures: impl Fn(&Value, &Run) -> Vec<Figure>) {
    let Some(data) = data_folder() else { return };
    let text = std::fs::read_to_string(data.join("reference_replays.json"))
        .expect("the data folder holds the references");
    let all: Value = serde_json::from_str(&text).expect("the references are JSON");
    let cases = reference.iter().fold(&all, |value, key| &value[key]).as_array().expect("a list of cases");
    let runs = run(name, &data);
    assert_eq!(runs.len(), cases.len(), "`{name}` has a cell for each case");
    for (case, run) in cases.iter().zip(&runs) {
        let figures = figures(case, run);
        for (path, simulated) in &figures {
            let expected = number(case, path);
            let error = simulated - expected;
            println!("| {name} | {} | {path} | {expected} | {simulated:.6} | {error:+.1e} |", swept(case));
            assert!(
                error.abs() <= TOLERANCE,
                "`{name}`, {}: {path} is {simulated}, expected {expected}",
                swept(case)
            );
        }
        assert_eq!(
            figures.len(),
            leaves(case) - inputs(case),
            "`{name}`: every figure of the reference is compared"
        );
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

/// First come, first served: the run stops with the last answer.
fn servers(case: &Value, run: &Run) -> Vec<Figure> {
    let station = &run.stations[0];
    let served = seconds(run.latency.sum() - station.wait.sum());
    let makespan = seconds(u128::from(run.stopped));
    let last_arrival = seconds(u128::from(run.end - 1));
    let mut figures = waits(
        ["wait_s/mean", "wait_s/p50", "wait_s/p95", "wait_s/p99", "wait_s/max", "wait_s/fraction_waiting"],
        run,
    );
    figures.push(("makespan_s", makespan));
    figures.push(("utilisation_over_makespan", served / makespan / number(case, "servers")));
    // The reference gives the offered load with four digits.
    figures.push(("offered_erlangs", libm::round(served / last_arrival * 1e4) / 1e4));
    figures
}

/// A limit without service: the run stops with the last start.
fn limit(_: &Value, run: &Run) -> Vec<Figure> {
    let mut figures = waits(
        [
            "delay_s/mean",
            "delay_s/p50",
            "delay_s/p95",
            "delay_s/p99",
            "delay_s/max",
            "delay_s/fraction_waiting",
        ],
        run,
    );
    // Where the last request does not wait, the run goes on to its end, a nanosecond later.
    figures.push(("last_start_s", seconds(u128::from(run.stopped))));
    figures
}

/// Sessions that start together: the longest lasts as long as all.
fn slots(case: &Value, run: &Run) -> Vec<Figure> {
    assert_eq!(Some(run.latency.len()), case["sessions"].as_u64());
    assert_eq!(Some(run.stations[0].wait.len()), case["llm_calls"].as_u64());
    let mut figures = waits(
        ["wait_s/mean", "wait_s/p50", "wait_s/p95", "wait_s/p99", "wait_s/max", "wait_s/fraction_waiting"],
        run,
    );
    let of_sessions = |level| quantile(&run.latency, level);
    figures.push(("makespan_s", of_sessions(1.0)));
    figures.push(("session_duration_s/mean", run.latency.mean().expect("sessions ended") / 1e9));
    figures.push(("session_duration_s/p50", of_sessions(0.5)));
    figures.push(("session_duration_s/p95", of_sessions(0.95)));
    figures
}

/// Mean, three quantiles, greatest and share above zero of the waits at the only station.
fn waits(names: [&'static str; 6], run: &Run) -> Vec<Figure> {
    assert_eq!((run.good, run.unfinished), (run.issued, 0), "every request was answered");
    let wait = &run.stations[0].wait;
    assert!(wait.is_exact(), "a trace is short enough for exact quantiles");
    let waiting = 1.0 - wait.count_at_most(0) as f64 / wait.len() as f64;
    let mean = wait.mean().expect("calls were made") / 1e9;
    let values =
        [mean, quantile(wait, 0.5), quantile(wait, 0.95), quantile(wait, 0.99), quantile(wait, 1.0), waiting];
    names.into_iter().zip(values).collect()
}

/// A quantile of type 7 in seconds.
fn quantile(samples: &Samples, level: f64) -> f64 {
    samples.quantile(level).expect("there are values") / 1e9
}

fn seconds(nanos: u128) -> f64 {
    nanos as f64 / 1e9
}

fn number(case: &Value, path: &str) -> f64 {
    let value = path.split('/').fold(case, |value, key| &value[key]);
    value.as_f64().unwrap_or_else(|| panic!("the reference has no number at {path}"))
}

/// What tells this case from the others.
fn swept(case: &Value) -> String {
    let keys = ["servers", "limit_per_minute", "slots"];
    let key = keys.into_iter().find(|key| !case[key].is_null()).expect("a case has a size");
    format!("{} {}", case[key], key.replace('_', " "))
}

/// The numbers and texts that a case holds.
fn leaves(case: &Value) -> usize {
    match case {
        Value::Object(members) => members.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// Those that say what is replayed, not what comes of it.
fn inputs(case: &Value) -> usize {
    let keys = ["servers", "limit_per_minute", "slots", "group", "sessions", "llm_calls"];
    keys.into_iter().filter(|key| !case[key].is_null()).count()
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
