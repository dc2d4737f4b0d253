//! `schema`: what editors complete and check experiments with, and what readers of results can rely on, made from the
//! types that read and write them.

use crate::cli::SchemaOf;
use crate::experiment::schema::ExperimentFile;
use crate::experiment::sweep::SweepSpec;
use crate::result::ResultFile;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The JSON schema of some files, indented.
pub(super) fn text(of: SchemaOf) -> String {
    match of {
        SchemaOf::Experiment => of_experiments(),
        SchemaOf::Forecast => of_forecasts(),
        SchemaOf::Result => of_results(),
    }
}

/// That of experiment files.
fn of_experiments() -> String {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let sweep = generator.subschema_for::<SweepSpec>();
    let mut schema = generator.into_root_schema_for::<ExperimentFile>().to_value();
    if let Some(place) = schema.pointer_mut("/properties/sweep") {
        let description = place.get("description").cloned();
        *place = sweep.to_value();
        if let (Some(text), Some(object)) = (description, place.as_object_mut()) {
            object.insert("description".to_owned(), text);
        }
    }
    open(&mut schema, Position::Root);
    indented(&schema)
}

/// That of `result.json`.
fn of_results() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    indented(&generator.into_root_schema_for::<ResultFile>().to_value())
}

fn indented(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

/// That of forecast files.
fn of_forecasts() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<crate::forecast::schema::ForecastFile>().to_value();
    open(&mut schema, Position::Root);
    indented(&schema)
}

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    Root,
    /// One of several choices: an object whose only key says which.
    Choice,
    Other,
}

/// Every object may hold a `note`, and any value may come from a part by `use`: both are gone before the types see them.
fn open(schema: &mut Value, position: Position) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                let choices = matches!(key.as_str(), "oneOf" | "anyOf");
                if let Value::Array(entries) = value {
                    let inner = if choices { Position::Choice } else { Position::Other };
                    for entry in entries {
                        open(entry, inner);
                    }
                } else {
                    open(value, Position::Other);
                }
            }
            allow(object, position);
        }
        Value::Array(entries) => {
            for entry in entries {
                open(entry, Position::Other);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn allow(object: &mut Map<String, Value>, position: Position) {
    if let Some(Value::Array(choices)) = object.get_mut("oneOf") {
        choices.push(json!({"type": "object", "properties": {"use": part()}, "required": ["use"]}));
    }
    if object.get("additionalProperties").is_some_and(Value::is_object) {
        // A map of components: it too may hold a remark, or come from a part.
        let note = json!({"description": "A remark.", "anyOf": [{"type": "string"}, {"type": "array"}]});
        object.insert("properties".to_owned(), json!({"note": note, "use": part()}));
        return;
    }
    if object.get("additionalProperties") != Some(&Value::Bool(false)) {
        return;
    }
    let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
    // A file's own remark may have several lines.
    let kind = if position == Position::Root { json!(["string", "array"]) } else { json!("string") };
    properties.entry("note").or_insert_with(|| json!({"type": kind, "description": "A remark."}));
    if position == Position::Other {
        properties.insert("use".to_owned(), part());
        // What a part brings, to the object or to one around it, need not be written; `check` tells what is missing.
        object.remove("required");
    }
}

fn part() -> Value {
    json!({"type": "string", "description": "A part of the library under models/, which the other keys override."})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_sweeps_notes_and_parts() {
        let schema: Value = serde_json::from_str(&of_experiments()).unwrap();
        let at = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/properties/sweep/$ref"), json!("#/$defs/SweepSpec"));
        assert_eq!(at("/properties/note/type"), json!(["string", "array"]));
        assert_eq!(at("/properties/use"), Value::Null);
        assert_eq!(at("/$defs/StationSpec/properties/use/type"), json!("string"));
        assert_eq!(at("/$defs/StationSpec/required"), Value::Null);
        assert_eq!(at("/$defs/StationSpec/additionalProperties"), json!(false));
    }
}
