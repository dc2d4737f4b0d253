//! The program from outside: what it prints, what it writes, how it exits, and that killing it does no harm.

use crate::runner::QUEUE;
use crate::store::listed;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tars_sim::store::{FolderLock, Manifest};

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tars-sim"));
    command.current_dir(folder).env_remove("TARS_SIM_DATA").env("COLUMNS", "100");
    command
}

/// A folder with the experiment `x.json`.
fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.json"), text).unwrap();
    folder
}

fn done(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().unwrap()
}

/// Runs it and checks the exit code; gives standard output and standard error.
#[track_caller]
fn check(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = done(folder, arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    (out, err)
}

fn digest(folder: &Path) -> String {
    let manifest: Manifest =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    manifest.digest
}

#[test]
fn every_file_has_the_same_bytes_for_any_number_of_threads() {
    let folder = folder_with(QUEUE);
    let run = |threads: &str| {
        check(folder.path(), &["sweep", "x.json", "--quiet", "--threads", threads, "--out", threads], 0);
        listed(&folder.path().join(threads))
    };
    let one = run("1");
    for name in
        ["result.json", "results.csv", "replications.csv", "timeseries.csv", "report.html", "manifest.json"]
    {
        assert!(one.contains_key(name), "{name} is missing");
    }
    for threads in ["2", "8"] {
        let many = run(threads);
        assert_eq!(many.keys().collect::<Vec<_>>(), one.keys().collect::<Vec<_>>());
        for (name, bytes) in &one {
            assert!(many[name] == *bytes, "{name} differs with {threads} threads");
        }
    }
    assert!(!folder.path().join("1/.parts").read_dir().unwrap().any(|entry| entry.unwrap().path().is_dir()));
}

/// Enough work to be interrupted in the middle.
fn long() -> String {
    QUEUE.replace("2000s", "12000s").replace("[0.3,", "[0.2, 0.25, 0.3, 0.35, 0.4, 0.45,")
}

/// No file of a result may be anything but what it is at the end.
fn check_nothing_half_written(folder: &Path, whole: &std::collections::BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in listed(folder) {
        assert!(whole.get(&name) == Some(&bytes), "{name} is half written");
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_at_any_moment_ends_as_if_it_had_not_been() {
    let folder = folder_with(&long());
    check(folder.path(), &["sweep", "x.json", "--quiet", "--out", "whole"], 0);
    let whole = listed(&folder.path().join("whole"));
    let out = folder.path().join("out");
    let start = || {
        let mut command = program(folder.path());
        command.args(["sweep", "x.json", "--quiet", "--out", "out"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let (mut killed, mut terminated, mut chance) = (0, 0, 12_345_u64);
    for round in 0.. {
        assert!(round < 200, "it was always faster");
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = start();
        // Most while cells run, some while files are written.
        let (least, spread) = if round % 6 < 4 { (0, 120) } else { (500, 900) };
        std::thread::sleep(Duration::from_millis(least + (chance >> 33) % spread));
        let by_force = round % 2 == 0;
        if by_force {
            child.kill().unwrap();
        } else {
            terminate(&child);
        }
        let code = child.wait().unwrap().code();
        match (by_force, code) {
            (true, None) => killed += 1,
            // None: before it listened.
            (false, None | Some(5)) => terminated += 1,
            (_, Some(0)) => fs::remove_dir_all(&out).unwrap(),
            (_, Some(code)) => panic!("it ended with {code}"),
        }
        check_nothing_half_written(&out, &whole);
        if killed >= 10 && terminated >= 10 {
            break;
        }
    }
    check(folder.path(), &["sweep", "x.json", "--quiet", "--out", "out"], 0);
    assert_eq!(digest(&out), digest(&folder.path().join("whole")));
    assert!(listed(&out) == whole, "a file differs");
}

#[cfg(unix)]
#[test]
fn a_terminated_run_says_how_to_go_on_and_keeps_what_is_done() {
    let folder = folder_with(&long().replace("12000s", "60000s"));
    let mut command = program(folder.path());
    command
        .args(["sweep", "x.json", "--out", "out", "--seed", "3"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let journal = || {
        let plans = fs::read_dir(folder.path().join("out/.parts")).ok()?;
        plans
            .flatten()
            .find_map(|plan| fs::metadata(plan.path().join("journal")).ok())
            .map(|found| found.len())
    };
    while journal().is_none_or(|length| length < 100) {
        std::thread::sleep(Duration::from_millis(5));
    }
    terminate(&child);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{told}");
    assert!(told.contains("tars-sim sweep x.json --seed 3 --out out"), "{told}");
    assert!(journal().is_some_and(|length| length >= 100));
    assert!(listed(&folder.path().join("out")).is_empty());
}

#[test]
fn a_bad_file_is_told_and_nothing_is_written() {
    let folder = folder_with(&QUEUE.replace("\"servers\": 1", "\"servers\": 0, \"colour\": 1"));
    let (out, err) = check(folder.path(), &["sweep", "x.json"], 2);
    assert!(out.is_empty() && err.contains("x.json:8:") && err.contains("colour"), "{err}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["x.json"]);
}

#[test]
fn a_wrong_cell_is_told_though_the_others_are_right() {
    let folder = folder_with(&QUEUE.replace("[0.3,", "[0.3, 7.5,"));
    let (_, err) = check(folder.path(), &["check", "x.json"], 2);
    assert!(err.contains("7.5"), "{err}");
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = folder_with(QUEUE);
    for arguments in [
        &["sweep"][..],
        &["sweep", "missing.json"],
        &["sweep", "x.json", "--threads", "many"],
        &["sweep", "x.json", "--set", "/measure/seed"],
        &["sweep", "x.json", "--precision", "latency"],
        &["sweep", "x.json", "--require-slo"],
        &["sweep", "x.json", "--out", "x.json/below"],
        &["report", "nowhere"],
        &["dance"],
    ] {
        let (out, err) = check(folder.path(), arguments, 2);
        assert!(out.is_empty() && err.contains("error"), "{arguments:?}: {err}");
    }
    assert!(!folder.path().join("outputs").exists());
}

#[test]
fn two_runs_do_not_write_to_one_folder() {
    let folder = folder_with(QUEUE);
    let lock = FolderLock::take(&folder.path().join("out")).unwrap();
    let (_, err) = check(folder.path(), &["sweep", "x.json", "--out", "out"], 2);
    assert!(err.contains("another run is writing to out"), "{err}");
    drop(lock);
    check(folder.path(), &["sweep", "x.json", "--out", "out", "--quiet"], 0);
}

#[cfg(unix)]
#[test]
fn a_full_disk_keeps_what_is_done_and_the_run_goes_on_when_there_is_room() {
    let folder = folder_with(QUEUE);
    check(folder.path(), &["sweep", "x.json", "--quiet", "--out", "whole"], 0);
    // No file may grow beyond some 32 KiB; the signal that goes with it is ignored, as the write's error is enough.
    let program = env!("CARGO_BIN_EXE_tars-sim");
    let limited = format!("trap '' XFSZ; ulimit -f 64; exec '{program}' sweep x.json --quiet --out out");
    let output = Command::new("sh").args(["-c", &limited]).current_dir(folder.path()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("make room"), "{told}");
    assert!(listed(&folder.path().join("out")).is_empty());
    check(folder.path(), &["sweep", "x.json", "--quiet", "--out", "out"], 0);
    assert!(listed(&folder.path().join("out")) == listed(&folder.path().join("whole")));
}

#[test]
fn a_missed_objective_exits_with_3_only_if_it_was_asked_for() {
    let with = |limit: &str| QUEUE.replacen('{', &format!(r#"{{ "slo": {{ "latency_p99": "{limit}" }},"#), 1);
    let folder = folder_with(&with("1ms"));
    check(folder.path(), &["sweep", "x.json", "--quiet"], 0);
    let (_, err) = check(folder.path(), &["sweep", "x.json", "--quiet", "--require-slo"], 3);
    assert!(err.contains("the objective is not met"), "{err}");
    let folder = folder_with(&with("1h"));
    check(folder.path(), &["sweep", "x.json", "--quiet", "--require-slo"], 0);
}

#[test]
fn a_first_look_goes_to_a_folder_of_its_own_and_says_what_it_is() {
    let folder = folder_with(&QUEUE.replace("\"warmup\": \"200s\", ", ""));
    let (out, _) = check(folder.path(), &["sweep", "x.json", "--quick", "--format", "json"], 0);
    let result: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(result["quick"], true);
    assert_eq!(result["cells"].as_array().unwrap().len(), 3);
    assert_eq!(result["cells"][0]["replications"], 4);
    assert!(folder.path().join("outputs/queue-quick/manifest.json").is_file());
    assert!(!folder.path().join("outputs/queue").exists());
}

#[test]
fn run_takes_the_experiment_as_it_stands() {
    let folder = folder_with(QUEUE);
    let (out, _) = check(folder.path(), &["run", "x.json", "--format", "csv", "--quiet"], 0);
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(folder.path().join("outputs/queue-run/result.json").is_file());
}

#[test]
fn a_report_is_drawn_again_with_the_same_bytes() {
    let folder = folder_with(QUEUE);
    check(folder.path(), &["sweep", "x.json", "--quiet", "--out", "out"], 0);
    let before = listed(&folder.path().join("out"));
    fs::remove_file(folder.path().join("out/report.html")).unwrap();
    check(folder.path(), &["report", "out"], 0);
    assert!(listed(&folder.path().join("out")) == before);
}

#[test]
fn a_report_of_what_is_no_result_says_what_is_expected() {
    let folder = folder_with(QUEUE);
    let told = |place: &str| check(folder.path(), &["report", place], 2).1;
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/report.html"), "").unwrap();
    let file = told("out/report.html");
    assert!(file.starts_with("error: out/report.html is a file"), "{file}");
    assert!(file.contains("hint: tars-sim report out\n"), "{file}");
    assert!(told("x.json").contains("hint: tars-sim report .\n"));
    assert!(told("nowhere").starts_with("error: there is no folder nowhere\n  hint: "));
    assert!(told("out").starts_with("error: cannot read out/manifest.json: "));
}

#[test]
fn a_wrong_command_line_is_told_what_to_do() {
    let folder = folder_with(QUEUE);
    for (arguments, expected) in [
        (&["sweep", "x.json", "y.json"][..], "tip: one is taken at a time"),
        (&["sweep", "x.json", "--threads", "-1"], "-1 is not in 0..=1024"),
        (&["sweep", "x.jsn"], "hint: did you mean `x.json`?"),
        (&["sweep", "."], "hint: name one file in it, such as `./x.json`"),
        (&["x.json"], "tip: 'tars-sim sweep x.json' runs an experiment"),
    ] {
        let (out, err) = check(folder.path(), arguments, 2);
        assert!(out.is_empty() && err.contains(expected), "{arguments:?}: {err}");
    }
}

#[test]
fn the_seed_and_the_precision_may_be_given_beside_the_file() {
    let folder = folder_with(QUEUE);
    let run = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["sweep", "x.json", "--quiet", "--format", "json"].iter().chain(arguments).copied().collect();
        serde_json::from_str::<serde_json::Value>(&check(folder.path(), &all, 0).0).unwrap()
    };
    let plain = run(&[]);
    let seeded = run(&["--seed", "6"]);
    assert_eq!((&plain["seed"], &seeded["seed"]), (&5.into(), &6.into()));
    assert_ne!(plain["digest"], seeded["digest"]);
    let max = "/measure/replications/max=12";
    let precise = run(&["--set", max, "--precision", "latency_mean_s=0.05"]);
    assert_eq!(precise["cells"][4]["replications"], 12);
    assert_eq!(
        precise["command"],
        "tars-sim sweep x.json --set /measure/replications/max=12 --precision latency_mean_s=0.05"
    );
}

#[test]
fn a_bare_precision_makes_room_for_replications() {
    let folder = folder_with(QUEUE);
    let arguments = ["run", "x.json", "--quiet", "--format", "json", "--precision", "0.05"];
    let result: serde_json::Value = serde_json::from_str(&check(folder.path(), &arguments, 0).0).unwrap();
    let cell = &result["cells"][0];
    assert!(cell["replications"].as_u64() > Some(20), "{}", cell["replications"]);
    assert_eq!(cell["metrics"]["latency_mean_s"]["note"], "precision reached");
    assert_eq!(result["command"], "tars-sim run x.json --precision 0.05");
}

#[test]
fn theory_stands_beside_a_simulation_whose_closed_form_is_known() {
    let folder = folder_with(QUEUE);
    let longer = ["--quiet", "--set", r#"/measure/replications={"min": 20, "max": 20}"#];
    let with = |more: &[&'static str]| [&["run", "x.json", "--analytic"], &longer[..], more].concat();
    let (table, _) = check(folder.path(), &with(&[]), 0);
    assert!(table.contains("Theory: M/M/1 (Erlang 1917)"), "{table}");
    assert!(table.contains("agrees") && !table.contains("DISAGREES"), "{table}");
    let (csv, _) = check(folder.path(), &with(&["--format", "csv"]), 0);
    assert!(csv.lines().any(|line| line.starts_with("latency_mean_s,2,")), "{csv}");
    check(folder.path(), &with(&["--format", "json"]), 2);
    let story = ["--set", "/measure/mode=terminating", "--set", "/measure/warmup=0s"];
    let (none, _) = check(folder.path(), &with(&story), 0);
    assert!(none.contains("Theory: none beside this simulation") && none.contains("a story"), "{none}");
}

#[test]
fn a_folder_without_references_is_named_before_anything_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let (out, err) = check(folder.path(), &["validate", "--data", "nowhere"], 2);
    assert!(out.is_empty() && err.contains("nowhere/reference_replays.json"), "{err}");
}

#[test]
fn the_starter_is_valid_and_is_never_written_over_a_file() {
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), &["init", "new"], 0);
    let (out, _) = check(folder.path(), &["check", "new/starter.json"], 0);
    assert!(out.starts_with("ok: 4 cells × 20 replications of "), "{out}");
    let (_, err) = check(folder.path(), &["init", "new"], 2);
    assert!(err.contains("is there already"), "{err}");
    check(folder.path(), &["sweep", "new/starter.json", "--quick", "--quiet"], 0);
}

#[test]
fn schema_completions_help_and_version_go_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let (schema, _) = check(folder.path(), &["schema"], 0);
    assert!(serde_json::from_str::<serde_json::Value>(&schema).unwrap()["properties"]["measure"].is_object());
    for (arguments, expected) in [
        (&["completions", "bash"][..], "complete -F"),
        (&["--version"], "tars-sim 0."),
        (&["--help"], "Exit codes"),
        (&["sweep", "--help"], "--require-slo"),
    ] {
        let (out, err) = check(folder.path(), arguments, 0);
        assert!(out.contains(expected) && err.is_empty(), "{arguments:?}");
    }
}
