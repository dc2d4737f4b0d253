//! Time series as OpenMetrics text: read by a strict reader here, and by Prometheus' own `promtool` where it is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};
use tars_sim::report::{json, openmetrics};
use tars_sim::result::ResultFile;

/// When the run is said to have begun.
const START_S: u64 = 1_700_000_000;

fn sweep() -> ResultFile {
    json::from_bytes(include_bytes!("../data/report/sweep.json")).unwrap()
}

fn text() -> String {
    String::from_utf8(openmetrics::time_series(&sweep(), START_S)).unwrap()
}

/// A sample: the name with its labels, the value, the time.
type Sample<'a> = (&'a str, f64, f64);

/// Reads what OpenMetrics 1.0 allows for gauges, and nothing else: families do not interleave, heads come first, times of a
/// series rise, the last line is the end.
fn read(text: &str) -> Result<Vec<Sample<'_>>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("no end")?;
    let (mut family, mut seen, mut samples) = ("", BTreeSet::new(), Vec::new());
    let mut last: BTreeMap<&str, f64> = BTreeMap::new();
    let mut has_samples = true;
    for line in body.lines() {
        if let Some(head) = line.strip_prefix("# ") {
            let mut words = head.splitn(3, ' ');
            let (key, name, rest) = (words.next(), words.next().ok_or(line)?, words.next().ok_or(line)?);
            match key {
                Some("TYPE") if has_samples && seen.insert(name) && rest == "gauge" => {
                    (family, has_samples) = (name, false);
                }
                Some("UNIT") if name == family && !has_samples && name.ends_with(&format!("_{rest}")) => {}
                Some("HELP") if name == family && !has_samples && !rest.is_empty() => {}
                _ => return Err(format!("a head out of place: {line}")),
            }
            continue;
        }
        let (series, rest) = line.rsplit_once("} ").ok_or(line)?;
        let (name, labels) = series.split_once('{').ok_or(line)?;
        check_labels(labels).map_err(|why| format!("{why}: {line}"))?;
        let (value, time) = rest.split_once(' ').ok_or(line)?;
        let (value, time) = (value.parse().map_err(|_| line)?, time.parse().map_err(|_| line)?);
        let is_later = last.insert(series, time).is_none_or(|before: f64| before < time);
        if name != family || !is_later {
            return Err(format!("a sample out of place: {line}"));
        }
        has_samples = true;
        samples.push((series, value, time));
    }
    if has_samples { Ok(samples) } else { Err("a family without samples".to_owned()) }
}

/// `name="value"`, with commas between; quotes and backslashes inside are escaped.
fn check_labels(labels: &str) -> Result<(), String> {
    let mut rest = labels;
    let mut names = BTreeSet::new();
    loop {
        let (name, value) = rest.split_once("=\"").ok_or("a label without a value")?;
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
        let starts = name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
        if !starts || !name.chars().all(is_plain) || !names.insert(name) {
            return Err(format!("the label {name:?}"));
        }
        let mut escaped = false;
        let end = value.find(|sign| {
            let closes = sign == '"' && !escaped;
            escaped = sign == '\\' && !escaped;
            closes
        });
        rest = &value[end.ok_or("an open quote")? + 1..];
        if rest.is_empty() {
            return Ok(());
        }
        rest = rest.strip_prefix(',').ok_or("no comma between labels")?;
    }
}

#[test]
fn every_value_of_the_series_is_there_at_its_time() {
    let (text, result) = (text(), sweep());
    let samples = read(&text).unwrap();
    let expected: usize = result
        .cells
        .iter()
        .filter_map(|cell| cell.series.as_ref())
        .map(|series| {
            let count = |columns: &indexmap::IndexMap<String, Vec<Option<f64>>>| {
                columns.values().flatten().flatten().count()
            };
            count(&series.columns) + 2 * count(&series.half_widths)
        })
        .sum();
    assert_eq!(samples.len(), expected);
    let cell = &result.cells[17];
    let series = cell.series.as_ref().unwrap();
    let wanted = |series: &str| {
        series.starts_with("tars_sim_latency_p99_seconds{") && series.contains(",cell=\"17\",")
    };
    let found: Vec<&Sample<'_>> = samples.iter().filter(|sample| wanted(sample.0)).collect();
    let values: Vec<f64> = found.iter().map(|sample| sample.1).collect();
    assert_eq!(values, series.columns["latency_p99_s"].iter().copied().flatten().collect::<Vec<_>>());
    assert!((found[0].2 - (START_S as f64 + series.window_s)).abs() < 1e-3, "{:?}", found[0]);
}

#[test]
fn the_reader_is_strict() {
    let good = "# TYPE a gauge\n# HELP a Words.\na{b=\"1\"} 1 2\na{b=\"1\"} 1 3\n# EOF\n";
    assert_eq!(read(good).map(|samples| samples.len()), Ok(2));
    for (from, to) in [
        ("# EOF\n", ""),
        ("1 3", "1 2"),
        ("b=\"1\"} 1 2", "b=1} 1 2"),
        ("{b=\"1\"} 1 2", "{b=\"1\",b=\"2\"} 1 2"),
        ("a{b=\"1\"} 1 3", "c{b=\"1\"} 1 3"),
        ("# HELP a Words.", "# UNIT a s"),
    ] {
        assert!(read(&good.replacen(from, to, 1)).is_err(), "{to:?} for {from:?} was accepted");
    }
}

/// What Prometheus says of it; nothing where it is not installed.
fn promtool(arguments: &[&str], input: &str) -> Option<String> {
    let command = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = command else {
        crate::skipped("promtool is not installed; only the reader of these tests has read the text");
        return None;
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
    Some(said)
}

#[test]
fn prometheus_accepts_the_text_and_loads_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    let (file, blocks) = (folder.path().join("run.om"), folder.path().join("data"));
    let text = text();
    std::fs::write(&file, &text).unwrap();
    let (file, blocks) = (file.display().to_string(), blocks.display().to_string());
    if promtool(&["tsdb", "create-blocks-from", "openmetrics", &file, &blocks], "").is_none() {
        return;
    }
    // It reads blocks beside the log of a running server, which there is none of.
    std::fs::create_dir_all(folder.path().join("data/wal")).unwrap();
    let dumped = promtool(&["tsdb", "dump", &blocks], "").unwrap();
    let count = dumped.lines().filter(|line| line.starts_with("{__name__=\"tars_sim_")).count();
    assert_eq!(count, read(&text).unwrap().len());
    // The linter knows the older format, whose times are milliseconds and whose heads are the same.
    let first = text.lines().filter(|line| !line.starts_with("# UNIT") && *line != "# EOF");
    let mut seen = BTreeSet::new();
    let now: String = first
        .filter_map(|line| {
            let series =
                line.rsplit_once("} ").map(|(series, rest)| (series, rest.split(' ').next().unwrap()));
            match series {
                None => Some(format!("{line}\n")),
                Some((series, value)) => seen.insert(series).then(|| format!("{series}}} {value}\n")),
            }
        })
        .collect();
    let lint = promtool(&["check", "metrics"], &now).unwrap();
    assert_eq!(lint.trim(), "");
}
