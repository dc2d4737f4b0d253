//! What is said of published figures, as data: which evidence decides over which entry.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One file of rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// What it is about.
    pub about: String,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// What decides over some entries.
///
/// An id with `*` stands for all that match; a rule that names an entry outright goes before one that matches it, and
/// among matches the first in the order of the files decides. `$key` in a text stands for the entry's configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The entries.
    pub ids: Vec<String>,
    /// The evidence.
    pub by: Evidence,
    /// The finding of the audit that says so: `B4`.
    #[serde(default)]
    pub finding: Option<String>,
    /// The explanation, in a sentence.
    #[serde(default)]
    pub why: Option<String>,
}

/// What decides over an entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Evidence {
    /// A simulated or computed value in a band about the published one: `reproduced`, else `missed`.
    Finds {
        /// The value, in the entry's unit.
        value: String,
        /// How far it may be away.
        within: Band,
    },
    /// As [`Evidence::Finds`], of a cell that a reading or the calibration was fitted to: `fitted`, else `missed`.
    Fitted {
        /// The value, in the entry's unit.
        value: String,
        /// How far it may be away.
        within: Band,
    },
    /// What would have to hold if the figure were true, and does not: `refuted`.
    Refuted {
        /// The inequality; it must evaluate to false.
        needs: String,
        /// What the simulator finds instead, in the entry's unit.
        #[serde(default)]
        finds: Option<String>,
    },
    /// A target: `met` or `not met`.
    Asks {
        /// The condition.
        that: String,
        /// What is shown beside it, in the entry's unit.
        #[serde(default)]
        finds: Option<String>,
    },
    /// A claim: `holds` or `fails`.
    Claims {
        /// The condition.
        that: String,
        /// What is shown beside it, in the entry's unit.
        #[serde(default)]
        finds: Option<String>,
    },
    /// A parameter of an experiment: `input`, else `missed`.
    Input(InputSpec),
    /// A parameter that changes nothing: `inert`; why is told by the rule.
    Inert {
        /// Where it is carried all the same.
        #[serde(default)]
        carried: Option<String>,
    },
    /// Beyond a simulator of this kind; why is told by the rule.
    NotTestable {},
    /// Not reproduced; why is told by the rule.
    Missed {},
}

impl Evidence {
    /// The expressions and conditions in it.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Finds { value, .. } | Self::Fitted { value, .. } => vec![value],
            Self::Refuted { needs: text, finds }
            | Self::Asks { that: text, finds }
            | Self::Claims { that: text, finds } => {
                [Some(text.as_str()), finds.as_deref()].into_iter().flatten().collect()
            }
            Self::Input(_) | Self::Inert { .. } | Self::NotTestable {} | Self::Missed {} => Vec::new(),
        }
    }
}

/// The names of the cells that a text speaks of.
pub fn cells_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')?.0.split_once('.')).map(|(cell, _)| cell)
}

/// How far a value may be away from the published one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Band {
    /// By this share of it.
    Relative(f64),
    /// By so much, in the entry's unit.
    Absolute(f64),
    /// Nineteen of twenty single runs lie on both sides of it: the published figure is one run.
    OneRun,
}

/// Where a parameter is carried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// The experiment, by its path.
    pub experiment: String,
    /// The key in the merged experiment; of a range both ends, of a list every entry.
    pub at: OneOrMore,
    /// What the published number is multiplied by before it is compared: 0.01 from percent to a share.
    #[serde(default = "one")]
    pub scale: f64,
    /// The value that stands for the published words, or for what a single key can carry of a range.
    #[serde(default)]
    pub means: Option<Value>,
    /// Another value that it is set to, to see that it matters; without one, numbers and spans are scaled.
    #[serde(default)]
    pub perturbed: Vec<Value>,
    /// Changes under which it is perturbed, as `--set` takes them.
    #[serde(default)]
    pub under: Vec<String>,
}

/// One text or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Value")]
pub struct OneOrMore(pub Vec<String>);

impl From<Value> for OneOrMore {
    fn from(value: Value) -> Self {
        let text = |value: Value| match value {
            Value::String(text) => text,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                value.to_string()
            }
        };
        match value {
            Value::Array(values) => Self(values.into_iter().map(text).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Self(vec![text(value)])
            }
        }
    }
}

const fn one() -> f64 {
    1.0
}

/// A configuration that is simulated as the documents measured it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellSpec {
    /// The experiment, by its path; its sweep is left out.
    pub experiment: String,
    /// What is changed in it, as `--set` takes it.
    #[serde(default)]
    pub sets: Vec<String>,
    /// Replications; a fifth of them where it has to be quick.
    pub replications: u32,
    /// What it is for.
    #[serde(default)]
    pub note: Option<String>,
}

/// Whether `id` is, or matches, `pattern`.
pub fn matches(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = id.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// The rule that decides over `id`.
pub fn rule_of<'a>(rules: &'a [Rule], id: &str) -> Option<&'a Rule> {
    let named = rules.iter().find(|rule| rule.ids.iter().any(|known| known == id));
    named.or_else(|| rules.iter().find(|rule| rule.ids.iter().any(|known| matches(known, id))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, id: &str, expected: bool) {
        assert_eq!(matches(pattern, id), expected, "{pattern} {id}");
    }

    #[test]
    fn a_star_stands_for_any_text_and_no_text() {
        check("s9.*", "s9.throughput", true);
        check("s9.*", "s10.throughput", false);
        check("s9.*.concurrency_1", "s9.p95.concurrency_1", true);
        check("s9.*.concurrency_1", "s9.p95.concurrency_10", false);
        check("*", "", true);
        check("a*b*c", "a-b-b-c", true);
        check("a*b*c", "a-c", false);
        check("plain", "plain", true);
        check("plain", "plainer", false);
    }

    #[test]
    fn a_rule_that_names_an_entry_goes_before_one_that_matches_it() {
        let rule = |ids: &[&str], why: &str| Rule {
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            by: Evidence::Missed {},
            finding: None,
            why: Some(why.to_owned()),
        };
        let rules = [rule(&["a.*"], "matches"), rule(&["a.b"], "names")];
        let why = |id| rule_of(&rules, id).and_then(|rule| rule.why.as_deref());
        assert_eq!(why("a.b"), Some("names"));
        assert_eq!(why("a.c"), Some("matches"));
        assert_eq!(why("b"), None);
    }
}
