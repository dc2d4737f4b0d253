//! The house is in order: modules import what the table allows, every file under `experiments/` runs, and every figure
//! under `models/` says where it comes from.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tars_policy::units::Span;
use tars_sim::experiment::library::ModelSpec;
use tars_sim::experiment::{CellSpec, Diagnostics, Experiment, TraceStore, build, cell_tree, load};
use tars_sim::sim::{Plan, replicate};

/// What each module of `src` may import of the others; `tars_policy` is open to all but `engine`, `tally` and `stats`.
const MAY_IMPORT: [(&str, &[&str]); 17] = [
    ("engine", &[]),
    ("tally", &[]),
    ("stats", &["tally"]),
    ("model", &[]),
    ("random", &["model"]),
    ("experiment", &["model"]),
    ("sim", &["engine", "model", "random", "tally"]),
    ("result", &[]),
    ("store", &["sim", "result"]),
    ("runner", &["model", "sim", "stats", "store", "tally"]),
    ("analysis", &["experiment", "model", "result", "runner", "sim", "stats", "tally"]),
    ("report", &["result"]),
    ("published", &["analysis", "experiment", "model", "runner", "sim", "stats", "tally"]),
    (
        "forecast",
        &[
            "analysis",
            "experiment",
            "model",
            "random",
            "report",
            "result",
            "runner",
            "sim",
            "stats",
            "store",
            "tally",
        ],
    ),
    ("cli", &[]),
    (
        "commands",
        &[
            "analysis",
            "cli",
            "experiment",
            "forecast",
            "model",
            "published",
            "report",
            "result",
            "runner",
            "sim",
            "stats",
            "store",
        ],
    ),
    ("lib", &[]),
];

/// Lines that a source file may have.
const LINES_MAX: usize = 500;

/// Files that hold one idea that does not come in less.
const LONGER: [(&str, usize); 1] = [("crates/tars-policy/src/units.rs", 800)];

/// Every file under `folder` whose name ends in `.extension`, in order.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut open = vec![PathBuf::from(folder)];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == extension) {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    found
}

/// The module of `src` that a file belongs to.
fn module(file: &Path) -> String {
    let first = file.strip_prefix("src").unwrap().components().next().unwrap();
    first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// The modules that a text names as `crate::module`, comments left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or(""));
    let named = code.flat_map(|line| line.split("crate::").skip(1).map(str::to_owned).collect::<Vec<_>>());
    let word =
        |rest: String| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    named.map(word).filter(|word| !word.is_empty()).collect()
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for file in files("src", "rs") {
        let module = module(&file);
        if module == "main" {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{} belongs to no module of the table", file.display()));
            continue;
        };
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports `{import}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_bottom_of_the_house_knows_no_policy() {
    for module in ["engine", "tally", "stats"] {
        for file in files("src", "rs").into_iter().filter(|file| self::module(file) == module) {
            let text = fs::read_to_string(&file).unwrap();
            let names =
                text.lines().any(|line| line.split("//").next().unwrap_or("").contains("tars_policy"));
            assert!(!names, "{} names the policy crate", file.display());
        }
    }
}

#[test]
fn no_module_file_is_named_mod() {
    let sources = [files("src", "rs"), files("crates", "rs"), files("tests", "rs")].concat();
    assert!(sources.len() > 100);
    assert!(sources.iter().all(|file| !file.ends_with("mod.rs")));
}

#[test]
fn a_source_file_holds_one_idea() {
    let mut long = Vec::new();
    for file in [files("src", "rs"), files("crates", "rs")].concat() {
        // The simulator's files are measured on their own below.
        let name = file.to_str().unwrap();
        let limit = LONGER.iter().find(|(known, _)| *known == name).map_or(LINES_MAX, |(_, limit)| *limit);
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > limit && !name.starts_with("src/sim/") {
            long.push(format!("{name} has {lines} lines, and {limit} are allowed"));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// The files under `experiments/` that are experiments, and those that are forecasts: they name their schema.
pub(crate) fn experiments_and_forecasts() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let is_experiment =
        |file: &PathBuf| !fs::read_to_string(file).unwrap().contains("forecast.schema.json\"");
    files("experiments", "json").into_iter().partition(is_experiment)
}

#[test]
fn each_experiment_loads_and_runs() {
    let experiments = experiments_and_forecasts().0;
    assert!(experiments.len() >= 4);
    for file in experiments {
        run_shortened(&file);
    }
}

/// Runs a replication of the first and the last cell, cut to some seconds.
fn run_shortened(file: &Path) {
    let replays = fs::read_to_string(file).unwrap().contains("\"data:");
    let data = if replays { crate::replays::data_folder() } else { None };
    if replays && data.is_none() {
        return;
    }
    let mut diagnostics = Diagnostics::new();
    let Some(loaded) = load(file, &[], &mut diagnostics) else { panic!("{diagnostics}") };
    let mut traces = TraceStore::new(file, data);
    let ends: Vec<&CellSpec> = loaded.cells.first().into_iter().chain(loaded.cells.last()).collect();
    for cell in ends {
        let Some(experiment) = build(&cell_tree(&loaded, cell), &mut traces, &mut diagnostics) else {
            panic!("{diagnostics}")
        };
        // Long enough that somebody comes, and no longer.
        let lengths = ["5s", "50s", "500s", "5000s"].map(|length| length.parse().unwrap());
        let happens = lengths.into_iter().any(|length| issued_within(&experiment, length) > 0);
        assert!(happens, "{}: nothing happens", file.display());
    }
}

/// How many tasks a replication of this length sees.
fn issued_within(experiment: &Experiment, length: Span) -> u64 {
    let mut model = experiment.model.clone();
    model.measure.duration = model.measure.duration.min(length);
    model.measure.drain = model.measure.drain.min(length);
    replicate(&Plan::new(model), 0, Span::ZERO).issued_ever
}

/// The JSON pointers of all figures of a part: numbers, and texts that begin with one.
fn figures(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| *key != "note" && *key != "use") {
                figures(member, &inner(key), found);
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                figures(entry, &inner(&index.to_string()), found);
            }
        }
        Value::Number(_) => found.push(at.to_owned()),
        Value::String(text) if text.starts_with(|first: char| first.is_ascii_digit()) => {
            found.push(at.to_owned());
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The files of parts: all below `models` but the published figures, which are no parts.
pub(crate) fn parts() -> Vec<PathBuf> {
    files("models", "json").into_iter().filter(|file| !file.starts_with("models/published")).collect()
}

#[test]
fn each_figure_of_a_model_says_where_it_comes_from() {
    let mut wrong = Vec::new();
    for file in parts() {
        let text = fs::read_to_string(&file).unwrap();
        // Reading it checks the marks too.
        let model: ModelSpec =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut pointers = Vec::new();
        figures(&model.part, "", &mut pointers);
        let covers = |above: &str, pointer: &str| {
            pointer.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        for pointer in pointers {
            if !model.figures.keys().any(|above| covers(above, &pointer)) {
                wrong.push(format!("{}: {pointer} has no source", file.display()));
            }
        }
        for (pointer, figure) in &model.figures {
            if figure.source.trim().is_empty() {
                wrong.push(format!("{}: the source of {pointer} is empty", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
