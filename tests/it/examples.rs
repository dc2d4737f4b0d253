//! The examples do what they say; each fails by itself where it does not find what it expects.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../../examples/custom_policy.rs"]
mod custom_policy;
#[path = "../../examples/library.rs"]
mod library;

#[test]
fn a_policy_of_ones_own_is_asked() {
    custom_policy::main().unwrap();
}

#[test]
fn an_experiment_runs_from_rust() {
    library::main().unwrap();
}

/// What cannot be read on the pictures of a result, or is too large on its page.
fn flaws(folder: &std::path::Path) -> Vec<String> {
    let Ok(bytes) = fs::read(folder.join("result.json")) else { return Vec::new() };
    let result = tars_sim::report::json::from_bytes(&bytes).unwrap();
    let pictures = tars_sim::report::plot::pictures(&result).unwrap();
    let of_pictures = pictures.iter().flat_map(|picture| {
        picture.flaws().into_iter().map(|flaw| format!("{}: {flaw}", picture.name())).collect::<Vec<_>>()
    });
    let size = fs::metadata(folder.join("report.html")).map_or(0, |found| found.len());
    let page = (size >= 5_000_000).then(|| format!("the page has {size} bytes"));
    of_pictures.chain(page).collect()
}

/// Every experiment, as a newcomer would try it; of those of one's own folder the pictures and the page are looked at as
/// well. Those that replay public traces are tested with the traces, and forecasts by themselves.
#[test]
#[ignore = "minutes; part of ./check --all"]
fn every_experiment_answers_its_question_in_a_quick_look() {
    let out = tempfile::tempdir().unwrap();
    let mut silent = Vec::new();
    let needs_traces = |file: &PathBuf| fs::read_to_string(file).unwrap().contains("\"data:");
    let (experiments, _) = crate::tidy::experiments_and_forecasts();
    assert!(experiments.len() > 150, "{experiments:?}");
    for (place, file) in experiments.iter().filter(|file| !needs_traces(file)).enumerate() {
        let folder = out.path().join(place.to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_tars-sim"));
        let run = command.arg("sweep").arg(file).args(["--quick", "--quiet", "--out"]).arg(&folder).output();
        let run = run.unwrap();
        let result: Option<Value> =
            fs::read(folder.join("result.json")).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if file.parent() == Some(Path::new("experiments")) {
            result.iter().for_each(crate::schemas::check_result);
            silent.extend(flaws(&folder).into_iter().map(|flaw| format!("{}: {flaw}", file.display())));
        }
        let answer = result.and_then(|result| result["answer"]["headline"].as_str().map(str::to_owned));
        if !run.status.success() || answer.is_none_or(|text| text.is_empty()) {
            silent.push(format!("{}: {}", file.display(), String::from_utf8_lossy(&run.stderr)));
        }
        fs::remove_dir_all(&folder).unwrap();
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}
