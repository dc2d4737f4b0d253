//! Every published figure has a verdict, and the evidence for it is what it says.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use tars_sim::published::rule::{Evidence, rule_of};
use tars_sim::published::verdict::filled;
use tars_sim::published::{Effort, Figure, Kind, Reproduction, Row, Shelf, Verdict, input, reproduce};

/// Where the committed results stand.
const REFERENCE: &str = "outputs/published";

fn shelf() -> Shelf {
    Shelf::near(Path::new(env!("CARGO_MANIFEST_DIR")))
}

/// One quick run for all tests.
fn quick() -> &'static Reproduction {
    static FOUND: OnceLock<Reproduction> = OnceLock::new();
    FOUND.get_or_init(|| reproduce(&shelf(), None, Effort::Quick).unwrap())
}

fn row(id: &str) -> &'static Row {
    quick().rows.iter().find(|row| row.id == id).unwrap()
}

/// The committed verdicts: id, verdict and value of the quick run.
fn reference() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(Path::new(REFERENCE).join("quick.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn each_of_the_1153_entries_has_one_verdict() {
    let ids: BTreeSet<&str> = quick().rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(quick().rows.len(), 1153);
    assert_eq!(ids.len(), 1153);
    let counted: usize = quick().counts(None).0.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, 1153);
    assert_eq!(quick().groups.len(), 111);
}

#[test]
fn nothing_is_missed_without_an_explanation() {
    let silent: Vec<&str> =
        quick().rows.iter().filter(|row| !row.explained).map(|row| row.id.as_str()).collect();
    assert!(silent.is_empty(), "{silent:?}");
    let unsaid = quick().rows.iter().filter(|row| {
        let needs = [Verdict::Missed, Verdict::NotTestable, Verdict::Inert].contains(&row.verdict);
        needs && row.why.is_empty()
    });
    assert_eq!(unsaid.map(|row| row.id.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn each_refuted_entry_shows_its_inequality_and_names_a_finding() {
    for row in quick().rows.iter().filter(|row| row.verdict == Verdict::Refuted) {
        assert!(row.evidence.contains(['<', '>']), "{}: {}", row.id, row.evidence);
        assert!(!row.finding.is_empty() && !row.why.is_empty(), "{}", row.id);
    }
}

#[test]
fn the_list_of_the_refuted_changes_only_where_it_is_seen() {
    let found: BTreeSet<&str> = quick()
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::Refuted)
        .map(|row| row.id.as_str())
        .collect();
    let text = fs::read_to_string(Path::new(REFERENCE).join("refuted.txt")).unwrap();
    let known: BTreeSet<&str> = text.lines().collect();
    assert_eq!(found, known);
}

#[test]
fn verdicts_and_values_are_those_that_are_committed() {
    let mut differ = Vec::new();
    let known = reference();
    assert_eq!(known.len(), quick().rows.len());
    for (row, (id, verdict, value)) in quick().rows.iter().zip(known) {
        let found = row.found.unwrap_or_default();
        let value: f64 = value.parse().unwrap_or_default();
        let near = (found - value).abs() <= 1e-6 * value.abs().max(1e-6);
        if row.id != id || row.verdict.as_str() != verdict || !near {
            differ.push(format!("{id}: {verdict} {value}, now {} {found}", row.verdict.as_str()));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn the_degradation_curve_lies_within_its_bands() {
    for users in [25, 50, 75, 100] {
        for metric in
            ["throughput", "avg_response_time", "p95_response_time", "p99_response_time", "success_rate"]
        {
            let row = row(&format!("s9.{metric}.concurrency_{users}"));
            let good = [Verdict::Reproduced, Verdict::Fitted].contains(&row.verdict);
            assert!(good, "{}: {:?} of {}", row.id, row.found, row.published);
        }
    }
    for metric in ["throughput", "avg_response_time", "p95_response_time", "p99_response_time"] {
        assert_eq!(row(&format!("s9.{metric}.concurrency_10")).verdict, Verdict::Reproduced);
        for users in [1, 5] {
            assert_eq!(row(&format!("s9.{metric}.concurrency_{users}")).verdict, Verdict::Refuted);
        }
    }
}

#[test]
fn the_measured_baselines_split_as_is_told() {
    let text = fs::read_to_string(Path::new(REFERENCE).join("figures.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<Row> = reader.deserialize().map(Result::unwrap).collect();
    let count = |verdict| {
        rows.iter()
            .filter(|row| row.kind == Kind::MeasuredBaseline.as_str() && row.verdict == verdict)
            .count()
    };
    assert_eq!(rows.len(), 1153);
    assert!(count(Verdict::Reproduced) >= 112, "{}", count(Verdict::Reproduced));
    assert!(count(Verdict::Missed) <= 15, "{}", count(Verdict::Missed));
    let split = [Verdict::Reproduced, Verdict::Fitted, Verdict::Refuted, Verdict::Missed, Verdict::Holds];
    let [reproduced, fitted, refuted, missed, holds] = split.map(count);
    let told = format!("| all 212 | {reproduced} | {fitted} | {refuted} | {missed} | {holds} |");
    assert!(
        fs::read_to_string("docs/reproduce.md").unwrap().contains(&told),
        "docs/reproduce.md lacks {told}"
    );
}

#[test]
fn each_rule_speaks_of_an_entry() {
    let published = shelf().read().unwrap();
    let used: BTreeSet<*const _> = published
        .figures
        .iter()
        .filter_map(|figure| rule_of(&published.rules, &figure.id))
        .map(std::ptr::from_ref)
        .collect();
    let idle: Vec<_> = published
        .rules
        .iter()
        .filter(|rule| !used.contains(&std::ptr::from_ref(*rule)))
        .map(|rule| &rule.ids)
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
    let known: BTreeSet<&str> = published.figures.iter().map(|figure| figure.id.as_str()).collect();
    let named = published.rules.iter().flat_map(|rule| &rule.ids).filter(|id| !id.contains('*'));
    let strangers: Vec<&String> = named.filter(|id| !known.contains(id.as_str())).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn an_input_that_differs_from_the_model_is_missed() {
    let published = shelf().read().unwrap();
    let inputs = published.figures.iter().filter_map(|figure| {
        let rule = rule_of(&published.rules, &figure.id)?;
        let Evidence::Input(spec) = &rule.by else { return None };
        (spec.means.is_none() && figure.number().is_some()).then_some((figure, spec))
    });
    let mut tried = 0;
    for (figure, spec) in inputs {
        let mut spec = spec.clone();
        for at in &mut spec.at.0 {
            *at = filled(at, figure);
        }
        if input::carried(&shelf(), figure, &spec).is_err() {
            // It is missed, and told so above.
            continue;
        }
        let wrong = Figure {
            value: figure.number().map(|number| Value::from(number * 1.01 + 0.001)),
            ..figure.clone()
        };
        assert!(input::carried(&shelf(), &wrong, &spec).is_err(), "{}", figure.id);
        tried += 1;
    }
    assert!(tried > 250, "{tried} inputs were tried");
}

#[test]
fn the_models_carry_the_committed_fit() {
    let text = fs::read_to_string(Path::new(REFERENCE).join("fit.txt")).unwrap();
    let part = |name: &str| -> Value {
        let text = fs::read_to_string(format!("models/tars/{name}.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["part"].clone()
    };
    let parts: BTreeMap<&str, Value> = [("slowdown", part("slowdown")), ("failure", part("failure"))].into();
    let mut compared = 0;
    let (fitted, _) = text.split_once("correlations").unwrap();
    for line in fitted.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
        let Some((file, key)) = name.split_once('/') else { continue };
        let Some(known) = parts.get(file).and_then(|part| part.pointer(&format!("/{key}"))) else { continue };
        assert_eq!(known.as_f64(), value.parse().ok(), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 4);
}

#[test]
fn each_row_left_out_is_predicted_within_twelve_percent() {
    let text = fs::read_to_string(Path::new(REFERENCE).join("fit.txt")).unwrap();
    let (_, left_out) = text.split_once("each row predicted by a fit without it").unwrap();
    let mut predicted = 0;
    for line in left_out.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [users, metric, _, _, error, unit] = words[..] else { continue };
        if !["25", "50", "75", "100"].contains(&users) {
            continue;
        }
        let error: f64 = error.trim_start_matches('+').parse().unwrap();
        let bound = if unit == "points" { 1.0 } else { 12.0 };
        assert!(error.abs() <= bound, "{users} {metric}: {error} {unit}");
        predicted += 1;
    }
    assert_eq!(predicted, 20);
}

/// Runs the command with these arguments and gives what it printed and wrote.
fn written(out: &Path, arguments: &[&str]) -> (Vec<u8>, [Vec<u8>; 4]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tars-sim"));
    let done = command.arg("reproduce").args(arguments).arg("--out").arg(out).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let files = ["figures.csv", "result.json", "report.html", "manifest.json"];
    (done.stdout, files.map(|file| fs::read(out.join(file)).unwrap()))
}

#[test]
fn a_group_is_written_whole_and_in_the_same_bytes_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, threads: &str| {
        written(&folder.path().join(name), &["--quick", "--group", "s9", "--threads", threads])
    };
    let once = run("once", "1");
    assert_eq!(once, run("again", "2"));
    let csv = String::from_utf8(once.1[0].clone()).unwrap();
    assert_eq!(csv.lines().count(), 45);
    assert!(csv.lines().next().unwrap().split(',').any(|column| column == "verdict"));
    assert!(String::from_utf8(once.1[2].clone()).unwrap().contains("<svg"));
}

#[test]
fn a_group_that_is_not_there_is_told() {
    let done = Command::new(env!("CARGO_BIN_EXE_tars-sim"))
        .args(["reproduce", "--group", "nowhere", "--out", "never"])
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("there is no group nowhere"));
    assert!(!Path::new("never").exists());
}

#[test]
#[ignore = "a minute in release; part of ./check --all"]
fn the_committed_fit_is_found_again() {
    let done = Command::new(env!("CARGO_BIN_EXE_tars-sim")).args(["reproduce", "--fit"]).output().unwrap();
    let known = fs::read_to_string(Path::new(REFERENCE).join("fit.txt")).unwrap();
    assert_eq!(String::from_utf8(done.stdout).unwrap(), known);
}

#[test]
#[ignore = "a minute in release; part of ./check --all"]
fn the_whole_command_gives_what_is_committed_in_the_same_bytes_again() {
    let folder = tempfile::tempdir().unwrap();
    let once = written(&folder.path().join("once"), &["--threads", "1"]);
    let known = fs::read(Path::new(REFERENCE).join("figures.csv")).unwrap();
    assert!(once.1[0] == known, "figures.csv is not that of {REFERENCE}");
    assert!(
        once == written(&folder.path().join("again"), &["--threads", "2"]),
        "two threads give other bytes"
    );
}
