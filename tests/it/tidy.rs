//! The house is in order: modules import what the table allows, every file under `experiments/` runs, every figure under
//! `models/` says where it comes from, and the schemas are those of the types.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
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
        &["analysis", "experiment", "model", "random", "report", "result", "runner", "sim", "stats", "tally"],
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
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
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
fn experiments_and_forecasts() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let is_experiment = |file: &PathBuf| !fs::read_to_string(file).unwrap().contains("forecast.schema.json\"");
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
fn parts() -> Vec<PathBuf> {
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

/// A schema as the program prints it.
fn printed_schema(options: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tars-sim")).arg("schema").args(options).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The schema of parts under `models/`.
fn model_schema() -> String {
    let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let schema = generator.into_root_schema_for::<ModelSpec>().to_value();
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

/// `BLESS=1 cargo test --test it schemas` writes them.
#[test]
fn the_schemas_are_those_of_the_types() {
    let bless = std::env::var_os("BLESS").is_some();
    let all = [
        ("experiment.schema.json", printed_schema(&[])),
        ("forecast.schema.json", printed_schema(&["--forecast"])),
        ("model.schema.json", model_schema()),
    ];
    for (name, current) in all {
        if bless {
            fs::write(name, &current).unwrap();
        }
        let kept = fs::read_to_string(name).unwrap_or_default();
        assert!(kept == current, "{name} is not what the types say; write it again with BLESS=1");
    }
    assert!(!bless, "the schemas were written; look at them, and run again without BLESS");
}

#[test]
fn the_schemas_accept_every_experiment_and_model() {
    let mut wrong = Vec::new();
    let (experiments, forecasts) = experiments_and_forecasts();
    let all = [
        ("experiment.schema.json", experiments),
        ("forecast.schema.json", forecasts),
        ("model.schema.json", parts()),
    ];
    for (name, files) in all {
        let schema: Value = serde_json::from_str(&fs::read_to_string(name).unwrap()).unwrap();
        for file in files {
            let value: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            if let Err(why) = accepts(&schema, &schema, &value, "") {
                wrong.push(format!("{}: {why}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_schema_refuses_an_unknown_key_and_a_wrong_type() {
    let schema: Value = serde_json::from_str(&fs::read_to_string("experiment.schema.json").unwrap()).unwrap();
    let good: Value = serde_json::from_str(&fs::read_to_string("experiments/tier3.json").unwrap()).unwrap();
    for (pointer, value) in [("/measure/duration", Value::from(240)), ("/workload", Value::from("none"))] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(accepts(&schema, &schema, &bad, "").is_err(), "{pointer} was accepted");
    }
    let mut bad = good;
    bad["measure"]["lenght"] = Value::from("1s");
    assert!(accepts(&schema, &schema, &bad, "").is_err());
}

/// Whether a schema accepts a value: as much of JSON Schema as the types give rise to.
fn accepts(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Value::Object(rules) = schema else {
        return if *schema == Value::Bool(false) { Err(format!("{at} is not allowed")) } else { Ok(()) };
    };
    if let Some(Value::String(reference)) = rules.get("$ref") {
        let target = root
            .pointer(reference.trim_start_matches('#'))
            .ok_or_else(|| format!("{reference} is not there"))?;
        accepts(root, target, value, at)?;
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(choices)) = rules.get(key) {
            let tried: Vec<_> = choices.iter().map(|choice| accepts(root, choice, value, at)).collect();
            if tried.iter().all(Result::is_err) {
                let why: Vec<String> = tried.into_iter().filter_map(Result::err).take(3).collect();
                return Err(format!("{at} fits none of {key}: {}", why.join("; ")));
            }
        }
    }
    if let Some(Value::Array(all)) = rules.get("allOf") {
        all.iter().try_for_each(|rule| accepts(root, rule, value, at))?;
    }
    check_plain(rules, value, at)?;
    check_members(root, rules, value, at)?;
    check_entries(root, rules, value, at)
}

type Rules = serde_json::Map<String, Value>;

/// Type, constants and bounds.
fn check_plain(rules: &Rules, value: &Value, at: &str) -> Result<(), String> {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract().abs() < f64::EPSILON),
        other => panic!("the type {other} is unknown here"),
    };
    let fits = match rules.get("type") {
        Some(Value::String(name)) => is(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    };
    let constant = rules.get("const").is_none_or(|constant| constant == value);
    let listed = rules.get("enum").and_then(Value::as_array).is_none_or(|list| list.contains(value));
    let number = value.as_f64();
    let above =
        rules.get("minimum").and_then(Value::as_f64).is_none_or(|least| number.is_none_or(|n| n >= least));
    let below =
        rules.get("maximum").and_then(Value::as_f64).is_none_or(|most| number.is_none_or(|n| n <= most));
    if fits && constant && listed && above && below {
        Ok(())
    } else {
        Err(format!("{at} is not as expected"))
    }
}

fn check_members(root: &Value, rules: &Rules, value: &Value, at: &str) -> Result<(), String> {
    let Value::Object(members) = value else { return Ok(()) };
    let known = rules.get("properties").and_then(Value::as_object);
    for required in
        rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        if !members.contains_key(required) {
            return Err(format!("{at} lacks {required}"));
        }
    }
    for (key, member) in members {
        let at = format!("{at}/{key}");
        match (known.and_then(|known| known.get(key)), rules.get("additionalProperties")) {
            (Some(rule), _) | (None, Some(rule)) => accepts(root, rule, member, &at)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn check_entries(root: &Value, rules: &Rules, value: &Value, at: &str) -> Result<(), String> {
    let Value::Array(entries) = value else { return Ok(()) };
    let prefix: &[Value] = rules.get("prefixItems").and_then(Value::as_array).map_or(&[], Vec::as_slice);
    for (index, entry) in entries.iter().enumerate() {
        if let Some(rule) = prefix.get(index).or(rules.get("items")) {
            accepts(root, rule, entry, &format!("{at}/{index}"))?;
        }
    }
    Ok(())
}
