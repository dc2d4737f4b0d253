//! Which keys name the choices of one enum, so that an override with another choice replaces and does not merge.

use super::super::schema::ExperimentFile;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::collections::BTreeSet;

/// The names of the choices of each enum of the experiment format.
#[derive(Clone, Debug)]
pub struct Choices(BTreeSet<BTreeSet<String>>);

impl Choices {
    /// Those of the types that an experiment is made of.
    pub fn of_experiments() -> Self {
        let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<ExperimentFile>();
        let mut found = BTreeSet::new();
        collect(schema.as_value(), &mut found);
        Self(found)
    }

    /// Whether both keys name a choice of the same enum.
    pub fn are_alternatives(&self, one: &str, other: &str) -> bool {
        self.0.iter().any(|names| names.contains(one) && names.contains(other))
    }
}

/// Adds the choices of every enum inside.
fn collect(schema: &Value, found: &mut BTreeSet<BTreeSet<String>>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(choices)) = members.get("oneOf") {
                found.insert(choices.iter().filter_map(name).collect());
            }
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The name of a choice that is an object with one key.
fn name(choice: &Value) -> Option<String> {
    let properties = choice.get("properties")?.as_object()?;
    let mut keys = properties.keys();
    keys.next().filter(|_| properties.len() == 1).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_of_one_enum_are_alternatives_and_others_are_not() {
        let choices = Choices::of_experiments();
        assert!(choices.are_alternatives("poisson", "renewal"));
        assert!(choices.are_alternatives("closed", "trace"));
        assert!(choices.are_alternatives("uniform", "lognormal"));
        assert!(!choices.are_alternatives("poisson", "uniform"));
        assert!(!choices.are_alternatives("load", "mix"));
    }
}
