//! The published schemas: they are those of the types, they accept what the program reads and writes, and they refuse
//! what it refuses.

use crate::tidy::{experiments_and_forecasts, parts};
use serde_json::Value;
use std::fs;
use std::process::Command;
use tars_sim::experiment::library::ModelSpec;

/// A schema as the program prints it.
fn printed(of: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tars-sim")).args(["schema", of]).output().unwrap();
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
    for (name, current) in [
        ("experiment.schema.json", printed("experiment")),
        ("forecast.schema.json", printed("forecast")),
        ("model.schema.json", model_schema()),
        ("result.schema.json", printed("result")),
    ] {
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

/// Holds a `result.json` to the published schema of results.
#[track_caller]
pub(crate) fn check_result(result: &Value) {
    let schema: Value = serde_json::from_str(&fs::read_to_string("result.schema.json").unwrap()).unwrap();
    assert_eq!(accepts(&schema, &schema, result, ""), Ok(()));
}

#[test]
fn the_schema_of_results_accepts_a_result_and_refuses_what_is_none() {
    let text = include_str!("../data/report/sweep.json");
    let good: Value = serde_json::from_str(text).unwrap();
    check_result(&good);
    let schema: Value = serde_json::from_str(&fs::read_to_string("result.schema.json").unwrap()).unwrap();
    for (pointer, value) in [
        ("/seed", Value::from("one")),
        ("/cells/0/metrics/error_share/value", Value::from("none")),
        ("/cells/3/status", Value::from("undone")),
        ("/answer", Value::Null),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not there")) = value;
        assert!(accepts(&schema, &schema, &bad, "").is_err(), "{pointer} was accepted");
    }
    let mut bad = good;
    bad["cells"][0].as_object_mut().unwrap().remove("metrics");
    assert!(accepts(&schema, &schema, &bad, "").is_err());
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
