//! The schema of experiments as pages.

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

/// Types that every page needs, and that the reference explains.
const COMMON: [&str; 8] = ["Span", "Law", "Law2", "Priority", "Branch", "Branch2", "Step", "FigureMark"];

/// What every object may hold; said once at the top.
const EVERYWHERE: [&str; 2] = ["note", "use"];

/// The published schema.
#[derive(Debug)]
pub(super) struct Reference {
    schema: Value,
}

impl Reference {
    pub(super) fn read() -> Self {
        let text = fs::read_to_string("experiment.schema.json").unwrap();
        Self { schema: serde_json::from_str(&text).unwrap() }
    }

    /// Every key of an experiment.
    pub(super) fn whole(&self) -> String {
        let mut page = "# Every key of an experiment\n\nWritten from the schema (`tars-sim schema`), with which editors \
            complete and check. A key without a default must be given, unless a part brings it. Every object may hold \
            `note`, a remark, and `use`, a part of the library under `models/` that its other keys override. A choice is \
            an object whose only key says which: `{\"poisson\": {\"rate_per_s\": 9}}`.\n\n## The file\n\n"
            .to_owned();
        page.push_str(&Self::keys(&self.schema, ""));
        for (name, definition) in self.definitions() {
            write!(page, "\n## {name}\n\n{}", Self::section(definition, "")).unwrap();
        }
        page
    }

    /// The sections of some types and of all that they are made of; other pages explain the common ones.
    pub(super) fn closure(&self, roots: &[&str]) -> String {
        let mut found: Vec<String> = Vec::new();
        let mut open: Vec<String> = roots.iter().rev().map(|name| (*name).to_owned()).collect();
        while let Some(name) = open.pop() {
            if found.contains(&name) || COMMON.contains(&name.as_str()) {
                continue;
            }
            let mut inner = Vec::new();
            references(&self.schema["$defs"][&name], &mut inner);
            open.extend(inner.into_iter().rev());
            found.push(name);
        }
        let known: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        let mut page = String::new();
        for name in &found {
            let section = Self::section(&self.schema["$defs"][name], "../experiment-reference.md");
            // Links to what stands on the same page stay on it.
            let section = known.iter().fold(section, |text, name| {
                let anchor = format!("#{}", name.to_lowercase());
                text.replace(&format!("(../experiment-reference.md{anchor})"), &format!("({anchor})"))
            });
            write!(page, "\n## {name}\n\n{section}").unwrap();
        }
        page
    }

    /// The places in an experiment where a type stands, the shortest way to each.
    pub(super) fn places(&self, of: &str) -> Vec<String> {
        let mut places = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = std::collections::VecDeque::from([(String::new(), &self.schema)]);
        while let Some((at, schema)) = open.pop_front() {
            Self::steps(schema, &at, &mut |place, target: &str| {
                if target == of {
                    places.insert(place.to_owned());
                } else if seen.insert(target.to_owned()) {
                    open.push_back((place.to_owned(), &self.schema["$defs"][target]));
                }
            });
        }
        places.into_iter().collect()
    }

    /// Calls back with each type that a schema refers to and the place where.
    fn steps(schema: &Value, at: &str, found: &mut dyn FnMut(&str, &str)) {
        let Value::Object(rules) = schema else { return };
        if let Some(Value::String(target)) = rules.get("$ref") {
            found(at, target.trim_start_matches("#/$defs/"));
        }
        for (key, value) in rules.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if !EVERYWHERE.contains(&key.as_str()) {
                Self::steps(value, &format!("{at}/{key}"), found);
            }
        }
        for (key, step) in [("additionalProperties", "/NAME"), ("items", "/N")] {
            if let Some(value) = rules.get(key) {
                Self::steps(value, &format!("{at}{step}"), found);
            }
        }
        for key in ["anyOf", "oneOf"] {
            for choice in rules.get(key).and_then(Value::as_array).into_iter().flatten() {
                Self::steps(choice, at, found);
            }
        }
    }

    fn definitions(&self) -> &Map<String, Value> {
        self.schema["$defs"].as_object().unwrap()
    }

    /// What a type is: its meaning, then its keys or its choices.
    fn section(definition: &Value, page: &str) -> String {
        let mut text = String::new();
        if let Some(meaning) = definition["description"].as_str() {
            write!(text, "{}\n\n", meaning.replace('\n', " ")).unwrap();
        }
        if definition.get("oneOf").is_some() {
            text.push_str(&Self::choices(definition, page));
        } else if definition.get("properties").is_some() {
            text.push_str(&Self::keys(definition, page));
        } else {
            writeln!(text, "{}", kind(definition, page)).unwrap();
        }
        text
    }

    fn keys(object: &Value, page: &str) -> String {
        let mut table = "| key | type | default | meaning |\n|---|---|---|---|\n".to_owned();
        let required: Vec<&str> =
            object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, value) in object["properties"].as_object().into_iter().flatten() {
            if !EVERYWHERE.contains(&key.as_str()) {
                let must = required.contains(&key.as_str());
                table.push_str(&row(&format!("`{key}`"), value, page, must));
            }
        }
        table
    }

    /// One row a choice; the keys of a choice that has its own stand below it.
    fn choices(definition: &Value, page: &str) -> String {
        let mut table = "| choice | type | default | meaning |\n|---|---|---|---|\n".to_owned();
        for choice in definition["oneOf"].as_array().into_iter().flatten() {
            let meaning = words(choice);
            if let Some(value) = choice.get("const") {
                writeln!(table, "| `{value}` | | | {meaning} |").unwrap();
                continue;
            }
            let tag = choice["required"].as_array().and_then(|names| names.first()).and_then(Value::as_str);
            match tag {
                Some("use") => {}
                Some(tag) => {
                    let inner = &choice["properties"][tag];
                    let kind =
                        if inner.get("properties").is_some() { String::new() } else { kind(inner, page) };
                    writeln!(table, "| `{{\"{tag}\": …}}` | {kind} | | {meaning} |").unwrap();
                    for (key, value) in inner["properties"].as_object().into_iter().flatten() {
                        if !EVERYWHERE.contains(&key.as_str()) {
                            table.push_str(&row(&format!("· `{tag}/{key}`"), value, page, false));
                        }
                    }
                }
                None => writeln!(table, "| {} | | | {meaning} |", kind(choice, page)).unwrap(),
            }
        }
        table
    }
}

fn row(key: &str, value: &Value, page: &str, must: bool) -> String {
    let default = match value.get("default") {
        Some(Value::Null) => "nothing".to_owned(),
        Some(default) => format!("`{}`", default.to_string().replace('|', "\\|")),
        None if must => "required".to_owned(),
        None => String::new(),
    };
    format!("| {key} | {} | {default} | {} |\n", kind(value, page), words(value))
}

fn words(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.replace('\n', " ").replace('|', "\\|").replace("`None`", "nothing")
}

/// A type in words, with links to those that have a section.
fn kind(schema: &Value, page: &str) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/$defs/");
        return format!("[{name}]({page}#{})", name.to_lowercase());
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[key].as_array() {
            let is_part = |choice: &&Value| {
                choice["properties"].get("use").is_some() && choice.get("required").is_some()
            };
            let kinds: BTreeSet<String> =
                choices.iter().filter(|choice| !is_part(choice)).map(|choice| kind(choice, page)).collect();
            return kinds.into_iter().filter(|kind| kind != "nothing").collect::<Vec<_>>().join(" or ");
        }
    }
    match &schema["type"] {
        Value::String(name) => of_type(name, schema, page),
        Value::Array(names) => {
            let kinds = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            kinds.map(|name| of_type(name, schema, page)).collect::<Vec<_>>().join(" or ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "anything".to_owned(),
    }
}

fn of_type(name: &str, schema: &Value, page: &str) -> String {
    match name {
        "array" => match schema.get("items") {
            Some(items) => format!("list of {}", kind(items, page)),
            None => "list".to_owned(),
        },
        "object" => match schema.get("additionalProperties").filter(|inner| inner.is_object()) {
            Some(inner) => format!("by name: {}", kind(inner, page)),
            None => "object".to_owned(),
        },
        "integer" => "whole number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "null" => "nothing".to_owned(),
        other => match schema.get("const") {
            Some(value) => format!("`{value}`"),
            None => match schema["enum"].as_array() {
                Some(values) => {
                    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" or ")
                }
                None => other.to_owned(),
            },
        },
    }
}

/// The types that a schema refers to, in order.
fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(rules) => {
            for (key, value) in rules {
                match value.as_str().filter(|_| key == "$ref") {
                    Some(target) => found.push(target.trim_start_matches("#/$defs/").to_owned()),
                    None => references(value, found),
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
