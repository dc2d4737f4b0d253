//! Messages of decoding: keys, choices and types that do not fit.

use tars_policy::spec::SpecError;

use super::super::super::path::{Path, PathPart};
use super::super::super::tree::Tree;
use super::super::{At, Diagnostics, shown};
use super::{described, listed, suggestion};

/// Decoding.
impl Diagnostics {
    /// A key that its object does not know.
    pub fn unknown_field<S: AsRef<str>>(&mut self, at: At, name: &str, known: &[S]) {
        let hint = suggestion(name, known, "it has no fields at all");
        self.error(at, format!("there is no field `{}` here", shown(name)), Some(hint));
    }

    /// A choice that does not exist.
    pub fn unknown_variant<S: AsRef<str>>(&mut self, at: At, name: &str, known: &[S]) {
        let hint = suggestion(name, known, "there is nothing to choose");
        self.error(at, format!("`{}` is none of the choices", shown(name)), Some(hint));
    }

    /// A key that its object needs.
    pub fn missing_field(&mut self, at: At, name: &str) {
        self.error(at, format!("the field `{}` is missing", shown(name)), None);
    }

    /// A value of the wrong type, or out of range.
    pub fn wrong_type(&mut self, at: At, found: &Tree, expected: &str) {
        let is_quoted_number =
            expected.contains("number") && found.text().is_some_and(|text| text.parse::<f64>().is_ok());
        let hint = is_quoted_number.then(|| "write the number without quotes".to_owned());
        self.error(at, format!("expected {expected}, found {}", described(found)), hint);
    }

    /// A choice that is neither a string nor an object with one key.
    pub fn not_one_choice(&mut self, at: At, found: &Tree) {
        let hint = "a choice is a string, or an object with one key: its name";
        let found = match found.members() {
            Some(members) if !members.is_empty() => {
                format!("an object with the keys {}", listed(members.keys().map(String::as_str)))
            }
            _ => described(found),
        };
        self.error(at, format!("expected one choice, found {found}"), Some(hint.to_owned()));
    }

    /// A choice written as a bare name that needs settings.
    pub fn variant_needs_settings(&mut self, at: At, name: &str) {
        let name = shown(name);
        self.error(
            at,
            format!("`{name}` needs its settings"),
            Some(format!("write it as an object: {{\"{name}\": …}}")),
        );
    }

    /// A choice with settings that takes none.
    pub fn variant_takes_nothing(&mut self, at: At, name: &str) {
        let name = shown(name);
        self.error(
            at,
            format!("`{name}` takes no settings"),
            Some(format!("write it as a string: \"{name}\"")),
        );
    }

    /// A field that a policy's specification refuses; `path` is that of the specification in `tree`.
    pub fn spec(&mut self, tree: &Tree, path: &Path, error: &SpecError) {
        let mut at = path.clone();
        for step in error.field.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
            let here = tree.at(&at);
            let key = PathPart::Key(step.to_owned());
            let part = match step.parse() {
                Ok(index) if here.is_some_and(|here| here.entries().is_some()) => PathPart::Index(index),
                _ => key,
            };
            // A field that has its default is not written; its problem is told of the object around it.
            if here.and_then(|here| here.child(&part)).is_some() {
                at.push(part);
            }
        }
        // "`burst`: is 0" reads worse than "`burst` is 0".
        let colon = if error.problem.starts_with("is ") { "" } else { ":" };
        self.error(At::value(tree, &at), format!("`{}`{colon} {}", error.field, error.problem), None);
    }

    /// A value that its type refuses with words of its own.
    pub fn refused(&mut self, at: At, message: &str) {
        self.error(at, message, None);
    }
}
