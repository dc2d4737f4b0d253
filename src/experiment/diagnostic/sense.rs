//! What makes no sense although it is well-formed: the words of every such message.

use super::{At, Diagnostics, shown};
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;

/// Names that lead nowhere, and systems that cannot work.
impl Diagnostics {
    /// A name of something that is not there.
    pub fn unknown_name(&mut self, tree: &Tree, path: &Path, what: &str, name: &str, known: &[String]) {
        let near = known
            .iter()
            .map(|other| (strsim::damerau_levenshtein(name, other), other))
            .filter(|(distance, other)| *distance <= 1 + other.len() / 4)
            .min();
        let hint = match (near, known) {
            (Some((_, near)), _) => Some(format!("did you mean `{near}`?")),
            (None, []) => Some("none is defined in this experiment".to_owned()),
            (None, known) => Some(list(known)),
        };
        self.error(At::value(tree, path), format!("there is no {what} named `{name}`"), hint);
    }

    /// A number out of its range.
    pub fn out_of_range(&mut self, tree: &Tree, path: &Path, what: &str, value: f64, expected: &str) {
        self.error(At::value(tree, path), format!("{what} is {value}; expected {expected}"), None);
    }

    /// A value that makes no sense where it stands.
    pub fn senseless(&mut self, tree: &Tree, path: &Path, message: impl Into<String>, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.error(At::value(tree, path), message, hint);
    }

    /// A choice that has to be made because there are several, or none.
    pub fn must_choose(&mut self, tree: &Tree, path: &Path, field: &str, known: &[String]) {
        let message = if known.is_empty() {
            format!("`{field}` cannot be left out: there is nothing it could mean")
        } else {
            format!("`{field}` cannot be left out: {}", list(known))
        };
        self.error(At::key(tree, path), message, None);
    }

    /// More load than capacity.
    pub fn overloaded(&mut self, tree: &Tree, path: &Path, what: &str, load: f64, relief: &str) {
        self.error(
            At::value(tree, path),
            format!("offered load is {load:.2} of the capacity of {what}, so its queue never settles"),
            Some(format!("lower the arrival rate, {relief}, or set `\"transient\": true` (`--set /transient=true`) to watch it grow")),
        );
    }

    /// A trace that cannot be read.
    pub fn trace(&mut self, tree: &Tree, path: &Path, file: &str, problem: &str, hint: Option<String>) {
        self.error(At::value(tree, path), format!("cannot read the trace `{file}`: {problem}"), hint);
    }
}

/// `there are a, b and c`.
fn list(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(8).map(|name| format!("`{}`", shown(name))).collect();
    let more = names.len() - shown.len();
    match shown.as_slice() {
        [only] => format!("there is only {only}"),
        [head @ .., last] if more == 0 => format!("there are {} and {last}", head.join(", ")),
        all => format!("there are {} and {more} more", all.join(", ")),
    }
}
