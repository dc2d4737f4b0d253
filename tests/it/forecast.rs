//! `tars-sim forecast` from outside: the audited months and totals, the same bytes again, and what is wrong is told.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A platform of one station whose every agent keeps half a server busy.
const STATION: &str = r#"{
  "name": "busy-hour",
  "workload": { "classes": { "turn": {} }, "clients": { "agents": { "load": { "closed": {
    "users": 10, "think_time": { "exponential": { "mean": "500ms" } }, "start_spread": "1s" } } } } },
  "system": { "stations": { "pods": { "servers": 10, "service": { "uniform": { "low": "400ms", "high": "600ms" } } } },
    "routes": { "turn": [ { "visit": { "station": "pods" } } ] } },
  "measure": { "duration": "25s", "warmup": "5s", "seed": 7 },
  "slo": { "goodput_per_s_min": 9.5 }
}"#;

/// Ten agents that double twice a year, on pods of one server.
const FORECAST: &str = r#"{
  "name": "small", "start": "2026-02", "months": 12,
  "demand": { "growth": { "exponential": { "agents": 40, "growth_per_month_share": 0.12246 } } },
  "uncertainty": { "paths": 100, "growth": { "lognormal": { "mean": 1, "cv": 0.2 } } },
  "resources": { "pods": { "title": "Pods", "unit": "pods", "rule": { "per_agent": 0.5, "step": 1 },
    "simulated": { "size": { "sets": [ { "pointer": "/system/stations/pods/servers", "per_unit": 1 } ],
      "load": { "metric": "station/pods/utilisation", "share": true } } },
    "limits": [ { "name": "maximum", "value": 30 } ], "lead_time_days": 30, "order": "more", "usd_per_unit_month": 10 } },
  "simulation": { "experiment": "station.json", "population": [
      { "pointer": "/workload/clients/agents/load/closed/users", "per_unit": 1 },
      { "pointer": "/slo/goodput_per_s_min", "per_unit": 0.95, "whole": false } ],
    "months": [0, 12], "window": "20s", "warmup": "5s" },
  "turns": { "peak_per_agent_s": 1, "duty_share": 0.1, "input_tokens": 100, "output_tokens": 10,
    "models": { "m": { "share": 1, "input_usd_per_million_tokens": 1, "cached_usd_per_million_tokens": 0.1, "output_usd_per_million_tokens": 2 } } },
  "cost": { "linear": { "llm_usd_per_agent_month": 5, "infrastructure_usd_per_agent_month": 2 } },
  "scenarios": { "bigger": { "resources": { "pods": { "limit_factor": 2 } }, "usd_once": 100 } },
  "unserved_usd_per_agent_month": 100
}"#;

fn folder(forecast: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("station.json"), STATION).unwrap();
    fs::write(folder.path().join("f.json"), forecast).unwrap();
    folder
}

fn program(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tars-sim"));
    command.current_dir(folder).env_remove("TARS_SIM_DATA").env("COLUMNS", "100");
    command.arg("forecast").args(arguments).output().unwrap()
}

/// Runs it, expects success, and gives `result.json`.
#[track_caller]
fn done(folder: &Path, arguments: &[&str]) -> Value {
    let output = program(folder, &[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs it, expects code 2, and gives what it says.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = program(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    said
}

/// The published plan without its simulation, which the release test below runs.
fn published() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("experiments/forecast-18-months.json");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    value.as_object_mut().unwrap().remove("simulation");
    let resources = value["resources"].as_object_mut().unwrap();
    let mut gone = Vec::new();
    for (name, resource) in resources.iter_mut() {
        if resource.as_object_mut().unwrap().remove("simulated").is_some() {
            gone.push(format!("/resources/{name}/simulated"));
        }
    }
    let figures = value["figures"].as_object_mut().unwrap();
    figures.retain(|pointer, _| !gone.iter().any(|gone| pointer.starts_with(gone.as_str())));
    fs::write(folder.path().join("plan.json"), value.to_string()).unwrap();
    done(folder.path(), &["plan.json"])
}

#[track_caller]
fn near(value: &Value, expected: f64, within: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() <= within, "{value} is not {expected} ± {within}");
}

#[test]
fn the_published_limits_bind_in_the_audited_months() {
    let found = published();
    let month = |resource: &str, limit: usize| {
        let all = found["limits"].as_array().unwrap();
        let own: Vec<&Value> = all.iter().filter(|row| row["resource"] == resource).collect();
        own[limit]["rule"]["plan"].clone()
    };
    near(&month("llm_rpm", 0), 0.0, 1e-9);
    near(&month("llm_rpm", 1), 4.5, 0.05);
    near(&month("vector_qps", 1), 5.2, 0.05);
    near(&month("checkpoint_writes", 0), 11.2, 0.05);
    near(&month("runtime_pods", 0), 10.0, 0.05);
    near(&month("runtime_pods", 1), 12.8, 0.05);
}

#[test]
fn the_published_totals_and_what_they_imply_are_found() {
    let found = published();
    let totals = &found["totals"];
    near(&totals["linear"], 3.01e6, 5e3);
    near(&totals["linear_alternative"], 3.52e6, 5e3);
    near(&totals["linear_llm"], 2.15e6, 5e3);
    near(&totals["linear_infrastructure"], 0.86e6, 5e3);
    near(&found["implied"]["duty_share"], 0.0147, 5e-5);
    near(&found["implied"]["tokens_per_turn"], 4.3, 0.05);
    near(&found["implied"]["full_duty_factor"], 68.1, 0.1);
}

#[test]
fn each_row_of_the_published_table_stands_beside_its_rule() {
    let found = published();
    let published: Vec<(String, usize)> = found["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| {
            let months = resource["months"].as_array().unwrap();
            let named = months.iter().filter(|need| !need["published"].is_null()).count();
            (resource["title"].as_str().unwrap().to_owned(), named)
        })
        .filter(|(_, named)| *named > 0)
        .collect();
    let expected = ["Runtime Pods", "Orchestrator Pods", "Postgres", "Vector DB", "Redis"];
    assert_eq!(published, expected.map(|title| (title.to_owned(), 4)));
    let costs = found["costs"].as_array().unwrap();
    for (month, llm, rest) in [(0, 5e3, 2e3), (6, 25e3, 10e3), (12, 100e3, 40e3), (18, 500e3, 200e3)] {
        for (key, value) in [("published_llm", llm), ("linear_llm", llm), ("linear_infrastructure", rest)] {
            near(&costs[month][key], value, 1e-6);
        }
    }
}

#[test]
fn contradictions_of_the_multipliers_are_told() {
    let found = published();
    let rows = found["multipliers"].as_array().unwrap();
    let row = |name: &str, month: u64| {
        rows.iter()
            .find(|row| row["name"] == name && row["month"] == month)
            .unwrap_or_else(|| panic!("{name}"))
    };
    near(&row("agents", 3)["found"][0][1], 2.236, 1e-3);
    near(&row("compute", 18)["stated"], 50.0, 0.0);
    near(&row("compute", 18)["found"][0][1], 80.0, 1e-9);
    near(&row("storage", 18)["found"][0][1], 60.0, 1e-9);
    near(&row("storage", 18)["found"][1][1], 100.0, 1e-9);
    near(&row("the drawn curve", 18)["found"][0][1], 100.0, 1e-9);
}

#[test]
fn a_size_is_the_smallest_that_meets_the_objective_in_the_simulation() {
    let found = done(folder(FORECAST).path(), &["f.json"]);
    for row in found["verified"].as_array().unwrap() {
        assert_eq!(row["verdict"], "meets", "{row}");
        let smaller = &row["sizes"][0]["smaller"];
        assert_ne!(smaller["verdict"], "meets", "{row}");
        assert!(smaller["units"].as_f64() < row["sizes"][0]["units"].as_f64());
        let (agents, units) = (row["agents"].as_f64().unwrap(), row["sizes"][0]["units"].as_f64().unwrap());
        assert!((0.4..=0.7).contains(&(units / agents)), "{units} for {agents}");
    }
    assert_eq!(found["verified"].as_array().unwrap().len(), 2);
}

#[test]
fn a_limit_twice_as_high_binds_later_by_rule_and_in_the_simulation() {
    let folder = folder(FORECAST);
    let limit = |sets: &[&str]| done(folder.path(), &[&["f.json"], sets].concat())["limits"][0].clone();
    let (once, twice) = (limit(&[]), limit(&["--set", "/resources/pods/limits/0/value=60"]));
    for kind in ["rule", "simulated"] {
        let (sooner, later) = (once[kind]["plan"].as_f64().unwrap(), twice[kind]["plan"].as_f64().unwrap());
        // Twice the limit is a doubling later: six months.
        assert!((later - sooner - 6.0).abs() < 0.7, "{kind}: {sooner} and {later}");
    }
    let carried = |row: &Value| row["carried"]["met"].as_f64().unwrap();
    assert!((1.8..=2.2).contains(&(carried(&twice) / carried(&once))));
}

#[test]
fn every_file_has_the_same_bytes_again_and_for_any_number_of_threads() {
    let folder = folder(FORECAST);
    let run = |threads: &str, out: &str| {
        let output = program(folder.path(), &["f.json", "--threads", threads, "--out", out]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        crate::store::listed(&folder.path().join(out))
    };
    let one = run("1", "one");
    for name in [
        "result.json",
        "forecast.csv",
        "costs.csv",
        "limits.csv",
        "report.html",
        "manifest.json",
        "plots/demand.png",
    ] {
        assert!(one.contains_key(name), "{name} is missing of {:?}", one.keys());
    }
    assert!(one == run("1", "again"));
    assert!(one == run("2", "two"));
}

#[test]
fn a_forecast_drawn_again_from_its_own_json_has_the_same_bytes() {
    let folder = folder(FORECAST);
    let first = program(folder.path(), &["f.json", "--out", "o"]);
    let out = folder.path().join("o");
    let whole = crate::store::listed(&out);
    for gone in ["report.html", "limits.csv", "plots/demand.png"] {
        fs::remove_file(out.join(gone)).unwrap();
    }
    fs::write(out.join("costs.csv"), "spoilt").unwrap();
    let report = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tars-sim"));
        command.current_dir(folder.path()).args(["report", "o", "--format", format]).output().unwrap()
    };
    let again = report("table");
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(again.stdout == first.stdout, "the summary differs");
    assert!(crate::store::listed(&out) == whole, "a file differs");
    assert_eq!(report("json").stdout, whole["result.json"]);
    assert_eq!(report("csv").stdout, whole["forecast.csv"]);
    let said = String::from_utf8(report("openmetrics").stderr).unwrap();
    assert!(said.contains("no time series"), "{said}");
    fs::write(out.join("result.json"), "{\"format\": 1}").unwrap();
    let said = String::from_utf8(report("table").stderr).unwrap();
    assert!(said.contains("make the forecast again"), "{said}");
}

#[test]
fn a_full_forecast_simulates_every_month_and_holds_some_for_an_hour() {
    let found = done(folder(FORECAST).path(), &["f.json", "--full"]);
    let rows = found["verified"].as_array().unwrap();
    assert_eq!(rows.len(), 13);
    for row in rows {
        let held = [0, 12].contains(&row["month"].as_u64().unwrap());
        assert_eq!(row["hour"].is_object(), held, "{row}");
        if held {
            assert_eq!(row["hour"]["verdict"], "meets", "{row}");
            let turns = row["hour"]["turns"].as_f64().unwrap() / row["agents"].as_f64().unwrap();
            assert!((0.9 * 3_600.0..=1.1 * 3_600.0).contains(&turns), "{turns} an agent");
        }
    }
    assert!(
        found["resources"][0]["months"].as_array().unwrap().iter().all(|need| need["how"] == "simulated")
    );
}

/// Starts a forecast that writes to `out`.
#[cfg(unix)]
fn started(folder: &Path, out: &str) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tars-sim"));
    command.current_dir(folder).env_remove("TARS_SIM_DATA").args(["forecast", "f.json", "--out", out]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How many replications a run says that it had from its journal: a search comes back to some of its own.
#[cfg(unix)]
fn kept(text: &str) -> u64 {
    let before = text.split(" of them from the journal").next().unwrap_or_default();
    let number = before.rsplit(' ').next().and_then(|word| word.parse().ok());
    number.filter(|_| text.contains("from the journal")).unwrap_or(0)
}

#[cfg(unix)]
#[test]
fn a_forecast_that_is_killed_at_any_moment_ends_as_if_it_had_not_been() {
    let folder = folder(&FORECAST.replace("\"window\": \"20s\"", "\"window\": \"400s\""));
    let said = |child: std::process::Child| {
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, fresh) = said(started(folder.path(), "whole"));
    assert_eq!(code, Some(0), "{fresh}");
    let whole = crate::store::listed(&folder.path().join("whole"));
    let out = folder.path().join("out");
    let (mut stopped, mut resumed) = (0, 0);
    for round in 0_u64.. {
        assert!(round < 200, "it was always faster");
        let mut child = started(folder.path(), "out");
        std::thread::sleep(Duration::from_millis(20 + round * 37 % 400));
        let by_force = round % 2 == 0;
        if by_force {
            child.kill().unwrap();
        } else {
            assert!(
                Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success()
            );
        }
        let (code, text) = said(child);
        resumed += u32::from(kept(&text) > kept(&fresh));
        match (by_force, code) {
            (true, None) | (false, None | Some(5)) => stopped += 1,
            (_, Some(0)) => {
                assert!(crate::store::listed(&out) == whole, "a file differs");
                fs::remove_dir_all(&out).unwrap();
            }
            (_, Some(code)) => panic!("it ended with {code}: {text}"),
        }
        for (name, bytes) in crate::store::listed(&out) {
            assert!(whole.get(&name) == Some(&bytes), "{name} is half written");
        }
        if stopped >= 8 && resumed > 0 {
            break;
        }
    }
    let (code, text) = said(started(folder.path(), "out"));
    assert_eq!(code, Some(0), "{text}");
    assert!(crate::store::listed(&out) == whole, "a file differs");
    assert!(!out.join(".parts").read_dir().unwrap().any(|entry| entry.unwrap().path().is_dir()));
}

#[test]
fn a_row_stands_for_each_month_and_resource() {
    let folder = folder(FORECAST);
    let output = program(folder.path(), &["f.json", "--quick", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 13);
    assert!(rows.iter().all(|row| &row[6] == "pods" && row[9].parse::<f64>().unwrap() > 0.0));
}

#[test]
fn what_the_file_says_reaches_the_page_as_text() {
    let evil = FORECAST.replace("\"title\": \"Pods\"", r#""title": "<script>alert(1)</script> & 'more'""#);
    let folder = folder(&evil);
    let output = program(folder.path(), &["f.json", "--quick", "--out", "o"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = fs::read_to_string(folder.path().join("o/report.html")).unwrap();
    assert!(!page.contains("<script"), "a text became an element");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(
        !page.contains("http://")
            || page.matches("http://").count() == page.matches("http://www.w3.org").count()
    );
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let wrong = [
        ("\"start\": \"2026-02\"", "\"start\": \"2026-13\"", "`2026-13` is no month"),
        ("\"months\": 12", "\"months\": 500", "1 to 120 months"),
        ("\"per_agent\": 0.5", "\"per_agent\": -1", "above 0, and is -1"),
        ("\"duty_share\": 0.1", "\"duty_share\": 1.5", "between 0 and 1"),
        ("\"share\": 1,", "\"share\": 0.5,", "sum to one"),
        ("\"agents\": 40", "\"agents\": 0", "above 0, and is 0"),
        ("\"months\": [0, 12]", "\"months\": [0, 13]", "none after month 12"),
        ("{ \"pods\": { \"limit_factor\": 2 } }", "{ \"gone\": {} }", "no resource `gone`"),
        ("\"title\"", "\"titel\"", "titel"),
        ("\"/system/stations/pods/servers\"", "\"/system/stations/none/servers\"", "none"),
        ("station.json", "nowhere.json", "nowhere.json"),
    ];
    for (from, to, expected) in wrong {
        assert!(FORECAST.contains(from), "{from}");
        let folder = folder(&FORECAST.replace(from, to));
        let said = refused(folder.path(), &["f.json", "--quick", "--out", "o"]);
        assert!(said.contains(expected), "{to}: {said}");
        assert!(!folder.path().join("o").exists(), "{to}: something was written");
        assert!(!said.contains("panicked"), "{said}");
    }
    let said = refused(folder(&FORECAST.replace("\"agents\": 40", "\"agents\": 0")).path(), &["f.json"]);
    assert!(said.contains("f.json:3:"), "{said}");
}

/// The whole of the published plan; in release, as `./check --all` runs it.
#[test]
#[ignore = "simulates a hundred thousand agents: minutes without optimisation"]
fn the_published_plan_is_carried_by_the_sizes_found_and_not_by_smaller_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/forecast-18-months.json");
    let found = done(folder.path(), &[file.to_str().unwrap()]);
    let rows = found["verified"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["month"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 6, 12, 18]);
    for row in rows {
        assert_eq!(row["verdict"], "meets", "{row}");
        assert!(row["replications"].as_u64().unwrap() >= 5);
        for size in row["sizes"].as_array().unwrap() {
            assert_ne!(size["smaller"]["verdict"], "meets", "{size}");
        }
    }
    assert!(rows[3]["turns"].as_u64().unwrap() >= 900_000, "{}", rows[3]["turns"]);
}
